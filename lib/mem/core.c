/* SPDX-License-Identifier: GPL-2.0-only */
#include "mem/source.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/elfnote.h"

#define PHDRS_MAX 65536u
#define NOTES_MAX (32u << 20) /* bytes; a dump has the registers of each CPU there */
#define NOTE_NAME "VMCOREINFO"

static void elf_endp(Elf **elf)
{
	if (*elf)
		elf_end(*elf);
}

/* What was taken out of a core so far. */
struct core {
	struct mem_range *ranges;
	size_t n;
	char *vmcoreinfo;
	uint64_t notes; /* bytes that were looked through */
};

static void core_deinit(struct core *c)
{
	free(c->ranges);
	free(c->vmcoreinfo);
}

static int elf_failed(const char *what, struct err *e)
{
	return err_set(e, EPROTO, "%s: %s", what, elf_errmsg(-1));
}

/* ---- notes ---- */

/* The text of the VMCOREINFO note among @notes, or NULL. Notes that run off the end are left. */
static const char *note_find(struct cursor notes, size_t *ret_len)
{
	struct elfnote note;

	while (elfnote_next(&notes, &note)) {
		if (elfnote_is(&note, NOTE_NAME)) {
			*ret_len = note.len;
			return note.data;
		}
	}
	return NULL;
}

static int take_notes(struct core *core, int fd, const GElf_Phdr *ph, struct err *e)
{
	_cleanup_free_ uint8_t *notes = NULL;
	const char *text;
	size_t len;
	ssize_t got;

	if (core->vmcoreinfo || !ph->p_filesz)
		return 0;
	/* In all: there may be many headers, of the same bytes. */
	if (ph->p_filesz > NOTES_MAX - core->notes)
		return err_set(e, EPROTO, "notes of more than 0x%x bytes, at 0x%" PRIx64, NOTES_MAX,
			       (uint64_t)ph->p_offset);
	core->notes += ph->p_filesz;
	notes = malloc(ph->p_filesz);
	if (!notes)
		return err_set(e, ENOMEM, "out of memory");
	got = pread(fd, notes, ph->p_filesz, (off_t)ph->p_offset);
	if (got < 0)
		return err_sys(e, "cannot read notes");
	text = note_find(cursor_over(notes, (size_t)got), &len);
	if (!text)
		return 0;
	core->vmcoreinfo = strndup(text, len);
	return core->vmcoreinfo ? 0 : err_set(e, ENOMEM, "out of memory");
}

/* ---- pieces of memory ---- */

/*
 * One with no physical address (all ones, in a core made from /proc/kcore) is of no use, and what
 * the file does not have (p_memsz beyond p_filesz) is not there.
 */
static int take_load(struct core *core, int fd, const GElf_Phdr *ph, struct err *e)
{
	if (!ph->p_filesz || ph->p_paddr == UINT64_MAX)
		return 0;
	if (core->n == MEM_RANGES_MAX)
		return err_set(e, EPROTO, "more than %u pieces of memory", MEM_RANGES_MAX);
	core->ranges[core->n++] = (struct mem_range){
		.gpa = ph->p_paddr, .len = ph->p_filesz, .offset = ph->p_offset, .fd = fd};
	return 0;
}

static int range_by_gpa(const void *a, const void *b)
{
	const struct mem_range *x = a, *y = b;

	return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

/*
 * The kernel's image is in the core of a crashed kernel twice (as the image and as plain memory),
 * and with virtual addresses any page may be: cut so that each is there once.
 */
static void cut_overlaps(struct core *core)
{
	uint64_t end = 0;
	size_t n = 0;

	qsort(core->ranges, core->n, sizeof(*core->ranges), range_by_gpa);
	for (size_t i = 0; i < core->n; i++) {
		struct mem_range r = core->ranges[i];
		uint64_t cut = r.gpa < end ? end - r.gpa : 0;

		if (cut >= r.len)
			continue;
		r.gpa += cut;
		r.offset += cut;
		r.len -= cut;
		/* mem_create refuses what passes the end of the address space, and says so */
		end = r.gpa > UINT64_MAX - r.len ? UINT64_MAX : r.gpa + r.len;
		core->ranges[n++] = r;
	}
	core->n = n;
}

/* ---- the file ---- */

static int check_header(Elf *elf, struct err *e)
{
	GElf_Ehdr eh;

	if (!gelf_getehdr(elf, &eh))
		return elf_failed("not a valid ELF file", e);
	if (eh.e_type != ET_CORE)
		return err_set(e, EPROTO, "an ELF file, but not a core");
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh.e_machine != EM_X86_64)
		return err_set(e, EPROTO, "an ELF core, but not of a 64-bit x86 machine");
	return 0;
}

static int take_segments(struct core *core, Elf *elf, int fd, struct err *e)
{
	size_t n;

	if (elf_getphdrnum(elf, &n))
		return elf_failed("bad program headers", e);
	if (n > PHDRS_MAX)
		return err_set(e, EPROTO, "%zu program headers, at most %u are allowed", n,
			       PHDRS_MAX);
	core->ranges = calloc(n < MEM_RANGES_MAX ? n + 1 : MEM_RANGES_MAX, sizeof(*core->ranges));
	if (!core->ranges)
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph))
			return elf_failed("bad program header", e);
		if (ph.p_type == PT_LOAD && take_load(core, fd, &ph, e))
			return -1;
		if (ph.p_type == PT_NOTE && take_notes(core, fd, &ph, e))
			return -1;
	}
	if (!core->n)
		return err_set(e, EPROTO, "an ELF core without memory");
	cut_overlaps(core);
	return 0;
}

int core_ranges(int fd, struct mem_range **ret_ranges, size_t *ret_n, char **ret_vmcoreinfo,
		struct err *e)
{
	_cleanup_(core_deinit) struct core core = {0};
	_cleanup_(elf_endp) Elf *elf = NULL;

	*ret_ranges = NULL;
	*ret_n = 0;
	*ret_vmcoreinfo = NULL;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return elf_failed("libelf", e);
	/* Read, not mapped: the file may get shorter. */
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		return elf_failed("not a valid ELF file", e);
	if (check_header(elf, e) || take_segments(&core, elf, fd, e))
		return -1;
	*ret_ranges = steal_ptr(&core.ranges);
	*ret_n = core.n;
	*ret_vmcoreinfo = steal_ptr(&core.vmcoreinfo);
	return 0;
}
