/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flattened format of makedumpfile(8), which QEMU's dump-guest-memory writes too, as it wants
 * no seeks: a page of header, then records of a place in the real file, a length (both big-endian)
 * and that many bytes; a place of -1 ends them.
 */
#include "mem/source.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

#define HEADER_LEN 4096u
#define FILE_MAX (1ull << 44) /* bytes of the file that is put together */
#define CHUNK_MAX (256u << 10)

struct record {
	uint64_t offset, len;
};

/* A file without a name, on disk where that can be. */
static int nameless_file(struct err *e)
{
	const char *folder = getenv("TMPDIR");
	int fd =
		open(folder && *folder ? folder : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		fd = memfd_create("ktstr-core", MFD_CLOEXEC);
	return fd >= 0 ? fd : err_sys(e, "cannot make a temporary file");
}

static int read_whole(int fd, uint64_t at, void *buf, size_t len, struct err *e)
{
	ssize_t n = pread(fd, buf, len, (off_t)at);

	if (n < 0)
		return err_sys(e, "cannot read");
	if ((size_t)n < len)
		return err_set(e, EPROTO, "a flattened core that is cut short at 0x%" PRIx64,
			       at + (uint64_t)n);
	return 0;
}

static int write_whole(int fd, uint64_t at, const uint8_t *data, size_t len, struct err *e)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, (off_t)at);

		if (n < 0)
			return err_sys(e, "cannot write a temporary file");
		data += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* The next record at *at, which goes behind its head. 1: the end. */
static int next_record(int fd, uint64_t *at, struct record *ret, struct err *e)
{
	struct record head;

	if (read_whole(fd, *at, &head, sizeof(head), e))
		return -1;
	*ret = (struct record){.offset = be64toh(head.offset), .len = be64toh(head.len)};
	*at += sizeof(head);
	if (ret->offset == UINT64_MAX)
		return 1;
	if (ret->offset > FILE_MAX || ret->len > FILE_MAX - ret->offset)
		return err_set(e, EPROTO,
			       "a flattened core with 0x%" PRIx64 " bytes for 0x%" PRIx64, ret->len,
			       ret->offset);
	return 0;
}

int flattened_unpack(int fd, int *ret, struct err *e)
{
	_cleanup_free_ uint8_t *chunk = malloc(CHUNK_MAX);
	_cleanup_close_ int out = nameless_file(e);
	uint64_t at = HEADER_LEN;
	struct record r;
	int end;

	*ret = -1;
	if (out < 0)
		return -1;
	if (!chunk)
		return err_set(e, ENOMEM, "out of memory");
	while (!(end = next_record(fd, &at, &r, e))) {
		for (size_t n; r.len; at += n, r.offset += n, r.len -= n) {
			n = r.len < CHUNK_MAX ? (size_t)r.len : CHUNK_MAX;
			if (read_whole(fd, at, chunk, n, e) ||
			    write_whole(out, r.offset, chunk, n, e))
				return -1;
		}
	}
	if (end < 0)
		return -1;
	*ret = steal_fd(&out);
	return 0;
}
