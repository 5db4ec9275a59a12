/* SPDX-License-Identifier: GPL-2.0-only */
/* Run queues. */
#include "kernel/rq.h"

#include <errno.h>

static const char *const paths[RQ_NUMBERS] = {
	[RQ_NR_RUNNING] = "nr_running",
	[RQ_SCX_NR_RUNNING] = "scx.nr_running",
	[RQ_LOCAL_DSQ_DEPTH] = "scx.local_dsq.nr",
	[RQ_SCX_FLAGS] = "scx.flags",
	[RQ_CLOCK] = "clock",
	[RQ_NR_SWITCHES] = "nr_switches",
	[RQ_RUN_DELAY] = "rq_sched_info.run_delay",
	[RQ_PCOUNT] = "rq_sched_info.pcount",
	[RQ_YLD_COUNT] = "yld_count",
	[RQ_SCHED_COUNT] = "sched_count",
	[RQ_SCHED_GOIDLE] = "sched_goidle",
	[RQ_TTWU_COUNT] = "ttwu_count",
	[RQ_TTWU_LOCAL] = "ttwu_local",
};

const char *const rq_number_names[RQ_NUMBERS] = {
	[RQ_NR_RUNNING] = "nr_running",
	[RQ_SCX_NR_RUNNING] = "scx_nr_running",
	[RQ_LOCAL_DSQ_DEPTH] = "local_dsq_depth",
	[RQ_SCX_FLAGS] = "scx_flags",
	[RQ_CLOCK] = "rq_clock",
	[RQ_NR_SWITCHES] = "nr_switches",
	[RQ_RUN_DELAY] = "run_delay",
	[RQ_PCOUNT] = "pcount",
	[RQ_YLD_COUNT] = "yld_count",
	[RQ_SCHED_COUNT] = "sched_count",
	[RQ_SCHED_GOIDLE] = "sched_goidle",
	[RQ_TTWU_COUNT] = "ttwu_count",
	[RQ_TTWU_LOCAL] = "ttwu_local",
};

static bool is_needed(enum rq_number i)
{
	return i == RQ_NR_RUNNING || i == RQ_CLOCK;
}

int rq_layout_init(struct rq_layout *l, const struct kernel *k, struct err *e)
{
	struct err missing;

	*l = (struct rq_layout){0};
	if (kernel_symbol(k, "runqueues", &l->runqueues, e) < 0)
		return -1;
	for (unsigned int i = 0; i < RQ_NUMBERS; i++)
		if (fields_add(&l->f, k->types, "rq", paths[i], &l->numbers[i],
			       is_needed(i) ? e : &missing) < 0 &&
		    is_needed(i))
			return -1;
	l->curr = fields_try(&l->f, k->types, "rq", "curr");
	l->domain = fields_try(&l->f, k->types, "rq", "sd");
	return fields_seal(&l->f, e);
}

int rq_place(const struct rq_layout *l, const struct kernel *k, unsigned int cpu, struct place *ret,
	     struct err *e)
{
	uint64_t kva;

	if (kernel_percpu(k, l->runqueues, cpu, &kva, e) < 0)
		return -1;
	place_init(ret, &k->mem, kva, fields_extent(&l->f));
	return 0;
}

int rq_read(const struct rq_layout *l, const struct kmem *k, const struct place *p, struct rq *ret,
	    struct err *e)
{
	uint8_t buf[FIELDS_BYTES_MAX];

	if (fields_read(&l->f, k, p, buf, e) < 0)
		return -1;
	for (unsigned int i = 0; i < RQ_NUMBERS; i++)
		ret->numbers[i] = fields_get(&l->f, buf, l->numbers[i], 0);
	ret->curr = fields_get(&l->f, buf, l->curr, 0);
	ret->domain = fields_get(&l->f, buf, l->domain, 0);
	return 0;
}

bool rq_is_same(const struct rq_layout *l, const struct kmem *k, const struct place *p,
		const struct rq *rq)
{
	struct rq again;
	struct err e;

	return rq_read(l, k, p, &again, &e) == 0 && memcmp(rq, &again, sizeof(again)) == 0;
}
