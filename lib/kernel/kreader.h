/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Many reads of a kernel that stands still: page tables are walked once a page, and a budget bounds
 * what all reads together may cost, whatever the guest's own pointers and counts make of them.
 */
#ifndef KTSTR_KERNEL_KREADER_H
#define KTSTR_KERNEL_KREADER_H

#include "kernel/kernel.h"

#define KREADER_PAGE 4096u
#define KREADER_SLOTS 4096u   /* 16 MiB of elements all over the place */
#define KREADER_READ_COST 64u /* bytes of the budget that each read takes besides its own */

struct kreader {
	const struct kernel *k; /* borrowed */
	uint64_t left;		/* of the budget */
	struct {
		uint64_t page, gpa; /* page: its address / KREADER_PAGE + 1; 0: none */
	} slots[KREADER_SLOTS];
};

/* @budget: bytes. */
void kreader_init(struct kreader *r, const struct kernel *k, uint64_t budget);

/* As kmem_read; E2BIG when the budget is used up. */
int kreader_read(struct kreader *r, uint64_t kva, void *buf, size_t len, struct err *e);
int kreader_u64(struct kreader *r, uint64_t kva, uint64_t *ret, struct err *e);

/* The number at member @m (at most 8 bytes) of the object at @kva, as kernel_read_member. */
int kreader_member(struct kreader *r, uint64_t kva, const struct member *m, uint64_t *ret,
		   struct err *e);

#endif
