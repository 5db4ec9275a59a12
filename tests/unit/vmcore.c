/* SPDX-License-Identifier: GPL-2.0-only */
/* Cores that are written: what is in them, that they are read back as the same memory, and what a
 * machine's words for registers become. */
#include "mem/vmcore.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/procfs.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/elfnote.h"
#include "base/io.h"
#include "guest.h"
#include "kernel/coreinfo.h"
#include "test.h"
#include "vm/regs.h"

#define PAGE GUEST_PAGE
#define OFFSET 0xff13d80180000000ull
#define IMAGE 0xffffffff8c800000ull

static void mem_destroyp(struct mem **m)
{
	mem_destroy(*m);
}
#define _cleanup_mem_ _cleanup_(mem_destroyp)

static struct err e;

/* ---- reading what was written ---- */

static struct mem *reopen(int fd)
{
	char path[64];
	struct mem *m;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (mem_open(path, NULL, 0, false, &m, &e)) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	return m;
}

/* Program header @i of the core @fd; no type when there is none. */
static Elf64_Phdr header(int fd, unsigned int i)
{
	Elf64_Phdr ph = {0};
	Elf64_Ehdr eh;

	guest_must(pread(fd, &eh, sizeof(eh), 0) == sizeof(eh), "pread");
	if (i < eh.e_phnum)
		guest_must(pread(fd, &ph, sizeof(ph), (off_t)(eh.e_phoff + i * sizeof(ph))) ==
				   sizeof(ph),
			   "pread");
	return ph;
}

static bool same_bytes(const struct mem *a, const struct mem *b, uint64_t gpa, size_t len)
{
	_cleanup_free_ uint8_t *x = malloc(len), *y = malloc(len);

	return !mem_read(a, gpa, x, len, &e) && !mem_read(b, gpa, y, len, &e) &&
	       memcmp(x, y, len) == 0;
}

/* ---- memory ---- */

/* Three ranges, of which two touch, none at a page; zeros, holes and bytes that count. */
static struct mem *odd_guest(int fd)
{
	const struct mem_range r[] = {
		{.gpa = 0x1234, .len = 0x500000, .offset = 0x234, .fd = fd},
		{.gpa = 0x501234, .len = 0x2000, .offset = 0x500234, .fd = fd},
		{.gpa = 0x100000008, .len = 0x3001, .offset = 0x600008, .fd = fd},
	};
	struct mem *m;

	for (uint64_t at = 0; at < 0x700000; at += 8)
		if (at / 0x3000 % 5 == 1)
			guest_put_u64(fd, at, at * 0x9e3779b97f4a7c15u);
	guest_put(fd, 0x680000 - 3, "xyz", 3);
	guest_put(fd, 0x234, "begin", 5);
	guest_put(fd, 0x501000, (uint8_t[0x3000]){0}, 0x3000);
	guest_must(!mem_create(r, 3, true, &m, &e), "mem_create");
	return m;
}

static void same_memory(void)
{
	_cleanup_close_ int fd = guest_file(0x700000), out = guest_file(0);
	_cleanup_mem_ struct mem *m = odd_guest(fd), *back = NULL;
	const struct vmcore_info info = {.page_offset = OFFSET};
	Elf64_Phdr ph;

	CHECK(!vmcore_write(out, m, &info, &e));
	back = reopen(out);
	CHECK(mem_size(back) == mem_size(m) && mem_end(back) == mem_end(m));
	CHECK(!mem_vmcoreinfo(back));
	CHECK(same_bytes(m, back, 0x1234, 0x502000));
	CHECK(same_bytes(m, back, 0x100000008, 0x3001));
	CHECK(header(out, 0).p_type == PT_NOTE);
	ph = header(out, 1);
	CHECK(ph.p_type == PT_LOAD && ph.p_paddr == 0x1234 && ph.p_filesz == 0x502000 &&
	      ph.p_memsz == ph.p_filesz && ph.p_vaddr == OFFSET + 0x1234 &&
	      ph.p_offset % PAGE == 0x234);
	ph = header(out, 2);
	CHECK(ph.p_type == PT_LOAD && ph.p_paddr == 0x100000008 &&
	      ph.p_vaddr == OFFSET + 0x100000008);
	CHECK(header(out, 3).p_type == PT_NULL);
}

/* Pages of zeros take no room, those that are holes in the guest and those that are not. */
static void holes(void)
{
	enum { PAGES = 4096 };
	_cleanup_close_ int fd = guest_file(PAGES * PAGE), out = guest_file(0);
	_cleanup_mem_ struct mem *m = guest_flat(fd, PAGES * PAGE, true), *back = NULL;
	static const uint8_t zeros[64 * PAGE];
	struct stat st;

	guest_put(fd, 0, zeros, sizeof(zeros));
	guest_put(fd, 512 * PAGE, zeros, sizeof(zeros));
	guest_put_u64(fd, 520 * PAGE + 8, 7);
	CHECK(!vmcore_write(out, m, &(struct vmcore_info){0}, &e));
	CHECK(!fstat(out, &st) && st.st_size > PAGES * PAGE && st.st_blocks * 512 <= 4 * PAGE);
	back = reopen(out);
	CHECK(same_bytes(m, back, 0, PAGES * PAGE));
	CHECK(header(out, 1).p_vaddr == 0);
}

struct pipe_reader {
	int fd;
	struct buf got;
};

static void *read_pipe(void *arg)
{
	struct pipe_reader *r = arg;
	struct err mine;

	guest_must(!io_read_all(r->fd, 64u << 20, "pipe", &r->got, &mine), "read");
	return NULL;
}

static void through_a_pipe(void)
{
	_cleanup_close_ int fd = guest_file(0x700000), out = guest_file(0);
	_cleanup_mem_ struct mem *m = odd_guest(fd);
	_cleanup_free_ char *whole = NULL;
	struct pipe_reader r = {0};
	pthread_t reader;
	struct stat st;
	int ends[2];

	guest_must(!pipe(ends), "pipe");
	r.fd = ends[0];
	guest_must(!pthread_create(&reader, NULL, read_pipe, &r), "thread");
	CHECK(!vmcore_write(ends[1], m, &(struct vmcore_info){0}, &e));
	close(ends[1]);
	pthread_join(reader, NULL);
	close(ends[0]);
	CHECK(!vmcore_write(out, m, &(struct vmcore_info){0}, &e) && !fstat(out, &st));
	whole = malloc((size_t)st.st_size);
	CHECK(pread(out, whole, (size_t)st.st_size, 0) == st.st_size);
	CHECK(r.got.len == (size_t)st.st_size && !memcmp(r.got.data, whole, r.got.len));
	buf_deinit(&r.got);
}

/* What is written to a file that is added to comes one after the other, too. */
static void at_the_end(void)
{
	_cleanup_close_ int fd = guest_file(0x700000), out = guest_file(0);
	_cleanup_mem_ struct mem *m = odd_guest(fd), *back = NULL;

	guest_must(!fcntl(out, F_SETFL, O_APPEND), "fcntl");
	CHECK(!vmcore_write(out, m, &(struct vmcore_info){0}, &e));
	back = reopen(out);
	CHECK(same_bytes(m, back, 0x1234, 0x502000));
}

/* ---- the image ---- */

static void image(void)
{
	_cleanup_close_ int fd = guest_file(64 * PAGE);
	_cleanup_mem_ struct mem *m = NULL;
	const struct mem_range r[] = {{.gpa = 4 * PAGE, .len = 30 * PAGE, .fd = fd},
				      {.gpa = 40 * PAGE, .len = 20 * PAGE, .fd = fd}};
	const struct {
		uint64_t base, phys, len, want; /* 0: no such segment */
	} cases[] = {
		{IMAGE, 8 * PAGE, 10 * PAGE, 10 * PAGE},
		{IMAGE, 42 * PAGE, 18 * PAGE, 18 * PAGE},
		{IMAGE, 42 * PAGE, UINT64_MAX, 18 * PAGE},
		{IMAGE, 8 * PAGE, 40 * PAGE, 26 * PAGE},
		{-(uint64_t)PAGE, 8 * PAGE, 10 * PAGE, PAGE},
		{IMAGE, 36 * PAGE, PAGE, 0},
		{IMAGE, 60 * PAGE, PAGE, 0},
		{IMAGE, 0, PAGE, 0},
		{IMAGE, UINT64_MAX, PAGE, 0},
		{IMAGE, 8 * PAGE, 0, 0},
	};

	CHECK(!mem_create(r, 2, true, &m, &e));
	guest_put_u64(fd, 4 * PAGE, 77);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct vmcore_info info = {.page_offset = OFFSET,
						 .image_base = cases[i].base,
						 .image_phys = cases[i].phys,
						 .image_len = cases[i].len};
		_cleanup_close_ int out = guest_file(0);
		_cleanup_mem_ struct mem *back = NULL;
		unsigned int first = cases[i].want ? 2 : 1;
		Elf64_Phdr ph;

		CHECK(!vmcore_write(out, m, &info, &e));
		back = reopen(out);
		CHECK(mem_size(back) == mem_size(m));
		CHECK(same_bytes(m, back, 4 * PAGE, 30 * PAGE));
		CHECK(header(out, first).p_paddr == 4 * PAGE);
		CHECK(header(out, first + 2).p_type == PT_NULL);
		if (!cases[i].want)
			continue;
		ph = header(out, 1);
		CHECK(ph.p_type == PT_LOAD && ph.p_vaddr == cases[i].base &&
		      ph.p_paddr == cases[i].phys && ph.p_filesz == cases[i].want);
		if (cases[i].phys == 8 * PAGE) /* nothing is there twice */
			CHECK(ph.p_offset == header(out, 2).p_offset + 4 * PAGE);
	}
}

/* ---- notes ---- */

static void notes(void)
{
	_cleanup_close_ int fd = guest_file(4 * PAGE), out = guest_file(0);
	_cleanup_mem_ struct mem *m = guest_flat(fd, 4 * PAGE, true), *back = NULL;
	struct vmcore_regs regs[3] = {{.rip = 1}, {.rip = 2, .pid = 127}, {.rip = 3, .rsp = 4}};
	const struct vmcore_info info = {
		.vmcoreinfo = "OSRELEASE=1\nX=22\n", .regs = regs, .n_regs = 3};
	uint8_t bytes[4096];
	struct elfnote note;
	struct cursor c;
	Elf64_Phdr ph;

	/* Each register has a value of its own. */
	for (size_t i = 0; i < 27; i++)
		((uint64_t *)&regs[1])[i] = 0x1000 + i;
	CHECK(!vmcore_write(out, m, &info, &e));
	ph = header(out, 0);
	CHECK(ph.p_type == PT_NOTE && ph.p_filesz <= sizeof(bytes));
	CHECK(pread(out, bytes, ph.p_filesz, (off_t)ph.p_offset) == (ssize_t)ph.p_filesz);
	c = cursor_over(bytes, ph.p_filesz);
	for (unsigned int i = 0; i < 3; i++) {
		struct user_regs_struct have;
		struct elf_prstatus status;

		CHECK(elfnote_next(&c, &note) && elfnote_is(&note, "CORE") &&
		      note.type == NT_PRSTATUS && note.len == sizeof(status));
		memcpy(&status, note.data, sizeof(status));
		memcpy(&have, &status.pr_reg, sizeof(have));
		CHECK(status.pr_pid == (i == 1 ? 127 : 0));
		CHECK(have.rip == regs[i].rip && have.rsp == regs[i].rsp);
		CHECK(have.r15 == regs[i].r15 && have.rdi == regs[i].rdi && have.gs == regs[i].gs &&
		      have.gs_base == regs[i].gs_base && have.eflags == regs[i].eflags &&
		      have.orig_rax == regs[i].orig_rax);
	}
	CHECK(elfnote_next(&c, &note) && elfnote_is(&note, "VMCOREINFO") && note.type == 0 &&
	      note.len == strlen(info.vmcoreinfo));
	CHECK(!elfnote_next(&c, &note) && !c.failed);
	back = reopen(out);
	CHECK_STR(mem_vmcoreinfo(back), info.vmcoreinfo);
}

/* ---- what goes wrong ---- */

static void errors(void)
{
	_cleanup_close_ int fd = guest_file(8 * PAGE), out = guest_file(0);
	_cleanup_close_ int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	_cleanup_close_ int read_only = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	_cleanup_mem_ struct mem *m = guest_flat(fd, 8 * PAGE, true);
	const struct vmcore_info info = {0}, many = {.n_regs = VMCORE_CPUS_MAX + 1};

	guest_put(fd, 0, "x", 1);
	guest_put(fd, 7 * PAGE, "x", 1);
	CHECK(vmcore_write(full, m, &info, &e) == -1 && e.code == ENOSPC);
	CHECK(strstr(e.text, "no space left") != NULL);
	CHECK(vmcore_write(read_only, m, &info, &e) == -1 && e.code == EBADF);
	CHECK(vmcore_write(out, m, &many, &e) == -1 && e.code == EINVAL);
	/* Gone, and no hole. */
	guest_must(!ftruncate(fd, 4 * PAGE), "ftruncate");
	CHECK(vmcore_write(out, m, &info, &e) == -1 && e.code == EIO);
}

/* More pieces than a reader would take. */
static void too_many_pieces(void)
{
	_cleanup_close_ int fd = guest_file(PAGE), out = guest_file(0);
	_cleanup_free_ struct mem_range *r = calloc(MEM_RANGES_MAX, sizeof(*r));
	const struct vmcore_info info = {.image_base = IMAGE, .image_len = 8};

	for (size_t i = 0; i < MEM_RANGES_MAX; i++)
		r[i] = (struct mem_range){.gpa = i * 64, .len = 32, .fd = fd};
	for (size_t n = MEM_RANGES_MAX - 1; n <= MEM_RANGES_MAX; n++) {
		_cleanup_mem_ struct mem *m = NULL, *back = NULL;

		CHECK(!mem_create(r, n, true, &m, &e));
		if (n == MEM_RANGES_MAX) {
			CHECK(vmcore_write(out, m, &info, &e) == -1 && e.code == EINVAL);
			continue;
		}
		CHECK(!vmcore_write(out, m, &info, &e));
		back = reopen(out);
		CHECK(mem_size(back) == mem_size(m));
	}
}

/* ---- what the kernel tells ---- */

static void kernel_of_the_core(void)
{
	_cleanup_guest_ struct guest g;
	struct vmcore_regs regs[3] = {0};
	struct vmcore_info info;
	struct kernel *k = NULL;
	uint64_t runqueues, task;
	int type;

	guest_init(&g, 2);
	type = btf__add_struct(g.btf, "task_struct", 64);
	btf__add_field(g.btf, "pid", GUEST_INT, 256, 0);
	type = btf__add_ptr(g.btf, type);
	btf__add_struct(g.btf, "rq", 16);
	btf__add_field(g.btf, "curr", type, 64, 0);
	runqueues = guest_var(&g, "runqueues", 16);
	guest_symbol(&g, "_text", GUEST_IMAGE + 0x1000);
	guest_symbol(&g, "_end", GUEST_IMAGE + 0x5000);
	guest_boot(&g);
	CHECK(!guest_attach(&g, &k, &e));
	task = guest_alloc(&g, 64);
	guest_set(&g, task + 32, 127, 4);
	/* One runs a task, the other is at a place where no memory is. */
	guest_set(&g, runqueues + k->percpu[0] + 8, task, 8);
	guest_set(&g, runqueues + k->percpu[1] + 8, 0xdead000000000000, 8);
	regs[1].pid = 5;
	coreinfo_tasks(k, regs, 3);
	CHECK(regs[0].pid == 127 && regs[2].pid == 0);
	coreinfo_init(&info, k);
	CHECK_STR(info.vmcoreinfo, k->vmcoreinfo.text);
	CHECK(info.page_offset == GUEST_PAGE_OFFSET && !info.regs && !info.n_regs);
	CHECK(info.image_base == GUEST_IMAGE + 0x1000 && info.image_len == 0x4000 &&
	      info.image_phys == GUEST_PHYS_BASE + 0x1000);
	kernel_detach(k);
}

/* ---- registers ---- */

static int parse(const char *text, struct vmcore_regs *ret)
{
	json_t *answer = json_loads(text, 0, NULL);
	int r = vm_regs_parse(answer, ret, &e);

	json_decref(answer);
	return r;
}

static void registers(void)
{
	const struct {
		const char *text, *want;
	} bad[] = {
		{"{}", "without 'rsp'"},
		{"[]", "without 'rsp'"},
		{"{\"rsp\": \"0x1\"}", "without 'rip'"},
		{"{\"rsp\": \"0x1\", \"rip\": 5}", "'rip': is not a string"},
		{"{\"rsp\": \"0x1\", \"rip\": \"10\"}", "'rip': is not a string with a hex"},
		{"{\"rsp\": \"0x1\", \"rip\": \"0xg\"}", "'rip': '0xg' is not a number"},
		{"{\"rsp\": \"0x1\", \"rip\": \"0x11112222333344445\"}", "'rip': '0x1111"},
		{"{\"rsp\": \"0x1\", \"rip\": \"0x2\", \"gs\": null}", "'gs': is not a string"},
	};
	struct vmcore_regs r;

	CHECK(!parse("{\"ok\": true, \"rip\": \"0xffffffff81000000\", \"rsp\": \"0x10\", "
		     "\"rflags\": \"0x246\", \"cs\": \"0x11\", \"fs\": \"0x12\", "
		     "\"gs_base\": \"0xffff888000000000\", \"r15\": \"0xf\", \"rax\": \"0x0\", "
		     "\"cr3\": \"0x1000\", \"halted\": false}",
		     &r));
	CHECK(r.rip == 0xffffffff81000000 && r.rsp == 0x10 && r.eflags == 0x246 && r.cs == 0x11 &&
	      r.fs == 0x12 && r.gs_base == 0xffff888000000000 && r.r15 == 15);
	CHECK(!r.rax && !r.rbx && !r.pid && r.orig_rax == UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK(parse(bad[i].text, &r) == -1 && e.code == EPROTO);
		if (!strstr(e.text, bad[i].want)) {
			printf("# case %zu: '%s' has no '%s'\n", i, e.text, bad[i].want);
			CHECK(0);
		}
	}
}

int main(void)
{
	RUN(same_memory);
	RUN(holes);
	RUN(through_a_pipe);
	RUN(at_the_end);
	RUN(image);
	RUN(notes);
	RUN(errors);
	RUN(too_many_pieces);
	RUN(kernel_of_the_core);
	RUN(registers);
	return TEST_END();
}
