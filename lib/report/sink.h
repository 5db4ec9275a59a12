/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file that the raw stream goes into while it is read. A sink that fails keeps its first error
 * and takes no more; the reading goes on, because a full disk must not cost the verdict.
 */
#ifndef KTSTR_REPORT_SINK_H
#define KTSTR_REPORT_SINK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct sink {
	int fd; /* -1: there is none, or it failed */
	bool failed;
	struct err error;    /* when it failed */
	char path[PATH_MAX]; /* as in errors */
	char tmp[PATH_MAX];  /* the file while it has no name of its own; "" when nothing is to be
			      * removed */
};

/* Open @path for writing, "-" is not special. A failure is kept in the sink. */
void sink_open(struct sink *s, const char *path);

/*
 * Open a file without a name in the folder @dir; sink_keep() names it. Where the file system can do
 * it there is nothing to see until then, and nothing is left behind by a sudden end.
 */
void sink_open_in(struct sink *s, const char *dir);

/* Add bytes; nothing happens when there is no file. */
void sink_take(struct sink *s, const void *data, size_t len);

/* Give the file of sink_open_in() the name @path, which an older file may have had. Returns 0, or
 * -1 with s->error set; then nothing is left. */
int sink_keep(struct sink *s, const char *path);

/* Close; what sink_keep() did not name is removed. Returns 0, or -1 with s->error set. */
int sink_close(struct sink *s);

#endif
