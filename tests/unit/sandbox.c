/* SPDX-License-Identifier: GPL-2.0-only */
#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static const char *const none[] = {NULL};
static const char *const sockets[] = {"socket", "no_such_call_anywhere", NULL};

/* The wait status of a child that enters the sandbox with @more and then does @act. */
static int status_of(const char *const *more, void (*act)(void))
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		const struct rlimit no_core = {0};
		struct err e;

		setrlimit(RLIMIT_CORE, &no_core);
		if (sandbox_enter(more, &e))
			_exit(3);
		act();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void act_compute(void)
{
	char *p = malloc(1 << 20);
	char c;

	if (p)
		memset(p, 1, 1 << 20);
	free(p);
	if (read(-1, &c, 1) == 0 || write(-1, "", 1) == 0)
		_exit(4);
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Large enough for the library to ask for memory, and how much there is. */
static void act_sort(void)
{
	static int numbers[4096];

	for (int i = 0; i < 4096; i++)
		numbers[i] = -i;
	qsort(numbers, 4096, sizeof(numbers[0]), compare);
	if (numbers[0] != -4095)
		_exit(4);
}

static void act_socket(void)
{
	close(socket(AF_UNIX, SOCK_STREAM, 0));
}

static void act_open(void)
{
	close(open("/etc/passwd", O_RDONLY));
}

static void act_exec(void)
{
	char *argv[] = {"true", NULL};

	execv("/bin/true", argv);
}

/* A build with sanitizers has no filter. */
static bool killed(int status)
{
#if defined(__SANITIZE_ADDRESS__)
	return status == 0;
#endif
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static void what_is_needed_works(void)
{
	CHECK(status_of(none, act_compute) == 0);
	CHECK(status_of(none, act_sort) == 0);
}

static void what_is_named_works(void)
{
	CHECK(status_of(sockets, act_socket) == 0);
}

static void all_else_kills(void)
{
	CHECK(killed(status_of(none, act_socket)));
	CHECK(killed(status_of(none, act_open)));
	CHECK(killed(status_of(sockets, act_exec)));
}

int main(void)
{
	RUN(what_is_needed_works);
	RUN(what_is_named_works);
	RUN(all_else_kills);
	return TEST_END();
}
