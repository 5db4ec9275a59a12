/* SPDX-License-Identifier: GPL-2.0-only */
/* The sampler on a toy kernel: what it reads, what it does without, and what it does not believe.
 */
#include "kernel/sampler.h"

#include <errno.h>
#include <pthread.h>

#include "base/clock.h"
#include "kernel/scx.h"
#include "test.h"
#include "toykernel.h"

struct rig {
	struct toy t;
	struct sampler *s;
	struct sample x;
	struct err e;
};

/* A toy kernel with a sampler on it; false when that failed. */
static bool rig_open(struct rig *r, const char *without, unsigned int parts)
{
	struct sampler_options o = {.parts = parts};

	if (toy_create(&r->t, without, &r->e) < 0 ||
	    sampler_create(&r->t.k, &o, &r->s, &r->e) < 0 ||
	    sample_init(&r->x, sampler_schema(r->s), &r->e) < 0) {
		printf("# %s\n", r->e.text);
		return false;
	}
	return true;
}

static void rig_close(struct rig *r)
{
	sample_deinit(&r->x);
	sampler_destroy(r->s);
	toy_destroy(&r->t);
}

/* SAMPLE_ABSENT also when there is no such column; 12345 when there is no such row. */
static uint64_t cell(const struct rig *r, enum sample_table t, unsigned int row, const char *column)
{
	const struct schema *schema = sampler_schema(r->s);
	int i = schema_column(schema, t, column);

	if (t == SAMPLE_DSQ ? row >= r->x.n_dsqs : row >= schema->tables[t].n_rows)
		return 12345;
	return i < 0 ? SAMPLE_ABSENT : *sample_cell(&r->x, schema, t, row, (unsigned int)i);
}

static bool has_column(const struct rig *r, enum sample_table t, const char *column)
{
	return schema_column(sampler_schema(r->s), t, column) >= 0;
}

/* Go on with the next schema if there is one. Returns whether there was. */
static bool refresh(struct rig *r)
{
	bool changed = false;

	CHECK(sampler_refresh(r->s, &changed, &r->e) == 0);
	if (changed) {
		sample_deinit(&r->x);
		CHECK(sample_init(&r->x, sampler_schema(r->s), &r->e) == 0);
	}
	return changed;
}

static void everything_is_read(void)
{
	struct rig r;
	const struct schema *schema;
	bool opened = rig_open(&r, NULL, SAMPLER_ALL);

	CHECK(opened);
	if (!opened)
		return;
	toy_dsq_add(&r.t, &r.t.m->tables[0], 0, 17, 4);
	schema = sampler_schema(r.s);
	CHECK(schema->id == 1 && schema->hz == 250 && schema->generation == 1);
	CHECK_STR(schema->release, "7.3.0-toy");
	CHECK_STR(schema->ops, "toy");
	sampler_take(r.s, &r.x);
	CHECK(r.x.invalid == 0 && r.x.retries == 0 && r.x.at_ns && r.x.took_ns);
	CHECK(cell(&r, SAMPLE_MACHINE, 0, "jiffies") == 4294937296);
	CHECK(cell(&r, SAMPLE_MACHINE, 0, "scx_enable_state") == 1);
	CHECK(cell(&r, SAMPLE_MACHINE, 0, "scx_watchdog_timeout") == 5000);
	CHECK(cell(&r, SAMPLE_MACHINE, 0, "scx_nr_rejected") == 6);
	CHECK(cell(&r, SAMPLE_MACHINE, 0, "scx_bypass_depth") == 0);
	CHECK(schema->tables[SAMPLE_CPU].n_rows == TOY_CPUS);
	CHECK(cell(&r, SAMPLE_CPU, 2, "nr_running") == 3);
	CHECK(cell(&r, SAMPLE_CPU, 2, "scx_nr_running") == 2);
	CHECK(cell(&r, SAMPLE_CPU, 2, "local_dsq_depth") == 12);
	CHECK(cell(&r, SAMPLE_CPU, 2, "scx_flags") == 33);
	CHECK(cell(&r, SAMPLE_CPU, 2, "rq_clock") == 1000002);
	CHECK(cell(&r, SAMPLE_CPU, 2, "nr_switches") == 102);
	CHECK(cell(&r, SAMPLE_CPU, 2, "curr_pid") == 502);
	CHECK_STR(schema->classes[cell(&r, SAMPLE_CPU, 2, "curr_class") % 8], "ext");
	CHECK_STR(r.x.comm[2], "worker/2");
	CHECK(cell(&r, SAMPLE_CPU, 2, "torn") == 0);
	CHECK(!has_column(&r, SAMPLE_CPU, "vcpu_cpu_time_ns"));
	CHECK(cell(&r, SAMPLE_SCHEDSTAT, 2, "run_delay") == 79);
	CHECK(cell(&r, SAMPLE_SCHEDSTAT, 2, "pcount") == 5);
	CHECK(cell(&r, SAMPLE_SCHEDSTAT, 2, "ttwu_local") == 9);
	CHECK(cell(&r, SAMPLE_EVENT, 3, "select_cpu_fallback") == 6);
	CHECK(cell(&r, SAMPLE_EVENT, 3, "brand_new") == 40);
	CHECK(schema->tables[SAMPLE_DOMAIN].n_rows == 2 * TOY_CPUS);
	CHECK(schema->tables[SAMPLE_DOMAIN].rows[3].key[0] == 1);
	CHECK(schema->tables[SAMPLE_DOMAIN].rows[3].key[1] == 2);
	CHECK_STR(schema->tables[SAMPLE_DOMAIN].rows[3].name, "PKG");
	CHECK(cell(&r, SAMPLE_DOMAIN, 3, "flags") == 0x11);
	CHECK(cell(&r, SAMPLE_DOMAIN, 3, "lb_count_2") == 10);
	CHECK(cell(&r, SAMPLE_DOMAIN, 3, "span_weight") == 4);
	CHECK(schema->tables[SAMPLE_PROG].n_rows == 1);
	CHECK(schema->tables[SAMPLE_PROG].rows[0].key[0] == 10);
	CHECK(schema->tables[SAMPLE_PROG].rows[0].key[1] == 101);
	CHECK_STR(schema->tables[SAMPLE_PROG].rows[0].name, "prog_1");
	CHECK(cell(&r, SAMPLE_PROG, 0, "cnt") == 40);
	CHECK(cell(&r, SAMPLE_PROG, 0, "nsecs") == 4006);
	CHECK(cell(&r, SAMPLE_PROG, 0, "misses") == 4);
	CHECK(r.x.n_dsqs == 1 && cell(&r, SAMPLE_DSQ, 0, "id") == 17 &&
	      cell(&r, SAMPLE_DSQ, 0, "nr") == 4);
	CHECK(!refresh(&r));
	rig_close(&r);
}

static void only_what_is_asked_for(void)
{
	struct rig r;

	CHECK(rig_open(&r, NULL, 0));
	toy_dsq_add(&r.t, &r.t.m->tables[0], 0, 17, 4);
	sampler_take(r.s, &r.x);
	CHECK(r.x.invalid == 0 && r.x.n_dsqs == 0);
	CHECK(sampler_schema(r.s)->tables[SAMPLE_DOMAIN].n_columns == 0);
	CHECK(sampler_schema(r.s)->tables[SAMPLE_PROG].n_columns == 0);
	CHECK(sampler_schema(r.s)->tables[SAMPLE_DSQ].n_columns == 0);
	CHECK(cell(&r, SAMPLE_CPU, 0, "nr_running") == 1);
	rig_close(&r);
}

/* Each of these kernels lacks something; the rest is read all the same. */
static void counters_of_older_kernels(void)
{
	struct rig r;

	CHECK(rig_open(&r, "scx_sched_pcpu scx_sched.pcpu", SAMPLER_ALL)); /* 6.16 */
	sampler_take(r.s, &r.x);
	CHECK(cell(&r, SAMPLE_EVENT, 1, "bypass_duration") == 61);
	rig_close(&r);

	CHECK(rig_open(&r, "scx_sched_pcpu scx_root scx_sched", SAMPLER_ALL)); /* 6.15 */
	toy_dsq_add(&r.t, &r.t.m->tables[1], 0, 5, 2);
	r.t.m->tables[1].size = TOY_BUCKETS;
	r.t.m->old_hash.tbl = toy_kva(&r.t, &r.t.m->tables[1]);
	sampler_take(r.s, &r.x);
	CHECK(r.x.invalid == 0);
	CHECK(cell(&r, SAMPLE_EVENT, 1, "bypass_duration") == 61);
	CHECK(cell(&r, SAMPLE_MACHINE, 0, "scx_bypass_depth") == 4);
	CHECK(cell(&r, SAMPLE_MACHINE, 0, "scx_watchdog_timeout") == 7500);
	CHECK(r.x.n_dsqs == 1 && cell(&r, SAMPLE_DSQ, 0, "id") == 5);
	CHECK_STR(sampler_schema(r.s)->ops, "older");
	rig_close(&r);

	CHECK(rig_open(&r, "scx_event_stats", SAMPLER_ALL)); /* 6.12 */
	sampler_take(r.s, &r.x);
	CHECK(r.x.invalid == 0 && sampler_schema(r.s)->tables[SAMPLE_EVENT].n_columns == 0);
	rig_close(&r);
}

static void what_is_missing_has_no_column(void)
{
	struct rig r;

	CHECK(rig_open(&r,
		       "rq.yld_count rq.scx rq.rq_sched_info task_struct.comm sched_domain.name "
		       "bpf_prog_stats.misses scx_root scx_ops scx_enable_state_var jiffies_64 "
		       "ext_sched_class",
		       SAMPLER_ALL));
	sampler_take(r.s, &r.x);
	CHECK(r.x.invalid == 0);
	CHECK(!has_column(&r, SAMPLE_SCHEDSTAT, "yld_count"));
	CHECK(has_column(&r, SAMPLE_SCHEDSTAT, "ttwu_local"));
	CHECK(!has_column(&r, SAMPLE_CPU, "local_dsq_depth"));
	CHECK(!has_column(&r, SAMPLE_MACHINE, "scx_enable_state"));
	CHECK(!has_column(&r, SAMPLE_MACHINE, "jiffies"));
	CHECK(!has_column(&r, SAMPLE_PROG, "misses"));
	CHECK(cell(&r, SAMPLE_PROG, 0, "cnt") == 40);
	CHECK_STR(sampler_schema(r.s)->tables[SAMPLE_DOMAIN].rows[0].name, "");
	CHECK_STR(sampler_schema(r.s)->ops, "");
	CHECK_STR(r.x.comm[0], "");
	CHECK(cell(&r, SAMPLE_CPU, 0, "curr_pid") == 500);
	CHECK(cell(&r, SAMPLE_CPU, 0, "curr_class") == SAMPLE_ABSENT);
	rig_close(&r);
}

static void what_every_sample_needs(void)
{
	static const char *const needed[] = {"runqueues", "rq", "rq.clock", "rq.nr_running",
					     "__cpu_online_mask"};
	struct sampler_options o = {0};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		struct sampler *s = (void *)1;
		struct toy t;
		struct err e = {0};
		const char *member = strrchr(needed[i], '.');

		CHECK(toy_create(&t, needed[i], &e) == 0);
		CHECK(sampler_create(&t.k, &o, &s, &e) == -1 && !s);
		CHECK(strstr(e.text, member ? member + 1 : needed[i]));
		toy_destroy(&t);
	}
}

static void no_cpu_is_online_yet(void)
{
	struct sampler_options o = {0};
	struct sampler *s;
	struct toy t;
	struct err e;

	CHECK(toy_create(&t, NULL, &e) == 0);
	t.m->online = 0;
	CHECK(sampler_create(&t.k, &o, &s, &e) == -1 && e.code == EAGAIN);
	toy_destroy(&t);
}

static void offline_cpus_have_no_row(void)
{
	struct rig r;

	CHECK(rig_open(&r, NULL, SAMPLER_ALL));
	r.t.m->online = 0xfff5; /* bits of CPUs that cannot be are nothing */
	CHECK(refresh(&r));
	sampler_take(r.s, &r.x);
	CHECK(sampler_schema(r.s)->id == 2);
	CHECK(sampler_schema(r.s)->tables[SAMPLE_CPU].n_rows == 2);
	CHECK(sampler_schema(r.s)->tables[SAMPLE_CPU].rows[1].key[0] == 2);
	CHECK(cell(&r, SAMPLE_CPU, 1, "curr_pid") == 502);
	CHECK(cell(&r, SAMPLE_PROG, 0, "cnt") == 40); /* of all that are possible */
	CHECK(!refresh(&r));
	rig_close(&r);
}

static void a_scheduler_comes_and_goes(void)
{
	struct rig r;

	CHECK(rig_open(&r, NULL, SAMPLER_ALL));
	r.t.m->scx_root = 0;
	sampler_take(r.s, &r.x);
	CHECK(r.x.invalid == 0);
	CHECK(cell(&r, SAMPLE_EVENT, 0, "select_cpu_fallback") == SAMPLE_ABSENT);
	CHECK(cell(&r, SAMPLE_MACHINE, 0, "scx_exit_kind") == SAMPLE_ABSENT);
	CHECK(cell(&r, SAMPLE_MACHINE, 0, "scx_enable_state") == 1);
	CHECK(refresh(&r));
	CHECK_STR(sampler_schema(r.s)->ops, "");
	sampler_take(r.s, &r.x);
	CHECK(cell(&r, SAMPLE_EVENT, 0, "select_cpu_fallback") == SAMPLE_ABSENT);
	CHECK(!refresh(&r));
	r.t.m->scx_root = toy_kva(&r.t, &r.t.m->sched);
	CHECK(refresh(&r) && sampler_schema(r.s)->id == 3);
	sampler_take(r.s, &r.x);
	CHECK(cell(&r, SAMPLE_EVENT, 0, "select_cpu_fallback") == 3);
	r.t.m->sched.id++; /* another one at the same place */
	CHECK(refresh(&r));
	strcpy(r.t.m->sched.ops.name, "evil\n\x1b[2J");
	CHECK(refresh(&r));
	CHECK_STR(sampler_schema(r.s)->ops, "evil??[2J");
	rig_close(&r);
}

static void domains_are_rebuilt(void)
{
	struct rig r;
	struct toy_memory *m;

	CHECK(rig_open(&r, NULL, SAMPLER_DOMAINS));
	m = r.t.m;
	/* The same list in another place, as after a cpuset was changed, and another list. */
	m->domains[0][0].parent = toy_kva(&r.t, &m->domains[0][3]);
	m->domains[0][3] = m->domains[0][1];
	sampler_take(r.s, &r.x);
	CHECK(cell(&r, SAMPLE_DOMAIN, 0, "flags") == SAMPLE_ABSENT);
	CHECK(cell(&r, SAMPLE_DOMAIN, 2, "flags") == 0x10);
	CHECK(!refresh(&r)); /* the schema says the same: levels and names */
	sampler_take(r.s, &r.x);
	CHECK(cell(&r, SAMPLE_DOMAIN, 0, "flags") == 0x10);
	m->cpus[1].rq.sd = 0;
	CHECK(refresh(&r));
	sampler_take(r.s, &r.x);
	CHECK(sampler_schema(r.s)->tables[SAMPLE_DOMAIN].n_rows == 2 * TOY_CPUS - 2);
	CHECK(sampler_schema(r.s)->tables[SAMPLE_DOMAIN].rows[2].key[0] == 2);
	CHECK(r.x.invalid == 0);
	rig_close(&r);
}

static void programs_come_and_go(void)
{
	struct rig r;
	struct toy_memory *m;

	CHECK(rig_open(&r, NULL, SAMPLER_PROGS));
	m = r.t.m;
	m->auxs[2].attach_btf_id = r.t.ids[OPS];
	CHECK(!refresh(&r)); /* prog_idr is as before: this cannot be seen, and does not happen */
	m->prog_idr.idr_next++;
	CHECK(refresh(&r));
	CHECK(sampler_schema(r.s)->tables[SAMPLE_PROG].n_rows == 2);
	m->prog_idr.idr_next++; /* one that is not a scheduler's */
	CHECK(!refresh(&r));
	m->node.slots[10] = 0; /* one goes, and its memory is used for something else */
	m->auxs[1].id = 0;
	sampler_take(r.s, &r.x);
	CHECK(cell(&r, SAMPLE_PROG, 0, "cnt") == SAMPLE_ABSENT);
	CHECK(cell(&r, SAMPLE_PROG, 1, "cnt") == 40);
	CHECK(refresh(&r));
	CHECK(sampler_schema(r.s)->tables[SAMPLE_PROG].n_rows == 1);
	m->node.slots[11] = 0; /* the other as well, and no sample met it */
	m->auxs[2].id = 0;
	CHECK(refresh(&r));
	CHECK(sampler_schema(r.s)->tables[SAMPLE_PROG].n_rows == 0);
	rig_close(&r);
}

static void samples_that_do_not_count(void)
{
	struct rig r;
	struct toy_memory *m;

	CHECK(rig_open(&r, NULL, SAMPLER_ALL));
	m = r.t.m;
	m->cpus[3].rq.scx.local_dsq.nr = 10000;
	sampler_take(r.s, &r.x);
	CHECK(r.x.invalid == 0);
	m->cpus[3].rq.scx.local_dsq.nr = 10001;
	sampler_take(r.s, &r.x);
	CHECK(r.x.invalid == SAMPLE_IMPLAUSIBLE);
	CHECK(cell(&r, SAMPLE_CPU, 3, "local_dsq_depth") == 10001);
	m->cpus[3].rq.scx.local_dsq.nr = 0;
	m->cpus[3].rq.nr_running = 0xffffffff;
	sampler_take(r.s, &r.x);
	CHECK(r.x.invalid == SAMPLE_IMPLAUSIBLE);
	m->cpus[3].rq.nr_running = 0;
	for (unsigned int i = 0; i < TOY_CPUS; i++)
		m->cpus[i].rq.clock = 0;
	sampler_take(r.s, &r.x);
	CHECK(r.x.invalid == SAMPLE_UNINIT);
	m->cpus[2].rq.clock = 1;
	sampler_take(r.s, &r.x);
	CHECK(r.x.invalid == 0);
	m->cpus[2].rq.curr = 0xdead000000000100;
	sampler_take(r.s, &r.x);
	CHECK(r.x.invalid == SAMPLE_UNREADABLE);
	CHECK(cell(&r, SAMPLE_CPU, 2, "nr_running") == 3);
	CHECK(cell(&r, SAMPLE_CPU, 2, "curr_pid") == SAMPLE_ABSENT);
	CHECK_STR(r.x.comm[2], "");
	CHECK(cell(&r, SAMPLE_CPU, 3, "curr_pid") == 503);
	rig_close(&r);
}

static void pointers_that_lead_nowhere(void)
{
	static const uint64_t wild[] = {1, 0xdead000000000100, TOY_MAP + TOY_BYTES - 4, ~0ull - 7,
					TOY_MAP - 4096};

	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		struct rig r;
		struct toy_memory *m;
		bool changed;

		CHECK(rig_open(&r, NULL, SAMPLER_ALL));
		m = r.t.m;
		m->cpus[0].rq.curr = m->cpus[1].rq.sd = m->sched.pcpu = wild[i];
		m->domains[2][0].parent = m->domains[3][0].name = wild[i];
		m->progs[1].aux = m->progs[2].stats = m->sched.dsq_hash.tbl = wild[i];
		m->prog_idr.idr_next++;
		refresh(&r);
		sampler_take(r.s, &r.x);
		CHECK(r.x.invalid & SAMPLE_UNREADABLE);
		m->scx_root = wild[i];
		CHECK(sampler_refresh(r.s, &changed, &r.e) == -1 && !changed);
		sampler_take(r.s, &r.x);
		CHECK(r.x.invalid & SAMPLE_UNREADABLE);
		CHECK(cell(&r, SAMPLE_EVENT, 0, "select_cpu_fallback") == SAMPLE_ABSENT);
		m->scx_root = 0;
		m->prog_idr.xa_head = wild[i];
		CHECK(refresh(&r));
		sampler_take(r.s, &r.x);
		CHECK(r.x.n_dsqs == 0 && sampler_schema(r.s)->tables[SAMPLE_PROG].n_rows == 0);
		rig_close(&r);
	}
}

/* ---- a guest that writes while it is read ---- */

static volatile int writer_ends;

static void *writer(void *arg)
{
	volatile struct toy_rq *rq = arg;

	while (!writer_ends) {
		rq->clock++;
		rq->nr_switches++;
	}
	return NULL;
}

static void a_queue_that_changes_all_the_time(void)
{
	unsigned int torn = 0, whole = 0;
	uint64_t retries = 0, deadline;
	pthread_t thread;
	struct rig r;

	CHECK(rig_open(&r, NULL, SAMPLER_ALL));
	writer_ends = 0;
	CHECK(pthread_create(&thread, NULL, writer, &r.t.m->cpus[1].rq) == 0);
	/* Also on one core, where the two take turns, one is met at work before long. */
	deadline = clock_deadline_ns(20 * NSEC_PER_SEC);
	while (torn < 10 && clock_now_ns() < deadline) {
		sampler_take(r.s, &r.x);
		retries += r.x.retries;
		CHECK(cell(&r, SAMPLE_CPU, 0, "torn") == 0);
		CHECK((r.x.invalid == SAMPLE_TORN) == (cell(&r, SAMPLE_CPU, 1, "torn") == 1));
		torn += r.x.invalid == SAMPLE_TORN;
	}
	writer_ends = 1;
	pthread_join(thread, NULL);
	sampler_take(r.s, &r.x);
	whole += r.x.invalid == 0;
	CHECK(torn == 10 && retries >= 3 * torn && whole == 1);
	rig_close(&r);
}

#define SPELL_NS 200000u /* longer than a sample takes */

static void spin(uint64_t span_ns)
{
	uint64_t end = clock_deadline_ns(span_ns);

	while (clock_now_ns() < end)
		;
}

/* The scheduler goes and its memory is used for something else; then it comes again. */
static void *swapper(void *arg)
{
	struct toy *t = arg;
	volatile uint64_t *root = &t->m->scx_root;
	volatile int64_t *event = &t->m->cpus[0].pcpu.event_stats.events[0];
	volatile uint64_t *bucket = &t->m->tables[0].buckets[0];
	uint64_t sched = toy_kva(t, &t->m->sched), first = *bucket;

	while (!writer_ends) {
		*root = 0;
		*event = 999;
		*bucket = 0xdead000000000100;
		spin(SPELL_NS);
		*bucket = first | 1; /* locked */
		*event = 3;
		*root = sched;
		spin(SPELL_NS);
	}
	return NULL;
}

static void a_scheduler_that_flickers(void)
{
	unsigned int turns = 0;
	bool was_there = true, is_there = true;
	uint64_t deadline;
	pthread_t thread;
	struct rig r;

	CHECK(rig_open(&r, NULL, SAMPLER_DSQS));
	toy_dsq_add(&r.t, &r.t.m->tables[0], 0, 17, 4);
	writer_ends = 0;
	CHECK(pthread_create(&thread, NULL, swapper, &r.t) == 0);
	deadline = clock_deadline_ns(20 * NSEC_PER_SEC);
	while (turns < 1000 && clock_now_ns() < deadline) {
		uint64_t events;

		sampler_take(r.s, &r.x);
		events = cell(&r, SAMPLE_EVENT, 0, "select_cpu_fallback");
		is_there = events != SAMPLE_ABSENT;
		turns += is_there != was_there;
		was_there = is_there;
		if (r.x.took_ns >= SPELL_NS / 2)
			continue; /* not run for so long that it may have come back */
		CHECK(events == 3 || events == SAMPLE_ABSENT);
		CHECK(r.x.n_dsqs == 0 || (r.x.n_dsqs == 1 && cell(&r, SAMPLE_DSQ, 0, "nr") == 4));
	}
	CHECK(turns > 2);
	writer_ends = 1;
	pthread_join(thread, NULL);
	rig_close(&r);
}

/* ---- the rest ---- */

static void time_of_vcpus(void)
{
	int fds[TOY_CPUS] = {-1, -1, -1, -1};
	struct sampler_options o = {.vcpu_fds = fds, .n_vcpus = 3, .schema_id = 8, .generation = 2};
	char path[] = "/tmp/ktstr-sampler-XXXXXX";
	struct rig r;

	CHECK(toy_create(&r.t, NULL, &r.e) == 0);
	fds[1] = mkstemp(path);
	fds[3] = fds[1]; /* beyond n_vcpus */
	unlink(path);
	CHECK(write(fds[1], "123456789 5 6\n", 14) == 14);
	CHECK(sampler_create(&r.t.k, &o, &r.s, &r.e) == 0);
	CHECK(sample_init(&r.x, sampler_schema(r.s), &r.e) == 0);
	CHECK(sampler_schema(r.s)->id == 8 && sampler_schema(r.s)->generation == 2);
	sampler_take(r.s, &r.x);
	CHECK(cell(&r, SAMPLE_CPU, 0, "vcpu_cpu_time_ns") == SAMPLE_ABSENT);
	CHECK(cell(&r, SAMPLE_CPU, 1, "vcpu_cpu_time_ns") == 123456789);
	CHECK(cell(&r, SAMPLE_CPU, 3, "vcpu_cpu_time_ns") == SAMPLE_ABSENT);
	CHECK(ftruncate(fds[1], 0) == 0);
	sampler_take(r.s, &r.x);
	CHECK(cell(&r, SAMPLE_CPU, 1, "vcpu_cpu_time_ns") == SAMPLE_ABSENT);
	close(fds[1]);
	rig_close(&r);
}

static void the_watchdog(void)
{
	uint64_t jiffies;
	struct toy t;
	struct err e;

	CHECK(toy_create(&t, NULL, &e) == 0);
	CHECK(scx_watchdog_read(&t.k, &jiffies, &e) == 0 && jiffies == 5000);
	CHECK(scx_watchdog_write(&t.k, 750, &e) == 0 && t.m->sched.watchdog_timeout == 750);
	CHECK(t.m->old_watchdog == 7500 && t.m->sched.id == 1 && t.m->sched.exit_kind == 0);
	t.m->scx_root = 0;
	CHECK(scx_watchdog_read(&t.k, &jiffies, &e) == -1 && e.code == EAGAIN);
	CHECK(scx_watchdog_write(&t.k, 1, &e) == -1 && e.code == EAGAIN);
	t.m->scx_root = 0xdead000000000100;
	CHECK(scx_watchdog_write(&t.k, 1, &e) == -1 && e.code == EFAULT);
	toy_destroy(&t);

	CHECK(toy_create(&t, "scx_sched.watchdog_timeout", &e) == 0);
	CHECK(scx_watchdog_write(&t.k, 250, &e) == 0 && t.m->old_watchdog == 250);
	CHECK(scx_watchdog_read(&t.k, &jiffies, &e) == 0 && jiffies == 250);
	CHECK(t.m->sched.watchdog_timeout == 5000);
	toy_destroy(&t);

	CHECK(toy_create(&t, "scx_sched.watchdog_timeout scx_watchdog_timeout", &e) == 0);
	CHECK(scx_watchdog_read(&t.k, &jiffies, &e) == -1 && e.code == ENOENT);
	toy_destroy(&t);
}

int main(void)
{
	RUN(everything_is_read);
	RUN(only_what_is_asked_for);
	RUN(counters_of_older_kernels);
	RUN(what_is_missing_has_no_column);
	RUN(what_every_sample_needs);
	RUN(no_cpu_is_online_yet);
	RUN(offline_cpus_have_no_row);
	RUN(a_scheduler_comes_and_goes);
	RUN(domains_are_rebuilt);
	RUN(programs_come_and_go);
	RUN(samples_that_do_not_count);
	RUN(pointers_that_lead_nowhere);
	RUN(a_queue_that_changes_all_the_time);
	RUN(a_scheduler_that_flickers);
	RUN(time_of_vcpus);
	RUN(the_watchdog);
	return TEST_END();
}
