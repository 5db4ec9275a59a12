/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing to a reader who may be slow, gone, or never read again: what is to be written is queued,
 * and written in pieces of one frame (or at most a page) each, for as long as nobody tells us to
 * stop.
 */
#ifndef KTSTR_MONITOR_OUT_H
#define KTSTR_MONITOR_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct out {
	int fd;
	bool frames;   /* data is whole frames of tlv/tlv.h: one a write(2) */
	int signal_fd; /* readable: give up; -1: none */
	struct buf data;
};

/*
 * Write all that is queued by @deadline_ns. EPIPE: the reader has gone; EINTR: signal_fd became
 * readable while the reader was busy; ETIMEDOUT: the deadline. What was not written is dropped.
 */
int out_flush(struct out *o, uint64_t deadline_ns, struct err *e);

void out_deinit(struct out *o);

#endif
