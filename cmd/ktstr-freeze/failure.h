/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dump of a scheduler that fails. The word exit_kind of the scheduler in force is watched: at
 * the very store that makes it an error the guest is copied. Its kernel goes on to say why: the
 * watch moves to the pointer that is set when message and backtrace are there, and from there to
 * the one that is cleared when the kernel's own dump is complete. Then all is told as one.
 *
 * Where words cannot be watched, exit_kind is looked at again and again, and the copy comes a
 * little late.
 */
#ifndef KTSTR_FREEZE_FAILURE_H
#define KTSTR_FREEZE_FAILURE_H

#include "capture.h"

enum failure_stage {
	FAILURE_OFF,
	FAILURE_POLL,	/* nothing yet: look again at poll_ns */
	FAILURE_KIND,	/* nothing yet: exit_kind is watched */
	FAILURE_REASON, /* copied */
	FAILURE_ROOT,	/* the kernel has said why */
	FAILURE_READY,	/* to be told */
};

struct failure {
	enum failure_stage stage;
	struct sched_exit_places places;
	unsigned int slot; /* of the watch, in the stages that have one */
	uint64_t poll_ns;
	struct capture capture;
};

/* A scheduler is in force, and the machine stands still: watch it. On failure there will be no
 * dump, or (stage FAILURE_POLL) a late one. */
int failure_arm(struct failure *f, struct view *v, struct err *e);

/* Whether a hit in @slot is for us. */
bool failure_owns(const struct failure *f, unsigned int slot);

/* The machine stands at our watch. */
void failure_hit(struct failure *f, struct view *v);

/* It stood at our watch, and ran on before we looked, because of @why: a capture without anything.
 */
void failure_late(struct failure *f, struct view *v, const char *why);

/* It ran on while we looked, because of @why. */
void failure_spoil(struct failure *f, const char *why);

/* The machine goes on from there. */
void failure_thawed(struct failure *f);

/* FAILURE_POLL: look; when it has failed, stop the machine, copy, and let it go on. */
void failure_poll(struct failure *f, struct view *v);

/* The machine has ended, or we are to: what is not there yet is taken from memory as it is.
 * FAILURE_READY when there is something to tell. */
void failure_finish(struct failure *f, struct view *v);

void failure_deinit(struct failure *f);

#endif
