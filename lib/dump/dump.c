/* SPDX-License-Identifier: GPL-2.0-only */
#include "dump/dump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "mem/record.h"

int dump_create(const struct kernel *k, struct dump **ret, struct err *e)
{
	struct dump *d = calloc(1, sizeof(*d));

	*ret = NULL;
	if (!d)
		return err_set(e, ENOMEM, "out of memory");
	d->kernel = k;
	if (maps_create(k, &d->maps, e) || sched_dump_create(k, &d->sched, e)) {
		dump_destroy(d);
		return -1;
	}
	*ret = d;
	return 0;
}

void dump_destroy(struct dump *d)
{
	if (!d)
		return;
	mem_destroy(d->room);
	maps_destroy(d->maps);
	sched_dump_destroy(d->sched);
	free(d);
}

/* The room for a copy takes longer to set up than a small copy takes to make. */
static int set_up_room(struct dump *d, struct err *e)
{
	return d->room ? 0 : mem_record(d->kernel->mem.mem, DUMP_BYTES_MAX, &d->room, e);
}

/* Read through @k all that a report will ask for. */
static int touch(struct dump *d, const struct kernel *k, struct err *e)
{
	sched_dump_touch(d->sched, k);
	return maps_touch(d->maps, k, e);
}

/* Each page of the guest that is read for the first time is a fault of ours: take them now. What
 * goes wrong with a guest that runs meanwhile does not matter. */
static void rehearse(struct dump *d)
{
	struct kernel k = kernel_over(d->kernel, d->room);
	struct err e;

	(void)touch(d, &k, &e);
	mem_destroy(d->room);
	d->room = NULL;
}

int dump_prepare(struct dump *d, struct err *e)
{
	if (maps_prepare(d->maps, d->kernel, e) || set_up_room(d, e))
		return -1;
	rehearse(d);
	return set_up_room(d, e);
}

int dump_copy_take(struct dump *d, struct dump_copy *ret, struct err *e)
{
	int code;

	*ret = (struct dump_copy){0};
	if (set_up_room(d, e))
		return -1;
	ret->record = steal_ptr(&d->room);
	ret->kernel = kernel_over(d->kernel, ret->record);
	code = touch(d, &ret->kernel, e);
	mem_record_seal(ret->record);
	if (code)
		dump_copy_deinit(ret);
	return code;
}

void dump_copy_deinit(struct dump_copy *c)
{
	mem_destroy(c->record);
	*c = (struct dump_copy){0};
}

/* Set member @name, or null and the reason when @value is NULL. */
static void set(json_t *report, const char *name, json_t *value, const char *reason)
{
	json_t *reasons = json_object_get(report, "reasons");

	if (value) {
		json_object_set(report, name, value);
		json_object_del(reasons, name);
		return;
	}
	json_object_set_new(report, name, json_null());
	json_object_set_new(reasons, name, json_string(reason));
}

/* All but the maps. */
static json_t *state_json(struct dump *d, const struct dump_copy *c, const struct dump_extra *x)
{
	json_t *state = sched_dump_json(d->sched, &c->kernel);

	if (!state)
		return NULL;
	json_object_set_new(state, "schema", json_string("single"));
	set(state, "vcpu_regs", x->regs, x->regs_reason);
	if (x->exit_info)
		set(state, "exit_info", x->exit_info, "");
	return state;
}

int dump_write(struct dump *d, const struct dump_copy *c, const struct dump_extra *x,
	       unsigned int max_entries, struct jsonw *w, uint64_t *ret_jiffies, struct err *e)
{
	json_t *state;

	if (maps_write(d->maps, &c->kernel, max_entries, w, e))
		return -1;
	state = state_json(d, c, x);
	*ret_jiffies = (uint64_t)json_integer_value(json_object_get(state, "jiffies"));
	dump_join(w, state);
	return w->failed ? err_set(e, ENOMEM, "out of memory") : 0;
}

void dump_join(struct jsonw *w, json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (!text || !w->out.len) {
		w->failed = true;
		free(text);
		return;
	}
	w->out.len--;
	jsonw_literal(w, ",");
	jsonw_raw(w, text + 1, strlen(text) - 1);
	free(text);
}

json_t *dump_degraded(const char *reason, bool watch_hit, const json_t *exit_kind,
		      const json_t *regs, uint64_t elapsed_ms)
{
	return json_pack("{s:s, s:s, s:b, s:O?, s:O?, s:I}", "schema", "degraded", "reason", reason,
			 "watchpoint_hit", (int)watch_hit, "exit_kind", exit_kind, "vcpu_regs",
			 regs, "elapsed_ms", (json_int_t)elapsed_ms);
}
