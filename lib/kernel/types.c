/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/types.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "kernel/btfcheck.h"

/* Nobody asks for longer names; a guest may have millions of types of one endless name. */
#define NAME_LEN_MAX 128u
/* Steps in the index, per name; at most half of the slots are taken, so that chance needs 1.5. */
#define INDEX_STEPS_PER_NAME 8u
/* Members that one path may look at: anonymous members that nest could cost without end. */
#define STEPS_MAX (1u << 20)
/* No object of a kernel is larger; keeps sums of offsets and sizes far from overflow. */
#define OBJECT_MAX ((uint64_t)1 << 40)

/* A named type in the index; id 0 is an empty slot. */
struct slot {
	uint32_t hash, id;
};

struct types {
	struct btf *btf;
	const struct types *base;
	struct slot *slots;
	uint32_t mask;	/* number of slots - 1 */
	uint8_t *notes; /* one an id */
};

/* ---- index of names ---- */

static uint32_t hash_name(const char *name, unsigned int kind)
{
	uint64_t h = 0xcbf29ce484222325u ^ kind; /* FNV-1a */

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 0x100000001b3u;
	return (uint32_t)(h ^ h >> 32);
}

static bool kind_is_indexed(unsigned int kind)
{
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_ENUM ||
	       kind == BTF_KIND_ENUM64 || kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_INT;
}

/* The name under which type @id is to be found, NULL for none. */
static const char *indexed_name(const struct types *t, uint32_t id)
{
	const struct btf_type *b = btf__type_by_id(t->btf, id);
	const char *name;

	if (!b->name_off || !kind_is_indexed(btf_kind(b)))
		return NULL;
	name = btf__str_by_offset(t->btf, b->name_off);
	return strnlen(name, NAME_LEN_MAX) < NAME_LEN_MAX ? name : NULL;
}

/* Whether @slot is of @name and @kind. */
static bool slot_is(const struct types *t, const struct slot *slot, uint32_t hash, const char *name,
		    unsigned int kind)
{
	const struct btf_type *b;

	if (slot->hash != hash)
		return false;
	b = btf__type_by_id(t->btf, slot->id);
	return btf_kind(b) == kind && strcmp(btf__str_by_offset(t->btf, b->name_off), name) == 0;
}

/* In order of ids, so that of several types of one name the first is there. -1: no steps left. */
static int index_add(struct types *t, const char *name, uint32_t id, uint64_t *steps)
{
	unsigned int kind = btf_kind(btf__type_by_id(t->btf, id));
	uint32_t hash = hash_name(name, kind), i = hash & t->mask;

	for (; t->slots[i].id; i = (i + 1) & t->mask) {
		if (!(*steps)--)
			return -1;
		if (slot_is(t, &t->slots[i], hash, name, kind))
			return 0;
	}
	t->slots[i] = (struct slot){.hash = hash, .id = id};
	return 0;
}

static int index_build(struct types *t, uint32_t first, struct err *e)
{
	uint32_t n = btf__type_cnt(t->btf), named = 0, slots = 16;
	uint64_t steps;

	for (uint32_t id = first; id < n; id++)
		named += indexed_name(t, id) != NULL;
	while (slots < 2 * named)
		slots *= 2;
	t->slots = calloc(slots, sizeof(*t->slots));
	if (!t->slots)
		return err_set(e, ENOMEM, "no memory for the index of %u types", named);
	t->mask = slots - 1;
	steps = INDEX_STEPS_PER_NAME * (uint64_t)named + 1024;
	for (uint32_t id = first; id < n; id++) {
		const char *name = indexed_name(t, id);

		if (name && index_add(t, name, id, &steps))
			return err_set(e, EPROTO, "names of types collide at type %u", id);
	}
	return 0;
}

static uint32_t index_find(const struct types *t, const char *name, unsigned int kind)
{
	uint32_t hash = hash_name(name, kind);

	for (uint32_t i = hash & t->mask; t->slots[i].id; i = (i + 1) & t->mask)
		if (slot_is(t, &t->slots[i], hash, name, kind))
			return t->slots[i].id;
	return t->base ? index_find(t->base, name, kind) : 0;
}

/* ---- life ---- */

/* libbpf declares btf__new_split() but does not export it before 1.6: hand over a file instead. */
static struct btf *parse_split(const void *data, size_t len, const struct types *base)
{
	_cleanup_close_ int fd = memfd_create("btf", MFD_CLOEXEC);
	char path[32];
	struct err e;

	if (fd < 0 || io_write_all(fd, data, len, "memory", &e))
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return btf__parse_raw_split(path, base->btf);
}

static int parse(struct types *t, const void *data, size_t len, struct err *e)
{
	/* The library prints what it does not like; a library of ours never prints. */
	libbpf_print_fn_t print = libbpf_set_print(NULL);

	errno = EPROTO;
	t->btf = t->base ? parse_split(data, len, t->base) : btf__new(data, (uint32_t)len);
	libbpf_set_print(print);
	if (!t->btf)
		return err_sys(e, "libbpf does not take the BTF");
	return 0;
}

static void types_destroyp(struct types **t)
{
	types_destroy(*t);
}

int types_create(const void *data, size_t len, const struct types *base, struct types **ret,
		 struct err *e)
{
	_cleanup_(types_destroyp) struct types *t = NULL;
	struct btfcheck check;
	uint32_t first;

	*ret = NULL;
	if (len > TYPES_BTF_MAX)
		return err_set(e, EFBIG, "BTF of %zu bytes is longer than %u", len, TYPES_BTF_MAX);
	if (btfcheck(data, len, base ? base->btf : NULL, &check, e))
		return -1;
	t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(e, ENOMEM, "no memory for types");
	t->base = base;
	first = base ? btf__type_cnt(base->btf) : 1;
	if (parse(t, data, len, e))
		return -1;
	if (btf__type_cnt(t->btf) != first + check.n_types)
		return err_set(e, EPROTO, "libbpf finds %u types in the BTF, not %u",
			       btf__type_cnt(t->btf) - first, check.n_types);
	if (index_build(t, first, e))
		return -1;
	t->notes = calloc(btf__type_cnt(t->btf), 1);
	if (!t->notes)
		return err_set(e, ENOMEM, "no memory for types");
	*ret = steal_ptr(&t);
	return 0;
}

void types_destroy(struct types *t)
{
	if (!t)
		return;
	btf__free(t->btf);
	free(t->slots);
	free(t->notes);
	free(t);
}

const struct btf *types_btf(const struct types *t)
{
	return t->btf;
}

uint8_t *types_notes(const struct types *t)
{
	return t->notes;
}

/* ---- look-ups ---- */

static const char *kind_name(unsigned int kind)
{
	switch (kind) {
	case BTF_KIND_STRUCT:
		return "struct";
	case BTF_KIND_UNION:
		return "union";
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return "enum";
	case BTF_KIND_TYPEDEF:
		return "typedef";
	default:
		return "type";
	}
}

int types_find(const struct types *t, const char *name, unsigned int kind, uint32_t *ret,
	       struct err *e)
{
	uint32_t id = index_find(t, name, kind);

	if (!id)
		return err_set(e, ENOENT, "no %s '%s' in the kernel's types", kind_name(kind),
			       name);
	*ret = id;
	return 0;
}

static const char *type_name(const struct types *t, uint32_t id)
{
	const struct btf_type *b = btf__type_by_id(t->btf, id);
	const char *name = b ? btf__str_by_offset(t->btf, b->name_off) : NULL;

	return name && *name ? name : "(anonymous)";
}

/* Take typedefs and modifiers off *id. */
static const struct btf_type *resolve(const struct types *t, uint32_t *id, struct err *e)
{
	for (unsigned int depth = 0; depth < TYPES_DEPTH_MAX; depth++) {
		const struct btf_type *b = *id ? btf__type_by_id(t->btf, *id) : NULL;

		if (!b) {
			err_set(e, EPROTO, "type %u has no size", *id);
			return NULL;
		}
		if (!btf_is_mod(b) && !btf_is_typedef(b))
			return b;
		*id = b->type;
	}
	err_set(e, EPROTO, "types that name each other around type %u", *id);
	return NULL;
}

/* The size of a type that resolve() gave; arrays of arrays are followed down. */
static int size_of(const struct types *t, const struct btf_type *b, uint64_t *ret, struct err *e)
{
	uint64_t n = 1;

	for (unsigned int depth = 0; depth < TYPES_DEPTH_MAX; depth++) {
		uint32_t id;

		switch (btf_kind(b)) {
		case BTF_KIND_PTR:
			*ret = n * 8;
			return 0;
		case BTF_KIND_INT:
		case BTF_KIND_FLOAT:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			if (n * b->size > OBJECT_MAX)
				return err_set(e, EPROTO, "an array of absurd size");
			*ret = n * b->size;
			return 0;
		case BTF_KIND_ARRAY:
			n *= btf_array(b)->nelems;
			if (n > OBJECT_MAX / 1024)
				return err_set(e, EPROTO, "an array of absurd size");
			id = btf_array(b)->type;
			b = resolve(t, &id, e);
			if (!b)
				return -1;
			continue;
		default:
			return err_set(e, EPROTO, "a type of kind %u has no size", btf_kind(b));
		}
	}
	return err_set(e, EPROTO, "arrays nest without end");
}

static bool int_is_signed(const struct btf_type *b)
{
	if (btf_is_int(b))
		return btf_int_encoding(b) & BTF_INT_SIGNED;
	return btf_is_any_enum(b) && btf_kflag(b);
}

/* Where a path has led so far. */
struct place {
	uint64_t offset; /* bytes from the start of the outer type */
	uint32_t type;	 /* as declared */
	uint8_t bit_offset, bit_size;
	bool beyond; /* within a flexible array, so behind the end of the outer type */
};

/* Go from the start of struct @b, where *p is, to its member @i. */
static int place_enter(const struct types *t, const struct btf_type *b, uint32_t i, struct place *p,
		       struct err *e)
{
	uint64_t bit = btf_member_bit_offset(b, i);
	uint32_t bits = btf_member_bitfield_size(b, i);
	uint32_t id = btf_members(b)[i].type;
	const struct btf_type *m = resolve(t, &id, e);

	if (!m)
		return -1;
	/* Before kind_flag (4.20), the width of a bit field was that of an int of its own. */
	if (!bits && btf_is_int(m) && btf_int_bits(m) < m->size * 8) {
		bits = btf_int_bits(m);
		bit += btf_int_offset(m);
	}
	if (!bits && bit % 8)
		return err_set(e, EPROTO, "a member between two bytes");
	if (bits && bit % 8 + bits > 64)
		return err_set(e, EPROTO, "a bit field of %u bits", bits);
	p->offset += bit / 8;
	p->type = btf_members(b)[i].type;
	p->bit_offset = bits ? (uint8_t)(bit % 8) : 0;
	p->bit_size = (uint8_t)bits;
	return 0;
}

/* What is at @p, which lies in an object of @outer bytes. */
static int place_describe(const struct types *t, const struct place *p, uint64_t outer,
			  struct member *ret, struct err *e)
{
	struct member m = {.offset = p->offset,
			   .count = 1,
			   .type = p->type,
			   .bit_offset = p->bit_offset,
			   .bit_size = p->bit_size};
	const struct btf_type *b = resolve(t, &m.type, e);

	if (b && btf_is_array(b)) {
		m.count = btf_array(b)->nelems;
		m.type = btf_array(b)->type;
		b = resolve(t, &m.type, e);
	}
	if (!b || size_of(t, b, &m.size, e))
		return -1;
	if (m.bit_size)
		m.size = (m.bit_offset + m.bit_size + 7u) / 8;
	m.is_signed = int_is_signed(b);
	if (!p->beyond && (m.offset > outer || (m.count && m.size > (outer - m.offset) / m.count)))
		return err_set(e, EPROTO, "a member that ends behind its struct");
	*ret = m;
	return 0;
}

/* One look-up of a path. */
struct search {
	const struct types *t;
	unsigned int steps; /* members looked at so far */
};

/* Go from the start of struct @b, where *p is, to the member of @len bytes of @name, through
 * anonymous members too. Returns 1 when found, 0 when not there, -1 on error. */
static int search_member(struct search *s, const struct btf_type *b, const char *name, size_t len,
			 unsigned int depth, struct place *p, struct err *e)
{
	if (depth > TYPES_DEPTH_MAX)
		return err_set(e, EPROTO, "anonymous members nest too deep");
	for (uint32_t i = 0; i < btf_vlen(b); i++) {
		const struct btf_member *m = &btf_members(b)[i];
		const struct btf_type *inner;
		struct place at = *p;
		uint32_t id = m->type;
		int r;

		if (++s->steps > STEPS_MAX)
			return err_set(e, EPROTO, "too many members to look at");
		if (m->name_off) {
			const char *have = btf__str_by_offset(s->t->btf, m->name_off);

			if (strncmp(have, name, len) != 0 || have[len])
				continue;
			return place_enter(s->t, b, i, p, e) ? -1 : 1;
		}
		inner = resolve(s->t, &id, e);
		if (!inner)
			return -1;
		if (!btf_is_composite(inner))
			continue; /* padding */
		if (place_enter(s->t, b, i, &at, e))
			return -1;
		r = search_member(s, inner, name, len, depth + 1, &at, e);
		if (r > 0)
			*p = at;
		if (r)
			return r;
	}
	return 0;
}

/* Apply each `[i]` at the start of *path. */
static int path_index(const struct types *t, const char **path, struct place *p, struct err *e)
{
	while (**path == '[') {
		const char *at = *path + 1;
		size_t digits = strspn(at, "0123456789");
		const struct btf_type *b;
		uint64_t i = 0, size;
		uint32_t n;

		if (!digits || digits > 9 || at[digits] != ']')
			return err_set(e, EINVAL, "no array index at '%s'", *path);
		for (; *at != ']'; at++)
			i = i * 10 + (uint64_t)(*at - '0');
		b = resolve(t, &p->type, e);
		if (!b)
			return -1;
		if (!btf_is_array(b))
			return err_set(e, ENOENT, "no array before '%s'", *path);
		n = btf_array(b)->nelems;
		if (n && i >= n)
			return err_set(e, ENOENT, "'%s' is behind the last of %u", *path, n);
		p->type = btf_array(b)->type;
		b = resolve(t, &p->type, e);
		if (!b || size_of(t, b, &size, e))
			return -1;
		p->offset += i * size; /* below 2^30 * 2^40 once, then n bounds it: no wrap */
		if (p->offset > OBJECT_MAX)
			return err_set(e, EPROTO, "an array of absurd size");
		p->beyond |= !n;
		*path = at + 1;
	}
	return 0;
}

static int path_walk(struct search *s, uint32_t type_id, const char *path, struct member *ret,
		     struct err *e)
{
	struct place p = {.type = type_id};
	uint64_t outer = 0;

	for (bool first = true;; first = false) {
		size_t len = strcspn(path, ".[");
		const struct btf_type *b = resolve(s->t, &p.type, e);
		int r;

		if (!b)
			return -1;
		if (!btf_is_composite(b))
			return err_set(e, ENOENT, "no struct before '%s'", path);
		if (!len)
			return err_set(e, EINVAL, "no name before '%s'", path);
		if (first)
			outer = b->size;
		r = search_member(s, b, path, len, 0, &p, e);
		if (r <= 0)
			return r ? -1 : err_set(e, ENOENT, "no member '%.*s'", (int)len, path);
		path += len;
		if (path_index(s->t, &path, &p, e))
			return -1;
		if (!*path)
			return place_describe(s->t, &p, outer, ret, e);
		if (*path++ != '.')
			return err_set(e, EINVAL, "no '.' before '%s'", path - 1);
	}
}

int types_member_of(const struct types *t, uint32_t type_id, const char *path, struct member *ret,
		    struct err *e)
{
	struct search s = {.t = t};

	if (strlen(path) >= TYPES_PATH_MAX)
		return err_set(e, EINVAL, "a path to a member longer than %u", TYPES_PATH_MAX - 1);
	if (path_walk(&s, type_id, path, ret, e))
		return err_prefix(e, "member '%s' of '%s'", path, type_name(t, type_id));
	return 0;
}

/* The struct, union or typedef @type. */
static int find_composite(const struct types *t, const char *type, uint32_t *ret, struct err *e)
{
	static const unsigned int kinds[] = {BTF_KIND_STRUCT, BTF_KIND_UNION, BTF_KIND_TYPEDEF};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		*ret = index_find(t, type, kinds[i]);
		if (*ret)
			return 0;
	}
	return err_set(e, ENOENT, "no struct '%s' in the kernel's types", type);
}

int types_member(const struct types *t, const char *type, const char *path, struct member *ret,
		 struct err *e)
{
	uint32_t id;

	if (find_composite(t, type, &id, e))
		return err_prefix(e, "member '%s'", path);
	return types_member_of(t, id, path, ret, e);
}

int types_size(const struct types *t, const char *type, uint64_t *ret, struct err *e)
{
	const struct btf_type *b;
	uint32_t id;

	if (find_composite(t, type, &id, e))
		return -1;
	b = resolve(t, &id, e);
	if (!b || size_of(t, b, ret, e))
		return err_prefix(e, "size of '%s'", type);
	return 0;
}

size_t types_members(const struct types *t, uint32_t type_id)
{
	struct err e;
	const struct btf_type *b = resolve(t, &type_id, &e);

	return b && btf_is_composite(b) ? btf_vlen(b) : 0;
}

int types_member_at(const struct types *t, uint32_t type_id, size_t i, const char **ret_name,
		    struct member *ret, struct err *e)
{
	struct place p = {.offset = 0};
	uint32_t id = type_id;
	const struct btf_type *b = resolve(t, &id, e);

	if (!b)
		return -1;
	if (!btf_is_composite(b) || i >= btf_vlen(b))
		return err_set(e, ENOENT, "no member %zu in '%s'", i, type_name(t, type_id));
	if (place_enter(t, b, (uint32_t)i, &p, e) || place_describe(t, &p, b->size, ret, e))
		return err_prefix(e, "member %zu of '%s'", i, type_name(t, type_id));
	*ret_name = btf__str_by_offset(t->btf, btf_members(b)[i].name_off);
	return 0;
}

/* ---- enumerators ---- */

static const struct btf_type *find_enum(const struct types *t, const char *type)
{
	static const unsigned int kinds[] = {BTF_KIND_ENUM, BTF_KIND_ENUM64, BTF_KIND_TYPEDEF};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint32_t id = index_find(t, type, kinds[i]);
		struct err e;
		const struct btf_type *b = id ? resolve(t, &id, &e) : NULL;

		if (b && btf_is_any_enum(b))
			return b;
	}
	return NULL;
}

/* Enumerator @i of @b: its value, and where its name is. */
static uint64_t enum_value(const struct btf_type *b, uint32_t i, uint32_t *ret_name_off)
{
	const struct btf_enum *m = btf_enum(b);

	if (btf_is_enum64(b)) {
		*ret_name_off = btf_enum64(b)[i].name_off;
		return btf_enum64_value(&btf_enum64(b)[i]);
	}
	*ret_name_off = m[i].name_off;
	return btf_kflag(b) ? (uint64_t)(int64_t)m[i].val : (uint32_t)m[i].val;
}

int types_enumerator(const struct types *t, const char *type, const char *name, uint64_t *ret,
		     struct err *e)
{
	const struct btf_type *b = find_enum(t, type);

	if (!b)
		return err_set(e, ENOENT, "no enum '%s' in the kernel's types", type);
	for (uint32_t i = 0; i < btf_vlen(b); i++) {
		uint32_t name_off;
		uint64_t value = enum_value(b, i, &name_off);

		if (strcmp(btf__str_by_offset(t->btf, name_off), name) == 0) {
			*ret = value;
			return 0;
		}
	}
	return err_set(e, ENOENT, "no enumerator '%s' in enum '%s'", name, type);
}

const char *types_enum_name(const struct types *t, const char *type, uint64_t value)
{
	const struct btf_type *b = find_enum(t, type);
	uint32_t name_off;

	for (uint32_t i = 0; b && i < btf_vlen(b); i++) {
		if (enum_value(b, i, &name_off) == value)
			return btf__str_by_offset(t->btf, name_off);
	}
	return NULL;
}
