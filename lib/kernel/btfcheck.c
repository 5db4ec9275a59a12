/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/btfcheck.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define INT_SIZE_MAX 16u
#define TYPES_MAX (8u << 20)

/* The header that every version has; a longer one must hold zeros (libbpf's own rule). */
struct header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len;
	uint32_t type_off, type_len;
	uint32_t str_off, str_len;
};

struct check {
	const uint8_t *types; /* aligned as the bytes given are: read through load() */
	uint32_t types_len;
	uint64_t names_end; /* of the base's strings and these */
	uint32_t id;	    /* of the type being looked at */
	uint32_t max_ref;   /* the largest id that a type so far named */
	uint32_t max_ref_by;
};

static uint32_t load(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static int wrong(const struct check *c, const char *what, struct err *e)
{
	return err_set(e, EPROTO, "BTF type %u: %s", c->id, what);
}

static inline void ref(struct check *c, uint32_t id)
{
	if (id > c->max_ref) {
		c->max_ref = id;
		c->max_ref_by = c->id;
	}
}

static inline bool name_ok(const struct check *c, uint32_t name_off)
{
	return name_off < c->names_end;
}

/* Bytes of one entry of the list behind a type of @kind; *fixed is the number of bytes that are
 * there whatever vlen says. */
static uint32_t entry_size(unsigned int kind, uint32_t *fixed)
{
	*fixed = 0;
	switch (kind) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		*fixed = 4;
		return 0;
	case BTF_KIND_ARRAY:
		*fixed = sizeof(struct btf_array);
		return 0;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
	case BTF_KIND_ENUM64:
		return 12;
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		return 8;
	default:
		return 0;
	}
}

static int check_int(const struct check *c, uint32_t size, uint32_t data, struct err *e)
{
	if (!size || size > INT_SIZE_MAX)
		return wrong(c, "an integer of impossible size", e);
	if (BTF_INT_BITS(data) + BTF_INT_OFFSET(data) > size * 8)
		return wrong(c, "an integer of more bits than it has room for", e);
	return 0;
}

static int check_members(struct check *c, const uint8_t *list, uint32_t info, uint32_t size,
			 struct err *e)
{
	bool kflag = BTF_INFO_KFLAG(info);
	uint64_t bits = (uint64_t)size * 8;

	for (uint32_t i = 0; i < BTF_INFO_VLEN(info); i++, list += sizeof(struct btf_member)) {
		uint32_t off = load(list + 8);

		if (!name_ok(c, load(list)))
			return wrong(c, "a member's name is outside the strings", e);
		ref(c, load(list + 4));
		if ((kflag ? BTF_MEMBER_BIT_OFFSET(off) : off) > bits)
			return wrong(c, "a member lies behind the end", e);
	}
	return 0;
}

/* Lists of which each entry begins with a name (enumerators, parameters). */
static int check_names(const struct check *c, const uint8_t *list, uint32_t n, uint32_t entry,
		       struct err *e)
{
	for (uint32_t i = 0; i < n; i++, list += entry) {
		if (!name_ok(c, load(list)))
			return wrong(c, "a name in its list is outside the strings", e);
	}
	return 0;
}

static void ref_list(struct check *c, const uint8_t *list, uint32_t n, uint32_t entry)
{
	for (uint32_t i = 0; i < n; i++, list += entry)
		ref(c, load(list));
}

/* The kinds that have a size; @list is the list behind the type. */
static int check_sized(struct check *c, uint32_t info, uint32_t size, const uint8_t *list,
		       struct err *e)
{
	uint32_t n = BTF_INFO_VLEN(info);

	switch (BTF_INFO_KIND(info)) {
	case BTF_KIND_INT:
		return check_int(c, size, load(list), e);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return check_members(c, list, info, size, e);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		if (size != 1 && size != 2 && size != 4 && size != 8)
			return wrong(c, "an enum of impossible size", e);
		return check_names(c, list, n, BTF_INFO_KIND(info) == BTF_KIND_ENUM ? 8 : 12, e);
	case BTF_KIND_FLOAT:
		if (size != 2 && size != 4 && size != 8 && size != 12 && size != 16)
			return wrong(c, "a floating-point type of impossible size", e);
		return 0;
	default: /* DATASEC: of no use here */
		ref_list(c, list, n, sizeof(struct btf_var_secinfo));
		return 0;
	}
}

/* The kinds that name other types. */
static int check_refs(struct check *c, uint32_t info, uint32_t type, const uint8_t *list,
		      struct err *e)
{
	uint32_t n = BTF_INFO_VLEN(info);

	switch (BTF_INFO_KIND(info)) {
	case BTF_KIND_ARRAY:
		ref(c, load(list));
		ref(c, load(list + 4));
		return 0;
	case BTF_KIND_FWD:
		return 0;
	case BTF_KIND_FUNC_PROTO:
		ref(c, type);
		if (n)
			ref_list(c, list + 4, n, sizeof(struct btf_param));
		return check_names(c, list, n, sizeof(struct btf_param), e);
	default:
		ref(c, type);
		return 0;
	}
}

static int check_type(struct check *c, uint32_t pos, uint32_t *ret_len, struct err *e)
{
	const uint8_t *p = c->types + pos;
	uint32_t left = c->types_len - pos, info, fixed, each;
	uint64_t len;

	if (left < sizeof(struct btf_type))
		return wrong(c, "cut short", e);
	info = load(p + 4);
	each = entry_size(BTF_INFO_KIND(info), &fixed);
	len = sizeof(struct btf_type) + fixed + (uint64_t)each * BTF_INFO_VLEN(info);
	if (len > left)
		return wrong(c, "its list runs off the end", e);
	*ret_len = (uint32_t)len;
	if (!name_ok(c, load(p)))
		return wrong(c, "its name is outside the strings", e);
	p += sizeof(struct btf_type);
	switch (BTF_INFO_KIND(info)) {
	case BTF_KIND_INT:
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_FLOAT:
	case BTF_KIND_DATASEC:
		return check_sized(c, info, load(p - 4), p, e);
	case BTF_KIND_UNKN:
		return wrong(c, "no kind", e);
	default:
		if (BTF_INFO_KIND(info) > BTF_KIND_ENUM64)
			return wrong(c, "a kind that is not known here", e);
		return check_refs(c, info, load(p - 4), p, e);
	}
}

static int check_header(const void *data, size_t len, const struct btf *base, struct header *h,
			struct err *e)
{
	const uint8_t *bytes = data;

	if (len < sizeof(*h))
		return err_set(e, EPROTO, "BTF of %zu bytes is truncated", len);
	memcpy(h, data, sizeof(*h));
	if (h->magic != BTF_MAGIC)
		return err_set(e, EPROTO, "BTF does not begin with its magic number");
	if (h->version != 1)
		return err_set(e, EPROTO, "BTF of version %u is not known", h->version);
	if (h->hdr_len < sizeof(*h) || h->hdr_len > len || h->hdr_len % 4 || h->type_off % 4)
		return err_set(e, EPROTO, "BTF header of %u bytes is impossible", h->hdr_len);
	for (size_t i = sizeof(*h); i < h->hdr_len; i++) {
		if (bytes[i])
			return err_set(e, EPROTO, "BTF header has parts that are not known");
	}
	len -= h->hdr_len;
	if ((uint64_t)h->str_off + h->str_len > len)
		return err_set(e, EPROTO, "BTF strings run off the end (truncated)");
	if ((uint64_t)h->type_off + h->type_len > h->str_off)
		return err_set(e, EPROTO, "BTF types run into the strings");
	bytes += h->hdr_len + h->str_off;
	if (h->str_len ? bytes[h->str_len - 1] : !base)
		return err_set(e, EPROTO, "BTF strings do not end with a NUL");
	if (!base && bytes[0])
		return err_set(e, EPROTO, "BTF strings do not begin with a NUL");
	return 0;
}

/* Bytes of all strings of @base and its own bases. */
static uint64_t base_strings(const struct btf *base)
{
	uint64_t sum = 0;

	for (; base; base = btf__base_btf(base)) {
		struct header h;
		uint32_t len;
		const void *data = btf__raw_data(base, &len);

		if (!data)
			return sum;
		memcpy(&h, data, sizeof(h));
		sum += h.str_len;
	}
	return sum;
}

int btfcheck(const void *data, size_t len, const struct btf *base, struct btfcheck *ret,
	     struct err *e)
{
	uint32_t first = base ? btf__type_cnt(base) : 1;
	struct check c = {.id = first};
	struct header h;

	if (check_header(data, len, base, &h, e))
		return -1;
	c.types = (const uint8_t *)data + h.hdr_len + h.type_off;
	c.types_len = h.type_len;
	c.names_end = base_strings(base) + h.str_len;
	for (uint32_t pos = 0, used = 0; pos < c.types_len; pos += used, c.id++) {
		if (c.id == TYPES_MAX)
			return err_set(e, EPROTO, "more than %u types in the BTF", TYPES_MAX);
		if (check_type(&c, pos, &used, e))
			return -1;
	}
	if (c.max_ref >= c.id) {
		return err_set(e, EPROTO, "BTF type %u: names type %u, which is not there",
			       c.max_ref_by, c.max_ref);
	}
	ret->n_types = c.id - first;
	return 0;
}
