/* SPDX-License-Identifier: GPL-2.0-only */
/* The process that reads the frames is believed no more than the guest. */
#include "report/judge.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "test.h"

#define PIECE (16u << 20)

static struct err e;

/* A child that sends so many pieces and the empty one. */
static void send_pieces(int fd, unsigned int pieces)
{
	char *zeros = calloc(1, PIECE);
	uint32_t n = PIECE;

	signal(SIGPIPE, SIG_IGN);
	for (unsigned int i = 0; i < pieces && zeros; i++)
		if (io_write_all(fd, &n, sizeof(n), "test", &e) ||
		    io_write_all(fd, zeros, PIECE, "test", &e))
			_exit(1);
	n = 0;
	io_write_all(fd, &n, sizeof(n), "test", &e);
	_exit(0);
}

static int count(void *ctx, const void *data, size_t len)
{
	(void)data;
	*(uint64_t *)ctx += len;
	return 0;
}

/* What judge_file() takes of a child that sends so many. */
static int take(unsigned int pieces, uint64_t *ret)
{
	struct judge j = {.stream = -1};
	int fds[2], code;

	*ret = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		abort();
	fflush(stdout);
	j.pid = fork();
	if (j.pid < 0)
		abort();
	if (j.pid == 0) {
		close(fds[0]);
		send_pieces(fds[1], pieces);
	}
	close(fds[1]);
	j.ctl = fds[0];
	code = judge_file(&j, count, ret, &e);
	judge_destroy(&j);
	return code;
}

static void files_have_an_end(void)
{
	uint64_t taken;

	CHECK(take(2, &taken) == 0 && taken == 2 * PIECE);
	CHECK(take(JUDGE_PIECES_MAX / PIECE + 1, &taken) == -1 && e.code == EPROTO);
	CHECK(taken == JUDGE_PIECES_MAX);
}

int main(void)
{
	RUN(files_have_an_end);
	return TEST_END();
}
