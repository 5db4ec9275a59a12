/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's side of the mailbox (vm/mailbox.h) of a machine that stands still at its doorbell.
 * All of it may be called with whatever a guest has made up.
 */
#ifndef KTSTR_BOOT_BELL_H
#define KTSTR_BOOT_BELL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "ram.h"
#include "vm/mailbox.h"

struct bell {
	bool announced;
	uint64_t gpa; /* of the mailbox */
	bool asked;   /* the mailbox holds a request that bell_answer may answer */
	bool any;     /* there was a request before, with the number: */
	uint32_t last_seq;
	unsigned int rings;   /* good ones */
	unsigned int refused; /* rings without a request that is understood */
};

/*
 * The guest told where its mailbox is: @json is TLV_MAILBOX's payload. The page must lie in one
 * range of RAM. Error EPROTO, and the address from before counts on.
 */
int bell_announce(struct bell *b, const struct ram *ram, const void *json, size_t len,
		  struct err *e);

/* The guest rang: take the request into @ret. Error: there is no new request that is understood. */
int bell_take(struct bell *b, const struct ram *ram, struct mailbox *ret, struct err *e);

/* Write an answer to the request taken last; @text is cut to what the mailbox holds. The last one
 * written counts. */
int bell_answer(struct bell *b, const struct ram *ram, enum mailbox_status status, const char *text,
		struct err *e);

#endif
