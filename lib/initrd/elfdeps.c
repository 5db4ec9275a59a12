/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/elfdeps.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Program headers of one file; real ones have about a dozen. */
#define SEGMENTS_MAX 1024u

struct input {
	Elf *elf;
	const char *what;
	uint64_t size; /* of the file */
	size_t segments;
	GElf_Phdr dynamic; /* p_filesz 0: there is none */
	GElf_Phdr interp;  /* as dynamic */
};

/* What the dynamic segment says, before the strings are looked up. */
struct dynamic {
	uint64_t strtab, strsz;
	uint64_t needed[ELFDEPS_NEEDED_MAX];
	size_t needed_count;
	uint64_t soname, rpath, runpath;
	bool has_strtab, has_soname, has_rpath, has_runpath;
	bool nodeflib;
};

static int damaged(const struct input *in, const char *why, struct err *e)
{
	return err_set(e, EPROTO, "'%s' is a truncated or damaged ELF file: %s", in->what, why);
}

static void end_elf(Elf **elf)
{
	if (*elf)
		elf_end(*elf);
}

void elfdeps_deinit(struct elfdeps *d)
{
	free(d->interp);
	free(d->soname);
	free(d->rpath);
	free(d->runpath);
	names_deinit(&d->needed);
	*d = (struct elfdeps){0};
}

bool elfdeps_fit(const struct elfdeps *a, const struct elfdeps *b)
{
	return a->class == b->class && a->encoding == b->encoding && a->machine == b->machine;
}

/* ---- headers ---- */

static int read_header(struct input *in, struct elfdeps *d, struct err *e)
{
	GElf_Ehdr header;
	size_t count;

	if (elf_kind(in->elf) != ELF_K_ELF)
		return err_set(e, ENOEXEC, "'%s' is not an ELF file", in->what);
	if (!gelf_getehdr(in->elf, &header))
		return damaged(in, "no whole header", e);
	if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
		return err_set(e, ENOEXEC, "'%s' is an ELF file but neither program nor library",
			       in->what);
	d->class = header.e_ident[EI_CLASS];
	d->encoding = header.e_ident[EI_DATA];
	d->machine = header.e_machine;
	if (header.e_phnum > SEGMENTS_MAX)
		return damaged(in, "too many program headers", e);
	/* libelf takes a table that is cut for a shorter one. */
	if (header.e_phoff > in->size ||
	    in->size - header.e_phoff <
		    header.e_phnum * gelf_fsize(in->elf, ELF_T_PHDR, 1, EV_CURRENT) ||
	    elf_getphdrnum(in->elf, &count) || count != header.e_phnum)
		return damaged(in, "program headers are not within the file", e);
	in->segments = count;
	return 0;
}

static int read_segments(struct input *in, struct err *e)
{
	for (size_t i = 0; i < in->segments; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(in->elf, (int)i, &p))
			return damaged(in, "program headers are not within the file", e);
		if (p.p_type == PT_DYNAMIC)
			in->dynamic = p;
		else if (p.p_type == PT_INTERP)
			in->interp = p;
	}
	return 0;
}

/* The file offset of what is loaded at @address. */
static int offset_of(const struct input *in, uint64_t address, uint64_t *ret, struct err *e)
{
	for (size_t i = 0; i < in->segments; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(in->elf, (int)i, &p))
			break;
		if (p.p_type != PT_LOAD || address < p.p_vaddr || address - p.p_vaddr >= p.p_filesz)
			continue;
		if (__builtin_add_overflow(p.p_offset, address - p.p_vaddr, ret))
			break;
		return 0;
	}
	return damaged(in, "its string table is not loaded from the file", e);
}

/* Bytes of the file, owned by in->elf. */
static const Elf_Data *chunk(const struct input *in, uint64_t offset, uint64_t len, Elf_Type type)
{
	if (offset > INT64_MAX)
		return NULL;
	return elf_getdata_rawchunk(in->elf, (int64_t)offset, (size_t)len, type);
}

static int read_interp(const struct input *in, struct elfdeps *d, struct err *e)
{
	const Elf_Data *data;

	if (!in->interp.p_filesz)
		return 0;
	if (in->interp.p_filesz > ELFDEPS_STRING_MAX)
		return damaged(in, "the interpreter's name is too long", e);
	data = chunk(in, in->interp.p_offset, in->interp.p_filesz, ELF_T_BYTE);
	if (!data || !memchr(data->d_buf, 0, data->d_size))
		return damaged(in, "the interpreter's name is not within the file", e);
	if (((const char *)data->d_buf)[0] != '/')
		return damaged(in, "the interpreter's name is not an absolute path", e);
	d->interp = strdup(data->d_buf);
	return d->interp ? 0 : err_set(e, ENOMEM, "out of memory");
}

/* ---- the dynamic segment ---- */

static int note_entry(const struct input *in, struct dynamic *dyn, const GElf_Dyn *entry,
		      struct err *e)
{
	switch (entry->d_tag) {
	case DT_NEEDED:
		if (dyn->needed_count >= ELFDEPS_NEEDED_MAX)
			return damaged(in, "it needs too many libraries", e);
		dyn->needed[dyn->needed_count++] = entry->d_un.d_val;
		break;
	case DT_STRTAB:
		dyn->strtab = entry->d_un.d_ptr;
		dyn->has_strtab = true;
		break;
	case DT_STRSZ:
		dyn->strsz = entry->d_un.d_val;
		break;
	case DT_SONAME:
		dyn->soname = entry->d_un.d_val;
		dyn->has_soname = true;
		break;
	case DT_RPATH:
		dyn->rpath = entry->d_un.d_val;
		dyn->has_rpath = true;
		break;
	case DT_RUNPATH:
		dyn->runpath = entry->d_un.d_val;
		dyn->has_runpath = true;
		break;
	case DT_FLAGS_1:
		dyn->nodeflib = entry->d_un.d_val & DF_1_NODEFLIB;
		break;
	default:
		break;
	}
	return 0;
}

static int read_entries(const struct input *in, struct dynamic *dyn, struct err *e)
{
	size_t entry_len = gelf_fsize(in->elf, ELF_T_DYN, 1, EV_CURRENT);
	uint64_t len = in->dynamic.p_filesz;
	Elf_Data *data;

	if (!entry_len || len > ELFDEPS_DYNAMIC_MAX)
		return damaged(in, "its dynamic segment is too large", e);
	len -= len % entry_len;
	data = (Elf_Data *)chunk(in, in->dynamic.p_offset, len, ELF_T_DYN);
	if (!data)
		return damaged(in, "its dynamic segment is not within the file", e);
	for (size_t i = 0; i < len / entry_len; i++) {
		GElf_Dyn entry;

		if (!gelf_getdyn(data, (int)i, &entry))
			return damaged(in, "its dynamic segment cannot be read", e);
		if (entry.d_tag == DT_NULL)
			break;
		if (note_entry(in, dyn, &entry, e))
			return -1;
	}
	return 0;
}

/* The string at @at of the string table; NULL when there is no whole one. */
static const char *string_at(const Elf_Data *strings, uint64_t at)
{
	const char *text;
	size_t left;

	if (at >= strings->d_size)
		return NULL;
	text = (const char *)strings->d_buf + at;
	left = strings->d_size - (size_t)at;
	return memchr(text, 0, left < ELFDEPS_STRING_MAX ? left : ELFDEPS_STRING_MAX) ? text : NULL;
}

static int copy_string(const struct input *in, const Elf_Data *strings, bool has, uint64_t at,
		       char **ret, struct err *e)
{
	const char *text;

	if (!has)
		return 0;
	text = string_at(strings, at);
	if (!text)
		return damaged(in, "a name is not within its string table", e);
	*ret = strdup(text);
	return *ret ? 0 : err_set(e, ENOMEM, "out of memory");
}

static int copy_needed(const struct input *in, const Elf_Data *strings, const struct dynamic *dyn,
		       struct elfdeps *d, struct err *e)
{
	for (size_t i = 0; i < dyn->needed_count; i++) {
		const char *text = string_at(strings, dyn->needed[i]);

		if (!text || !*text)
			return damaged(in, "a library's name is not within its string table", e);
		if (names_add(&d->needed, text, e))
			return -1;
	}
	return 0;
}

static int read_strings(const struct input *in, const struct dynamic *dyn, struct elfdeps *d,
			struct err *e)
{
	const Elf_Data *strings;
	uint64_t offset = 0;

	if (!dyn->needed_count && !dyn->has_soname && !dyn->has_rpath && !dyn->has_runpath)
		return 0;
	if (!dyn->has_strtab || !dyn->strsz || dyn->strsz > ELFDEPS_STRINGS_MAX)
		return damaged(in, "its dynamic segment has no usable string table", e);
	if (offset_of(in, dyn->strtab, &offset, e))
		return -1;
	strings = chunk(in, offset, dyn->strsz, ELF_T_BYTE);
	if (!strings)
		return damaged(in, "its string table is not within the file", e);
	if (copy_string(in, strings, dyn->has_soname, dyn->soname, &d->soname, e) ||
	    copy_string(in, strings, dyn->has_rpath, dyn->rpath, &d->rpath, e) ||
	    copy_string(in, strings, dyn->has_runpath, dyn->runpath, &d->runpath, e))
		return -1;
	return copy_needed(in, strings, dyn, d, e);
}

static int read_dynamic(const struct input *in, struct elfdeps *d, struct err *e)
{
	_cleanup_free_ struct dynamic *dyn = calloc(1, sizeof(*dyn));

	if (!dyn)
		return err_set(e, ENOMEM, "out of memory");
	if (!in->dynamic.p_filesz)
		return 0;
	if (read_entries(in, dyn, e) || read_strings(in, dyn, d, e))
		return -1;
	d->nodeflib = dyn->nodeflib;
	return 0;
}

static int read_all(struct input *in, struct elfdeps *ret, struct err *e)
{
	_cleanup_elfdeps_ struct elfdeps d = {0};

	if (read_header(in, &d, e) || read_segments(in, e) || read_interp(in, &d, e) ||
	    read_dynamic(in, &d, e))
		return -1;
	*ret = d;
	d = (struct elfdeps){0};
	return 0;
}

/* ---- the calls ---- */

static int no_elf(const char *what, struct err *e)
{
	return err_set(e, ENOEXEC, "'%s' is not an ELF file", what);
}

int elfdeps_read(int fd, const char *what, struct elfdeps *ret, struct err *e)
{
	_cleanup_(end_elf) Elf *elf = NULL;
	struct input in = {.what = what};
	struct stat st;

	*ret = (struct elfdeps){0};
	if (fstat(fd, &st))
		return err_sys(e, "cannot look at '%s'", what);
	in.size = (uint64_t)st.st_size;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	in.elf = elf;
	return elf ? read_all(&in, ret, e) : no_elf(what, e);
}

int elfdeps_parse(const void *data, size_t len, const char *what, struct elfdeps *ret,
		  struct err *e)
{
	_cleanup_(end_elf) Elf *elf = NULL;
	struct input in = {.what = what, .size = len};

	*ret = (struct elfdeps){0};
	elf_version(EV_CURRENT);
	/* libelf does not write to an image that it only reads. */
	elf = elf_memory((char *)data, len);
	in.elf = elf;
	return elf ? read_all(&in, ret, e) : no_elf(what, e);
}
