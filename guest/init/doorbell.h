/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The doorbell, ktstr-vm(7): ask the host for something while the whole machine stands still. One
 * locked page holds the request and, after the ring, the answer. A boot that offers no doorbell
 * (`ktstr.doorbell=PORT` on the command line) has nobody to ask.
 */
#ifndef KTSTR_GUEST_INIT_DOORBELL_H
#define KTSTR_GUEST_INIT_DOORBELL_H

#include <stdint.h>

#include "init/link.h"
#include "vm/mailbox.h"

struct doorbell {
	struct link *link;   /* borrowed */
	unsigned int port;   /* 0: there is no doorbell */
	struct mailbox *box; /* one page; NULL with no doorbell */
	uint64_t gpa;	     /* as announced */
	uint32_t seq;	     /* of the last request */
};

/* Prepare what @cmdline offers and tell the host where the mailbox is. Trouble is told. */
void doorbell_init(struct doorbell *d, struct link *l, const char *cmdline);

/*
 * Ask for @request (a word of MAILBOX_REQUEST_MAX) about @text (cut to MAILBOX_TEXT_MAX). Returns
 * how it was answered, MAILBOX_NOBODY when there is no doorbell; the text of the answer is in
 * d->box until the next ring. It costs the same instructions whoever listens, and whether or not.
 */
enum mailbox_status doorbell_ring(struct doorbell *d, const char *request, const char *text);

/* Write to the port, whatever the mailbox holds. */
void doorbell_strike(const struct doorbell *d);

#endif
