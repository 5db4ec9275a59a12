/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes a cpio archive in the 'newc' form that the kernel unpacks as its initramfs. Nothing of the
 * host enters it: times, owners and device numbers are zero and inodes are counted, so the same
 * calls give the same bytes. It streams: an entry is never held in memory.
 */
#ifndef KTSTR_INITRD_CPIO_H
#define KTSTR_INITRD_CPIO_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CPIO_FILE_MAX 0xffffffffull /* bytes of one entry: the size field has 8 hex digits */
#define CPIO_NAME_MAX 4095u	    /* bytes of a name or link target: what the kernel takes */

struct cpio {
	int fd;		  /* borrowed */
	const char *what; /* name of the output in errors, borrowed */
	uint32_t ino;	  /* of the entry begun last */
	uint64_t left;	  /* bytes of that entry still to come */
	uint64_t total;	  /* bytes written and queued so far */
	size_t queued;
	char queue[65536];
};

struct cpio_entry {
	const char *name;   /* without a leading slash; not empty */
	uint32_t mode;	    /* file type and permissions, as st_mode */
	uint64_t size;	    /* bytes of data that follow; of a link, the target's length */
	unsigned int major; /* of a device node */
	unsigned int minor;
};

/* Start an archive on @fd; nothing is written yet. */
void cpio_init(struct cpio *c, int fd, const char *what);

/* Begin an entry; exactly @entry->size bytes must follow through cpio_data before the next call.
 * Errors: a name or size over the limits, EPIPE and other failed writes. */
int cpio_begin(struct cpio *c, const struct cpio_entry *entry, struct err *e);

/* Add data to the entry begun last. More than it announced is an error (EINVAL). */
int cpio_data(struct cpio *c, const void *data, size_t len, struct err *e);

/* Write the trailer and all that is queued. An entry that lacks data is an error (EINVAL). */
int cpio_end(struct cpio *c, struct err *e);

#endif
