/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames out of text lines, for tests that want a stream without a machine:
 *
 *   SOURCE TYPE PAYLOAD      boot HELLO {"engine":"tcg"}   guest KMSG [1.0] a line\n
 *   skip SOURCE N            leave a hole of N messages in that source's sequence numbers
 *   raw TEXT                 bytes that belong to no frame
 *   # comment, empty line
 *
 * TYPE is a name or a number. In text payloads and in `raw`, \n, \r, \t, \\ and \xHH mean what they
 * mean in C; JSON payloads are taken as they are.
 */
#ifndef KTSTR_TESTS_HELPER_FRAMES_H
#define KTSTR_TESTS_HELPER_FRAMES_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/parse.h"
#include "tlv/names.h"
#include "tlv/tlv.h"

struct frames {
	struct buf out; /* frames made and not yet taken */
	struct tlv_writer writers[256];
};

static inline char *frames_word(char **rest)
{
	char *word = *rest, *end = word + strcspn(word, " ");

	*rest = *end ? end + 1 : end;
	*end = 0;
	return word;
}

/* In place; the result may hold NULs. Returns its length. */
static inline size_t frames_unescape(char *text)
{
	static const char from[] = "nrt\\", to[] = "\n\r\t\\";
	char *out = text;

	for (const char *p = text; *p;) {
		const char *known = p[0] == '\\' && p[1] ? strchr(from, p[1]) : NULL;
		unsigned int hex;

		if (known) {
			*out++ = to[known - from];
			p += 2;
		} else if (p[0] == '\\' && p[1] == 'x' && sscanf(p + 2, "%2x", &hex) == 1) {
			*out++ = (char)hex;
			p += 4;
		} else {
			*out++ = *p++;
		}
	}
	return (size_t)(out - text);
}

static inline struct tlv_writer *frames_writer(struct frames *f, const char *name, struct err *e)
{
	uint8_t source = tlv_source_by_name(name);

	if (!source) {
		err_set(e, EINVAL, "unknown source '%s'", name);
		return NULL;
	}
	f->writers[source].fd = -1;
	f->writers[source].source = source;
	/* Through a queue, so that guest frames have a host time as ktstr-boot gives them. */
	f->writers[source].queue = &f->out;
	return &f->writers[source];
}

static inline int frames_message(struct tlv_writer *w, const char *type, char *payload,
				 struct err *e)
{
	const struct tlv_type_info *info = tlv_type_by_name(type);
	unsigned int number = 0;
	size_t len;

	if (!info && parse_uint(type, 0, UINT16_MAX, &number, e))
		return err_prefix(e, "unknown type '%s'", type);
	len = info && info->is_json ? strlen(payload) : frames_unescape(payload);
	return tlv_write(w, info ? info->type : (uint16_t)number, 0, payload, len, e);
}

/* Add what @line says, which is written over. */
static inline int frames_add_line(struct frames *f, char *line, struct err *e)
{
	char *first, *second;
	struct tlv_writer *w;
	unsigned int n;

	if (!*line || *line == '#')
		return 0;
	first = frames_word(&line);
	if (strcmp(first, "raw") == 0)
		return buf_add(&f->out, line, frames_unescape(line));
	second = frames_word(&line);
	w = frames_writer(f, strcmp(first, "skip") == 0 ? second : first, e);
	if (!w)
		return -1;
	if (strcmp(first, "skip") != 0)
		return frames_message(w, second, line, e);
	if (parse_uint(line, 1, 1000000, &n, e))
		return -1;
	w->seq += n;
	return 0;
}

#endif
