/* SPDX-License-Identifier: GPL-2.0-only */
#include "kimage/vmlinux.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/cursor.h"
#include "base/elfnote.h"

#define BTF_MAGIC 0xeb9fu
#define BTF_HEADER_LEN 24
#define NOTE_PVH_ENTRY 18 /* XEN_ELFNOTE_PHYS32_ENTRY, under the name "Xen" */
#define BANNER "Linux version "

/* A range of the file that some header named. */
struct range {
	uint64_t off;
	uint64_t len;
};

static bool range_fits(const struct vmlinux *v, struct range r)
{
	return r.off <= v->len && r.len <= v->len - r.off;
}

/* Sections without bytes in the file may name any offset, so each use checks again. */
static struct cursor range_cursor(const struct vmlinux *v, struct range r)
{
	if (!range_fits(v, r))
		return cursor_over(v->data, 0);
	return cursor_over(v->data + r.off, (size_t)r.len);
}

struct section {
	uint32_t name; /* offset in the names */
	uint32_t type;
	struct range range;
};

static struct section section_get(const struct vmlinux *v, uint32_t i)
{
	struct cursor c = cursor_over(v->data, v->len);
	struct section s;

	cursor_seek(&c, v->sections_off + (uint64_t)i * sizeof(Elf64_Shdr));
	s.name = cursor_u32(&c);
	s.type = cursor_u32(&c);
	cursor_bytes(&c, 16); /* flags, address */
	s.range.off = cursor_u64(&c);
	s.range.len = s.type == SHT_NOBITS ? 0 : cursor_u64(&c);
	return s;
}

struct segment {
	uint32_t type;
	struct range range;
};

static struct segment segment_get(const struct vmlinux *v, uint32_t i)
{
	struct cursor c = cursor_over(v->data, v->len);
	struct segment s;

	cursor_seek(&c, v->segments_off + (uint64_t)i * sizeof(Elf64_Phdr));
	s.type = cursor_u32(&c);
	cursor_u32(&c); /* flags */
	s.range.off = cursor_u64(&c);
	cursor_bytes(&c, 16); /* addresses */
	s.range.len = cursor_u64(&c);
	return s;
}

static int truncated(const struct vmlinux *v, const char *what, uint32_t i, struct range r,
		     struct err *e)
{
	return err_set(e, EPROTO,
		       "the ELF file is truncated: %s %u is %#llx bytes at %#llx, the file has "
		       "%#zx",
		       what, i, (unsigned long long)r.len, (unsigned long long)r.off, v->len);
}

/* All that the headers promise lies in the file. */
static int check_extents(const struct vmlinux *v, struct err *e)
{
	struct range heads[] = {
		{v->segments_off, (uint64_t)v->segments * sizeof(Elf64_Phdr)},
		{v->sections_off, (uint64_t)v->sections * sizeof(Elf64_Shdr)},
	};

	for (uint32_t i = 0; i < 2; i++)
		if (heads[i].len && !range_fits(v, heads[i]))
			return truncated(v, "header table", i, heads[i], e);
	for (uint32_t i = 0; i < v->segments; i++) {
		struct segment s = segment_get(v, i);

		if (s.range.len && !range_fits(v, s.range))
			return truncated(v, "segment", i, s.range, e);
	}
	for (uint32_t i = 0; i < v->sections; i++) {
		struct section s = section_get(v, i);

		if (s.range.len && s.type != SHT_NULL && !range_fits(v, s.range))
			return truncated(v, "section", i, s.range, e);
	}
	return 0;
}

/* Read the ELF header behind its first 16 bytes. */
static int read_header(struct vmlinux *v, struct err *e)
{
	struct cursor c = cursor_over(v->data, v->len);
	uint16_t machine, segment_size, section_size;

	cursor_bytes(&c, EI_NIDENT);
	cursor_u16(&c); /* type */
	machine = cursor_u16(&c);
	cursor_bytes(&c, 12); /* version, entry */
	v->segments_off = cursor_u64(&c);
	v->sections_off = cursor_u64(&c);
	cursor_bytes(&c, 6); /* flags, size of this header */
	segment_size = cursor_u16(&c);
	v->segments = cursor_u16(&c);
	section_size = cursor_u16(&c);
	v->sections = cursor_u16(&c);
	v->names = cursor_u16(&c);
	if (c.failed)
		return err_set(e, EPROTO, "the ELF file is truncated in its header (%zu bytes)",
			       v->len);
	if (machine != EM_X86_64)
		return err_set(e, EPROTO, "the ELF file is not for x86-64 (machine %u)", machine);
	if (v->segments > VMLINUX_SEGMENTS_MAX ||
	    (v->segments && segment_size != sizeof(Elf64_Phdr)) ||
	    (v->sections && section_size != sizeof(Elf64_Shdr)))
		return err_set(e, EPROTO, "the ELF file's header is damaged");
	if (v->sections && v->names >= v->sections)
		return err_set(e, EPROTO, "the ELF file's section names are in section %u of %u",
			       v->names, v->sections);
	return 0;
}

int vmlinux_open(const void *data, size_t len, struct vmlinux *ret, struct err *e)
{
	const uint8_t *p = data;

	*ret = (struct vmlinux){.data = data, .len = len};
	if (len < EI_NIDENT || memcmp(p, ELFMAG, SELFMAG) != 0)
		return err_set(e, EPROTO, "not an ELF file");
	if (p[EI_CLASS] != ELFCLASS64 || p[EI_DATA] != ELFDATA2LSB)
		return err_set(e, EPROTO, "the ELF file is not 64-bit little-endian");
	if (read_header(ret, e))
		return -1;
	return check_extents(ret, e);
}

/* Whether the NUL-terminated text at @off of the names is @name. */
static bool name_is(struct cursor names, uint32_t off, const char *name)
{
	size_t len = strlen(name) + 1;
	const void *p;

	cursor_seek(&names, off);
	p = cursor_bytes(&names, len);
	return p && memcmp(p, name, len) == 0;
}

int vmlinux_section(const struct vmlinux *v, const char *name, const void **ret, size_t *ret_len,
		    struct err *e)
{
	struct cursor names;

	if (v->sections) {
		names = range_cursor(v, section_get(v, v->names).range);
		for (uint32_t i = 1; i < v->sections; i++) {
			struct section s = section_get(v, i);

			if (s.type == SHT_NULL || !name_is(names, s.name, name))
				continue;
			*ret = v->data + (s.range.len ? s.range.off : 0);
			*ret_len = (size_t)s.range.len;
			return 0;
		}
	}
	return err_set(e, ENOENT, "the ELF file has no section '%s'", name);
}

/* The banner is found by its text: a kernel image has no symbol table. */
int vmlinux_release(const struct vmlinux *v, char ret[KIMAGE_RELEASE_MAX], struct err *e)
{
	const uint8_t *at = v->data, *end = v->data + v->len;

	while ((at = memmem(at, (size_t)(end - at), BANNER, strlen(BANNER)))) {
		size_t n = 0;

		at += strlen(BANNER);
		while (n < (size_t)(end - at) && n < KIMAGE_RELEASE_MAX && at[n] > ' ' &&
		       at[n] < 0x7f)
			n++;
		/* Format strings have a '%' there. */
		if (n && n < KIMAGE_RELEASE_MAX && at[0] >= '0' && at[0] <= '9') {
			memcpy(ret, at, n);
			ret[n] = 0;
			return 0;
		}
	}
	return err_set(e, ENOENT, "the ELF file has no Linux banner, so it is not a kernel");
}

/* The string section of the kernel's BTF. */
static bool btf_strings(const struct vmlinux *v, const uint8_t **ret, size_t *ret_len)
{
	const void *btf = NULL;
	struct cursor c;
	uint32_t header_len, off, len;
	size_t btf_len = 0;
	struct err e;

	if (vmlinux_section(v, ".BTF", &btf, &btf_len, &e))
		return false;
	c = cursor_over(btf, btf_len);
	if (cursor_u16(&c) != BTF_MAGIC)
		return false;
	cursor_u16(&c); /* version, flags */
	header_len = cursor_u32(&c);
	cursor_bytes(&c, 8); /* types */
	off = cursor_u32(&c);
	len = cursor_u32(&c);
	if (c.failed || header_len < BTF_HEADER_LEN)
		return false;
	cursor_seek(&c, (size_t)header_len + off);
	*ret = cursor_bytes(&c, len);
	*ret_len = len;
	return *ret && len;
}

bool vmlinux_has_btf(const struct vmlinux *v)
{
	const uint8_t *strings;
	size_t len;

	return btf_strings(v, &strings, &len);
}

bool vmlinux_btf_has_name(const struct vmlinux *v, const char *name)
{
	size_t name_len = strlen(name) + 1;
	const uint8_t *at, *strings, *end;
	size_t len;

	if (!btf_strings(v, &strings, &len))
		return false;
	/* A whole string has a NUL on both sides; the section begins with the empty string. */
	end = strings + len;
	for (at = strings; (at = memmem(at, (size_t)(end - at), name, name_len)); at++)
		if (at > strings && at[-1] == 0)
			return true;
	return false;
}

bool vmlinux_has_pvh(const struct vmlinux *v)
{
	for (uint32_t i = 0; i < v->segments; i++) {
		struct segment s = segment_get(v, i);
		struct elfnote note;
		struct cursor c;

		if (s.type != PT_NOTE)
			continue;
		c = range_cursor(v, s.range);
		for (uint32_t n = 0; n < VMLINUX_NOTES_MAX && elfnote_next(&c, &note); n++)
			if (elfnote_is(&note, "Xen") && note.type == NOTE_PVH_ENTRY &&
			    note.len >= 4)
				return true;
	}
	return false;
}
