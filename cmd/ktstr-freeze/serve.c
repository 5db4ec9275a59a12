/* SPDX-License-Identifier: GPL-2.0-only */
#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/clock.h"
#include "core.h"
#include "vm/doorbell.h"

#define ANSWER_NS (30 * NSEC_PER_SEC)
#define RETRY_NS (50 * NSEC_PER_MSEC)

static const char *const reasons[] = {
	[SERVE_DONE] = "done",		 [SERVE_VM_GONE] = "vm-gone", [SERVE_SIGNAL] = "signal",
	[SERVE_NO_KERNEL] = "no-kernel", [SERVE_CLOSED] = "closed",   [SERVE_FAILED] = "failed",
};

static enum serve_end output_end(struct serve *s, const struct err *e)
{
	switch (e->code) {
	case 0:
		return SERVE_GOES_ON;
	case EPIPE:
		return SERVE_CLOSED;
	case EINTR:
		return SERVE_SIGNAL;
	default:
		s->error = *e;
		return SERVE_FAILED;
	}
}

/* ---- what is told ---- */

static enum serve_end note_put(struct serve *s, json_t *note)
{
	struct err e;

	return emit_note(&s->emit, note, &e) ? output_end(s, &e) : SERVE_GOES_ON;
}

/* A note of @kind about @tag (may be ""), of words that may be a guest's. */
static enum serve_end note(struct serve *s, const char *kind, const char *tag, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static enum serve_end note(struct serve *s, const char *kind, const char *tag, const char *fmt, ...)
{
	char words[ERR_TEXT_MAX + CAPTURE_NAME_MAX], message[ERR_TEXT_MAX + CAPTURE_NAME_MAX];
	json_t *object;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	clean_copy(message, sizeof(message), words, strlen(words));
	if (s->warn)
		s->warn(message);
	object = json_pack("{s:s, s:s}", "kind", kind, "message", message);
	if (object && *tag)
		json_object_set_new(object, "tag", json_string(tag));
	return note_put(s, object);
}

static enum serve_end note_attached(struct serve *s)
{
	const struct kernel *k = s->view.kernel;
	char message[sizeof(k->vmcoreinfo.release) + 64];
	uint64_t slide;
	struct err e;
	json_t *object;

	snprintf(message, sizeof(message), "attached to %s in %.1f ms", k->vmcoreinfo.release,
		 (double)s->view.attach_ns / NSEC_PER_MSEC);
	object = json_pack("{s:s, s:s}", "kind", "attached", "message", message);
	if (object && vmcoreinfo_hex(&k->vmcoreinfo, "KERNELOFFSET", &slide, &e) == 0)
		json_object_set_new(object, "kaslr_offset", json_integer((json_int_t)slide));
	return note_put(s, object);
}

/* Tell a capture whose guest runs again, and count it. */
static enum serve_end capture_put(struct serve *s, struct capture *c)
{
	bool is_real = c->is_copied;
	struct err e;

	s->frozen_ns += c->frozen_ns;
	s->missed += !is_real;
	s->periodic_real += is_real && c->trigger == CAPTURE_PERIODIC;
	if (capture_tell(c, &s->view, &s->emit, s->captures++, s->max_entries, &e))
		return output_end(s, &e);
	/* For the next one, while the guest runs. */
	if (s->view.dump && s->view.target->vm.fd >= 0 && !s->view.target->gone)
		(void)dump_prepare(s->view.dump, &e);
	return SERVE_GOES_ON;
}

static enum serve_end failure_put(struct serve *s)
{
	enum serve_end end = SERVE_GOES_ON;

	if (s->failure.stage == FAILURE_READY) {
		end = capture_put(s, &s->failure.capture);
		failure_deinit(&s->failure);
	}
	return end;
}

/* ---- while the machine is held ---- */

/* What is to be told once it goes on. */
struct held {
	struct capture capture;
	bool captured;
	char trouble[ERR_TEXT_MAX]; /* "" for none */
	json_t *watch_note;
};

static void held_capture(struct serve *s, struct held *h, enum capture_trigger trigger,
			 const char *tag, const char *symbol)
{
	capture_begin(&h->capture, trigger, tag, symbol);
	h->captured = true;
	(void)capture_copy(&h->capture, &s->view);
}

static void answer(struct serve *s, bool ok, const char *text)
{
	struct err ignored;

	/* What cannot be answered must go on all the same. */
	(void)target_answer(s->view.target, ok, text, &ignored);
}

static void bell_capture(struct serve *s, struct held *h, enum capture_trigger trigger)
{
	held_capture(s, h, trigger, s->view.target->ring.text, "");
	s->periodic_fired += trigger == CAPTURE_PERIODIC;
	capture_regs(&h->capture, s->view.target);
	answer(s, h->capture.is_copied, h->capture.reason);
}

static json_t *watch_note(const struct watch *w)
{
	return json_pack("{s:s, s:o, s:s, s:i}", "kind", "watch", "message",
			 json_sprintf("watching '%s', %u bytes at 0x%llx", w->symbol, w->len,
				      (unsigned long long)w->kva),
			 "symbol", w->symbol, "slot", (int)w->slot);
}

static void bell_watch(struct serve *s, struct held *h)
{
	const char *symbol = s->view.target->ring.text;
	struct err e;

	if (view_attach(&s->view, &e) || watches_add(&s->watches, &s->view, symbol, &e)) {
		answer(s, false, e.text);
		return;
	}
	h->watch_note = watch_note(&s->watches.w[s->watches.n - 1]);
	answer(s, true, "");
}

/* A scheduler is in force. @trouble is why it cannot be watched, or empty. */
static void scheduler_up(struct serve *s, char trouble[ERR_TEXT_MAX])
{
	struct err e;

	if (failure_arm(&s->failure, &s->view, &e) == 0)
		e.text[0] = 0;
	snprintf(trouble, ERR_TEXT_MAX, "%s", e.text);
	if (s->view.dump)
		(void)dump_prepare(s->view.dump, &e);
}

static void bell_serve(struct serve *s, struct held *h)
{
	const char *request = s->view.target->ring.request;

	if (strcmp(request, "snapshot") == 0) {
		bell_capture(s, h, CAPTURE_OP);
	} else if (strcmp(request, "periodic") == 0) {
		bell_capture(s, h, CAPTURE_PERIODIC);
	} else if (strcmp(request, "watch") == 0) {
		bell_watch(s, h);
	} else if (strcmp(request, "scheduler-up") == 0) {
		scheduler_up(s, h->trouble);
	}
}

static void hit_serve(struct serve *s, struct held *h)
{
	unsigned int slot = s->view.target->hit.slot;
	struct watch *w = watches_by_slot(&s->watches, slot);

	if (failure_owns(&s->failure, slot)) {
		failure_hit(&s->failure, &s->view);
		return;
	}
	if (!w)
		return;
	s->hits++;
	held_capture(s, h, CAPTURE_WATCH, w->symbol, w->symbol);
	watches_hit(&s->watches, w, s->view.target);
	if (s->hit_regs)
		capture_regs(&h->capture, s->view.target);
	else
		snprintf(h->capture.regs_reason, sizeof(h->capture.regs_reason),
			 "taking them at a hit would change what the guest does next");
}

static enum serve_end held_tell(struct serve *s, struct held *h)
{
	enum serve_end end = SERVE_GOES_ON;

	if (*h->trouble)
		end = note(s, "trouble", "", "%s", h->trouble);
	if (h->watch_note && end == SERVE_GOES_ON)
		end = note_put(s, json_incref(h->watch_note));
	json_decref(h->watch_note);
	if (!h->captured)
		return end;
	capture_thawed(&h->capture);
	if (end == SERVE_GOES_ON)
		return capture_put(s, &h->capture);
	capture_deinit(&h->capture);
	return end;
}

/* What was copied may be of a machine that ran. */
static void held_spoil(struct serve *s, struct held *h, const char *why)
{
	if (h->captured)
		capture_spoil(&h->capture, why);
	failure_spoil(&s->failure, why);
}

/* The machine stands still for us: do what it waits for, let it go on, and tell. */
static enum serve_end held_serve(struct serve *s)
{
	struct target *t = s->view.target;
	struct held h = {0};
	struct err e;

	s->served = true;
	if (t->at_bell)
		bell_serve(s, &h);
	else
		hit_serve(s, &h);
	/* It may have gone on meanwhile, and stand still again for something else. */
	target_hear(t);
	if (t->late)
		held_spoil(s, &h, "we took too long");
	else if (target_go_on(t, &e) && !t->gone)
		held_spoil(s, &h, e.text);
	t->late = false;
	failure_thawed(&s->failure);
	return held_tell(s, &h);
}

#define LATE "the machine went on before it was looked at"

/* It stood still for us, and has gone on: what was asked for is a capture without anything. */
static enum serve_end late_tell(struct serve *s)
{
	const struct target *t = s->view.target;
	const struct doorbell_ring *ring = &t->ring;
	bool is_periodic = strcmp(ring->request, "periodic") == 0;
	char trouble[ERR_TEXT_MAX];
	struct capture c;

	s->view.target->late = false;
	s->served = true;
	if (!t->late_at_watch && strcmp(ring->request, "scheduler-up") == 0) {
		/* For that it need not stand still. */
		scheduler_up(s, trouble);
		return *trouble ? note(s, "trouble", "", "%s", trouble) : SERVE_GOES_ON;
	}
	if (t->late_at_watch && failure_owns(&s->failure, t->hit.slot)) {
		failure_late(&s->failure, &s->view, LATE);
		return SERVE_GOES_ON;
	}
	if (t->late_at_watch || (!is_periodic && strcmp(ring->request, "snapshot") != 0))
		return note(s, "missed", "", LATE);
	capture_begin(&c, is_periodic ? CAPTURE_PERIODIC : CAPTURE_OP, ring->text, "");
	s->periodic_fired += is_periodic;
	snprintf(c.reason, sizeof(c.reason), LATE);
	return capture_put(s, &c);
}

/* ---- waiting ---- */

static void take_signal(struct serve *s)
{
	struct signalfd_siginfo info;

	if (read(s->signal_fd, &info, sizeof(info)) == sizeof(info) && !s->signal)
		s->signal = (int)info.ssi_signo;
}

/* The end of the machine comes first: whoever started both may tell us to stop because of it. */
static enum serve_end look(struct serve *s)
{
	struct target *t = s->view.target;

	take_signal(s);
	target_hear(t);
	while ((target_is_held(t) || t->late) && !t->gone) {
		enum serve_end end = target_is_held(t) && !t->late ? held_serve(s) : late_tell(s);

		if (end != SERVE_GOES_ON)
			return end;
		target_hear(t);
		/* A hot word may hold it again each time that we get here. */
		take_signal(s);
		if (s->signal)
			break;
	}
	if (t->gone)
		return SERVE_VM_GONE;
	return s->signal ? SERVE_SIGNAL : SERVE_GOES_ON;
}

static uint64_t soonest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* When something is to be done that nothing tells of. */
static uint64_t due_ns(const struct serve *s)
{
	uint64_t watches = watches_deadline_ns(&s->watches);

	return s->failure.stage == FAILURE_POLL ? soonest(watches, s->failure.poll_ns) : watches;
}

/* Wait until @until_ns, or what is due before, or the machine was held for us, or for a reason to
 * end. */
static enum serve_end wait_until(struct serve *s, uint64_t until_ns)
{
	for (;;) {
		/* With no events asked for, poll still tells of a reader that has gone. */
		struct pollfd p[] = {{.fd = s->signal_fd, .events = POLLIN},
				     {.fd = s->view.target->vm.fd, .events = POLLIN},
				     {.fd = s->emit.out.fd}};
		enum serve_end end = look(s);
		uint64_t until = soonest(until_ns, due_ns(s));
		int n;

		if (end != SERVE_GOES_ON || clock_now_ns() >= until)
			return end;
		if (s->served) {
			s->served = false;
			return end;
		}
		n = poll(p, 3, clock_poll_ms(until));
		if (n < 0 && errno != EINTR) {
			err_sys(&s->error, "cannot wait");
			return SERVE_FAILED;
		}
		if (n > 0 && p[2].revents)
			return SERVE_CLOSED;
		if (n > 0 && s->view.target->guest_up)
			return SERVE_GOES_ON;
	}
}

/* Have a kernel to look at; it may have yet to come up. */
static enum serve_end attach(struct serve *s)
{
	uint64_t give_up = clock_deadline_ns(s->wait_ns);

	while (view_attach(&s->view, &s->error)) {
		enum serve_end end;

		/* A file does not change its mind. */
		if (clock_now_ns() >= give_up ||
		    (s->view.target->vm.fd < 0 && s->error.code != EAGAIN))
			return SERVE_NO_KERNEL;
		end = wait_until(s, clock_deadline_ns(RETRY_NS));
		if (end == SERVE_VM_GONE) {
			err_set(&s->error, EAGAIN, "the machine ended before it was looked at");
			return SERVE_NO_KERNEL;
		}
		if (end != SERVE_GOES_ON)
			return end;
	}
	return note_attached(s);
}

/* ---- the actions ---- */

/* A core takes as long as its reader and the disk do. */
static int freeze(struct serve *s, bool for_core, struct err *e)
{
	struct target *t = s->view.target;

	return t->vm.fd < 0 ? 0
			    : vm_request(&t->vm, for_core ? "freeze 600s" : "freeze",
					 clock_deadline_ns(ANSWER_NS), NULL, e);
}

/* Returns false when it went on before we said so; *e is why. */
static bool thaw(struct serve *s, struct err *e)
{
	struct target *t = s->view.target;

	/* In its own words (EPROTO): nobody held it any more. One that has ended held still. */
	return t->vm.fd < 0 || !doorbell_thaw(&t->vm, clock_deadline_ns(ANSWER_NS), e) ||
	       e->code != EPROTO;
}

enum serve_end serve_now(struct serve *s, const char *tag, int core_fd)
{
	enum serve_end end = attach(s);
	struct capture c;
	struct err e;

	if (end != SERVE_GOES_ON)
		return end;
	/* What can be known beforehand; what cannot is found out while it stands. */
	(void)dump_prepare(s->view.dump, &e);
	capture_begin(&c, CAPTURE_NOW, tag, "");
	if (freeze(s, core_fd >= 0, &s->error))
		return SERVE_FAILED;
	if (s->view.target->vm.fd >= 0)
		capture_regs(&c, s->view.target);
	else
		snprintf(c.regs_reason, sizeof(c.regs_reason), "a file has no registers");
	(void)capture_copy(&c, &s->view);
	if (core_fd >= 0 && core_write(core_fd, &s->view, c.regs, &s->error)) {
		(void)thaw(s, &e);
		capture_deinit(&c);
		return SERVE_FAILED;
	}
	if (!thaw(s, &e)) {
		if (core_fd >= 0) {
			capture_deinit(&c);
			s->error = e;
			err_prefix(&s->error, "the machine went on before the core was complete");
			return SERVE_FAILED;
		}
		capture_spoil(&c, e.text);
	}
	s->core_written = core_fd >= 0;
	capture_thawed(&c);
	end = capture_put(s, &c);
	return end == SERVE_GOES_ON ? SERVE_DONE : end;
}

/* One turn of waiting and serving. */
static enum serve_end turn(struct serve *s)
{
	enum serve_end end = wait_until(s, CLOCK_NEVER);
	struct err e;

	if (end != SERVE_GOES_ON)
		return end;
	watches_serve(&s->watches, s->view.target, &e);
	if (*e.text) {
		/* No watch is left, then, but that is not why we end. */
		target_hear(s->view.target);
		if (s->view.target->gone)
			return SERVE_VM_GONE;
		end = note(s, "trouble", "", "%s", e.text);
	}
	if (s->failure.stage == FAILURE_POLL && clock_now_ns() >= s->failure.poll_ns)
		failure_poll(&s->failure, &s->view);
	return end == SERVE_GOES_ON ? failure_put(s) : end;
}

enum serve_end serve_watch(struct serve *s, char *const *symbols, size_t n)
{
	enum serve_end end = attach(s);

	s->hit_regs = true;
	for (size_t i = 0; i < n && end == SERVE_GOES_ON; i++) {
		if (watches_add(&s->watches, &s->view, symbols[i], &s->error))
			return SERVE_FAILED;
		end = note_put(s, watch_note(&s->watches.w[i]));
	}
	while (end == SERVE_GOES_ON && !watches_done(&s->watches))
		end = turn(s);
	return end == SERVE_GOES_ON ? SERVE_DONE : end;
}

enum serve_end serve_guest(struct serve *s)
{
	enum serve_end end = SERVE_GOES_ON;
	struct err e;

	while (end == SERVE_GOES_ON) {
		end = turn(s);
		/* Now, while nobody waits for us, rather than at the first request. */
		if (end == SERVE_GOES_ON && s->view.target->guest_up &&
		    view_attach(&s->view, &e) == 0)
			end = note_attached(s);
		s->view.target->guest_up = false;
	}
	if (end == SERVE_VM_GONE || end == SERVE_SIGNAL) {
		failure_finish(&s->failure, &s->view);
		(void)failure_put(s);
	}
	return end;
}

void serve_tell_end(struct serve *s, enum serve_end end)
{
	struct err e;

	s->warn = NULL; /* the last words are the caller's */
	if (end == SERVE_NO_KERNEL)
		(void)note(s, "trouble", "", "%s", s->error.text);
	(void)emit_end(&s->emit,
		       json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "captures",
				 (json_int_t)s->captures, "missed", (json_int_t)s->missed, "hits",
				 (json_int_t)s->hits, "periodic_fired",
				 (json_int_t)s->periodic_fired, "periodic_real",
				 (json_int_t)s->periodic_real, "frozen_ns",
				 (json_int_t)s->frozen_ns, "reason", reasons[end]),
		       &e);
}

void serve_deinit(struct serve *s)
{
	failure_deinit(&s->failure);
	view_detach(&s->view);
	emit_deinit(&s->emit);
}
