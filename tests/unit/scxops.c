/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables of operations in a kernel's maps: which one's timeout is written, and nothing else. */
#include "kernel/scxops.h"

#include <errno.h>

#include "test.h"
#include "toykernel.h"

static void only_what_is_ready_to_attach_is_written(void)
{
	static struct toy_memory before;
	unsigned int n;
	struct toy t;
	struct err e;

	CHECK(toy_create(&t, NULL, &e) == 0);
	before = *t.m;
	CHECK(scxops_set_timeout(&t.k, 2000, &n, &e) == 0 && n == 1);
	CHECK(t.m->maps[1].kvalue.data.timeout_ms == 2000);
	before.maps[1].kvalue.data.timeout_ms = 2000;
	CHECK(memcmp(&before, t.m, sizeof(before)) == 0);

	t.m->maps[2].kvalue.common.state = 3;
	CHECK(scxops_set_timeout(&t.k, 1, &n, &e) == 0 && n == 2);
	CHECK(t.m->maps[1].kvalue.data.timeout_ms == 1);
	CHECK(t.m->maps[2].kvalue.data.timeout_ms == 1);
	CHECK(t.m->maps[3].kvalue.data.timeout_ms == 30000);
	toy_destroy(&t);
}

static void none_is_told(void)
{
	unsigned int n;
	struct toy t;
	struct err e;

	CHECK(toy_create(&t, NULL, &e) == 0);
	t.m->maps[1].kvalue.common.state = 0;
	CHECK(scxops_set_timeout(&t.k, 2000, &n, &e) == -1 && e.code == ENOENT && n == 0);
	t.m->map_idr.xa_head = 0;
	CHECK(scxops_set_timeout(&t.k, 2000, &n, &e) == -1 && e.code == ENOENT && n == 0);
	toy_destroy(&t);
}

static void a_kernel_without_is_told(void)
{
	static const char *const without[] = {"map_idr", "bpf_struct_ops_map",
					      "sched_ext_ops.timeout_ms"};
	unsigned int n;
	struct toy t;
	struct err e;

	for (size_t i = 0; i < 3; i++) {
		CHECK(toy_create(&t, without[i], &e) == 0);
		CHECK(scxops_set_timeout(&t.k, 2000, &n, &e) == -1 && e.code == ENOENT);
		CHECK(t.m->maps[1].kvalue.data.timeout_ms == 30000);
		toy_destroy(&t);
	}
}

static void wild_pointers_are_errors(void)
{
	static const size_t places[] = {
		offsetof(struct toy_memory, map_idr.xa_head),
		offsetof(struct toy_memory, maps[1].st_ops_desc),
		offsetof(struct toy_memory, descs[0]),
		offsetof(struct toy_memory, tables_of[0]),
		offsetof(struct toy_memory, map_node.slots[2]),
	};
	const uint64_t wild = 0xdead000000000102;
	unsigned int n;
	struct toy t;
	struct err e;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		CHECK(toy_create(&t, NULL, &e) == 0);
		memcpy((uint8_t *)t.m + places[i], &wild, sizeof(wild));
		CHECK(scxops_set_timeout(&t.k, 2000, &n, &e) == -1);
		CHECK(t.m->maps[1].kvalue.data.timeout_ms == 30000);
		toy_destroy(&t);
	}
}

int main(void)
{
	RUN(only_what_is_ready_to_attach_is_written);
	RUN(none_is_told);
	RUN(a_kernel_without_is_told);
	RUN(wild_pointers_are_errors);
	return TEST_END();
}
