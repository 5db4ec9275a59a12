/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A judged run, and its forms. All forms tell the same; each adds to a buffer of the caller's and
 * returns 0, or -1 when memory is out.
 */
#ifndef KTSTR_REPORT_RESULT_H
#define KTSTR_REPORT_RESULT_H

#include "base/buf.h"
#include "report/phases.h"
#include "report/reason.h"
#include "report/run.h"
#include "report/stats.h"
#include "report/verdict.h"

#define RESULT_SCHEMA 1
#define RESULT_TEXT_MAX (64u << 10) /* bytes of each text in the result, from its end */
#define RESULT_TAIL_LINES 20u	    /* of `console_tail` and of the tails for people .. */
#define RESULT_TAIL_BYTES 8192u	    /* .. which have no more bytes than this */
#define RESULT_WORKERS_MAX 256u	    /* reports that the result lists; all are judged */
#define RESULT_TIMELINE_MAX 1024u

/* Files that a run leaves, TEST and a suffix. */
enum kept {
	KEPT_RESULT,
	KEPT_STREAM,
	KEPT_SNAPSHOTS, /* from here on there only when there is something for them */
	KEPT_DUMP,
	KEPT_DUMP_TEXT,
	KEPTS,
};
extern const char *const kept_suffixes[KEPTS]; /* ".json", .. */

struct result {
	const struct run *run;
	struct stats stats;
	struct phases phases;
	struct verdict verdict;
	bool keep; /* there will be files, which the result names */
	/* for people only: where the files are; NULL for nowhere */
	const char *paths[KEPTS];
	bool colour;
};

/*
 * Judge @r, which must outlive the result. @expects as in verdict_decide(). Returns 0, or -1 when
 * memory is out; *ret is then empty.
 */
int result_init(struct result *ret, const struct run *r, enum expect_mode mode,
		const struct expect *expects);
void result_deinit(struct result *r);

/* The command that repeats the run, for a shell; "" when the stream does not tell it. */
int result_repro(const struct result *r, struct buf *out);

/* ---- rows: what TAP, KTAP and JUnit list ---- */

enum row_state { ROW_OK, ROW_NOT_OK, ROW_NOT_JUDGED };

#define ROW_NAME_MAX 320u

/* How many rows this run has. Which they are hangs on the plan alone, not on how the run went. */
unsigned int result_rows(const struct result *r);

/* The @i'th row: its name (fit to print), its state, and the number by which reasons name it. */
enum row_state result_row(const struct result *r, unsigned int i, char name[ROW_NAME_MAX],
			  unsigned int *number);

/* ---- files ---- */

/* Takes a piece of a text. Returns 0, or -1 to end it. */
typedef int (*piece_fn)(void *ctx, const void *data, size_t len);

/* Whether there is something for the file. */
bool result_has_file(const struct result *r, enum kept which);

/* The text of a file from KEPT_SNAPSHOTS on, piece by piece; no piece when there is nothing for it.
 * Returns 0, or -1 when memory is out or @put fails. */
int result_file(const struct result *r, enum kept which, piece_fn put, void *ctx);

/* ---- forms ---- */

int render_json(const struct result *r, struct buf *out);

/* As render_json(), but captures have their reports inside; as result_file(). */
int render_json_whole(const struct result *r, piece_fn put, void *ctx);

int render_text(const struct result *r, struct buf *out);
int render_tap(const struct result *r, struct buf *out);
int render_ktap(const struct result *r, struct buf *out);
int render_junit(const struct result *r, struct buf *out);

#endif
