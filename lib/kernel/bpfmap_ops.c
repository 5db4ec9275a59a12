/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables of operations and the programs in them: kernel/bpf/bpf_struct_ops.c. */
#include <errno.h>
#include <inttypes.h>

#include "kernel/bpfmap_walk.h"

#define LINKS_MAX 512u
#define USED_MAPS_MAX 64u /* MAX_USED_MAPS of one program */

int bpfmap_read_ops(const struct bpfmap_layout *l, struct kreader *r, const struct bpfmap *m,
		    struct bpfmap_ops *ret, struct err *e)
{
	*ret = (struct bpfmap_ops){0};
	if (BPFMAP_NEED(e, &l->ops.kvalue, &l->ops.state, &l->ops.data) ||
	    kreader_member(r, m->kva, &l->ops.state.m, &ret->state, e))
		return -1;
	/* Modules' tables since 6.9. */
	if (l->ops.btf.is_there && kreader_member(r, m->kva, &l->ops.btf.m, &ret->btf, e))
		return -1;
	ret->kva = m->kva + l->ops.kvalue.m.offset;
	ret->data = ret->kva + l->ops.data.m.offset;
	return 0;
}

static void add_once(uint64_t *ret, unsigned int max, unsigned int *n, uint64_t map)
{
	for (unsigned int i = 0; i < *n; i++)
		if (ret[i] == map)
			return;
	if (*n < max)
		ret[(*n)++] = map;
}

/* The maps of the program of the link at @link. */
static int link_maps(const struct bpfmap_layout *l, struct kreader *r, uint64_t link, uint64_t *ret,
		     unsigned int max, unsigned int *n, struct err *e)
{
	uint64_t maps[USED_MAPS_MAX], prog, aux, used, count;

	if (kreader_member(r, link, &l->ops.prog.m, &prog, e) ||
	    kreader_member(r, prog, &l->ops.aux.m, &aux, e) ||
	    kreader_member(r, aux, &l->ops.n_used_maps.m, &count, e) ||
	    kreader_member(r, aux, &l->ops.used_maps.m, &used, e))
		return -1;
	count = count < USED_MAPS_MAX ? count : USED_MAPS_MAX;
	if (count && kreader_read(r, used, maps, count * sizeof(*maps), e))
		return -1;
	for (uint64_t i = 0; i < count; i++)
		add_once(ret, max, n, maps[i]);
	return 0;
}

int bpfmap_ops_maps(const struct bpfmap_layout *l, struct kreader *r, const struct bpfmap *m,
		    uint64_t *ret, unsigned int max, unsigned int *ret_n, struct err *e)
{
	uint64_t links[LINKS_MAX], at, n;
	bool any = false;

	*ret_n = 0;
	if (BPFMAP_NEED(e, &l->ops.links, &l->ops.n_links, &l->ops.prog, &l->ops.aux,
			&l->ops.used_maps, &l->ops.n_used_maps) ||
	    kreader_member(r, m->kva, &l->ops.links.m, &at, e) ||
	    kreader_member(r, m->kva, &l->ops.n_links.m, &n, e))
		return -1;
	n = n < LINKS_MAX ? n : LINKS_MAX;
	if (n && kreader_read(r, at, links, n * sizeof(*links), e))
		return -1;
	for (uint64_t i = 0; i < n; i++)
		if (links[i] && !link_maps(l, r, links[i], ret, max, ret_n, e))
			any = true;
	return any ? 0 : err_set(e, ENOENT, "no program of map %" PRIu64 " is to be seen", m->id);
}
