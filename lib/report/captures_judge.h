/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the captures mean for a verdict. One that failed or was lost fails no test: it is told, and
 * an expectation that needed it finds nothing. Only a test that asks for periodic captures and
 * judges by nothing else needs one of them.
 */
#ifndef KTSTR_REPORT_CAPTURES_JUDGE_H
#define KTSTR_REPORT_CAPTURES_JUDGE_H

#include "report/reason.h"
#include "report/run.h"

/* Whether the run is judged by its periodic captures. */
bool captures_are_judged(const struct run *r);

void captures_judge(const struct run *r, struct reasons *ret);

/* What is worth telling whatever the plan asks for. */
void captures_notes(const struct run *r, struct reasons *ret);

#endif
