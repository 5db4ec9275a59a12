/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's memory made by the test: one range from address 0, mapped where a kernel image is, so
 * that a byte at @bytes[i] has the kernel address IMAGE_KVA + i, and no page tables.
 */
#ifndef KTSTR_TESTS_UNIT_IMAGE_H
#define KTSTR_TESTS_UNIT_IMAGE_H

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guestmem.h"
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
	int fd = guest_file(len);

	*m = (struct image){.len = len, .mem = guest_flat(fd, len, false)};
	m->bytes = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	guest_must(m->bytes != MAP_FAILED, "mmap");
	close(fd);
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
