/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The compressed form of symbol names (scripts/kallsyms.c): a name is a row of bytes, each of which
 * stands for one of 256 short texts; the first letter of the first text is the symbol's type.
 *
 * Names stay compressed here. A hash of a name is put together from the hashes of its tokens, so
 * that 200,000 names are indexed without one of them being written out; a name is expanded when
 * somebody asks for it. A System.map or an ELF file is brought into the same form with tokens of
 * one letter each.
 */
#ifndef KTSTR_KERNEL_KALLSYMS_TOKENS_H
#define KTSTR_KERNEL_KALLSYMS_TOKENS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kernel/kallsyms.h"

#define KALLSYMS_TOKENS 256u
#define KALLSYMS_TOKEN_TABLE_MAX (UINT16_MAX + KALLSYMS_NAME_MAX) /* bytes that a u16 reaches */

/* What the text of a token does to a hash: h = h * mul + add. */
struct kallsyms_step {
	uint64_t mul, add;
};

struct kallsyms_tokens {
	struct kallsyms_step whole[KALLSYMS_TOKENS];
	struct kallsyms_step tail[KALLSYMS_TOKENS]; /* without the first letter */
	uint16_t len[KALLSYMS_TOKENS];
	uint32_t start[KALLSYMS_TOKENS]; /* in text */
	char text[KALLSYMS_TOKEN_TABLE_MAX];
};

/*
 * Take the token table (@len bytes at @table) and its 256 little-endian u16 at @index. Bytes that
 * are no printable ASCII become '?', so that no name made of them can harm a terminal. EPROTO: a
 * token begins or ends outside the table.
 */
int kallsyms_tokens_init(struct kallsyms_tokens *t, const void *table, size_t len,
			 const void *index, struct err *e);

/* Token c is the letter c. */
void kallsyms_tokens_init_letters(struct kallsyms_tokens *t);

/* One name: @len token bytes, at least one. */
struct kallsyms_packed {
	const uint8_t *token;
	size_t len;
};

/* The name at @p, which kallsyms_walk() has passed. */
static inline struct kallsyms_packed kallsyms_packed_at(const uint8_t *p)
{
	size_t len = *p++;

	if (len & 0x80)
		len = (len & 0x7f) | (size_t)*p++ << 7;
	return (struct kallsyms_packed){p, len};
}

/* Where reading the lengths of @n names has got to; at[] is the caller's. */
struct kallsyms_walk {
	uint32_t *at; /* where in the bytes each name begins */
	size_t n, done;
	size_t pos; /* behind the last name that is done */
};

/*
 * Go on through the names as far as @len bytes reach. EPROTO for a name that is empty or longer
 * than KALLSYMS_NAME_MAX; the text gives its number.
 */
int kallsyms_walk(struct kallsyms_walk *w, const uint8_t *names, size_t len, struct err *e);

/* Hash of a packed name, without its type letter, and of a plain one: the same for the same name.
 */
uint64_t kallsyms_hash_packed(const struct kallsyms_tokens *t, struct kallsyms_packed name);
uint64_t kallsyms_hash_text(const char *name);

/* Write the name out, NUL-terminated, cut at KALLSYMS_NAME_MAX - 1 bytes. Returns the type letter,
 * '?' when the first token is empty. */
char kallsyms_expand(const struct kallsyms_tokens *t, struct kallsyms_packed name,
		     char ret[KALLSYMS_NAME_MAX]);

#endif
