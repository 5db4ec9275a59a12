/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket, ktstr-vm(7): a SOCK_SEQPACKET Unix socket `ctl` in the VM directory. A client
 * sends one request a packet, as words of text, and gets one JSON object back; a malformed request
 * gets an error and the connection lives on. What a request does to the machine is asked of it
 * through struct ctl_host.
 */
#ifndef KTSTR_BOOT_CTL_H
#define KTSTR_BOOT_CTL_H

#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "vm/watch.h"

#define CTL_CLIENTS_MAX 32
#define CTL_REQUEST_MAX 256u
#define CTL_FDS_MAX 64
#define CTL_WRITE_MAX 64u /* bytes of guest memory at once */
#define CTL_LEASE_DEFAULT_NS (30ull * 1000000000)
#define CTL_LEASE_MAX_NS (600ull * 1000000000)

/* What the machine does for the socket. @machine is the pointer given to ctl_init. */
struct ctl_host {
	/* Members of the answer to `attach`; *fds gets the descriptors to pass, still owned by the
	 * host, *n_fds their number (at most CTL_FDS_MAX). */
	json_t *(*attach)(void *machine, int fds[CTL_FDS_MAX], size_t *n_fds);
	/* Stop the machine on the first lease, let it run after the last. */
	int (*freeze)(void *machine, struct err *e);
	int (*thaw)(void *machine, struct err *e);
	json_t *(*regs)(void *machine, unsigned int vcpu, struct err *e);
	/* Answer the request with which the guest rang, "" for no text. */
	int (*answer)(void *machine, bool ok, const char *text, struct err *e);
	/* Have the machine stop at stores to guest-physical memory, and call ctl_watch then. */
	int (*watch)(void *machine, unsigned int slot, uint64_t gpa, unsigned int len,
		     struct err *e);
	int (*unwatch)(void *machine, unsigned int slot, struct err *e);
	/* Write to guest-physical memory; the machine stands still. */
	int (*write)(void *machine, uint64_t gpa, const void *data, size_t len, struct err *e);
	json_t *(*status)(void *machine);
	void (*kill)(void *machine);
};

struct ctl_client {
	int fd; /* -1: free */
	bool events;
	uint64_t lease_ends_ns; /* 0: holds none */
	uint64_t listen_ns; /* how long it holds the machine at the doorbell; 0: does not listen */
	uint64_t events_lost;
};

struct ctl_watch {
	struct ctl_client *owner; /* NULL: free */
	uint64_t kva, gpa;
	unsigned int len;
	uint64_t span_ns; /* how long a hit holds the machine */
};

struct ctl {
	int fd; /* listening; -1 holds nothing */
	char *dir;
	char *path;
	bool made_dir;
	struct ctl_client clients[CTL_CLIENTS_MAX];
	struct ctl_watch watches[WATCH_SLOTS];
	unsigned int leases;
	const struct ctl_host *host;
	void *machine;
};

/*
 * Make @dir (mode 0700) if it is not there, and the socket in it. A directory in which another
 * machine listens is refused; a socket that a dead one left is replaced.
 */
int ctl_init(struct ctl *c, const char *dir, const struct ctl_host *host, void *machine,
	     struct err *e);
/* Close all, remove the socket, and the directory if we made it. */
void ctl_deinit(struct ctl *c);

#define CTL_POLLFDS_MAX (CTL_CLIENTS_MAX + 1)
size_t ctl_pollfds(const struct ctl *c, struct pollfd ret[CTL_POLLFDS_MAX]);

/* The next time at which ctl_serve must run, CLOCK_NEVER for none. */
uint64_t ctl_deadline_ns(const struct ctl *c);

/* Accept, answer, end leases that ran out or whose client has gone. Never blocks. */
void ctl_serve(struct ctl *c);

/*
 * The machine stands still at its doorbell: tell all who listen, and give a lease to each that
 * could be told. Returns how many hold one now. The object is taken over.
 */
unsigned int ctl_doorbell(struct ctl *c, json_t *event);

/*
 * The machine stands still at a store to what slot @slot watches: tell its owner, and give it a
 * lease if it could be told. @vcpu is -1 when not known, @value the number that stands there now,
 * NULL when not known. Returns whether it was told.
 */
bool ctl_watch(struct ctl *c, unsigned int slot, int vcpu, const uint64_t *value);

/* Whether the owner of slot @slot holds a lease. */
bool ctl_watcher_holds(const struct ctl *c, unsigned int slot);

/* How many bytes slot @slot watches at *ret_gpa; 0: it is free. */
unsigned int ctl_watched(const struct ctl *c, unsigned int slot, uint64_t *ret_gpa);

/* Tell all who asked for events. The object is taken over. */
void ctl_event(struct ctl *c, json_t *event);

#endif
