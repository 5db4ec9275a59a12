/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/vmcoreinfo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

#define NEEDLE "OSRELEASE="
#define PAGE 4096u
#define KEY_MAX 128
#define NUMBER_TEXT_MAX 24
/* A guest may fill its memory with the first word; after that many places that are none, no more
 * are looked at. */
#define TRIES_MAX 4096u

/* ---- is it one? ---- */

static bool is_print(char c)
{
	return c >= ' ' && c <= '~';
}

/* Length of the text at @text: printable lines, up to a NUL or @len. 0 for anything else. A last
 * line without its end is one that was cut or is being written, and is left off. */
static size_t text_length(const char *text, size_t len)
{
	size_t n = 0, whole = 0;

	for (; n < len && text[n]; n++) {
		if (text[n] == '\n')
			whole = n + 1;
		else if (!is_print(text[n]))
			return 0;
	}
	return whole;
}

/* Lines of the kernel itself are NAME=VALUE with both sides there; and some of them are symbols. */
static bool lines_plausible(const char *text)
{
	bool symbol = false;

	while (*text) {
		const char *end = strchr(text, '\n');
		const char *equals = memchr(text, '=', (size_t)(end - text));

		if (!equals || equals == text)
			return false;
		symbol |= !strncmp(text, "SYMBOL(", strlen("SYMBOL("));
		text = end + 1;
	}
	return symbol;
}

static int take_release(struct vmcoreinfo *v, struct err *e)
{
	const char *value = v->text + strlen(NEEDLE);
	size_t n = strcspn(value, "\n");

	/* uname -r: a word; the format string that the kernel makes the line with is none */
	if (!n || n >= sizeof(v->release) || memchr(value, '%', n) || memchr(value, ' ', n))
		return err_set(e, EPROTO, "not a VMCOREINFO text: no kernel release");
	memcpy(v->release, value, n);
	v->release[n] = 0;
	return 0;
}

/* v->text holds @len bytes of anything: make it a text that was checked, or fail. */
static int take_text(struct vmcoreinfo *v, size_t len, struct err *e)
{
	len = text_length(v->text, len);
	v->text[len] = 0;
	if (strncmp(v->text, NEEDLE, strlen(NEEDLE)) != 0)
		return err_set(e, EPROTO, "not a VMCOREINFO text: does not begin with " NEEDLE);
	if (take_release(v, e))
		return -1;
	if (!lines_plausible(v->text))
		return err_set(e, EPROTO,
			       "not a VMCOREINFO text: no lines of NAME=VALUE with "
			       "symbols");
	return 0;
}

int vmcoreinfo_parse(const char *text, size_t len, struct vmcoreinfo *ret, struct err *e)
{
	if (len > VMCOREINFO_MAX)
		return err_set(e, EFBIG, "VMCOREINFO text of %zu bytes, at most %u are allowed",
			       len, VMCOREINFO_MAX);
	*ret = (struct vmcoreinfo){.gpa = UINT64_MAX};
	memcpy(ret->text, text, len);
	return take_text(ret, len, e);
}

/* ---- where is it? ---- */

/* The text at @gpa, as much of it as memory has. */
static int take_at(const struct mem *m, uint64_t gpa, struct vmcoreinfo *ret, struct err *e)
{
	size_t len = VMCOREINFO_MAX;

	*ret = (struct vmcoreinfo){.gpa = gpa};
	/* It may be the last thing in a range: then only as far as its page goes. */
	if (mem_read(m, gpa, ret->text, len, e)) {
		len = PAGE - gpa % PAGE;
		if (mem_read(m, gpa, ret->text, len, e))
			return -1;
	}
	return take_text(ret, len, e);
}

static void search_from_zero(struct vmcoreinfo_search *s, size_t align)
{
	s->places = (struct mem_search){.needle = NEEDLE, .len = strlen(NEEDLE), .align = align};
	s->tries = TRIES_MAX;
}

void vmcoreinfo_search_init(struct vmcoreinfo_search *s, const struct mem *m)
{
	*s = (struct vmcoreinfo_search){.mem = m};
	search_from_zero(s, PAGE);
}

/* The next text by the alignment that is searched for now. */
static int next_text(struct vmcoreinfo_search *s, struct vmcoreinfo *ret, struct err *e)
{
	uint64_t gpa;

	while (s->tries) {
		if (mem_search_next(s->mem, &s->places, &gpa, e))
			return -1;
		if (s->places.align < PAGE && gpa % PAGE == 0)
			continue; /* was tried with the aligned ones */
		if (!take_at(s->mem, gpa, ret, e))
			return 0;
		s->tries--;
	}
	s->cut = true;
	return err_set(e, ENOENT, "too many places");
}

int vmcoreinfo_next(struct vmcoreinfo_search *s, struct vmcoreinfo *ret, struct err *e)
{
	if (!next_text(s, ret, e))
		return 0;
	if (e->code == ENOENT && s->places.align == PAGE) {
		search_from_zero(s, 1);
		if (!next_text(s, ret, e))
			return 0;
	}
	if (e->code != ENOENT)
		return -1;
	return err_set(e, ENOENT,
		       s->cut ? "no VMCOREINFO in memory, but many places that begin as one"
			      : "no VMCOREINFO in memory");
}

/* ---- what does it say? ---- */

/* The value of the line that begins with @key and '=' as text. */
static int value_of(const struct vmcoreinfo *v, const char *key, char *ret, size_t size,
		    struct err *e)
{
	size_t key_len = strlen(key), n;
	const char *line = v->text;

	while (*line && (strncmp(line, key, key_len) != 0 || line[key_len] != '=')) {
		line = strchrnul(line, '\n');
		line += *line == '\n';
	}
	if (!*line)
		return err_set(e, ENOENT, "VMCOREINFO has no '%s'", key);
	line += key_len + 1;
	n = strcspn(line, "\n");
	if (n >= size)
		return err_set(e, EPROTO, "VMCOREINFO '%s' is no number: %.40s", key, line);
	memcpy(ret, line, n);
	ret[n] = 0;
	return 0;
}

/* The value of @prefix(@name), or of @name alone for an empty prefix: hexadecimal with no 0x if
 * @hex, else decimal or 0x, and negative if @sign. */
static int number_of(const struct vmcoreinfo *v, const char *prefix, const char *name, bool hex,
		     bool sign, uint64_t *ret, struct err *e)
{
	char key[KEY_MAX], text[NUMBER_TEXT_MAX + 2], *digits = text + 2;
	bool minus;
	uint64_t n;

	if (snprintf(key, sizeof(key), *prefix ? "%s(%s)" : "%s%s", prefix, name) >=
	    (int)sizeof(key))
		return err_set(e, EINVAL, "name '%s' is too long", name);
	if (value_of(v, key, digits, NUMBER_TEXT_MAX, e))
		return -1;
	minus = sign && digits[0] == '-';
	digits += minus;
	if (hex && strncmp(digits, "0x", 2) != 0)
		digits = memcpy(text, "0x", 2);
	if (parse_u64(digits, 0, minus ? 1ull << 63 : UINT64_MAX, &n, e))
		return err_set(e, EPROTO, "VMCOREINFO '%s' is no number: '%s'", key, text + 2);
	*ret = minus ? 0 - n : n;
	return 0;
}

int vmcoreinfo_symbol(const struct vmcoreinfo *v, const char *name, uint64_t *ret, struct err *e)
{
	return number_of(v, "SYMBOL", name, true, false, ret, e);
}

int vmcoreinfo_number(const struct vmcoreinfo *v, const char *name, uint64_t *ret, struct err *e)
{
	return number_of(v, "NUMBER", name, false, true, ret, e);
}

int vmcoreinfo_offset(const struct vmcoreinfo *v, const char *name, uint64_t *ret, struct err *e)
{
	return number_of(v, "OFFSET", name, false, false, ret, e);
}

int vmcoreinfo_size(const struct vmcoreinfo *v, const char *name, uint64_t *ret, struct err *e)
{
	return number_of(v, "SIZE", name, false, false, ret, e);
}

int vmcoreinfo_length(const struct vmcoreinfo *v, const char *name, uint64_t *ret, struct err *e)
{
	return number_of(v, "LENGTH", name, false, false, ret, e);
}

int vmcoreinfo_hex(const struct vmcoreinfo *v, const char *name, uint64_t *ret, struct err *e)
{
	return number_of(v, "", name, true, false, ret, e);
}
