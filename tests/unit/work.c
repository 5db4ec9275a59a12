/* SPDX-License-Identifier: GPL-2.0-only */
/* Gap, placement and start of a worker, and each work type for real in forked processes. */
#include "work/work.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "init/workers.h"
#include "test.h"

#define PATIENCE_NS (60 * NSEC_PER_SEC)

static struct work_slot slot;

static void test_gap_at(void)
{
	slot = (struct work_slot){0};
	CHECK(work_gap_at(&slot, 1000) == 0); /* the barrier never opened */
	slot.start_ns = 400;
	CHECK(work_gap_at(&slot, 1000) == 600); /* never ran since */
	slot.due_ns = 900;
	CHECK(work_gap_at(&slot, 1000) == 100); /* since the last checkpoint */
	slot.due_ns = 1500;
	CHECK(work_gap_at(&slot, 1000) == 0); /* asleep, as intended */
	slot.due_ns = WORK_WAITING;
	CHECK(work_gap_at(&slot, 1000) == 0); /* waits for a partner */
	slot.woken_ns = 950;
	CHECK(work_gap_at(&slot, 1000) == 50); /* who has woken it */
	slot.max_gap_ns = 70;
	CHECK(work_gap_at(&slot, 1000) == 70);
}

static struct work_shared *shared;

static struct work_ctx *ctx_make(void)
{
	static struct work_ctx ctx;
	static struct work work = {.type = WORK_SPIN};

	memset(&shared->slots[0], 0, sizeof(shared->slots[0]));
	ctx = (struct work_ctx){.shared = shared, .slot = &shared->slots[0], .work = &work};
	ctx.group = ctx.slot;
	ctx.group_size = 1;
	ctx.cpu = UINT_MAX;
	return &ctx;
}

static void test_checkpoint_gap(void)
{
	struct work_ctx *w = ctx_make();
	uint64_t now = clock_now_ns();

	w->slot->due_ns = now - NSEC_PER_SEC;
	work_checkpoint(w);
	CHECK(w->slot->max_gap_ns >= NSEC_PER_SEC);
	CHECK(w->slot->max_gap_ns < 100 * NSEC_PER_SEC);
	CHECK(w->slot->due_ns >= now);
	CHECK(w->slot->max_gap_cpu == w->cpu);
}

static void test_sleep_is_no_gap(void)
{
	struct work_ctx *w = ctx_make();
	uint64_t span = 30 * NSEC_PER_MSEC, before = clock_now_ns();

	w->slot->due_ns = before;
	work_sleep_until(w, before + span);
	CHECK(clock_now_ns() - before >= span);
	CHECK(w->slot->wakes == 1);
	CHECK(w->slot->max_gap_ns == 0 || w->slot->max_gap_ns >= w->slot->wake_max_ns);
	CHECK(w->slot->max_gap_ns + span <= clock_now_ns() - before);
}

static void test_stop_ends_sleep(void)
{
	struct work_ctx *w = ctx_make();
	uint64_t before = clock_now_ns();

	w->slot->stop = 1;
	work_sleep_until(w, before + 1000 * NSEC_PER_SEC);
	CHECK(clock_now_ns() - before < 500 * NSEC_PER_SEC);
	CHECK(w->slot->wakes == 0);
}

static void test_isolation(void)
{
	struct work_ctx *w = ctx_make();
	struct work_cgroup *cg = &shared->cgroups[0];

	*cg = (struct work_cgroup){.limited = false};
	work_checkpoint(w);
	CHECK(cpus_count(&w->slot->used) == 1);
	CHECK(cpus_count(&w->slot->outside) == 0);

	cg->limited = true; /* and no CPU is allowed */
	shared->placing = 1;
	work_checkpoint(w);
	CHECK(cpus_count(&w->slot->outside) == 0); /* the agent is at it */
	shared->placing = 2;
	work_checkpoint(w);
	CHECK(cpus_count(&w->slot->outside) == 1);
	CHECK(cpus_has(&w->slot->outside, w->cpu));

	w = ctx_make();
	for (unsigned int c = 0; c < TOPOLOGY_CPUS_MAX; c++)
		cpus_add(&cg->allowed, c);
	work_checkpoint(w);
	CHECK(cpus_count(&w->slot->outside) == 0);
	*cg = (struct work_cgroup){0};
	shared->placing = 0;
}

/* ---- the types ---- */

static struct workers workers; /* large */

static struct work work_with_defaults(enum work_type type)
{
	struct work w = {.type = type};

	for (size_t i = 0; i < WORK_PARAMS_MAX && work_infos[type].params[i].name; i++)
		w.params[i] = work_infos[type].params[i].is_span ? NSEC_PER_MSEC
								 : work_infos[type].params[i].def;
	return w;
}

static uint64_t least_iterations(void)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < workers.n; i++) {
		uint64_t n = shared->slots[workers.list[i].slot].iterations;

		least = n < least ? n : least;
	}
	return least;
}

static void reap_all(void)
{
	uint64_t deadline = clock_deadline_ns(PATIENCE_NS);
	int status;
	pid_t pid;

	while (workers_alive(&workers, WORKERS_ALL) && clock_now_ns() < deadline) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid > 0)
			CHECK(workers_reaped(&workers, pid, status));
		else
			sched_yield();
	}
}

static void check_report(const struct worker *worker)
{
	const struct work_slot *s = &shared->slots[worker->slot];

	CHECK(s->done);
	CHECK(worker->status == 0);
	CHECK(s->work_units >= s->iterations);
	CHECK(s->cpu_ns > 0);
	CHECK(s->wall_ns >= s->cpu_ns / 2); /* clocks of different kind */
	CHECK(cpus_count(&s->used) > 0);
	CHECK(cpus_count(&s->outside) == 0);
	if (!work_infos[worker->type].has_wakes)
		CHECK(s->wakes == 0);
	if (s->wakes)
		CHECK(s->wake_p50_ns <= s->wake_p99_ns && s->wake_p99_ns <= s->wake_max_ns);
}

/* Two groups of the type come up, make progress, and stop when told, wherever they are. */
static void try_type(enum work_type type)
{
	uint64_t deadline = clock_deadline_ns(PATIENCE_NS);
	struct work work = work_with_defaults(type);
	struct workers_spec spec = {.count = 2 * work_infos[type].group, .work = &work};
	struct err e = {0};

	CHECK(work_codes[type].run != NULL);
	CHECK(workers_spawn(&workers, &spec, &e) == 0);
	CHECK(workers_alive(&workers, WORKERS_ALL) == spec.count);
	CHECK(least_iterations() == 0);
	workers_begin(&workers);
	while (least_iterations() < 3 && clock_now_ns() < deadline)
		sched_yield();
	CHECK(least_iterations() >= 3);
	workers_tell_stop(&workers, WORKERS_ALL);
	reap_all();
	CHECK(workers_alive(&workers, WORKERS_ALL) == 0);
	workers_kill(&workers, WORKERS_ALL);
	for (size_t i = 0; i < workers.n; i++)
		check_report(&workers.list[i]);
	workers.n = 0;
}

static void test_types(void)
{
	for (int type = 0; type < WORK_TYPES; type++) {
		printf("# %s\n", work_infos[type].name);
		try_type((enum work_type)type);
	}
}

/* Workers that are stopped before the barrier opened end too, without work or a report. */
static void test_stop_at_barrier(void)
{
	struct work work = work_with_defaults(WORK_PIPE);
	struct workers_spec spec = {.count = 2, .work = &work};
	struct link l;
	struct err e = {0};

	CHECK(workers_spawn(&workers, &spec, &e) == 0);
	workers_tell_stop(&workers, WORKERS_ALL);
	reap_all();
	CHECK(workers_alive(&workers, WORKERS_ALL) == 0);
	CHECK(workers_iterations(&workers) == 0);
	link_init(&l);
	workers_report(&workers, WORKERS_ALL, NULL, &l);
	CHECK(workers.n == 0);
	CHECK(l.n_pending == 0);
}

/* A worker that is gone without a word has a report all the same. */
static void test_killed(void)
{
	struct work work = work_with_defaults(WORK_SPIN);
	struct workers_spec spec = {.count = 1, .work = &work};
	_cleanup_free_ char *text = NULL;
	struct link l;
	struct err e = {0};

	CHECK(workers_spawn(&workers, &spec, &e) == 0);
	workers_begin(&workers);
	while (least_iterations() < 3)
		sched_yield();
	workers_kill(&workers, WORKERS_ALL);
	reap_all();
	link_init(&l);
	workers_report(&workers, WORKERS_ALL, NULL, &l);
	CHECK(workers.n == 0);
	CHECK(l.n_pending == 1 && l.pending[0].type == TLV_WORKER);
	text = strndup(l.pending[0].data, l.pending[0].len);
	CHECK(strstr(text, "\"completed\":false") != NULL);
	CHECK(strstr(text, "\"exit\":\"timed-out\"") != NULL);
	CHECK(strstr(text, "\"exit_status\":9") != NULL);
	CHECK(strstr(text, "\"iterations\":0") == NULL);
	CHECK(strstr(text, "\"wall_ns\":0,") == NULL);
	CHECK(strstr(text, "\"max_gap_ns\":0,") == NULL);
	CHECK(workers_iterations(&workers) >= 3); /* kept beyond the report */
	free(l.pending[0].data);
}

int main(void)
{
	struct err e;

	alarm(300);
	if (workers_init(&workers, &e)) {
		printf("Bail out! %s\n", e.text);
		return 1;
	}
	shared = workers.shared;
	RUN(test_gap_at);
	RUN(test_checkpoint_gap);
	RUN(test_sleep_is_no_gap);
	RUN(test_stop_ends_sleep);
	RUN(test_isolation);
	RUN(test_types);
	RUN(test_stop_at_barrier);
	RUN(test_killed);
	free(workers.list);
	return TEST_END();
}
