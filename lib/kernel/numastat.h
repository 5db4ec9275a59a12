/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where each NUMA node's memory came from, as the kernel counts it for
 * /sys/devices/system/node/nodeN/numastat: in each zone, and in each CPU what was not added to its
 * zone yet (include/linux/mmzone.h, mm/vmstat.c).
 */
#ifndef KTSTR_KERNEL_NUMASTAT_H
#define KTSTR_KERNEL_NUMASTAT_H

#include "kernel/fields.h"
#include "kernel/kernel.h"

#define NUMASTAT_NODES_MAX 1024u
#define NUMASTAT_ZONES_MAX 16u

enum numastat_number {
	NUMASTAT_HIT,
	NUMASTAT_MISS,
	NUMASTAT_FOREIGN,
	NUMASTAT_INTERLEAVE_HIT,
	NUMASTAT_LOCAL,
	NUMASTAT_OTHER,
	NUMASTAT_NUMBERS,
};
extern const char *const numastat_number_names[NUMASTAT_NUMBERS]; /* "numa_hit".. */

struct numastat_layout {
	uint64_t nodes, nr_node_ids;	  /* variables: pglist_data *[], int */
	struct member zones;		  /* of pglist_data */
	struct fields zone, percpu;	  /* of struct zone, struct per_cpu_zonestat */
	int pages, percpu_pointer, total; /* in zone */
	int added;			  /* in percpu */
	uint32_t elements[NUMASTAT_NUMBERS];
};

/* ENOENT: a kernel without NUMA, or that keeps this elsewhere (before 5.14). */
int numastat_layout_init(struct numastat_layout *l, const struct kernel *k, struct err *e);

/* How many nodes there can be: 1 to NUMASTAT_NODES_MAX. */
int numastat_nodes(const struct numastat_layout *l, const struct kernel *k, unsigned int *ret,
		   struct err *e);

/* Those of @node. ENOENT: there is no such node. */
int numastat_read(const struct numastat_layout *l, const struct kernel *k, unsigned int node,
		  uint64_t ret[NUMASTAT_NUMBERS], struct err *e);

#endif
