/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * attach FILE [ROUNDS]: attach to the kernel in a RAM file or core and print its release, number of
 * symbols and CPUs, and how long that takes, as medians over ROUNDS: all of it, from opening the
 * file to the kernel being ready, and its larger parts alone.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/parse.h"
#include "kernel/kernel.h"

#define ROUNDS_MAX 1000u

enum phase { OPEN, FIND, SYMBOLS, BTF_COPY, TYPES, CLOSE, ATTACH, ALL, N_PHASES };
static const char *const phase_names[] = {
	[OPEN] = "open",   [FIND] = "vmcoreinfo", [SYMBOLS] = "symbols", [BTF_COPY] = "btf copy",
	[TYPES] = "types", [CLOSE] = "close",	  [ATTACH] = "attach",	 [ALL] = "open+attach",
};

static uint64_t times[N_PHASES][ROUNDS_MAX], mark;

static void lap(enum phase phase, unsigned int round)
{
	uint64_t now = clock_now_ns();

	times[phase][round] = now - mark;
	mark = clock_now_ns();
}

/* The parts one by one, by the calls that attach makes. */
static int parts(const char *file, unsigned int round, struct err *e)
{
	struct vmcoreinfo_search search;
	struct kernel k = {0};
	uint64_t from, to;
	_cleanup_free_ void *btf = NULL;
	struct mem *m;

	mark = clock_now_ns();
	if (mem_open(file, NULL, 0, false, &m, e))
		return -1;
	lap(OPEN, round);
	vmcoreinfo_search_init(&search, m);
	if (vmcoreinfo_next(&search, &k.vmcoreinfo, e) || kmem_init(&k.mem, m, &k.vmcoreinfo, e))
		return -1;
	lap(FIND, round);
	if (kallsyms_create(&k.mem, &k.vmcoreinfo, &k.symbols, e))
		return -1;
	lap(SYMBOLS, round);
	if (kernel_symbol(&k, "__start_BTF", &from, e) || kernel_symbol(&k, "__stop_BTF", &to, e))
		return -1;
	btf = malloc(to - from);
	if (!btf || kmem_read(&k.mem, from, btf, to - from, e))
		return -1;
	lap(BTF_COPY, round);
	if (types_create(btf, to - from, NULL, &k.types, e))
		return -1;
	lap(TYPES, round);
	types_destroy(k.types);
	kallsyms_destroy(k.symbols);
	mem_destroy(m);
	lap(CLOSE, round);
	return 0;
}

static int whole(const char *file, unsigned int round, bool last, struct err *e)
{
	uint64_t start = mark = clock_now_ns();
	struct kernel *k;
	struct mem *m;

	if (mem_open(file, NULL, 0, false, &m, e))
		return -1;
	mark = clock_now_ns();
	if (kernel_attach(m, NULL, &k, e))
		return -1;
	lap(ATTACH, round);
	times[ALL][round] = clock_now_ns() - start;
	if (last)
		printf("release     %s\nsymbols     %zu\ntypes       %u\ncpus        %u\n"
		       "hz          %u\nalive       %s\n",
		       k->vmcoreinfo.release, kallsyms_count(k->symbols),
		       btf__type_cnt(types_btf(k->types)), k->nr_cpu_ids, k->hz,
		       kernel_is_alive(k) ? "yes" : "no");
	kernel_detach(k);
	mem_destroy(m);
	return 0;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	unsigned int rounds = 5;
	struct err e;

	if (argc < 2 || argc > 3 ||
	    (argc == 3 && parse_uint(argv[2], 1, ROUNDS_MAX, &rounds, &e))) {
		fputs("usage: attach FILE [ROUNDS]\n", stderr);
		return 2;
	}
	for (unsigned int i = 0; i < rounds; i++) {
		if (whole(argv[1], i, i == rounds - 1, &e) || parts(argv[1], i, &e)) {
			fprintf(stderr, "attach: %s\n", e.text);
			return 1;
		}
	}
	for (unsigned int p = 0; p < N_PHASES; p++) {
		qsort(times[p], rounds, sizeof(times[p][0]), by_time);
		printf("%-11s %6" PRIu64 " us\n", phase_names[p], times[p][rounds / 2] / 1000);
	}
	return 0;
}
