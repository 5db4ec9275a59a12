/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal of the live table. Who reads guests may be killed at any instruction, by its own
 * sandbox too, and a terminal wants its state back: so a parent that reads no guest keeps the
 * terminal, and the child draws.
 */
#ifndef KTSTR_MONITOR_SCREEN_H
#define KTSTR_MONITOR_SCREEN_H

#include <stdbool.h>

#include "base/error.h"

struct screen_shared;

struct screen {
	struct screen_shared *shared; /* NULL holds nothing */
};

/*
 * Take the terminal at standard output and fork. The call returns in the child only; the parent
 * passes signals on to it, and when it ends gives the terminal back and ends with its status. The
 * child dies with the parent.
 */
int screen_start(struct screen *ret, struct err *e);

/* The present size, in characters. */
void screen_size(const struct screen *s, unsigned int *rows, unsigned int *columns);

/* What to write to leave the screen, "" when it was left: then messages can be seen again. */
const char *screen_leave(struct screen *s);

#endif
