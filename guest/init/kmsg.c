/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define RECORD_MAX 8192 /* a read(2) of /dev/kmsg gives one whole record or EINVAL */

int kmsg_format(struct buf *b, const char *record, size_t len)
{
	const char *text = memchr(record, ';', len);
	const char *end = text ? memchr(text, '\n', len - (size_t)(text - record)) : NULL;
	const char *field = record;
	char *after;
	uint64_t usec;

	if (!text)
		return -1;
	if (!end)
		end = record + len;
	for (int i = 0; i < 2; i++) {
		field = memchr(field, ',', (size_t)(text - field));
		if (!field)
			return -1;
		field++;
	}
	/* The field ends at ',' or ';' within the record, so this stops there. */
	usec = strtoull(field, &after, 10);
	if (after == field || (*after != ',' && *after != ';'))
		return -1;
	text++;
	return buf_addf(b, "[%5" PRIu64 ".%06" PRIu64 "] %.*s\n", usec / 1000000, usec % 1000000,
			(int)(end - text), text);
}

/* Drop whole lines from the front until at most KMSG_SENT_MAX bytes are left. */
static void keep_the_end(struct buf *b)
{
	const char *line;

	if (b->len <= KMSG_SENT_MAX)
		return;
	line = memchr(b->data + b->len - KMSG_SENT_MAX, '\n', KMSG_SENT_MAX);
	buf_consume(b, line ? (size_t)(line + 1 - b->data) : b->len);
}

/* Read the next record. Returns its length, 0 for one that is lost, -1 at the end. */
static ssize_t record_read(int fd, char record[RECORD_MAX])
{
	ssize_t n;

	do {
		n = read(fd, record, RECORD_MAX);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EPIPE || errno == EINVAL))
		return 0; /* overwritten meanwhile, or too long */
	return n > 0 ? n : -1;
}

void kmsg_forward(struct link *l)
{
	_cleanup_close_ int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	_cleanup_buf_ struct buf b = {0};
	char record[RECORD_MAX];
	size_t missing = 0;
	ssize_t n;

	if (fd < 0) {
		link_trouble(l, TROUBLE_NOTE, "cannot open '/dev/kmsg': %s", strerror(errno));
		return;
	}
	while ((n = record_read(fd, record)) >= 0) {
		if (!n || kmsg_format(&b, record, (size_t)n))
			missing++;
		if (b.len > 2 * KMSG_SENT_MAX)
			keep_the_end(&b);
	}
	keep_the_end(&b);
	if (missing)
		link_trouble(l, TROUBLE_NOTE, "%zu kernel log records could not be read", missing);
	link_send(l, TLV_KMSG, buf_text(&b), b.len);
}

void kmsg_find_last(const char *prefix, char *ret, size_t size)
{
	_cleanup_close_ int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char record[RECORD_MAX];
	ssize_t n;

	ret[0] = '\0';
	while (fd >= 0 && (n = record_read(fd, record)) >= 0) {
		const char *text = memchr(record, ';', (size_t)n);
		size_t left = text ? (size_t)(record + n - ++text) : 0;

		if (left < strlen(prefix) || memcmp(text, prefix, strlen(prefix)) != 0)
			continue;
		text += strlen(prefix);
		left -= strlen(prefix);
		snprintf(ret, size, "%.*s", (int)left, text);
		ret[strcspn(ret, "\n")] = '\0';
	}
}
