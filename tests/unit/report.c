/* SPDX-License-Identifier: GPL-2.0-only */
/* The forms of a result, on streams that are whole, cut or hostile. */
#include "report/result.h"

#include <jansson.h>

#include "../helper/run_lines.h"
#include "base/clean.h"
#include "base/io.h"
#include "seeds.h"
#include "test.h"

typedef int (*render_fn)(const struct result *r, struct buf *out);
static const render_fn renders[] = {render_json, render_text, render_tap, render_ktap,
				    render_junit};
#define RENDERS (sizeof(renders) / sizeof(renders[0]))

struct judged {
	struct run *run;
	struct result result;
};

static struct judged judge(const char *data, size_t len)
{
	struct tlv_reader *reader = tlv_reader_create();
	struct judged j = {.run = run_create()};
	struct tlv_message m;

	tlv_reader_feed(reader, data, len);
	while (tlv_reader_next(reader, &m))
		run_add(j.run, &m);
	tlv_reader_end(reader);
	while (tlv_reader_next(reader, &m))
		run_add(j.run, &m);
	run_finish(j.run, tlv_reader_stats(reader), len);
	tlv_reader_destroy(reader);
	CHECK(result_init(&j.result, j.run, EXPECT_LATER, NULL) == 0);
	return j;
}

static void judged_deinit(struct judged *j)
{
	result_deinit(&j->result);
	run_destroy(j->run);
}

/* One form as text; the caller frees. */
static char *form(const struct judged *j, render_fn render)
{
	struct buf out = {0};

	CHECK(render(&j->result, &out) == 0);
	CHECK(strlen(buf_text(&out)) == out.len);
	return out.data;
}

static json_t *json_of(const struct judged *j)
{
	_cleanup_free_ char *text = form(j, render_json);
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	CHECK(json_is_object(json));
	return json;
}

static json_t *at(json_t *json, const char *path)
{
	char copy[128], *rest = copy, *word;

	snprintf(copy, sizeof(copy), "%s", path);
	while ((word = strsep(&rest, ".")))
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(word))
					   : json_object_get(json, word);
	return json;
}

static void good_run_as_json(void)
{
	struct frames f;
	struct judged j;
	json_t *json;

	run_frames(NULL, &f);
	j = judge(f.out.data, f.out.len);
	json = json_of(&j);
	CHECK_STR(json_string_value(at(json, "entry_name")), "fair");
	CHECK_STR(json_string_value(at(json, "status")), "pass");
	CHECK(json_is_true(at(json, "success")) && json_is_false(at(json, "timed_out")));
	CHECK(json_integer_value(at(json, "exit_code")) == 0);
	CHECK(json_real_value(at(json, "duration")) == 3.0);
	CHECK(json_real_value(at(json, "cleanup_duration")) == 0.005);
	CHECK(json_is_null(at(json, "monitor")) && json_is_null(at(json, "kern_kaslr_offset")));
	CHECK(json_is_null(at(json, "crash_message")) && json_is_null(at(json, "kmsg")));
	CHECK(json_array_size(at(json, "reasons")) == 0);
	CHECK_STR(json_string_value(at(json, "repro")), "ktstr-boot --a 'b c'");
	CHECK_STR(json_string_value(at(json, "scheduler.output")), "hello from the scheduler\n");
	CHECK_STR(json_string_value(at(json, "console_tail")),
		  "[    0.000000] Linux version 7.3\n");
	CHECK(json_integer_value(at(json, "guest_messages.counts.WORKER")) == 3);
	CHECK(json_is_false(at(json, "stream.truncated")));
	CHECK(json_integer_value(at(json, "stream.bytes")) == (json_int_t)f.out.len);
	json_decref(json);
	judged_deinit(&j);
	frames_deinit(&f);
}

static void figures(void)
{
	struct frames f;
	struct judged j;
	json_t *json;

	run_frames(NULL, &f);
	j = judge(f.out.data, f.out.len);
	json = json_of(&j);
	CHECK(json_array_size(at(json, "stats.cgroups")) == 1);
	CHECK(json_integer_value(at(json, "stats.cgroups.0.num_workers")) == 3);
	CHECK_STR(json_string_value(at(json, "stats.cgroups.0.cpus")), "0-1");
	CHECK(json_real_value(at(json, "stats.cgroups.0.min_off_cpu_pct")) == 50.0);
	CHECK(json_real_value(at(json, "stats.cgroups.0.max_off_cpu_pct")) == 99.9999);
	CHECK(json_real_value(at(json, "stats.cgroups.0.max_gap_ms")) == 1000.0);
	CHECK(json_integer_value(at(json, "stats.cgroups.0.max_gap_cpu")) == 1);
	CHECK(json_real_value(at(json, "stats.cgroups.0.migration_ratio")) == 0.01);
	/* Only one worker told a p99, none of them told samples for a median. */
	CHECK(json_real_value(at(json, "stats.cgroups.0.p99_wake_latency_us")) == 2.0);
	CHECK(json_is_null(at(json, "stats.cgroups.0.median_wake_latency_us")));
	CHECK(json_integer_value(at(json, "stats.total_iterations")) == 300);
	CHECK(json_array_size(at(json, "phases")) == 2);
	CHECK(json_integer_value(at(json, "phases.1.iterations")) == 200);
	CHECK(json_real_value(at(json, "phases.1.iterations_per_sec")) == 200.0);
	CHECK(json_array_size(at(json, "stimulus_timeline")) == 6);
	json_decref(json);
	judged_deinit(&j);
	frames_deinit(&f);
}

/* Without its own end the last step takes the scenario's. */
static void last_step_has_a_rate(void)
{
	static const struct run_edit edits[] = {{"-guest STEP_END {\"step\":1", NULL}, {0}};
	struct frames f;
	struct judged j;

	run_frames(edits, &f);
	j = judge(f.out.data, f.out.len);
	CHECK(j.result.phases.n == 2 && !j.result.phases.list[1].complete);
	CHECK(j.result.phases.list[1].iterations == 200);
	CHECK(j.result.phases.list[1].rate == 200.0);
	judged_deinit(&j);
	frames_deinit(&f);
}

/* Whatever the cut: it is told, nothing passes, all forms can be made, and JSON is JSON. */
static void cut_stream(const char *data, size_t total)
{
	for (size_t len = 0; len < total; len++) {
		struct judged j = judge(data, len);
		const struct verdict *v = &j.result.verdict;

		CHECK(run_truncated(j.run));
		CHECK(v->status >= STATUS_INCONCLUSIVE && !v->success);
		for (size_t i = 1; i < RENDERS && len % 16 == 0; i++)
			free(form(&j, renders[i]));
		if (len % 4 == 0)
			json_decref(json_of(&j));
		judged_deinit(&j);
	}
}

static void cut_at_every_offset(void)
{
	struct frames f;

	run_frames(NULL, &f);
	cut_stream(f.out.data, f.out.len);
	frames_deinit(&f);
}

/* A recording that the caller names: how a real run looks when it is cut. */
static const char *recording;
static void recording_cut_at_every_offset(void)
{
	_cleanup_buf_ struct buf b = {0};
	struct err e;
	int failed = io_read_file(recording, 1u << 20, &b, &e);

	CHECK(!failed);
	cut_stream(buf_text(&b), b.len);
}

#define EVIL \
	"\\x1b[31mred\\x00\\xff\\xc2\\x9b]]>&<b>\\\"'\\x07\\r\\n# not ok 1 - x\\nok 2 y # SKIP\\n"

static bool has_control(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	for (; *p; p++)
		if ((*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f ||
		    (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f))
			return true;
	return false;
}

static void hostile_texts_are_tamed(void)
{
	static const struct run_edit edits[RUN_EDITS_MAX] = {
		{"<boot EXIT", "boot CONSOLE " EVIL},
		{"<guest LIFE", "guest SCHED_OUTPUT " EVIL},
		{"<guest SCENARIO_START", "guest TROUBLE {\"kind\":\"step\",\"message\":"
					  "\"\\u001b[2J\\u009b]]>&<b>\\n\\r\\n# x\\tok 7 - y\"}"},
		{"<guest GUEST_EXIT", "guest TROUBLE {\"kind\":\"step\",\"message\":"
				      "\"bad \xff byte # SKIP\"}"},
		{"=boot COM2", "boot COM2 PANIC: " EVIL},
	};
	struct frames f;
	struct judged j;

	run_frames(edits, &f);
	j = judge(f.out.data, f.out.len);
	CHECK(j.run->malformed == 0 && j.run->n_troubles == 2);
	for (size_t i = 0; i < RENDERS; i++) {
		_cleanup_free_ char *text = form(&j, renders[i]);

		CHECK(clean_is_utf8(text, strlen(text)));
		CHECK(!has_control(text));
		/* No line of a guest's begins a line that a TAP reader would take. */
		CHECK(i == 1 || !strstr(text, "\nok 2 y") || renders[i] == render_junit);
		CHECK(!strstr(text, "- bad") || !strstr(text, "byte # SKIP\n") || i < 2);
	}
	json_decref(json_of(&j));
	judged_deinit(&j);
	frames_deinit(&f);
}

static void rows_do_not_hang_on_the_outcome(void)
{
	static const struct run_edit dead[] = {{"=boot EXIT", "boot EXIT {\"reason\":"
							      "\"engine-failed\",\"timed_out\":"
							      "false}"},
					       {"-guest", NULL},
					       {0}};
	struct frames f;
	struct judged j;
	unsigned int good;

	run_frames(NULL, &f);
	j = judge(f.out.data, f.out.len);
	good = result_rows(&j.result);
	CHECK(good == 8);
	judged_deinit(&j);
	frames_deinit(&f);
	run_frames(dead, &f);
	j = judge(f.out.data, f.out.len);
	CHECK(result_rows(&j.result) == good);
	for (unsigned int i = 0; i < good; i++) {
		char name[ROW_NAME_MAX];
		unsigned int row;
		enum row_state state = result_row(&j.result, i, name, &row);

		CHECK(state == (row == ROW_MACHINE  ? ROW_NOT_OK
				: row == ROW_STREAM ? ROW_OK
						    : ROW_NOT_JUDGED));
	}
	judged_deinit(&j);
	frames_deinit(&f);
}

/* A long console: the result keeps its end and says how much is missing. */
static void long_texts_are_cut_and_counted(void)
{
	struct frames f = {0};
	struct judged j;
	json_t *json;
	uint64_t total;

	for (unsigned int i = 0; i < 60000; i++)
		run_line_put(&f, i ? "boot CONSOLE a line of the console, forty bytes long..\\n"
				   : "boot CONSOLE [ 0.0] Kernel panic - not syncing: first\\n");
	j = judge(f.out.data, f.out.len);
	json = json_of(&j);
	total = tail_total(&j.run->texts[RUN_CONSOLE]);
	CHECK(json_string_length(at(json, "stderr")) <= RESULT_TEXT_MAX);
	CHECK((uint64_t)json_integer_value(at(json, "cut_bytes.console")) +
		      json_string_length(at(json, "stderr")) ==
	      total);
	CHECK(strncmp(json_string_value(at(json, "stderr")), "a line", 6) == 0);
	CHECK_STR(j.run->console.panic, "Kernel panic - not syncing: first");
	json_decref(json);
	judged_deinit(&j);
	frames_deinit(&f);
}

static void many_workers_are_listed_in_part(void)
{
	struct frames f = {0};
	struct judged j;
	json_t *json;

	for (unsigned int i = 0; i < RESULT_WORKERS_MAX + 9; i++)
		run_line_put(&f, "guest WORKER {\"tid\":1,\"cgroup\":\"c\",\"work\":\"w\","
				 "\"completed\":false,\"exit\":\"exited\"}");
	j = judge(f.out.data, f.out.len);
	json = json_of(&j);
	CHECK(json_array_size(at(json, "workers")) == RESULT_WORKERS_MAX);
	CHECK(json_integer_value(at(json, "workers_omitted")) == 9);
	CHECK(json_integer_value(at(json, "stats.total_reports")) == RESULT_WORKERS_MAX + 9);
	json_decref(json);
	judged_deinit(&j);
	frames_deinit(&f);
}

static void exit_code_from_the_sentinel(void)
{
	static const struct run_edit edits[] = {
		{"-guest GUEST_EXIT", NULL}, {"=boot COM2", "boot COM2 x\\nKTSTR_EXIT=17\\n"}, {0}};
	static const struct run_edit none[] = {
		{"-guest GUEST_EXIT", NULL}, {"=boot COM2", "boot COM2 x\\nKTSTR_EXIT=\\n"}, {0}};
	struct frames f;
	struct judged j;

	run_frames(edits, &f);
	j = judge(f.out.data, f.out.len);
	CHECK(run_exit_code(j.run) == 17);
	judged_deinit(&j);
	frames_deinit(&f);
	run_frames(none, &f);
	j = judge(f.out.data, f.out.len);
	CHECK(run_exit_code(j.run) == RUN_ABSENT);
	judged_deinit(&j);
	frames_deinit(&f);
}

/* report [RECORDING] */
/* ---- seeds for tests/fuzz/report.c: a first byte that chooses, and what it wants ---- */

/* As the target's pieces have it: type, source, length, payload. */
static void seed_piece(struct buf *seed, const char *source, const char *type, const char *payload)
{
	const struct tlv_type_info *info = tlv_type_by_name(type);
	size_t len = strlen(payload);
	uint8_t head[] = {(uint8_t)info->type, tlv_source_by_name(source), (uint8_t)len,
			  (uint8_t)(len >> 8)};

	buf_add(seed, head, sizeof(head));
	buf_add(seed, payload, len);
}

#define SEED_CAPTURE(tag, trigger, report) \
	"{\"tag\":\"" tag "\",\"trigger\":\"" trigger "\",\"number\":1,\"report\":" report "}"

static int write_seeds(const char *dir)
{
	_cleanup_buf_ struct buf pieces = {0}, stream = {0};
	struct frames f;
	int failed;

	buf_add(&pieces, "\0", 1);
	seed_piece(&pieces, "guest", "REQUEST",
		   "{\"request\":\"periodic\",\"text\":\"p\",\"status\":\"ok\",\"due_ns\":1}");
	seed_piece(&pieces, "freeze", "CAPTURE",
		   SEED_CAPTURE("p", "periodic", "{\"schema\":\"single\",\"maps\":[]}"));
	seed_piece(&pieces, "freeze", "CAPTURE",
		   SEED_CAPTURE("x", "exit", "{\"exit_info\":{\"kind\":1026,\"dump\":\"d\"}}"));
	seed_piece(&pieces, "freeze", "FREEZE_NOTE", "{\"kind\":\"missed\",\"message\":\"m\"}");
	seed_piece(&pieces, "freeze", "FREEZE_END", "{\"captures\":3,\"reason\":\"done\"}");
	failed = seed_write(dir, "captures", &pieces);
	run_frames(NULL, &f);
	buf_add(&stream, "\1", 1);
	buf_add(&stream, f.out.data, f.out.len);
	failed |= seed_write(dir, "run", &stream);
	frames_deinit(&f);
	return failed;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0)
		return write_seeds(argv[2]);
	RUN(good_run_as_json);
	RUN(figures);
	RUN(last_step_has_a_rate);
	RUN(cut_at_every_offset);
	RUN(hostile_texts_are_tamed);
	RUN(rows_do_not_hang_on_the_outcome);
	RUN(long_texts_are_cut_and_counted);
	RUN(many_workers_are_listed_in_part);
	RUN(exit_code_from_the_sentinel);
	if (argc > 1) {
		recording = argv[1];
		RUN(recording_cut_at_every_offset);
	}
	return TEST_END();
}
