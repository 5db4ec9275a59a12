/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/kallsyms_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static void kallsyms_destroyp(struct kallsyms **s)
{
	kallsyms_destroy(*s);
}

void kallsyms_destroy(struct kallsyms *s)
{
	if (!s)
		return;
	free(s->names);
	free(s->at);
	free(s->kva);
	free(s->order);
	free(s->slots);
	free(s);
}

/* The lowest symbol of the image and _end, so that a module's address is not taken for a place far
 * behind the last symbol. */
static void image_bounds(struct kallsyms *s)
{
	uint64_t last = 0;
	ssize_t end = kallsyms_lookup(s, "_end");

	s->image_start = UINT64_MAX;
	for (size_t i = 0; i < s->n; i++) {
		uint64_t kva = s->kva[i];

		if (kva < KMEM_IMAGE_BASE)
			continue;
		if (kva < s->image_start)
			s->image_start = kva;
		if (kva > last)
			last = kva;
	}
	s->image_end = last ? last + 1 : 0;
	if (end >= 0 && s->kva[end] > s->image_start)
		s->image_end = s->kva[end];
}

/* With names, at, tokens and addresses there, make what is derived from them. */
static int table_finish(struct kallsyms *s, struct err *e)
{
	bool sorted = true;

	for (size_t i = 1; i < s->n; i++)
		sorted &= s->kva[i - 1] <= s->kva[i];
	if (!sorted) {
		s->order = kallsyms_order(s->kva, s->n, e);
		if (!s->order)
			return -1;
	}
	image_bounds(s);
	return 0;
}

static int32_t offset_at(const struct kallsyms_source *src, size_t i)
{
	int32_t v;

	memcpy(&v, (const char *)src->offsets + 4 * i, sizeof(v));
	return v;
}

enum form {
	/* 7.0 and later, a081b5789255 ("kallsyms: Get rid of kallsyms relative base"). */
	FORM_ENTRY,
	/* 6.15 and later: KALLSYMS_ABSOLUTE_PERCPU is gone with its only user, x86-64. */
	FORM_BASE,
	/* Before: a value that is not negative is absolute, e.g. the offset of a per-CPU variable.
	 */
	FORM_BASE_OR_ABSOLUTE,
};

static uint64_t address_of(const struct kallsyms_source *src, enum form form, size_t i)
{
	int32_t v = offset_at(src, i);

	switch (form) {
	case FORM_ENTRY:
		return src->offsets_kva + 4 * i + (uint64_t)(int64_t)v;
	case FORM_BASE:
		return src->base + (uint32_t)v;
	case FORM_BASE_OR_ABSOLUTE:
		return v >= 0 ? (uint64_t)v : src->base - 1 - (uint64_t)(int64_t)v;
	}
	return 0;
}

/* The form by which _stext comes out where VMCOREINFO has it. */
static int form_find(const struct kallsyms *s, const struct kallsyms_source *src, enum form *ret,
		     struct err *e)
{
	ssize_t i = kallsyms_lookup(s, "_stext");
	enum form first = src->has_base ? FORM_BASE : FORM_ENTRY;
	enum form last = src->has_base ? FORM_BASE_OR_ABSOLUTE : FORM_ENTRY;

	if (i < 0)
		return err_set(e, EPROTO, "no symbol '_stext' among %zu", s->n);
	for (enum form f = first; f <= last; f++) {
		*ret = f;
		if (address_of(src, f, (size_t)i) == src->stext)
			return 0;
	}
	return err_set(e, EPROTO, "'_stext' is at 0x%llx, not at 0x%llx",
		       (unsigned long long)address_of(src, first, (size_t)i),
		       (unsigned long long)src->stext);
}

static int decode(struct kallsyms *s, const struct kallsyms_source *src, struct err *e)
{
	enum form form = FORM_ENTRY;

	if (kallsyms_tokens_init(&s->tokens, src->token_table, src->token_table_len,
				 src->token_index, e) ||
	    kallsyms_index(s, e) || form_find(s, src, &form, e))
		return -1;
	for (size_t i = 0; i < s->n; i++)
		s->kva[i] = address_of(src, form, i);
	return table_finish(s, e);
}

static struct kallsyms *table_create(size_t n, struct err *e)
{
	struct kallsyms *s = malloc(sizeof(*s));

	if (s) {
		/* All but the tokens, which are filled in. */
		memset((char *)s + sizeof(s->tokens), 0, sizeof(*s) - sizeof(s->tokens));
		s->n = n;
		s->kva = malloc((n + 1) * sizeof(*s->kva));
	}
	if (!s || !s->kva) {
		kallsyms_destroy(s);
		err_set(e, ENOMEM, "out of memory");
		return NULL;
	}
	return s;
}

int kallsyms_decode(struct kallsyms_source *src, struct kallsyms **ret, struct err *e)
{
	_cleanup_(kallsyms_destroyp) struct kallsyms *s = table_create(src->n, e);

	*ret = NULL;
	if (!s) {
		free(steal_ptr(&src->names));
		free(steal_ptr(&src->at));
		return -1;
	}
	s->names = steal_ptr(&src->names);
	s->at = steal_ptr(&src->at);
	if (decode(s, src, e))
		return -1;
	*ret = steal_ptr(&s);
	return 0;
}

static size_t plain_pack(uint8_t *to, const struct kallsyms_plain *sym)
{
	size_t len = sym->len + 1u, n = 0;

	to[n++] = (uint8_t)(len < 0x80 ? len : (len & 0x7f) | 0x80);
	if (len >= 0x80)
		to[n++] = (uint8_t)(len >> 7);
	to[n++] = (uint8_t)sym->type;
	memcpy(to + n, sym->name, sym->len);
	return n + sym->len;
}

static int plain_fill(struct kallsyms *s, const struct kallsyms_plain *sym, struct err *e)
{
	_cleanup_free_ uint32_t *order = NULL;
	size_t size = 0, pos = 0;

	for (size_t i = 0; i < s->n; i++) {
		s->kva[i] = sym[i].kva;
		size += sym[i].len + 3u;
	}
	order = kallsyms_order(s->kva, s->n, e);
	s->names = malloc(size);
	s->at = malloc(s->n * sizeof(*s->at));
	if (!order || !s->names || !s->at)
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < s->n; i++) {
		s->at[i] = (uint32_t)pos;
		s->kva[i] = sym[order[i]].kva;
		pos += plain_pack(s->names + pos, &sym[order[i]]);
	}
	kallsyms_tokens_init_letters(&s->tokens);
	return kallsyms_index(s, e) || table_finish(s, e) ? -1 : 0;
}

int kallsyms_create_plain(const struct kallsyms_plain *sym, size_t n, struct kallsyms **ret,
			  struct err *e)
{
	_cleanup_(kallsyms_destroyp) struct kallsyms *s = NULL;

	*ret = NULL;
	if (!n)
		return err_set(e, ENOENT, "no symbols");
	s = table_create(n, e);
	if (!s || plain_fill(s, sym, e))
		return -1;
	*ret = steal_ptr(&s);
	return 0;
}

int kallsyms_find(const struct kallsyms *s, const char *name, uint64_t *ret, struct err *e)
{
	ssize_t i = kallsyms_lookup(s, name);

	if (i < 0)
		return err_set(e, ENOENT, "no symbol '%s'", name);
	*ret = s->kva[i];
	return 0;
}

static size_t by_address(const struct kallsyms *s, size_t i)
{
	return s->order ? s->order[i] : i;
}

/* How many symbols lie below @kva. */
static size_t symbols_below(const struct kallsyms *s, uint64_t kva)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->kva[by_address(s, mid)] < kva)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int kallsyms_name(const struct kallsyms *s, uint64_t kva, char ret[KALLSYMS_NAME_MAX],
		  uint64_t *ret_offset, struct err *e)
{
	size_t i, at;

	if (kva < s->image_start || kva >= s->image_end)
		return err_set(e, ENOENT, "no symbol at 0x%llx", (unsigned long long)kva);
	/* The last one that is not above, and of those at its address the first, as the kernel
	 * does. image_start is a symbol's, so there is one. */
	i = symbols_below(s, kva);
	if (i == s->n || s->kva[by_address(s, i)] != kva)
		i = symbols_below(s, s->kva[by_address(s, i - 1)]);
	at = by_address(s, i);
	kallsyms_expand(&s->tokens, kallsyms_packed_at(s->names + s->at[at]), ret);
	*ret_offset = kva - s->kva[at];
	return 0;
}

size_t kallsyms_count(const struct kallsyms *s)
{
	return s->n;
}

int kallsyms_get(const struct kallsyms *s, size_t i, char ret[KALLSYMS_NAME_MAX], uint64_t *ret_kva,
		 char *ret_type, struct err *e)
{
	if (i >= s->n)
		return err_set(e, ENOENT, "no symbol number %zu, there are %zu", i, s->n);
	*ret_kva = s->kva[i];
	*ret_type = kallsyms_expand(&s->tokens, kallsyms_packed_at(s->names + s->at[i]), ret);
	return 0;
}
