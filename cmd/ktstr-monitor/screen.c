/* SPDX-License-Identifier: GPL-2.0-only */
#include "screen.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/io.h"
#include "base/tool.h"

/* Alternate screen, no cursor; and back. */
#define ENTER "\x1b[?1049h\x1b[?25l\x1b[2J"
#define LEAVE "\x1b[?25h\x1b[?1049l"

struct screen_shared {
	atomic_uint rows, columns;
	atomic_bool left; /* the child has written LEAVE */
};

static void say(const char *text)
{
	struct err e;

	(void)io_write_all(STDOUT_FILENO, text, strlen(text), "terminal", &e);
}

static void measure(struct screen_shared *shared)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		size = (struct winsize){.ws_row = 24, .ws_col = 80};
	shared->rows = size.ws_row;
	shared->columns = size.ws_col;
}

/* Keys typed are not shown, and do not stop us with the screen taken. */
static void keys_off(const struct termios *old)
{
	struct termios t = *old;

	t.c_lflag &= ~(tcflag_t)ECHO;
	t.c_cc[VSUSP] = _POSIX_VDISABLE;
	tcsetattr(STDOUT_FILENO, TCSADRAIN, &t);
}

static const int passed_on[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static void signals_block(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGWINCH);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(set, passed_on[i]);
	sigprocmask(SIG_BLOCK, set, NULL);
}

/* The wait status of the child. */
static int parent_wait(pid_t child, const sigset_t *set, struct screen_shared *shared)
{
	int signal_number, status;

	for (;;) {
		if (sigwait(set, &signal_number))
			continue;
		if (signal_number == SIGCHLD) {
			if (waitpid(child, &status, WNOHANG) == child)
				return status;
		} else if (signal_number == SIGWINCH) {
			measure(shared);
		} else {
			kill(child, signal_number);
		}
	}
}

__attribute__((noreturn)) static void parent_run(pid_t child, const sigset_t *set,
						 struct screen_shared *shared,
						 const struct termios *old)
{
	int status = parent_wait(child, set, shared);

	if (!shared->left)
		say(LEAVE);
	tcsetattr(STDOUT_FILENO, TCSADRAIN, old);
	_exit(WIFSIGNALED(status) ? TOOL_SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status));
}

int screen_start(struct screen *ret, struct err *e)
{
	pid_t parent = getpid(), child;
	struct termios old;
	sigset_t set;

	ret->shared = mmap(NULL, sizeof(*ret->shared), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ret->shared == MAP_FAILED) {
		ret->shared = NULL;
		return err_sys(e, "cannot share memory");
	}
	if (tcgetattr(STDOUT_FILENO, &old))
		return err_sys(e, "cannot ask the terminal");
	measure(ret->shared);
	signals_block(&set);
	child = fork();
	if (child < 0)
		return err_sys(e, "cannot fork");
	if (child) {
		keys_off(&old);
		parent_run(child, &set, ret->shared, &old);
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(TOOL_USAGE);
	say(ENTER);
	return 0;
}

void screen_size(const struct screen *s, unsigned int *rows, unsigned int *columns)
{
	*rows = s->shared->rows;
	*columns = s->shared->columns;
}

const char *screen_leave(struct screen *s)
{
	return !s->shared || atomic_exchange(&s->shared->left, true) ? "" : LEAVE;
}
