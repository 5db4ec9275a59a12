/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the guest's memory comes from: a running machine's control socket, ktstr-vm(7), or a file
 * of anybody's. All that has to be opened is opened here, before the sandbox.
 */
#ifndef KTSTR_TARGET_TARGET_H
#define KTSTR_TARGET_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "kernel/kernel.h"
#include "mem/mem.h"
#include "vm/client.h"
#include "vm/doorbell.h"
#include "vm/watch.h"

#define TARGET_VCPUS_MAX 4096u

struct target_options {
	const char *vm_dir, *mem_file; /* one of them, the other NULL */
	struct mem_range *ranges;      /* borrowed during target_open */
	size_t n_ranges;
	bool writable;
	bool listen;				/* to the doorbell, of a machine */
	const char *vmlinux, *system_map, *btf; /* NULL: not given */
	uint64_t deadline_ns;			/* for the machine to be there */
};

struct target {
	struct mem *mem;
	struct vm_client vm; /* fd -1: none */
	bool gone;	     /* the machine has ended */
	bool guest_up;	     /* the guest's agent began to speak; cleared by who takes note of it */
	/* The machine stands still for us until target_go_on: */
	bool at_bell;		   /* the guest rang, */
	struct doorbell_ring ring; /* for this */
	bool at_watch;		   /* or a word that we watch was written to: */
	struct watch_hit hit;	   /* slot WATCH_SLOTS when the machine's words made no sense */
	bool late; /* it went on before we heard of it: set for who takes note of it and clears it,
		    * and nothing more is heard of until then; */
	bool late_at_watch; /* what it was is told by hit, else by ring */
	int *vcpu_fds;	    /* schedstat of each vCPU's thread, -1 for none */
	unsigned int n_vcpus;
	struct buf vmlinux, system_map, btf;
};

/*
 * Open @ret. EAGAIN when the machine was not there by the deadline. Release with target_close, also
 * after a failure.
 */
int target_open(struct target *ret, const struct target_options *o, struct err *e);
void target_close(struct target *t);

/* The files that were given, for kernel_attach. */
struct kernel_sources target_files(const struct target *t);

static inline bool target_is_held(const struct target *t)
{
	return t->at_bell || t->at_watch;
}

/* Take the packets that the machine has sent, without waiting. Afterwards it is held for us, or
 * not; sets gone when it ended. To be called again after target_go_on, when late is cleared, or
 * when the descriptor is readable. */
void target_hear(struct target *t);

/* Answer the guest that rang; the machine stays held. Who else listens may answer, too: leave it
 * out for what is not ours. */
int target_answer(struct target *t, bool ok, const char *text, struct err *e);

/* Let the machine go on from where it is held. */
int target_go_on(struct target *t, struct err *e);

#endif
