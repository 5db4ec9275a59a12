/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scenario file, ktstr-scenario(5), parsed: one parser for the host, which checks before the
 * boot, and for the agent, which runs what it finds in /scenario of its initramfs. It does not run
 * anything and does not know the machine beyond the topology that the file names.
 */
#ifndef KTSTR_SCENARIO_SCENARIO_H
#define KTSTR_SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "scenario/cpus.h"
#include "scenario/thresholds.h"
#include "scenario/topology.h"

#define SCENARIO_FILE_MAX (1u << 20) /* bytes; a larger file is an error */
#define SCENARIO_NAME_MAX 64u	     /* test, step, cgroup names: [A-Za-z0-9._-], not . or .. */
#define SCENARIO_STEPS_MAX 1024u
#define SCENARIO_OPS_MAX 4096u		  /* of one step */
#define SCENARIO_WORKERS_MAX 4096u	  /* of one op */
#define SCENARIO_WORKERS_TOTAL_MAX 16384u /* started in the whole run, rounds of a loop counted */
#define SCENARIO_CGROUPS_MAX 256u	  /* at any one time */
#define SCENARIO_EXPECTS_MAX 256u
#define SCENARIO_DURATION_MIN_NS 1000000ull	    /* 1 ms */
#define SCENARIO_DURATION_MAX_NS 86400000000000ull  /* 24 h */
#define SCENARIO_TIMEOUT_MAX_NS 2592000000000000ull /* 720 h: holds the longest default */
#define SCENARIO_WATCHDOG_MAX_NS 3600000000000ull   /* 1 h */
#define SCENARIO_HOLD_MIN_NS 1000ull		    /* 1 us; of a loop's interval: */
#define SCENARIO_INTERVAL_MIN_NS 1000000ull	    /* 1 ms */
#define SCENARIO_MEMORY_MIN_MIB 128u
#define SCENARIO_MEMORY_MAX_MIB (1u << 20) /* 1 TiB */
#define SCENARIO_WEIGHT_MAX 10000u	   /* cpu.weight: from 1 */
#define SCENARIO_SYMBOL_MAX 127u	   /* characters: it is the tag of its captures, too */
#define SCENARIO_WATCHES_MAX 3u		   /* at a time; more fail in the run */
#define SCENARIO_SNAPSHOTS_MAX 64u	   /* `snapshots N` */
#define SCENARIO_SNAPSHOTS_APART_NS 100000000ull /* at least */
/* Captures that `snapshots` asks for have tags of this form, from 0; no other has. */
#define SCENARIO_PERIODIC_PREFIX "periodic_"
#define SCENARIO_PERIODIC_TAG SCENARIO_PERIODIC_PREFIX "%03u"

/* ---- work ---- */

enum work_type {
	WORK_SPIN,
	WORK_YIELD,
	WORK_MIXED,
	WORK_BURSTY,
	WORK_IO_SYNC,
	WORK_PIPE,
	WORK_FUTEX_PING_PONG,
	WORK_FORK_EXIT,
	WORK_TYPES, /* the number of types */
};

/* A work type's parameters by name, each with a default and bounds. */
#define WORK_PARAMS_MAX 4
struct work_param {
	const char *name; /* as written: `work=bursty,burst=5ms` */
	bool is_span;	  /* value is a time span in ns; otherwise a plain number */
	uint64_t def, min, max;
};

/* The table that makes a work type; guest/work/ has one file a type. */
struct work_info {
	const char *name;   /* as written in files and reports */
	unsigned int group; /* workers form groups of this size; a count must divide by it */
	bool has_wakes;	    /* reports wake latency samples */
	struct work_param params[WORK_PARAMS_MAX]; /* up to the first without a name */
};
extern const struct work_info work_infos[WORK_TYPES];

struct work {
	enum work_type type;
	uint64_t params[WORK_PARAMS_MAX]; /* in the order of work_infos[type].params */
};

/* ---- cpuset and affinity ---- */

enum cpuset_kind {
	CPUSET_NONE,	 /* not given: inherits */
	CPUSET_LLC,	 /* llc:I */
	CPUSET_NODE,	 /* node:I */
	CPUSET_RANGE,	 /* range:A-B, fractions of the usable CPUs */
	CPUSET_DISJOINT, /* disjoint:I/N: equal part, the last takes the remainder */
	CPUSET_OVERLAP,	 /* overlap:I/N:F: as disjoint, extended by the fraction F of a part */
	CPUSET_EXACT,	 /* exact:0-2,5 or cpus:... */
};

/* Usable CPUs are all, without the last one if there are more than two. */
struct cpuset_spec {
	enum cpuset_kind kind;
	unsigned int index, parts;
	uint32_t from_ppm, to_ppm; /* range */
	uint32_t overlap_ppm;
	struct cpus exact;
};

/* Resolve against @t. Errors: index or CPU outside the machine, empty result, too few CPUs. */
int cpuset_resolve(const struct cpuset_spec *spec, const struct topology *t, struct cpus *ret,
		   struct err *e);

/* ---- steps and their operations ---- */

enum op_type {
	OP_CGROUP, /* cgroup NAME [cpuset=..] [workers=N] [work=..] [affinity=..] [weight=N] */
	OP_REMOVE_CGROUP, /* remove-cgroup NAME: stop its workers, remove it */
	OP_SET_CPUSET,	  /* set-cpuset NAME SPEC */
	OP_CLEAR_CPUSET,  /* clear-cpuset NAME */
	OP_SWAP_CPUSETS,  /* swap-cpusets A B */
	OP_SPAWN,	  /* spawn NAME workers=N [work=..] [affinity=..] */
	OP_STOP_WORKERS,  /* stop-workers NAME: their reports are kept */
	OP_MOVE_TASKS,	  /* move-tasks FROM TO */
	OP_SET_AFFINITY,  /* set-affinity NAME SPEC: sched_setaffinity of every worker there */
	OP_SNAPSHOT,	  /* snapshot NAME: a capture of that name, now */
	OP_WATCH,	  /* watch SYMBOL: a capture at each store to it from now on */
	OP_TYPES,
};

/* Names of the operations as written, indexed by enum op_type. */
extern const char *const op_names[OP_TYPES];

struct scenario_op {
	enum op_type type;
	unsigned int line;		   /* in the file, from 1 */
	char name[SCENARIO_NAME_MAX + 1];  /* the cgroup; FROM; A; the capture (OP_SNAPSHOT) */
	char name2[SCENARIO_NAME_MAX + 1]; /* TO; B */
	char *symbol;			   /* OP_WATCH: [A-Za-z0-9_.@:-] and []; else NULL */
	struct cpuset_spec cpuset;	   /* OP_CGROUP, OP_SET_CPUSET */
	struct cpuset_spec affinity;	   /* OP_CGROUP, OP_SPAWN, OP_SET_AFFINITY */
	unsigned int workers;		   /* OP_CGROUP (0: none), OP_SPAWN */
	unsigned int weight;		   /* cpu.weight, 0 = not given */
	struct work work;
};

enum hold_kind {
	HOLD_FRACTION, /* hold=50%: of the scenario's duration */
	HOLD_FIXED,    /* hold=500ms */
	HOLD_REST,     /* hold=rest: what is left of the duration */
	HOLD_LOOP,     /* hold=loop:100ms: the step's ops again at that interval until the duration
			* is over; its `cgroup` and `watch` lines only the first time */
};

struct scenario_step {
	char name[SCENARIO_NAME_MAX + 1];
	unsigned int line;
	enum hold_kind hold;
	uint32_t hold_ppm;
	uint64_t hold_ns; /* HOLD_FIXED, HOLD_LOOP */
	struct scenario_op *ops;
	size_t n_ops;
};

#define SCENARIO_SETUP "setup"

/* ---- checks ---- */

struct scenario_checks {
	bool not_starved;	   /* default on: work_units > 0 for every worker */
	bool isolation;		   /* default on: no worker outside its cpuset */
	uint64_t max_gap_ns;	   /* 0 = off; default 3 s */
	uint32_t max_spread_ppm;   /* off-CPU share max - min in a cgroup; 0 = off; default 35 % */
	struct thresholds monitor; /* all off by default */
};

/* ---- the whole ---- */

struct scenario {
	char name[SCENARIO_NAME_MAX + 1]; /* `test NAME`; required */
	struct topology topology;	  /* default 1n1l2c1t */
	uint64_t memory_mib;		  /* 0 = not given: max(256 + 64 a CPU, 512) */
	char **scheduler;	 /* argv, NULL-terminated; NULL = the kernel's own (EEVDF) */
	uint64_t duration_ns;	 /* default 2 s */
	uint64_t watchdog_ns;	 /* 0 = not given */
	uint64_t timeout_ns;	 /* host limit for the test after the boot; default 60 s
				  * and 10 times the duration: emulation is slow */
	unsigned int snapshots;	 /* captures spread over the duration; 0 = not given */
	bool expect_error;	 /* `expect-error`: the scheduler must fail */
	char *expect_error_text; /* `expect-error TEXT`: and its message hold this; or NULL */
	/*
	 * Operations before the first `step` line make up an implicit first step of their own, with
	 * the name SCENARIO_SETUP and HOLD_FIXED of 0 ns (no other step has a hold of 0), or
	 * HOLD_REST when it is the only one. No steps at all: the scheduler runs alone for the
	 * duration.
	 */
	struct scenario_step *steps;
	size_t n_steps;
	struct scenario_checks checks;
	char **expects; /* jq programs of `expect` lines */
	size_t n_expects;
};

/*
 * Parse @len bytes at @text. @file is for messages only: errors read `file:line: message`.
 * @presets_path as in topology_resolve(). Checks everything that can be known before the boot:
 * unknown statements, numbers, duplicate and undefined cgroups, cpusets against the topology,
 * worker counts against group sizes, holds. On success *ret is owned by the caller
 * (scenario_destroy); on failure *ret is NULL.
 */
int scenario_parse(const char *file, const char *text, size_t len, const char *presets_path,
		   struct scenario **ret, struct err *e);
void scenario_destroy(struct scenario *s);

/*
 * As scenario_parse(), with @sets: @n_sets statements, each one line that is a header statement or
 * a check and takes the place of the file's own. Errors in them read `'STATEMENT': message`.
 */
int scenario_parse_with(const char *file, const char *text, size_t len, const char *presets_path,
			const char *const *sets, size_t n_sets, struct scenario **ret,
			struct err *e);

/* The guest's memory: what the file says, or the default. */
uint64_t scenario_memory_mib(const struct scenario *s);

/* How long step @step holds; for HOLD_REST and HOLD_LOOP, what the steps before it leave. */
uint64_t scenario_hold_ns(const struct scenario *s, size_t step);

/* Is the operation carried out in the first round of a loop only? */
bool scenario_op_once(enum op_type type);

/*
 * When capture @i (below s->snapshots) is due, from the start of the scenario: they stand equally
 * far apart from each other and from the ends of the middle 80 % of the duration.
 */
uint64_t scenario_snapshot_ns(const struct scenario *s, unsigned int i);

#endif
