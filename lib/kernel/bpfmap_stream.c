/* SPDX-License-Identifier: GPL-2.0-only */
/* Ring buffers (kernel/bpf/ringbuf.c) and stack traces (stackmap.c). */
#include <errno.h>
#include <inttypes.h>

#include "kernel/bpfmap_walk.h"

#define STACK_BUILD_ID (1u << 5) /* BPF_F_STACK_BUILD_ID */
#define POINTERS 512u		 /* buckets of stacks that are read at once */

int bpfmap_read_ring(const struct bpfmap_layout *l, struct kreader *r, const struct bpfmap *m,
		     struct bpfmap_ring *ret, struct err *e)
{
	uint64_t rb, mask;

	*ret = (struct bpfmap_ring){.pending = UINT64_MAX};
	if (BPFMAP_NEED(e, &l->ringbuf.rb, &l->ringbuf.mask, &l->ringbuf.consumer,
			&l->ringbuf.producer) ||
	    kreader_member(r, m->kva, &l->ringbuf.rb.m, &rb, e) ||
	    kreader_member(r, rb, &l->ringbuf.mask.m, &mask, e) ||
	    kreader_member(r, rb, &l->ringbuf.consumer.m, &ret->consumer, e) ||
	    kreader_member(r, rb, &l->ringbuf.producer.m, &ret->producer, e))
		return -1;
	if (l->ringbuf.pending.is_there &&
	    kreader_member(r, rb, &l->ringbuf.pending.m, &ret->pending, e))
		return -1;
	ret->capacity = mask + 1;
	return 0;
}

/* The stack in the bucket at @kva. */
static int stack_read(const struct bpfmap_layout *l, struct kreader *r, const struct bpfmap *m,
		      uint64_t kva, uint64_t *addresses, struct bpfmap_stack *ret, struct err *e)
{
	uint64_t n, fit = m->value_size / sizeof(*addresses);

	if (kreader_member(r, kva, &l->stack.nr.m, &n, e))
		return -1;
	fit = fit < BPFMAP_STACK_DEPTH_MAX ? fit : BPFMAP_STACK_DEPTH_MAX;
	n = n < fit ? n : fit;
	if (m->flags & STACK_BUILD_ID)
		n = 0;
	if (n &&
	    kreader_read(r, kva + l->stack.data.m.offset, addresses, n * sizeof(*addresses), e))
		return -1;
	ret->n = (uint32_t)n;
	ret->addresses = addresses;
	return 0;
}

struct stacks {
	const struct bpfmap_layout *l;
	struct kreader *r;
	const struct bpfmap *m;
	uint32_t max, n;
	bpfmap_stack_fn fn;
	void *arg;
	uint64_t addresses[BPFMAP_STACK_DEPTH_MAX];
};

static int stacks_look(struct stacks *s, const uint64_t *buckets, uint32_t from, uint32_t n,
		       struct err *e)
{
	for (uint32_t i = 0; i < n; i++) {
		struct bpfmap_stack stack = {.id = from + i};
		int ret;

		if (!buckets[i])
			continue;
		if (s->n == s->max)
			return 1;
		s->n++;
		if (stack_read(s->l, s->r, s->m, buckets[i], s->addresses, &stack, e))
			return -1;
		ret = s->fn(s->arg, &stack);
		if (ret)
			return ret;
	}
	return 0;
}

int bpfmap_walk_stacks(const struct bpfmap_layout *l, struct kreader *r, const struct bpfmap *m,
		       uint32_t max, uint32_t *ret_n_buckets, bpfmap_stack_fn fn, void *arg,
		       bool *ret_truncated, struct err *e)
{
	struct stacks s = {.l = l, .r = r, .m = m, .max = max, .fn = fn, .arg = arg};
	uint64_t buckets[POINTERS], n;

	*ret_n_buckets = 0;
	*ret_truncated = false;
	if (BPFMAP_NEED(e, &l->stack.n_buckets, &l->stack.buckets, &l->stack.nr, &l->stack.data) ||
	    kreader_member(r, m->kva, &l->stack.n_buckets.m, &n, e))
		return -1;
	*ret_n_buckets = (uint32_t)n;
	if (n > BPFMAP_BUCKETS_MAX) {
		*ret_truncated = true;
		n = BPFMAP_BUCKETS_MAX;
	}
	for (uint32_t i = 0; i < n; i += POINTERS) {
		uint32_t now = n - i < POINTERS ? (uint32_t)n - i : POINTERS;
		int ret;

		if (kreader_read(r, m->kva + l->stack.buckets.m.offset + i * sizeof(*buckets),
				 buckets, now * sizeof(*buckets), e))
			return -1;
		ret = stacks_look(&s, buckets, i, now, e);
		if (ret < 0)
			return -1;
		if (ret) {
			*ret_truncated = true;
			return 0;
		}
	}
	return 0;
}
