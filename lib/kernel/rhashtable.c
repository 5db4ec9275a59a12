/* SPDX-License-Identifier: GPL-2.0-only */
/* Hash tables that grow. */
#include "kernel/rhashtable.h"

#include <errno.h>

#define NESTED_SHIFT 9u /* entries of a page of pointers, as a power of 2 */
#define CHUNK 64u	/* buckets read at once */
#define CHAIN_TRIES 3u

struct walk {
	const struct rhashtable_layout *l;
	const struct kmem *k;
	unsigned int nodes_left, buckets_left;
	rhashtable_fn fn;
	void *arg;
};

static int offset_of(const struct kernel *k, const char *type, const char *path, uint64_t *ret,
		     struct err *e)
{
	struct member m;

	if (types_member(k->types, type, path, &m, e) < 0)
		return -1;
	*ret = m.offset;
	return 0;
}

int rhashtable_layout_init(struct rhashtable_layout *l, const struct kernel *k, struct err *e)
{
	struct err missing;

	*l = (struct rhashtable_layout){0};
	if (offset_of(k, "rhashtable", "tbl", &l->tbl, e) < 0 ||
	    offset_of(k, "bucket_table", "size", &l->size, e) < 0 ||
	    offset_of(k, "bucket_table", "future_tbl", &l->future_tbl, e) < 0 ||
	    offset_of(k, "bucket_table", "buckets", &l->buckets, e) < 0)
		return -1;
	l->has_nest = offset_of(k, "bucket_table", "nest", &l->nest, &missing) == 0;
	return 0;
}

/*
 * Follow the chain that begins at @head, of the bucket at @bucket. Its end is a pointer with bit 0
 * set, which is the bucket's own address: another one means that a node moved to another chain
 * under us. *ret_moved tells.
 */
static int chain_walk(struct walk *w, uint64_t head, uint64_t bucket, bool *ret_moved,
		      struct err *e)
{
	uint64_t node = head;
	int ret;

	while (!(node & 1)) {
		if (!w->nodes_left--)
			return err_set(e, ELOOP, "a hash chain at 0x%llx does not end",
				       (unsigned long long)bucket);
		ret = w->fn(w->arg, node);
		if (ret)
			return ret;
		if (kmem_u64(w->k, node, &node, e) < 0)
			return err_prefix(e, "hash chain");
	}
	*ret_moved = (node & ~1ull) != (bucket & ~1ull);
	return 0;
}

static int bucket_walk(struct walk *w, uint64_t value, uint64_t bucket, struct err *e)
{
	bool moved = false;
	int ret;

	for (unsigned int i = 0; i < CHAIN_TRIES; i++) {
		if (!(value & ~1ull))
			return 0;
		ret = chain_walk(w, value & ~1ull, bucket, &moved, e);
		if (ret || !moved)
			return ret;
		if (kmem_u64(w->k, bucket, &value, e) < 0)
			return -1;
	}
	return 0;
}

/* Before @n entries of a table are looked at. */
static int budget_take(struct walk *w, unsigned int n, struct err *e)
{
	if (n > w->buckets_left)
		return err_set(e, E2BIG, "a hash table of more than %u buckets",
			       RHASHTABLE_BUCKETS_MAX);
	w->buckets_left -= n;
	return 0;
}

static int buckets_walk(struct walk *w, uint64_t kva, unsigned int n, struct err *e)
{
	uint64_t values[CHUNK];
	int ret;

	if (budget_take(w, n, e) < 0)
		return -1;
	for (unsigned int i = 0; i < n; i++) {
		unsigned int left = n - i < CHUNK ? n - i : CHUNK;

		if (i % CHUNK == 0 &&
		    kmem_read(w->k, kva + 8ull * i, values, left * sizeof(*values), e) < 0)
			return err_prefix(e, "hash buckets");
		if (!values[i % CHUNK])
			continue;
		ret = bucket_walk(w, values[i % CHUNK], kva + 8ull * i, e);
		if (ret)
			return ret;
	}
	return 0;
}

/* A table of @n pointers to tables of @size buckets each, in pages of pointers where they are many.
 * Sizes fall from level to level, so that this ends. */
static int nested_walk(struct walk *w, uint64_t kva, unsigned int n, unsigned int size,
		       struct err *e)
{
	uint64_t table;
	int ret;

	if (budget_take(w, n, e) < 0)
		return -1;
	for (unsigned int i = 0; i < n; i++) {
		if (kmem_u64(w->k, kva + 8ull * i, &table, e) < 0)
			return err_prefix(e, "nested hash table");
		if (!table)
			continue;
		if (size > 1u << NESTED_SHIFT)
			ret = nested_walk(w, table, 1u << NESTED_SHIFT, size >> NESTED_SHIFT, e);
		else
			ret = buckets_walk(w, table, size, e);
		if (ret)
			return ret;
	}
	return 0;
}

static int table_walk(struct walk *w, uint64_t kva, struct err *e)
{
	uint32_t size, nest = 0;
	uint64_t top;

	if (kmem_u32(w->k, kva + w->l->size, &size, e) < 0 ||
	    (w->l->has_nest && kmem_u32(w->k, kva + w->l->nest, &nest, e) < 0))
		return err_prefix(e, "hash table");
	if (!size || (size & (size - 1)) || nest > NESTED_SHIFT || !(size >> nest))
		return err_set(e, EPROTO, "a hash table of %u buckets, nested %u", size, nest);
	if (!nest)
		return buckets_walk(w, kva + w->l->buckets, size, e);
	if (kmem_u64(w->k, kva + w->l->buckets, &top, e) < 0)
		return err_prefix(e, "nested hash table");
	return nested_walk(w, top, 1u << nest, size >> nest, e);
}

int rhashtable_walk(const struct rhashtable_layout *l, const struct kmem *k, uint64_t kva,
		    unsigned int nodes_max, rhashtable_fn fn, void *arg, struct err *e)
{
	struct walk w = {
		.l = l,
		.k = k,
		.nodes_left = nodes_max,
		.buckets_left = RHASHTABLE_BUCKETS_MAX,
		.fn = fn,
		.arg = arg,
	};
	uint64_t table;
	int ret;

	if (kmem_u64(k, kva + l->tbl, &table, e) < 0)
		return err_prefix(e, "hash table");
	for (unsigned int i = 0; table && i < RHASHTABLE_TABLES_MAX; i++) {
		ret = table_walk(&w, table, e);
		if (ret)
			return ret;
		if (kmem_u64(k, table + l->future_tbl, &table, e) < 0)
			return err_prefix(e, "hash table");
	}
	return 0;
}
