/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What else than a mapped file memory can be: ELF cores (core.c), whose pieces are mapped,
 * kdump-compressed ones (kdump.c), which are unpacked as they are read, and records of another
 * memory (record.c). For lib/mem alone.
 */
#ifndef KTSTR_MEM_SOURCE_H
#define KTSTR_MEM_SOURCE_H

#include <stdbool.h>
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
/* As mem_next. */
bool packed_next(struct packed *p, uint64_t from_gpa, uint64_t *ret_gpa, uint64_t *ret_len);

struct record;

/* Memory that is read out of @r, which it takes in any case; its VMCOREINFO is that of @live. */
int mem_of_record(struct record *r, const struct mem *live, struct mem **ret, struct err *e);
/* What mem_of_record() took; NULL for other memory. */
struct record *mem_record_of(const struct mem *m);

void record_close(struct record *r); /* NULL is allowed */
int record_read(struct record *r, uint64_t gpa, void *buf, size_t len, struct err *e);
bool record_next(const struct record *r, uint64_t from_gpa, uint64_t *ret_gpa, uint64_t *ret_len);
uint64_t record_size(const struct record *r);
uint64_t record_end(const struct record *r);

#endif
