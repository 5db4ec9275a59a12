/* SPDX-License-Identifier: GPL-2.0-only */
/* Guest memory: ranges, reads and writes by address, searches, files that get shorter. */
#include "mem/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "guestmem.h"
#include "test.h"

#define PAGE GUEST_PAGE

static void mem_destroyp(struct mem **m)
{
	mem_destroy(*m);
}
#define _cleanup_mem_ _cleanup_(mem_destroyp)

static struct err e;

static int create(const struct mem_range *r, size_t n, struct mem **ret)
{
	return mem_create(r, n, true, ret, &e);
}

/* ---- ranges ---- */

static void range_errors(void)
{
	_cleanup_close_ int fd = guest_file(4 * PAGE);
	_cleanup_close_ int folder = open("/", O_RDONLY | O_CLOEXEC);
	const struct {
		struct mem_range r[2];
		size_t n;
		const char *want;
	} cases[] = {
		{{{.gpa = 0, .len = 0, .fd = fd}}, 1, "is empty"},
		{{{.gpa = 0, .len = 5 * PAGE, .fd = fd}}, 1, "passes the end of its file"},
		{{{.gpa = 0, .len = PAGE, .offset = 4 * PAGE, .fd = fd}}, 1, "end of its file"},
		{{{.gpa = 0, .len = PAGE, .offset = UINT64_MAX, .fd = fd}}, 1, "end of its file"},
		{{{.gpa = 0, .len = UINT64_MAX, .offset = 1, .fd = fd}}, 1, "end of its file"},
		{{{.gpa = UINT64_MAX, .len = PAGE, .fd = fd}}, 1, "end of the address space"},
		{{{.gpa = -(uint64_t)PAGE, .len = 2 * PAGE, .fd = fd}}, 1, "end of the address"},
		{{{.gpa = 0, .len = PAGE, .fd = folder}}, 1, "not a regular one"},
		{{{.gpa = 0, .len = PAGE, .fd = -1}}, 1, "cannot look at its file"},
		{{{.gpa = PAGE, .len = PAGE, .fd = fd}, {.gpa = 0, .len = PAGE + 1, .fd = fd}},
		 2,
		 "range 0x0:0x1001@0x0: overlaps range 0x1000:0x1000"},
		{{{.gpa = PAGE, .len = PAGE, .fd = fd}, {.gpa = PAGE, .len = 1, .fd = fd}},
		 2,
		 "overlaps range"},
		{{{0}}, 0, "0 ranges"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_mem_ struct mem *m = NULL;

		e.text[0] = 0;
		CHECK(create(cases[i].r, cases[i].n, &m) == -1 && !m);
		if (!strstr(e.text, cases[i].want)) {
			printf("# case %zu: '%s' has no '%s'\n", i, e.text, cases[i].want);
			CHECK(0);
		}
	}
}

/* Three ranges, two of them touching, out of order, at odd places of the file. */
static void reads_across_ranges(void)
{
	_cleanup_close_ int fd = guest_file(8 * PAGE);
	struct mem_range r[] = {
		{.gpa = 0x10000, .len = 0x100, .offset = 3 * PAGE + 8, .fd = fd},
		{.gpa = 0x1000, .len = 0x800, .offset = PAGE - 4, .fd = fd},
		{.gpa = 0x1800, .len = 0x10, .offset = 6 * PAGE + 1, .fd = fd},
	};
	_cleanup_mem_ struct mem *m = NULL;
	char buf[32];

	guest_put(fd, PAGE - 4 + 0x7f8, "abcdefgh", 8);
	guest_put(fd, 6 * PAGE + 1, "ijklmnopqrstuvwx", 16);
	guest_put(fd, 3 * PAGE + 8, "first", 5);
	CHECK(create(r, 3, &m) == 0);
	if (!m)
		return;
	CHECK(mem_size(m) == 0x910 && mem_end(m) == 0x10100);
	CHECK(mem_read(m, 0x17f8, buf, 24, &e) == 0 &&
	      !memcmp(buf, "abcdefghijklmnopqrstuvwx", 24));
	CHECK(mem_read(m, 0x10000, buf, 5, &e) == 0 && !memcmp(buf, "first", 5));
	CHECK(mem_read(m, 0x17ff, buf, 2, &e) == 0 && !memcmp(buf, "hi", 2));
	CHECK(mem_read(m, 0x1809, buf, 8, &e) == -1 && e.code == EFAULT);
	CHECK_STR(e.text, "no memory at physical address 0x1810");
	CHECK(mem_read(m, 0xfff, buf, 2, &e) == -1 && strstr(e.text, "0xfff"));
	CHECK(mem_read(m, 0x10100, buf, 1, &e) == -1 && mem_read(m, UINT64_MAX, buf, 8, &e) == -1);
	CHECK(mem_read(m, UINT64_MAX, buf, 0, &e) == 0);
}

static void reads_of_each_size(void)
{
	_cleanup_close_ int fd = guest_file(PAGE);
	_cleanup_mem_ struct mem *m = NULL;
	uint8_t bytes[64], buf[64];

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + 1);
	guest_put(fd, 0, bytes, sizeof(bytes));
	m = guest_flat(fd, PAGE, false);
	for (size_t at = 0; at < 16; at++) {
		for (size_t len = 0; len <= 24; len++) {
			memset(buf, 0, sizeof(buf));
			CHECK(mem_read(m, at, buf + at % 8, len, &e) == 0);
			CHECK(!memcmp(buf + at % 8, bytes + at, len));
			CHECK(!buf[at % 8 + len]);
		}
	}
}

static void descriptors_stay_the_callers(void)
{
	int fd = guest_file(PAGE);
	_cleanup_mem_ struct mem *m = guest_flat(fd, PAGE, false);
	uint64_t gpa;

	guest_put(fd, 8, "here", 4);
	CHECK(close(fd) == 0);
	CHECK(mem_find(m, 0, "here", 4, 1, &gpa, &e) == 0 && gpa == 8);
	CHECK(!mem_vmcoreinfo(m));
	mem_destroy(NULL);
}

static void many_ranges(void)
{
	_cleanup_close_ int fd = guest_file(MEM_RANGES_MAX * 16);
	static struct mem_range r[MEM_RANGES_MAX + 1];
	_cleanup_mem_ struct mem *m = NULL;
	uint64_t v;

	for (uint64_t i = 0; i <= MEM_RANGES_MAX; i++)
		r[i] = (struct mem_range){.gpa = i * 64, .len = 16, .offset = i * 16, .fd = fd};
	CHECK(mem_create(r, MEM_RANGES_MAX + 1, false, &m, &e) == -1 && strstr(e.text, "4097"));
	for (uint64_t i = 0; i < MEM_RANGES_MAX; i++)
		guest_put_u64(fd, i * 16 + 8, i);
	CHECK(mem_create(r, MEM_RANGES_MAX, false, &m, &e) == 0);
	for (uint64_t i = 0; m && i < MEM_RANGES_MAX; i++) {
		CHECK(mem_read(m, i * 64 + 8, &v, 8, &e) == 0 && v == i);
		CHECK(mem_read(m, i * 64 + 16, &v, 1, &e) == -1);
	}
}

/* ---- writing ---- */

static void writes(void)
{
	_cleanup_close_ int fd = guest_file(4 * PAGE);
	struct mem_range r[] = {
		{.gpa = 0, .len = PAGE, .offset = PAGE, .fd = fd},
		{.gpa = PAGE, .len = PAGE, .offset = 3 * PAGE, .fd = fd},
	};
	_cleanup_mem_ struct mem *m = NULL, *fixed = guest_flat(fd, PAGE, false);
	uint64_t v = 0x1122334455667788;

	CHECK(create(r, 2, &m) == 0);
	CHECK(mem_write(m, PAGE - 4, &v, 8, &e) == 0);
	CHECK(guest_get_u64(fd, 2 * PAGE - 8) >> 32 == (v & 0xffffffff));
	CHECK((guest_get_u64(fd, 3 * PAGE) & 0xffffffff) == v >> 32);
	/* All of it or nothing. */
	CHECK(mem_write(m, 2 * PAGE - 4, &v, 8, &e) == -1 && e.code == EFAULT);
	CHECK(guest_get_u64(fd, 4 * PAGE - 8) == 0);
	CHECK(mem_write(fixed, 0, &v, 8, &e) == -1 && e.code == EACCES);
	CHECK(guest_get_u64(fd, 0) == 0);
}

/* ---- searching ---- */

static void finds(void)
{
	_cleanup_close_ int fd = guest_file(16 * PAGE);
	struct mem_range r[] = {
		{.gpa = 0x100000, .len = 8 * PAGE, .offset = 8 * PAGE, .fd = fd},
		{.gpa = 0x1000, .len = 8 * PAGE - 4, .offset = 4, .fd = fd},
	};
	_cleanup_mem_ struct mem *m = NULL;
	uint64_t gpa = 0;

	/* at 0x1001 - 4 + ..., at the very end of a range, across the file's middle, at a page */
	guest_put(fd, 4 + 1, "needle", 6);
	guest_put(fd, 8 * PAGE - 6, "needle", 6);
	guest_put(fd, 9 * PAGE, "needle", 6);
	guest_put(fd, 12 * PAGE + 2, "needle", 6);
	guest_put(fd, 16 * PAGE - 3, "nee", 3);
	CHECK(create(r, 2, &m) == 0);
	CHECK(mem_find(m, 0, "needle", 6, 1, &gpa, &e) == 0 && gpa == 0x1001);
	CHECK(mem_find(m, 0x1001, "needle", 6, 1, &gpa, &e) == 0 && gpa == 0x1001);
	CHECK(mem_find(m, 0x1002, "needle", 6, 1, &gpa, &e) == 0 &&
	      gpa == 0x1000 + 8 * PAGE - 4 - 6);
	CHECK(mem_find(m, gpa + 1, "needle", 6, 1, &gpa, &e) == 0 && gpa == 0x101000);
	CHECK(mem_find(m, gpa + 1, "needle", 6, 1, &gpa, &e) == 0 && gpa == 0x104002);
	CHECK(mem_find(m, gpa + 1, "needle", 6, 1, &gpa, &e) == -1 && e.code == ENOENT);
	CHECK(mem_find(m, 0, "needle", 6, 4096, &gpa, &e) == 0 && gpa == 0x101000);
	CHECK(mem_find(m, 0x101001, "needle", 6, 4096, &gpa, &e) == -1 && e.code == ENOENT);
	CHECK(mem_find(m, 0, "needle", 6, 2, &gpa, &e) == 0 && gpa == 0x1000 + 8 * PAGE - 10);
	CHECK(mem_find(m, UINT64_MAX, "needle", 6, 4096, &gpa, &e) == -1 && e.code == ENOENT);
	CHECK(mem_find(m, 0, "needle", 6, 1ull << 63, &gpa, &e) == -1 && e.code == ENOENT);
	CHECK(mem_find(m, 0, "needle", 0, 1, &gpa, &e) == -1 && e.code == EINVAL);
	CHECK(mem_find(m, 0, "needle", 6, 3, &gpa, &e) == -1 && e.code == EINVAL);
}

static uint64_t blocks(int fd)
{
	struct stat st;

	guest_must(!fstat(fd, &st), "fstat");
	return (uint64_t)st.st_blocks;
}

/* A hole that is touched is a page: a search would make the guest use all that it may. */
static void holes_stay_holes(void)
{
	_cleanup_close_ int fd = guest_file(256ull << 20);
	_cleanup_mem_ struct mem *m = NULL;
	uint64_t before, gpa;

	guest_put(fd, (160ull << 20) + PAGE, "needle", 6);
	guest_put(fd, 200ull << 20, "x", 1);
	before = blocks(fd);
	m = guest_flat(fd, 256ull << 20, false);
	CHECK(mem_find(m, 0, "needle", 6, 4096, &gpa, &e) == 0 && gpa == (160ull << 20) + PAGE);
	CHECK(mem_find(m, 0, "needle", 6, 1, &gpa, &e) == 0 && gpa == (160ull << 20) + PAGE);
	CHECK(mem_find(m, gpa + 1, "needle", 6, 1, &gpa, &e) == -1 && e.code == ENOENT);
	CHECK(before && blocks(fd) == before);
}

/* ---- files that get shorter ---- */

static void file_cut_short(void)
{
	_cleanup_close_ int fd = guest_file(4 * PAGE);
	_cleanup_mem_ struct mem *m = guest_flat(fd, 4 * PAGE, true);
	uint8_t page[2 * PAGE];
	uint64_t v = 0, gpa;

	memset(page, 'a', sizeof(page));
	guest_put(fd, 0, page, sizeof(page));
	guest_put(fd, 2 * PAGE, page, sizeof(page));
	CHECK(mem_read(m, 3 * PAGE, &v, 8, &e) == 0 && v == 0x6161616161616161);
	guest_must(!ftruncate(fd, PAGE), "ftruncate");
	for (int i = 0; i < 3; i++) { /* more than once: the signal must not stay blocked */
		CHECK(mem_read(m, 3 * PAGE, &v, 8, &e) == -1 && e.code == EIO);
		CHECK(mem_read(m, PAGE - 8, page, PAGE, &e) == -1 && e.code == EIO);
		CHECK(mem_write(m, 2 * PAGE, &v, 8, &e) == -1 && e.code == EIO);
		CHECK(mem_find(m, PAGE, "needle", 6, 1, &gpa, &e) == -1);
		CHECK(mem_read(m, 0, &v, 8, &e) == 0 && v == 0x6161616161616161);
	}
	CHECK(mem_read(m, 3 * PAGE, &v, 8, &e) == -1 && strstr(e.text, "0x3000"));
}

static sigjmp_buf jump;
static volatile sig_atomic_t caught;

static void on_bus(int sig)
{
	caught = sig;
	siglongjmp(jump, 1);
}

/* A page of a file that has none. */
static volatile uint8_t *gone_page(void)
{
	_cleanup_close_ int fd = guest_file(0);
	void *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	guest_must(p != MAP_FAILED, "mmap");
	return p;
}

/* Set before the first mem_create(): the faults of others are for it. */
static void earlier_handler_is_kept(void)
{
	caught = 0;
	if (!sigsetjmp(jump, 1)) {
		(void)*gone_page();
		CHECK(0);
	}
	CHECK(caught == SIGBUS);
	caught = 0;
	if (!sigsetjmp(jump, 1)) {
		raise(SIGBUS);
		CHECK(0);
	}
	CHECK(caught == SIGBUS);
}

static int status_of(void (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	guest_must(pid >= 0, "fork");
	if (!pid) {
		fn();
		_exit(0);
	}
	guest_must(waitpid(pid, &status, 0) == pid, "waitpid");
	return status;
}

static void map_and_touch(void)
{
	_cleanup_close_ int fd = guest_file(PAGE);

	guest_flat(fd, PAGE, false);
	(void)*gone_page();
}

static void map_and_raise(void)
{
	_cleanup_close_ int fd = guest_file(PAGE);

	guest_flat(fd, PAGE, false);
	raise(SIGBUS);
}

/* To be run before anything here sets a handler: without an earlier one SIGBUS kills as ever. */
static void no_handler_is_kept(void)
{
	int touch, sent;

	signal(SIGBUS, SIG_DFL); /* a sanitizer may have set one */
	touch = status_of(map_and_touch);
	sent = status_of(map_and_raise);
	CHECK(WIFSIGNALED(touch) && WTERMSIG(touch) == SIGBUS);
	CHECK(WIFSIGNALED(sent) && WTERMSIG(sent) == SIGBUS);
}

/* ---- as people write it ---- */

static void range_texts(void)
{
	struct mem_range r;
	static const struct {
		const char *text, *want;
	} bad[] = {
		{"", "is not GPA:LEN@OFFSET"},
		{"0:4096", "is not GPA:LEN@OFFSET"},
		{"0@0:4096", "is not GPA:LEN@OFFSET"},
		{":4096@0", "'' is not a number"},
		{"0:@0", "'' is not a number"},
		{"0:4096@", "'' is not a number"},
		{"0:4096@0x", "'0x' is not a number"},
		{"0:0@0", "is empty"},
		{"0:-1@0", "'-1' is not a number"},
		{"1M:4096@0", "'1M' is not a number"},
		{"0:4T@0", "'4T' is not a number"},
		{"0:4096@0 ", "'0 ' is not a number"},
		{"0:17179869184G@0", "is not between"},
		{"0xffffffffffffffff:2@0", "passes the end of the address space"},
		{"0:1111111111111111111111111111111111111@0", "is not a number"},
	};

	CHECK(mem_range_parse("0x100000000:3G@0x80000000", &r, &e) == 0);
	CHECK(r.gpa == 1ull << 32 && r.len == 3ull << 30 && r.offset == 1ull << 31);
	CHECK(mem_range_parse("4096:0x10K@17", &r, &e) == 0);
	CHECK(r.gpa == 4096 && r.len == 16384 && r.offset == 17);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK(mem_range_parse(bad[i].text, &r, &e) == -1);
		if (!strstr(e.text, bad[i].want)) {
			printf("# '%s' has no '%s'\n", e.text, bad[i].want);
			CHECK(0);
		}
	}
}

static void files(void)
{
	_cleanup_close_ int fd = guest_file(3 * PAGE), empty = guest_file(0);
	struct mem_range r = {.gpa = 1ull << 32, .len = PAGE, .offset = PAGE, .fd = -1};
	_cleanup_mem_ struct mem *flat = NULL, *ranged = NULL, *none = NULL;
	char path[64];
	uint64_t v;

	guest_put_u64(fd, PAGE, 77);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(mem_open(path, NULL, 0, false, &flat, &e) == 0 && mem_size(flat) == 3 * PAGE);
	CHECK(mem_read(flat, PAGE, &v, 8, &e) == 0 && v == 77);
	CHECK(mem_open(path, &r, 1, true, &ranged, &e) == 0 && mem_size(ranged) == PAGE);
	CHECK(mem_read(ranged, 1ull << 32, &v, 8, &e) == 0 && v == 77);
	/* With ranges a file is plain, whatever it begins with. */
	guest_put(fd, 0, "\177ELF", 4);
	mem_destroy(ranged);
	CHECK(mem_open(path, &r, 1, false, &ranged, &e) == 0);
	r.len = 5 * PAGE;
	CHECK(mem_open(path, &r, 1, false, &none, &e) == -1 && !none);
	CHECK(strstr(e.text, path) && strstr(e.text, "passes the end of its file"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", empty);
	CHECK(mem_open(path, NULL, 0, false, &none, &e) == -1 && strstr(e.text, "is empty"));
	CHECK(mem_open("/", NULL, 0, false, &none, &e) == -1);
	CHECK(mem_open("/dev/null", NULL, 0, false, &none, &e) == -1 &&
	      strstr(e.text, "'/dev/null': not a regular file"));
	CHECK(mem_open("/nowhere/at/all", NULL, 0, false, &none, &e) == -1 && e.code == ENOENT);
	CHECK(!none);
}

int main(void)
{
	RUN(no_handler_is_kept);
	signal(SIGBUS, on_bus);
	RUN(range_errors);
	RUN(reads_across_ranges);
	RUN(earlier_handler_is_kept);
	RUN(reads_of_each_size);
	RUN(descriptors_stay_the_callers);
	RUN(many_ranges);
	RUN(writes);
	RUN(finds);
	RUN(holes_stay_holes);
	RUN(file_cut_short);
	RUN(range_texts);
	RUN(files);
	return TEST_END();
}
