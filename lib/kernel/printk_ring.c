/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/printk_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

/* The two highest bits of a descriptor's state_var are its state, the others its id. */
#define ID_MASK (UINT64_MAX >> 2)
#define EMPTY_LINE_LPOS 3u

enum state {
	STATE_RESERVED,
	STATE_COMMITTED, /* whole, but may get a continuation: the last line of a dead guest */
	STATE_FINALIZED,
	STATE_REUSABLE,
};

/* A member of a struct: its offset, and that it fits into PRINTK_STRUCT_MAX. */
static int offset(const struct vmcoreinfo *v, const char *name, uint64_t *ret, struct err *e)
{
	if (vmcoreinfo_offset(v, name, ret, e))
		return -1;
	if (*ret > PRINTK_STRUCT_MAX - 8)
		return err_set(e, EPROTO, "OFFSET(%s) is %llu", name, (unsigned long long)*ret);
	return 0;
}

static int size(const struct vmcoreinfo *v, const char *name, uint64_t *ret, struct err *e)
{
	if (vmcoreinfo_size(v, name, ret, e))
		return -1;
	if (!*ret || *ret > PRINTK_STRUCT_MAX)
		return err_set(e, EPROTO, "SIZE(%s) is %llu", name, (unsigned long long)*ret);
	return 0;
}

static int layout_init(struct printk_layout *l, const struct vmcoreinfo *v, struct err *e)
{
	const struct {
		const char *name;
		uint64_t *ret;
	} offsets[] = {
		{"printk_ringbuffer.desc_ring", &l->rb_desc_ring},
		{"printk_ringbuffer.text_data_ring", &l->rb_text_ring},
		{"prb_desc_ring.count_bits", &l->count_bits},
		{"prb_desc_ring.descs", &l->descs},
		{"prb_desc_ring.infos", &l->infos},
		{"prb_desc_ring.head_id", &l->head_id},
		{"prb_desc_ring.tail_id", &l->tail_id},
		{"prb_desc.state_var", &l->desc_state},
		{"prb_desc.text_blk_lpos", &l->desc_lpos},
		{"prb_data_blk_lpos.begin", &l->lpos_begin},
		{"prb_data_blk_lpos.next", &l->lpos_next},
		{"printk_info.seq", &l->info_seq},
		{"printk_info.ts_nsec", &l->info_ts},
		{"printk_info.text_len", &l->info_text_len},
		{"prb_data_ring.size_bits", &l->size_bits},
		{"prb_data_ring.data", &l->data},
	};

	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++)
		if (offset(v, offsets[i].name, offsets[i].ret, e))
			return -1;
	if (size(v, "printk_ringbuffer", &l->rb_size, e) || size(v, "prb_desc", &l->desc_size, e) ||
	    size(v, "printk_info", &l->info_size, e))
		return -1;
	return 0;
}

/* The number of @len bytes at @at of struct bytes; reading outside fails the cursor. */
static uint64_t member(struct cursor *c, uint64_t at, size_t len)
{
	cursor_seek(c, at);
	return cursor_le(c, len);
}

static int head_read(struct printk_ring *r, uint64_t rb, uint64_t *ret_text, struct err *e)
{
	const struct printk_layout *l = &r->at;
	uint8_t bytes[PRINTK_STRUCT_MAX];
	struct cursor c = cursor_over(bytes, l->rb_size);
	uint64_t head, size_bits, count_bits;

	if (kmem_read(r->mem, rb, bytes, l->rb_size, e))
		return -1;
	count_bits = member(&c, l->rb_desc_ring + l->count_bits, 4);
	r->descs_kva = member(&c, l->rb_desc_ring + l->descs, 8);
	r->infos_kva = member(&c, l->rb_desc_ring + l->infos, 8);
	head = member(&c, l->rb_desc_ring + l->head_id, 8) & ID_MASK;
	r->first_id = member(&c, l->rb_desc_ring + l->tail_id, 8) & ID_MASK;
	size_bits = member(&c, l->rb_text_ring + l->size_bits, 4);
	*ret_text = member(&c, l->rb_text_ring + l->data, 8);
	if (c.failed)
		return err_set(e, EPROTO, "a member lies outside struct printk_ringbuffer");
	if (count_bits > PRINTK_COUNT_BITS_MAX || size_bits > PRINTK_SIZE_BITS_MAX)
		return err_set(e, EPROTO, "2^%u descriptors and 2^%u bytes of text at 0x%llx",
			       (unsigned int)count_bits, (unsigned int)size_bits,
			       (unsigned long long)rb);
	r->count_bits = (unsigned int)count_bits;
	r->size_bits = (unsigned int)size_bits;
	r->count = ((head - r->first_id) & ID_MASK) + 1;
	if (r->count > (uint64_t)1 << count_bits)
		return err_set(e, EPROTO, "records 0x%llx to 0x%llx in 2^%u descriptors",
			       (unsigned long long)r->first_id, (unsigned long long)head,
			       r->count_bits);
	return 0;
}

/* Copy [from, from + len) of the @ring bytes at @kva, which go round, to the same place of @copy.
 */
static int ring_read(const struct kmem *k, uint64_t kva, size_t ring, size_t from, size_t len,
		     uint8_t *copy, struct err *e)
{
	size_t first = len < ring - from ? len : ring - from;

	if (kmem_read(k, kva + from, copy + from, first, e))
		return -1;
	return len > first ? kmem_read(k, kva, copy, len - first, e) : 0;
}

/* Room is zeros, so what was not copied is no record. */
static int descs_read(struct printk_ring *r, uint64_t first, uint64_t count, struct err *e)
{
	size_t n = (size_t)1 << r->count_bits, size = r->at.desc_size;

	if (n * size > PRINTK_DESCS_MAX)
		return err_set(e, EPROTO, "2^%u descriptors of %llu bytes", r->count_bits,
			       (unsigned long long)size);
	r->descs = calloc(n, size ? size : 1);
	r->text = calloc(1, (size_t)1 << r->size_bits);
	if (!r->descs || !r->text)
		return err_set(e, ENOMEM, "out of memory");
	return ring_read(r->mem, r->descs_kva, n * size, (first & (n - 1)) * size, count * size,
			 r->descs, e);
}

static int ring_open(struct printk_ring *r, const struct kmem *k, const struct vmcoreinfo *v,
		     uint64_t *ret_text_kva, struct err *e)
{
	uint64_t prb, rb;

	*r = (struct printk_ring){.mem = k};
	if (layout_init(&r->at, v, e) || vmcoreinfo_symbol(v, "prb", &prb, e) ||
	    kmem_u64(k, prb, &rb, e))
		return -1;
	return head_read(r, rb, ret_text_kva, e);
}

static int ring_fail(struct printk_ring *r, struct err *e)
{
	printk_ring_deinit(r);
	return err_prefix(e, "printk ring buffer");
}

int printk_ring_init(struct printk_ring *r, const struct kmem *k, const struct vmcoreinfo *v,
		     struct err *e)
{
	uint64_t text;

	/* Descriptors first, then the text that they speak of. */
	if (ring_open(r, k, v, &text, e) || descs_read(r, 0, (uint64_t)1 << r->count_bits, e) ||
	    kmem_read(k, text, r->text, (size_t)1 << r->size_bits, e))
		return ring_fail(r, e);
	return 0;
}

void printk_ring_deinit(struct printk_ring *r)
{
	free(r->descs);
	free(r->text);
	r->descs = NULL;
	r->text = NULL;
}

struct desc {
	uint64_t state_var, begin, next;
};

static int desc_get(const struct printk_ring *r, uint64_t index, struct desc *ret)
{
	const struct printk_layout *l = &r->at;
	struct cursor c = cursor_over(r->descs + index * l->desc_size, l->desc_size);

	ret->state_var = member(&c, l->desc_state, 8);
	ret->begin = member(&c, l->desc_lpos + l->lpos_begin, 8);
	ret->next = member(&c, l->desc_lpos + l->lpos_next, 8);
	return c.failed ? -1 : 0;
}

static uint64_t index_of(const struct printk_ring *r, uint64_t i)
{
	return ((r->first_id + i) & ID_MASK) & (((uint64_t)1 << r->count_bits) - 1);
}

/* Drop the oldest records, so that the text of the others is @max_text bytes or less of the ring,
 * which begin at *ret_from and are *ret_len. */
static void oldest_drop(struct printk_ring *r, uint64_t max_text, uint64_t *ret_from,
			uint64_t *ret_len)
{
	uint64_t end = 0, first = r->count;
	bool has_end = false;

	*ret_from = *ret_len = 0;
	for (uint64_t i = r->count; i--; first = i) {
		struct desc d;

		if (desc_get(r, index_of(r, i), &d) || d.begin % 8 || d.next % 8)
			continue; /* no text, as an empty line has none */
		if (!has_end)
			end = d.next;
		has_end = true;
		if (end - d.begin > max_text)
			break;
		*ret_from = d.begin;
		*ret_len = end - d.begin;
	}
	r->first_id = (r->first_id + first) & ID_MASK;
	r->count -= first;
}

int printk_ring_init_tail(struct printk_ring *r, const struct kmem *k, const struct vmcoreinfo *v,
			  uint64_t max_count, uint64_t max_text, struct err *e)
{
	uint64_t text, from, len, ring;

	if (ring_open(r, k, v, &text, e))
		return ring_fail(r, e);
	if (r->count > max_count) {
		r->first_id = (r->first_id + r->count - max_count) & ID_MASK;
		r->count = max_count;
	}
	ring = (uint64_t)1 << r->size_bits;
	if (descs_read(r, r->first_id, r->count, e))
		return ring_fail(r, e);
	oldest_drop(r, max_text < ring ? max_text : ring, &from, &len);
	if (ring_read(k, text, ring, from & (ring - 1), len, r->text, e))
		return ring_fail(r, e);
	return 0;
}

/*
 * The text block [begin, next) of record @id; positions count up, from a little below 0 on. A block
 * that does not fit before the end of the ring is stored at its start instead. In front of the text
 * stands the id. Returns NULL when the block is none.
 */
static const uint8_t *block_get(const struct printk_ring *r, const struct desc *d, uint64_t id,
				uint64_t *ret_len)
{
	uint64_t ring = (uint64_t)1 << r->size_bits, at = d->begin & (ring - 1), len, wraps;
	struct cursor c = cursor_over(r->text, ring);

	if (d->begin == EMPTY_LINE_LPOS && d->next == EMPTY_LINE_LPOS) {
		*ret_len = 0;
		return r->text;
	}
	if (d->begin % 8 || d->next % 8 || d->next - d->begin > 2 * ring || d->next == d->begin)
		return NULL;
	len = d->next - d->begin;
	wraps = (((d->next - 1) >> r->size_bits) - (d->begin >> r->size_bits)) &
		(UINT64_MAX >> r->size_bits);
	if (wraps) {
		at = 0;
		len = d->next & (ring - 1);
	}
	cursor_seek(&c, at);
	if (wraps > 1 || cursor_u64(&c) != id || c.failed || len <= 8)
		return NULL;
	*ret_len = len - 8;
	return cursor_bytes(&c, len - 8);
}

static int info_read(const struct printk_ring *r, uint64_t index, struct printk_record *ret)
{
	const struct printk_layout *l = &r->at;
	uint8_t bytes[PRINTK_STRUCT_MAX];
	struct cursor c = cursor_over(bytes, l->info_size);
	struct err none;

	if (kmem_read(r->mem, r->infos_kva + index * l->info_size, bytes, l->info_size, &none))
		return -1;
	ret->seq = member(&c, l->info_seq, 8);
	ret->ts_ns = member(&c, l->info_ts, 8);
	/* u16 text_len; u8 facility; u8 flags:5, level:3, since 5.10 ("printk: use the lockless
	 * ringbuffer"). */
	ret->len = (size_t)member(&c, l->info_text_len, 2);
	ret->facility = cursor_u8(&c);
	ret->level = cursor_u8(&c) >> 5;
	return c.failed ? -1 : 0;
}

enum printk_got printk_ring_get(const struct printk_ring *r, uint64_t i, struct printk_record *ret)
{
	uint64_t id = (r->first_id + i) & ID_MASK, index = index_of(r, i);
	uint64_t len = 0, now;
	enum state state;
	struct desc d;
	struct err none;

	if (desc_get(r, index, &d) || (d.state_var & ID_MASK) != id)
		return PRINTK_LOST;
	state = (enum state)(d.state_var >> 62);
	if (state == STATE_REUSABLE)
		return PRINTK_EMPTY;
	if (state == STATE_RESERVED)
		return PRINTK_LOST;
	ret->text = (const char *)block_get(r, &d, id, &len);
	if (!ret->text || info_read(r, index, ret) || ret->len > len)
		return PRINTK_LOST;
	if (kmem_u64(r->mem, r->descs_kva + index * r->at.desc_size + r->at.desc_state, &now,
		     &none) ||
	    now != d.state_var)
		return PRINTK_LOST;
	return PRINTK_GOT;
}
