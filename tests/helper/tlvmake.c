/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tlvmake: text lines on standard input, frames on standard output.
 *
 *   SOURCE TYPE PAYLOAD      boot HELLO {"engine":"tcg"}   guest KMSG [1.0] a line
 *   skip SOURCE N            leave a hole of N messages in that source's sequence numbers
 *   raw TEXT                 bytes that belong to no frame
 *   # comment, empty line
 *
 * TYPE is a name or a number. In text payloads, `raw` and JSON alike, \n, \r, \t, \\ and \xHH mean
 * what they mean in C, except that JSON payloads are taken as they are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/parse.h"
#include "base/tool.h"
#include "tlv/names.h"
#include "tlv/tlv.h"

static const struct tool_opt opts[] = {{0}};
static const struct tool tool = {
	.name = "tlvmake", .summary = "Make frames of text lines.", .opts = opts};

static struct tlv_writer writers[256];
static unsigned int line_number;

static char *next_word(char **rest)
{
	char *word = *rest, *end = word + strcspn(word, " ");

	*rest = *end ? end + 1 : end;
	*end = 0;
	return word;
}

static size_t unescape(char *text)
{
	char *out = text;

	for (char *p = text; *p; p++) {
		unsigned int hex;

		if (*p != '\\' || !p[1]) {
			*out++ = *p;
		} else if (p[1] == 'x' && sscanf(p + 2, "%2x", &hex) == 1) {
			*out++ = (char)hex;
			p += 3;
		} else {
			p++;
			*out++ = *p == 'n' ? '\n' : *p == 't' ? '\t' : *p == 'r' ? '\r' : *p;
		}
	}
	return (size_t)(out - text);
}

static struct tlv_writer *writer_of(const char *name)
{
	uint8_t source = tlv_source_by_name(name);

	if (!source)
		tool_die(&tool, TOOL_USAGE, "line %u: unknown source '%s'", line_number, name);
	writers[source].fd = STDOUT_FILENO;
	writers[source].source = source;
	return &writers[source];
}

static void write_message(const char *source, const char *type, char *payload)
{
	const struct tlv_type_info *info = tlv_type_by_name(type);
	struct tlv_writer *w = writer_of(source);
	static struct buf queue;
	unsigned int number = 0;
	size_t len;
	struct err e;

	if (!info && parse_uint(type, 0, UINT16_MAX, &number, &e))
		tool_die(&tool, TOOL_USAGE, "line %u: unknown type '%s'", line_number, type);
	len = info && info->is_json ? strlen(payload) : unescape(payload);
	/* Through a queue, so that guest frames have a host time as ktstr-boot gives them. */
	w->queue = &queue;
	if (tlv_write(w, info ? info->type : (uint16_t)number, 0, payload, len, &e) ||
	    io_write_all(STDOUT_FILENO, buf_text(&queue), queue.len, "standard output", &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	buf_deinit(&queue);
}

static void line_take(char *line)
{
	char *first, *second;
	unsigned int n;
	struct err e;

	if (!*line || *line == '#')
		return;
	first = next_word(&line);
	if (strcmp(first, "raw") == 0) {
		size_t len = unescape(line);

		if (io_write_all(STDOUT_FILENO, line, len, "standard output", &e))
			tool_die(&tool, TOOL_USAGE, "%s", e.text);
		return;
	}
	second = next_word(&line);
	if (strcmp(first, "skip") != 0) {
		write_message(first, second, line);
		return;
	}
	if (parse_uint(line, 1, 1000000, &n, &e))
		tool_die(&tool, TOOL_USAGE, "line %u: %s", line_number, e.text);
	writer_of(second)->seq += n;
}

int main(int argc, char **argv)
{
	const char *arg;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while (tool_next_option(&tool, argc, argv, &arg) >= 0)
		;
	while ((len = getline(&line, &size, stdin)) > 0) {
		line_number++;
		if (line[len - 1] == '\n')
			line[len - 1] = 0;
		line_take(line);
	}
	free(line);
	return TOOL_PASS;
}
