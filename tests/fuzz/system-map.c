/* SPDX-License-Identifier: GPL-2.0-only */
/* Symbols from a file of any bytes: a System.map, or an ELF file when they begin like one. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kallsyms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	bool elf = size >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
	uint8_t *copy = malloc(size ? size : 1);
	struct kallsyms *s;
	struct err e;
	int failed;

	memcpy(copy, data, size);
	failed = elf ? kallsyms_create_elf(copy, size, 0x1000, &s, &e)
		     : kallsyms_create_map(copy, size, 0x1000, &s, &e);
	free(copy); /* nothing may point into it any more */
	if (!failed != !!s || (failed && !e.text[0]))
		abort();
	if (s)
		ask(s);
	kallsyms_destroy(s);
	return 0;
}
