/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the guest's memory comes from: a running machine's control socket, ktstr-vm(7), or a file
 * of anybody's. All that has to be opened is opened here, before the sandbox.
 */
#ifndef KTSTR_MONITOR_SOURCE_H
#define KTSTR_MONITOR_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "kernel/kernel.h"
#include "mem/mem.h"
#include "vm/client.h"
#include "vm/doorbell.h"

#define SOURCE_VCPUS_MAX 4096u

struct source_options {
	const char *vm_dir, *mem_file; /* one of them, the other NULL */
	const struct mem_range *ranges;
	size_t n_ranges;
	bool writable;				/* and listen to the doorbell */
	const char *vmlinux, *system_map, *btf; /* NULL: not given */
	uint64_t deadline_ns;			/* for the machine to be there */
};

struct source {
	struct mem *mem;
	struct vm_client vm; /* fd -1: none */
	bool gone;	     /* the machine has ended */
	bool guest_up;	     /* the guest's agent began to speak; cleared by who takes note of it */
	bool at_bell;	     /* the guest rang, and stands still for us until source_leave_bell */
	struct doorbell_ring ring; /* what it rang for */
	int *vcpu_fds;		   /* schedstat of each vCPU's thread, -1 for none */
	unsigned int n_vcpus;
	struct buf vmlinux, system_map, btf;
};

/*
 * Open @ret. EAGAIN when the machine was not there by the deadline. Release with source_close, also
 * after a failure.
 */
int source_open(struct source *ret, const struct source_options *o, struct err *e);
void source_close(struct source *s);

/* The files that were given, for kernel_attach. */
struct kernel_sources source_files(const struct source *s);

/* Take the packets that the machine has sent, without waiting, up to a doorbell; sets gone when it
 * ended. */
void source_hear(struct source *s);

/* Answer the guest that rang, and let it go on. */
int source_leave_bell(struct source *s, bool ok, const char *text, struct err *e);

#endif
