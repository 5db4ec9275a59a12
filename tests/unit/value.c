/* SPDX-License-Identifier: GPL-2.0-only */
/* Values of every kind, as bytes and BTF that are made here, and what pointers in them lead to. */
#include "dump/value.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "guest.h"
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

/* ---- what comes out ---- */

static void check_value(const struct value_context *c, const struct types *t, int type,
			const void *bytes, size_t len, uint64_t kva, const char *want)
{
	_cleanup_free_ char *got = NULL, *expected = NULL;
	json_t *v, *w;
	json_error_t error;

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

int main(void)
{
	RUN(test_numbers);
	return TEST_END();
}
