/* SPDX-License-Identifier: GPL-2.0-only */
#include "failure.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "vm/doorbell.h"

#define ANSWER_NS (30 * NSEC_PER_SEC)
#define POLL_NS (20 * NSEC_PER_MSEC)
#define TAG "failure"

/* Watch @len bytes at @kva from now on, in the next stage. */
static int move_to(struct failure *f, struct view *v, enum failure_stage stage, uint64_t kva,
		   uint64_t len, struct err *e)
{
	uint64_t gpa, left;

	if (kmem_translate(&v->kernel->mem, kva, &gpa, &left, e) ||
	    watch_add(&v->target->vm, kva, gpa, (unsigned int)len, 0, clock_deadline_ns(ANSWER_NS),
		      &f->slot, e))
		return -1;
	f->stage = stage;
	return 0;
}

int failure_arm(struct failure *f, struct view *v, struct err *e)
{
	failure_deinit(f);
	if (view_attach(v, e) || sched_exit_places(v->dump->sched, v->kernel, &f->places, e))
		return -1;
	if (move_to(f, v, FAILURE_KIND, f->places.kind.kva, f->places.kind.len, e) == 0)
		return 0;
	f->stage = FAILURE_POLL;
	f->poll_ns = clock_deadline_ns(POLL_NS);
	return -1;
}

bool failure_owns(const struct failure *f, unsigned int slot)
{
	return f->stage >= FAILURE_KIND && f->stage <= FAILURE_ROOT && f->slot == slot;
}

static bool has_failed(struct failure *f, struct view *v, uint64_t *ret_kind)
{
	bool is_error;
	struct err e;

	return sched_exit_kind(v->dump->sched, v->kernel, f->places.kind.kva, ret_kind, &is_error,
			       &e) == 0 &&
	       is_error;
}

static void copy(struct failure *f, struct view *v, uint64_t kind)
{
	capture_begin(&f->capture, CAPTURE_EXIT, TAG, "");
	f->capture.exit_kind = json_integer((json_int_t)kind);
	(void)capture_copy(&f->capture, v);
	f->stage = FAILURE_READY;
}

/* What the kernel says of it now, as far as it has. */
static void take_exit_info(struct failure *f, struct view *v, bool with_dump)
{
	struct err e;
	json_t *info =
		sched_exit_info_json(v->dump->sched, v->kernel, f->places.kind.kva, with_dump, &e);

	if (!info)
		return;
	json_decref(f->capture.exit_info);
	f->capture.exit_info = info;
}

/* exit_kind was written to, which happens once: on to the next place, if there is one. */
static void kind_hit(struct failure *f, struct view *v)
{
	uint64_t kind;
	struct err e;

	if (!has_failed(f, v, &kind)) {
		f->stage = FAILURE_OFF;
		return;
	}
	copy(f, v, kind);
	if (f->places.reason.len)
		(void)move_to(f, v, FAILURE_REASON, f->places.reason.kva, f->places.reason.len, &e);
}

static void reason_hit(struct failure *f, struct view *v)
{
	struct err e;

	take_exit_info(f, v, false);
	f->stage = FAILURE_READY;
	if (f->places.root.len)
		(void)move_to(f, v, FAILURE_ROOT, f->places.root.kva, f->places.root.len, &e);
	capture_regs(&f->capture, v->target);
}

void failure_hit(struct failure *f, struct view *v)
{
	enum failure_stage stage = f->stage;
	struct err e;

	(void)watch_remove(&v->target->vm, f->slot, clock_deadline_ns(ANSWER_NS), &e);
	switch (stage) {
	case FAILURE_KIND:
		kind_hit(f, v);
		break;
	case FAILURE_REASON:
		reason_hit(f, v);
		break;
	case FAILURE_ROOT:
		take_exit_info(f, v, true);
		f->stage = FAILURE_READY;
		break;
	case FAILURE_OFF:
	case FAILURE_POLL:
	case FAILURE_READY:
		break;
	}
}

void failure_late(struct failure *f, struct view *v, const char *why)
{
	/* The copy is there, or cannot be had any more; what the kernel says of it can. */
	failure_hit(f, v);
	failure_spoil(f, why);
	failure_thawed(f);
}

void failure_spoil(struct failure *f, const char *why)
{
	/* Not one that was copied at an earlier stop. */
	if (f->stage > FAILURE_KIND && !f->capture.frozen_ns)
		capture_spoil(&f->capture, why);
}

void failure_thawed(struct failure *f)
{
	if (f->stage > FAILURE_KIND && !f->capture.frozen_ns)
		capture_thawed(&f->capture);
}

void failure_poll(struct failure *f, struct view *v)
{
	uint64_t kind;
	struct err e;

	f->poll_ns = clock_deadline_ns(POLL_NS);
	if (!has_failed(f, v, &kind))
		return;
	if (vm_request(&v->target->vm, "freeze", clock_deadline_ns(ANSWER_NS), NULL, &e))
		return;
	copy(f, v, kind);
	take_exit_info(f, v, true);
	capture_regs(&f->capture, v->target);
	(void)doorbell_thaw(&v->target->vm, clock_deadline_ns(ANSWER_NS), &e);
	capture_thawed(&f->capture);
}

void failure_finish(struct failure *f, struct view *v)
{
	if (f->stage == FAILURE_REASON || f->stage == FAILURE_ROOT) {
		take_exit_info(f, v, true);
		f->stage = FAILURE_READY;
	}
}

void failure_deinit(struct failure *f)
{
	capture_deinit(&f->capture);
	*f = (struct failure){0};
}
