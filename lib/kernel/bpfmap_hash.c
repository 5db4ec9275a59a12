/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps whose elements are found by a key: kernel/bpf/hashtab.c, lpm_trie.c. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kernel/bpfmap_walk.h"

#define CHUNK 4096u		 /* bytes of buckets that are read at once */
#define ELEMENT_INLINE_MAX 4096u /* an element of at most that many bytes is read at once */
#define TRIE_DEPTH_MAX 2200u	 /* bits of a prefix; the kernel has at most 2048 */
#define TRIE_INTERMEDIATE 1u	 /* LPM_TREE_NODE_FLAG_IM: a node that is no element */

/* ---- elements ---- */

/*
 * The element whose key is at @key_kva and whose value stands @value_at bytes behind it. One read
 * where it is small: it lies in one piece of memory.
 */
static int element_read(struct bpfmap_walking *w, uint64_t key_kva, uint64_t value_at,
			struct bpfmap_element *el, struct err *e)
{
	uint8_t whole[ELEMENT_INLINE_MAX];
	uint32_t key = w->m->key_size;
	uint64_t len = value_at + w->value_len;

	*el = (struct bpfmap_element){.index = w->n,
				      .key = w->key,
				      .key_len = key,
				      .value = w->value,
				      .value_len = w->value_len,
				      .value_kva = key_kva + value_at};
	if (len <= sizeof(whole)) {
		if (kreader_read(w->r, key_kva, whole, len, e))
			return -1;
		memcpy(w->key, whole, key);
		memcpy(w->value, whole + value_at, w->value_len);
		return 0;
	}
	if (kreader_read(w->r, key_kva, w->key, key, e) ||
	    kreader_read(w->r, el->value_kva, w->value, w->value_len, e))
		return -1;
	return 0;
}

/* An element that has a pointer where others have their value. */
static int element_read_pointer(struct bpfmap_walking *w, uint64_t key_kva,
				struct bpfmap_element *el, struct err *e)
{
	uint8_t whole[BPFMAP_KEY_MAX + 16];
	uint64_t at = bpfmap_round_up8(w->m->key_size);

	*el = (struct bpfmap_element){.index = w->n, .key = w->key, .key_len = w->m->key_size};
	if (kreader_read(w->r, key_kva, whole, at + 8, e))
		return -1;
	memcpy(w->key, whole, w->m->key_size);
	memcpy(&el->value_kva, whole + at, sizeof(el->value_kva));
	return 0;
}

/* ---- hash ---- */

static int hash_element(struct bpfmap_walking *w, uint64_t node, struct err *e)
{
	uint64_t key = node + w->l->hash.key.m.offset;
	struct bpfmap_element el;

	if (bpfmap_shape(w->l, w->m->type) == BPFMAP_HASH) {
		if (element_read(w, key, bpfmap_round_up8(w->m->key_size), &el, e))
			return -1;
	} else if (element_read_pointer(w, key, &el, e)) {
		return -1;
	}
	return bpfmap_tell(w, &el);
}

/* One chain of a hash; it ends with a marker, whose lowest bit is set. */
static int hash_chain(struct bpfmap_walking *w, uint64_t first, struct err *e)
{
	const struct bpfmap_layout *l = w->l;
	uint64_t at = first, mark = 0;
	uint32_t steps = 0;

	while (at && !(at & 1)) {
		uint64_t node = at - l->hash.next.m.offset;
		int ret;

		/* Brent: a circle comes back to the node at the last power of 2. */
		if (at == mark)
			return err_set(e, ELOOP, "a chain in a circle at 0x%" PRIx64, node);
		if (!(steps & (steps - 1)))
			mark = at;
		steps++;
		ret = hash_element(w, node, e);
		if (ret)
			return ret;
		if (kreader_u64(w->r, at, &at, e))
			return -1;
	}
	return 0;
}

/* @n buckets at @kva, which are in @buf. */
static int hash_chains(struct bpfmap_walking *w, const uint8_t *buf, uint64_t n, struct err *e)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t first;
		int ret;

		memcpy(&first, buf + i * w->l->hash.bucket_size + w->l->hash.first.m.offset,
		       sizeof(first));
		ret = hash_chain(w, first, e);
		if (ret)
			return ret;
	}
	return 0;
}

static int hash_check(const struct bpfmap_walking *w, uint64_t n, struct err *e)
{
	const struct bpfmap_layout *l = w->l;

	if (!l->hash.bucket_size || l->hash.bucket_size > CHUNK ||
	    l->hash.first.m.size != sizeof(uint64_t) ||
	    l->hash.first.m.offset + sizeof(uint64_t) > l->hash.bucket_size)
		return err_set(e, EPROTO, "buckets of %" PRIu64 " bytes", l->hash.bucket_size);
	if (!n || n & (n - 1) || n > UINT32_MAX)
		return err_set(e, EPROTO, "%" PRIu64 " buckets", n);
	return 0;
}

int bpfmap_walk_hash(struct bpfmap_walking *w, struct err *e)
{
	const struct bpfmap_layout *l = w->l;
	uint8_t buf[CHUNK];
	uint64_t buckets, n, all, fit;

	if (BPFMAP_NEED(e, &l->hash.buckets, &l->hash.n_buckets, &l->hash.first, &l->hash.next,
			&l->hash.key) ||
	    kreader_member(w->r, w->m->kva, &l->hash.buckets.m, &buckets, e) ||
	    kreader_member(w->r, w->m->kva, &l->hash.n_buckets.m, &all, e) || hash_check(w, all, e))
		return -1;
	n = all < BPFMAP_BUCKETS_MAX ? all : BPFMAP_BUCKETS_MAX;
	fit = CHUNK / l->hash.bucket_size;
	for (uint64_t i = 0; i < n; i += fit) {
		uint64_t now = n - i < fit ? n - i : fit;
		int ret;

		if (kreader_read(w->r, buckets + i * l->hash.bucket_size, buf,
				 now * l->hash.bucket_size, e))
			return -1;
		ret = hash_chains(w, buf, now, e);
		if (ret)
			return ret;
	}
	w->truncated = n < all;
	return 0;
}

/* ---- resizable hash (since 7.3) ---- */

struct rhash_walk {
	struct bpfmap_walking *w;
	struct err *e;
};

static int rhash_node(void *arg, uint64_t node)
{
	struct rhash_walk *s = arg;
	const struct bpfmap_layout *l = s->w->l;
	struct bpfmap_element el;

	if (element_read(s->w, node - l->rhash.node.m.offset + l->rhash.data.m.offset,
			 bpfmap_round_up8(s->w->m->key_size), &el, s->e))
		return -1;
	return bpfmap_tell(s->w, &el);
}

int bpfmap_walk_rhash(struct bpfmap_walking *w, struct err *e)
{
	const struct bpfmap_layout *l = w->l;
	struct rhash_walk s = {.w = w, .e = e};

	if (BPFMAP_NEED(e, &l->rhash.ht, &l->rhash.node, &l->rhash.data))
		return -1;
	return rhashtable_walk(&l->rhash.table, &w->r->k->mem, w->m->kva + l->rhash.ht.m.offset,
			       w->max + 1, rhash_node, &s, e);
}

/* ---- trie of prefixes ---- */

/* Node @node, when it is an element: its key is the length of the prefix and the bytes. */
static int trie_element(struct bpfmap_walking *w, uint64_t node, struct err *e)
{
	const struct bpfmap_layout *l = w->l;
	uint32_t data = w->m->key_size - (uint32_t)sizeof(uint32_t);
	uint64_t flags, prefixlen;
	struct bpfmap_element el = {.index = w->n,
				    .key = w->key,
				    .key_len = w->m->key_size,
				    .value = w->value,
				    .value_len = w->value_len,
				    .value_kva = node + l->trie.data.m.offset + data};

	if (kreader_member(w->r, node, &l->trie.flags.m, &flags, e) ||
	    kreader_member(w->r, node, &l->trie.prefixlen.m, &prefixlen, e))
		return -1;
	if (flags & TRIE_INTERMEDIATE)
		return 0;
	memcpy(w->key, &prefixlen, sizeof(uint32_t));
	if (kreader_read(w->r, node + l->trie.data.m.offset, w->key + sizeof(uint32_t), data, e) ||
	    kreader_read(w->r, el.value_kva, w->value, w->value_len, e))
		return -1;
	return bpfmap_tell(w, &el);
}

int bpfmap_walk_trie(struct bpfmap_walking *w, struct err *e)
{
	const struct bpfmap_layout *l = w->l;
	uint64_t stack[TRIE_DEPTH_MAX];
	uint32_t depth = 0, nodes = 0;

	if (BPFMAP_NEED(e, &l->trie.root, &l->trie.child, &l->trie.prefixlen, &l->trie.flags,
			&l->trie.data))
		return -1;
	if (w->m->key_size <= sizeof(uint32_t) || l->trie.child.m.count != 2)
		return err_set(e, EPROTO, "keys of %u bytes", w->m->key_size);
	if (kreader_member(w->r, w->m->kva, &l->trie.root.m, &stack[depth++], e))
		return -1;
	while (depth) {
		uint64_t node = stack[--depth], child[2];
		int ret;

		if (!node)
			continue;
		/* At most one node in between for each element. */
		if (++nodes > 2 * (uint64_t)w->max || nodes / 2 > w->m->max_entries)
			return err_set(e, ELOOP, "more nodes than there can be");
		if (depth + 2 > TRIE_DEPTH_MAX)
			return err_set(e, ELOOP, "a trie deeper than its keys");
		ret = trie_element(w, node, e);
		if (ret)
			return ret;
		if (kreader_read(w->r, node + l->trie.child.m.offset, child, sizeof(child), e))
			return -1;
		stack[depth++] = child[1];
		stack[depth++] = child[0];
	}
	return 0;
}
