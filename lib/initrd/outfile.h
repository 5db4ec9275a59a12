/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An output file that appears whole or not at all, written as a stream: a file without a name,
 * which a killed process does not leave behind, or where there are none a temporary one beside it;
 * it is named or renamed at the end. What is no regular file (/dev/null, a FIFO) is written
 * directly.
 */
#ifndef KTSTR_INITRD_OUTFILE_H
#define KTSTR_INITRD_OUTFILE_H

#include <limits.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/error.h"

struct outfile {
	int fd;		     /* write here; -1 holds nothing */
	const char *path;    /* borrowed */
	bool nameless;	     /* the file has no name yet */
	char temp[PATH_MAX]; /* its name until it is whole; "" when it has none */
};

/* Begin @path, which the caller keeps until the end. On failure *o holds nothing. */
int outfile_open(struct outfile *o, const char *path, struct err *e);

/* Make the file appear, replacing an older one. *o holds nothing afterwards, success or not; on
 * failure an older file is untouched. */
int outfile_commit(struct outfile *o, struct err *e);

/* Drop what was not committed. */
void outfile_deinit(struct outfile *o);

#define _cleanup_outfile_ _cleanup_(outfile_deinit)

#endif
