/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON values for the result. */
#ifndef KTSTR_REPORT_OBJECT_H
#define KTSTR_REPORT_OBJECT_H

#include <math.h>

#include "json/object.h"
#include "report/run.h"

static inline json_t *number(uint64_t v)
{
	if (v == RUN_ABSENT)
		return json_null();
	return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

static inline json_t *real(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

/* @v in units of @per, e.g. nanoseconds as seconds. */
static inline json_t *scaled(uint64_t v, double per)
{
	return v == RUN_ABSENT ? json_null() : json_real((double)v / per);
}

static inline json_t *text(const char *v)
{
	return v && *v ? json_string(v) : json_null();
}

#endif
