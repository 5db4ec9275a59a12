/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The index of names: open addressing with linear probing. A slot is 0 when empty, else the
 * symbol's number + 1 in its low bits and bits of the name's hash above them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kallsyms_table.h"

#define NUMBER_BITS 23u /* KALLSYMS_SYMBOLS_MAX fits, with 1 added */
#define NUMBER_MASK ((1u << NUMBER_BITS) - 1)
/* Steps in all, per symbol; at most half of the slots are taken, so chance needs 1.5. */
#define STEPS_PER_SYMBOL 8u
/* Different names of which the hash looks the same; chance makes none. */
#define TWINS_MAX 64u

_Static_assert(KALLSYMS_SYMBOLS_MAX < NUMBER_MASK, "a symbol's number does not fit into a slot");

static size_t slot_first(const struct kallsyms *s, uint64_t hash)
{
	return (size_t)(hash * 0xff51afd7ed558ccdu >> (64 - s->slot_bits));
}

static struct kallsyms_packed packed(const struct kallsyms *s, size_t i)
{
	return kallsyms_packed_at(s->names + s->at[i]);
}

static bool name_same(const struct kallsyms *s, size_t a, size_t b)
{
	struct kallsyms_packed pa = packed(s, a), pb = packed(s, b);
	char ta[KALLSYMS_NAME_MAX], tb[KALLSYMS_NAME_MAX];

	if (pa.len == pb.len && memcmp(pa.token, pb.token, pa.len) == 0)
		return true;
	kallsyms_expand(&s->tokens, pa, ta);
	kallsyms_expand(&s->tokens, pb, tb);
	return strcmp(ta, tb) == 0;
}

int kallsyms_index(struct kallsyms *s, struct err *e)
{
	uint64_t steps = STEPS_PER_SYMBOL * (uint64_t)s->n + 1024;
	unsigned int twins = 0;
	size_t mask;

	s->slot_bits = 4;
	while ((size_t)1 << s->slot_bits < 2 * s->n)
		s->slot_bits++;
	mask = ((size_t)1 << s->slot_bits) - 1;
	s->slots = calloc(mask + 1, sizeof(*s->slots));
	if (!s->slots)
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < s->n; i++) {
		uint64_t hash = kallsyms_hash_packed(&s->tokens, packed(s, i));
		size_t slot = slot_first(s, hash);
		uint64_t tag = hash & ~(uint64_t)NUMBER_MASK, old;

		while ((old = s->slots[slot])) {
			if (!--steps || twins > TWINS_MAX)
				return err_set(e, EPROTO, "names collide at name %zu", i);
			if ((old & ~(uint64_t)NUMBER_MASK) == tag) {
				if (name_same(s, (old & NUMBER_MASK) - 1, i))
					break;
				twins++;
			}
			slot = (slot + 1) & mask;
		}
		if (!old)
			s->slots[slot] = tag | (i + 1);
	}
	return 0;
}

ssize_t kallsyms_lookup(const struct kallsyms *s, const char *name)
{
	uint64_t hash = kallsyms_hash_text(name), tag = hash & ~(uint64_t)NUMBER_MASK, slot;
	size_t mask = ((size_t)1 << s->slot_bits) - 1, at = slot_first(s, hash);
	char text[KALLSYMS_NAME_MAX];

	for (; (slot = s->slots[at]); at = (at + 1) & mask) {
		size_t i = (slot & NUMBER_MASK) - 1;

		if ((slot & ~(uint64_t)NUMBER_MASK) != tag)
			continue;
		kallsyms_expand(&s->tokens, packed(s, i), text);
		if (strcmp(text, name) == 0)
			return (ssize_t)i;
	}
	return -1;
}
