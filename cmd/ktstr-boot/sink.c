/* SPDX-License-Identifier: GPL-2.0-only */
#include "sink.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define FREE_STEP (1ull << 20)

int sink_init(struct sink *s, const char *name, uint64_t limit, struct err *e)
{
	*s = (struct sink){.fd = memfd_create(name, MFD_CLOEXEC), .limit = limit};
	if (s->fd < 0)
		return err_sys(e, "cannot create memory file '%s'", name);
	return 0;
}

void sink_deinit(struct sink *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

ssize_t sink_read(struct sink *s, void *data, size_t len, size_t *pass)
{
	uint64_t passed = s->bytes - s->dropped;
	ssize_t n = pread(s->fd, data, len, (off_t)s->bytes);
	uint64_t done;

	if (n <= 0)
		return n;
	*pass = s->limit - passed < (uint64_t)n ? (size_t)(s->limit - passed) : (size_t)n;
	s->bytes += (uint64_t)n;
	s->dropped += (uint64_t)n - *pass;
	done = s->bytes / FREE_STEP * FREE_STEP;
	/* Best effort: without it the run only takes more memory. */
	if (done > s->freed && fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					 (off_t)s->freed, (off_t)(done - s->freed)) == 0)
		s->freed = done;
	return n;
}
