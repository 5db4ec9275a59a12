/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that the frames of one run tell, gathered and bounded. It takes each message from the
 * source that may send it and from no other, counts what it cannot use, and judges nothing:
 * verdict.h does that.
 */
#ifndef KTSTR_REPORT_RUN_H
#define KTSTR_REPORT_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "report/captures.h"
#include "report/klog.h"
#include "report/monitor.h"
#include "report/payload.h"
#include "report/tail.h"
#include "scenario/cpus.h"
#include "tlv/tlv.h"

#define RUN_TEXT_KEEP (1u << 20) /* bytes of each text stream that are kept, from its end */
#define RUN_WORKERS_MAX 16384u
#define RUN_NAMES_MAX 1024u /* different cgroups and work types */
#define RUN_TROUBLES_MAX 256u
#define RUN_STATES_MAX 256u
#define RUN_EVENTS_MAX 4096u
#define RUN_STEPS_MAX 1024u
#define RUN_EXPECTS_MAX 256u
#define RUN_NAME_MAX 64u /* bytes of a name */
#define RUN_LINE_MAX 1024u
#define RUN_UNNAMED "unnamed"

#define RUN_ABSENT PAYLOAD_ABSENT /* "not told" for every number here */

enum run_text {
	RUN_CONSOLE, /* COM1 */
	RUN_COM2,
	RUN_SCHED_OUTPUT,
	RUN_KMSG,
	RUN_OUTPUT,
	RUN_STDERR,
	RUN_TEXTS,
};

/* How the machine ended, TLV_EXIT. */
enum run_end {
	RUN_END_UNKNOWN, /* no TLV_EXIT, or a reason that we do not know */
	RUN_END_POWEROFF,
	RUN_END_RESET,
	RUN_END_PANIC,
	RUN_END_BOOT_TIMEOUT,
	RUN_END_TIMEOUT,
	RUN_END_SIGNAL,
	RUN_END_KILLED,
	RUN_END_ENGINE_FAILED,
	RUN_END_INTERNAL_ERROR,
	RUN_ENDS,
};
extern const char *const run_end_names[RUN_ENDS]; /* as in the payload */

enum run_trouble_kind {
	RUN_TROUBLE_SET_UP,
	RUN_TROUBLE_STEP,
	RUN_TROUBLE_SCHEDULER,
	RUN_TROUBLE_AGENT,
	RUN_TROUBLE_NOTE,
	RUN_TROUBLE_KINDS,
};
extern const char *const run_trouble_names[RUN_TROUBLE_KINDS];

enum run_sched_state {
	RUN_SCHED_UP,
	RUN_SCHED_EXITED,
	RUN_SCHED_EJECTED,
	RUN_SCHED_STOPPED,
	RUN_SCHED_STATES,
};
extern const char *const run_sched_state_names[RUN_SCHED_STATES];

enum run_worker_exit {
	RUN_WORKER_REPORTED,
	RUN_WORKER_EXITED,
	RUN_WORKER_SIGNALED,
	RUN_WORKER_TIMED_OUT,
	RUN_WORKER_EXITS,
};
extern const char *const run_worker_exit_names[RUN_WORKER_EXITS];

enum run_event_kind {
	RUN_EVENT_SCENARIO_START,
	RUN_EVENT_STEP_START,
	RUN_EVENT_STEP_END,
	RUN_EVENT_SCENARIO_END,
	RUN_EVENT_KINDS,
};
extern const char *const run_event_names[RUN_EVENT_KINDS];

struct run_trouble {
	enum run_trouble_kind kind;
	uint64_t step, line;
	char message[RUN_LINE_MAX];
};

/* What became of the scheduler, and where in the scenario that was. */
struct run_sched {
	enum run_sched_state state;
	bool expected;
	uint64_t status; /* raw wait status */
	uint64_t at_ns;
	char ops[RUN_NAME_MAX + 4];
	char reason[RUN_NAME_MAX * 4]; /* the kernel's words; "" when not told */
	/* from the frames before it: */
	bool in_scenario;    /* between SCENARIO_START and SCENARIO_END */
	bool after_scenario; /* behind SCENARIO_END */
	uint64_t step;	     /* the step last begun; RUN_ABSENT before the first */
};

/* One boundary of the stimulus timeline. */
struct run_event {
	enum run_event_kind kind;
	uint64_t at_ns;
	uint64_t step, ops, cgroups, workers, iterations;
	char name[RUN_NAME_MAX + 4];
	json_t *op_kinds; /* array of strings or NULL */
};

struct run_worker {
	uint64_t tid, step;
	unsigned int cgroup, work; /* indices into run.names */
	bool completed;
	enum run_worker_exit exit;
	uint64_t exit_status;
	/* RUN_ABSENT where not told, which cannot be for the next three of a completed worker */
	uint64_t cpu_ns, wall_ns, work_units;
	uint64_t run_delay_ns, run_count, iterations, migrations;
	uint64_t max_gap_ns, max_gap_cpu, max_gap_at_ns;
	uint64_t wakes, wake_p50_ns, wake_p99_ns, wake_max_ns;
	struct cpus used, outside;
};

/* TLV_PLAN, as far as it is judged by. */
struct run_plan {
	bool known;
	char test[RUN_NAME_MAX + 1]; /* RUN_UNNAMED without a plan; fit for a file name */
	bool has_scheduler;
	bool expect_error;
	char *expect_error_text; /* or NULL; owned */
	uint64_t n_steps;
	bool not_starved, isolation;
	uint64_t max_gap_ns;	 /* RUN_ABSENT: off */
	uint64_t max_spread_ppm; /* RUN_ABSENT: off */
	struct thresholds monitor;
	json_t *expects;    /* array of jq programs, or NULL */
	uint64_t snapshots; /* periodic captures that are wanted; RUN_ABSENT when none are */
};

struct run {
	/* the last of each, as it came; NULL when none did */
	json_t *hello, *exit, *usage, *plan_json, *guest_hello;
	struct run_plan plan;
	enum run_end end; /* of `exit` */
	bool timed_out;

	struct tail texts[RUN_TEXTS];
	struct klog console, kmsg;

	char life[RUN_NAME_MAX + 4]; /* the last phase that the agent told, "" for none */
	bool has_guest_exit;
	uint64_t guest_exit_code;
	bool has_sched_ext; /* TLV_GUEST_HELLO said that the kernel has it */
	bool scenario_started, scenario_ended;
	uint64_t scenario_start_ns;
	uint64_t scenario_elapsed_ns; /* RUN_ABSENT */
	uint64_t workers_spawned;     /* the least number of reports that must come */
	bool workers_told;	      /* a boundary told how many workers there were */
	uint64_t steps_ended;

	struct run_trouble *troubles;
	size_t n_troubles;
	struct run_sched *scheds;
	size_t n_scheds;
	struct run_event *events;
	size_t n_events;
	struct run_worker *workers;
	size_t n_workers;
	char (*names)[RUN_NAME_MAX + 4];
	size_t n_names;
	struct monitor monitor;
	struct captures captures;

	/* ---- counts of what was and was not used ---- */
	struct tlv_stats stream; /* final after run_end_of_stream() */
	uint64_t bytes;
	uint64_t *by_type;   /* messages by their place in tlv_types */
	uint64_t unknown;    /* messages of a type that we do not know */
	uint64_t misplaced;  /* of a source that may not send them */
	uint64_t malformed;  /* JSON payloads that we cannot use */
	uint64_t repeated;   /* a second TLV_EXIT and the like: more than one run in a stream */
	uint64_t over_limit; /* records beyond a maximum above */
	bool out_of_memory;  /* something that arrived could not be kept */
};

/* NULL when memory is out. */
struct run *run_create(void);
void run_destroy(struct run *r);

/* Take one message. */
void run_add(struct run *r, const struct tlv_message *m);

/* All messages were added; @stats are the reader's. */
void run_finish(struct run *r, const struct tlv_stats *stats, uint64_t bytes);

/*
 * Read frames from @fd to its end. Fails only when @fd cannot be read or memory is out; damage in
 * the stream is not a failure, it is counted. @what names the descriptor in errors.
 */
int run_read(struct run *r, int fd, const char *what, struct err *e);

/* Whether @name can be a test's: 1 to RUN_NAME_MAX of [A-Za-z0-9._-], not . or .. */
bool run_is_test_name(const char *name);

/* The text of a crash of the agent on COM2, from `PANIC:` on; NULL when there is none. *len its
 * length; owned by the run. */
const char *run_crash(const struct run *r, size_t *len);

/* The agent's exit code from its frame, else from the sentinel on COM2; RUN_ABSENT for neither. */
uint64_t run_exit_code(const struct run *r);

/* Whether the stream ended before its end was told. */
bool run_truncated(const struct run *r);

/* Data that should have been there and is not: frames, messages, payloads, dropped bytes. */
uint64_t run_lost(const struct run *r);

/* The member @name of an object kept above; NULL when missing, null, or of another type. */
const char *run_str(json_t *object, const char *name);
uint64_t run_u64(json_t *object, const char *name); /* RUN_ABSENT */

/* The log that tells of @field: the kernel's own records before the console. */
#define RUN_KLOG(r, field) (*(r)->kmsg.field ? (r)->kmsg.field : (r)->console.field)

#endif
