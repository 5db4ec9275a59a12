/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/agent.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define PRIORITY 1 /* the lowest real-time priority is above every sched_ext task */
#define CHECK_NS (100 * NSEC_PER_MSEC)	       /* between looks at a running scheduler */
#define CHECK_STARTING_NS (10 * NSEC_PER_MSEC) /* the kernel gives no event */
/* Patience, on a machine of a few CPUs; see patience(). */
#define ATTACH_NS (10 * NSEC_PER_SEC)
#define REPORT_NS (5 * NSEC_PER_SEC) /* for workers to end by themselves */
/* For the kernel to eject a scheduler that starves its tasks: kernel/sched/ext has a timeout of at
 * most 30 s (SCX_WATCHDOG_MAX_TIMEOUT) and looks each half of it. */
#define EJECT_NS (50 * NSEC_PER_SEC)
#define KILL_NS (2 * NSEC_PER_SEC) /* for what was killed to be gone */
#define END_NS (5 * NSEC_PER_SEC)  /* for the scheduler to end by itself */

/*
 * An emulated machine's CPUs share one host CPU, so each is the slower the more there are: @span_ns
 * for up to 16 CPUs, in proportion more for others.
 */
static uint64_t patience(uint64_t span_ns)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return cpus > 16 ? span_ns * (uint64_t)cpus / 16 : span_ns;
}

static int priority_take(struct err *e)
{
	struct sched_param p = {.sched_priority = PRIORITY};

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &p))
		return err_sys(e, "cannot take real-time priority %d", PRIORITY);
	return 0;
}

int agent_init(struct agent *a, struct err *e)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &child, NULL))
		return err_sys(e, "cannot block SIGCHLD");
	a->signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (a->signal_fd < 0)
		return err_sys(e, "cannot make a signalfd");
	sched_init(&a->sched, &a->link);
	captures_init(&a->captures, &a->link, &a->doorbell);
	if (workers_init(&a->workers, e) || priority_take(e))
		return -1;
	return cgroups_init(&a->cgroups, a->workers.shared, e);
}

static void reap(struct agent *a)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(a->signal_fd, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == a->sched.pid)
			sched_reaped(&a->sched, status);
		else
			workers_reaped(&a->workers, pid, status); /* or an orphan */
	}
}

static void check_scheduler(struct agent *a)
{
	if (clock_now_ns() < a->next_check_ns)
		return;
	sched_check(&a->sched);
	a->next_check_ns = clock_deadline_ns(a->sched.up ? CHECK_NS : CHECK_STARTING_NS);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void agent_wait(struct agent *a, uint64_t deadline_ns)
{
	bool look = a->sched.out_fd >= 0 && clock_now_ns() >= a->sched.read_again_ns;
	struct pollfd fds[] = {
		{.fd = a->signal_fd, .events = POLLIN},
		{.fd = look ? a->sched.out_fd : -1, .events = POLLIN},
		{.fd = a->sched.attach_fd, .events = POLLIN},
	};
	struct timespec timeout;
	uint64_t now, until = earlier(deadline_ns, a->captures.due_ns);

	if (a->sched.pid)
		until = earlier(until, a->next_check_ns);
	if (a->sched.out_fd >= 0 && !look)
		until = earlier(until, a->sched.read_again_ns);
	now = clock_now_ns();
	until = until > now ? until - now : 0;
	timeout = (struct timespec){(time_t)(until / NSEC_PER_SEC), (long)(until % NSEC_PER_SEC)};
	ppoll(fds, 3, until >= UINT64_MAX / 2 ? NULL : &timeout, NULL);
	if (fds[1].revents)
		sched_read_output(&a->sched);
	if (fds[2].revents)
		sched_attaches(&a->sched, &a->doorbell, !(fds[2].revents & POLLIN));
	if (fds[0].revents)
		reap(a);
	if (a->sched.pid)
		check_scheduler(a);
	if (!a->sched.lost)
		captures_due(&a->captures);
}

int agent_hold(struct agent *a, uint64_t deadline_ns)
{
	while (!a->sched.lost && clock_now_ns() < deadline_ns)
		agent_wait(a, deadline_ns);
	return a->sched.lost ? -1 : 0;
}

static void wait_for_workers(struct agent *a, unsigned int cgroup, uint64_t span_ns)
{
	uint64_t deadline = clock_deadline_ns(patience(span_ns));

	while (workers_alive(&a->workers, cgroup) && clock_now_ns() < deadline)
		agent_wait(a, deadline);
}

/*
 * Workers that do not end under a scheduler that is up are starved by it. The kernel's own words on
 * that are worth the wait, and once it is ejected the workers run and report.
 */
static void wait_for_ejection(struct agent *a, unsigned int cgroup)
{
	uint64_t deadline = clock_deadline_ns(patience(EJECT_NS));

	while (a->sched.up && !a->sched.lost && workers_alive(&a->workers, cgroup) &&
	       clock_now_ns() < deadline)
		agent_wait(a, deadline);
	wait_for_workers(a, cgroup, REPORT_NS);
}

void agent_stop_workers(struct agent *a, unsigned int cgroup)
{
	size_t left;

	workers_tell_stop(&a->workers, cgroup);
	wait_for_workers(a, cgroup, REPORT_NS);
	if (workers_alive(&a->workers, cgroup))
		wait_for_ejection(a, cgroup);
	if (workers_alive(&a->workers, cgroup)) {
		workers_kill(&a->workers, cgroup);
		wait_for_workers(a, cgroup, KILL_NS);
	}
	left = workers_alive(&a->workers, cgroup);
	if (left)
		link_trouble(&a->link, TROUBLE_NOTE, "%zu killed workers do not end", left);
	workers_report(&a->workers, cgroup, &a->cgroups, &a->link);
}

static int tell_early_end(struct agent *a, const char *name, struct err *e)
{
	int status = a->sched.status;

	if (WIFSIGNALED(status))
		return err_set(e, ECHILD, "scheduler '%s' was killed by signal %d before it was up",
			       name, WTERMSIG(status));
	return err_set(e, ECHILD, "scheduler '%s' exited with status %d before it was up", name,
		       WEXITSTATUS(status));
}

int agent_start_scheduler(struct agent *a, char *const argv[], bool hold, struct err *e)
{
	uint64_t span_ns = patience(ATTACH_NS);
	uint64_t deadline = clock_deadline_ns(span_ns);

	if (sched_start(&a->sched, argv, hold, e))
		return -1;
	while (!a->sched.up && !a->sched.lost && clock_now_ns() < deadline)
		agent_wait(a, deadline);
	if (!a->sched.pid)
		return tell_early_end(a, argv[0], e);
	if (a->sched.lost)
		return err_set(e, ECHILD, "scheduler '%s' was ejected at once", argv[0]);
	if (!a->sched.up)
		return err_set(e, ETIMEDOUT, "scheduler '%s' did not attach within %llu s", argv[0],
			       span_ns / NSEC_PER_SEC);
	return 0;
}

static void wait_for_scheduler(struct agent *a, uint64_t span_ns)
{
	uint64_t deadline = clock_deadline_ns(patience(span_ns));

	while (a->sched.pid && clock_now_ns() < deadline)
		agent_wait(a, deadline);
}

void agent_stop_scheduler(struct agent *a)
{
	/* One that was lost is about to tell why, by itself. */
	if (a->sched.pid && a->sched.lost)
		wait_for_scheduler(a, KILL_NS);
	if (a->sched.pid) {
		sched_ask_to_end(&a->sched);
		wait_for_scheduler(a, END_NS);
	}
	if (a->sched.pid) {
		link_trouble(&a->link, TROUBLE_NOTE, "the scheduler did not end on SIGINT; killed");
		sched_kill(&a->sched);
		wait_for_scheduler(a, KILL_NS);
	}
	sched_finish(&a->sched);
}
