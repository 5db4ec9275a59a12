/* SPDX-License-Identifier: GPL-2.0-only */
#include "scenario/cpus.h"

#include "scenario/cpuset.h"

#include "test.h"

/* ---- sets and lists ---- */

static void set_of_numbers(void)
{
	struct cpus s = {0}, other = {0};

	cpus_add(&s, 0);
	cpus_add(&s, TOPOLOGY_CPUS_MAX - 1);
	cpus_add(&s, TOPOLOGY_CPUS_MAX);
	cpus_add_range(&s, 62, 65);
	CHECK(cpus_count(&s) == 6);
	CHECK(cpus_has(&s, 0) && cpus_has(&s, 64) && cpus_has(&s, TOPOLOGY_CPUS_MAX - 1));
	CHECK(!cpus_has(&s, 1) && !cpus_has(&s, 66) && !cpus_has(&s, TOPOLOGY_CPUS_MAX));
	CHECK(cpus_next(&s, 0) == 0 && cpus_next(&s, 1) == 62 && cpus_next(&s, 66) == 1023);
	CHECK(cpus_next(&other, 0) == TOPOLOGY_CPUS_MAX);
	CHECK(!cpus_equal(&s, &other) && cpus_equal(&s, &s));
	CHECK(!cpus_intersect(&s, &other));
	cpus_add_range(&other, 1, 61);
	CHECK(!cpus_intersect(&s, &other));
	cpus_add_range(&other, 1000, UINT32_MAX);
	CHECK(cpus_intersect(&s, &other));
	CHECK(cpus_count(&other) == 61 + 24);
}

static void lists(void)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{"", ""},
		{"\n", ""},
		{"0", "0"},
		{"0-3\n", "0-3"},
		{"5,0-2", "0-2,5"},
		{"0,1,2,3", "0-3"},
		{"3-3,1-2,1", "1-3"},
		{"1023", "1023"},
		{"0-1023", "0-1023"},
		{"63,64", "63-64"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[CPUS_TEXT_MAX];
		struct cpus s, again;
		struct err e;

		CHECK(cpus_parse(cases[i].text, &s, &e) == 0);
		cpus_format(&s, text);
		CHECK_STR(text, cases[i].canonical);
		CHECK(cpus_parse(text, &again, &e) == 0 && cpus_equal(&s, &again));
	}
}

static void bad_lists(void)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{",", "',' is not a list of CPUs (such as 0-2,5)"},
		{"0,", "'0,' is not a list of CPUs (such as 0-2,5)"},
		{",0", "',0' is not a list of CPUs (such as 0-2,5)"},
		{"0 1", "'0 1' is not a list of CPUs (such as 0-2,5)"},
		{"2-1", "'2-1' is not a list of CPUs (such as 0-2,5)"},
		{"1-", "'1-' is not a list of CPUs (such as 0-2,5)"},
		{"-1", "'-1' is not a list of CPUs (such as 0-2,5)"},
		{"1-2-3", "'1-2-3' is not a list of CPUs (such as 0-2,5)"},
		{"0x1", "'0x1' is not a list of CPUs (such as 0-2,5)"},
		{"all", "'all' is not a list of CPUs (such as 0-2,5)"},
		{"1024", "'1024' has a CPU above 1023"},
		{"0-99999999999999999999", "'0-99999999999999999999' has a CPU above 1023"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cpus s = {.bits = {42}};
		struct err e = {0};

		CHECK(cpus_parse(cases[i].text, &s, &e) == -1);
		CHECK_STR(e.text, cases[i].error);
		CHECK(s.bits[0] == 42);
	}
}

static void longest_list_fits(void)
{
	char text[CPUS_TEXT_MAX];
	struct cpus s = {0}, again;
	struct err e;

	/* Pairs with one hole between them make the longest text there is. */
	for (unsigned int cpu = 0; cpu + 1 < TOPOLOGY_CPUS_MAX; cpu += 3)
		cpus_add_range(&s, cpu, cpu + 1);
	cpus_format(&s, text);
	CHECK(strlen(text) > 2500);
	CHECK(cpus_parse(text, &again, &e) == 0 && cpus_equal(&s, &again));
}

/* ---- sets of CPUs as scenarios name them ---- */

/* Resolve @text on @topology: the list text, or the error. */
static const char *resolved(const char *text, const char *topology)
{
	static char ret[CPUS_TEXT_MAX];
	static struct err e;
	struct cpuset_spec spec;
	struct topology t;
	struct cpus cpus;

	if (topology_parse(topology, &t, &e) || cpuset_spec_parse(text, &spec, &e) ||
	    cpuset_resolve(&spec, &t, &cpus, &e))
		return e.text;
	cpus_format(&cpus, ret);
	return ret;
}

static void whole_groups(void)
{
	CHECK_STR(resolved("llc:0", "1n2l2c1t"), "0-1");
	CHECK_STR(resolved("llc:1", "1n2l2c1t"), "2-3");
	CHECK_STR(resolved("llc:3", "2n4l2c2t"), "12-15");
	CHECK_STR(resolved("node:1", "2n4l2c2t"), "8-15");
	CHECK_STR(resolved("node:0", "1n1l1c1t"), "0");
	CHECK_STR(resolved("llc:2", "1n2l2c1t"), "there is no LLC 2 (the machine has 2)");
	CHECK_STR(resolved("node:2", "2n4l2c2t"), "there is no node 2 (the machine has 2)");
}

static void exact_sets(void)
{
	CHECK_STR(resolved("exact:0-2,5", "1n1l8c1t"), "0-2,5");
	CHECK_STR(resolved("cpus:7", "1n1l8c1t"), "7");
	CHECK_STR(resolved("exact:2,8", "1n1l8c1t"), "there is no CPU 8 (the machine has 0 to 7)");
	CHECK_STR(resolved("exact:", "1n1l8c1t"), "CPUs 'exact:': the list of CPUs is empty");
}

/* The last CPU of more than two is left out of what is shared out. */
static void ranges(void)
{
	CHECK_STR(resolved("range:0%-100%", "1n1l1c1t"), "0");
	CHECK_STR(resolved("range:0%-100%", "1n1l2c1t"), "0-1");
	CHECK_STR(resolved("range:0%-100%", "1n1l3c1t"), "0-1");
	CHECK_STR(resolved("range:0%-50%", "1n1l9c1t"), "0-3");
	CHECK_STR(resolved("range:50%-100%", "1n1l9c1t"), "4-7");
	CHECK_STR(resolved("range:0.25-0.75", "1n1l9c1t"), "2-5");
	CHECK_STR(resolved("range:0-0.33", "1n1l9c1t"), "0-1");
	CHECK_STR(resolved("range:0.33-1", "1n1l9c1t"), "2-7");
	CHECK_STR(resolved("range:0%-10%", "1n1l9c1t"),
		  "no CPU is in that range of the 8 usable ones");
	CHECK_STR(resolved("range:50%-50%", "1n1l9c1t"),
		  "CPUs 'range:50%-50%': the range '50%-50%' is empty");
	CHECK_STR(resolved("range:75%-25%", "1n1l9c1t"),
		  "CPUs 'range:75%-25%': the range '75%-25%' is empty");
	CHECK_STR(resolved("range:0%-101%", "1n1l9c1t"),
		  "CPUs 'range:0%-101%': '101%' is not a fraction (0 to 1, or 0% to 100%)");
	CHECK_STR(resolved("range:50%", "1n1l9c1t"),
		  "CPUs 'range:50%': '50%' is not a range (such as 25%-75%)");
}

static void parts(void)
{
	CHECK_STR(resolved("disjoint:0/2", "1n1l9c1t"), "0-3");
	CHECK_STR(resolved("disjoint:1/2", "1n1l9c1t"), "4-7");
	CHECK_STR(resolved("disjoint:0/3", "1n1l9c1t"), "0-1");
	CHECK_STR(resolved("disjoint:2/3", "1n1l9c1t"), "4-7"); /* takes the remainder */
	CHECK_STR(resolved("disjoint:0/1", "1n1l9c1t"), "0-7");
	CHECK_STR(resolved("disjoint:1/2", "1n1l2c1t"), "1");
	CHECK_STR(resolved("disjoint:0/4", "1n1l4c1t"), "3 usable CPUs are too few for 4 parts");
	CHECK_STR(resolved("disjoint:2/2", "1n1l9c1t"),
		  "CPUs 'disjoint:2/2': part 2 of 2: parts are numbered from 0 to 1");
	CHECK_STR(resolved("disjoint:0/0", "1n1l9c1t"),
		  "CPUs 'disjoint:0/0': '0' is not between 1 and 1024");
	CHECK_STR(resolved("disjoint:1", "1n1l9c1t"),
		  "CPUs 'disjoint:1': '1' is not a part (such as 0/2)");
}

static void overlaps(void)
{
	CHECK_STR(resolved("overlap:0/2:50%", "1n1l9c1t"), "0-5");
	CHECK_STR(resolved("overlap:1/2:50%", "1n1l9c1t"), "2-7");
	CHECK_STR(resolved("overlap:1/4:100%", "1n1l9c1t"), "0-5");
	CHECK_STR(resolved("overlap:0/2:0%", "1n1l9c1t"), "0-3");
	CHECK_STR(resolved("overlap:1/2:100%", "1n1l9c1t"), "0-7");
	CHECK_STR(resolved("overlap:0/9:50%", "1n1l9c1t"), "8 usable CPUs are too few for 9 parts");
	CHECK_STR(resolved("overlap:0/2", "1n1l9c1t"),
		  "CPUs 'overlap:0/2': '0/2' is not a part and a fraction (such as 0/2:50%)");
	CHECK_STR(resolved("overlap:0/2:2", "1n1l9c1t"),
		  "CPUs 'overlap:0/2:2': '2' is not a fraction (0 to 1, or 0% to 100%)");
}

static void unknown_kinds(void)
{
	const struct cpuset_spec none = {0};
	struct topology t = {1, 1, 1, 1};
	struct cpus cpus;
	struct err e;

	CHECK_STR(resolved("llc", "1n1l9c1t"),
		  "'llc' names no CPUs (llc:I, node:I, range:A-B, disjoint:I/N, overlap:I/N:F or "
		  "exact:LIST)");
	CHECK_STR(resolved("llc:x", "1n1l9c1t"), "CPUs 'llc:x': 'x' is not a number");
	CHECK(cpuset_resolve(&none, &t, &cpus, &e) == -1);
	CHECK_STR(e.text, "no CPUs are named");
}

static void spec_round_trip(void)
{
	static const char *const texts[] = {
		"llc:1",
		"node:0",
		"range:25%-75%",
		"range:0%-0.0001%",
		"disjoint:1/3",
		"overlap:1/3:12.5%",
		"exact:0-2,5,1023",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		_cleanup_buf_ struct buf b = {0};
		struct cpuset_spec spec;
		struct err e;

		CHECK(cpuset_spec_parse(texts[i], &spec, &e) == 0);
		CHECK(cpuset_spec_format(&b, &spec) == 0);
		CHECK_STR(buf_text(&b), texts[i]);
	}
}

int main(void)
{
	RUN(set_of_numbers);
	RUN(lists);
	RUN(bad_lists);
	RUN(longest_list_fits);
	RUN(whole_groups);
	RUN(exact_sets);
	RUN(ranges);
	RUN(parts);
	RUN(overlaps);
	RUN(unknown_kinds);
	RUN(spec_round_trip);
	return TEST_END();
}
