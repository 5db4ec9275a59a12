/* SPDX-License-Identifier: GPL-2.0-only */
#include "scenario/words.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* ---- the text as a whole ---- */

/*
 * Length of the UTF-8 sequence at @p, 0 when it is not one: no overlong forms, no surrogates,
 * nothing above U+10FFFF (RFC 3629, section 4).
 */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (!len || p[0] > 0xf4 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

int words_check_text(const char *text, size_t len, unsigned int *line, struct err *e)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t step;

	*line = 1;
	for (size_t at = 0; at < len; at += step) {
		bool line_end = p[at] == '\r' && at + 1 < len && p[at + 1] == '\n';

		if (!p[at])
			return err_set(e, EINVAL, "NUL byte: not a text file");
		if (p[at] == 0x7f || (p[at] < 0x20 && !strchr("\t\n", p[at]) && !line_end))
			return err_set(e, EINVAL, "control character 0x%02x", p[at]);
		step = utf8_len(p + at, len - at);
		if (!step)
			return err_set(e, EINVAL, "byte 0x%02x: not UTF-8 text", p[at]);
		*line += p[at] == '\n';
	}
	return 0;
}

/* ---- words ---- */

struct words_reader words_over(const char *text, size_t len)
{
	return (struct words_reader){.text = text, .len = len, .line = 1};
}

/* The character at @pos, CR LF read as LF; -1 at the end. *next is the position behind it. */
static int char_at(const struct words_reader *r, size_t pos, size_t *next)
{
	*next = pos + 1;
	if (pos >= r->len)
		return -1;
	if (r->text[pos] != '\r')
		return (unsigned char)r->text[pos];
	*next = pos + 2;
	return '\n';
}

static int peek(const struct words_reader *r)
{
	size_t next;

	return char_at(r, r->pos, &next);
}

static int take(struct words_reader *r)
{
	int c = char_at(r, r->pos, &r->pos);

	if (c < 0)
		r->pos = r->len;
	r->line += c == '\n';
	return c;
}

/* Skip a backslash and the line end behind it. */
static bool take_join(struct words_reader *r)
{
	size_t next;

	if (peek(r) != '\\' || char_at(r, r->pos + 1, &next) != '\n')
		return false;
	r->pos = next;
	r->line++;
	return true;
}

static int word_add(struct words *w, size_t *used, int c, struct err *e)
{
	if (*used >= WORDS_LINE_MAX)
		return err_set(e, E2BIG, "the line is longer than %u bytes", WORDS_LINE_MAX);
	w->text[(*used)++] = (char)c;
	return 0;
}

/* What stands between two @quote characters; the first is already taken. */
static int quoted_take(struct words_reader *r, struct words *w, size_t *used, char quote,
		       struct err *e)
{
	int c;

	for (;;) {
		if (quote == '"' && take_join(r))
			continue;
		c = peek(r);
		if (c < 0 || c == '\n')
			return err_set(e, EINVAL, "the quote %c is not closed on its line", quote);
		take(r);
		if (c == quote)
			return 0;
		if (c == '\\' && quote == '"' && peek(r) > 0 && strchr("\"\\$`", peek(r)))
			c = take(r);
		if (word_add(w, used, c, e))
			return -1;
	}
}

/* One word up to a blank or the end of the line. */
static int word_take(struct words_reader *r, struct words *w, size_t *used, struct err *e)
{
	int c;

	for (;;) {
		if (take_join(r))
			continue;
		c = peek(r);
		if (c < 0 || strchr(" \t\n", c))
			break;
		take(r);
		if (c == '\'' || c == '"') {
			if (quoted_take(r, w, used, (char)c, e))
				return -1;
			continue;
		}
		if (c == '\\')
			c = take(r);
		if (c < 0)
			return err_set(e, EINVAL, "a backslash ends the file");
		if (word_add(w, used, c, e))
			return -1;
	}
	return word_add(w, used, 0, e);
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t';
}

/* Blanks, joined lines and the comment that may follow them. */
static void blanks_skip(struct words_reader *r)
{
	while (take_join(r) || is_blank(peek(r)))
		if (is_blank(peek(r)))
			take(r);
	if (peek(r) == '#')
		while (peek(r) >= 0 && peek(r) != '\n')
			take(r);
}

static int line_take(struct words_reader *r, struct words *w, struct err *e)
{
	size_t used = 0;

	w->n = 0;
	w->line = r->line;
	for (;;) {
		blanks_skip(r);
		if (peek(r) < 0 || peek(r) == '\n')
			break;
		if (w->n == WORDS_MAX)
			return err_set(e, E2BIG, "the line has more than %u words", WORDS_MAX);
		w->word[w->n++] = w->text + used;
		if (word_take(r, w, &used, e))
			return -1;
	}
	w->word[w->n] = NULL;
	take(r);
	return 0;
}

int words_next(struct words_reader *r, struct words *ret, struct err *e)
{
	ret->n = 0;
	while (!ret->n && r->pos < r->len) {
		if (line_take(r, ret, e)) {
			r->line = ret->line;
			return -1;
		}
	}
	return ret->n ? 1 : 0;
}

int words_quote(struct buf *b, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_./:=,%+@-";
	const char *quote;

	if (*word && strspn(word, plain) == strlen(word))
		return buf_add(b, word, strlen(word));
	if (buf_add(b, "'", 1))
		return -1;
	while ((quote = strchr(word, '\''))) {
		if (buf_add(b, word, (size_t)(quote - word)) || buf_add(b, "'\\''", 4))
			return -1;
		word = quote + 1;
	}
	return buf_add(b, word, strlen(word)) || buf_add(b, "'", 1) ? -1 : 0;
}
