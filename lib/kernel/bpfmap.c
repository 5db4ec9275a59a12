/* SPDX-License-Identifier: GPL-2.0-only */
/* Which maps there are. */
#include "kernel/bpfmap.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clean.h"

/* ---- layout ---- */

/* Shapes by the names of enum bpf_map_type, without BPF_MAP_TYPE_. */
static const struct {
	const char *name;
	enum bpfmap_shape shape;
} shapes[] = {
	{"ARRAY", BPFMAP_ARRAY},
	{"PERCPU_ARRAY", BPFMAP_PERCPU_ARRAY},
	{"PROG_ARRAY", BPFMAP_POINTERS},
	{"PERF_EVENT_ARRAY", BPFMAP_POINTERS},
	{"CGROUP_ARRAY", BPFMAP_POINTERS},
	{"ARRAY_OF_MAPS", BPFMAP_POINTERS},
	{"SOCKMAP", BPFMAP_POINTERS},
	{"REUSEPORT_SOCKARRAY", BPFMAP_POINTERS},
	{"DEVMAP", BPFMAP_POINTERS},
	{"CPUMAP", BPFMAP_POINTERS},
	{"XSKMAP", BPFMAP_POINTERS},
	{"HASH", BPFMAP_HASH},
	{"LRU_HASH", BPFMAP_HASH},
	{"PERCPU_HASH", BPFMAP_PERCPU_HASH},
	{"LRU_PERCPU_HASH", BPFMAP_PERCPU_HASH},
	{"HASH_OF_MAPS", BPFMAP_HASH_OF_MAPS},
	{"RHASH", BPFMAP_RHASH},
	{"LPM_TRIE", BPFMAP_LPM_TRIE},
	{"QUEUE", BPFMAP_QUEUE},
	{"STACK", BPFMAP_QUEUE},
	{"ARENA", BPFMAP_ARENA},
	{"RINGBUF", BPFMAP_RINGBUF},
	{"USER_RINGBUF", BPFMAP_RINGBUF},
	{"STACK_TRACE", BPFMAP_STACK_TRACE},
	{"STRUCT_OPS", BPFMAP_STRUCT_OPS},
	{"TASK_STORAGE", BPFMAP_STORAGE},
	{"CGRP_STORAGE", BPFMAP_STORAGE},
	{"INODE_STORAGE", BPFMAP_STORAGE},
	{"SK_STORAGE", BPFMAP_STORAGE},
};

static enum bpfmap_shape shape_of(const char *name)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (!strcmp(shapes[i].name, name))
			return shapes[i].shape;
	return BPFMAP_OTHER;
}

static void types_name(struct bpfmap_layout *l, const struct kernel *k)
{
	static const char prefix[] = "BPF_MAP_TYPE_";

	for (uint32_t i = 0; i < BPFMAP_TYPES_MAX; i++) {
		const char *name = types_enum_name(k->types, "bpf_map_type", i);
		char *to = l->types[i].name;

		if (!name || strncmp(name, prefix, sizeof(prefix) - 1))
			continue;
		name += sizeof(prefix) - 1;
		l->types[i].shape = shape_of(name);
		clean_ascii(to, BPFMAP_TYPE_NAME_MAX, name, BPFMAP_TYPE_NAME_MAX);
		/* Two numbers have both an old and a new name. */
		if (strlen(to) > 11 && !strcmp(to + strlen(to) - 11, "_DEPRECATED"))
			to[strlen(to) - 11] = 0;
		for (; *to; to++)
			*to = (char)tolower((unsigned char)*to);
	}
}

/* The member @path of @type: a number, a pointer, or where flexible bytes begin. */
static void place(struct bpfmap_place *p, const struct kernel *k, const char *type,
		  const char *path)
{
	struct err missing;

	p->is_there = !types_member(k->types, type, path, &p->m, &missing);
}

static void size_of(uint64_t *ret, const struct kernel *k, const char *type)
{
	struct err missing;

	if (types_size(k->types, type, ret, &missing))
		*ret = 0;
}

static void places_of_hashes(struct bpfmap_layout *l, const struct kernel *k)
{
	struct err missing;

	place(&l->hash.buckets, k, "bpf_htab", "buckets");
	place(&l->hash.n_buckets, k, "bpf_htab", "n_buckets");
	place(&l->hash.first, k, "bucket", "head.first");
	place(&l->hash.next, k, "htab_elem", "hash_node.next");
	place(&l->hash.key, k, "htab_elem", "key");
	size_of(&l->hash.bucket_size, k, "bucket");
	place(&l->rhash.ht, k, "bpf_rhtab", "ht");
	place(&l->rhash.node, k, "rhtab_elem", "node");
	place(&l->rhash.data, k, "rhtab_elem", "data");
	if (rhashtable_layout_init(&l->rhash.table, k, &missing))
		l->rhash.ht.is_there = false;
	place(&l->trie.root, k, "lpm_trie", "root");
	place(&l->trie.child, k, "lpm_trie_node", "child");
	place(&l->trie.prefixlen, k, "lpm_trie_node", "prefixlen");
	place(&l->trie.flags, k, "lpm_trie_node", "flags");
	place(&l->trie.data, k, "lpm_trie_node", "data");
}

static void places_of_arenas(struct bpfmap_layout *l, const struct kernel *k)
{
	struct err missing;
	uint64_t base;

	place(&l->arena.user_start, k, "bpf_arena", "user_vm_start");
	place(&l->arena.kern_vm, k, "bpf_arena", "kern_vm");
	place(&l->arena.addr, k, "vm_struct", "addr");
	place(&l->arena.scratch, k, "bpf_arena", "scratch_page");
	place(&l->arena.root, k, "bpf_arena", "rt.it_root.rb_root.rb_node");
	place(&l->arena.node, k, "range_node", "rn_rbnode");
	place(&l->arena.left, k, "range_node", "rn_rbnode.rb_left");
	place(&l->arena.right, k, "range_node", "rn_rbnode.rb_right");
	place(&l->arena.first, k, "range_node", "rn_start");
	place(&l->arena.last, k, "range_node", "rn_last");
	size_of(&l->arena.page_size, k, "page");
	if (kernel_symbol(k, "vmemmap_base", &base, &missing) ||
	    kmem_u64(&k->mem, base, &l->arena.vmemmap_base, &missing))
		l->arena.page_size = 0;
}

static void places_of_ops(struct bpfmap_layout *l, const struct kernel *k)
{
	place(&l->ops.kvalue, k, "bpf_struct_ops_map", "kvalue");
	place(&l->ops.state, k, "bpf_struct_ops_map", "kvalue.common.state");
	place(&l->ops.data, k, "bpf_struct_ops_value", "data");
	place(&l->ops.btf, k, "bpf_struct_ops_map", "btf");
	place(&l->ops.links, k, "bpf_struct_ops_map", "links");
	place(&l->ops.n_links, k, "bpf_struct_ops_map", "funcs_cnt");
	if (!l->ops.n_links.is_there) /* before 6.13 */
		place(&l->ops.n_links, k, "bpf_struct_ops_map", "links_cnt");
	place(&l->ops.prog, k, "bpf_link", "prog");
	place(&l->ops.aux, k, "bpf_prog", "aux");
	place(&l->ops.used_maps, k, "bpf_prog_aux", "used_maps");
	place(&l->ops.n_used_maps, k, "bpf_prog_aux", "used_map_cnt");
}

static void places_of_storage(struct bpfmap_layout *l, const struct kernel *k)
{
	place(&l->storage.buckets, k, "bpf_local_storage_map", "buckets");
	place(&l->storage.log, k, "bpf_local_storage_map", "bucket_log");
	place(&l->storage.first, k, "bpf_local_storage_map_bucket", "list.first");
	place(&l->storage.map_next, k, "bpf_local_storage_elem", "map_node");
	place(&l->storage.next, k, "hlist_node", "next");
	place(&l->storage.local, k, "bpf_local_storage_elem", "local_storage");
	place(&l->storage.owner, k, "bpf_local_storage", "owner");
	place(&l->storage.value, k, "bpf_local_storage_elem", "sdata.data");
	size_of(&l->storage.bucket_size, k, "bpf_local_storage_map_bucket");
}

static void places_of_pointers(struct bpfmap_layout *l, const struct kernel *k)
{
	static const struct {
		const char *type, *of, *member;
		bool is_far;
	} arrays[BPFMAP_POINTERS_MAX] = {
		{"prog_array", "bpf_array", "ptrs", false},
		{"perf_event_array", "bpf_array", "ptrs", false},
		{"cgroup_array", "bpf_array", "ptrs", false},
		{"array_of_maps", "bpf_array", "ptrs", false},
		{"sockmap", "bpf_stab", "sks", true},
		{"reuseport_sockarray", "reuseport_array", "ptrs", false},
		{"devmap", "bpf_dtab", "netdev_map", true},
		{"cpumap", "bpf_cpu_map", "cpu_map", true},
		{"xskmap", "xsk_map", "xsk_map", false},
	};

	for (unsigned int i = 0; i < BPFMAP_POINTERS_MAX; i++) {
		l->pointers[i].type = arrays[i].type;
		l->pointers[i].is_far = arrays[i].is_far;
		place(&l->pointers[i].at, k, arrays[i].of, arrays[i].member);
	}
}

static void places_of_others(struct bpfmap_layout *l, const struct kernel *k)
{
	place(&l->map_id, k, "bpf_map", "id");
	place(&l->array_value, k, "bpf_array", "value");
	place(&l->array_pptrs, k, "bpf_array", "pptrs");
	place(&l->queue.head, k, "bpf_queue_stack", "head");
	place(&l->queue.tail, k, "bpf_queue_stack", "tail");
	place(&l->queue.size, k, "bpf_queue_stack", "size");
	place(&l->queue.elements, k, "bpf_queue_stack", "elements");
	place(&l->ringbuf.rb, k, "bpf_ringbuf_map", "rb");
	place(&l->ringbuf.mask, k, "bpf_ringbuf", "mask");
	place(&l->ringbuf.consumer, k, "bpf_ringbuf", "consumer_pos");
	place(&l->ringbuf.producer, k, "bpf_ringbuf", "producer_pos");
	place(&l->ringbuf.pending, k, "bpf_ringbuf", "pending_pos");
	place(&l->stack.n_buckets, k, "bpf_stack_map", "n_buckets");
	place(&l->stack.buckets, k, "bpf_stack_map", "buckets");
	place(&l->stack.nr, k, "stack_map_bucket", "nr");
	place(&l->stack.data, k, "stack_map_bucket", "data");
}

static int fields_of_map(struct bpfmap_layout *l, const struct kernel *k, struct err *e)
{
	const struct types *t = k->types;

	if (fields_add(&l->map, t, "bpf_map", "map_type", &l->type, e) ||
	    fields_add(&l->map, t, "bpf_map", "key_size", &l->key_size, e) ||
	    fields_add(&l->map, t, "bpf_map", "value_size", &l->value_size, e) ||
	    fields_add(&l->map, t, "bpf_map", "max_entries", &l->max_entries, e))
		return -1;
	l->flags = fields_try(&l->map, t, "bpf_map", "map_flags");
	l->extra = fields_try(&l->map, t, "bpf_map", "map_extra");
	l->btf = fields_try(&l->map, t, "bpf_map", "btf");
	l->key_type = fields_try(&l->map, t, "bpf_map", "btf_key_type_id");
	l->value_type = fields_try(&l->map, t, "bpf_map", "btf_value_type_id");
	l->vmlinux_value_type = fields_try(&l->map, t, "bpf_map", "btf_vmlinux_value_type_id");
	l->name = fields_try(&l->map, t, "bpf_map", "name");
	return fields_seal(&l->map, e);
}

int bpfmap_layout_init(struct bpfmap_layout *l, const struct kernel *k, struct err *e)
{
	*l = (struct bpfmap_layout){0};
	if (kernel_symbol(k, "map_idr", &l->idr, e) || xarray_layout_init(&l->xarray, k, e) ||
	    fields_of_map(l, k, e))
		return err_prefix(e, "bpf maps");
	types_name(l, k);
	places_of_hashes(l, k);
	places_of_arenas(l, k);
	places_of_ops(l, k);
	places_of_storage(l, k);
	places_of_pointers(l, k);
	places_of_others(l, k);
	return 0;
}

const char *bpfmap_type_name(const struct bpfmap_layout *l, uint32_t type)
{
	return type < BPFMAP_TYPES_MAX && *l->types[type].name ? l->types[type].name : NULL;
}

enum bpfmap_shape bpfmap_shape(const struct bpfmap_layout *l, uint32_t type)
{
	return type < BPFMAP_TYPES_MAX ? l->types[type].shape : BPFMAP_OTHER;
}

/* ---- the list ---- */

struct listing {
	const struct bpfmap_layout *l;
	const struct kernel *k;
	struct bpfmap *ret;
	unsigned int max, n;
	struct err *e;
};

/* Member @i of struct bpf_map, 0 where the kernel lacks it. */
static uint64_t number(const struct bpfmap_layout *l, const uint8_t *buf, int i)
{
	return i < 0 ? 0 : fields_get(&l->map, buf, i, 0);
}

static void map_take(const struct bpfmap_layout *l, const uint8_t *buf, struct bpfmap *m)
{
	m->is_read = true;
	m->type = (uint32_t)number(l, buf, l->type);
	m->key_size = (uint32_t)number(l, buf, l->key_size);
	m->value_size = (uint32_t)number(l, buf, l->value_size);
	m->max_entries = (uint32_t)number(l, buf, l->max_entries);
	m->flags = (uint32_t)number(l, buf, l->flags);
	m->extra = number(l, buf, l->extra);
	m->btf = number(l, buf, l->btf);
	m->key_type = (uint32_t)number(l, buf, l->key_type);
	m->value_type = (uint32_t)number(l, buf, l->value_type);
	m->vmlinux_value_type = (uint32_t)number(l, buf, l->vmlinux_value_type);
	if (l->name >= 0)
		clean_ascii(m->name, sizeof(m->name),
			    (const char *)fields_bytes(&l->map, buf, l->name),
			    l->map.f[l->name].m.count);
}

static int map_look(void *arg, uint64_t index, uint64_t pointer)
{
	struct listing *s = arg;
	uint8_t buf[FIELDS_BYTES_MAX];
	struct bpfmap *m = &s->ret[s->n];
	struct place at;
	struct err missing;

	if (s->n == s->max)
		return err_set(s->e, E2BIG, "more than %u maps", s->max);
	*m = (struct bpfmap){.kva = pointer, .id = index};
	place_init(&at, &s->k->mem, pointer, fields_extent(&s->l->map));
	if (!fields_read(&s->l->map, &s->k->mem, &at, buf, &missing))
		map_take(s->l, buf, m);
	s->n++;
	return 0;
}

int bpfmap_list(const struct bpfmap_layout *l, const struct kernel *k, struct bpfmap *ret,
		unsigned int max, unsigned int *ret_n, struct err *e)
{
	struct listing s = {.l = l, .k = k, .ret = ret, .max = max, .e = e};
	int done;

	done = xarray_walk_idr(k, &l->xarray, l->idr, map_look, &s, e);
	*ret_n = s.n;
	return done ? err_prefix(e, "map_idr") : 0;
}
