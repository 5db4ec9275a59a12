/* SPDX-License-Identifier: GPL-2.0-only */
/* ktstr-report: frames in, verdict out. See ktstr-report(1). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/paths.h"
#include "base/tool.h"
#include "report/judge.h"
#include "report/result.h"
#include "report/sink.h"

enum { OPT_FORMAT, OPT_RECORD, OPT_SIDECAR, OPT_SHARE, OPT_NO_EXPECT };

static const struct tool_opt opts[] = {
	[OPT_FORMAT] = {"format", "FORMAT", "json (default), text, tap, ktap or junit"},
	[OPT_RECORD] = {"record", "FILE", "write the raw stream to FILE as it comes"},
	[OPT_SIDECAR] = {"sidecar", "DIR",
			 "keep DIR/TEST.json, DIR/TEST.tlv and what was captured"},
	[OPT_SHARE] = {"share", "DIR", "where expectations find ktstr.jq"},
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
	struct judge_options options;
	const char *record, *sidecar, *input;
	bool failed; /* something could not be written: the status is at least TOOL_USAGE */
	struct sink record_sink, sidecar_sink;
	char share[PATH_MAX];
	char paths[KEPTS][PATH_MAX]; /* "" until they are there */
};

static render_fn format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return formats[i].render;
	tool_die(&tool, TOOL_USAGE, "--format: unknown format '%s'", name);
}

/* Where our jq module is: as told, or else among our data. */
static void job_library(struct job *job)
{
	const char *told = getenv("KTSTR_SHARE");
	struct err e;

	if (job->options.library)
		return;
	if (!told && paths_share("", job->share, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	job->options.library = told ? told : job->share;
}

static void job_parse(struct job *job, int argc, char **argv)
{
	const char *arg;
	int opt;

	job->options.render = render_json;
	job->input = "-";
	while ((opt = tool_next_option(&tool, argc, argv, &arg)) >= 0) {
		switch (opt) {
		case OPT_FORMAT:
			job->options.render = format_find(arg);
			break;
		case OPT_RECORD:
			job->record = arg;
			break;
		case OPT_SIDECAR:
			job->sidecar = arg;
			break;
		case OPT_SHARE:
			job->options.library = arg;
			break;
		case OPT_NO_EXPECT:
			job->options.no_expect = true;
			break;
		}
	}
	if (argc - optind > 1)
		tool_die(&tool, TOOL_USAGE, "more than one file: '%s'", argv[optind + 1]);
	if (optind < argc)
		job->input = argv[optind];
	job->options.keep = job->sidecar;
	job_library(job);
}

static void job_warn(struct job *job, const struct err *e)
{
	tool_warn(&tool, "%s", e->text);
	job->failed = true;
}

static int job_open(const struct job *job)
{
	struct err e;
	int fd;

	if (strcmp(job->input, "-") == 0)
		return STDIN_FILENO;
	fd = open(job->input, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_sys(&e, "cannot open '%s'", job->input);
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	}
	return fd;
}

/* Pass the stream on to the judge and into the files, as it comes. */
static int job_pump(struct job *job, int fd, struct judge *judge, struct err *e)
{
	static char data[65536];
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read '%s'",
				       fd == STDIN_FILENO ? "standard input" : job->input);
		sink_take(&job->record_sink, data, (size_t)n);
		sink_take(&job->sidecar_sink, data, (size_t)n);
		judge_feed(judge, data, (size_t)n);
	}
	return 0;
}

static void job_read(struct job *job, int fd, struct judge *judge)
{
	struct err e;

	if (job->record)
		sink_open(&job->record_sink, job->record);
	if (job->sidecar)
		sink_open_in(&job->sidecar_sink, job->sidecar);
	if (job_pump(job, fd, judge, &e)) {
		sink_close(&job->sidecar_sink);
		judge_destroy(judge);
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	}
	if (sink_close(&job->record_sink))
		job_warn(job, &job->record_sink.error);
}

/* The path of a file that is kept; false when that is too long, which is told. */
static bool job_path(struct job *job, const char *test, enum kept which, char ret[PATH_MAX])
{
	struct err e;

	if (snprintf(ret, PATH_MAX, "%s/%s%s", job->sidecar, test, kept_suffixes[which]) < PATH_MAX)
		return true;
	*ret = 0;
	err_set(&e, ENAMETOOLONG, "path '%s' is too long", job->sidecar);
	job_warn(job, &e);
	return false;
}

/* Name the file in @s, whose name is known only now. */
static void job_keep(struct job *job, const char *test, enum kept which, struct sink *s)
{
	char path[PATH_MAX];
	struct err e;

	if (!job_path(job, test, which, path))
		return;
	if (s->failed) {
		errno = s->error.code;
		err_sys(&e, "cannot keep '%s'", path);
		job_warn(job, &e);
	} else if (sink_keep(s, path)) {
		job_warn(job, &s->error);
	} else {
		memcpy(job->paths[which], path, sizeof(path));
	}
}

static void job_keep_result(struct job *job, const struct judged *r)
{
	char path[PATH_MAX];
	struct err e;

	if (!job_path(job, r->test, KEPT_RESULT, path))
		return;
	if (io_write_file(path, buf_text(&r->json), r->json.len, &e))
		job_warn(job, &e);
	else
		memcpy(job->paths[KEPT_RESULT], path, sizeof(path));
}

struct piece_sink {
	const char *dir;
	struct sink sink;
	bool open;
};

static int piece_take(void *ctx, const void *data, size_t len)
{
	struct piece_sink *p = ctx;

	if (!p->open)
		sink_open_in(&p->sink, p->dir);
	p->open = true;
	sink_take(&p->sink, data, len);
	return 0; /* a full disk must not cost the verdict */
}

/* What an earlier run of the test left would be taken for this one's. */
static void job_remove(struct job *job, const char *test, enum kept which)
{
	char path[PATH_MAX];
	struct err e;

	if (!job_path(job, test, which, path) || unlink(path) == 0 || errno == ENOENT)
		return;
	err_sys(&e, "cannot remove '%s'", path);
	job_warn(job, &e);
}

static int job_keep_file(struct job *job, struct judge *judge, const char *test, enum kept which,
			 struct err *e)
{
	struct piece_sink p = {.dir = job->sidecar, .sink.fd = -1};
	int failed = judge_file(judge, piece_take, &p, e);

	if (!failed && p.open)
		job_keep(job, test, which, &p.sink);
	if (!failed && !*job->paths[which])
		job_remove(job, test, which);
	if (p.open)
		sink_close(&p.sink);
	return failed;
}

static int job_keep_all(struct job *job, struct judge *judge, const struct judged *r, struct err *e)
{
	if (!job->sidecar)
		return 0;
	job_keep(job, r->test, KEPT_STREAM, &job->sidecar_sink);
	for (unsigned int i = KEPT_SNAPSHOTS; i < KEPTS; i++)
		if (job_keep_file(job, judge, r->test, (enum kept)i, e))
			return -1;
	job_keep_result(job, r);
	return 0;
}

static void job_print(struct job *job, struct judge *judge)
{
	const char *paths[KEPTS];
	_cleanup_buf_ struct buf out = {0};
	struct err e;

	for (unsigned int i = 0; i < KEPTS; i++)
		paths[i] = job->paths[i];
	if (judge_form(judge, paths, &out, &e)) {
		job_warn(job, &e);
		return;
	}
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

/* A pipe must not take the place of one that is closed; using that one still fails. */
static void standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_PATH);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	static struct job job = {.record_sink.fd = -1, .sidecar_sink.fd = -1};
	_cleanup_(judged_deinit) struct judged result = {0};
	struct judge judge;
	struct err e;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	standard_descriptors();
	job_parse(&job, argc, argv);
	job.options.colour = tool_wants_colour(STDOUT_FILENO);
	fd = job_open(&job);
	if (judge_start(&judge, &job.options, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	job_read(&job, fd, &judge);
	if (judge_result(&judge, &result, &e)) {
		/* The stream is what is needed to find out why. */
		if (job.sidecar)
			job_keep(&job, result.test, KEPT_STREAM, &job.sidecar_sink);
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	}
	if (job_keep_all(&job, &judge, &result, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	job_print(&job, &judge);
	judge_destroy(&judge);
	return job_status(&job, result.status);
}
