/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int io_write_all(int fd, const void *data, size_t len, const char *what, struct err *e)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot write '%s'", what);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t io_read_upto(int fd, void *data, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, (char *)data + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

int io_read_all(int fd, size_t max, const char *what, struct buf *b, struct err *e)
{
	char chunk[65536];
	size_t total = 0;

	for (;;) {
		ssize_t n = io_read_upto(fd, chunk, sizeof(chunk));

		if (n < 0)
			return err_sys(e, "cannot read '%s'", what);
		if (n == 0)
			return 0;
		total += (size_t)n;
		if (total > max)
			return err_set(e, EFBIG, "'%s' is larger than %zu bytes", what, max);
		if (buf_add(b, chunk, (size_t)n))
			return err_set(e, ENOMEM, "out of memory reading '%s'", what);
	}
}

int io_read_file(const char *path, size_t max, struct buf *b, struct err *e)
{
	_cleanup_close_ int fd = -1;

	if (strcmp(path, "-") == 0)
		return io_read_all(STDIN_FILENO, max, "standard input", b, e);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	return io_read_all(fd, max, path, b, e);
}

int io_write_file(const char *path, const void *data, size_t len, struct err *e)
{
	char tmp[PATH_MAX];
	_cleanup_close_ int fd = -1;
	mode_t mask;

	if (snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= (int)sizeof(tmp))
		return err_set(e, ENAMETOOLONG, "path '%s' is too long", path);
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "cannot create '%s'", path);
	mask = umask(0);
	umask(mask);
	if (fchmod(fd, 0666 & ~mask)) {
		err_sys(e, "cannot create '%s'", path);
		goto undo;
	}
	if (io_write_all(fd, data, len, path, e))
		goto undo;
	/* Some file systems report a full disk only here. */
	if (close(steal_fd(&fd))) {
		err_sys(e, "cannot write '%s'", path);
		goto undo;
	}
	if (rename(tmp, path)) {
		err_sys(e, "cannot create '%s'", path);
		goto undo;
	}
	return 0;
undo:
	unlink(tmp);
	return -1;
}
