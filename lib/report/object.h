/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON values for the result, with one place that remembers that something could not be made. */
#ifndef KTSTR_REPORT_OBJECT_H
#define KTSTR_REPORT_OBJECT_H

#include <jansson.h>
#include <math.h>
#include <stdbool.h>

#include "report/run.h"

/* An object in the making. A value that cannot be made is remembered, so no caller has to look. */
struct object {
	json_t *json;
	bool *failed;
};

static inline struct object object_new(bool *failed)
{
	struct object o = {.json = json_object(), .failed = failed};

	*failed |= !o.json;
	return o;
}

static inline void put(struct object o, const char *name, json_t *value)
{
	if (json_object_set_new(o.json, name, value))
		*o.failed = true;
}

static inline void add(struct object o, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		*o.failed = true;
}

static inline struct object put_object(struct object o, const char *name)
{
	struct object ret = object_new(o.failed);

	put(o, name, ret.json);
	return ret;
}

static inline json_t *put_array(struct object o, const char *name)
{
	json_t *ret = json_array();

	put(o, name, ret);
	return ret;
}

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
