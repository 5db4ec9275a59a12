/* SPDX-License-Identifier: GPL-2.0-only */
#include "hostmap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"

#define MAPS_MAX (16u << 20) /* bytes of text */

struct mapping {
	uint64_t start, end, offset, inode;
	unsigned int major, minor;
	bool written; /* shared and writable */
};

static bool mapping_parse(const char *line, struct mapping *ret)
{
	char perms[8];

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64, &ret->start,
		   &ret->end, perms, &ret->offset, &ret->major, &ret->minor, &ret->inode) != 7)
		return false;
	ret->written = perms[1] == 'w' && perms[3] == 's';
	return true;
}

int hostmap_find_in(const char *maps, int stat_fd, uint64_t offset, uint64_t *ret_addr,
		    struct err *e)
{
	unsigned int found = 0;
	struct mapping m;
	struct stat st;

	if (fstat(stat_fd, &st))
		return err_sys(e, "cannot look at guest memory");
	for (const char *line = maps; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!mapping_parse(line, &m) || !m.written || m.inode != st.st_ino ||
		    m.major != major(st.st_dev) || m.minor != minor(st.st_dev))
			continue;
		if (offset < m.offset || offset - m.offset >= m.end - m.start)
			continue;
		*ret_addr = m.start + (offset - m.offset);
		found++;
	}
	if (found == 1)
		return 0;
	return found ? err_set(e, EMLINK, "QEMU has mapped guest memory %u times", found)
		     : err_set(e, ENOENT, "QEMU has not mapped guest memory at %#" PRIx64, offset);
}

int hostmap_find(pid_t pid, int fd, uint64_t offset, uint64_t *ret_addr, struct err *e)
{
	_cleanup_(buf_deinit) struct buf maps = {0};
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	if (io_read_file(path, MAPS_MAX, &maps, e))
		return -1;
	return hostmap_find_in(buf_text(&maps), fd, offset, ret_addr, e);
}
