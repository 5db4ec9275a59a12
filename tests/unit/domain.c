/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of scheduling domains: good ones, ones that go in circles, ones that never end. */
#include "kernel/domain.h"

#include <errno.h>

#include "kernel/sampler.h"
#include "test.h"
#include "toykernel.h"

struct rig {
	struct toy t;
	struct domain_layout l;
	struct domain d[DOMAIN_DEPTH_MAX];
	unsigned int n;
	struct err e;
};

static void rig_open(struct rig *r, const char *without)
{
	CHECK(toy_create(&r->t, without, &r->e) == 0);
	CHECK(domain_layout_init(&r->l, &r->t.k, &r->e) == 0);
	r->n = 99;
}

static int walk(struct rig *r, unsigned int cpu)
{
	return domain_walk(&r->l, &r->t.k.mem, r->t.m->cpus[cpu].rq.sd, r->d, &r->n, &r->e);
}

/* Make @n domains of @cpu a list, the last of which leads to @end. */
static void chain(struct rig *r, unsigned int cpu, unsigned int n, uint64_t end)
{
	struct toy_domain *d = r->t.m->domains[cpu];

	for (unsigned int i = 0; i < n; i++)
		d[i].parent = i + 1 < n ? toy_kva(&r->t, &d[i + 1]) : end;
}

static void a_list_of_two(void)
{
	uint64_t cells[DOMAIN_COLUMNS_MAX];
	struct rig r;

	rig_open(&r, NULL);
	CHECK(walk(&r, 1) == 0 && r.n == 2);
	CHECK(r.d[0].level == 1 && r.d[1].level == 2 && r.d[1].parent == 0);
	CHECK(r.d[0].kva == toy_kva(&r.t, &r.t.m->domains[1][0]));
	CHECK_STR(r.d[0].name, "MC");
	CHECK(r.l.n_columns == 7);
	CHECK(domain_read(&r.l, &r.t.k.mem, &r.d[0], cells, &r.e) == 0);
	for (unsigned int i = 0; i < r.l.n_columns; i++)
		if (strcmp(r.l.columns[i].name, "lb_count_2") == 0)
			CHECK(cells[i] == 10);
	toy_destroy(&r.t);
}

static void none_at_all(void)
{
	struct rig r;

	rig_open(&r, NULL);
	r.t.m->cpus[0].rq.sd = 0;
	CHECK(walk(&r, 0) == 0 && r.n == 0);
	toy_destroy(&r.t);
	rig_open(&r, "sched_domain");
	CHECK(r.l.n_columns == 0 && walk(&r, 0) == 0);
	toy_destroy(&r.t);
}

static void circles(void)
{
	for (unsigned int length = 1; length <= DOMAIN_DEPTH_MAX; length++) {
		struct rig r;

		rig_open(&r, NULL);
		chain(&r, 0, length, r.t.m->cpus[0].rq.sd);
		CHECK(walk(&r, 0) == -1 && r.e.code == ELOOP && r.n == length);
		toy_destroy(&r.t);
	}
}

static void as_deep_as_may_be_and_deeper(void)
{
	struct rig r;

	rig_open(&r, NULL);
	chain(&r, 0, DOMAIN_DEPTH_MAX, 0);
	CHECK(walk(&r, 0) == 0 && r.n == DOMAIN_DEPTH_MAX);
	chain(&r, 0, DOMAIN_DEPTH_MAX + 1, 0);
	CHECK(walk(&r, 0) == -1 && r.e.code == ELOOP && r.n == DOMAIN_DEPTH_MAX);
	toy_destroy(&r.t);
}

static void outside_memory(void)
{
	struct rig r;

	rig_open(&r, NULL);
	chain(&r, 0, 2, 0xdead000000000100);
	CHECK(walk(&r, 0) == -1 && r.e.code == EFAULT && r.n == 2);
	CHECK(strstr(r.e.text, "dead0000"));
	r.t.m->domains[0][1].parent = TOY_MAP + TOY_BYTES - 1; /* half in */
	CHECK(walk(&r, 0) == -1 && r.e.code == EFAULT && r.n == 2);
	toy_destroy(&r.t);
}

static void names_that_are_none(void)
{
	struct rig r;

	rig_open(&r, NULL);
	r.t.m->domains[0][0].name = 0xdead000000000100;
	memset(r.t.m->names[1], 'x', 16); /* never ends */
	r.t.m->names[1][1] = '\n';
	CHECK(walk(&r, 0) == 0 && r.n == 2);
	CHECK_STR(r.d[0].name, "");
	CHECK_STR(r.d[1].name, "x?xxxxxxxxxxxxx");
	toy_destroy(&r.t);
}

static void another_one_in_its_place(void)
{
	uint64_t cells[DOMAIN_COLUMNS_MAX];
	struct rig r;

	rig_open(&r, NULL);
	CHECK(walk(&r, 0) == 0);
	r.t.m->domains[0][0].level = 3;
	CHECK(domain_read(&r.l, &r.t.k.mem, &r.d[0], cells, &r.e) == -1 && r.e.code == ESTALE);
	r.t.m->domains[0][0].level = 1;
	CHECK(domain_read(&r.l, &r.t.k.mem, &r.d[0], cells, &r.e) == 0);
	r.t.m->domains[0][0].parent = 0;
	CHECK(domain_read(&r.l, &r.t.k.mem, &r.d[0], cells, &r.e) == -1 && r.e.code == ESTALE);
	toy_destroy(&r.t);
}

/* What was found of a list that is wrong is in the sample, and the sample does not count. */
static void a_circle_in_a_sample(void)
{
	struct sampler_options o = {.parts = SAMPLER_ALL};
	struct sampler *s;
	struct sample x;
	struct rig r;
	bool changed;

	rig_open(&r, NULL);
	chain(&r, 1, 3, toy_kva(&r.t, &r.t.m->domains[1][0]));
	CHECK(sampler_create(&r.t.k, &o, &s, &r.e) == 0);
	CHECK(sample_init(&x, sampler_schema(s), &r.e) == 0);
	CHECK(sampler_schema(s)->tables[SAMPLE_DOMAIN].n_rows == 2 * TOY_CPUS + 1);
	sampler_take(s, &x);
	CHECK(x.invalid == SAMPLE_IMPLAUSIBLE);
	sample_deinit(&x);
	chain(&r, 1, 2, 0);
	CHECK(sampler_refresh(s, &changed, &r.e) == 0 && changed);
	CHECK(sample_init(&x, sampler_schema(s), &r.e) == 0);
	sampler_take(s, &x);
	CHECK(x.invalid == 0);
	sample_deinit(&x);
	sampler_destroy(s);
	toy_destroy(&r.t);
}

int main(void)
{
	RUN(a_list_of_two);
	RUN(none_at_all);
	RUN(circles);
	RUN(as_deep_as_may_be_and_deeper);
	RUN(outside_memory);
	RUN(names_that_are_none);
	RUN(another_one_in_its_place);
	RUN(a_circle_in_a_sample);
	return TEST_END();
}
