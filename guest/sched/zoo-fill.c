/* SPDX-License-Identifier: GPL-2.0-only */
#include "zoo-fill.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"

#define BULK_BATCH 4096u

static struct bpf_map *map_find(struct bpf_object *obj, const char *name, struct err *e)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, name);

	if (!map)
		err_set(e, ENOENT, "the BPF object has no map '%s'", name);
	return map;
}

static int map_put(struct bpf_object *obj, const char *name, const void *key, const void *value,
		   struct err *e)
{
	struct bpf_map *map = map_find(obj, name, e);

	if (!map)
		return -1;
	if (bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY))
		return err_sys(e, "cannot fill map '%s'", name);
	return 0;
}

/* ---- before the load ---- */

static int bulk_configure(struct bpf_object *obj, const char *name, unsigned int n, struct err *e)
{
	struct bpf_map *map = map_find(obj, name, e);

	if (!map)
		return -1;
	if (n ? bpf_map__set_max_entries(map, n) : bpf_map__set_autocreate(map, false))
		return err_sys(e, "cannot set the size of map '%s'", name);
	return 0;
}

int zoo_configure(struct bpf_object *obj, const struct zoo_sizes *sizes, struct err *e)
{
	struct bpf_map *arena = map_find(obj, "ktstr_arena", e);

	if (!arena)
		return -1;
	if (bpf_map__set_map_extra(arena, ZOO_ARENA_START))
		return err_sys(e, "cannot place the arena");
	return bulk_configure(obj, "zoo_bulk_array", sizes->array, e) ||
			       bulk_configure(obj, "zoo_bulk_hash", sizes->hash, e)
		       ? -1
		       : 0;
}

/* ---- the arena ---- */

/* A list of @len nodes at @nodes with values from @value on; the last leads to @end. */
static struct ktstr_arena_node *nodes_fill(struct ktstr_arena_node *nodes, unsigned int len,
					   uint64_t value, struct ktstr_arena_node *end)
{
	for (unsigned int i = 0; i < len; i++) {
		nodes[i].value = value + i;
		nodes[i].next = i + 1 < len ? &nodes[i + 1] : end;
	}
	return nodes;
}

static int arena_fill(struct bpf_object *obj, volatile struct ktstr_bss_arena_holder *holder,
		      struct err *e)
{
	struct bpf_map *map = map_find(obj, "ktstr_arena", e);
	struct ktstr_arena_node *cycle;
	struct ktstr_arena_ctx *ctx;
	char *at;

	if (!map)
		return -1;
	/* Once more where libbpf from 1.4 on has mapped it already. */
	at = mmap((void *)ZOO_ARENA_START, (size_t)ZOO_ARENA_PAGES * ZOO_PAGE,
		  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, bpf_map__fd(map), 0);
	if (at == MAP_FAILED)
		return err_sys(e, "cannot map the arena");
	cycle = (void *)(at + (size_t)ZOO_CYCLE_PAGE * ZOO_PAGE);
	ctx = (void *)(at + (size_t)ZOO_CTX_PAGE * ZOO_PAGE);
	ctx->magic = ZOO_ARENA_MAGIC;
	ctx->counter = ZOO_ARENA_COUNTER;
	ctx->list = nodes_fill((void *)(at + (size_t)ZOO_LIST_PAGE * ZOO_PAGE), ZOO_LIST_LEN,
			       ZOO_LIST_VALUE, NULL);
	ctx->cycle = nodes_fill(cycle, ZOO_CYCLE_LEN, ZOO_CYCLE_VALUE, cycle);
	holder->arena_target = ctx;
	holder->bss_plain_counter = ZOO_PLAIN_COUNTER;
	return 0;
}

/* ---- small maps ---- */

static int values_fill(struct bpf_object *obj, struct err *e)
{
	const struct zoo_value v = {
		.bits3 = 5,
		.bits5 = -7,
		.bits24 = 0xabcdef,
		.bits40 = 0x123456789a,
		.bits1 = 1,
		.s8 = -128,
		.u16 = 0xffff,
		.s32 = INT32_MIN,
		.u64 = UINT64_MAX,
		.color = ZOO_BLUE,
		.unnamed_color = (enum zoo_color)77,
		.wide = ZOO_WIDE,
		.yes = 1,
		.name = "it's \"zoo\"",
		.bytes = {1, 0, (char)0xff, 'x'},
		.letter = 'z',
		.at = {.x = 1, .y = -1},
		.path = {{1, 2}, {0, 0}, {-5, 6}},
		.whole = 0x1122334455667788,
		.inner = 9,
	};
	const struct zoo_special special = {.before = ZOO_SPECIAL_BEFORE,
					    .behind = ZOO_SPECIAL_BEHIND};
	uint32_t key = 0;

	/* The other entry of zoo_values stays zero. */
	return map_put(obj, "zoo_values", &key, &v, e) ||
			       map_put(obj, "zoo_special", &key, &special, e)
		       ? -1
		       : 0;
}

static int cross_fill(struct bpf_object *obj, struct err *e)
{
	const struct ktstr_cross_btf_target target = {ZOO_CROSS_MAGIC, ZOO_CROSS_MARKER};
	uint32_t key = 0;

	return map_put(obj, "ktstr_cross_btf_map", &key, &target, e);
}

static int hashes_fill(struct bpf_object *obj, struct err *e)
{
	int cpus = libbpf_num_possible_cpus();
	/* A CPU's value takes a multiple of 8 bytes. */
	_cleanup_free_ uint64_t *numbers = calloc(cpus > 0 ? (size_t)cpus : 1, 8);
	_cleanup_free_ uint64_t *points = calloc(cpus > 0 ? (size_t)cpus : 1, 8);

	for (unsigned int i = 0; i < ZOO_HASH_LEN; i++) {
		struct zoo_key key = {.id = i};
		struct zoo_point point = {.x = (short)i, .y = (short)-i};
		uint64_t key64 = i * 1000;

		if (!numbers || !points)
			return err_set(e, ENOMEM, "no memory for the values of all CPUs");
		snprintf(key.tag, sizeof(key.tag), "k%u", i);
		for (int cpu = 0; cpu < cpus; cpu++) {
			struct zoo_point of_cpu = {.x = (short)i, .y = (short)cpu};

			memcpy(&points[cpu], &of_cpu, sizeof(of_cpu));
			numbers[cpu] = i * 1000 + (unsigned int)cpu;
		}
		if (map_put(obj, "zoo_lru", &key, &point, e) ||
		    map_put(obj, "zoo_pcpu_hash", &key64, points, e) ||
		    map_put(obj, "zoo_lru_pcpu", &key64, numbers, e))
			return -1;
	}
	return 0;
}

static int lpm_fill(struct bpf_object *obj, struct err *e)
{
	static const struct zoo_lpm_key keys[] = {
		{8, {10}}, {16, {10, 1}}, {24, {192, 168, 1}}, {32, {10, 1, 2, 3}}};

	for (uint32_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (map_put(obj, "zoo_lpm", &keys[i], &i, e))
			return -1;
	return 0;
}

static int queues_fill(struct bpf_object *obj, struct err *e)
{
	for (uint64_t i = 1; i <= ZOO_QUEUE_LEN; i++)
		if (map_put(obj, "zoo_queue", NULL, &i, e) ||
		    map_put(obj, "zoo_stack", NULL, &i, e) ||
		    map_put(obj, "zoo_bloom", NULL, &i, e))
			return -1;
	return 0;
}

/* Maps of maps and of programs: what they hold stays in use as long as we keep it open. */
static int fds_fill(struct bpf_object *obj, struct err *e)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, "zoo_loader");
	struct bpf_map *inner = map_find(obj, "zoo_inner", e);
	uint32_t key = 2, last = 3;
	uint64_t value = 4321;
	int map_fd, prog_fd;

	if (!inner)
		return -1;
	map_fd = bpf_map__fd(inner);
	prog_fd = bpf_program__fd(prog);
	return map_put(obj, "zoo_inner", &key, &value, e) ||
			       map_put(obj, "zoo_array_maps", &key, &map_fd, e) ||
			       map_put(obj, "zoo_hash_maps", &key, &map_fd, e) ||
			       map_put(obj, "zoo_progs", &key, &prog_fd, e) ||
			       map_put(obj, "zoo_progs", &last, &prog_fd, e)
		       ? -1
		       : 0;
}

static int user_ring_fill(struct bpf_object *obj, struct err *e)
{
	struct bpf_map *map = map_find(obj, "zoo_user_ring", e);
	struct user_ring_buffer *ring;
	struct zoo_record *record = NULL;

	if (!map)
		return -1;
	ring = user_ring_buffer__new(bpf_map__fd(map), NULL);
	if (ring)
		record = user_ring_buffer__reserve(ring, sizeof(*record));
	if (record) {
		*record = (struct zoo_record){.number = 0, .text = ZOO_RECORD_TEXT};
		user_ring_buffer__submit(ring, record);
	} else {
		err_sys(e, "cannot fill map 'zoo_user_ring'");
	}
	user_ring_buffer__free(ring);
	return record ? 0 : -1;
}

/* ---- many entries ---- */

static void bulk_value(struct zoo_bulk *v, unsigned int i)
{
	*v = (struct zoo_bulk){
		.index = i,
		.square = (uint64_t)i * i,
		.sums = {i / 2, i / 3, i / 5},
		.at = {.x = (short)i, .y = (short)-i},
		.color = ZOO_RED,
	};
	snprintf(v->name, sizeof(v->name), "entry %u", i);
}

/* @n entries in the map @name, whose keys have @key_size bytes. */
static int bulk_fill(struct bpf_object *obj, const char *name, unsigned int n, size_t key_size,
		     struct err *e)
{
	_cleanup_free_ struct zoo_bulk *values = calloc(BULK_BATCH, sizeof(*values));
	_cleanup_free_ char *keys = calloc(BULK_BATCH, key_size);
	struct bpf_map *map = map_find(obj, name, e);

	if (!map)
		return -1;
	if (!values || !keys)
		return err_set(e, ENOMEM, "no memory to fill map '%s'", name);
	for (unsigned int done = 0; done < n;) {
		uint32_t batch = n - done < BULK_BATCH ? n - done : BULK_BATCH;

		for (uint32_t i = 0; i < batch; i++) {
			uint64_t key = done + i;

			memcpy(keys + i * key_size, &key, key_size);
			bulk_value(&values[i], done + i);
		}
		done += batch;
		if (bpf_map_update_batch(bpf_map__fd(map), keys, values, &batch, NULL))
			return err_sys(e, "cannot fill map '%s'", name);
	}
	return 0;
}

/* ---- all ---- */

/*
 * What only loads from a table of maps shows is a scheduler's own: so give all of them to one of
 * its programs, which does not look at them.
 */
static int maps_bind(struct bpf_object *obj, struct err *e)
{
	struct bpf_program *owner = bpf_object__find_program_by_name(obj, "ktstr_dispatch");
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj)
	{
		/* From 1.4 on libbpf gives a map a descriptor, whether it makes it or not. */
		if (!bpf_map__autocreate(map) || bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		if (bpf_prog_bind_map(bpf_program__fd(owner), bpf_map__fd(map), NULL))
			return err_sys(e, "cannot give map '%s' to the scheduler",
				       bpf_map__name(map));
	}
	return 0;
}

/* Let BPF fill in what only it can. */
static int loader_run(struct bpf_object *obj, struct err *e)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, "zoo_loader");
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
		return err_sys(e, "cannot run zoo_loader");
	return 0;
}

int zoo_fill(struct bpf_object *obj, const struct zoo_sizes *sizes,
	     volatile struct ktstr_bss_arena_holder *holder, struct err *e)
{
	if (arena_fill(obj, holder, e) || values_fill(obj, e) || cross_fill(obj, e) ||
	    hashes_fill(obj, e) || lpm_fill(obj, e) || queues_fill(obj, e) || fds_fill(obj, e) ||
	    user_ring_fill(obj, e) ||
	    bulk_fill(obj, "zoo_bulk_array", sizes->array, sizeof(uint32_t), e) ||
	    bulk_fill(obj, "zoo_bulk_hash", sizes->hash, sizeof(uint64_t), e))
		return -1;
	return maps_bind(obj, e) || loader_run(obj, e) ? -1 : 0;
}
