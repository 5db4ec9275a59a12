/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of a guest made by a test: a file in memory, written by address, and page tables in it.
 * Addresses are guest-physical and, for a flat guest, offsets of the file.
 */
#ifndef KTSTR_TESTS_UNIT_GUESTMEM_H
#define KTSTR_TESTS_UNIT_GUESTMEM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem/mem.h"

#define GUEST_PAGE 4096u
#define GUEST_PRESENT 1ull
#define GUEST_WRITABLE 2ull
#define GUEST_LARGE (1ull << 7)

static inline void guest_must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

/* A file of @size bytes, all of it a hole. */
static inline int guest_file(uint64_t size)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);

	guest_must(fd >= 0 && !ftruncate(fd, (off_t)size), "memfd");
	return fd;
}

static inline void guest_put(int fd, uint64_t at, const void *data, size_t len)
{
	guest_must(pwrite(fd, data, len, (off_t)at) == (ssize_t)len, "pwrite");
}

static inline void guest_put_u64(int fd, uint64_t at, uint64_t v)
{
	guest_put(fd, at, &v, sizeof(v));
}

static inline uint64_t guest_get_u64(int fd, uint64_t at)
{
	uint64_t v = 0;

	guest_must(pread(fd, &v, sizeof(v), (off_t)at) == sizeof(v), "pread");
	return v;
}

/* All of @fd as memory from address 0. */
static inline struct mem *guest_flat(int fd, uint64_t size, bool writable)
{
	struct mem_range r = {.len = size, .fd = fd};
	struct mem *m;
	struct err e;

	if (mem_create(&r, 1, writable, &m, &e)) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	return m;
}

/* Page tables under @root; a table that is needed is the page at *next, which then goes on. */
struct guest_tables {
	int fd;
	uint64_t root, next;
	unsigned int levels;
};

/* The address of the entry of @level for @va. */
static inline uint64_t guest_entry(struct guest_tables *t, uint64_t va, unsigned int level)
{
	uint64_t table = t->root;

	for (unsigned int at = t->levels;; at--) {
		uint64_t entry = table + (va >> (12 + 9 * (at - 1)) & 511) * 8, to;

		if (at == level)
			return entry;
		to = guest_get_u64(t->fd, entry);
		if (!(to & GUEST_PRESENT)) {
			to = t->next | GUEST_PRESENT | GUEST_WRITABLE;
			t->next += GUEST_PAGE;
			guest_put_u64(t->fd, entry, to);
		}
		table = to & 0x000ffffffffff000ull;
	}
}

/* Map the page of @level (1: 4 KiB, 2: 2 MiB, 3: 1 GiB) at @va to @pa. */
static inline void guest_map(struct guest_tables *t, uint64_t va, uint64_t pa, unsigned int level)
{
	guest_put_u64(t->fd, guest_entry(t, va, level),
		      pa | GUEST_PRESENT | GUEST_WRITABLE | (level > 1 ? GUEST_LARGE : 0));
}

#endif
