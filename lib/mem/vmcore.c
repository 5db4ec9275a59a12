/* SPDX-License-Identifier: GPL-2.0-only */
#include "mem/vmcore.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"

#define PAGE 4096u
#define CHUNK (1u << 20)

/* A stretch of memory and where it is in the file. */
struct piece {
	uint64_t gpa, len, offset;
};

/* The file. One that can have holes is written by offset, another from begin to end. */
struct out {
	int fd;
	bool holes;
	uint64_t at; /* bytes that were written, without holes */
};

struct vmcore {
	const struct mem *mem;
	const struct vmcore_info *info;
	struct piece *pieces; /* by address; none touches the next */
	size_t n_pieces;
	uint64_t end;	 /* of the file */
	struct buf head; /* all before the first piece */
	struct out out;
	uint8_t *chunk;
};

static void vmcore_deinit(struct vmcore *v)
{
	free(v->pieces);
	free(v->chunk);
	buf_deinit(&v->head);
}

static int no_room(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory");
}

static uint64_t page_up(uint64_t n)
{
	return (n + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

/* ---- what goes where ---- */

static int take_pieces(struct vmcore *v, struct err *e)
{
	struct piece p = {0}, *last;

	v->pieces = calloc(MEM_RANGES_MAX, sizeof(*v->pieces));
	if (!v->pieces)
		return no_room(e);
	while (mem_next(v->mem, p.gpa + p.len, &p.gpa, &p.len)) {
		last = v->n_pieces ? &v->pieces[v->n_pieces - 1] : NULL;
		if (last && last->gpa + last->len == p.gpa) {
			last->len += p.len;
			continue;
		}
		/* One less than a reader takes, for the image. */
		if (v->n_pieces == MEM_RANGES_MAX - 1)
			return err_set(e, EINVAL, "memory in more than %u pieces",
				       MEM_RANGES_MAX - 1);
		v->pieces[v->n_pieces++] = p;
	}
	return 0;
}

/* Offset and address agree within a page, as whoever maps the file wants it. */
static int lay_out(struct vmcore *v, uint64_t head_len, struct err *e)
{
	uint64_t at = head_len;

	for (size_t i = 0; i < v->n_pieces; i++) {
		struct piece *p = &v->pieces[i];

		p->offset = page_up(at) + p->gpa % PAGE;
		at = p->offset + p->len;
		if (p->len > INT64_MAX || at > INT64_MAX)
			return err_set(e, EFBIG, "more memory than a file can have");
	}
	v->end = at;
	return 0;
}

/* ---- headers ---- */

static Elf64_Phdr load_of(const struct piece *p, uint64_t vaddr)
{
	return (Elf64_Phdr){.p_type = PT_LOAD,
			    .p_flags = PF_R | PF_W | PF_X,
			    .p_offset = p->offset,
			    .p_vaddr = vaddr,
			    .p_paddr = p->gpa,
			    .p_filesz = p->len,
			    .p_memsz = p->len,
			    .p_align = PAGE};
}

/* The part of the image that is in one piece, where its begin is. The guest said where that is. */
static bool image_piece(const struct vmcore *v, struct piece *ret)
{
	const struct vmcore_info *info = v->info;
	uint64_t len = info->image_len;

	if (len > -info->image_base && info->image_base)
		len = -info->image_base;
	for (size_t i = 0; i < v->n_pieces && len; i++) {
		const struct piece *p = &v->pieces[i];
		uint64_t into = info->image_phys - p->gpa;

		if (info->image_phys < p->gpa || into >= p->len)
			continue;
		*ret = (struct piece){.gpa = info->image_phys,
				      .len = len < p->len - into ? len : p->len - into,
				      .offset = p->offset + into};
		return true;
	}
	return false;
}

static int add_note(struct buf *b, const char *name, uint32_t type, const void *data, size_t len)
{
	static const char pad[4];
	size_t name_len = strlen(name) + 1;
	Elf64_Nhdr h = {.n_namesz = (uint32_t)name_len, .n_descsz = (uint32_t)len, .n_type = type};

	return buf_add(b, &h, sizeof(h)) || buf_add(b, name, name_len) ||
			       buf_add(b, pad, -name_len & 3) || buf_add(b, data, len) ||
			       buf_add(b, pad, -len & 3)
		       ? -1
		       : 0;
}

static int add_regs(struct buf *b, const struct vmcore_regs *r)
{
	struct elf_prstatus status = {.pr_pid = (pid_t)r->pid, .pr_fpvalid = 0};
	const struct user_regs_struct regs = {
		.r15 = r->r15,
		.r14 = r->r14,
		.r13 = r->r13,
		.r12 = r->r12,
		.rbp = r->rbp,
		.rbx = r->rbx,
		.r11 = r->r11,
		.r10 = r->r10,
		.r9 = r->r9,
		.r8 = r->r8,
		.rax = r->rax,
		.rcx = r->rcx,
		.rdx = r->rdx,
		.rsi = r->rsi,
		.rdi = r->rdi,
		.orig_rax = r->orig_rax,
		.rip = r->rip,
		.cs = r->cs,
		.eflags = r->eflags,
		.rsp = r->rsp,
		.ss = r->ss,
		.fs_base = r->fs_base,
		.gs_base = r->gs_base,
		.ds = r->ds,
		.es = r->es,
		.fs = r->fs,
		.gs = r->gs,
	};

	_Static_assert(sizeof(status.pr_reg) == sizeof(regs), "the registers of a core's note");
	memcpy(&status.pr_reg, &regs, sizeof(regs));
	return add_note(b, "CORE", NT_PRSTATUS, &status, sizeof(status));
}

static int make_notes(const struct vmcore_info *info, struct buf *ret, struct err *e)
{
	for (size_t i = 0; i < info->n_regs; i++)
		if (add_regs(ret, &info->regs[i]))
			return no_room(e);
	if (info->vmcoreinfo &&
	    add_note(ret, "VMCOREINFO", 0, info->vmcoreinfo, strlen(info->vmcoreinfo)))
		return no_room(e);
	return 0;
}

static int add_headers(struct vmcore *v, uint64_t notes_len, uint16_t n_headers)
{
	struct piece image;
	Elf64_Ehdr eh = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(eh),
		.e_ehsize = sizeof(eh),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = n_headers,
	};
	Elf64_Phdr notes = {.p_type = PT_NOTE,
			    .p_offset = sizeof(eh) + n_headers * sizeof(Elf64_Phdr),
			    .p_filesz = notes_len,
			    .p_memsz = notes_len,
			    .p_align = 4};
	uint64_t base = v->info->page_offset;

	if (buf_add(&v->head, &eh, sizeof(eh)) || buf_add(&v->head, &notes, sizeof(notes)))
		return -1;
	if (image_piece(v, &image)) {
		Elf64_Phdr ph = load_of(&image, v->info->image_base);

		if (buf_add(&v->head, &ph, sizeof(ph)))
			return -1;
	}
	for (size_t i = 0; i < v->n_pieces; i++) {
		Elf64_Phdr ph = load_of(&v->pieces[i], base ? base + v->pieces[i].gpa : 0);

		if (buf_add(&v->head, &ph, sizeof(ph)))
			return -1;
	}
	return 0;
}

static int make_head(struct vmcore *v, struct err *e)
{
	_cleanup_buf_ struct buf notes = {0};
	struct piece image;
	size_t n = 1 + v->n_pieces + image_piece(v, &image);
	uint64_t len;

	if (v->info->n_regs > VMCORE_CPUS_MAX)
		return err_set(e, EINVAL, "%zu CPUs, at most %u are allowed", v->info->n_regs,
			       VMCORE_CPUS_MAX);
	if (make_notes(v->info, &notes, e))
		return -1;
	len = sizeof(Elf64_Ehdr) + n * sizeof(Elf64_Phdr) + notes.len;
	if (lay_out(v, len, e))
		return -1;
	if (add_headers(v, notes.len, (uint16_t)n) || buf_add(&v->head, notes.data, notes.len))
		return no_room(e);
	return 0;
}

/* ---- writing ---- */

static int write_failed(struct err *e)
{
	return err_sys(e, "cannot write the core");
}

/* @data at @offset; without holes what lies before it becomes zeros. */
static int out_put(struct out *o, uint64_t offset, const uint8_t *data, size_t len, struct err *e)
{
	static const uint8_t zeros[65536];

	while (!o->holes && o->at < offset) {
		uint64_t gap = offset - o->at;
		size_t n = gap < sizeof(zeros) ? (size_t)gap : sizeof(zeros);

		if (io_write_all(o->fd, zeros, n, "the core", e))
			return -1;
		o->at += n;
	}
	if (!o->holes) {
		o->at += len;
		return io_write_all(o->fd, data, len, "the core", e);
	}
	while (len) {
		ssize_t n = pwrite(o->fd, data, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return write_failed(e);
		data += n;
		offset += (size_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static bool is_zero(const uint8_t *data, size_t len)
{
	return !data[0] && !memcmp(data, data + 1, len - 1);
}

/* Length of the first run of @data, whose pages begin where @gpa is in one: all zeros or not. */
static size_t run_of(const uint8_t *data, size_t len, uint64_t gpa, bool *ret_zero)
{
	size_t at = 0;

	while (at < len) {
		size_t n = PAGE - (size_t)((gpa + at) % PAGE);
		bool zero;

		if (n > len - at)
			n = len - at;
		zero = is_zero(data + at, n);
		if (at && zero != *ret_zero)
			break;
		*ret_zero = zero;
		at += n;
	}
	return at;
}

static int write_chunk(struct vmcore *v, uint64_t gpa, uint64_t offset, size_t len, struct err *e)
{
	size_t n;

	if (mem_read(v->mem, gpa, v->chunk, len, e))
		return -1;
	if (!v->out.holes)
		return out_put(&v->out, offset, v->chunk, len, e);
	for (size_t at = 0; at < len; at += n) {
		bool zero = false;

		n = run_of(v->chunk + at, len - at, gpa + at, &zero);
		if (!zero && out_put(&v->out, offset + at, v->chunk + at, n, e))
			return -1;
	}
	return 0;
}

/* The rest of the file is zeros. */
static int out_end(struct out *o, uint64_t end, struct err *e)
{
	if (!o->holes)
		return out_put(o, end, NULL, 0, e);
	return ftruncate(o->fd, (off_t)end) ? write_failed(e) : 0;
}

/* [@gpa, @gpa + @len) of @p. */
static int write_data(struct vmcore *v, const struct piece *p, uint64_t gpa, uint64_t len,
		      struct err *e)
{
	while (len) {
		/* Up to an address that divides by it, so that pages stay whole. */
		uint64_t n = CHUNK - gpa % CHUNK;

		n = n < len ? n : len;
		if (write_chunk(v, gpa, p->offset + (gpa - p->gpa), (size_t)n, e))
			return -1;
		gpa += n;
		len -= n;
	}
	return 0;
}

static int write_piece(struct vmcore *v, const struct piece *p, struct err *e)
{
	uint64_t end = p->gpa + p->len, gpa, len;
	uint8_t last;

	for (uint64_t from = p->gpa; mem_next_data(v->mem, from, &gpa, &len); from = gpa + len) {
		if (gpa >= end)
			break;
		len = len < end - gpa ? len : end - gpa;
		if (write_data(v, p, gpa, len, e))
			return -1;
	}
	/* What a file that got shorter no longer has would pass for a hole. */
	return mem_read(v->mem, end - 1, &last, sizeof(last), e);
}

/* Whether what is not written to @fd reads as zeros. */
static bool takes_holes(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	return !fstat(fd, &st) && S_ISREG(st.st_mode) && flags >= 0 && !(flags & O_APPEND) &&
	       lseek(fd, 0, SEEK_CUR) == 0;
}

int vmcore_write(int fd, const struct mem *m, const struct vmcore_info *info, struct err *e)
{
	_cleanup_(vmcore_deinit) struct vmcore v = {.mem = m, .info = info, .out = {.fd = fd}};

	v.out.holes = takes_holes(fd);
	v.chunk = malloc(CHUNK);
	if (!v.chunk)
		return no_room(e);
	if (take_pieces(&v, e) || make_head(&v, e) ||
	    out_put(&v.out, 0, (const uint8_t *)v.head.data, v.head.len, e))
		return -1;
	for (size_t i = 0; i < v.n_pieces; i++)
		if (write_piece(&v, &v.pieces[i], e))
			return -1;
	return out_end(&v.out, v.end, e);
}
