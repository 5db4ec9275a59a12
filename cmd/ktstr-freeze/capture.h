/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One look at the guest while it stands still: what is needed of its memory is copied then
 * (capture_copy), and told when it runs again (capture_tell).
 */
#ifndef KTSTR_FREEZE_CAPTURE_H
#define KTSTR_FREEZE_CAPTURE_H

#include <jansson.h>

#include "emit.h"
#include "view.h"

#define CAPTURE_NAME_MAX 512u /* a tag or a symbol, with its NUL: MAILBOX_TEXT_MAX and more */

enum capture_trigger {
	CAPTURE_NOW,
	CAPTURE_OP,
	CAPTURE_WATCH,
	CAPTURE_PERIODIC,
	CAPTURE_EXIT, /* the scheduler failed */
};

struct capture {
	enum capture_trigger trigger;
	char tag[CAPTURE_NAME_MAX], symbol[CAPTURE_NAME_MAX];
	uint64_t began_ns, frozen_ns;
	bool is_copied;
	struct dump_copy copy;
	char reason[ERR_TEXT_MAX]; /* why there is no copy */
	/* May be set until it is told; owned. */
	json_t *regs;
	char regs_reason[ERR_TEXT_MAX];
	json_t *exit_info; /* better than the copy's; NULL: none */
	json_t *exit_kind; /* what it was when there is no copy; NULL: not known */
};

/* The guest stands still from now on. */
void capture_begin(struct capture *c, enum capture_trigger trigger, const char *tag,
		   const char *symbol);
/* Copy; what fails is told in c->reason. Returns whether there is a copy. */
bool capture_copy(struct capture *c, struct view *v);
/* The registers of all vCPUs, from the machine that stands still. */
void capture_regs(struct capture *c, struct target *t);
/* The guest ran while it was copied, because of @why: the copy is worth nothing. */
void capture_spoil(struct capture *c, const char *why);
/* The guest runs again. */
void capture_thawed(struct capture *c);

/*
 * Render it and put it out as number @number; at most @max_entries of each map, fewer when it would
 * be too long for a message. It holds nothing afterwards. Errors as of emit_capture.
 */
int capture_tell(struct capture *c, struct view *v, struct emit *m, uint64_t number,
		 unsigned int max_entries, struct err *e);

void capture_deinit(struct capture *c);

#endif
