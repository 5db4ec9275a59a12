/* SPDX-License-Identifier: GPL-2.0-only */
/* ktstr-freeze: stop a guest, look at its scheduler and its BPF maps, let it go on. See
 * ktstr-freeze(1). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/parse.h"
#include "base/tool.h"
#include "dump/show.h"
#include "sandbox/sandbox.h"
#include "serve.h"
#include "target/options.h"

enum {
	OPT_FORMAT = TARGET_OPTS,
	OPT_TAG,
	OPT_CORE,
	OPT_MAX_HITS,
	OPT_MIN_GAP,
	OPT_MAX_ENTRIES,
	OPT_WAIT,
};

static const struct tool_opt opts[] = {
	TARGET_OPTION_TABLE,
	[OPT_FORMAT] = {"format", "FORMAT", "text (default), json or tlv"},
	[OPT_TAG] = {"tag", "NAME", "name of the capture (default now)"},
	[OPT_CORE] = {"core", "FILE", "write the memory as an ELF core, too"},
	[OPT_MAX_HITS] = {"max-hits", "N", "captures of each watch (default 16)"},
	[OPT_MIN_GAP] = {"min-gap", "SPAN", "least time between them (default 100ms)"},
	[OPT_MAX_ENTRIES] = {"max-entries", "N", "entries told of each map (see the manual)"},
	[OPT_WAIT] = {"wait", "SPAN", "how long a kernel may take to come up (default 30s)"},
	{0},
};

static const struct tool tool = {
	.name = "ktstr-freeze",
	.operands = "[now | serve | watch SYMBOL... | show [FILE]]",
	.summary = "Stop a guest for a moment and tell what its scheduler and BPF maps hold.",
	.opts = opts,
};

#define GAP_MAX_NS (3600 * NSEC_PER_SEC)
#define SHOW_FILE_MAX (1u << 30)

enum action { ACTION_NOW, ACTION_SERVE, ACTION_WATCH, ACTION_SHOW };

struct job {
	struct target_options target;
	enum action action;
	char **operands; /* of the action */
	size_t n_operands;
	enum emit_format format;
	const char *tag, *core;
	uint64_t max_hits, gap_ns, wait_ns, max_entries;
	bool watch_option; /* one that goes with watches was given */
	bool any_option;
};

/* ---- options ---- */

static enum emit_format parse_format(const char *text)
{
	static const char *const names[] = {
		[EMIT_TEXT] = "text", [EMIT_JSON] = "json", [EMIT_TLV] = "tlv"};

	return (enum emit_format)tool_parse_choice(&tool, "format", text, names,
						   sizeof(names) / sizeof(names[0]));
}

static void parse_number(const char *option, const char *arg, uint64_t max, uint64_t *ret)
{
	struct err e;

	if (parse_u64(arg, 1, max, ret, &e))
		tool_bad_option(&tool, option, &e);
}

static const char *parse_tag(const char *arg)
{
	json_t *text = json_string(arg);

	if (!text || !*arg || strlen(arg) >= CAPTURE_NAME_MAX)
		tool_die(&tool, TOOL_USAGE, "--tag: a name has 1 to %u bytes of UTF-8",
			 CAPTURE_NAME_MAX - 1);
	json_decref(text);
	return arg;
}

static void take_option(struct job *job, int opt, const char *arg)
{
	job->any_option = true;
	if (opt < TARGET_OPTS)
		target_option_take(&tool, opt, arg, &job->target);
	switch (opt) {
	case OPT_FORMAT:
		job->format = parse_format(arg);
		break;
	case OPT_TAG:
		job->tag = parse_tag(arg);
		break;
	case OPT_CORE:
		job->core = arg;
		break;
	case OPT_MAX_HITS:
		parse_number("max-hits", arg, UINT32_MAX, &job->max_hits);
		job->watch_option = true;
		break;
	case OPT_MIN_GAP:
		job->gap_ns = tool_parse_span(&tool, "min-gap", arg, 0, GAP_MAX_NS);
		job->watch_option = true;
		break;
	case OPT_MAX_ENTRIES:
		parse_number("max-entries", arg, MAPS_ENTRIES_MAX, &job->max_entries);
		break;
	case OPT_WAIT:
		job->wait_ns = tool_parse_span(&tool, "wait", arg, 0, UINT64_MAX);
		break;
	}
}

static enum action parse_action(const char *text)
{
	static const char *const names[] = {[ACTION_NOW] = "now",
					    [ACTION_SERVE] = "serve",
					    [ACTION_WATCH] = "watch",
					    [ACTION_SHOW] = "show"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], text) == 0)
			return (enum action)i;
	tool_die(&tool, TOOL_USAGE, "unknown action '%s' (try --help)", text);
}

static void job_check(const struct job *job)
{
	size_t max = job->action == ACTION_WATCH ? WATCHES_MAX : job->action == ACTION_SHOW;

	if (job->n_operands > max)
		tool_die(&tool, TOOL_USAGE, "unexpected operand '%s'", job->operands[max]);
	if (job->action == ACTION_SHOW && job->any_option)
		tool_die(&tool, TOOL_USAGE, "show takes no options");
	if (job->action == ACTION_SHOW)
		return;
	target_options_check(&tool, &job->target);
	if (job->action == ACTION_WATCH && !job->n_operands)
		tool_die(&tool, TOOL_USAGE, "watch: no symbol given");
	if (job->action != ACTION_NOW && !job->target.vm_dir)
		tool_die(&tool, TOOL_USAGE, "a file does not run: only 'now' goes with --mem");
	if (job->action != ACTION_NOW && (job->core || job->tag))
		tool_die(&tool, TOOL_USAGE, "--%s goes with 'now'", job->core ? "core" : "tag");
	if (job->action == ACTION_NOW && job->watch_option)
		tool_die(&tool, TOOL_USAGE, "--max-hits and --min-gap go with 'watch' and 'serve'");
}

/* People read no hundred thousand lines of a map; programs may. */
#define TEXT_ENTRIES 1000u

static void job_parse(struct job *job, int argc, char **argv)
{
	const char *arg;
	int opt;

	while ((opt = tool_next_option(&tool, argc, argv, &arg)) >= 0)
		take_option(job, opt, arg);
	if (optind < argc)
		job->action = parse_action(argv[optind++]);
	if (!job->max_entries)
		job->max_entries = job->format == EMIT_TEXT ? TEXT_ENTRIES : MAPS_ENTRIES_MAX;
	job->operands = argv + optind;
	job->n_operands = (size_t)(argc - optind);
	job_check(job);
}

/* ---- show ---- */

static int show(const struct job *job)
{
	const char *path = job->n_operands ? job->operands[0] : "-";
	_cleanup_buf_ struct buf text = {0}, out = {0};
	json_error_t error;
	json_t *json;
	struct err e;

	if (io_read_file(path, SHOW_FILE_MAX, &text, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	json = json_loadb(buf_text(&text), text.len, JSON_DECODE_ANY, &error);
	/* Some programs that it may have come through round numbers up to what is too large. */
	if (!json && json_error_code(&error) == json_error_numeric_overflow)
		json = json_loadb(buf_text(&text), text.len,
				  JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
	if (!json)
		tool_die(&tool, TOOL_USAGE, "'%s': line %d: %s", path, error.line, error.text);
	if (show_print(json, &out, &e))
		tool_die(&tool, TOOL_USAGE, "'%s': %s", path, e.text);
	json_decref(json);
	if (io_write_all(STDOUT_FILENO, out.data, out.len, "standard output", &e) &&
	    e.code != EPIPE)
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	return TOOL_PASS;
}

/* ---- the rest ---- */

/* All that is left to do once everything is open: the guest's bytes are read after this. */
static int guard(struct err *e)
{
	static const char *const needed[] = {"ftruncate", "pwrite64", "recvmsg", "rename",
					     "sendto",	  "unlink",   NULL};

	/* Else it would open a file for it. */
	json_object_seed(0);
	return sandbox_enter(needed, e);
}

static void warn(const char *text)
{
	tool_warn(&tool, "%s", text);
}

static int end_status(const struct serve *s, enum serve_end end)
{
	switch (end) {
	case SERVE_NO_KERNEL:
		tool_warn(&tool, "%s", s->error.text);
		return s->error.code == EAGAIN ? TOOL_INCONCLUSIVE : TOOL_USAGE;
	case SERVE_FAILED:
		tool_warn(&tool, "%s", s->error.text);
		return TOOL_USAGE;
	case SERVE_SIGNAL:
		return TOOL_SIGNAL_BASE + (s->signal ? s->signal : SIGTERM);
	case SERVE_GOES_ON:
	case SERVE_DONE:
	case SERVE_VM_GONE:
	case SERVE_CLOSED:
		break;
	}
	return TOOL_PASS;
}

static enum serve_end job_act(const struct job *job, struct serve *s, int core_fd)
{
	switch (job->action) {
	case ACTION_SERVE:
		return serve_guest(s);
	case ACTION_WATCH:
		return serve_watch(s, job->operands, job->n_operands);
	case ACTION_NOW:
	case ACTION_SHOW:
		break;
	}
	return serve_now(s, job->tag ? job->tag : "now", core_fd);
}

/* The file of the core: a new one that takes its name when all is written, but what is there and is
 * no plain file (a pipe, a device) as it is. */
struct core_file {
	const char *path;
	char tmp[PATH_MAX]; /* "": none */
	int fd;
};

static void core_open(struct core_file *f, const char *path)
{
	struct stat st;

	*f = (struct core_file){.path = path, .fd = -1};
	if (!path)
		return;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		f->fd = open(path, O_WRONLY | O_CLOEXEC);
	} else if (snprintf(f->tmp, sizeof(f->tmp), "%s.XXXXXX", path) < (int)sizeof(f->tmp)) {
		f->fd = mkostemp(f->tmp, O_CLOEXEC);
	} else {
		errno = ENAMETOOLONG;
	}
	if (f->fd < 0)
		tool_die(&tool, TOOL_USAGE, "cannot write '%s': %s", path, strerror(errno));
}

/* It is @whole, or it is not to be. Returns the status. */
static int core_close(struct core_file *f, bool whole, int status)
{
	if (f->path && !whole && status == TOOL_PASS) {
		tool_warn(&tool, "'%s' is not written: nobody reads standard output", f->path);
		status = TOOL_USAGE;
	}
	if (f->fd >= 0 && close(f->fd) && status == TOOL_PASS) {
		tool_warn(&tool, "cannot write '%s': %s", f->path, strerror(errno));
		status = TOOL_USAGE;
	}
	if (!*f->tmp)
		return status;
	if (status == TOOL_PASS && rename(f->tmp, f->path) == 0)
		return status;
	if (status == TOOL_PASS)
		tool_warn(&tool, "cannot write '%s': %s", f->path, strerror(errno));
	(void)unlink(f->tmp);
	return status ? status : TOOL_USAGE;
}

static int job_run(const struct job *job, struct target *target)
{
	struct serve s = {
		.view = {.target = target},
		.watches = {.max_hits = job->max_hits, .gap_ns = job->gap_ns},
		.wait_ns = job->wait_ns,
		.max_entries = (unsigned int)job->max_entries,
		.warn = job->format == EMIT_TEXT ? warn : NULL,
	};
	struct core_file core;
	enum serve_end end;
	int status;
	struct err e;

	core_open(&core, job->core);
	s.signal_fd = tool_signal_fd(&e);
	if (s.signal_fd < 0 || guard(&e)) {
		core_close(&core, false, TOOL_USAGE);
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	}
	emit_init(&s.emit, job->format, s.signal_fd);
	end = job_act(job, &s, core.fd);
	serve_tell_end(&s, end);
	status = core_close(&core, s.core_written, end_status(&s, end));
	serve_deinit(&s);
	return status;
}

int main(int argc, char **argv)
{
	struct job job = {.action = ACTION_NOW,
			  .max_hits = 16,
			  .gap_ns = 100 * NSEC_PER_MSEC,
			  .wait_ns = 30 * NSEC_PER_SEC};
	struct target target;
	struct err e;
	int status;

	signal(SIGPIPE, SIG_IGN);
	job_parse(&job, argc, argv);
	if (job.action == ACTION_SHOW)
		return show(&job);
	job.target.listen = job.action == ACTION_SERVE;
	job.target.deadline_ns = clock_deadline_ns(job.wait_ns);
	if (target_open(&target, &job.target, &e))
		tool_die(&tool, e.code == EAGAIN ? TOOL_INCONCLUSIVE : TOOL_USAGE, "%s", e.text);
	status = job_run(&job, &target);
	target_close(&target);
	target_options_deinit(&job.target);
	return status;
}
