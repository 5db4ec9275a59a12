/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/cpio.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"

#define HEADER_LEN 110u
#define ALIGNMENT 4u   /* of each header and each entry's data */
#define BLOCK_LEN 512u /* the archive is filled up to a whole number of these */
#define TRAILER "TRAILER!!!"

void cpio_init(struct cpio *c, int fd, const char *what)
{
	*c = (struct cpio){.fd = fd, .what = what};
}

static int queue_flush(struct cpio *c, struct err *e)
{
	size_t len = c->queued;

	c->queued = 0;
	return io_write_all(c->fd, c->queue, len, c->what, e);
}

static int queue_add(struct cpio *c, const void *data, size_t len, struct err *e)
{
	const char *from = data;

	c->total += len;
	while (len) {
		size_t room = sizeof(c->queue) - c->queued, take = len < room ? len : room;

		memcpy(c->queue + c->queued, from, take);
		c->queued += take;
		from += take;
		len -= take;
		if (c->queued == sizeof(c->queue) && queue_flush(c, e))
			return -1;
	}
	return 0;
}

static int pad(struct cpio *c, size_t alignment, struct err *e)
{
	static const char zeroes[BLOCK_LEN];
	size_t over = c->total % alignment;

	return over ? queue_add(c, zeroes, alignment - over, e) : 0;
}

static int add_header(struct cpio *c, const struct cpio_entry *entry, uint32_t ino, struct err *e)
{
	char header[HEADER_LEN + 1];
	size_t name_len = strlen(entry->name);
	unsigned int links = S_ISDIR(entry->mode) ? 2 : 1;

	if (!name_len || name_len > CPIO_NAME_MAX)
		return err_set(e, ENAMETOOLONG, "name of %zu bytes does not fit a cpio archive",
			       name_len);
	if (entry->size > CPIO_FILE_MAX)
		return err_set(e, EFBIG, "'%s' is larger than 4 GiB, which no cpio archive holds",
			       entry->name);
	snprintf(header, sizeof(header),
		 "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ino, entry->mode, 0u,
		 0u, links, 0u, (unsigned int)entry->size, 0u, 0u, entry->major, entry->minor,
		 (unsigned int)name_len + 1, 0u);
	if (queue_add(c, header, HEADER_LEN, e) || queue_add(c, entry->name, name_len + 1, e))
		return -1;
	return pad(c, ALIGNMENT, e);
}

int cpio_begin(struct cpio *c, const struct cpio_entry *entry, struct err *e)
{
	if (c->left)
		return err_set(e, EINVAL, "cpio entry lacks %llu bytes",
			       (unsigned long long)c->left);
	if (add_header(c, entry, ++c->ino, e))
		return -1;
	c->left = entry->size;
	return 0;
}

int cpio_data(struct cpio *c, const void *data, size_t len, struct err *e)
{
	if (len > c->left)
		return err_set(e, EINVAL, "cpio entry is given more than it announced");
	c->left -= len;
	if (queue_add(c, data, len, e))
		return -1;
	return c->left ? 0 : pad(c, ALIGNMENT, e);
}

int cpio_end(struct cpio *c, struct err *e)
{
	const struct cpio_entry trailer = {.name = TRAILER};

	if (c->left)
		return err_set(e, EINVAL, "cpio entry lacks %llu bytes",
			       (unsigned long long)c->left);
	if (add_header(c, &trailer, 0, e) || pad(c, BLOCK_LEN, e))
		return -1;
	return queue_flush(c, e);
}
