/* SPDX-License-Identifier: GPL-2.0-only */
/* From what people write to where it is in the kernel. */
#include "kernel/resolve.h"

#include <errno.h>

#include "test.h"
#include "toykernel.h"

#define WILD 0xdead000000000100ull

static struct toy t;
static uint64_t kva, len;
static struct err e;

static bool leads(const char *path, uint64_t want_kva, uint64_t want_len)
{
	kva = len = 0;
	if (resolve(&t.k, path, &kva, &len, &e) < 0) {
		printf("# %s\n", e.text);
		return false;
	}
	if (kva != want_kva || len != want_len)
		printf("# %s: 0x%llx, %llu bytes\n", path, (unsigned long long)kva,
		       (unsigned long long)len);
	return kva == want_kva && len == want_len;
}

/* Whether @path does not resolve, for a reason that has @why in it, and says so. */
static bool fails(const char *path, int code, const char *why)
{
	char want[512];

	snprintf(want, sizeof(want), "'%.200s' did not resolve: ", path);
	if (resolve(&t.k, path, &kva, &len, &e) == 0)
		return false;
	if (e.code != code || strncmp(e.text, want, strlen(want)) != 0 || !strstr(e.text, why))
		printf("# code %d, %s\n", e.code, e.text);
	return e.code == code && strncmp(e.text, want, strlen(want)) == 0 && strstr(e.text, why);
}

static void variables(void)
{
	CHECK(toy_create(&t, NULL, &e) == 0);
	CHECK(leads("jiffies_64", TOY_AT(jiffies), 8));
	CHECK(leads("kernel.jiffies_64", TOY_AT(jiffies), 8));
	CHECK(leads("jiffies_64:4", TOY_AT(jiffies), 4));
	CHECK(leads("scx_root", TOY_AT(scx_root), 8));
	CHECK(fails("nosuch", ENOENT, "nosuch"));
	CHECK(fails("kernel.absent_symbol", ENOENT, "absent_symbol"));
	CHECK(fails("bss.scx_ktstr.alloc_count", ENOENT, "bss"));
	CHECK(fails("jiffies_64:3", EINVAL, "1, 2, 4 or 8"));
	CHECK(fails("jiffies_64:16", ERANGE, "length"));
	CHECK(fails("jiffies_64:", EINVAL, "length"));
	CHECK(fails("jiffies_64.x", ENOENT, "'x'"));
	CHECK(fails("jiffies_64[0]", ENOENT, "no array"));
	CHECK(fails("jiffies_64@1", ENOENT, "no per-CPU variable"));
	CHECK(fails("", ENOENT, "''"));
	toy_destroy(&t);
}

/* As long as alignment and the next symbol allow. */
static void lengths(void)
{
	static const char map[] = "ffffffff81000000 T _stext\n"
				  "ffffffff81000100 D eight\n"
				  "ffffffff81000108 D four\n"
				  "ffffffff8100010c D also_four\n"
				  "ffffffff81000110 D two\n"
				  "ffffffff81000112 D also_two\n"
				  "ffffffff81000115 D one\n"
				  "ffffffff81000118 D static.eight\n"
				  "ffffffff81000118 D same_place\n"
				  "ffffffff81001000 D _end\n";

	CHECK(toy_create(&t, NULL, &e) == 0);
	kallsyms_destroy(t.k.symbols);
	CHECK(kallsyms_create_map(map, sizeof(map) - 1, 0, &t.k.symbols, &e) == 0);
	CHECK(leads("eight", 0xffffffff81000100, 8));
	CHECK(leads("four", 0xffffffff81000108, 4));
	CHECK(leads("also_four", 0xffffffff8100010c, 4));
	CHECK(leads("two", 0xffffffff81000110, 2));
	CHECK(leads("also_two", 0xffffffff81000112, 2));
	CHECK(leads("one", 0xffffffff81000115, 1));
	CHECK(leads("static.eight", 0xffffffff81000118, 8));
	CHECK(leads("kernel.static.eight", 0xffffffff81000118, 8));
	toy_destroy(&t);
}

static void members(void)
{
	struct toy_memory *m;

	CHECK(toy_create(&t, NULL, &e) == 0);
	m = t.m;
	CHECK(leads("scx_root.exit_kind", toy_kva(&t, &m->sched.exit_kind), 4));
	CHECK(leads("exit_kind", toy_kva(&t, &m->sched.exit_kind), 4));
	CHECK(leads("kernel.exit_kind", toy_kva(&t, &m->sched.exit_kind), 4));
	CHECK(leads("scx_root.ops.name", toy_kva(&t, m->sched.ops.name), 128));
	CHECK(leads("scx_root.ops.name[5]", toy_kva(&t, &m->sched.ops.name[5]), 1));
	CHECK(leads("init_task.pid", toy_kva(&t, &m->tasks[0].pid), 4));
	CHECK(leads("init_task.scx.dsq_list.node.next",
		    toy_kva(&t, &m->tasks[0].scx.dsq_list.node.next), 8));
	CHECK(leads("init_task.scx.dsq_list", toy_kva(&t, &m->tasks[0].scx.dsq_list), 24));
	CHECK(leads("init_task", TOY_AT(tasks[0]), sizeof(struct toy_task)));
	CHECK(fails("init_task.nosuch", ENOENT, "nosuch"));
	CHECK(fails("init_task.pid.x", ENOENT, "'x'"));
	CHECK(fails("init_task.comm.x", ENOENT, "'x'"));
	CHECK(fails("init_task.comm[16]", ENOENT, "behind the last of 16"));
	CHECK(fails("init_task.comm[", EINVAL, "']'"));
	CHECK(fails("init_task.comm[x]", EINVAL, "x"));
	CHECK(fails("init_task.comm[1]x", EINVAL, "x"));
	CHECK(fails("init_task..pid", EINVAL, "no name"));
	CHECK(fails("init_task.", EINVAL, "no name"));
	CHECK(fails("init_task.real_parent.pid", ENOENT, "pid")); /* void * */
	CHECK(fails("init_task.signal.x", ENOENT, "NULL"));
	m->scx_root = 0;
	CHECK(fails("scx_root.exit_kind", ENOENT, "NULL"));
	CHECK(fails("exit_kind", ENOENT, "NULL"));
	m->scx_root = WILD;
	CHECK(leads("scx_root.exit_kind", WILD + offsetof(struct toy_sched, exit_kind), 4));
	toy_destroy(&t);
	CHECK(toy_create(&t, "scx_root", &e) == 0);
	CHECK(leads("exit_kind", TOY_AT(old_exit_kind), 4));
	toy_destroy(&t);
}

static void too_long(void)
{
	char path[400];

	CHECK(toy_create(&t, NULL, &e) == 0);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	CHECK(resolve(&t.k, path, &kva, &len, &e) == -1 && e.code == EINVAL);
	CHECK(strstr(e.text, "did not resolve"));
	toy_destroy(&t);
}

int main(void)
{
	RUN(variables);
	RUN(lengths);
	RUN(members);
	RUN(too_long);
	return TEST_END();
}
