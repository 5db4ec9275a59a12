/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/machine.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

#define TEXT_MAX 16384

/* Read the first line of a small file into @b. */
static int line_read(const char *path, struct buf *b, struct err *e)
{
	buf_deinit(b);
	if (io_read_file(path, TEXT_MAX, b, e))
		return -1;
	if (b->data)
		b->data[strcspn(b->data, "\n")] = '\0';
	return 0;
}

static int list_read(const char *path, struct cpus *ret, struct err *e)
{
	_cleanup_buf_ struct buf b = {0};

	if (line_read(path, &b, e))
		return -1;
	if (cpus_parse(buf_text(&b), ret, e))
		return err_prefix(e, "'%s'", path);
	return 0;
}

/* The CPUs that share @cpu's last-level cache: the cache of the highest level. */
static int llc_read(const char *sysfs, unsigned int cpu, struct cpus *ret, struct err *e)
{
	char path[PATH_MAX];
	int best = 0;

	for (int i = 0;; i++) {
		_cleanup_buf_ struct buf level = {0};

		snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%u/cache/index%d/level",
			 sysfs, cpu, i);
		if (access(path, F_OK))
			break;
		if (line_read(path, &level, e))
			return -1;
		if (atoi(buf_text(&level)) < best)
			continue;
		best = atoi(buf_text(&level));
		snprintf(path, sizeof(path),
			 "%s/devices/system/cpu/cpu%u/cache/index%d/shared_cpu_list", sysfs, cpu,
			 i);
		if (list_read(path, ret, e))
			return -1;
	}
	if (best)
		return 0;
	snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%u/topology/package_cpus_list",
		 sysfs, cpu);
	return list_read(path, ret, e);
}

static int siblings_read(const char *sysfs, unsigned int cpu, struct cpus *ret, struct err *e)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%u/topology/thread_siblings_list",
		 sysfs, cpu);
	return list_read(path, ret, e);
}

/* The CPU's directory has a link `nodeN`; a kernel without NUMA has none. */
static unsigned int node_read(const char *sysfs, unsigned int cpu)
{
	char path[PATH_MAX];
	unsigned int node = 0;
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%u", sysfs, cpu);
	dir = opendir(path);
	while (dir && (d = readdir(dir)))
		if (sscanf(d->d_name, "node%u", &node) == 1)
			break;
	if (dir)
		closedir(dir);
	return node;
}

/* How many members of @set are below @cpu. */
static unsigned int rank(const struct cpus *set, unsigned int cpu)
{
	unsigned int n = 0;

	for (unsigned int c = cpus_next(set, 0); c < cpu; c = cpus_next(set, c + 1))
		n++;
	return n;
}

/* First CPUs seen so far of LLCs and of cores. */
struct firsts {
	struct cpus llcs, cores;
};

static json_t *cpu_object(const char *sysfs, unsigned int cpu, struct firsts *f, struct err *e)
{
	struct cpus llc = {0}, siblings = {0}, cores = {0};
	unsigned int first_of_llc, first_of_core;

	if (llc_read(sysfs, cpu, &llc, e) || siblings_read(sysfs, cpu, &siblings, e))
		return NULL;
	first_of_llc = cpus_next(&llc, 0);
	first_of_core = cpus_next(&siblings, 0);
	cpus_add(&f->llcs, first_of_llc);
	cpus_add(&f->cores, first_of_core);
	for (unsigned int c = cpus_next(&llc, 0); c < TOPOLOGY_CPUS_MAX; c = cpus_next(&llc, c + 1))
		if (cpus_has(&f->cores, c))
			cpus_add(&cores, c);
	return json_pack("{s:i, s:i, s:i, s:i, s:i}", "cpu", (int)cpu, "node",
			 (int)node_read(sysfs, cpu), "llc", (int)rank(&f->llcs, first_of_llc),
			 "core", (int)rank(&cores, first_of_core), "thread",
			 (int)rank(&siblings, cpu));
}

int machine_cpus(const char *sysfs, json_t **ret, struct err *e)
{
	struct firsts firsts = {0};
	struct cpus online = {0};
	char path[PATH_MAX];
	json_t *list;

	snprintf(path, sizeof(path), "%s/devices/system/cpu/online", sysfs);
	if (list_read(path, &online, e))
		return -1;
	list = json_array();
	for (unsigned int c = cpus_next(&online, 0); c < TOPOLOGY_CPUS_MAX;
	     c = cpus_next(&online, c + 1)) {
		json_t *cpu = cpu_object(sysfs, c, &firsts, e);

		if (!cpu || json_array_append_new(list, cpu)) {
			json_decref(list);
			return -1;
		}
	}
	*ret = list;
	return 0;
}

static json_int_t memory_kb(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/meminfo", "re");
	long long kb = 0;

	if (!f || fscanf(f, "MemTotal: %lld kB", &kb) != 1)
		return 0;
	return kb;
}

void machine_hello(struct link *l, const char *cmdline)
{
	struct utsname u = {0};
	json_t *cpus = NULL;
	struct err e = {0};

	uname(&u);
	if (machine_cpus("/sys", &cpus, &e))
		link_trouble(l, TROUBLE_SETUP, "cannot read the CPU topology: %s", e.text);
	link_send_json(l, TLV_GUEST_HELLO,
		       json_pack("{s:s, s:s, s:o, s:I, s:b, s:s}", "release", u.release, "machine",
				 u.machine, "cpus", cpus ? cpus : json_array(), "memory_kb",
				 memory_kb(), "sched_ext",
				 access("/sys/kernel/sched_ext", F_OK) == 0, "cmdline", cmdline));
}
