/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A task: its number, name and scheduling class (struct task_struct). Classes are known by the
 * addresses of the kernel's class objects, whose symbols name them (fair_sched_class: "fair").
 */
#ifndef KTSTR_KERNEL_TASK_H
#define KTSTR_KERNEL_TASK_H

#include "kernel/fields.h"
#include "kernel/kernel.h"

#define TASK_COMM_MAX 16u /* with the NUL: TASK_COMM_LEN */
#define TASK_CLASSES_MAX 8u

struct task_layout {
	struct fields f;
	int pid, comm, class; /* index in f, -1 for none */
	struct {
		const char *name; /* static */
		uint64_t kva;
	} classes[TASK_CLASSES_MAX];
	unsigned int n_classes;
};

struct task {
	uint64_t pid;	/* FIELDS_ABSENT when it could not be had */
	uint64_t class; /* index into classes, FIELDS_ABSENT when it is none of them */
	char comm[TASK_COMM_MAX];
};

/* Never fails for what a kernel does not have. */
int task_layout_init(struct task_layout *l, const struct kernel *k, struct err *e);

/* The class of that address by name; NULL for none. */
const char *task_class_name(const struct task_layout *l, uint64_t kva);

/* Read the task at @kva. On failure all of *ret is absent. The name is the guest's bytes. */
int task_read(const struct task_layout *l, const struct kmem *k, uint64_t kva, struct task *ret,
	      struct err *e);

#endif
