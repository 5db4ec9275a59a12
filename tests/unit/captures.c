/* SPDX-License-Identifier: GPL-2.0-only */
/* What the report makes of ktstr-freeze's frames: what it keeps, bounds, tells and judges. */
#include "report/captures.h"

#include <inttypes.h>

#include "json/jsontext.h"
#include "report/result.h"

#include "../helper/run_lines.h"
#include "seeds.h"
#include "test.h"

/* ---- JSON text ---- */

static struct jsonspan span(const char *text)
{
	return (struct jsonspan){text, strlen(text)};
}

static bool is_valid(const char *text)
{
	return jsontext_is_valid(span(text));
}

static void json_valid(void)
{
	static const char *const good[] = {"0",	      "-1.5e+10",
					   "\"\"",    "\"a\\\"\\u00fF\\n\"",
					   "true",    " [ ] ",
					   "{}",      "[1,[2,{\"a\":[]}],null]",
					   "[[],{}]", "{\"a\":{\"b\":1},\"c\":[false]}\n"};
	static const char *const bad[] = {"",
					  " ",
					  "01",
					  "1.",
					  "1e",
					  "+1",
					  ".5",
					  "-",
					  "tru",
					  "truee",
					  "\"a",
					  "\"\\x\"",
					  "\"\\u12g4\"",
					  "\"\n\"",
					  "[",
					  "[1",
					  "[1,]",
					  "[,1]",
					  "[1 2]",
					  "[1}",
					  "{",
					  "{\"a\"}",
					  "{\"a\":}",
					  "{\"a\":1,}",
					  "{1:2}",
					  "{\"a\":1]",
					  "1 2",
					  "]",
					  "{\"a\":1,\"b\"}",
					  "\"\\",
					  "\"\\u00"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(is_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(!is_valid(bad[i]));
		if (is_valid(bad[i]))
			printf("# valid: '%s'\n", bad[i]);
	}
	CHECK(!jsontext_is_valid((struct jsonspan){0}));
	CHECK(!jsontext_is_valid((struct jsonspan){"1\0", 2}));
}

/* As deep as the maximum, and deeper. */
static void json_depth(void)
{
	static char text[2 * JSONTEXT_DEPTH_MAX + 3];

	for (size_t n = JSONTEXT_DEPTH_MAX; n <= JSONTEXT_DEPTH_MAX + 1; n++) {
		memset(text, '[', n);
		text[n] = '1';
		memset(text + n + 1, ']', n);
		CHECK(jsontext_is_valid((struct jsonspan){text, 2 * n + 1}) ==
		      (n == JSONTEXT_DEPTH_MAX));
	}
}

static void json_members(void)
{
	struct jsonspan object = span(" {\"a\" : [1, {\"b\":2}] ,\"x\":1,\"x\": 2 } ");
	struct jsonspan a = jsontext_member(object, "a");

	CHECK(a.at && a.len == strlen("[1, {\"b\":2}]") && jsontext_count(a) == 2);
	CHECK(jsontext_is(jsontext_member(object, "x"), "2")); /* the last counts */
	CHECK(!jsontext_member(object, "b").at && !jsontext_member(span("[]"), "a").at);
	CHECK(jsontext_count(span("[ ]")) == 0 && jsontext_count(span("{}")) == 0);
}

static void json_pasted(void)
{
	_cleanup_buf_ struct buf out = {0};

	CHECK(jsontext_with(&out, "{\n  \"a\": {}\n}\n", "r", span("[1]")) == 0);
	CHECK_STR(buf_text(&out), "{\n  \"a\": {},\"r\":[1]}");
	buf_consume(&out, out.len);
	CHECK(jsontext_with(&out, "{}", "r", span("null")) == 0);
	CHECK_STR(buf_text(&out), "{\"r\":null}");
	buf_consume(&out, out.len);
	CHECK(jsontext_merge(&out, "{\"a\":1}", span("{\"b\":2}")) == 0);
	CHECK_STR(buf_text(&out), "{\"a\":1,\"b\":2}");
	buf_consume(&out, out.len);
	CHECK(jsontext_merge(&out, "{\"a\":1}", span(" { }")) == 0);
	CHECK(is_valid(buf_text(&out)) &&
	      jsontext_is(jsontext_member(span(buf_text(&out)), "a"), "1"));
}

/* ---- captures alone ---- */

static struct captures captures;

static int add(const char *message)
{
	struct err e = {0};
	int ret = captured_add(&captures, message, strlen(message), 3, &e);

	CHECK(ret == 0 || e.code == EPROTO);
	return ret;
}

#define CAPTURE(tag, trigger, more) \
	"{\"tag\":\"" tag "\",\"trigger\":\"" trigger "\",\"number\":1" more "}"
#define REPORT(more) ",\"report\":{\"schema\":\"single\",\"maps\":[{},{}]" more "}"

static void a_capture(void)
{
	const struct capture *c = captures.list;

	captured_init(&captures);
	CHECK(add(CAPTURE("a", "watch",
			  ",\"frozen_ns\":5,\"copied_bytes\":6,\"render_ns\":7,"
			  "\"jiffies\":8,\"symbol\":\"jiffies\"" REPORT(""))) == 0);
	CHECK(captures.n == 1 && captures.came == 1 && captures.placeholders == 0);
	CHECK_STR(c->tag, "a");
	CHECK_STR(c->symbol, "jiffies");
	CHECK_STR(c->reason, "");
	CHECK(c->trigger == CAPTURE_WATCH && c->number == 1 && c->frozen_ns == 5 &&
	      c->copied_bytes == 6 && c->render_ns == 7 && c->jiffies == 8 && c->step == 3);
	CHECK(c->n_maps == 2 && capture_is_real(c));
	CHECK_STR(buf_text(&c->report), "{\"schema\":\"single\",\"maps\":[{},{}]}");
	captured_deinit(&captures);
}

static void malformed_captures(void)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"tag\":\"a\",\"trigger\":\"op\",\"number\":0,\"report\":{}",
		"{\"tag\":\"a\",\"trigger\":\"op\",\"number\":0,\"report\":{\"maps\":[1,]}}",
		"{\"tag\":\"a\",\"trigger\":\"op\",\"number\":-1}",
		"{\"tag\":\"a\",\"trigger\":\"never\",\"number\":0}",
		"{\"tag\":\"\",\"trigger\":\"op\",\"number\":0}",
		"{\"trigger\":\"op\",\"number\":0}",
		"{\"tag\":\"a\",\"trigger\":\"op\"}",
		"{\"tag\":\"a\",\"trigger\":\"op\",\"number\":0,\"frozen_ns\":\"x\"}",
	};

	captured_init(&captures);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(add(bad[i]) == -1);
		CHECK(captures.n == 0 && captures.came == 0);
	}
	captured_deinit(&captures);
}

/* More beside the report than anybody has to say. */
static void too_much_beside_the_report(void)
{
	_cleanup_buf_ struct buf message = {0};

	captured_init(&captures);
	buf_addf(&message, "{\"tag\":\"a\",\"trigger\":\"op\",\"number\":0,\"x\":\"%100000s\"}",
		 "y");
	CHECK(add(buf_text(&message)) == -1 && captures.n == 0);
	captured_deinit(&captures);
}

static void placeholders(void)
{
	captured_init(&captures);
	CHECK(add(CAPTURE("a", "op", ",\"report\":null,\"reason\":\"no\\u0001memory\"")) == 0);
	CHECK(add(CAPTURE("b", "op", "")) == 0);
	CHECK(add(CAPTURE("c", "op", ",\"report\":[1]")) == 0);
	CHECK(captures.n == 3 && captures.placeholders == 3 && captures.bytes == 0);
	CHECK_STR(captures.list[0].reason, "no\xef\xbf\xbdmemory");
	CHECK_STR(captures.list[1].reason, "no reason was given");
	CHECK(!capture_is_real(&captures.list[2]));
	captured_deinit(&captures);
}

/* A report that only says why there is no better one is kept, and counts as none. */
static void degraded_captures(void)
{
	captured_init(&captures);
	CHECK(add(CAPTURE("a", "periodic",
			  ",\"report\":{\"schema\":\"degraded\",\"reason\":\"in time\"}")) == 0);
	CHECK(captures.n == 1 && captures.placeholders == 1);
	CHECK(captures.periodic == 1 && captures.periodic_real == 0);
	CHECK_STR(captures.list[0].reason, "in time");
	CHECK(capture_has_report(&captures.list[0]) && !capture_is_real(&captures.list[0]));
	captured_deinit(&captures);
}

/* A report with bytes that are no UTF-8 is still a report. */
static void no_utf8(void)
{
	captured_init(&captures);
	CHECK(add(CAPTURE("a", "op", ",\"report\":{\"s\":\"\xff\xfe\"}")) == 0);
	CHECK_STR(buf_text(&captures.list[0].report), "{\"s\":\"\xef\xbf\xbd\xef\xbf\xbd\"}");
	captured_deinit(&captures);
}

static void a_tag_used_twice(void)
{
	captured_init(&captures);
	CHECK(add(CAPTURE("a", "op", REPORT(",\"x\":1"))) == 0);
	CHECK(add(CAPTURE("b", "op", REPORT(""))) == 0);
	CHECK(add(CAPTURE("a", "op", REPORT(",\"x\":2"))) == 0);
	CHECK(captures.n == 2 && captures.came == 3 && captures.replaced == 1);
	CHECK_STR(captures.list[0].tag, "b");
	CHECK_STR(captures.list[1].tag, "a");
	CHECK(strstr(buf_text(&captures.list[1].report), "\"x\":2") != NULL);
	CHECK(captures.bytes == captures.list[0].report.len + captures.list[1].report.len);
	captured_deinit(&captures);
}

static void more_than_are_kept(void)
{
	char message[256];

	captured_init(&captures);
	for (unsigned int i = 0; i < CAPTURES_MAX + 3; i++) {
		snprintf(message, sizeof(message),
			 "{\"tag\":\"t%u\",\"trigger\":\"now\",\"number\":%u,\"report\":{}}", i, i);
		CHECK(add(message) == 0);
	}
	CHECK(captures.n == CAPTURES_MAX && captures.omitted == 3);
	CHECK(captures.came == CAPTURES_MAX + 3);
	CHECK_STR(captures.list[CAPTURES_MAX - 1].tag, "t63");
	/* A tag that is there makes no more of them; the failure has a place of its own. */
	CHECK(add(CAPTURE("t0", "op", REPORT(""))) == 0 && captures.omitted == 3);
	CHECK(add(CAPTURE("x", "exit", REPORT(""))) == 0 && captures.omitted == 3);
	CHECK(captures.failure.seen);
	captured_deinit(&captures);
}

static void bytes_that_are_kept(void)
{
	captured_init(&captures);
	captures.bytes = CAPTURES_BYTES_MAX - 60; /* as if */
	CHECK(add(CAPTURE("a", "op", REPORT(""))) == 0);
	CHECK(add(CAPTURE("b", "op", REPORT(""))) == 0);
	CHECK(captures.n == 2 && captures.omitted == 1);
	CHECK(capture_is_real(&captures.list[0]) && !capture_is_real(&captures.list[1]));
	CHECK(strstr(captures.list[1].reason, "room") != NULL);
	captured_deinit(&captures);
}

#define EXIT_INFO                                                                          \
	",\"exit_info\":{\"kind\":1026,\"kind_name\":\"SCX_EXIT_ERROR_STALL\",\"reason\":" \
	"\"runnable task stall\",\"msg\":\"w[12] failed to run\",\"dump\":\"line\\nl\\u0007\"}"

static void a_failure(void)
{
	const struct failure *f = &captures.failure;

	captured_init(&captures);
	CHECK(add(CAPTURE("x", "exit", REPORT(EXIT_INFO))) == 0);
	CHECK(captures.n == 0 && captures.came == 1 && captured_show_failure(&captures));
	CHECK(f->exit_kind == 1026);
	CHECK_STR(f->exit_kind_name, "SCX_EXIT_ERROR_STALL");
	CHECK_STR(f->reason, "runnable task stall");
	CHECK_STR(f->msg, "w[12] failed to run");
	CHECK_STR(f->schema, "single");
	CHECK_STR(buf_text(&f->dump), "line\nl\xef\xbf\xbd");
	captured_deinit(&captures);
}

/* Where the exit itself cannot be read its kind may stand elsewhere. */
static void a_failure_in_part(void)
{
	captured_init(&captures);
	CHECK(add(CAPTURE("x", "exit",
			  ",\"report\":{\"exit_info\":null,\"scx_sched_state\":{\"exit_kind\":1024,"
			  "\"exit_kind_name\":\"E\"}}")) == 0);
	CHECK(captures.failure.exit_kind == 1024);
	CHECK_STR(captures.failure.exit_kind_name, "E");
	captured_deinit(&captures);
	captured_init(&captures);
	CHECK(add(CAPTURE("x", "exit",
			  ",\"report\":{\"schema\":\"degraded\",\"exit_kind\":1025}")) == 0);
	CHECK(captures.failure.exit_kind == 1025 && !*captures.failure.exit_kind_name);
	captured_deinit(&captures);
	captured_init(&captures);
	CHECK(add(CAPTURE("x", "exit", ",\"report\":{\"exit_kind\":64}")) == 0);
	CHECK(!captured_show_failure(&captures)); /* it left by itself */
	captured_deinit(&captures);
}

/* The first tells why, unless it tells less. */
static void several_failures(void)
{
	captured_init(&captures);
	CHECK(add(CAPTURE("none", "exit", ",\"report\":null,\"reason\":\"late\"")) == 0);
	CHECK(add(CAPTURE("some", "exit", ",\"report\":{\"schema\":\"degraded\"}")) == 0);
	CHECK_STR(captures.failure.capture.tag, "some");
	CHECK(add(CAPTURE("first", "exit", REPORT(EXIT_INFO))) == 0);
	CHECK(add(CAPTURE("second", "exit", REPORT(EXIT_INFO))) == 0);
	CHECK_STR(captures.failure.capture.tag, "first");
	CHECK(captures.more_failures == 3 && captures.came == 4);
	CHECK(captures.bytes == captures.failure.capture.report.len);
	captured_deinit(&captures);
}

static void programs(void)
{
	captured_init(&captures);
	CHECK(add(CAPTURE(
		      "a", "op",
		      REPORT(",\"prog_stats\":[{\"name\":\"p\",\"verified_insns\":9},7,{}]"))) ==
	      0);
	CHECK(captures.n_progs == 2 && captures.progs[0].verified_insns == 9);
	CHECK_STR(captures.progs[0].name, "p");
	CHECK(captures.progs[1].verified_insns == PAYLOAD_ABSENT);
	CHECK(add(CAPTURE("b", "op", REPORT(",\"prog_stats\":null"))) == 0 &&
	      captures.n_progs == 2);
	captured_deinit(&captures);
}

/* ---- runs ---- */

struct outcome {
	struct run *run;
	struct result result;
	json_t *json;
};

static struct outcome judge(const struct run_edit *edits)
{
	struct tlv_reader *reader = tlv_reader_create();
	_cleanup_buf_ struct buf json = {0};
	struct outcome o = {.run = run_create()};
	struct tlv_message m;
	struct frames f;

	run_frames(edits, &f);
	tlv_reader_feed(reader, f.out.data, f.out.len);
	while (tlv_reader_next(reader, &m))
		run_add(o.run, &m);
	tlv_reader_end(reader);
	run_finish(o.run, tlv_reader_stats(reader), f.out.len);
	tlv_reader_destroy(reader);
	frames_deinit(&f);
	CHECK(result_init(&o.result, o.run, EXPECT_LATER, NULL) == 0);
	CHECK(render_json(&o.result, &json) == 0);
	o.json = json_loads(buf_text(&json), 0, NULL);
	CHECK(json_is_object(o.json));
	return o;
}

static void outcome_deinit(struct outcome *o)
{
	json_decref(o->json);
	result_deinit(&o->result);
	run_destroy(o->run);
}

static bool says(const struct outcome *o, enum status status, const char *text)
{
	const struct reasons *w = &o->result.verdict.reasons;

	for (size_t i = 0; i < w->n; i++)
		if (w->list[i].status == status && strstr(w->list[i].message, text))
			return true;
	return false;
}

static json_t *member(const struct outcome *o, const char *name)
{
	return json_object_get(o->json, name);
}

static json_int_t count(const struct outcome *o, const char *name)
{
	json_t *v = json_object_get(member(o, "freeze"), name);

	return json_is_integer(v) ? json_integer_value(v) : -1;
}

#define IN_SCENARIO "<guest STEP_END {\"step\":1"
#define END_LINE(captures, more)                                      \
	{"<boot COM2",                                                \
	 "freeze FREEZE_END {\"captures\":" captures ",\"missed\":0," \
	 "\"hits\":2,\"periodic_fired\":1,\"periodic_real\":1,\"reason\":\"vm-gone\"" more "}"}
#define SNAPSHOTS "\"snapshots\":3," RUN_NO_ERROR
#define PLAN(more) {"=scenario PLAN", RUN_PLAN("[\"scx-x\"]", more)}

static void nobody_took_captures(void)
{
	struct outcome o = judge(NULL);

	CHECK(o.result.verdict.status == STATUS_PASS);
	CHECK(json_is_null(member(&o, "snapshots")) && json_is_null(member(&o, "failure_dump")));
	CHECK(json_is_null(member(&o, "freeze")) && json_is_null(member(&o, "periodic_fired")));
	CHECK(json_is_null(member(&o, "snapshots_missed")));
	outcome_deinit(&o);
}

static void captures_in_a_run(void)
{
	static const struct run_edit edits[] = {
		{IN_SCENARIO, "freeze CAPTURE " CAPTURE("a", "op", REPORT(""))},
		{"<guest SCENARIO_END",
		 "guest REQUEST {\"request\":\"snapshot\",\"text\":\"a\",\"status\":\"ok\","
		 "\"at_ns\":500001000,\"step\":0}"},
		{"<guest GUEST_EXIT", "freeze CAPTURE " CAPTURE("b", "op", REPORT(""))},
		{"<boot HELLO", "freeze FREEZE_NOTE {\"kind\":\"attached\",\"message\":\"m\","
				"\"kaslr_offset\":4096}"},
		END_LINE("2", ""),
		{0}};
	struct outcome o = judge(edits);
	json_t *a = json_array_get(member(&o, "snapshots"), 0);

	CHECK(o.result.verdict.status == STATUS_PASS && o.result.verdict.reasons.n == 0);
	CHECK(json_array_size(member(&o, "snapshots")) == 2 && !json_object_get(a, "report"));
	/* By the guest's word, not by when it came. */
	CHECK(json_integer_value(json_object_get(a, "step")) == 0);
	CHECK(json_integer_value(json_object_get(a, "elapsed_ms")) == 500);
	a = json_array_get(member(&o, "snapshots"), 1);
	CHECK(json_is_null(json_object_get(a, "step")) && json_is_null(json_object_get(a, "file")));
	CHECK(json_integer_value(member(&o, "kern_kaslr_offset")) == 4096);
	CHECK(count(&o, "captures") == 2 && count(&o, "hits") == 2 && count(&o, "lost") == 0);
	CHECK(json_is_true(json_object_get(member(&o, "freeze"), "complete")));
	outcome_deinit(&o);
}

static void a_failed_capture_fails_no_test(void)
{
	static const struct run_edit edits[] = {
		{IN_SCENARIO,
		 "freeze CAPTURE " CAPTURE("a", "op", ",\"report\":null,\"reason\":\"no memory\"")},
		{"<guest SCENARIO_END",
		 "guest REQUEST {\"request\":\"snapshot\",\"text\":\"z\",\"status\":\"error\"}"},
		END_LINE("1", ""),
		{0}};
	struct outcome o = judge(edits);

	CHECK(o.result.verdict.status == STATUS_PASS);
	CHECK(says(&o, STATUS_PASS, "capture 'a' failed: no memory"));
	CHECK(count(&o, "placeholders") == 1);
	CHECK(json_integer_value(member(&o, "snapshots_missed")) == 1);
	outcome_deinit(&o);
}

static void a_lost_capture_is_told(void)
{
	static const struct run_edit died[] = {
		{IN_SCENARIO, "freeze CAPTURE " CAPTURE("a", "op", REPORT(""))}, {0}};
	static const struct run_edit astray[] = {
		{IN_SCENARIO, "freeze CAPTURE " CAPTURE("a", "op", REPORT(""))},
		END_LINE("3", ""),
		{0}};
	static const struct run_edit answered[] = {
		{"<guest SCENARIO_END",
		 "guest REQUEST {\"request\":\"snapshot\",\"text\":\"gone\",\"status\":\"ok\"}"},
		END_LINE("0", ""),
		{0}};
	struct outcome o = judge(died);

	CHECK(o.result.verdict.status == STATUS_PASS);
	CHECK(says(&o, STATUS_PASS, "a capture was lost: nothing tells how ktstr-freeze ended"));
	CHECK(json_is_null(json_object_get(member(&o, "freeze"), "hits")));
	CHECK(json_is_false(json_object_get(member(&o, "freeze"), "complete")));
	outcome_deinit(&o);
	o = judge(astray);
	CHECK(says(&o, STATUS_PASS, "a capture was lost: ktstr-freeze took 3, and 1 came"));
	CHECK(count(&o, "lost") == 2);
	outcome_deinit(&o);
	o = judge(answered);
	CHECK(says(&o, STATUS_PASS, "a capture was lost") && says(&o, STATUS_PASS, "'gone'"));
	CHECK(count(&o, "lost") == 1);
	outcome_deinit(&o);
}

/* With nothing else to judge by, one that is real must be there. */
static void periodic_captures(void)
{
	static const struct run_edit nobody[] = {PLAN(SNAPSHOTS), {0}};
	static const struct run_edit none[] = {
		PLAN(SNAPSHOTS),
		{IN_SCENARIO, "freeze CAPTURE " CAPTURE("periodic_000", "periodic",
							",\"report\":null,\"reason\":\"late\"")},
		END_LINE("1", ""),
		{0}};
	static const struct run_edit one[] = {
		PLAN(SNAPSHOTS),
		{IN_SCENARIO, "freeze CAPTURE " CAPTURE("periodic_000", "periodic", REPORT(""))},
		END_LINE("1", ""),
		{0}};
	static const struct run_edit expects[] = {
		PLAN("\"snapshots\":3,\"expect_error\":false,\"expects\":[\"true\"]"), {0}};
	static const struct run_edit zero[] = {PLAN("\"snapshots\":0," RUN_NO_ERROR), {0}};
	struct outcome o = judge(nobody);

	CHECK(o.result.verdict.status == STATUS_INCONCLUSIVE);
	CHECK(says(&o, STATUS_INCONCLUSIVE, "nobody took captures"));
	CHECK(json_integer_value(member(&o, "periodic_target")) == 3);
	CHECK(json_is_null(member(&o, "periodic_real")));
	outcome_deinit(&o);
	o = judge(none);
	CHECK(o.result.verdict.status == STATUS_INCONCLUSIVE);
	CHECK(says(&o, STATUS_INCONCLUSIVE, "there is none: late"));
	outcome_deinit(&o);
	o = judge(one);
	CHECK(o.result.verdict.status == STATUS_PASS);
	CHECK(json_integer_value(member(&o, "periodic_real")) == 1);
	CHECK(json_integer_value(member(&o, "periodic_fired")) == 1);
	outcome_deinit(&o);
	o = judge(expects);
	CHECK(o.result.verdict.status == STATUS_PASS);
	outcome_deinit(&o);
	o = judge(zero);
	CHECK(o.result.verdict.status == STATUS_PASS);
	outcome_deinit(&o);
}

#define FAILS {IN_SCENARIO, "freeze CAPTURE " CAPTURE("x", "exit", REPORT(EXIT_INFO))}

/* A dump alone is enough to know that the scheduler failed, and by what words. */
static void a_dump_is_evidence(void)
{
	static const struct run_edit plain[] = {FAILS, END_LINE("1", ""), {0}};
	static const struct run_edit expected[] = {
		PLAN("\"expect_error\":true,\"expect_error_text\":\"failed to run\",\"expects\":[]"),
		FAILS,
		END_LINE("1", ""),
		{0}};
	static const struct run_edit other[] = {
		PLAN("\"expect_error\":true,\"expect_error_text\":\"lockup\",\"expects\":[]"),
		FAILS,
		END_LINE("1", ""),
		{0}};
	struct outcome o = judge(plain);

	CHECK(o.result.verdict.status == STATUS_FAIL);
	CHECK(says(&o, STATUS_FAIL,
		   "as its dump shows: SCX_EXIT_ERROR_STALL: runnable task stall"));
	CHECK(json_integer_value(json_object_get(member(&o, "failure_dump"), "exit_kind")) == 1026);
	outcome_deinit(&o);
	o = judge(expected);
	CHECK(o.result.verdict.status == STATUS_PASS && o.result.verdict.expected_error);
	outcome_deinit(&o);
	o = judge(other);
	CHECK(o.result.verdict.status == STATUS_FAIL);
	outcome_deinit(&o);
}

static void wrong_sources_and_shapes(void)
{
	static const struct run_edit edits[] = {
		{IN_SCENARIO, "guest CAPTURE " CAPTURE("a", "op", REPORT(""))},
		{"<guest SCENARIO_END", "freeze CAPTURE {}"},
		{"<guest GUEST_EXIT", "freeze FREEZE_NOTE {\"kind\":\"other\",\"message\":\"m\"}"},
		END_LINE("0", ""),
		{"<boot EXIT", "freeze FREEZE_END {\"captures\":0}"},
		{0}};
	struct outcome o = judge(edits);

	CHECK(o.run->misplaced == 1 && o.run->malformed == 2 && o.run->repeated == 1);
	CHECK(o.result.verdict.status == STATUS_INCONCLUSIVE && o.run->captures.n == 0);
	outcome_deinit(&o);
}

static int collect(void *ctx, const void *data, size_t len)
{
	return buf_add(ctx, data, len);
}

static json_t *whole(const struct outcome *o)
{
	_cleanup_buf_ struct buf out = {0};

	CHECK(render_json_whole(&o->result, collect, &out) == 0);
	return json_loadb(buf_text(&out), out.len, JSON_REJECT_DUPLICATES, NULL);
}

static json_t *file_json(const struct outcome *o, enum kept which)
{
	_cleanup_buf_ struct buf out = {0};

	CHECK(result_file(&o->result, which, collect, &out) == 0);
	return json_loadb(buf_text(&out), out.len, JSON_REJECT_DUPLICATES, NULL);
}

static void files(void)
{
	static const struct run_edit edits[] = {
		{IN_SCENARIO, "freeze CAPTURE " CAPTURE("a", "op", REPORT(""))},
		{"<guest SCENARIO_END", "freeze CAPTURE " CAPTURE("b", "op", ",\"report\":null")},
		{"<guest GUEST_EXIT", "freeze CAPTURE " CAPTURE("x", "exit", REPORT(EXIT_INFO))},
		END_LINE("3", ""),
		{0}};
	_cleanup_buf_ struct buf text = {0};
	struct outcome o = judge(edits);
	json_t *json;

	o.result.keep = true;
	json = whole(&o);
	CHECK(json_is_object(json) &&
	      json_object_size(json) == json_object_size(o.json)); /* the same members */
	CHECK(json_is_object(
		json_object_get(json_array_get(json_object_get(json, "snapshots"), 0), "report")));
	CHECK_STR(json_string_value(json_object_get(json_object_get(json, "failure_dump"), "file")),
		  "fair.failure-dump.json");
	CHECK(json_is_object(json_object_get(json_object_get(json, "failure_dump"), "report")));
	json_decref(json);
	json = file_json(&o, KEPT_SNAPSHOTS);
	CHECK(json_array_size(json) == 2);
	CHECK(json_is_null(json_object_get(json_array_get(json, 1), "report")));
	json_decref(json);
	json = file_json(&o, KEPT_DUMP);
	CHECK_STR(json_string_value(json_object_get(json, "test")), "fair");
	CHECK_STR(json_string_value(json_object_get(json, "tag")), "x");
	CHECK_STR(json_string_value(json_object_get(json, "schema")), "single");
	json_decref(json);
	CHECK(result_file(&o.result, KEPT_DUMP_TEXT, collect, &text) == 0);
	CHECK_STR(buf_text(&text), "line\nl\xef\xbf\xbd");
	outcome_deinit(&o);
}

static void no_files(void)
{
	struct outcome o = judge(NULL);
	json_t *json = whole(&o);

	CHECK(json_equal(json, o.json));
	for (unsigned int i = KEPT_SNAPSHOTS; i < KEPTS; i++) {
		_cleanup_buf_ struct buf out = {0};

		CHECK(!result_has_file(&o.result, (enum kept)i));
		CHECK(result_file(&o.result, (enum kept)i, collect, &out) == 0 && out.len == 0);
	}
	json_decref(json);
	outcome_deinit(&o);
}

/* ---- seeds for tests/fuzz/captures.c ---- */

static int write_seeds(const char *dir)
{
	static const char *const seeds[] = {
		"m" CAPTURE("a", "watch", ",\"frozen_ns\":5,\"symbol\":\"s\"" REPORT("")),
		"m" CAPTURE("x", "exit", REPORT(EXIT_INFO)),
		"m" CAPTURE("x", "periodic", ",\"report\":null,\"reason\":\"r\\u0041\""),
		"r{\"schema\":\"single\"" EXIT_INFO
		",\"prog_stats\":[{\"name\":\"p\"}],\"maps\":[]}",
		"r{\"scx_sched_state\":{\"exit_kind\":1024},\"n\":[-1.5e3,true,null]}",
	};
	int failed = 0;

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		struct buf seed = {.data = (char *)seeds[i], .len = strlen(seeds[i])};
		char name[16];

		snprintf(name, sizeof(name), "%zu", i);
		failed |= seed_write(dir, name, &seed);
	}
	return failed;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0)
		return write_seeds(argv[2]);
	RUN(json_valid);
	RUN(json_depth);
	RUN(json_members);
	RUN(json_pasted);
	RUN(a_capture);
	RUN(malformed_captures);
	RUN(too_much_beside_the_report);
	RUN(placeholders);
	RUN(degraded_captures);
	RUN(no_utf8);
	RUN(a_tag_used_twice);
	RUN(more_than_are_kept);
	RUN(bytes_that_are_kept);
	RUN(a_failure);
	RUN(a_failure_in_part);
	RUN(several_failures);
	RUN(programs);
	RUN(nobody_took_captures);
	RUN(captures_in_a_run);
	RUN(a_failed_capture_fails_no_test);
	RUN(a_lost_capture_is_told);
	RUN(periodic_captures);
	RUN(a_dump_is_evidence);
	RUN(wrong_sources_and_shapes);
	RUN(files);
	RUN(no_files);
	return TEST_END();
}
