/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Members of a JSON payload from a stranger. Whatever is of the wrong type, out of range or missing
 * though needed marks the payload bad; the getters then return something harmless, so that a record
 * can be read whole and `bad` tested once, before any of it is used.
 */
#ifndef KTSTR_REPORT_PAYLOAD_H
#define KTSTR_REPORT_PAYLOAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAYLOAD_JSON_MAX (1u << 20) /* bytes; a longer payload is not read */
#define PAYLOAD_ABSENT UINT64_MAX   /* "not there" for a number; no number in JSON can be it */

struct payload {
	json_t *object; /* owned */
	bool bad;
};

/* {0}-like state and `bad` when @data is not one JSON object. Bytes that are not UTF-8 are
 * replaced. */
void payload_init(struct payload *p, const void *data, size_t len);
void payload_deinit(struct payload *p);

/* A number >= 0; PAYLOAD_ABSENT when it is missing or null. `need`: that is bad. */
uint64_t payload_u64(struct payload *p, const char *name);
uint64_t payload_need_u64(struct payload *p, const char *name);
bool payload_need_bool(struct payload *p, const char *name);
/* Owned by the payload; NULL when missing or null; may hold control characters. */
const char *payload_str(struct payload *p, const char *name);
const char *payload_need_str(struct payload *p, const char *name); /* "" when bad */
/* Borrowed; NULL when missing or null. All elements are strings, or the payload is bad. */
json_t *payload_strings(struct payload *p, const char *name);

#define _cleanup_payload_ _cleanup_(payload_deinit)

#endif
