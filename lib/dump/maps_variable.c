/* SPDX-License-Identifier: GPL-2.0-only */
/* Global variables of a scheduler by name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dump/maps_survey.h"

/* What is asked for. */
struct wanted {
	const char *object, *section, *name;
};

/* Whether @object may be what the map's prefix of @len bytes is cut from: libbpf leaves it 15 less
 * the section's bytes, and puts '_' for what is no letter or digit. */
static bool object_is(const char *object, const char *prefix, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = object[i];
		bool plain =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!c || (c != prefix[i] && (plain || prefix[i] != '_')))
			return false;
	}
	return !object[len] || len >= BPFMAP_NAME_MAX - 1 - sizeof(".rodata") + 1;
}

static bool map_is(const struct maps_survey *s, unsigned int i, const struct wanted *w)
{
	const struct bpfmap *map = &s->maps[i];
	size_t len = maps_survey_prefix(map->name);
	const char *section = map->name + len;

	if (!len || *section++ != '.' || strcmp(section, w->section))
		return false;
	if (w->object && *w->object)
		return object_is(w->object, map->name, len);
	return i < s->n_active && strlen(s->object) == len && !strncmp(s->object, map->name, len);
}

/* The variable that @path begins with in section @type. */
static int find_in(const struct types *t, uint32_t type, const char *path, struct member *ret,
		   struct err *e)
{
	const struct btf *btf = types_btf(t);
	const struct btf_type *b = btf__type_by_id(btf, type);
	size_t len = strcspn(path, ".[");

	for (uint32_t i = 0; b && btf_is_datasec(b) && i < btf_vlen(b); i++) {
		const struct btf_var_secinfo *at = &btf_var_secinfos(b)[i];
		const struct btf_type *var = btf__type_by_id(btf, at->type);
		const char *name =
			var && btf_is_var(var) ? btf__name_by_offset(btf, var->name_off) : NULL;

		if (!name || strncmp(name, path, len) || name[len])
			continue;
		*ret = (struct member){.offset = at->offset, .size = at->size, .count = 1};
		if (!path[len])
			return 0;
		if (path[len] != '.')
			return err_set(e, ENOTSUP, "an element of an array cannot be watched");
		if (types_member_of(t, var->type, path + len + 1, ret, e))
			return -1;
		ret->offset += at->offset;
		return 0;
	}
	return err_set(e, ENOENT, "no such variable");
}

static int find(struct maps *m, struct kreader *r, const struct bpfmap *map, const char *path,
		uint64_t *ret_kva, uint64_t *ret_len, struct err *e)
{
	const struct types *t;
	struct member v;

	if (bpfmap_shape(&m->layout, map->type) != BPFMAP_ARRAY || !map->btf ||
	    !m->layout.array_value.is_there)
		return err_set(e, ENOENT, "map '%s' has no types", map->name);
	if (bpfbtf_types(m->btfs, r, map->btf, &t, e) || find_in(t, map->value_type, path, &v, e))
		return -1;
	if (v.offset > map->value_size || v.size * v.count > map->value_size - v.offset)
		return err_set(e, EPROTO, "it lies behind the end of map '%s'", map->name);
	*ret_kva = map->kva + m->layout.array_value.m.offset + v.offset;
	*ret_len = v.size * v.count;
	return 0;
}

static int look(struct maps *m, struct kreader *r, const struct wanted *w, uint64_t *ret_kva,
		uint64_t *ret_len, struct err *e)
{
	struct maps_survey s;
	bool any = false;
	int ret = -1;

	kreader_init(r, r->k, MAPS_BUDGET);
	if (maps_survey_make(m, r, &s, e))
		return -1;
	for (unsigned int i = 0; ret && i < s.n; i++) {
		if (!map_is(&s, i, w))
			continue;
		any = true;
		ret = find(m, r, &s.maps[i], w->name, ret_kva, ret_len, e);
	}
	if (!any)
		err_set(e, ENOENT, "no such map");
	maps_survey_deinit(&s);
	return ret;
}

int maps_variable(struct maps *m, const struct kernel *k, const char *object, const char *section,
		  const char *name, uint64_t *ret_kva, uint64_t *ret_len, struct err *e)
{
	struct wanted w = {.object = object, .section = section, .name = name};
	struct kreader *r = malloc(sizeof(*r));
	int ret;

	if (!r)
		return err_set(e, ENOMEM, "out of memory");
	r->k = k;
	ret = look(m, r, &w, ret_kva, ret_len, e);
	free(r);
	if (ret)
		return err_prefix(e, "variable '%s%s%s.%s'", object ? object : "",
				  object && *object ? "." : "", section, name);
	return 0;
}
