/* SPDX-License-Identifier: GPL-2.0-only */
/* Walks over xarrays and idrs that the test makes: right ones, and such as never end. */
#include "kernel/xarray.h"

#include <errno.h>

#include "guest.h"
#include "test.h"

#define RETRY (256u << 2 | 2)
#define ZERO (257u << 2 | 2)
#define SIBLING_OF_1 (1u << 2 | 2)
#define SEEN_MAX 16

static struct err e;

struct fixture {
	struct guest guest;
	struct kernel *kernel;
	struct xarray_layout layout;
	uint64_t xa; /* a struct xarray, or the idr around it */
};

static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){0};
	guest_init(&f->guest, 1);
	guest_boot(&f->guest);
	f->xa = guest_alloc(&f->guest, 24);
	if (guest_attach(&f->guest, &f->kernel, &e) ||
	    xarray_layout_init(&f->layout, f->kernel, &e)) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
}

static void fixture_deinit(struct fixture *f)
{
	kernel_detach(f->kernel);
	guest_deinit(&f->guest);
}
#define _cleanup_fixture_ _cleanup_(fixture_deinit)

static void set_head(struct fixture *f, uint64_t entry)
{
	guest_set(&f->guest, f->xa + 8, entry, 8);
}

/* A node with @shift; returns its address. */
static uint64_t node(struct fixture *f, uint8_t shift)
{
	uint64_t ret = guest_alloc(&f->guest, 576);

	guest_set(&f->guest, ret, shift, 1);
	return ret;
}

static void set_slot(struct fixture *f, uint64_t at, unsigned int i, uint64_t entry)
{
	guest_set(&f->guest, at + 40 + 8 * i, entry, 8);
}

static uint64_t as_entry(uint64_t at)
{
	return at | 2;
}

struct seen {
	uint64_t index[SEEN_MAX], pointer[SEEN_MAX];
	unsigned int n;
	int answer; /* returned from the third on */
};

static int see(void *arg, uint64_t index, uint64_t pointer)
{
	struct seen *s = arg;

	if (s->n < SEEN_MAX) {
		s->index[s->n] = index;
		s->pointer[s->n] = pointer;
	}
	return ++s->n >= 3 ? s->answer : 0;
}

static void test_small(void)
{
	_cleanup_fixture_ struct fixture f;
	struct seen s = {0};

	fixture_init(&f);
	CHECK(!xarray_walk(f.kernel, &f.layout, f.xa, see, &s, &e) && s.n == 0);
	set_head(&f, 0xffff888000001000);
	CHECK(!xarray_walk(f.kernel, &f.layout, f.xa, see, &s, &e) && s.n == 1);
	CHECK(s.index[0] == 0 && s.pointer[0] == 0xffff888000001000);
	set_head(&f, 5u << 1 | 1); /* a number */
	s.n = 0;
	CHECK(!xarray_walk(f.kernel, &f.layout, f.xa, see, &s, &e) && s.n == 0);
	set_head(&f, ZERO);
	CHECK(!xarray_walk(f.kernel, &f.layout, f.xa, see, &s, &e) && s.n == 0);
}

/* Three levels: 1 << 12 | 2 << 6 | 3 and neighbours. */
static void make_tree(struct fixture *f)
{
	uint64_t top = node(f, 12), mid = node(f, 6), low = node(f, 0), first = node(f, 0);

	set_head(f, as_entry(top));
	set_slot(f, top, 1, as_entry(mid));
	set_slot(f, mid, 0, as_entry(first));
	set_slot(f, mid, 2, as_entry(low));
	set_slot(f, first, 0, 0x1000);
	set_slot(f, low, 3, 0x2000);
	set_slot(f, low, 4, 7u << 1 | 1);
	set_slot(f, low, 5, ZERO);
	set_slot(f, low, 63, 0x3000);
	set_slot(f, mid, 32, 0x4000); /* spans 64 indices, its siblings after it */
	set_slot(f, mid, 33, SIBLING_OF_1);
}

static void test_tree(void)
{
	_cleanup_fixture_ struct fixture f;
	struct seen s = {0};

	fixture_init(&f);
	make_tree(&f);
	CHECK(!xarray_walk(f.kernel, &f.layout, f.xa, see, &s, &e));
	CHECK(s.n == 4);
	CHECK(s.index[0] == 4096 && s.pointer[0] == 0x1000);
	CHECK(s.index[1] == 4096 + 131 && s.pointer[1] == 0x2000);
	CHECK(s.index[2] == 4096 + 191 && s.pointer[2] == 0x3000);
	CHECK(s.index[3] == 4096 + 32 * 64 && s.pointer[3] == 0x4000);
	/* what the callback says ends it, and is told from an error */
	s = (struct seen){.answer = 42};
	CHECK(xarray_walk(f.kernel, &f.layout, f.xa, see, &s, &e) == 42 && s.n == 3);
	s = (struct seen){.answer = -1};
	CHECK(xarray_walk(f.kernel, &f.layout, f.xa, see, &s, &e) == -1 && s.n == 3 && !e.code);
}

static void test_idr(void)
{
	_cleanup_fixture_ struct fixture f;
	struct seen s = {0};

	fixture_init(&f);
	make_tree(&f);
	guest_set(&f.guest, f.xa + 16, 1, 4);
	CHECK(!xarray_walk_idr(f.kernel, &f.layout, f.xa, see, &s, &e));
	CHECK(s.n == 4 && s.index[0] == 4097 && s.index[1] == 4097 + 131);
	CHECK(xarray_walk_idr(f.kernel, &f.layout, 0x1000, see, &s, &e) == -1 && e.code == EFAULT);
	CHECK(strncmp(e.text, "idr 0x1000: ", 12) == 0);
}

static void check_wrong(struct fixture *f, int code, const char *text)
{
	struct seen s = {0};

	CHECK(xarray_walk(f->kernel, &f->layout, f->xa, see, &s, &e) == -1);
	CHECK(e.code == code);
	CHECK(strstr(e.text, text));
	if (!strstr(e.text, text))
		printf("# %s\n", e.text);
}

static void test_no_tree(void)
{
	_cleanup_fixture_ struct fixture f;
	uint64_t top, low;

	fixture_init(&f);
	top = node(&f, 6);
	low = node(&f, 0);
	set_head(&f, as_entry(top));
	set_slot(&f, top, 9, as_entry(low));
	set_slot(&f, low, 1, RETRY);
	check_wrong(&f, EAGAIN, "changed while it was read");
	set_slot(&f, low, 1, as_entry(top)); /* round and round */
	check_wrong(&f, EPROTO, "has shift 6 below shift 0");
	set_slot(&f, top, 9, as_entry(top));
	check_wrong(&f, EPROTO, "has shift 6 below shift 6");
	guest_set(&f.guest, top, 64, 1);
	check_wrong(&f, EPROTO, "has shift 64 below shift 64");
	guest_set(&f.guest, top, 6, 1);
	set_slot(&f, top, 9, as_entry(GUEST_PAGE_OFFSET + GUEST_RAM - 128));
	check_wrong(&f, EFAULT, "node 0xffff8880003fff80");
	set_slot(&f, top, 9, as_entry(0x5000));
	check_wrong(&f, EFAULT, "node 0x5000");
	set_head(&f, UINT64_MAX - 1); /* an error number as an entry */
	check_wrong(&f, EFAULT, "xarray 0x");
}

/* Few nodes that all lead to each other by the largest number of ways. */
static void test_too_much(void)
{
	_cleanup_fixture_ struct fixture f;
	uint64_t above;

	fixture_init(&f);
	above = node(&f, 0);
	for (unsigned int i = 0; i < 64; i++)
		set_slot(&f, above, i, 0x1000);
	for (uint8_t shift = 1; shift < 10; shift++) {
		uint64_t next = node(&f, shift);

		for (unsigned int i = 0; i < 64; i++)
			set_slot(&f, next, i, as_entry(above));
		above = next;
	}
	set_head(&f, as_entry(above));
	check_wrong(&f, EPROTO, "more than 1048576 entries");
}

int main(void)
{
	RUN(test_small);
	RUN(test_tree);
	RUN(test_idr);
	RUN(test_no_tree);
	RUN(test_too_much);
	return TEST_END();
}
