/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holding threads of a child process still from outside, at any instruction, by ptrace(2): at once,
 * or at the very store to a watched address (the debug registers of the CPU). The process is not
 * asked and takes no part, so its other threads go on, and a thread that is let go cannot tell that
 * it stood.
 *
 * Only the threads seized are held. One thread uses a trace: the one that made the child.
 */
#ifndef KTSTR_BOOT_TCG_TRACE_H
#define KTSTR_BOOT_TCG_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define TRACE_SLOTS 4u /* debug registers for addresses */

struct trace_thread {
	pid_t tid;
	bool gone;
	bool stopped;	   /* by us; it goes on when we say so */
	bool group;	   /* all of its process was stopped (SIGSTOP): it goes on with that */
	unsigned int hits; /* slots, one bit each, that are not told yet */
};

struct trace {
	int signal_fd; /* readable when a thread has stopped or died; -1 holds nothing */
	struct trace_thread *threads;
	size_t n_threads;
	struct {
		uint64_t addr;	  /* of the process */
		unsigned int len; /* bytes; 0: free */
	} slots[TRACE_SLOTS];
	bool held;    /* all threads are to stand still */
	bool passing; /* hits are noted, and do not hold */
	char refusal[ERR_TEXT_MAX];
};

/* Nothing seized; blocks SIGCHLD for good and takes it over. */
int trace_init(struct trace *t, struct err *e);

/* Release all. Threads that live are waited for: their process was sent SIGKILL before. */
void trace_deinit(struct trace *t);

/*
 * Take @n running threads of a child. Where that is not permitted there is no error, but
 * trace_works is false and t->refusal has one line on why; the others may be called all the same.
 */
void trace_seize(struct trace *t, const pid_t *tids, size_t n);
bool trace_works(const struct trace *t);

/* Hold all threads: they stand when this returns. Deadline 10 s (ETIMEDOUT, and none is held). */
int trace_stop(struct trace *t, struct err *e);
/* Let all go on. */
void trace_go(struct trace *t);

/*
 * Take the stops that have come up: to be called when signal_fd is readable. At a hit all threads
 * are held. Returns whether there are hits that trace_hit has yet to tell.
 */
bool trace_serve(struct trace *t);

/* The next hit: the index of the thread that made it, and a bit for each slot. False for none. */
bool trace_hit(struct trace *t, size_t *ret_thread, unsigned int *ret_slots);
bool trace_untold(const struct trace *t);

/*
 * Watch for stores to @len bytes (1, 2, 4, 8; aligned) at @addr of the process, in a slot less than
 * TRACE_SLOTS, or cease to. Threads that ran go on afterwards, unless one of them met a hit.
 */
int trace_watch(struct trace *t, unsigned int slot, uint64_t addr, unsigned int len, struct err *e);
int trace_unwatch(struct trace *t, unsigned int slot, struct err *e);

#endif
