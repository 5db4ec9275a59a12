/* SPDX-License-Identifier: GPL-2.0-only */
/* Types out of BTF that libbpf makes here: every kind of path, and BTF that is wrong in every way.
 */
#include "kernel/types.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "test.h"

static struct err e;

static void btf_freep(struct btf **b)
{
	btf__free(*b);
}
#define _cleanup_btf_ _cleanup_(btf_freep)

static void types_destroyp(struct types **t)
{
	types_destroy(*t);
}
#define _cleanup_types_ _cleanup_(types_destroyp)

/* @b as types, NULL with the error in e; with @base for split BTF. */
static struct types *take_split(const struct btf *b, const struct types *base)
{
	struct types *t;
	uint32_t len;
	const void *data = btf__raw_data(b, &len);

	return types_create(data, len, base, &t, &e) ? NULL : t;
}

static struct types *take(const struct btf *b)
{
	return take_split(b, NULL);
}

enum { INT = 1, UINT, CHAR, U64, U64_T, CONST_U64_T, CHARS, INNER, INNERS, N_COMMON };

/* The types that the tests build on, with the ids above. */
static struct btf *common(void)
{
	struct btf *b = btf__new_empty();

	btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	btf__add_int(b, "unsigned int", 4, 0);
	btf__add_int(b, "char", 1, BTF_INT_SIGNED);
	btf__add_int(b, "unsigned long", 8, 0);
	btf__add_typedef(b, "u64", U64);
	btf__add_const(b, U64_T);
	btf__add_array(b, UINT, CHAR, 8);
	btf__add_struct(b, "inner", 12);
	btf__add_field(b, "x", INT, 0, 0);
	btf__add_field(b, "y", CHARS, 32, 0);
	btf__add_array(b, UINT, INNER, 3);
	return b;
}

static void check_place(const struct types *t, const char *type, const char *path, uint64_t offset,
			uint64_t size, uint32_t count)
{
	struct member m = {0};

	if (types_member(t, type, path, &m, &e)) {
		printf("# %s\n", e.text);
		CHECK(0);
	}
	if (m.offset != offset || m.size != size || m.count != count)
		printf("# %s: offset %llu size %llu count %u\n", path, (unsigned long long)m.offset,
		       (unsigned long long)m.size, m.count);
	CHECK(m.offset == offset && m.size == size && m.count == count);
	CHECK(!m.bit_size && !m.bit_offset);
}

static void check_no_place(const struct types *t, const char *type, const char *path, int code,
			   const char *text)
{
	struct member m;

	CHECK(types_member(t, type, path, &m, &e) == -1 && e.code == code);
	CHECK_STR(e.text, text);
}

/* struct outer and what it needs, as types N_COMMON and up. */
static void add_outer(struct btf *b)
{
	int u = btf__add_union(b, NULL, 16), flexible, pointer;

	btf__add_field(b, "as_u64", CONST_U64_T, 0, 0);
	btf__add_field(b, "as_inner", INNER, 0, 0);
	flexible = btf__add_array(b, UINT, INNER, 0);
	pointer = btf__add_ptr(b, INNER);
	btf__add_struct(b, "outer", 76);
	btf__add_field(b, "head", INT, 0, 0);
	btf__add_field(b, NULL, u, 64, 0);
	btf__add_field(b, "in", INNERS, 24 * 8, 0);
	btf__add_field(b, "next", pointer, 64 * 8, 0);
	btf__add_field(b, "tail", flexible, 76 * 8, 0);
	btf__add_typedef(b, "outer_t", pointer + 1);
}

static void test_paths(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	uint64_t size;

	add_outer(b);
	t = take(b);
	CHECK(t);
	if (!t)
		return;
	check_place(t, "outer", "head", 0, 4, 1);
	check_place(t, "outer", "as_u64", 8, 8, 1);
	check_place(t, "outer", "as_inner.y", 12, 1, 8);
	check_place(t, "outer", "as_inner.y[7]", 19, 1, 1);
	check_place(t, "outer", "in", 24, 12, 3);
	check_place(t, "outer", "in[2].x", 48, 4, 1);
	check_place(t, "outer", "in[2].y", 52, 1, 8);
	check_place(t, "outer", "next", 64, 8, 1);
	check_place(t, "outer", "tail", 76, 12, 0);
	check_place(t, "outer", "tail[5].x", 136, 4, 1);
	check_place(t, "outer_t", "in[1].y[3]", 43, 1, 1);
	CHECK(types_size(t, "outer", &size, &e) == 0 && size == 76);
	CHECK(types_size(t, "outer_t", &size, &e) == 0 && size == 76);
	CHECK(types_size(t, "int", &size, &e) == -1 && e.code == ENOENT);
}

static void test_paths_that_lead_nowhere(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	char path[TYPES_PATH_MAX + 1];

	add_outer(b);
	t = take(b);
	CHECK(t);
	if (!t)
		return;
	check_no_place(t, "nobody", "x", ENOENT,
		       "member 'x': no struct 'nobody' in the kernel's types");
	check_no_place(t, "outer", "none", ENOENT, "member 'none' of 'outer': no member 'none'");
	check_no_place(t, "outer", "hea", ENOENT, "member 'hea' of 'outer': no member 'hea'");
	check_no_place(t, "outer", "heads", ENOENT, "member 'heads' of 'outer': no member 'heads'");
	check_no_place(t, "outer", "head.x", ENOENT,
		       "member 'head.x' of 'outer': no struct before 'x'");
	check_no_place(t, "outer", "next.x", ENOENT,
		       "member 'next.x' of 'outer': no struct before 'x'");
	check_no_place(t, "outer", "in.x", ENOENT,
		       "member 'in.x' of 'outer': no struct before 'x'");
	check_no_place(t, "outer", "in[3]", ENOENT,
		       "member 'in[3]' of 'outer': '[3]' is behind the last of 3");
	check_no_place(t, "outer", "head[0]", ENOENT,
		       "member 'head[0]' of 'outer': no array before '[0]'");
	check_no_place(t, "outer", "in[0]x", EINVAL,
		       "member 'in[0]x' of 'outer': no '.' before 'x'");
	check_no_place(t, "outer", "in[-1]", EINVAL,
		       "member 'in[-1]' of 'outer': no array index at '[-1]'");
	check_no_place(t, "outer", "in[1", EINVAL,
		       "member 'in[1' of 'outer': no array index at '[1'");
	check_no_place(t, "outer", "in[9999999999]", EINVAL,
		       "member 'in[9999999999]' of 'outer': no array index at '[9999999999]'");
	check_no_place(t, "outer", "in[]", EINVAL,
		       "member 'in[]' of 'outer': no array index at '[]'");
	check_no_place(t, "outer", "", EINVAL, "member '' of 'outer': no name before ''");
	check_no_place(t, "outer", ".head", EINVAL,
		       "member '.head' of 'outer': no name before '.head'");
	memset(path, 'a', TYPES_PATH_MAX);
	path[TYPES_PATH_MAX] = 0;
	check_no_place(t, "outer", path, EINVAL, "a path to a member longer than 255");
}

static void test_bit_fields(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	struct member m;

	btf__add_struct(b, "flags", 12);
	btf__add_field(b, "a", UINT, 0, 3);
	btf__add_field(b, NULL, UINT, 3, 2); /* padding */
	btf__add_field(b, "b", INT, 13, 5);
	btf__add_field(b, "wide", U64, 30, 40);
	btf__add_field(b, "next", INT, 70, 1);
	t = take(b);
	CHECK(t);
	if (!t)
		return;
	CHECK(!types_member(t, "flags", "a", &m, &e) && m.offset == 0 && m.bit_offset == 0 &&
	      m.bit_size == 3 && m.size == 1 && !m.is_signed);
	CHECK(!types_member(t, "flags", "b", &m, &e) && m.offset == 1 && m.bit_offset == 5 &&
	      m.bit_size == 5 && m.size == 2 && m.is_signed && m.count == 1);
	CHECK(!types_member(t, "flags", "wide", &m, &e) && m.offset == 3 && m.bit_offset == 6 &&
	      m.bit_size == 40 && m.size == 6 && m.type == U64);
	CHECK(!types_member(t, "flags", "next", &m, &e) && m.offset == 8 && m.bit_offset == 6);
}

static void test_members(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	uint32_t id = 0, inner = 0;
	const char *name;
	struct member m;

	add_outer(b);
	t = take(b);
	CHECK(t && !types_find(t, "outer_t", BTF_KIND_TYPEDEF, &id, &e));
	if (!id)
		return;
	CHECK(types_members(t, id) == 5);
	CHECK(!types_member_at(t, id, 0, &name, &m, &e) && m.offset == 0 && m.is_signed);
	CHECK_STR(name, "head");
	CHECK(!types_member_at(t, id, 1, &name, &m, &e) && m.offset == 8 && m.size == 16);
	CHECK_STR(name, "");
	CHECK(types_member_at(t, id, 5, &name, &m, &e) == -1 && e.code == ENOENT);
	CHECK(!types_find(t, "inner", BTF_KIND_STRUCT, &inner, &e));
	CHECK(!types_member_of(t, inner, "y", &m, &e) && m.offset == 4 && m.count == 8 &&
	      m.type == CHAR);
	CHECK(types_members(t, INT) == 0);
	CHECK(types_members(t, 0) == 0 && types_members(t, UINT32_MAX) == 0);
	CHECK(types_member_at(t, UINT32_MAX, 0, &name, &m, &e) == -1);
	CHECK(types_member_of(t, UINT32_MAX, "x", &m, &e) == -1);
}

static void test_names(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	uint32_t id;

	btf__add_struct(b, "int", 1); /* struct and int do not get in each other's way */
	btf__add_struct(b, "inner", 99);
	btf__add_fwd(b, "elsewhere", BTF_FWD_STRUCT);
	t = take(b);
	CHECK(t);
	if (!t)
		return;
	CHECK(!types_find(t, "int", BTF_KIND_INT, &id, &e) && id == INT);
	CHECK(!types_find(t, "int", BTF_KIND_STRUCT, &id, &e) && id == N_COMMON);
	CHECK(!types_find(t, "inner", BTF_KIND_STRUCT, &id, &e) && id == INNER);
	CHECK(types_find(t, "inner", BTF_KIND_UNION, &id, &e) == -1 && e.code == ENOENT);
	CHECK_STR(e.text, "no union 'inner' in the kernel's types");
	CHECK(types_find(t, "elsewhere", BTF_KIND_STRUCT, &id, &e) == -1);
	CHECK(types_find(t, "", BTF_KIND_STRUCT, &id, &e) == -1);
	CHECK(btf__type_cnt(types_btf(t)) == N_COMMON + 3);
}

static void test_enums(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	uint64_t v = 0;
	int id = btf__add_enum(b, "state", 4);

	btf__add_enum_value(b, "OFF", 0);
	btf__add_enum_value(b, "ON", 0x80000001u);
	btf__add_typedef(b, "state_t", id);
	btf__add_enum(b, "negative", 4);
	btf__add_enum_value(b, "MINUS", -5);
	btf__add_enum64(b, "ids", 8, false);
	btf__add_enum64_value(b, "LOCAL", 0x8000000000000002u);
	t = take(b);
	CHECK(t);
	if (!t)
		return;
	CHECK(!types_enumerator(t, "state", "ON", &v, &e) && v == 0x80000001u);
	CHECK(!types_enumerator(t, "state_t", "OFF", &v, &e) && v == 0);
	CHECK(!types_enumerator(t, "negative", "MINUS", &v, &e) && v == (uint64_t)-5);
	CHECK(!types_enumerator(t, "ids", "LOCAL", &v, &e) && v == 0x8000000000000002u);
	CHECK(types_enumerator(t, "state", "LOCAL", &v, &e) == -1 && e.code == ENOENT);
	CHECK_STR(e.text, "no enumerator 'LOCAL' in enum 'state'");
	CHECK(types_enumerator(t, "u64", "ON", &v, &e) == -1 && e.code == ENOENT);
	CHECK_STR(types_enum_name(t, "ids", 0x8000000000000002u), "LOCAL");
	CHECK_STR(types_enum_name(t, "negative", (uint64_t)-5), "MINUS");
	CHECK(!types_enum_name(t, "state", 7) && !types_enum_name(t, "nobody", 0));
}

static void test_split(void)
{
	_cleanup_btf_ struct btf *b = common(), *s = btf__new_empty_split(b);
	_cleanup_types_ struct types *base = take(b), *t = NULL;
	uint32_t id;

	btf__add_struct(s, "of_module", 24);
	btf__add_field(s, "n", INT, 0, 0);
	btf__add_field(s, "in", INNER, 64, 0);
	CHECK(base);
	t = take_split(s, base);
	if (!t)
		printf("# %s\n", e.text);
	CHECK(t);
	if (!t)
		return;
	check_place(t, "of_module", "in.y[1]", 13, 1, 1);
	check_place(t, "inner", "x", 0, 4, 1);
	CHECK(!types_find(t, "of_module", BTF_KIND_STRUCT, &id, &e) && id == N_COMMON);
	CHECK(types_find(base, "of_module", BTF_KIND_STRUCT, &id, &e) == -1);
	/* without its base, names and ids lead nowhere */
	CHECK(!take(s) && e.code == EPROTO);
}

/* ---- types that no compiler makes ---- */

static void check_hostile(const struct btf *b, const char *type, const char *path, const char *text)
{
	_cleanup_types_ struct types *t = take(b);

	CHECK(t);
	if (t)
		check_no_place(t, type, path, EPROTO, text);
}

static void test_cycles(void)
{
	_cleanup_btf_ struct btf *typedefs = btf__new_empty(), *nest = btf__new_empty();
	_cleanup_btf_ struct btf *arrays = common();
	_cleanup_types_ struct types *t = NULL;
	uint64_t v;

	btf__add_typedef(typedefs, "a", 2);
	btf__add_typedef(typedefs, "b", 3);
	btf__add_const(typedefs, 1);
	btf__add_struct(typedefs, "s", 8);
	btf__add_field(typedefs, "m", 1, 0, 0);
	check_hostile(typedefs, "s", "m",
		      "member 'm' of 's': types that name each other around type 3");
	check_hostile(typedefs, "a", "m",
		      "member 'm' of 'a': types that name each other around type 3");
	t = take(typedefs);
	CHECK(t && types_size(t, "a", &v, &e) == -1 && e.code == EPROTO);
	CHECK(t && types_enumerator(t, "a", "m", &v, &e) == -1);

	btf__add_struct(nest, "s", 8);
	btf__add_field(nest, NULL, 1, 0, 0);
	check_hostile(nest, "s", "m", "member 'm' of 's': anonymous members nest too deep");

	btf__add_array(arrays, UINT, N_COMMON, 1);
	btf__add_struct(arrays, "s", 8);
	btf__add_field(arrays, "m", N_COMMON, 0, 0);
	check_hostile(arrays, "s", "m", "member 'm' of 's': arrays nest without end");
	check_hostile(arrays, "s", "m[0]", "member 'm[0]' of 's': arrays nest without end");
}

/* Each of 20 structs holds the next twice: 2^20 ways down, and each level ten times as many. */
static void test_too_many_ways(void)
{
	_cleanup_btf_ struct btf *b = btf__new_empty();
	char name[16];

	for (int i = 1; i <= 20; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		btf__add_struct(b, name, 8);
		for (int j = 0; j < 20; j++)
			btf__add_field(b, NULL, i + 1, 0, 0);
	}
	btf__add_struct(b, "end", 8);
	check_hostile(b, "s1", "m", "member 'm' of 's1': too many members to look at");
}

static void test_absurd_sizes(void)
{
	_cleanup_btf_ struct btf *b = common();
	int huge = btf__add_array(b, UINT, U64, UINT32_MAX), nested, fwd;

	nested = btf__add_array(b, UINT, huge, UINT32_MAX);
	nested = btf__add_array(b, UINT, nested, UINT32_MAX);
	fwd = btf__add_fwd(b, "far", BTF_FWD_STRUCT);
	btf__add_struct(b, "s", 16);
	btf__add_field(b, "huge", huge, 0, 0);
	btf__add_field(b, "nested", nested, 0, 0);
	btf__add_field(b, "behind", U64, 96, 0);
	btf__add_field(b, "far", fwd, 0, 0);
	btf__add_field(b, "void", 0, 0, 0);
	check_hostile(b, "s", "huge", "member 'huge' of 's': a member that ends behind its struct");
	check_hostile(b, "s", "nested", "member 'nested' of 's': an array of absurd size");
	check_hostile(b, "s", "behind",
		      "member 'behind' of 's': a member that ends behind its struct");
	check_hostile(b, "s", "far", "member 'far' of 's': a type of kind 7 has no size");
	check_hostile(b, "s", "void", "member 'void' of 's': type 0 has no size");
}

/* ---- bytes that are no BTF ---- */

/* The bytes of @b with the number of @size bytes at @at replaced by @v are refused with @text. */
static void check_patched(const struct btf *b, size_t at, uint64_t v, size_t size, const char *text)
{
	_cleanup_free_ uint8_t *copy = NULL;
	struct types *t = NULL;
	uint32_t len;
	const void *data = btf__raw_data(b, &len);

	copy = malloc(len);
	memcpy(copy, data, len);
	memcpy(copy + at, &v, size);
	CHECK(types_create(copy, len, NULL, &t, &e) == -1 && e.code == EPROTO && !t);
	CHECK_STR(e.text, text);
	types_destroy(t);
}

static void test_headers(void)
{
	_cleanup_btf_ struct btf *b = common();
	uint32_t len, types_len, strings_len;
	const uint8_t *data = btf__raw_data(b, &len);

	memcpy(&types_len, data + 12, 4);
	memcpy(&strings_len, data + 20, 4);
	check_patched(b, 0, 0x9feb, 2, "BTF does not begin with its magic number");
	check_patched(b, 2, 2, 1, "BTF of version 2 is not known");
	check_patched(b, 4, 20, 4, "BTF header of 20 bytes is impossible");
	check_patched(b, 4, 26, 4, "BTF header of 26 bytes is impossible");
	check_patched(b, 4, UINT32_MAX, 4, "BTF header of 4294967295 bytes is impossible");
	check_patched(b, 4, 28, 4, "BTF header has parts that are not known");
	check_patched(b, 8, 4, 4, "BTF types run into the strings");
	check_patched(b, 12, UINT32_MAX, 4, "BTF types run into the strings");
	check_patched(b, 12, types_len - 1, 4, "BTF type 9: its list runs off the end");
	check_patched(b, 16, UINT32_MAX, 4, "BTF strings run off the end (truncated)");
	check_patched(b, 20, strings_len + 1, 4, "BTF strings run off the end (truncated)");
	check_patched(b, 20, 0, 4, "BTF strings do not end with a NUL");
	check_patched(b, 20, strings_len - 1, 4, "BTF strings do not end with a NUL");
	check_patched(b, len - 1, 'x', 1, "BTF strings do not end with a NUL");
	check_patched(b, len - strings_len, 'x', 1, "BTF strings do not begin with a NUL");
}

/* Where type @id of @b begins. */
static size_t type_at(const struct btf *b, uint32_t id)
{
	uint32_t len;
	const uint8_t *data = btf__raw_data(b, &len);

	/* The raw form and the types that the library hands out are two copies: find by content. */
	return (size_t)((const uint8_t *)memmem(data, len, btf__type_by_id(b, id), 16) - data);
}

static void test_bad_types(void)
{
	_cleanup_btf_ struct btf *b = common();

	check_patched(b, type_at(b, INT) + 4, 0, 4, "BTF type 1: no kind");
	check_patched(b, type_at(b, INT) + 4, 31u << 24, 4,
		      "BTF type 1: a kind that is not known here");
	check_patched(b, type_at(b, INT), 1u << 20, 4,
		      "BTF type 1: its name is outside the strings");
	check_patched(b, type_at(b, INT) + 8, 0, 4, "BTF type 1: an integer of impossible size");
	check_patched(b, type_at(b, INT) + 8, 17, 4, "BTF type 1: an integer of impossible size");
	check_patched(b, type_at(b, INT) + 8, 2, 4,
		      "BTF type 1: an integer of more bits than it has room for");
	check_patched(b, type_at(b, U64_T) + 8, N_COMMON, 4,
		      "BTF type 5: names type 10, which is not there");
	check_patched(b, type_at(b, CHARS) + 12, UINT32_MAX, 4,
		      "BTF type 7: names type 4294967295, which is not there");
	check_patched(b, type_at(b, INNER) + 4, BTF_KIND_STRUCT << 24 | 0xffff, 4,
		      "BTF type 8: its list runs off the end");
	check_patched(b, type_at(b, INNER) + 12, UINT32_MAX, 4,
		      "BTF type 8: a member's name is outside the strings");
	check_patched(b, type_at(b, INNER) + 20, 97, 4, "BTF type 8: a member lies behind the end");
	check_patched(b, type_at(b, INNER) + 16, 77, 4,
		      "BTF type 8: names type 77, which is not there");
}

/* Whatever it is, it is refused or gives answers. */
static void ask_all(const struct types *t)
{
	const char *name;
	struct member m;
	uint64_t v;

	types_member(t, "outer", "in[2].y[1]", &m, &e);
	types_member(t, "outer", "as_inner.y", &m, &e);
	types_size(t, "inner", &v, &e);
	types_enumerator(t, "state", "ON", &v, &e);
	for (uint32_t id = 0; id < btf__type_cnt(types_btf(t)); id++)
		for (size_t i = 0; i < types_members(t, id); i++)
			types_member_at(t, id, i, &name, &m, &e);
}

static void test_cut_short(void)
{
	_cleanup_btf_ struct btf *b = common();
	uint32_t len;
	const uint8_t *data;

	add_outer(b);
	data = btf__raw_data(b, &len);
	for (uint32_t n = 0; n < len; n++) {
		_cleanup_free_ uint8_t *copy = malloc(n ? n : 1); /* so that ASan sees its end */
		struct types *t = NULL;

		memcpy(copy, data, n);
		CHECK(types_create(copy, n, NULL, &t, &e) == -1 && e.code == EPROTO && !t);
	}
	CHECK(types_create(data, (size_t)TYPES_BTF_MAX + 1, NULL, &(struct types *){NULL}, &e) ==
		      -1 &&
	      e.code == EFBIG);
}

static void test_each_byte_wrong(void)
{
	static const uint8_t flips[] = {0x01, 0x80, 0xff, 0x10};
	_cleanup_btf_ struct btf *b = common();
	unsigned int taken = 0;
	uint32_t len;
	const uint8_t *data;

	add_outer(b);
	btf__add_enum(b, "state", 4);
	btf__add_enum_value(b, "ON", 1);
	data = btf__raw_data(b, &len);
	for (uint32_t i = 0; i < len * sizeof(flips); i++) {
		_cleanup_free_ uint8_t *copy = malloc(len);
		_cleanup_types_ struct types *t = NULL;

		memcpy(copy, data, len);
		copy[i / sizeof(flips)] ^= flips[i % sizeof(flips)];
		if (types_create(copy, len, NULL, &t, &e))
			continue;
		taken++;
		ask_all(t);
	}
	CHECK(taken > 0);
}

/* A million types of one name: the index did not end when each stood behind all before it. */
static void test_one_name(void)
{
	const uint32_t n = 1u << 20;
	const struct btf_header h = {.magic = BTF_MAGIC,
				     .version = 1,
				     .hdr_len = sizeof(h),
				     .type_len = n * sizeof(struct btf_type),
				     .str_off = n * sizeof(struct btf_type),
				     .str_len = 3};
	const size_t len = sizeof(h) + h.type_len + h.str_len;
	const struct btf_type type = {.name_off = 1, .info = BTF_KIND_STRUCT << 24, .size = 4};
	_cleanup_free_ uint8_t *data = calloc(1, len);
	_cleanup_types_ struct types *t = NULL;
	uint32_t id;

	memcpy(data, &h, sizeof(h));
	for (uint32_t i = 0; i < n; i++)
		memcpy(data + sizeof(h) + i * sizeof(type), &type, sizeof(type));
	data[len - 2] = 'x';
	alarm(60); /* a test that hangs has failed */
	CHECK(types_create(data, len, NULL, &t, &e) == 0);
	alarm(0);
	CHECK(t && types_find(t, "x", BTF_KIND_STRUCT, &id, &e) == 0 && id == 1);
}

int main(void)
{
	RUN(test_paths);
	RUN(test_paths_that_lead_nowhere);
	RUN(test_bit_fields);
	RUN(test_members);
	RUN(test_names);
	RUN(test_enums);
	RUN(test_split);
	RUN(test_cycles);
	RUN(test_too_many_ways);
	RUN(test_absurd_sizes);
	RUN(test_one_name);
	RUN(test_headers);
	RUN(test_bad_types);
	RUN(test_cut_short);
	RUN(test_each_byte_wrong);
	return TEST_END();
}
