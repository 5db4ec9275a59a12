/* SPDX-License-Identifier: GPL-2.0-only */
#include "scenario/cpus.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WORDS (TOPOLOGY_CPUS_MAX / 64)

void cpus_add(struct cpus *s, unsigned int cpu)
{
	if (cpu < TOPOLOGY_CPUS_MAX)
		s->bits[cpu / 64] |= 1ull << (cpu % 64);
}

void cpus_add_range(struct cpus *s, unsigned int first, unsigned int last)
{
	for (unsigned int cpu = first; cpu <= last && cpu < TOPOLOGY_CPUS_MAX; cpu++)
		cpus_add(s, cpu);
}

bool cpus_has(const struct cpus *s, unsigned int cpu)
{
	return cpu < TOPOLOGY_CPUS_MAX && (s->bits[cpu / 64] >> (cpu % 64) & 1);
}

unsigned int cpus_count(const struct cpus *s)
{
	unsigned int n = 0;

	for (size_t i = 0; i < WORDS; i++)
		n += (unsigned int)__builtin_popcountll(s->bits[i]);
	return n;
}

unsigned int cpus_next(const struct cpus *s, unsigned int from)
{
	for (unsigned int cpu = from; cpu < TOPOLOGY_CPUS_MAX; cpu++)
		if (cpus_has(s, cpu))
			return cpu;
	return TOPOLOGY_CPUS_MAX;
}

bool cpus_equal(const struct cpus *a, const struct cpus *b)
{
	return memcmp(a->bits, b->bits, sizeof(a->bits)) == 0;
}

bool cpus_intersect(const struct cpus *a, const struct cpus *b)
{
	for (size_t i = 0; i < WORDS; i++)
		if (a->bits[i] & b->bits[i])
			return true;
	return false;
}

/* The number at *at, which moves behind it; TOPOLOGY_CPUS_MAX stands for all that is too large. */
static bool number_parse(const char **at, unsigned int *ret)
{
	const char *c = *at;

	if (!isdigit((unsigned char)*c))
		return false;
	for (*ret = 0; isdigit((unsigned char)*c); c++)
		if (*ret < TOPOLOGY_CPUS_MAX)
			*ret = *ret * 10 + (unsigned int)(*c - '0');
	if (*ret > TOPOLOGY_CPUS_MAX)
		*ret = TOPOLOGY_CPUS_MAX;
	*at = c;
	return true;
}

/* One `A` or `A-B`. */
static bool range_parse(const char **at, unsigned int *first, unsigned int *last)
{
	if (!number_parse(at, first))
		return false;
	*last = *first;
	if (**at != '-')
		return true;
	(*at)++;
	return number_parse(at, last) && *last >= *first;
}

int cpus_parse(const char *text, struct cpus *ret, struct err *e)
{
	struct cpus s = {0};
	const char *at = text;
	unsigned int first, last;

	while (*at && strcmp(at, "\n") != 0) {
		if (at != text && *at++ != ',')
			return err_set(e, EINVAL, "'%s' is not a list of CPUs (such as 0-2,5)",
				       text);
		if (!range_parse(&at, &first, &last))
			return err_set(e, EINVAL, "'%s' is not a list of CPUs (such as 0-2,5)",
				       text);
		if (last >= TOPOLOGY_CPUS_MAX)
			return err_set(e, ERANGE, "'%s' has a CPU above %u", text,
				       TOPOLOGY_CPUS_MAX - 1);
		cpus_add_range(&s, first, last);
	}
	*ret = s;
	return 0;
}

void cpus_format(const struct cpus *s, char ret[CPUS_TEXT_MAX])
{
	unsigned int first, last;
	size_t used = 0;

	*ret = 0;
	for (first = cpus_next(s, 0); first < TOPOLOGY_CPUS_MAX; first = cpus_next(s, last + 1)) {
		for (last = first; cpus_has(s, last + 1); last++)
			;
		used += (size_t)snprintf(ret + used, CPUS_TEXT_MAX - used, "%s%u", used ? "," : "",
					 first);
		if (last > first)
			used += (size_t)snprintf(ret + used, CPUS_TEXT_MAX - used, "-%u", last);
	}
}
