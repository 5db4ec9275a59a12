/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduling domains of a CPU, lowest level first (struct sched_domain, include/linux/sched/
 * topology.h): what they are and what balancing did in them. Where the kernel keeps no schedstats
 * the statistics are not there.
 */
#ifndef KTSTR_KERNEL_DOMAIN_H
#define KTSTR_KERNEL_DOMAIN_H

#include "kernel/fields.h"
#include "kernel/kernel.h"

#define DOMAIN_DEPTH_MAX 8u
#define DOMAIN_NAME_MAX 16u  /* with the NUL */
#define DOMAIN_IDLE_TYPES 3u /* CPU_MAX_IDLE_TYPES: not idle, idle, newly idle */
#define DOMAIN_COLUMNS_MAX 96u

struct domain_column {
	char name[32]; /* of the member, with _0.. behind it for an array by idle type */
	int field;
	uint32_t element;
};

struct domain_layout {
	struct fields f;
	int parent, level, name; /* index in f, -1 for none */
	struct domain_column columns[DOMAIN_COLUMNS_MAX];
	unsigned int n_columns;
};

struct domain {
	uint64_t kva, parent;
	int level;
	char name[DOMAIN_NAME_MAX]; /* "SMT", "MC".., safe to print; "" when the kernel keeps none
				     */
};

/* A kernel without sched domains has no columns. */
int domain_layout_init(struct domain_layout *l, const struct kernel *k, struct err *e);

/*
 * Follow the domains from @kva (rq->sd) up. *ret_n are in @ret, also on failure: ELOOP when they
 * come back to one that was already seen or are more than DOMAIN_DEPTH_MAX, EFAULT when one lies
 * outside memory.
 */
int domain_walk(const struct domain_layout *l, const struct kmem *k, uint64_t kva,
		struct domain ret[DOMAIN_DEPTH_MAX], unsigned int *ret_n, struct err *e);

/*
 * The columns of @d into @ret (n_columns). ESTALE when what is there now is another domain: its
 * parent or level is not what domain_walk saw.
 */
int domain_read(const struct domain_layout *l, const struct kmem *k, const struct domain *d,
		uint64_t *ret, struct err *e);

#endif
