/* SPDX-License-Identifier: GPL-2.0-only */
/* A few pages of any bytes as page tables: a walk ends, and ends in a page. */
#include "mem/pgtable.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES 8u
#define PAGE 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mem *tables;
static int tables_fd;

static void make_tables(void)
{
	struct mem_range r = {.len = PAGES * PAGE};
	struct err e;

	tables_fd = memfd_create("tables", MFD_CLOEXEC);
	r.fd = tables_fd;
	if (tables_fd < 0 || ftruncate(tables_fd, PAGES * PAGE) ||
	    mem_create(&r, 1, false, &tables, &e))
		abort();
}

/* The first bytes say how to walk; the rest are entries, each put where its number says. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pgtable p = {.levels = 4};
	static uint64_t ram[PAGES * PAGE / sizeof(uint64_t)];
	uint64_t va, gpa, left, head[3];
	struct err e;

	if (!tables)
		make_tables();
	if (size < sizeof(head))
		return 0;
	memcpy(head, data, sizeof(head));
	memset(ram, 0, sizeof(ram));
	for (size_t at = sizeof(head); at + 10 <= size; at += 10) {
		uint16_t slot;

		memcpy(&slot, data + at, 2);
		memcpy(&ram[slot % (PAGES * PAGE / sizeof(uint64_t))], data + at + 2, 8);
	}
	if (pwrite(tables_fd, ram, sizeof(ram), 0) != sizeof(ram))
		return 0;
	p = (struct pgtable){
		.mem = tables, .root_gpa = head[0], .levels = head[1] & 7, .enc_mask = head[2]};
	va = head[1] & ~7ull;
	for (int i = 0; i < 2; i++, p.root_gpa &= (PAGES - 1) * PAGE, p.levels = 4 + (p.levels & 1))
		if (pgtable_walk(&p, va, &gpa, &left, &e) == 0 &&
		    (!left || left > 1ull << 30 || gpa >> 52))
			abort();
	return 0;
}
