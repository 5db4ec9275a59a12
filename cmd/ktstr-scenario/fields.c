/* SPDX-License-Identifier: GPL-2.0-only */
#include "fields.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "scenario/words.h"

static int add_number(struct buf *b, uint64_t value)
{
	return buf_addf(b, "%" PRIu64, value);
}

static int add_test(const struct scenario *s, struct buf *b)
{
	return buf_addf(b, "%s", s->name);
}

static int add_topology(const struct scenario *s, struct buf *b)
{
	char text[TOPOLOGY_TEXT_MAX];

	topology_format(&s->topology, text);
	return buf_addf(b, "%s", text);
}

static int add_vcpus(const struct scenario *s, struct buf *b)
{
	return add_number(b, topology_cpus(&s->topology));
}

static int add_memory_mib(const struct scenario *s, struct buf *b)
{
	return add_number(b, scenario_memory_mib(s));
}

static int add_scheduler(const struct scenario *s, struct buf *b)
{
	return s->scheduler ? buf_addf(b, "%s", s->scheduler[0]) : 0;
}

static int add_scheduler_args(const struct scenario *s, struct buf *b)
{
	for (size_t i = 1; s->scheduler && s->scheduler[i]; i++)
		if ((i > 1 && buf_addf(b, " ")) || words_quote(b, s->scheduler[i]))
			return -1;
	return 0;
}

static int add_duration_ns(const struct scenario *s, struct buf *b)
{
	return add_number(b, s->duration_ns);
}

static int add_watchdog_ns(const struct scenario *s, struct buf *b)
{
	return s->watchdog_ns ? add_number(b, s->watchdog_ns) : 0;
}

static int add_timeout_ns(const struct scenario *s, struct buf *b)
{
	return add_number(b, s->timeout_ns);
}

static int add_snapshots(const struct scenario *s, struct buf *b)
{
	return s->snapshots ? add_number(b, s->snapshots) : 0;
}

static int add_expect_error(const struct scenario *s, struct buf *b)
{
	return buf_addf(b, "%s", s->expect_error ? "true" : "false");
}

static int add_expect_error_text(const struct scenario *s, struct buf *b)
{
	return s->expect_error_text ? buf_addf(b, "%s", s->expect_error_text) : 0;
}

static const struct field fields[] = {
	{.name = "test", .add = add_test},
	{.name = "topology", .add = add_topology},
	{.name = "vcpus", .add = add_vcpus},
	{.name = "memory_mib", .add = add_memory_mib},
	{.name = "scheduler", .add = add_scheduler},
	{.name = "scheduler_args", .add = add_scheduler_args},
	{.name = "duration_ns", .add = add_duration_ns},
	{.name = "watchdog_ns", .add = add_watchdog_ns},
	{.name = "timeout_ns", .add = add_timeout_ns},
	{.name = "snapshots", .add = add_snapshots},
	{.name = "expect_error", .add = add_expect_error},
	{.name = "expect_error_text", .add = add_expect_error_text},
};

static bool same_name(const char *name, const char *asked)
{
	for (; *name && (*name == *asked || (*name == '_' && *asked == '-')); name++)
		asked++;
	return !*name && !*asked;
}

const struct field *field_find(const char *name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (same_name(fields[i].name, name))
			return &fields[i];
	return NULL;
}
