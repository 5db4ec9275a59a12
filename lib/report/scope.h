/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the samples of one part of a run say (all of it, while a scheduler was loaded, while the
 * scenario ran): the summary, and where a threshold was exceeded for long enough. It takes valid
 * samples one by one, keeps none, and judges nothing: monitor_judge.h does that.
 *
 * An emulated guest can be slow: ten samples may show one and the same instant of it. So samples
 * count for a threshold only when ten ticks of guest time lie between them; one in between can end
 * a series, and does not prolong it. Where the guest's time is not known each sample counts.
 */
#ifndef KTSTR_REPORT_SCOPE_H
#define KTSTR_REPORT_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/deltas.h"
#include "sample/sample.h"
#include "sample/schema.h"
#include "scenario/thresholds.h"

#define SCOPE_WARM_UP 20u /* samples that are not held against thresholds */
#define SCOPE_TICKS 10u	  /* of guest time (jiffies) that must lie between two samples */
#define SCOPE_DEFAULT_HZ 250u
#define SCOPE_VIOLATIONS_MAX 64u

/* Where the columns are that thresholds and summary hang on; -1: not there. */
struct columns {
	int jiffies;
	int nr_running, depth, clock, vcpu_ns, torn;
	int fallback, keep_last;
};

/* A valid sample and what it is of. */
struct reading {
	const struct schema *schema;
	const struct columns *at;
	const struct sample *sample;
	bool vcpus_apart; /* each vCPU has a thread of its own, whose time tells about it */
};

/* A point in time; SAMPLE_ABSENT jiffies: not known. */
struct instant {
	uint64_t at_ns, jiffies;
};

/* A series of samples beyond a limit. */
struct window {
	uint64_t samples; /* that count, without a break */
	struct instant from;
	double worst;
	unsigned int violation; /* place in the list + 1, once it lasted long enough; 0: not yet */
};

/* A series that lasted. Spans are guest time where hz is known, else host time. */
struct violation {
	enum threshold which;
	uint64_t cpu; /* SAMPLE_ABSENT: of no single CPU */
	uint64_t from_ns, span_ns, samples;
	double worst;
};

/* A CPU on the look-out for the next change of its clock. */
struct cpu_watch {
	uint64_t clock;	      /* 0: there is nothing to compare with */
	struct instant since; /* when it was first seen with that clock, and busy */
	struct instant anchor;
	uint64_t anchor_vcpu_ns;
	uint64_t pairs; /* for the summary, warm-up and all */
	struct window depth, stall;
};

/* The longest time that a CPU was stuck. */
struct stuck {
	bool found;
	uint64_t cpu, from_ns, span_ns, samples;
};

struct scope {
	uint64_t samples;		/* valid ones, the warm-up included */
	uint64_t judged;		/* of them, behind the warm-up and ten ticks apart */
	uint64_t judged_of[THRESHOLDS]; /* of them, with the cells that the threshold needs */
	struct violation violations[SCOPE_VIOLATIONS_MAX];
	size_t n_violations;
	uint64_t more_violations; /* that there was no room for */

	/* ---- summary ---- */
	double max_ratio, sum_ratio;
	double sum_depth, sum_nr;
	uint64_t n_depth, n_nr; /* readings in the sums */
	uint64_t max_depth, max_depth_cpu;
	struct stuck stuck;
	uint64_t first_clock, clocks; /* rq_clock: the first, how many .. */
	bool clocks_differ;	      /* .. and whether any was another */
	struct deltas events, schedstat;
	struct progs progs;
	uint64_t max_fallback_burst; /* between two samples */
	uint64_t elapsed_ns;	     /* between samples of one schema: what rates are by */
	bool host_time;		     /* some of it is host time */

	/* ---- between samples of one schema ---- */
	struct instant last, gate; /* at_ns 0: none yet */
	uint64_t gate_ns;	   /* time and events since the gate */
	uint64_t gate_fallback, gate_keep_last;
	struct cpu_watch *cpus; /* a row of the CPU table each */
	struct window imbalance, fallback, keep_last;
};

void scope_init(struct scope *s);
void scope_deinit(struct scope *s);

/* Readings of another schema follow. Returns 0, or -1 when memory is out: it then takes none. */
int scope_restart(struct scope *s, const struct schema *schema);

/* Take a reading of that schema; @limits has no threshold that is off. */
void scope_take(struct scope *s, const struct reading *r, const struct thresholds *limits);

/* The limits may be others from now on: what was found by the old ones is forgotten. */
void scope_forget(struct scope *s, const struct schema *schema);

/* One line: what exceeded what, where and since when; @start_ns is the time of +0 ms. */
void violation_format(const struct violation *v, const struct thresholds *limits, uint64_t start_ns,
		      char *ret, size_t size);

/* `stuck 3500 ms on cpu1 at +1200 ms` */
void stuck_format(uint64_t cpu, uint64_t span_ns, uint64_t from_ns, uint64_t start_ns, char *ret,
		  size_t size);

#endif
