/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/hostfile.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"

int hostfile_open(const char *path, struct stat *st, struct err *e)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	if (fstat(fd, st))
		return err_sys(e, "cannot look at '%s'", path);
	if (S_ISDIR(st->st_mode))
		return err_set(e, EISDIR, "'%s' is a directory", path);
	if (!S_ISREG(st->st_mode))
		return err_set(e, EINVAL, "'%s' is not a regular file", path);
	return steal_fd(&fd);
}
