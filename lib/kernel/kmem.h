/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's virtual addresses: the image and the direct map by arithmetic, everything else (and
 * until the direct map's base is known, all of it) through the page tables
 * (Documentation/arch/x86/x86_64/mm.rst).
 */
#ifndef KTSTR_KERNEL_KMEM_H
#define KTSTR_KERNEL_KMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kernel/vmcoreinfo.h"
#include "mem/mem.h"
#include "mem/pgtable.h"

/* __START_KERNEL_map, arch/x86/include/asm/page_64_types.h: where the image is mapped */
#define KMEM_IMAGE_BASE 0xffffffff80000000ull

struct kmem {
	struct mem *mem; /* borrowed */
	struct pgtable pgtable;
	uint64_t image_base, image_end; /* [base, end) of the kernel image's mapping */
	uint64_t phys_base;		/* pa = va - image_base + phys_base */
	uint64_t page_offset;		/* base of the direct map; 0 while not known */
};

/* From VMCOREINFO: swapper_pg_dir (or init_top_pgt), phys_base, pgtable_l5_enabled, sme_mask. */
int kmem_init(struct kmem *k, struct mem *m, const struct vmcoreinfo *v, struct err *e);

/* The guest-physical address of @kva; *ret_left as in pgtable_walk. */
int kmem_translate(const struct kmem *k, uint64_t kva, uint64_t *ret_gpa, uint64_t *ret_left,
		   struct err *e);

/* Copy @len bytes at @kva, across pages. The text of an error names the address. */
int kmem_read(const struct kmem *k, uint64_t kva, void *buf, size_t len, struct err *e);
/* The whole of it lies in writable memory, or nothing is written. */
int kmem_write(const struct kmem *k, uint64_t kva, const void *buf, size_t len, struct err *e);

/* One little-endian number of 1, 2, 4 or 8 bytes, read with one load where it is aligned. */
int kmem_u8(const struct kmem *k, uint64_t kva, uint8_t *ret, struct err *e);
int kmem_u16(const struct kmem *k, uint64_t kva, uint16_t *ret, struct err *e);
int kmem_u32(const struct kmem *k, uint64_t kva, uint32_t *ret, struct err *e);
int kmem_u64(const struct kmem *k, uint64_t kva, uint64_t *ret, struct err *e);

/* A string of at most @size - 1 bytes into @ret, NUL-terminated; longer ones are cut. The bytes are
 * the guest's. */
int kmem_string(const struct kmem *k, uint64_t kva, char *ret, size_t size, struct err *e);

#endif
