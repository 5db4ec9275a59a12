/* SPDX-License-Identifier: GPL-2.0-only */
/* The numbers of a struct, whatever it holds. */
#include "kernel/numbers.h"

#include <bpf/btf.h>
#include <stdlib.h>

#include "test.h"

/*
 * struct thing {
 *	int a; bool b; enum kind c; void *pointer; atomic_t d; struct list list; u64 array[2];
 *	unsigned int e : 3, f : 5; union { int g; }; struct two { int x, y; } two; s64 h;
 * };
 */
static struct types *thing_create(void)
{
	struct btf *b = btf__new_empty();
	struct types *ret;
	struct err e;
	const void *raw;
	uint32_t len;
	int s32, u8, s64, u32, kind, pointer, atomic, atomic_t, list, array, anon, two;

	s32 = btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	u8 = btf__add_int(b, "_Bool", 1, BTF_INT_BOOL);
	s64 = btf__add_int(b, "long", 8, BTF_INT_SIGNED);
	u32 = btf__add_int(b, "unsigned int", 4, 0);
	kind = btf__add_enum(b, "kind", 4);
	btf__add_enum_value(b, "KIND_A", 0);
	pointer = btf__add_ptr(b, 0);
	atomic = btf__add_struct(b, NULL, 4);
	btf__add_field(b, "counter", s32, 0, 0);
	atomic_t = btf__add_typedef(b, "atomic_t", atomic);
	list = btf__add_struct(b, "list", 8);
	btf__add_field(b, "next", pointer, 0, 0);
	array = btf__add_array(b, s32, s64, 2);
	anon = btf__add_union(b, NULL, 4);
	btf__add_field(b, "g", s32, 0, 0);
	two = btf__add_struct(b, "two", 8);
	btf__add_field(b, "x", s32, 0, 0);
	btf__add_field(b, "y", s32, 32, 0);
	btf__add_struct(b, "thing", 88);
	btf__add_field(b, "a", s32, 0, 0);
	btf__add_field(b, "b", u8, 32, 0);
	btf__add_field(b, "c", kind, 64, 0);
	btf__add_field(b, "pointer", pointer, 128, 0);
	btf__add_field(b, "d", atomic_t, 192, 0);
	btf__add_field(b, "list", list, 256, 0);
	btf__add_field(b, "array", array, 320, 0);
	btf__add_field(b, "e", u32, 448, 3);
	btf__add_field(b, "f", u32, 451, 5);
	btf__add_field(b, NULL, anon, 480, 0);
	btf__add_field(b, "two", two, 512, 0);
	btf__add_field(b, "h", s64, 576, 0);
	raw = btf__raw_data(b, &len);
	if (types_create(raw, len, NULL, &ret, &e) < 0)
		abort();
	btf__free(b);
	return ret;
}

static void numbers_alone(void)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "h"};
	static const int64_t values[] = {-5, 1, 7, -9, 5, 17, INT64_MIN};
	struct types *t = thing_create();
	struct numbers n = {0};
	uint8_t thing[100] = {0}, buf[FIELDS_BYTES_MAX];
	struct err e;

	numbers_add(&n, t, "nosuch", 0);
	CHECK(n.f.n == 0);
	numbers_add(&n, t, "thing", 12);
	CHECK(n.f.n == 7 && numbers_seal(&n, &e) == 0);
	memcpy(thing + 12, &(int32_t){-5}, 4);
	thing[12 + 4] = 1;
	thing[12 + 8] = 7;
	memcpy(thing + 12 + 24, &(int32_t){-9}, 4);
	thing[12 + 56] = 5 | 17 << 3;
	memcpy(thing + 12 + 72, &(int64_t){INT64_MIN}, 8);
	/* As fields_read() would lay it out. */
	for (unsigned int i = 0; i < n.f.n_spans; i++)
		memcpy(buf + n.f.spans[i].pos, thing + n.f.spans[i].offset, n.f.spans[i].len);
	for (int i = 0; i < 7 && n.f.n == 7; i++) {
		CHECK_STR(n.names[i], names[i]);
		CHECK((int64_t)fields_get(&n.f, buf, i, 0) == values[i]);
	}
	types_destroy(t);
}

int main(void)
{
	RUN(numbers_alone);
	return TEST_END();
}
