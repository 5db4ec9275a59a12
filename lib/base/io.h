/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whole reads and writes on descriptors and files. All of them go on after EINTR and short
 * transfers. Every descriptor made here is close-on-exec.
 */
#ifndef KTSTR_BASE_IO_H
#define KTSTR_BASE_IO_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/* Write all @len bytes. @what names the descriptor in the error. The code is EPIPE for a closed
 * reader (the caller must ignore SIGPIPE to see it). */
int io_write_all(int fd, const void *data, size_t len, const char *what, struct err *e);

/* Read until @len bytes or the end. Returns the number of bytes, or -1 with errno set. */
ssize_t io_read_upto(int fd, void *data, size_t len);

/* Add all that is left to read on @fd to @b; an error with code EFBIG when it is more than @max
 * bytes. @what names it in errors. */
int io_read_all(int fd, size_t max, const char *what, struct buf *b, struct err *e);

/* As io_read_all for the file @path; "-" is standard input. */
int io_read_file(const char *path, size_t max, struct buf *b, struct err *e);

/* Write @path whole or not at all: into a temporary file beside it, then renamed. On failure
 * nothing is left behind and an older @path is untouched. */
int io_write_file(const char *path, const void *data, size_t len, struct err *e);

#endif
