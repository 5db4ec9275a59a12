/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The BPF side of the map zoo (zoo.h): the maps, and what only a BPF program can put into them. To
 * be included once, behind the scheduler's own variables.
 */
#ifndef KTSTR_SCHED_ZOO_BPF_H
#define KTSTR_SCHED_ZOO_BPF_H

/* clang-format off: the second needs the types of the first */
#include "scx-kernel.h"
#include <bpf/bpf_helpers.h>
/* clang-format on */
#include "zoo.h"

struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
void bpf_cpumask_release(struct bpf_cpumask *cpumask) __ksym;
void bpf_cpumask_set_cpu(__u32 cpu, struct bpf_cpumask *cpumask) __ksym;
struct cgroup *bpf_cgroup_from_id(__u64 cgid) __ksym;
void bpf_cgroup_release(struct cgroup *cgrp) __ksym;

#define ROOT_CGROUP_ID 1

struct ktstr_bss_arena_holder ktstr_bss_arena_holder = {0};

/* An array without a length, which has one here. */
struct zoo_flex {
	__u32 n;
	__u32 items[];
} zoo_flex SEC(".data") = {.n = 3, .items = {11, 22, 33}};

/* The last one that went into the ring buffer. */
struct zoo_record zoo_record SEC(".data") = {.text = ZOO_RECORD_TEXT};

/* The loader gives it its place, which libbpf before 1.4 cannot read from here. */
struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ZOO_ARENA_PAGES);
} ktstr_arena SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ktstr_cross_btf_target);
} ktstr_cross_btf_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct zoo_value);
} zoo_values SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct zoo_special);
} zoo_special SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 64);
	__type(key, struct zoo_key);
	__type(value, struct zoo_point);
} zoo_lru SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, struct zoo_point);
} zoo_pcpu_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, __u32);
} zoo_lru_pcpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16);
	__type(key, struct zoo_lpm_key);
	__type(value, __u32);
} zoo_lpm SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 8);
	__type(value, __u64);
} zoo_queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 8);
	__type(value, __u64);
} zoo_stack SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 8);
	__type(value, __u64);
} zoo_bloom SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, ZOO_PAGE);
} zoo_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, ZOO_PAGE);
} zoo_user_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 32 * sizeof(__u64));
} zoo_traces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 8);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} zoo_progs SEC(".maps");

struct zoo_inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} zoo_inner SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct zoo_inner);
} zoo_array_maps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct zoo_inner);
} zoo_hash_maps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct zoo_point);
} zoo_cgroups SEC(".maps");

/* Made only when the loader's options ask for entries. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct zoo_bulk);
} zoo_bulk_array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct zoo_bulk);
} zoo_bulk_hash SEC(".maps");

static void zoo_mask_fill(void)
{
	struct zoo_special *v;
	struct bpf_cpumask *mask;
	__u32 key = 0;

	v = bpf_map_lookup_elem(&zoo_special, &key);
	mask = bpf_cpumask_create();
	if (!mask)
		return;
	bpf_cpumask_set_cpu(0, mask);
	if (v)
		mask = bpf_kptr_xchg(&v->mask, mask);
	if (mask)
		bpf_cpumask_release(mask);
}

static void zoo_cgroup_fill(void)
{
	struct cgroup *root = bpf_cgroup_from_id(ROOT_CGROUP_ID);
	struct zoo_point *point;

	if (!root)
		return;
	point = bpf_cgrp_storage_get(&zoo_cgroups, root, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (point)
		*point = (struct zoo_point){.x = 3, .y = -4};
	bpf_cgroup_release(root);
}

/* Once, when the scheduler is attached; may sleep. */
static void zoo_init(void)
{
	zoo_mask_fill();
	zoo_cgroup_fill();
}

/*
 * Functions and not a part of their caller: what they take is how these types come into the BTF
 * whole, as of types that only pointers lead to it has no more than the names.
 */
static __noinline __u64 zoo_list_sum(struct ktstr_arena_node ARENA *node)
{
	__u64 sum = 0;

	for (int i = 0; i < ZOO_LIST_LEN && node; i++, node = node->next)
		sum += node->value;
	return sum;
}

static __noinline int zoo_arena_fill(struct ktstr_arena_ctx ARENA *ctx)
{
	ctx->task = (struct task_struct *)bpf_get_current_task();
	ctx->list_sum = zoo_list_sum(ctx->list);
	return 0;
}

/* Run once by the loader, as itself: a program of this type may take a trace of its stack. */
SEC("raw_tp")
int zoo_loader(void *ctx)
{
	/* Which arena those addresses are of, the verifier learns by this alone. */
	asm volatile("" ::"r"(&ktstr_arena));
	zoo_arena_fill(ktstr_bss_arena_holder.arena_target);
	bpf_get_stackid(ctx, &zoo_traces, 0);
	for (int i = 0; i < ZOO_RING_RECORDS; i++) {
		zoo_record.number++;
		bpf_ringbuf_output(&zoo_ring, &zoo_record, sizeof(zoo_record), 0);
	}
	return 0;
}

#endif
