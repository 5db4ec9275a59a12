/* SPDX-License-Identifier: GPL-2.0-only */
#include "../../cmd/ktstr-boot/ram.c"

#include <sys/stat.h>

#include "test.h"

#define GIB (1ull << 30)

/* Every byte of every file stands once in the map, and ranges do not overlap. */
static void check_whole(const struct ram *ram, uint64_t mib)
{
	uint64_t mapped = 0, sizes = 0;

	for (size_t i = 0; i < ram->n_ranges; i++) {
		const struct ram_range *r = &ram->ranges[i];

		mapped += r->len;
		CHECK(r->len > 0 && r->offset + r->len <= ram->sizes[r->node]);
		CHECK(i == 0 || r->gpa >= r[-1].gpa + r[-1].len);
		CHECK(r->gpa >= ABOVE_4G || r->gpa + r->len <= BELOW_4G_ALL);
	}
	for (unsigned int n = 0; n < ram->nodes; n++) {
		struct stat st;

		sizes += ram->sizes[n];
		CHECK(fstat(ram->fds[n], &st) == 0 && (uint64_t)st.st_size == ram->sizes[n]);
	}
	CHECK(mapped == mib * MIB && sizes == mib * MIB);
}

static void small_memory_is_one_range(void)
{
	struct ram ram;
	struct err e;

	CHECK(ram_init(&ram, 512, 1, &e) == 0);
	CHECK(ram.n_ranges == 1 && ram.ranges[0].gpa == 0 && ram.ranges[0].len == 512 * MIB);
	check_whole(&ram, 512);
	ram_deinit(&ram);
}

static void large_memory_is_split_at_two_gib(void)
{
	struct ram ram;
	struct err e;

	CHECK(ram_init(&ram, 4096, 1, &e) == 0);
	CHECK(ram.n_ranges == 2);
	CHECK(ram.ranges[0].len == 2 * GIB);
	CHECK(ram.ranges[1].gpa == 4 * GIB && ram.ranges[1].offset == 2 * GIB);
	check_whole(&ram, 4096);
	ram_deinit(&ram);
}

static void just_below_the_limit_is_not_split(void)
{
	struct ram ram;
	struct err e;

	CHECK(ram_init(&ram, 0xb0000000 / MIB - 1, 1, &e) == 0);
	CHECK(ram.n_ranges == 1);
	ram_deinit(&ram);
	CHECK(ram_init(&ram, 0xb0000000 / MIB, 1, &e) == 0);
	CHECK(ram.n_ranges == 2);
	ram_deinit(&ram);
}

static void nodes_follow_one_another(void)
{
	for (unsigned int nodes = 1; nodes <= 5; nodes++) {
		for (uint64_t mib = nodes; mib < 8192; mib = mib * 2 + 1) {
			struct ram ram;
			struct err e;

			CHECK(ram_init(&ram, mib, nodes, &e) == 0);
			check_whole(&ram, mib);
			ram_deinit(&ram);
		}
	}
}

static void too_little_for_the_nodes(void)
{
	struct ram ram;
	struct err e;

	CHECK(ram_init(&ram, 3, 4, &e) == -1 && e.code == EINVAL);
}

int main(void)
{
	RUN(small_memory_is_one_range);
	RUN(large_memory_is_split_at_two_gib);
	RUN(just_below_the_limit_is_not_split);
	RUN(nodes_follow_one_another);
	RUN(too_little_for_the_nodes);
	return TEST_END();
}
