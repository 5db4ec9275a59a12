/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Symbols from a file of any bytes: a System.map, or, when the first byte is 0, the symbols and the
 * names of an ELF file, of which the headers are right.
 */
#include <elf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kallsyms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SYMBOLS 8u /* as many as there are bytes for, at most */
#define SECTION_NAMES "\0.symtab\0.strtab"

struct elf {
	Elf64_Ehdr head;
	Elf64_Shdr section[4];
	char section_names[sizeof(SECTION_NAMES)];
};

static struct elf elf_head(size_t symbols_len, size_t names_len)
{
	struct elf f = {
		.head = {.e_machine = EM_X86_64,
			 .e_shoff = offsetof(struct elf, section),
			 .e_shentsize = sizeof(Elf64_Shdr),
			 .e_shnum = 4,
			 .e_shstrndx = 3},
		.section[1] = {.sh_name = 1,
			       .sh_type = SHT_SYMTAB,
			       .sh_offset = sizeof(f),
			       .sh_size = symbols_len},
		.section[2] = {.sh_name = 9,
			       .sh_type = SHT_STRTAB,
			       .sh_offset = sizeof(f) + symbols_len,
			       .sh_size = names_len},
		.section[3] = {.sh_type = SHT_STRTAB,
			       .sh_offset = offsetof(struct elf, section_names),
			       .sh_size = sizeof(f.section_names)},
		.section_names = SECTION_NAMES,
	};

	memcpy(f.head.e_ident, ELFMAG, SELFMAG);
	f.head.e_ident[EI_CLASS] = ELFCLASS64;
	f.head.e_ident[EI_DATA] = ELFDATA2LSB;
	f.head.e_ident[EI_VERSION] = EV_CURRENT;
	return f;
}

static int from_elf(const uint8_t *data, size_t size, struct kallsyms **ret, struct err *e)
{
	size_t n = size / sizeof(Elf64_Sym) < SYMBOLS ? size / sizeof(Elf64_Sym) : SYMBOLS;
	size_t symbols_len = n * sizeof(Elf64_Sym);
	struct elf head = elf_head(symbols_len, size - symbols_len);
	uint8_t *file = malloc(sizeof(head) + size);
	int failed;

	memcpy(file, &head, sizeof(head));
	memcpy(file + sizeof(head), data, size);
	failed = kallsyms_create_elf(file, sizeof(head) + size, 0x1000, ret, e);
	free(file); /* nothing may point into it any more */
	return failed;
}

static int from_map(const uint8_t *data, size_t size, struct kallsyms **ret, struct err *e)
{
	uint8_t *copy = malloc(size ? size : 1);
	int failed;

	memcpy(copy, data, size);
	failed = kallsyms_create_map(copy, size, 0x1000, ret, e);
	free(copy);
	return failed;
}

static void ask(const struct kallsyms *s)
{
	char name[KALLSYMS_NAME_MAX], found[KALLSYMS_NAME_MAX], type;
	uint64_t kva, offset, before = 0;
	struct err e;

	for (size_t i = 0; i < kallsyms_count(s); i++) {
		if (kallsyms_get(s, i, name, &kva, &type, &e) || kva < before ||
		    kallsyms_find(s, name, &before, &e))
			abort();
		if (kallsyms_name(s, kva, found, &offset, &e) == 0 && offset)
			abort();
		before = kva;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kallsyms *s;
	struct err e;
	int failed = size && !data[0] ? from_elf(data + 1, size - 1, &s, &e)
				      : from_map(data, size, &s, &e);

	if (!failed != !!s || (failed && !e.text[0]))
		abort();
	if (s)
		ask(s);
	kallsyms_destroy(s);
	return 0;
}
