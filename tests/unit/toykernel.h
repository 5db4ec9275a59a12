/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel of a megabyte, made for a test: the scheduler's objects with a few of their members
 * each, at fixed places, with types and symbols that tell of them. Tests write into it through the
 * structs below, and may leave any type, member or symbol out, as kernels do.
 */
#ifndef KTSTR_TESTS_UNIT_TOYKERNEL_H
#define KTSTR_TESTS_UNIT_TOYKERNEL_H

#include <bpf/btf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/kernel.h"

#define TOY_BYTES (1u << 20)
#define TOY_MAP 0xffff888000000000ull /* of the direct map, which is all there is */
#define TOY_CPUS 4u
#define TOY_EVENTS 3u
#define TOY_DSQS 64u
#define TOY_BUCKETS 8u
#define TOY_WAITERS 12u
#define TOY_NODES 2u

struct toy_table {
	uint32_t size, nest;
	uint64_t future_tbl;
	uint64_t buckets[TOY_BUCKETS];
};
struct toy_list {
	uint64_t next, prev;
};
struct toy_dsq {
	uint64_t lock;
	struct toy_list list;
	uint32_t nr, seq;
	uint64_t id;
	uint64_t hash_node;
};
struct toy_rq {
	uint32_t nr_running, filler;
	uint64_t curr;
	uint64_t nr_switches;
	uint8_t far[512];
	struct toy_scx_rq {
		struct toy_dsq local_dsq;
		uint32_t nr_running, flags;
		struct toy_list runnable_list;
		struct toy_dsq bypass_dsq; /* 6.19, 7.0 */
		uint64_t kick_sync;
		uint8_t cpu_released;
	} scx;
	uint64_t clock;
	uint64_t sd;
	uint8_t further[300];
	struct toy_sched_info {
		uint64_t pcount, run_delay;
	} rq_sched_info;
	uint32_t yld_count, sched_count, sched_goidle, ttwu_count, ttwu_local;
};
struct toy_task {
	uint32_t state, policy;
	uint64_t sched_class;
	int32_t pid, tgid;
	char comm[16];
	int32_t prio, static_prio, normal_prio;
	uint64_t nvcsw, nivcsw;
	uint64_t real_parent, group_leader, signal, cgroups;
	struct toy_entity {
		uint64_t dsq;
		struct toy_lnode {
			struct toy_list node;
			uint32_t flags, priv;
		} dsq_list;
		uint32_t flags, weight;
		int32_t sticky_cpu;
		struct toy_list runnable_node;
		uint64_t runnable_at, slice, dsq_vtime;
	} scx;
};
struct toy_signal {
	int32_t nr_threads;
	uint64_t pids[4];
};
struct toy_pid {
	struct toy_upid {
		int32_t nr;
	} numbers[1];
};
struct toy_kernfs {
	uint64_t parent, name;
};
struct toy_domain {
	uint64_t parent;
	int32_t flags, level;
	uint32_t balance_interval;
	uint32_t lb_count[3];
	uint32_t alb_count;
	uint64_t name;
	uint32_t span_weight;
};
struct toy_sched {
	struct toy_ops {
		uint64_t select_cpu;
		char name[128];
		uint32_t timeout_ms, filler;
	} ops;
	struct toy_hash {
		uint64_t tbl;
	} dsq_hash;
	uint64_t pcpu, event_stats_cpu;
	int32_t bypass_depth;
	uint8_t aborting;
	uint64_t id;
	uint64_t watchdog_timeout;
	uint32_t exit_kind;
	int32_t level;
	uint64_t exit_info, pnode;
};
struct toy_exit {
	uint32_t kind;
	int32_t exit_cpu;
	int64_t exit_code;
	uint64_t reason, bt;
	uint32_t bt_len;
	uint64_t msg, dump;
};
struct toy_ksym {
	uint64_t start, end;
	char name[16];
	struct toy_list lnode;
};
struct toy_cpustat {
	uint64_t cpustat[10];
};
struct toy_kstat {
	uint64_t irqs_sum;
	uint32_t softirqs[10];
};
struct toy_zone {
	uint64_t present_pages, per_cpu_zonestats;
	uint64_t vm_numa_event[6];
};
struct toy_zonestat {
	uint64_t vm_numa_event[6];
};
struct toy_events {
	int64_t events[TOY_EVENTS];
};
struct toy_sched_pcpu {
	uint64_t sch;
	struct toy_events event_stats;
	struct toy_dsq bypass_dsq;
};
struct toy_prog {
	uint32_t type, filler;
	uint64_t stats, aux;
};
struct toy_aux {
	uint32_t id, attach_btf_id, verified_insns;
	char name[16];
};
struct toy_stats {
	uint64_t cnt, nsecs, misses;
};
struct toy_idr {
	uint64_t lock, xa_head;
	uint32_t idr_base, idr_next;
};
struct toy_node {
	uint8_t shift, filler[7];
	uint64_t slots[64];
};

/* A map that holds a table of operations, and what tells whose table. */
struct toy_table_map {
	struct toy_map {
		uint32_t map_type, filler;
	} map;
	uint64_t st_ops_desc;
	struct toy_value {
		struct toy_common {
			uint32_t refcnt, state;
		} common;
		uint64_t filler;
		struct toy_ops data;
	} kvalue;
};

/* All of memory. Per-CPU things are at their variable's offset in the area of each CPU. */
struct toy_memory {
	uint8_t nothing[4096];
	uint64_t jiffies, online, possible;
	uint64_t scx_root;
	uint32_t enable_state, old_bypass_depth;
	uint64_t nr_rejected, old_watchdog;
	uint64_t classes[6];
	struct toy_ops old_ops;
	struct toy_hash old_hash;
	struct toy_idr prog_idr;
	struct toy_cpu {
		struct toy_rq rq;
		struct toy_sched_pcpu pcpu;
		struct toy_events events;
		struct toy_stats stats[2];
		struct toy_cpustat cpustat;
		struct toy_kstat kstat;
		struct toy_zonestat zonestat[TOY_NODES];
	} cpus[TOY_CPUS];
	struct toy_task tasks[TOY_CPUS], waiters[TOY_WAITERS];
	char names[2][16];
	struct toy_domain domains[TOY_CPUS][10];
	struct toy_sched sched;
	struct toy_table tables[3];
	uint64_t nested[2][512];
	struct toy_dsq dsqs[TOY_DSQS];
	struct toy_node node;
	struct toy_prog progs[3];
	struct toy_aux auxs[3];
	struct toy_idr map_idr;
	struct toy_node map_node;
	struct toy_table_map maps[4];
	uint64_t descs[2], tables_of[2]; /* bpf_struct_ops_desc, bpf_struct_ops */
	char table_names[2][24];
	struct toy_signal signal;
	struct toy_pid pid;
	uint64_t css_set, cgroup; /* dfl_cgrp; kn */
	struct toy_kernfs kernfs[3];
	char kernfs_names[3][16];
	struct toy_exit exit;
	char reason[32], msg[64];
	uint64_t bt[64];
	char dump[8192];
	uint64_t old_exit_info, old_global_dsqs; /* variables before 6.16 */
	uint32_t old_exit_kind, nr_node_ids;
	struct toy_dsq globals[TOY_NODES]; /* scx_sched_pnode has nothing else */
	uint64_t pnodes[TOY_NODES];
	struct toy_list bpf_kallsyms;
	struct toy_ksym ksyms[3];
	uint64_t node_data[TOY_NODES];
	struct toy_zone zones[TOY_NODES][2]; /* of pglist_data, which has nothing else */
};
_Static_assert(sizeof(struct toy_memory) <= TOY_BYTES, "the toy kernel fits its memory");

struct toy {
	int fd;
	struct toy_memory *m; /* what the guest writes to */
	struct mem *mem;
	struct kernel k;
	const char *without; /* names of types, members (`rq.clock`) and symbols, with blanks */
	uint32_t ids[96];    /* of BTF, by enum toy_type */
	struct btf *btf;
};

/* ---- addresses ---- */

#define TOY_AT(member) (TOY_MAP + offsetof(struct toy_memory, member))
#define TOY_PER_CPU(member) offsetof(struct toy_cpu, member)

static inline uint64_t toy_kva(const struct toy *t, const void *object)
{
	return TOY_MAP + (uint64_t)((const uint8_t *)object - (const uint8_t *)t->m);
}

/* ---- types ---- */

enum toy_type {
	U8,
	U32,
	S32,
	U64,
	S64,
	PTR,
	CHARS16,
	CHARS128,
	U32_3,
	PTR_0,
	PTR_64,
	DSQ,
	SCX_RQ,
	SCHED_INFO,
	RQ,
	TASK,
	DOMAIN,
	OPS,
	HASH,
	TABLE,
	HEAD,
	EVENTS,
	PCPU,
	SCHED,
	XARRAY,
	IDR,
	NODE,
	PROG,
	AUX,
	STATS,
	PROG_TYPE,
	MAP_KIND,
	MAP,
	STATE,
	COMMON,
	VALUE,
	TABLE_MAP,
	DESC,
	STRUCT_OPS,
	LIST,
	PTR_4,
	U64_10,
	U32_10,
	U64_6,
	LNODE,
	ENTITY,
	SIGNAL,
	UPID,
	UPID_1,
	PID,
	CSS_SET,
	CGROUP,
	KERNFS,
	EXIT_KIND,
	EXIT,
	KSYM,
	CPUSTAT,
	KSTAT,
	ZONE,
	ZONE_2,
	ZONESTAT,
	PGDAT,
	PNODE,
};

static inline int toy_has(const struct toy *t, const char *type, const char *member)
{
	char name[128];
	const char *at;
	size_t len;

	len = (size_t)snprintf(name, sizeof(name), "%s%s%s", type, member ? "." : "",
			       member ? member : "");
	for (at = t->without; at && (at = strstr(at, name)); at += len)
		if ((at == t->without || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return 0;
	return 1;
}

struct toy_member {
	const char *name;
	enum toy_type type;
	size_t offset;
};

#define TOY_M(struct_, member, type) {#member, type, offsetof(struct struct_, member)}
#define TOY_STRUCT(t, id, name, size, ...)                                      \
	toy_struct(t, id, name, size, (const struct toy_member[]){__VA_ARGS__}, \
		   sizeof((const struct toy_member[]){__VA_ARGS__}) / sizeof(struct toy_member))

static inline void toy_struct(struct toy *t, enum toy_type id, const char *name, size_t size,
			      const struct toy_member *m, size_t n)
{
	t->ids[id] = (uint32_t)btf__add_struct(t->btf, toy_has(t, name, NULL) ? name : "renamed",
					       (uint32_t)size);
	for (size_t i = 0; i < n; i++)
		if (toy_has(t, name, m[i].name))
			btf__add_field(t->btf, m[i].name, (int)t->ids[m[i].type],
				       (uint32_t)(8 * m[i].offset), 0);
}

static inline void toy_basic_types(struct toy *t)
{
	struct btf *b = t->btf;
	uint32_t *id = t->ids;
	int index;

	id[U8] = (uint32_t)btf__add_int(b, "char", 1, 0);
	id[U32] = (uint32_t)btf__add_int(b, "unsigned int", 4, 0);
	id[S32] = (uint32_t)btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	id[U64] = (uint32_t)btf__add_int(b, "long unsigned int", 8, 0);
	id[S64] = (uint32_t)btf__add_int(b, "long int", 8, BTF_INT_SIGNED);
	id[PTR] = (uint32_t)btf__add_ptr(b, 0);
	index = (int)id[U32];
	id[CHARS16] = (uint32_t)btf__add_array(b, index, (int)id[U8], 16);
	id[CHARS128] = (uint32_t)btf__add_array(b, index, (int)id[U8], 128);
	id[U32_3] = (uint32_t)btf__add_array(b, index, (int)id[U32], 3);
	id[PTR_0] = (uint32_t)btf__add_array(b, index, (int)id[PTR], 0);
	id[PTR_64] = (uint32_t)btf__add_array(b, index, (int)id[PTR], 64);
	id[PTR_4] = (uint32_t)btf__add_array(b, index, (int)id[PTR], 4);
	id[U64_10] = (uint32_t)btf__add_array(b, index, (int)id[U64], 10);
	id[U32_10] = (uint32_t)btf__add_array(b, index, (int)id[U32], 10);
	id[U64_6] = (uint32_t)btf__add_array(b, index, (int)id[U64], 6);
	id[PROG_TYPE] = (uint32_t)btf__add_enum(b, "bpf_prog_type", 4);
	btf__add_enum_value(b, "BPF_PROG_TYPE_UNSPEC", 0);
	btf__add_enum_value(b, "BPF_PROG_TYPE_STRUCT_OPS", 27);
	id[MAP_KIND] = (uint32_t)btf__add_enum(b, "bpf_map_type", 4);
	btf__add_enum_value(b, "BPF_MAP_TYPE_STRUCT_OPS", 26);
	id[STATE] = (uint32_t)btf__add_enum(b, "bpf_struct_ops_state", 4);
	btf__add_enum_value(b, "BPF_STRUCT_OPS_STATE_READY", 3);
}

static inline void toy_enum_types(struct toy *t)
{
	static const char *const times[] = {"USER", "NICE",   "SYSTEM", "SOFTIRQ", "IRQ",
					    "IDLE", "IOWAIT", "STEAL",	"GUEST",   "GUEST_NICE"};
	static const char *const numa[] = {"HIT",   "MISS", "FOREIGN", "INTERLEAVE_HIT",
					   "LOCAL", "OTHER"};
	struct btf *b = t->btf;
	char name[32];

	t->ids[EXIT_KIND] = (uint32_t)btf__add_enum(b, "scx_exit_kind", 4);
	btf__add_enum_value(b, "SCX_EXIT_NONE", 0);
	btf__add_enum_value(b, "SCX_EXIT_DONE", 1);
	btf__add_enum_value(b, "SCX_EXIT_UNREG", 64);
	btf__add_enum_value(b, "SCX_EXIT_ERROR", 1024);
	btf__add_enum_value(b, "SCX_EXIT_ERROR_STALL", 1026);
	btf__add_enum(b, "scx_enable_state", 4);
	btf__add_enum_value(b, "SCX_ENABLED", 1);
	btf__add_enum(b, "scx_dsq_lnode_flags", 4);
	btf__add_enum_value(b, "SCX_DSQ_LNODE_ITER_CURSOR", 1);
	btf__add_enum(b, "cpu_usage_stat", 4);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "CPUTIME_%s", times[i]);
		btf__add_enum_value(b, name, i);
	}
	btf__add_enum(b, "numa_stat_item", 4);
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "NUMA_%s", numa[i]);
		btf__add_enum_value(b, name, i);
	}
}

static inline void toy_task_types(struct toy *t)
{
	TOY_STRUCT(t, LNODE, "scx_dsq_list_node", sizeof(struct toy_lnode),
		   TOY_M(toy_lnode, node, LIST), TOY_M(toy_lnode, flags, U32));
	TOY_STRUCT(t, ENTITY, "sched_ext_entity", sizeof(struct toy_entity),
		   TOY_M(toy_entity, dsq, PTR), TOY_M(toy_entity, dsq_list, LNODE),
		   TOY_M(toy_entity, flags, U32), TOY_M(toy_entity, weight, U32),
		   TOY_M(toy_entity, sticky_cpu, S32), TOY_M(toy_entity, runnable_node, LIST),
		   TOY_M(toy_entity, runnable_at, U64), TOY_M(toy_entity, slice, U64),
		   TOY_M(toy_entity, dsq_vtime, U64));
	TOY_STRUCT(t, TASK, "task_struct", sizeof(struct toy_task),
		   {"__state", U32, offsetof(struct toy_task, state)}, TOY_M(toy_task, policy, U32),
		   TOY_M(toy_task, sched_class, PTR), TOY_M(toy_task, pid, S32),
		   TOY_M(toy_task, tgid, S32), TOY_M(toy_task, comm, CHARS16),
		   TOY_M(toy_task, prio, S32), TOY_M(toy_task, static_prio, S32),
		   TOY_M(toy_task, normal_prio, S32), TOY_M(toy_task, nvcsw, U64),
		   TOY_M(toy_task, nivcsw, U64), TOY_M(toy_task, real_parent, PTR),
		   TOY_M(toy_task, group_leader, PTR), TOY_M(toy_task, signal, PTR),
		   TOY_M(toy_task, cgroups, PTR), TOY_M(toy_task, scx, ENTITY));
	TOY_STRUCT(t, SIGNAL, "signal_struct", sizeof(struct toy_signal),
		   TOY_M(toy_signal, nr_threads, S32), TOY_M(toy_signal, pids, PTR_4));
	TOY_STRUCT(t, UPID, "upid", sizeof(struct toy_upid), TOY_M(toy_upid, nr, S32));
	t->ids[UPID_1] = (uint32_t)btf__add_array(t->btf, (int)t->ids[U32], (int)t->ids[UPID], 1);
	TOY_STRUCT(t, PID, "pid", sizeof(struct toy_pid), TOY_M(toy_pid, numbers, UPID_1));
	TOY_STRUCT(t, CSS_SET, "css_set", 8, {"dfl_cgrp", PTR, 0});
	TOY_STRUCT(t, CGROUP, "cgroup", 8, {"kn", PTR, 0});
	TOY_STRUCT(t, KERNFS, "kernfs_node", sizeof(struct toy_kernfs),
		   {"__parent", PTR, offsetof(struct toy_kernfs, parent)},
		   TOY_M(toy_kernfs, name, PTR));
}

static inline void toy_queue_types(struct toy *t)
{
	TOY_STRUCT(t, LIST, "list_head", sizeof(struct toy_list), TOY_M(toy_list, next, PTR),
		   TOY_M(toy_list, prev, PTR));
	TOY_STRUCT(t, HEAD, "rhash_head", 8, {"next", PTR, 0});
	TOY_STRUCT(t, DSQ, "scx_dispatch_q", sizeof(struct toy_dsq), TOY_M(toy_dsq, list, LIST),
		   TOY_M(toy_dsq, nr, U32), TOY_M(toy_dsq, seq, U32), TOY_M(toy_dsq, id, U64),
		   TOY_M(toy_dsq, hash_node, HEAD));
	TOY_STRUCT(t, SCX_RQ, "scx_rq", sizeof(struct toy_scx_rq),
		   TOY_M(toy_scx_rq, local_dsq, DSQ), TOY_M(toy_scx_rq, nr_running, U32),
		   TOY_M(toy_scx_rq, flags, U32), TOY_M(toy_scx_rq, runnable_list, LIST),
		   TOY_M(toy_scx_rq, bypass_dsq, DSQ), TOY_M(toy_scx_rq, kick_sync, U64),
		   TOY_M(toy_scx_rq, cpu_released, U8));
	TOY_STRUCT(t, SCHED_INFO, "sched_info", sizeof(struct toy_sched_info),
		   TOY_M(toy_sched_info, pcount, U64), TOY_M(toy_sched_info, run_delay, U64));
	TOY_STRUCT(t, RQ, "rq", sizeof(struct toy_rq), TOY_M(toy_rq, nr_running, U32),
		   TOY_M(toy_rq, curr, PTR), TOY_M(toy_rq, nr_switches, U64),
		   TOY_M(toy_rq, scx, SCX_RQ), TOY_M(toy_rq, clock, U64), TOY_M(toy_rq, sd, PTR),
		   TOY_M(toy_rq, rq_sched_info, SCHED_INFO), TOY_M(toy_rq, yld_count, U32),
		   TOY_M(toy_rq, sched_count, U32), TOY_M(toy_rq, sched_goidle, U32),
		   TOY_M(toy_rq, ttwu_count, U32), TOY_M(toy_rq, ttwu_local, U32));
	toy_task_types(t);
	TOY_STRUCT(t, DOMAIN, "sched_domain", sizeof(struct toy_domain),
		   TOY_M(toy_domain, parent, PTR), TOY_M(toy_domain, flags, S32),
		   TOY_M(toy_domain, level, S32), TOY_M(toy_domain, balance_interval, U32),
		   TOY_M(toy_domain, lb_count, U32_3), TOY_M(toy_domain, alb_count, U32),
		   TOY_M(toy_domain, name, PTR), TOY_M(toy_domain, span_weight, U32));
}

static inline void toy_scx_types(struct toy *t)
{
	TOY_STRUCT(t, OPS, "sched_ext_ops", sizeof(struct toy_ops), TOY_M(toy_ops, name, CHARS128),
		   TOY_M(toy_ops, timeout_ms, U32));
	TOY_STRUCT(t, HASH, "rhashtable", sizeof(struct toy_hash), TOY_M(toy_hash, tbl, PTR));
	TOY_STRUCT(t, TABLE, "bucket_table", sizeof(struct toy_table), TOY_M(toy_table, size, U32),
		   TOY_M(toy_table, nest, U32), TOY_M(toy_table, future_tbl, PTR),
		   TOY_M(toy_table, buckets, PTR_0));
	TOY_STRUCT(t, EVENTS, "scx_event_stats", sizeof(struct toy_events),
		   {"SCX_EV_SELECT_CPU_FALLBACK", S64, 0}, {"SCX_EV_BYPASS_DURATION", S64, 8},
		   {"SCX_EV_BRAND_NEW", S64, 16});
	TOY_STRUCT(t, PCPU, "scx_sched_pcpu", sizeof(struct toy_sched_pcpu),
		   TOY_M(toy_sched_pcpu, sch, PTR), TOY_M(toy_sched_pcpu, event_stats, EVENTS),
		   TOY_M(toy_sched_pcpu, bypass_dsq, DSQ));
	TOY_STRUCT(t, PNODE, "scx_sched_pnode", sizeof(struct toy_dsq), {"global_dsq", DSQ, 0});
	TOY_STRUCT(t, SCHED, "scx_sched", sizeof(struct toy_sched), TOY_M(toy_sched, ops, OPS),
		   TOY_M(toy_sched, dsq_hash, HASH), TOY_M(toy_sched, pcpu, PTR),
		   TOY_M(toy_sched, event_stats_cpu, PTR), TOY_M(toy_sched, bypass_depth, S32),
		   TOY_M(toy_sched, aborting, U8), TOY_M(toy_sched, id, U64),
		   TOY_M(toy_sched, watchdog_timeout, U64), TOY_M(toy_sched, exit_kind, U32),
		   TOY_M(toy_sched, level, S32), TOY_M(toy_sched, exit_info, PTR),
		   TOY_M(toy_sched, pnode, PTR),
		   {"global_dsqs", PTR, offsetof(struct toy_sched, pnode)});
	TOY_STRUCT(t, EXIT, "scx_exit_info", sizeof(struct toy_exit),
		   TOY_M(toy_exit, kind, EXIT_KIND), TOY_M(toy_exit, exit_cpu, S32),
		   TOY_M(toy_exit, exit_code, S64), TOY_M(toy_exit, reason, PTR),
		   TOY_M(toy_exit, bt, PTR), TOY_M(toy_exit, bt_len, U32),
		   TOY_M(toy_exit, msg, PTR), TOY_M(toy_exit, dump, PTR));
}

static inline void toy_machine_types(struct toy *t)
{
	TOY_STRUCT(t, KSYM, "bpf_ksym", sizeof(struct toy_ksym), TOY_M(toy_ksym, start, U64),
		   TOY_M(toy_ksym, end, U64), TOY_M(toy_ksym, name, CHARS16),
		   TOY_M(toy_ksym, lnode, LIST));
	TOY_STRUCT(t, CPUSTAT, "kernel_cpustat", sizeof(struct toy_cpustat),
		   TOY_M(toy_cpustat, cpustat, U64_10));
	TOY_STRUCT(t, KSTAT, "kernel_stat", sizeof(struct toy_kstat),
		   TOY_M(toy_kstat, irqs_sum, U64), TOY_M(toy_kstat, softirqs, U32_10));
	TOY_STRUCT(t, ZONE, "zone", sizeof(struct toy_zone), TOY_M(toy_zone, present_pages, U64),
		   TOY_M(toy_zone, per_cpu_zonestats, PTR), TOY_M(toy_zone, vm_numa_event, U64_6));
	TOY_STRUCT(t, ZONESTAT, "per_cpu_zonestat", sizeof(struct toy_zonestat),
		   TOY_M(toy_zonestat, vm_numa_event, U64_6));
	t->ids[ZONE_2] = (uint32_t)btf__add_array(t->btf, (int)t->ids[U32], (int)t->ids[ZONE], 2);
	TOY_STRUCT(t, PGDAT, "pglist_data", 2 * sizeof(struct toy_zone), {"node_zones", ZONE_2, 0});
}

static inline void toy_prog_types(struct toy *t)
{
	TOY_STRUCT(t, XARRAY, "xarray", 16, {"xa_head", PTR, 8});
	TOY_STRUCT(t, IDR, "idr", sizeof(struct toy_idr), {"idr_rt", XARRAY, 0},
		   TOY_M(toy_idr, idr_base, U32), TOY_M(toy_idr, idr_next, U32));
	TOY_STRUCT(t, NODE, "xa_node", sizeof(struct toy_node), TOY_M(toy_node, shift, U8),
		   TOY_M(toy_node, slots, PTR_64));
	TOY_STRUCT(t, PROG, "bpf_prog", sizeof(struct toy_prog), TOY_M(toy_prog, type, PROG_TYPE),
		   TOY_M(toy_prog, stats, PTR), TOY_M(toy_prog, aux, PTR));
	TOY_STRUCT(t, AUX, "bpf_prog_aux", sizeof(struct toy_aux), TOY_M(toy_aux, id, U32),
		   TOY_M(toy_aux, attach_btf_id, U32), TOY_M(toy_aux, verified_insns, U32),
		   TOY_M(toy_aux, name, CHARS16));
	TOY_STRUCT(t, STATS, "bpf_prog_stats", sizeof(struct toy_stats), TOY_M(toy_stats, cnt, U64),
		   TOY_M(toy_stats, nsecs, U64), TOY_M(toy_stats, misses, U64));
}

static inline void toy_map_types(struct toy *t)
{
	TOY_STRUCT(t, MAP, "bpf_map", sizeof(struct toy_map), TOY_M(toy_map, map_type, MAP_KIND));
	TOY_STRUCT(t, COMMON, "bpf_struct_ops_common_value", sizeof(struct toy_common),
		   TOY_M(toy_common, state, STATE));
	TOY_STRUCT(t, VALUE, "bpf_struct_ops_value", offsetof(struct toy_value, data),
		   TOY_M(toy_value, common, COMMON), TOY_M(toy_value, data, PTR_0));
	TOY_STRUCT(t, TABLE_MAP, "bpf_struct_ops_map", sizeof(struct toy_table_map),
		   TOY_M(toy_table_map, map, MAP), TOY_M(toy_table_map, st_ops_desc, PTR),
		   TOY_M(toy_table_map, kvalue, VALUE));
	TOY_STRUCT(t, DESC, "bpf_struct_ops_desc", 8, {"st_ops", PTR, 0});
	TOY_STRUCT(t, STRUCT_OPS, "bpf_struct_ops", 8, {"name", PTR, 0});
}

static inline int toy_types(struct toy *t, struct err *e)
{
	const void *raw;
	uint32_t len;
	int ret;

	t->btf = btf__new_empty();
	toy_basic_types(t);
	toy_enum_types(t);
	toy_queue_types(t);
	toy_scx_types(t);
	toy_prog_types(t);
	toy_map_types(t);
	toy_machine_types(t);
	raw = btf__raw_data(t->btf, &len);
	ret = types_create(raw, len, NULL, &t->k.types, e);
	btf__free(t->btf);
	return ret;
}

/* ---- symbols ---- */

static inline int toy_symbols(struct toy *t, struct err *e)
{
	const struct {
		const char *name;
		uint64_t kva;
	} all[] = {
		{"jiffies_64", TOY_AT(jiffies)},
		{"__cpu_online_mask", TOY_AT(online)},
		{"__cpu_possible_mask", TOY_AT(possible)},
		{"scx_root", TOY_AT(scx_root)},
		{"scx_enable_state_var", TOY_AT(enable_state)},
		{"scx_ops_bypass_depth", TOY_AT(old_bypass_depth)},
		{"scx_nr_rejected", TOY_AT(nr_rejected)},
		{"scx_watchdog_timeout", TOY_AT(old_watchdog)},
		{"scx_ops", TOY_AT(old_ops)},
		{"dsq_hash", TOY_AT(old_hash)},
		{"prog_idr", TOY_AT(prog_idr)},
		{"map_idr", TOY_AT(map_idr)},
		{"fair_sched_class", TOY_AT(classes[0])},
		{"ext_sched_class", TOY_AT(classes[1])},
		{"idle_sched_class", TOY_AT(classes[2])},
		{"runqueues", TOY_PER_CPU(rq)},
		{"event_stats_cpu", TOY_PER_CPU(events)},
		{"scx_exit_kind", TOY_AT(old_exit_kind)},
		{"scx_exit_info", TOY_AT(old_exit_info)},
		{"global_dsqs", TOY_AT(old_global_dsqs)},
		{"nr_node_ids", TOY_AT(nr_node_ids)},
		{"node_data", TOY_AT(node_data)},
		{"bpf_kallsyms", TOY_AT(bpf_kallsyms)},
		{"kernel_cpustat", TOY_PER_CPU(cpustat)},
		{"kstat", TOY_PER_CPU(kstat)},
		{"init_task", TOY_AT(tasks[0])},
	};
	struct buf text = {0};
	int ret;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (toy_has(t, all[i].name, NULL))
			buf_addf(&text, "%016llx D %s\n", (unsigned long long)all[i].kva,
				 all[i].name);
	ret = kallsyms_create_map(buf_text(&text), text.len, 0, &t->k.symbols, e);
	buf_deinit(&text);
	return ret;
}

/* ---- what is in it ---- */

static inline void toy_cpu_fill(struct toy *t, unsigned int cpu)
{
	struct toy_rq *rq = &t->m->cpus[cpu].rq;
	struct toy_task *task = &t->m->tasks[cpu];

	rq->nr_running = 1 + cpu;
	rq->curr = toy_kva(t, task);
	rq->nr_switches = 100 + cpu;
	rq->scx.nr_running = cpu;
	rq->scx.local_dsq.nr = 10 + cpu;
	rq->scx.flags = 33;
	rq->clock = 1000000 + cpu;
	rq->rq_sched_info = (struct toy_sched_info){.pcount = 5, .run_delay = 77 + cpu};
	rq->yld_count = 2;
	rq->ttwu_local = 9;
	task->pid = 500 + (int)cpu;
	task->sched_class = TOY_AT(classes[1]);
	snprintf(task->comm, sizeof(task->comm), "worker/%u", cpu);
	rq->sd = toy_kva(t, &t->m->domains[cpu][0]);
	for (int i = 0; i < 2; i++) {
		struct toy_domain *d = &t->m->domains[cpu][i];

		d->parent = i == 0 ? toy_kva(t, d + 1) : 0;
		d->level = i + 1;
		d->flags = 0x10 + i;
		d->name = TOY_AT(names) + (uint64_t)i * 16;
		d->span_weight = 2u << i;
		d->lb_count[0] = 7;
		d->lb_count[2] = 9 + cpu;
	}
	t->m->cpus[cpu].pcpu.event_stats.events[0] = 3 + cpu;
	t->m->cpus[cpu].pcpu.event_stats.events[2] = 40;
	t->m->cpus[cpu].events.events[1] = 60 + cpu;
	t->m->cpus[cpu].stats[0] = (struct toy_stats){.cnt = 10, .nsecs = 1000 + cpu, .misses = 1};
}

static inline void toy_sched_fill(struct toy *t)
{
	struct toy_memory *m = t->m;
	struct toy_table *table = &m->tables[0];

	m->enable_state = 1;
	m->nr_rejected = 6;
	m->old_bypass_depth = 4;
	m->old_watchdog = 7500;
	strcpy(m->old_ops.name, "older");
	m->scx_root = toy_kva(t, &m->sched);
	strcpy(m->sched.ops.name, "toy");
	m->sched.pcpu = TOY_PER_CPU(pcpu);
	m->sched.event_stats_cpu = TOY_PER_CPU(events);
	m->sched.watchdog_timeout = 5000;
	m->sched.id = 1;
	m->sched.dsq_hash.tbl = toy_kva(t, table);
	table->size = TOY_BUCKETS;
}

/* Put queue @i, with @nr tasks, first into its bucket. */
static inline void toy_dsq_add(struct toy *t, struct toy_table *table, unsigned int i, uint64_t id,
			       uint32_t nr)
{
	uint64_t *bucket = &table->buckets[i % TOY_BUCKETS];
	struct toy_dsq *d = &t->m->dsqs[i];

	d->id = id;
	d->nr = nr;
	d->hash_node = *bucket ? *bucket : toy_kva(t, bucket) | 1;
	*bucket = toy_kva(t, &d->hash_node);
}

static inline void toy_progs_fill(struct toy *t)
{
	struct toy_memory *m = t->m;

	m->prog_idr.xa_head = toy_kva(t, &m->node) + 2;
	m->prog_idr.idr_next = 12;
	for (unsigned int i = 0; i < 3; i++) {
		m->node.slots[9 + i] = toy_kva(t, &m->progs[i]);
		m->progs[i].type = i == 0 ? 1 : 27; /* the first is a socket filter */
		m->progs[i].aux = toy_kva(t, &m->auxs[i]);
		m->progs[i].stats = TOY_PER_CPU(stats);
		m->auxs[i].id = 9 + i;
		m->auxs[i].verified_insns = 100 + i;
		/* The third is struct_ops as well, but no scheduler. */
		m->auxs[i].attach_btf_id = i == 2 ? t->ids[RQ] : t->ids[OPS];
		snprintf(m->auxs[i].name, sizeof(m->auxs[i].name), "prog_%u", i);
	}
}

/* An array, a table of ours that is ready, one in use, and a ready one of somebody else's. */
static inline void toy_maps_fill(struct toy *t)
{
	static const struct {
		uint32_t type, state, owner;
	} kinds[] = {{2, 0, 0}, {26, 3, 0}, {26, 1, 0}, {26, 3, 1}};
	struct toy_memory *m = t->m;

	strcpy(m->table_names[0], "sched_ext_ops");
	strcpy(m->table_names[1], "tcp_congestion_ops");
	for (unsigned int i = 0; i < 2; i++) {
		m->tables_of[i] = toy_kva(t, m->table_names[i]);
		m->descs[i] = toy_kva(t, &m->tables_of[i]);
	}
	m->map_idr.xa_head = toy_kva(t, &m->map_node) + 2;
	for (unsigned int i = 0; i < 4; i++) {
		m->map_node.slots[i + 1] = toy_kva(t, &m->maps[i]);
		m->maps[i].map.map_type = kinds[i].type;
		m->maps[i].st_ops_desc = toy_kva(t, &m->descs[kinds[i].owner]);
		m->maps[i].kvalue.common.state = kinds[i].state;
		m->maps[i].kvalue.data.timeout_ms = 30000;
	}
}

/* ---- lists ---- */

/* Put @node last into the list of @head, which may be all zeros. */
static inline void toy_list_add(struct toy *t, struct toy_list *head, struct toy_list *node)
{
	struct toy_list *last;

	if (!head->next)
		head->next = head->prev = toy_kva(t, head);
	last = (struct toy_list *)((uint8_t *)t->m + (head->prev - TOY_MAP));
	node->next = toy_kva(t, head);
	node->prev = head->prev;
	last->next = head->prev = toy_kva(t, node);
}

/* Let waiter @i wait in queue @d, and on the list of @cpu. */
static inline void toy_wait(struct toy *t, struct toy_dsq *d, unsigned int cpu, unsigned int i)
{
	struct toy_task *w = &t->m->waiters[i];

	toy_list_add(t, &d->list, &w->scx.dsq_list.node);
	toy_list_add(t, &t->m->cpus[cpu].rq.scx.runnable_list, &w->scx.runnable_node);
	w->scx.dsq = toy_kva(t, d);
	d->nr++;
	d->seq++;
}

static inline void toy_waiter_fill(struct toy *t, unsigned int i)
{
	struct toy_task *w = &t->m->waiters[i];

	w->pid = 600 + (int)i;
	w->tgid = 600;
	w->prio = w->static_prio = w->normal_prio = 120;
	w->sched_class = TOY_AT(classes[1]);
	snprintf(w->comm, sizeof(w->comm), "waiter/%u", i);
	w->nvcsw = 70 + i;
	w->nivcsw = 7;
	w->real_parent = TOY_AT(tasks[0]);
	w->group_leader = TOY_AT(waiters[0]);
	w->signal = TOY_AT(signal);
	w->cgroups = TOY_AT(css_set);
	w->scx.weight = 100;
	w->scx.sticky_cpu = -1;
	w->scx.slice = UINT64_MAX; /* without end */
	w->scx.runnable_at = 4294937296 - 250 * i;
}

/* A scheduler that did not end yet, and what it would end with. */
static inline void toy_exit_fill(struct toy *t)
{
	struct toy_memory *m = t->m;

	strcpy(m->reason, "runnable task stall");
	strcpy(m->msg, "waiter/1[601] failed to run for 3.0s");
	memset(m->dump, 'd', 5000);
	m->exit = (struct toy_exit){
		.exit_cpu = -1, .bt = TOY_AT(bt), .msg = TOY_AT(msg), .dump = TOY_AT(dump)};
	m->sched.exit_info = m->old_exit_info = TOY_AT(exit);
	strcpy(m->ksyms[1].name, "bpf_prog_toy");
	for (unsigned int i = 0; i < 3; i++) {
		m->ksyms[i].start = 0xffffffffc0000000 + 0x1000 * i;
		m->ksyms[i].end = m->ksyms[i].start + 0x100;
		toy_list_add(t, &m->bpf_kallsyms, &m->ksyms[i].lnode);
	}
}

static inline void toy_machine_fill(struct toy *t)
{
	struct toy_memory *m = t->m;

	m->nr_node_ids = TOY_NODES;
	m->sched.pnode = m->old_global_dsqs = TOY_AT(pnodes);
	for (unsigned int node = 0; node < TOY_NODES; node++) {
		m->globals[node].id = 1ull << 63 | 1;
		m->pnodes[node] = TOY_AT(globals) + node * sizeof(struct toy_dsq);
		m->node_data[node] = TOY_AT(zones) + node * sizeof(m->zones[0]);
		m->zones[node][0] =
			(struct toy_zone){.present_pages = 100,
					  .per_cpu_zonestats = TOY_PER_CPU(zonestat) +
							       node * sizeof(struct toy_zonestat),
					  .vm_numa_event = {1000 * (node + 1), 5}};
	}
	for (unsigned int cpu = 0; cpu < TOY_CPUS; cpu++) {
		struct toy_cpu *c = &m->cpus[cpu];

		c->rq.scx.local_dsq.id = 1ull << 63 | 2;
		c->rq.scx.bypass_dsq.id = c->pcpu.bypass_dsq.id = 1ull << 63 | 3;
		c->rq.scx.kick_sync = 33 + cpu;
		c->cpustat.cpustat[0] = 1000000 + cpu;
		c->kstat = (struct toy_kstat){.irqs_sum = 44, .softirqs = {[1] = 9 + cpu}};
		c->zonestat[1].vm_numa_event[0] = 1;
	}
}

static inline void toy_more_fill(struct toy *t)
{
	struct toy_memory *m = t->m;

	m->signal = (struct toy_signal){.nr_threads = 12, .pids = {0, 0, TOY_AT(pid), TOY_AT(pid)}};
	m->pid.numbers[0].nr = 600;
	m->css_set = TOY_AT(cgroup);
	m->cgroup = TOY_AT(kernfs[2]);
	strcpy(m->kernfs_names[1], "toys");
	strcpy(m->kernfs_names[2], "a");
	for (unsigned int i = 0; i < 3; i++)
		m->kernfs[i] = (struct toy_kernfs){
			.parent = i ? TOY_AT(kernfs) + (i - 1) * sizeof(struct toy_kernfs) : 0,
			.name = TOY_AT(kernfs_names) + i * sizeof(m->kernfs_names[0])};
	for (unsigned int i = 0; i < TOY_WAITERS; i++)
		toy_waiter_fill(t, i);
	toy_exit_fill(t);
	toy_machine_fill(t);
}

/* ---- life ---- */

/* Leaves out what @without names, as `scx_sched.pcpu scx_root`; NULL for nothing. */
static inline int toy_create(struct toy *t, const char *without, struct err *e)
{
	struct mem_range range = {.len = TOY_BYTES};

	*t = (struct toy){.without = without};
	t->fd = range.fd = memfd_create("toy", MFD_CLOEXEC);
	if (t->fd < 0 || ftruncate(t->fd, TOY_BYTES) < 0)
		return err_sys(e, "no memory for a toy kernel");
	t->m = mmap(NULL, TOY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	if (t->m == MAP_FAILED || mem_create(&range, 1, true, &t->mem, e) < 0)
		return -1;
	t->k.mem = (struct kmem){.mem = t->mem, .page_offset = TOY_MAP};
	t->k.mem.pgtable = (struct pgtable){.mem = t->mem, .levels = 4};
	t->k.nr_cpu_ids = TOY_CPUS;
	t->k.hz = 250;
	strcpy(t->k.vmcoreinfo.release, "7.3.0-toy");
	t->k.percpu = calloc(TOY_CPUS, sizeof(*t->k.percpu));
	for (unsigned int i = 0; i < TOY_CPUS; i++)
		t->k.percpu[i] = TOY_AT(cpus) + i * sizeof(struct toy_cpu);
	if (toy_types(t, e) < 0 || toy_symbols(t, e) < 0)
		return -1;
	toy_more_fill(t);
	t->m->jiffies = 4294937296;
	t->m->online = t->m->possible = (1u << TOY_CPUS) - 1;
	strcpy(t->m->names[0], "MC");
	strcpy(t->m->names[1], "PKG");
	for (unsigned int i = 0; i < TOY_CPUS; i++)
		toy_cpu_fill(t, i);
	toy_sched_fill(t);
	toy_progs_fill(t);
	toy_maps_fill(t);
	return 0;
}

static inline void toy_destroy(struct toy *t)
{
	kallsyms_destroy(t->k.symbols);
	types_destroy(t->k.types);
	free(t->k.percpu);
	mem_destroy(t->mem);
	munmap(t->m, TOY_BYTES);
	close(t->fd);
}

#endif
