/* SPDX-License-Identifier: GPL-2.0-only */
/* Types of BPF objects in a made-up kernel: known again, split, wrong, and too many. */
#include "kernel/bpfbtf.h"

#include <errno.h>

#include "guestmaps.h"
#include "mem/record.h"
#include "test.h"

struct rig {
	struct guest g;
	struct gm m;
	struct kernel *k;
	struct bpfbtf *b;
	struct kreader *r;
	const struct types *t;
	struct err e;
};

static void rig_init(struct rig *r)
{
	*r = (struct rig){.r = malloc(sizeof(*r->r))};
	guest_init(&r->g, 2);
	gm_init(&r->m, &r->g);
}

static void rig_boot(struct rig *r)
{
	guest_boot(&r->g);
	guest_must(!guest_attach(&r->g, &r->k, &r->e), "attach");
	guest_must(!bpfbtf_create(r->k, &r->b, &r->e), "bpfbtf_create");
	kreader_init(r->r, r->k, 1u << 30);
}

static void rig_deinit(struct rig *r)
{
	bpfbtf_destroy(r->b);
	free(r->r);
	kernel_detach(r->k);
	guest_deinit(&r->g);
}
#define _cleanup_rig_ _cleanup_(rig_deinit)

/* BTF with a struct @name of @size bytes, and @more ints. */
static struct btf *program(const char *name, uint32_t size, unsigned int more)
{
	struct btf *b = btf__new_empty();
	char other[32];

	btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	btf__add_struct(b, name, size);
	for (unsigned int i = 0; i < more; i++) {
		snprintf(other, sizeof(other), "int%u", i);
		btf__add_int(b, other, 4, 0);
	}
	return b;
}

static uint64_t put(struct rig *r, struct btf *b, uint32_t id)
{
	uint64_t kva = gm_btf(&r->m, b, id);

	btf__free(b);
	return kva;
}

static int look(struct rig *r, uint64_t kva)
{
	return bpfbtf_types(r->b, r->r, kva, &r->t, &r->e);
}

static uint64_t size_of(struct rig *r, const char *name)
{
	uint64_t ret;

	return types_size(r->t, name, &ret, &r->e) ? 0 : ret;
}

static void types_are_parsed_once(void)
{
	_cleanup_rig_ struct rig r;
	const struct types *first;
	uint64_t kva;

	rig_init(&r);
	kva = put(&r, program("mine", 12, 0), 7);
	rig_boot(&r);
	CHECK(!look(&r, kva) && size_of(&r, "mine") == 12);
	first = r.t;
	/* What it was made of is not looked at again.. */
	memset(guest_at(&r.g, GM_AT(&r.g, struct gm_btf, kva)->data), 0xff, 16);
	CHECK(!look(&r, kva) && r.t == first);
	/* ..until another takes its place. */
	GM_AT(&r.g, struct gm_btf, kva)->id = 8;
	CHECK(look(&r, kva) == -1 && r.e.code == EPROTO && !r.t);
	CHECK(look(&r, kva) == -1 && r.e.code == EPROTO && strstr(r.e.text, "types: "));
}

static void the_kernels_own_and_what_stands_on_it(void)
{
	_cleanup_rig_ struct rig r;
	struct btf *kernel, *split;
	uint64_t own, module, on_module;
	uint32_t id;

	rig_init(&r);
	own = guest_alloc(&r.g, sizeof(struct gm_btf));
	*GM_AT(&r.g, struct gm_btf, own) = (struct gm_btf){.kernel_btf = 1, .data_size = 1};
	kernel = r.g.btf;
	split = btf__new_empty_split(kernel);
	btf__add_struct(split, "of_module", 24);
	/* A pointer to the last of the kernel's types. */
	id = btf__type_cnt(kernel) - 1;
	btf__add_field(split, "it", (int)id, 0, 0);
	module = put(&r, split, 2);
	GM_AT(&r.g, struct gm_btf, module)->base_btf = own;
	GM_AT(&r.g, struct gm_btf, module)->kernel_btf = 1;
	on_module = put(&r, program("far", 4, 0), 3);
	GM_AT(&r.g, struct gm_btf, on_module)->base_btf = module;
	rig_boot(&r);
	CHECK(!look(&r, own) && r.t == r.k->types);
	CHECK(!look(&r, module) && size_of(&r, "of_module") == 24);
	CHECK(types_members(r.t, btf__type_cnt(types_btf(r.t)) - 1) == 1);
	CHECK(look(&r, on_module) == -1 && r.e.code == ENOTSUP);
}

static void lengths_that_lie(void)
{
	static const uint32_t lengths[] = {0, 1, 24, 0x7fffffff, 0xffffffff, BPFBTF_BYTES_MAX + 1};
	_cleanup_rig_ struct rig r;
	uint64_t kva;

	rig_init(&r);
	kva = put(&r, program("mine", 12, 0), 7);
	rig_boot(&r);
	for (unsigned int i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		GM_AT(&r.g, struct gm_btf, kva)->data_size = lengths[i];
		CHECK(look(&r, kva) == -1 && !r.t);
		CHECK(bpfbtf_touch(r.b, r.r, kva, &r.t, &r.e) == -1 && !r.t);
	}
	GM_AT(&r.g, struct gm_btf, kva)->data_size = BPFBTF_BYTES_MAX;
	CHECK(look(&r, kva) == -1 && r.e.code == EFAULT);
	GM_AT(&r.g, struct gm_btf, kva)->data_size = 100;
	GM_AT(&r.g, struct gm_btf, kva)->data = GM_NONE;
	CHECK(look(&r, kva) == -1 && r.e.code == EFAULT);
	CHECK(look(&r, GM_NONE) == -1 && r.e.code == EFAULT);
	kreader_init(r.r, r.k, 100);
	CHECK(look(&r, kva) == -1);
}

/* What is read while memory is recorded is enough to parse it from the record. */
static void a_touch_reads_what_a_look_needs(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t small, large;
	struct kernel over;
	struct mem *record;

	rig_init(&r);
	small = put(&r, program("small", 12, 0), 7);
	large = put(&r, program("large", 16, 6000), 8);
	CHECK(GM_AT(&r.g, struct gm_btf, large)->data_size > BPFBTF_EAGER_BYTES);
	rig_boot(&r);
	CHECK(!mem_record(r.g.mem, 16u << 20, &record, &r.e));
	over = kernel_over(r.k, record);
	kreader_init(r.r, &over, 1u << 30);
	CHECK(!bpfbtf_touch(r.b, r.r, small, &r.t, &r.e) && size_of(&r, "small") == 12);
	CHECK(!bpfbtf_touch(r.b, r.r, large, &r.t, &r.e) && !r.t);
	mem_record_seal(record);
	kreader_init(r.r, &over, 1u << 30);
	CHECK(!look(&r, small) && !look(&r, large) && size_of(&r, "large") == 16);
	CHECK(!bpfbtf_touch(r.b, r.r, large, &r.t, &r.e) && size_of(&r, "large") == 16);
	mem_destroy(record);
}

static void too_many_are_refused_and_old_ones_let_go_of(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t kva;
	uint32_t id = 0;

	rig_init(&r);
	kva = put(&r, program("mine", 12, 0), 7);
	rig_boot(&r);
	for (; id < BPFBTF_KEPT_MAX; id++) {
		GM_AT(&r.g, struct gm_btf, kva)->id = id;
		CHECK(!look(&r, kva));
	}
	GM_AT(&r.g, struct gm_btf, kva)->id = id;
	CHECK(look(&r, kva) == -1 && r.e.code == E2BIG);
	bpfbtf_age(r.b); /* all of them were asked for since the last time */
	CHECK(look(&r, kva) == -1 && r.e.code == E2BIG);
	bpfbtf_age(r.b);
	CHECK(!look(&r, kva));
}

static void a_kernel_without(void)
{
	struct bpfbtf *b;
	struct kreader *reader = malloc(sizeof(*reader));
	const struct types *t;
	struct guest g;
	struct kernel *k;
	struct err e;

	guest_init(&g, 1);
	guest_boot(&g);
	guest_must(!guest_attach(&g, &k, &e), "attach");
	kreader_init(reader, k, 1u << 20);
	CHECK(!bpfbtf_create(k, &b, &e));
	CHECK(bpfbtf_types(b, reader, GUEST_PAGE_OFFSET, &t, &e) == -1 && e.code == ENOTSUP);
	bpfbtf_destroy(b);
	bpfbtf_destroy(NULL);
	free(reader);
	kernel_detach(k);
	guest_deinit(&g);
}

int main(void)
{
	RUN(types_are_parsed_once);
	RUN(the_kernels_own_and_what_stands_on_it);
	RUN(lengths_that_lie);
	RUN(a_touch_reads_what_a_look_needs);
	RUN(too_many_are_refused_and_old_ones_let_go_of);
	RUN(a_kernel_without);
	return TEST_END();
}
