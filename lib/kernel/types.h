/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's types, from BTF (Documentation/bpf/btf.rst), parsed by libbpf: a type by its name, a
 * member by its path. The bytes come from the guest: they are checked before and while they are
 * used, whatever the library does.
 */
#ifndef KTSTR_KERNEL_TYPES_H
#define KTSTR_KERNEL_TYPES_H

#include <bpf/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define TYPES_BTF_MAX (64u << 20) /* bytes */
#define TYPES_PATH_MAX 256u
#define TYPES_DEPTH_MAX 32u

struct types;

/* Where a member is. */
struct member {
	uint64_t offset; /* bytes from the start of the outer type; for a bit field, of its byte */
	uint64_t size;	 /* bytes; of one element for an array */
	uint32_t count;	 /* elements of an array; 0 for a flexible one, 1 for no array */
	uint32_t type;	 /* BTF id, modifiers and typedefs taken off; of the element for an array */
	uint8_t bit_offset, bit_size; /* of a bit field within its byte; bit_size 0: none */
	bool is_signed;
};

/* The number at member @m of at most 8 bytes, of which @v are the bytes: bit fields cut out, sign
 * extended. */
static inline uint64_t member_number(const struct member *m, uint64_t v)
{
	unsigned int bits = m->bit_size ? m->bit_size : 8 * (unsigned int)m->size;
	uint64_t sign;

	v >>= m->bit_offset;
	if (bits >= 64)
		return v;
	sign = m->is_signed ? 1ull << (bits - 1) : 0;
	v &= (1ull << bits) - 1;
	return (v ^ sign) - sign;
}

/* Parse @len bytes, which are copied. @base is the kernel's types for a module's or program's split
 * BTF, else NULL; it must outlive *ret. */
int types_create(const void *data, size_t len, const struct types *base, struct types **ret,
		 struct err *e);
/* NULL is allowed. */
void types_destroy(struct types *t);

/* The parsed form, owned by @t, for libbpf's read-only calls. */
const struct btf *types_btf(const struct types *t);

/*
 * A byte for each id of @t, zero at first: for what somebody who walks types wants to remember of
 * them (dump/value.c alone does). Owned by @t; no lock.
 */
uint8_t *types_notes(const struct types *t);

/* The id of the struct, union, enum, typedef or int @name; kind is a BTF_KIND_*. ENOENT names it.
 */
int types_find(const struct types *t, const char *name, unsigned int kind, uint32_t *ret,
	       struct err *e);

/*
 * Member @path of struct or union @type: names joined by '.', through structs, anonymous members
 * and array indices (`domain.lb_count[1]`), never through a pointer. ENOENT names type and path.
 */
int types_member(const struct types *t, const char *type, const char *path, struct member *ret,
		 struct err *e);
int types_member_of(const struct types *t, uint32_t type_id, const char *path, struct member *ret,
		    struct err *e);

/* The size of struct or union @type in bytes. */
int types_size(const struct types *t, const char *type, uint64_t *ret, struct err *e);

/* The number of members of struct @type, and each one's name ("" for an anonymous one) and place.
 */
size_t types_members(const struct types *t, uint32_t type_id);
int types_member_at(const struct types *t, uint32_t type_id, size_t i, const char **ret_name,
		    struct member *ret, struct err *e);

/* The value of enumerator @name of enum @type (enum or enum64). */
int types_enumerator(const struct types *t, const char *type, const char *name, uint64_t *ret,
		     struct err *e);
/* The name of the enumerator of @type with @value; NULL when there is none. Owned by @t. */
const char *types_enum_name(const struct types *t, const char *type, uint64_t value);

#endif
