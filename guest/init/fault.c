/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"

#define WORD "ktstr.fault="
#define STORM_RINGS 10000 /* of each CPU */
#define RING_EVERY_NS (10 * NSEC_PER_MSEC)

static void fault_panic(void)
{
	_cleanup_close_ int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	struct err e;

	io_write_all(fd, "c", 1, "sysrq", &e);
}

/* A spinning process at the highest real-time priority on each CPU, ourselves last. */
static void fault_hang(void)
{
	struct sched_param top = {.sched_priority = sched_get_priority_max(SCHED_FIFO)};
	_cleanup_close_ int fd = open("/proc/sys/kernel/sched_rt_runtime_us", O_WRONLY | O_CLOEXEC);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct err e;

	io_write_all(fd, "-1", 2, "sched_rt_runtime_us", &e);
	sched_setscheduler(0, SCHED_FIFO, &top);
	for (long cpu = cpus - 1; cpu >= 0; cpu--) {
		cpu_set_t one;

		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (cpu && fork())
			continue;
		sched_setaffinity(0, sizeof(one), &one);
		for (;;)
			__asm__ volatile("");
	}
}

static void fault_flood(const struct link *l)
{
	static char garbage[32768];
	uint32_t x = 1;
	struct err e;

	for (;;) {
		for (size_t i = 0; i < sizeof(garbage); i++) {
			x = x * 1664525u + 1013904223u;
			garbage[i] = (char)(x >> 24);
		}
		if (io_write_all(l->out.fd, garbage, sizeof(garbage), "port", &e))
			return;
	}
}

static void fault_segv(void)
{
	volatile int *nowhere;

	__asm__("mov $8, %0" : "=r"(nowhere)); /* unknown to the compiler */
	*nowhere = 1;
}

static void fault_ring(struct link *l, struct doorbell *d)
{
	char text[MAILBOX_ANSWER_MAX + 64];

	for (;;) {
		uint32_t status = doorbell_ring(d, "test", "is anybody there?");
		const char *name = mailbox_status_name(status);

		snprintf(text, sizeof(text), "ring %u: %s %s\n", d->seq, name ? name : "?",
			 d->box ? d->box->answer : "");
		link_send(l, TLV_OUTPUT, text, strlen(text));
		usleep(RING_EVERY_NS / NSEC_PER_USEC);
	}
}

/* Ring with the mailbox said to be at @json; then let the next ring announce the real one. */
static void ring_at(struct link *l, struct doorbell *d, const char *json)
{
	link_send(l, TLV_MAILBOX, json, strlen(json));
	d->gpa = 0;
	doorbell_strike(d);
}

static void fault_bad_ring(struct link *l, struct doorbell *d)
{
	static const char *const places[] = {
		"",
		"[]",
		"{\"gpa\":-4096}",
		"{\"gpa\":\"0\"}",
		"{\"gpa\":4097}",
		"{\"gpa\":9223372036854771712}",
		"{\"gpa\":99999999999999999999}",
		"{\"gpa\":3221225472}", /* devices */
		"{\"gpa\":0}",		/* memory, but no mailbox */
	};

	doorbell_ring(d, "good", "");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		ring_at(l, d, places[i]);
	doorbell_ring(d, "no word!", "");
	doorbell_ring(d, "", "");
	doorbell_ring(d, "good", "\x80\x1b[31m");
	doorbell_strike(d); /* the same again */
	doorbell_ring(d, "good", "");
}

/* Ring without a request on all CPUs at once, as fast as they can. */
static void fault_storm(struct doorbell *d)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	for (long cpu = 0; cpu < cpus; cpu++) {
		cpu_set_t one;

		if (fork())
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		for (int i = 0; i < STORM_RINGS; i++)
			doorbell_strike(d);
		_exit(0);
	}
	while (wait(NULL) > 0 || errno == EINTR)
		;
	doorbell_ring(d, "good", "");
}

void fault_run(struct link *l, struct doorbell *d, const char *cmdline)
{
	const char *kind = strstr(cmdline, WORD);
	size_t len;

	if (!kind)
		return;
	kind += strlen(WORD);
	len = strcspn(kind, " \n");
	if (len == 4 && memcmp(kind, "segv", len) == 0)
		fault_segv();
	else if (len == 5 && memcmp(kind, "abort", len) == 0)
		abort();
	else if (len == 5 && memcmp(kind, "panic", len) == 0)
		fault_panic();
	else if (len == 4 && memcmp(kind, "hang", len) == 0)
		fault_hang();
	else if (len == 5 && memcmp(kind, "flood", len) == 0)
		fault_flood(l);
	else if (len == 4 && memcmp(kind, "ring", len) == 0)
		fault_ring(l, d);
	else if (len == 8 && memcmp(kind, "bad-ring", len) == 0)
		fault_bad_ring(l, d);
	else if (len == 5 && memcmp(kind, "storm", len) == 0)
		fault_storm(d);
	else
		link_trouble(l, TROUBLE_AGENT, "unknown fault '%.*s' on the command line", (int)len,
			     kind);
}
