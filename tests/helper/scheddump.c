/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scheddump FILE [ROUNDS [PATH..]]: the dump of the scheduler in a RAM file or core as JSON on
 * stdout; on stderr what each PATH resolves to and the medians of how long it takes to read it into
 * a record and to render it out of that, over ROUNDS.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/parse.h"
#include "dump/sched.h"
#include "kernel/kernel.h"
#include "mem/record.h"

#define ROUNDS_MAX 1000u
#define RECORD_MAX (64u << 20)

enum phase { TOUCH, RENDER, N_PHASES };
static const char *const phase_names[] = {[TOUCH] = "touch", [RENDER] = "render"};
static uint64_t times[N_PHASES][ROUNDS_MAX];

static int by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* One dump through a record of its own. */
static int dump(struct sched_dump *d, const struct kernel *k, struct mem *live, unsigned int round,
		bool print, struct err *e)
{
	struct mem *record;
	struct kernel over;
	uint64_t start;
	json_t *json;

	if (mem_record(live, RECORD_MAX, &record, e))
		return -1;
	over = kernel_over(k, record);
	start = clock_now_ns();
	sched_dump_touch(d, &over);
	times[TOUCH][round] = clock_now_ns() - start;
	mem_record_seal(record);
	start = clock_now_ns();
	json = sched_dump_json(d, &over);
	times[RENDER][round] = clock_now_ns() - start;
	if (print) {
		json_dumpf(json, stdout, JSON_INDENT(1));
		fprintf(stderr, "record  %8" PRIu64 " bytes\n", mem_record_bytes(record));
	}
	json_decref(json);
	mem_destroy(record);
	return 0;
}

static void resolve_print(const struct kernel *k, const char *path)
{
	uint64_t kva, len;
	struct err e;

	if (sched_resolve(k, path, &kva, &len, &e))
		fprintf(stderr, "%s\n", e.text);
	else
		fprintf(stderr, "%s 0x%" PRIx64 " %" PRIu64 "\n", path, kva, len);
}

int main(int argc, char **argv)
{
	unsigned int rounds = 1;
	struct sched_dump *d;
	struct kernel *k;
	struct mem *m;
	struct err e;

	if (argc < 2 || (argc > 2 && parse_uint(argv[2], 1, ROUNDS_MAX, &rounds, &e))) {
		fputs("usage: scheddump FILE [ROUNDS [PATH..]]\n", stderr);
		return 2;
	}
	if (mem_open(argv[1], NULL, 0, false, &m, &e) || kernel_attach(m, NULL, &k, &e) ||
	    sched_dump_create(k, &d, &e)) {
		fprintf(stderr, "scheddump: %s\n", e.text);
		return 1;
	}
	for (int i = 3; i < argc; i++)
		resolve_print(k, argv[i]);
	for (unsigned int i = 0; i < rounds; i++)
		if (dump(d, k, m, i, i == rounds - 1, &e)) {
			fprintf(stderr, "scheddump: %s\n", e.text);
			return 1;
		}
	for (unsigned int p = 0; p < N_PHASES; p++) {
		qsort(times[p], rounds, sizeof(times[p][0]), by_time);
		fprintf(stderr, "%-7s %8" PRIu64 " us\n", phase_names[p],
			times[p][rounds / 2] / 1000);
	}
	sched_dump_destroy(d);
	kernel_detach(k);
	mem_destroy(m);
	return 0;
}
