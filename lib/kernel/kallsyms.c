/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own table, out of the memory of a guest: everything is copied once, then decoded. */
#include "kernel/kallsyms.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "kernel/kallsyms_table.h"

/* The length of all names is not known before they are read: so much at a time. */
#define NAMES_CHUNK (128u << 10)
#define NAMES_MAX (256u << 20)

struct places {
	uint64_t names, num_syms, token_table, token_index, offsets, relative_base, stext;
	bool has_base;
};

static int places_find(const struct vmcoreinfo *v, struct places *p, struct err *e)
{
	struct err none;

	p->has_base = vmcoreinfo_symbol(v, "kallsyms_relative_base", &p->relative_base, &none) == 0;
	if (vmcoreinfo_symbol(v, "kallsyms_names", &p->names, e) ||
	    vmcoreinfo_symbol(v, "kallsyms_num_syms", &p->num_syms, e) ||
	    vmcoreinfo_symbol(v, "kallsyms_token_table", &p->token_table, e) ||
	    vmcoreinfo_symbol(v, "kallsyms_token_index", &p->token_index, e) ||
	    vmcoreinfo_symbol(v, "kallsyms_offsets", &p->offsets, e) ||
	    vmcoreinfo_symbol(v, "_stext", &p->stext, e))
		return -1;
	return 0;
}

/* A buffer of names that is read piece by piece. */
struct names {
	uint8_t *data;
	size_t len, cap;
};

static void names_deinit(struct names *b)
{
	free(b->data);
}

static int names_more(struct names *b, const struct kmem *k, uint64_t kva, struct err *e)
{
	if (b->len + NAMES_CHUNK > b->cap) {
		size_t cap = b->cap ? 2 * b->cap : 4u << 20;
		uint8_t *data;

		if (cap > NAMES_MAX)
			return err_set(e, EPROTO, "names are more than %u bytes", NAMES_MAX);
		data = realloc(b->data, cap);
		if (!data)
			return err_set(e, ENOMEM, "out of memory");
		b->data = data;
		b->cap = cap;
	}
	if (kmem_read(k, kva + b->len, b->data + b->len, NAMES_CHUNK, e))
		return -1;
	b->len += NAMES_CHUNK;
	return 0;
}

static int names_read(struct kallsyms_source *src, const struct kmem *k, uint64_t kva,
		      struct err *e)
{
	_cleanup_(names_deinit) struct names b = {0};
	struct kallsyms_walk w = {.n = src->n};

	src->at = malloc((src->n + 1) * sizeof(*src->at));
	if (!src->at)
		return err_set(e, ENOMEM, "out of memory");
	w.at = src->at;
	while (w.done < w.n) {
		if (names_more(&b, k, kva, e) || kallsyms_walk(&w, b.data, b.len, e))
			return -1;
	}
	src->names = steal_ptr(&b.data);
	return 0;
}

/* All but the names. */
struct copies {
	uint8_t token_index[2 * KALLSYMS_TOKENS];
	uint8_t token_table[KALLSYMS_TOKEN_TABLE_MAX];
	uint8_t *offsets;
};

static void copies_deinit(struct copies *c)
{
	free(c->offsets);
}

static int tokens_read(struct copies *c, const struct kmem *k, const struct places *p,
		       size_t *ret_len, struct err *e)
{
	size_t last = 0;

	if (kmem_read(k, p->token_index, c->token_index, sizeof(c->token_index), e))
		return -1;
	for (size_t i = 0; i < sizeof(c->token_index); i += 2) {
		size_t at = c->token_index[i] | (size_t)c->token_index[i + 1] << 8;

		if (at > last)
			last = at;
	}
	*ret_len = last + KALLSYMS_NAME_MAX;
	return kmem_read(k, p->token_table, c->token_table, *ret_len, e);
}

static int offsets_read(struct copies *c, const struct kmem *k, const struct places *p, size_t n,
			struct err *e)
{
	c->offsets = malloc(4 * n);
	if (!c->offsets)
		return err_set(e, ENOMEM, "out of memory");
	return kmem_read(k, p->offsets, c->offsets, 4 * n, e);
}

static int source_read(struct kallsyms_source *src, struct copies *c, const struct kmem *k,
		       const struct places *p, struct err *e)
{
	uint32_t n;

	if (kmem_u32(k, p->num_syms, &n, e))
		return -1;
	if (!n || n > KALLSYMS_SYMBOLS_MAX)
		return err_set(e, EPROTO, "kallsyms_num_syms is %u, not 1 to %u", n,
			       KALLSYMS_SYMBOLS_MAX);
	src->n = n;
	src->token_table = c->token_table;
	src->token_index = c->token_index;
	if (tokens_read(c, k, p, &src->token_table_len, e) || offsets_read(c, k, p, n, e))
		return -1;
	src->offsets = c->offsets;
	src->offsets_kva = p->offsets;
	src->has_base = p->has_base;
	src->stext = p->stext;
	if (p->has_base && kmem_u64(k, p->relative_base, &src->base, e))
		return -1;
	return names_read(src, k, p->names, e);
}

static void source_deinit(struct kallsyms_source *src)
{
	free(src->names);
	free(src->at);
}

int kallsyms_create(const struct kmem *k, const struct vmcoreinfo *v, struct kallsyms **ret,
		    struct err *e)
{
	_cleanup_(source_deinit) struct kallsyms_source src = {0};
	_cleanup_(copies_deinit) struct copies c;
	struct places p;

	*ret = NULL;
	c.offsets = NULL;
	if (places_find(v, &p, e) || source_read(&src, &c, k, &p, e) ||
	    kallsyms_decode(&src, ret, e))
		return err_prefix(e, "kallsyms");
	return 0;
}
