/* SPDX-License-Identifier: GPL-2.0-only */
#include "dump/maps_survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define USED_MAX 512u	  /* maps that the programs of one scheduler use */
#define TABLE_COMPARED 8u /* pointers to operations that tell one table from another */

void maps_survey_deinit(struct maps_survey *s)
{
	free(s->maps);
	*s = (struct maps_survey){0};
}

size_t maps_survey_prefix(const char *name)
{
	static const char *const sections[] = {".bss", ".data", ".rodata", ".kconfig",
					       ".struct_ops"};

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		const char *at = strstr(name, sections[i]);

		if (at)
			return (size_t)(at - name);
	}
	return 0;
}

/* ---- the scheduler's table ---- */

static bool is_table(const struct maps *m, const struct bpfmap *map)
{
	return map->is_read && bpfmap_shape(&m->layout, map->type) == BPFMAP_STRUCT_OPS &&
	       map->vmlinux_value_type &&
	       (map->vmlinux_value_type == m->scx.value_types[0] ||
		map->vmlinux_value_type == m->scx.value_types[1]);
}

/* What is in force: the struct scx_sched, and the kernel's own copy of the table. 0 for none. */
static void in_force(const struct maps *m, struct kreader *r, uint64_t *ret_root,
		     uint64_t *ret_table)
{
	struct err e;

	*ret_root = 0;
	*ret_table = m->scx.table;
	if (!m->scx.root)
		return;
	if (kreader_u64(r, m->scx.root, ret_root, &e))
		*ret_root = 0;
	*ret_table = *ret_root && m->scx.ops.is_there ? *ret_root + m->scx.ops.m.offset : 0;
}

/* Whether the table at @data is that of the scheduler: it points back, or both have the same
 * operations. */
static bool table_is(const struct maps *m, struct kreader *r, uint64_t data, uint64_t root,
		     uint64_t table)
{
	uint64_t priv, a[TABLE_COMPARED], b[TABLE_COMPARED];
	bool any = false;
	struct err e;

	if (root && m->scx.priv.is_there)
		return !kreader_member(r, data, &m->scx.priv.m, &priv, &e) && priv == root;
	if (!table || kreader_read(r, data, a, sizeof(a), &e) ||
	    kreader_read(r, table, b, sizeof(b), &e))
		return false;
	for (unsigned int i = 0; i < TABLE_COMPARED; i++)
		any |= a[i] != 0;
	return any && !memcmp(a, b, sizeof(a));
}

/* The map with the table of the scheduler in force; when none is, the only one that there is (it
 * has just ended). NULL for none. */
static const struct bpfmap *table_find(const struct maps *m, struct kreader *r,
				       const struct maps_survey *s)
{
	const struct bpfmap *only = NULL;
	unsigned int tables = 0;
	uint64_t root, table;

	in_force(m, r, &root, &table);
	for (unsigned int i = 0; i < s->n; i++) {
		struct bpfmap_ops ops;
		struct err e;

		if (!is_table(m, &s->maps[i]))
			continue;
		tables++;
		only = &s->maps[i];
		if (!bpfmap_read_ops(&m->layout, r, only, &ops, &e) &&
		    table_is(m, r, ops.data, root, table))
			return only;
	}
	return tables == 1 ? only : NULL;
}

/* ---- the maps that belong to it ---- */

struct belonging {
	uint64_t used[USED_MAX], btf, table;
	unsigned int n;
};

static int by_address(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool is_active(const struct belonging *b, const struct bpfmap *map)
{
	return map->kva == b->table || (b->btf && map->btf == b->btf) ||
	       bsearch(&map->kva, b->used, b->n, sizeof(b->used[0]), by_address);
}

static void name_take(struct maps_survey *s, const struct bpfmap *map)
{
	size_t len = maps_survey_prefix(map->name);

	if (*s->object || !len)
		return;
	memcpy(s->object, map->name, len);
	s->object[len] = 0;
}

/* Put those that belong to the scheduler first. */
static int order(struct maps_survey *s, const struct belonging *b, struct err *e)
{
	struct bpfmap *sorted = calloc(s->n ? s->n : 1, sizeof(*sorted));
	unsigned int n = 0;

	if (!sorted)
		return err_set(e, ENOMEM, "out of memory");
	for (unsigned int i = 0; i < s->n; i++)
		if (is_active(b, &s->maps[i]))
			sorted[n++] = s->maps[i];
	s->n_active = n;
	for (unsigned int i = 0; i < s->n; i++)
		if (!is_active(b, &s->maps[i]))
			sorted[n++] = s->maps[i];
	free(s->maps);
	s->maps = sorted;
	/* The object's own sections rather than another's that its programs use. */
	for (unsigned int i = 0; i < s->n_active; i++)
		if (b->btf && s->maps[i].btf == b->btf)
			name_take(s, &s->maps[i]);
	for (unsigned int i = 0; i < s->n_active; i++)
		name_take(s, &s->maps[i]);
	return 0;
}

static int activate(struct maps *m, struct kreader *r, struct maps_survey *s, struct err *e)
{
	const struct bpfmap *table = table_find(m, r, s);
	struct belonging b = {0};
	struct err missing;

	if (table) {
		b.table = table->kva;
		b.btf = table->btf;
		/* Without them those with the same types are the object's. */
		bpfmap_ops_maps(&m->layout, r, table, b.used, USED_MAX, &b.n, &missing);
		qsort(b.used, b.n, sizeof(b.used[0]), by_address);
	}
	return order(s, &b, e);
}

static void arenas_find(struct maps *m, struct kreader *r, struct maps_survey *s)
{
	for (unsigned int i = 0; i < s->n && s->n_arenas < MAPS_ARENAS_MAX; i++) {
		struct bpfmap_arena a;
		struct err e;

		if (bpfmap_shape(&m->layout, s->maps[i].type) != BPFMAP_ARENA ||
		    bpfmap_read_arena(&m->layout, r, &s->maps[i], &a, &e))
			continue;
		s->arenas[s->n_arenas++] = (struct value_arena){
			.user_start = a.user_start, .len = a.len, .kva = a.kva};
		if (i < s->n_active)
			s->n_active_arenas = s->n_arenas;
	}
}

int maps_survey_make(struct maps *m, struct kreader *r, struct maps_survey *ret, struct err *e)
{
	*ret = (struct maps_survey){.e = m->why_not};
	if (!m->has_maps)
		return 0;
	ret->maps = calloc(MAPS_MAX, sizeof(*ret->maps));
	if (!ret->maps)
		return err_set(e, ENOMEM, "out of memory");
	if (bpfmap_list(&m->layout, r->k, ret->maps, MAPS_MAX, &ret->n, &ret->e)) {
		ret->is_cut = true;
		if (!ret->n) {
			*e = ret->e;
			maps_survey_deinit(ret);
			return -1;
		}
	}
	if (activate(m, r, ret, e)) {
		maps_survey_deinit(ret);
		return -1;
	}
	arenas_find(m, r, ret);
	return 0;
}
