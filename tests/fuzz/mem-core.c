/* SPDX-License-Identifier: GPL-2.0-only */
/* A core of any bytes: an ELF one opened and read, or records put together. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "mem/mem.h"
#include "mem/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct mem *m)
{
	const char *info = mem_vmcoreinfo(m);
	uint64_t gpa = 0, end = mem_end(m);
	uint8_t buf[64];
	struct err e;

	if (info)
		gpa = strlen(info);
	mem_read(m, gpa, buf, sizeof(buf), &e);
	mem_read(m, end - sizeof(buf), buf, sizeof(buf), &e);
	mem_find(m, 0, "OSRELEASE=", 10, 4096, &gpa, &e);
	mem_find(m, 0, "\1\0", 2, 1, &gpa, &e);
	mem_read(m, gpa, buf, 2, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("core", MFD_CLOEXEC), whole = -1;
	struct mem *m = NULL;
	char path[64];
	struct err e;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	/* What libkdumpfile makes of a file is not ours to find. */
	if (size < 4 || memcmp(data, "\177ELF", 4) != 0) {
		flattened_unpack(fd, &whole, &e);
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (mem_open(path, NULL, 0, false, &m, &e) == 0)
		ask(m);
	mem_destroy(m);
	return 0;
}
