/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cores as memory: ELF and kdump-compressed ones, whole and in records, made here piece by piece.
 * With --seeds DIR it writes them there as a start for the fuzz target of this name.
 */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "guestmem.h"
#include "mem/mem.h"
#include "test.h"

#define PAGE GUEST_PAGE
#define INFO "OSRELEASE=7.0\nSYMBOL(a)=1\n"

static struct err e;

static void mem_destroyp(struct mem **m)
{
	mem_destroy(*m);
}
#define _cleanup_mem_ _cleanup_(mem_destroyp)

static int open_fd(int fd, bool writable, struct mem **ret)
{
	char path[64];

	e.text[0] = 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return mem_open(path, NULL, 0, writable, ret, &e);
}

static void check_refused(int fd, const char *want)
{
	_cleanup_mem_ struct mem *m = NULL;

	CHECK(open_fd(fd, false, &m) == -1 && !m);
	if (!strstr(e.text, want)) {
		printf("# '%s' has no '%s'\n", e.text, want);
		CHECK(0);
	}
}

static void check_bytes(const struct mem *m, uint64_t gpa, const char *want)
{
	char got[32] = {0};

	if (mem_read(m, gpa, got, strlen(want), &e)) {
		printf("# %s\n", e.text);
		CHECK(0);
	}
	CHECK_STR(got, want);
}

/* ---- ELF ---- */

/* A header of @n program headers, which stand behind it. */
static int elf_file(const Elf64_Phdr *phdrs, uint16_t n, uint64_t size)
{
	Elf64_Ehdr eh = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(eh),
		.e_ehsize = sizeof(eh),
		.e_phentsize = sizeof(*phdrs),
		.e_phnum = n,
	};
	int fd = guest_file(size);

	guest_put(fd, 0, &eh, sizeof(eh));
	guest_put(fd, sizeof(eh), phdrs, n * sizeof(*phdrs));
	return fd;
}

static Elf64_Phdr load(uint64_t pa, uint64_t len, uint64_t offset)
{
	return (Elf64_Phdr){.p_type = PT_LOAD,
			    .p_paddr = pa,
			    .p_vaddr = ~pa,
			    .p_filesz = len,
			    .p_memsz = len,
			    .p_offset = offset};
}

/* A note at @at, which goes behind it. */
static void put_note(int fd, uint64_t *at, const char *name, const void *desc, uint32_t len)
{
	Elf64_Nhdr nh = {.n_namesz = (uint32_t)strlen(name) + 1, .n_descsz = len};

	guest_put(fd, *at, &nh, sizeof(nh));
	guest_put(fd, *at + sizeof(nh), name, nh.n_namesz);
	guest_put(fd, *at + sizeof(nh) + ((nh.n_namesz + 3) & ~3u), desc, len);
	*at += sizeof(nh) + ((nh.n_namesz + 3) & ~3u) + ((len + 3) & ~3u);
}

/* Two pieces at odd places of the file, notes before them. */
static int elf_plain(void)
{
	Elf64_Phdr ph[] = {
		{.p_type = PT_NOTE, .p_offset = 0x200, .p_filesz = 0x200},
		load(0x100000, 2 * PAGE, 0x1234),
		load(0, PAGE, 0x1234 + 2 * PAGE),
	};
	uint64_t at = 0x200;
	int fd = elf_file(ph, 3, 5 * PAGE);

	put_note(fd, &at, "CORE", "registers", 9);
	put_note(fd, &at, "VMCOREINFO", INFO, sizeof(INFO) - 1);
	guest_put(fd, 0x1234, "high", 4);
	guest_put(fd, 0x1234 + 2 * PAGE, "low", 3);
	return fd;
}

static void elf_core(void)
{
	_cleanup_close_ int fd = elf_plain();
	_cleanup_mem_ struct mem *m = NULL;
	uint64_t gpa;
	char c;

	CHECK(open_fd(fd, false, &m) == 0);
	if (!m)
		return;
	CHECK(mem_size(m) == 3 * PAGE && mem_end(m) == 0x100000 + 2 * PAGE);
	check_bytes(m, 0, "low");
	check_bytes(m, 0x100000, "high");
	CHECK(mem_read(m, PAGE, &c, 1, &e) == -1 && e.code == EFAULT);
	CHECK(mem_find(m, 0, "high", 4, 4096, &gpa, &e) == 0 && gpa == 0x100000);
	CHECK_STR(mem_vmcoreinfo(m), INFO);
}

/* The kernel's image lies in the middle of memory, and again as a piece of its own. */
static void elf_pieces_twice(void)
{
	Elf64_Phdr ph[] = {
		load(0x1000, 2 * PAGE, 2 * PAGE), /* the image */
		load(0, 4 * PAGE, 4 * PAGE),	  /* memory around it */
		load(0x3000, 4 * PAGE, 8 * PAGE), /* begins in it, ends behind it */
		load(0x3000, PAGE, 8 * PAGE),	  /* all of it is there */
		load(UINT64_MAX, PAGE, 0),	  /* has no physical address */
		load(0x9000, 0, 0),		  /* has no bytes */
	};
	_cleanup_close_ int fd = elf_file(ph, 6, 12 * PAGE);
	_cleanup_mem_ struct mem *m = NULL;

	guest_put(fd, 5 * PAGE, "first", 5);
	guest_put(fd, 9 * PAGE, "rest", 4);
	CHECK(open_fd(fd, true, &m) == 0);
	if (!m)
		return;
	CHECK(mem_size(m) == 7 * PAGE && mem_end(m) == 7 * PAGE);
	check_bytes(m, 0x1000, "first");
	check_bytes(m, 0x4000, "rest");
	CHECK(!mem_vmcoreinfo(m));
	CHECK(mem_write(m, 0x4000, "changed", 7, &e) == 0);
	check_bytes(m, 0x4000, "changed");
}

static void elf_bad(void)
{
	static Elf64_Phdr many[MEM_RANGES_MAX + 1];
	Elf64_Phdr ph[] = {load(0, PAGE, PAGE), load(-(uint64_t)PAGE, PAGE, PAGE)};
	_cleanup_close_ int cut = elf_file(ph, 1, 2 * PAGE - 1);
	_cleanup_close_ int wraps = elf_file(ph, 2, 2 * PAGE);
	_cleanup_close_ int none = elf_file(ph, 0, PAGE);
	_cleanup_close_ int magic = guest_file(4), odd = elf_file(ph, 1, 2 * PAGE);
	_cleanup_close_ int crowd = -1;

	check_refused(cut, "passes the end of its file");
	check_refused(wraps, "passes the end of the address space");
	check_refused(none, "an ELF core without memory");
	guest_put(magic, 0, "\177ELF", 4);
	check_refused(magic, "not a valid ELF file");
	guest_put(odd, offsetof(Elf64_Ehdr, e_type), &(uint16_t){ET_EXEC}, 2);
	check_refused(odd, "an ELF file, but not a core");
	guest_put(odd, offsetof(Elf64_Ehdr, e_type), &(uint16_t){ET_CORE}, 2);
	guest_put(odd, offsetof(Elf64_Ehdr, e_machine), &(uint16_t){EM_AARCH64}, 2);
	check_refused(odd, "not of a 64-bit x86 machine");
	guest_put(odd, offsetof(Elf64_Ehdr, e_machine), &(uint16_t){EM_X86_64}, 2);
	guest_put(odd, EI_CLASS, &(uint8_t){ELFCLASS32}, 1);
	check_refused(odd, "not ");
	guest_put(odd, EI_CLASS, &(uint8_t){ELFCLASS64}, 1);
	guest_put_u64(odd, offsetof(Elf64_Ehdr, e_phoff), UINT64_MAX - 8);
	check_refused(odd, "header");
	guest_put_u64(odd, offsetof(Elf64_Ehdr, e_phoff), sizeof(Elf64_Ehdr));
	guest_put(odd, offsetof(Elf64_Ehdr, e_phnum), &(uint16_t){PN_XNUM}, 2);
	check_refused(odd, "header");
	for (uint64_t i = 0; i <= MEM_RANGES_MAX; i++)
		many[i] = load(i * PAGE, PAGE, 0);
	crowd = elf_file(many, MEM_RANGES_MAX + 1, 64 * PAGE);
	check_refused(crowd, "more than 4096 pieces of memory");
}

/* Notes end in the middle of something: what is before counts, the core is read all the same. */
static void elf_notes_cut(void)
{
	static const uint32_t head_long_name[3] = {0xffffffff, 4, 0};
	static const uint32_t head_long_desc[3] = {5, 0xfffffffd, 0};
	Elf64_Phdr ph[] = {{.p_type = PT_NOTE, .p_offset = 0x200}, load(0, PAGE, PAGE)};
	uint64_t end = 0x200;

	for (unsigned int i = 0; i < 4; i++) {
		_cleanup_close_ int fd = elf_file(ph, 2, 2 * PAGE);
		_cleanup_mem_ struct mem *m = NULL;

		end = 0x200;
		put_note(fd, &end, "CORE", "x", 1);
		if (i == 1)
			guest_put(fd, end, head_long_name, sizeof(head_long_name));
		else if (i == 2)
			guest_put(fd, end, head_long_desc, sizeof(head_long_desc));
		else
			put_note(fd, &end, "VMCOREINFO", INFO, sizeof(INFO) - 1);
		/* Without the padding, and one byte less than the text. */
		ph[0].p_filesz = i == 0 ? end - 0x201 : i == 3 ? end - 0x203 : end + 12 - 0x200;
		guest_put(fd, sizeof(Elf64_Ehdr), ph, sizeof(ph));
		CHECK(open_fd(fd, false, &m) == 0);
		CHECK(!m || !mem_vmcoreinfo(m) == (i != 0));
	}
	ph[0].p_filesz = 1ull << 40;
	_cleanup_close_ int fd = elf_file(ph, 2, 2 * PAGE);
	check_refused(fd, "notes of more than 0x2000000 bytes, at 0x200");
}

/* Headers cost nothing, but what they tell to look through does. */
static void elf_many_notes(void)
{
	static Elf64_Phdr ph[10] = {{.p_type = PT_LOAD, .p_filesz = PAGE, .p_offset = PAGE}};
	_cleanup_close_ int fd = -1;

	for (unsigned int i = 1; i < 10; i++)
		ph[i] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = PAGE, .p_filesz = 4u << 20};
	fd = elf_file(ph, 10, 8u << 20);
	check_refused(fd, "notes of more than 0x2000000 bytes, at 0x1000");
}

/* ---- kdump-compressed ---- */

#define PAGES 16u
#define HOLE_FROM 8u  /* no memory from here */
#define HOLE_TO 12u   /* to here */
#define EXCLUDED 3u   /* memory, but not in the file: it was zero */
#define COMPRESSED 5u /* the others are as they are */
#define DUMP_COMPRESSED_ZLIB 1u

static bool is_memory(unsigned int page)
{
	return page < HOLE_FROM || page >= HOLE_TO;
}

/* What page @i holds: its number everywhere, a text at its begin. */
static void page_fill(uint8_t page[PAGE], unsigned int i)
{
	memset(page, (int)i, PAGE);
	snprintf((char *)page, 16, "page %u", i);
}

struct page_desc {
	uint64_t offset;
	uint32_t size, flags;
	uint64_t page_flags;
};

static void put_u32(int fd, uint64_t at, uint32_t v)
{
	guest_put(fd, at, &v, sizeof(v));
}

static void put_kdump_headers(int fd, uint64_t notes, uint64_t notes_len)
{
	guest_put(fd, 0, "KDUMP   \6", 9);	 /* version 6 */
	guest_put(fd, 12 + 4 * 65, "x86_64", 6); /* utsname.machine */
	put_u32(fd, 428, PAGE);			 /* block_size */
	put_u32(fd, 432, 1);			 /* sub_hdr_size, blocks */
	put_u32(fd, 436, 2);			 /* bitmap_blocks: memory's and the file's */
	put_u32(fd, 440, PAGES);		 /* max_mapnr */
	put_u32(fd, 460, 1);			 /* nr_cpus */
	put_u32(fd, PAGE + 8, 1);		 /* dump_level: no pages of zeros */
	guest_put_u64(fd, PAGE + 48, notes);
	guest_put_u64(fd, PAGE + 56, notes_len);
	guest_put_u64(fd, PAGE + 96, PAGES); /* max_mapnr_64 */
}

/* The file as makedumpfile(8) writes it; struct layouts of its diskdump_mod.h. */
static int kdump_file(void)
{
	int fd = guest_file(32 * PAGE);
	uint64_t desc_at = 4 * PAGE, data_at = 5 * PAGE, note_at = PAGE + 512;
	uint8_t memory = 0, page[PAGE], packed[2 * PAGE];

	put_note(fd, &note_at, "VMCOREINFO", INFO, sizeof(INFO) - 1);
	put_kdump_headers(fd, PAGE + 512, note_at - PAGE - 512);
	for (unsigned int i = 0; i < PAGES; i++) {
		struct page_desc d = {.offset = data_at, .size = PAGE};
		uLongf packed_len = sizeof(packed);

		memory |= (uint8_t)(is_memory(i) << i % 8);
		if (i % 8 == 7) {
			guest_put(fd, 2 * PAGE + i / 8, &memory, 1);
			memory &= (uint8_t)~(i == 7 ? 1u << EXCLUDED : 0);
			guest_put(fd, 3 * PAGE + i / 8, &memory, 1);
			memory = 0;
		}
		if (!is_memory(i) || i == EXCLUDED)
			continue;
		page_fill(page, i);
		if (i == COMPRESSED) {
			guest_must(compress(packed, &packed_len, page, PAGE) == Z_OK, "compress");
			d.size = (uint32_t)packed_len;
			d.flags = DUMP_COMPRESSED_ZLIB;
		}
		guest_put(fd, desc_at, &d, sizeof(d));
		guest_put(fd, data_at, d.flags ? packed : page, d.size);
		desc_at += sizeof(d);
		data_at += d.size;
	}
	guest_must(!ftruncate(fd, (off_t)data_at), "ftruncate");
	return fd;
}

/* @fd in records of at most 3000 bytes, those from the middle first. */
static int flatten(int fd)
{
	uint64_t size = (uint64_t)lseek(fd, 0, SEEK_END), at = PAGE, from = size / 2, done = 0;
	int out = guest_file(0);

	guest_put(out, 0, "makedumpfile", 12);
	guest_put_u64(out, 16, htobe64(1));
	guest_put_u64(out, 24, htobe64(1));
	while (done < size) {
		uint64_t stop = from >= size / 2 ? size : size / 2;
		size_t len = stop - from < 3000 ? (size_t)(stop - from) : 3000;
		char data[3000];

		guest_must(pread(fd, data, len, (off_t)from) == (ssize_t)len, "pread");
		guest_put_u64(out, at, htobe64(from));
		guest_put_u64(out, at + 8, htobe64(len));
		guest_put(out, at + 16, data, len);
		at += 16 + len;
		done += len;
		from += len;
		if (from == size)
			from = 0;
	}
	guest_put_u64(out, at, UINT64_MAX);
	guest_put_u64(out, at + 8, UINT64_MAX);
	return out;
}

#ifdef HAVE_LIBKDUMPFILE

/* libkdumpfile 0.5.1 does not free all that it has; the sanitizer is to look at us. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libkdumpfile";
}

const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}

static void check_kdump(const struct mem *m)
{
	uint8_t want[PAGE], got[PAGE];
	uint64_t gpa = 0;

	CHECK(mem_size(m) == 12 * PAGE && mem_end(m) == PAGES * PAGE);
	for (unsigned int i = 0; i < PAGES; i++) {
		page_fill(want, i);
		if (i == EXCLUDED)
			memset(want, 0, PAGE);
		CHECK(mem_read(m, i * PAGE, got, PAGE, &e) == (is_memory(i) ? 0 : -1));
		CHECK(is_memory(i) ? !memcmp(want, got, PAGE) : e.code == EFAULT);
	}
	CHECK(mem_read(m, 5 * PAGE - 2, got, 8, &e) == 0 && !memcmp(got, "\4\4page 5", 8));
	CHECK(mem_read(m, 8 * PAGE - 2, got, 4, &e) == -1 && strstr(e.text, "0x8000"));
	CHECK(mem_read(m, PAGES * PAGE, got, 1, &e) == -1 && e.code == EFAULT);
	CHECK(mem_find(m, 0, "page 12", 7, 4096, &gpa, &e) == 0 && gpa == 12 * PAGE);
	CHECK(mem_find(m, 0, "\5\5page 6", 8, 1, &gpa, &e) == 0 && gpa == 6 * PAGE - 2);
	CHECK(mem_find(m, 0, "\5\5page 6", 8, 2, &gpa, &e) == 0 && gpa == 6 * PAGE - 2);
	CHECK(mem_find(m, 0, "\5\5page 6", 8, 4, &gpa, &e) == -1 && e.code == ENOENT);
	CHECK(mem_find(m, 0, "page", 4, 1, &gpa, &e) == 0 && gpa == 0);
	CHECK(mem_find(m, 1, "page", 4, 1, &gpa, &e) == 0 && gpa == PAGE);
	CHECK(mem_find(m, 15 * PAGE + 1, "page", 4, 1, &gpa, &e) == -1);
	/* Pages 7 and 12 are no neighbours. */
	CHECK(mem_find(m, 0, "\7page 12", 8, 1, &gpa, &e) == -1 && e.code == ENOENT);
	CHECK_STR(mem_vmcoreinfo(m), INFO);
}

static void kdump_core(void)
{
	_cleanup_close_ int fd = kdump_file(), flat = flatten(fd);
	_cleanup_mem_ struct mem *m = NULL, *records = NULL, *none = NULL;

	CHECK(open_fd(fd, false, &m) == 0);
	if (m)
		check_kdump(m);
	CHECK(open_fd(flat, false, &records) == 0);
	if (records)
		check_kdump(records);
	CHECK(open_fd(fd, true, &none) == -1 && !none && e.code == EACCES);
}

static void kdump_bad(void)
{
	_cleanup_close_ int fd = kdump_file(), flat = flatten(fd);
	_cleanup_mem_ struct mem *m = NULL;
	uint64_t size = (uint64_t)lseek(flat, 0, SEEK_END);
	uint8_t page[PAGE];

	guest_put_u64(flat, PAGE, htobe64(1ull << 50));
	check_refused(flat, "a flattened core with 0xbb8 bytes for 0x4000000000000");
	guest_put_u64(flat, PAGE, 0);
	guest_must(!ftruncate(flat, (off_t)size - 16), "ftruncate");
	check_refused(flat, "cut short at");
	CHECK(open_fd(fd, false, &m) == 0);
	guest_must(!ftruncate(fd, 5 * PAGE + 10), "ftruncate");
	/* The library may still have it; a signal is what it must not be. */
	CHECK(!m || !mem_read(m, 15 * PAGE, page, PAGE, &e) || e.code == EIO);
	guest_must(!ftruncate(fd, PAGE), "ftruncate");
	check_refused(fd, "compressed core");
	guest_must(!ftruncate(fd, 16), "ftruncate");
	check_refused(fd, "compressed core");
}

#else

static void kdump_core(void)
{
	_cleanup_close_ int fd = kdump_file(), flat = flatten(fd);

	check_refused(fd, "built without libkdumpfile");
	check_refused(flat, "built without libkdumpfile");
}

static void kdump_bad(void)
{
}

#endif

/* ---- seeds ---- */

static void seed(const char *dir, const char *name, int fd)
{
	char path[4096], buf[4096];
	_cleanup_close_ int out = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	guest_must(out >= 0 && lseek(fd, 0, SEEK_SET) == 0, path);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		guest_must(write(out, buf, (size_t)n) == n, path);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--seeds")) {
		seed(argv[2], "elf", elf_plain());
		seed(argv[2], "flattened", flatten(kdump_file()));
		return 0;
	}
	RUN(elf_core);
	RUN(elf_pieces_twice);
	RUN(elf_bad);
	RUN(elf_notes_cut);
	RUN(elf_many_notes);
	RUN(kdump_core);
	RUN(kdump_bad);
	return TEST_END();
}
