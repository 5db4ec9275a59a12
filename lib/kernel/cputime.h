/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each CPU spent its time on and how often it was interrupted, as the kernel counts it for
 * /proc/stat (struct kernel_cpustat, struct kernel_stat; include/linux/kernel_stat.h). A CPU that
 * sleeps without ticks adds to its idle time when it wakes up: what the kernel keeps of that sleep
 * is told beside it.
 */
#ifndef KTSTR_KERNEL_CPUTIME_H
#define KTSTR_KERNEL_CPUTIME_H

#include "kernel/fields.h"
#include "kernel/kernel.h"

#define CPUTIME_SOFTIRQS_MAX 16u

enum cputime_number {
	CPUTIME_USER_NS,
	CPUTIME_NICE_NS,
	CPUTIME_SYSTEM_NS,
	CPUTIME_SOFTIRQ_NS,
	CPUTIME_IRQ_NS,
	CPUTIME_IDLE_NS,
	CPUTIME_IOWAIT_NS,
	CPUTIME_STEAL_NS,
	CPUTIME_GUEST_NS,
	CPUTIME_GUEST_NICE_NS,
	CPUTIME_IDLE_SLEEP_NS,	 /* without ticks, since boot; tick_sched */
	CPUTIME_IOWAIT_SLEEP_NS, /* of that, while a task waited for I/O */
	CPUTIME_IRQS,		 /* hard interrupts */
	CPUTIME_NUMBERS,
};
extern const char *const cputime_number_names[CPUTIME_NUMBERS]; /* "user_ns".. */

struct cputime_layout {
	uint64_t stat, irqs, tick; /* per-CPU variables; 0 for none */
	struct fields stat_f, irqs_f, tick_f;
	int numbers[CPUTIME_NUMBERS]; /* index in the set where that number is, -1 for none */
	uint32_t elements[CPUTIME_NUMBERS];
	int softirqs; /* in irqs_f */
	unsigned int n_softirqs;
};

struct cputime {
	uint64_t numbers[CPUTIME_NUMBERS];	 /* FIELDS_ABSENT for what is not there */
	uint64_t softirqs[CPUTIME_SOFTIRQS_MAX]; /* l->n_softirqs of them */
};

/* ENOENT: a kernel that counts nothing of this. */
int cputime_layout_init(struct cputime_layout *l, const struct kernel *k, struct err *e);

/* What /proc/softirqs calls number @i; "" when it is not known. */
const char *cputime_softirq_name(unsigned int i);

/* Read those of @cpu. */
int cputime_read(const struct cputime_layout *l, const struct kernel *k, unsigned int cpu,
		 struct cputime *ret, struct err *e);

#endif
