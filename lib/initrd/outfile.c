/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_TRIES 100

/* A file without a name, in the folder of @path: it is gone with the last descriptor, however we
 * end. Not every file system has them. */
static int open_nameless(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	if (snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		     slash ? path : ".") >= (int)sizeof(folder))
		return -1;
	return open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
}

static int open_named(struct outfile *o, struct err *e)
{
	mode_t mask;

	if (snprintf(o->temp, sizeof(o->temp), "%s.XXXXXX", o->path) >= (int)sizeof(o->temp)) {
		o->temp[0] = 0;
		return err_set(e, ENAMETOOLONG, "path '%s' is too long", o->path);
	}
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
	if (stat(path, &st) || S_ISREG(st.st_mode)) {
		o->fd = open_nameless(path);
		o->nameless = o->fd >= 0;
		return o->nameless ? 0 : open_named(o, e);
	}
	o->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return o->fd < 0 ? err_sys(e, "cannot open '%s'", path) : 0;
}

/* Give the file a name, for rename(2) alone can replace another. */
static int name_it(struct outfile *o)
{
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", o->fd);
	for (int i = 0; i < NAME_TRIES; i++) {
		if (snprintf(o->temp, sizeof(o->temp), "%s.%d.%d", o->path, (int)getpid(), i) >=
		    (int)sizeof(o->temp)) {
			errno = ENAMETOOLONG;
			break;
		}
		if (!linkat(AT_FDCWD, self, AT_FDCWD, o->temp, AT_SYMLINK_FOLLOW))
			return 0;
		if (errno != EEXIST)
			break;
	}
	o->temp[0] = 0;
	return -1;
}

int outfile_commit(struct outfile *o, struct err *e)
{
	/* Some file systems report a full disk only when it is closed. */
	if ((o->nameless && name_it(o)) || close(steal_fd(&o->fd)) ||
	    (o->temp[0] && rename(o->temp, o->path))) {
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
