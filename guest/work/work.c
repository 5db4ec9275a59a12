/* SPDX-License-Identifier: GPL-2.0-only */
#include "work/work.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"

#define SPINS_AT_ONCE 4096 /* between two checkpoints of a computing worker */

/* A counter has one writer, so it needs no locked addition, only whole loads and stores. */
static uint64_t get(const _Atomic uint64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

static void set(_Atomic uint64_t *v, uint64_t value)
{
	atomic_store_explicit(v, value, memory_order_relaxed);
}

uint64_t work_param(const struct work *work, const char *name)
{
	const struct work_info *info = &work_infos[work->type];

	for (size_t i = 0; i < WORK_PARAMS_MAX && info->params[i].name; i++)
		if (strcmp(info->params[i].name, name) == 0)
			return work->params[i];
	abort();
}

bool work_stopping(const struct work_ctx *w)
{
	return atomic_load(&w->slot->stop);
}

void work_futex_wait(_Atomic uint32_t *word, uint32_t seen, uint64_t until_ns)
{
	struct timespec until = {
		.tv_sec = (time_t)(until_ns / NSEC_PER_SEC),
		.tv_nsec = (long)(until_ns % NSEC_PER_SEC),
	};

	syscall(SYS_futex, word, FUTEX_WAIT_BITSET, seen, until_ns == CLOCK_NEVER ? NULL : &until,
		NULL, FUTEX_BITSET_MATCH_ANY);
}

void work_futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/*
 * Note the CPU we run on. It counts as outside the cpuset only when the agent changed nothing
 * between two looks at its counter, so a change under way is never a violation.
 */
static void placement_note(struct work_ctx *w)
{
	const struct work_cgroup *cg;
	uint32_t before = atomic_load(&w->shared->placing);
	uint32_t index = atomic_load(&w->slot->cgroup);
	int cpu = sched_getcpu();
	bool outside;

	if (cpu < 0)
		return;
	cg = &w->shared->cgroups[index % WORK_CGROUPS_MAX];
	outside = cg->limited && !cpus_has(&cg->allowed, (unsigned int)cpu);
	if (outside && !(before & 1) && before == atomic_load(&w->shared->placing))
		cpus_add(&w->slot->outside, (unsigned int)cpu);
	if ((unsigned int)cpu == w->cpu)
		return;
	if (w->cpu != UINT_MAX)
		set(&w->slot->migrations, get(&w->slot->migrations) + 1);
	w->cpu = (unsigned int)cpu;
	cpus_add(&w->slot->used, w->cpu);
}

static uint64_t since(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

uint64_t work_checkpoint(struct work_ctx *w)
{
	struct work_slot *s = w->slot;
	uint64_t now = clock_now_ns();
	uint64_t due = get(&s->due_ns);
	uint64_t gap = due == WORK_WAITING ? 0 : since(now, due);

	placement_note(w);
	if (gap > get(&s->max_gap_ns)) {
		set(&s->max_gap_ns, gap);
		set(&s->max_gap_at_ns, since(now, get(&w->shared->scenario_start_ns)));
		atomic_store(&s->max_gap_cpu, w->cpu);
	}
	set(&s->due_ns, now);
	return now;
}

void work_turn(struct work_ctx *w, uint64_t units)
{
	set(&w->slot->iterations, get(&w->slot->iterations) + 1);
	set(&w->slot->work_units, get(&w->slot->work_units) + units);
	work_checkpoint(w);
}

static void spin(uint64_t spins)
{
	for (uint64_t i = 0; i < spins; i++)
		__asm__ volatile("" : "+r"(i)); /* so that the compiler keeps the loop */
}

void work_spin(struct work_ctx *w, uint64_t spins)
{
	for (; spins > SPINS_AT_ONCE && !work_stopping(w); spins -= SPINS_AT_ONCE) {
		spin(SPINS_AT_ONCE);
		work_checkpoint(w);
	}
	spin(spins < SPINS_AT_ONCE ? spins : SPINS_AT_ONCE);
}

void work_burn_until(struct work_ctx *w, uint64_t until_ns)
{
	while (!work_stopping(w) && work_checkpoint(w) < until_ns)
		spin(SPINS_AT_ONCE);
}

static void wake_note(struct work_ctx *w, uint64_t latency_ns)
{
	wakes_add(&w->wakes, latency_ns);
	set(&w->slot->wakes, w->wakes.seen);
	set(&w->slot->wake_max_ns, w->wakes.max_ns);
}

void work_sleep_until(struct work_ctx *w, uint64_t until_ns)
{
	set(&w->slot->due_ns, until_ns);
	while (!work_stopping(w) && clock_now_ns() < until_ns)
		work_futex_wait(&w->slot->stop, 0, until_ns);
	if (!work_stopping(w))
		wake_note(w, since(clock_now_ns(), until_ns));
	work_checkpoint(w);
}

static struct work_slot *next_member(const struct work_ctx *w)
{
	return &w->group[(w->member + 1) % w->group_size];
}

void work_wake_next(struct work_ctx *w)
{
	set(&next_member(w)->woken_ns, clock_now_ns());
}

void work_wait_begin(struct work_ctx *w)
{
	w->wait_ns = work_checkpoint(w);
	set(&w->slot->due_ns, WORK_WAITING);
}

void work_wait_end(struct work_ctx *w)
{
	uint64_t woken = atomic_exchange(&w->slot->woken_ns, 0);

	if (woken >= w->wait_ns) /* else the turn was there before we waited: no wake-up */
		wake_note(w, since(clock_now_ns(), woken));
	if (woken)
		set(&w->slot->due_ns, woken > w->wait_ns ? woken : w->wait_ns);
	work_checkpoint(w);
}

uint64_t work_gap_at(const struct work_slot *s, uint64_t now_ns)
{
	uint64_t due = get(&s->due_ns), open;

	if (due == WORK_WAITING)
		due = get(&s->woken_ns);
	else if (!due)
		due = get(&s->start_ns);
	open = due ? since(now_ns, due) : 0;
	return open > get(&s->max_gap_ns) ? open : get(&s->max_gap_ns);
}

struct work_schedstat work_schedstat_read(int pid)
{
	struct work_schedstat ret = {0};
	char path[64] = "/proc/self/schedstat", text[128];
	_cleanup_close_ int fd = -1;
	ssize_t n;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : io_read_upto(fd, text, sizeof(text) - 1);
	if (n < 0)
		return ret;
	text[n] = '\0';
	if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &ret.cpu_ns, &ret.run_delay_ns,
		   &ret.runs) != 3)
		return (struct work_schedstat){0};
	return ret;
}

static uint64_t cpu_time_ns(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

/* Wait until the barrier opens for our round, or we are to stop. */
static void barrier_wait(struct work_ctx *w)
{
	for (;;) {
		uint32_t seen = atomic_load(&w->shared->news);

		if (work_stopping(w) ||
		    (int32_t)(atomic_load(&w->shared->open_round) - w->slot->round) >= 0)
			return;
		work_futex_wait(&w->shared->news, seen, CLOCK_NEVER);
	}
}

static void last_numbers(struct work_ctx *w, uint64_t cpu_before_ns)
{
	struct work_slot *s = w->slot;
	struct work_schedstat stat = work_schedstat_read(0);

	s->cpu_ns = cpu_time_ns() - cpu_before_ns;
	s->wall_ns = since(clock_now_ns(), get(&s->start_ns));
	s->run_delay_ns = since(stat.run_delay_ns, s->base_delay_ns);
	s->runs = since(stat.runs, s->base_runs);
	s->wake_p50_ns = wakes_percentile(&w->wakes, 50);
	s->wake_p99_ns = wakes_percentile(&w->wakes, 99);
	atomic_store(&s->done, 1);
}

void work_main(struct work_ctx *w)
{
	struct work_schedstat stat = work_schedstat_read(0);
	uint64_t cpu_before_ns;

	w->slot->base_cpu_ns = stat.cpu_ns;
	w->slot->base_delay_ns = stat.run_delay_ns;
	w->slot->base_runs = stat.runs;
	barrier_wait(w);
	cpu_before_ns = cpu_time_ns();
	if (!get(&w->slot->start_ns)) /* stopped before anyone was let go */
		_exit(0);
	set(&w->slot->due_ns, get(&w->slot->start_ns));
	work_checkpoint(w);
	work_codes[w->work->type].run(w);
	last_numbers(w, cpu_before_ns);
	_exit(0);
}
