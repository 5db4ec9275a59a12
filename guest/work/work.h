/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a worker does and how it tells of it. A worker is a process of its own, forked by the
 * agent, which shares one memory mapping with all of them: the agent writes what a worker shall do
 * (run, stop, where it belongs), a worker writes what it has done. Nothing here talks to the host.
 *
 * To add a type of work: a line in work_infos (lib/scenario), a file here with its run function,
 * and its line in table.c.
 *
 * Waiting in a run function must end soon after work_stopping() becomes true. The calls here see
 * to it: they sleep on words that the agent changes, so no signal is needed and none is lost.
 */
#ifndef KTSTR_GUEST_WORK_WORK_H
#define KTSTR_GUEST_WORK_WORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "scenario/cpus.h"
#include "scenario/scenario.h"
#include "work/wakes.h"

#define WORK_SLOTS_MAX SCENARIO_WORKERS_TOTAL_MAX
#define WORK_CGROUPS_MAX SCENARIO_CGROUPS_MAX
#define WORK_WAITING UINT64_MAX /* due_ns of a worker that waits for another one */

/*
 * One worker's part of the shared memory. Times are CLOCK_MONOTONIC. The gap of a worker is the
 * longest time between the moment at which it could have made progress (due_ns) and the checkpoint
 * at which it did: from one checkpoint to the next while it computes; from the intended end of a
 * sleep; from the wake-up by its partner while it waits for that.
 */
struct work_slot {
	/* Written by the agent. */
	_Atomic uint32_t stop;
	uint32_t round; /* may run when the barrier has opened for this round */
	_Atomic uint32_t cgroup;
	_Atomic uint64_t start_ns; /* when the barrier opened; 0 = not yet */

	/* Written by the worker while it runs. */
	_Alignas(64) _Atomic uint64_t iterations;
	_Atomic uint64_t work_units;
	_Atomic uint64_t due_ns;
	_Atomic uint64_t max_gap_ns, max_gap_at_ns; /* the latter since the scenario's start */
	_Atomic uint32_t max_gap_cpu;
	_Atomic uint64_t migrations;
	_Atomic uint64_t wakes, wake_max_ns;
	struct cpus used, outside;
	uint64_t base_delay_ns, base_runs, base_cpu_ns; /* schedstat before the barrier */

	/* Written by the worker as its last act, `done` behind all others. */
	uint64_t cpu_ns, wall_ns, run_delay_ns, runs;
	uint64_t wake_p50_ns, wake_p99_ns;
	_Atomic uint32_t done;

	/* Written by a partner. */
	_Alignas(64) _Atomic uint32_t token; /* futex: turns that were passed to this worker */
	_Atomic uint64_t woken_ns;	     /* when the last one was passed; 0 = taken */
};

struct work_cgroup {
	bool limited; /* has a cpuset */
	struct cpus allowed;
};

struct work_shared {
	_Atomic uint32_t news;	     /* futex: changes when a worker at the barrier shall look */
	_Atomic uint32_t open_round; /* the barrier is open for rounds up to this one */
	_Atomic uint32_t placing;    /* odd while the agent changes cpusets or moves workers */
	_Atomic uint64_t scenario_start_ns;
	struct work_cgroup cgroups[WORK_CGROUPS_MAX];
	struct work_slot slots[WORK_SLOTS_MAX];
};

/* What a run function gets. Private to the worker. */
struct work_ctx {
	struct work_shared *shared;
	struct work_slot *slot;
	const struct work *work;
	struct work_slot *group; /* slot of the group's first member; the others follow it */
	unsigned int group_size, member;
	int in_fd, out_fd; /* pipe from the member before and to the one behind; -1 = none */
	unsigned int cpu;  /* at the last checkpoint; UINT_MAX before the first */
	uint64_t wait_ns;  /* when the last wait for a partner began */
	struct wakes wakes;
};

/* An entry of the table, indexed by enum work_type. */
struct work_code {
	void (*run)(struct work_ctx *w); /* until work_stopping() */
	bool wants_pipes;
};
extern const struct work_code work_codes[WORK_TYPES];

/* The value of the parameter @name of this work; aborts when the type has none of that name. */
uint64_t work_param(const struct work *work, const char *name);

/* Whether the agent wants this worker to end. */
bool work_stopping(const struct work_ctx *w);

/* Count one turn of the work loop that did @units of work, and make a checkpoint. */
void work_turn(struct work_ctx *w, uint64_t units);

/* A checkpoint alone: gap, CPU, migration, isolation. Returns the time. */
uint64_t work_checkpoint(struct work_ctx *w);

/* Compute for @spins rounds of a loop, with checkpoints in between when they are many. */
void work_spin(struct work_ctx *w, uint64_t spins);

/* Compute until @until_ns, with checkpoints. */
void work_burn_until(struct work_ctx *w, uint64_t until_ns);

/* Sleep until @until_ns or the stop; a sleep of full length gives a wake sample. */
void work_sleep_until(struct work_ctx *w, uint64_t until_ns);

/*
 * Waiting for the next member of the group. Before it passes the turn on a worker calls
 * work_wake_next(); around its own blocking call it calls work_wait_begin() and work_wait_end(),
 * which gives the wake sample. In between its gap stands still until the turn is passed.
 */
void work_wake_next(struct work_ctx *w);
void work_wait_begin(struct work_ctx *w);
void work_wait_end(struct work_ctx *w);

/* The whole life of a worker in its own process: barrier, run function, last numbers. */
void work_main(struct work_ctx *w) __attribute__((noreturn));

/* Futex calls on shared words. @until_ns: absolute, CLOCK_NEVER for none. */
void work_futex_wait(_Atomic uint32_t *word, uint32_t seen, uint64_t until_ns);
void work_futex_wake(_Atomic uint32_t *word);

/*
 * The gap of a worker as it stands at @now_ns, its unfinished one included: for one that never
 * came to its end.
 */
uint64_t work_gap_at(const struct work_slot *s, uint64_t now_ns);

/* Read /proc/<pid>/schedstat (@pid 0: our own); zeros when it cannot be read. */
struct work_schedstat {
	uint64_t cpu_ns, run_delay_ns, runs;
};
struct work_schedstat work_schedstat_read(int pid);

#endif
