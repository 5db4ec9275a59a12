/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walk through a value and what it leads to, which value_json(), value_write() and
 * value_touch() share. Inside dump/value*.c only.
 *
 * Each object costs a part of a budget before it is looked at. A touch passes over what has no
 * pointers in it, so that it spends no more than a rendering does and reads all that that will.
 */
#ifndef KTSTR_DUMP_WALK_H
#define KTSTR_DUMP_WALK_H

#include "dump/value.h"

struct walk {
	const struct value_context *c;
	const struct types *t;
	const struct btf *btf;
	struct jsonw *w; /* NULL: a touch */
	uint64_t left;	 /* of the budget */
	unsigned int levels, hops;
	bool in_cut; /* within a `truncated` already */
	/* Where pointers led on the way here. */
	struct {
		const struct types *t;
		uint64_t kva;
		uint32_t type;
	} way[VALUE_HOPS_MAX + 1];
};

/* The bytes that a value may take: more than its type's for a flexible array at the end. */
struct slice {
	const uint8_t *bytes;
	uint64_t len;
	uint64_t kva; /* 0: not known */
};

/* A type without its typedefs and modifiers. */
struct shape {
	const struct btf_type *b; /* NULL: void */
	uint32_t id;
	const char *alias; /* the last typedef's name, or NULL */
	bool percpu;	   /* a tag says that it is an offset into per-CPU areas */
	uint64_t size;	   /* bytes */
	const char *wrong; /* why it has no size; NULL when it has */
};

struct shape walk_shape(const struct walk *k, uint32_t id);

static inline const char *walk_name(const struct walk *k, const struct btf_type *b)
{
	return btf__str_by_offset(k->btf, b->name_off);
}

/* Take @n of the budget; false when it is used up. */
bool walk_spend(struct walk *k, uint64_t n);

/* One value; @depth counts from 0 within an object. */
void walk_value(struct walk *k, const struct shape *sh, struct slice s, unsigned int depth);

/* The member @name of `{` that is open, with a stranger's text up to its NUL as the value. */
void walk_put_name(struct walk *k, const char *name, const char *text);

void walk_unsupported(struct walk *k, const char *reason);

/* The pointer @v to type @to. */
void walk_pointer(struct walk *k, uint32_t to, uint64_t v);

/* Whether struct @b is a CPU mask of a kind that is known, and where its bits are. */
bool walk_mask(const struct walk *k, const struct btf_type *b, uint64_t *ret_offset,
	       uint64_t *ret_len);

/* {kind: cpu_list, cpus of the mask in @bytes, ptr @v unless 0}. */
void walk_cpus(struct walk *k, const uint8_t *bytes, uint64_t len, uint64_t v);

#endif
