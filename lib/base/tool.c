/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/tool.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"

#ifndef KTSTR_VERSION
#error "the Makefile defines KTSTR_VERSION"
#endif

#define OPTIONS_MAX 64

/* Values behind the table's own indices. */
enum { OPT_HELP = OPTIONS_MAX, OPT_VERSION };

static void print_help(const struct tool *tool)
{
	const struct tool_opt *o;

	printf("usage: %s [OPTION]...%s%s\n%s\n\n", tool->name, tool->operands ? " " : "",
	       tool->operands ? tool->operands : "", tool->summary);
	for (o = tool->opts; o->name; o++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", o->name, o->arg ? " " : "",
			 o->arg ? o->arg : "");
		printf("  %-26s %s\n", left, o->help);
	}
	printf("  %-26s %s\n", "-h, --help", "print this and exit");
	printf("  %-26s %s\n", "--version", "print the version and exit");
}

static void exit_after_output(const struct tool *tool)
{
	if (fflush(stdout) || ferror(stdout))
		tool_die(tool, TOOL_USAGE, "cannot write standard output");
	exit(TOOL_PASS);
}

/*
 * A program may be started without standard streams: what it opens would get their numbers, and the
 * output would go there. What stands in for them can be neither read nor written.
 */
static void std_fds_hold(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH) < 0)
			return;
}

int tool_next_option(const struct tool *tool, int argc, char **argv, const char **arg)
{
	struct option longs[OPTIONS_MAX + 3] = {0};
	int n = 0, c;

	std_fds_hold();
	for (; tool->opts[n].name; n++) {
		if (n >= OPTIONS_MAX)
			abort();
		longs[n] = (struct option){.name = tool->opts[n].name,
					   .has_arg = tool->opts[n].arg ? required_argument
									: no_argument,
					   .val = n};
	}
	longs[n] = (struct option){.name = "help", .val = OPT_HELP};
	longs[n + 1] = (struct option){.name = "version", .val = OPT_VERSION};

	/* A leading colon: the messages are ours. */
	opterr = 0;
	c = getopt_long(argc, argv, ":h", longs, NULL);
	if (c == -1)
		return -1;
	if (c == OPT_HELP || c == 'h') {
		print_help(tool);
		exit_after_output(tool);
	}
	if (c == OPT_VERSION) {
		printf("%s %s\n", tool->name, KTSTR_VERSION);
		exit_after_output(tool);
	}
	if (c == ':')
		tool_die(tool, TOOL_USAGE, "option '%s' needs an argument", argv[optind - 1]);
	if (c == '?')
		tool_die(tool, TOOL_USAGE, "bad option '%s' (try --help)", argv[optind - 1]);
	*arg = optarg;
	return c;
}

static void vwarn(const struct tool *tool, const char *fmt, va_list ap)
{
	char text[ERR_TEXT_MAX + 256];

	vsnprintf(text, sizeof(text), fmt, ap);
	err_text_clean(text);
	fprintf(stderr, "%s: %s\n", tool->name, text);
}

void tool_warn(const struct tool *tool, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(tool, fmt, ap);
	va_end(ap);
}

void tool_die(const struct tool *tool, enum tool_status status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(tool, fmt, ap);
	va_end(ap);
	exit(status);
}

void tool_bad_option(const struct tool *tool, const char *option, const struct err *e)
{
	tool_die(tool, TOOL_USAGE, "--%s: %s", option, e->text);
}

bool tool_wants_colour(int fd)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	return isatty(fd) && term && strcmp(term, "dumb") != 0 && (!no || !*no);
}

uint64_t tool_parse_span(const struct tool *tool, const char *option, const char *text,
			 uint64_t min, uint64_t max)
{
	struct err e;
	uint64_t ns;

	if (parse_span_ns(text, &ns, &e))
		tool_bad_option(tool, option, &e);
	if (ns < min || ns > max)
		tool_die(tool, TOOL_USAGE, "--%s: '%s' is not between %gs and %gs", option, text,
			 (double)min / NSEC_PER_SEC, (double)max / NSEC_PER_SEC);
	return ns;
}

size_t tool_parse_choice(const struct tool *tool, const char *option, const char *text,
			 const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	tool_die(tool, TOOL_USAGE, "--%s: unknown %s '%s'", option, option, text);
}

int tool_signal_fd(struct err *e)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(e, "cannot take signals") : fd;
}
