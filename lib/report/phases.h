/* SPDX-License-Identifier: GPL-2.0-only */
/* The stimulus timeline as steps: what was done, for how long, and how fast the workers went on. */
#ifndef KTSTR_REPORT_PHASES_H
#define KTSTR_REPORT_PHASES_H

#include "report/run.h"

struct phase {
	const struct run_event *start; /* owned by the run */
	uint64_t start_ns,
		end_ns;	     /* since the scenario's start; end RUN_ABSENT when it is not told */
	bool complete;	     /* its own end was told; otherwise that of the scenario serves */
	uint64_t iterations; /* within it, all workers; RUN_ABSENT */
	double rate;	     /* iterations a second; NAN */
};

struct phases {
	struct phase *list;
	size_t n;
};

/* Returns 0, or -1 when memory is out. */
int phases_init(struct phases *p, const struct run *r);
void phases_deinit(struct phases *p);

#endif
