/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attaching to the small kernel of the unit tests with some of its memory changed: the input is a
 * list of places and bytes to put there. What attaches is used.
 */
#include "../unit/guest.h"
#include "base/cursor.h"
#include "kernel/xarray.h"

#define CHANGES_MAX 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct change {
	uint32_t at;
	uint64_t was;
};

/* Most of the memory is empty: page tables, VMCOREINFO, variables and BTF, a CPU's own page. */
static uint32_t place(uint8_t area, uint16_t offset)
{
	static const uint32_t starts[] = {GUEST_PHYS_BASE + 0x2000, GUEST_VMCOREINFO,
					  GUEST_PHYS_BASE + 0x10000, 0};

	return starts[area % 4] + (area % 4 == 1 ? offset % 1024 : offset % 32768);
}

static int see(void *arg, uint64_t index, uint64_t pointer)
{
	(void)arg;
	return index == pointer;
}

static void use(const struct kernel *k)
{
	uint64_t bits[KERNEL_CPUS_MAX / 64], kva;
	struct xarray_layout l;
	struct err e;

	if (!k->nr_cpu_ids || k->nr_cpu_ids > KERNEL_CPUS_MAX || !k->hz)
		abort();
	kernel_is_alive(k);
	kernel_cpumask(k, "__cpu_online_mask", bits, &e);
	if (kernel_percpu(k, 0, k->nr_cpu_ids - 1, &kva, &e))
		abort();
	if (!xarray_layout_init(&l, k, &e))
		xarray_walk(k, &l, GUEST_PAGE_OFFSET, see, NULL, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guest g;
	struct cursor c = cursor_over(data, size);
	struct change changes[CHANGES_MAX];
	unsigned int n = 0;
	struct kernel *k;
	struct err e;

	if (!g.ram) {
		guest_init(&g, 2);
		guest_boot(&g);
	}
	for (; n < CHANGES_MAX; n++) {
		uint8_t area = cursor_u8(&c);
		uint16_t offset = cursor_u16(&c);
		uint8_t len = cursor_u8(&c) % 8 + 1;
		uint64_t v = cursor_le(&c, len);

		if (c.failed)
			break;
		changes[n].at = place(area, offset);
		memcpy(&changes[n].was, g.ram + changes[n].at, 8);
		memcpy(g.ram + changes[n].at, &v, len);
	}
	if (!guest_attach(&g, &k, &e)) {
		use(k);
		kernel_detach(k);
	} else if (!e.code || !*e.text) {
		abort();
	}
	while (n--)
		memcpy(g.ram + changes[n].at, &changes[n].was, 8);
	return 0;
}
