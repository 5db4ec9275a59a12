/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An xarray and an idr in memory of any bytes, of which a pointer becomes an address in it by its
 * low bits, or hardly any would be one.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/xarray.h"

#define LEN 16384u /* a power of 2 */
#define KVA 0xffffffff80000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t *memory;

static void make_kernel(struct kernel *k)
{
	struct mem_range range = {.len = LEN, .fd = memfd_create("guest", MFD_CLOEXEC)};
	struct err e;

	if (range.fd < 0 || ftruncate(range.fd, LEN))
		abort();
	memory = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, range.fd, 0);
	if (memory == MAP_FAILED || mem_create(&range, 1, false, &k->mem.mem, &e))
		abort();
	close(range.fd);
	k->mem.pgtable = (struct pgtable){.mem = k->mem.mem, .levels = 4};
	k->mem.image_base = KVA;
	k->mem.image_end = KVA + LEN;
}

static int count(void *arg, uint64_t index, uint64_t pointer)
{
	if (!pointer || pointer & 3)
		abort();
	++*(uint64_t *)arg;
	return index == 4242 ? 1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct xarray_layout layout = {.head = {.offset = 8, .size = 8, .count = 1},
						    .slots = {.offset = 8, .size = 8, .count = 16},
						    .shift = {.size = 1, .count = 1},
						    .idr_base = 16};
	static struct kernel kernel;
	uint64_t n = 0;
	struct err e;

	if (!memory)
		make_kernel(&kernel);
	memset(memory, 0, LEN);
	memcpy(memory, data, size < LEN ? size : LEN);
	for (size_t i = 0; i < LEN / sizeof(*memory); i++)
		if (memory[i] >> 63)
			memory[i] = KVA | (memory[i] & (LEN - 1));
	xarray_walk(&kernel, &layout, KVA, count, &n, &e);
	xarray_walk_idr(&kernel, &layout, KVA, count, &n, &e);
	return n > 2 * XARRAY_ENTRIES_MAX ? abort(), 0 : 0;
}
