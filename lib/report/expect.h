/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `expect` lines: one jq program each, asked of the result so far (its JSON on jq's standard
 * input). jq runs as a child of its own, without a shell; what it prints is not looked at, only
 * its exit status (`jq -e`) and, when it fails, what it complains of.
 */
#ifndef KTSTR_REPORT_EXPECT_H
#define KTSTR_REPORT_EXPECT_H

#include <stddef.h>

#include "base/error.h"
#include "report/verdict.h"

#define EXPECT_TIMEOUT_NS (30ull * 1000000000ull)

/*
 * Ask @program of the JSON text @json. @jq is the program's name, looked up in PATH. Returns 0 with
 * *ret filled, whatever jq says; -1 when no child can be made.
 */
int expect_ask(const char *jq, const char *program, const char *json, size_t len,
	       struct expect *ret, struct err *e);

#endif
