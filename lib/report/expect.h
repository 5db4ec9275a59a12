/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `expect` lines: one jq program each, asked of the result so far (its JSON on jq's standard
 * input). jq runs as a child of its own, without a shell; what it prints is not looked at, only
 * its exit status (`jq -e`) and, when it fails, what it complains of.
 */
#ifndef KTSTR_REPORT_EXPECT_H
#define KTSTR_REPORT_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "report/verdict.h"

#define EXPECT_TIMEOUT_NS (30ull * 1000000000ull)

/*
 * A descriptor with an empty input for jq, which the caller fills, asks programs of and closes. A
 * file: a pipe would have to be fed while the complaints are read. -1 with *e.
 */
int expect_input(struct err *e);

/* Whether @program can see the reports of captures: it names them, or uses somebody else's words.
 * They are much to read for one that does not look at them. */
bool expect_wants_reports(const char *program);

/*
 * Ask @program of the JSON text in @input, from its beginning. @jq is the program's name, looked up
 * in PATH; it looks for modules in the folder @library and nowhere else (NULL: where it always
 * does). Returns 0 with *ret filled, whatever jq says; -1 when no child can be made.
 */
int expect_ask(const char *jq, const char *library, const char *program, int input,
	       struct expect *ret, struct err *e);

#endif
