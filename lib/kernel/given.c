/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/given.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/elfnote.h"

#define BUILD_ID_MAX 64u /* bytes; SHA-1 has 20 */
#define BUILD_ID_TEXT_MAX (2 * BUILD_ID_MAX + 1)
#define NOTES_MAX 4096u

int given_init(struct given *g, const struct kernel_sources *sources, struct err *e)
{
	static const struct kernel_sources none;
	const void *symtab;
	size_t len;
	struct err no;

	*g = (struct given){.sources = sources ? sources : &none};
	if (!g->sources->vmlinux)
		return 0;
	if (vmlinux_open(g->sources->vmlinux->data, g->sources->vmlinux->len, &g->elf, e))
		return err_prefix(e, "the vmlinux given");
	g->symbols_from_elf = !vmlinux_section(&g->elf, ".symtab", &symtab, &len, &no) && len;
	return 0;
}

/* ---- build ID ---- */

static void hex_text(const uint8_t *id, size_t len, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*ret++ = digits[id[i] >> 4];
		*ret++ = digits[id[i] & 15];
	}
	*ret = 0;
}

/* Returns whether the vmlinux has one. */
static bool elf_build_id(const struct vmlinux *v, char ret[BUILD_ID_TEXT_MAX])
{
	struct elfnote note;
	const void *data;
	struct cursor c;
	size_t len;
	struct err e;

	if (vmlinux_section(v, ".notes", &data, &len, &e))
		return false;
	c = cursor_over(data, len);
	for (unsigned int i = 0; i < NOTES_MAX && elfnote_next(&c, &note); i++) {
		if (note.type == NT_GNU_BUILD_ID && elfnote_is(&note, "GNU") &&
		    note.len <= BUILD_ID_MAX) {
			hex_text(note.data, note.len, ret);
			return true;
		}
	}
	return false;
}

/* Kernels since 5.9 say theirs. */
static bool memory_build_id(const struct vmcoreinfo *v, char ret[BUILD_ID_TEXT_MAX])
{
	static const char key[] = "\nBUILD-ID=";
	const char *line = strstr(v->text, key);
	size_t len;

	if (!line)
		return false;
	line += strlen(key);
	len = strcspn(line, "\n");
	if (len >= BUILD_ID_TEXT_MAX)
		return false;
	memcpy(ret, line, len);
	ret[len] = 0;
	return true;
}

int given_check(const struct given *g, const struct vmcoreinfo *v, struct err *e)
{
	char file[BUILD_ID_TEXT_MAX], memory[BUILD_ID_TEXT_MAX];

	if (!g->elf.data || !elf_build_id(&g->elf, file) || !memory_build_id(v, memory) ||
	    strcmp(file, memory) == 0)
		return 0;
	return err_set(e, EINVAL,
		       "the vmlinux given is not of the kernel in memory (%s): its build ID is %s, "
		       "not %s",
		       v->release, file, memory);
}

/* ---- symbols ---- */

/* Symbols of another kernel would be nonsense that looks right. */
static int check_stext(const struct kallsyms *s, const struct vmcoreinfo *v, const char *what,
		       struct err *e)
{
	uint64_t want, have;

	if (vmcoreinfo_symbol(v, "_stext", &want, e))
		return -1;
	if (kallsyms_find(s, "_stext", &have, e))
		return err_prefix(e, "the %s given", what);
	if (have != want)
		return err_set(e, EINVAL,
			       "the %s given is not of the kernel in memory (%s): it puts '_stext' "
			       "at 0x%" PRIx64 ", not 0x%" PRIx64,
			       what, v->release, have, want);
	return 0;
}

int given_symbols(const struct given *g, const struct vmcoreinfo *v, struct kallsyms **ret,
		  struct err *e)
{
	const struct buf *map = g->sources->system_map;
	const char *what = map ? "System.map" : "vmlinux";
	struct kallsyms *s = NULL;
	uint64_t slide;

	*ret = NULL;
	if (!map && !g->symbols_from_elf)
		return 0;
	/* There also without CONFIG_RANDOMIZE_BASE, but among the last lines: being written now. */
	if (vmcoreinfo_hex(v, "KERNELOFFSET", &slide, e)) {
		e->code = e->code == ENOENT ? EAGAIN : e->code;
		return -1;
	}
	if (map ? kallsyms_create_map(map->data, map->len, slide, &s, e)
		: kallsyms_create_elf(g->elf.data, g->elf.len, slide, &s, e))
		return err_prefix(e, "the %s given", what);
	if (check_stext(s, v, what, e)) {
		kallsyms_destroy(s);
		return -1;
	}
	*ret = s;
	return 0;
}

/* ---- types ---- */

int given_types(const struct given *g, struct types **ret, struct err *e)
{
	const struct buf *btf = g->sources->btf;
	const void *data;
	size_t len;

	*ret = NULL;
	if (btf)
		return types_create(btf->data, btf->len, NULL, ret, e)
			       ? err_prefix(e, "the BTF given")
			       : 0;
	if (!g->elf.data || vmlinux_section(&g->elf, ".BTF", &data, &len, e) || !len)
		return 0;
	return types_create(data, len, NULL, ret, e) ? err_prefix(e, "the vmlinux given") : 0;
}
