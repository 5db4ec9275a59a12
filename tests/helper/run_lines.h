/* SPDX-License-Identifier: GPL-2.0-only */
/* The frames of one good run as text lines (frames.h), and ways to spoil it. */
#ifndef KTSTR_TESTS_HELPER_RUN_LINES_H
#define KTSTR_TESTS_HELPER_RUN_LINES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "frames.h"

#define RUN_STEP(type, step, at, iterations)                                                           \
	"guest " type " {\"step\":" #step ",\"name\":\"s" #step "\",\"at_ns\":" #at                    \
	",\"ops\":1,\"op_kinds\":[\"cgroup\"],\"cgroups\":1,\"workers\":3,\"iterations\":" #iterations \
	"}"

#define RUN_WORKER(tid, work, cpu, more)                                                          \
	"guest WORKER {\"tid\":" #tid ",\"cgroup\":\"a\",\"work\":\"" work "\",\"step\":0,"       \
	"\"completed\":true,\"exit\":\"reported\",\"cpu_ns\":" #cpu ",\"wall_ns\":2000000000,"    \
	"\"run_delay_ns\":1000,\"run_count\":10,\"work_units\":2048,\"iterations\":100,"          \
	"\"cpus_used\":\"0-1\",\"cpus_outside\":\"\",\"migrations\":1,\"max_gap_ns\":1000000000," \
	"\"max_gap_cpu\":1,\"max_gap_at_ns\":500000000,\"wakes\":0" more "}"

#define RUN_PLAN(scheduler, more)                                                        \
	"scenario PLAN {\"test\":\"fair\",\"topology\":\"1n1l2c1t\",\"vcpus\":2,"        \
	"\"memory_mib\":512,\"scheduler\":" scheduler ",\"duration_ns\":2000000000,"     \
	"\"watchdog_ns\":null,\"timeout_ns\":60000000000,"                               \
	"\"steps\":[{\"name\":\"s0\",\"ops\":1},{\"name\":\"s1\",\"ops\":1}],"           \
	"\"checks\":{\"not_starved\":true,\"isolation\":true,\"max_gap_ns\":1000000000," \
	"\"max_spread_ppm\":250000}," more "}"
#define RUN_NO_ERROR "\"expect_error\":false,\"expect_error_text\":null,\"expects\":[]"

/* Two workers of one type differ by just the spread that is allowed; a third has another type. */
static const char *const run_lines[] = {
	RUN_PLAN("[\"scx-x\"]", RUN_NO_ERROR),
	"boot HELLO {\"tool\":\"ktstr-boot\",\"version\":\"0\",\"engine\":\"tcg\","
	"\"engine_mode\":\"icount\",\"kernel\":\"/k\",\"initrd_bytes\":1,\"cmdline\":\"x\","
	"\"topology\":\"1n1l2c1t\",\"vcpus\":2,\"memory_mib\":512,\"kaslr\":false,"
	"\"boot_timeout_ns\":1,\"timeout_ns\":60000000000,\"argv\":[\"ktstr-boot\",\"--a\",\"b c\"]}",
	"boot CONSOLE [    0.000000] Linux version 7.3\\r\\n",
	"guest GUEST_HELLO {\"release\":\"7.3\",\"machine\":\"x86_64\",\"cpus\":[],"
	"\"memory_kb\":500000,\"sched_ext\":true,\"cmdline\":\"x\"}",
	"guest LIFE {\"phase\":\"scheduler-starting\"}",
	"guest SCHED_OUTPUT hello from the scheduler\\n",
	"guest SCHED_STATE {\"state\":\"up\",\"ops\":\"x\",\"at_ns\":900,\"expected\":true}",
	"guest LIFE {\"phase\":\"scenario\"}",
	"guest SCENARIO_START {\"at_ns\":1000,\"cgroups\":[]}",
	RUN_STEP("STEP_START", 0, 1000, 0),
	RUN_STEP("STEP_END", 0, 1000001000, 100),
	RUN_STEP("STEP_START", 1, 1000001000, 100),
	RUN_STEP("STEP_END", 1, 2000001000, 300),
	"guest SCENARIO_END {\"elapsed_ns\":2000000000,\"iterations\":300}",
	RUN_WORKER(11, "spin", 1000000000, ""),
	RUN_WORKER(12, "spin", 500000000, ""),
	RUN_WORKER(13, "pipe", 1,
		   ",\"wake_p50_ns\":1000,\"wake_p99_ns\":2000,\"wake_max_ns\":3000"),
	"guest SCHED_STATE {\"state\":\"stopped\",\"ops\":\"x\",\"status\":0,\"at_ns\":2000002000,"
	"\"expected\":true}",
	"guest GUEST_EXIT {\"exit_code\":0}",
	"boot COM2 KTSTR_EXIT=0\\n",
	"boot EXIT {\"reason\":\"poweroff\",\"timed_out\":false,\"duration_ns\":3000000000,"
	"\"cleanup_ns\":5000000}",
	"boot USAGE {\"wall_ns\":1,\"console_dropped_bytes\":0,\"bulk_dropped_bytes\":0,"
	"\"bulk_bad_frames\":0}",
};
#define RUN_LINES (sizeof(run_lines) / sizeof(run_lines[0]))

/*
 * One way to spoil it, found by how a line begins:
 *   -PREFIX   without the lines that begin so
 *   =PREFIX   `line` in place of the first that begins so
 *   <PREFIX   `line` in front of the first that begins so
 */
struct run_edit {
	const char *where, *line;
};
#define RUN_EDITS_MAX 8

static inline void run_line_put(struct frames *f, const char *line)
{
	_cleanup_free_ char *copy = strdup(line);
	struct err e;

	if (!copy || frames_add_line(f, copy, &e)) {
		printf("Bail out! bad test line: %s\n", line);
		exit(99);
	}
}

/* The run with @edits, which end with an empty one, as frames in f->out. */
static inline void run_frames(const struct run_edit *edits, struct frames *f)
{
	bool used[RUN_EDITS_MAX] = {0};

	*f = (struct frames){0};
	for (size_t i = 0; i < RUN_LINES; i++) {
		const char *line = run_lines[i];

		for (size_t k = 0; edits && edits[k].where; k++) {
			const struct run_edit *x = &edits[k];

			if (strncmp(run_lines[i], x->where + 1, strlen(x->where + 1)) != 0 ||
			    (*x->where != '-' && used[k]))
				continue;
			used[k] = true;
			if (*x->where == '<')
				run_line_put(f, x->line);
			else
				line = *x->where == '=' ? x->line : NULL;
		}
		if (line)
			run_line_put(f, line);
	}
	for (size_t k = 0; edits && edits[k].where; k++) {
		if (used[k])
			continue;
		printf("Bail out! no line begins as '%s'\n", edits[k].where);
		exit(99);
	}
}

#endif
