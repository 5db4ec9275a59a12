/* SPDX-License-Identifier: GPL-2.0-only */
#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* One page, the least there is; a pipe takes a write up to this long whole or not at all. */
#define PIPE_BYTES 4096

static int pipe_make(int pair[2], struct err *e)
{
	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) == 0)
		return 0;
	pair[0] = pair[1] = -1;
	return err_sys(e, "cannot make a pipe");
}

int gate_init(struct gate *g, struct err *e)
{
	*g = (struct gate){.seen = {-1, -1}, .block = {-1, -1}, .open = true};
	if (pipe_make(g->seen, e) == 0 && pipe_make(g->block, e) == 0) {
		/* Best effort: a larger one only takes longer to fill. */
		fcntl(g->block[1], F_SETPIPE_SZ, PIPE_BYTES);
		if (gate_close(g, e) == 0)
			return 0;
	}
	gate_deinit(g);
	return -1;
}

void gate_deinit(struct gate *g)
{
	for (int i = 0; i < 2; i++) {
		if (g->seen[i] >= 0)
			close(g->seen[i]);
		if (g->block[i] >= 0)
			close(g->block[i]);
		g->seen[i] = g->block[i] = -1;
	}
}

static bool drain(int fd)
{
	char bytes[PIPE_BYTES];
	bool any = false;

	while (read(fd, bytes, sizeof(bytes)) > 0)
		any = true;
	return any;
}

bool gate_entered(struct gate *g)
{
	return drain(g->seen[0]);
}

void gate_open(struct gate *g)
{
	g->open = true;
	drain(g->block[0]);
}

int gate_close(struct gate *g, struct err *e)
{
	static const char bytes[PIPE_BYTES];

	for (size_t len = sizeof(bytes); len; len /= 2)
		while (write(g->block[1], bytes, len) > 0)
			;
	if (errno != EAGAIN)
		return err_sys(e, "cannot fill a pipe");
	g->open = false;
	return 0;
}
