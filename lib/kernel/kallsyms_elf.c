/* SPDX-License-Identifier: GPL-2.0-only */
/* The symbol table of a vmlinux (ELF gABI, "Symbol Table"). */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "kernel/kallsyms_table.h"
#include "kimage/vmlinux.h"

struct elf_symbol {
	uint32_t name;
	uint8_t info;
	uint16_t section;
	uint64_t value;
};

static struct elf_symbol symbol_read(struct cursor *c)
{
	struct elf_symbol s;

	s.name = cursor_u32(c);
	s.info = cursor_u8(c);
	cursor_u8(c); /* visibility */
	s.section = cursor_u16(c);
	s.value = cursor_u64(c);
	cursor_u64(c); /* size */
	return s;
}

/* The letter of a section's symbols, as nm(1) has it. */
static char section_letter(const struct vmlinux *v, uint16_t section)
{
	struct cursor c = cursor_over(v->data, v->len);
	uint32_t type;
	uint64_t flags;

	if (section == SHN_ABS)
		return 'a';
	if (section >= v->sections)
		return '?';
	cursor_seek(&c, v->sections_off + (size_t)section * sizeof(Elf64_Shdr));
	cursor_u32(&c); /* name */
	type = cursor_u32(&c);
	flags = cursor_u64(&c);
	if (flags & SHF_EXECINSTR)
		return 't';
	if (type == SHT_NOBITS)
		return 'b';
	return flags & SHF_WRITE ? 'd' : 'r';
}

static char symbol_letter(const struct vmlinux *v, struct elf_symbol s)
{
	char letter = section_letter(v, s.section);

	switch (ELF64_ST_BIND(s.info)) {
	case STB_LOCAL:
		return letter;
	case STB_WEAK:
		return ELF64_ST_TYPE(s.info) == STT_OBJECT ? 'V' : 'W';
	default:
		return letter == '?' ? letter : (char)(letter - 'a' + 'A');
	}
}

/* Whether it is a symbol that kallsyms would have too. */
static bool symbol_take(const struct vmlinux *v, struct elf_symbol s, struct cursor names,
			struct kallsyms_plain *ret)
{
	unsigned int type = ELF64_ST_TYPE(s.info);
	size_t max, len;

	cursor_seek(&names, s.name);
	if (names.failed || s.section == SHN_UNDEF || type == STT_FILE || type == STT_SECTION)
		return false;
	max = cursor_left(&names) < KALLSYMS_NAME_MAX ? cursor_left(&names) : KALLSYMS_NAME_MAX;
	ret->name = (const char *)names.data + names.pos;
	len = strnlen(ret->name, max);
	if (!len || len == max || (len > 2 && memcmp(ret->name, ".L", 2) == 0))
		return false;
	ret->len = (uint16_t)len;
	ret->kva = s.value;
	ret->type = symbol_letter(v, s);
	return true;
}

static int create(const struct vmlinux *v, uint64_t slide, struct kallsyms **ret, struct err *e)
{
	_cleanup_free_ struct kallsyms_plain *sym = NULL;
	const void *symtab, *strtab;
	size_t symtab_len, strtab_len, count, n = 0;
	struct cursor c, names;

	if (vmlinux_section(v, ".symtab", &symtab, &symtab_len, e) ||
	    vmlinux_section(v, ".strtab", &strtab, &strtab_len, e))
		return -1;
	count = symtab_len / sizeof(Elf64_Sym);
	if (count > KALLSYMS_SYMBOLS_MAX)
		return err_set(e, EPROTO, "%zu symbols, more than %u", count, KALLSYMS_SYMBOLS_MAX);
	sym = malloc((count + 1) * sizeof(*sym));
	if (!sym)
		return err_set(e, ENOMEM, "out of memory");
	c = cursor_over(symtab, symtab_len);
	names = cursor_over(strtab, strtab_len);
	for (size_t i = 0; i < count; i++) {
		if (symbol_take(v, symbol_read(&c), names, &sym[n])) {
			sym[n].kva = kallsyms_slide(sym[n].kva, slide);
			n++;
		}
	}
	return kallsyms_create_plain(sym, n, ret, e);
}

int kallsyms_create_elf(const void *data, size_t len, uint64_t slide, struct kallsyms **ret,
			struct err *e)
{
	struct vmlinux v;

	*ret = NULL;
	if (vmlinux_open(data, len, &v, e) || create(&v, slide, ret, e))
		return err_prefix(e, "vmlinux");
	return 0;
}
