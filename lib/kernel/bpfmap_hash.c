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
 * The element at @kva: its key @key_at bytes behind it, and its value, of w->value_len bytes, or,
 * as @is_pointer, the pointer that stands for it. One read where it is small; *ret_head is the
 * first word, of which the walk to the next needs no other read.
 */
static int element_read(struct bpfmap_walking *w, uint64_t kva, uint64_t key_at, bool is_pointer,
			uint64_t *ret_head, struct bpfmap_element *el, struct err *e)
{
	uint8_t whole[ELEMENT_INLINE_MAX];
	uint64_t value_at = key_at + bpfmap_round_up8(w->m->key_size), head;
	uint32_t len = is_pointer ? (uint32_t)sizeof(el->value_kva) : w->value_len;
	uint8_t *value = is_pointer ? (uint8_t *)&el->value_kva : w->value;

	*el = (struct bpfmap_element){.index = w->n, .key = w->key, .key_len = w->m->key_size};
	if (value_at + len <= sizeof(whole)) {
		if (kreader_read(w->r, kva, whole, value_at + len, e))
			return -1;
		memcpy(&head, whole, sizeof(head));
		memcpy(w->key, whole + key_at, w->m->key_size);
		memcpy(value, whole + value_at, len);
	} else if (kreader_u64(w->r, kva, &head, e) ||
		   kreader_read(w->r, kva + key_at, w->key, w->m->key_size, e) ||
		   kreader_read(w->r, kva + value_at, value, len, e)) {
		return -1;
	}
	*ret_head = head;
	if (is_pointer)
		return 0;
	el->value = w->value;
	el->value_len = w->value_len;
	el->value_kva = kva + value_at;
	return 0;
}

/* ---- hash ---- */

static bool is_percpu(struct bpfmap_walking *w, uint64_t pptr)
{
	struct err absent;
	uint64_t kva;
	uint8_t byte;

	return pptr && !kernel_percpu(w->r->k, pptr, 0, &kva, &absent) &&
	       !kreader_read(w->r, kva, &byte, sizeof(byte), &absent);
}

/*
 * Before 6.15 ("bpf: Fix kmemleak warnings for percpu hashmap") a per-CPU pointer stood right
 * behind its key, not 8 bytes aligned. No type tells, but of a pointer that is read at the wrong
 * one of the two places, half is in the upper bits, and that is no address.
 */
static void percpu_find(struct bpfmap_walking *w, uint64_t element, struct bpfmap_element *el)
{
	uint64_t old = element + w->l->hash.key.m.offset + w->m->key_size, pptr;
	struct err absent;

	if (w->m->key_size % 8 && !kreader_u64(w->r, old, &pptr, &absent) && is_percpu(w, pptr))
		el->value_kva = pptr;
}

/* One chain of a hash; it ends with a marker, whose lowest bit is set. */
static int hash_chain(struct bpfmap_walking *w, uint64_t first, struct err *e)
{
	enum bpfmap_shape shape = bpfmap_shape(w->l, w->m->type);
	bool is_pointer = shape != BPFMAP_HASH;
	uint64_t at = first, mark = 0;
	uint32_t steps = 0;

	while (at && !(at & 1)) {
		struct bpfmap_element el;
		uint64_t next;
		int ret;

		/* Brent: a circle comes back to the node at the last power of 2. */
		if (at == mark)
			return err_set(e, ELOOP, "a chain in a circle at 0x%" PRIx64, at);
		if (!(steps & (steps - 1)))
			mark = at;
		steps++;
		if (element_read(w, at, w->l->hash.key.m.offset, is_pointer, &next, &el, e))
			return -1;
		if (shape == BPFMAP_PERCPU_HASH)
			percpu_find(w, at, &el);
		ret = bpfmap_tell(w, &el);
		if (ret)
			return ret;
		at = next;
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
	/* Its first word links an element, and the key stands behind it. */
	if (l->hash.next.m.offset || l->hash.key.m.offset < sizeof(uint64_t) ||
	    l->hash.key.m.offset > ELEMENT_INLINE_MAX / 2)
		return err_set(e, ENOTSUP, "this kernel keeps such maps in another way");
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
	uint64_t head;

	if (element_read(s->w, node - l->rhash.node.m.offset, l->rhash.data.m.offset, false, &head,
			 &el, s->e))
		return -1;
	return bpfmap_tell(s->w, &el);
}

int bpfmap_walk_rhash(struct bpfmap_walking *w, struct err *e)
{
	const struct bpfmap_layout *l = w->l;
	struct rhash_walk s = {.w = w, .e = e};

	if (BPFMAP_NEED(e, &l->rhash.ht, &l->rhash.node, &l->rhash.data))
		return -1;
	if (l->rhash.data.m.offset > ELEMENT_INLINE_MAX / 2)
		return err_set(e, EPROTO, "an element's key at %" PRIu64, l->rhash.data.m.offset);
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
	uint32_t depth = 0;
	uint64_t nodes = 0;

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
		/* At most one node in between for each element, and of those that are not told
		 * one a level. */
		if (++nodes > 2 * (uint64_t)w->max + TRIE_DEPTH_MAX ||
		    nodes / 2 > w->m->max_entries)
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
