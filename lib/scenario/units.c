/* SPDX-License-Identifier: GPL-2.0-only */
#include "scenario/units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"

#define MIB_PER_GIB 1024u

int size_parse_mib(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct err *e)
{
	size_t len = strlen(text);
	char number[UNITS_TEXT_MAX];
	char unit = len ? text[len - 1] : 0;
	uint64_t v, scale = unit == 'G' ? MIB_PER_GIB : 1;

	if (len - 1 >= sizeof(number) || (unit != 'M' && unit != 'G') ||
	    strspn(text, "0123456789") != len - 1)
		return err_set(e, EINVAL, "'%s' is not a size (a number and M or G)", text);
	memcpy(number, text, len - 1);
	number[len - 1] = 0;
	/* UINT64_MAX / 1024 is far above any maximum, so the product cannot wrap unseen. */
	if (parse_u64(number, 0, UINT64_MAX / MIB_PER_GIB, &v, e))
		return err_set(e, EINVAL, "'%s' is not a size (a number and M or G)", text);
	v *= scale;
	if (v < min || v > max)
		return err_set(e, ERANGE, "'%s' is not between %lluM and %lluM", text,
			       (unsigned long long)min, (unsigned long long)max);
	*ret = v;
	return 0;
}

void span_format(uint64_t ns, char ret[UNITS_TEXT_MAX])
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{.name = "h", .ns = 3600 * NSEC_PER_SEC}, {.name = "m", .ns = 60 * NSEC_PER_SEC},
		{.name = "s", .ns = NSEC_PER_SEC},	  {.name = "ms", .ns = NSEC_PER_MSEC},
		{.name = "us", .ns = NSEC_PER_USEC},	  {.name = "ns", .ns = 1},
	};
	size_t i = 0;

	while (units[i].ns > 1 && (ns == 0 || ns % units[i].ns))
		i++;
	snprintf(ret, UNITS_TEXT_MAX, "%llu%s", (unsigned long long)(ns / units[i].ns),
		 units[i].name);
}

void ppm_format(uint32_t ppm, char ret[UNITS_TEXT_MAX])
{
	int len = snprintf(ret, UNITS_TEXT_MAX, "%u.%04u", ppm / 10000, ppm % 10000);

	while (ret[len - 1] == '0')
		len--;
	if (ret[len - 1] == '.')
		len--;
	strcpy(ret + len, "%");
}
