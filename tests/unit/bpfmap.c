/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps of each kind in a made-up kernel: as they should be, and as a guest may have them. */
#include "kernel/bpfmap.h"

#include <errno.h>
#include <string.h>

#include "guestmaps.h"
#include "test.h"

#define SEEN 64u

struct rig {
	struct guest g;
	struct gm m;
	struct kernel *k;
	struct bpfmap_layout l;
	struct kreader *r;
	struct bpfmap maps[GM_MAPS];
	unsigned int n;
	struct err e;
	/* what a walk told */
	struct seen {
		uint64_t index, key, value, kva, owner;
	} seen[SEEN];
	unsigned int n_seen;
	bool truncated;
};

static void rig_init(struct rig *r)
{
	*r = (struct rig){.r = malloc(sizeof(*r->r))};
	guest_init(&r->g, 4);
	gm_init(&r->m, &r->g);
}

static void rig_boot(struct rig *r)
{
	guest_boot(&r->g);
	guest_must(!guest_attach(&r->g, &r->k, &r->e), "attach");
	CHECK(!bpfmap_layout_init(&r->l, r->k, &r->e));
	kreader_init(r->r, r->k, 1u << 30);
}

static int list(struct rig *r)
{
	return bpfmap_list(&r->l, r->k, r->maps, GM_MAPS, &r->n, &r->e);
}

static void rig_deinit(struct rig *r)
{
	free(r->r);
	kernel_detach(r->k);
	guest_deinit(&r->g);
}
#define _cleanup_rig_ _cleanup_(rig_deinit)

static int see(void *arg, const struct bpfmap_element *el)
{
	struct rig *r = arg;
	struct seen *s = &r->seen[r->n_seen++ % SEEN];

	*s = (struct seen){.index = el->index, .kva = el->value_kva, .owner = el->owner};
	memcpy(&s->key, el->key ? el->key : (const uint8_t *)"", el->key_len < 8 ? el->key_len : 8);
	if (el->value)
		memcpy(&s->value, el->value, el->value_len < 8 ? el->value_len : 8);
	return 0;
}

/* Walk the map at @kva, as it is now. */
static int walk(struct rig *r, uint64_t kva, uint32_t max)
{
	r->n_seen = 0;
	CHECK(!list(r));
	kreader_init(r->r, r->k, 1u << 30);
	for (unsigned int i = 0; i < r->n; i++)
		if (r->maps[i].kva == kva)
			return bpfmap_walk(&r->l, r->r, &r->maps[i], max, see, r, &r->truncated,
					   &r->e);
	return err_set(&r->e, ENOENT, "no such map");
}

/* ---- the list ---- */

static void maps_are_listed(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t a, b;

	rig_init(&r);
	a = gm_add(&r.m, GM_ARRAY, "first", sizeof(struct gm_array) + 64, 4, 12, 4);
	b = gm_add(&r.m, GM_UNKNOWN, "0123456789abcdefXYZ", sizeof(struct gm_map), 1, 2, 3);
	GM_AT(&r.g, struct gm_map, a)->map_flags = 0x400;
	rig_boot(&r);
	CHECK(!list(&r) && r.n == 2);
	CHECK(r.maps[0].kva == a && r.maps[0].id == 1 && r.maps[0].is_read);
	CHECK(r.maps[0].type == GM_ARRAY && r.maps[0].value_size == 12 && r.maps[0].flags == 0x400);
	CHECK_STR(r.maps[0].name, "first");
	CHECK_STR(bpfmap_type_name(&r.l, GM_PERCPU_HASH), "percpu_hash");
	CHECK(!bpfmap_type_name(&r.l, GM_UNKNOWN) && !bpfmap_type_name(&r.l, UINT32_MAX));
	/* No NUL in the guest's, and nothing that is unsafe to print. */
	CHECK(r.maps[1].kva == b && strlen(r.maps[1].name) == 15);
	memcpy(GM_AT(&r.g, struct gm_map, b)->name, "\x1b[31m\n\xff", 8);
	CHECK(!list(&r));
	CHECK_STR(r.maps[1].name, "?[31m??");
}

static void wrong_maps_are_listed_all_the_same(void)
{
	_cleanup_rig_ struct rig r;

	rig_init(&r);
	gm_add(&r.m, GM_ARRAY, "good", sizeof(struct gm_array), 4, 8, 0);
	guest_set(&r.g, r.m.node + 40 + 8 * 9, GM_NONE, 8);
	rig_boot(&r);
	CHECK(!list(&r) && r.n == 2 && r.maps[0].is_read);
	CHECK(!r.maps[1].is_read && r.maps[1].id == 9 && r.maps[1].kva == GM_NONE);
	/* The same one in all slots: each is told, and no more than there is room for. */
	for (unsigned int i = 0; i < 64; i++)
		guest_set(&r.g, r.m.node + 40 + 8 * i, r.maps[0].kva, 8);
	CHECK(!list(&r) && r.n == 64);
	CHECK(bpfmap_list(&r.l, r.k, r.maps, 10, &r.n, &r.e) == -1);
	CHECK(r.e.code == E2BIG && r.n == 10);
	/* A node that leads to itself. */
	guest_set(&r.g, r.m.node + 40 + 8 * 3, r.m.node + 2, 8);
	CHECK(list(&r) == -1 && r.e.code == EPROTO && r.n == 3);
}

/* ---- arrays ---- */

static void array_elements_stand_8_bytes_apart_at_least(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t map;

	rig_init(&r);
	map = gm_add(&r.m, GM_ARRAY, "a", sizeof(struct gm_array) + 64, 4, 5, 4);
	rig_boot(&r);
	for (uint64_t i = 0; i < 4; i++)
		GM_AT(&r.g, struct gm_array, map)->value[i] = 0xaa0000000000 | i;
	CHECK(!walk(&r, map, 100) && r.n_seen == 4 && !r.truncated);
	for (uint64_t i = 0; i < 4; i++)
		CHECK(r.seen[i].index == i && r.seen[i].key == i && r.seen[i].value == i &&
		      r.seen[i].kva == map + offsetof(struct gm_array, value) + 8 * i);
	CHECK(!walk(&r, map, 3) && r.n_seen == 3 && r.truncated);
	GM_AT(&r.g, struct gm_map, map)->max_entries = 0;
	CHECK(!walk(&r, map, 3) && r.n_seen == 0 && !r.truncated);
	GM_AT(&r.g, struct gm_map, map)->value_size = 0;
	CHECK(walk(&r, map, 3) == -1 && r.e.code == EPROTO);
}

static void large_values_and_many_are_read_in_pieces(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t big, many;

	rig_init(&r);
	big = gm_add(&r.m, GM_ARRAY, "big", sizeof(struct gm_array) + 3 * 40000, 4, 40000, 3);
	many = gm_add(&r.m, GM_ARRAY, "many", sizeof(struct gm_array) + 8 * 20000, 4, 8, 20000);
	rig_boot(&r);
	for (uint64_t i = 0; i < 3; i++)
		GM_AT(&r.g, struct gm_array, big)->value[i * 5000] = 100 + i;
	for (uint64_t i = 0; i < 20000; i++)
		GM_AT(&r.g, struct gm_array, many)->value[i] = i * i;
	CHECK(!walk(&r, big, 100) && r.n_seen == 3);
	CHECK(r.seen[0].value == 100 && r.seen[1].value == 101 && r.seen[2].value == 102);
	CHECK(!walk(&r, many, 100000) && r.n_seen == 20000);
	for (uint64_t i = 20000 - SEEN; i < 20000; i++)
		CHECK(r.seen[i % SEEN].value == i * i);
}

static void sizes_that_lie_end(void)
{
	static const uint32_t sizes[] = {0x7fffffff, 0x80000000, 0xfffffff9, 0xffffffff};
	_cleanup_rig_ struct rig r;
	uint64_t map;

	rig_init(&r);
	map = gm_add(&r.m, GM_ARRAY, "a", sizeof(struct gm_array) + 64, 4, 8, UINT32_MAX);
	rig_boot(&r);
	CHECK(walk(&r, map, UINT32_MAX) == -1 && r.e.code == EFAULT);
	CHECK(r.n_seen > 1000 && r.n_seen < GUEST_RAM / 8);
	for (unsigned int i = 0; i < 4; i++) {
		GM_AT(&r.g, struct gm_map, map)->value_size = sizes[i];
		CHECK(walk(&r, map, UINT32_MAX) == -1);
	}
	GM_AT(&r.g, struct gm_map, map)->value_size = 8;
	GM_AT(&r.g, struct gm_map, map)->key_size = 1u << 31;
	CHECK(walk(&r, map, 1) == -1 && r.e.code == EPROTO);
}

static void percpu_values_are_at_each_cpu(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t map, pptr, v;

	rig_init(&r);
	map = gm_add(&r.m, GM_PERCPU_ARRAY, "p", sizeof(struct gm_array) + 64, 4, 4, 3);
	rig_boot(&r);
	pptr = gm_pptr(r.k, 0); /* where a CPU has its number */
	GM_AT(&r.g, struct gm_array, map)->value[1] = pptr;
	CHECK(!walk(&r, map, 100) && r.n_seen == 3);
	CHECK(r.seen[0].kva == 0 && r.seen[1].kva == pptr && r.seen[1].index == 1);
	for (unsigned int cpu = 0; cpu < 4; cpu++) {
		v = 0;
		CHECK(!bpfmap_read_percpu(r.r, &r.maps[0], pptr, cpu, (uint8_t *)&v, 4, &r.e) &&
		      v == cpu);
	}
	CHECK(bpfmap_read_percpu(r.r, &r.maps[0], pptr, 4, (uint8_t *)&v, 4, &r.e) == -1);
	CHECK(bpfmap_read_percpu(r.r, &r.maps[0], pptr, 0, (uint8_t *)&v, 5, &r.e) == -1);
}

static void only_populated_pointers_are_told(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t map, socks, devices, row;

	rig_init(&r);
	map = gm_add(&r.m, GM_PROG_ARRAY, "p", sizeof(struct gm_array) + 64, 4, 4, 8);
	socks = gm_add(&r.m, GM_SOCKMAP, "s", sizeof(struct gm_stab), 4, 4, 8);
	devices = gm_add(&r.m, GM_DEVMAP, "d", sizeof(struct gm_array), 4, 4, 8);
	row = guest_alloc(&r.g, 64);
	rig_boot(&r);
	GM_AT(&r.g, struct gm_array, map)->value[2] = 0x1234;
	GM_AT(&r.g, struct gm_array, map)->value[7] = 0x5678;
	CHECK(!walk(&r, map, 100) && r.n_seen == 2);
	CHECK(r.seen[0].index == 2 && r.seen[1].index == 7 && r.seen[1].kva == 0x5678);
	/* Some have them elsewhere. */
	GM_AT(&r.g, struct gm_stab, socks)->sks = row;
	guest_set(&r.g, row + 40, 0x99, 8);
	CHECK(!walk(&r, socks, 100) && r.n_seen == 1 && r.seen[0].index == 5);
	GM_AT(&r.g, struct gm_stab, socks)->sks = GM_NONE;
	CHECK(walk(&r, socks, 100) == -1 && r.e.code == EFAULT);
	CHECK(walk(&r, devices, 100) == -1 && r.e.code == ENOTSUP);
}

/* ---- hashes ---- */

static void hashes_are_walked_bucket_by_bucket(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t map;
	uint32_t key;

	rig_init(&r);
	map = gm_hash(&r.m, GM_HASH, "h", 4, 8, 512); /* more than one read's buckets */
	for (uint64_t i = 0; i < 40; i++) {
		uint64_t value = 1000 + i;

		key = (uint32_t)i;
		gm_put(&r.m, map, (uint32_t)(i * 37 % 512) & ~1u, &key, &value, 8);
	}
	rig_boot(&r);
	CHECK(!walk(&r, map, 1000) && r.n_seen == 40 && !r.truncated);
	for (unsigned int i = 0; i < 40; i++)
		CHECK(r.seen[i].value == 1000 + r.seen[i].key);
	CHECK(!walk(&r, map, 39) && r.n_seen == 39 && r.truncated);
}

static void elements_of_any_size(void)
{
	_cleanup_rig_ struct rig r;
	uint8_t key[3000] = {1, 2, 3}, value[9000] = {4, 5, 6};
	uint64_t map, odd, huge;

	rig_init(&r);
	map = gm_hash(&r.m, GM_HASH, "h", sizeof(key), sizeof(value), 2);
	odd = gm_hash(&r.m, GM_HASH, "odd", 5, 3, 2);
	huge = gm_hash(&r.m, GM_HASH, "huge", 1, 8u << 20, 2);
	gm_put(&r.m, map, 1, key, value, sizeof(value));
	gm_put(&r.m, odd, 0, "\1\2\3\4\5", "\6\7\10", 3);
	gm_put(&r.m, huge, 0, "\1", "\2", 1);
	rig_boot(&r);
	CHECK(!walk(&r, map, 9) && r.n_seen == 1);
	CHECK(r.seen[0].key == 0x030201 && r.seen[0].value == 0x060504);
	CHECK(!walk(&r, odd, 9) && r.n_seen == 1);
	CHECK(r.seen[0].key == 0x0504030201 && r.seen[0].value == 0x080706);
	CHECK(walk(&r, huge, 9) == -1 && r.e.code == EFAULT); /* ends behind memory */
}

static void chains_that_never_end(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t map, first, second, third;
	uint32_t key = 7;

	rig_init(&r);
	map = gm_hash(&r.m, GM_HASH, "h", 4, 4, 4);
	first = gm_put(&r.m, map, 0, &key, &key, 4);
	second = gm_put(&r.m, map, 0, &key, &key, 4);
	third = gm_put(&r.m, map, 0, &key, &key, 4);
	rig_boot(&r);
	CHECK(!walk(&r, map, 100000) && r.n_seen == 3);
	GM_AT(&r.g, struct gm_elem, first)->next = first;
	CHECK(walk(&r, map, 100000) == -1 && r.e.code == ELOOP && r.n_seen < 16);
	GM_AT(&r.g, struct gm_elem, first)->next = third;
	CHECK(walk(&r, map, 100000) == -1 && r.e.code == ELOOP && r.n_seen < 16);
	GM_AT(&r.g, struct gm_elem, first)->next = second;
	CHECK(walk(&r, map, 100000) == -1 && r.e.code == ELOOP && r.n_seen < 16);
	CHECK(!walk(&r, map, 3) && r.n_seen == 3 && r.truncated);
	GM_AT(&r.g, struct gm_elem, first)->next = GM_NONE;
	CHECK(walk(&r, map, 100000) == -1 && r.e.code == EFAULT && r.n_seen == 3);
	GM_AT(&r.g, struct gm_elem, first)->next = 0; /* an element that is being made */
	CHECK(!walk(&r, map, 100000) && r.n_seen == 3);
}

static void buckets_that_cannot_be(void)
{
	static const uint32_t counts[] = {0, 3, UINT32_MAX};
	_cleanup_rig_ struct rig r;
	uint64_t map;

	rig_init(&r);
	map = gm_hash(&r.m, GM_HASH, "h", 4, 4, 4);
	rig_boot(&r);
	for (unsigned int i = 0; i < 3; i++) {
		GM_AT(&r.g, struct gm_htab, map)->n_buckets = counts[i];
		CHECK(walk(&r, map, 9) == -1 && r.e.code == EPROTO);
	}
	GM_AT(&r.g, struct gm_htab, map)->n_buckets = 1u << 31;
	CHECK(walk(&r, map, 9) == -1 && r.e.code == EFAULT);
	GM_AT(&r.g, struct gm_htab, map)->n_buckets = 4;
	GM_AT(&r.g, struct gm_htab, map)->buckets = GM_NONE;
	CHECK(walk(&r, map, 9) == -1 && r.e.code == EFAULT);
}

static void the_budget_ends_all(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t map;

	rig_init(&r);
	map = gm_add(&r.m, GM_ARRAY, "a", sizeof(struct gm_array) + 8 * 10000, 4, 8, 10000);
	rig_boot(&r);
	CHECK(!walk(&r, map, 100000));
	kreader_init(r.r, r.k, 50000);
	r.n_seen = 0;
	CHECK(bpfmap_walk(&r.l, r.r, &r.maps[0], 100000, see, &r, &r.truncated, &r.e) == -1);
	CHECK(r.e.code == E2BIG && r.n_seen > 1000 && r.n_seen < 7000);
}

static void percpu_hashes_and_maps_of_maps_have_pointers(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t percpu, maps, pointer = 0x123456789abc, key = 77;

	rig_init(&r);
	percpu = gm_hash(&r.m, GM_PERCPU_HASH, "p", 8, 100, 2);
	maps = gm_hash(&r.m, GM_HASH_OF_MAPS, "m", 8, 4, 2);
	gm_put(&r.m, percpu, 1, &key, &pointer, 8);
	gm_put(&r.m, maps, 1, &key, &pointer, 8);
	rig_boot(&r);
	CHECK(!walk(&r, percpu, 9) && r.n_seen == 1);
	CHECK(r.seen[0].key == 77 && r.seen[0].kva == pointer);
	CHECK(!walk(&r, maps, 9) && r.n_seen == 1 && r.seen[0].kva == pointer);
}

/* Where the pointer stands, when the key is no multiple of 8 bytes. */
static void percpu_pointers_behind_short_keys(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t map, el, pointer, none = 0;
	uint32_t key = 77;

	rig_init(&r);
	map = gm_hash(&r.m, GM_PERCPU_HASH, "p", 4, 100, 2);
	el = gm_put(&r.m, map, 1, &key, &none, 8);
	rig_boot(&r);
	pointer = gm_pptr(r.k, 64);
	memcpy(GM_AT(&r.g, struct gm_elem, el)->key + 8, &pointer, 8);
	CHECK(!walk(&r, map, 9) && r.n_seen == 1);
	CHECK(r.seen[0].key == 77 && r.seen[0].kva == pointer);
	/* before 6.15 */
	memset(GM_AT(&r.g, struct gm_elem, el)->key + 4, 0, 12);
	memcpy(GM_AT(&r.g, struct gm_elem, el)->key + 4, &pointer, 8);
	CHECK(!walk(&r, map, 9) && r.n_seen == 1);
	CHECK(r.seen[0].key == 77 && r.seen[0].kva == pointer);
}

static void resizable_hashes(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t map, table, el, value = 4711;
	struct gm_table *t;
	uint32_t key = 5;

	rig_init(&r);
	map = gm_add(&r.m, GM_RHASH, "r", sizeof(struct gm_rhtab), 4, 8, 100);
	table = guest_alloc(&r.g, sizeof(*t));
	el = guest_alloc(&r.g, 8 + 8 + 8);
	rig_boot(&r);
	t = guest_at(&r.g, table);
	*t = (struct gm_table){.size = 4};
	GM_AT(&r.g, struct gm_rhtab, map)->tbl = table;
	CHECK(!walk(&r, map, 9) && r.n_seen == 0);
	t->buckets[2] = el;
	guest_set(&r.g, el, (table + offsetof(struct gm_table, buckets[2])) | 1, 8);
	memcpy(guest_at(&r.g, el + 8), &key, 4);
	memcpy(guest_at(&r.g, el + 16), &value, 8);
	CHECK(!walk(&r, map, 9) && r.n_seen == 1);
	CHECK(r.seen[0].key == 5 && r.seen[0].value == 4711 && r.seen[0].kva == el + 16);
	guest_set(&r.g, el, el, 8); /* a circle */
	CHECK(walk(&r, map, 5000) == -1 || r.truncated);
	CHECK(r.n_seen <= 5001);
}

static void tries_tell_their_prefixes(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t map, node[3];

	rig_init(&r);
	map = gm_add(&r.m, GM_LPM_TRIE, "t", sizeof(struct gm_trie), 8, 4, 8);
	for (unsigned int i = 0; i < 3; i++)
		node[i] = guest_alloc(&r.g, sizeof(struct gm_trie_node));
	rig_boot(&r);
	GM_AT(&r.g, struct gm_trie, map)->root = node[0];
	/* The root is between the two others and no element. */
	*GM_AT(&r.g, struct gm_trie_node, node[0]) =
		(struct gm_trie_node){.child = {node[1], node[2]}, .prefixlen = 4, .flags = 1};
	*GM_AT(&r.g, struct gm_trie_node, node[1]) =
		(struct gm_trie_node){.prefixlen = 8, .data = {10, 0, 0, 0, 99}};
	*GM_AT(&r.g, struct gm_trie_node, node[2]) =
		(struct gm_trie_node){.prefixlen = 16, .data = {192, 168, 0, 0, 98}};
	CHECK(!walk(&r, map, 9) && r.n_seen == 2);
	CHECK(r.seen[0].key == (10ull << 32 | 8) && r.seen[0].value == 99);
	CHECK(r.seen[1].key == (0xa8c0ull << 32 | 16) && r.seen[1].value == 98);
	GM_AT(&r.g, struct gm_trie_node, node[2])->child[1] = node[0];
	CHECK(walk(&r, map, 100) == -1 && r.e.code == ELOOP);
	GM_AT(&r.g, struct gm_trie_node, node[2])->child[1] = GM_NONE;
	CHECK(walk(&r, map, 100) == -1 && r.e.code == EFAULT);
	GM_AT(&r.g, struct gm_map, map)->key_size = 3;
	CHECK(walk(&r, map, 100) == -1 && r.e.code == EPROTO);
}

/* Nodes in between are met before any element: no circle, when only so many are to be told. */
static void tries_are_cut(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t map, node[7];

	rig_init(&r);
	map = gm_add(&r.m, GM_LPM_TRIE, "t", sizeof(struct gm_trie), 8, 4, 8);
	for (unsigned int i = 0; i < 7; i++)
		node[i] = guest_alloc(&r.g, sizeof(struct gm_trie_node));
	rig_boot(&r);
	GM_AT(&r.g, struct gm_trie, map)->root = node[0];
	for (unsigned int i = 0; i < 5; i++)
		*GM_AT(&r.g, struct gm_trie_node, node[i]) =
			(struct gm_trie_node){.child = {node[i + 1], i ? 0 : node[6]}, .flags = 1};
	CHECK(!walk(&r, map, 9) && r.n_seen == 2 && !r.truncated);
	CHECK(!walk(&r, map, 1) && r.n_seen == 1 && r.truncated);
}

static void queues_go_from_tail_to_head(void)
{
	_cleanup_rig_ struct rig r;
	struct gm_queue *q;
	uint64_t map;

	rig_init(&r);
	map = gm_add(&r.m, GM_QUEUE, "q", sizeof(struct gm_queue), 0, 8, 3);
	rig_boot(&r);
	q = guest_at(&r.g, map);
	q->size = 4;
	q->tail = 3;
	q->head = 2;
	for (uint64_t i = 0; i < 4; i++)
		q->elements[i] = 10 + i;
	CHECK(!walk(&r, map, 9) && r.n_seen == 3);
	CHECK(r.seen[0].value == 13 && r.seen[1].value == 10 && r.seen[2].value == 11);
	q->tail = 4;
	CHECK(walk(&r, map, 9) == -1 && r.e.code == EPROTO);
	q->tail = 0;
	q->head = UINT32_MAX;
	CHECK(walk(&r, map, 9) == -1 && r.e.code == EPROTO);
	q->size = UINT32_MAX;
	q->head = UINT32_MAX - 1;
	CHECK(walk(&r, map, 9) == -1 && r.e.code == EPROTO);
}

/* ---- storage ---- */

static void storage_names_its_owner(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t map, buckets, el[2], local;
	struct gm_storage_map *s;

	rig_init(&r);
	map = gm_add(&r.m, GM_TASK_STORAGE, "s", sizeof(*s), 4, 8, 0);
	buckets = guest_alloc(&r.g, 4 * sizeof(struct gm_bucket));
	el[0] = guest_alloc(&r.g, sizeof(struct gm_selem));
	el[1] = guest_alloc(&r.g, sizeof(struct gm_selem));
	local = guest_alloc(&r.g, 8);
	rig_boot(&r);
	s = guest_at(&r.g, map);
	s->buckets = buckets;
	s->bucket_log = 2;
	GM_AT(&r.g, struct gm_bucket, buckets)[3].first = el[0];
	*GM_AT(&r.g, struct gm_selem, el[0]) =
		(struct gm_selem){.map_next = el[1], .local_storage = local, .data = {42}};
	*GM_AT(&r.g, struct gm_selem, el[1]) = (struct gm_selem){.data = {43}};
	guest_set(&r.g, local, 0x1111, 8);
	CHECK(!walk(&r, map, 9) && r.n_seen == 2);
	CHECK(r.seen[0].value == 42 && r.seen[0].owner == 0x1111);
	CHECK(r.seen[1].value == 43 && r.seen[1].owner == 0);
	GM_AT(&r.g, struct gm_selem, el[1])->map_next = el[0];
	CHECK(walk(&r, map, 10000) == -1 && r.e.code == ELOOP && r.n_seen < 16);
	s->bucket_log = 63;
	CHECK(walk(&r, map, 9) == -1 && r.e.code == EPROTO);
}

/* ---- those without elements ---- */

static void rings_tell_their_positions(void)
{
	_cleanup_rig_ struct rig r;
	struct bpfmap_ring ring;
	uint64_t map, rb;

	rig_init(&r);
	map = gm_add(&r.m, GM_RINGBUF, "r", sizeof(struct gm_ringbuf_map), 0, 0, 4096);
	rb = guest_alloc(&r.g, sizeof(struct gm_ringbuf));
	rig_boot(&r);
	CHECK(!list(&r));
	CHECK(bpfmap_read_ring(&r.l, r.r, &r.maps[0], &ring, &r.e) == -1);
	GM_AT(&r.g, struct gm_ringbuf_map, map)->rb = rb;
	*GM_AT(&r.g, struct gm_ringbuf, rb) = (struct gm_ringbuf){
		.mask = 4095, .consumer_pos = 16, .producer_pos = 64, .pending_pos = 32};
	CHECK(!bpfmap_read_ring(&r.l, r.r, &r.maps[0], &ring, &r.e));
	CHECK(ring.capacity == 4096 && ring.consumer == 16 && ring.producer == 64 &&
	      ring.pending == 32);
	CHECK(bpfmap_walk(&r.l, r.r, &r.maps[0], 9, see, &r, &r.truncated, &r.e) == -1);
	CHECK(r.e.code == ENOTSUP);
}

static int see_stack(void *arg, const struct bpfmap_stack *s)
{
	struct rig *r = arg;

	r->seen[r->n_seen++ % SEEN] = (struct seen){
		.index = s->id, .key = s->n, .value = s->n ? s->addresses[s->n - 1] : 0};
	return 0;
}

static void stacks_are_as_deep_as_they_say(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t map, stack;
	uint32_t n;

	rig_init(&r);
	map = gm_add(&r.m, GM_STACK_TRACE, "s", sizeof(struct gm_stacks), 4, 32, 4);
	stack = guest_alloc(&r.g, sizeof(struct gm_stack));
	rig_boot(&r);
	CHECK(!list(&r));
	GM_AT(&r.g, struct gm_stacks, map)->n_buckets = 4;
	GM_AT(&r.g, struct gm_stacks, map)->buckets[2] = stack;
	*GM_AT(&r.g, struct gm_stack, stack) = (struct gm_stack){.nr = 2, .data = {7, 8, 9, 10}};
	CHECK(!bpfmap_walk_stacks(&r.l, r.r, &r.maps[0], 9, &n, see_stack, &r, &r.truncated, &r.e));
	CHECK(n == 4 && r.n_seen == 1 && r.seen[0].index == 2 && r.seen[0].key == 2 &&
	      r.seen[0].value == 8 && !r.truncated);
	/* Never more than a value has room for. */
	GM_AT(&r.g, struct gm_stack, stack)->nr = UINT32_MAX;
	CHECK(!bpfmap_walk_stacks(&r.l, r.r, &r.maps[0], 9, &n, see_stack, &r, &r.truncated, &r.e));
	CHECK(r.seen[1].key == 4 && r.seen[1].value == 10);
	CHECK(!bpfmap_walk_stacks(&r.l, r.r, &r.maps[0], 0, &n, see_stack, &r, &r.truncated, &r.e));
	CHECK(r.truncated);
	GM_AT(&r.g, struct gm_stacks, map)->n_buckets = UINT32_MAX;
	CHECK(bpfmap_walk_stacks(&r.l, r.r, &r.maps[0], 99999, &n, see_stack, &r, &r.truncated,
				 &r.e) == -1);
}

static int see_page(void *arg, uint64_t offset, const uint8_t page[KREADER_PAGE])
{
	struct rig *r = arg;

	r->seen[r->n_seen++ % SEEN] = (struct seen){.index = offset, .value = page[0]};
	return 0;
}

static int walk_arena(struct rig *r, uint32_t max, struct bpfmap_arena *a)
{
	r->n_seen = 0;
	CHECK(!list(r));
	return bpfmap_walk_arena(&r->l, r->r, &r->maps[0], max, a, see_page, r, &r->truncated,
				 &r->e);
}

/* Pages 2 and 5 of 8 are allocated: 0 to 1, 3 to 4 and 6 to 7 are free. */
static void arena_pages_are_those_that_are_not_free(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t map, area, node[3], pages;
	struct bpfmap_arena a;
	struct gm_arena *at;

	rig_init(&r);
	map = gm_add(&r.m, GM_ARENA, "a", sizeof(*at), 0, 0, 8);
	area = guest_alloc(&r.g, 8);
	for (unsigned int i = 0; i < 3; i++)
		node[i] = guest_alloc(&r.g, sizeof(struct gm_range));
	r.g.next_alloc = (r.g.next_alloc + 4095) & ~4095ull;
	pages = guest_alloc(&r.g, 8 * 4096);
	rig_boot(&r);
	at = guest_at(&r.g, map);
	at->user_vm_start = 0x7f0000001000;
	at->kern_vm = area;
	at->rb_node = node[1];
	guest_set(&r.g, area, pages - 0x8000 - 0x1000, 8);
	*GM_AT(&r.g, struct gm_range, node[0]) = (struct gm_range){.start = 0, .last = 1};
	*GM_AT(&r.g, struct gm_range, node[1]) =
		(struct gm_range){.left = node[0], .right = node[2], .start = 3, .last = 4};
	*GM_AT(&r.g, struct gm_range, node[2]) = (struct gm_range){.start = 6, .last = 7};
	for (unsigned int i = 0; i < 8; i++)
		guest_set(&r.g, pages + i * 4096, 100 + i, 1);

	CHECK(!walk_arena(&r, 9, &a) && r.n_seen == 2 && a.pages == 2 && !r.truncated);
	CHECK(a.user_start == 0x7f0000001000 && a.len == 8 * 4096 && a.kva == pages);
	CHECK(r.seen[0].index == 2 * 4096 && r.seen[0].value == 102);
	CHECK(r.seen[1].index == 5 * 4096 && r.seen[1].value == 105);
	CHECK(!walk_arena(&r, 1, &a) && r.n_seen == 1 && a.pages == 2 && r.truncated);
	GM_AT(&r.g, struct gm_range, node[2])->last = UINT32_MAX;
	CHECK(!walk_arena(&r, 9, &a) && r.n_seen == 2);

	GM_AT(&r.g, struct gm_range, node[2])->right = node[1]; /* a tree in a circle */
	CHECK(walk_arena(&r, 9, &a) == -1 && r.e.code == EPROTO);
	GM_AT(&r.g, struct gm_range, node[0])->left = node[1];
	CHECK(walk_arena(&r, 9, &a) == -1 && r.e.code == ELOOP);
	at->rb_node = GM_NONE;
	CHECK(walk_arena(&r, 9, &a) == -1 && r.e.code == EFAULT);
	at->rb_node = 0; /* nothing is free */
	CHECK(!walk_arena(&r, 99, &a) && r.n_seen == 8);
	at->map.max_entries = UINT32_MAX;
	CHECK(walk_arena(&r, 9, &a) == -1 && r.e.code == EPROTO);
}

/* Looking for pages is paid for, whether they are there or not. */
static void arenas_without_pages_cost(void)
{
	_cleanup_rig_ struct rig r;
	struct bpfmap_arena a;
	uint64_t map, area;

	rig_init(&r);
	map = gm_add(&r.m, GM_ARENA, "a", sizeof(struct gm_arena), 0, 0, 1u << 20);
	area = guest_alloc(&r.g, 8);
	rig_boot(&r);
	GM_AT(&r.g, struct gm_arena, map)->kern_vm = area;
	guest_set(&r.g, area, GM_NONE, 8);
	kreader_init(r.r, r.k, 100000);
	CHECK(walk_arena(&r, 9, &a) == -1 && r.e.code == E2BIG && r.n_seen == 0);
}

static void tables_tell_the_maps_of_their_programs(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t map, links, link, prog, aux, used, ret[8];
	struct bpfmap_ops ops;
	struct gm_ops_map *at;
	unsigned int n;

	rig_init(&r);
	map = gm_add(&r.m, GM_STRUCT_OPS, "ops", sizeof(*at), 4, sizeof(struct gm_ops_value), 1);
	links = guest_alloc(&r.g, 32);
	link = guest_alloc(&r.g, 16);
	prog = guest_alloc(&r.g, 16);
	aux = guest_alloc(&r.g, sizeof(struct gm_prog_aux));
	used = guest_alloc(&r.g, 32);
	rig_boot(&r);
	CHECK(!list(&r));
	at = guest_at(&r.g, map);
	at->kvalue.state = 3;
	at->links = links;
	at->funcs_cnt = 4;
	CHECK(!bpfmap_read_ops(&r.l, r.r, &r.maps[0], &ops, &r.e));
	CHECK(ops.state == 3 && ops.kva == map + offsetof(struct gm_ops_map, kvalue) &&
	      ops.data == map + offsetof(struct gm_ops_map, kvalue.data));
	CHECK(bpfmap_ops_maps(&r.l, r.r, &r.maps[0], ret, 8, &n, &r.e) == -1);
	CHECK(r.e.code == ENOENT);
	guest_set(&r.g, links + 8, link, 8);
	guest_set(&r.g, links + 16, link, 8);
	guest_set(&r.g, links + 24, GM_NONE, 8);
	guest_set(&r.g, link + 8, prog, 8);
	guest_set(&r.g, prog + 8, aux, 8);
	*GM_AT(&r.g, struct gm_prog_aux, aux) =
		(struct gm_prog_aux){.used_map_cnt = 3, .used_maps = used};
	guest_set(&r.g, used, 0xa, 8);
	guest_set(&r.g, used + 8, 0xb, 8);
	guest_set(&r.g, used + 16, 0xa, 8);
	CHECK(!bpfmap_ops_maps(&r.l, r.r, &r.maps[0], ret, 8, &n, &r.e) && n == 2);
	CHECK(ret[0] == 0xa && ret[1] == 0xb);
	CHECK(!bpfmap_ops_maps(&r.l, r.r, &r.maps[0], ret, 1, &n, &r.e) && n == 1);
	GM_AT(&r.g, struct gm_prog_aux, aux)->used_map_cnt = UINT32_MAX;
	at->funcs_cnt = UINT32_MAX;
	bpfmap_ops_maps(&r.l, r.r, &r.maps[0], ret, 8, &n, &r.e);
	CHECK(n <= 8);
}

int main(void)
{
	RUN(maps_are_listed);
	RUN(wrong_maps_are_listed_all_the_same);
	RUN(array_elements_stand_8_bytes_apart_at_least);
	RUN(large_values_and_many_are_read_in_pieces);
	RUN(sizes_that_lie_end);
	RUN(percpu_values_are_at_each_cpu);
	RUN(only_populated_pointers_are_told);
	RUN(hashes_are_walked_bucket_by_bucket);
	RUN(elements_of_any_size);
	RUN(chains_that_never_end);
	RUN(buckets_that_cannot_be);
	RUN(the_budget_ends_all);
	RUN(percpu_hashes_and_maps_of_maps_have_pointers);
	RUN(percpu_pointers_behind_short_keys);
	RUN(resizable_hashes);
	RUN(tries_tell_their_prefixes);
	RUN(tries_are_cut);
	RUN(queues_go_from_tail_to_head);
	RUN(storage_names_its_owner);
	RUN(rings_tell_their_positions);
	RUN(stacks_are_as_deep_as_they_say);
	RUN(arena_pages_are_those_that_are_not_free);
	RUN(arenas_without_pages_cost);
	RUN(tables_tell_the_maps_of_their_programs);
	return TEST_END();
}
