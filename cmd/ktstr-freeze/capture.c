/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "mem/record.h"

#define ANSWER_NS (30 * NSEC_PER_SEC)
#define FEWER 8u /* of which a part is taken when all is too much */
#define ENTRIES_MIN 16u

static const char *const trigger_names[] = {
	[CAPTURE_NOW] = "now",		 [CAPTURE_OP] = "op",	  [CAPTURE_WATCH] = "watch",
	[CAPTURE_PERIODIC] = "periodic", [CAPTURE_EXIT] = "exit",
};

void capture_begin(struct capture *c, enum capture_trigger trigger, const char *tag,
		   const char *symbol)
{
	*c = (struct capture){.trigger = trigger, .began_ns = clock_now_ns()};
	snprintf(c->tag, sizeof(c->tag), "%s", tag);
	snprintf(c->symbol, sizeof(c->symbol), "%s", symbol);
	snprintf(c->regs_reason, sizeof(c->regs_reason), "registers were not asked for");
}

bool capture_copy(struct capture *c, struct view *v)
{
	struct err e;

	if (view_attach(v, &e) || dump_copy_take(v->dump, &c->copy, &e))
		snprintf(c->reason, sizeof(c->reason), "%s", e.text);
	else
		c->is_copied = true;
	return c->is_copied;
}

void capture_regs(struct capture *c, struct target *t)
{
	json_t *all = json_array(), *one;
	char request[32];
	struct err e;

	for (unsigned int i = 0; i < t->n_vcpus; i++) {
		snprintf(request, sizeof(request), "regs %u", i);
		if (vm_request(&t->vm, request, clock_deadline_ns(ANSWER_NS), &one, &e)) {
			snprintf(c->regs_reason, sizeof(c->regs_reason), "%s", e.text);
			json_decref(all);
			return;
		}
		json_object_del(one, "ok");
		json_array_append_new(all, one);
	}
	c->regs = all;
}

void capture_spoil(struct capture *c, const char *why)
{
	if (!c->is_copied)
		return;
	dump_copy_deinit(&c->copy);
	c->is_copied = false;
	snprintf(c->reason, sizeof(c->reason), "the machine went on before it was copied: %s", why);
}

void capture_thawed(struct capture *c)
{
	c->frozen_ns = clock_now_ns() - c->began_ns;
}

/* All but the report. */
static json_t *capture_json(const struct capture *c, uint64_t number, uint64_t jiffies,
			    uint64_t render_ns)
{
	json_t *ret = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "tag", c->tag, "trigger",
				trigger_names[c->trigger], "number", (json_int_t)number,
				"frozen_ns", (json_int_t)c->frozen_ns, "copied_bytes",
				c->is_copied ? (json_int_t)mem_record_bytes(c->copy.record) : 0,
				"render_ns", (json_int_t)render_ns);

	if (ret && jiffies)
		json_object_set_new(ret, "jiffies", json_integer((json_int_t)jiffies));
	if (ret && *c->symbol)
		json_object_set_new(ret, "symbol", json_string(c->symbol));
	if (ret && *c->reason)
		json_object_set_new(ret, "reason", json_string(c->reason));
	return ret;
}

static void write_object(struct jsonw *w, json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (text)
		jsonw_value(w, text, strlen(text));
	else
		w->failed = true;
	free(text);
}

/* What cannot be rendered is null: the reader learns that it was asked for, and why. */
static void report_write(struct capture *c, struct view *v, unsigned int max_entries,
			 struct jsonw *w, uint64_t *ret_jiffies)
{
	const struct dump_extra extra = {
		.regs = c->regs, .regs_reason = c->regs_reason, .exit_info = c->exit_info};
	size_t start = w->out.len;
	struct err e;

	*ret_jiffies = 0;
	if (!c->is_copied) {
		write_object(w, dump_degraded(c->reason, c->trigger == CAPTURE_EXIT, c->exit_kind,
					      c->regs, c->frozen_ns / NSEC_PER_MSEC));
		return;
	}
	if (dump_write(v->dump, &c->copy, &extra, max_entries, w, ret_jiffies, &e) == 0)
		return;
	snprintf(c->reason, sizeof(c->reason), "%s", e.text);
	w->out.len = start;
	jsonw_literal(w, "null");
}

/* The whole as text, with a report of at most @max_entries of a map; none with 0. */
static int capture_write(struct capture *c, struct view *v, uint64_t number,
			 unsigned int max_entries, struct buf *ret, struct err *e)
{
	struct jsonw w = {.out = *ret};
	uint64_t start = clock_now_ns(), jiffies = 0;

	w.out.len = 0;
	jsonw_literal(&w, "{\"report\":");
	if (max_entries)
		report_write(c, v, max_entries, &w, &jiffies);
	else
		jsonw_literal(&w, "null");
	jsonw_literal(&w, "}");
	dump_join(&w, capture_json(c, number, jiffies, clock_now_ns() - start));
	*ret = w.out;
	return w.failed ? err_set(e, ENOMEM, "out of memory") : 0;
}

int capture_tell(struct capture *c, struct view *v, struct emit *m, uint64_t number,
		 unsigned int max_entries, struct err *e)
{
	_cleanup_buf_ struct buf text = {0};
	int ret;

	for (;;) {
		ret = capture_write(c, v, number, max_entries, &text, e);
		if (ret == 0)
			ret = emit_capture(m, text.data, text.len, e);
		if (ret == 0 || e->code != E2BIG || !max_entries)
			break;
		/* Too much for a message: fewer, and in the end none. */
		snprintf(c->reason, sizeof(c->reason), "%s", e->text);
		max_entries = max_entries > ENTRIES_MIN ? max_entries / FEWER : 0;
		if (max_entries)
			c->reason[0] = 0;
	}
	capture_deinit(c);
	return ret;
}

void capture_deinit(struct capture *c)
{
	if (c->is_copied)
		dump_copy_deinit(&c->copy);
	json_decref(c->regs);
	json_decref(c->exit_info);
	json_decref(c->exit_kind);
	c->is_copied = false;
	c->regs = c->exit_info = c->exit_kind = NULL;
}
