/* SPDX-License-Identifier: GPL-2.0-only */
/* Members read together: how few reads, and how a number is cut out. */
#include "kernel/fields.h"

#include <errno.h>

#include "test.h"
#include "toykernel.h"

static struct member member(uint64_t offset, uint64_t size, uint32_t count, bool is_signed)
{
	return (struct member){
		.offset = offset, .size = size, .count = count, .is_signed = is_signed};
}

static void close_members_come_in_one_read(void)
{
	struct fields s = {0};
	struct member m[] = {
		member(5000, 8, 1, false),
		member(0, 4, 1, false),
		member(4 + FIELDS_SPAN_GAP, 4, 1, false), /* just close enough */
		member(600, 2, 3, true),
		member(601, 1, 1, false), /* in a union with the one before */
	};
	struct err e;
	int i;

	for (size_t k = 0; k < 5; k++)
		CHECK(fields_add_member(&s, &m[k], &i, &e) == 0 && i == (int)k);
	CHECK(fields_seal(&s, &e) == 0);
	CHECK(s.n_spans == 3 && s.size == 8 + FIELDS_SPAN_GAP + 6 + 8);
	CHECK(s.spans[0].len == 8 + FIELDS_SPAN_GAP && s.spans[1].offset == 600);
	CHECK(fields_extent(&s) == 5008);
	CHECK(s.f[0].pos == 8 + FIELDS_SPAN_GAP + 6);
	CHECK(s.f[4].pos == s.f[3].pos + 1);
}

static void numbers_are_cut_out(void)
{
	const uint8_t buf[] = {0xfe, 0xff, 0xff, 0xff, 0x80, 1, 2, 3};
	struct member m[] = {
		member(0, 4, 1, true), member(0, 4, 1, false), member(3, 2, 1, true),
		member(4, 1, 4, true), member(4, 1, 1, false), member(0, 8, 1, false),
	};
	struct fields s = {0};
	struct err e;
	int i;

	m[4].bit_offset = 3;
	m[4].bit_size = 5;
	for (size_t k = 0; k < 6; k++)
		CHECK(fields_add_member(&s, &m[k], &i, &e) == 0);
	CHECK(fields_seal(&s, &e) == 0 && s.size == 8);
	CHECK(fields_get(&s, buf, 0, 0) == (uint64_t)-2);
	CHECK(fields_get(&s, buf, 1, 0) == 0xfffffffe);
	CHECK(fields_get(&s, buf, 2, 0) == (uint64_t)(int16_t)0x80ff);
	CHECK(fields_get(&s, buf, 3, 0) == (uint64_t)-128);
	CHECK(fields_get(&s, buf, 3, 3) == 3);
	CHECK(fields_get(&s, buf, 3, 4) == FIELDS_ABSENT);
	CHECK(fields_get(&s, buf, 4, 0) == 0x10);
	CHECK(fields_get(&s, buf, 5, 0) == 0x03020180fffffffe);
	CHECK(fields_get(&s, buf, -1, 0) == FIELDS_ABSENT);
}

static void members_that_cannot_be(void)
{
	struct member m[] = {
		member(FIELDS_OFFSET_MAX + 1, 8, 1, false),
		member(~0ull, 8, 1, false),
		member(0, 0, 1, false),
		member(0, 9, 1, false),
		member(0, 8, 0xffffffff, false),
		member(0, 8, FIELDS_MEMBER_BYTES_MAX / 8 + 1, false),
		{.size = 1, .count = 1, .bit_offset = 7, .bit_size = 2},
	};
	struct fields s = {0};
	struct err e;
	int i;

	for (size_t k = 0; k < sizeof(m) / sizeof(m[0]); k++)
		CHECK(fields_add_member(&s, &m[k], &i, &e) == -1 && e.code == EPROTO && i == -1);
	CHECK(s.n == 0);
	m[0] = member(0, 8, FIELDS_MEMBER_BYTES_MAX / 8, false);
	for (unsigned int k = 0; k < FIELDS_MAX; k++) {
		m[0].offset = 4096 * k;
		CHECK(fields_add_member(&s, &m[0], &i, &e) == 0);
	}
	CHECK(fields_add_member(&s, &m[0], &i, &e) == -1 && e.code == E2BIG);
	CHECK(fields_seal(&s, &e) == -1 && e.code == EPROTO); /* more than the buffer */
}

static void read_from_a_kernel(void)
{
	struct fields s = {0};
	uint8_t buf[FIELDS_BYTES_MAX];
	struct place p;
	struct toy t;
	struct err e;
	int id, nr, none;

	CHECK(toy_create(&t, NULL, &e) == 0);
	CHECK(fields_add(&s, t.k.types, "rq", "clock", &id, &e) == 0);
	CHECK(fields_add(&s, t.k.types, "rq", "scx.local_dsq.nr", &nr, &e) == 0);
	CHECK(fields_add(&s, t.k.types, "rq", "cpu_epoch", &none, &e) == -1 && e.code == ENOENT);
	CHECK(none == -1 && fields_try(&s, t.k.types, "rq", "cpu_epoch") == -1);
	CHECK(fields_seal(&s, &e) == 0 && s.n_spans == 1);
	place_init(&p, &t.k.mem, TOY_AT(cpus[2].rq), fields_extent(&s));
	CHECK(p.flat && p.gpa == p.kva - TOY_MAP);
	CHECK(fields_read(&s, &t.k.mem, &p, buf, &e) == 0);
	CHECK(fields_get(&s, buf, id, 0) == 1000002 && fields_get(&s, buf, nr, 0) == 12);
	CHECK(fields_read_one(&s, &t.k.mem, &p, nr) == 12);
	p.flat = false;
	CHECK(fields_read(&s, &t.k.mem, &p, buf, &e) == 0);
	CHECK(fields_get(&s, buf, id, 0) == 1000002);
	place_init(&p, &t.k.mem, 0xdead000000000100, 8);
	CHECK(!p.flat && fields_read(&s, &t.k.mem, &p, buf, &e) == -1 && e.code == EFAULT);
	CHECK(fields_read_one(&s, &t.k.mem, &p, nr) == FIELDS_ABSENT);
	toy_destroy(&t);
}

int main(void)
{
	RUN(close_members_come_in_one_read);
	RUN(numbers_are_cut_out);
	RUN(members_that_cannot_be);
	RUN(read_from_a_kernel);
	return TEST_END();
}
