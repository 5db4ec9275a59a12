/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One walk over a map's elements (kernel/bpfmap.h), by the shape of the map. For lib/kernel/bpfmap*
 * alone.
 */
#ifndef KTSTR_KERNEL_BPFMAP_WALK_H
#define KTSTR_KERNEL_BPFMAP_WALK_H

#include "kernel/bpfmap.h"

struct bpfmap_walking {
	const struct bpfmap_layout *l;
	struct kreader *r;
	const struct bpfmap *m;
	uint32_t max, n; /* elements: how many may be and were handed out */
	bool truncated;
	bpfmap_fn fn;
	void *arg;
	uint8_t *value; /* room for one value, value_len bytes and 8 more */
	uint32_t value_len;
	uint8_t key[BPFMAP_KEY_MAX];
};

/* Hand out @el. As bpfmap_fn; 1 with w->truncated when there may be no more. */
int bpfmap_tell(struct bpfmap_walking *w, struct bpfmap_element *el);

static inline uint64_t bpfmap_round_up8(uint64_t v)
{
	return (v + 7) & ~7ull;
}

/* ENOTSUP unless all of the @n places are there. */
int bpfmap_need(const struct bpfmap_place *const *places, size_t n, struct err *e);
#define BPFMAP_NEED(e, ...)                                                     \
	bpfmap_need((const struct bpfmap_place *const[]){__VA_ARGS__},          \
		    sizeof((const struct bpfmap_place *const[]){__VA_ARGS__}) / \
			    sizeof(const struct bpfmap_place *),                \
		    e)

int bpfmap_walk_array(struct bpfmap_walking *w, struct err *e);
int bpfmap_walk_percpu_array(struct bpfmap_walking *w, struct err *e);
int bpfmap_walk_pointers(struct bpfmap_walking *w, struct err *e);
int bpfmap_walk_hash(struct bpfmap_walking *w, struct err *e);
int bpfmap_walk_rhash(struct bpfmap_walking *w, struct err *e);
int bpfmap_walk_trie(struct bpfmap_walking *w, struct err *e);
int bpfmap_walk_queue(struct bpfmap_walking *w, struct err *e);
int bpfmap_walk_storage(struct bpfmap_walking *w, struct err *e);

#endif
