/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/kmem.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* KERNEL_IMAGE_SIZE, arch/x86/include/asm/page_64_types.h: what lies behind the image is for
 * modules, which only the page tables place. */
#define IMAGE_SIZE_MIN (512ull << 20)
#define IMAGE_SIZE_MAX (1ull << 30)

#define PAGE 4096u

/* ---- addresses ---- */

static int not_there(uint64_t kva, struct err *e)
{
	return err_prefix(e, "kernel address 0x%" PRIx64, kva);
}

/* The direct map has all memory in a row from page_offset. */
static inline bool in_direct_map(const struct kmem *k, uint64_t kva)
{
	return k->page_offset && kva - k->page_offset < mem_end(k->mem);
}

int kmem_translate(const struct kmem *k, uint64_t kva, uint64_t *ret_gpa, uint64_t *ret_left,
		   struct err *e)
{
	if (kva - k->image_base < k->image_end - k->image_base) {
		*ret_gpa = kva - k->image_base + k->phys_base;
		*ret_left = k->image_end - kva;
		return 0;
	}
	if (in_direct_map(k, kva)) {
		*ret_gpa = kva - k->page_offset;
		*ret_left = mem_end(k->mem) - *ret_gpa;
		return 0;
	}
	return pgtable_walk(&k->pgtable, kva, ret_gpa, ret_left, e);
}

/* ---- bytes ---- */

int kmem_read(const struct kmem *k, uint64_t kva, void *buf, size_t len, struct err *e)
{
	uint8_t *to = buf;

	while (len) {
		uint64_t gpa, left;
		size_t n;

		if (kmem_translate(k, kva, &gpa, &left, e))
			return -1; /* says which address */
		n = len < left ? len : (size_t)left;
		if (mem_read(k->mem, gpa, to, n, e))
			return not_there(kva, e);
		to += n;
		kva += n;
		len -= n;
	}
	return 0;
}

/* Whether all of it can be read, a page at a time: the pieces may lie anywhere. */
static int write_check(const struct kmem *k, uint64_t kva, size_t len, struct err *e)
{
	uint8_t page[PAGE];

	while (len) {
		size_t n = PAGE - kva % PAGE;

		n = len < n ? len : n;
		if (kmem_read(k, kva, page, n, e))
			return -1;
		kva += n;
		len -= n;
	}
	return 0;
}

int kmem_write(const struct kmem *k, uint64_t kva, const void *buf, size_t len, struct err *e)
{
	const uint8_t *from = buf;

	if (write_check(k, kva, len, e))
		return -1;
	while (len) {
		uint64_t gpa, left;
		size_t n;

		if (kmem_translate(k, kva, &gpa, &left, e))
			return -1;
		n = len < left ? len : (size_t)left;
		if (mem_write(k->mem, gpa, from, n, e))
			return not_there(kva, e);
		from += n;
		kva += n;
		len -= n;
	}
	return 0;
}

int kmem_u8(const struct kmem *k, uint64_t kva, uint8_t *ret, struct err *e)
{
	return kmem_read(k, kva, ret, sizeof(*ret), e);
}

int kmem_u16(const struct kmem *k, uint64_t kva, uint16_t *ret, struct err *e)
{
	return kmem_read(k, kva, ret, sizeof(*ret), e);
}

int kmem_u32(const struct kmem *k, uint64_t kva, uint32_t *ret, struct err *e)
{
	return kmem_read(k, kva, ret, sizeof(*ret), e);
}

int kmem_u64(const struct kmem *k, uint64_t kva, uint64_t *ret, struct err *e)
{
	return kmem_read(k, kva, ret, sizeof(*ret), e);
}

int kmem_string(const struct kmem *k, uint64_t kva, char *ret, size_t size, struct err *e)
{
	size_t at = 0;

	if (!size)
		return err_set(e, EINVAL, "no room for a string");
	while (at < size - 1) {
		/* Never past the page: what follows the string's end may not be there. */
		size_t n = PAGE - (kva + at) % PAGE;

		n = n < size - 1 - at ? n : size - 1 - at;
		if (kmem_read(k, kva + at, ret + at, n, e))
			return -1;
		if (memchr(ret + at, 0, n))
			return 0;
		at += n;
	}
	ret[at] = 0;
	return 0;
}

/* ---- from VMCOREINFO ---- */

/* @name as a number, or @otherwise where the kernel does not say it. */
static int number_or(const struct vmcoreinfo *v, const char *name, uint64_t otherwise,
		     uint64_t *ret, struct err *e)
{
	if (!vmcoreinfo_number(v, name, ret, e))
		return 0;
	*ret = otherwise;
	return e->code == ENOENT ? 0 : -1;
}

static int find_image(struct kmem *k, const struct vmcoreinfo *v, struct err *e)
{
	uint64_t size;

	if (vmcoreinfo_number(v, "phys_base", &k->phys_base, e) ||
	    number_or(v, "KERNEL_IMAGE_SIZE", IMAGE_SIZE_MIN, &size, e))
		return -1;
	/* The image lies at 2 MiB boundaries, the mapping is made of such pages. */
	if (k->phys_base % (2u << 20))
		return err_set(e, EPROTO,
			       "VMCOREINFO 'NUMBER(phys_base)' is 0x%" PRIx64
			       ", no multiple of 2 MiB",
			       k->phys_base);
	if (!size || size > IMAGE_SIZE_MAX)
		return err_set(e, EPROTO, "VMCOREINFO 'NUMBER(KERNEL_IMAGE_SIZE)' is 0x%" PRIx64,
			       size);
	k->image_base = KMEM_IMAGE_BASE;
	k->image_end = KMEM_IMAGE_BASE + size;
	return 0;
}

static int find_pgtable(struct kmem *k, const struct vmcoreinfo *v, struct err *e)
{
	uint64_t root, l5, sme, left;

	if (vmcoreinfo_symbol(v, "swapper_pg_dir", &root, e) &&
	    vmcoreinfo_symbol(v, "init_top_pgt", &root, e))
		return -1;
	if (number_or(v, "pgtable_l5_enabled", 0, &l5, e) || number_or(v, "sme_mask", 0, &sme, e))
		return -1;
	if (l5 > 1)
		return err_set(e, EPROTO, "VMCOREINFO 'NUMBER(pgtable_l5_enabled)' is %" PRIu64,
			       l5);
	/* One bit of the physical address, or none. */
	if (sme & (sme - 1) || (sme && (sme < PAGE || sme >> 52)))
		return err_set(e, EPROTO, "VMCOREINFO 'NUMBER(sme_mask)' is 0x%" PRIx64, sme);
	if (root - k->image_base >= k->image_end - k->image_base || root % PAGE)
		return err_set(e, EPROTO, "VMCOREINFO puts the page tables at 0x%" PRIx64, root);
	if (kmem_translate(k, root, &k->pgtable.root_gpa, &left, e))
		return -1;
	k->pgtable.mem = k->mem;
	k->pgtable.levels = l5 ? 5 : 4;
	k->pgtable.enc_mask = sme;
	return 0;
}

/* A text that an earlier kernel left does not go with the page tables that are there now. */
static int check_image(const struct kmem *k, const struct vmcoreinfo *v, struct err *e)
{
	uint64_t text, gpa, left;

	if (vmcoreinfo_symbol(v, "_stext", &text, e))
		return -1;
	if (text - k->image_base >= k->image_end - k->image_base)
		return err_set(e, EPROTO, "VMCOREINFO puts the kernel's text at 0x%" PRIx64, text);
	if (pgtable_walk(&k->pgtable, text, &gpa, &left, e))
		return -1;
	if (gpa != text - k->image_base + k->phys_base)
		return err_set(e, EPROTO,
			       "VMCOREINFO does not fit the page tables: the kernel's "
			       "text is at 0x%" PRIx64,
			       gpa);
	return 0;
}

int kmem_init(struct kmem *k, struct mem *m, const struct vmcoreinfo *v, struct err *e)
{
	*k = (struct kmem){.mem = m};
	if (find_image(k, v, e) || find_pgtable(k, v, e) || check_image(k, v, e))
		return -1;
	return 0;
}
