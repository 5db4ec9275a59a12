/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/machine.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "test.h"

static char root[] = "/tmp/ktstr-machine-XXXXXX";

static void put(const char *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Write a file of the tree, with the directories that lead to it. */
static void put(const char *text, const char *fmt, ...)
{
	char path[PATH_MAX], *slash;
	va_list ap;
	FILE *f;

	snprintf(path, sizeof(path), "%s/devices/system/cpu/", root);
	va_start(ap, fmt);
	vsnprintf(path + strlen(path), 128, fmt, ap);
	va_end(ap);
	for (slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	f = fopen(path, "w");
	CHECK(f != NULL);
	if (f) {
		fprintf(f, "%s\n", text);
		fclose(f);
	}
}

static void cpu_put(unsigned int cpu, const char *siblings, const char *llc, unsigned int node)
{
	put(siblings, "cpu%u/topology/thread_siblings_list", cpu);
	put("0-7", "cpu%u/topology/package_cpus_list", cpu);
	if (llc) {
		put("1", "cpu%u/cache/index%u/level", cpu, 0);
		put(siblings, "cpu%u/cache/index%u/shared_cpu_list", cpu, 0);
		put("3", "cpu%u/cache/index%u/level", cpu, 1);
		put(llc, "cpu%u/cache/index%u/shared_cpu_list", cpu, 1);
	}
	put("", "cpu%u/node%u/x", cpu, node);
}

static void tree_begin(const char *online)
{
	strcpy(root, "/tmp/ktstr-machine-XXXXXX");
	CHECK(mkdtemp(root) != NULL);
	put(online, "online");
}

static void tree_end(void)
{
	char command[PATH_MAX + 8];

	snprintf(command, sizeof(command), "rm -r '%s'", root);
	CHECK(system(command) == 0);
}

static void check_cpu(const json_t *list, size_t i, const char *want)
{
	char *text = json_dumps(json_array_get(list, i), JSON_COMPACT);

	CHECK_STR(text, want);
	free(text);
}

/* 2 nodes, 2 LLCs of 2 cores with 2 threads, threads numbered one after the other. */
static void test_numa_llc_smt(void)
{
	json_t *list = NULL;
	struct err e = {0};

	tree_begin("0-7");
	for (unsigned int cpu = 0; cpu < 8; cpu++) {
		char siblings[16];

		snprintf(siblings, sizeof(siblings), "%u-%u", cpu & ~1u, cpu | 1u);
		cpu_put(cpu, siblings, cpu < 4 ? "0-3" : "4-7", cpu / 4);
	}
	CHECK(machine_cpus(root, &list, &e) == 0);
	CHECK(json_array_size(list) == 8);
	check_cpu(list, 0, "{\"cpu\":0,\"node\":0,\"llc\":0,\"core\":0,\"thread\":0}");
	check_cpu(list, 3, "{\"cpu\":3,\"node\":0,\"llc\":0,\"core\":1,\"thread\":1}");
	check_cpu(list, 4, "{\"cpu\":4,\"node\":1,\"llc\":1,\"core\":0,\"thread\":0}");
	check_cpu(list, 7, "{\"cpu\":7,\"node\":1,\"llc\":1,\"core\":1,\"thread\":1}");
	json_decref(list);
	tree_end();
}

/* Second threads numbered behind all first ones, as on many real machines. */
static void test_interleaved_threads(void)
{
	json_t *list = NULL;
	struct err e = {0};

	tree_begin("0-3");
	for (unsigned int cpu = 0; cpu < 4; cpu++)
		cpu_put(cpu, cpu % 2 ? "1,3" : "0,2", "0-3", 0);
	CHECK(machine_cpus(root, &list, &e) == 0);
	check_cpu(list, 1, "{\"cpu\":1,\"node\":0,\"llc\":0,\"core\":1,\"thread\":0}");
	check_cpu(list, 2, "{\"cpu\":2,\"node\":0,\"llc\":0,\"core\":0,\"thread\":1}");
	check_cpu(list, 3, "{\"cpu\":3,\"node\":0,\"llc\":0,\"core\":1,\"thread\":1}");
	json_decref(list);
	tree_end();
}

static void test_no_cache(void)
{
	json_t *list = NULL;
	struct err e = {0};

	tree_begin("0");
	cpu_put(0, "0", NULL, 0);
	CHECK(machine_cpus(root, &list, &e) == 0);
	check_cpu(list, 0, "{\"cpu\":0,\"node\":0,\"llc\":0,\"core\":0,\"thread\":0}");
	json_decref(list);
	tree_end();
}

static void test_broken(void)
{
	json_t *list = NULL;
	struct err e = {0};

	tree_begin("0-1");
	cpu_put(0, "0", "0-1", 0);
	CHECK(machine_cpus(root, &list, &e) == -1);
	CHECK(strstr(e.text, "cpu1") != NULL);
	CHECK(list == NULL);
	tree_end();
}

int main(void)
{
	RUN(test_numa_llc_smt);
	RUN(test_interleaved_threads);
	RUN(test_no_cache);
	RUN(test_broken);
	return TEST_END();
}
