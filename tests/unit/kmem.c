/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel addresses: image, direct map and page tables of a small guest, and texts that do not fit.
 */
#include "kernel/kmem.h"

#include <errno.h>

#include "base/cleanup.h"
#include "guestmem.h"
#include "test.h"

#define PAGE GUEST_PAGE
#define RAM_LEN (8ull << 20)
#define IMAGE 0xffffffff80000000ull
#define PHYS_BASE (2ull << 20) /* where the image's mapping begins */
#define ROOT_VA (IMAGE + 0x100000)
#define ROOT_PA (ROOT_VA - IMAGE + PHYS_BASE)
#define DIRECT 0xffff888000000000ull
#define VMALLOC 0xffffc90000000000ull

static struct err e;

struct guest {
	struct guest_tables tables;
	struct mem *mem;
	struct vmcoreinfo v;
	struct kmem k;
};

/* Take a text with @phys_base and the lines @more. */
static int init_with(struct guest *g, const char *phys_base, const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "OSRELEASE=7.0\n%sSYMBOL(swapper_pg_dir)=%llx\nSYMBOL(_stext)=%llx\n"
		 "NUMBER(phys_base)=%s\n",
		 more, ROOT_VA, IMAGE + 0x200000, phys_base);
	CHECK(vmcoreinfo_parse(text, strlen(text), &g->v, &e) == 0);
	return kmem_init(&g->k, g->mem, &g->v, &e);
}

static void guest_make(struct guest *g, unsigned int levels)
{
	*g = (struct guest){.tables = {.fd = guest_file(RAM_LEN),
				       .root = ROOT_PA,
				       .next = ROOT_PA + PAGE,
				       .levels = levels}};
	g->mem = guest_flat(g->tables.fd, RAM_LEN, true);
	guest_map(&g->tables, IMAGE, PHYS_BASE, 2);
	guest_map(&g->tables, IMAGE + 0x200000, PHYS_BASE + 0x200000, 2);
	/* Two pages in a row that are apart in memory, the second one below the first. */
	guest_map(&g->tables, VMALLOC, 0x7000, 1);
	guest_map(&g->tables, VMALLOC + PAGE, 0x5000, 1);
	CHECK(init_with(g, "2097152",
			levels == 5 ? "NUMBER(pgtable_l5_enabled)=1\n"
				    : "NUMBER(pgtable_l5_enabled)=0\n") == 0);
}

static void guest_unmake(struct guest *g)
{
	mem_destroy(g->mem);
	close(g->tables.fd);
}
#define _cleanup_guest_ _cleanup_(guest_unmake)

static void check_at(struct guest *g, uint64_t kva, uint64_t want)
{
	uint64_t gpa = 0, left = 0;

	CHECK(kmem_translate(&g->k, kva, &gpa, &left, &e) == 0);
	if (gpa != want || !left) {
		printf("# 0x%llx is at 0x%llx\n", (unsigned long long)kva, (unsigned long long)gpa);
		CHECK(0);
	}
}

static void translations(void)
{
	for (unsigned int levels = 4; levels <= 5; levels++) {
		_cleanup_guest_ struct guest g;
		uint64_t gpa, left;

		guest_make(&g, levels);
		CHECK(g.k.pgtable.levels == levels && g.k.pgtable.root_gpa == ROOT_PA);
		check_at(&g, IMAGE, PHYS_BASE);
		check_at(&g, IMAGE + 0x1234567, PHYS_BASE + 0x1234567);
		check_at(&g, VMALLOC + 0x123, 0x7123);
		check_at(&g, VMALLOC + PAGE, 0x5000);
		CHECK(kmem_translate(&g.k, DIRECT + 0x5000, &gpa, &left, &e) == -1);
		g.k.page_offset = DIRECT;
		check_at(&g, DIRECT + 0x5000, 0x5000);
		check_at(&g, DIRECT + RAM_LEN - 1, RAM_LEN - 1);
		CHECK(kmem_translate(&g.k, DIRECT + RAM_LEN, &gpa, &left, &e) == -1);
		CHECK(kmem_translate(&g.k, DIRECT - 1, &gpa, &left, &e) == -1);
		/* Behind the image's mapping are the modules, which only the tables place. */
		CHECK(kmem_translate(&g.k, IMAGE + (512u << 20), &gpa, &left, &e) == -1);
		guest_map(&g.tables, IMAGE + (512u << 20), 0x3000, 1);
		check_at(&g, IMAGE + (512u << 20) + 1, 0x3001);
	}
}

static void image_size(void)
{
	_cleanup_guest_ struct guest g;

	guest_make(&g, 4);
	CHECK(g.k.image_end == IMAGE + (512u << 20));
	CHECK(init_with(&g, "2097152", "NUMBER(KERNEL_IMAGE_SIZE)=1073741824\n") == 0);
	CHECK(g.k.image_end == IMAGE + (1u << 30));
	CHECK(init_with(&g, "2097152", "NUMBER(KERNEL_IMAGE_SIZE)=1073745920\n") == -1);
	CHECK(init_with(&g, "2097152", "NUMBER(KERNEL_IMAGE_SIZE)=0\n") == -1);
}

static void reads_and_writes(void)
{
	_cleanup_guest_ struct guest g;
	uint8_t u8 = 0;
	uint16_t u16 = 0;
	uint32_t u32 = 0;
	uint64_t u64 = 0;

	guest_make(&g, 4);
	guest_put(g.tables.fd, 0x7ffc, "\x11\x22\x33\x44", 4);
	guest_put(g.tables.fd, 0x5000, "\x55\x66\x77\x88", 4);
	CHECK(!kmem_u64(&g.k, VMALLOC + PAGE - 4, &u64, &e) && u64 == 0x8877665544332211);
	CHECK(!kmem_u32(&g.k, VMALLOC + PAGE, &u32, &e) && u32 == 0x88776655);
	CHECK(!kmem_u16(&g.k, VMALLOC + PAGE - 1, &u16, &e) && u16 == 0x5544);
	CHECK(!kmem_u8(&g.k, VMALLOC + PAGE - 1, &u8, &e) && u8 == 0x44);
	u64 = 0x0102030405060708;
	CHECK(!kmem_write(&g.k, VMALLOC + PAGE - 4, &u64, 8, &e));
	CHECK(guest_get_u64(g.tables.fd, 0x7ff8) >> 32 == 0x05060708);
	CHECK((guest_get_u64(g.tables.fd, 0x5000) & 0xffffffff) == 0x01020304);
	/* The second half has no page: nothing is written. */
	CHECK(kmem_write(&g.k, VMALLOC + 2 * PAGE - 4, &u64, 8, &e) == -1);
	CHECK(guest_get_u64(g.tables.fd, 0x5ff8) == 0);
	CHECK(kmem_u64(&g.k, VMALLOC + 2 * PAGE - 4, &u64, &e) == -1 && e.code == EFAULT);
	CHECK(strstr(e.text, "0xffffc90000002000"));
	/* In the image's mapping but behind the end of memory. */
	CHECK(kmem_u64(&g.k, IMAGE + RAM_LEN, &u64, &e) == -1 && e.code == EFAULT);
	CHECK(strstr(e.text, "0xffffffff80800000"));
	CHECK(kmem_u64(&g.k, 0, &u64, &e) == -1 && kmem_u64(&g.k, UINT64_MAX - 3, &u64, &e) == -1);
	CHECK(kmem_u64(&g.k, 0xdead000000000100, &u64, &e) == -1 && e.code == EFAULT);
}

static void strings(void)
{
	_cleanup_guest_ struct guest g;
	char s[16];

	guest_make(&g, 4);
	guest_put(g.tables.fd, 0x7ffd, "abc", 3);
	guest_put(g.tables.fd, 0x5000, "def", 4);
	CHECK(!kmem_string(&g.k, VMALLOC + PAGE - 3, s, sizeof(s), &e));
	CHECK_STR(s, "abcdef");
	CHECK(!kmem_string(&g.k, VMALLOC + PAGE - 3, s, 5, &e));
	CHECK_STR(s, "abcd");
	CHECK(!kmem_string(&g.k, VMALLOC + PAGE - 3, s, 1, &e));
	CHECK_STR(s, "");
	CHECK(kmem_string(&g.k, VMALLOC, s, 0, &e) == -1);
	/* It ends with its page: the next is not looked at. */
	guest_put(g.tables.fd, 0x5ffc, "end", 4);
	CHECK(!kmem_string(&g.k, VMALLOC + 2 * PAGE - 4, s, sizeof(s), &e));
	CHECK_STR(s, "end");
	guest_put(g.tables.fd, 0x5fff, "x", 1);
	CHECK(kmem_string(&g.k, VMALLOC + 2 * PAGE - 4, s, sizeof(s), &e) == -1);
}

static void texts_that_do_not_fit(void)
{
	_cleanup_guest_ struct guest g;
	struct vmcoreinfo v;

	guest_make(&g, 4);
	/* Of an earlier kernel that lay elsewhere. */
	CHECK(init_with(&g, "4194304", "") == -1);
	CHECK(init_with(&g, "0", "") == -1);
	CHECK(init_with(&g, "-2097152", "") == -1);
	CHECK(init_with(&g, "4096", "") == -1 && strstr(e.text, "no multiple of 2 MiB"));
	CHECK(init_with(&g, "x", "") == -1 && e.code == EPROTO && strstr(e.text, "phys_base"));
	CHECK(init_with(&g, "2097152", "NUMBER(pgtable_l5_enabled)=1\n") == -1);
	CHECK(init_with(&g, "2097152", "NUMBER(pgtable_l5_enabled)=2\n") == -1 &&
	      strstr(e.text, "pgtable_l5_enabled"));
	CHECK(init_with(&g, "2097152", "NUMBER(sme_mask)=3\n") == -1 && strstr(e.text, "sme_mask"));
	CHECK(init_with(&g, "2097152", "NUMBER(sme_mask)=1\n") == -1);
	CHECK(init_with(&g, "2097152", "NUMBER(sme_mask)=140737488355328\n") == 0);
	CHECK(g.k.pgtable.enc_mask == 1ull << 47);
	CHECK(vmcoreinfo_parse("OSRELEASE=7\nSYMBOL(a)=1\n", 24, &v, &e) == 0);
	CHECK(kmem_init(&g.k, g.mem, &v, &e) == -1 && e.code == ENOENT);
}

static int parse_and_init(struct guest *g, const char *lines)
{
	char text[512];

	snprintf(text, sizeof(text), "OSRELEASE=7.0\nNUMBER(phys_base)=2097152\n%s", lines);
	CHECK(vmcoreinfo_parse(text, strlen(text), &g->v, &e) == 0);
	return kmem_init(&g->k, g->mem, &g->v, &e);
}

static void roots(void)
{
	_cleanup_guest_ struct guest g;

	guest_make(&g, 4);
	CHECK(parse_and_init(&g, "SYMBOL(init_top_pgt)=ffffffff80100000\n"
				 "SYMBOL(_stext)=ffffffff80200000\n") == 0);
	CHECK(parse_and_init(&g, "SYMBOL(swapper_pg_dir)=0\n"
				 "SYMBOL(_stext)=ffffffff80200000\n") == -1);
	CHECK(strstr(e.text, "puts the page tables at 0x0"));
	CHECK(parse_and_init(&g, "SYMBOL(swapper_pg_dir)=ffffffff80100008\n"
				 "SYMBOL(_stext)=ffffffff80200000\n") == -1);
	CHECK(parse_and_init(&g, "SYMBOL(swapper_pg_dir)=ffffffff90000000\n"
				 "SYMBOL(_stext)=ffffffff80200000\n") == -1);
	CHECK(parse_and_init(&g, "SYMBOL(swapper_pg_dir)=ffffffff80100000\n"
				 "SYMBOL(_stext)=ffff888000000000\n") == -1);
	CHECK(strstr(e.text, "puts the kernel's text at 0xffff888000000000"));
	CHECK(parse_and_init(&g, "SYMBOL(swapper_pg_dir)=ffffffff80100000\n") == -1);
	CHECK(e.code == ENOENT && strstr(e.text, "_stext"));
}

int main(void)
{
	RUN(translations);
	RUN(image_size);
	RUN(reads_and_writes);
	RUN(strings);
	RUN(texts_that_do_not_fit);
	RUN(roots);
	return TEST_END();
}
