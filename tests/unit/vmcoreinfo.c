/* SPDX-License-Identifier: GPL-2.0-only */
/* VMCOREINFO: what is one, where it is found, and values of every kind. */
#include "kernel/vmcoreinfo.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guestmem.h"
#include "test.h"

#define PAGE GUEST_PAGE
#define TEXT                                                                                  \
	"OSRELEASE=7.3.4+deb13-cloud-amd64\nBUILD-ID=1fe9\nPAGESIZE=4096\n"                   \
	"SYMBOL(init_uts_ns)=ffffffff8eb029c0\nOFFSET(uts_namespace.name)=0\n"                \
	"SYMBOL(swapper_pg_dir)=ffffffff8e82a000\nNUMBER(VMALLOC_START)=0xff3c812a40000000\n" \
	"LENGTH(mem_section)=131072\nSIZE(mem_section)=16\nNUMBER(phys_base)=-73400320\n"     \
	"NUMBER(pgtable_l5_enabled)=1\nKERNELOFFSET=b800000\n"

static struct err e;
static struct vmcoreinfo v;

static int parse(const char *text)
{
	return vmcoreinfo_parse(text, strlen(text), &v, &e);
}

/* ---- values ---- */

static void values(void)
{
	uint64_t n = 0;

	CHECK(parse(TEXT) == 0);
	CHECK_STR(v.release, "7.3.4+deb13-cloud-amd64");
	CHECK(v.gpa == UINT64_MAX);
	CHECK(!vmcoreinfo_symbol(&v, "swapper_pg_dir", &n, &e) && n == 0xffffffff8e82a000);
	CHECK(!vmcoreinfo_number(&v, "VMALLOC_START", &n, &e) && n == 0xff3c812a40000000);
	CHECK(!vmcoreinfo_number(&v, "phys_base", &n, &e) && n == (uint64_t)-73400320);
	CHECK(!vmcoreinfo_offset(&v, "uts_namespace.name", &n, &e) && n == 0);
	CHECK(!vmcoreinfo_size(&v, "mem_section", &n, &e) && n == 16);
	CHECK(!vmcoreinfo_length(&v, "mem_section", &n, &e) && n == 131072);
	CHECK(!vmcoreinfo_hex(&v, "KERNELOFFSET", &n, &e) && n == 0xb800000);
}

static void missing_keys(void)
{
	uint64_t n = 17;

	CHECK(parse(TEXT) == 0);
	CHECK(vmcoreinfo_symbol(&v, "phys_base", &n, &e) == -1 && e.code == ENOENT);
	CHECK_STR(e.text, "VMCOREINFO has no 'SYMBOL(phys_base)'");
	CHECK(vmcoreinfo_symbol(&v, "swapper_pg_di", &n, &e) == -1 && e.code == ENOENT);
	CHECK(vmcoreinfo_symbol(&v, "", &n, &e) == -1 && e.code == ENOENT);
	CHECK(vmcoreinfo_hex(&v, "KERNELOFFSE", &n, &e) == -1 && e.code == ENOENT);
	CHECK(vmcoreinfo_hex(&v, "OFFSET", &n, &e) == -1 && e.code == ENOENT);
	CHECK(vmcoreinfo_hex(&v, "4096", &n, &e) == -1 && e.code == ENOENT);
	CHECK(n == 17);
}

static void check_number(const char *value, int ok, uint64_t want)
{
	char text[512];
	uint64_t n = 17;
	int r;

	snprintf(text, sizeof(text), "OSRELEASE=6.12\nSYMBOL(x)=1\nNUMBER(n)=%s\n", value);
	CHECK(parse(text) == 0);
	r = vmcoreinfo_number(&v, "n", &n, &e);
	if ((r == 0) != ok || n != (ok ? want : 17) || (!ok && e.code != EPROTO)) {
		printf("# '%s' gave %d, %#llx\n", value, r, (unsigned long long)n);
		CHECK(0);
	}
	if (!ok)
		CHECK(strstr(e.text, "'NUMBER(n)'"));
}

static void absurd_numbers(void)
{
	check_number("18446744073709551615", 1, UINT64_MAX);
	check_number("18446744073709551616", 0, 0);
	check_number("-9223372036854775808", 1, 1ull << 63);
	check_number("-9223372036854775809", 0, 0);
	check_number("0xffffffffffffffff", 1, UINT64_MAX);
	check_number("0x10000000000000000", 0, 0);
	check_number("-0x10", 1, (uint64_t)-16);
	check_number("", 0, 0);
	check_number("-", 0, 0);
	check_number("--1", 0, 0);
	check_number("0x", 0, 0);
	check_number("0x-1", 0, 0);
	check_number("+1", 0, 0);
	check_number(" 1", 0, 0);
	check_number("1 ", 0, 0);
	check_number("ff", 0, 0);
	check_number("1=1", 0, 0);
	check_number("000000000000000000000000000000000000000000000000000001", 0, 0);
}

static void absurd_symbols(void)
{
	uint64_t n = 17;

	CHECK(parse("OSRELEASE=6\nSYMBOL(a)=-1\nSYMBOL(b)=0x\nSYMBOL(c)=\nSYMBOL(d)=0xff\n"
		    "SYMBOL(e)=0x0xff\nSYMBOL(f)=1ffffffffffffffff\nSIZE(g)=-1\n") == 0);
	CHECK(vmcoreinfo_symbol(&v, "a", &n, &e) == -1 && e.code == EPROTO);
	CHECK(vmcoreinfo_symbol(&v, "b", &n, &e) == -1 && e.code == EPROTO);
	CHECK(vmcoreinfo_symbol(&v, "c", &n, &e) == -1 && e.code == EPROTO);
	CHECK(vmcoreinfo_symbol(&v, "d", &n, &e) == 0 && n == 0xff);
	CHECK(vmcoreinfo_symbol(&v, "e", &n, &e) == -1 && e.code == EPROTO);
	CHECK(vmcoreinfo_symbol(&v, "f", &n, &e) == -1 && e.code == EPROTO);
	CHECK(vmcoreinfo_size(&v, "g", &n, &e) == -1 && e.code == EPROTO);
}

/* ---- is it one? ---- */

static void not_one(void)
{
	static const char *const bad[] = {
		"",
		"OSRELEASE=",
		"OSRELEASE=\nSYMBOL(a)=1\n",
		"OSRELEASE=%s\nSYMBOL(a)=1\n",
		"OSRELEASE=6.12 and more\nSYMBOL(a)=1\n",
		"OSRELEASE=6.12\n",
		"OSRELEASE=6.12",
		"OSRELEASE=6.12\nPAGESIZE=4096\n",
		"OSRELEASE=6.12\nSYMBOL(a)=1\nwhat is this\n",
		"OSRELEASE=6.12\n\nSYMBOL(a)=1\n",
		"OSRELEASE=6.12\n=1\nSYMBOL(a)=1\n",
		"OSRELEASE=6.12\nSYMBOL(a)=1\nBUILD-ID=\x1b[2J\n",
		"OSRELEASE=6.12\rSYMBOL(a)=1\n",
		"OSRELEASE=6.12\xff\nSYMBOL(a)=1\n",
		"\nOSRELEASE=6.12\nSYMBOL(a)=1\n",
		"OSRELEASE=0123456789012345678901234567890123456789012345678901234567890123x\n"
		"SYMBOL(a)=1\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (!parse(bad[i]) || e.code != EPROTO) {
			printf("# case %zu was taken\n", i);
			CHECK(0);
		}
	}
	CHECK(parse("OSRELEASE=0123456789012345678901234567890123456789012345678901234567890123\n"
		    "SYMBOL(a)=1\n") == 0);
}

/* The kernel's own buffer when it is full, or a line that is being written: not the whole value. */
static void last_line_without_end(void)
{
	uint64_t n;

	CHECK(parse("OSRELEASE=6.12\nSYMBOL(a)=1\nNUMBER(phys_base)=123") == 0);
	CHECK(vmcoreinfo_number(&v, "phys_base", &n, &e) == -1 && e.code == ENOENT);
	CHECK(parse("OSRELEASE=6.12\nSYMBOL(a)=1") == -1);
}

static void long_texts(void)
{
	static char text[VMCOREINFO_MAX + 1];
	size_t len = strlen("OSRELEASE=6.12\nSYMBOL(a)=1\n");

	memcpy(text, "OSRELEASE=6.12\nSYMBOL(a)=1\n", len);
	for (size_t i = len; i < sizeof(text); i += 4)
		memcpy(text + i, "b=1\n", sizeof(text) - i < 4 ? sizeof(text) - i : 4);
	CHECK(vmcoreinfo_parse(text, VMCOREINFO_MAX, &v, &e) == 0);
	CHECK(strlen(v.text) <= VMCOREINFO_MAX && v.text[strlen(v.text) - 1] == '\n');
	CHECK(vmcoreinfo_parse(text, VMCOREINFO_MAX + 1, &v, &e) == -1 && e.code == EFBIG);
	/* What follows a NUL is none of it. */
	text[len] = 0;
	text[len + 1] = 1;
	CHECK(vmcoreinfo_parse(text, VMCOREINFO_MAX, &v, &e) == 0 && strlen(v.text) == len);
}

/* ---- where is it? ---- */

static void mem_destroyp(struct mem **m)
{
	mem_destroy(*m);
}

static void put_text(int fd, uint64_t at, const char *text)
{
	guest_put(fd, at, text, strlen(text));
}

/* The first one in @m. */
static int find(const struct mem *m)
{
	struct vmcoreinfo_search s;

	vmcoreinfo_search_init(&s, m);
	return vmcoreinfo_next(&s, &v, &e);
}

static void found(void)
{
	_cleanup_close_ int fd = guest_file(64 * PAGE);
	_cleanup_(mem_destroyp) struct mem *m = guest_flat(fd, 64 * PAGE, false);
	struct vmcoreinfo_search s;

	CHECK(find(m) == -1 && e.code == ENOENT);
	put_text(fd, PAGE + 5, "VMCOREINFO");
	guest_put(fd, PAGE + 16, "OSRELEASE=%s\n\0BUILD-ID=", 24);
	put_text(fd, 2 * PAGE, "OSRELEASE=6.12\n"); /* that has only begun */
	CHECK(find(m) == -1 && e.code == ENOENT);
	CHECK_STR(e.text, "no VMCOREINFO in memory");
	/* No page of its own, but the only one. */
	put_text(fd, 3 * PAGE + 24, TEXT);
	CHECK(find(m) == 0 && v.gpa == 3 * PAGE + 24);
	/* Those in pages of their own come first. */
	put_text(fd, 40 * PAGE, TEXT);
	put_text(fd, 63 * PAGE, "OSRELEASE=6.18\nSYMBOL(a)=1\n");
	vmcoreinfo_search_init(&s, m);
	CHECK(vmcoreinfo_next(&s, &v, &e) == 0 && v.gpa == 40 * PAGE);
	CHECK(vmcoreinfo_next(&s, &v, &e) == 0 && v.gpa == 63 * PAGE);
	CHECK_STR(v.release, "6.18");
	CHECK(vmcoreinfo_next(&s, &v, &e) == 0 && v.gpa == 3 * PAGE + 24);
	CHECK(vmcoreinfo_next(&s, &v, &e) == -1 && e.code == ENOENT);
	CHECK(vmcoreinfo_next(&s, &v, &e) == -1 && e.code == ENOENT);
	CHECK_STR(e.text, "no VMCOREINFO in memory");
}

static void found_at_the_end_of_memory(void)
{
	_cleanup_close_ int fd = guest_file(4 * PAGE);
	_cleanup_(mem_destroyp) struct mem *m = guest_flat(fd, 4 * PAGE, false);
	const char *text = "OSRELEASE=6.12\nSYMBOL(a)=1\n";

	put_text(fd, 4 * PAGE - strlen(text), text);
	CHECK(find(m) == 0 && v.gpa == 4 * PAGE - strlen(text));
}

/* A guest that fills its memory with beginnings cannot hold the search. */
static void beginnings_without_end(void)
{
	const size_t size = 1024 * PAGE;
	_cleanup_close_ int fd = guest_file(size);
	_cleanup_(mem_destroyp) struct mem *m = guest_flat(fd, size, false);
	_cleanup_free_ char *fill = malloc(size);

	for (size_t i = 0; i + 10 <= size; i += 10)
		memcpy(fill + i, "OSRELEASE=", 10);
	guest_put(fd, 0, fill, size);
	CHECK(find(m) == -1 && e.code == ENOENT);
	CHECK_STR(e.text, "no VMCOREINFO in memory, but many places that begin as one");
}

/* Nor can one with a lot of memory, where the way to the next hole is long: this took minutes. */
static void beginnings_in_much_memory(void)
{
	const size_t pages = 32768;
	_cleanup_close_ int fd = guest_file(pages * PAGE);
	_cleanup_(mem_destroyp) struct mem *m = guest_flat(fd, pages * PAGE, false);

	for (size_t i = 0; i < pages; i++)
		put_text(fd, i * PAGE, "OSRELEASE=\1");
	alarm(60);
	CHECK(find(m) == -1 && e.code == ENOENT);
	alarm(0);
}

int main(void)
{
	RUN(values);
	RUN(missing_keys);
	RUN(absurd_numbers);
	RUN(absurd_symbols);
	RUN(not_one);
	RUN(last_line_without_end);
	RUN(long_texts);
	RUN(found);
	RUN(found_at_the_end_of_memory);
	RUN(beginnings_without_end);
	RUN(beginnings_in_much_memory);
	return TEST_END();
}
