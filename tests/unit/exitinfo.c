/* SPDX-License-Identifier: GPL-2.0-only */
/* Why a scheduler ended: step by step as the kernel tells it, in two ages, and with lies. */
#include "kernel/exitinfo.h"

#include <errno.h>

#include "kernel/bpfsyms.h"
#include "test.h"
#include "toykernel.h"

#define WILD 0xdead000000000100ull

struct rig {
	struct toy t;
	struct exitinfo_layout l;
	struct exitinfo x;
	struct err e;
};
static struct rig r;

static void rig_open(const char *without)
{
	CHECK(toy_create(&r.t, without, &r.e) == 0);
	CHECK(exitinfo_layout_init(&r.l, &r.t.k, &r.e) == 0);
}

/* All at once: 0 or -1. */
static int look(uint64_t *ret_kind)
{
	uint64_t kind, info;

	if (exitinfo_kind_place(&r.l, &r.t.k, &kind, &r.e) < 0 ||
	    exitinfo_kind(&r.l, &r.t.k, kind, ret_kind, &r.e) < 0 ||
	    exitinfo_place(&r.l, &r.t.k, kind, &info, &r.e) < 0)
		return -1;
	return exitinfo_read(&r.l, &r.t.k, info, &r.x, &r.e);
}

static void stalled(struct toy_memory *m)
{
	m->sched.exit_kind = m->old_exit_kind = m->exit.kind = 1026;
	m->exit.reason = TOY_AT(reason);
	m->exit.bt_len = 2;
	m->bt[0] = 0xffffffff81000010;
	m->bt[1] = 0xffffffffc0001010;
}

static void an_end_in_two_ages(void)
{
	static const char *const ages[] = {NULL, "scx_root", "scx_sched.exit_info"};

	for (unsigned int i = 0; i < 3; i++) {
		uint64_t kind = 9;

		rig_open(ages[i]);
		CHECK(look(&kind) == 0 && kind == 0 && r.x.kind == 0);
		CHECK(!*r.x.reason && !r.x.n_bt);
		stalled(r.t.m);
		CHECK(look(&kind) == 0 && kind == 1026 && r.x.kind == 1026);
		CHECK(r.l.error == 1024 && r.l.done == 1);
		CHECK_STR(r.x.reason, "runnable task stall");
		CHECK_STR(r.x.msg, "waiter/1[601] failed to run for 3.0s");
		CHECK(r.x.has_exit_cpu && r.x.exit_cpu == -1 && r.x.exit_code == 0);
		CHECK(r.x.n_bt == 2 && r.x.bt[1] == 0xffffffffc0001010);
		toy_destroy(&r.t);
	}
}

static void nobody_is_loaded(void)
{
	uint64_t kind;

	rig_open(NULL);
	r.t.m->sched.exit_info = 0;
	CHECK(look(&kind) == -1 && r.e.code == EAGAIN);
	r.t.m->scx_root = 0;
	CHECK(look(&kind) == -1 && r.e.code == EAGAIN);
	r.t.m->scx_root = WILD;
	CHECK(look(&kind) == -1 && r.e.code == EFAULT);
	toy_destroy(&r.t);
	CHECK(toy_create(&r.t, "scx_root scx_exit_kind", &r.e) == 0);
	CHECK(exitinfo_layout_init(&r.l, &r.t.k, &r.e) == -1 && r.e.code == ENOENT);
	toy_destroy(&r.t);
	CHECK(toy_create(&r.t, "scx_exit_info.msg", &r.e) == 0);
	CHECK(exitinfo_layout_init(&r.l, &r.t.k, &r.e) == -1 && r.e.code == ENOENT);
	toy_destroy(&r.t);
}

static void lies(void)
{
	struct toy_memory *m;
	uint64_t kind;

	rig_open("scx_exit_info.exit_cpu");
	m = r.t.m;
	stalled(m);
	m->exit.reason = WILD;
	m->exit.bt_len = UINT32_MAX;
	memset(m->msg, 'm', sizeof(m->msg)); /* and no NUL in what follows */
	memset(m->bt, 'b', sizeof(m->bt));
	memset(m->dump, 'd', sizeof(m->dump));
	CHECK(look(&kind) == 0 && !r.x.has_exit_cpu);
	CHECK(!*r.x.reason);
	CHECK(r.x.n_bt == EXITINFO_BT_MAX && r.x.bt[63] == 0x6262626262626262);
	CHECK(strlen(r.x.msg) == EXITINFO_MSG_MAX - 1);
	m->exit.bt = WILD;
	CHECK(look(&kind) == 0 && !r.x.n_bt);
	m->exit.msg = TOY_MAP + TOY_BYTES - 4; /* runs out of memory */
	memset((uint8_t *)m + TOY_BYTES - 4, 'x', 4);
	CHECK(look(&kind) == 0 && !*r.x.msg);
	m->sched.exit_info = WILD;
	CHECK(look(&kind) == -1 && r.e.code == EFAULT);
	toy_destroy(&r.t);
}

static void the_kernels_dump(void)
{
	struct buf out = {0};
	struct toy_memory *m;
	uint64_t kind;

	rig_open(NULL);
	m = r.t.m;
	CHECK(look(&kind) == 0);
	CHECK(exitinfo_dump(&r.x, &r.t.k, &out, &r.e) == 0 && out.len == 5000);
	CHECK(out.data[4999] == 'd');
	buf_deinit(&out);
	memset(m->dump, 0, sizeof(m->dump));
	CHECK(exitinfo_dump(&r.x, &r.t.k, &out, &r.e) == 0 && out.len == 0);
	/* To the end of memory, without a NUL: what there is. */
	m->exit.dump = TOY_MAP + TOY_BYTES - 10000;
	memset((uint8_t *)m + TOY_BYTES - 10000, 'x', 10000);
	CHECK(look(&kind) == 0 && exitinfo_dump(&r.x, &r.t.k, &out, &r.e) == 0);
	CHECK(out.len == 10000);
	buf_deinit(&out);
	r.x.dump = WILD;
	CHECK(exitinfo_dump(&r.x, &r.t.k, &out, &r.e) == -1 && r.e.code == EFAULT);
	r.x.dump = 0;
	CHECK(exitinfo_dump(&r.x, &r.t.k, &out, &r.e) == -1 && r.e.code == ENOENT);
	buf_deinit(&out);
	toy_destroy(&r.t);
}

static void names_in_programs(void)
{
	struct bpfsym syms[3] = {{.kva = 0xffffffffc0001000},
				 {.kva = 0xffffffffc0001100},
				 {.kva = 0xffffffffc00010ff}};
	struct bpfsyms_layout l;

	rig_open(NULL);
	bpfsyms_layout_init(&l, &r.t.k);
	CHECK(bpfsyms_find(&l, &r.t.k, syms, 3) == 1);
	CHECK_STR(syms[0].name, "bpf_prog_toy");
	CHECK(syms[0].start == 0xffffffffc0001000 && !*syms[1].name);
	CHECK_STR(syms[2].name, "bpf_prog_toy");
	/* The list ends early, or never; names without NUL, which end with their array. */
	*syms[0].name = '\0';
	memset(r.t.m->ksyms[1].name, 'n', 16);
	r.t.m->ksyms[1].lnode.next = WILD;
	CHECK(bpfsyms_find(&l, &r.t.k, syms, 2) == 1);
	CHECK_STR(syms[0].name, "nnnnnnnnnnnnnnn");
	r.t.m->ksyms[1].lnode.next = toy_kva(&r.t, &r.t.m->ksyms[0].lnode);
	CHECK(bpfsyms_find(&l, &r.t.k, syms, 2) == 1);
	toy_destroy(&r.t);
	CHECK(toy_create(&r.t, "bpf_kallsyms", &r.e) == 0);
	bpfsyms_layout_init(&l, &r.t.k);
	*syms[0].name = '\0';
	CHECK(bpfsyms_find(&l, &r.t.k, syms, 1) == 1);
	toy_destroy(&r.t);
}

int main(void)
{
	RUN(an_end_in_two_ages);
	RUN(nobody_is_loaded);
	RUN(lies);
	RUN(the_kernels_dump);
	RUN(names_in_programs);
	return TEST_END();
}
