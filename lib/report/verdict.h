/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * THE verdict: one function of what the frames told and of what jq said of the result. It never
 * infers a pass from silence. ktstr-report(1) has it as a table; keep the two the same.
 */
#ifndef KTSTR_REPORT_VERDICT_H
#define KTSTR_REPORT_VERDICT_H

#include "report/reason.h"
#include "report/run.h"

/* What became of one `expect` line. */
enum expect_state {
	EXPECT_NOT_RUN,
	EXPECT_TRUE,
	EXPECT_FALSE,  /* the last result was false or null */
	EXPECT_ERROR,  /* jq did not take the program or could not run it to its end */
	EXPECT_ABSENT, /* it compares something that this result does not have */
	EXPECT_NO_JQ,  /* there is no jq */
};

struct expect {
	enum expect_state state;
	char detail[512]; /* EXPECT_ERROR, _ABSENT, _NO_JQ, maybe _FALSE: one line */
};

/* How the expectations enter. */
enum expect_mode {
	EXPECT_LATER,  /* they are asked after this verdict: as if there were none */
	EXPECT_IGNORE, /* the user does not want them: a note */
	EXPECT_JUDGE,
};

struct verdict {
	enum status status;
	bool success;	     /* pass, and the machine ended cleanly */
	bool expected_error; /* `expect-error`, and it came as it must */
	bool checks_judged;  /* the rows of the worker checks mean something */
	bool expects_judged;
	struct reasons reasons;
};

/*
 * @expects has one entry for each of the plan's expectations; read only with EXPECT_JUDGE.
 * The result is the caller's (verdict_deinit), also when it is bad.
 */
void verdict_decide(const struct run *r, enum expect_mode mode, const struct expect *expects,
		    struct verdict *ret);
void verdict_deinit(struct verdict *v);

#endif
