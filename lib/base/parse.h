/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers from people and from files: whole text only (no trailing characters), range checked,
 * no sign, no locale. The error names the text and what was expected; the caller adds the subject
 * with err_prefix.
 */
#ifndef KTSTR_BASE_PARSE_H
#define KTSTR_BASE_PARSE_H

#include <stdint.h>

#include "base/error.h"

/* Decimal or 0x hexadecimal number in [@min, @max], both inclusive. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct err *e);

/* As parse_u64 for an unsigned int. */
int parse_uint(const char *text, unsigned int min, unsigned int max, unsigned int *ret,
	       struct err *e);

/*
 * A time span: a decimal number, whole or with a fraction, and a unit out of ns, us, ms, s, m, h
 * (`1.5s`, `250ms`). The unit is required. Result in nanoseconds, at most 365 days.
 */
int parse_span_ns(const char *text, uint64_t *ret_ns, struct err *e);

/*
 * A fraction in [0, 1]: `0.25` or `25%`. Result in parts per million, so that no floating-point
 * rounding enters a comparison.
 */
int parse_fraction_ppm(const char *text, uint32_t *ret_ppm, struct err *e);

/* A number, whole or with a fraction, as millionths in [@min, @max], both inclusive. */
int parse_decimal_ppm(const char *text, uint64_t min, uint64_t max, uint64_t *ret_ppm,
		      struct err *e);

#endif
