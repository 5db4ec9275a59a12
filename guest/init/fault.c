/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/fault.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

#define WORD "ktstr.fault="

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

void fault_run(struct link *l, const char *cmdline)
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
	else
		link_trouble(l, TROUBLE_AGENT, "unknown fault '%.*s' on the command line", (int)len,
			     kind);
}
