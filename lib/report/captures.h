/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ktstr-freeze told of a run: its captures with their reports, its notes and its end. It keeps
 * the reports as the text that came, looked through but not taken apart, and a bounded number of
 * them. It judges nothing: captures_judge.h does that.
 */
#ifndef KTSTR_REPORT_CAPTURES_H
#define KTSTR_REPORT_CAPTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "report/payload.h"

#define CAPTURES_MAX 64u		/* that are kept; the failure's comes on top */
#define CAPTURES_BYTES_MAX (256u << 20) /* of all reports together */
#define CAPTURES_NOTES_MAX 32u
#define CAPTURES_PROGS_MAX 256u
#define CAPTURES_REQUESTS_MAX 256u
#define CAPTURE_NAME_MAX 128u /* bytes of a tag, a symbol */
#define CAPTURE_LINE_MAX 512u
#define CAPTURE_DUMP_MAX (1u << 20) /* bytes of the kernel's own dump, from its beginning */

enum capture_trigger {
	CAPTURE_NOW,
	CAPTURE_OP,
	CAPTURE_WATCH,
	CAPTURE_PERIODIC,
	CAPTURE_EXIT,
	CAPTURE_TRIGGERS,
};
extern const char *const capture_trigger_names[CAPTURE_TRIGGERS];

enum freeze_note_kind {
	FREEZE_ATTACHED,
	FREEZE_WATCH,
	FREEZE_MISSED,
	FREEZE_TROUBLE,
	FREEZE_NOTE_KINDS,
};
extern const char *const freeze_note_names[FREEZE_NOTE_KINDS];

/* PAYLOAD_ABSENT for a number that is not told, "" for a text. */
struct capture {
	enum capture_trigger trigger;
	char tag[CAPTURE_NAME_MAX], symbol[CAPTURE_NAME_MAX];
	uint64_t number, frozen_ns, copied_bytes, render_ns, jiffies;
	uint64_t step;		       /* of the scenario, when it came */
	uint64_t n_maps;	       /* in the report */
	char reason[CAPTURE_LINE_MAX]; /* why there is no report, or no better one */
	bool degraded;		       /* the report is not of the machine as it stood */
	struct buf report;	       /* JSON text of an object; empty: a placeholder */
};

/* The capture at the scheduler's failure. */
struct failure {
	bool seen;
	struct capture capture;
	uint64_t exit_kind;
	char schema[32], exit_kind_name[64];
	char reason[CAPTURE_LINE_MAX], msg[CAPTURE_LINE_MAX]; /* the kernel's */
	struct buf dump;				      /* likewise; clean text */
};

struct freeze_note {
	enum freeze_note_kind kind;
	char message[CAPTURE_LINE_MAX];
	char tag[CAPTURE_NAME_MAX], symbol[CAPTURE_NAME_MAX];
};

enum capture_request_kind {
	REQUEST_SNAPSHOT,
	REQUEST_WATCH,
	REQUEST_PERIODIC,
	REQUEST_KINDS,
};
extern const char *const capture_request_names[REQUEST_KINDS];

enum capture_answer {
	ANSWER_NOBODY,
	ANSWER_HEARD,
	ANSWER_OK,
	ANSWER_ERROR,
	ANSWER_ASKED, /* not even the bell was heard */
	ANSWERS,
};
extern const char *const capture_answer_names[ANSWERS];

/* What the agent asked for; times are the guest's. */
struct capture_request {
	enum capture_request_kind kind;
	enum capture_answer answer;
	char text[CAPTURE_NAME_MAX];  /* a tag, a symbol */
	uint64_t at_ns, step, due_ns; /* PAYLOAD_ABSENT when not told */
};

/* A program as the last capture had it. */
struct capture_prog {
	char name[CAPTURE_NAME_MAX];
	uint64_t verified_insns;
};

/* Of all ktstr-freezes together. */
struct freeze_end {
	uint64_t told; /* how many of them */
	uint64_t captures, missed, hits, periodic_fired, periodic_real, frozen_ns;
	char reason[32]; /* of the last */
};

struct captures {
	uint64_t instances; /* ktstr-freezes of which anything came */
	bool seen[256], ended[256];

	struct capture list[CAPTURES_MAX]; /* in the order they came, the tags differ */
	size_t n;
	struct failure failure;
	size_t bytes; /* of all reports */

	uint64_t came;	       /* captures at all, these with the failure's */
	uint64_t placeholders; /* of these, without a report, or a degraded one */
	uint64_t periodic, periodic_real;
	uint64_t replaced;		     /* by a later one with the same tag .. */
	char replaced_tag[CAPTURE_NAME_MAX]; /* .. such as this */
	uint64_t omitted;		     /* beyond the limits */
	uint64_t more_failures;		     /* of which no dump is kept */
	uint64_t frozen_max_ns, frozen_sum_ns;

	struct capture_request requests[CAPTURES_REQUESTS_MAX];
	size_t n_requests;
	uint64_t more_requests;

	struct capture_prog progs[CAPTURES_PROGS_MAX];
	size_t n_progs;
	uint64_t kaslr_offset;
	uint64_t missed; /* notes of that kind */
	struct freeze_note notes[CAPTURES_NOTES_MAX];
	size_t n_notes;
	uint64_t more_notes;
	struct freeze_end end;
};

void captured_init(struct captures *c);
void captured_deinit(struct captures *c);

/* A message of this instance came. */
void captured_see(struct captures *c, uint8_t instance);

/*
 * Take the payload of a capture that came in @step (PAYLOAD_ABSENT: none). Fails with ENOMEM, or
 * with another code for one that is not as it must be; nothing of that is kept.
 */
int captured_add(struct captures *c, const void *data, size_t len, uint64_t step, struct err *e);

/* These mark a bad payload as such. False: the same one ended before. */
void captured_add_note(struct captures *c, struct payload *p);
bool captured_add_end(struct captures *c, uint8_t instance, struct payload *p);

/* Of the agent's. */
void captured_add_request(struct captures *c, struct payload *p);

/* The request that a capture came of; NULL when none is told. */
const struct capture_request *captured_request(const struct captures *c, const struct capture *x);

/* The first capture that was asked for and answered, and is not here; NULL: none. *ret_n gets how
 * many there are. */
const struct capture_request *captured_gone(const struct captures *c, uint64_t *ret_n);

/* Captures that were asked for and that nobody took. */
uint64_t captured_refused(const struct captures *c);

/* ktstr-freezes of which the end is not told: one that died may have owed a capture. */
uint64_t captured_unended(const struct captures *c);

/* Captures that were taken by what the ends tell, and are not here. */
uint64_t captured_astray(const struct captures *c);

/* Whether a capture shows that the scheduler failed: SCX_EXIT_ERROR is 1024, and what is above it
 * are errors, too. */
static inline bool captured_show_failure(const struct captures *c)
{
	return c->failure.seen && c->failure.exit_kind != PAYLOAD_ABSENT &&
	       c->failure.exit_kind >= 1024;
}

/* Whether it has a report at all, and whether that is of the machine as it stood. */
static inline bool capture_has_report(const struct capture *x)
{
	return x->report.len > 0;
}
static inline bool capture_is_real(const struct capture *x)
{
	return capture_has_report(x) && !x->degraded;
}

#endif
