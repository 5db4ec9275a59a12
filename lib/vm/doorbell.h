/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Listening to a machine's doorbell, ktstr-vm(7): be told when the guest rings, with the whole
 * machine standing still until we let it go on.
 */
#ifndef KTSTR_VM_DOORBELL_H
#define KTSTR_VM_DOORBELL_H

#include <stdbool.h>

#include "vm/client.h"
#include "vm/mailbox.h"

struct doorbell_ring {
	uint32_t seq;
	char request[MAILBOX_REQUEST_MAX]; /* "scheduler-up", ... */
	char text[MAILBOX_TEXT_MAX];
};

/*
 * Ask to be told of rings on @c. With each the connection gets a freeze that lasts @lease_ns at
 * most (0 for the default, 30 s).
 */
int doorbell_listen(struct vm_client *c, uint64_t lease_ns, uint64_t deadline_ns, struct err *e);

/* Read an event `doorbell` that came over the connection (EPROTO). */
int doorbell_take(const json_t *event, struct doorbell_ring *ret, struct err *e);

/*
 * Wait for the guest to ring. The machine then stands still. ETIMEDOUT when it has not by
 * @deadline_ns, ESHUTDOWN when the machine has ended. Other events are passed over.
 */
int doorbell_wait(struct vm_client *c, uint64_t deadline_ns, struct doorbell_ring *ret,
		  struct err *e);

/* Tell the guest how its request went; @text may be "" and is cut to fit. May be left out. */
int doorbell_answer(struct vm_client *c, bool ok, const char *text, uint64_t deadline_ns,
		    struct err *e);

/* Let the machine go on. An error (EPROTO) also when the lease had run out: it had gone on before
 * we were done. */
int doorbell_thaw(struct vm_client *c, uint64_t deadline_ns, struct err *e);

#endif
