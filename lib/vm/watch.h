/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watching words of a machine's memory, ktstr-vm(7): the machine stops at a store to one of them.
 * At a hit the connection gets the event `watch` and with it a lease; the machine goes on when it
 * is given up (doorbell_thaw() serves for both).
 */
#ifndef KTSTR_VM_WATCH_H
#define KTSTR_VM_WATCH_H

#include <stdbool.h>

#include "vm/client.h"

#define WATCH_SLOTS 4u /* of a machine: as the debug registers of a CPU */

struct watch_hit {
	unsigned int slot;
	uint64_t kva, gpa;
	unsigned int len; /* bytes */
	int vcpu;	  /* that stored there; -1: not known */
	bool has_value;
	uint64_t value; /* what stands there now, as a little-endian number */
};

/*
 * Watch @len bytes (1, 2, 4 or 8, aligned) at kernel address @kva, which is guest-physical address
 * @gpa. A hit holds the machine for @lease_ns at most (0: 30 s). *ret_slot is the number to give
 * watch_remove(). EPROTO with the machine's words: no slot is free, or this machine cannot watch.
 */
int watch_add(struct vm_client *c, uint64_t kva, uint64_t gpa, unsigned int len, uint64_t lease_ns,
	      uint64_t deadline_ns, unsigned int *ret_slot, struct err *e);
int watch_remove(struct vm_client *c, unsigned int slot, uint64_t deadline_ns, struct err *e);

/* Read an event `watch` that came over the connection (EPROTO). */
int watch_take(const json_t *event, struct watch_hit *ret, struct err *e);

#endif
