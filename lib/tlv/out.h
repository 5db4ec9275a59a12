/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing to a reader who may be slow, gone, or never read again: what is to be written is queued,
 * and written in pieces of one frame (or at most a page) each, for as long as nobody tells us to
 * stop.
 */
#ifndef KTSTR_TLV_OUT_H
#define KTSTR_TLV_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "tlv/tlv.h"
#include "tlv/types.h"

struct out {
	int fd;
	bool frames;   /* data is whole frames of tlv/tlv.h: one a write(2) */
	int signal_fd; /* readable: give up; -1: none */
	struct buf data;
	struct tlv_writer writer; /* of the frames; its source is the owner's to set */
};

/* Queue a message as frames. Errors as of tlv_write. */
int out_message(struct out *o, enum tlv_type type, const void *data, size_t len, struct err *e);

/* Queue an object: as a message, or as a line when these are no frames. It is taken over; NULL
 * means that memory was out. */
int out_object(struct out *o, enum tlv_type type, json_t *object, struct err *e);

/*
 * Write all that is queued by @deadline_ns. EPIPE: the reader has gone; EINTR: signal_fd became
 * readable while the reader was busy; ETIMEDOUT: the deadline. What was not written is dropped.
 */
int out_flush(struct out *o, uint64_t deadline_ns, struct err *e);

void out_deinit(struct out *o);

#endif
