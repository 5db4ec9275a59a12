/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The index of names: open addressing with linear probing. A slot is 0 when empty, else the
 * symbol's number + 1 in its low bits and, in those that are left, some of the name's hash.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kallsyms_table.h"

/* Steps in all, per symbol; at most half of the slots are taken, so that chance needs 1.5. */
#define STEPS_PER_SYMBOL 8u
/* Different names of which the slots look the same are compared in full: at most one in so many
 * symbols. Chance makes one in 512 with the largest table, one in 16,384 with a usual one. */
#define SYMBOLS_PER_TWIN 64u
/* So many names are hashed, and their slots asked for, before the first is put in: the slots are
 * far apart, and the processor fetches them side by side. */
#define BATCH 32u

_Static_assert(KALLSYMS_SYMBOLS_MAX <= 1u << 22, "no bits are left for the hash in a slot");

static size_t slot_first(const struct kallsyms *s, uint64_t hash)
{
	return (size_t)(hash * KALLSYMS_SLOT_FACTOR >> (64 - s->slot_bits));
}

static uint32_t number_mask(const struct kallsyms *s)
{
	return (1u << s->number_bits) - 1;
}

static uint32_t slot_tag(const struct kallsyms *s, uint64_t hash)
{
	return (uint32_t)(hash >> 32) & ~number_mask(s);
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

/* What is left of the work that a table may cause. */
struct budget {
	uint64_t steps, twins;
};

/* Put symbol @i in unless one of its name is there. */
static int slot_insert(struct kallsyms *s, size_t i, uint64_t hash, struct budget *left)
{
	size_t mask = ((size_t)1 << s->slot_bits) - 1, at = slot_first(s, hash);
	uint32_t tag = slot_tag(s, hash), numbers = number_mask(s), old;

	for (; (old = s->slots[at]); at = (at + 1) & mask) {
		if (!left->steps--)
			return -1;
		if ((old & ~numbers) != tag)
			continue;
		if (name_same(s, (old & numbers) - 1, i))
			return 0;
		if (!left->twins--)
			return -1;
	}
	s->slots[at] = tag | (uint32_t)(i + 1);
	return 0;
}

static void slots_size(struct kallsyms *s)
{
	s->slot_bits = 4;
	s->number_bits = 1;
	while ((size_t)1 << s->slot_bits < 2 * s->n)
		s->slot_bits++;
	while (s->n >> s->number_bits)
		s->number_bits++;
}

int kallsyms_index(struct kallsyms *s, struct err *e)
{
	struct budget left = {STEPS_PER_SYMBOL * (uint64_t)s->n + 1024,
			      s->n / SYMBOLS_PER_TWIN + 64};
	uint64_t hash[BATCH];

	slots_size(s);
	s->slots = calloc((size_t)1 << s->slot_bits, sizeof(*s->slots));
	if (!s->slots)
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < s->n; i += BATCH) {
		size_t n = s->n - i < BATCH ? s->n - i : BATCH;

		for (size_t j = 0; j < n; j++) {
			hash[j] = kallsyms_hash_packed(&s->tokens, packed(s, i + j));
			__builtin_prefetch(&s->slots[slot_first(s, hash[j])], 1);
		}
		for (size_t j = 0; j < n; j++)
			if (slot_insert(s, i + j, hash[j], &left))
				return err_set(e, EPROTO, "names collide at name %zu", i + j);
	}
	return 0;
}

ssize_t kallsyms_lookup(const struct kallsyms *s, const char *name)
{
	uint64_t hash = kallsyms_hash_text(name);
	size_t mask = ((size_t)1 << s->slot_bits) - 1, at = slot_first(s, hash);
	uint32_t tag = slot_tag(s, hash), numbers = number_mask(s), slot;
	char text[KALLSYMS_NAME_MAX];

	for (; (slot = s->slots[at]); at = (at + 1) & mask) {
		size_t i = (slot & numbers) - 1;

		if ((slot & ~numbers) != tag)
			continue;
		kallsyms_expand(&s->tokens, packed(s, i), text);
		if (strcmp(text, name) == 0)
			return (ssize_t)i;
	}
	return -1;
}
