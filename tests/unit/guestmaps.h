/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BPF maps in the guest of guest.h: the kernel's types of maps, and maps that a test makes. To be
 * called between guest_init() and guest_boot(); maps may be made and changed later, too.
 */
#ifndef KTSTR_TESTS_UNIT_GUESTMAPS_H
#define KTSTR_TESTS_UNIT_GUESTMAPS_H

#include <stddef.h>

#include "guest.h"

#define GM_MAPS 64u		      /* slots of the only node of map_idr */
#define GM_NONE 0xdead000000000100ull /* no address of memory */

/* ---- the kernel's objects, as far as they are looked at ---- */

struct gm_map {
	uint32_t map_type, key_size, value_size, max_entries;
	uint64_t map_extra;
	uint32_t map_flags, id, btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
	uint64_t btf;
	char name[16];
};
struct gm_array {
	struct gm_map map;
	uint32_t elem_size, index_mask;
	uint64_t value[]; /* and pptrs */
};
struct gm_stab {
	struct gm_map map;
	uint64_t sks;
};
struct gm_htab {
	struct gm_map map;
	uint64_t buckets;
	uint32_t n_buckets;
};
struct gm_bucket {
	uint64_t first, lock;
};
struct gm_elem {
	uint64_t next, pprev, lru[3];
	uint32_t hash;
	uint8_t key[] __attribute__((aligned(8)));
};
struct gm_rhtab {
	struct gm_map map;
	uint64_t tbl;
};
struct gm_table {
	uint32_t size, nest;
	uint64_t future_tbl, buckets[4];
};
struct gm_trie {
	struct gm_map map;
	uint64_t root;
};
struct gm_trie_node {
	uint64_t child[2];
	uint32_t prefixlen, flags;
	uint8_t data[8];
};
struct gm_queue {
	struct gm_map map;
	uint32_t head, tail, size;
	uint64_t elements[4];
};
struct gm_arena {
	struct gm_map map;
	uint64_t user_vm_start, kern_vm, scratch_page, rb_node;
};
struct gm_range {
	uint64_t parent, right, left;
	uint32_t start, last;
};
struct gm_ringbuf_map {
	struct gm_map map;
	uint64_t rb;
};
struct gm_ringbuf {
	uint64_t mask, consumer_pos, producer_pos, pending_pos;
};
struct gm_stacks {
	struct gm_map map;
	uint32_t n_buckets;
	uint64_t buckets[4];
};
struct gm_stack {
	uint64_t fnode;
	uint32_t hash, nr;
	uint64_t data[8];
};
struct gm_ops {
	uint64_t select_cpu, dispatch, more[6], priv;
	char name[16];
};
struct gm_ops_map {
	struct gm_map map;
	uint64_t btf, links;
	uint32_t funcs_cnt;
	struct gm_ops_value {
		uint32_t refcnt, state;
		uint64_t filler;
		struct gm_ops data;
	} kvalue;
};
struct gm_prog_aux {
	uint32_t used_map_cnt;
	uint64_t used_maps;
};
struct gm_storage_map {
	struct gm_map map;
	uint64_t buckets;
	uint32_t bucket_log;
};
struct gm_selem {
	uint64_t map_next, map_pprev, local_storage, smap;
	uint8_t data[16];
};
struct gm_btf {
	uint64_t data, base_btf;
	uint32_t data_size, id;
	uint8_t kernel_btf;
};
struct gm_task {
	uint64_t filler;
	int32_t pid;
	char comm[16];
};

/* ---- their types ---- */

enum gm_type {
	GM_HASH = 1,
	GM_ARRAY,
	GM_PROG_ARRAY,
	GM_PERCPU_HASH = 5,
	GM_PERCPU_ARRAY,
	GM_STACK_TRACE,
	GM_LPM_TRIE = 11,
	GM_ARRAY_OF_MAPS,
	GM_HASH_OF_MAPS,
	GM_DEVMAP,
	GM_SOCKMAP,
	GM_QUEUE = 22,
	GM_STRUCT_OPS = 26,
	GM_RINGBUF,
	GM_TASK_STORAGE = 29,
	GM_BLOOM_FILTER,
	GM_ARENA = 33,
	GM_RHASH = 35,
	GM_UNKNOWN = 99,
};

static inline void gm_map_types(struct btf *b)
{
	static const struct {
		const char *name;
		int value;
	} names[] = {
		{"HASH", 1},	      {"ARRAY", 2},	     {"PROG_ARRAY", 3},
		{"PERCPU_HASH", 5},   {"PERCPU_ARRAY", 6},   {"STACK_TRACE", 7},
		{"LPM_TRIE", 11},     {"ARRAY_OF_MAPS", 12}, {"HASH_OF_MAPS", 13},
		{"DEVMAP", 14},	      {"SOCKMAP", 15},	     {"QUEUE", 22},
		{"STRUCT_OPS", 26},   {"RINGBUF", 27},	     {"TASK_STORAGE", 29},
		{"BLOOM_FILTER", 30}, {"ARENA", 33},	     {"RHASH", 35},
	};
	char name[64];

	btf__add_enum(b, "bpf_map_type", 4);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "BPF_MAP_TYPE_%s", names[i].name);
		btf__add_enum_value(b, name, names[i].value);
	}
}

/* A struct whose members are told by gm_field(); all of them have types that are there before. */
#define gm_struct(b, name, size) btf__add_struct(b, name, (uint32_t)(size))
#define gm_field(b, name, type, at) btf__add_field(b, name, type, (uint32_t)(at) * 8, 0)

/* Types of members that are used more than once. */
struct gm_ids {
	int bytes0, name, head, node, words0, words2, hlist, rb_node, rb_root, root_cached, tree,
		common, table, ops;
};

static inline struct gm_ids gm_members(struct btf *b)
{
	struct gm_ids t;

	t.bytes0 = btf__add_array(b, GUEST_UINT, GUEST_UCHAR, 0);
	t.name = btf__add_array(b, GUEST_UINT, GUEST_UCHAR, 16);
	t.words0 = btf__add_array(b, GUEST_UINT, GUEST_ULONG, 0);
	t.words2 = btf__add_array(b, GUEST_UINT, GUEST_PTR, 2);
	t.head = gm_struct(b, "hlist_nulls_head", 8);
	gm_field(b, "first", GUEST_PTR, 0);
	t.node = gm_struct(b, "hlist_nulls_node", 16);
	gm_field(b, "next", GUEST_PTR, 0);
	t.hlist = gm_struct(b, "hlist_node", 16);
	gm_field(b, "next", GUEST_PTR, 0);
	t.rb_node = gm_struct(b, "rb_node", 24);
	gm_field(b, "rb_right", GUEST_PTR, 8);
	gm_field(b, "rb_left", GUEST_PTR, 16);
	t.rb_root = gm_struct(b, "rb_root", 8);
	gm_field(b, "rb_node", GUEST_PTR, 0);
	t.root_cached = gm_struct(b, "rb_root_cached", 8);
	gm_field(b, "rb_root", t.rb_root, 0);
	t.tree = gm_struct(b, "range_tree", 8);
	gm_field(b, "it_root", t.root_cached, 0);
	t.table = gm_struct(b, "rhashtable", 8);
	gm_field(b, "tbl", GUEST_PTR, 0);
	t.common = gm_struct(b, "bpf_struct_ops_common_value", 8);
	gm_field(b, "refcnt", GUEST_UINT, 0);
	gm_field(b, "state", GUEST_UINT, 4);
	t.ops = gm_struct(b, "sched_ext_ops", sizeof(struct gm_ops));
	gm_field(b, "select_cpu", GUEST_PTR, offsetof(struct gm_ops, select_cpu));
	gm_field(b, "dispatch", GUEST_PTR, offsetof(struct gm_ops, dispatch));
	gm_field(b, "priv", GUEST_PTR, offsetof(struct gm_ops, priv));
	gm_field(b, "name", t.name, offsetof(struct gm_ops, name));
	return t;
}

static inline void gm_type_of_map(struct btf *b, const struct gm_ids *t)
{
	gm_struct(b, "bpf_map", sizeof(struct gm_map));
	gm_field(b, "map_type", GUEST_UINT, offsetof(struct gm_map, map_type));
	gm_field(b, "key_size", GUEST_UINT, offsetof(struct gm_map, key_size));
	gm_field(b, "value_size", GUEST_UINT, offsetof(struct gm_map, value_size));
	gm_field(b, "max_entries", GUEST_UINT, offsetof(struct gm_map, max_entries));
	gm_field(b, "map_extra", GUEST_ULONG, offsetof(struct gm_map, map_extra));
	gm_field(b, "map_flags", GUEST_UINT, offsetof(struct gm_map, map_flags));
	gm_field(b, "id", GUEST_UINT, offsetof(struct gm_map, id));
	gm_field(b, "btf_key_type_id", GUEST_UINT, offsetof(struct gm_map, btf_key_type_id));
	gm_field(b, "btf_value_type_id", GUEST_UINT, offsetof(struct gm_map, btf_value_type_id));
	gm_field(b, "btf_vmlinux_value_type_id", GUEST_UINT,
		 offsetof(struct gm_map, btf_vmlinux_value_type_id));
	gm_field(b, "btf", GUEST_PTR, offsetof(struct gm_map, btf));
	gm_field(b, "name", t->name, offsetof(struct gm_map, name));
}

static inline void gm_types_of_hashes(struct btf *b, const struct gm_ids *t)
{
	gm_struct(b, "bpf_array", sizeof(struct gm_array));
	gm_field(b, "value", t->bytes0, offsetof(struct gm_array, value));
	gm_field(b, "pptrs", t->words0, offsetof(struct gm_array, value));
	gm_field(b, "ptrs", t->words0, offsetof(struct gm_array, value));
	gm_struct(b, "bpf_stab", sizeof(struct gm_stab));
	gm_field(b, "sks", GUEST_PTR, offsetof(struct gm_stab, sks));
	gm_struct(b, "bpf_htab", sizeof(struct gm_htab));
	gm_field(b, "buckets", GUEST_PTR, offsetof(struct gm_htab, buckets));
	gm_field(b, "n_buckets", GUEST_UINT, offsetof(struct gm_htab, n_buckets));
	gm_struct(b, "bucket", sizeof(struct gm_bucket));
	gm_field(b, "head", t->head, 0);
	gm_struct(b, "htab_elem", sizeof(struct gm_elem));
	gm_field(b, "hash_node", t->node, 0);
	gm_field(b, "key", t->bytes0, offsetof(struct gm_elem, key));
	gm_struct(b, "bpf_rhtab", sizeof(struct gm_rhtab));
	gm_field(b, "ht", t->table, offsetof(struct gm_rhtab, tbl));
	gm_struct(b, "rhtab_elem", 8);
	gm_field(b, "node", GUEST_PTR, 0);
	gm_field(b, "data", t->bytes0, 8);
	gm_struct(b, "bucket_table", offsetof(struct gm_table, buckets));
	gm_field(b, "size", GUEST_UINT, offsetof(struct gm_table, size));
	gm_field(b, "nest", GUEST_UINT, offsetof(struct gm_table, nest));
	gm_field(b, "future_tbl", GUEST_PTR, offsetof(struct gm_table, future_tbl));
	gm_field(b, "buckets", t->words0, offsetof(struct gm_table, buckets));
	gm_struct(b, "lpm_trie", sizeof(struct gm_trie));
	gm_field(b, "root", GUEST_PTR, offsetof(struct gm_trie, root));
	gm_struct(b, "lpm_trie_node", offsetof(struct gm_trie_node, data));
	gm_field(b, "child", t->words2, 0);
	gm_field(b, "prefixlen", GUEST_UINT, offsetof(struct gm_trie_node, prefixlen));
	gm_field(b, "flags", GUEST_UINT, offsetof(struct gm_trie_node, flags));
	gm_field(b, "data", t->bytes0, offsetof(struct gm_trie_node, data));
}

static inline void gm_types_of_streams(struct btf *b, const struct gm_ids *t)
{
	gm_struct(b, "bpf_queue_stack", sizeof(struct gm_queue));
	gm_field(b, "head", GUEST_UINT, offsetof(struct gm_queue, head));
	gm_field(b, "tail", GUEST_UINT, offsetof(struct gm_queue, tail));
	gm_field(b, "size", GUEST_UINT, offsetof(struct gm_queue, size));
	gm_field(b, "elements", t->bytes0, offsetof(struct gm_queue, elements));
	gm_struct(b, "bpf_ringbuf_map", sizeof(struct gm_ringbuf_map));
	gm_field(b, "rb", GUEST_PTR, offsetof(struct gm_ringbuf_map, rb));
	gm_struct(b, "bpf_ringbuf", sizeof(struct gm_ringbuf));
	gm_field(b, "mask", GUEST_ULONG, offsetof(struct gm_ringbuf, mask));
	gm_field(b, "consumer_pos", GUEST_ULONG, offsetof(struct gm_ringbuf, consumer_pos));
	gm_field(b, "producer_pos", GUEST_ULONG, offsetof(struct gm_ringbuf, producer_pos));
	gm_field(b, "pending_pos", GUEST_ULONG, offsetof(struct gm_ringbuf, pending_pos));
	gm_struct(b, "bpf_stack_map", offsetof(struct gm_stacks, buckets));
	gm_field(b, "n_buckets", GUEST_UINT, offsetof(struct gm_stacks, n_buckets));
	gm_field(b, "buckets", t->words0, offsetof(struct gm_stacks, buckets));
	gm_struct(b, "stack_map_bucket", offsetof(struct gm_stack, data));
	gm_field(b, "nr", GUEST_UINT, offsetof(struct gm_stack, nr));
	gm_field(b, "data", t->words0, offsetof(struct gm_stack, data));
}

static inline void gm_types_of_arenas(struct btf *b, const struct gm_ids *t)
{
	gm_struct(b, "bpf_arena", sizeof(struct gm_arena));
	gm_field(b, "user_vm_start", GUEST_ULONG, offsetof(struct gm_arena, user_vm_start));
	gm_field(b, "kern_vm", GUEST_PTR, offsetof(struct gm_arena, kern_vm));
	gm_field(b, "scratch_page", GUEST_PTR, offsetof(struct gm_arena, scratch_page));
	gm_field(b, "rt", t->tree, offsetof(struct gm_arena, rb_node));
	gm_struct(b, "vm_struct", 8);
	gm_field(b, "addr", GUEST_PTR, 0);
	gm_struct(b, "range_node", sizeof(struct gm_range));
	gm_field(b, "rn_rbnode", t->rb_node, 0);
	gm_field(b, "rn_start", GUEST_UINT, offsetof(struct gm_range, start));
	gm_field(b, "rn_last", GUEST_UINT, offsetof(struct gm_range, last));
	gm_struct(b, "page", 64);
}

static inline void gm_types_of_ops(struct btf *b, const struct gm_ids *t)
{
	int value;

	gm_struct(b, "bpf_struct_ops_value", offsetof(struct gm_ops_value, data));
	gm_field(b, "common", t->common, 0);
	gm_field(b, "data", t->bytes0, offsetof(struct gm_ops_value, data));
	value = gm_struct(b, "bpf_struct_ops_sched_ext_ops", sizeof(struct gm_ops_value));
	gm_field(b, "common", t->common, 0);
	gm_field(b, "data", t->ops, offsetof(struct gm_ops_value, data));
	gm_struct(b, "bpf_struct_ops_map", sizeof(struct gm_ops_map));
	gm_field(b, "btf", GUEST_PTR, offsetof(struct gm_ops_map, btf));
	gm_field(b, "links", GUEST_PTR, offsetof(struct gm_ops_map, links));
	gm_field(b, "funcs_cnt", GUEST_UINT, offsetof(struct gm_ops_map, funcs_cnt));
	gm_field(b, "kvalue", value, offsetof(struct gm_ops_map, kvalue));
	gm_struct(b, "bpf_link", 16);
	gm_field(b, "prog", GUEST_PTR, 8);
	gm_struct(b, "bpf_prog", 16);
	gm_field(b, "aux", GUEST_PTR, 8);
	gm_struct(b, "bpf_prog_aux", sizeof(struct gm_prog_aux));
	gm_field(b, "used_map_cnt", GUEST_UINT, offsetof(struct gm_prog_aux, used_map_cnt));
	gm_field(b, "used_maps", GUEST_PTR, offsetof(struct gm_prog_aux, used_maps));
	gm_struct(b, "scx_sched", sizeof(struct gm_ops));
	gm_field(b, "ops", t->ops, 0);
}

static inline void gm_types_of_storage(struct btf *b, const struct gm_ids *t)
{
	int sdata = gm_struct(b, "bpf_local_storage_data", 8);

	gm_field(b, "data", t->bytes0, 8);
	gm_struct(b, "bpf_local_storage_map", sizeof(struct gm_storage_map));
	gm_field(b, "buckets", GUEST_PTR, offsetof(struct gm_storage_map, buckets));
	gm_field(b, "bucket_log", GUEST_UINT, offsetof(struct gm_storage_map, bucket_log));
	gm_struct(b, "bpf_local_storage_map_bucket", sizeof(struct gm_bucket));
	gm_field(b, "list", t->head, 0);
	gm_struct(b, "bpf_local_storage_elem", sizeof(struct gm_selem));
	gm_field(b, "map_node", t->hlist, 0);
	gm_field(b, "local_storage", GUEST_PTR, offsetof(struct gm_selem, local_storage));
	gm_field(b, "sdata", sdata, offsetof(struct gm_selem, smap));
	gm_struct(b, "bpf_local_storage", 8);
	gm_field(b, "owner", GUEST_PTR, 0);
	gm_struct(b, "task_struct", sizeof(struct gm_task));
	gm_field(b, "pid", GUEST_INT, offsetof(struct gm_task, pid));
	gm_field(b, "comm", t->name, offsetof(struct gm_task, comm));
}

/* The kernel's types of maps and of struct btf, and an empty map_idr. */
struct gm {
	struct guest *g;
	uint64_t node; /* xa_node of map_idr */
	uint64_t scx_root;
	uint32_t n;
};

static inline void gm_init(struct gm *m, struct guest *g)
{
	struct btf *b = g->btf;
	struct gm_ids t = gm_members(b);
	uint64_t idr;

	gm_map_types(b);
	gm_type_of_map(b, &t);
	gm_types_of_hashes(b, &t);
	gm_types_of_streams(b, &t);
	gm_types_of_arenas(b, &t);
	gm_types_of_ops(b, &t);
	gm_types_of_storage(b, &t);
	gm_struct(b, "btf", sizeof(struct gm_btf));
	gm_field(b, "data", GUEST_PTR, offsetof(struct gm_btf, data));
	gm_field(b, "base_btf", GUEST_PTR, offsetof(struct gm_btf, base_btf));
	gm_field(b, "data_size", GUEST_UINT, offsetof(struct gm_btf, data_size));
	gm_field(b, "id", GUEST_UINT, offsetof(struct gm_btf, id));
	gm_field(b, "kernel_btf", GUEST_UCHAR, offsetof(struct gm_btf, kernel_btf));

	*m = (struct gm){.g = g};
	idr = guest_var(g, "map_idr", 24);
	m->node = guest_alloc(g, 576);
	guest_set(g, idr + 8, m->node + 2, 8);
	m->scx_root = guest_var(g, "scx_root", 8);
	guest_var_set(g, "vmemmap_base", GM_NONE, 8);
}

/* ---- maps ---- */

#define GM_AT(g, type, kva) ((type *)guest_at(g, kva))

/* A map of @size bytes, whose struct begins with a gm_map. Returns its address. */
static inline uint64_t gm_add(struct gm *m, enum gm_type type, const char *name, size_t size,
			      uint32_t key_size, uint32_t value_size, uint32_t max_entries)
{
	uint64_t kva = guest_alloc(m->g, size);
	struct gm_map *map = guest_at(m->g, kva);

	guest_must(m->n + 1 < GM_MAPS, "room for a map");
	m->n++;
	*map = (struct gm_map){.map_type = type,
			       .key_size = key_size,
			       .value_size = value_size,
			       .max_entries = max_entries,
			       .id = m->n};
	memcpy(map->name, name, strnlen(name, sizeof(map->name)));
	guest_set(m->g, m->node + 40 + (uint64_t)8 * m->n, kva, 8);
	return kva;
}

/* A hash with @n buckets (a power of 2), all empty. */
static inline uint64_t gm_hash(struct gm *m, enum gm_type type, const char *name, uint32_t key_size,
			       uint32_t value_size, uint32_t n)
{
	uint64_t kva = gm_add(m, type, name, sizeof(struct gm_htab), key_size, value_size, n);
	struct gm_htab *h = guest_at(m->g, kva);
	struct gm_bucket *buckets;

	h->n_buckets = n;
	h->buckets = guest_alloc(m->g, n * sizeof(*buckets));
	buckets = guest_at(m->g, h->buckets);
	for (uint32_t i = 0; i < n; i++)
		buckets[i].first = i << 1 | 1;
	return kva;
}

/* Put an element into @bucket of hash @map. Returns its address. */
static inline uint64_t gm_put(struct gm *m, uint64_t map, uint32_t bucket, const void *key,
			      const void *value, size_t value_len)
{
	struct gm_htab *h = guest_at(m->g, map);
	struct gm_bucket *b = GM_AT(m->g, struct gm_bucket, h->buckets) + bucket;
	size_t value_at = (h->map.key_size + 7) / 8 * 8;
	uint64_t kva = guest_alloc(m->g, sizeof(struct gm_elem) + value_at + value_len);
	struct gm_elem *el = guest_at(m->g, kva);

	memcpy(el->key, key, h->map.key_size);
	memcpy(el->key + value_at, value, value_len);
	el->next = b->first;
	b->first = kva;
	return kva;
}

/* A struct btf of the bytes of @btf, number @id. */
static inline uint64_t gm_btf(struct gm *m, struct btf *btf, uint32_t id)
{
	uint32_t len;
	const void *data = btf__raw_data(btf, &len);
	uint64_t kva = guest_alloc(m->g, sizeof(struct gm_btf)), at = guest_alloc(m->g, len);

	memcpy(guest_at(m->g, at), data, len);
	*GM_AT(m->g, struct gm_btf, kva) = (struct gm_btf){.data = at, .data_size = len, .id = id};
	return kva;
}

/* The address that each CPU has @at bytes into its own page, as a per-CPU pointer; see
 * guest_percpu(). */
static inline uint64_t gm_pptr(const struct kernel *k, uint32_t at)
{
	uint64_t ret = 0;
	struct err e;

	guest_must(!kernel_symbol(k, "cpu_number", &ret, &e), "cpu_number");
	return ret + at;
}

#endif
