/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/scxops.h"

#include <errno.h>
#include <string.h>

#include "kernel/xarray.h"

#define MAPS_SEEN_MAX 65536u
#define NAME_MAX_BYTES 32u

struct layout {
	struct member type, desc, ops, name; /* map's type; and the way to the name of its struct */
	struct member state, timeout;
	uint64_t value; /* of the kernel's copy within the map */
	uint64_t struct_ops, ready;
};

static int layout_init(struct layout *l, const struct types *t, struct err *e)
{
	struct member value, data;

	if (types_member(t, "bpf_map", "map_type", &l->type, e) < 0 ||
	    types_member(t, "bpf_struct_ops_map", "st_ops_desc", &l->desc, e) < 0 ||
	    types_member(t, "bpf_struct_ops_desc", "st_ops", &l->ops, e) < 0 ||
	    types_member(t, "bpf_struct_ops", "name", &l->name, e) < 0 ||
	    types_member(t, "bpf_struct_ops_map", "kvalue", &value, e) < 0 ||
	    types_member(t, "bpf_struct_ops_map", "kvalue.common.state", &l->state, e) < 0 ||
	    types_member(t, "bpf_struct_ops_value", "data", &data, e) < 0 ||
	    types_member(t, SCXOPS_TYPE, "timeout_ms", &l->timeout, e) < 0 ||
	    types_enumerator(t, "bpf_map_type", "BPF_MAP_TYPE_STRUCT_OPS", &l->struct_ops, e) < 0 ||
	    types_enumerator(t, "bpf_struct_ops_state", "BPF_STRUCT_OPS_STATE_READY", &l->ready,
			     e) < 0)
		return -1;
	if (l->timeout.size != sizeof(uint32_t))
		return err_set(e, EPROTO, "'" SCXOPS_TYPE ".timeout_ms' has %llu bytes",
			       (unsigned long long)l->timeout.size);
	l->value = value.offset + data.offset;
	return 0;
}

struct search {
	const struct kernel *k;
	struct layout l;
	uint32_t timeout_ms;
	unsigned int seen, n;
	struct err *e;
};

/* Whether the map at @map holds a table of sched_ext's that is ready. 1 for yes. */
static int is_table(const struct search *s, uint64_t map, struct err *e)
{
	const struct layout *l = &s->l;
	char name[NAME_MAX_BYTES];
	uint64_t value;

	if (kernel_read_member(s->k, map, &l->type, &value, e) < 0)
		return -1;
	if (value != l->struct_ops)
		return 0;
	if (kernel_read_member(s->k, map, &l->state, &value, e) < 0)
		return -1;
	if (value != l->ready)
		return 0;
	if (kernel_read_member(s->k, map, &l->desc, &value, e) < 0 ||
	    kernel_read_member(s->k, value, &l->ops, &value, e) < 0 ||
	    kernel_read_member(s->k, value, &l->name, &value, e) < 0 ||
	    kmem_string(&s->k->mem, value, name, sizeof(name), e) < 0)
		return -1;
	return strcmp(name, SCXOPS_TYPE) == 0;
}

static int map_look(void *arg, uint64_t index, uint64_t map)
{
	struct search *s = arg;
	int is;

	(void)index;
	if (++s->seen > MAPS_SEEN_MAX)
		return err_set(s->e, E2BIG, "more than %u maps", MAPS_SEEN_MAX);
	is = is_table(s, map, s->e);
	if (is <= 0)
		return is;
	if (kmem_write(&s->k->mem, map + s->l.value + s->l.timeout.offset, &s->timeout_ms,
		       sizeof(s->timeout_ms), s->e) < 0)
		return -1;
	s->n++;
	return 0;
}

int scxops_set_timeout(const struct kernel *k, uint32_t timeout_ms, unsigned int *ret_n,
		       struct err *e)
{
	struct search s = {.k = k, .timeout_ms = timeout_ms, .e = e};
	struct xarray_layout xarray;
	uint64_t idr;

	*ret_n = 0;
	if (layout_init(&s.l, k->types, e) < 0 || kernel_symbol(k, "map_idr", &idr, e) < 0 ||
	    xarray_layout_init(&xarray, k, e) < 0)
		return -1;
	if (xarray_walk_idr(k, &xarray, idr, map_look, &s, e) < 0)
		return err_prefix(e, "map_idr");
	*ret_n = s.n;
	return s.n ? 0 : err_set(e, ENOENT, "no scheduler is ready to be attached");
}
