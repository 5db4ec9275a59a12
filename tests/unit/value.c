/* SPDX-License-Identifier: GPL-2.0-only */
/* Values of every kind, as bytes and BTF that are made here, and what pointers in them lead to. */
#include "dump/value.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "guest.h"
#include "mem/record.h"
#include "seeds.h"
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

/* ---- types ---- */

enum { INT = 1, UINT, CHAR, U64, BOOL, U128, S8, FLOAT, DOUBLE, INDEX, U8, N_COMMON };

/* The types that the tests build on, with the ids above. */
static struct btf *common(void)
{
	struct btf *b = btf__new_empty();

	btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	btf__add_int(b, "unsigned int", 4, 0);
	btf__add_int(b, "char", 1, BTF_INT_SIGNED);
	btf__add_int(b, "unsigned long", 8, 0);
	btf__add_int(b, "_Bool", 1, BTF_INT_BOOL);
	btf__add_int(b, "unsigned __int128", 16, 0);
	btf__add_int(b, "signed char", 1, BTF_INT_SIGNED);
	btf__add_float(b, "float", 4);
	btf__add_float(b, "double", 8);
	btf__add_int(b, "index", 4, 0);
	btf__add_int(b, "unsigned char", 1, 0);
	return b;
}

static struct types *take(const struct btf *b)
{
	struct types *t;
	uint32_t len;
	const void *data = btf__raw_data(b, &len);

	if (types_create(data, len, NULL, &t, &e)) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	return t;
}

static struct btf_type *btf_type_by(struct btf *b, int id)
{
	return (struct btf_type *)btf__type_by_id(b, (uint32_t)id);
}

/* ---- seeds ---- */

static const char *seeds;
static unsigned int n_seeds;
static int seeds_status;

/* The input of tests/fuzz/value.c that is a value of @type. */
static void write_seed(const struct types *t, int type, const void *bytes, size_t len)
{
	_cleanup_buf_ struct buf seed = {0};
	uint32_t n;
	const void *btf = btf__raw_data(types_btf(t), &n);
	const uint8_t head[4] = {(uint8_t)type, 2, (uint8_t)n, (uint8_t)(n >> 8)};
	char name[32];

	if (!seeds)
		return;
	snprintf(name, sizeof(name), "value-%u", n_seeds++);
	buf_add(&seed, head, sizeof(head));
	buf_add(&seed, btf, n);
	buf_add(&seed, bytes, len);
	seeds_status |= seed_write(seeds, name, &seed);
}

/* ---- what comes out ---- */

static void check_value(const struct value_context *c, const struct types *t, int type,
			const void *bytes, size_t len, uint64_t kva, const char *want)
{
	_cleanup_free_ char *got = NULL, *expected = NULL;
	json_t *v, *w;
	json_error_t error;

	write_seed(t, type, bytes, len);
	value_touch(c, t, (uint32_t)type, bytes, len, kva);
	v = value_json(c, t, (uint32_t)type, bytes, len, kva);
	w = json_loads(want, JSON_DECODE_ANY, &error);
	if (!w)
		printf("# %s: %s\n", error.text, want);
	got = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
	expected = json_dumps(w, JSON_COMPACT | JSON_ENCODE_ANY);
	CHECK_STR(got, expected ? expected : "no JSON");
	json_decref(v);
	json_decref(w);
}

static const struct value_context nothing;

/* Without memory. */
static void check(const struct types *t, int type, const void *bytes, size_t len, const char *want)
{
	check_value(&nothing, t, type, bytes, len, 0, want);
}

#define UINT_IS(bits, v) "{\"kind\":\"uint\",\"bits\":" #bits ",\"value\":" #v "}"
#define INT_IS(bits, v) "{\"kind\":\"int\",\"bits\":" #bits ",\"value\":" #v "}"
#define MEMBER(name, v) "{\"name\":\"" name "\",\"value\":" v "}"

static void test_numbers(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = take(b);
	const uint8_t bytes[16] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x0a};
	const uint8_t high[8] = {1, [7] = 0x80};
	double d = 0.1, inf = 1.0 / 0.0;
	float f = 0.5f;

	check(t, INT, bytes, 4, INT_IS(32, -2));
	check(t, UINT, bytes, 4, UINT_IS(32, 4294967294));
	check(t, S8, bytes, 1, INT_IS(8, -2));
	check(t, U8, bytes, 1, UINT_IS(8, 254));
	check(t, U64, bytes, 8, UINT_IS(64, 9223372036854775806));
	check(t, U64, high, 8, UINT_IS(64, "0x8000000000000001"));
	check(t, U128, bytes, 16, UINT_IS(128, "0xa7ffffffffffffffe"));
	check(t, BOOL, bytes, 1, "{\"kind\":\"bool\",\"value\":true}");
	check(t, BOOL, bytes + 9, 1, "{\"kind\":\"bool\",\"value\":false}");
	check(t, CHAR, "A", 1, "{\"kind\":\"char\",\"value\":\"A\"}");
	check(t, CHAR, "\"", 1, "{\"kind\":\"char\",\"value\":\"\\\"\"}");
	check(t, CHAR, bytes, 1, "{\"kind\":\"char\",\"value\":-2}");
	check(t, FLOAT, &f, 4, "{\"kind\":\"float\",\"value\":0.5}");
	check(t, DOUBLE, &d, 8, "{\"kind\":\"float\",\"value\":0.1}");
	check(t, DOUBLE, &inf, 8, "{\"kind\":\"float\",\"value\":\"inf\"}");
}

static void test_bit_fields(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	int old_int, s, old, wide;
	const uint8_t bytes[16] = {0xe5, 0x03, 0,    0, 0xff, 0xff, 0xff,
				   0xff, 0x81, 0x7f, 0, 0,    0x05};

	old_int = btf__add_int(b, "unsigned int", 4, 0);
	/* A 3-bit int at bit 2, as BTF without kind_flag says it. */
	*(uint32_t *)(void *)(btf_type_by(b, old_int) + 1) = BTF_INT_BITS(3) | 2 << 16;
	s = btf__add_struct(b, "flags", 16);
	btf__add_field(b, "a", INT, 0, 3);
	btf__add_field(b, "b", UINT, 3, 7);
	btf__add_field(b, "c", BOOL, 10, 1);
	btf__add_field(b, "d", U64, 33, 40);
	wide = btf__add_struct(b, "wide", 16);
	btf__add_field(b, "w", U64, 36, 63);
	old = btf__add_struct(b, "old", 4);
	btf__add_field(b, "o", old_int, 0, 0);
	t = take(b);
	check(t, s, bytes, 16,
	      "{\"kind\":\"struct\",\"type_name\":\"flags\",\"members\":[" MEMBER("a", INT_IS(3, -3)) "," MEMBER(
		      "b",
		      UINT_IS(7,
			      124)) "," MEMBER("c",
					       "{\"kind\":\"bool\",\"value\":false}") "," MEMBER("d",
												 UINT_IS(40,
													 828928688127)) "]}");
	check(t, wide, bytes, 16,
	      "{\"kind\":\"struct\",\"type_name\":\"wide\",\"members\":[" MEMBER(
		      "w", UINT_IS(63, 5764616285304389631)) "]}");
	check(t, old, bytes, 4,
	      "{\"kind\":\"struct\",\"type_name\":\"old\",\"members\":[" MEMBER(
		      "o", UINT_IS(3, 1)) "]}");
}

#define ENUM_IS(bits, v, name) \
	"{\"kind\":\"enum\",\"bits\":" #bits ",\"value\":" #v ",\"variant\":\"" name "\"}"

static void test_enums(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	const int32_t minus = -1, one = 1;
	const uint64_t large = 1ull << 63;
	int with_signs, plain, wide, s;

	with_signs = btf__add_enum(b, "sign", 4);
	btf__add_enum_value(b, "NEGATIVE", -1);
	btf__add_enum_value(b, "ONE", 1);
	plain = btf__add_enum(b, "plain", 1);
	btf__add_enum_value(b, "A", 1);
	wide = btf__add_enum64(b, "wide", 8, false);
	btf__add_enum64_value(b, "LARGE", large);
	s = btf__add_struct(b, "s", 4);
	btf__add_field(b, "e", with_signs, 0, 2);
	t = take(b);
	check(t, with_signs, &minus, 4, ENUM_IS(32, -1, "NEGATIVE"));
	check(t, with_signs, &one, 4, ENUM_IS(32, 1, "ONE"));
	check(t, plain, &one, 1, ENUM_IS(8, 1, "A"));
	check(t, plain, &minus, 1, "{\"kind\":\"enum\",\"bits\":8,\"value\":255}");
	check(t, wide, &large, 8, ENUM_IS(64, "0x8000000000000000", "LARGE"));
	check(t, s, &minus, 4,
	      "{\"kind\":\"struct\",\"type_name\":\"s\",\"members\":[" MEMBER(
		      "e", ENUM_IS(2, -1, "NEGATIVE")) "]}");
}

#define ARRAY_IS(len, elements) "{\"kind\":\"array\",\"len\":" #len ",\"elements\":[" elements "]}"
#define STRING_IS(text) "{\"kind\":\"string\",\"value\":\"" text "\"}"

static void test_arrays(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	const uint32_t four[4] = {1, 2, 3, 4};
	int row, rows, text, none, signs;

	row = btf__add_array(b, INDEX, UINT, 2);
	rows = btf__add_array(b, INDEX, row, 2);
	text = btf__add_array(b, INDEX, CHAR, 8);
	none = btf__add_array(b, INDEX, UINT, 0);
	signs = btf__add_array(b, INDEX, S8, 2);
	t = take(b);
	check(t, row, four, 8, ARRAY_IS(2, UINT_IS(32, 1) "," UINT_IS(32, 2)));
	check(t, rows, four, 16,
	      ARRAY_IS(2, ARRAY_IS(2, UINT_IS(32, 1) "," UINT_IS(32, 2)) "," ARRAY_IS(
				  2, UINT_IS(32, 3) "," UINT_IS(32, 4))));
	check(t, none, four, 12, ARRAY_IS(3, UINT_IS(32, 1) "," UINT_IS(32, 2) "," UINT_IS(32, 3)));
	check(t, none, four, 0, ARRAY_IS(0, ""));
	check(t, signs, "ab", 2, ARRAY_IS(2, INT_IS(8, 97) "," INT_IS(8, 98)));
	check(t, text, "comm\0\0\0\0", 8, STRING_IS("comm"));
	check(t, text, "eight ch", 8, STRING_IS("eight ch"));
	check(t, text, "\"\\\n\t\0\0\0\0", 8, STRING_IS("\\\"\\\\\\n\\t"));
	check(t, text, "\0\0\0\0\0\0\0\0", 8, STRING_IS(""));
#define C(v) "{\"kind\":\"char\",\"value\":" v "}"
	check(t, text, "a\0\0\0\0\0\0z", 8,
	      ARRAY_IS(8, C("\"a\"") "," C("0") "," C("0") "," C("0") "," C("0") "," C("0") "," C(
				  "0") "," C("\"z\"")));
	check(t, text, "\xff\0\0\0\0\0\0\0", 8,
	      ARRAY_IS(8, C("-1") "," C("0") "," C("0") "," C("0") "," C("0") "," C("0") "," C(
				  "0") "," C("0")));
}

static size_t count_elements(const struct types *t, int type, const void *bytes, size_t len,
			     json_int_t *ret_len)
{
	json_t *v = value_json(&nothing, t, (uint32_t)type, bytes, len, 0);
	size_t n = json_array_size(json_object_get(v, "elements"));

	*ret_len = json_integer_value(json_object_get(v, "len"));
	json_decref(v);
	return n;
}

static void test_long_arrays(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	_cleanup_free_ uint8_t *bytes = calloc(1, 1 << 20);
	json_int_t len;
	int more, all;

	more = btf__add_array(b, INDEX, U8, VALUE_ELEMENTS_MAX + 1);
	all = btf__add_array(b, INDEX, U8, VALUE_ELEMENTS_MAX);
	t = take(b);
	CHECK(count_elements(t, all, bytes, 1 << 20, &len) == VALUE_ELEMENTS_MAX);
	CHECK(len == VALUE_ELEMENTS_MAX);
	CHECK(count_elements(t, more, bytes, 1 << 20, &len) == VALUE_ELEMENTS_MAX);
	CHECK(len == VALUE_ELEMENTS_MAX + 1);
}

static void test_structs(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	const uint32_t bytes[4] = {7, 0x41424344, 9, 10};
	int inner, outer, named, flexible, tail;

	inner = btf__add_union(b, NULL, 4);
	btf__add_field(b, "u", UINT, 0, 0);
	btf__add_field(b, "c", CHAR, 0, 0);
	outer = btf__add_struct(b, "outer", 8);
	btf__add_field(b, "a", INT, 0, 0);
	btf__add_field(b, NULL, inner, 32, 0);
	named = btf__add_typedef(b, "u_t", btf__add_const(b, btf__add_volatile(b, inner)));
	flexible = btf__add_array(b, INDEX, UINT, 0);
	tail = btf__add_struct(b, "tail", 8);
	btf__add_field(b, "none", flexible, 0, 0);
	btf__add_field(b, "n", U64, 0, 0);
	btf__add_field(b, "rest", flexible, 64, 0);
	t = take(b);
#define MEMBERS_OF_INNER \
	"\"members\":[" MEMBER("u", UINT_IS(32, 1094861636)) "," MEMBER("c", C("\"D\"")) "]}"
	check(t, outer, bytes, 8,
	      "{\"kind\":\"struct\",\"type_name\":\"outer\",\"members\":[" MEMBER(
		      "a",
		      INT_IS(32, 7)) "," MEMBER("", "{\"kind\":\"struct\"," MEMBERS_OF_INNER) "]}");
	check(t, named, bytes + 1, 4,
	      "{\"kind\":\"struct\",\"type_name\":\"u_t\"," MEMBERS_OF_INNER);
	check(t, tail, bytes, 16,
	      "{\"kind\":\"struct\",\"type_name\":\"tail\",\"members\":[" MEMBER("none", ARRAY_IS(0, "")) "," MEMBER(
		      "n",
		      UINT_IS(64,
			      4702394920265056263)) "," MEMBER("rest",
							       ARRAY_IS(2,
									UINT_IS(32, 9) "," UINT_IS(
										32, 10))) "]}");
}

static void test_section(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	const uint32_t bytes[3] = {4, 0, 5};
	int first, second, section;

	first = btf__add_var(b, "nr_cpus_onln", BTF_VAR_GLOBAL_ALLOCATED, UINT);
	second = btf__add_var(b, "stall", BTF_VAR_GLOBAL_ALLOCATED, btf__add_volatile(b, INT));
	section = btf__add_datasec(b, ".bss", 12);
	btf__add_datasec_var_info(b, first, 0, 4);
	btf__add_datasec_var_info(b, second, 8, 4);
	t = take(b);
	check(t, section, bytes, 12,
	      "{\"kind\":\"struct\",\"type_name\":\".bss\",\"members\":[" MEMBER(
		      "nr_cpus_onln", UINT_IS(32, 4)) "," MEMBER("stall", INT_IS(32, 5)) "]}");
	check(t, section, bytes, 9,
	      "{\"kind\":\"truncated\",\"needed\":12,\"had\":9,\"partial\":"
	      "{\"kind\":\"struct\",\"type_name\":\".bss\",\"members\":[" MEMBER(
		      "nr_cpus_onln",
		      UINT_IS(32,
			      4)) "," MEMBER("stall",
					     "{\"kind\":\"truncated\",\"needed\":4,\"had\":1,\"partial\":"
					     "{\"kind\":\"bytes\",\"hex\":\"05\"}}") "]}}");
}

/* A section that says that its variables are shorter than their types. */
static void test_cut_variables(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	const uint32_t bytes[2] = {1, 2};
	int s, section;

	s = btf__add_struct(b, "s", 8);
	btf__add_field(b, "a", UINT, 0, 0);
	btf__add_field(b, "b", UINT, 32, 0);
	btf__add_var(b, "one", BTF_VAR_GLOBAL_ALLOCATED, s);
	btf__add_var(b, "two", BTF_VAR_GLOBAL_ALLOCATED, s);
	section = btf__add_datasec(b, ".data", 8);
	btf__add_datasec_var_info(b, s + 1, 0, 4);
	btf__add_datasec_var_info(b, s + 2, 4, 4);
	t = take(b);
#define CUT_IS(v)                                                     \
	"{\"kind\":\"truncated\",\"needed\":8,\"had\":4,\"partial\":" \
	"{\"kind\":\"struct\",\"type_name\":\"s\",\"members\":[" MEMBER("a", UINT_IS(32, v)) "]}}"
	check(t, section, bytes, 8,
	      "{\"kind\":\"struct\",\"type_name\":\".data\",\"members\":[" MEMBER(
		      "one", CUT_IS(1)) "," MEMBER("two", CUT_IS(2)) "]}");
}

static void test_truncated(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	const uint32_t bytes[2] = {1, 2};
	int s, row, huge, bits;

	row = btf__add_array(b, INDEX, UINT, 3);
	s = btf__add_struct(b, "s", 16);
	btf__add_field(b, "a", UINT, 0, 0);
	btf__add_field(b, "row", row, 32, 0);
	huge = btf__add_array(b, INDEX, U64, UINT32_MAX);
	bits = btf__add_struct(b, "bits", 8);
	btf__add_field(b, "x", UINT, 30, 4);
	t = take(b);
	check(t, UINT, bytes, 3,
	      "{\"kind\":\"truncated\",\"needed\":4,\"had\":3,"
	      "\"partial\":{\"kind\":\"bytes\",\"hex\":\"010000\"}}");
	check(t, UINT, bytes, 0, "{\"kind\":\"truncated\",\"needed\":4,\"had\":0}");
	check(t, s, bytes, 8,
	      "{\"kind\":\"truncated\",\"needed\":16,\"had\":8,\"partial\":"
	      "{\"kind\":\"struct\",\"type_name\":\"s\",\"members\":[" MEMBER(
		      "a", UINT_IS(32, 1)) "," MEMBER("row", ARRAY_IS(3, UINT_IS(32, 2))) "]}}");
	check(t, s, bytes, 4,
	      "{\"kind\":\"truncated\",\"needed\":16,\"had\":4,\"partial\":"
	      "{\"kind\":\"struct\",\"type_name\":\"s\",\"members\":[" MEMBER(
		      "a", UINT_IS(32, 1)) "]}}");
	check(t, huge, bytes, 8,
	      "{\"kind\":\"truncated\",\"needed\":34359738360,\"had\":8,\"partial\":" ARRAY_IS(
		      4294967295, UINT_IS(64, 8589934593)) "}");
	check(t, bits, bytes, 4,
	      "{\"kind\":\"truncated\",\"needed\":8,\"had\":4,\"partial\":"
	      "{\"kind\":\"struct\",\"type_name\":\"bits\",\"members\":[" MEMBER(
		      "x", "{\"kind\":\"truncated\",\"needed\":2,\"had\":0}") "]}}");
}

#define UNSUPPORTED(reason) "{\"kind\":\"unsupported\",\"reason\":\"" reason "\"}"

static void test_unsupported(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	uint8_t bytes[64] = {0};
	int fwd, proto, float16, chain = INT, longer, array, between;

	fwd = btf__add_fwd(b, "elsewhere", BTF_FWD_STRUCT);
	proto = btf__add_func_proto(b, INT);
	float16 = btf__add_float(b, "long double", 16);
	for (unsigned int i = 0; i < VALUE_MODIFIERS_MAX; i++)
		chain = btf__add_const(b, chain);
	longer = btf__add_volatile(b, chain);
	array = btf__add_array(b, INDEX, fwd, 4);
	between = btf__add_struct(b, "between", 8);
	btf__add_field(b, "x", UINT, 0, 0);
	btf_members(btf_type_by(b, between))[0].offset = 1;
	btf__add_field(b, "f", fwd, 0, 0);
	t = take(b);
	check(t, 0, bytes, 8, UNSUPPORTED("a type without a size"));
	check(t, fwd, bytes, 8, UNSUPPORTED("a type without a size"));
	check(t, proto, bytes, 8, UNSUPPORTED("a type without a size"));
	check(t, array, bytes, 8, UNSUPPORTED("a type without a size"));
	check(t, 9999, bytes, 8, UNSUPPORTED("no such type"));
	check(t, float16, bytes, 16,
	      UNSUPPORTED("a floating-point number of neither 4 nor 8 bytes"));
	check(t, chain, bytes, 8, INT_IS(32, 0));
	check(t, longer, bytes, 8, UNSUPPORTED("types that name each other without end"));
	check(t, between, bytes, 8,
	      "{\"kind\":\"struct\",\"type_name\":\"between\",\"members\":[" MEMBER(
		      "x",
		      UNSUPPORTED(
			      "a member between two bytes")) "," MEMBER("f",
									UNSUPPORTED(
										"a type without a size")) "]}");
}

/* ---- limits ---- */

static size_t depth_of(const json_t *v)
{
	size_t n = 0;

	for (const json_t *m; v; v = m, n++)
		m = json_object_get(json_array_get(json_object_get(v, "members"), 0), "value");
	return n;
}

static void test_depth(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	uint8_t bytes[8] = {0};
	int inner = INT;
	json_t *v;

	for (unsigned int i = 0; i < 40; i++) {
		int s = btf__add_struct(b, "s", 4);

		btf__add_field(b, "m", inner, 0, 0);
		inner = s;
	}
	t = take(b);
	v = value_json(&nothing, t, (uint32_t)inner, bytes, 8, 0);
	CHECK(depth_of(v) == VALUE_DEPTH_MAX + 2); /* the last says that it is too deep */
	json_decref(v);
}

static size_t count_objects(const json_t *v)
{
	size_t n = json_is_object(v) && json_object_get(v, "kind"), i;
	const char *name;
	json_t *m;

	json_object_foreach ((json_t *)v, name, m)
		n += count_objects(m);
	json_array_foreach (v, i, m)
		n += count_objects(m);
	return n;
}

/* 2^40 objects by four types; then a struct that holds itself, which no size can be true of. */
static void test_nodes(void)
{
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *t = NULL;
	uint8_t bytes[8] = {0};
	uint64_t left = 100;
	struct value_context c = {.nodes_left = &left};
	int empty = btf__add_struct(b, "empty", 0), outer = empty, self;
	json_t *v;

	for (unsigned int i = 0; i < 4; i++)
		outer = btf__add_array(b, INDEX, outer, 1024);
	self = btf__add_struct(b, "self", 8);
	btf__add_field(b, "again", self, 0, 0);
	btf__add_field(b, "again", self, 0, 0);
	t = take(b);
	v = value_json(&nothing, t, (uint32_t)outer, bytes, 8, 0);
	CHECK(count_objects(v) <= VALUE_NODES_MAX + 40 && count_objects(v) >= VALUE_NODES_MAX);
	json_decref(v);
	v = value_json(&nothing, t, (uint32_t)self, bytes, 8, 0);
	CHECK(v && count_objects(v) <= VALUE_NODES_MAX + 40);
	json_decref(v);
	value_touch(&nothing, t, (uint32_t)self, bytes, 8, 0);

	v = value_json(&c, t, (uint32_t)outer, bytes, 8, 0);
	CHECK(count_objects(v) >= 90 && count_objects(v) <= 104 && !left);
	json_decref(v);
	v = value_json(&c, t, INT, bytes, 8, 0);
	CHECK_STR(json_string_value(json_object_get(v, "reason")), "too many values");
	json_decref(v);
}

/* ---- pointers ---- */

#define USER_START 0x7f0012345000ull
#define ARENA_LEN 0x2000u
#define CPUS 6u

/* A guest with an arena, and a program's types. */
struct prog {
	struct guest guest;
	struct kernel *kernel;
	struct btf *btf;
	struct types *types;
	struct value_arena arena;
	struct value_context c;
};

/* struct node {struct node *next; u64 v;} and a pointer to it, behind the common types. */
enum { NODE = N_COMMON, NODE_PTR, N_PROG };

static void prog_deinit(struct prog *p)
{
	types_destroy(p->types);
	btf__free(p->btf);
	kernel_detach(p->kernel);
	guest_deinit(&p->guest);
}
#define _cleanup_prog_ _cleanup_(prog_deinit)

static void add_kernel_types(struct btf *b)
{
	int comm = btf__add_array(b, GUEST_UINT, btf__add_int(b, "char", 1, BTF_INT_SIGNED), 16);

	btf__add_struct(b, "task_struct", 64);
	btf__add_field(b, "pid", GUEST_INT, 64, 0);
	btf__add_field(b, "comm", comm, 128, 0);
	btf__add_struct(b, "cgroup", 64);
}

static void prog_init(struct prog *p)
{
	*p = (struct prog){.btf = common()};
	guest_init(&p->guest, CPUS);
	add_kernel_types(p->guest.btf);
	guest_boot(&p->guest);
	if (guest_attach(&p->guest, &p->kernel, &e)) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	value_context_init(&p->c, p->kernel);
	p->arena = (struct value_arena){.user_start = USER_START,
					.len = ARENA_LEN,
					.kva = guest_alloc(&p->guest, ARENA_LEN)};
	p->c.arenas = &p->arena;
	p->c.n_arenas = 1;
	btf__add_struct(p->btf, "node", 16);
	btf__add_field(p->btf, "next", NODE_PTR, 0, 0);
	btf__add_field(p->btf, "v", U64, 64, 0);
	btf__add_ptr(p->btf, NODE);
}

/* The value @v of type @type, when the program's types are all there. */
static void check_u64(struct prog *p, int type, uint64_t v, const char *want)
{
	if (!p->types)
		p->types = take(p->btf);
	check_value(&p->c, p->types, type, &v, sizeof(v), 0, want);
}

static void put_node(struct prog *p, uint64_t kva, uint64_t next, uint64_t v)
{
	guest_set(&p->guest, kva, next, 8);
	guest_set(&p->guest, kva + 8, v, 8);
}

/* "0x.." of an address that the test does not know. */
static const char *hex(uint64_t v)
{
	static char text[4][32];
	static unsigned int n;

	n = (n + 1) % 4;
	snprintf(text[n], sizeof(text[n]), "\"0x%llx\"", (unsigned long long)v);
	return text[n];
}

#define PTR_IS(v) "{\"kind\":\"ptr\",\"value\":" v "}"
#define SKIP_IS(v, why) "{\"kind\":\"ptr\",\"value\":" v ",\"skip\":\"" why "\"}"
#define NODE_IS(next, v)                                                    \
	"{\"kind\":\"struct\",\"type_name\":\"node\",\"members\":[" MEMBER( \
		"next", next) "," MEMBER("v", v) "]}"

static void test_arena(void)
{
	_cleanup_prog_ struct prog p;
	char want[1024];

	prog_init(&p);
	put_node(&p, p.arena.kva + 0x10, USER_START + 0x1000, 1);
	put_node(&p, p.arena.kva + 0x1000, 0, 2);
	check_u64(&p, NODE_PTR, 0, PTR_IS("\"0x0\""));
	snprintf(want, sizeof(want), "{\"kind\":\"ptr\",\"value\":%s,\"target\":%s}",
		 hex(USER_START + 0x1000), NODE_IS(PTR_IS("\"0x0\""), UINT_IS(64, 2)));
	check_u64(&p, NODE_PTR, USER_START + 0x1000, want);
	/* Without a cast there is only the low half. */
	snprintf(want, sizeof(want), "{\"kind\":\"ptr\",\"value\":%s,\"target\":%s}",
		 "\"0x12346000\"", NODE_IS(PTR_IS("\"0x0\""), UINT_IS(64, 2)));
	check_u64(&p, NODE_PTR, 0x12346000, want);
	snprintf(want, sizeof(want),
		 "{\"kind\":\"ptr\",\"value\":%s,\"target\":"
		 "{\"kind\":\"struct\",\"type_name\":\"node\",\"members\":["
		 "{\"name\":\"next\",\"value\":{\"kind\":\"ptr\",\"value\":%s,\"target\":%s}},"
		 "{\"name\":\"v\",\"value\":%s}]}}",
		 hex(USER_START + 0x10), hex(USER_START + 0x1000),
		 NODE_IS(PTR_IS("\"0x0\""), UINT_IS(64, 2)), UINT_IS(64, 1));
	check_u64(&p, NODE_PTR, USER_START + 0x10, want);
	check_u64(&p, NODE_PTR, USER_START + ARENA_LEN,
		  SKIP_IS("\"0x7f0012347000\"", "no kernel address"));
	check_u64(&p, NODE_PTR, 0x12347000, SKIP_IS("\"0x12347000\"", "no kernel address"));
}

static void test_arena_pages(void)
{
	_cleanup_prog_ struct prog p;
	char want[1024];

	prog_init(&p);
	/* The kernel's range for the arena lies where no page is. */
	p.arena.kva = 0xffffc90000000000ull;
	check_u64(&p, NODE_PTR, USER_START, SKIP_IS("\"0x7f0012345000\"", "not mapped"));
	/* One page is, and a node lies across its end. */
	guest_map(&p.guest.tables, p.arena.kva, 0x1000, 1);
	memset(p.guest.ram + 0x1ff8, 0, 8);
	snprintf(want, sizeof(want),
		 "{\"kind\":\"ptr\",\"value\":%s,\"target\":{\"kind\":\"truncated\",\"needed\":16,"
		 "\"had\":8,\"partial\":{\"kind\":\"struct\",\"type_name\":\"node\",\"members\":["
		 "{\"name\":\"next\",\"value\":{\"kind\":\"ptr\",\"value\":\"0x0\"}}]}}}",
		 hex(USER_START + 0xff8));
	check_u64(&p, NODE_PTR, USER_START + 0xff8, want);
}

static void test_cycle(void)
{
	_cleanup_prog_ struct prog p;
	uint64_t node[2] = {USER_START + 0x20, 7};
	char want[1024];

	prog_init(&p);
	p.types = take(p.btf);
	put_node(&p, p.arena.kva + 0x20, USER_START, 8);
	put_node(&p, p.arena.kva, USER_START + 0x20, 7);
	snprintf(want, sizeof(want),
		 "{\"kind\":\"struct\",\"type_name\":\"node\",\"members\":["
		 "{\"name\":\"next\",\"value\":{\"kind\":\"ptr\",\"value\":%s,\"target\":"
		 "{\"kind\":\"struct\",\"type_name\":\"node\",\"members\":["
		 "{\"name\":\"next\",\"value\":{\"kind\":\"ptr\",\"value\":%s,\"skip\":\"cycle\"}},"
		 "{\"name\":\"v\",\"value\":%s}]}}},{\"name\":\"v\",\"value\":%s}]}",
		 hex(USER_START + 0x20), hex(USER_START), UINT_IS(64, 8), UINT_IS(64, 7));
	/* The value itself is the first node: it is known where it came from. */
	check_value(&p.c, p.types, NODE, node, 16, p.arena.kva, want);
}

/* How many targets follow one another from the member `next` of @v, and the last one's reason. */
static unsigned int count_hops(const json_t *v, const char **ret_skip)
{
	unsigned int n = 0;

	*ret_skip = NULL;
	for (const json_t *ptr = v; ptr; n++) {
		const json_t *target = json_object_get(ptr, "target");

		if (!target) {
			*ret_skip = json_string_value(json_object_get(ptr, "skip"));
			return n;
		}
		ptr = json_object_get(json_array_get(json_object_get(target, "members"), 0),
				      "value");
	}
	return n;
}

static void test_hops(void)
{
	_cleanup_prog_ struct prog p;
	uint64_t first = USER_START;
	const char *skip;
	json_t *v;

	prog_init(&p);
	p.types = take(p.btf);
	for (uint64_t at = 0; at < 32 * 16; at += 16)
		put_node(&p, p.arena.kva + at, USER_START + at + 16, at);
	v = value_json(&p.c, p.types, NODE_PTR, (const uint8_t *)&first, 8, 0);
	CHECK(count_hops(v, &skip) == VALUE_HOPS_MAX);
	CHECK_STR(skip, "hops");
	json_decref(v);
}

static void test_own_and_kernel_types(void)
{
	_cleanup_prog_ struct prog p;
	uint64_t node, task, mask;
	int cgroup, flavour, task_ptr, func, untyped, number, fwd, mask_fwd, bpf_mask, percpu;
	char want[1024];

	prog_init(&p);
	node = guest_alloc(&p.guest, 64);
	put_node(&p, node, 0, 3);
	task = guest_alloc(&p.guest, 64);
	guest_set(&p.guest, task + 8, 4711, 4);
	strcpy(guest_at(&p.guest, task + 16), "a \"task\"");
	mask = guest_alloc(&p.guest, 1024);
	guest_set(&p.guest, mask, ~0ull - 2, 8);
	cgroup = btf__add_ptr(p.btf, btf__add_struct(p.btf, "cgroup", 8));
	flavour = btf__add_ptr(p.btf, btf__add_struct(p.btf, "cgroup___old", 8));
	task_ptr = btf__add_ptr(
		p.btf, btf__add_type_tag(p.btf, "kptr",
					 btf__add_fwd(p.btf, "task_struct", BTF_FWD_STRUCT)));
	func = btf__add_ptr(p.btf, btf__add_func_proto(p.btf, INT));
	untyped = btf__add_ptr(p.btf, 0);
	number = btf__add_ptr(p.btf, U64);
	fwd = btf__add_ptr(p.btf, btf__add_fwd(p.btf, "elsewhere", BTF_FWD_STRUCT));
	mask_fwd = btf__add_fwd(p.btf, "bpf_cpumask", BTF_FWD_STRUCT);
	bpf_mask = btf__add_ptr(p.btf, btf__add_type_tag(p.btf, "kptr", mask_fwd));
	percpu = btf__add_ptr(p.btf, btf__add_type_tag(p.btf, "percpu_kptr", NODE));

	snprintf(want, sizeof(want), "{\"kind\":\"ptr\",\"value\":%s,\"target\":%s}", hex(node),
		 NODE_IS(PTR_IS("\"0x0\""), UINT_IS(64, 3)));
	check_u64(&p, NODE_PTR, node, want);
	snprintf(want, sizeof(want),
		 "{\"kind\":\"ptr\",\"value\":%s,\"target\":{\"kind\":\"struct\","
		 "\"type_name\":\"task_struct\",\"members\":[%s,%s]}}",
		 hex(task), MEMBER("pid", INT_IS(32, 4711)),
		 MEMBER("comm", STRING_IS("a \\\"task\\\"")));
	check_u64(&p, task_ptr, task, want);
	p.c.task.known = false; /* found anew */
	check_u64(&p, task_ptr, task, want);
	snprintf(want, sizeof(want), "{\"kind\":\"cpu_list\",\"cpus\":\"0,2-5\",\"ptr\":%s}",
		 hex(mask));
	check_u64(&p, bpf_mask, mask, want);
#define CHECK_SKIP(type, v, why)                                                                \
	do {                                                                                    \
		snprintf(want, sizeof(want), "{\"kind\":\"ptr\",\"value\":%s,\"skip\":\"%s\"}", \
			 hex(v), (why));                                                        \
		check_u64(&p, type, v, want);                                                   \
	} while (0)
	CHECK_SKIP(cgroup, task, "kernel type");
	CHECK_SKIP(flavour, task, "kernel type");
	CHECK_SKIP(untyped, task, "no type");
	CHECK_SKIP(number, task, "no struct");
	CHECK_SKIP(fwd, task, "incomplete type");
	CHECK_SKIP(percpu, task, "per-CPU");
	CHECK_SKIP(NODE_PTR, 0xffffc90000000000ull, "not mapped");
	CHECK_SKIP(task_ptr, 0xffffc90000000000ull, "not mapped");
	CHECK_SKIP(bpf_mask, 0xffffc90000000000ull, "not mapped");
	CHECK_SKIP(fwd, USER_START, "incomplete type");
	check_u64(&p, func, 0xffffffff81000000ull, PTR_IS("\"0xffffffff81000000\""));
	/* By the kernel's address, too. */
	snprintf(want, sizeof(want), "{\"kind\":\"ptr\",\"value\":%s,\"target\":%s}",
		 hex(p.arena.kva), UINT_IS(64, 0));
	check_u64(&p, number, p.arena.kva, want);
	/* A number in the arena is nobody else's. */
	snprintf(want, sizeof(want), "{\"kind\":\"ptr\",\"value\":%s,\"target\":%s}",
		 hex(USER_START), UINT_IS(64, 0));
	check_u64(&p, number, USER_START, want);
}

/* A struct that its own types only name is looked for by name: there, then elsewhere. */
static void test_forward(void)
{
	_cleanup_prog_ struct prog p;
	_cleanup_btf_ struct btf *b = common();
	_cleanup_types_ struct types *others = NULL;
	uint64_t two[2] = {USER_START + 0x20, USER_START + 0x20};
	int own, other, kernels, holder;

	prog_init(&p);
	own = btf__add_ptr(p.btf, btf__add_fwd(p.btf, "node", BTF_FWD_STRUCT));
	other = btf__add_ptr(p.btf, btf__add_fwd(p.btf, "far", BTF_FWD_STRUCT));
	kernels = btf__add_ptr(p.btf, btf__add_fwd(p.btf, "cgroup", BTF_FWD_STRUCT));
	holder = btf__add_struct(p.btf, "holder", 16);
	btf__add_field(p.btf, "far", other, 0, 0);
	btf__add_field(p.btf, "own", own, 64, 0);
	put_node(&p, p.arena.kva, USER_START, 5);
	btf__add_int(b, "another", 1, 0); /* so that ids are other than the program's */
	btf__add_struct(b, "far", 16);
	btf__add_field(b, "self", N_COMMON + 2, 0, 0);
	btf__add_field(b, "v", U64, 64, 0);
	btf__add_ptr(b, N_COMMON + 1);
	others = take(b);
	p.c.others = (const struct types *const *)&others;
	p.c.n_others = 1;
#define START "\"0x7f0012345000\""
#define LEADS(v, to) "{\"kind\":\"ptr\",\"value\":" v ",\"target\":" to "}"
#define FAR_IS(self, v)                                                    \
	"{\"kind\":\"struct\",\"type_name\":\"far\",\"members\":[" MEMBER( \
		"self", self) "," MEMBER("v", v) "]}"
	check_u64(&p, own, USER_START,
		  LEADS(START, NODE_IS(SKIP_IS(START, "cycle"), UINT_IS(64, 5))));
	check_u64(&p, other, USER_START,
		  LEADS(START, FAR_IS(SKIP_IS(START, "cycle"), UINT_IS(64, 5))));
	check_u64(&p, kernels, USER_START,
		  LEADS(START, "{\"kind\":\"struct\",\"type_name\":\"cgroup\",\"members\":[]}"));
#define BEHIND "\"0x7f0012345020\""
#define NULL_IS PTR_IS("\"0x0\"")
	check_value(
		&p.c, p.types, holder, two, 16, 0,
		"{\"kind\":\"struct\",\"type_name\":\"holder\",\"members\":[" MEMBER(
			"far",
			LEADS(BEHIND,
			      FAR_IS(NULL_IS,
				     UINT_IS(64, 0)))) "," MEMBER("own",
								  LEADS(BEHIND,
									NODE_IS(NULL_IS,
										UINT_IS(64,
											0)))) "]}");
	p.c.n_others = 0;
	check_u64(&p, other, USER_START, SKIP_IS(START, "incomplete type"));
}

static void test_masks(void)
{
	_cleanup_prog_ struct prog p;
	const uint64_t words[4] = {0xf1, 1, 0, 0};
	int bits, four, mask, bpf, bitmap, other, t;

	prog_init(&p);
	bits = btf__add_array(p.btf, INDEX, U64, 2);
	mask = btf__add_struct(p.btf, "cpumask", 16);
	btf__add_field(p.btf, "bits", bits, 0, 0);
	t = btf__add_typedef(p.btf, "cpumask_t", mask);
	bpf = btf__add_struct(p.btf, "bpf_cpumask", 24);
	btf__add_field(p.btf, "cpumask", t, 0, 0);
	btf__add_field(p.btf, "usage", INT, 128, 0);
	four = btf__add_array(p.btf, INDEX, U64, 1);
	bitmap = btf__add_struct(p.btf, "scx_bitmap", 16);
	btf__add_field(p.btf, "tid", U64, 0, 0);
	btf__add_field(p.btf, "bits", four, 64, 0);
	other = btf__add_struct(p.btf, "cpumask", 8);
	btf__add_field(p.btf, "what", U64, 0, 0);
	p.types = take(p.btf);
#define CPUS_ARE(list) "{\"kind\":\"cpu_list\",\"cpus\":\"" list "\"}"
	check_value(&p.c, p.types, mask, words, 16, 0, CPUS_ARE("0,4-5"));
	check_value(&p.c, p.types, t, words, 16, 0, CPUS_ARE("0,4-5"));
	check_value(&p.c, p.types, bpf, words, 24, 0, CPUS_ARE("0,4-5"));
	check_value(&p.c, p.types, bitmap, words, 16, 0, CPUS_ARE("0"));
	check_value(&p.c, p.types, mask, words + 2, 16, 0, CPUS_ARE(""));
	check_value(&nothing, p.types, mask, words, 16, 0, CPUS_ARE("0,4-7,64"));
	check_value(&p.c, p.types, other, words, 8, 0,
		    "{\"kind\":\"struct\",\"type_name\":\"cpumask\",\"members\":[" MEMBER(
			    "what", UINT_IS(64, 241)) "]}");
}

/* An arena's bitmap, whose pointer tells the CPUs too. */
static void test_mask_in_arena(void)
{
	_cleanup_prog_ struct prog p;
	int bits, bitmap, ptr;

	prog_init(&p);
	bits = btf__add_array(p.btf, INDEX, U64, 1);
	bitmap = btf__add_struct(p.btf, "scx_bitmap", 16);
	btf__add_field(p.btf, "tid", U64, 0, 0);
	btf__add_field(p.btf, "bits", bits, 64, 0);
	ptr = btf__add_ptr(p.btf, bitmap);
	guest_set(&p.guest, p.arena.kva + 8, 0x7, 8);
	check_u64(&p, ptr, USER_START,
		  "{\"kind\":\"cpu_list\",\"cpus\":\"0-2\",\"ptr\":\"0x7f0012345000\"}");
}

/* What a touch read is enough for the rendering, and a sealed record says what it has not. */
static void test_record(void)
{
	_cleanup_prog_ struct prog p;
	struct mem *record = NULL;
	struct kernel over;
	struct value_context c;
	uint64_t first = USER_START, pair[2] = {1, USER_START};
	const char *skip;
	int behind;
	json_t *v;

	prog_init(&p);
	behind = btf__add_struct(p.btf, "behind", 16);
	btf__add_field(p.btf, "v", U64, 0, 0);
	btf__add_field(p.btf, "first", NODE_PTR, 64, 0);
	behind = btf__add_array(p.btf, INDEX, behind, 1);
	p.types = take(p.btf);
	for (uint64_t at = 0; at < 4; at++)
		put_node(&p, p.arena.kva + at % 2 * 0x1000 + at * 16,
			 USER_START + (at + 1) % 2 * 0x1000 + (at + 1) * 16, at);
	CHECK(mem_record(p.guest.mem, 1 << 20, &record, &e) == 0);
	over = kernel_over(p.kernel, record);
	c = p.c;
	c.kernel = &over;
	value_touch(&c, p.types, (uint32_t)behind, (const uint8_t *)pair, 16, 0);
	CHECK(mem_record_bytes(record) >= 2 * GUEST_PAGE);
	mem_record_seal(record);
	memset(guest_at(&p.guest, p.arena.kva), 0xff, ARENA_LEN);
	v = value_json(&c, p.types, NODE_PTR, (const uint8_t *)&first, 8, 0);
	CHECK(count_hops(v, &skip) == 5 && !skip);
	json_decref(v);
	first = p.arena.kva + 0x10000;
	v = value_json(&c, p.types, NODE_PTR, (const uint8_t *)&first, 8, 0);
	CHECK(count_hops(v, &skip) == 0);
	CHECK_STR(skip, "not recorded");
	json_decref(v);
	mem_destroy(record);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0)
		seeds = argv[2];
	RUN(test_numbers);
	RUN(test_bit_fields);
	RUN(test_enums);
	RUN(test_arrays);
	RUN(test_long_arrays);
	RUN(test_structs);
	RUN(test_section);
	RUN(test_cut_variables);
	RUN(test_truncated);
	RUN(test_unsupported);
	RUN(test_depth);
	RUN(test_nodes);
	RUN(test_arena);
	RUN(test_arena_pages);
	RUN(test_cycle);
	RUN(test_hops);
	RUN(test_own_and_kernel_types);
	RUN(test_forward);
	RUN(test_masks);
	RUN(test_mask_in_arena);
	RUN(test_record);
	return seeds ? seeds_status : TEST_END();
}
