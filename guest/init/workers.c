/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "init/child.h"

#define GROUP_MAX 64

int workers_init(struct workers *w, struct err *e)
{
	struct work_shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	*w = (struct workers){.round = 1};
	if (shared == MAP_FAILED)
		return err_sys(e, "cannot map %zu bytes for the workers", sizeof(*shared));
	w->shared = shared;
	return 0;
}

/* ---- slots ---- */

/* Take @n slots in a row. */
static int slots_take(struct workers *w, unsigned int n, unsigned int *ret, struct err *e)
{
	unsigned int run = 0;

	for (unsigned int i = 0; i < 2 * WORK_SLOTS_MAX; i++) {
		unsigned int at = (w->next_slot + i) % WORK_SLOTS_MAX;

		run = at == 0 ? 0 : run; /* a row does not wrap */
		run = w->taken[at] ? 0 : run + 1;
		if (run < n)
			continue;
		*ret = at - n + 1;
		w->next_slot = (at + 1) % WORK_SLOTS_MAX;
		for (unsigned int s = *ret; s <= at; s++) {
			w->taken[s] = true;
			memset(&w->shared->slots[s], 0, sizeof(w->shared->slots[s]));
		}
		return 0;
	}
	return err_set(e, EAGAIN, "more than %u workers", WORK_SLOTS_MAX);
}

static struct work_slot *slot_of(const struct workers *w, const struct worker *worker)
{
	return &w->shared->slots[worker->slot];
}

/* ---- spawning ---- */

/* The pipes of a group: member i reads from pipe i and writes to pipe i + 1. */
struct group_pipes {
	unsigned int n;
	int fds[GROUP_MAX][2];
};

static void pipes_close(struct group_pipes *p)
{
	for (unsigned int i = 0; i < p->n; i++) {
		close(p->fds[i][0]);
		close(p->fds[i][1]);
	}
	p->n = 0;
}

static int pipes_open(struct group_pipes *p, unsigned int n, struct err *e)
{
	for (p->n = 0; p->n < n; p->n++)
		if (pipe2(p->fds[p->n], O_CLOEXEC))
			return err_sys(e, "cannot make a pipe");
	return 0;
}

/* In the child: keep our two ends of the group's pipes and no other descriptor. */
static void descriptors_keep(struct work_ctx *ctx, const struct group_pipes *pipes)
{
	unsigned int first = STDERR_FILENO + 1;

	ctx->in_fd = ctx->out_fd = -1;
	if (pipes->n) {
		/* Copies above all others first, so that neither overwrites the other. */
		int in = fcntl(pipes->fds[ctx->member][0], F_DUPFD, 1000);
		int out = fcntl(pipes->fds[(ctx->member + 1) % pipes->n][1], F_DUPFD, 1000);

		ctx->in_fd = dup2(in, (int)first++);
		ctx->out_fd = dup2(out, (int)first++);
	}
	close_range(first, UINT_MAX, 0);
}

static void worker_process(struct workers *w, const struct workers_spec *spec, unsigned int slot,
			   unsigned int member, const struct group_pipes *pipes)
{
	static struct work_ctx ctx; /* large, and this process has only one */
	const struct work_info *info = &work_infos[spec->work->type];

	child_begin();
	prctl(PR_SET_NAME, info->name);
	ctx.shared = w->shared;
	ctx.slot = &w->shared->slots[slot];
	ctx.work = spec->work;
	ctx.group = ctx.slot - member;
	ctx.group_size = info->group;
	ctx.member = member;
	ctx.cpu = UINT_MAX;
	wakes_init(&ctx.wakes, slot);
	descriptors_keep(&ctx, pipes);
	work_main(&ctx);
}

static struct worker *list_add(struct workers *w, struct err *e)
{
	if (w->n == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 64;
		struct worker *list = reallocarray(w->list, cap, sizeof(*list));

		if (!list) {
			err_set(e, ENOMEM, "out of memory for workers");
			return NULL;
		}
		w->list = list;
		w->cap = cap;
	}
	w->list[w->n] = (struct worker){0};
	return &w->list[w->n++];
}

static int affinity_set(pid_t pid, const struct cpus *cpus, struct err *e)
{
	char text[CPUS_TEXT_MAX];
	cpu_set_t set;

	CPU_ZERO(&set);
	for (unsigned int c = cpus_next(cpus, 0); c < CPU_SETSIZE; c = cpus_next(cpus, c + 1))
		CPU_SET(c, &set);
	if (sched_setaffinity(pid, sizeof(set), &set) == 0)
		return 0;
	cpus_format(cpus, text);
	return err_sys(e, "cannot set the affinity of worker %d to '%.64s'", pid, text);
}

static int spawn_one(struct workers *w, const struct workers_spec *spec, unsigned int slot,
		     unsigned int member, const struct group_pipes *pipes, struct err *e)
{
	struct work_slot *s = &w->shared->slots[slot];
	struct worker *worker = list_add(w, e);

	if (!worker)
		return -1;
	s->round = w->round;
	atomic_store(&s->cgroup, spec->cgroup);
	*worker = (struct worker){
		.slot = slot,
		.cgroup = spec->cgroup,
		.type = spec->work->type,
		.step = spec->step,
	};
	worker->pid = fork();
	if (worker->pid < 0) {
		w->n--;
		w->taken[slot] = false;
		return err_sys(e, "cannot fork a worker");
	}
	if (worker->pid == 0)
		worker_process(w, spec, slot, member, pipes);
	if (spec->cgroups && cgroups_add_pid(spec->cgroups, spec->cgroup, worker->pid, e))
		return -1;
	return spec->affinity ? affinity_set(worker->pid, spec->affinity, e) : 0;
}

static int spawn_group(struct workers *w, const struct workers_spec *spec, struct err *e)
{
	unsigned int size = work_infos[spec->work->type].group;
	struct group_pipes pipes = {0};
	unsigned int first = 0;
	int ret = 0;

	if (size > GROUP_MAX)
		return err_set(e, E2BIG, "a group of %u workers", size);
	if (slots_take(w, size, &first, e))
		return -1;
	if (work_codes[spec->work->type].wants_pipes)
		ret = pipes_open(&pipes, size, e);
	for (unsigned int i = 0; !ret && i < size; i++)
		ret = spawn_one(w, spec, first + i, i, &pipes, e);
	pipes_close(&pipes);
	return ret;
}

int workers_spawn(struct workers *w, const struct workers_spec *spec, struct err *e)
{
	for (unsigned int done = 0; done < spec->count; done += work_infos[spec->work->type].group)
		if (spawn_group(w, spec, e))
			return -1;
	return 0;
}

void workers_begin(struct workers *w)
{
	uint64_t now = clock_now_ns();

	for (size_t i = 0; i < w->n; i++) {
		if (w->list[i].started)
			continue;
		w->list[i].started = true;
		atomic_store(&slot_of(w, &w->list[i])->start_ns, now);
	}
	atomic_store(&w->shared->open_round, w->round++);
	atomic_fetch_add(&w->shared->news, 1);
	work_futex_wake(&w->shared->news);
}

/* ---- watching and stopping ---- */

static bool selected(const struct worker *worker, unsigned int cgroup)
{
	return cgroup == WORKERS_ALL || worker->cgroup == cgroup;
}

uint64_t workers_iterations(const struct workers *w)
{
	uint64_t sum = w->iterations;

	for (size_t i = 0; i < w->n; i++)
		sum += atomic_load(&slot_of(w, &w->list[i])->iterations);
	return sum;
}

size_t workers_alive(const struct workers *w, unsigned int cgroup)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += selected(&w->list[i], cgroup) && !w->list[i].reaped;
	return n;
}

bool workers_reaped(struct workers *w, pid_t pid, int status)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->list[i].pid != pid || w->list[i].reaped)
			continue;
		w->list[i].reaped = true;
		w->list[i].status = status;
		return true;
	}
	return false;
}

void workers_tell_stop(struct workers *w, unsigned int cgroup)
{
	uint64_t now = clock_now_ns();

	for (size_t i = 0; i < w->n; i++) {
		struct work_slot *s = slot_of(w, &w->list[i]);

		if (!selected(&w->list[i], cgroup) || w->list[i].told_to_stop)
			continue;
		w->list[i].told_to_stop = true;
		w->list[i].stop_ns = now;
		atomic_store(&s->stop, 1);
		work_futex_wake(&s->stop);
		atomic_fetch_add(&s->token, 1);
		work_futex_wake(&s->token);
	}
	atomic_fetch_add(&w->shared->news, 1);
	work_futex_wake(&w->shared->news);
}

void workers_kill(struct workers *w, unsigned int cgroup)
{
	for (size_t i = 0; i < w->n; i++) {
		struct worker *worker = &w->list[i];

		if (!selected(worker, cgroup) || worker->reaped)
			continue;
		worker->last = work_schedstat_read(worker->pid);
		worker->forced = true;
		kill(-worker->pid, SIGKILL);
		kill(worker->pid, SIGKILL); /* it may not have come to make its group */
	}
}

void workers_moved(struct workers *w, unsigned int from, unsigned int to)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->list[i].cgroup != from)
			continue;
		w->list[i].cgroup = to;
		atomic_store(&slot_of(w, &w->list[i])->cgroup, to);
	}
}

int workers_set_affinity(struct workers *w, unsigned int cgroup, const struct cpus *cpus,
			 struct err *e)
{
	for (size_t i = 0; i < w->n; i++)
		if (selected(&w->list[i], cgroup) && !w->list[i].reaped &&
		    affinity_set(w->list[i].pid, cpus, e) && e->code != ESRCH)
			return -1;
	return 0;
}

/* ---- reports ---- */

static const char *exit_word(const struct worker *worker, bool done)
{
	if (worker->forced)
		return "timed-out";
	if (WIFSIGNALED(worker->status))
		return "signaled";
	return done && worker->status == 0 ? "reported" : "exited";
}

/* What a worker that did not come to its end would have written last. */
static void slot_complete(struct work_slot *s, const struct worker *worker)
{
	uint64_t start = atomic_load(&s->start_ns);
	uint64_t end = worker->told_to_stop ? worker->stop_ns : clock_now_ns();
	uint64_t gap = work_gap_at(s, end);

	s->wall_ns = start && end > start ? end - start : 0;
	if (worker->last.cpu_ns > s->base_cpu_ns) {
		s->cpu_ns = worker->last.cpu_ns - s->base_cpu_ns;
		s->run_delay_ns = worker->last.run_delay_ns - s->base_delay_ns;
		s->runs = worker->last.runs - s->base_runs;
	}
	atomic_store(&s->max_gap_ns, gap);
}

static json_t *report_json(const struct worker *worker, const struct work_slot *s,
			   const char *cgroup)
{
	char used[CPUS_TEXT_MAX], outside[CPUS_TEXT_MAX];
	bool done = atomic_load(&s->done);
	json_t *o;

	cpus_format(&s->used, used);
	cpus_format(&s->outside, outside);
	o = json_pack("{s:i, s:s, s:s, s:I, s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "tid",
		      worker->pid, "cgroup", cgroup, "work", work_infos[worker->type].name, "step",
		      (json_int_t)worker->step, "completed", done && !worker->forced, "exit",
		      exit_word(worker, done), "cpu_ns", (json_int_t)s->cpu_ns, "wall_ns",
		      (json_int_t)s->wall_ns, "run_delay_ns", (json_int_t)s->run_delay_ns,
		      "run_count", (json_int_t)s->runs, "work_units",
		      (json_int_t)atomic_load(&s->work_units), "iterations",
		      (json_int_t)atomic_load(&s->iterations));
	if (!o)
		return NULL;
	json_object_set_new(o, "cpus_used", json_string(used));
	json_object_set_new(o, "cpus_outside", json_string(outside));
	json_object_set_new(o, "migrations", json_integer((json_int_t)s->migrations));
	json_object_set_new(o, "max_gap_ns", json_integer((json_int_t)s->max_gap_ns));
	json_object_set_new(o, "max_gap_cpu", json_integer((json_int_t)s->max_gap_cpu));
	json_object_set_new(o, "max_gap_at_ns", json_integer((json_int_t)s->max_gap_at_ns));
	json_object_set_new(o, "wakes", json_integer((json_int_t)s->wakes));
	if (worker->reaped)
		json_object_set_new(o, "exit_status", json_integer(worker->status));
	if (s->wakes && done) {
		json_object_set_new(o, "wake_p50_ns", json_integer((json_int_t)s->wake_p50_ns));
		json_object_set_new(o, "wake_p99_ns", json_integer((json_int_t)s->wake_p99_ns));
	}
	if (s->wakes)
		json_object_set_new(o, "wake_max_ns", json_integer((json_int_t)s->wake_max_ns));
	return o;
}

/* Send one report and take the worker's numbers over. */
static void report_one(struct workers *w, const struct worker *worker, const char *cgroup,
		       struct link *l)
{
	struct work_slot *s = slot_of(w, worker);

	if (!atomic_load(&s->done))
		slot_complete(s, worker);
	w->iterations += atomic_load(&s->iterations);
	/* One that was stopped before the barrier opened had no chance to work. */
	if (worker->started)
		link_send_json(l, TLV_WORKER, report_json(worker, s, cgroup));
	/* One that will not die may still write there. */
	w->taken[worker->slot] = !worker->reaped;
}

void workers_report(struct workers *w, unsigned int cgroup, const struct cgroups *cgroups,
		    struct link *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->n; i++) {
		const struct worker *worker = &w->list[i];
		const char *name = cgroups ? cgroups->list[worker->cgroup].name : "";

		if (selected(worker, cgroup))
			report_one(w, worker, name, l);
		else
			w->list[kept++] = *worker;
	}
	w->n = kept;
}
