/* SPDX-License-Identifier: GPL-2.0-only */
/* ktstr-report: frames in, verdict out. See ktstr-report(1). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/tool.h"
#include "report/expect.h"
#include "report/result.h"
#include "report/sink.h"

enum { OPT_FORMAT, OPT_RECORD, OPT_SIDECAR, OPT_NO_EXPECT };

static const struct tool_opt opts[] = {
	[OPT_FORMAT] = {"format", "FORMAT", "json (default), text, tap, ktap or junit"},
	[OPT_RECORD] = {"record", "FILE", "write the raw stream to FILE as it comes"},
	[OPT_SIDECAR] = {"sidecar", "DIR", "keep DIR/TEST.json and DIR/TEST.tlv"},
	[OPT_NO_EXPECT] = {"no-expect", NULL, "do not evaluate the plan's expectations"},
	{0},
};

static const struct tool tool = {
	.name = "ktstr-report",
	.operands = "[FILE]",
	.summary = "Judge a recorded or running test from its frames (standard input or FILE).",
	.opts = opts,
};

typedef int (*render_fn)(const struct result *r, struct buf *out);

static const struct format {
	const char *name;
	render_fn render;
} formats[] = {
	{"json", render_json}, {"text", render_text},	{"tap", render_tap},
	{"ktap", render_ktap}, {"junit", render_junit},
};

struct job {
	render_fn render;
	const char *record, *sidecar, *input;
	bool no_expect;
	bool failed; /* something could not be written: the status is at least TOOL_USAGE */
	struct sink record_sink, sidecar_sink;
	struct expect expects[RUN_EXPECTS_MAX];
};

static render_fn format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return formats[i].render;
	tool_die(&tool, TOOL_USAGE, "--format: unknown format '%s'", name);
}

static void job_parse(struct job *job, int argc, char **argv)
{
	const char *arg;
	int opt;

	job->render = render_json;
	job->input = "-";
	while ((opt = tool_next_option(&tool, argc, argv, &arg)) >= 0) {
		switch (opt) {
		case OPT_FORMAT:
			job->render = format_find(arg);
			break;
		case OPT_RECORD:
			job->record = arg;
			break;
		case OPT_SIDECAR:
			job->sidecar = arg;
			break;
		case OPT_NO_EXPECT:
			job->no_expect = true;
			break;
		}
	}
	if (argc - optind > 1)
		tool_die(&tool, TOOL_USAGE, "more than one file: '%s'", argv[optind + 1]);
	if (optind < argc)
		job->input = argv[optind];
}

static void job_warn(struct job *job, const struct err *e)
{
	tool_warn(&tool, "%s", e->text);
	job->failed = true;
}

static void out_of_memory(void)
{
	tool_die(&tool, TOOL_USAGE, "out of memory");
}

static void job_tap(void *ctx, const void *data, size_t len)
{
	struct job *job = ctx;

	sink_take(&job->record_sink, data, len);
	sink_take(&job->sidecar_sink, data, len);
}

static void job_read(struct job *job, struct run *run)
{
	struct run_tap tap = {.take = job_tap, .ctx = job};
	_cleanup_close_ int fd = -1;
	bool is_stdin = strcmp(job->input, "-") == 0;
	struct err e;

	if (!is_stdin) {
		fd = open(job->input, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			err_sys(&e, "cannot open '%s'", job->input);
			tool_die(&tool, TOOL_USAGE, "%s", e.text);
		}
	}
	job->record_sink.fd = job->sidecar_sink.fd = -1;
	if (job->record)
		sink_open(&job->record_sink, job->record);
	if (job->sidecar)
		sink_open_in(&job->sidecar_sink, job->sidecar);
	if (run_read(run, is_stdin ? STDIN_FILENO : fd, is_stdin ? "standard input" : job->input,
		     &tap, &e)) {
		sink_close(&job->sidecar_sink);
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	}
	if (sink_close(&job->record_sink))
		job_warn(job, &job->record_sink.error);
	if (job->sidecar_sink.failed) {
		/* Only now its name is known. */
		errno = job->sidecar_sink.error.code;
		err_sys(&e, "cannot keep '%s/%s.tlv'", job->sidecar, run->plan.test);
		job_warn(job, &e);
	}
}

/* Ask the expectations of the result so far. */
static void job_ask(struct job *job, const struct run *run, const struct result *so_far)
{
	_cleanup_buf_ struct buf json = {0};
	struct err e;

	if (render_json(so_far, &json))
		out_of_memory();
	for (size_t i = 0; i < json_array_size(run->plan.expects); i++) {
		struct expect *x = &job->expects[i];
		const char *program = json_string_value(json_array_get(run->plan.expects, i));

		if (expect_ask("jq", program, buf_text(&json), json.len, x, &e))
			snprintf(x->detail, sizeof(x->detail), "%s", e.text);
	}
}

static void job_judge(struct job *job, const struct run *run, struct result *ret)
{
	enum expect_mode mode = job->no_expect ? EXPECT_IGNORE : EXPECT_LATER;

	if (result_init(ret, run, mode, NULL))
		out_of_memory();
	if (job->no_expect || json_array_size(run->plan.expects) == 0 ||
	    ret->verdict.status == STATUS_MACHINE || ret->verdict.status == STATUS_SKIP)
		return;
	job_ask(job, run, ret);
	result_deinit(ret);
	if (result_init(ret, run, EXPECT_JUDGE, job->expects))
		out_of_memory();
}

static void job_keep(struct job *job, struct result *r, char json_path[PATH_MAX],
		     char stream_path[PATH_MAX])
{
	const char *test = r->run->plan.test;
	_cleanup_buf_ struct buf json = {0};
	struct err e;

	if (snprintf(json_path, PATH_MAX, "%s/%s.json", job->sidecar, test) >= PATH_MAX ||
	    snprintf(stream_path, PATH_MAX, "%s/%s.tlv", job->sidecar, test) >= PATH_MAX) {
		err_set(&e, ENAMETOOLONG, "path '%s' is too long", job->sidecar);
		job_warn(job, &e);
		return;
	}
	if (!job->sidecar_sink.failed) {
		if (sink_keep(&job->sidecar_sink, stream_path))
			job_warn(job, &job->sidecar_sink.error);
		else
			r->stream_path = stream_path;
	}
	if (render_json(r, &json))
		out_of_memory();
	if (io_write_file(json_path, buf_text(&json), json.len, &e))
		job_warn(job, &e);
	else
		r->json_path = json_path;
}

static void job_print(struct job *job, const struct result *r)
{
	_cleanup_buf_ struct buf out = {0};
	struct err e;

	if (job->render(r, &out))
		out_of_memory();
	/* A reader that has seen enough is none of our business; the status still tells. */
	if (io_write_all(STDOUT_FILENO, buf_text(&out), out.len, "standard output", &e) &&
	    e.code != EPIPE)
		job_warn(job, &e);
}

/* What could not be written counts, but never hides that the test or the machine failed. */
static int job_status(const struct job *job, enum status s)
{
	if (job->failed && s < STATUS_ERROR)
		return TOOL_USAGE;
	return status_exit(s);
}

int main(int argc, char **argv)
{
	static char json_path[PATH_MAX], stream_path[PATH_MAX];
	static struct job job;
	struct run *run = run_create();
	struct result result;
	int status;

	signal(SIGPIPE, SIG_IGN);
	job_parse(&job, argc, argv);
	if (!run)
		out_of_memory();
	job_read(&job, run);
	job_judge(&job, run, &result);
	result.colour = tool_wants_colour(STDOUT_FILENO);
	if (job.sidecar)
		job_keep(&job, &result, json_path, stream_path);
	job_print(&job, &result);
	status = job_status(&job, result.verdict.status);
	result_deinit(&result);
	run_destroy(run);
	return status;
}
