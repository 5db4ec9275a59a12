/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86-64 page tables in guest memory: 4 or 5 levels, pages of 4 KiB, 2 MiB and 1 GiB (Intel SDM
 * volume 3, chapter "Paging"; arch/x86/include/asm/pgtable_types.h). The tables are the guest's and
 * may be anything: a walk takes at most as many reads as there are levels, so a loop cannot hold
 * it.
 */
#ifndef KTSTR_MEM_PGTABLE_H
#define KTSTR_MEM_PGTABLE_H

#include <stdint.h>

#include "base/error.h"
#include "mem/mem.h"

struct pgtable {
	const struct mem *mem; /* borrowed */
	uint64_t root_gpa;
	unsigned int levels; /* 4 or 5 */
	uint64_t enc_mask;   /* memory encryption bit to take out of entries, 0 for none */
};

/*
 * Translate @va. *ret_gpa is its guest-physical address, *ret_left the bytes from there to the end
 * of the page that maps it (at least 1). EFAULT: not canonical, not mapped, or a table outside
 * memory; the text names the address and the level.
 */
int pgtable_walk(const struct pgtable *p, uint64_t va, uint64_t *ret_gpa, uint64_t *ret_left,
		 struct err *e);

#endif
