/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that hold memory in a form of their own: ELF cores (core.c), whose pieces are mapped, and
 * kdump-compressed ones (kdump.c), which are unpacked as they are read. For lib/mem alone.
 */
#ifndef KTSTR_MEM_SOURCE_H
#define KTSTR_MEM_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "mem/mem.h"

/*
 * The ranges of the ELF core @fd by physical address, sorted, cut where the file has a page twice,
 * and the text of its VMCOREINFO note (NULL for none). Both are the caller's to free.
 */
int core_ranges(int fd, struct mem_range **ret_ranges, size_t *ret_n, char **ret_vmcoreinfo,
		struct err *e);

/* Put the flattened core @fd together in a file without a name, *ret, which is the caller's. */
int flattened_unpack(int fd, int *ret, struct err *e);

struct packed;

/* As mem_open for a kdump-compressed core; ENOTSUP when this was built without libkdumpfile. @fd
 * stays the caller's. */
int packed_open(int fd, struct packed **ret, char **ret_vmcoreinfo, struct err *e);
void packed_close(struct packed *p); /* NULL is allowed */
int packed_read(struct packed *p, uint64_t gpa, void *buf, size_t len, struct err *e);
int packed_find(struct packed *p, uint64_t from_gpa, const void *needle, size_t len, size_t align,
		uint64_t *ret_gpa, struct err *e);
uint64_t packed_size(const struct packed *p);
uint64_t packed_end(const struct packed *p);

#endif
