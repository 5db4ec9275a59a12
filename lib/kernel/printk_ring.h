/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The printk ring buffer itself: where its parts lie and what is in one of its descriptors. Used by
 * printk.c, which knows about text.
 *
 * A record is a descriptor (its id and state, and where its text is), an info (time, level, length)
 * at the same index, and a block in the text ring. Writers take the oldest records away at any
 * moment, each by its descriptor's state first. So the descriptors are copied, then the text; a
 * record holds if its descriptor's state is still the same after that.
 */
#ifndef KTSTR_KERNEL_PRINTK_RING_H
#define KTSTR_KERNEL_PRINTK_RING_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/kmem.h"
#include "kernel/printk.h"
#include "kernel/vmcoreinfo.h"

#define PRINTK_SIZE_BITS_MAX 26u     /* of the text ring: PRINTK_TEXT_MAX */
#define PRINTK_COUNT_BITS_MAX 21u    /* of descriptors: one for 32 bytes of text */
#define PRINTK_STRUCT_MAX 1024u	     /* bytes of any struct here */
#define PRINTK_DESCS_MAX (64u << 20) /* bytes of all descriptors; today's have 24 each */

/* Offsets and sizes of members, by VMCOREINFO. */
struct printk_layout {
	uint64_t rb_size, rb_desc_ring, rb_text_ring;
	uint64_t count_bits, descs, infos, head_id, tail_id;
	uint64_t desc_size, desc_state, desc_lpos, lpos_begin, lpos_next;
	uint64_t info_size, info_seq, info_ts, info_text_len;
	uint64_t size_bits, data;
};

struct printk_ring {
	const struct kmem *mem; /* borrowed */
	struct printk_layout at;
	unsigned int count_bits, size_bits;
	uint64_t descs_kva, infos_kva;
	uint64_t first_id, count; /* records from the oldest to the newest */
	uint8_t *descs;		  /* copies */
	uint8_t *text;
};

/* Copy the ring that SYMBOL(prb) points to. EPROTO: sizes or ids that no kernel has. On failure
 * nothing is left. */
int printk_ring_init(struct printk_ring *r, const struct kmem *k, const struct vmcoreinfo *v,
		     struct err *e);
/* As printk_ring_init, of the newest records only: at most @max_count, whose text takes at most
 * @max_text bytes of the ring. */
int printk_ring_init_tail(struct printk_ring *r, const struct kmem *k, const struct vmcoreinfo *v,
			  uint64_t max_count, uint64_t max_text, struct err *e);
void printk_ring_deinit(struct printk_ring *r);

enum printk_got {
	PRINTK_GOT,   /* *ret is a record; its text points into the ring's copy */
	PRINTK_EMPTY, /* the descriptor holds no record */
	PRINTK_LOST,  /* being written, overwritten, without its text, or nonsense */
};

/* The record @i behind the oldest, 0 <= i < count. */
enum printk_got printk_ring_get(const struct printk_ring *r, uint64_t i, struct printk_record *ret);

#endif
