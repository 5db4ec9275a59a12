/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a verdict is what it is: a list of findings, each with the status that it forces on the run
 * and the row (one line of TAP, one JUnit case) that it belongs to. The list keeps the worst
 * status.
 */
#ifndef KTSTR_REPORT_REASON_H
#define KTSTR_REPORT_REASON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From best to worst: of several the last one counts. */
enum status {
	STATUS_PASS,
	STATUS_SKIP,	     /* 77: cannot run here */
	STATUS_INCONCLUSIVE, /* 3: the data to judge by is missing */
	STATUS_ERROR,	     /* 2: an expectation that cannot be evaluated */
	STATUS_FAIL,	     /* 1: the scheduler or the test failed */
	STATUS_MACHINE,	     /* 99: the machine failed */
	STATUSES,
};
extern const char *const status_names[STATUSES]; /* "pass", ... */

/* What a program ends with for it. */
int status_exit(enum status s);

/* Causes before what follows from them: of reasons with one status the first is the headline. */
enum reason_kind {
	REASON_CRASH, /* the guest's kernel, by the scheduler's making */
	REASON_SCHEDULER_DIED,
	REASON_STARVED,
	REASON_STUCK,
	REASON_UNFAIR,
	REASON_ISOLATION,
	REASON_MONITOR,
	REASON_TIMED_OUT,
	REASON_EXPECT, /* an `expect` or `expect-error` line */
	REASON_MACHINE,
	REASON_TRUNCATED, /* the stream */
	REASON_MISSING,	  /* something to judge by */
	REASON_SKIP,
	REASON_OTHER,
	REASON_NOTE, /* worth telling, changes nothing */
	REASON_KINDS,
};
extern const char *const reason_kind_names[REASON_KINDS]; /* "Starved", ... */

/* The rows of a run: what is looked at, whether or not something is wrong with it. */
enum row {
	ROW_MACHINE,
	ROW_STREAM,
	ROW_SCHEDULER,
	ROW_SCENARIO,
	ROW_NOT_STARVED,
	ROW_MAX_GAP,
	ROW_MAX_SPREAD,
	ROW_ISOLATION,
	ROW_CAPTURES,
	ROW_MAX_IMBALANCE, /* from here on as in enum threshold */
	ROW_MAX_DSQ_DEPTH,
	ROW_STALL,
	ROW_MAX_FALLBACK,
	ROW_MAX_KEEP_LAST,
	ROW_EXPECT, /* + index of the expectation: rows from here on */
};

#define REASONS_PER_KIND_MAX 8u /* per row too; more are counted, not kept */
#define REASON_MESSAGE_MAX 1536u

struct reason {
	enum reason_kind kind;
	enum status status;
	unsigned int row;
	uint64_t more;			  /* this many of the same kind and row were not kept */
	char message[REASON_MESSAGE_MAX]; /* one line, UTF-8, fit to print */
};

struct reasons {
	struct reason *list;
	size_t n;
	enum status worst;
	bool out_of_memory; /* a reason was lost; `worst` still holds its status */
};

void reasons_deinit(struct reasons *r);

void reasons_add(struct reasons *r, enum status status, enum reason_kind kind, unsigned int row,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Put the worst first, of one status by kind, otherwise in the order they came. */
void reasons_sort(struct reasons *r);

/* The worst status of the findings of @row. */
enum status reasons_row_status(const struct reasons *r, unsigned int row);

/* The first finding with the worst status; NULL when there is none. */
const struct reason *reasons_first(const struct reasons *r);

#endif
