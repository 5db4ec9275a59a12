/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/expect.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/cleanup.h"
#include "base/clock.h"

#define NO_PROGRAM 127 /* the child's status when there is no jq; jq itself uses 0 to 5 */

#define ABSENT "compares a value that this result does not have"

/*
 * In jq null is less than every number, so `.monitor.worst < 4` would hold for a run that was never
 * monitored: silence read as a pass. jq compiles its order operators to calls of these names, which
 * a program may define anew; tests/unit/expect.c would notice a jq that does it otherwise.
 */
static const char prelude[] =
	"def _less(a; b): a as $a | b as $b | if $a == null or $b == null then error(\"" ABSENT
	"\") else ([$a, $b] | sort | .[0]) == $a and $a != $b end; "
	"def _lesseq(a; b): a as $a | b as $b | _less($a; $b) or $a == $b; "
	"def _greater(a; b): a as $a | b as $b | _less($b; $a); "
	"def _greatereq(a; b): a as $a | b as $b | _less($b; $a) or $a == $b;\n";

/* @input and @complaints are above 2: standard descriptors are open in the caller. */
static void child_run(const char *jq, const char *library, const char *program, int input,
		      int complaints)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	signal(SIGPIPE, SIG_DFL);
	if (null < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(complaints, STDERR_FILENO) < 0)
		_exit(NO_PROGRAM);
	/* jq looks in the working directory before all others: whatever is there is not meant. */
	if (library && (chdir(library) == 0 || chdir("/") == 0))
		execlp(jq, jq, "-e", "-L", ".", program, (char *)NULL);
	else
		execlp(jq, jq, "-e", program, (char *)NULL);
	_exit(NO_PROGRAM);
}

int expect_input(struct err *e)
{
	int fd = memfd_create("result", MFD_CLOEXEC);

	return fd < 0 ? err_sys(e, "cannot make an input for jq") : fd;
}

bool expect_wants_reports(const char *program)
{
	static const char *const words[] = {"report", "include", "import"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(program, words[i]))
			return true;
	return false;
}

/* ---- a program: what it includes has to stay in front of what we define ---- */

static const char *skip_blanks(const char *p)
{
	for (;;) {
		p += strspn(p, " \t\r\n");
		if (*p != '#')
			return p;
		p += strcspn(p, "\n");
	}
}

static bool is_directive(const char *p)
{
	static const char *const words[] = {"include", "import", "module"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]);

		if (strncmp(p, words[i], len) == 0 && strchr(" \t\r\n\"{#", p[len]))
			return true;
	}
	return false;
}

/* Behind the next semicolon that is in no string; NULL when there is none. */
static const char *directive_end(const char *p)
{
	bool quoted = false;

	for (; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (*p == ';' && !quoted)
			return p + 1;
	}
	return NULL;
}

static size_t directives_len(const char *program)
{
	const char *end = program, *next = program;

	while (next) {
		end = next;
		next = skip_blanks(end);
		next = is_directive(next) ? directive_end(next) : NULL;
	}
	return (size_t)(end - program);
}

static int program_whole(const char *program, struct buf *ret)
{
	size_t len = directives_len(program);

	return buf_add(ret, program, len) || buf_addf(ret, "%s%s", prelude, program + len);
}

/* Read what jq complains of, up to the size of @ret, until it ends. False when time is out. */
static bool complaints_read(int fd, char *ret, size_t size)
{
	uint64_t deadline = clock_deadline_ns(EXPECT_TIMEOUT_NS);
	char chunk[1024], kept[2048];
	size_t used = 0;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int ready = poll(&p, 1, clock_poll_ms(deadline));
		ssize_t n;

		if (ready == 0)
			return false;
		if (ready < 0)
			continue; /* EINTR: nothing else can be with one valid descriptor */
		n = read(fd, chunk, sizeof(chunk));
		if (n <= 0)
			break;
		if ((size_t)n > sizeof(kept) - used)
			n = (ssize_t)(sizeof(kept) - used);
		memcpy(kept + used, chunk, (size_t)n);
		used += (size_t)n;
	}
	while (used && kept[used - 1] == '\n')
		used--;
	clean_copy(ret, size, kept, used);
	return true;
}

/* jq's `stderr` of 1.6 writes a text as JSON, with its newline as \\n. */
static void detail_unquote(char *detail)
{
	size_t len = strlen(detail);

	if (len < 4 || *detail != '"' || strcmp(detail + len - 3, "\\n\"") != 0)
		return;
	memmove(detail, detail + 1, len - 4);
	detail[len - 4] = 0;
}

/* Whether it says that what it wants to judge by is not there; share/ktstr.jq begins such errors
 * so. */
static bool is_absent(const char *detail)
{
	return strstr(detail, ABSENT) || strstr(detail, "ktstr: inconclusive: ");
}

static void expect_judge(int status, struct expect *ret)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	switch (code) {
	case 0:
		ret->state = EXPECT_TRUE;
		break;
	case 1:
		ret->state = EXPECT_FALSE;
		detail_unquote(ret->detail);
		break;
	case 4:
		ret->state = EXPECT_ERROR;
		snprintf(ret->detail, sizeof(ret->detail), "it gives no result");
		break;
	case NO_PROGRAM:
		ret->state = EXPECT_NO_JQ;
		snprintf(ret->detail, sizeof(ret->detail), "cannot run jq");
		break;
	default:
		ret->state = is_absent(ret->detail) ? EXPECT_ABSENT : EXPECT_ERROR;
		if (strstr(ret->detail, ABSENT))
			snprintf(ret->detail, sizeof(ret->detail), "it " ABSENT);
		else if (!*ret->detail && code < 0)
			snprintf(ret->detail, sizeof(ret->detail), "jq died of signal %d",
				 WTERMSIG(status));
		else if (!*ret->detail)
			snprintf(ret->detail, sizeof(ret->detail), "jq ended with status %d", code);
	}
}

int expect_ask(const char *jq, const char *library, const char *program, int input,
	       struct expect *ret, struct err *e)
{
	_cleanup_close_ int out = -1, in = -1;
	int pipe_fds[2], status;
	_cleanup_buf_ struct buf whole = {0};
	bool in_time;
	pid_t pid;

	*ret = (struct expect){.state = EXPECT_NOT_RUN};
	if (lseek(input, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot rewind the input for jq");
	if (program_whole(program, &whole))
		return err_set(e, ENOMEM, "out of memory for a jq program");
	if (pipe2(pipe_fds, O_CLOEXEC))
		return err_sys(e, "cannot make a pipe for jq");
	in = pipe_fds[0];
	out = pipe_fds[1];
	pid = fork();
	if (pid < 0)
		return err_sys(e, "cannot start jq");
	if (pid == 0)
		child_run(jq, library, buf_text(&whole), input, out);
	close(steal_fd(&out));
	in_time = complaints_read(in, ret->detail, sizeof(ret->detail));
	if (!in_time)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	expect_judge(status, ret);
	if (!in_time) {
		ret->state = EXPECT_ERROR;
		snprintf(ret->detail, sizeof(ret->detail), "jq took more than %llu s",
			 EXPECT_TIMEOUT_NS / NSEC_PER_SEC);
	}
	return 0;
}
