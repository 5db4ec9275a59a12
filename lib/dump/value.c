/* SPDX-License-Identifier: GPL-2.0-only */
#include "dump/value.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "dump/walk.h"

/* A name of a guest's types may be of any length. */
#define NAME_LEN_MAX 128u
/* Bytes of text, and enumerators looked at, that cost as much as an object. */
#define TEXT_PER_NODE 64u
#define ENUMERATORS_PER_NODE 256u

/* ---- types ---- */

static bool names_percpu(const char *tag)
{
	return strcmp(tag, "percpu") == 0 || strcmp(tag, "percpu_kptr") == 0;
}

/* Take typedefs and modifiers off. False for a chain that is too long, or leads nowhere. */
static bool shape_strip(const struct walk *k, uint32_t id, struct shape *ret)
{
	for (unsigned int i = 0; i <= VALUE_MODIFIERS_MAX; i++) {
		const struct btf_type *b = id ? btf__type_by_id(k->btf, id) : NULL;

		ret->b = b;
		ret->id = id;
		if (!b)
			return !id; /* void */
		switch (btf_kind(b)) {
		case BTF_KIND_TYPEDEF:
			ret->alias = walk_name(k, b);
			break;
		case BTF_KIND_TYPE_TAG:
			ret->percpu |= names_percpu(walk_name(k, b));
			break;
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_DECL_TAG:
		case BTF_KIND_VAR:
			break;
		default:
			return true;
		}
		id = b->type;
	}
	return false;
}

/* The size of an array, of whatever arrays. */
static bool array_size(const struct walk *k, const struct btf_type *b, uint64_t *ret)
{
	uint64_t n = 1;

	for (unsigned int depth = 0; depth <= VALUE_DEPTH_MAX; depth++) {
		struct shape element = {.b = NULL};

		if (__builtin_mul_overflow(n, btf_array(b)->nelems, &n) ||
		    !shape_strip(k, btf_array(b)->type, &element) || !element.b)
			return false;
		b = element.b;
		switch (btf_kind(b)) {
		case BTF_KIND_ARRAY:
			continue;
		case BTF_KIND_PTR:
			return !__builtin_mul_overflow(n, 8, ret);
		case BTF_KIND_INT:
		case BTF_KIND_FLOAT:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			return !__builtin_mul_overflow(n, b->size, ret);
		default:
			return false;
		}
	}
	return false;
}

struct shape walk_shape(const struct walk *k, uint32_t id)
{
	struct shape sh = {.wrong = NULL};

	if (!shape_strip(k, id, &sh)) {
		sh.b = NULL;
		sh.wrong = "types that name each other without end";
		return sh;
	}
	switch (sh.b ? btf_kind(sh.b) : BTF_KIND_UNKN) {
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
		sh.size = sh.b->size;
		return sh;
	case BTF_KIND_PTR:
		sh.size = 8;
		return sh;
	case BTF_KIND_ARRAY:
		if (array_size(k, sh.b, &sh.size))
			return sh;
		break;
	default:
		break;
	}
	sh.wrong = "a type without a size";
	return sh;
}

/* What types_notes() holds of a type. */
enum note { NOTE_NONE, NOTE_PLAIN, NOTE_POINTERS };

static bool find_pointers(const struct walk *k, uint32_t id, unsigned int depth);

static bool list_has_pointers(const struct walk *k, const struct btf_type *b, unsigned int depth)
{
	bool found = false;

	for (uint32_t i = 0; i < btf_vlen(b) && !found; i++)
		found = find_pointers(
			k, btf_is_datasec(b) ? btf_var_secinfos(b)[i].type : btf_members(b)[i].type,
			depth + 1);
	return found;
}

/* Whether a pointer is anywhere in type @id. Types that are too deep to tell, or lead back to
 * themselves, have some. */
static bool find_pointers(const struct walk *k, uint32_t id, unsigned int depth)
{
	uint8_t *note = types_notes(k->t) + id;
	const struct btf_type *b;
	bool found = true;

	if (!id)
		return false;
	if (*note)
		return *note == NOTE_POINTERS;
	if (depth > VALUE_DEPTH_MAX + VALUE_MODIFIERS_MAX)
		return true;
	*note = NOTE_POINTERS;
	b = btf__type_by_id(k->btf, id);
	switch (btf_kind(b)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
		found = list_has_pointers(k, b, depth);
		break;
	case BTF_KIND_ARRAY:
		found = find_pointers(k, btf_array(b)->type, depth + 1);
		break;
	case BTF_KIND_PTR:
		break;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_DECL_TAG:
	case BTF_KIND_VAR:
		found = find_pointers(k, b->type, depth + 1);
		break;
	default:
		found = false;
	}
	*note = found ? NOTE_POINTERS : NOTE_PLAIN;
	return found;
}

/* ---- parts of the text ---- */

bool walk_spend(struct walk *k, uint64_t n)
{
	bool enough = n <= k->left;

	k->left -= enough ? n : k->left;
	return enough;
}

void walk_put_name(struct walk *k, const char *name, const char *text)
{
	jsonw_name(k->w, name);
	jsonw_text(k->w, text, strnlen(text, NAME_LEN_MAX));
}

void walk_unsupported(struct walk *k, const char *reason)
{
	if (!k->w)
		return;
	jsonw_comma(k->w);
	jsonw_literal(k->w, "{\"kind\":\"unsupported\",\"reason\":\"");
	jsonw_raw(k->w, reason, strlen(reason));
	jsonw_literal(k->w, "\"}");
}

/* Open a `truncated` up to its needed and had. */
static void open_truncated(struct walk *k, uint64_t needed, uint64_t had)
{
	jsonw_comma(k->w);
	jsonw_literal(k->w, "{\"kind\":\"truncated\",\"needed\":");
	jsonw_u64(k->w, needed);
	jsonw_literal(k->w, ",\"had\":");
	jsonw_u64(k->w, had);
}

/* A value that is no struct and of which only a part is there. */
static void truncated(struct walk *k, uint64_t needed, struct slice s)
{
	if (!k->w)
		return;
	open_truncated(k, needed, s.len);
	if (s.len) {
		jsonw_literal(k->w, ",\"partial\":");
		value_bytes_write(s.bytes, s.len, k->w);
	}
	jsonw_literal(k->w, "}");
}

/* ---- numbers ---- */

static uint64_t load(const uint8_t *bytes, size_t len)
{
	uint64_t v = 0;

	memcpy(&v, bytes, len); /* little-endian, as we are */
	return v;
}

static uint64_t sign_extend(uint64_t v, unsigned int bits)
{
	uint64_t sign = 1ull << (bits - 1);

	return bits < 64 ? (v ^ sign) - sign : v;
}

static void put_char(struct walk *k, uint8_t v, bool is_signed)
{
	jsonw_comma(k->w);
	jsonw_literal(k->w, "{\"kind\":\"char\",\"value\":");
	if (v >= ' ' && v <= '~')
		jsonw_text(k->w, (const char *)&v, 1);
	else
		jsonw_i64(k->w, is_signed ? (int8_t)v : v);
	jsonw_literal(k->w, "}");
}

/* What a number begins with; most have one of two widths. */
static void put_kind_bits(struct walk *k, const char *kind, unsigned int bits)
{
	jsonw_comma(k->w);
	jsonw_literal(k->w, "{\"kind\":\"");
	jsonw_raw(k->w, kind, strlen(kind));
	if (bits == 64) {
		jsonw_literal(k->w, "\",\"bits\":64,\"value\":");
	} else if (bits == 32) {
		jsonw_literal(k->w, "\",\"bits\":32,\"value\":");
	} else {
		jsonw_literal(k->w, "\",\"bits\":");
		jsonw_u64(k->w, bits);
		jsonw_literal(k->w, ",\"value\":");
	}
}

static bool is_char(const struct walk *k, const struct btf_type *b)
{
	return btf_is_int(b) && b->size == 1 &&
	       (btf_int_encoding(b) & BTF_INT_CHAR || strcmp(walk_name(k, b), "char") == 0);
}

static void put_int(struct walk *k, const struct btf_type *b, uint64_t v, unsigned int bits)
{
	uint8_t encoding = btf_int_encoding(b);

	if (encoding & BTF_INT_BOOL) {
		jsonw_comma(k->w);
		if (v)
			jsonw_literal(k->w, "{\"kind\":\"bool\",\"value\":true}");
		else
			jsonw_literal(k->w, "{\"kind\":\"bool\",\"value\":false}");
	} else if (bits == 8 && is_char(k, b)) {
		put_char(k, (uint8_t)v, encoding & BTF_INT_SIGNED);
	} else if (encoding & BTF_INT_SIGNED) {
		put_kind_bits(k, "int", bits);
		jsonw_i64(k->w, (int64_t)sign_extend(v, bits));
		jsonw_literal(k->w, "}");
	} else {
		put_kind_bits(k, "uint", bits);
		jsonw_u64(k->w, v);
		jsonw_literal(k->w, "}");
	}
}

/* The name of @v (sign extended where the enum is signed), NULL for none. */
static const char *variant(struct walk *k, const struct btf_type *b, uint64_t v)
{
	if (!walk_spend(k, btf_vlen(b) / ENUMERATORS_PER_NODE))
		return NULL;
	for (uint32_t i = 0; i < btf_vlen(b); i++) {
		const struct btf_enum *m = &btf_enum(b)[i];

		if (btf_is_enum64(b)) {
			if (btf_enum64_value(&btf_enum64(b)[i]) == v)
				return btf__str_by_offset(k->btf, btf_enum64(b)[i].name_off);
		} else if ((btf_kflag(b) ? (uint64_t)(int64_t)m->val : (uint32_t)m->val) == v) {
			return btf__str_by_offset(k->btf, m->name_off);
		}
	}
	return NULL;
}

static void put_enum(struct walk *k, const struct btf_type *b, uint64_t v, unsigned int bits)
{
	bool is_signed = btf_kflag(b);
	const char *name;

	put_kind_bits(k, "enum", bits);
	if (is_signed)
		v = sign_extend(v, bits);
	if (is_signed)
		jsonw_i64(k->w, (int64_t)v);
	else
		jsonw_u64(k->w, v);
	name = variant(k, b, v);
	if (name)
		walk_put_name(k, "variant", name);
	jsonw_literal(k->w, "}");
}

/* An integer of more than 64 bits: the bytes that are not zero, the highest first. */
static void put_wide(struct walk *k, const struct btf_type *b, const uint8_t *bytes)
{
	char text[2 * 16 + 3] = "0x";
	size_t n = b->size < 16 ? b->size : 16, at = 2;

	while (n > 1 && !bytes[n - 1])
		n--;
	at += (size_t)snprintf(text + at, 3, "%x", bytes[n - 1]);
	for (size_t i = n - 1; i-- > 0; at += 2)
		snprintf(text + at, 3, "%02x", bytes[i]);
	put_kind_bits(k, btf_int_encoding(b) & BTF_INT_SIGNED ? "int" : "uint", b->size * 8);
	jsonw_plain(k->w, text);
	jsonw_literal(k->w, "}");
}

static void walk_int(struct walk *k, const struct btf_type *b, struct slice s)
{
	unsigned int bits = btf_int_bits(b), offset = btf_int_offset(b);
	uint64_t v;

	if (b->size > 8) {
		put_wide(k, b, s.bytes);
		return;
	}
	bits = bits ? bits : b->size * 8;
	v = load(s.bytes, b->size);
	if (bits < 64)
		v = v >> offset & ((1ull << bits) - 1);
	put_int(k, b, v, bits);
}

static void walk_enum(struct walk *k, const struct btf_type *b, struct slice s)
{
	put_enum(k, b, load(s.bytes, b->size), b->size * 8);
}

static void walk_float(struct walk *k, const struct btf_type *b, struct slice s)
{
	char text[40];
	double v;
	float f;

	if (b->size != 4 && b->size != 8) {
		walk_unsupported(k, "a floating-point number of neither 4 nor 8 bytes");
		return;
	}
	if (b->size == 4) {
		memcpy(&f, s.bytes, 4);
		v = (double)f;
	} else {
		memcpy(&v, s.bytes, 8);
	}
	jsonw_comma(k->w);
	jsonw_literal(k->w, "{\"kind\":\"float\",\"value\":");
	if (isfinite(v)) {
		snprintf(text, sizeof(text), b->size == 4 ? "%.9g" : "%.17g", v);
		jsonw_value(k->w, text, strlen(text));
	} else {
		jsonw_plain(k->w, isnan(v) ? "nan" : v < 0 ? "-inf" : "inf");
	}
	jsonw_literal(k->w, "}");
}

/* A bit field of @bits at bit @bit of @s. */
static void walk_bitfield(struct walk *k, const struct shape *sh, struct slice s, uint64_t bit,
			  unsigned int bits)
{
	uint64_t first = bit / 8, needed = (bit % 8 + bits + 7) / 8, v;

	if (!walk_spend(k, 1)) {
		walk_unsupported(k, "too many values");
		return;
	}
	if (!k->w)
		return;
	if (!sh->b || !(btf_is_int(sh->b) || btf_is_any_enum(sh->b)) || bits > 64) {
		walk_unsupported(k, "a bit field of no number");
		return;
	}
	if (first > s.len || needed > s.len - first) {
		truncated(k, needed, (struct slice){.len = 0});
		return;
	}
	v = load(s.bytes + first, needed < 8 ? needed : 8) >> bit % 8;
	if (needed > 8)
		v |= (uint64_t)s.bytes[first + 8] << (64 - bit % 8);
	if (bits < 64)
		v &= (1ull << bits) - 1;
	if (btf_is_int(sh->b))
		put_int(k, sh->b, v, bits);
	else
		put_enum(k, sh->b, v, bits);
}

/* ---- arrays ---- */

/* The length of the text in @bytes, when it is text up to a NUL or the end and zeros behind it. */
static bool is_text(const uint8_t *bytes, uint64_t len, uint64_t *ret)
{
	const uint8_t *nul = memchr(bytes, 0, len);
	uint64_t n = nul ? (uint64_t)(nul - bytes) : len;

	for (uint64_t i = 0; i < n; i++)
		if ((bytes[i] < ' ' || bytes[i] > '~') && bytes[i] != '\n' && bytes[i] != '\t')
			return false;
	for (uint64_t i = n; i < len; i++)
		if (bytes[i])
			return false;
	*ret = n;
	return true;
}

static bool walk_text(struct walk *k, const struct btf_type *element, const uint8_t *bytes,
		      uint64_t len)
{
	uint64_t n;

	if (!is_char(k, element) || !is_text(bytes, len, &n) || !walk_spend(k, n / TEXT_PER_NODE))
		return false;
	jsonw_comma(k->w);
	jsonw_literal(k->w, "{\"kind\":\"string\",\"value\":");
	jsonw_text(k->w, (const char *)bytes, n);
	jsonw_literal(k->w, "}");
	return true;
}

static struct slice slice_at(struct slice s, uint64_t offset, uint64_t len)
{
	return (struct slice){
		.bytes = s.bytes + offset, .len = len, .kva = s.kva ? s.kva + offset : 0};
}

/* @s may be shorter than the type says. */
static void walk_array(struct walk *k, const struct btf_type *b, struct slice s, unsigned int depth)
{
	struct shape element = walk_shape(k, btf_array(b)->type);
	uint64_t n = btf_array(b)->nelems, here;

	if (!n) /* a flexible array has what is left */
		n = element.size ? s.len / element.size : 0;
	here = element.size && s.len / element.size < n ? s.len / element.size : n;
	if (k->w && walk_text(k, element.b, s.bytes, here * element.size))
		return;
	if (here > VALUE_ELEMENTS_MAX)
		here = VALUE_ELEMENTS_MAX;
	if (k->w) {
		jsonw_comma(k->w);
		jsonw_literal(k->w, "{\"kind\":\"array\",\"len\":");
		jsonw_u64(k->w, n);
		jsonw_literal(k->w, ",\"elements\":[");
	}
	for (uint64_t i = 0; i < here && k->left; i++)
		walk_value(k, &element, slice_at(s, i * element.size, element.size), depth + 1);
	if (k->w)
		jsonw_literal(k->w, "]}");
}

/* ---- structs ---- */

static void open_member(struct walk *k, const char *name)
{
	if (!k->w)
		return;
	jsonw_comma(k->w);
	jsonw_literal(k->w, "{\"name\":");
	jsonw_text(k->w, name, strnlen(name, NAME_LEN_MAX));
	jsonw_literal(k->w, ",\"value\":");
}

static void close_member(struct walk *k)
{
	if (k->w)
		jsonw_literal(k->w, "}");
}

/* What of @s is at @offset: @size bytes, or (0) all that are left. */
static struct slice slice_within(struct slice s, uint64_t offset, uint64_t size)
{
	uint64_t left = offset < s.len ? s.len - offset : 0;

	return slice_at(s, left ? offset : 0, size && size < left ? size : left);
}

/* Member @i of struct or union @b, which lies in @s. */
static void walk_member(struct walk *k, const struct btf_type *b, uint32_t i, struct slice s,
			unsigned int depth)
{
	struct shape sh = walk_shape(k, btf_members(b)[i].type);
	uint64_t bit = btf_member_bit_offset(b, i);
	uint32_t bits = btf_member_bitfield_size(b, i);
	bool last = btf_is_union(b) || i + 1 == btf_vlen(b);

	/* Before kind_flag (4.20), the width of a bit field was that of an int of its own. */
	if (!bits && sh.b && btf_is_int(sh.b) && btf_int_bits(sh.b) &&
	    btf_int_bits(sh.b) < sh.b->size * 8) {
		bits = btf_int_bits(sh.b);
		bit += btf_int_offset(sh.b);
	}
	if (bits) {
		walk_bitfield(k, &sh, s, bit, bits);
		return;
	}
	if (bit % 8)
		sh.wrong = "a member between two bytes";
	if (!sh.size && !last)
		s.len = bit / 8; /* a flexible array has something only at the end */
	walk_value(k, &sh, slice_within(s, bit / 8, last ? 0 : sh.size), depth + 1);
}

/* Whether a touch has nothing to do in a part of type @id, which begins at @offset of @s; or a
 * value that is cut short ends before it. */
static bool passes_over(struct walk *k, uint32_t id, uint64_t offset, struct slice s)
{
	if (k->w ? !k->in_cut || offset < s.len : find_pointers(k, id, 0))
		return false;
	walk_spend(k, 1);
	return true;
}

static void walk_members(struct walk *k, const struct btf_type *b, struct slice s,
			 unsigned int depth)
{
	for (uint32_t i = 0; i < btf_vlen(b) && k->left; i++) {
		const struct btf_member *m = &btf_members(b)[i];

		if (passes_over(k, m->type, btf_member_bit_offset(b, i) / 8, s))
			continue;
		open_member(k, btf__str_by_offset(k->btf, m->name_off));
		walk_member(k, b, i, s, depth);
		close_member(k);
	}
}

static void walk_variables(struct walk *k, const struct btf_type *b, struct slice s,
			   unsigned int depth)
{
	for (uint32_t i = 0; i < btf_vlen(b) && k->left; i++) {
		const struct btf_var_secinfo *v = &btf_var_secinfos(b)[i];
		const struct btf_type *var = v->type ? btf__type_by_id(k->btf, v->type) : NULL;
		struct shape sh;

		if (passes_over(k, v->type, v->offset, s))
			continue;
		sh = walk_shape(k, v->type);
		open_member(k, var && btf_is_var(var) ? walk_name(k, var) : "");
		walk_value(k, &sh, slice_within(s, v->offset, v->size), depth + 1);
		close_member(k);
	}
}

static bool walk_mask_struct(struct walk *k, const struct btf_type *b, struct slice s)
{
	uint64_t offset, len;

	if (!walk_mask(k, b, &offset, &len) || offset > s.len || len > s.len - offset)
		return false;
	walk_cpus(k, s.bytes + offset, len, 0);
	return true;
}

static void walk_struct(struct walk *k, const struct shape *sh, struct slice s, unsigned int depth)
{
	const char *name = walk_name(k, sh->b);

	if (k->w) {
		if (walk_mask_struct(k, sh->b, s))
			return;
		if (!*name && sh->alias)
			name = sh->alias;
		jsonw_comma(k->w);
		jsonw_literal(k->w, "{\"kind\":\"struct\"");
		if (*name)
			walk_put_name(k, "type_name", name);
		jsonw_literal(k->w, ",\"members\":[");
	}
	if (btf_is_datasec(sh->b))
		walk_variables(k, sh->b, s, depth);
	else
		walk_members(k, sh->b, s, depth);
	if (k->w)
		jsonw_literal(k->w, "]}");
}

/* ---- all kinds ---- */

static void walk_whole(struct walk *k, const struct shape *sh, struct slice s, unsigned int depth)
{
	switch (btf_kind(sh->b)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
		walk_struct(k, sh, s, depth);
		return;
	case BTF_KIND_ARRAY:
		walk_array(k, sh->b, s, depth);
		return;
	case BTF_KIND_PTR:
		walk_pointer(k, sh->b->type, load(s.bytes, 8));
		return;
	default:
		break;
	}
	if (!k->w)
		return;
	switch (btf_kind(sh->b)) {
	case BTF_KIND_INT:
		walk_int(k, sh->b, s);
		return;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		walk_enum(k, sh->b, s);
		return;
	default: /* what else has a size */
		walk_float(k, sh->b, s);
	}
}

/* A value of which @s has not all bytes. */
static void walk_cut(struct walk *k, const struct shape *sh, struct slice s, unsigned int depth)
{
	bool composite = btf_is_composite(sh->b) || btf_is_datasec(sh->b) || btf_is_array(sh->b);
	bool outermost = !k->in_cut;

	if (!composite || !s.len) {
		truncated(k, sh->size, s);
		return;
	}
	if (k->w && outermost) {
		open_truncated(k, sh->size, s.len);
		jsonw_literal(k->w, ",\"partial\":");
	}
	k->in_cut = true;
	walk_whole(k, sh, s, depth);
	k->in_cut = !outermost;
	if (k->w && outermost)
		jsonw_literal(k->w, "}");
}

void walk_value(struct walk *k, const struct shape *sh, struct slice s, unsigned int depth)
{
	if (!walk_spend(k, 1)) {
		walk_unsupported(k, "too many values");
		return;
	}
	if (!k->w && !find_pointers(k, sh->id, 0))
		return;
	if (depth > VALUE_DEPTH_MAX || k->levels > VALUE_LEVELS_MAX) {
		walk_unsupported(k, "too deep");
		return;
	}
	if (sh->wrong) {
		walk_unsupported(k, sh->wrong);
		return;
	}
	k->levels++;
	if (sh->size > s.len)
		walk_cut(k, sh, s, depth);
	else
		walk_whole(k, sh, s, depth);
	k->levels--;
}

/* ---- the three ways to it ---- */

static void walk_run(const struct value_context *c, const struct types *t, uint32_t type,
		     struct slice s, struct jsonw *w)
{
	struct walk k = {.c = c, .t = t, .btf = types_btf(t), .w = w, .left = VALUE_NODES_MAX};
	struct shape sh = {.wrong = "no such type"};
	uint64_t start;

	if (type < btf__type_cnt(k.btf))
		sh = walk_shape(&k, type);
	k.way[0].t = t;
	k.way[0].kva = s.kva;
	k.way[0].type = sh.id;
	if (c->nodes_left && *c->nodes_left < k.left)
		k.left = *c->nodes_left;
	start = k.left;
	walk_value(&k, &sh, s, 0);
	if (c->nodes_left)
		*c->nodes_left -= start - k.left;
}

void value_write(const struct value_context *c, const struct types *t, uint32_t type,
		 const uint8_t *bytes, size_t len, uint64_t kva, struct jsonw *w)
{
	walk_run(c, t, type, (struct slice){.bytes = bytes, .len = len, .kva = kva}, w);
}

void value_touch(const struct value_context *c, const struct types *t, uint32_t type,
		 const uint8_t *bytes, size_t len, uint64_t kva)
{
	/* Said again here because most values are such, and there may be very many. */
	if (type < btf__type_cnt(types_btf(t)) && types_notes(t)[type] == NOTE_PLAIN)
		return;
	walk_run(c, t, type, (struct slice){.bytes = bytes, .len = len, .kva = kva}, NULL);
}

static json_t *to_json(struct jsonw *w)
{
	json_t *ret =
		w->failed ? NULL : json_loadb(buf_text(&w->out), w->out.len, JSON_DECODE_ANY, NULL);

	buf_deinit(&w->out);
	return ret;
}

json_t *value_json(const struct value_context *c, const struct types *t, uint32_t type,
		   const uint8_t *bytes, size_t len, uint64_t kva)
{
	struct jsonw w = {0};

	value_write(c, t, type, bytes, len, kva, &w);
	return to_json(&w);
}

void value_bytes_write(const uint8_t *bytes, size_t len, struct jsonw *w)
{
	jsonw_comma(w);
	jsonw_literal(w, "{\"kind\":\"bytes\",\"hex\":");
	jsonw_bytes(w, bytes, len);
	jsonw_literal(w, "}");
}

json_t *value_bytes_json(const uint8_t *bytes, size_t len)
{
	struct jsonw w = {0};

	value_bytes_write(bytes, len, &w);
	return to_json(&w);
}

void value_context_init(struct value_context *c, const struct kernel *k)
{
	struct err e;

	*c = (struct value_context){.kernel = k};
	c->task.known = !types_member(k->types, "task_struct", "pid", &c->task.pid, &e) &&
			!types_member(k->types, "task_struct", "comm", &c->task.comm, &e);
}
