/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A running (or dead) guest kernel seen through its memory: where things are and what they look
 * like. Nothing but memory is needed; a vmlinux, System.map or BTF given by the user is taken
 * instead of what the guest has. What the kernel's objects mean is told by the other files here.
 */
#ifndef KTSTR_KERNEL_KERNEL_H
#define KTSTR_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "kernel/kallsyms.h"
#include "kernel/kmem.h"
#include "kernel/types.h"
#include "kernel/vmcoreinfo.h"
#include "mem/mem.h"

#define KERNEL_CPUS_MAX 8192u

struct kernel {
	struct vmcoreinfo vmcoreinfo;
	struct kmem mem;
	struct kallsyms *symbols;
	struct types *types;
	unsigned int nr_cpu_ids; /* possible CPUs are numbered below it; at most KERNEL_CPUS_MAX */
	uint64_t *percpu;	 /* __per_cpu_offset[nr_cpu_ids] */
	unsigned int hz;	 /* jiffies a second */
	uint64_t banner;	 /* address of linux_banner */
	uint64_t state;		 /* address of system_state; 0 when not known */
};

/* Files that the user gave, NULL for none: contents, borrowed during kernel_attach. */
struct kernel_sources {
	const struct buf *vmlinux, *system_map, *btf;
};

/*
 * Find the kernel in @m and learn its layout. Fails with EAGAIN while it has not come up so far
 * that all this is there (no VMCOREINFO yet, symbols that do not fit it, per-CPU areas not set up);
 * other codes mean that waiting does not help: a file of the user that is not of this kernel
 * (EINVAL), no symbols or types to be had (ENOENT), such that make no sense (EPROTO). Where memory
 * holds several kernels, as after a reboot, one that has not gone down is preferred. *ret is the
 * caller's (kernel_detach) and NULL on failure; @m must outlive it.
 */
int kernel_attach(struct mem *m, const struct kernel_sources *sources, struct kernel **ret,
		  struct err *e);
/* NULL is allowed. */
void kernel_detach(struct kernel *k);

/*
 * Whether the kernel that was attached to is still the one in memory: false once it restarts, and
 * when another has taken its place. A few reads. What a kernel that died without a word left in
 * memory looks alive until something is written over it; that its clock stands tells more.
 */
bool kernel_is_alive(const struct kernel *k);

/* @k seen through another memory, such as a record of its own: borrows all of @k and @m. */
struct kernel kernel_over(const struct kernel *k, struct mem *m);

/* The address of symbol @name. */
int kernel_symbol(const struct kernel *k, const char *name, uint64_t *ret, struct err *e);

/* Where the kernel's BTF lies in its memory: *ret_len bytes, 1 to TYPES_BTF_MAX, at *ret_kva. */
int kernel_btf(const struct kernel *k, uint64_t *ret_kva, uint64_t *ret_len, struct err *e);

/* The address of a per-CPU variable on @cpu: @var is its symbol's value or a __percpu pointer.
 * EINVAL when there is no such CPU. */
int kernel_percpu(const struct kernel *k, uint64_t var, unsigned int cpu, uint64_t *ret,
		  struct err *e);

/* Words of a mask with a bit a CPU; KERNEL_MASK_WORDS_MAX are always enough. */
#define KERNEL_MASK_WORDS_MAX (KERNEL_CPUS_MAX / 64)
static inline unsigned int kernel_mask_words(const struct kernel *k)
{
	return (k->nr_cpu_ids + 63) / 64;
}

static inline bool kernel_mask_has(const uint64_t *bits, unsigned int cpu)
{
	return bits[cpu / 64] >> cpu % 64 & 1;
}

/* The mask at @kva, cut to the CPUs that there can be: kernel_mask_words() of @bits. */
int kernel_mask_read(const struct kernel *k, uint64_t kva, uint64_t *bits, struct err *e);

/* As kernel_mask_read, of symbol @name (`__cpu_online_mask`, `__cpu_possible_mask`). */
int kernel_cpumask(const struct kernel *k, const char *name, uint64_t *bits, struct err *e);

/* The number at member @m (at most 8 bytes, or a bit field) of the object at @kva, sign extended,
 * bit fields cut out. Numbers of 1, 2, 4 and 8 aligned bytes are one load. */
int kernel_read_member(const struct kernel *k, uint64_t kva, const struct member *m, uint64_t *ret,
		       struct err *e);

#endif
