/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps of a scheduler in the guest of guest.h, on top of guestmaps.h: one that is in force, one
 * that is loaded and is not, and their programs' types.
 */
#ifndef KTSTR_TESTS_UNIT_SCHEDMAPS_H
#define KTSTR_TESTS_UNIT_SCHEDMAPS_H

#include "guestmaps.h"

/* Program BTF ids, see sm_btf(). */
enum sm_type { SM_INT = 1, SM_ULONG, SM_CHAR, SM_NAME, SM_POINT, SM_NODE, SM_NODE_PTR };

struct sm_point {
	int32_t x, y;
};
struct sm_node {
	uint64_t value, next;
};
/* What is in "obj.bss". */
struct sm_bss {
	uint32_t stall, filler;
	uint64_t counter;
	struct sm_point at;
	uint64_t node; /* into the arena */
};

#define SM_USER_START 0x7f0000000000ull
#define SM_ARENA_PAGES 4u

struct schedmaps {
	struct guest g;
	struct gm m;
	uint64_t btf, other_btf;
	uint64_t ops, other_ops, bss, other_bss, array, percpu, hash, percpu_hash, inner, maps,
		progs, storage, arena, ring, stacks, bloom, wrong, named, mask;
	uint64_t sched; /* struct scx_sched */
	uint64_t arena_pages;
	uint64_t data_type; /* of section .bss, in either BTF */
};

/* Types of a program, with the ids above. The last is the section .bss. */
static inline struct btf *sm_btf(uint64_t *ret_bss)
{
	struct btf *b = btf__new_empty();
	int stall, counter, at, node;

	btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	btf__add_int(b, "unsigned long", 8, 0);
	btf__add_int(b, "char", 1, BTF_INT_SIGNED);
	btf__add_array(b, SM_INT, SM_CHAR, 16);
	btf__add_struct(b, "point", 8);
	gm_field(b, "x", SM_INT, 0);
	gm_field(b, "y", SM_INT, 4);
	btf__add_struct(b, "node", 16);
	gm_field(b, "value", SM_ULONG, 0);
	gm_field(b, "next", SM_NODE_PTR, 8);
	btf__add_ptr(b, SM_NODE);
	stall = btf__add_var(b, "stall", BTF_VAR_GLOBAL_ALLOCATED, SM_INT);
	counter = btf__add_var(b, "counter", BTF_VAR_STATIC, SM_ULONG);
	at = btf__add_var(b, "at", BTF_VAR_GLOBAL_ALLOCATED, SM_POINT);
	node = btf__add_var(b, "node", BTF_VAR_GLOBAL_ALLOCATED, SM_NODE_PTR);
	*ret_bss = (uint64_t)btf__add_datasec(b, ".bss", sizeof(struct sm_bss));
	btf__add_datasec_var_info(b, stall, offsetof(struct sm_bss, stall), 4);
	btf__add_datasec_var_info(b, counter, offsetof(struct sm_bss, counter), 8);
	btf__add_datasec_var_info(b, at, offsetof(struct sm_bss, at), 8);
	btf__add_datasec_var_info(b, node, offsetof(struct sm_bss, node), 8);
	return b;
}

static inline void sm_typed(struct schedmaps *s, uint64_t map, uint64_t btf, uint64_t key,
			    uint64_t value)
{
	struct gm_map *m = guest_at(&s->g, map);

	m->btf = btf;
	m->btf_key_type_id = (uint32_t)key;
	m->btf_value_type_id = (uint32_t)value;
}

/* A table of operations of which the program uses the @n maps of @maps. */
static inline uint64_t sm_ops(struct schedmaps *s, const char *name, uint64_t btf, uint64_t priv,
			      const uint64_t *maps, uint32_t n)
{
	uint64_t kva = gm_add(&s->m, GM_STRUCT_OPS, name, sizeof(struct gm_ops_map), 4,
			      sizeof(struct gm_ops_value), 1);
	uint64_t link = guest_alloc(&s->g, 16), prog = guest_alloc(&s->g, 16),
		 aux = guest_alloc(&s->g, sizeof(struct gm_prog_aux)),
		 used = guest_alloc(&s->g, 8 * n);
	struct gm_ops_map *ops = guest_at(&s->g, kva);

	ops->map.btf = btf;
	ops->links = guest_alloc(&s->g, 16);
	ops->funcs_cnt = 2;
	ops->kvalue.state = 3;
	ops->kvalue.data.select_cpu = 0xffffffffc0001000;
	ops->kvalue.data.priv = priv;
	memcpy(ops->kvalue.data.name, name, strlen(name));
	guest_set(&s->g, ops->links + 8, link, 8);
	guest_set(&s->g, link + 8, prog, 8);
	guest_set(&s->g, prog + 8, aux, 8);
	*GM_AT(&s->g, struct gm_prog_aux, aux) =
		(struct gm_prog_aux){.used_map_cnt = n, .used_maps = used};
	memcpy(guest_at(&s->g, used), maps, 8 * n);
	return kva;
}

static inline void sm_arena(struct schedmaps *s)
{
	uint64_t area, range;
	struct gm_arena *a;

	s->arena = gm_add(&s->m, GM_ARENA, "arena", sizeof(*a), 0, 0, SM_ARENA_PAGES);
	area = guest_alloc(&s->g, 8);
	range = guest_alloc(&s->g, sizeof(struct gm_range));
	s->g.next_alloc = (s->g.next_alloc + 4095) & ~4095ull;
	s->arena_pages = guest_alloc(&s->g, SM_ARENA_PAGES * 4096);
	a = guest_at(&s->g, s->arena);
	a->user_vm_start = SM_USER_START;
	a->kern_vm = area;
	a->rb_node = range;
	guest_set(&s->g, area, s->arena_pages - 0x8000, 8);
	*GM_AT(&s->g, struct gm_range, range) = (struct gm_range){.start = 2, .last = 3};
	*GM_AT(&s->g, struct sm_node, s->arena_pages + 64) =
		(struct sm_node){.value = 71, .next = SM_USER_START + 4096 + 8};
	*GM_AT(&s->g, struct sm_node, s->arena_pages + 4096 + 8) = (struct sm_node){.value = 72};
}

static inline void sm_storage(struct schedmaps *s)
{
	uint64_t buckets = guest_alloc(&s->g, sizeof(struct gm_bucket)),
		 el = guest_alloc(&s->g, sizeof(struct gm_selem)), local = guest_alloc(&s->g, 8),
		 task = guest_alloc(&s->g, sizeof(struct gm_task));

	s->storage =
		gm_add(&s->m, GM_TASK_STORAGE, "tasks", sizeof(struct gm_storage_map), 4, 8, 0);
	sm_typed(s, s->storage, s->btf, SM_INT, SM_POINT);
	GM_AT(&s->g, struct gm_storage_map, s->storage)->buckets = buckets;
	guest_set(&s->g, buckets, el, 8);
	*GM_AT(&s->g, struct gm_selem, el) = (struct gm_selem){.local_storage = local, .data = {9}};
	guest_set(&s->g, local, task, 8);
	*GM_AT(&s->g, struct gm_task, task) = (struct gm_task){.pid = 42, .comm = "worker"};
}

static inline void sm_streams(struct schedmaps *s)
{
	uint64_t rb = guest_alloc(&s->g, sizeof(struct gm_ringbuf)),
		 stack = guest_alloc(&s->g, sizeof(struct gm_stack));
	struct gm_stacks *stacks;

	s->ring = gm_add(&s->m, GM_RINGBUF, "ring", sizeof(struct gm_ringbuf_map), 0, 0, 4096);
	GM_AT(&s->g, struct gm_ringbuf_map, s->ring)->rb = rb;
	*GM_AT(&s->g, struct gm_ringbuf, rb) = (struct gm_ringbuf){
		.mask = 4095, .consumer_pos = 8, .producer_pos = 40, .pending_pos = 16};
	s->stacks = gm_add(&s->m, GM_STACK_TRACE, "stacks", sizeof(*stacks), 4, 64, 4);
	stacks = guest_at(&s->g, s->stacks);
	stacks->n_buckets = 4;
	stacks->buckets[3] = stack;
	*GM_AT(&s->g, struct gm_stack, stack) =
		(struct gm_stack){.nr = 2, .data = {GUEST_STEXT + 4, 0x400000}};
}

static inline void sm_pairs(struct schedmaps *s)
{
	struct sm_point point = {.x = 5, .y = -6};
	uint64_t key = 77, pptr = 0, inner;
	uint32_t small = 3;

	s->array = gm_add(&s->m, GM_ARRAY, "array", sizeof(struct gm_array) + 24, 4, 8, 3);
	sm_typed(s, s->array, s->btf, SM_INT, SM_POINT);
	*GM_AT(&s->g, struct sm_point, s->array + offsetof(struct gm_array, value[2])) = point;
	s->percpu = gm_add(&s->m, GM_PERCPU_ARRAY, "percpu", sizeof(struct gm_array) + 16, 4, 4, 2);
	sm_typed(s, s->percpu, s->btf, SM_INT, SM_INT);
	s->hash = gm_hash(&s->m, GM_HASH, "hash", 8, 8, 4);
	sm_typed(s, s->hash, s->btf, SM_ULONG, SM_POINT);
	gm_put(&s->m, s->hash, 2, &key, &point, 8);
	s->percpu_hash = gm_hash(&s->m, GM_PERCPU_HASH, "percpu_hash", 8, 4, 2);
	gm_put(&s->m, s->percpu_hash, 0, &key, &pptr, 8);
	s->inner = inner = gm_add(&s->m, GM_ARRAY, "inner", sizeof(struct gm_array) + 8, 4, 8, 1);
	s->maps = gm_hash(&s->m, GM_HASH_OF_MAPS, "maps", 4, 4, 2);
	gm_put(&s->m, s->maps, 1, &small, &inner, 8);
	s->progs = gm_add(&s->m, GM_ARRAY_OF_MAPS, "array_maps", sizeof(struct gm_array) + 32, 4, 4,
			  4);
	GM_AT(&s->g, struct gm_array, s->progs)->value[1] = inner;
	s->bloom = gm_add(&s->m, GM_BLOOM_FILTER, "bloom", sizeof(struct gm_map), 0, 8, 8);
	s->wrong = gm_hash(&s->m, GM_HASH, "wrong", 8, 8, 2);
	GM_AT(&s->g, struct gm_htab, s->wrong)->buckets = GM_NONE;
}

/* A pointer into the arena, to a struct that its own types only name. */
static inline void sm_named(struct schedmaps *s)
{
	struct btf *b = btf__new_empty();
	int node = btf__add_fwd(b, "node", BTF_FWD_STRUCT), pointer = btf__add_ptr(b, node);

	s->named = gm_add(&s->m, GM_ARRAY, "named", sizeof(struct gm_array) + 8, 4, 8, 1);
	sm_typed(s, s->named, gm_btf(&s->m, b, 3), 0, (uint64_t)pointer);
	GM_AT(&s->g, struct gm_array, s->named)->value[0] = SM_USER_START + 64;
	btf__free(b);
}

/* A pointer to a mask of CPUs, which has a page of its own. */
static inline void sm_mask(struct schedmaps *s)
{
	struct btf *b = btf__new_empty();
	int mask = btf__add_fwd(b, "cpumask", BTF_FWD_STRUCT), pointer = btf__add_ptr(b, mask);
	uint64_t kva;

	s->mask = gm_add(&s->m, GM_ARRAY, "mask", sizeof(struct gm_array) + 8, 4, 8, 1);
	sm_typed(s, s->mask, gm_btf(&s->m, b, 4), 0, (uint64_t)pointer);
	kva = guest_alloc(&s->g, 3 * GUEST_PAGE) + GUEST_PAGE;
	guest_set(&s->g, kva, 0xd, 8);
	GM_AT(&s->g, struct gm_array, s->mask)->value[0] = kva;
	btf__free(b);
}

static inline uint64_t sm_section(struct schedmaps *s, const char *name, uint64_t btf)
{
	uint64_t kva =
		gm_add(&s->m, GM_ARRAY, name, sizeof(struct gm_array) + sizeof(struct sm_bss), 4,
		       sizeof(struct sm_bss), 1);

	sm_typed(s, kva, btf, 0, s->data_type);
	return kva;
}

/* All of it, before guest_boot(). */
static inline void sm_init(struct schedmaps *s)
{
	struct btf *b = sm_btf(&s->data_type);
	uint64_t used[4];

	guest_init(&s->g, 4);
	gm_init(&s->m, &s->g);
	s->btf = gm_btf(&s->m, b, 1);
	s->other_btf = gm_btf(&s->m, b, 2);
	btf__free(b);
	s->other_bss = sm_section(s, "other.bss", s->other_btf);
	s->other_ops = sm_ops(s, "other_ops", s->other_btf, 0, &s->other_bss, 1);
	s->bss = sm_section(s, "obj.bss", s->btf);
	*GM_AT(&s->g, struct sm_bss, s->bss + offsetof(struct gm_array, value)) = (struct sm_bss){
		.stall = 1, .counter = 4711, .at = {.x = 7, .y = -8}, .node = SM_USER_START + 64};
	*GM_AT(&s->g, struct sm_bss, s->other_bss + offsetof(struct gm_array, value)) =
		(struct sm_bss){.node = SM_USER_START + 64};
	sm_pairs(s);
	sm_storage(s);
	sm_arena(s);
	sm_streams(s);
	sm_named(s);
	sm_mask(s);
	s->sched = guest_alloc(&s->g, sizeof(struct gm_ops));
	guest_set(&s->g, s->m.scx_root, s->sched, 8);
	used[0] = s->bss;
	used[1] = s->arena;
	used[2] = s->ring;
	used[3] = s->named;
	s->ops = sm_ops(s, "ops", s->btf, s->sched, used, 4);
}

/* What needs addresses that are known when the kernel is. */
static inline void sm_attached(struct schedmaps *s, const struct kernel *k)
{
	uint64_t table;
	struct err e;

	GM_AT(&s->g, struct gm_array, s->percpu)->value[1] = gm_pptr(k, 0);
	/* Tables of operations have a type of the kernel's. */
	if (types_find(k->types, "bpf_struct_ops_sched_ext_ops", BTF_KIND_STRUCT,
		       &GM_AT(&s->g, struct gm_map, s->ops)->btf_vmlinux_value_type_id, &e))
		abort();
	table = GM_AT(&s->g, struct gm_map, s->ops)->btf_vmlinux_value_type_id;
	GM_AT(&s->g, struct gm_map, s->other_ops)->btf_vmlinux_value_type_id = (uint32_t)table;
}

#endif
