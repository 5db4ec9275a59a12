/* SPDX-License-Identifier: GPL-2.0-only */
/* Page tables: each size of page at both depths, and tables that are wrong in every way. */
#include "mem/pgtable.h"

#include <errno.h>

#include "base/cleanup.h"
#include "guestmem.h"
#include "test.h"

#define PAGE GUEST_PAGE
#define RAM_LEN (64u * PAGE)
#define ROOT (4u * PAGE)
#define KVA 0xffffffff81234567ull

static struct err e;

/* A guest with an empty table of @levels, and a walker of it. */
struct guest {
	struct guest_tables tables;
	struct mem *mem;
	struct pgtable walker;
};

static struct guest guest_make(unsigned int levels)
{
	struct guest g = {.tables = {.fd = guest_file(RAM_LEN),
				     .root = ROOT,
				     .next = ROOT + PAGE,
				     .levels = levels}};

	g.mem = guest_flat(g.tables.fd, RAM_LEN, false);
	g.walker = (struct pgtable){.mem = g.mem, .root_gpa = ROOT, .levels = levels};
	return g;
}

static void guest_unmake(struct guest *g)
{
	mem_destroy(g->mem);
	close(g->tables.fd);
}
#define _cleanup_guest_ _cleanup_(guest_unmake)

static void check_walk(struct guest *g, uint64_t va, uint64_t want, uint64_t want_left)
{
	uint64_t gpa = 0, left = 0;

	if (pgtable_walk(&g->walker, va, &gpa, &left, &e)) {
		printf("# %s\n", e.text);
		CHECK(0);
	}
	CHECK(gpa == want);
	CHECK(left == want_left);
}

static void check_fault(struct guest *g, uint64_t va, const char *want)
{
	uint64_t gpa = 17, left = 17;

	CHECK(pgtable_walk(&g->walker, va, &gpa, &left, &e) == -1 && e.code == EFAULT);
	if (!strstr(e.text, want)) {
		printf("# '%s' has no '%s'\n", e.text, want);
		CHECK(0);
	}
}

static void page_sizes(void)
{
	for (unsigned int levels = 4; levels <= 5; levels++) {
		for (unsigned int level = 1; level <= 3; level++) {
			_cleanup_guest_ struct guest g = guest_make(levels);
			uint64_t size = 1ull << (12 + 9 * (level - 1));
			uint64_t pa = 0x123ull << 39, off = KVA & (size - 1);

			guest_map(&g.tables, KVA, pa, level);
			check_walk(&g, KVA, pa + off, size - off);
			check_walk(&g, KVA - off, pa, size);
			check_walk(&g, KVA - off + size - 1, pa + size - 1, 1);
			check_fault(&g, KVA - off + size, "not mapped: no entry at level");
			check_fault(&g, 0, "not mapped: no entry at level");
		}
	}
}

/* The bits of an entry that are no address: flags, software's, protection keys, no-execute. */
static void flags_are_not_address(void)
{
	const uint64_t flags = 0xfff0000000000e7full, pat_large = 1ull << 12;
	_cleanup_guest_ struct guest g = guest_make(4);

	guest_put_u64(g.tables.fd, guest_entry(&g.tables, KVA, 1), 0xabc000 | flags);
	check_walk(&g, KVA, 0xabc567, PAGE - 0x567);
	guest_put_u64(g.tables.fd, guest_entry(&g.tables, KVA, 2),
		      0x40000000 | flags | pat_large | GUEST_LARGE);
	check_walk(&g, KVA, 0x40034567, 0x200000 - 0x34567);
	/* In the last level that bit is another one. */
	guest_put_u64(g.tables.fd, guest_entry(&g.tables, 0x1000, 1), 0xabc001 | GUEST_LARGE);
	check_walk(&g, 0x1000, 0xabc000, PAGE);
}

static void encryption_bit(void)
{
	const uint64_t enc = 1ull << 47;
	_cleanup_guest_ struct guest g = guest_make(4);
	uint64_t entry;

	guest_map(&g.tables, KVA, 0xabc000, 1);
	entry = guest_entry(&g.tables, KVA, 1);
	guest_put_u64(g.tables.fd, entry, guest_get_u64(g.tables.fd, entry) | enc);
	check_walk(&g, KVA, 0xabc567 | enc, PAGE - 0x567);
	g.walker.enc_mask = enc;
	check_walk(&g, KVA, 0xabc567, PAGE - 0x567);
	entry = guest_entry(&g.tables, KVA, 4);
	guest_put_u64(g.tables.fd, entry, guest_get_u64(g.tables.fd, entry) | enc);
	g.walker.root_gpa |= enc;
	check_walk(&g, KVA, 0xabc567, PAGE - 0x567);
}

static void not_canonical(void)
{
	_cleanup_guest_ struct guest four = guest_make(4), five = guest_make(5);

	check_fault(&four, 0x0000800000000000, "is not canonical for 4 levels");
	check_fault(&four, 0xffff7fffffffffff, "is not canonical");
	check_fault(&four, 0xff11000000000000, "0xff11000000000000 is not canonical");
	check_fault(&four, 0x00007fffffffffff, "no entry at level 4");
	check_fault(&four, 0xffff800000000000, "no entry at level 4");
	check_fault(&five, 0x0100000000000000, "is not canonical for 5 levels");
	check_fault(&five, 0xfeffffffffffffff, "is not canonical");
	check_fault(&five, 0xff00000000000000, "no entry at level 5");
	check_fault(&five, 0x0000800000000000, "no entry at level 5");
}

/* A root that is its own every table. */
static void loop(void)
{
	for (unsigned int levels = 4; levels <= 5; levels++) {
		_cleanup_guest_ struct guest g = guest_make(levels);

		for (unsigned int i = 0; i < 512; i++)
			guest_put_u64(g.tables.fd, ROOT + i * 8, ROOT | GUEST_PRESENT);
		check_walk(&g, KVA, ROOT + 0x567, PAGE - 0x567);
		check_walk(&g, 0, ROOT, PAGE);
	}
}

static void tables_outside_memory(void)
{
	_cleanup_guest_ struct guest g = guest_make(5);

	for (unsigned int level = 5; level > 1; level--) {
		uint64_t entry = guest_entry(&g.tables, KVA, level);
		char want[64];

		guest_put_u64(g.tables.fd, entry, 0x000ffffffffff000 | GUEST_PRESENT);
		snprintf(want, sizeof(want), "page table of level %u for address 0x%llx", level - 1,
			 (unsigned long long)KVA);
		check_fault(&g, KVA, want);
		guest_put_u64(g.tables.fd, entry, 0);
		guest_entry(&g.tables, KVA, level - 1);
	}
	g.walker.root_gpa = RAM_LEN;
	check_fault(&g, KVA, "page table of level 5");
}

static void reserved_bits(void)
{
	_cleanup_guest_ struct guest g = guest_make(5);
	const uint64_t large = GUEST_LARGE | GUEST_PRESENT;
	uint64_t entry = guest_entry(&g.tables, KVA, 2);

	guest_put_u64(g.tables.fd, entry, (1ull << 20) | large);
	check_fault(&g, KVA, "reserved bits set in the entry at level 2");
	guest_put_u64(g.tables.fd, entry, (1ull << 13) | large);
	check_fault(&g, KVA, "reserved bits set in the entry at level 2");
	guest_put_u64(g.tables.fd, guest_entry(&g.tables, KVA, 3), (1ull << 29) | large);
	check_fault(&g, KVA, "reserved bits set in the entry at level 3");
	guest_put_u64(g.tables.fd, guest_entry(&g.tables, KVA, 4), large);
	check_fault(&g, KVA, "reserved bits set in the entry at level 4");
	guest_put_u64(g.tables.fd, guest_entry(&g.tables, KVA, 5), large);
	check_fault(&g, KVA, "reserved bits set in the entry at level 5");
}

static void absurd_levels(void)
{
	_cleanup_guest_ struct guest g = guest_make(4);
	static const unsigned int levels[] = {0, 1, 3, 6, 7, 4000000000u};
	uint64_t gpa, left;

	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		g.walker.levels = levels[i];
		CHECK(pgtable_walk(&g.walker, KVA, &gpa, &left, &e) == -1 && e.code == EINVAL);
	}
}

int main(void)
{
	RUN(page_sizes);
	RUN(flags_are_not_address);
	RUN(encryption_bit);
	RUN(not_canonical);
	RUN(loop);
	RUN(tables_outside_memory);
	RUN(reserved_bits);
	RUN(absurd_levels);
	return TEST_END();
}
