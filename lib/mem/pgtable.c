/* SPDX-License-Identifier: GPL-2.0-only */
#include "mem/pgtable.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

#define PAGE_SHIFT 12
#define LEVEL_BITS 9
#define LEVEL_ENTRIES (1u << LEVEL_BITS)

#define ENTRY_PRESENT (1ull << 0)
#define ENTRY_LARGE (1ull << 7)		    /* from level 2 up: the entry maps a page */
#define ENTRY_LARGE_PAT (1ull << 12)	    /* in the address of a large page, not part of it */
#define ENTRY_ADDRESS 0x000ffffffffff000ull /* bits 51:12 */
#define LARGE_LEVEL_MAX 3		    /* 1 GiB */

/* Address bits below a page that an entry of @level maps. */
static inline unsigned int level_shift(unsigned int level)
{
	return PAGE_SHIFT + LEVEL_BITS * (level - 1);
}

/* All bits above the highest that is translated must be copies of it. */
static inline bool is_canonical(uint64_t va, unsigned int levels)
{
	unsigned int unused = 64 - (PAGE_SHIFT + LEVEL_BITS * levels);

	return (uint64_t)((int64_t)(va << unused) >> unused) == va;
}

static int not_mapped(uint64_t va, unsigned int level, const char *why, struct err *e)
{
	return err_set(e, EFAULT, "address 0x%" PRIx64 " is not mapped: %s at level %u", va, why,
		       level);
}

/* The page of @level that @entry maps @va to. */
static int walk_end(uint64_t entry, uint64_t va, unsigned int level, uint64_t *ret_gpa,
		    uint64_t *ret_left, struct err *e)
{
	uint64_t size = 1ull << level_shift(level), page = entry & ENTRY_ADDRESS;

	if (level > 1)
		page &= ~ENTRY_LARGE_PAT;
	if (page & (size - 1))
		return not_mapped(va, level, "reserved bits set in the entry", e);
	*ret_gpa = page + (va & (size - 1));
	*ret_left = size - (va & (size - 1));
	return 0;
}

int pgtable_walk(const struct pgtable *p, uint64_t va, uint64_t *ret_gpa, uint64_t *ret_left,
		 struct err *e)
{
	uint64_t table = p->root_gpa & ENTRY_ADDRESS & ~p->enc_mask;

	if (p->levels != 4 && p->levels != 5)
		return err_set(e, EINVAL, "page tables of %u levels", p->levels);
	if (!is_canonical(va, p->levels))
		return err_set(e, EFAULT, "address 0x%" PRIx64 " is not canonical for %u levels",
			       va, p->levels);
	for (unsigned int level = p->levels; level; level--) {
		uint64_t index = va >> level_shift(level) & (LEVEL_ENTRIES - 1), entry;

		if (mem_read(p->mem, table + index * sizeof(entry), &entry, sizeof(entry), e))
			return err_prefix(e, "page table of level %u for address 0x%" PRIx64, level,
					  va);
		entry &= ~p->enc_mask;
		if (!(entry & ENTRY_PRESENT))
			return not_mapped(va, level, "no entry", e);
		if (level == 1 || (entry & ENTRY_LARGE && level <= LARGE_LEVEL_MAX))
			return walk_end(entry, va, level, ret_gpa, ret_left, e);
		if (entry & ENTRY_LARGE)
			return not_mapped(va, level, "reserved bits set in the entry", e);
		table = entry & ENTRY_ADDRESS;
	}
	return err_set(e, EFAULT, "address 0x%" PRIx64 " is not mapped", va);
}
