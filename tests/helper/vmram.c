/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmram DIR FILE: stop the machine, copy its memory to FILE, flat from address 0 and with holes
 * where it is zero, and let the machine go on.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/tool.h"
#include "vm/client.h"

static const struct tool_opt opts[] = {{0}};
static const struct tool tool = {.name = "vmram",
				 .operands = "DIR FILE",
				 .summary = "copy the memory of a machine",
				 .opts = opts};

#define CHUNK 65536u
#define ANSWER_NS (20 * NSEC_PER_SEC)

static void copy(int from, const struct vm_range *r, int to)
{
	static char data[CHUNK];
	static const char zeros[CHUNK];

	for (uint64_t at = 0; at < r->len; at += CHUNK) {
		size_t len = r->len - at < CHUNK ? r->len - at : CHUNK;

		if (pread(from, data, len, (off_t)(r->offset + at)) != (ssize_t)len)
			tool_die(&tool, TOOL_USAGE, "cannot read the memory");
		if (memcmp(data, zeros, len) != 0 &&
		    pwrite(to, data, len, (off_t)(r->gpa + at)) != (ssize_t)len)
			tool_die(&tool, TOOL_USAGE, "cannot write the file");
	}
}

int main(int argc, char **argv)
{
	struct vm_memory memory;
	struct vm_client c;
	uint64_t end = 0;
	struct err e;
	int fd;

	if (argc != 3)
		tool_die(&tool, TOOL_USAGE, "usage: vmram DIR FILE");
	fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		tool_die(&tool, TOOL_USAGE, "cannot create '%s'", argv[2]);
	if (vm_connect(&c, argv[1], &e) ||
	    vm_attach(&c, 0, clock_deadline_ns(ANSWER_NS), &memory, &e) ||
	    vm_request(&c, "freeze 60s", clock_deadline_ns(ANSWER_NS), NULL, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	for (size_t i = 0; i < memory.n_ranges; i++) {
		const struct vm_range *r = &memory.ranges[i];

		copy(memory.fds[r->fd], r, fd);
		if (r->gpa + r->len > end)
			end = r->gpa + r->len;
	}
	if (ftruncate(fd, (off_t)end) || close(fd))
		tool_die(&tool, TOOL_USAGE, "cannot write the file");
	vm_memory_deinit(&memory);
	vm_disconnect(&c);
	return TOOL_PASS;
}
