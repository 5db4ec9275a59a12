/* SPDX-License-Identifier: GPL-2.0-only */
#include "ram.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB (1ull << 20)
/* QEMU hw/i386/pc_q35.c: what is below 4 GiB at most, with and without RAM above. */
#define BELOW_4G_ALL 0xb0000000ull
#define BELOW_4G_SPLIT 0x80000000ull
#define ABOVE_4G 0x100000000ull

static void range_add(struct ram *ram, unsigned int node, uint64_t gpa, uint64_t offset,
		      uint64_t len)
{
	ram->ranges[ram->n_ranges++] =
		(struct ram_range){.gpa = gpa, .len = len, .offset = offset, .node = node};
}

static void ram_map(struct ram *ram, uint64_t total)
{
	uint64_t below = total >= BELOW_4G_ALL ? BELOW_4G_SPLIT : total, at = 0;

	for (unsigned int n = 0; n < ram->nodes; n++) {
		uint64_t size = ram->sizes[n], low = 0;

		if (at < below) {
			low = size < below - at ? size : below - at;
			range_add(ram, n, at, 0, low);
		}
		if (low < size)
			range_add(ram, n, ABOVE_4G + (at + low - below), low, size - low);
		at += size;
	}
}

int ram_init(struct ram *ram, uint64_t mib, unsigned int nodes, struct err *e)
{
	*ram = (struct ram){0};
	if (mib < nodes)
		return err_set(e, EINVAL, "%llu MiB of memory are too few for %u nodes",
			       (unsigned long long)mib, nodes);
	for (unsigned int n = 0; n < nodes; n++) {
		uint64_t share = n + 1 < nodes ? mib / nodes : mib - mib / nodes * (nodes - 1);
		char name[32];

		snprintf(name, sizeof(name), "ktstr-ram%u", n);
		ram->fds[n] = memfd_create(name, MFD_CLOEXEC);
		if (ram->fds[n] < 0) {
			err_sys(e, "cannot create guest memory");
			ram_deinit(ram);
			return -1;
		}
		ram->nodes++;
		ram->sizes[n] = share * MIB;
		if (ftruncate(ram->fds[n], (off_t)ram->sizes[n])) {
			err_sys(e, "cannot create %llu MiB of guest memory",
				(unsigned long long)share);
			ram_deinit(ram);
			return -1;
		}
	}
	ram_map(ram, mib * MIB);
	return 0;
}

void ram_deinit(struct ram *ram)
{
	for (unsigned int n = 0; n < ram->nodes; n++)
		close(ram->fds[n]);
	*ram = (struct ram){0};
}

static const struct ram_range *range_find(const struct ram *ram, uint64_t gpa, uint64_t len)
{
	for (size_t i = 0; i < ram->n_ranges; i++) {
		const struct ram_range *r = &ram->ranges[i];

		if (len && gpa >= r->gpa && gpa - r->gpa < r->len && len <= r->len - (gpa - r->gpa))
			return r;
	}
	return NULL;
}

bool ram_holds(const struct ram *ram, uint64_t gpa, uint64_t len)
{
	return range_find(ram, gpa, len) != NULL;
}

static int no_range(uint64_t gpa, size_t len, struct err *e)
{
	return err_set(e, EFAULT, "the guest has no memory of %zu bytes at %#llx", len,
		       (unsigned long long)gpa);
}

int ram_find(const struct ram *ram, uint64_t gpa, uint64_t len, unsigned int *ret_node,
	     uint64_t *ret_offset, struct err *e)
{
	const struct ram_range *r = range_find(ram, gpa, len);

	if (!r)
		return no_range(gpa, (size_t)len, e);
	*ret_node = r->node;
	*ret_offset = r->offset + (gpa - r->gpa);
	return 0;
}

int ram_read(const struct ram *ram, uint64_t gpa, void *data, size_t len, struct err *e)
{
	const struct ram_range *r = range_find(ram, gpa, len);

	if (!r)
		return no_range(gpa, len, e);
	if (pread(ram->fds[r->node], data, len, (off_t)(r->offset + (gpa - r->gpa))) !=
	    (ssize_t)len)
		return err_sys(e, "cannot read guest memory");
	return 0;
}

int ram_write(const struct ram *ram, uint64_t gpa, const void *data, size_t len, struct err *e)
{
	const struct ram_range *r = range_find(ram, gpa, len);

	if (!r)
		return no_range(gpa, len, e);
	if (pwrite(ram->fds[r->node], data, len, (off_t)(r->offset + (gpa - r->gpa))) !=
	    (ssize_t)len)
		return err_sys(e, "cannot write guest memory");
	return 0;
}
