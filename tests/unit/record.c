/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of memory: what was read stays as it was, whatever the guest does afterwards. */
#include "mem/record.h"

#include <errno.h>

#include "base/cleanup.h"
#include "guestmem.h"
#include "test.h"

#define PAGE GUEST_PAGE
#define ROOM (64u << 20)

static void mem_destroyp(struct mem **m)
{
	mem_destroy(*m);
}
#define _cleanup_mem_ _cleanup_(mem_destroyp)

static struct err e;

/* A guest of @pages, each word of which holds its address. */
static struct mem *counted_guest(int fd, uint64_t pages)
{
	for (uint64_t at = 0; at < pages * PAGE; at += 8)
		guest_put_u64(fd, at, at);
	return guest_flat(fd, pages * PAGE, true);
}

static uint64_t read_u64(const struct mem *m, uint64_t gpa)
{
	uint64_t v = 0;

	if (mem_read(m, gpa, &v, sizeof(v), &e))
		return UINT64_MAX;
	return v;
}

/* The code that a read of @len bytes fails with; 0 when it does not. */
static int read_code(const struct mem *m, uint64_t gpa, size_t len)
{
	uint8_t buf[4 * PAGE];

	return mem_read(m, gpa, buf, len, &e) ? e.code : 0;
}

static void same_bytes_for_ever(void)
{
	_cleanup_close_ int fd = guest_file(16 * PAGE);
	_cleanup_mem_ struct mem *live = counted_guest(fd, 16), *rec = NULL;
	uint64_t two[2];

	CHECK(!mem_record(live, ROOM, &rec, &e));
	CHECK(mem_record_bytes(rec) == 0);
	CHECK(read_u64(rec, 3 * PAGE + 8) == 3 * PAGE + 8);
	CHECK(mem_record_bytes(rec) == PAGE);
	/* The guest goes on: in the page that was read, also beside what was read of it. */
	guest_put_u64(fd, 3 * PAGE + 8, 1);
	guest_put_u64(fd, 3 * PAGE + 16, 2);
	guest_put_u64(fd, 4 * PAGE, 3);
	CHECK(read_u64(rec, 3 * PAGE + 8) == 3 * PAGE + 8);
	CHECK(read_u64(rec, 3 * PAGE + 16) == 3 * PAGE + 16);
	CHECK(read_u64(rec, 4 * PAGE) == 3);
	mem_record_seal(rec);
	guest_put_u64(fd, 4 * PAGE, 4);
	mem_destroy(live);
	live = NULL;
	CHECK(read_u64(rec, 4 * PAGE) == 3);
	/* Across the pages that are there, and out of them. */
	CHECK(!mem_read(rec, 4 * PAGE - 8, two, sizeof(two), &e) && two[0] == 4 * PAGE - 8 &&
	      two[1] == 3);
	CHECK(read_code(rec, 5 * PAGE - 8, 16) == ENODATA);
	CHECK_STR(e.text, "memory at physical address 0x5000 was not recorded");
	CHECK(mem_record_bytes(rec) == 2 * PAGE);
}

static void answers_as_live(void)
{
	_cleanup_close_ int fd = guest_file(16 * PAGE);
	struct mem_range r[] = {
		{.gpa = 0x10000, .len = 4 * PAGE, .offset = 0, .fd = fd},
		{.gpa = 0x14000, .len = PAGE, .offset = 4 * PAGE, .fd = fd},
		{.gpa = 0x100000000, .len = PAGE, .offset = 8 * PAGE, .fd = fd},
	};
	_cleanup_mem_ struct mem *live = NULL, *rec = NULL;
	uint64_t gpa, len;

	CHECK(!mem_create(r, 3, true, &live, &e) && !mem_record(live, ROOM, &rec, &e));
	CHECK(mem_size(rec) == mem_size(live) && mem_end(rec) == mem_end(live));
	CHECK(!mem_vmcoreinfo(rec));
	CHECK(mem_next(rec, 0, &gpa, &len) && gpa == 0x10000 && len == 5 * PAGE);
	CHECK(mem_next(rec, 0x14008, &gpa, &len) && gpa == 0x14008 && len == PAGE - 8);
	CHECK(mem_next(rec, 0x15000, &gpa, &len) && gpa == 0x100000000 && len == PAGE);
	CHECK(!mem_next(rec, 0x100001000, &gpa, &len));
	CHECK(mem_write(rec, 0x10000, "x", 1, &e) == -1 && e.code == EACCES);
	guest_put(fd, 0, "needle", 6);
	CHECK(mem_find(rec, 0, "needle", 6, 1, &gpa, &e) == -1 && e.code == ENOENT);
	CHECK(mem_record_bytes(rec) == 0);
}

/* Ranges whose ends are in the middle of pages, two of them in one. */
static void parts_of_pages(void)
{
	_cleanup_close_ int fd = guest_file(16 * PAGE);
	struct mem_range r[] = {
		{.gpa = 0x1100, .len = 0x200, .offset = 0x100, .fd = fd},
		{.gpa = 0x1400, .len = 0x1000, .offset = 0x1400, .fd = fd},
	};
	_cleanup_mem_ struct mem *live = NULL, *rec = NULL;
	const struct {
		uint64_t gpa;
		size_t len;
		int code;
	} cases[] = {
		{0x1100, 8, 0},
		{0x12f8, 8, 0},
		{0x1400, 0xc00, 0},
		{0x2000, 0x400, 0},
		{0x10ff, 1, EFAULT},
		{0x10f8, 16, EFAULT},
		{0x1300, 1, EFAULT},
		{0x12f8, 9, EFAULT},
		{0x2400, 1, EFAULT},
		{0x23ff, 2, EFAULT},
		{0x5000, 8, EFAULT},
		{0, 8, EFAULT},
		{UINT64_MAX - 7, 8, EFAULT},
	};
	char text[ERR_TEXT_MAX];

	CHECK(!mem_create(r, 2, true, &live, &e) && !mem_record(live, ROOM, &rec, &e));
	guest_put_u64(fd, 0x100, 7);
	guest_put_u64(fd, 0x1400, 8);
	for (int sealed = 0; sealed < 2; sealed++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			if (read_code(rec, cases[i].gpa, cases[i].len) != cases[i].code) {
				printf("# case %zu, sealed %d: %d\n", i, sealed, e.code);
				CHECK(0);
			}
			if (!cases[i].code || sealed)
				continue;
			snprintf(text, sizeof(text), "%s", e.text);
			CHECK(read_code(live, cases[i].gpa, cases[i].len) == cases[i].code);
			CHECK_STR(text, e.text);
		}
		CHECK(read_u64(rec, 0x1100) == 7 && read_u64(rec, 0x1400) == 8);
		mem_record_seal(rec);
	}
	CHECK(mem_record_bytes(rec) == 2 * PAGE);
}

static void full(void)
{
	_cleanup_close_ int fd = guest_file(16 * PAGE);
	_cleanup_mem_ struct mem *live = counted_guest(fd, 16), *rec = NULL, *none = NULL;

	CHECK(mem_record(live, PAGE - 1, &none, &e) == -1 && e.code == EINVAL && !none);
	CHECK(!mem_record(live, 3 * PAGE - 1, &rec, &e));
	CHECK(read_u64(rec, 8) == 8 && read_u64(rec, 9 * PAGE) == 9 * PAGE);
	CHECK(read_code(rec, 5 * PAGE, 8) == ENOBUFS);
	CHECK(strstr(e.text, "0x5000") != NULL);
	CHECK(read_code(rec, 20 * PAGE, 8) == EFAULT);
	CHECK(read_u64(rec, 8) == 8 && read_u64(rec, 9 * PAGE + 16) == 9 * PAGE + 16);
}

/* A file that got shorter: an error, not a record of it. */
static void gone(void)
{
	_cleanup_close_ int fd = guest_file(16 * PAGE);
	_cleanup_mem_ struct mem *live = counted_guest(fd, 16), *rec = NULL;

	CHECK(!mem_record(live, ROOM, &rec, &e));
	CHECK(read_u64(rec, 12 * PAGE) == 12 * PAGE);
	guest_must(!ftruncate(fd, 8 * PAGE), "ftruncate");
	CHECK(read_code(rec, 13 * PAGE, 8) == EIO);
	CHECK(read_u64(rec, 12 * PAGE + 8) == 12 * PAGE + 8);
	CHECK(mem_record_bytes(rec) == PAGE);
	mem_record_seal(rec);
	CHECK(read_code(rec, 13 * PAGE, 8) == ENODATA);
}

/* All pages of a guest, in an order that goes to and fro. */
static void many(void)
{
	enum { PAGES = 4096 };
	_cleanup_close_ int fd = guest_file(PAGES * PAGE);
	_cleanup_mem_ struct mem *live = guest_flat(fd, PAGES * PAGE, true), *rec = NULL;
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < PAGES; i++)
		guest_put_u64(fd, i * PAGE + 40, i + 1);
	CHECK(!mem_record(live, ROOM, &rec, &e));
	for (int turn = 0; turn < 2; turn++) {
		for (uint64_t i = 0; i < PAGES; i++) {
			uint64_t page = i * 2654435761u % PAGES;

			wrong += read_u64(rec, page * PAGE + 40) != page + 1;
		}
		mem_record_seal(rec);
		guest_must(!ftruncate(fd, 0), "ftruncate");
	}
	CHECK(!wrong && mem_record_bytes(rec) == PAGES * PAGE);
}

int main(void)
{
	RUN(same_bytes_for_ever);
	RUN(answers_as_live);
	RUN(parts_of_pages);
	RUN(full);
	RUN(gone);
	RUN(many);
	return TEST_END();
}
