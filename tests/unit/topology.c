/* SPDX-License-Identifier: GPL-2.0-only */
#include "scenario/topology.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

#include "test.h"

/* A file for presets that is gone after the test. */
#define PRESETS "topology-test-presets"

static void presets_write(const char *text)
{
	struct err e;

	CHECK(io_write_file(PRESETS, text, strlen(text), &e) == 0);
}

static void good(void)
{
	struct topology t;
	struct err e;

	CHECK(topology_parse("2n6l4c2t", &t, &e) == 0);
	CHECK(t.nodes == 2 && t.llcs == 6 && t.cores == 4 && t.threads == 2);
	CHECK(topology_cpus(&t) == 48);
	CHECK(topology_llc_cpus(&t) == 8);
	CHECK(topology_node_cpus(&t) == 24);
	CHECK(topology_parse("1n1l1024c1t", &t, &e) == 0);
	CHECK(topology_parse("64n64l16c1t", &t, &e) == 0);
}

static void round_trip(void)
{
	static const char *const texts[] = {"1n1l1c1t", "2n4l8c2t", "64n64l8c2t", "1n1024l1c1t"};
	char text[TOPOLOGY_TEXT_MAX];
	struct topology t;
	struct err e;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CHECK(topology_parse(texts[i], &t, &e) == 0);
		topology_format(&t, text);
		CHECK_STR(text, texts[i]);
	}
}

static void bad(void)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"", "'' is not a topology (NnNlNcNt, such as 1n2l4c2t)"},
		{"1n2l4c", "'1n2l4c' is not a topology (NnNlNcNt, such as 1n2l4c2t)"},
		{"1n2l4c2", "'1n2l4c2' is not a topology (NnNlNcNt, such as 1n2l4c2t)"},
		{"1n2l4c2tt", "'1n2l4c2tt' is not a topology (NnNlNcNt, such as 1n2l4c2t)"},
		{" 1n2l4c2t", "' 1n2l4c2t' is not a topology (NnNlNcNt, such as 1n2l4c2t)"},
		{"1l2n4c2t", "'1l2n4c2t' is not a topology (NnNlNcNt, such as 1n2l4c2t)"},
		{"-1n2l4c2t", "'-1n2l4c2t' is not a topology (NnNlNcNt, such as 1n2l4c2t)"},
		{"1nl4c2t", "'1nl4c2t' is not a topology (NnNlNcNt, such as 1n2l4c2t)"},
		{"4294967297n1l1c1t",
		 "'4294967297n1l1c1t' is not a topology (NnNlNcNt, such as 1n2l4c2t)"},
		{"0n2l4c2t", "topology '0n2l4c2t' has a part that is zero"},
		{"1n2l0c2t", "topology '1n2l0c2t' has a part that is zero"},
		{"65n65l1c1t", "topology '65n65l1c1t' has more than 64 nodes"},
		{"2n3l1c1t",
		 "topology '2n3l1c1t': 3 LLCs cannot be divided equally between 2 nodes"},
		{"2n1l1c1t",
		 "topology '2n1l1c1t': 1 LLCs cannot be divided equally between 2 nodes"},
		{"1n1l1025c1t", "topology '1n1l1025c1t' has more than 1024 CPUs"},
		{"1n9999l9999c9999t", "topology '1n9999l9999c9999t' has more than 1024 CPUs"},
		{"1n1024l9999c1t", "topology '1n1024l9999c1t' has more than 1024 CPUs"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct topology t = {.nodes = 7};
		struct err e = {0};

		CHECK(topology_parse(cases[i].text, &t, &e) == -1);
		CHECK_STR(e.text, cases[i].error);
		CHECK(t.nodes == 7);
	}
}

static void presets(void)
{
	_cleanup_free_ struct topology_preset *list = NULL;
	struct topology t;
	struct err e;
	size_t n;

	presets_write("# names\n\nsmall 1n1l2c1t # 2\r\n\tbig-1.2_x\t2n4l8c2t\n");
	CHECK(topology_presets_read(PRESETS, &list, &n, &e) == 0);
	CHECK(n == 2);
	CHECK_STR(list[1].name, "big-1.2_x");
	CHECK(topology_resolve("small", PRESETS, &t, &e) == 0 && topology_cpus(&t) == 2);
	CHECK(topology_resolve("big-1.2_x", PRESETS, &t, &e) == 0 && topology_cpus(&t) == 64);
	CHECK(topology_resolve("1n1l3c1t", PRESETS, &t, &e) == 0 && topology_cpus(&t) == 3);
	CHECK(topology_resolve("other", PRESETS, &t, &e) == -1);
	CHECK_STR(e.text,
		  "'other' is neither a topology (NnNlNcNt, such as 1n2l4c2t) nor a preset");
	CHECK(topology_resolve("small", NULL, &t, &e) == -1);
	CHECK_STR(e.text, "'small' is not a topology (NnNlNcNt, such as 1n2l4c2t)");
}

static void presets_file_is_wanted_for_names_only(void)
{
	struct topology t;
	struct err e;

	unlink(PRESETS);
	CHECK(topology_resolve("1n1l3c1t", PRESETS, &t, &e) == 0);
	CHECK(topology_resolve("name", PRESETS, &t, &e) == -1);
	CHECK(strstr(e.text, PRESETS) != NULL);
}

static void bad_presets(void)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"a\n", PRESETS ":1: a preset is a line of a name and a topology"},
		{"\na 1n1l1c1t x\n", PRESETS ":2: a preset is a line of a name and a topology"},
		{"1a 1n1l1c1t\n", PRESETS ":1: '1a' is not a name for a preset"},
		{"a/b 1n1l1c1t\n", PRESETS ":1: 'a/b' is not a name for a preset"},
		{"a 1n1l1c0t\n", PRESETS ":1: topology '1n1l1c0t' has a part that is zero"},
		{"a 1n1l1c1t\na 1n1l1c1t\n", PRESETS ":2: preset 'a' is given twice"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_free_ struct topology_preset *list = NULL;
		struct err e = {0};
		size_t n;

		presets_write(cases[i].text);
		CHECK(topology_presets_read(PRESETS, &list, &n, &e) == -1);
		CHECK_STR(e.text, cases[i].error);
		CHECK(!list && !n);
	}
}

int main(void)
{
	char dir[] = "/tmp/ktstr-topology-XXXXXX";

	if (!mkdtemp(dir) || chdir(dir))
		return 2;
	RUN(good);
	RUN(round_trip);
	RUN(bad);
	RUN(presets);
	RUN(presets_file_is_wanted_for_names_only);
	RUN(bad_presets);
	unlink(PRESETS);
	rmdir(dir);
	return TEST_END();
}
