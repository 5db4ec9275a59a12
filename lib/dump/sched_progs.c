/* SPDX-License-Identifier: GPL-2.0-only */
/* Part of a dump: the scheduler's BPF programs. */
#include <errno.h>
#include <stdlib.h>

#include "dump/sched_parts.h"

int sched_progs_init(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	if (prog_layout_init(&d->prog_layout, k, e) < 0)
		return -1;
	if (!d->prog_layout.idr)
		return err_set(e, ENOENT, "this kernel has no BPF programs");
	d->progs = calloc(PROGS_MAX, sizeof(*d->progs));
	d->prog_sums = calloc(PROGS_MAX, sizeof(*d->prog_sums));
	return d->progs && d->prog_sums ? 0 : err_set(e, ENOMEM, "out of memory");
}

/* A program without statistics has sums that are absent. */
static void stats_read(struct sched_dump *d, const struct kernel *k, const uint64_t *possible,
		       unsigned int i)
{
	uint64_t *sum = d->prog_sums[i];
	struct place p;
	struct err e;

	memset(sum, 0, sizeof(d->prog_sums[i]));
	for (unsigned int cpu = 0; cpu < k->nr_cpu_ids; cpu++) {
		if (!kernel_mask_has(possible, cpu))
			continue;
		if (prog_stats_place(&d->prog_layout, k, &d->progs[i], cpu, &p, &e) == 0 &&
		    prog_stats_add(&d->prog_layout, &k->mem, &p, sum, &e) == 0)
			continue;
		memset(sum, 0xff, sizeof(d->prog_sums[i]));
		return;
	}
}

int sched_progs_read(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	uint64_t possible[KERNEL_MASK_WORDS_MAX];
	bool failed;

	if (kernel_cpumask(k, "__cpu_possible_mask", possible, e) < 0)
		return -1;
	failed = prog_find(&d->prog_layout, k, d->progs, &d->n_progs, e) < 0;
	for (unsigned int i = 0; i < d->n_progs; i++)
		stats_read(d, k, possible, i);
	if (failed)
		return d->n_progs ? 1 : -1;
	return d->n_progs ? 0 : err_set(e, ENOENT, "no program of a sched_ext scheduler is loaded");
}

json_t *sched_progs_json(const struct sched_dump *d, const struct kernel *k, bool *failed)
{
	static const char *const names[PROG_NUMBERS] = {
		[PROG_CNT] = "run_cnt",
		[PROG_NSECS] = "run_time_ns",
		[PROG_MISSES] = "recursion_misses",
	};
	struct object top = {.json = json_array(), .failed = failed};

	(void)k;
	*failed |= !top.json;
	for (unsigned int i = 0; i < d->n_progs; i++) {
		const struct prog *p = &d->progs[i];
		struct object o = add_object(top, top.json);

		put(o, "id", sched_u64(p->id));
		put(o, "name", sched_line(p->name));
		put(o, "verified_insns", sched_u64(p->verified_insns));
		for (unsigned int j = 0; j < PROG_NUMBERS; j++)
			put(o, names[j],
			    d->prog_layout.numbers[j] < 0 ? json_null()
							  : sched_u64(d->prog_sums[i][j]));
	}
	return top.json;
}
