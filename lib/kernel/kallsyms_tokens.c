/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/kallsyms_tokens.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Any odd number with its bits well spread will do: a polynomial in it, modulo 2^64. */
#define HASH_FACTOR 0x9fb21c651e98df25u

static uint8_t letter_clean(uint8_t c)
{
	return c > ' ' && c < 0x7f ? c : '?';
}

static struct kallsyms_step step_of(const char *text, size_t len)
{
	struct kallsyms_step s = {1, 0};

	for (size_t i = 0; i < len; i++) {
		s.mul *= HASH_FACTOR;
		s.add = s.add * HASH_FACTOR + (uint8_t)text[i];
	}
	return s;
}

static void token_set(struct kallsyms_tokens *t, unsigned int i, uint32_t start, size_t len)
{
	const char *text = t->text + start;

	t->start[i] = start;
	t->len[i] = (uint16_t)len;
	t->whole[i] = step_of(text, len);
	t->tail[i] = len ? step_of(text + 1, len - 1) : step_of(text, 0);
}

int kallsyms_tokens_init(struct kallsyms_tokens *t, const void *table, size_t len,
			 const void *index, struct err *e)
{
	const uint8_t *in = table, *at = index;

	if (len > sizeof(t->text))
		len = sizeof(t->text);
	for (size_t i = 0; i < len; i++)
		t->text[i] = (char)(in[i] ? letter_clean(in[i]) : 0);
	for (unsigned int i = 0; i < KALLSYMS_TOKENS; i++) {
		uint32_t start = at[2 * i] | (uint32_t)at[2 * i + 1] << 8;
		size_t max = start < len ? len - start : 0, n;

		if (max > KALLSYMS_NAME_MAX)
			max = KALLSYMS_NAME_MAX;
		n = strnlen(t->text + start, max);
		if (n == max)
			return err_set(e, EPROTO, "token %u does not end in its table", i);
		token_set(t, i, start, n);
	}
	return 0;
}

void kallsyms_tokens_init_letters(struct kallsyms_tokens *t)
{
	for (unsigned int i = 0; i < KALLSYMS_TOKENS; i++) {
		t->text[i] = (char)letter_clean((uint8_t)i);
		token_set(t, i, i, 1);
	}
}

int kallsyms_walk(struct kallsyms_walk *w, const uint8_t *names, size_t len, struct err *e)
{
	size_t pos = w->pos, i = w->done;

	while (i < w->n && len - pos >= 2) {
		struct kallsyms_packed name = kallsyms_packed_at(names + pos);
		size_t end = (size_t)(name.token - names) + name.len;

		if (!name.len || name.len > KALLSYMS_NAME_MAX)
			return err_set(e, EPROTO, "name %zu is %zu bytes long", i, name.len);
		if (end > len)
			break;
		w->at[i++] = (uint32_t)pos;
		pos = end;
	}
	w->pos = pos;
	w->done = i;
	return 0;
}

uint64_t kallsyms_hash_packed(const struct kallsyms_tokens *t, struct kallsyms_packed name)
{
	uint64_t h = t->tail[name.token[0]].add;

	for (size_t i = 1; i < name.len; i++) {
		const struct kallsyms_step *s = &t->whole[name.token[i]];

		h = h * s->mul + s->add;
	}
	return h;
}

uint64_t kallsyms_hash_text(const char *name)
{
	return step_of(name, strlen(name)).add;
}

char kallsyms_expand(const struct kallsyms_tokens *t, struct kallsyms_packed name,
		     char ret[KALLSYMS_NAME_MAX])
{
	unsigned int first = name.token[0];
	size_t n = 0;

	for (size_t i = 0; i < name.len; i++) {
		unsigned int c = name.token[i];
		size_t skip = i == 0 && t->len[c] ? 1 : 0;
		size_t len = t->len[c] - skip, room = KALLSYMS_NAME_MAX - 1 - n;

		if (len > room)
			len = room;
		memcpy(ret + n, t->text + t->start[c] + skip, len);
		n += len;
	}
	ret[n] = '\0';
	return t->len[first] ? t->text[t->start[first]] : '?';
}
