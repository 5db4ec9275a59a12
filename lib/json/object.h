/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON objects in the making, with one place that remembers that something could not be made. */
#ifndef KTSTR_JSON_OBJECT_H
#define KTSTR_JSON_OBJECT_H

#include <jansson.h>
#include <stdbool.h>

/* A value that cannot be made is remembered in *failed, so no caller has to look. */
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

/* A new object at the end of @array, which belongs to what @o belongs to. */
static inline struct object add_object(struct object o, json_t *array)
{
	struct object ret = object_new(o.failed);

	add(o, array, ret.json);
	return ret;
}

#endif
