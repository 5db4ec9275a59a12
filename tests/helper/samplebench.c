/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures of attaching to the kernel in a RAM file and of sampling it, for tests/bench/run:
 *
 *   samplebench FILE [ROUNDS]      medians over ROUNDS, a line each: `NAME MICROSECONDS`: attach
 *                                  (from opening the file), and a sample of PARTS for queues (run
 *                                  queues and events), domains (these and the domains) and all;
 *                                  then `cpus N`
 *   samplebench --reads FILE       where a sample with domains reads its numbers: `GPA SIZE` each
 *   samplebench --cpus N FILE      change FILE so that its kernel has N CPUs: each of the new ones
 *                                  is a copy of one that was there, with the event counters and
 *                                  domains of that one
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/tool.h"
#include "kernel/sampler.h"

static const struct tool_opt opts[] = {
	{"reads", NULL, "print the addresses of what a sample reads"},
	{"cpus", "N", "give the kernel in FILE so many CPUs"},
	{0},
};
static const struct tool tool = {.name = "samplebench",
				 .operands = "FILE [ROUNDS]",
				 .summary = "measure attaching to a kernel and sampling it",
				 .opts = opts};

#define ROUNDS_MAX 100000u
#define SAMPLES_A_ROUND 100u

static void die(const struct err *e)
{
	tool_die(&tool, TOOL_USAGE, "%s", e->text);
}

static void attach(const char *file, bool writable, struct mem **ret_mem, struct kernel **ret)
{
	struct err e;

	if (mem_open(file, NULL, 0, writable, ret_mem, &e) ||
	    kernel_attach(*ret_mem, NULL, ret, &e))
		die(&e);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double median_us(uint64_t *ns, unsigned int n)
{
	qsort(ns, n, sizeof(*ns), compare);
	return (double)ns[n / 2] / 1000;
}

static void bench_attach(const char *file, unsigned int rounds)
{
	uint64_t *ns = calloc(rounds, sizeof(*ns));

	for (unsigned int i = 0; ns && i < rounds; i++) {
		uint64_t start = clock_now_ns();
		struct kernel *k;
		struct mem *m;

		attach(file, false, &m, &k);
		ns[i] = clock_now_ns() - start;
		kernel_detach(k);
		mem_destroy(m);
	}
	if (ns)
		printf("attach %.1f\n", median_us(ns, rounds));
	free(ns);
}

/* Each figure is the mean of a few samples, so that the clock itself does not count. */
static void bench_parts(const struct kernel *k, const char *name, unsigned int parts,
			unsigned int rounds)
{
	uint64_t *ns = calloc(rounds, sizeof(*ns));
	struct sampler_options o = {.parts = parts};
	struct sampler *s;
	struct sample sample;
	struct err e;

	if (sampler_create(k, &o, &s, &e) || sample_init(&sample, sampler_schema(s), &e))
		die(&e);
	for (unsigned int i = 0; ns && i < rounds; i++) {
		uint64_t start = clock_now_ns();

		for (unsigned int j = 0; j < SAMPLES_A_ROUND; j++)
			sampler_take(s, &sample);
		ns[i] = (clock_now_ns() - start) / SAMPLES_A_ROUND;
	}
	if (sample.invalid)
		tool_die(&tool, TOOL_USAGE, "the sample is not valid: 0x%x", sample.invalid);
	if (ns)
		printf("%s %.3f\n", name, median_us(ns, rounds));
	if (parts == SAMPLER_ALL)
		printf("cpus %u\n", sampler_schema(s)->tables[SAMPLE_CPU].n_rows);
	free(ns);
	sample_deinit(&sample);
	sampler_destroy(s);
}

/* ---- the reads ---- */

static void put_read(const struct kernel *k, uint64_t kva, uint64_t size)
{
	uint64_t gpa, left;
	struct err e;

	if (kmem_translate(&k->mem, kva, &gpa, &left, &e))
		die(&e);
	printf("%" PRIu64 " %" PRIu64 "\n", gpa, size);
}

/* Member @path of @type at @kva, all of its elements; its value, too. 0 when there is none. */
static uint64_t put_member(const struct kernel *k, uint64_t kva, const char *type, const char *path)
{
	uint64_t value = 0;
	struct member m;
	struct err e;

	if (types_member(k->types, type, path, &m, &e))
		return 0;
	for (uint32_t i = 0; i < m.count; i++)
		put_read(k, kva + m.offset + i * m.size, m.size);
	if (m.size <= 8 && m.count == 1 && kernel_read_member(k, kva, &m, &value, &e))
		die(&e);
	return value;
}

static void put_members(const struct kernel *k, uint64_t kva, const char *type,
			const char *const *paths)
{
	for (; *paths; paths++)
		put_member(k, kva, type, *paths);
}

static void put_domains(const struct kernel *k, uint64_t sd)
{
	static const char *const paths[] = {"level",
					    "name",
					    "flags",
					    "span_weight",
					    "balance_interval",
					    "nr_balance_failed",
					    "max_newidle_lb_cost",
					    "newidle_call",
					    "newidle_success",
					    "newidle_ratio",
					    "lb_count",
					    "lb_failed",
					    "lb_balanced",
					    "lb_imbalance_load",
					    "lb_imbalance_util",
					    "lb_imbalance_task",
					    "lb_imbalance_misfit",
					    "lb_gained",
					    "lb_hot_gained",
					    "lb_nobusyg",
					    "lb_nobusyq",
					    "alb_count",
					    "alb_failed",
					    "alb_pushed",
					    "sbe_count",
					    "sbe_balanced",
					    "sbe_pushed",
					    "sbf_count",
					    "sbf_balanced",
					    "sbf_pushed",
					    "ttwu_wake_remote",
					    "ttwu_move_affine",
					    "ttwu_move_balance",
					    NULL};

	for (unsigned int depth = 0; sd && depth < 8; depth++) {
		put_members(k, sd, "sched_domain", paths);
		sd = put_member(k, sd, "sched_domain", "parent");
	}
}

static void put_events(const struct kernel *k, unsigned int cpu)
{
	uint64_t root, sch, pcpu, kva;
	struct member pointer, stats;
	struct err e;

	if (kernel_symbol(k, "scx_root", &root, &e) || kmem_u64(&k->mem, root, &sch, &e) || !sch ||
	    types_member(k->types, "scx_sched", "pcpu", &pointer, &e) ||
	    types_member(k->types, "scx_sched_pcpu", "event_stats", &stats, &e) ||
	    kernel_read_member(k, sch, &pointer, &pcpu, &e) ||
	    kernel_percpu(k, pcpu, cpu, &kva, &e))
		return;
	for (size_t i = 0; i < types_members(k->types, stats.type); i++) {
		const char *name;
		struct member m;

		if (types_member_at(k->types, stats.type, i, &name, &m, &e))
			die(&e);
		put_read(k, kva + stats.offset + m.offset, m.size);
	}
}

static void put_cpu(const struct kernel *k, unsigned int cpu)
{
	static const char *const rq_paths[] = {"nr_running",
					       "scx.nr_running",
					       "scx.local_dsq.nr",
					       "scx.flags",
					       "clock",
					       "nr_switches",
					       "rq_sched_info.run_delay",
					       "rq_sched_info.pcount",
					       "yld_count",
					       "sched_count",
					       "sched_goidle",
					       "ttwu_count",
					       "ttwu_local",
					       NULL};
	static const char *const task_paths[] = {"pid", "sched_class", "comm", NULL};
	uint64_t var, rq;
	struct err e;

	if (kernel_symbol(k, "runqueues", &var, &e) || kernel_percpu(k, var, cpu, &rq, &e))
		die(&e);
	put_members(k, rq, "rq", rq_paths);
	put_members(k, put_member(k, rq, "rq", "curr"), "task_struct", task_paths);
	put_events(k, cpu);
	put_domains(k, put_member(k, rq, "rq", "sd"));
}

/* ---- more CPUs ---- */

#define HUGE (2ull << 20)	 /* what one entry of the last level but one maps */
#define TABLES_SIZE (1ull << 20) /* room for new page tables */
#define ENTRY_ADDRESS 0x000ffffffffff000ull
#define ENTRY_PRESENT 1u

/* The kernel in an image that grew: copies of its per-CPU areas come behind its memory, then page
 * tables. */
struct grown {
	struct kernel *k;
	struct mem *m;
	uint64_t memory; /* bytes of the guest's memory */
	uint64_t span;	 /* of the areas of all CPUs that there were */
	uint64_t unit;	 /* of one of them */
	uint64_t start;	 /* __per_cpu_start */
	uint64_t tables; /* where the next page table goes */
};

static uint64_t symbol(const struct kernel *k, const char *name)
{
	uint64_t ret;
	struct err e;

	if (kernel_symbol(k, name, &ret, &e))
		die(&e);
	return ret;
}

static void set(const struct grown *g, uint64_t kva, const void *data, size_t len)
{
	struct err e;

	if (kmem_write(&g->k->mem, kva, data, len, &e))
		die(&e);
}

static void set_mask(const struct grown *g, const char *name, unsigned int cpus)
{
	uint64_t bits[KERNEL_CPUS_MAX / 64] = {0};

	for (unsigned int i = 0; i < cpus; i++)
		bits[i / 64] |= 1ull << i % 64;
	set(g, symbol(g->k, name), bits, (cpus + 63) / 64 * 8);
}

/* The guest-physical address of the entry that maps 2 MiB at @va; tables on the way are made. */
static uint64_t huge_entry(struct grown *g, uint64_t va)
{
	unsigned int shift = g->k->mem.pgtable.levels == 5 ? 48 : 39;
	uint64_t table = g->k->mem.pgtable.root_gpa;

	for (;; shift -= 9) {
		uint64_t at = table + (va >> shift & 511) * 8, entry;
		struct err e;

		if (shift == 21)
			return at;
		if (mem_read(g->m, at, &entry, 8, &e))
			die(&e);
		if (!(entry & ENTRY_PRESENT)) {
			entry = g->tables | 0x67; /* for the kernel, writable, used */
			g->tables += 4096;
			if (mem_write(g->m, at, &entry, 8, &e))
				die(&e);
		}
		table = entry & ENTRY_ADDRESS;
	}
}

/* Let @to show what @from does, 2 MiB there. */
static void alias(struct grown *g, uint64_t from, uint64_t to)
{
	uint64_t entry;
	struct err e;

	if (mem_read(g->m, huge_entry(g, from), &entry, 8, &e) ||
	    mem_write(g->m, huge_entry(g, to), &entry, 8, &e))
		die(&e);
}

/* The sched_ext counters lie in a chunk of per-CPU memory that the page tables map. */
static void alias_events(struct grown *g, uint64_t distance)
{
	uint64_t pcpu, first, sch;
	struct member m;
	struct err e;

	if (kmem_u64(&g->k->mem, symbol(g->k, "scx_root"), &sch, &e) ||
	    types_member(g->k->types, "scx_sched", "pcpu", &m, &e) ||
	    kernel_read_member(g->k, sch, &m, &pcpu, &e) ||
	    kernel_percpu(g->k, pcpu, 0, &first, &e))
		die(&e);
	first &= ~(HUGE - 1);
	for (uint64_t at = 0; at <= g->span; at += HUGE)
		alias(g, first + at, first + at + distance);
}

/* CPU @cpu as a copy of CPU @of, @distance further up. */
static void add_cpu(const struct grown *g, unsigned int cpu, unsigned int of, uint64_t distance)
{
	uint64_t offset = g->k->percpu[of] + distance;
	char *area = malloc(g->unit);
	uint32_t number = cpu;
	struct err e;

	if (!area || kmem_read(&g->k->mem, g->start + g->k->percpu[of], area, g->unit, &e))
		tool_die(&tool, TOOL_USAGE, "cannot copy a per-CPU area");
	set(g, g->start + offset, area, g->unit);
	set(g, symbol(g->k, "cpu_number") + offset, &number, sizeof(number));
	set(g, symbol(g->k, "__per_cpu_offset") + 8 * cpu, &offset, 8);
	free(area);
}

static uint64_t round_up(uint64_t n)
{
	return (n + HUGE - 1) / HUGE * HUGE;
}

static void grow(struct grown *g, const char *file, unsigned int cpus)
{
	struct kernel *k;
	struct err e;

	attach(file, false, &g->m, &k);
	if (k->nr_cpu_ids < 2 || mem_size(g->m) != mem_end(g->m))
		tool_die(&tool, TOOL_USAGE, "'%s' is no flat image of several CPUs", file);
	g->memory = round_up(mem_size(g->m));
	g->unit = k->percpu[1] - k->percpu[0];
	g->span = round_up(g->unit * k->nr_cpu_ids);
	g->start = symbol(k, "__per_cpu_start");
	g->tables = g->memory + round_up(g->start + k->percpu[0] - k->mem.page_offset) +
		    (cpus / k->nr_cpu_ids + 1) * g->span;
	kernel_detach(k);
	mem_destroy(g->m);
	if (truncate(file, (off_t)(g->tables + TABLES_SIZE)))
		err_sys(&e, "cannot make '%s' longer", file), die(&e);
	attach(file, true, &g->m, &g->k);
}

static void make_cpus(const char *file, unsigned int cpus)
{
	struct grown g = {0};
	unsigned int had;
	uint32_t n = cpus;

	grow(&g, file, cpus);
	had = g.k->nr_cpu_ids;
	for (unsigned int i = had; i < cpus; i++) {
		uint64_t distance = g.memory + i / had * g.span;

		if (i % had == 0)
			alias_events(&g, distance);
		add_cpu(&g, i, i % had, distance);
	}
	set_mask(&g, "__cpu_online_mask", cpus);
	set_mask(&g, "__cpu_possible_mask", cpus);
	set(&g, symbol(g.k, "nr_cpu_ids"), &n, sizeof(n));
	kernel_detach(g.k);
	mem_destroy(g.m);
}

int main(int argc, char **argv)
{
	unsigned int rounds = 21, cpus = 0;
	const char *arg, *file;
	bool reads = false;
	struct kernel *k;
	struct mem *m;
	struct err e;
	int opt;

	while ((opt = tool_next_option(&tool, argc, argv, &arg)) >= 0) {
		reads |= opt == 0;
		if (opt == 1 && parse_uint(arg, 1, KERNEL_CPUS_MAX, &cpus, &e))
			tool_bad_option(&tool, "cpus", &e);
	}
	file = argv[optind];
	if (!file)
		tool_die(&tool, TOOL_USAGE, "needs a file");
	if (argv[optind + 1] && parse_uint(argv[optind + 1], 1, ROUNDS_MAX, &rounds, &e))
		die(&e);
	if (cpus) {
		make_cpus(file, cpus);
		return TOOL_PASS;
	}
	if (!reads)
		bench_attach(file, rounds);
	attach(file, false, &m, &k);
	if (reads) {
		for (unsigned int cpu = 0; cpu < k->nr_cpu_ids; cpu++)
			put_cpu(k, cpu);
	} else {
		bench_parts(k, "queues", 0, rounds);
		bench_parts(k, "domains", SAMPLER_DOMAINS, rounds);
		bench_parts(k, "all", SAMPLER_ALL, rounds);
	}
	kernel_detach(k);
	mem_destroy(m);
	return TOOL_PASS;
}
