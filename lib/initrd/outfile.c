/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_temp(struct outfile *o, struct err *e)
{
	mode_t mask;

	if (snprintf(o->temp, sizeof(o->temp), "%s.XXXXXX", o->path) >= (int)sizeof(o->temp))
		return err_set(e, ENAMETOOLONG, "path '%s' is too long", o->path);
	o->fd = mkostemp(o->temp, O_CLOEXEC);
	if (o->fd < 0) {
		o->temp[0] = 0;
		return err_sys(e, "cannot create '%s'", o->path);
	}
	mask = umask(0);
	umask(mask);
	if (!fchmod(o->fd, 0666 & ~mask))
		return 0;
	err_sys(e, "cannot create '%s'", o->path);
	outfile_deinit(o);
	return -1;
}

int outfile_open(struct outfile *o, const char *path, struct err *e)
{
	struct stat st;

	*o = (struct outfile){.fd = -1, .path = path};
	if (stat(path, &st) || S_ISREG(st.st_mode))
		return open_temp(o, e);
	o->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return o->fd < 0 ? err_sys(e, "cannot open '%s'", path) : 0;
}

int outfile_commit(struct outfile *o, struct err *e)
{
	/* Some file systems report a full disk only here. */
	if (close(steal_fd(&o->fd)) || (o->temp[0] && rename(o->temp, o->path))) {
		err_sys(e, "cannot write '%s'", o->path);
		outfile_deinit(o);
		return -1;
	}
	o->temp[0] = 0;
	return 0;
}

void outfile_deinit(struct outfile *o)
{
	cleanup_closep(&o->fd);
	o->fd = -1;
	if (o->temp[0])
		unlink(o->temp);
	o->temp[0] = 0;
}
