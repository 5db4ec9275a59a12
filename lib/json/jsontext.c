/* SPDX-License-Identifier: GPL-2.0-only */
#include "json/jsontext.h"

#include <string.h>

struct scan {
	const char *p, *end;
};

/* From the beginning of a text, or of nothing. */
static struct scan scan_over(struct jsonspan text)
{
	static const char none[] = "";

	if (!text.at)
		return (struct scan){none, none};
	return (struct scan){text.at, text.at + text.len};
}

/* The character there, 0 at the end: no JSON has one outside of a string, nor in it. */
static char peek(const struct scan *s)
{
	return s->p < s->end ? *s->p : 0;
}

static void skip_blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

static bool skip_char(struct scan *s, char c)
{
	skip_blanks(s);
	if (peek(s) != c)
		return false;
	s->p++;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool skip_escape(struct scan *s)
{
	char c = peek(s);

	if (!c)
		return false;
	s->p++;
	if (c != 'u')
		return strchr("\"\\/bfnrt", c);
	for (unsigned int i = 0; i < 4; i++, s->p++)
		if (!peek(s) || !strchr("0123456789abcdefABCDEF", peek(s)))
			return false;
	return true;
}

static bool skip_string(struct scan *s)
{
	if (!skip_char(s, '"'))
		return false;
	while (s->p < s->end) {
		unsigned char c = (unsigned char)*s->p++;

		if (c == '"')
			return true;
		if (c < 0x20 || (c == '\\' && !skip_escape(s)))
			return false;
	}
	return false;
}

static bool skip_digits(struct scan *s)
{
	const char *from = s->p;

	while (is_digit(peek(s)))
		s->p++;
	return s->p > from;
}

static bool skip_number(struct scan *s)
{
	if (peek(s) == '-')
		s->p++;
	if (peek(s) == '0')
		s->p++;
	else if (!skip_digits(s))
		return false;
	if (peek(s) == '.') {
		s->p++;
		if (!skip_digits(s))
			return false;
	}
	if (peek(s) != 'e' && peek(s) != 'E')
		return true;
	s->p++;
	if (peek(s) == '+' || peek(s) == '-')
		s->p++;
	return skip_digits(s);
}

static bool skip_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
		return false;
	s->p += len;
	return true;
}

/* Anything but an object or an array. */
static bool skip_scalar(struct scan *s)
{
	switch (peek(s)) {
	case '"':
		return skip_string(s);
	case 't':
		return skip_word(s, "true");
	case 'f':
		return skip_word(s, "false");
	case 'n':
		return skip_word(s, "null");
	default:
		return skip_number(s);
	}
}

static bool skip_key(struct scan *s)
{
	return skip_string(s) && skip_char(s, ':');
}

/* Behind a value: close what ends here, or go to the next value of what does not. */
static bool skip_ends(struct scan *s, const char *open, unsigned int *depth)
{
	while (*depth) {
		bool object = open[*depth - 1] == '{';

		if (skip_char(s, ','))
			return !object || skip_key(s);
		if (!skip_char(s, object ? '}' : ']'))
			return false;
		--*depth;
	}
	return true;
}

/* One value, whole. Not by recursion: how deep it goes is the stranger's choice. */
static bool skip_value(struct scan *s)
{
	char open[JSONTEXT_DEPTH_MAX];
	unsigned int depth = 0;

	do {
		char c;

		skip_blanks(s);
		c = peek(s);
		if (c == '{' || c == '[') {
			if (depth == JSONTEXT_DEPTH_MAX)
				return false;
			s->p++;
			if (!skip_char(s, c == '{' ? '}' : ']')) {
				open[depth++] = c;
				if (c == '{' && !skip_key(s))
					return false;
				continue;
			}
		} else if (!skip_scalar(s)) {
			return false;
		}
		if (!skip_ends(s, open, &depth))
			return false;
	} while (depth);
	return true;
}

bool jsontext_is_valid(struct jsonspan text)
{
	struct scan s = scan_over(text);

	if (!skip_value(&s))
		return false;
	skip_blanks(&s);
	return s.p == s.end;
}

static bool begins_with(struct jsonspan text, char c)
{
	struct scan s = scan_over(text);

	return skip_char(&s, c);
}

bool jsontext_is_object(struct jsonspan text)
{
	return begins_with(text, '{');
}

/* The value at @s, which is valid, without the blanks in front. */
static struct jsonspan take_value(struct scan *s)
{
	struct jsonspan ret;

	skip_blanks(s);
	ret.at = s->p;
	if (!skip_value(s))
		return (struct jsonspan){0};
	ret.len = (size_t)(s->p - ret.at);
	return ret;
}

bool jsontext_next(struct jsonmembers *m, struct jsonspan *key, struct jsonspan *value)
{
	struct scan s = scan_over(m->text);

	if (m->pos)
		s.p = m->pos;
	if (!skip_char(&s, m->pos ? ',' : '{'))
		return false;
	*key = take_value(&s);
	if (!key->at || key->len < 2 || *key->at != '"' || !skip_char(&s, ':'))
		return false;
	key->at++;
	key->len -= 2;
	*value = take_value(&s);
	m->pos = s.p;
	return value->at != NULL;
}

bool jsontext_is(struct jsonspan s, const char *text)
{
	return s.at && s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

struct jsonspan jsontext_member(struct jsonspan object, const char *name)
{
	struct jsonmembers m = {.text = object};
	struct jsonspan key, value, ret = {0};

	while (jsontext_next(&m, &key, &value))
		if (jsontext_is(key, name))
			ret = value;
	return ret;
}

size_t jsontext_count(struct jsonspan array)
{
	struct scan s = scan_over(array);
	size_t n = 0;

	if (!skip_char(&s, '[') || skip_char(&s, ']'))
		return 0;
	do {
		if (!take_value(&s).at)
			break;
		n++;
	} while (skip_char(&s, ','));
	return n;
}

/* Add @head without its last bracket and what indentation puts around that; *any: it has members.
 */
static int add_open(struct buf *out, const char *head, bool *any)
{
	size_t len = strlen(head);

	while (len && head[len - 1] == '\n')
		len--;
	len -= len > 0;
	while (len && (head[len - 1] == '\n' || head[len - 1] == ' '))
		len--;
	*any = len && head[len - 1] != '{';
	return buf_add(out, head, len);
}

int jsontext_with(struct buf *out, const char *head, const char *name, struct jsonspan value)
{
	bool any;

	return add_open(out, head, &any) || buf_addf(out, "%s\"%s\":", any ? "," : "", name) ||
			       buf_add(out, value.at, value.len) || buf_add(out, "}", 1)
		       ? -1
		       : 0;
}

int jsontext_merge(struct buf *out, const char *head, struct jsonspan more)
{
	struct scan s = scan_over(more);
	bool any, has;

	if (!skip_char(&s, '{'))
		return -1;
	skip_blanks(&s);
	has = peek(&s) != '}';
	return add_open(out, head, &any) || (any && has && buf_add(out, ",", 1)) ||
			       buf_add(out, s.p, (size_t)(s.end - s.p))
		       ? -1
		       : 0;
}
