/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

#define ROOT "/sys/fs/cgroup"
#define PARENT ROOT "/ktstr"
#define PROCS_MAX (4u << 20) /* bytes of a cgroup.procs */
#define MOVE_PASSES 16	     /* over a cgroup whose processes fork while they are moved */

static int file_write(const char *path, const char *text, struct err *e)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	if (write(fd, text, strlen(text)) < 0)
		return err_sys(e, "cannot write '%s' to '%s'", text, path);
	return 0;
}

static void path_of(const struct cgroups *c, unsigned int cg, const char *file, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, PARENT "/%s%s%s", c->list[cg].name, file ? "/" : "",
		 file ? file : "");
}

static int cgroup_write(const struct cgroups *c, unsigned int cg, const char *file,
			const char *text, struct err *e)
{
	char path[PATH_MAX];

	path_of(c, cg, file, path);
	return file_write(path, text, e);
}

int cgroups_init(struct cgroups *c, struct work_shared *shared, struct err *e)
{
	*c = (struct cgroups){.shared = shared};
	if (file_write(ROOT "/cgroup.subtree_control", "+cpu +cpuset", e))
		return -1;
	if (mkdir(PARENT, 0755))
		return err_sys(e, "cannot make cgroup '%s'", PARENT);
	return file_write(PARENT "/cgroup.subtree_control", "+cpu +cpuset", e);
}

int cgroups_find(const struct cgroups *c, const char *name, unsigned int *ret, struct err *e)
{
	for (unsigned int i = 0; i < WORK_CGROUPS_MAX; i++) {
		if (c->list[i].name[0] && strcmp(c->list[i].name, name) == 0) {
			*ret = i;
			return 0;
		}
	}
	return err_set(e, ENOENT, "there is no cgroup '%s'", name);
}

int cgroups_make(struct cgroups *c, const char *name, unsigned int *ret, struct err *e)
{
	char path[PATH_MAX];
	unsigned int i = 0;

	while (i < WORK_CGROUPS_MAX && c->list[i].name[0])
		i++;
	if (i == WORK_CGROUPS_MAX)
		return err_set(e, EMFILE, "more than %u cgroups", WORK_CGROUPS_MAX);
	snprintf(c->list[i].name, sizeof(c->list[i].name), "%s", name);
	path_of(c, i, NULL, path);
	if (mkdir(path, 0755)) {
		c->list[i].name[0] = '\0';
		return err_sys(e, "cannot make cgroup '%s'", path);
	}
	c->shared->cgroups[i] = (struct work_cgroup){0};
	*ret = i;
	return 0;
}

int cgroups_remove(struct cgroups *c, unsigned int cg, struct err *e)
{
	char path[PATH_MAX];

	path_of(c, cg, NULL, path);
	if (rmdir(path))
		return err_sys(e, "cannot remove cgroup '%s'", path);
	c->list[cg].name[0] = '\0';
	return 0;
}

/* Write the cpuset and, in the same odd phase of the counter, what the workers check against. */
static int cpuset_write(struct cgroups *c, unsigned int cg, const struct work_cgroup *want,
			struct err *e)
{
	char text[CPUS_TEXT_MAX] = "\n"; /* writing nothing at all would change nothing */

	if (want->limited)
		cpus_format(&want->allowed, text);
	if (cgroup_write(c, cg, "cpuset.cpus", text, e))
		return -1;
	c->shared->cgroups[cg] = *want;
	return 0;
}

int cgroups_set_cpuset(struct cgroups *c, unsigned int cg, const struct cpus *cpus, struct err *e)
{
	struct work_cgroup want = {.limited = cpus};
	int ret;

	if (cpus)
		want.allowed = *cpus;
	atomic_fetch_add(&c->shared->placing, 1);
	ret = cpuset_write(c, cg, &want, e);
	atomic_fetch_add(&c->shared->placing, 1);
	return ret;
}

int cgroups_swap_cpusets(struct cgroups *c, unsigned int a, unsigned int b, struct err *e)
{
	struct work_cgroup of_a = c->shared->cgroups[a], of_b = c->shared->cgroups[b];
	int ret = -1;

	atomic_fetch_add(&c->shared->placing, 1);
	if (cpuset_write(c, a, &of_b, e) == 0)
		ret = cpuset_write(c, b, &of_a, e);
	atomic_fetch_add(&c->shared->placing, 1);
	return ret;
}

int cgroups_set_weight(struct cgroups *c, unsigned int cg, unsigned int weight, struct err *e)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", weight);
	return cgroup_write(c, cg, "cpu.weight", text, e);
}

int cgroups_add_pid(const struct cgroups *c, unsigned int cg, pid_t pid, struct err *e)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return cgroup_write(c, cg, "cgroup.procs", text, e);
}

/* One pass over the processes of @from; *moved counts them. */
static int move_pass(const struct cgroups *c, unsigned int from, unsigned int to, size_t *moved,
		     struct err *e)
{
	_cleanup_buf_ struct buf b = {0};
	char path[PATH_MAX];
	char *rest, *line;

	path_of(c, from, "cgroup.procs", path);
	if (io_read_file(path, PROCS_MAX, &b, e))
		return -1;
	*moved = 0;
	rest = b.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		/* ESRCH: it ended meanwhile. */
		if (cgroups_add_pid(c, to, atoi(line), e) && e->code != ESRCH)
			return -1;
		(*moved)++;
	}
	return 0;
}

int cgroups_move_all(const struct cgroups *c, unsigned int from, unsigned int to, struct err *e)
{
	size_t moved = 1;

	for (int i = 0; moved && i < MOVE_PASSES; i++)
		if (move_pass(c, from, to, &moved, e))
			return -1;
	if (moved)
		return err_set(e, EBUSY, "processes of cgroup '%s' multiply while they are moved",
			       c->list[from].name);
	return 0;
}

int cgroups_kill(const struct cgroups *c, unsigned int cg, struct err *e)
{
	return cgroup_write(c, cg, "cgroup.kill", "1", e);
}

unsigned int cgroups_count(const struct cgroups *c)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < WORK_CGROUPS_MAX; i++)
		n += c->list[i].name[0] != '\0';
	return n;
}
