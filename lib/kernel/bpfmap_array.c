/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps whose elements lie in a row: kernel/bpf/arraymap.c, queue_stack_maps.c. */
#include <errno.h>
#include <string.h>

#include "kernel/bpfmap_walk.h"

#define CHUNK 16384u /* bytes that are read at once */

/* A row of elements that is read in pieces. */
struct row {
	uint64_t kva;
	uint32_t stride, n;   /* bytes from one to the next; how many */
	uint32_t first, have; /* those that are in @data */
	uint8_t data[CHUNK];
};

/* Element @i, of at most CHUNK bytes; NULL with *e. */
static const uint8_t *row_at(struct row *row, struct kreader *r, uint32_t i, struct err *e)
{
	if (i - row->first >= row->have) {
		uint32_t fit = CHUNK / row->stride, left = row->n - i;

		row->first = i;
		row->have = 0;
		fit = fit < left ? fit : left;
		if (kreader_read(r, row->kva + (uint64_t)i * row->stride, row->data,
				 (size_t)fit * row->stride, e))
			return NULL;
		row->have = fit;
	}
	return row->data + (size_t)(i - row->first) * row->stride;
}

/* Element @i as bytes: of the row's chunk, or, when it is larger, in w->value. */
static const uint8_t *row_value(struct bpfmap_walking *w, struct row *row, uint32_t i,
				struct err *e)
{
	if (row->stride <= CHUNK)
		return row_at(row, w->r, i, e);
	if (kreader_read(w->r, row->kva + (uint64_t)i * row->stride, w->value, w->value_len, e))
		return NULL;
	return w->value;
}

static uint32_t limit(uint32_t n, uint64_t each)
{
	uint64_t fit = BPFMAP_VALUES_MAX / each;

	return n <= fit ? n : (uint32_t)fit;
}

int bpfmap_walk_array(struct bpfmap_walking *w, struct err *e)
{
	const struct bpfmap *m = w->m;
	uint64_t stride = bpfmap_round_up8(m->value_size);
	struct row row;
	uint32_t n;
	int ret;

	if (BPFMAP_NEED(e, &w->l->array_value))
		return -1;
	if (!stride || stride > UINT32_MAX)
		return err_set(e, EPROTO, "values of %u bytes", m->value_size);
	/* What is cut of a large value is not read, either. */
	n = limit(m->max_entries, stride < BPFMAP_VALUE_MAX ? stride : BPFMAP_VALUE_MAX);
	row = (struct row){
		.kva = m->kva + w->l->array_value.m.offset, .stride = (uint32_t)stride, .n = n};
	for (uint32_t i = 0; i < n; i++) {
		struct bpfmap_element el = {.index = i,
					    .key = (const uint8_t *)&i,
					    .key_len = sizeof(i),
					    .value_len = w->value_len,
					    .value_kva = row.kva + i * stride};

		el.value = row_value(w, &row, i, e);
		if (!el.value)
			return -1;
		ret = bpfmap_tell(w, &el);
		if (ret)
			return ret;
	}
	w->truncated = n < m->max_entries;
	return 0;
}

/* The pointers of a per-CPU array or an array of objects. */
static int walk_row_of_pointers(struct bpfmap_walking *w, uint64_t kva, bool all, struct err *e)
{
	struct row row = {.kva = kva,
			  .stride = sizeof(uint64_t),
			  .n = limit(w->m->max_entries, sizeof(uint64_t))};
	int ret;

	for (uint32_t i = 0; i < row.n; i++) {
		const uint8_t *at = row_at(&row, w->r, i, e);
		struct bpfmap_element el = {
			.index = i, .key = (const uint8_t *)&i, .key_len = sizeof(i)};

		if (!at)
			return -1;
		memcpy(&el.value_kva, at, sizeof(el.value_kva));
		if (!el.value_kva && !all)
			continue;
		ret = bpfmap_tell(w, &el);
		if (ret)
			return ret;
	}
	w->truncated = row.n < w->m->max_entries;
	return 0;
}

int bpfmap_walk_percpu_array(struct bpfmap_walking *w, struct err *e)
{
	if (BPFMAP_NEED(e, &w->l->array_pptrs))
		return -1;
	return walk_row_of_pointers(w, w->m->kva + w->l->array_pptrs.m.offset, true, e);
}

int bpfmap_walk_pointers(struct bpfmap_walking *w, struct err *e)
{
	const char *name = bpfmap_type_name(w->l, w->m->type);

	for (unsigned int i = 0; name && i < BPFMAP_POINTERS_MAX; i++) {
		const struct bpfmap_place *at = &w->l->pointers[i].at;
		uint64_t kva = w->m->kva + at->m.offset;

		if (strcmp(name, w->l->pointers[i].type) != 0)
			continue;
		if (BPFMAP_NEED(e, at))
			return -1;
		if (w->l->pointers[i].is_far && kreader_u64(w->r, kva, &kva, e))
			return -1;
		return walk_row_of_pointers(w, kva, false, e);
	}
	return err_set(e, ENOTSUP, "maps of type %s are not read", name ? name : "?");
}

int bpfmap_walk_queue(struct bpfmap_walking *w, struct err *e)
{
	const struct bpfmap_layout *l = w->l;
	uint64_t kva = w->m->kva, head, tail, size;

	if (BPFMAP_NEED(e, &l->queue.head, &l->queue.tail, &l->queue.size, &l->queue.elements) ||
	    kreader_member(w->r, kva, &l->queue.head.m, &head, e) ||
	    kreader_member(w->r, kva, &l->queue.tail.m, &tail, e) ||
	    kreader_member(w->r, kva, &l->queue.size.m, &size, e))
		return -1;
	if (head >= size || tail >= size || size != (uint64_t)w->m->max_entries + 1)
		return err_set(e, EPROTO, "a queue from %u to %u of %u", (unsigned int)tail,
			       (unsigned int)head, (unsigned int)size);
	for (uint32_t i = 0; tail != head; tail = tail + 1 < size ? tail + 1 : 0, i++) {
		struct bpfmap_element el = {.index = i,
					    .value = w->value,
					    .value_len = w->value_len,
					    .value_kva = kva + l->queue.elements.m.offset +
							 tail * w->m->value_size};
		int ret;

		if (kreader_read(w->r, el.value_kva, w->value, w->value_len, e))
			return -1;
		ret = bpfmap_tell(w, &el);
		if (ret)
			return ret;
	}
	return 0;
}
