/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures of stopping a machine, for tests/bench/freeze:
 *
 *   freezebench DIR [ROUNDS]         medians over ROUNDS, a line each: `freeze MICROSECONDS` from
 *                                    asking until the machine stands still, `thaw MICROSECONDS`
 *                                    until it goes on
 *   freezebench --bell DIR [ROUNDS]  `bell MICROSECONDS`: from one ring of a guest that rings again
 *                                    and again to the next, each answered by letting it go on;
 *                                    `answer MICROSECONDS`, the part of that until it goes on
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/tool.h"
#include "vm/client.h"
#include "vm/doorbell.h"

static const struct tool_opt opts[] = {
	{"bell", NULL, "measure the doorbell"},
	{0},
};
static const struct tool tool = {.name = "freezebench",
				 .operands = "DIR [ROUNDS]",
				 .summary = "measure stopping a machine",
				 .opts = opts};

#define ROUNDS_MAX 10000u
#define ANSWER_NS (20 * NSEC_PER_SEC)
#define FIRST_RING_NS (300 * NSEC_PER_SEC) /* the machine has to boot */
#define PAUSE_NS (5 * NSEC_PER_MSEC)	   /* for the machine to run between two stops */

static uint64_t first_ns[ROUNDS_MAX], second_ns[ROUNDS_MAX];

static void die(const struct err *e)
{
	tool_die(&tool, TOOL_USAGE, "%s", e->text);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_median(const char *name, uint64_t *ns, unsigned int n)
{
	qsort(ns, n, sizeof(*ns), compare);
	printf("%s %.1f\n", name, (double)ns[n / 2] / 1000);
}

/* Returns how long it took. */
static uint64_t request(struct vm_client *c, const char *text)
{
	uint64_t start = clock_now_ns();
	json_t *answer;
	struct err e;

	if (vm_request(c, text, clock_deadline_ns(ANSWER_NS), &answer, &e))
		die(&e);
	json_decref(answer);
	return clock_now_ns() - start;
}

static void bench_freeze(struct vm_client *c, unsigned int rounds)
{
	for (unsigned int i = 0; i < rounds; i++) {
		const struct timespec pause = {.tv_nsec = PAUSE_NS};

		first_ns[i] = request(c, "freeze 5s");
		second_ns[i] = request(c, "thaw");
		nanosleep(&pause, NULL);
	}
	print_median("freeze", first_ns, rounds);
	print_median("thaw", second_ns, rounds);
}

static uint64_t ring_take(struct vm_client *c, uint64_t wait_ns)
{
	struct doorbell_ring ring;
	struct err e;

	if (doorbell_wait(c, clock_deadline_ns(wait_ns), &ring, &e))
		die(&e);
	return clock_now_ns();
}

static void bench_bell(struct vm_client *c, unsigned int rounds)
{
	struct err e;
	uint64_t last;

	if (doorbell_listen(c, 0, clock_deadline_ns(ANSWER_NS), &e))
		die(&e);
	last = ring_take(c, FIRST_RING_NS);
	for (unsigned int i = 0; i < rounds; i++) {
		uint64_t now;

		if (doorbell_thaw(c, clock_deadline_ns(ANSWER_NS), &e))
			die(&e);
		second_ns[i] = clock_now_ns() - last;
		now = ring_take(c, ANSWER_NS);
		first_ns[i] = now - last;
		last = now;
	}
	print_median("bell", first_ns, rounds);
	print_median("answer", second_ns, rounds);
}

int main(int argc, char **argv)
{
	unsigned int rounds = 101;
	struct vm_client c;
	bool bell = false;
	const char *arg;
	struct err e;

	while (tool_next_option(&tool, argc, argv, &arg) >= 0)
		bell = true;
	if (!argv[optind])
		tool_die(&tool, TOOL_USAGE, "needs a directory");
	if ((argv[optind + 1] && parse_uint(argv[optind + 1], 1, ROUNDS_MAX, &rounds, &e)) ||
	    vm_connect(&c, argv[optind], &e))
		die(&e);
	if (bell)
		bench_bell(&c, rounds);
	else
		bench_freeze(&c, rounds);
	vm_disconnect(&c);
	return TOOL_PASS;
}
