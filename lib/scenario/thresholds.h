/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Limits on what ktstr-monitor sees of the kernel, `check max-imbalance 4` and the like: their
 * names, defaults and forms. All are off until a scenario asks for them. What they mean for samples
 * is in lib/report/.
 */
#ifndef KTSTR_SCENARIO_THRESHOLDS_H
#define KTSTR_SCENARIO_THRESHOLDS_H

#include <stdint.h>

#include "base/error.h"
#include "scenario/units.h"

enum threshold {
	THRESHOLD_IMBALANCE, /* most over least nr_running, in millionths */
	THRESHOLD_DSQ_DEPTH, /* tasks in a CPU's local DSQ */
	THRESHOLD_STALL,    /* a CPU whose clock stands still; the limit is 1, which says nothing */
	THRESHOLD_FALLBACK, /* select_cpu_fallback events a second */
	THRESHOLD_KEEP_LAST, /* dispatch_keep_last events a second */
	THRESHOLDS,
};

#define THRESHOLD_OFF UINT64_MAX
#define SUSTAINED_DEFAULT 5u
#define SUSTAINED_MAX 10000u

struct threshold_info {
	const char *check;  /* as in `check max-imbalance 4` */
	const char *member; /* of the plan */
	const char *name;   /* in results */
	uint64_t def;	    /* what `check monitor` sets */
	uint64_t min, max;  /* both inclusive */
};
extern const struct threshold_info threshold_infos[THRESHOLDS];

struct thresholds {
	uint64_t limit[THRESHOLDS]; /* exceeding it fails; THRESHOLD_OFF: not asked for */
	uint32_t sustained_samples; /* that long without a break, from 1 */
};

/* All off. */
void thresholds_init(struct thresholds *t);

/* A limit as written in a scenario: a number, or on and off for THRESHOLD_STALL; `off` for all. */
int threshold_parse(enum threshold which, const char *text, uint64_t *ret, struct err *e);

/* And back. */
void threshold_format(enum threshold which, uint64_t limit, char ret[UNITS_TEXT_MAX]);

#endif
