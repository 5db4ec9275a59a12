/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's memory made by the test: one range from address 0, mapped where a kernel image is, so
 * that a byte at @bytes[i] has the kernel address IMAGE_KVA + i, and no page tables.
 */
#ifndef KTSTR_TESTS_UNIT_IMAGE_H
#define KTSTR_TESTS_UNIT_IMAGE_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/kmem.h"
#include "mem/mem.h"

#define IMAGE_KVA 0xffffffff80000000u

struct image {
	uint8_t *bytes; /* shared with what mem_read sees */
	size_t len;
	struct mem *mem;
	struct kmem kmem;
};

static inline void image_init(struct image *m, size_t len)
{
	struct mem_range range = {.len = len, .fd = memfd_create("image", MFD_CLOEXEC)};
	struct err e;

	*m = (struct image){.len = len};
	if (range.fd < 0 || ftruncate(range.fd, (off_t)len))
		abort();
	m->bytes = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, range.fd, 0);
	if (m->bytes == MAP_FAILED || mem_create(&range, 1, false, &m->mem, &e))
		abort();
	close(range.fd);
	m->kmem = (struct kmem){.mem = m->mem,
				.pgtable = {.mem = m->mem, .levels = 4},
				.image_base = IMAGE_KVA,
				.image_end = IMAGE_KVA + len};
}

static inline void image_deinit(struct image *m)
{
	mem_destroy(m->mem);
	munmap(m->bytes, m->len);
}

static inline void image_put(struct image *m, size_t at, uint64_t v, size_t size)
{
	memcpy(m->bytes + at, &v, size); /* little-endian, as all that is built here */
}

#endif
