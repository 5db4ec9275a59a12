/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a machine's serial port or bulk port writes to: an unlinked file in memory. The engine
 * never waits for us (a device that could push back would feed host time into the guest), and what
 * we have read is given back at once, so a guest that floods a port takes our time, not our memory.
 */
#ifndef KTSTR_BOOT_SINK_H
#define KTSTR_BOOT_SINK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct sink {
	int fd;		  /* -1 holds nothing */
	int watch;	  /* inotify watch number, set by the owner */
	uint64_t bytes;	  /* read so far */
	uint64_t freed;	  /* bytes at the front given back */
	uint64_t limit;	  /* bytes passed on at most */
	uint64_t dropped; /* bytes read but not passed on */
};

int sink_init(struct sink *s, const char *name, uint64_t limit, struct err *e);
void sink_deinit(struct sink *s);

/*
 * Read what the engine has added since, at most @len bytes, into @data. Returns the number read, 0
 * when there is nothing new, -1 on error with errno set. *pass is how many of them are still within
 * the limit; the others are counted as dropped.
 */
ssize_t sink_read(struct sink *s, void *data, size_t len, size_t *pass);

#endif
