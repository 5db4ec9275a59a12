/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run judged by a child that can do nothing but that: it reads the frames from a pipe, behind a
 * filter that leaves it memory and the descriptors it has (sandbox.h). What a guest wrote is taken
 * apart there only. The caller, who has files, a terminal and jq, gets finished texts back.
 *
 *   judge_start, judge_feed ..., judge_result, judge_file ..., judge_form, judge_destroy
 */
#ifndef KTSTR_REPORT_JUDGE_H
#define KTSTR_REPORT_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "report/result.h"

#define JUDGE_BLOB_MAX (64u << 20)    /* bytes of one text from the child */
#define JUDGE_PIECES_MAX (512u << 20) /* of a text that comes in pieces */

struct judge_options {
	int (*render)(const struct result *r, struct buf *out);
	const char *library; /* folder of jq's modules for expectations */
	bool no_expect;
	bool keep; /* there will be files: judge_file() is called for each */
	bool colour;
};

struct judge {
	pid_t pid;  /* 0: there is none */
	int stream; /* where the frames go; -1 when the child takes no more */
	int ctl;
	const char *library;
};

/* What is known when the stream has ended. */
struct judged {
	enum status status;
	char test[RUN_NAME_MAX + 1]; /* a name for a file; "unnamed" without a plan */
	struct buf json;	     /* the result */
};

/* Start the child. On failure *ret holds nothing. */
int judge_start(struct judge *ret, const struct judge_options *o, struct err *e);

/* Pass on a piece of the stream. That the child is gone is told by judge_result(). */
void judge_feed(struct judge *j, const void *data, size_t len);

/*
 * The stream has ended: get the verdict, after the expectations were asked of jq. Fails when the
 * child died or jq cannot be started at all. *ret is the caller's (judged_deinit) either way.
 */
int judge_result(struct judge *j, struct judged *ret, struct err *e);
void judged_deinit(struct judged *r);

/*
 * The text of the next file, of those from KEPT_SNAPSHOTS on, if the options say `keep`: to be
 * called for each. @take gets it piece by piece, JUDGE_PIECES_MAX bytes at most, and returns 0; it
 * is not called when there is nothing for the file.
 */
int judge_file(struct judge *j, piece_fn take, void *ctx, struct err *e);

/* The form that the options name; the paths (NULL: none) are for people, where things were kept. */
int judge_form(struct judge *j, const char *const paths[KEPTS], struct buf *ret, struct err *e);

/* Ends the child if it is still there. */
void judge_destroy(struct judge *j);

#endif
