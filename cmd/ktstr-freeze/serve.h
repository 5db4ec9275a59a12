/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktstr-freeze beside a running machine: answer what the guest asks for, capture what its watches
 * hit and its scheduler's failure, until the machine ends or there is nothing left to wait for.
 */
#ifndef KTSTR_FREEZE_SERVE_H
#define KTSTR_FREEZE_SERVE_H

#include "capture.h"
#include "emit.h"
#include "failure.h"
#include "view.h"
#include "watches.h"

enum serve_end {
	SERVE_GOES_ON,
	SERVE_DONE, /* all watches have had their hits */
	SERVE_VM_GONE,
	SERVE_SIGNAL,
	SERVE_NO_KERNEL, /* none came up in time */
	SERVE_CLOSED,	 /* nobody reads what we write */
	SERVE_FAILED,
};

struct serve {
	/* set by the caller */
	struct view view;
	struct emit emit;
	struct watches watches;
	int signal_fd;
	uint64_t wait_ns; /* for a kernel to come up */
	unsigned int max_entries;
	void (*warn)(const char *text); /* for people; NULL: they read the notes */

	struct failure failure;
	bool hit_regs; /* take registers at hits of watches, too: the guest goes on differently */
	uint64_t captures, missed, hits;
	uint64_t periodic_fired, periodic_real, frozen_ns;
	int signal;
	bool served;	   /* the machine was held since the last wait */
	bool core_written; /* all of it, of a machine that stood still */
	struct err error;  /* SERVE_NO_KERNEL, SERVE_FAILED */
};

/* One capture now, with registers; with @core_fd not -1 the memory goes there as an ELF core, too.
 * Of a dead image as of a machine. */
enum serve_end serve_now(struct serve *s, const char *tag, int core_fd);

/* Watch the @n @symbols until each has had its hits. */
enum serve_end serve_watch(struct serve *s, char *const *symbols, size_t n);

/* Answer the guest's requests until the machine ends. */
enum serve_end serve_guest(struct serve *s);

/* Say how it ended. */
void serve_tell_end(struct serve *s, enum serve_end end);

void serve_deinit(struct serve *s);

#endif
