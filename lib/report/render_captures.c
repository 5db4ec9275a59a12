/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/render_captures.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "json/jsontext.h"

/* ---- members of the result ---- */

/* The name of a file beside the result; null when it is not kept. */
static json_t *file_name(const struct result *r, enum kept which)
{
	_cleanup_buf_ struct buf name = {0};

	if (!r->keep || !result_has_file(r, which))
		return json_null();
	if (buf_addf(&name, "%s%s", r->run->plan.test, kept_suffixes[which]))
		return NULL;
	return json_string(buf_text(&name));
}

/* Since the scenario's start, in the guest's time, which no capture takes any of. */
static json_t *since_start(const struct result *r, uint64_t at_ns)
{
	uint64_t start = r->run->scenario_start_ns;

	if (at_ns == RUN_ABSENT || !r->run->scenario_started || at_ns < start)
		return json_null();
	return json_integer((json_int_t)((at_ns - start) / NSEC_PER_MSEC));
}

/* When it was asked for, by whom it was. */
static void put_request(struct object x, const struct result *r, const struct capture *c)
{
	const struct capture_request *asked = captured_request(&r->run->captures, c);

	put(x, "step", number(asked && asked->step != RUN_ABSENT ? asked->step : c->step));
	put(x, "elapsed_ms", since_start(r, asked ? asked->at_ns : RUN_ABSENT));
	put(x, "due_ms", since_start(r, asked ? asked->due_ns : RUN_ABSENT));
}

static struct object capture_object(bool *failed, const struct result *r, const struct capture *c)
{
	struct object x = object_new(failed);

	put(x, "tag", json_string(c->tag));
	put(x, "trigger", json_string(capture_trigger_names[c->trigger]));
	put(x, "symbol", text(c->symbol));
	put(x, "number", number(c->number));
	put(x, "frozen_ns", number(c->frozen_ns));
	put(x, "copied_bytes", number(c->copied_bytes));
	put(x, "render_ns", number(c->render_ns));
	put(x, "jiffies", number(c->jiffies));
	put_request(x, r, c);
	put(x, "n_maps", number(c->n_maps));
	put(x, "reason", text(c->reason));
	put(x, "file", file_name(r, KEPT_SNAPSHOTS));
	return x;
}

static struct object failure_object(bool *failed, const struct result *r)
{
	const struct failure *f = &r->run->captures.failure;
	struct object x = object_new(failed);

	put(x, "tag", json_string(f->capture.tag));
	put(x, "file", file_name(r, KEPT_DUMP));
	put(x, "text_file", file_name(r, KEPT_DUMP_TEXT));
	put(x, "schema", text(f->schema));
	put(x, "exit_kind", number(f->exit_kind));
	put(x, "exit_kind_name", text(f->exit_kind_name));
	put(x, "reason", text(f->reason));
	put(x, "msg", text(f->msg));
	put(x, "frozen_ns", number(f->capture.frozen_ns));
	put(x, "copied_bytes", number(f->capture.copied_bytes));
	put(x, "render_ns", number(f->capture.render_ns));
	put(x, "jiffies", number(f->capture.jiffies));
	put(x, "step", number(f->capture.step));
	put(x, "n_maps", number(f->capture.n_maps));
	put(x, "missing", text(f->capture.reason));
	return x;
}

void put_snapshots(struct object o, const struct result *r)
{
	const struct captures *c = &r->run->captures;
	json_t *list;

	if (!c->instances) {
		put(o, "snapshots", json_null());
		put(o, "failure_dump", json_null());
		return;
	}
	list = put_array(o, "snapshots");
	for (size_t i = 0; i < c->n; i++)
		add(o, list, capture_object(o.failed, r, &c->list[i]).json);
	put(o, "failure_dump", c->failure.seen ? failure_object(o.failed, r).json : json_null());
}

static void put_notes(struct object o, const struct captures *c)
{
	json_t *list = put_array(o, "notes");

	for (size_t i = 0; i < c->n_notes; i++) {
		struct object x = object_new(o.failed);

		put(x, "kind", json_string(freeze_note_names[c->notes[i].kind]));
		put(x, "message", json_string(c->notes[i].message));
		put(x, "tag", text(c->notes[i].tag));
		put(x, "symbol", text(c->notes[i].symbol));
		add(o, list, x.json);
	}
	put(o, "notes_omitted", number(c->more_notes));
}

/* Told two ways, and both may be right about other ones. */
static uint64_t lost(const struct captures *c)
{
	uint64_t astray = captured_astray(c), gone;

	captured_gone(c, &gone);
	return astray > gone ? astray : gone;
}

static json_t *told(const struct captures *c, uint64_t v)
{
	return number(c->end.told ? v : RUN_ABSENT);
}

/* Captures that were asked for and not taken, as the guest knows, or else who should have. */
static json_t *missed(const struct captures *c, bool ended)
{
	uint64_t refused = captured_refused(c);
	uint64_t told_n = ended ? c->end.missed : c->missed;

	if (!c->instances && !c->n_requests)
		return json_null();
	return number(refused > told_n ? refused : told_n);
}

void put_freeze(struct object o, const struct run *r)
{
	const struct captures *c = &r->captures;
	bool ended = c->end.told && !captured_unended(c);
	struct object x;

	put(o, "periodic_target", number(run_u64(r->plan_json, "snapshots")));
	put(o, "snapshots_missed", missed(c, ended));
	if (!c->instances) {
		put(o, "periodic_fired", json_null());
		put(o, "periodic_real", json_null());
		put(o, "freeze", json_null());
		return;
	}
	put(o, "periodic_fired", number(ended ? c->end.periodic_fired : c->periodic));
	put(o, "periodic_real", number(c->periodic_real));
	x = put_object(o, "freeze");
	put(x, "captures", number(c->came));
	put(x, "placeholders", number(c->placeholders));
	put(x, "replaced", number(c->replaced));
	put(x, "omitted", number(c->omitted));
	put(x, "more_failures", number(c->more_failures));
	put(x, "lost", number(lost(c)));
	put(x, "hits", told(c, c->end.hits));
	put(x, "frozen_ns", number(c->frozen_sum_ns));
	put(x, "max_frozen_ns", number(c->came ? c->frozen_max_ns : RUN_ABSENT));
	put(x, "end_reason", c->end.told ? text(c->end.reason) : json_null());
	put(x, "complete", json_boolean(ended && !lost(c)));
	put_notes(x, c);
}

json_t *captured_progs(const struct captures *c)
{
	bool failed = false;
	json_t *list = c->n_progs ? json_array() : json_null();

	for (size_t i = 0; i < c->n_progs; i++) {
		struct object x = object_new(&failed);

		put(x, "name", json_string(c->progs[i].name));
		put(x, "verified_insns", number(c->progs[i].verified_insns));
		add(x, list, x.json);
	}
	if (failed) {
		json_decref(list);
		return NULL;
	}
	return list;
}

/* ---- with the reports, and files ---- */

/* Add @object, which it takes, with its report. */
static int add_with_report(struct buf *out, struct object object, const struct buf *report)
{
	static const char none[] = "null";
	struct jsonspan value = {none, strlen(none)};
	char *head = *object.failed ? NULL : json_dumps(object.json, JSON_COMPACT);
	int failed = -1;

	if (report->len)
		value = (struct jsonspan){buf_text(report), report->len};
	if (head)
		failed = jsontext_with(out, head, "report", value);
	free(head);
	json_decref(object.json);
	return failed;
}

/* `[..]` with a capture a line. */
static int put_list(const struct result *r, piece_fn put_piece, void *ctx)
{
	const struct captures *c = &r->run->captures;

	for (size_t i = 0; i < c->n; i++) {
		_cleanup_buf_ struct buf piece = {0};
		bool failed = false;

		if (buf_addf(&piece, "%s\n", i ? "," : "[") ||
		    add_with_report(&piece, capture_object(&failed, r, &c->list[i]),
				    &c->list[i].report) ||
		    put_piece(ctx, piece.data, piece.len))
			return -1;
	}
	return c->n ? put_piece(ctx, "\n]", 2) : put_piece(ctx, "[]", 2);
}

int captures_with_reports(const struct result *r, const char *head, piece_fn put_piece, void *ctx)
{
	const struct captures *c = &r->run->captures;
	_cleanup_buf_ struct buf first = {0}, last = {0};
	bool failed = false;

	if (jsontext_with(&first, head, "snapshots", (struct jsonspan){"", 0}) ||
	    put_piece(ctx, first.data, first.len - strlen("}")) ||
	    (c->instances ? put_list(r, put_piece, ctx) : put_piece(ctx, "null", 4)) ||
	    buf_addf(&last, ",\"failure_dump\":"))
		return -1;
	if (c->failure.seen
		    ? add_with_report(&last, failure_object(&failed, r), &c->failure.capture.report)
		    : buf_addf(&last, "null"))
		return -1;
	return buf_addf(&last, "}\n") || put_piece(ctx, last.data, last.len) ? -1 : 0;
}

/* The report itself, with the names of test and tag in front. */
static int put_dump(const struct result *r, piece_fn put_piece, void *ctx)
{
	const struct capture *c = &r->run->captures.failure.capture;
	json_t *names = json_pack("{s:s, s:s}", "test", r->run->plan.test, "tag", c->tag);
	char *head = names ? json_dumps(names, JSON_COMPACT) : NULL;
	_cleanup_buf_ struct buf out = {0};
	int failed = head ? jsontext_merge(&out, head,
					   (struct jsonspan){buf_text(&c->report), c->report.len})
			  : -1;

	free(head);
	json_decref(names);
	return failed || buf_add(&out, "\n", 1) || put_piece(ctx, out.data, out.len) ? -1 : 0;
}

bool result_has_file(const struct result *r, enum kept which)
{
	const struct captures *c = &r->run->captures;

	switch (which) {
	case KEPT_RESULT:
	case KEPT_STREAM:
		return true;
	case KEPT_SNAPSHOTS:
		return c->n > 0;
	case KEPT_DUMP:
		return capture_has_report(&c->failure.capture);
	case KEPT_DUMP_TEXT:
		return c->failure.dump.len > 0;
	case KEPTS:
		break;
	}
	return false;
}

int result_file(const struct result *r, enum kept which, piece_fn put_piece, void *ctx)
{
	const struct buf *dump = &r->run->captures.failure.dump;

	if (!result_has_file(r, which))
		return 0;
	switch (which) {
	case KEPT_SNAPSHOTS:
		return put_list(r, put_piece, ctx) || put_piece(ctx, "\n", 1) ? -1 : 0;
	case KEPT_DUMP:
		return put_dump(r, put_piece, ctx);
	case KEPT_DUMP_TEXT:
		return put_piece(ctx, dump->data, dump->len);
	case KEPT_RESULT:
	case KEPT_STREAM:
	case KEPTS:
		break;
	}
	return -1;
}

/* ---- for people ---- */

int failure_line(const struct failure *f, struct buf *out)
{
	if (!f->seen)
		return 0;
	if (*f->exit_kind_name		 ? buf_addf(out, "%s", f->exit_kind_name)
	    : f->exit_kind != RUN_ABSENT ? buf_addf(out, "exit kind %" PRIu64, f->exit_kind)
					 : buf_addf(out, "it is not known how"))
		return -1;
	if (*f->reason && buf_addf(out, ": %s", f->reason))
		return -1;
	return *f->msg ? buf_addf(out, ": %s", f->msg) : 0;
}

static int text_failure(const struct result *r, struct buf *out)
{
	const struct failure *f = &r->run->captures.failure;

	if (!f->seen)
		return 0;
	if (buf_addf(out, "\n  failure       ") || failure_line(f, out) || buf_addf(out, "\n"))
		return -1;
	if (!capture_is_real(&f->capture) &&
	    buf_addf(out, "    dump        %s: %s\n", f->capture.degraded ? "degraded" : "none",
		     f->capture.reason))
		return -1;
	if (r->paths[KEPT_DUMP] &&
	    buf_addf(out, "    dump        ktstr-freeze show %s\n", r->paths[KEPT_DUMP]))
		return -1;
	return 0;
}

int text_captures(const struct result *r, struct buf *out)
{
	const struct captures *c = &r->run->captures;
	uint64_t target = run_u64(r->run->plan_json, "snapshots");

	if (!c->instances)
		return 0;
	if (buf_addf(out,
		     "\n  captures      %" PRIu64 ", %" PRIu64 " without a report; the guest stood "
		     "still for %.3f ms",
		     c->came, c->placeholders, (double)c->frozen_sum_ns / 1e6))
		return -1;
	if (target != RUN_ABSENT && target > 0 &&
	    buf_addf(out, "; %" PRIu64 " of %" PRIu64 " periodic ones", c->periodic_real, target))
		return -1;
	return buf_addf(out, "\n") || text_failure(r, out) ? -1 : 0;
}
