/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "work/types.h"

#define BLOCK_BYTES 4096

/* Write blocks from the start of a file of our own, sync it, sleep. */
void work_run_io_sync(struct work_ctx *w)
{
	static const char block[BLOCK_BYTES];
	uint64_t writes = work_param(w->work, "writes");
	uint64_t sleep_ns = work_param(w->work, "sleep");
	char path[64];
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "/tmp/ktstr-io-%d", getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		abort();
	unlink(path);
	while (!work_stopping(w)) {
		for (uint64_t i = 0; i < writes; i++)
			if (pwrite(fd, block, sizeof(block), (off_t)(i * sizeof(block))) < 0)
				abort();
		fsync(fd);
		work_turn(w, writes);
		work_sleep_until(w, clock_now_ns() + sleep_ns);
	}
}
