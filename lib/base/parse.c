/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define SPAN_MAX_NS (365ull * 24 * 3600 * NSEC_PER_SEC)

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct err *e)
{
	int base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
	char *end;
	uint64_t v;

	/* strtoull alone would take leading blanks, signs and an empty text. */
	if (base == 16 ? !isxdigit((unsigned char)text[2]) : !isdigit((unsigned char)text[0]))
		return err_set(e, EINVAL, "'%s' is not a number", text);
	errno = 0;
	v = strtoull(text, &end, base);
	if (*end)
		return err_set(e, EINVAL, "'%s' is not a number", text);
	if (errno || v < min || v > max)
		return err_set(e, ERANGE, "'%s' is not between %llu and %llu", text,
			       (unsigned long long)min, (unsigned long long)max);
	*ret = v;
	return 0;
}

int parse_uint(const char *text, unsigned int min, unsigned int max, unsigned int *ret,
	       struct err *e)
{
	uint64_t v;

	if (parse_u64(text, min, max, &v, e))
		return -1;
	*ret = (unsigned int)v;
	return 0;
}

/*
 * A decimal number with at most 9 digits after the point, times @scale, by integers alone.
 * Returns where the number ended, or NULL when there is none or it passes @max.
 */
static const char *decimal_scaled(const char *text, uint64_t scale, uint64_t max, uint64_t *ret)
{
	uint64_t whole = 0, frac = 0, unit = 1;
	unsigned __int128 v;

	if (!isdigit((unsigned char)*text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++) {
		if (whole > max)
			return NULL;
		whole = whole * 10 + (uint64_t)(*text - '0');
	}
	if (*text == '.') {
		if (!isdigit((unsigned char)*++text))
			return NULL;
		for (; isdigit((unsigned char)*text); text++) {
			if (unit >= 1000000000)
				return NULL;
			frac = frac * 10 + (uint64_t)(*text - '0');
			unit *= 10;
		}
	}
	v = (unsigned __int128)whole * scale + (unsigned __int128)frac * scale / unit;
	if (v > max)
		return NULL;
	*ret = (uint64_t)v;
	return text;
}

int parse_span_ns(const char *text, uint64_t *ret_ns, struct err *e)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{.name = "ns", .ns = 1},
		{.name = "us", .ns = NSEC_PER_USEC},
		{.name = "ms", .ns = NSEC_PER_MSEC},
		{.name = "s", .ns = NSEC_PER_SEC},
		{.name = "m", .ns = 60 * NSEC_PER_SEC},
		{.name = "h", .ns = 3600 * NSEC_PER_SEC},
	};
	const char *unit = text + strspn(text, "0123456789.");

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].name) != 0)
			continue;
		if (decimal_scaled(text, units[i].ns, SPAN_MAX_NS, ret_ns) != unit)
			return err_set(e, EINVAL, "'%s' is not a time span up to 365 days", text);
		return 0;
	}
	return err_set(e, EINVAL, "'%s' is not a time span (a number and ns, us, ms, s, m or h)",
		       text);
}

int parse_fraction_ppm(const char *text, uint32_t *ret_ppm, struct err *e)
{
	uint64_t ppm;
	const char *end;

	end = decimal_scaled(text, 10000, 1000000, &ppm);
	if (end && strcmp(end, "%") == 0) {
		*ret_ppm = (uint32_t)ppm;
		return 0;
	}
	end = decimal_scaled(text, 1000000, 1000000, &ppm);
	if (!end || *end)
		return err_set(e, EINVAL, "'%s' is not a fraction (0 to 1, or 0%% to 100%%)", text);
	*ret_ppm = (uint32_t)ppm;
	return 0;
}

int parse_decimal_ppm(const char *text, uint64_t min, uint64_t max, uint64_t *ret_ppm,
		      struct err *e)
{
	const char *end = decimal_scaled(text, 1000000, UINT64_MAX / 10, ret_ppm);

	if (!end || *end)
		return err_set(e, EINVAL, "'%s' is not a number", text);
	if (*ret_ppm < min || *ret_ppm > max)
		return err_set(e, ERANGE, "'%s' is not between %g and %g", text, (double)min / 1e6,
			       (double)max / 1e6);
	return 0;
}
