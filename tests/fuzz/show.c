/* SPDX-License-Identifier: GPL-2.0-only */
/* Any JSON as a dump: what is shown is clean text of lines that are not too wide. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "dump/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_lines(const struct buf *text)
{
	size_t columns = 0;

	if (!clean_is_utf8(buf_text(text), text->len) || strlen(buf_text(text)) != text->len)
		abort();
	for (size_t i = 0; i < text->len; i++) {
		uint8_t c = (uint8_t)text->data[i];

		if (c == '\n')
			columns = 0;
		else if (c < ' ' || c == 0x7f || ((c & 0xc0) != 0x80 && ++columns > SHOW_WIDTH))
			abort();
	}
	if (columns || !text->len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *dump = json_loadb((const char *)data, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	struct buf text = {0};
	struct err e;

	if (show_print(dump, &text, &e) == 0)
		check_lines(&text);
	else if (text.len || !strstr(e.text, "no dump"))
		abort();
	buf_deinit(&text);
	json_decref(dump);
	return 0;
}
