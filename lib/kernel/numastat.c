/* SPDX-License-Identifier: GPL-2.0-only */
/* NUMA counters. */
#include "kernel/numastat.h"

#include <errno.h>

const char *const numastat_number_names[NUMASTAT_NUMBERS] = {
	[NUMASTAT_HIT] = "numa_hit",	     [NUMASTAT_MISS] = "numa_miss",
	[NUMASTAT_FOREIGN] = "numa_foreign", [NUMASTAT_INTERLEAVE_HIT] = "interleave_hit",
	[NUMASTAT_LOCAL] = "local_node",     [NUMASTAT_OTHER] = "other_node",
};

/* enum numa_stat_item */
static const char *const enumerators[NUMASTAT_NUMBERS] = {
	[NUMASTAT_HIT] = "NUMA_HIT",	     [NUMASTAT_MISS] = "NUMA_MISS",
	[NUMASTAT_FOREIGN] = "NUMA_FOREIGN", [NUMASTAT_INTERLEAVE_HIT] = "NUMA_INTERLEAVE_HIT",
	[NUMASTAT_LOCAL] = "NUMA_LOCAL",     [NUMASTAT_OTHER] = "NUMA_OTHER",
};

/* The counters are atomic_long_t in a zone: as so many numbers. */
static int counters_add(struct fields *f, const struct kernel *k, const char *type, int *ret,
			struct err *e)
{
	struct member m;

	if (types_member(k->types, type, "vm_numa_event", &m, e) < 0)
		return -1;
	if (m.size != sizeof(uint64_t))
		return err_set(e, EPROTO, "'%s.vm_numa_event' has %llu bytes an element", type,
			       (unsigned long long)m.size);
	return fields_add_member(f, &m, ret, e);
}

static int layout_find(struct numastat_layout *l, const struct kernel *k, struct err *e)
{
	const struct types *t = k->types;

	if (kernel_symbol(k, "node_data", &l->nodes, e) < 0 ||
	    kernel_symbol(k, "nr_node_ids", &l->nr_node_ids, e) < 0 ||
	    types_member(t, "pglist_data", "node_zones", &l->zones, e) < 0 ||
	    fields_add(&l->zone, t, "zone", "present_pages", &l->pages, e) < 0 ||
	    fields_add(&l->zone, t, "zone", "per_cpu_zonestats", &l->percpu_pointer, e) < 0 ||
	    counters_add(&l->zone, k, "zone", &l->total, e) < 0 ||
	    counters_add(&l->percpu, k, "per_cpu_zonestat", &l->added, e) < 0)
		return -1;
	for (unsigned int i = 0; i < NUMASTAT_NUMBERS; i++) {
		uint64_t element;

		if (types_enumerator(t, "numa_stat_item", enumerators[i], &element, e) < 0)
			return -1;
		l->elements[i] = (uint32_t)element;
	}
	return 0;
}

int numastat_layout_init(struct numastat_layout *l, const struct kernel *k, struct err *e)
{
	*l = (struct numastat_layout){0};
	if (layout_find(l, k, e) < 0 || fields_seal(&l->zone, e) < 0 ||
	    fields_seal(&l->percpu, e) < 0)
		return err_prefix(e, "NUMA counters");
	return 0;
}

int numastat_nodes(const struct numastat_layout *l, const struct kernel *k, unsigned int *ret,
		   struct err *e)
{
	uint32_t n;

	if (kmem_u32(&k->mem, l->nr_node_ids, &n, e) < 0)
		return -1;
	if (!n || n > NUMASTAT_NODES_MAX)
		return err_set(e, EPROTO, "nr_node_ids is %u, not 1 to %u", n, NUMASTAT_NODES_MAX);
	*ret = n;
	return 0;
}

static void counters_take(const struct numastat_layout *l, const struct fields *f,
			  const uint8_t *buf, int index, uint64_t sum[NUMASTAT_NUMBERS])
{
	for (unsigned int i = 0; i < NUMASTAT_NUMBERS; i++) {
		uint64_t v = fields_get(f, buf, index, l->elements[i]);

		if (v != FIELDS_ABSENT)
			sum[i] += v;
	}
}

static int zone_read(const struct numastat_layout *l, const struct kernel *k, uint64_t zone,
		     const uint64_t *possible, uint64_t sum[NUMASTAT_NUMBERS], struct err *e)
{
	struct place p = {.kva = zone};
	uint8_t buf[FIELDS_BYTES_MAX];
	uint64_t pointer;

	if (fields_read(&l->zone, &k->mem, &p, buf, e) < 0)
		return -1;
	if (!fields_get(&l->zone, buf, l->pages, 0))
		return 0;
	counters_take(l, &l->zone, buf, l->total, sum);
	pointer = fields_get(&l->zone, buf, l->percpu_pointer, 0);
	for (unsigned int cpu = 0; pointer && cpu < k->nr_cpu_ids; cpu++) {
		if (!kernel_mask_has(possible, cpu))
			continue;
		if (kernel_percpu(k, pointer, cpu, &p.kva, e) < 0 ||
		    fields_read(&l->percpu, &k->mem, &p, buf, e) < 0)
			return -1;
		counters_take(l, &l->percpu, buf, l->added, sum);
	}
	return 0;
}

int numastat_read(const struct numastat_layout *l, const struct kernel *k, unsigned int node,
		  uint64_t ret[NUMASTAT_NUMBERS], struct err *e)
{
	uint64_t possible[KERNEL_MASK_WORDS_MAX], data;

	memset(ret, 0, NUMASTAT_NUMBERS * sizeof(*ret));
	if (kernel_cpumask(k, "__cpu_possible_mask", possible, e) < 0 ||
	    kmem_u64(&k->mem, l->nodes + 8ull * node, &data, e) < 0)
		return -1;
	if (!data)
		return err_set(e, ENOENT, "no NUMA node %u", node);
	for (unsigned int i = 0; i < l->zones.count && i < NUMASTAT_ZONES_MAX; i++)
		if (zone_read(l, k, data + l->zones.offset + i * l->zones.size, possible, ret, e) <
		    0)
			return err_prefix(e, "NUMA node %u", node);
	return 0;
}
