/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every program of ours does the same way: its option table, its exit statuses, its one-line
 * diagnostics on stderr. For cmd/ and tests/helper/ only: these calls print, and some exit.
 */
#ifndef KTSTR_BASE_TOOL_H
#define KTSTR_BASE_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The exit statuses, the same in all programs. */
enum tool_status {
	TOOL_PASS = 0,		/* pass, or done */
	TOOL_FAIL = 1,		/* the run was made and its answer is no */
	TOOL_USAGE = 2,		/* wrong usage, or set-up failed */
	TOOL_INCONCLUSIVE = 3,	/* the data to judge by is missing */
	TOOL_SKIP = 77,		/* skipped */
	TOOL_MACHINE = 99,	/* the machine failed, not the scheduler */
	TOOL_SIGNAL_BASE = 128, /* + n: a child was killed by signal n */
};

/* One long option. The table ends with an entry that has no name. */
struct tool_opt {
	const char *name; /* without the dashes */
	const char *arg;  /* name of the argument in upper case; NULL when it takes none */
	const char *help; /* one line, lower case */
};

struct tool {
	const char *name;	     /* as in diagnostics, e.g. "ktstr-boot" */
	const char *operands;	     /* as in the SYNOPSIS, e.g. "FILE..."; NULL for none */
	const char *summary;	     /* one line for --help */
	const struct tool_opt *opts; /* --help (-h) and --version need no entry */
};

/*
 * Step through the options of the command line as getopt_long(3) does, long options only, operands
 * last, "--" ends options. Returns the index into tool->opts with *arg the argument (or NULL), or
 * -1 at the end, when `optind` is the index of the first operand. --help and --version print to
 * stdout and exit 0; a wrong option prints one line and exits TOOL_USAGE.
 */
int tool_next_option(const struct tool *tool, int argc, char **argv, const char **arg);

/* Print `name: text` on stderr, control characters replaced. */
void tool_warn(const struct tool *tool, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* As tool_warn, then exit with @status. */
void tool_die(const struct tool *tool, enum tool_status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), noreturn));

/* tool_die(tool, TOOL_USAGE) with the error's text behind `--<option>`. */
void tool_bad_option(const struct tool *tool, const char *option, const struct err *e)
	__attribute__((noreturn));

/* The span @text in nanoseconds, from @min to @max; anything else is a bad option. */
uint64_t tool_parse_span(const struct tool *tool, const char *option, const char *text,
			 uint64_t min, uint64_t max);

/* The index of @text among the @n @names; anything else is an unknown one of that option. */
size_t tool_parse_choice(const struct tool *tool, const char *option, const char *text,
			 const char *const *names, size_t n);

/* A descriptor that tells of SIGINT, SIGTERM, SIGHUP and SIGQUIT (signalfd(2)), which do nothing
 * else from now on; -1 on failure. */
int tool_signal_fd(struct err *e);

/* Whether a person with colours reads @fd: a terminal, TERM not "dumb", NO_COLOR empty. */
bool tool_wants_colour(int fd);

#endif
