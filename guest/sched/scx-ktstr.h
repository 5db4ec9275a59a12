/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF program of scx-ktstr and its loader agree on: the shape of the exit record, the
 * scheduler's operations table and the numbers of the fixture maps. Compiled for BPF and for the
 * host, where a pointer has 8 bytes alike.
 *
 * No vmlinux.h: kernel types are declared here with only the members in use; libbpf matches them
 * by name with those of the running kernel, so that one object serves them all.
 */
#ifndef KTSTR_SCHED_SCX_KTSTR_H
#define KTSTR_SCHED_SCX_KTSTR_H

#define UEI_REASON_MAX 128
#define UEI_MSG_MAX 1024

/* Why the kernel let go of the scheduler; written once, by ops.exit, kind last. */
struct user_exit_info {
	unsigned int kind; /* enum scx_exit_kind of the running kernel; 0 while none */
	long long exit_code;
	char reason[UEI_REASON_MAX];
	char msg[UEI_MSG_MAX];
};

struct task_struct;
struct scx_init_task_args;
struct scx_exit_info;

/*
 * The kernel's operations table as far as we use it. The loader writes timeout_ms into the object
 * before it opens it, at the offset that it has here.
 */
struct sched_ext_ops {
	int (*select_cpu)(struct task_struct *p, int prev_cpu, unsigned long long wake_flags);
	void (*enqueue)(struct task_struct *p, unsigned long long enq_flags);
	void (*dispatch)(int cpu, struct task_struct *prev);
	void (*running)(struct task_struct *p);
	void (*stopping)(struct task_struct *p, _Bool runnable);
	int (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
	void (*enable)(struct task_struct *p);
	int (*init)(void);
	void (*exit)(struct scx_exit_info *ei);
	unsigned int timeout_ms;
	char name[128];
};

/* Fixtures: values that whoever reads maps from outside knows in advance. */
#define FIXTURE_ARRAY_MAX 16
#define FIXTURE_ARRAY_MAGIC 0xABCDEF0123456789ull
#define FIXTURE_PCPU_MAGIC 0x5A5A00000000ull /* + number of the CPU */
#define CGROUP_COUNT_MAX 256

/* An entry of ktstr_array_fixture. */
struct fixture_entry {
	unsigned long long magic;
	unsigned long long key; /* the entry's own index */
};

#endif
