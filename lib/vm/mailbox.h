/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mailbox of the doorbell, ktstr-vm(7): one page of guest memory through which the guest asks
 * for something and the host answers, while the whole machine stands still. The guest announces the
 * page's physical address once (TLV_MAILBOX); for each request it fills the page in and writes to
 * the doorbell's port, and by the instruction after that the answer stands in the page.
 *
 * Shared by host and guest; numbers are little-endian. What the host reads there a guest wrote.
 */
#ifndef KTSTR_VM_MAILBOX_H
#define KTSTR_VM_MAILBOX_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define MAILBOX_MAGIC 0x31786f626c69616dull /* "mailbox1" */
#define MAILBOX_PAGE 4096u		    /* bytes; the address is a multiple of it */
#define MAILBOX_REQUEST_MAX 32u		    /* with its NUL, as the two below */
#define MAILBOX_TEXT_MAX 464u
#define MAILBOX_ANSWER_MAX 512u

/* How a request was answered. */
enum mailbox_status {
	MAILBOX_ASKED,	/* by the guest: no answer yet, and none came when it reads this */
	MAILBOX_NOBODY, /* nobody listens */
	MAILBOX_HEARD,	/* somebody listened, and had nothing to say to it */
	MAILBOX_OK,	/* done; see the answer's text */
	MAILBOX_ERROR,	/* not done; the answer's text tells why */
};
#define MAILBOX_STATUSES 5

/* The beginning of the page; the rest of it is zero. Each text is NUL-terminated. */
struct mailbox {
	uint64_t magic;
	uint32_t seq;			   /* of the request; another one each time */
	uint32_t status;		   /* enum mailbox_status */
	char request[MAILBOX_REQUEST_MAX]; /* what is asked for: a-z, 0-9 and '-' */
	char text[MAILBOX_TEXT_MAX];	   /* about it, may be empty */
	char answer[MAILBOX_ANSWER_MAX];
};

static_assert(offsetof(struct mailbox, request) == 16 && offsetof(struct mailbox, text) == 48 &&
		      offsetof(struct mailbox, answer) == 512 && sizeof(struct mailbox) == 1024,
	      "host and guest agree on the layout");

/*
 * Check a copy of a mailbox in place: the magic, a request that is a word, texts that end, a status
 * of MAILBOX_ASKED. What cannot be printed in the text becomes '?'. Error EPROTO.
 */
int mailbox_check(struct mailbox *m, struct err *e);

/* "asked", "nobody", "heard", "ok", "error"; NULL for a number that is none. */
const char *mailbox_status_name(uint32_t status);

#endif
