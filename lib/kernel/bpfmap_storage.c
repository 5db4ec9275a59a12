/* SPDX-License-Identifier: GPL-2.0-only */
/* Local storage of tasks, cgroups, inodes and sockets: kernel/bpf/bpf_local_storage.c. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kernel/bpfmap_walk.h"

#define CHUNK 4096u
#define BUCKETS_LOG_MAX 20u /* the kernel has one a possible CPU, rounded up */

static int storage_element(struct bpfmap_walking *w, uint64_t elem, struct err *e)
{
	const struct bpfmap_layout *l = w->l;
	struct bpfmap_element el = {.index = w->n,
				    .value = w->value,
				    .value_len = w->value_len,
				    .value_kva = elem + l->storage.value.m.offset};
	uint64_t local;

	if (kreader_member(w->r, elem, &l->storage.local.m, &local, e) ||
	    kreader_read(w->r, el.value_kva, w->value, w->value_len, e))
		return -1;
	/* The owner lets go of its storage first when it ends. */
	if (local && kreader_member(w->r, local, &l->storage.owner.m, &el.owner, e))
		return -1;
	return bpfmap_tell(w, &el);
}

static int storage_chain(struct bpfmap_walking *w, uint64_t node, struct err *e)
{
	const struct bpfmap_layout *l = w->l;
	uint64_t mark = 0;
	uint32_t steps = 0;

	while (node) {
		int ret;

		if (node == mark)
			return err_set(e, ELOOP, "a chain in a circle at 0x%" PRIx64, node);
		if (!(steps & (steps - 1)))
			mark = node;
		steps++;
		ret = storage_element(w, node - l->storage.map_next.m.offset, e);
		if (ret)
			return ret;
		if (kreader_u64(w->r, node + l->storage.next.m.offset, &node, e))
			return -1;
	}
	return 0;
}

int bpfmap_walk_storage(struct bpfmap_walking *w, struct err *e)
{
	const struct bpfmap_layout *l = w->l;
	uint64_t buckets, log, size = l->storage.bucket_size;

	if (BPFMAP_NEED(e, &l->storage.buckets, &l->storage.log, &l->storage.first,
			&l->storage.map_next, &l->storage.next, &l->storage.local,
			&l->storage.owner, &l->storage.value) ||
	    kreader_member(w->r, w->m->kva, &l->storage.buckets.m, &buckets, e) ||
	    kreader_member(w->r, w->m->kva, &l->storage.log.m, &log, e))
		return -1;
	if (log > BUCKETS_LOG_MAX || !size)
		return err_set(e, EPROTO, "2^%" PRIu64 " buckets of %" PRIu64 " bytes", log, size);
	for (uint64_t i = 0; i < 1ull << log; i++) {
		uint64_t first;
		int ret;

		if (kreader_member(w->r, buckets + i * size, &l->storage.first.m, &first, e))
			return -1;
		ret = storage_chain(w, first, e);
		if (ret)
			return ret;
	}
	return 0;
}
