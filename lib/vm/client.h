/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Client of a VM directory, ktstr-vm(7): ask a running machine for its memory, stop it for a while,
 * hear what happens to it. One thread uses one client.
 */
#ifndef KTSTR_VM_CLIENT_H
#define KTSTR_VM_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define VM_RANGES_MAX 128
#define VM_FDS_MAX 64
#define VM_PACKET_MAX (256u << 10)

#define VM_EVENTS_MAX 256u /* kept while an answer was waited for; more are lost */

struct vm_client {
	int fd;		/* -1 holds nothing; poll it for packets, but see vm_has_event */
	json_t *events; /* that came before an answer; array or NULL */
};

/* Connect to @dir/ctl. */
int vm_connect(struct vm_client *c, const char *dir, struct err *e);
void vm_disconnect(struct vm_client *c);

/* Whether vm_receive gives an event that came earlier, whatever poll(2) says of the descriptor. */
static inline bool vm_has_event(const struct vm_client *c)
{
	return json_array_size(c->events) > 0;
}

/*
 * Receive one packet by @deadline_ns as a new reference. Descriptors that come with it go to @fds
 * (room for @fds_max; more are closed), their number to *n_fds; both may be NULL. ESHUTDOWN when
 * the machine has closed the socket.
 */
int vm_receive(struct vm_client *c, uint64_t deadline_ns, json_t **ret, int *fds, size_t fds_max,
	       size_t *n_fds, struct err *e);

/*
 * Send @text and wait for its answer; events that come first are
 * kept for vm_receive. An answer that is not
 * ok is an error with the machine's own text (EPROTO). *ret may be NULL.
 */
int vm_request(struct vm_client *c, const char *text, uint64_t deadline_ns, json_t **ret,
	       struct err *e);

struct vm_range {
	uint64_t gpa, len; /* bytes */
	uint64_t offset;   /* in the file */
	unsigned int fd;   /* index into fds */
};

/* The memory of a machine. */
struct vm_memory {
	int fds[VM_FDS_MAX];
	size_t n_fds;
	struct vm_range ranges[VM_RANGES_MAX];
	size_t n_ranges;
	json_t *answer; /* the whole answer to `attach` */
};

/* Attach for reading, or for writing too. Each range is checked to lie within its file. */
int vm_attach(struct vm_client *c, int writable, uint64_t deadline_ns, struct vm_memory *ret,
	      struct err *e);
void vm_memory_deinit(struct vm_memory *m);

#endif
