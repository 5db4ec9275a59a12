/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

static void sink_fail(struct sink *s)
{
	s->failed = true;
	if (s->fd >= 0)
		close(steal_fd(&s->fd));
	if (*s->tmp)
		unlink(s->tmp);
	*s->tmp = 0;
}

/* Start with a sink that holds nothing; false when @path is too long. */
static bool sink_init(struct sink *s, const char *path)
{
	*s = (struct sink){.fd = -1};
	if (strlen(path) < sizeof(s->path)) {
		memcpy(s->path, path, strlen(path) + 1);
		return true;
	}
	err_set(&s->error, ENAMETOOLONG, "path '%s' is too long", path);
	s->failed = true;
	return false;
}

void sink_open(struct sink *s, const char *path)
{
	if (!sink_init(s, path))
		return;
	s->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (s->fd < 0) {
		err_sys(&s->error, "cannot create '%s'", path);
		s->failed = true;
	}
}

/* A name beside @path that nobody else has. */
static int temporary_name(char ret[PATH_MAX], const char *path)
{
	if (snprintf(ret, PATH_MAX, "%s.XXXXXX", path) < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

static int open_named(struct sink *s, const char *dir)
{
	char base[PATH_MAX];
	mode_t mask = umask(0);

	umask(mask);
	if (snprintf(base, sizeof(base), "%s/.stream", dir) >= (int)sizeof(base) ||
	    temporary_name(s->tmp, base)) {
		*s->tmp = 0;
		errno = ENAMETOOLONG;
		return -1;
	}
	s->fd = mkostemp(s->tmp, O_CLOEXEC);
	if (s->fd < 0) {
		*s->tmp = 0;
		return -1;
	}
	return fchmod(s->fd, 0666 & ~mask);
}

void sink_open_in(struct sink *s, const char *dir)
{
	if (!sink_init(s, dir))
		return;
	s->fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	/* Not every file system has files without a name; old kernels say EISDIR. */
	if (s->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		open_named(s, dir);
	if (s->fd < 0) {
		err_sys(&s->error, "cannot create a file in '%s'", dir);
		sink_fail(s);
	}
}

void sink_take(struct sink *s, const void *data, size_t len)
{
	if (s->fd >= 0 && io_write_all(s->fd, data, len, s->path, &s->error))
		sink_fail(s);
}

/* Give the nameless file the temporary name s->tmp. */
static int sink_name(struct sink *s, const char *path)
{
	char self[64];
	int fd;

	/* mkostemp(3) finds the name, linkat(2) cannot replace it: so free it again. */
	if (temporary_name(s->tmp, path))
		return -1;
	fd = mkostemp(s->tmp, O_CLOEXEC);
	if (fd < 0) {
		*s->tmp = 0;
		return -1;
	}
	close(fd);
	unlink(s->tmp);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", s->fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, s->tmp, AT_SYMLINK_FOLLOW);
}

int sink_keep(struct sink *s, const char *path)
{
	if (s->failed || s->fd < 0)
		return -1;
	if ((!*s->tmp && sink_name(s, path)) || rename(s->tmp, path)) {
		err_sys(&s->error, "cannot create '%s'", path);
		sink_fail(s);
		return -1;
	}
	*s->tmp = 0;
	/* Some file systems report a full disk only here. */
	if (close(steal_fd(&s->fd))) {
		err_sys(&s->error, "cannot write '%s'", path);
		unlink(path);
		s->failed = true;
		return -1;
	}
	return 0;
}

int sink_close(struct sink *s)
{
	if (s->fd >= 0 && close(steal_fd(&s->fd))) {
		err_sys(&s->error, "cannot write '%s'", s->path);
		s->failed = true;
	}
	if (*s->tmp)
		unlink(s->tmp);
	*s->tmp = 0;
	return s->failed ? -1 : 0;
}
