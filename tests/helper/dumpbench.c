/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures of dumping the BPF maps and the scheduler's state of the kernel in a RAM file, for
 * tests/bench/freeze:
 *
 *   dumpbench FILE [ROUNDS]   medians over ROUNDS, a line each: `NAME MICROSECONDS`: create (what
 *                             is learned of a kernel once), maps (copying what all maps need),
 *                             copy (of all that a dump needs), maps-text (the maps as JSON, out
 *                             of the copy), report (all of the dump as JSON); then
 *                             `copied BYTES`, `text BYTES` (of the maps), `n-maps N` and
 *                             `rss BYTES`, the most memory that all this took
 *   dumpbench --print FILE    the maps as JSON
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "json/jsonw.h"
#include "base/parse.h"
#include "base/tool.h"
#include "dump/dump.h"
#include "mem/record.h"

static const struct tool_opt opts[] = {
	{"print", NULL, "print the maps"},
	{0},
};
static const struct tool tool = {.name = "dumpbench",
				 .operands = "FILE [ROUNDS]",
				 .summary = "measure dumping the maps of a kernel",
				 .opts = opts};

#define ROUNDS_MAX 10000u

enum figure { CREATE, MAPS, COPY, MAPS_TEXT, REPORT, N_FIGURES };
static const char *const names[N_FIGURES] = {"create", "maps", "copy", "maps-text", "report"};

static uint64_t ns[N_FIGURES][ROUNDS_MAX];
static uint64_t copied, text_bytes, n_maps;

static void die(const struct err *e)
{
	tool_die(&tool, TOOL_USAGE, "%s", e->text);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print(const struct kernel *k)
{
	struct jsonw w = {0};
	struct maps *maps;
	struct err e;

	if (maps_create(k, &maps, &e) || maps_prepare(maps, k, &e) ||
	    maps_write(maps, k, 0, &w, &e))
		die(&e);
	if (w.failed)
		tool_die(&tool, TOOL_USAGE, "out of memory");
	fwrite(w.out.data, 1, w.out.len, stdout);
	putchar('\n');
	buf_deinit(&w.out);
	maps_destroy(maps);
}

/* Copying the maps alone; the room for that is made while a guest still runs. */
static void round_maps(struct dump *d, const struct kernel *k, unsigned int i)
{
	struct kernel over;
	struct mem *record;
	uint64_t start;
	struct err e;

	if (mem_record(k->mem.mem, DUMP_BYTES_MAX, &record, &e))
		die(&e);
	over = kernel_over(k, record);
	start = clock_now_ns();
	if (maps_touch(d->maps, &over, &e))
		die(&e);
	mem_record_seal(record);
	ns[MAPS][i] = clock_now_ns() - start;
	mem_destroy(record);
}

static void round_text(struct dump *d, const struct dump_copy *c, unsigned int i)
{
	uint64_t start = clock_now_ns();
	struct jsonw w = {0};
	struct err e;

	if (maps_write(d->maps, &c->kernel, 0, &w, &e))
		die(&e);
	ns[MAPS_TEXT][i] = clock_now_ns() - start;
	text_bytes = w.out.len;
	buf_deinit(&w.out);
}

static void round_report(struct dump *d, const struct dump_copy *c, unsigned int i)
{
	const struct dump_extra extra = {.regs_reason = "a file has no registers"};
	uint64_t start = clock_now_ns(), jiffies;
	struct jsonw w = {0};
	struct err e;

	if (dump_write(d, c, &extra, 0, &w, &jiffies, &e))
		die(&e);
	ns[REPORT][i] = clock_now_ns() - start;
	n_maps = 0;
	for (const char *at = buf_text(&w.out); (at = strstr(at, "\"map_kva\":")); at++)
		n_maps++;
	buf_deinit(&w.out);
}

static uint64_t rss_most(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)usage.ru_maxrss * 1024;
}

static void rounds_make(const struct kernel *k, unsigned int rounds)
{
	for (unsigned int i = 0; i < rounds; i++) {
		uint64_t start = clock_now_ns();
		struct dump_copy c;
		struct dump *d;
		struct err e;

		if (dump_create(k, &d, &e) || dump_prepare(d, &e))
			die(&e);
		ns[CREATE][i] = clock_now_ns() - start;
		round_maps(d, k, i);
		start = clock_now_ns();
		if (dump_copy_take(d, &c, &e))
			die(&e);
		ns[COPY][i] = clock_now_ns() - start;
		copied = mem_record_bytes(c.record);
		round_text(d, &c, i);
		round_report(d, &c, i);
		dump_copy_deinit(&c);
		dump_destroy(d);
	}
}

static void print_figures(unsigned int rounds)
{
	for (int f = 0; f < N_FIGURES; f++) {
		qsort(ns[f], rounds, sizeof(ns[f][0]), compare);
		printf("%s %.1f\n", names[f], (double)ns[f][rounds / 2] / 1000);
	}
	printf("copied %" PRIu64 "\ntext %" PRIu64 "\nn-maps %" PRIu64 "\n", copied, text_bytes,
	       n_maps);
}

int main(int argc, char **argv)
{
	unsigned int rounds = 11;
	bool printing = false;
	struct kernel *k;
	const char *arg;
	struct mem *m;
	struct err e;

	while (tool_next_option(&tool, argc, argv, &arg) >= 0)
		printing = true;
	if (!argv[optind])
		tool_die(&tool, TOOL_USAGE, "needs a file");
	if (argv[optind + 1] && parse_uint(argv[optind + 1], 1, ROUNDS_MAX, &rounds, &e))
		die(&e);
	if (mem_open(argv[optind], NULL, 0, false, &m, &e) || kernel_attach(m, NULL, &k, &e))
		die(&e);
	if (printing) {
		print(k);
	} else {
		uint64_t rss = rss_most();

		rounds_make(k, rounds);
		print_figures(rounds);
		printf("rss %" PRIu64 "\n", rss_most() - rss);
	}
	kernel_detach(k);
	mem_destroy(m);
	return TOOL_PASS;
}
