/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps that are no pairs of key and value. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "dump/maps_show.h"

/* ---- ring buffers ---- */

int maps_show_ring(struct maps_show *s, struct err *e)
{
	struct bpfmap_ring ring;

	if (bpfmap_read_ring(&s->m->layout, s->r, s->map, &ring, e))
		return -1;
	maps_put_name(s, "ringbuf");
	maps_put_open(s, '{');
	maps_put_number(s, "capacity", ring.capacity);
	maps_put_number(s, "consumer", ring.consumer);
	maps_put_number(s, "producer", ring.producer);
	if (ring.pending != UINT64_MAX)
		maps_put_number(s, "pending_position", ring.pending);
	maps_put_number(s, "pending_bytes", ring.producer - ring.consumer);
	maps_put_close(s, '}');
	return 0;
}

/* ---- stack traces ---- */

static void put_symbol(struct maps_show *s, uint64_t kva)
{
	char name[KALLSYMS_NAME_MAX], text[KALLSYMS_NAME_MAX + 32];
	uint64_t offset;
	struct err e;

	if (kallsyms_name(s->r->k->symbols, kva, name, &offset, &e)) {
		jsonw_value(s->w, "null", 4);
		return;
	}
	snprintf(text, sizeof(text), "%s+0x%" PRIx64, name, offset);
	jsonw_text(s->w, text, strlen(text));
}

static int stack_show(void *arg, const struct bpfmap_stack *stack)
{
	struct maps_show *s = arg;

	if (*s->context.nodes_left <= 2 * stack->n) {
		s->is_cut = true;
		return 1;
	}
	*s->context.nodes_left -= 2 * stack->n;
	if (!s->w)
		return 0;
	jsonw_open(s->w, '{');
	maps_put_number(s, "id", stack->id);
	maps_put_number(s, "depth", stack->n);
	maps_put_name(s, "addresses");
	jsonw_open(s->w, '[');
	for (uint32_t i = 0; i < stack->n; i++)
		jsonw_hex(s->w, stack->addresses[i]);
	jsonw_close(s->w, ']');
	maps_put_name(s, "symbols");
	jsonw_open(s->w, '[');
	for (uint32_t i = 0; i < stack->n; i++)
		put_symbol(s, stack->addresses[i]);
	jsonw_close(s->w, ']');
	jsonw_close(s->w, '}');
	return 0;
}

int maps_show_stacks(struct maps_show *s, struct err *e)
{
	uint32_t n_buckets;
	bool truncated;
	int ret;

	maps_put_name(s, "stack_trace");
	maps_put_open(s, '{');
	maps_put_name(s, "entries");
	maps_put_open(s, '[');
	ret = bpfmap_walk_stacks(&s->m->layout, s->r, s->map, s->max, &n_buckets, stack_show, s,
				 &truncated, e);
	maps_put_close(s, ']');
	maps_put_number(s, "n_buckets", n_buckets);
	maps_put_true(s, "truncated", truncated || s->is_cut);
	maps_put_close(s, '}');
	return ret < 0 ? -1 : 0;
}

/* ---- arenas ---- */

struct arena_show {
	struct maps_show *s;
	uint32_t captured;
};

static int page_show(void *arg, uint64_t offset, const uint8_t page[KREADER_PAGE])
{
	static const uint8_t zeros[KREADER_PAGE];
	struct arena_show *a = arg;
	struct jsonw *w = a->s->w;

	a->captured++;
	if (!w || !memcmp(page, zeros, sizeof(zeros)))
		return 0;
	jsonw_open(w, '{');
	maps_put_number(a->s, "offset", offset);
	maps_put_name(a->s, "hex");
	jsonw_bytes(w, page, KREADER_PAGE);
	jsonw_close(w, '}');
	return 0;
}

int maps_show_arena(struct maps_show *s, struct err *e)
{
	struct arena_show a = {.s = s};
	struct bpfmap_arena arena = {0};
	bool truncated;
	int ret;

	maps_put_name(s, "arena");
	maps_put_open(s, '{');
	maps_put_name(s, "contents");
	maps_put_open(s, '[');
	ret = bpfmap_walk_arena(&s->m->layout, s->r, s->map, MAPS_ARENA_PAGES_MAX, &arena,
				page_show, &a, &truncated, e);
	maps_put_close(s, ']');
	maps_put_hex(s, "user_start", arena.user_start);
	maps_put_number(s, "pages", arena.pages);
	maps_put_number(s, "pages_captured", a.captured);
	maps_put_true(s, "truncated", truncated);
	maps_put_close(s, '}');
	return ret < 0 ? -1 : 0;
}

/* ---- tables of operations ---- */

int maps_show_ops(struct maps_show *s, struct err *e)
{
	uint32_t len = s->map->value_size;
	_cleanup_free_ uint8_t *value = NULL;
	const struct types *t = s->r->k->types;
	struct bpfmap_ops ops;

	if (bpfmap_read_ops(&s->m->layout, s->r, s->map, &ops, e))
		return -1;
	if (ops.btf && (s->w ? bpfbtf_types(s->m->btfs, s->r, ops.btf, &t, e)
			     : bpfbtf_touch(s->m->btfs, s->r, ops.btf, &t, e)))
		return -1;
	if (len > BPFMAP_VALUE_MAX)
		return err_set(e, EPROTO, "a table of %u bytes", len);
	value = malloc((size_t)len + 1);
	if (!value)
		return err_set(e, ENOMEM, "out of memory");
	if (kreader_read(s->r, ops.kva, value, len, e))
		return -1;
	maps_put_name(s, "value");
	maps_put_value(s, t, s->map->vmlinux_value_type, value, len, ops.kva);
	return 0;
}

/* ---- what user space knows by descriptors ---- */

struct pointers {
	struct maps_show *s;
	uint32_t populated, told;
	uint32_t indices[MAPS_INDICES_MAX];
	uint64_t maps[MAPS_INDICES_MAX];
};

static int pointer_take(void *arg, const struct bpfmap_element *el)
{
	struct pointers *p = arg;

	p->populated++;
	if (p->told == MAPS_INDICES_MAX)
		return 0;
	p->indices[p->told] = (uint32_t)el->index;
	p->maps[p->told++] = el->value_kva;
	return 0;
}

/* The numbers of the maps in an array of maps. */
static void put_map_ids(struct maps_show *s, const struct pointers *p)
{
	const char *type = bpfmap_type_name(&s->m->layout, s->map->type);
	const struct bpfmap_place *id = &s->m->layout.map_id;
	struct err e;
	uint64_t v;

	if (!type || strcmp(type, "array_of_maps") || !id->is_there)
		return;
	maps_put_name(s, "map_ids");
	maps_put_open(s, '[');
	for (uint32_t i = 0; i < p->told; i++) {
		bool known = !kreader_member(s->r, p->maps[i], &id->m, &v, &e);

		if (s->w && known)
			jsonw_u64(s->w, v);
		else if (s->w)
			jsonw_value(s->w, "null", 4);
	}
	maps_put_close(s, ']');
}

int maps_show_pointers(struct maps_show *s, struct err *e)
{
	_cleanup_free_ struct pointers *p = calloc(1, sizeof(*p));
	bool truncated;

	if (!p)
		return err_set(e, ENOMEM, "out of memory");
	if (bpfmap_walk(&s->m->layout, s->r, s->map, UINT32_MAX, pointer_take, p, &truncated, e))
		return -1;
	maps_put_name(s, "fd_array");
	maps_put_open(s, '{');
	maps_put_number(s, "populated", p->populated);
	maps_put_number(s, "scanned",
			truncated ? BPFMAP_VALUES_MAX / sizeof(uint64_t) : s->map->max_entries);
	maps_put_name(s, "indices");
	maps_put_open(s, '[');
	for (uint32_t i = 0; s->w && i < p->told; i++)
		jsonw_u64(s->w, p->indices[i]);
	maps_put_close(s, ']');
	put_map_ids(s, p);
	maps_put_true(s, "truncated", truncated || p->told < p->populated);
	maps_put_close(s, '}');
	return 0;
}
