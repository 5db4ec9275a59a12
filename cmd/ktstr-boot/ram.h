/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest RAM: one memory file a NUMA node, and the map from guest-physical addresses to them. The
 * map is the q35 board's: RAM is laid out node after node from 0 and is split at 2 GiB (2.75 GiB
 * when all of it fits below), where the hole for devices begins; the rest goes on at 4 GiB.
 */
#ifndef KTSTR_BOOT_RAM_H
#define KTSTR_BOOT_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "scenario/topology.h"

#define RAM_RANGES_MAX (TOPOLOGY_NODES_MAX + 1)

struct ram_range {
	uint64_t gpa;
	uint64_t len;
	uint64_t offset; /* in the node's file */
	unsigned int node;
};

struct ram {
	unsigned int nodes;
	int fds[TOPOLOGY_NODES_MAX];	    /* one a node */
	uint64_t sizes[TOPOLOGY_NODES_MAX]; /* bytes */
	struct ram_range ranges[RAM_RANGES_MAX];
	size_t n_ranges;
};

/*
 * Make the files for @mib MiB, shared over @nodes as evenly as whole MiB allow (the last node takes
 * the remainder). Errors: fewer MiB than nodes, out of memory or descriptors.
 */
int ram_init(struct ram *ram, uint64_t mib, unsigned int nodes, struct err *e);
void ram_deinit(struct ram *ram);

/* Whether @len bytes from @gpa on lie in one range; no bytes lie in none. */
bool ram_holds(const struct ram *ram, uint64_t gpa, uint64_t len);

/* The file (a node's) and the offset in it of @len bytes from @gpa on, in one range (EFAULT). */
int ram_find(const struct ram *ram, uint64_t gpa, uint64_t len, unsigned int *ret_node,
	     uint64_t *ret_offset, struct err *e);

/* Copy @len bytes, which must lie in one range (EFAULT), while the machine stands still. */
int ram_read(const struct ram *ram, uint64_t gpa, void *data, size_t len, struct err *e);
int ram_write(const struct ram *ram, uint64_t gpa, const void *data, size_t len, struct err *e);

#endif
