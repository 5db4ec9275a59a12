/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ktstr-monitor told of a run: it takes schemas, samples and notes as they come, from one
 * monitor, and keeps figures and no samples. It believes nothing: a sample counts only when it fits
 * the schema before it. It judges nothing: monitor_judge.h does that.
 */
#ifndef KTSTR_REPORT_MONITOR_H
#define KTSTR_REPORT_MONITOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "report/payload.h"
#include "report/scope.h"
#include "sample/sample.h"
#include "sample/schema.h"
#include "scenario/thresholds.h"

#define MONITOR_NOTES_MAX 32u
#define MONITOR_LINE_MAX 512u
#define MONITOR_DEPTH_MAX 10000u /* a local DSQ that is deeper makes a sample implausible */

/* Parts of a run that are looked at apart; which one counts is known only at the end. */
enum scope_kind {
	SCOPE_ALL,	 /* every sample */
	SCOPE_SCHEDULER, /* while a scheduler of sched_ext was loaded */
	SCOPE_SCENARIO,	 /* while the scenario ran */
	SCOPES,
};
extern const char *const scope_names[SCOPES];

enum monitor_note_kind {
	MONITOR_ATTACHED,
	MONITOR_LOST,
	MONITOR_WATCHDOG,
	MONITOR_TROUBLE,
	MONITOR_NOTE_KINDS,
};
extern const char *const monitor_note_names[MONITOR_NOTE_KINDS];

struct monitor_note {
	enum monitor_note_kind kind;
	char message[MONITOR_LINE_MAX];
};

/* The last of the monitor's; PAYLOAD_ABSENT for a number that is not told. */
struct monitor_end {
	bool told;
	uint64_t samples, invalid, missed, schemas;
	char reason[32];
};

struct monitor {
	bool seen; /* anything of it came */
	uint8_t instance;
	uint64_t other_instances; /* messages of another monitor, which do not count */
	uint64_t start_ns;	  /* when the machine began, by HELLO; 0: not known */

	uint64_t samples; /* that came and fit, valid or not */
	uint64_t invalid;
	uint64_t invalid_by[SAMPLE_INVALIDS]; /* by the bits of enum sample_invalid */
	uint64_t missed, retries, schemas;
	uint64_t first_at_ns; /* of the first sample */
	uint64_t took_max_ns, took_sum_ns;
	bool scenario_on, scenario_seen;
	struct scope scopes[SCOPES];
	struct thresholds limits; /* none is off: what is not asked for has its default */

	char release[65], ops[128]; /* the last that is not empty */
	uint32_t hz, generations;
	unsigned int cpus;
	uint64_t attach_ns;    /* the first; PAYLOAD_ABSENT */
	uint64_t kaslr_offset; /* likewise: how far the kernel lies from where it was linked */
	uint64_t lost;	       /* times that the kernel went away */
	bool watchdog_told;
	uint64_t watchdog_expected, watchdog_observed, watchdog_hz; /* jiffies; PAYLOAD_ABSENT */
	struct monitor_note notes[MONITOR_NOTES_MAX];
	size_t n_notes;
	uint64_t more_notes;
	struct monitor_end end;

	/* ---- the present schema ---- */
	bool has_schema;
	struct schema schema;
	struct columns at;
	struct sample sample; /* room for one */
};

void monitor_init(struct monitor *m);
void monitor_deinit(struct monitor *m);

/* Whether messages of this instance count: those of the first that comes. */
bool monitor_accepts(struct monitor *m, uint8_t instance);

/* Judge by these from now on. */
void monitor_thresholds(struct monitor *m, const struct thresholds *t);

/* The scenario began or ended. */
void monitor_scenario(struct monitor *m, bool on);

/* Take a payload. They fail with ENOMEM, or with another code for one that is not as it must be;
 * nothing of that is kept. */
int monitor_add_schema(struct monitor *m, const json_t *json, struct err *e);
int monitor_add_sample(struct monitor *m, const void *data, size_t len, struct err *e);

/* These mark a bad payload as such. */
void monitor_add_note(struct monitor *m, struct payload *p);
void monitor_add_end(struct monitor *m, struct payload *p);

/* The part that counts: while the scheduler was loaded for a plan that has one, else while the
 * scenario ran, else all. */
enum scope_kind monitor_scope(const struct monitor *m, bool has_scheduler);

/* The time of +0 ms: when the machine began, or else the first sample. */
uint64_t monitor_start_ns(const struct monitor *m);

#endif
