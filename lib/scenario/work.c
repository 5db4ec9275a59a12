/* SPDX-License-Identifier: GPL-2.0-only */
#include "scenario/work.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "scenario/units.h"

#define COUNT_MAX 1000000000ull
#define SPAN_MIN_NS NSEC_PER_USEC
#define SPAN_MAX_NS (10 * NSEC_PER_SEC)

#define COUNT(param, value) {.name = param, .def = value, .min = 1, .max = COUNT_MAX}
#define SPAN(param, ns) \
	{.name = param, .is_span = true, .def = ns, .min = SPAN_MIN_NS, .max = SPAN_MAX_NS}

/*
 * To add a type: its name in enum work_type, an entry here, a file in guest/work/ and a line in
 * ktstr-scenario(5).
 */
const struct work_info work_infos[WORK_TYPES] = {
	[WORK_SPIN] = {.name = "spin", .group = 1, .params = {COUNT("spins", 1024)}},
	[WORK_YIELD] = {.name = "yield", .group = 1},
	[WORK_MIXED] = {.name = "mixed", .group = 1, .params = {COUNT("spins", 1024)}},
	[WORK_BURSTY] = {.name = "bursty",
			 .group = 1,
			 .has_wakes = true,
			 .params = {SPAN("burst", 50 * NSEC_PER_MSEC),
				    SPAN("sleep", 100 * NSEC_PER_MSEC)}},
	[WORK_IO_SYNC] = {.name = "io-sync",
			  .group = 1,
			  .has_wakes = true,
			  .params = {COUNT("writes", 16), SPAN("sleep", 100 * NSEC_PER_USEC)}},
	[WORK_PIPE] = {.name = "pipe",
		       .group = 2,
		       .has_wakes = true,
		       .params = {COUNT("burst", 1024)}},
	[WORK_FUTEX_PING_PONG] = {.name = "futex-ping-pong",
				  .group = 2,
				  .has_wakes = true,
				  .params = {COUNT("spins", 1024)}},
	[WORK_FORK_EXIT] = {.name = "fork-exit", .group = 1, .has_wakes = true},
};

static struct work work_of_type(enum work_type type)
{
	struct work w = {.type = type};

	for (size_t i = 0; i < WORK_PARAMS_MAX && work_infos[type].params[i].name; i++)
		w.params[i] = work_infos[type].params[i].def;
	return w;
}

struct work work_default(void)
{
	return work_of_type(WORK_SPIN);
}

/* Does @text begin with the word @word, which ends at @end or at the end of @text? */
static bool begins_with_word(const char *text, const char *word, char end)
{
	size_t len = strlen(word);

	return strncmp(text, word, len) == 0 && (text[len] == end || !text[len]);
}

static int type_parse(const char *text, enum work_type *ret, struct err *e)
{
	for (unsigned int i = 0; i < WORK_TYPES; i++) {
		if (begins_with_word(text, work_infos[i].name, ',')) {
			*ret = (enum work_type)i;
			return 0;
		}
	}
	err_set(e, EINVAL, "unknown work type '%.*s' (", (int)strcspn(text, ","), text);
	for (unsigned int i = 0; i < WORK_TYPES; i++) {
		strncat(e->text, i ? ", " : "", sizeof(e->text) - strlen(e->text) - 1);
		strncat(e->text, work_infos[i].name, sizeof(e->text) - strlen(e->text) - 1);
	}
	strncat(e->text, ")", sizeof(e->text) - strlen(e->text) - 1);
	return -1;
}

static int value_parse(const struct work_param *p, const char *text, uint64_t *ret, struct err *e)
{
	char min[UNITS_TEXT_MAX], max[UNITS_TEXT_MAX];

	if (!p->is_span)
		return parse_u64(text, p->min, p->max, ret, e);
	if (parse_span_ns(text, ret, e))
		return -1;
	if (*ret >= p->min && *ret <= p->max)
		return 0;
	span_format(p->min, min);
	span_format(p->max, max);
	return err_set(e, ERANGE, "'%s' is not between %s and %s", text, min, max);
}

/* One `NAME=VALUE`, which this changes. */
static int param_parse(char *text, struct work *w, unsigned int *given, struct err *e)
{
	const struct work_info *info = &work_infos[w->type];
	char *value = text;
	char *name = strsep(&value, "=");

	for (unsigned int i = 0; i < WORK_PARAMS_MAX && info->params[i].name; i++) {
		if (strcmp(name, info->params[i].name) != 0)
			continue;
		if (!value)
			return err_set(e, EINVAL, "'%s' of work '%s' has no value", name,
				       info->name);
		if (*given & 1u << i)
			return err_set(e, EEXIST, "'%s' of work '%s' is given twice", name,
				       info->name);
		*given |= 1u << i;
		if (value_parse(&info->params[i], value, &w->params[i], e))
			return err_prefix(e, "'%s' of work '%s'", name, info->name);
		return 0;
	}
	return err_set(e, EINVAL, "work '%s' has no parameter '%s'", info->name, name);
}

int work_parse(const char *text, struct work *ret, struct err *e)
{
	_cleanup_free_ char *copy = NULL;
	enum work_type type;
	unsigned int given = 0;
	struct work w;
	char *rest, *param;

	if (type_parse(text, &type, e))
		return -1;
	copy = strdup(text);
	if (!copy)
		return err_set(e, ENOMEM, "out of memory");
	w = work_of_type(type);
	rest = copy;
	strsep(&rest, ",");
	while ((param = strsep(&rest, ",")))
		if (param_parse(param, &w, &given, e))
			return -1;
	*ret = w;
	return 0;
}

int work_value_format(struct buf *b, const struct work_param *param, uint64_t value)
{
	char span[UNITS_TEXT_MAX];

	if (!param->is_span)
		return buf_addf(b, "%" PRIu64, value);
	span_format(value, span);
	return buf_addf(b, "%s", span);
}

int work_format(struct buf *b, const struct work *w)
{
	const struct work_info *info = &work_infos[w->type];

	if (buf_addf(b, "%s", info->name))
		return -1;
	for (size_t i = 0; i < WORK_PARAMS_MAX && info->params[i].name; i++) {
		if (w->params[i] == info->params[i].def)
			continue;
		if (buf_addf(b, ",%s=", info->params[i].name) ||
		    work_value_format(b, &info->params[i], w->params[i]))
			return -1;
	}
	return 0;
}
