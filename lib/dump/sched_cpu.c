/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of a dump: what CPUs spent their time on, where NUMA nodes' memory came from. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "dump/sched_parts.h"

#define NUMA_COUNTERS_MAX 65536u /* nodes times CPUs */

/* ---- CPU time ---- */

int sched_cputime_init(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	if (cputime_layout_init(&d->cputime_layout, k, e) < 0)
		return -1;
	d->cputimes = calloc(k->nr_cpu_ids, sizeof(*d->cputimes));
	return d->cputimes ? 0 : err_set(e, ENOMEM, "out of memory");
}

int sched_cputime_read(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	uint64_t possible[KERNEL_MASK_WORDS_MAX];

	d->n_cputimes = 0;
	if (kernel_cpumask(k, "__cpu_possible_mask", possible, e) < 0)
		return -1;
	for (unsigned int cpu = 0; cpu < k->nr_cpu_ids; cpu++) {
		if (!kernel_mask_has(possible, cpu))
			continue;
		if (cputime_read(&d->cputime_layout, k, cpu, &d->cputimes[d->n_cputimes].time, e) <
		    0)
			return -1;
		d->cputimes[d->n_cputimes++].cpu = cpu;
	}
	return 0;
}

static void cputime_put(struct object o, const struct sched_dump *d, unsigned int i)
{
	const struct cputime *t = &d->cputimes[i].time;
	struct object softirqs;
	char number[32];

	put(o, "cpu", json_integer(d->cputimes[i].cpu));
	for (unsigned int j = 0; j < CPUTIME_NUMBERS; j++)
		if (t->numbers[j] != FIELDS_ABSENT)
			put(o, cputime_number_names[j], sched_u64(t->numbers[j]));
	softirqs = put_object(o, "softirqs");
	for (unsigned int j = 0; j < d->cputime_layout.n_softirqs; j++) {
		const char *name = cputime_softirq_name(j);

		snprintf(number, sizeof(number), "softirq_%u", j);
		put(softirqs, *name ? name : number, sched_u64(t->softirqs[j]));
	}
}

json_t *sched_cputime_json(const struct sched_dump *d, const struct kernel *k, bool *failed)
{
	struct object top = {.json = json_array(), .failed = failed};

	(void)k;
	*failed |= !top.json;
	for (unsigned int i = 0; i < d->n_cputimes; i++)
		cputime_put(add_object(top, top.json), d, i);
	return top.json;
}

/* ---- NUMA ---- */

int sched_numa_init(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	return numastat_layout_init(&d->numa_layout, k, e);
}

static int numa_room(struct sched_dump *d, unsigned int n, struct err *e)
{
	void *more;

	if (n <= d->max_numa)
		return 0;
	more = realloc(d->numa, n * sizeof(*d->numa));
	if (!more)
		return err_set(e, ENOMEM, "out of memory");
	d->numa = more;
	d->max_numa = n;
	return 0;
}

/* Each node has counters of each CPU, of each zone: a guest that claims the most of all three would
 * stand still for a minute. */
static int numa_check(unsigned int nodes, const struct kernel *k, struct err *e)
{
	if ((uint64_t)nodes * k->nr_cpu_ids <= NUMA_COUNTERS_MAX)
		return 0;
	return err_set(e, E2BIG, "%u NUMA nodes of %u CPUs are too many", nodes, k->nr_cpu_ids);
}

int sched_numa_read(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	unsigned int nodes;

	d->n_numa = 0;
	if (numastat_nodes(&d->numa_layout, k, &nodes, e) < 0 || numa_check(nodes, k, e) < 0 ||
	    numa_room(d, nodes, e) < 0)
		return -1;
	for (unsigned int node = 0; node < nodes; node++) {
		struct err why;

		if (numastat_read(&d->numa_layout, k, node, d->numa[d->n_numa].numbers, &why) ==
		    0) {
			d->numa[d->n_numa++].node = node;
		} else if (why.code != ENOENT) {
			*e = why;
			return -1;
		}
	}
	return 0;
}

json_t *sched_numa_json(const struct sched_dump *d, const struct kernel *k, bool *failed)
{
	struct object top = {.json = json_array(), .failed = failed};

	(void)k;
	*failed |= !top.json;
	for (unsigned int i = 0; i < d->n_numa; i++) {
		struct object o = add_object(top, top.json);

		put(o, "node", json_integer(d->numa[i].node));
		for (unsigned int j = 0; j < NUMASTAT_NUMBERS; j++)
			put(o, numastat_number_names[j], sched_u64(d->numa[i].numbers[j]));
	}
	return top.json;
}
