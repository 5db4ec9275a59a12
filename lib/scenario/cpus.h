/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of CPU numbers below TOPOLOGY_CPUS_MAX, and its list text ("0-2,5") as the kernel has it.
 */
#ifndef KTSTR_SCENARIO_CPUS_H
#define KTSTR_SCENARIO_CPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "scenario/topology.h"

struct cpus {
	uint64_t bits[TOPOLOGY_CPUS_MAX / 64];
};

void cpus_add(struct cpus *s, unsigned int cpu); /* no-op beyond the maximum */
void cpus_add_range(struct cpus *s, unsigned int first, unsigned int last); /* both inclusive */
bool cpus_has(const struct cpus *s, unsigned int cpu);
unsigned int cpus_count(const struct cpus *s);
/* The lowest member that is >= @from; TOPOLOGY_CPUS_MAX when there is none. */
unsigned int cpus_next(const struct cpus *s, unsigned int from);
bool cpus_equal(const struct cpus *a, const struct cpus *b);
bool cpus_intersect(const struct cpus *a, const struct cpus *b);

/* Parse list text; the empty text is the empty set, and one newline at the end is allowed, as the
 * kernel's files have it. On failure *ret is untouched. */
int cpus_parse(const char *text, struct cpus *ret, struct err *e);

#define CPUS_TEXT_MAX 5120u /* enough for the longest list text, with NUL */
void cpus_format(const struct cpus *s, char ret[CPUS_TEXT_MAX]);

#endif
