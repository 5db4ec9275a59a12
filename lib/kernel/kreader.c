/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/kreader.h"

#include <errno.h>
#include <inttypes.h>

void kreader_init(struct kreader *r, const struct kernel *k, uint64_t budget)
{
	*r = (struct kreader){.k = k, .left = budget};
}

/* Where the page of @kva is in physical memory. */
static int page_find(struct kreader *r, uint64_t kva, uint64_t *ret_gpa, struct err *e)
{
	uint64_t page = kva / KREADER_PAGE + 1, gpa, left;
	size_t slot = page % KREADER_SLOTS;

	if (r->slots[slot].page == page) {
		*ret_gpa = r->slots[slot].gpa;
		return 0;
	}
	if (kmem_translate(&r->k->mem, kva, &gpa, &left, e))
		return -1;
	*ret_gpa = gpa - gpa % KREADER_PAGE;
	if (gpa % KREADER_PAGE != kva % KREADER_PAGE)
		return err_set(e, EPROTO, "kernel address 0x%" PRIx64 " is mapped askew", kva);
	r->slots[slot].page = page;
	r->slots[slot].gpa = *ret_gpa;
	return 0;
}

static int budget_take(struct kreader *r, size_t len, struct err *e)
{
	if (r->left < KREADER_READ_COST || r->left - KREADER_READ_COST < len) {
		r->left = 0;
		return err_set(e, E2BIG, "too much to read");
	}
	r->left -= KREADER_READ_COST + len;
	return 0;
}

int kreader_read(struct kreader *r, uint64_t kva, void *buf, size_t len, struct err *e)
{
	uint8_t *to = buf;

	if (budget_take(r, len, e))
		return -1;
	while (len) {
		uint64_t gpa, at = kva % KREADER_PAGE;
		size_t n = KREADER_PAGE - at;

		n = len < n ? len : n;
		if (page_find(r, kva, &gpa, e))
			return -1; /* says which address */
		if (mem_read(r->k->mem.mem, gpa + at, to, n, e))
			return err_prefix(e, "kernel address 0x%" PRIx64, kva);
		to += n;
		kva += n;
		len -= n;
	}
	return 0;
}

int kreader_u64(struct kreader *r, uint64_t kva, uint64_t *ret, struct err *e)
{
	return kreader_read(r, kva, ret, sizeof(*ret), e); /* little-endian, as we are */
}

int kreader_member(struct kreader *r, uint64_t kva, const struct member *m, uint64_t *ret,
		   struct err *e)
{
	uint64_t v = 0;

	if (!m->size || m->size > sizeof(v))
		return err_set(e, EINVAL, "no number has %" PRIu64 " bytes", m->size);
	if (kreader_read(r, kva + m->offset, &v, m->size, e))
		return -1;
	*ret = member_number(m, v);
	return 0;
}
