/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A printk ring buffer made by the test, as struct printk_ringbuffer and its parts are in 7.x: the
 * pointer `prb`, the struct, descriptors, infos and text at fixed places of an image.
 */
#ifndef KTSTR_TESTS_UNIT_PRB_H
#define KTSTR_TESTS_UNIT_PRB_H

#include "image.h"
#include "kernel/kernel.h"

#define PRB_POINTER 0x1000u
#define PRB_STRUCT 0x1100u
#define PRB_DESCS 0x2000u
#define PRB_INFOS 0x3000u
#define PRB_TEXT 0x5000u
#define PRB_COUNT_BITS 3u /* 8 records */
#define PRB_SIZE_BITS 8u  /* 256 bytes of text */
#define PRB_IMAGE_SIZE 0x10000u
#define PRB_INFO_SIZE 88u

#define PRB_VMCOREINFO                                                                        \
	"OSRELEASE=7.0.0-test\n"                                                              \
	"SYMBOL(prb)=ffffffff80001000\n"                                                      \
	"SIZE(printk_ringbuffer)=88\nOFFSET(printk_ringbuffer.desc_ring)=0\n"                 \
	"OFFSET(printk_ringbuffer.text_data_ring)=48\n"                                       \
	"OFFSET(prb_desc_ring.count_bits)=0\nOFFSET(prb_desc_ring.descs)=8\n"                 \
	"OFFSET(prb_desc_ring.infos)=16\nOFFSET(prb_desc_ring.head_id)=24\n"                  \
	"OFFSET(prb_desc_ring.tail_id)=32\nSIZE(prb_desc)=24\nOFFSET(prb_desc.state_var)=0\n" \
	"OFFSET(prb_desc.text_blk_lpos)=8\nOFFSET(prb_data_blk_lpos.begin)=0\n"               \
	"OFFSET(prb_data_blk_lpos.next)=8\nSIZE(printk_info)=88\nOFFSET(printk_info.seq)=0\n" \
	"OFFSET(printk_info.ts_nsec)=8\nOFFSET(printk_info.text_len)=16\n"                    \
	"OFFSET(prb_data_ring.size_bits)=0\nOFFSET(prb_data_ring.data)=8\n"

enum prb_state { PRB_RESERVED, PRB_COMMITTED, PRB_FINALIZED, PRB_REUSABLE };

static inline void prb_ids(struct image *m, uint64_t tail, uint64_t head)
{
	image_put(m, PRB_STRUCT + 24, head, 8);
	image_put(m, PRB_STRUCT + 32, tail, 8);
}

/* A kernel with an empty ring in @m. */
static inline void prb_init(struct image *m, struct kernel *k)
{
	struct err e;

	image_init(m, PRB_IMAGE_SIZE);
	memset(k, 0, sizeof(*k));
	k->mem = m->kmem;
	if (vmcoreinfo_parse(PRB_VMCOREINFO, strlen(PRB_VMCOREINFO), &k->vmcoreinfo, &e))
		abort();
	image_put(m, PRB_POINTER, IMAGE_KVA + PRB_STRUCT, 8);
	image_put(m, PRB_STRUCT, PRB_COUNT_BITS, 4);
	image_put(m, PRB_STRUCT + 8, IMAGE_KVA + PRB_DESCS, 8);
	image_put(m, PRB_STRUCT + 16, IMAGE_KVA + PRB_INFOS, 8);
	image_put(m, PRB_STRUCT + 48, PRB_SIZE_BITS, 4);
	image_put(m, PRB_STRUCT + 56, IMAGE_KVA + PRB_TEXT, 8);
	/* Before the first record the kernel has one that can be used. */
	prb_ids(m, 0, 0);
	image_put(m, PRB_DESCS, (uint64_t)PRB_REUSABLE << 62, 8);
}

static inline size_t prb_desc_at(uint64_t id)
{
	return PRB_DESCS + 24 * (size_t)(id % (1u << PRB_COUNT_BITS));
}

static inline void prb_desc(struct image *m, uint64_t id, enum prb_state state, uint64_t begin,
			    uint64_t next)
{
	image_put(m, prb_desc_at(id), (uint64_t)state << 62 | id, 8);
	image_put(m, prb_desc_at(id) + 8, begin, 8);
	image_put(m, prb_desc_at(id) + 16, next, 8);
}

static inline void prb_info(struct image *m, uint64_t id, uint64_t ts_ns, size_t len)
{
	size_t at = PRB_INFOS + PRB_INFO_SIZE * (size_t)(id % (1u << PRB_COUNT_BITS));

	image_put(m, at, id, 8);
	image_put(m, at + 8, ts_ns, 8);
	image_put(m, at + 16, len, 2);
	image_put(m, at + 18, 3, 1);		/* facility: daemon */
	image_put(m, at + 19, 6u << 5 | 1u, 1); /* level: informational; a flag */
}

/* Record @id with @text in a block that begins at @begin; returns where the next one may. */
static inline uint64_t prb_record(struct image *m, uint64_t id, enum prb_state state,
				  uint64_t begin, uint64_t ts_ns, const char *text)
{
	uint64_t ring = 1u << PRB_SIZE_BITS, len = strlen(text), size = (8 + len + 7) / 8 * 8;
	uint64_t next = begin + size, at = begin % ring;

	image_put(m, PRB_TEXT + at, id, 8);
	if ((next - 1) / ring != begin / ring) { /* does not fit: to the start of the ring */
		next = (begin / ring + 1) * ring + size;
		at = 0;
		image_put(m, PRB_TEXT, id, 8);
	}
	memcpy(m->bytes + PRB_TEXT + at + 8, text, len);
	prb_desc(m, id, state, begin, next);
	prb_info(m, id, ts_ns, len);
	return next;
}

#endif
