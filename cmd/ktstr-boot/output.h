/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The outgoing frames: queued, and written one frame a write(2) when the reader takes them, so
 * that a slow reader never stops the machine's own deadlines. A queue beyond OUTPUT_QUEUE_MAX
 * takes no more bulk data: the caller asks output_full() and counts what it drops.
 */
#ifndef KTSTR_BOOT_OUTPUT_H
#define KTSTR_BOOT_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "tlv/tlv.h"

#define OUTPUT_QUEUE_MAX (64u << 20)

struct output {
	int fd;
	bool closed; /* the reader is gone, or writing failed: nothing more leaves */
	int error;   /* why, as errno; EPIPE for a closed reader */
	struct buf queue;
	size_t sent; /* bytes at the front of the queue that have left */
	struct tlv_writer boot, guest;
};

void output_init(struct output *o, int fd);
void output_deinit(struct output *o);

bool output_full(const struct output *o);
bool output_pending(const struct output *o);

/* Queue a message of ours. A JSON object is taken over. Failure to queue shows as a gap. */
void output_data(struct output *o, uint16_t type, const void *data, size_t len);
void output_json(struct output *o, uint16_t type, json_t *object);

/* Queue a guest's message under its own number and time, stamped with ours. */
void output_guest(struct output *o, const struct tlv_message *m);

/* Write what the reader takes without blocking. */
void output_flush(struct output *o);

#endif
