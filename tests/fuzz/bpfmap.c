/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A BPF map of any bytes, walked as each shape that there is: the first bytes are its type and
 * sizes, the rest memory that begins with the map's own struct. A word with its highest bit set
 * becomes an address in it by its low bits, or hardly any would be one.
 */
#include "../unit/guestmaps.h"
#include "base/cursor.h"
#include "kernel/bpfmap.h"

#define LEN 16384u /* a power of 2 */
#define WALKED 500u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct guest g;
static struct gm m;
static struct kernel *kernel;
static struct bpfmap_layout layout;
static uint64_t memory; /* LEN bytes */

static void make_guest(void)
{
	struct err e;

	guest_init(&g, 2);
	gm_init(&m, &g);
	g.next_alloc = (g.next_alloc + LEN - 1) & ~(uint64_t)(LEN - 1);
	memory = guest_alloc(&g, LEN);
	guest_boot(&g);
	if (guest_attach(&g, &kernel, &e) || bpfmap_layout_init(&layout, kernel, &e))
		abort();
}

/* @len bytes at @data as memory; zeros behind them. */
static void fill(const uint8_t *data, size_t len)
{
	uint64_t *words = guest_at(&g, memory);

	memset(words, 0, LEN);
	memcpy(words, data, len < LEN ? len : LEN);
	for (size_t i = 0; i < LEN / sizeof(*words); i++)
		if (words[i] >> 63)
			words[i] = memory + words[i] % LEN;
}

static uint64_t sum(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint64_t ret = 0;

	for (size_t i = 0; i < len; i++)
		ret += bytes[i];
	return ret;
}

static int see(void *arg, const struct bpfmap_element *el)
{
	if (++*(unsigned int *)arg > WALKED)
		abort();
	/* All bytes are there to be looked at. */
	return sum(el->key, el->key_len) + (el->value ? sum(el->value, el->value_len) : 0) == 4242;
}

static int see_page(void *arg, uint64_t offset, const uint8_t page[KREADER_PAGE])
{
	if (++*(unsigned int *)arg > WALKED || offset % KREADER_PAGE)
		abort();
	return sum(page, KREADER_PAGE) == 4242;
}

static int see_stack(void *arg, const struct bpfmap_stack *s)
{
	if (++*(unsigned int *)arg > WALKED)
		abort();
	return sum(s->addresses, s->n * sizeof(*s->addresses)) == 4242;
}

static void walk(const struct bpfmap *map)
{
	static struct kreader r;
	unsigned int elements = 0, pages = 0, stacks = 0, n;
	struct bpfmap_arena arena;
	struct bpfmap_ring ring;
	struct bpfmap_ops ops;
	uint64_t used[8];
	uint32_t buckets;
	bool truncated;
	struct err e;

	kreader_init(&r, kernel, 1u << 20);
	if (bpfmap_walk(&layout, &r, map, WALKED, see, &elements, &truncated, &e) == -1 &&
	    (!e.code || !*e.text))
		abort();
	kreader_init(&r, kernel, 1u << 20);
	bpfmap_walk_arena(&layout, &r, map, WALKED, &arena, see_page, &pages, &truncated, &e);
	bpfmap_walk_stacks(&layout, &r, map, WALKED, &buckets, see_stack, &stacks, &truncated, &e);
	bpfmap_read_ring(&layout, &r, map, &ring, &e);
	bpfmap_read_ops(&layout, &r, map, &ops, &e);
	bpfmap_ops_maps(&layout, &r, map, used, 8, &n, &e);
	if (n > 8)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(data, size);
	struct bpfmap map = {.is_read = true};
	static struct bpfmap list[GM_MAPS];
	unsigned int n;
	struct err e;

	if (!g.ram)
		make_guest();
	map.type = cursor_u8(&c) % 40;
	map.key_size = cursor_u32(&c);
	map.value_size = cursor_u32(&c);
	map.max_entries = cursor_u32(&c);
	map.flags = cursor_u8(&c);
	if (c.failed)
		return 0;
	fill(data + c.pos, size - c.pos);
	map.kva = memory;
	walk(&map);
	/* The same bytes as the node of map_idr. */
	guest_set(&g, layout.idr + 8, memory + 2, 8);
	bpfmap_list(&layout, kernel, list, GM_MAPS, &n, &e);
	for (unsigned int i = 0; i < n; i++)
		if (strlen(list[i].name) >= BPFMAP_NAME_MAX)
			abort();
	return 0;
}
