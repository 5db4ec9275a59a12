/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The types of BPF programs and maps: a struct btf of the kernel's (kernel/bpf/btf.c) read from its
 * memory and parsed, once for each. The bytes are the guest's and are checked as such (types.h).
 */
#ifndef KTSTR_KERNEL_BPFBTF_H
#define KTSTR_KERNEL_BPFBTF_H

#include "kernel/fields.h"
#include "kernel/kreader.h"

#define BPFBTF_BYTES_MAX (32u << 20)	  /* of one */
#define BPFBTF_ALL_BYTES_MAX (128u << 20) /* of all that are kept */
#define BPFBTF_KEPT_MAX 512u
#define BPFBTF_EAGER_BYTES (64u << 10)

struct bpfbtf;

/* *ret is NULL on failure, which is memory; a kernel without struct btf fails each look-up. The
 * types of @k must outlive it. */
int bpfbtf_create(const struct kernel *k, struct bpfbtf **ret, struct err *e);
void bpfbtf_destroy(struct bpfbtf *b); /* NULL is allowed */

/*
 * Begin another round: what was not asked for in the last one is let go of when there is too much.
 * Types that were handed out are good until then.
 */
void bpfbtf_age(struct bpfbtf *b);

/*
 * The types of the struct btf at @kva: those of the kernel for its own BTF, and as base of split
 * ones. Known by address, number, place and length of the bytes, so that parsing is done once.
 * Owned by @b. EPROTO for bytes that are no BTF, E2BIG for more than is kept.
 */
int bpfbtf_types(struct bpfbtf *b, struct kreader *r, uint64_t kva, const struct types **ret,
		 struct err *e);

/*
 * Read what bpfbtf_types() will read, for a memory that records. Types that are not known yet are
 * parsed only when their BTF has at most BPFBTF_EAGER_BYTES (1 ms or so); of larger ones *ret is
 * NULL.
 */
int bpfbtf_touch(struct bpfbtf *b, struct kreader *r, uint64_t kva, const struct types **ret,
		 struct err *e);

#endif
