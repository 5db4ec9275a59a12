/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words that the user watches: what each symbol stands for, and how often a store to it may
 * stop the guest. A watch that was hit is taken away and comes back after the least gap, so that a
 * hot word cannot hold the guest.
 */
#ifndef KTSTR_FREEZE_WATCHES_H
#define KTSTR_FREEZE_WATCHES_H

#include "capture.h"

#define WATCHES_MAX (WATCH_SLOTS - 1) /* one slot is for the scheduler's exit kind */

struct watch {
	char symbol[CAPTURE_NAME_MAX];
	uint64_t kva, gpa;
	unsigned int len;
	bool armed;
	unsigned int slot; /* when armed */
	uint64_t hits;
	uint64_t rearm_ns; /* when to arm it again; CLOCK_NEVER: not any more */
};

struct watches {
	struct watch w[WATCHES_MAX];
	unsigned int n;
	uint64_t max_hits; /* of each; 0: no limit */
	uint64_t gap_ns;
};

/*
 * What @symbol is: a variable of a scheduler (`bss.OBJECT.NAME`, `data.`, `rodata.`) or of the
 * kernel (dump/sched.h, sched_resolve). The text of an error names it, and holds "did not resolve"
 * when there is none.
 */
int watch_resolve(struct view *v, const char *symbol, struct watch *ret, struct err *e);

/* Resolve @symbol and arm a watch. On failure there is no more of it. */
int watches_add(struct watches *ws, struct view *v, const char *symbol, struct err *e);

/* The watch that is armed in @slot; NULL for none. */
struct watch *watches_by_slot(struct watches *ws, unsigned int slot);

/* @w was hit: count, disarm, and decide when to arm it again. The machine stands there. */
void watches_hit(struct watches *ws, struct watch *w, struct target *t);

/* Arm those whose time has come. *ret_trouble is the text of the last that failed, or empty. */
void watches_serve(struct watches *ws, struct target *t, struct err *ret_trouble);
/* When watches_serve has something to do. */
uint64_t watches_deadline_ns(const struct watches *ws);

/* Whether all have had their hits. */
bool watches_done(const struct watches *ws);

#endif
