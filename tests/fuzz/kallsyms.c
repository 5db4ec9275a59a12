/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's symbol table with any bytes in all its parts, asked everything that can be asked. */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "kernel/kallsyms_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of just @len bytes, so that a read behind them is seen. */
static void *copy(const void *from, size_t len)
{
	void *to = malloc(len ? len : 1);

	if (len)
		memcpy(to, from, len);
	return to;
}

static void ask(const struct kallsyms *s)
{
	char name[KALLSYMS_NAME_MAX], type;
	uint64_t kva, first, offset;
	struct err e;

	for (size_t i = 0; i < kallsyms_count(s); i++) {
		if (kallsyms_get(s, i, name, &kva, &type, &e) || strlen(name) >= KALLSYMS_NAME_MAX)
			abort();
		/* A name that was cut is found by none. */
		if (strlen(name) < KALLSYMS_NAME_MAX - 1 && kallsyms_find(s, name, &first, &e))
			abort();
		if (kallsyms_name(s, kva, name, &offset, &e) == 0 && offset)
			abort();
		kallsyms_name(s, kva + 1, name, &offset, &e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(data, size);
	uint8_t index[2 * KALLSYMS_TOKENS] = {0};
	struct kallsyms_walk w = {0};
	struct kallsyms_source src = {
		.n = cursor_u8(&c) + 1u,
		.token_table_len = cursor_u16(&c) % 2048,
		.has_base = cursor_u8(&c) & 1,
		.base = cursor_u64(&c),
		.stext = cursor_u64(&c),
		.offsets_kva = cursor_u64(&c),
	};
	void *table, *offsets;
	struct kallsyms *s;
	struct err e;

	for (size_t i = 0; i < sizeof(index); i++)
		index[i] = cursor_u8(&c);
	src.token_table = cursor_bytes(&c, src.token_table_len);
	src.offsets = cursor_bytes(&c, 4 * src.n);
	if (c.failed)
		return 0;
	src.token_table = table = copy(src.token_table, src.token_table_len);
	src.offsets = offsets = copy(src.offsets, 4 * src.n);
	src.token_index = index;
	size = cursor_left(&c);
	src.names = copy(cursor_bytes(&c, size), size);
	src.at = w.at = malloc(4 * src.n);
	w.n = src.n;
	if (kallsyms_walk(&w, src.names, size, &e) == 0) {
		/* What does not fit is left off here, to come past this point more often. */
		src.n = w.done;
		if (kallsyms_decode(&src, &s, &e) == 0)
			ask(s);
		kallsyms_destroy(s);
	}
	free(src.names);
	free(src.at);
	free(table);
	free(offsets);
	return 0;
}
