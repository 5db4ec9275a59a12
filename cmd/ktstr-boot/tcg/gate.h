/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A port at which a write of the guest's holds QEMU's vCPU thread inside the instruction until we
 * let it go: an ISA debug console whose chardev writes the byte into one pipe, where we see it, and
 * then logs it into another, which we keep full.
 *
 * With all vCPUs on one thread the whole machine stands still meanwhile, and goes on as if nothing
 * had been: no instruction, no timer and no idle time comes in between. Stopping it over QMP from
 * such a write does not do that: other vCPUs run on until QEMU's main loop has heard of it.
 *
 * QEMU holds its big lock there, so it answers no command before it is let go.
 */
#ifndef KTSTR_BOOT_TCG_GATE_H
#define KTSTR_BOOT_TCG_GATE_H

#include <stdbool.h>

#include "base/error.h"

struct gate {
	int seen[2];  /* pipe: what the guest wrote; -1 holds nothing */
	int block[2]; /* pipe: full while the gate is closed */
	bool open;    /* a write does not wait */
};

/* Make a closed gate. On failure it holds nothing. */
int gate_init(struct gate *g, struct err *e);
void gate_deinit(struct gate *g);

/* The end to poll for a write, and those that QEMU opens by their numbers. */
static inline int gate_poll_fd(const struct gate *g)
{
	return g->seen[0];
}

static inline int gate_chardev_fd(const struct gate *g)
{
	return g->seen[1];
}

static inline int gate_log_fd(const struct gate *g)
{
	return g->block[1];
}

/* Whether the guest wrote since the last call; if the gate is closed, it stands there. */
bool gate_entered(struct gate *g);

/* Let the guest go on from here, now and at any later write. */
void gate_open(struct gate *g);

/* The next write waits again. Only while the guest cannot write: it stands at another gate, or has
 * not begun. */
int gate_close(struct gate *g, struct err *e);

#endif
