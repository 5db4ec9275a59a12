/* SPDX-License-Identifier: GPL-2.0-only */
/* System.map: lines of `ADDRESS TYPE NAME`, the address in hexadecimal. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/kallsyms_table.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One line of @len bytes; false when it is none of a symbol. */
static bool line_parse(const char *line, size_t len, struct kallsyms_plain *ret)
{
	uint64_t kva = 0;
	size_t i = 0, end;

	for (; i < len && i <= 16 && hex_digit(line[i]) >= 0; i++)
		kva = kva << 4 | (unsigned int)hex_digit(line[i]);
	if (!i || i > 16 || len - i < 4 || line[i] != ' ' || line[i + 2] != ' ')
		return false;
	ret->kva = kva;
	ret->type = line[i + 1];
	ret->name = line + i + 3;
	end = i + 3;
	/* /proc/kallsyms has the same form, and `[module]` behind a tab. */
	while (end < len && line[end] != ' ' && line[end] != '\t' && line[end] != '\r')
		end++;
	len = end - i - 3;
	ret->len = (uint16_t)(len < KALLSYMS_NAME_MAX ? len : 0);
	return ret->len && ret->type > ' ' && ret->type < 0x7f;
}

static size_t lines_count(const char *text, size_t len)
{
	size_t n = 1;

	for (const char *p = text; (p = memchr(p, '\n', len - (size_t)(p - text))); p++)
		n++;
	return n;
}

int kallsyms_create_map(const void *data, size_t len, uint64_t slide, struct kallsyms **ret,
			struct err *e)
{
	size_t lines = len ? lines_count(data, len) : 0, n = 0;
	_cleanup_free_ struct kallsyms_plain *sym = NULL;
	const char *p = data, *end = p + len;

	*ret = NULL;
	if (lines > KALLSYMS_SYMBOLS_MAX)
		return err_set(e, EPROTO, "system map: more than %u lines", KALLSYMS_SYMBOLS_MAX);
	sym = malloc((lines + 1) * sizeof(*sym));
	if (!sym)
		return err_set(e, ENOMEM, "system map: out of memory");
	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *stop = newline ? newline : end;

		if (line_parse(p, (size_t)(stop - p), &sym[n])) {
			sym[n].kva = kallsyms_slide(sym[n].kva, slide);
			n++;
		}
		p = newline ? newline + 1 : end;
	}
	return kallsyms_create_plain(sym, n, ret, e) ? err_prefix(e, "system map") : 0;
}
