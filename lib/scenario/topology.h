/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's CPU topology as asked for: `NnNlNcNt` (NUMA nodes, last-level caches in total,
 * cores per LLC, threads per core) or the name of a preset (share/topologies). CPUs are numbered
 * node by node, LLC by LLC, core by core, thread by thread, which is the order in which the guest
 * numbers them too.
 */
#ifndef KTSTR_SCENARIO_TOPOLOGY_H
#define KTSTR_SCENARIO_TOPOLOGY_H

#include <stddef.h>

#include "base/error.h"

#define TOPOLOGY_CPUS_MAX 1024u
#define TOPOLOGY_NODES_MAX 64u
#define TOPOLOGY_TEXT_MAX 48u
#define TOPOLOGY_PRESET_NAME_MAX 63u

struct topology {
	unsigned int nodes;   /* >= 1 */
	unsigned int llcs;    /* in total; a multiple of nodes */
	unsigned int cores;   /* per LLC */
	unsigned int threads; /* per core */
};

/*
 * Parse @text, e.g. "1n2l4c2t". Errors: not of that form, a zero, LLCs not divisible by nodes, more
 * than TOPOLOGY_CPUS_MAX CPUs or TOPOLOGY_NODES_MAX nodes; *ret is then untouched.
 */
int topology_parse(const char *text, struct topology *ret, struct err *e);

/*
 * As topology_parse, but @text may also be the name of a preset in @presets_path (lines of
 * `NAME TOPOLOGY`, # comments). NULL @presets_path: no presets.
 */
int topology_resolve(const char *text, const char *presets_path, struct topology *ret,
		     struct err *e);

struct topology_preset {
	char name[TOPOLOGY_PRESET_NAME_MAX + 1]; /* begins with a letter */
	struct topology topology;
};

/*
 * All presets of the file @path in its order. *ret is one block, owned by the caller (free), NULL
 * for none and on failure. Errors in a line read `path:line: message`.
 */
int topology_presets_read(const char *path, struct topology_preset **ret, size_t *ret_n,
			  struct err *e);

/* Write the canonical text. */
void topology_format(const struct topology *t, char ret[TOPOLOGY_TEXT_MAX]);

static inline unsigned int topology_cpus(const struct topology *t)
{
	return t->llcs * t->cores * t->threads;
}

/* What guests of this size get when nobody says: 256 MiB and 64 for each CPU, at least 512. */
static inline unsigned int topology_memory_mib(const struct topology *t)
{
	unsigned int mib = 256 + 64 * topology_cpus(t);

	return mib < 512 ? 512 : mib;
}

static inline unsigned int topology_llc_cpus(const struct topology *t)
{
	return t->cores * t->threads;
}

static inline unsigned int topology_node_cpus(const struct topology *t)
{
	return topology_cpus(t) / t->nodes;
}

#endif
