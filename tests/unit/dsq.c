/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues in a hash table: grown, resized, nested, locked, wrong. */
#include "kernel/dsq.h"

#include <errno.h>

#include "test.h"
#include "toykernel.h"

#define MAX 32u

struct rig {
	struct toy t;
	struct dsq_layout l;
	struct dsq d[MAX];
	unsigned int n;
	struct err e;
};

static void rig_open(struct rig *r, const char *without)
{
	CHECK(toy_create(&r->t, without, &r->e) == 0);
	CHECK(dsq_layout_init(&r->l, &r->t.k, &r->e) == 0);
}

static int look(struct rig *r)
{
	r->n = 99;
	return dsq_read(&r->l, &r->t.k.mem, r->t.m->scx_root, r->d, MAX, &r->n, &r->e);
}

static void in_order_of_id(void)
{
	struct rig r;

	rig_open(&r, NULL);
	CHECK(look(&r) == 0 && r.n == 0);
	for (unsigned int i = 0; i < 20; i++)
		toy_dsq_add(&r.t, &r.t.m->tables[0], i, 1000 - i * i, i);
	toy_dsq_add(&r.t, &r.t.m->tables[0], 20, 1ull << 63 | 1, 5); /* the global one */
	CHECK(look(&r) == 0 && r.n == 20);
	for (unsigned int i = 0; i < 20; i++)
		CHECK(r.d[i].nr == 19 - i && r.d[i].id == 1000 - r.d[i].nr * r.d[i].nr);
	r.t.m->tables[0].buckets[3] |= 1; /* locked */
	r.t.m->tables[0].buckets[5] |= 1;
	CHECK(look(&r) == 0 && r.n == 20);
	r.t.m->scx_root = 0;
	CHECK(look(&r) == 0 && r.n == 0);
	toy_destroy(&r.t);
}

static void kernels_without(void)
{
	static const char *const without[] = {"scx_dispatch_q", "bucket_table.buckets",
					      "rhashtable", "scx_dispatch_q.id",
					      "scx_sched.dsq_hash dsq_hash"};

	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
		struct rig r;

		rig_open(&r, without[i]);
		CHECK(!r.l.is_there);
		CHECK(look(&r) == 0 && r.n == 0);
		toy_destroy(&r.t);
	}
}

static void more_than_there_is_room_for(void)
{
	struct rig r;

	rig_open(&r, NULL);
	for (unsigned int i = 0; i < MAX; i++)
		toy_dsq_add(&r.t, &r.t.m->tables[0], i, i, 1);
	CHECK(look(&r) == 0 && r.n == MAX);
	toy_dsq_add(&r.t, &r.t.m->tables[0], MAX, MAX, 1);
	CHECK(look(&r) == -1 && r.e.code == E2BIG && r.n == MAX);
	toy_destroy(&r.t);
}

/* While it is resized some queues are in one table and some in the next, and one may be in both. */
static void two_tables(void)
{
	struct toy_memory *m;
	struct rig r;

	rig_open(&r, NULL);
	m = r.t.m;
	m->tables[0].future_tbl = toy_kva(&r.t, &m->tables[1]);
	m->tables[1].size = 4;
	toy_dsq_add(&r.t, &m->tables[0], 0, 10, 1);
	toy_dsq_add(&r.t, &m->tables[0], 1, 11, 2);
	toy_dsq_add(&r.t, &m->tables[1], 2, 12, 3);
	m->tables[1].buckets[3] = m->tables[0].buckets[1];
	CHECK(look(&r) == 0 && r.n == 3);
	CHECK(r.d[0].id == 10 && r.d[1].id == 11 && r.d[2].id == 12 && r.d[2].nr == 3);
	m->tables[1].future_tbl = toy_kva(&r.t, &m->tables[0]); /* a circle of tables */
	CHECK(look(&r) == 0 && r.n == 3);
	m->tables[0].future_tbl = toy_kva(&r.t, &m->tables[0]);
	CHECK(look(&r) == 0 && r.n == 2);
	toy_destroy(&r.t);
}

/* A table too large for one piece: pointers to pages of buckets. */
static void nested_tables(void)
{
	struct toy_memory *m;
	uint64_t *page;
	struct rig r;

	rig_open(&r, NULL);
	m = r.t.m;
	page = m->nested[1];
	m->tables[0] = (struct toy_table){.size = 64, .nest = 2};
	m->tables[0].buckets[0] = toy_kva(&r.t, m->nested[0]);
	m->nested[0][3] = toy_kva(&r.t, page);
	m->dsqs[0] = (struct toy_dsq){.id = 7, .nr = 3, .hash_node = toy_kva(&r.t, &page[15]) | 1};
	page[15] = toy_kva(&r.t, &m->dsqs[0].hash_node);
	page[16] = 0xdead000000000100; /* behind the 16 buckets of this one */
	CHECK(look(&r) == 0 && r.n == 1 && r.d[0].id == 7);
	/* Levels that all lead to the same page end all the same. */
	m->tables[0].size = 1u << 31;
	m->tables[0].nest = 9;
	for (unsigned int i = 0; i < 512; i++)
		m->nested[0][i] = toy_kva(&r.t, m->nested[0]);
	CHECK(look(&r) == -1 && (r.e.code == E2BIG || r.e.code == ELOOP));
	m->tables[0].nest = 10;
	CHECK(look(&r) == -1 && r.e.code == EPROTO);
	toy_destroy(&r.t);
}

static void sizes_that_cannot_be(void)
{
	static const uint32_t sizes[] = {0, 3, 0xffffffff, 1u << 31};
	struct rig r;

	rig_open(&r, NULL);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		r.t.m->tables[0].size = sizes[i];
		CHECK(look(&r) == -1 && r.n == 0);
		CHECK(r.e.code == (i < 3 ? EPROTO : E2BIG));
	}
	toy_destroy(&r.t);
}

static void chains_that_never_end(void)
{
	struct toy_memory *m;
	struct rig r;

	rig_open(&r, NULL);
	m = r.t.m;
	toy_dsq_add(&r.t, &m->tables[0], 0, 3, 1);
	m->dsqs[0].hash_node = toy_kva(&r.t, &m->dsqs[0].hash_node);
	CHECK(look(&r) == -1 && (r.e.code == ELOOP || r.e.code == E2BIG));
	CHECK(r.n == 1 && r.d[0].id == 3);
	m->dsqs[0].id = 1ull << 63; /* not one to be kept either */
	CHECK(look(&r) == -1 && r.e.code == ELOOP && r.n == 0);
	toy_destroy(&r.t);
}

/* The end of another bucket's chain: a queue went there while we followed it. */
static void a_chain_that_ends_elsewhere(void)
{
	struct toy_memory *m;
	struct rig r;

	rig_open(&r, NULL);
	m = r.t.m;
	toy_dsq_add(&r.t, &m->tables[0], 0, 3, 1);
	m->dsqs[0].hash_node = toy_kva(&r.t, &m->tables[0].buckets[4]) | 1;
	CHECK(look(&r) == 0 && r.n == 1); /* seen on each try, told once */
	toy_destroy(&r.t);
}

static void outside_memory(void)
{
	struct rig r;

	rig_open(&r, NULL);
	toy_dsq_add(&r.t, &r.t.m->tables[0], 0, 3, 1);
	toy_dsq_add(&r.t, &r.t.m->tables[0], 1, 4, 1);
	r.t.m->tables[0].buckets[1] = 0xdead000000000100;
	CHECK(look(&r) == -1 && r.e.code == EFAULT && r.n == 1);
	r.t.m->tables[0].buckets[1] = 2;
	CHECK(look(&r) == -1 && r.n == 1);
	r.t.m->sched.dsq_hash.tbl = 0xdead000000000100;
	CHECK(look(&r) == -1 && r.e.code == EFAULT && r.n == 0);
	toy_destroy(&r.t);
}

int main(void)
{
	RUN(in_order_of_id);
	RUN(kernels_without);
	RUN(more_than_there_is_room_for);
	RUN(two_tables);
	RUN(nested_tables);
	RUN(sizes_that_cannot_be);
	RUN(chains_that_never_end);
	RUN(a_chain_that_ends_elsewhere);
	RUN(outside_memory);
	return TEST_END();
}
