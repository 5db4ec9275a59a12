/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "initrd/hostfile.h"

#define CHUNK 65536u

int content_of_data(const void *data, size_t len, struct content *ret, struct err *e)
{
	*ret = (struct content){0};
	ret->data = malloc(len + 1);
	if (!ret->data)
		return err_set(e, ENOMEM, "out of memory");
	if (len)
		memcpy(ret->data, data, len);
	ret->data[len] = 0;
	ret->size = len;
	return 0;
}

int content_of_file(const char *host, struct content *ret, struct err *e)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	*ret = (struct content){0};
	fd = hostfile_open(host, &st, e);
	if (fd < 0)
		return -1;
	if ((uint64_t)st.st_size > CPIO_FILE_MAX)
		return err_set(e, EFBIG, "'%s' is larger than 4 GiB, which no cpio archive holds",
			       host);
	ret->host = strdup(host);
	if (!ret->host)
		return err_set(e, ENOMEM, "out of memory");
	ret->seen = st;
	ret->size = (uint64_t)st.st_size;
	return 0;
}

void content_deinit(struct content *c)
{
	free(c->data);
	free(c->host);
	*c = (struct content){0};
}

/* ---- reading ---- */

/* Reads contents from their begin to their end. */
struct reader {
	const struct content *content;
	int fd; /* -1: from memory */
	uint64_t at;
};

static int changed(const struct content *c, struct err *e)
{
	return err_set(e, EAGAIN, "'%s' changed while it was read", c->host);
}

static int reader_open(struct reader *r, const struct content *c, struct err *e)
{
	struct stat st;

	*r = (struct reader){.content = c, .fd = -1};
	if (!c->host)
		return 0;
	r->fd = hostfile_open(c->host, &st, e);
	if (r->fd < 0)
		return -1;
	if (st.st_dev == c->seen.st_dev && st.st_ino == c->seen.st_ino &&
	    st.st_size == c->seen.st_size && st.st_mtim.tv_sec == c->seen.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == c->seen.st_mtim.tv_nsec)
		return 0;
	return changed(c, e);
}

static void reader_close(struct reader *r)
{
	cleanup_closep(&r->fd);
	r->fd = -1;
}

/* The next at most CHUNK bytes, in @chunk or in the contents; *len is 0 at the end. */
static int reader_next(struct reader *r, char chunk[CHUNK], const char **ret, size_t *len,
		       struct err *e)
{
	uint64_t left = r->content->size - r->at;
	ssize_t got;

	*len = left < CHUNK ? (size_t)left : CHUNK;
	*ret = r->content->data ? r->content->data + r->at : chunk;
	r->at += *len;
	if (r->fd < 0)
		return 0;
	got = io_read_upto(r->fd, chunk, *len);
	if (got < 0)
		return err_sys(e, "cannot read '%s'", r->content->host);
	return (size_t)got < *len ? changed(r->content, e) : 0;
}

static int compare(struct reader *a, struct reader *b, bool *ret, struct err *e)
{
	char chunk_a[CHUNK], chunk_b[CHUNK];
	const char *from_a, *from_b;
	size_t len;

	do {
		if (reader_next(a, chunk_a, &from_a, &len, e) ||
		    reader_next(b, chunk_b, &from_b, &len, e))
			return -1;
		*ret = memcmp(from_a, from_b, len) == 0;
	} while (*ret && len);
	return 0;
}

int content_equal(const struct content *a, const struct content *b, bool *ret, struct err *e)
{
	_cleanup_(reader_close) struct reader ra = {.fd = -1}, rb = {.fd = -1};

	*ret = a->host && b->host && a->seen.st_dev == b->seen.st_dev &&
	       a->seen.st_ino == b->seen.st_ino;
	if (*ret || a->size != b->size)
		return 0;
	if (reader_open(&ra, a, e) || reader_open(&rb, b, e))
		return -1;
	return compare(&ra, &rb, ret, e);
}

int content_write(const struct content *c, struct cpio *to, struct err *e)
{
	_cleanup_(reader_close) struct reader r = {.fd = -1};
	char chunk[CHUNK];
	const char *from;
	size_t len;

	if (reader_open(&r, c, e))
		return -1;
	for (;;) {
		if (reader_next(&r, chunk, &from, &len, e))
			return -1;
		if (!len)
			return 0;
		if (cpio_data(to, from, len, e))
			return -1;
	}
}
