/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a file of the guest holds: bytes in memory, or a regular file of the host, which is read
 * only when the bytes are wanted and must not have changed since it was named.
 */
#ifndef KTSTR_INITRD_CONTENT_H
#define KTSTR_INITRD_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "initrd/cpio.h"

/* {0} is empty contents in memory. */
struct content {
	uint64_t size;	  /* bytes */
	char *data;	  /* owned, with a NUL behind them; NULL: a host file, or nothing */
	char *host;	  /* owned path of the host file; NULL: in memory */
	struct stat seen; /* of that file when it was named */
};

/* A copy of @data. On failure *ret holds nothing. */
int content_of_data(const void *data, size_t len, struct content *ret, struct err *e);

/* The regular file @host, symlinks followed, at most CPIO_FILE_MAX bytes. */
int content_of_file(const char *host, struct content *ret, struct err *e);

void content_deinit(struct content *c);

/* Whether both hold the same bytes. */
int content_equal(const struct content *a, const struct content *b, bool *ret, struct err *e);

/* Write all of it to an entry of an archive that announced its size. Errors: EAGAIN when the host
 * file changed, what reading and writing gives. */
int content_write(const struct content *c, struct cpio *to, struct err *e);

#define _cleanup_content_ _cleanup_(content_deinit)

#endif
