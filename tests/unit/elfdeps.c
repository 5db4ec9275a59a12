/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/elfdeps.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"

static struct err e;

/* A library with all that is read, and nothing else: headers, interpreter, dynamic segment, names.
 * Loaded at 0x10000, so that an address is no offset. */
#define BASE 0x10000u
#define ENTRIES_MAX 8
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr load, dynamic, interp;
	Elf64_Dyn entries[ENTRIES_MAX];
	char strings[64];
	char path[16];
};

#define AT_LIBA 1
#define AT_LIBB 8
#define AT_NAME 15
#define AT_RUNPATH 23
#define AT_RPATH 36
static const char strings[] = "\0liba.1\0libb.2\0me.so.3\0$ORIGIN/x:/y\0/rpath";

static struct image image(void)
{
	struct image i = {
		.header = {.e_type = ET_DYN,
			   .e_machine = EM_X86_64,
			   .e_version = EV_CURRENT,
			   .e_phoff = offsetof(struct image, load),
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 3},
		.load = {.p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = sizeof(i)},
		.dynamic = {.p_type = PT_DYNAMIC,
			    .p_offset = offsetof(struct image, entries),
			    .p_filesz = sizeof(i.entries)},
		.interp = {.p_type = PT_INTERP,
			   .p_offset = offsetof(struct image, path),
			   .p_filesz = sizeof(i.path)},
		.entries = {{.d_tag = DT_NEEDED, .d_un.d_val = AT_LIBA},
			    {.d_tag = DT_STRTAB,
			     .d_un.d_ptr = BASE + offsetof(struct image, strings)},
			    {.d_tag = DT_STRSZ, .d_un.d_val = sizeof(strings)},
			    {.d_tag = DT_NEEDED, .d_un.d_val = AT_LIBB},
			    {.d_tag = DT_SONAME, .d_un.d_val = AT_NAME},
			    {.d_tag = DT_RUNPATH, .d_un.d_val = AT_RUNPATH},
			    {.d_tag = DT_RPATH, .d_un.d_val = AT_RPATH}},
		.path = "/ld.so",
	};

	memcpy(i.header.e_ident, ELFMAG, SELFMAG);
	i.header.e_ident[EI_CLASS] = ELFCLASS64;
	i.header.e_ident[EI_DATA] = ELFDATA2LSB;
	i.header.e_ident[EI_VERSION] = EV_CURRENT;
	memcpy(i.strings, strings, sizeof(strings));
	return i;
}

static int parse_len(const struct image *i, size_t len, struct elfdeps *d)
{
	_cleanup_free_ char *copy = malloc(len + 1);

	memcpy(copy, i, len);
	return elfdeps_parse(copy, len, "image", d, &e);
}

/* Parse it and drop the result: the status only. */
static int parse(const struct image *i)
{
	_cleanup_elfdeps_ struct elfdeps d = {0};

	e = (struct err){0};
	return parse_len(i, sizeof(*i), &d);
}

static void all_fields(void)
{
	_cleanup_elfdeps_ struct elfdeps d = {0};
	struct image i = image();

	CHECK(parse_len(&i, sizeof(i), &d) == 0);
	CHECK(d.class == ELFCLASS64 && d.encoding == ELFDATA2LSB && d.machine == EM_X86_64);
	CHECK_STR(d.interp, "/ld.so");
	CHECK_STR(d.soname, "me.so.3");
	CHECK_STR(d.runpath, "$ORIGIN/x:/y");
	CHECK_STR(d.rpath, "/rpath");
	CHECK(d.needed.count == 2 && !d.nodeflib);
	CHECK_STR(d.needed.at[0], "liba.1");
	CHECK_STR(d.needed.at[1], "libb.2");
}

static void our_own_program(void)
{
	_cleanup_elfdeps_ struct elfdeps d = {0};
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	CHECK(elfdeps_read(fd, "self", &d, &e) == 0);
	CHECK(d.interp && d.interp[0] == '/' && !d.soname);
	CHECK(names_has(&d.needed, "libc.so.6"));
}

static void little_is_enough(void)
{
	struct image i = image();

	i.dynamic.p_filesz = 0; /* a static program */
	CHECK(parse(&i) == 0);
	i.header.e_phnum = 0;
	CHECK(parse(&i) == 0);
	i = image();
	i.entries[0].d_tag = DT_NULL; /* nothing behind it counts */
	CHECK(parse(&i) == 0);
	i = image();
	i.header.e_shoff = 1 << 30; /* sections are not looked at */
	i.header.e_shnum = 9;
	i.header.e_shentsize = sizeof(Elf64_Shdr);
	CHECK(parse(&i) == 0);
	i = image();
	i.entries[6] = (Elf64_Dyn){.d_tag = DT_FLAGS_1, .d_un.d_val = DF_1_NODEFLIB};
	CHECK(parse(&i) == 0);
}

static void every_cut_is_an_error(void)
{
	struct image i = image();
	size_t end = offsetof(struct image, path) + sizeof("/ld.so");

	i.interp.p_filesz = sizeof("/ld.so");
	for (size_t len = 0; len < end; len++) {
		struct elfdeps d;

		CHECK(parse_len(&i, len, &d) == -1);
		CHECK(e.code == (len < sizeof(i.header) ? e.code : EPROTO));
		CHECK(strstr(e.text, "'image'") != NULL && !d.interp && !d.needed.count);
	}
}

static void what_is_no_program(void)
{
	struct image i = image();
	struct elfdeps d;

	CHECK(elfdeps_parse("#!/bin/sh\n", 10, "script", &d, &e) == -1 && e.code == ENOEXEC);
	CHECK(elfdeps_parse("!<arch>\n", 8, "ar", &d, &e) == -1 && e.code == ENOEXEC);
	CHECK(elfdeps_parse("", 0, "empty", &d, &e) == -1 && e.code == ENOEXEC);
	i.header.e_type = ET_REL;
	CHECK(parse(&i) == -1 && e.code == ENOEXEC);
	i.header.e_type = ET_CORE;
	CHECK(parse(&i) == -1 && e.code == ENOEXEC);
}

/* Each of these is one wrong number. */
static void damaged(const struct image *i, const char *why)
{
	CHECK(parse(i) == -1 && e.code == EPROTO);
	CHECK(strstr(e.text, why) != NULL);
}

static void wrong_numbers(void)
{
	struct image i = image();

	i.header.e_phnum = 60000;
	damaged(&i, "program headers");
	i = image(), i.dynamic.p_offset = UINT64_MAX - 8;
	damaged(&i, "dynamic segment is not within");
	i = image(), i.dynamic.p_filesz = UINT64_MAX - 8;
	damaged(&i, "dynamic segment is too large");
	i = image(), i.dynamic.p_filesz = sizeof(i);
	damaged(&i, "dynamic segment is not within");
	i = image(), i.entries[1].d_un.d_ptr = 0;
	damaged(&i, "string table is not loaded");
	i = image(), i.entries[1].d_un.d_ptr = BASE + sizeof(i);
	damaged(&i, "string table is not loaded");
	i = image(), i.load.p_offset = UINT64_MAX;
	damaged(&i, "string table is not");
	i = image(), i.entries[2].d_un.d_val = sizeof(i);
	damaged(&i, "string table is not within");
	i = image(), i.entries[2].d_un.d_val = UINT64_MAX;
	damaged(&i, "no usable string table");
	i = image(), i.entries[1].d_tag = DT_HASH;
	damaged(&i, "no usable string table");
	i = image(), i.entries[0].d_un.d_val = sizeof(strings);
	damaged(&i, "library's name");
	i = image(), i.entries[0].d_un.d_val = 0;
	damaged(&i, "library's name");
	i = image(), i.entries[4].d_un.d_val = UINT64_MAX;
	damaged(&i, "a name");
	i = image(), i.entries[2].d_un.d_val = AT_RPATH + 2; /* cuts the last name's NUL off */
	damaged(&i, "a name");
	i = image(), i.interp.p_filesz = 5;
	damaged(&i, "interpreter's name");
	i = image(), i.interp.p_filesz = ELFDEPS_STRING_MAX + 1;
	damaged(&i, "interpreter's name");
	i = image(), i.path[0] = 'x';
	damaged(&i, "interpreter's name");
}

static void too_many_libraries(void)
{
	size_t count = ELFDEPS_NEEDED_MAX + 1,
	       len = sizeof(struct image) + count * sizeof(Elf64_Dyn);
	_cleanup_free_ char *copy = calloc(1, len);
	Elf64_Dyn needed = {.d_tag = DT_NEEDED, .d_un.d_val = AT_LIBA};
	struct image i = image();
	struct elfdeps d;

	i.dynamic.p_offset = sizeof(i);
	i.dynamic.p_filesz = count * sizeof(Elf64_Dyn);
	memcpy(copy, &i, sizeof(i));
	for (size_t n = 0; n < count; n++)
		memcpy(copy + sizeof(i) + n * sizeof(needed), &needed, sizeof(needed));
	CHECK(elfdeps_parse(copy, len, "many", &d, &e) == -1 &&
	      strstr(e.text, "too many libraries"));
}

static void what_fits_together(void)
{
	struct elfdeps a = {.class = ELFCLASS64, .encoding = ELFDATA2LSB, .machine = EM_X86_64};
	struct elfdeps b = a;

	CHECK(elfdeps_fit(&a, &b));
	b.class = ELFCLASS32; /* x32 has the same machine */
	CHECK(!elfdeps_fit(&a, &b));
	b = a, b.machine = EM_AARCH64;
	CHECK(!elfdeps_fit(&a, &b));
	b = a, b.encoding = ELFDATA2MSB;
	CHECK(!elfdeps_fit(&a, &b));
}

int main(void)
{
	RUN(all_fields);
	RUN(our_own_program);
	RUN(little_is_enough);
	RUN(every_cut_is_an_error);
	RUN(what_is_no_program);
	RUN(wrong_numbers);
	RUN(too_many_libraries);
	RUN(what_fits_together);
	return TEST_END();
}
