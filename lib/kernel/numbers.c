/* SPDX-License-Identifier: GPL-2.0-only */
/* All numbers of a struct. */
#include "kernel/numbers.h"

/* Narrow @m, if it is an atomic_t or the like (a struct of one integer `counter`), to that integer.
 * Whether it is a number then. */
static bool is_number(const struct types *t, struct member *m)
{
	const struct btf_type *b = btf__type_by_id(types_btf(t), m->type);
	struct member inner;
	struct err e;

	if (m->count != 1 || !b)
		return false;
	if (btf_is_int(b) || btf_is_any_enum(b))
		return true;
	if (!btf_is_struct(b) || btf_vlen(b) != 1 ||
	    types_member_of(t, m->type, "counter", &inner, &e) < 0 || inner.count != 1)
		return false;
	b = btf__type_by_id(types_btf(t), inner.type);
	inner.offset += m->offset;
	*m = inner;
	return b && btf_is_int(b);
}

void numbers_add(struct numbers *n, const struct types *t, const char *type, uint64_t offset)
{
	uint32_t id;
	struct err e;
	size_t count;

	if (types_find(t, type, BTF_KIND_STRUCT, &id, &e) < 0)
		return;
	count = types_members(t, id);
	for (size_t i = 0; i < count && n->f.n < FIELDS_MAX; i++) {
		const char *name;
		struct member m;
		int index;

		if (types_member_at(t, id, i, &name, &m, &e) < 0 || !*name || !is_number(t, &m))
			continue;
		m.offset += offset;
		if (fields_add_member(&n->f, &m, &index, &e) == 0)
			n->names[index] = name;
	}
}

int numbers_seal(struct numbers *n, struct err *e)
{
	return fields_seal(&n->f, e);
}
