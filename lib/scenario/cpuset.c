/* SPDX-License-Identifier: GPL-2.0-only */
#include "scenario/cpuset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "scenario/units.h"

#define PPM 1000000ull
#define SPEC_TEXT_MAX 64 /* of the kinds that are not a list of CPUs */

/* ---- text ---- */

static int index_parse(char *text, struct cpuset_spec *ret, struct err *e)
{
	return parse_uint(text, 0, TOPOLOGY_CPUS_MAX - 1, &ret->index, e);
}

static int range_parse(char *text, struct cpuset_spec *ret, struct err *e)
{
	char *to = text;
	char *from = strsep(&to, "-");

	if (!to)
		return err_set(e, EINVAL, "'%s' is not a range (such as 25%%-75%%)", text);
	if (parse_fraction_ppm(from, &ret->from_ppm, e) || parse_fraction_ppm(to, &ret->to_ppm, e))
		return -1;
	if (ret->from_ppm >= ret->to_ppm)
		return err_set(e, EINVAL, "the range '%s-%s' is empty", from, to);
	return 0;
}

/* I/N */
static int part_parse(char *text, struct cpuset_spec *ret, struct err *e)
{
	char *parts = text;
	char *index = strsep(&parts, "/");

	if (!parts)
		return err_set(e, EINVAL, "'%s' is not a part (such as 0/2)", text);
	if (parse_uint(parts, 1, CPUSET_PARTS_MAX, &ret->parts, e) ||
	    parse_uint(index, 0, CPUSET_PARTS_MAX, &ret->index, e))
		return -1;
	if (ret->index >= ret->parts)
		return err_set(e, ERANGE, "part %u of %u: parts are numbered from 0 to %u",
			       ret->index, ret->parts, ret->parts - 1);
	return 0;
}

/* I/N:F */
static int overlap_parse(char *text, struct cpuset_spec *ret, struct err *e)
{
	char *fraction = text;
	char *part = strsep(&fraction, ":");

	if (!fraction)
		return err_set(e, EINVAL, "'%s' is not a part and a fraction (such as 0/2:50%%)",
			       text);
	if (part_parse(part, ret, e))
		return -1;
	return parse_fraction_ppm(fraction, &ret->overlap_ppm, e);
}

static int exact_parse(char *text, struct cpuset_spec *ret, struct err *e)
{
	if (!*text)
		return err_set(e, EINVAL, "the list of CPUs is empty");
	return cpus_parse(text, &ret->exact, e);
}

static const struct cpuset_form {
	const char *prefix;
	enum cpuset_kind kind;
	int (*parse)(char *text, struct cpuset_spec *ret, struct err *e);
} forms[] = {
	{.prefix = "llc:", .kind = CPUSET_LLC, .parse = index_parse},
	{.prefix = "node:", .kind = CPUSET_NODE, .parse = index_parse},
	{.prefix = "range:", .kind = CPUSET_RANGE, .parse = range_parse},
	{.prefix = "disjoint:", .kind = CPUSET_DISJOINT, .parse = part_parse},
	{.prefix = "overlap:", .kind = CPUSET_OVERLAP, .parse = overlap_parse},
	{.prefix = "exact:", .kind = CPUSET_EXACT, .parse = exact_parse},
	{.prefix = "cpus:", .kind = CPUSET_EXACT, .parse = exact_parse},
};

int cpuset_spec_parse(const char *text, struct cpuset_spec *ret, struct err *e)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		_cleanup_free_ char *rest = NULL;
		struct cpuset_spec spec = {.kind = forms[i].kind};
		size_t len = strlen(forms[i].prefix);

		if (strncmp(text, forms[i].prefix, len) != 0)
			continue;
		rest = strdup(text + len);
		if (!rest)
			return err_set(e, ENOMEM, "out of memory");
		if (forms[i].parse(rest, &spec, e))
			return err_prefix(e, "CPUs '%s'", text);
		*ret = spec;
		return 0;
	}
	return err_set(e, EINVAL,
		       "'%s' names no CPUs (llc:I, node:I, range:A-B, disjoint:I/N, "
		       "overlap:I/N:F or exact:LIST)",
		       text);
}

int cpuset_spec_format(struct buf *b, const struct cpuset_spec *spec)
{
	char from[UNITS_TEXT_MAX], to[UNITS_TEXT_MAX], list[CPUS_TEXT_MAX];

	switch (spec->kind) {
	case CPUSET_NONE:
		break;
	case CPUSET_LLC:
		return buf_addf(b, "llc:%u", spec->index);
	case CPUSET_NODE:
		return buf_addf(b, "node:%u", spec->index);
	case CPUSET_RANGE:
		ppm_format(spec->from_ppm, from);
		ppm_format(spec->to_ppm, to);
		return buf_addf(b, "range:%s-%s", from, to);
	case CPUSET_DISJOINT:
		return buf_addf(b, "disjoint:%u/%u", spec->index, spec->parts);
	case CPUSET_OVERLAP:
		ppm_format(spec->overlap_ppm, to);
		return buf_addf(b, "overlap:%u/%u:%s", spec->index, spec->parts, to);
	case CPUSET_EXACT:
		cpus_format(&spec->exact, list);
		return buf_addf(b, "exact:%s", list);
	}
	return 0;
}

/* ---- against a machine ---- */

/* The @index'th group of @size CPUs; @what is for the message. */
static int group_resolve(const char *what, unsigned int index, unsigned int count,
			 unsigned int size, struct cpus *ret, struct err *e)
{
	if (index >= count)
		return err_set(e, ERANGE, "there is no %s %u (the machine has %u)", what, index,
			       count);
	cpus_add_range(ret, index * size, (index + 1) * size - 1);
	return 0;
}

/* CPUs [@from, @to) */
static void slice_resolve(unsigned int from, unsigned int to, struct cpus *ret)
{
	if (from < to)
		cpus_add_range(ret, from, to - 1);
}

/* Both ends are rounded down, so that ranges which touch never share a CPU. */
static int range_resolve(const struct cpuset_spec *spec, unsigned int usable, struct cpus *ret,
			 struct err *e)
{
	slice_resolve((unsigned int)(usable * (uint64_t)spec->from_ppm / PPM),
		      (unsigned int)(usable * (uint64_t)spec->to_ppm / PPM), ret);
	if (!cpus_count(ret))
		return err_set(e, EINVAL, "no CPU is in that range of the %u usable ones", usable);
	return 0;
}

/* The overlap reaches into both neighbours, as far as the usable CPUs go. */
static int part_resolve(const struct cpuset_spec *spec, unsigned int usable, struct cpus *ret,
			struct err *e)
{
	unsigned int size, extra, from, to;

	if (!spec->parts || spec->index >= spec->parts)
		return err_set(e, ERANGE, "there is no part %u of %u", spec->index, spec->parts);
	if (usable < spec->parts)
		return err_set(e, ERANGE, "%u usable CPUs are too few for %u parts", usable,
			       spec->parts);
	size = usable / spec->parts;
	extra = (unsigned int)(size * (uint64_t)spec->overlap_ppm / PPM);
	from = spec->index * size;
	to = spec->index + 1 == spec->parts ? usable : from + size;
	slice_resolve(from > extra ? from - extra : 0, to + extra < usable ? to + extra : usable,
		      ret);
	return 0;
}

static int exact_resolve(const struct cpus *exact, unsigned int n_cpus, struct cpus *ret,
			 struct err *e)
{
	unsigned int beyond = cpus_next(exact, n_cpus);

	if (beyond < TOPOLOGY_CPUS_MAX)
		return err_set(e, ERANGE, "there is no CPU %u (the machine has 0 to %u)", beyond,
			       n_cpus - 1);
	if (!cpus_count(exact))
		return err_set(e, EINVAL, "the list of CPUs is empty");
	*ret = *exact;
	return 0;
}

int cpuset_resolve(const struct cpuset_spec *spec, const struct topology *t, struct cpus *ret,
		   struct err *e)
{
	unsigned int n_cpus = topology_cpus(t);
	unsigned int usable = n_cpus > 2 ? n_cpus - 1 : n_cpus;

	*ret = (struct cpus){0};
	switch (spec->kind) {
	case CPUSET_NONE:
		break;
	case CPUSET_LLC:
		return group_resolve("LLC", spec->index, t->llcs, topology_llc_cpus(t), ret, e);
	case CPUSET_NODE:
		return group_resolve("node", spec->index, t->nodes, topology_node_cpus(t), ret, e);
	case CPUSET_RANGE:
		return range_resolve(spec, usable, ret, e);
	case CPUSET_DISJOINT:
	case CPUSET_OVERLAP:
		return part_resolve(spec, usable, ret, e);
	case CPUSET_EXACT:
		return exact_resolve(&spec->exact, n_cpus, ret, e);
	}
	return err_set(e, EINVAL, "no CPUs are named");
}
