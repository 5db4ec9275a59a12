/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent's messages to the host, over the virtio-console port `ktstr.bulk`. What is sent before
 * the port is open is kept and sent then. Sending blocks until the kernel has taken the frame.
 *
 * These calls do not fail: when the port cannot be written, one line goes to the last-words
 * console, `lost` is set, and the rest is dropped.
 */
#ifndef KTSTR_GUEST_INIT_LINK_H
#define KTSTR_GUEST_INIT_LINK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "tlv/tlv.h"
#include "tlv/types.h"

#define LINK_PENDING_MAX 64

struct link_pending {
	enum tlv_type type;
	uint64_t at_ns;
	char *data;
	size_t len;
};

struct link {
	struct tlv_writer out; /* fd -1: not open yet */
	struct link_pending pending[LINK_PENDING_MAX];
	size_t n_pending;
	bool lost;   /* a message could not be written */
	bool failed; /* trouble was told that is more than a note */
};

void link_init(struct link *l);

/* Find the port and open it, waiting for it up to @deadline_ns, and send what was kept. */
int link_open(struct link *l, uint64_t deadline_ns, struct err *e);

/* The port will not open: write what was kept on the last-words console. */
void link_give_up(struct link *l);

/* Send bytes as one message. */
void link_send(struct link *l, enum tlv_type type, const void *data, size_t len);

/* Send a JSON object and let go of it. NULL (out of memory, or text in it was not UTF-8) is told as
 * trouble of the agent. */
void link_send_json(struct link *l, enum tlv_type type, json_t *object);

/* TLV_LIFE; @detail may be NULL. */
void link_life(struct link *l, const char *phase, const char *detail);

enum trouble_kind {
	TROUBLE_SETUP,
	TROUBLE_STEP,
	TROUBLE_SCHEDULER,
	TROUBLE_AGENT,
	TROUBLE_NOTE,
};

/* TLV_TROUBLE. All kinds but TROUBLE_NOTE set l->failed. */
void link_trouble(struct link *l, enum trouble_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As link_trouble for an operation of step @step (from 0) at @line of the scenario. */
void link_trouble_step(struct link *l, size_t step, unsigned int line, const struct err *e);

#endif
