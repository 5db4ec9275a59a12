/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the agent asks of those who look at the guest while it stands still, ktstr-freeze(1): a
 * capture now, one at each store to a variable, and captures at times of the scenario's duration.
 * It asks by the doorbell, so the machine stands until the request is done, and it tells of each
 * request and its answer (TLV_REQUEST). With nobody there a scenario runs all the same.
 */
#ifndef KTSTR_GUEST_INIT_CAPTURES_H
#define KTSTR_GUEST_INIT_CAPTURES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "init/doorbell.h"
#include "init/link.h"
#include "scenario/scenario.h"

struct captures {
	struct link *link; /* borrowed, as the two below */
	struct doorbell *doorbell;
	const struct scenario *sc; /* that runs */
	uint64_t start_ns;	   /* of the scenario */
	size_t step;		   /* that runs, for what is told */
	unsigned int watches;	   /* registered */
	uint64_t due_ns;     /* when the next periodic capture is; CLOCK_NEVER: none is left */
	unsigned int next;   /* its number, which is how many were asked for */
	unsigned int errors; /* in a row, of those */
	bool alone;	     /* nobody took a periodic capture, which was told */
};

void captures_init(struct captures *c, struct link *l, struct doorbell *d);

/*
 * Ask for a capture of that name. One that fails is noted, and so is that nobody takes any if
 * @tell_nobody: an operation that is repeated need not say so again.
 */
void captures_snapshot(struct captures *c, const char *name, bool tell_nobody);

/*
 * Ask for captures at each store to @symbol. With nobody there this is a note. ENOSPC:
 * SCENARIO_WATCHES_MAX are registered; EINVAL: refused, with the reason. Neither takes a place.
 */
int captures_watch(struct captures *c, const char *symbol, struct err *e);

/* The scenario has begun: its periodic captures are due from now on, until captures_end(). */
void captures_begin(struct captures *c, const struct scenario *sc, uint64_t start_ns);
void captures_end(struct captures *c);

/*
 * Ask for all that is due. To be called whenever the agent can, and at due_ns. After
 * CAPTURES_ERRORS_MAX failures in a row the rest is given up, which is noted.
 */
#define CAPTURES_ERRORS_MAX 2u
void captures_due(struct captures *c);

#endif
