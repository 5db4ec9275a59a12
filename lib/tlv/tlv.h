/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames: the stream between our programs, ktstr-tlv(5).
 *
 * A message has a type, a source and up to TLV_MESSAGE_MAX bytes. It travels as one or more
 * frames; each frame is at most PIPE_BUF bytes and leaves in one write(2), so any number of
 * writers may share a pipe without a lock. The reader takes bytes as they come, puts messages
 * together again per source, and counts all that is missing or damaged. It does not know what
 * a payload means; lib/tlv/types.h says that.
 */
#ifndef KTSTR_TLV_TLV_H
#define KTSTR_TLV_TLV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

#define TLV_VERSION 1
#define TLV_FRAME_MAX 4096u /* PIPE_BUF on Linux; a test compares the two */
#define TLV_HEADER_LEN 40u
#define TLV_PAYLOAD_MAX (TLV_FRAME_MAX - TLV_HEADER_LEN)
#define TLV_MESSAGE_MAX (16u << 20)
#define TLV_SOURCES_MAX 64u /* streams (source, instance) that a reader tells apart */

/* Who wrote a message. */
enum tlv_source {
	TLV_FROM_BOOT = 1,
	TLV_FROM_GUEST = 2, /* written in the VM, re-stamped by ktstr-boot */
	TLV_FROM_MONITOR = 3,
	TLV_FROM_FREEZE = 4,
	TLV_FROM_SCENARIO = 5, /* ktstr-scenario: the plan */
	TLV_FROM_DRIVER = 6,
};

struct tlv_message {
	uint16_t type;
	uint8_t source;	   /* enum tlv_source, or a value that we do not know */
	uint8_t instance;  /* tells apart several writers with the same source */
	uint32_t seq;	   /* number of the message within its source and instance, from 0 */
	uint64_t host_ns;  /* host CLOCK_MONOTONIC when it was written; 0 = not known */
	uint64_t guest_ns; /* guest CLOCK_MONOTONIC of what it tells; 0 = not known */
	const uint8_t *data;
	size_t len;
};

/*
 * A writer. Set the first three fields; the rest starts at zero. With `queue` set, frames are added
 * there and nothing is written to `fd`: the owner then writes them one frame a write(2), for which
 * tlv_frame_len() tells where the next one ends.
 */
struct tlv_writer {
	int fd;
	uint8_t source;
	uint8_t instance;
	uint32_t seq;	   /* of the next message */
	struct buf *queue; /* borrowed */
};

/*
 * Write one message. @guest_ns as in struct tlv_message; the host time is taken here, except in the
 * guest (source TLV_FROM_GUEST without a queue), where it is 0. Fails with E2BIG above
 * TLV_MESSAGE_MAX, EPIPE for a closed reader (SIGPIPE must be ignored), ENOMEM, or what write(2)
 * says. The sequence number moves on even on failure, so that the reader sees a gap.
 */
int tlv_write(struct tlv_writer *w, uint16_t type, uint64_t guest_ns, const void *data, size_t len,
	      struct err *e);

/* Length of the whole frame that begins at @data, which came from a writer's queue. */
size_t tlv_frame_len(const void *data);

/* What a reader has seen. Nothing is lost without one of these moving. */
struct tlv_stats {
	uint64_t frames;	/* good frames */
	uint64_t messages;	/* messages handed out */
	uint64_t bad_frames;	/* frames with a wrong CRC or an impossible header */
	uint64_t skipped_bytes; /* bytes that belonged to no good frame */
	uint64_t lost_messages; /* holes in the sequence numbers of a source */
	uint64_t torn_messages; /* messages of which a fragment was missing */
	bool truncated;		/* the stream ended inside a frame or a message */
};

struct tlv_reader;

/* NULL when memory is out. */
struct tlv_reader *tlv_reader_create(void);
void tlv_reader_destroy(struct tlv_reader *r);

/* Add bytes from the stream. Returns 0, or -1 when memory is out. */
int tlv_reader_feed(struct tlv_reader *r, const void *data, size_t len);

/*
 * The next whole message: true and *ret filled, or false when more bytes are needed. The payload
 * belongs to the reader and is valid until the next call on it.
 */
bool tlv_reader_next(struct tlv_reader *r, struct tlv_message *ret);

/*
 * The stream has ended. Call tlv_reader_next() until false once more: a damaged length may have
 * hidden good frames behind it, and only then is what was left over counted.
 */
void tlv_reader_end(struct tlv_reader *r);

const struct tlv_stats *tlv_reader_stats(const struct tlv_reader *r);

#endif
