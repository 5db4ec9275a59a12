/* SPDX-License-Identifier: GPL-2.0-only */
/* CPU time and NUMA counters: kernels that lack parts of them, and lies. */
#include "kernel/cputime.h"

#include <errno.h>

#include "kernel/numastat.h"
#include "test.h"
#include "toykernel.h"

#define WILD 0xdead000000000100ull

static struct toy t;
static struct err e;

static void kernels_without(void)
{
	struct cputime_layout l;
	struct cputime x;

	CHECK(toy_create(&t, "kstat", &e) == 0);
	CHECK(cputime_layout_init(&l, &t.k, &e) == 0 && l.n_softirqs == 0);
	CHECK(cputime_read(&l, &t.k, 1, &x, &e) == 0);
	CHECK(x.numbers[CPUTIME_USER_NS] == 1000001 && x.numbers[CPUTIME_IRQS] == FIELDS_ABSENT);
	CHECK(x.numbers[CPUTIME_IDLE_SLEEP_NS] == FIELDS_ABSENT);
	CHECK(cputime_read(&l, &t.k, TOY_CPUS, &x, &e) == -1 && e.code == EINVAL);
	toy_destroy(&t);
	CHECK(toy_create(&t, "kernel_cpustat.cpustat", &e) == 0);
	CHECK(cputime_layout_init(&l, &t.k, &e) == -1 && e.code == ENOENT);
	toy_destroy(&t);
	CHECK_STR(cputime_softirq_name(9), "RCU");
	CHECK_STR(cputime_softirq_name(10), "");
}

static void nodes(void)
{
	struct numastat_layout l;
	uint64_t x[NUMASTAT_NUMBERS];
	unsigned int n;

	CHECK(toy_create(&t, NULL, &e) == 0);
	CHECK(numastat_layout_init(&l, &t.k, &e) == 0);
	CHECK(numastat_nodes(&l, &t.k, &n, &e) == 0 && n == TOY_NODES);
	CHECK(numastat_read(&l, &t.k, 1, x, &e) == 0);
	CHECK(x[NUMASTAT_HIT] == 2000 + TOY_CPUS && x[NUMASTAT_MISS] == 5 && !x[NUMASTAT_LOCAL]);
	t.m->zones[1][0].present_pages = 0; /* what is there counts nothing */
	CHECK(numastat_read(&l, &t.k, 1, x, &e) == 0 && !x[NUMASTAT_HIT]);
	t.m->zones[1][0].present_pages = 1;
	t.m->zones[1][0].per_cpu_zonestats = WILD;
	CHECK(numastat_read(&l, &t.k, 1, x, &e) == -1 && strstr(e.text, "NUMA node 1"));
	t.m->node_data[1] = WILD;
	CHECK(numastat_read(&l, &t.k, 1, x, &e) == -1 && e.code == EFAULT);
	t.m->node_data[1] = 0;
	CHECK(numastat_read(&l, &t.k, 1, x, &e) == -1 && e.code == ENOENT);
	t.m->nr_node_ids = NUMASTAT_NODES_MAX + 1;
	CHECK(numastat_nodes(&l, &t.k, &n, &e) == -1 && e.code == EPROTO);
	toy_destroy(&t);
	CHECK(toy_create(&t, "zone.vm_numa_event", &e) == 0);
	CHECK(numastat_layout_init(&l, &t.k, &e) == -1 && e.code == ENOENT);
	CHECK(strstr(e.text, "NUMA counters"));
	toy_destroy(&t);
}

int main(void)
{
	RUN(kernels_without);
	RUN(nodes);
	return TEST_END();
}
