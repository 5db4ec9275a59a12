/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmshake DIR freeze COUNT HOLD_US GAP_US: stop the machine at random times, COUNT times, for at
 * most HOLD_US each, with at most GAP_US between.
 * vmshake DIR watch SYMBOL LEN COUNT HOLD_US: stop it at COUNT stores to the kernel's SYMBOL, from
 * as soon as the kernel can be read.
 *
 * Both print one line of what they did, also when the machine ends before. At each hit the word is
 * read at the beginning and at the end of the hold: `wrong` counts those at which it is not what
 * the machine told, `steps` is by how much it grew at most from one hit to the next.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/tool.h"
#include "kernel/kernel.h"
#include "target/target.h"

static const struct tool_opt opts[] = {{0}};
static const struct tool tool = {.name = "vmshake",
				 .operands = "DIR freeze|watch ...",
				 .summary = "stop a machine again and again",
				 .opts = opts};

#define ANSWER_NS (30 * NSEC_PER_SEC)
#define WAIT_NS (180 * NSEC_PER_SEC) /* the machine may have to boot first */

static unsigned int number(const char *text)
{
	unsigned int value;
	struct err e;

	if (parse_uint(text, 0, UINT32_MAX, &value, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	return value;
}

/* Wait for up to @max_us. */
static void wait_some(unsigned int max_us)
{
	uint64_t ns = max_us ? (uint64_t)random() % max_us * NSEC_PER_USEC : 0;
	struct timespec span = {.tv_sec = (time_t)(ns / NSEC_PER_SEC),
				.tv_nsec = (long)(ns % NSEC_PER_SEC)};

	nanosleep(&span, NULL);
}

static int freezes(struct target *t, unsigned int count, unsigned int hold_us, unsigned int gap_us)
{
	unsigned int done = 0;
	struct err e;

	for (; done < count; done++) {
		if (vm_request(&t->vm, "freeze 60s", clock_deadline_ns(ANSWER_NS), NULL, &e))
			break;
		wait_some(hold_us);
		if (vm_request(&t->vm, "thaw", clock_deadline_ns(ANSWER_NS), NULL, &e))
			break;
		wait_some(gap_us);
	}
	printf("freezes %u\n", done);
	return done ? TOOL_PASS : TOOL_FAIL;
}

static struct kernel *attach(const struct target *t)
{
	uint64_t deadline = clock_deadline_ns(WAIT_NS);
	const struct kernel_sources files = target_files(t);
	struct kernel *k;
	struct err e;

	while (kernel_attach(t->mem, &files, &k, &e)) {
		if (e.code != EAGAIN || clock_now_ns() > deadline)
			tool_die(&tool, TOOL_USAGE, "%s", e.text);
		wait_some(100000);
	}
	return k;
}

static uint64_t word(const struct target *t, const struct watch_hit *h)
{
	uint64_t value = 0;
	struct err e;

	if (mem_read(t->mem, h->gpa, &value, h->len, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	return value;
}

static int hits(struct target *t, const char *symbol, unsigned int len, unsigned int count,
		unsigned int hold_us)
{
	unsigned int done = 0, wrong = 0, slot;
	uint64_t kva, gpa, left, last = 0, steps = 0;
	struct kernel *k = attach(t);
	struct err e;

	if (kernel_symbol(k, symbol, &kva, &e) || kmem_translate(&k->mem, kva, &gpa, &left, &e) ||
	    watch_add(&t->vm, kva, gpa, len, 0, clock_deadline_ns(ANSWER_NS), &slot, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	while (!t->gone && done < count) {
		struct pollfd p = {.fd = t->vm.fd, .events = POLLIN};

		poll(&p, 1, 1000);
		target_hear(t);
		if (!t->at_watch)
			continue;
		wrong += t->hit.kva != kva || word(t, &t->hit) != t->hit.value;
		wait_some(hold_us);
		wrong += word(t, &t->hit) != t->hit.value;
		if (done && t->hit.value - last > steps)
			steps = t->hit.value - last;
		last = t->hit.value;
		done++;
		if (done == count)
			watch_remove(&t->vm, slot, clock_deadline_ns(ANSWER_NS), &e);
		target_go_on(t, &e);
	}
	printf("hits %u wrong %u steps %" PRIu64 "\n", done, wrong, steps);
	kernel_detach(k);
	return done ? TOOL_PASS : TOOL_FAIL;
}

int main(int argc, char **argv)
{
	struct target_options options = {.deadline_ns = clock_deadline_ns(WAIT_NS)};
	struct target t;
	struct err e;
	int status;

	if (argc < 6 || argc != (strcmp(argv[2], "watch") == 0 ? 7 : 6))
		tool_die(&tool, TOOL_USAGE, "usage: vmshake DIR freeze|watch ...");
	options.vm_dir = argv[1];
	if (target_open(&t, &options, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	srandom((unsigned int)clock_now_ns());
	if (argc == 7)
		status = hits(&t, argv[3], number(argv[4]), number(argv[5]), number(argv[6]));
	else
		status = freezes(&t, number(argv[3]), number(argv[4]), number(argv[5]));
	target_close(&t);
	return status;
}
