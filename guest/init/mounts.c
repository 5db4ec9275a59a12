/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

struct mount_point {
	const char *type, *path, *options;
	bool needed;
};

static const struct mount_point mount_points[] = {
	{"proc", "/proc", NULL, .needed = true},
	{"sysfs", "/sys", NULL, .needed = true},
	{"devtmpfs", "/dev", NULL, .needed = true},
	{"cgroup2", "/sys/fs/cgroup", NULL, .needed = true},
	{"bpf", "/sys/fs/bpf", "mode=0700"},
	{"debugfs", "/sys/kernel/debug", NULL},
	{"tracefs", "/sys/kernel/tracing", NULL},
	{"tmpfs", "/tmp", "mode=1777", .needed = true},
	{"tmpfs", "/run", "mode=0755", .needed = true},
	{"tmpfs", "/dev/shm", "mode=1777"},
};

static void mount_one(struct link *l, const struct mount_point *m)
{
	enum trouble_kind kind = m->needed ? TROUBLE_SETUP : TROUBLE_NOTE;

	if (mkdir(m->path, 0755) && errno != EEXIST) {
		link_trouble(l, kind, "cannot make directory '%s': %s", m->path, strerror(errno));
		return;
	}
	/* EBUSY: the kernel has mounted it itself, as it may do with /dev. */
	if (mount(m->type, m->path, m->type, MS_NOSUID, m->options) && errno != EBUSY)
		link_trouble(l, kind, "cannot mount %s at '%s': %s", m->type, m->path,
			     strerror(errno));
}

void mounts_make(struct link *l)
{
	for (size_t i = 0; i < sizeof(mount_points) / sizeof(mount_points[0]); i++)
		mount_one(l, &mount_points[i]);
}

static void switch_on(struct link *l, const char *path)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	struct err e;

	if (fd < 0)
		link_trouble(l, TROUBLE_NOTE, "cannot open '%s': %s", path, strerror(errno));
	else if (io_write_all(fd, "1\n", 2, path, &e))
		link_trouble(l, TROUBLE_NOTE, "%s", e.text);
}

void mounts_tune(struct link *l)
{
	switch_on(l, "/proc/sys/kernel/sched_schedstats");
	switch_on(l, "/proc/sys/kernel/bpf_stats_enabled");
}
