/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel as scx-ktstr.bpf.c sees it: types with the members in use, relocated to the running
 * kernel's layout, and the functions that a scheduler may call. Those that some kernels lack are
 * weak, with the choice made in one inline function each. For BPF only.
 */
#ifndef KTSTR_SCHED_SCX_KERNEL_H
#define KTSTR_SCHED_SCX_KERNEL_H

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#ifndef bpf_ksym_exists
#define bpf_ksym_exists(sym) (!!(sym))
#endif

/* Numbers of the BPF system call's interface: fixed for ever, so no relocation. */
enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_STACK_TRACE = 7,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LRU_PERCPU_HASH = 10,
	BPF_MAP_TYPE_LPM_TRIE = 11,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_HASH_OF_MAPS = 13,
	BPF_MAP_TYPE_QUEUE = 22,
	BPF_MAP_TYPE_STACK = 23,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_MAP_TYPE_BLOOM_FILTER = 30,
	BPF_MAP_TYPE_USER_RINGBUF = 31,
	BPF_MAP_TYPE_CGRP_STORAGE = 32,
	BPF_MAP_TYPE_ARENA = 33,
	BPF_F_NO_PREALLOC = 1,
	BPF_F_MMAPABLE = 1024,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
	BPF_NOEXIST = 1,
};

#define PF_KTHREAD 0x00200000 /* part of /proc/PID/stat, hence fixed */

/* The values differ between kernels: taken from the running one by core_value(). */
enum scx_dsq_id_flags {
	SCX_DSQ_LOCAL = 0x8000000000000002ull,
	SCX_DSQ_LOCAL_ON = 0xc000000000000000ull,
};

enum scx_kick_flags {
	SCX_KICK_IDLE = 1,
};

enum scx_exit_kind {
	SCX_EXIT_NONE,
};

#define core_value(type, name) bpf_core_enum_value(enum type, name)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Never looked into, but libbpf tells a declared type from a defined one. */
struct cpumask {
};

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct sched_entity {
	__u64 sum_exec_runtime;
};

struct sched_ext_entity {
	__u32 weight;
	__u64 dsq_vtime;
};

struct task_struct {
	unsigned int flags;
	int nr_cpus_allowed;
	const struct cpumask *cpus_ptr;
	struct sched_entity se;
	struct sched_ext_entity scx;
	struct css_set *cgroups;
};

struct scx_exit_info {
	enum scx_exit_kind kind;
	__s64 exit_code;
	const char *reason;
	char *msg;
};

#pragma clang attribute pop

struct scx_bpf_dsq_insert_vtime_args {
	__u64 dsq_id;
	__u64 slice;
	__u64 vtime;
	__u64 enq_flags;
};

__s32 scx_bpf_create_dsq(__u64 dsq_id, __s32 node) __ksym;
__s32 scx_bpf_select_cpu_dfl(struct task_struct *p, __s32 prev_cpu, __u64 wake_flags,
			     _Bool *is_idle) __ksym;
__s32 scx_bpf_pick_idle_cpu(const struct cpumask *cpus_allowed, __u64 flags) __ksym;
void scx_bpf_kick_cpu(__s32 cpu, __u64 flags) __ksym;
void scx_bpf_error_bstr(char *fmt, unsigned long long *data, __u32 data__sz) __ksym;
/*
 * End the scheduler with an error; @text is a string literal without formats. Not const: the
 * kernel declares it so, and the verifier then wants memory that may be written.
 */
#define scx_error(text)                                                 \
	({                                                              \
		static char scx_error_text[] = text;                    \
		unsigned long long scx_error_none = 0;                  \
		scx_bpf_error_bstr(scx_error_text, &scx_error_none, 0); \
	})

__u32 scx_bpf_nr_cpu_ids(void) __ksym;
const struct cpumask *scx_bpf_get_online_cpumask(void) __ksym;
void scx_bpf_put_cpumask(const struct cpumask *cpumask) __ksym;
_Bool bpf_cpumask_test_cpu(__u32 cpu, const struct cpumask *cpumask) __ksym;
__u32 bpf_cpumask_first_and(const struct cpumask *src1, const struct cpumask *src2) __ksym;
__u32 bpf_cpumask_weight(const struct cpumask *cpumask) __ksym;

/*
 * A kernel function whose name ends in ___v2: libbpf before 1.3 looks it up by the whole name,
 * later ones cut the last ___part of ours first. So it is declared once for each.
 */
void scx_bpf_dsq_insert(struct task_struct *p, __u64 dsq_id, __u64 slice,
			__u64 enq_flags) __ksym __weak;
_Bool scx_bpf_dsq_insert___v2(struct task_struct *p, __u64 dsq_id, __u64 slice,
			      __u64 enq_flags) __ksym __weak;
_Bool scx_bpf_dsq_insert___v2___new(struct task_struct *p, __u64 dsq_id, __u64 slice,
				    __u64 enq_flags) __ksym __weak;

static inline void dsq_insert(struct task_struct *p, __u64 dsq_id, __u64 slice, __u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v2___new))
		scx_bpf_dsq_insert___v2___new(p, dsq_id, slice, enq_flags);
	else if (bpf_ksym_exists(scx_bpf_dsq_insert___v2))
		scx_bpf_dsq_insert___v2(p, dsq_id, slice, enq_flags);
	else
		scx_bpf_dsq_insert(p, dsq_id, slice, enq_flags);
}

void scx_bpf_dsq_insert_vtime(struct task_struct *p, __u64 dsq_id, __u64 slice, __u64 vtime,
			      __u64 enq_flags) __ksym __weak;
_Bool __scx_bpf_dsq_insert_vtime(struct task_struct *p,
				 struct scx_bpf_dsq_insert_vtime_args *args) __ksym __weak;

static inline void dsq_insert_vtime(struct task_struct *p, __u64 dsq_id, __u64 slice, __u64 vtime,
				    __u64 enq_flags)
{
	if (bpf_ksym_exists(__scx_bpf_dsq_insert_vtime)) {
		struct scx_bpf_dsq_insert_vtime_args args = {
			.dsq_id = dsq_id,
			.slice = slice,
			.vtime = vtime,
			.enq_flags = enq_flags,
		};

		__scx_bpf_dsq_insert_vtime(p, &args);
	} else {
		scx_bpf_dsq_insert_vtime(p, dsq_id, slice, vtime, enq_flags);
	}
}

_Bool scx_bpf_dsq_move_to_local(__u64 dsq_id) __ksym __weak;
_Bool scx_bpf_dsq_move_to_local___v2(__u64 dsq_id, __u64 enq_flags) __ksym __weak;
_Bool scx_bpf_dsq_move_to_local___v2___new(__u64 dsq_id, __u64 enq_flags) __ksym __weak;

static inline _Bool dsq_move_to_local(__u64 dsq_id)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2___new))
		return scx_bpf_dsq_move_to_local___v2___new(dsq_id, 0);
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2))
		return scx_bpf_dsq_move_to_local___v2(dsq_id, 0);
	return scx_bpf_dsq_move_to_local(dsq_id);
}

_Bool scx_bpf_task_set_dsq_vtime(struct task_struct *p, __u64 vtime) __ksym __weak;

/* Writing the member directly is how kernels without the function have it. */
static inline void task_set_vtime(struct task_struct *p, __u64 vtime)
{
	if (bpf_ksym_exists(scx_bpf_task_set_dsq_vtime))
		scx_bpf_task_set_dsq_vtime(p, vtime);
	else
		p->scx.dsq_vtime = vtime;
}

#endif
