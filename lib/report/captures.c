/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/captures.h"

#include <errno.h>
#include <string.h>

#include "base/clean.h"
#include "json/jsontext.h"
#include "tlv/tlv.h"

#define SMALL_MAX (64u << 10) /* bytes of a capture without its report */
#define PART_MAX (4u << 20)   /* bytes of a part of a report that is read */

const char *const capture_trigger_names[CAPTURE_TRIGGERS] = {
	[CAPTURE_NOW] = "now",		 [CAPTURE_OP] = "op",	  [CAPTURE_WATCH] = "watch",
	[CAPTURE_PERIODIC] = "periodic", [CAPTURE_EXIT] = "exit",
};

const char *const freeze_note_names[FREEZE_NOTE_KINDS] = {
	[FREEZE_ATTACHED] = "attached",
	[FREEZE_WATCH] = "watch",
	[FREEZE_MISSED] = "missed",
	[FREEZE_TROUBLE] = "trouble",
};

const char *const capture_request_names[REQUEST_KINDS] = {
	[REQUEST_SNAPSHOT] = "snapshot",
	[REQUEST_WATCH] = "watch",
	[REQUEST_PERIODIC] = "periodic",
};

const char *const capture_answer_names[ANSWERS] = {
	[ANSWER_NOBODY] = "nobody", [ANSWER_HEARD] = "heard", [ANSWER_OK] = "ok",
	[ANSWER_ERROR] = "error",   [ANSWER_ASKED] = "asked",
};

void captured_init(struct captures *c)
{
	*c = (struct captures){.kaslr_offset = PAYLOAD_ABSENT};
}

void captured_deinit(struct captures *c)
{
	for (size_t i = 0; i < c->n; i++)
		buf_deinit(&c->list[i].report);
	buf_deinit(&c->failure.capture.report);
	buf_deinit(&c->failure.dump);
	captured_init(c);
}

void captured_see(struct captures *c, uint8_t instance)
{
	c->instances += !c->seen[instance];
	c->seen[instance] = true;
}

/* Saturating: a sum of what a stranger tells must not come round. */
static void sum_add(uint64_t *sum, uint64_t v)
{
	if (v != PAYLOAD_ABSENT && __builtin_add_overflow(*sum, v, sum))
		*sum = INT64_MAX;
}

static void copy(char *ret, size_t size, const char *text)
{
	clean_copy(ret, size, text ? text : "", text ? strlen(text) : 0);
}

#define COPY(array, text) copy(array, sizeof(array), text)

static size_t name_of(const char *name, const char *const *names, size_t n)
{
	size_t i = 0;

	while (i < n && strcmp(name, names[i]) != 0)
		i++;
	return i;
}

/* ---- a capture ---- */

/*
 * The members of @message but `report` as a payload of its own, and the span of that. Fails with
 * EPROTO, ENOMEM.
 */
static int message_split(struct jsonspan message, struct payload *ret, struct jsonspan *report,
			 struct err *e)
{
	struct jsonmembers m = {.text = message};
	_cleanup_buf_ struct buf small = {0};
	struct jsonspan key, value;
	int failed = buf_add(&small, "{", 1);

	*report = (struct jsonspan){0};
	if (!jsontext_is_valid(message) || !jsontext_is_object(message))
		return err_set(e, EPROTO, "a capture that is no JSON object");
	while (!failed && jsontext_next(&m, &key, &value)) {
		if (jsontext_is(key, "report")) {
			*report = value;
			continue;
		}
		if (small.len + key.len + value.len > SMALL_MAX)
			return err_set(e, EPROTO, "a capture with too much beside its report");
		failed = (small.len > 1 && buf_add(&small, ",", 1)) || buf_add(&small, "\"", 1) ||
			 buf_add(&small, key.at, key.len) || buf_add(&small, "\":", 2) ||
			 buf_add(&small, value.at, value.len);
	}
	if (failed || buf_add(&small, "}", 1))
		return err_set(e, ENOMEM, "out of memory for a capture");
	payload_init(ret, buf_text(&small), small.len);
	return 0;
}

static void capture_read(struct payload *p, struct capture *ret)
{
	size_t trigger =
		name_of(payload_need_str(p, "trigger"), capture_trigger_names, CAPTURE_TRIGGERS);

	p->bad |= trigger == CAPTURE_TRIGGERS || !*payload_need_str(p, "tag");
	*ret = (struct capture){
		.trigger = (enum capture_trigger)trigger,
		.number = payload_need_u64(p, "number"),
		.frozen_ns = payload_u64(p, "frozen_ns"),
		.copied_bytes = payload_u64(p, "copied_bytes"),
		.render_ns = payload_u64(p, "render_ns"),
		.jiffies = payload_u64(p, "jiffies"),
		.n_maps = PAYLOAD_ABSENT,
	};
	COPY(ret->tag, payload_str(p, "tag"));
	COPY(ret->symbol, payload_str(p, "symbol"));
	COPY(ret->reason, payload_str(p, "reason"));
}

/* ---- what is read of a report ---- */

struct parts {
	struct jsonspan schema, reason, maps, exit_info, sched_state, exit_kind, prog_stats;
};

static struct parts parts_of(struct jsonspan report)
{
	struct parts ret = {0};
	const struct {
		const char *name;
		struct jsonspan *span;
	} wanted[] = {
		{"schema", &ret.schema},       {"maps", &ret.maps},
		{"exit_info", &ret.exit_info}, {"scx_sched_state", &ret.sched_state},
		{"exit_kind", &ret.exit_kind}, {"prog_stats", &ret.prog_stats},
		{"reason", &ret.reason},
	};
	struct jsonmembers m = {.text = report};
	struct jsonspan key, value;

	while (jsontext_next(&m, &key, &value))
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (jsontext_is(key, wanted[i].name))
				*wanted[i].span = value;
	return ret;
}

/* A part as JSON, NULL when it is not there or too long. The caller's. */
static json_t *part_json(struct jsonspan part)
{
	if (!part.at || part.len > PART_MAX)
		return NULL;
	return json_loadb(part.at, part.len, JSON_DECODE_ANY, NULL);
}

static uint64_t json_u64(json_t *v)
{
	return json_is_integer(v) && json_integer_value(v) >= 0 ? (uint64_t)json_integer_value(v)
								: PAYLOAD_ABSENT;
}

static const char *json_str(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* The kind of exit stands in up to three places; the one of the exit itself comes first. */
static void failure_kind(struct failure *f, json_t *info, json_t *state, json_t *kind)
{
	json_t *places[] = {json_object_get(info, "kind"), json_object_get(state, "exit_kind"),
			    kind};
	const char *names[] = {json_str(info, "kind_name"), json_str(state, "exit_kind_name"),
			       NULL};

	f->exit_kind = PAYLOAD_ABSENT;
	for (size_t i = 0; i < 3 && f->exit_kind == PAYLOAD_ABSENT; i++) {
		f->exit_kind = json_u64(places[i]);
		if (f->exit_kind != PAYLOAD_ABSENT)
			COPY(f->exit_kind_name, names[i]);
	}
}

static int failure_read(struct failure *f, const struct parts *p)
{
	json_t *info = part_json(p->exit_info), *state = part_json(p->sched_state);
	json_t *schema = part_json(p->schema), *kind = part_json(p->exit_kind);
	const char *dump = json_str(info, "dump");
	size_t len = dump ? strlen(dump) : 0;
	int failed = 0;

	failure_kind(f, info, state, kind);
	COPY(f->schema, json_string_value(schema));
	COPY(f->reason, json_str(info, "reason"));
	COPY(f->msg, json_str(info, "msg"));
	buf_deinit(&f->dump);
	if (len)
		failed =
			clean_text(&f->dump, dump, len < CAPTURE_DUMP_MAX ? len : CAPTURE_DUMP_MAX);
	json_decref(info);
	json_decref(state);
	json_decref(schema);
	json_decref(kind);
	return failed;
}

/* The report of a capture that failed in time to say why. */
static void degraded_read(struct capture *x, const struct parts *p)
{
	json_t *reason;

	x->degraded = jsontext_is(p->schema, "\"degraded\"");
	if (!x->degraded || *x->reason)
		return;
	reason = part_json(p->reason);
	COPY(x->reason, json_is_string(reason) ? json_string_value(reason) : "no reason was given");
	json_decref(reason);
}

static void progs_read(struct captures *c, struct jsonspan part)
{
	json_t *list = part_json(part);
	size_t n = json_array_size(list);

	if (n)
		c->n_progs = 0;
	for (size_t i = 0; i < n && c->n_progs < CAPTURES_PROGS_MAX; i++) {
		json_t *prog = json_array_get(list, i);
		struct capture_prog *ret = &c->progs[c->n_progs];

		if (!json_is_object(prog))
			continue;
		COPY(ret->name, json_str(prog, "name"));
		ret->verified_insns = json_u64(json_object_get(prog, "verified_insns"));
		c->n_progs++;
	}
	json_decref(list);
}

/* ---- keeping ---- */

static void capture_drop(struct captures *c, struct capture *x)
{
	c->bytes -= x->report.len;
	buf_deinit(&x->report);
}

/* Of two with one name the later is kept: the name stands for "as it is now". */
static void tag_free(struct captures *c, const char *tag)
{
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->list[i].tag, tag) != 0)
			continue;
		c->replaced++;
		memcpy(c->replaced_tag, c->list[i].tag, sizeof(c->replaced_tag));
		capture_drop(c, &c->list[i]);
		c->n--;
		memmove(&c->list[i], &c->list[i + 1], (c->n - i) * sizeof(c->list[0]));
		return;
	}
}

/* The report's text into @x; without room for it the capture becomes a placeholder. */
static int report_keep(struct captures *c, struct capture *x, struct jsonspan report, struct err *e)
{
	if (!report.at || !jsontext_is_object(report)) {
		if (!*x->reason)
			COPY(x->reason, "no reason was given");
		return 0;
	}
	if (!x->degraded)
		*x->reason = 0;
	if (report.len > CAPTURES_BYTES_MAX - c->bytes) {
		c->omitted++;
		COPY(x->reason, "there was no more room to keep its report");
		return 0;
	}
	if (buf_add(&x->report, report.at, report.len))
		return err_set(e, ENOMEM, "out of memory for a capture");
	c->bytes += report.len;
	return 0;
}

static int list_add(struct captures *c, struct capture *x, struct jsonspan report, struct err *e)
{
	tag_free(c, x->tag);
	if (c->n == CAPTURES_MAX) {
		c->omitted++;
		return 0;
	}
	if (report_keep(c, x, report, e))
		return -1;
	c->list[c->n++] = *x;
	return 0;
}

/* How much a dump tells: one that was taken in time, one that was not, none. */
static unsigned int failure_rank(const struct failure *f)
{
	return f->seen + capture_has_report(&f->capture) + capture_is_real(&f->capture);
}

/* The first failure explains the others, so only a dump that tells more takes its place. */
static int failure_add(struct captures *c, struct capture *x, struct jsonspan report,
		       const struct parts *p, struct err *e)
{
	struct failure f = {.seen = true, .capture = *x};

	if (report_keep(c, &f.capture, report, e))
		return -1;
	if (failure_read(&f, p)) {
		capture_drop(c, &f.capture);
		buf_deinit(&f.dump);
		return err_set(e, ENOMEM, "out of memory for a dump");
	}
	c->more_failures += c->failure.seen;
	if (failure_rank(&f) <= failure_rank(&c->failure)) {
		capture_drop(c, &f.capture);
		buf_deinit(&f.dump);
		return 0;
	}
	capture_drop(c, &c->failure.capture);
	buf_deinit(&c->failure.dump);
	c->failure = f;
	return 0;
}

static void capture_count(struct captures *c, const struct capture *x, bool real)
{
	c->came++;
	c->placeholders += !real;
	c->periodic += x->trigger == CAPTURE_PERIODIC;
	c->periodic_real += x->trigger == CAPTURE_PERIODIC && real;
	sum_add(&c->frozen_sum_ns, x->frozen_ns);
	if (x->frozen_ns != PAYLOAD_ABSENT && x->frozen_ns > c->frozen_max_ns)
		c->frozen_max_ns = x->frozen_ns;
}

static int capture_take(struct captures *c, struct jsonspan message, uint64_t step, struct err *e)
{
	_cleanup_payload_ struct payload p = {0};
	struct jsonspan report;
	struct capture x;
	struct parts parts;

	if (message_split(message, &p, &report, e))
		return -1;
	capture_read(&p, &x);
	if (p.bad)
		return err_set(e, EPROTO, "a capture without what it must have");
	x.step = step;
	if (report.at && !jsontext_is_object(report))
		report.at = NULL; /* null, as it should be, or nothing that anybody can use */
	parts = report.at ? parts_of(report) : (struct parts){0};
	degraded_read(&x, &parts);
	capture_count(c, &x, report.at && !x.degraded);
	if (parts.maps.at)
		x.n_maps = jsontext_count(parts.maps);
	progs_read(c, parts.prog_stats);
	if (x.trigger == CAPTURE_EXIT)
		return failure_add(c, &x, report, &parts, e);
	return list_add(c, &x, report, e);
}

int captured_add(struct captures *c, const void *data, size_t len, uint64_t step, struct err *e)
{
	_cleanup_buf_ struct buf fit = {0};

	if (len > TLV_MESSAGE_MAX)
		return err_set(e, EPROTO, "a capture that is too long");
	if (!clean_is_utf8(data, len)) {
		if (clean_text(&fit, data, len))
			return err_set(e, ENOMEM, "out of memory for a capture");
		data = buf_text(&fit);
		len = fit.len;
	}
	return capture_take(c, (struct jsonspan){data, len}, step, e);
}

/* ---- notes and the end ---- */

void captured_add_note(struct captures *c, struct payload *p)
{
	size_t kind = name_of(payload_need_str(p, "kind"), freeze_note_names, FREEZE_NOTE_KINDS);
	const char *message = payload_need_str(p, "message"), *tag = payload_str(p, "tag");
	const char *symbol = payload_str(p, "symbol");
	uint64_t slide = payload_u64(p, "kaslr_offset");
	struct freeze_note *note = &c->notes[c->n_notes];

	p->bad |= kind == FREEZE_NOTE_KINDS;
	if (p->bad)
		return;
	c->missed += kind == FREEZE_MISSED;
	if (kind == FREEZE_ATTACHED && c->kaslr_offset == PAYLOAD_ABSENT)
		c->kaslr_offset = slide;
	if (c->n_notes == CAPTURES_NOTES_MAX) {
		c->more_notes++;
		return;
	}
	*note = (struct freeze_note){.kind = (enum freeze_note_kind)kind};
	COPY(note->message, message);
	COPY(note->tag, tag);
	COPY(note->symbol, symbol);
	c->n_notes++;
}

bool captured_add_end(struct captures *c, uint8_t instance, struct payload *p)
{
	uint64_t captures = payload_need_u64(p, "captures");
	uint64_t missed = payload_u64(p, "missed"), hits = payload_u64(p, "hits");
	uint64_t fired = payload_u64(p, "periodic_fired"), real = payload_u64(p, "periodic_real");
	uint64_t frozen = payload_u64(p, "frozen_ns");
	const char *reason = payload_str(p, "reason");

	if (p->bad)
		return true;
	if (c->ended[instance])
		return false;
	c->ended[instance] = true;
	c->end.told++;
	sum_add(&c->end.captures, captures);
	sum_add(&c->end.missed, missed);
	sum_add(&c->end.hits, hits);
	sum_add(&c->end.periodic_fired, fired);
	sum_add(&c->end.periodic_real, real);
	sum_add(&c->end.frozen_ns, frozen);
	COPY(c->end.reason, reason);
	return true;
}

/* ---- what was asked for ---- */

void captured_add_request(struct captures *c, struct payload *p)
{
	size_t kind = name_of(payload_need_str(p, "request"), capture_request_names, REQUEST_KINDS);
	size_t answer = name_of(payload_need_str(p, "status"), capture_answer_names, ANSWERS);
	const char *words = payload_need_str(p, "text");
	struct capture_request r = {
		.kind = (enum capture_request_kind)kind,
		.answer = (enum capture_answer)answer,
		.at_ns = payload_u64(p, "at_ns"),
		.step = payload_u64(p, "step"),
		.due_ns = payload_u64(p, "due_ns"),
	};

	p->bad |= kind == REQUEST_KINDS || answer == ANSWERS;
	if (p->bad)
		return;
	if (c->n_requests == CAPTURES_REQUESTS_MAX) {
		c->more_requests++;
		return;
	}
	COPY(r.text, words);
	c->requests[c->n_requests++] = r;
}

static bool is_request_of(const struct capture_request *r, const struct capture *x)
{
	enum capture_trigger trigger = r->kind == REQUEST_PERIODIC ? CAPTURE_PERIODIC : CAPTURE_OP;

	return r->kind != REQUEST_WATCH && trigger == x->trigger && strcmp(r->text, x->tag) == 0;
}

const struct capture_request *captured_request(const struct captures *c, const struct capture *x)
{
	/* Of captures with one tag the last is kept. */
	for (size_t i = c->n_requests; i-- > 0;)
		if (is_request_of(&c->requests[i], x))
			return &c->requests[i];
	return NULL;
}

/* Another with its tag may have taken its place. */
static bool is_here(const struct captures *c, const struct capture_request *r)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(r->text, c->list[i].tag) == 0)
			return true;
	return false;
}

const struct capture_request *captured_gone(const struct captures *c, uint64_t *ret_n)
{
	const struct capture_request *first = NULL;

	*ret_n = 0;
	for (size_t i = 0; i < c->n_requests && !c->omitted; i++) {
		const struct capture_request *r = &c->requests[i];

		if (r->kind == REQUEST_WATCH || r->answer != ANSWER_OK || is_here(c, r))
			continue;
		first = first ? first : r;
		++*ret_n;
	}
	return first;
}

uint64_t captured_refused(const struct captures *c)
{
	uint64_t n = 0;

	for (size_t i = 0; i < c->n_requests; i++)
		n += c->requests[i].kind != REQUEST_WATCH && c->requests[i].answer != ANSWER_OK;
	return n;
}

uint64_t captured_unended(const struct captures *c)
{
	return c->instances - c->end.told;
}

uint64_t captured_astray(const struct captures *c)
{
	return c->end.captures > c->came ? c->end.captures - c->came : 0;
}
