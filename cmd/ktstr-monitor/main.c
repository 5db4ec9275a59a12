/* SPDX-License-Identifier: GPL-2.0-only */
/* ktstr-monitor: see a guest's scheduler through its memory. See ktstr-monitor(1). */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/parse.h"
#include "base/tool.h"
#include "loop.h"
#include "print.h"
#include "sandbox/sandbox.h"
#include "target/options.h"

enum {
	OPT_INTERVAL = TARGET_OPTS,
	OPT_COUNT,
	OPT_ONCE,
	OPT_FOR,
	OPT_WAIT,
	OPT_PARTS,
	OPT_FORMAT,
	OPT_WATCHDOG,
	OPT_PRINT,
};

static const struct tool_opt opts[] = {
	TARGET_OPTION_TABLE,
	[OPT_INTERVAL] = {"interval", "SPAN", "between samples (default 100ms)"},
	[OPT_COUNT] = {"count", "N", "end after N samples"},
	[OPT_ONCE] = {"once", NULL, "one sample, as --count 1, and no live table"},
	[OPT_FOR] = {"for", "SPAN", "end so long after the first sample"},
	[OPT_WAIT] = {"wait", "SPAN", "how long a kernel may take to come up (default 30s)"},
	[OPT_PARTS] = {"parts", "LIST", "out of domains,progs,dsqs or none (default all)"},
	[OPT_FORMAT] = {"format", "FORMAT", "text (default), json or tlv"},
	[OPT_WATCHDOG] = {"watchdog", "SPAN", "set the timeout of sched_ext's watchdog"},
	[OPT_PRINT] = {"print", "WHAT", "print dmesg, kallsyms, btf or vmcoreinfo and exit"},
	{0},
};

static const struct tool tool = {
	.name = "ktstr-monitor",
	.summary = "Show what the scheduler of a guest does, from its memory alone.",
	.opts = opts,
};

#define INTERVAL_MIN_NS (100 * NSEC_PER_USEC)
#define INTERVAL_MAX_NS (3600 * NSEC_PER_SEC)
#define WATCHDOG_MAX_NS (24 * 3600 * NSEC_PER_SEC)

struct job {
	struct target_options target;
	struct loop_options loop;
	unsigned int parts;
	enum emit_format format;
	const struct print *print;
	bool once;
	bool tty; /* standard output is one */
};

/* ---- options ---- */

static unsigned int parse_parts(const char *text)
{
	static const struct {
		const char *name;
		unsigned int parts;
	} known[] = {{"domains", SAMPLER_DOMAINS},
		     {"progs", SAMPLER_PROGS},
		     {"dsqs", SAMPLER_DSQS},
		     {"all", SAMPLER_ALL},
		     {"none", 0}};
	unsigned int ret = 0;

	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ","), i = 0, n = sizeof(known) / sizeof(known[0]);

		while (i < n &&
		       (strlen(known[i].name) != len || strncmp(known[i].name, at, len) != 0))
			i++;
		if (i == n)
			tool_die(&tool, TOOL_USAGE, "--parts: unknown part '%.*s'", (int)len, at);
		ret |= known[i].parts;
		at += len;
		if (!*at)
			return ret;
	}
}

static enum emit_format parse_format(const char *text)
{
	static const char *const names[] = {
		[EMIT_TEXT] = "text", [EMIT_JSON] = "json", [EMIT_TLV] = "tlv"};

	return (enum emit_format)tool_parse_choice(&tool, "format", text, names,
						   sizeof(names) / sizeof(names[0]));
}

static void take_loop_option(struct job *job, int opt, const char *arg)
{
	struct err e;

	switch (opt) {
	case OPT_INTERVAL:
		job->loop.interval_ns =
			tool_parse_span(&tool, "interval", arg, INTERVAL_MIN_NS, INTERVAL_MAX_NS);
		break;
	case OPT_COUNT:
		if (parse_u64(arg, 1, UINT64_MAX, &job->loop.count, &e))
			tool_bad_option(&tool, "count", &e);
		break;
	case OPT_ONCE:
		job->once = true;
		break;
	case OPT_FOR:
		job->loop.span_ns = tool_parse_span(&tool, "for", arg, 1, UINT64_MAX);
		break;
	case OPT_WATCHDOG:
		job->loop.watchdog_ns =
			tool_parse_span(&tool, "watchdog", arg, NSEC_PER_MSEC, WATCHDOG_MAX_NS);
		job->target.writable = job->target.listen = true;
		break;
	case OPT_WAIT:
		job->loop.wait_ns = tool_parse_span(&tool, "wait", arg, 0, UINT64_MAX);
		break;
	}
}

static void take_option(struct job *job, int opt, const char *arg)
{
	if (opt < TARGET_OPTS) {
		target_option_take(&tool, opt, arg, &job->target);
		return;
	}
	switch (opt) {
	case OPT_PARTS:
		job->parts = parse_parts(arg);
		break;
	case OPT_FORMAT:
		job->format = parse_format(arg);
		break;
	case OPT_PRINT:
		job->print = print_find(arg);
		if (!job->print)
			tool_die(&tool, TOOL_USAGE, "--print: there is no '%s' to print", arg);
		break;
	default:
		take_loop_option(job, opt, arg);
	}
}

static void job_parse(struct job *job, int argc, char **argv)
{
	const char *arg;
	int opt;

	while ((opt = tool_next_option(&tool, argc, argv, &arg)) >= 0)
		take_option(job, opt, arg);
	if (optind < argc)
		tool_die(&tool, TOOL_USAGE, "unexpected operand '%s'", argv[optind]);
	target_options_check(&tool, &job->target);
	if (job->target.writable && !job->target.vm_dir)
		tool_die(&tool, TOOL_USAGE, "--watchdog goes with --vm");
	if (job->target.writable && job->print)
		tool_die(&tool, TOOL_USAGE, "--watchdog and --print do not go together");
	if (job->once && job->loop.count > 1)
		tool_die(&tool, TOOL_USAGE, "--once and --count do not go together");
	if (job->once)
		job->loop.count = 1;
	job->tty = isatty(STDOUT_FILENO);
	if (job->format == EMIT_TEXT && job->tty && !job->once && !job->print)
		job->format = EMIT_LIVE;
}

/* ---- the action ---- */

/* All that is left to do once everything is open: the guest's bytes are read after this. */
static int guard(struct err *e)
{
	static const char *const needed[] = {"recvmsg", "sendto", NULL};

	/* Else it would open a file for it. */
	json_object_seed(0);
	return sandbox_enter(needed, e);
}

static enum loop_end loop_print(struct loop *l, const struct print *what, bool tty)
{
	_cleanup_buf_ struct buf raw = {0};
	enum loop_end end;
	struct err e;

	l->give_up_ns = clock_deadline_ns(l->o->wait_ns);
	end = loop_attach(l);
	if (end != LOOP_GOES_ON)
		return end;
	if (what->run(l->follow.kernel, &raw, &l->error))
		return LOOP_FAILED;
	/* A terminal does what it is told. */
	if (tty && clean_text(&l->emit.out.data, buf_text(&raw), raw.len)) {
		err_set(&l->error, ENOMEM, "out of memory");
		return LOOP_FAILED;
	}
	if (!tty) {
		l->emit.out.data = raw;
		raw = (struct buf){0};
	}
	if (out_flush(&l->emit.out, CLOCK_NEVER, &e))
		return loop_output_end(l, &e);
	l->valid = 1;
	return LOOP_COUNT;
}

static int end_status(const struct loop *l, enum loop_end end)
{
	switch (end) {
	case LOOP_NO_KERNEL:
		if (l->valid)
			return TOOL_PASS;
		tool_warn(&tool, "%s", l->error.text);
		return l->error.code == EAGAIN ? TOOL_INCONCLUSIVE : TOOL_USAGE;
	case LOOP_FAILED:
		tool_warn(&tool, "%s", l->error.text);
		return TOOL_USAGE;
	case LOOP_SIGNAL:
		return TOOL_SIGNAL_BASE + (l->signal ? l->signal : SIGTERM);
	case LOOP_CLOSED:
		return TOOL_PASS;
	case LOOP_GOES_ON:
	case LOOP_COUNT:
	case LOOP_SPAN:
	case LOOP_VM_GONE:
		break;
	}
	if (l->valid)
		return TOOL_PASS;
	tool_warn(&tool, l->samples ? "no sample was valid" : "the machine ended before a sample");
	return TOOL_INCONCLUSIVE;
}

static int job_run(const struct job *job, struct target *target)
{
	struct loop l = {.o = &job->loop,
			 .target = target,
			 .follow = {.target = target, .parts = job->parts}};
	enum loop_end end;
	struct err e;
	int status;

	if (job->format == EMIT_LIVE && screen_start(&l.emit.screen, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	l.signal_fd = tool_signal_fd(&e);
	if (l.signal_fd < 0 || guard(&e)) {
		const char *leave = screen_leave(&l.emit.screen);

		(void)!write(STDOUT_FILENO, leave, strlen(leave));
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	}
	emit_init(&l.emit, job->format, l.signal_fd);
	end = job->print ? loop_print(&l, job->print, job->tty) : loop_run(&l);
	status = end_status(&l, end);
	follow_detach(&l.follow);
	emit_deinit(&l.emit);
	close(l.signal_fd);
	return status;
}

int main(int argc, char **argv)
{
	struct job job = {
		.loop = {.interval_ns = 100 * NSEC_PER_MSEC, .wait_ns = 30 * NSEC_PER_SEC},
		.parts = SAMPLER_ALL};
	struct target target;
	struct err e;
	int status;

	signal(SIGPIPE, SIG_IGN);
	job_parse(&job, argc, argv);
	job.target.deadline_ns = clock_deadline_ns(job.loop.wait_ns);
	if (target_open(&target, &job.target, &e))
		tool_die(&tool, e.code == EAGAIN ? TOOL_INCONCLUSIVE : TOOL_USAGE, "%s", e.text);
	status = job_run(&job, &target);
	target_close(&target);
	target_options_deinit(&job.target);
	return status;
}
