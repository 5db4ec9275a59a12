/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words of a scenario file, line by line, quoted as in the shell: '..' takes all as it is, ".."
 * knows a backslash before " \ $ and `, a backslash elsewhere quotes the next character, # at the
 * start of a word begins a comment, a backslash at the end of a line joins it with the next. There
 * are no variables, patterns or operators. A quote ends on the line where it began.
 */
#ifndef KTSTR_SCENARIO_WORDS_H
#define KTSTR_SCENARIO_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

#define WORDS_LINE_MAX 16384u /* bytes of the words of a line, each with its NUL */
#define WORDS_MAX 256u	      /* words of a line */

/* The words of one line; they point into `text`. */
struct words {
	unsigned int line; /* where it begins, from 1 */
	size_t n;
	char *word[WORDS_MAX + 1]; /* NULL behind the last */
	char text[WORDS_LINE_MAX + 1];
};

struct words_reader {
	const char *text;
	size_t len;
	size_t pos;
	unsigned int line; /* of pos, from 1 */
};

/*
 * Look at the whole text before any of it is used: no NUL or other control character but tab and
 * line ends (LF or CR LF), and UTF-8. On failure *line is where it is wrong.
 */
int words_check_text(const char *text, size_t len, unsigned int *line, struct err *e);

struct words_reader words_over(const char *text, size_t len);

/*
 * The words of the next line that has any: 1, or 0 at the end, or -1 with r->line the line at
 * fault. The text must have passed words_check_text().
 */
int words_next(struct words_reader *r, struct words *ret, struct err *e);

/* Add @word to @b, quoted where it must be, so that words_next() and the shell read it back. */
int words_quote(struct buf *b, const char *word);

#endif
