/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The physical memory of a guest: several ranges, each a part of a file that somebody else may be
 * writing at this moment. Reads go by guest-physical address into the caller's buffer; no pointer
 * into the guest leaves this file, and nothing read twice is the same by promise. It knows no page
 * tables: that is mem/pgtable.h.
 */
#ifndef KTSTR_MEM_MEM_H
#define KTSTR_MEM_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define MEM_RANGES_MAX 4096u

/* One range: [gpa, gpa + len) is at @offset of descriptor @fd. */
struct mem_range {
	uint64_t gpa, len; /* bytes */
	uint64_t offset;
	int fd;
};

struct mem;

/*
 * Map @n ranges, for writing too if @writable. The descriptors stay the caller's and may be closed
 * afterwards. Errors name the range: empty, overlapping another, past the end of its file, past the
 * end of the address space. *ret is NULL on failure, else the caller's (mem_destroy).
 *
 * A file that gets shorter while it is mapped makes a read fail with EIO: the first mem_create()
 * of a process sets a handler of SIGBUS for that (signals for other addresses go on to what was
 * there before).
 */
int mem_create(const struct mem_range *ranges, size_t n, bool writable, struct mem **ret,
	       struct err *e);
/* NULL is allowed. */
void mem_destroy(struct mem *m);

/*
 * Open @path as memory of some VMM: an ELF core (ranges from its PT_LOAD p_paddr), a
 * kdump-compressed core where the library for it was there at build time, or a plain RAM file.
 * Without @n_ranges a plain file is flat from address 0; otherwise @ranges says what lies where
 * (fd is ignored), and the file is taken as plain.
 */
int mem_open(const char *path, const struct mem_range *ranges, size_t n_ranges, bool writable,
	     struct mem **ret, struct err *e);

/* A range as people write it: GPA:LEN@OFFSET; numbers decimal or 0x, LEN may have K, M or G. */
int mem_range_parse(const char *text, struct mem_range *ret, struct err *e);

/*
 * Copy @len bytes at @gpa to @buf, across ranges that touch. EFAULT when a byte is in no range; the
 * text names the address. @buf then holds anything. A copy of 1, 2, 4 or 8 aligned bytes is one
 * load.
 */
int mem_read(const struct mem *m, uint64_t gpa, void *buf, size_t len, struct err *e);

/* As mem_read, the other way; EACCES when not opened for writing. */
int mem_write(struct mem *m, uint64_t gpa, const void *buf, size_t len, struct err *e);

/*
 * Find the @len bytes of @needle at an address that divides by @align (a power of 2), from
 * @from_gpa up; matches do not cross ranges. Holes in the file are passed over and stay holes.
 * Returns 0, or -1 with ENOENT.
 */
int mem_find(const struct mem *m, uint64_t from_gpa, const void *needle, size_t len, size_t align,
	     uint64_t *ret_gpa, struct err *e);

/*
 * A search for one place after the other, set up by the caller. It costs one way through memory
 * however many places there are, which mem_find() from each place on does not: that asks where the
 * next hole is each time, and a kernel that keeps a file in memory goes through all of its pages
 * for the answer.
 */
struct mem_search {
	const void *needle; /* borrowed */
	size_t len, align;
	uint64_t from_gpa; /* where the next step begins: behind the place that was found */
	uint64_t data_end; /* from there to here is no hole; 0 to begin with */
};

/* The next place, as mem_find. */
int mem_search_next(const struct mem *m, struct mem_search *s, uint64_t *ret_gpa, struct err *e);

/*
 * The first stretch of memory at or behind @from_gpa, from there on: *ret_len bytes at *ret_gpa.
 * Ranges that touch may be one or several. False when there is none.
 */
bool mem_next(const struct mem *m, uint64_t from_gpa, uint64_t *ret_gpa, uint64_t *ret_len);

/* As mem_next, without the holes of the file: what lies between is zeros that no page was ever
 * spent for. */
bool mem_next_data(const struct mem *m, uint64_t from_gpa, uint64_t *ret_gpa, uint64_t *ret_len);

/* Bytes in all ranges, and the address behind the last one. */
uint64_t mem_size(const struct mem *m);
uint64_t mem_end(const struct mem *m);

/*
 * The text that a core file carries as its VMCOREINFO note, NUL-terminated; NULL when it has none.
 * Owned by @m.
 */
const char *mem_vmcoreinfo(const struct mem *m);

#endif
