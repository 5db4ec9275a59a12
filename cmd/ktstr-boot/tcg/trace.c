/* SPDX-License-Identifier: GPL-2.0-only */
#include "trace.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define STOP_NS (10 * NSEC_PER_SEC)

/* Architecture manuals: debug control (7) and status (6). */
#define DR_CONTROL 7
#define DR_STATUS 6
#define DR_ENABLE(slot) (1ul << (2 * (slot)))
#define DR_FIELDS(slot, len) (((len) << 2 | 1ul) << (16 + 4 * (slot))) /* 1: stores */
#define DR_HIT_MASK ((1ul << TRACE_SLOTS) - 1)

int trace_init(struct trace *t, struct err *e)
{
	sigset_t set;

	*t = (struct trace){.signal_fd = -1};
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	t->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return t->signal_fd < 0 ? err_sys(e, "cannot take signals") : 0;
}

void trace_deinit(struct trace *t)
{
	/* Their process cannot be reaped before they are. */
	for (size_t i = 0; i < t->n_threads; i++) {
		struct trace_thread *th = &t->threads[i];
		int status = 0;

		while (!th->gone) {
			pid_t tid = waitpid(th->tid, &status, __WALL);

			th->gone = (tid < 0 && errno != EINTR) ||
				   (tid > 0 && (WIFEXITED(status) || WIFSIGNALED(status)));
		}
	}
	if (t->signal_fd >= 0)
		close(t->signal_fd);
	free(t->threads);
	*t = (struct trace){.signal_fd = -1};
}

static void refuse(struct trace *t, const char *what)
{
	struct err e;

	err_sys(&e, "%s", what);
	snprintf(t->refusal, sizeof(t->refusal), "%s", e.text);
}

void trace_seize(struct trace *t, const pid_t *tids, size_t n)
{
	t->threads = calloc(n, sizeof(*t->threads));
	if (!t->threads) {
		refuse(t, "cannot trace QEMU");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (ptrace(PTRACE_SEIZE, tids[i], NULL, PTRACE_O_EXITKILL)) {
			refuse(t, "cannot trace QEMU");
			return;
		}
		t->threads[t->n_threads++] = (struct trace_thread){.tid = tids[i]};
	}
}

bool trace_works(const struct trace *t)
{
	return t->n_threads && !*t->refusal;
}

/* ---- registers ---- */

static void *user_offset(unsigned int reg)
{
	return (void *)(offsetof(struct user, u_debugreg) + reg * sizeof(long));
}

static int reg_poke(const struct trace_thread *th, unsigned int reg, unsigned long value)
{
	return (int)ptrace(PTRACE_POKEUSER, th->tid, user_offset(reg), (void *)value);
}

/* The kernel checks each write against what the other registers hold, so all is switched off
 * first. */
static int regs_load(const struct trace *t, const struct trace_thread *th)
{
	static const unsigned long lens[] = {[1] = 0, [2] = 1, [4] = 3, [8] = 2};
	unsigned long control = 0;

	if (reg_poke(th, DR_CONTROL, 0))
		return -1;
	for (unsigned int i = 0; i < TRACE_SLOTS; i++) {
		if (!t->slots[i].len)
			continue;
		if (reg_poke(th, i, t->slots[i].addr))
			return -1;
		control |= DR_ENABLE(i) | DR_FIELDS(i, lens[t->slots[i].len]);
	}
	return control ? reg_poke(th, DR_CONTROL, control) : 0;
}

/* The slots that made a thread stop, out of those in use. */
static unsigned int regs_hits(const struct trace *t, const struct trace_thread *th)
{
	unsigned int hits;

	errno = 0;
	hits = (unsigned int)ptrace(PTRACE_PEEKUSER, th->tid, user_offset(DR_STATUS), NULL) &
	       DR_HIT_MASK;
	if (errno)
		return 0;
	reg_poke(th, DR_STATUS, 0);
	for (unsigned int i = 0; i < TRACE_SLOTS; i++)
		if (!t->slots[i].len)
			hits &= ~(1u << i);
	return hits;
}

/* ---- stops ---- */

static void thread_go(struct trace_thread *th, int sig)
{
	th->stopped = false;
	/* It dies under our hands at any time; that is told by its end. */
	ptrace(th->group ? PTRACE_LISTEN : PTRACE_CONT, th->tid, NULL, (void *)(long)sig);
}

static bool is_hit(const struct trace_thread *th, int sig)
{
	siginfo_t info;

	return sig == SIGTRAP && ptrace(PTRACE_GETSIGINFO, th->tid, NULL, &info) == 0 &&
	       info.si_code == TRAP_HWBKPT;
}

static void thread_stopped(struct trace *t, struct trace_thread *th, int status)
{
	int sig = WSTOPSIG(status);

	th->group = false;
	th->stopped = true;
	if (status >> 16 == PTRACE_EVENT_STOP) {
		th->group = sig != SIGTRAP;
	} else if (is_hit(th, sig)) {
		th->hits |= regs_hits(t, th);
		if (th->hits && !t->passing)
			return;
	} else {
		/* A signal of its own; a stop that we asked for comes right behind it. */
		thread_go(th, sig);
		return;
	}
	if (!t->held)
		thread_go(th, 0);
}

static void thread_serve(struct trace *t, struct trace_thread *th)
{
	while (!th->gone) {
		int status;
		pid_t tid = waitpid(th->tid, &status, __WALL | WNOHANG);

		if (tid == 0 || (tid < 0 && errno == EINTR))
			return;
		if (tid < 0 || WIFEXITED(status) || WIFSIGNALED(status)) {
			th->gone = true;
			th->hits = 0;
			return;
		}
		if (WIFSTOPPED(status))
			thread_stopped(t, th, status);
	}
}

/* Returns how many threads run. */
static size_t threads_serve(struct trace *t)
{
	struct signalfd_siginfo info;
	size_t running = 0;

	while (read(t->signal_fd, &info, sizeof(info)) == sizeof(info))
		;
	for (size_t i = 0; i < t->n_threads; i++) {
		thread_serve(t, &t->threads[i]);
		running += !t->threads[i].gone && !t->threads[i].stopped;
	}
	return running;
}

int trace_stop(struct trace *t, struct err *e)
{
	uint64_t deadline = clock_deadline_ns(STOP_NS);

	t->held = true;
	for (size_t i = 0; i < t->n_threads; i++)
		if (!t->threads[i].gone && !t->threads[i].stopped)
			ptrace(PTRACE_INTERRUPT, t->threads[i].tid, NULL, NULL);
	while (threads_serve(t)) {
		struct pollfd p = {.fd = t->signal_fd, .events = POLLIN};

		if (clock_poll_ms(deadline) == 0) {
			trace_go(t);
			return err_set(e, ETIMEDOUT, "QEMU's vCPU threads did not stop in time");
		}
		poll(&p, 1, clock_poll_ms(deadline));
	}
	return 0;
}

void trace_go(struct trace *t)
{
	t->held = false;
	for (size_t i = 0; i < t->n_threads; i++)
		if (!t->threads[i].gone && t->threads[i].stopped)
			thread_go(&t->threads[i], 0);
}

bool trace_untold(const struct trace *t)
{
	for (size_t i = 0; i < t->n_threads; i++)
		if (t->threads[i].hits)
			return true;
	return false;
}

bool trace_serve(struct trace *t)
{
	threads_serve(t);
	if (!trace_untold(t))
		return false;
	if (!t->held && !t->passing)
		trace_stop(t, &(struct err){0});
	return true;
}

bool trace_hit(struct trace *t, size_t *ret_thread, unsigned int *ret_slots)
{
	for (size_t i = 0; i < t->n_threads; i++) {
		if (!t->threads[i].hits)
			continue;
		*ret_thread = i;
		*ret_slots = t->threads[i].hits;
		t->threads[i].hits = 0;
		return true;
	}
	return false;
}

/* ---- watches ---- */

/* Give the registers of all threads what the slots hold. */
static int slots_load(struct trace *t, struct err *e)
{
	bool held = t->held;
	int status = 0;

	if (trace_stop(t, e))
		return -1;
	for (size_t i = 0; i < t->n_threads; i++) {
		const struct trace_thread *th = &t->threads[i];

		if (!th->gone && regs_load(t, th) && errno != ESRCH)
			status = err_sys(e, "cannot set the debug registers of QEMU's threads");
	}
	if (!held && !trace_untold(t))
		trace_go(t);
	return status;
}

int trace_watch(struct trace *t, unsigned int slot, uint64_t addr, unsigned int len, struct err *e)
{
	struct err ignored;

	if (!trace_works(t))
		return err_set(e, ENOTSUP, "this machine cannot watch its memory: %s", t->refusal);
	t->slots[slot].addr = addr;
	t->slots[slot].len = len;
	if (slots_load(t, e) == 0)
		return 0;
	trace_unwatch(t, slot, &ignored);
	return err_prefix(e, "this machine cannot watch its memory");
}

int trace_unwatch(struct trace *t, unsigned int slot, struct err *e)
{
	t->slots[slot].len = 0;
	for (size_t i = 0; i < t->n_threads; i++)
		t->threads[i].hits &= ~(1u << slot);
	return slots_load(t, e);
}
