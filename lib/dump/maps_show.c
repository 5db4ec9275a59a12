/* SPDX-License-Identifier: GPL-2.0-only */
#include "dump/maps_show.h"

#include <errno.h>
#include <stdlib.h>

/* ---- parts ---- */

void maps_put_open(struct maps_show *s, char bracket)
{
	if (s->w)
		jsonw_open(s->w, bracket);
}

void maps_put_close(struct maps_show *s, char bracket)
{
	if (s->w)
		jsonw_close(s->w, bracket);
}

void maps_put_name(struct maps_show *s, const char *name)
{
	if (s->w)
		jsonw_name(s->w, name);
}

void maps_put_number(struct maps_show *s, const char *name, uint64_t v)
{
	if (!s->w)
		return;
	jsonw_name(s->w, name);
	jsonw_u64(s->w, v);
}

void maps_put_hex(struct maps_show *s, const char *name, uint64_t v)
{
	if (!s->w)
		return;
	jsonw_name(s->w, name);
	jsonw_hex(s->w, v);
}

void maps_put_text(struct maps_show *s, const char *name, const char *text)
{
	if (!s->w)
		return;
	jsonw_name(s->w, name);
	jsonw_text(s->w, text, strlen(text));
}

void maps_put_true(struct maps_show *s, const char *name, bool v)
{
	if (!s->w || !v)
		return;
	jsonw_name(s->w, name);
	jsonw_value(s->w, "true", 4);
}

void maps_put_value(struct maps_show *s, const struct types *t, uint32_t type, const uint8_t *bytes,
		    size_t len, uint64_t kva)
{
	if (s->w && t)
		value_write(&s->context, t, type, bytes, len, kva, s->w);
	else if (s->w)
		value_bytes_write(bytes, len, s->w);
	else if (t)
		value_touch(&s->context, t, type, bytes, len, kva);
}

static void put_bytes(struct maps_show *s, const char *name, const uint8_t *bytes, size_t len)
{
	if (!s->w)
		return;
	jsonw_name(s->w, name);
	jsonw_bytes(s->w, bytes, len);
}

/* A number of @bits as a value. */
static void put_integer(struct maps_show *s, const char *name, const char *kind, unsigned int bits,
			uint64_t v)
{
	if (!s->w)
		return;
	jsonw_name(s->w, name);
	jsonw_open(s->w, '{');
	maps_put_text(s, "kind", kind);
	maps_put_number(s, "bits", bits);
	maps_put_number(s, "value", v);
	jsonw_close(s->w, '}');
}

/* ---- elements ---- */

#define ELEMENT_NODES 3u /* objects that each has besides those of types */

/* Whether no more objects may be made. What is left is for all maps together. */
static bool is_spent(struct maps_show *s)
{
	if (*s->context.nodes_left < ELEMENT_NODES) {
		s->is_cut = true;
		return true;
	}
	*s->context.nodes_left -= ELEMENT_NODES;
	return false;
}

static void put_key(struct maps_show *s, const struct bpfmap_element *el, bool with_hex)
{
	maps_put_name(s, "key");
	maps_put_value(s, s->key_types, s->key_type, el->key, el->key_len, 0);
	if (with_hex)
		put_bytes(s, "key_hex", el->key, el->key_len);
}

static int element_done(struct maps_show *s)
{
	maps_put_close(s, '}');
	return s->w && s->w->failed ? 1 : 0;
}

static int array_element(void *arg, const struct bpfmap_element *el)
{
	struct maps_show *s = arg;

	if (is_spent(s))
		return 1;
	maps_put_open(s, '{');
	put_integer(s, "key", "uint", 32, el->index);
	maps_put_name(s, "value");
	maps_put_value(s, s->value_types, s->value_type, el->value, el->value_len, el->value_kva);
	return element_done(s);
}

static int hash_element(void *arg, const struct bpfmap_element *el)
{
	struct maps_show *s = arg;

	if (is_spent(s))
		return 1;
	maps_put_open(s, '{');
	put_key(s, el, true);
	maps_put_name(s, "value");
	maps_put_value(s, s->value_types, s->value_type, el->value, el->value_len, el->value_kva);
	put_bytes(s, "value_hex", el->value, el->value_len);
	return element_done(s);
}

/* The value of each CPU, null for those that there cannot be. */
static void put_percpu(struct maps_show *s, const struct bpfmap_element *el)
{
	maps_put_name(s, "values");
	maps_put_open(s, '[');
	for (unsigned int cpu = 0; cpu < s->m->nr_cpus; cpu++) {
		uint64_t kva = 0;
		struct err e;

		if (el->value_kva && kernel_mask_has(s->m->possible, cpu) && !is_spent(s) &&
		    !bpfmap_read_percpu(s->r, s->map, el->value_kva, cpu, s->percpu, s->percpu_len,
					&e) &&
		    !kernel_percpu(s->r->k, el->value_kva, cpu, &kva, &e))
			maps_put_value(s, s->value_types, s->value_type, s->percpu, s->percpu_len,
				       kva);
		else if (s->w)
			jsonw_value(s->w, "null", 4);
	}
	maps_put_close(s, ']');
}

static int percpu_array_element(void *arg, const struct bpfmap_element *el)
{
	struct maps_show *s = arg;

	if (is_spent(s))
		return 1;
	maps_put_open(s, '{');
	put_integer(s, "key", "uint", 32, el->index);
	put_percpu(s, el);
	return element_done(s);
}

static int percpu_hash_element(void *arg, const struct bpfmap_element *el)
{
	struct maps_show *s = arg;

	if (is_spent(s))
		return 1;
	maps_put_open(s, '{');
	put_key(s, el, true);
	put_percpu(s, el);
	return element_done(s);
}

/* The value is another map: its number. */
static int map_element(void *arg, const struct bpfmap_element *el)
{
	struct maps_show *s = arg;
	uint64_t id;
	struct err e;

	if (is_spent(s))
		return 1;
	maps_put_open(s, '{');
	put_key(s, el, true);
	if (s->m->layout.map_id.is_there &&
	    !kreader_member(s->r, el->value_kva, &s->m->layout.map_id.m, &id, &e))
		put_integer(s, "value", "uint", 32, id);
	return element_done(s);
}

static int queue_element(void *arg, const struct bpfmap_element *el)
{
	struct maps_show *s = arg;

	if (is_spent(s))
		return 1;
	maps_put_open(s, '{');
	maps_put_name(s, "value");
	maps_put_value(s, s->value_types, s->value_type, el->value, el->value_len, el->value_kva);
	put_bytes(s, "value_hex", el->value, el->value_len);
	return element_done(s);
}

/* ---- local storage ---- */

static bool owner_number(struct maps_show *s, const struct bpfmap_place *p, uint64_t kva,
			 uint64_t *ret)
{
	struct err e;

	return p->is_there && !kreader_member(s->r, kva, &p->m, ret, &e);
}

static void put_comm(struct maps_show *s, uint64_t task)
{
	const struct bpfmap_place *p = &s->m->owners.comm;
	char comm[64];
	struct err e;

	if (p->is_there && p->m.count && p->m.count < sizeof(comm) &&
	    !kreader_read(s->r, task + p->m.offset, comm, p->m.count, &e)) {
		comm[p->m.count] = 0;
		maps_put_text(s, "comm", comm);
	}
}

/* Whose storage it is: a task's pid, a cgroup's id, an inode's number. */
static void put_owner(struct maps_show *s, uint64_t owner)
{
	const char *type = bpfmap_type_name(&s->m->layout, s->map->type);
	uint64_t v;

	if (!owner || !type)
		return;
	if (!strcmp(type, "task_storage") && owner_number(s, &s->m->owners.pid, owner, &v)) {
		put_integer(s, "key", "int", 32, v);
		put_comm(s, owner);
	} else if (!strcmp(type, "cgrp_storage") &&
		   owner_number(s, &s->m->owners.cgroup_kn, owner, &v) &&
		   owner_number(s, &s->m->owners.kn_id, v, &v)) {
		put_integer(s, "key", "uint", 64, v);
	} else if (!strcmp(type, "inode_storage") &&
		   owner_number(s, &s->m->owners.inode_number, owner, &v)) {
		put_integer(s, "key", "uint", 64, v);
	}
	maps_put_hex(s, "owner_kva", owner);
}

static int storage_element(void *arg, const struct bpfmap_element *el)
{
	struct maps_show *s = arg;

	if (is_spent(s))
		return 1;
	maps_put_open(s, '{');
	put_owner(s, el->owner);
	maps_put_name(s, "value");
	maps_put_value(s, s->value_types, s->value_type, el->value, el->value_len, el->value_kva);
	put_bytes(s, "value_hex", el->value, el->value_len);
	return element_done(s);
}

/* ---- maps with elements ---- */

static int show_elements(struct maps_show *s, const char *name, bpfmap_fn fn, struct err *e)
{
	bool truncated;
	int ret;

	maps_put_name(s, name);
	maps_put_open(s, '[');
	ret = bpfmap_walk(&s->m->layout, s->r, s->map, s->max, fn, s, &truncated, e);
	maps_put_close(s, ']');
	maps_put_true(s, "truncated", truncated || s->is_cut);
	return ret < 0 ? -1 : 0;
}

static int show_percpu(struct maps_show *s, const char *name, bpfmap_fn fn, struct err *e)
{
	uint32_t max = s->max;
	int ret;

	s->percpu_len =
		s->map->value_size < BPFMAP_VALUE_MAX ? s->map->value_size : BPFMAP_VALUE_MAX;
	s->percpu = malloc((size_t)s->percpu_len + 8);
	if (!s->percpu)
		return err_set(e, ENOMEM, "out of memory");
	if (s->max > MAPS_PERCPU_VALUES_MAX / s->m->nr_cpus)
		s->max = MAPS_PERCPU_VALUES_MAX / s->m->nr_cpus;
	ret = show_elements(s, name, fn, e);
	s->max = max;
	free(s->percpu);
	s->percpu = NULL;
	return ret;
}

/* Whether the only value of the array at hand is a section of global variables. */
static bool is_section(const struct maps_show *s)
{
	const struct btf_type *b =
		s->value_types ? btf__type_by_id(types_btf(s->value_types), s->value_type) : NULL;

	return s->map->max_entries == 1 && b && btf_is_datasec(b);
}

static int section_element(void *arg, const struct bpfmap_element *el)
{
	struct maps_show *s = arg;

	maps_put_value(s, s->value_types, s->value_type, el->value, el->value_len, el->value_kva);
	return 0;
}

/* A section whose memory is gone has no `value`, and JSON that was begun must end. */
static int show_section(struct maps_show *s, struct err *e)
{
	size_t before = s->w ? s->w->out.len : 0;
	bool truncated;

	maps_put_name(s, "value");
	if (bpfmap_walk(&s->m->layout, s->r, s->map, 1, section_element, s, &truncated, e)) {
		if (s->w && s->w->out.data) {
			s->w->out.len = before;
			s->w->out.data[before] = 0;
		}
		return -1;
	}
	return 0;
}

static int show_array(struct maps_show *s, struct err *e)
{
	return is_section(s) ? show_section(s, e) : show_elements(s, "entries", array_element, e);
}

/* ---- any map ---- */

/* The types of key and value, where there are any. */
static void types_look(struct maps_show *s)
{
	const struct bpfmap *map = s->map;
	const struct types *t = NULL;
	struct err e;
	int ret = -1;

	s->key_types = s->value_types = NULL;
	if (!map->btf || (!map->key_type && !map->value_type))
		return;
	ret = s->w ? bpfbtf_types(s->m->btfs, s->r, map->btf, &t, &e)
		   : bpfbtf_touch(s->m->btfs, s->r, map->btf, &t, &e);
	if (ret) {
		maps_put_text(s, "types_error", e.text);
		return;
	}
	s->key_types = map->key_type ? t : NULL;
	s->key_type = map->key_type;
	s->value_types = map->value_type ? t : NULL;
	s->value_type = map->value_type;
}

static int show_shape(struct maps_show *s, struct err *e)
{
	const char *type = bpfmap_type_name(&s->m->layout, s->map->type);

	switch (bpfmap_shape(&s->m->layout, s->map->type)) {
	case BPFMAP_ARRAY:
		return show_array(s, e);
	case BPFMAP_PERCPU_ARRAY:
		return show_percpu(s, "percpu_entries", percpu_array_element, e);
	case BPFMAP_POINTERS:
		return maps_show_pointers(s, e);
	case BPFMAP_HASH:
	case BPFMAP_RHASH:
	case BPFMAP_LPM_TRIE:
		return show_elements(s, "entries", hash_element, e);
	case BPFMAP_PERCPU_HASH:
		return show_percpu(s, "percpu_hash_entries", percpu_hash_element, e);
	case BPFMAP_HASH_OF_MAPS:
		return show_elements(s, "entries", map_element, e);
	case BPFMAP_QUEUE:
		return show_elements(s, "entries", queue_element, e);
	case BPFMAP_ARENA:
		return maps_show_arena(s, e);
	case BPFMAP_RINGBUF:
		return maps_show_ring(s, e);
	case BPFMAP_STACK_TRACE:
		return maps_show_stacks(s, e);
	case BPFMAP_STRUCT_OPS:
		return maps_show_ops(s, e);
	case BPFMAP_STORAGE:
		return show_elements(s, "entries", storage_element, e);
	case BPFMAP_OTHER:
		break;
	}
	return err_set(e, ENOTSUP, "maps of type %s are not rendered", type ? type : "unknown");
}

static void put_identity(struct maps_show *s, const struct bpfmap *map, bool active)
{
	const char *type = bpfmap_type_name(&s->m->layout, map->type);

	maps_put_number(s, "id", map->id);
	maps_put_text(s, "name", map->name);
	maps_put_hex(s, "map_kva", map->kva);
	if (map->is_read) {
		maps_put_number(s, "map_type", map->type);
		maps_put_text(s, "map_type_name", type ? type : "unknown");
		maps_put_number(s, "key_size", map->key_size);
		maps_put_number(s, "value_size", map->value_size);
		maps_put_number(s, "max_entries", map->max_entries);
		maps_put_number(s, "map_flags", map->flags);
	}
	maps_put_name(s, "active");
	if (s->w)
		jsonw_value(s->w, active ? "true" : "false", active ? 4 : 5);
}

void maps_show(struct maps_show *s, unsigned int i)
{
	const struct maps_survey *survey = s->survey;
	bool active = i < survey->n_active;
	struct err e;

	s->map = &survey->maps[i];
	s->is_cut = false;
	s->context.arenas = survey->arenas + (active ? 0 : survey->n_active_arenas);
	s->context.n_arenas =
		active ? survey->n_active_arenas : survey->n_arenas - survey->n_active_arenas;
	maps_put_open(s, '{');
	put_identity(s, s->map, active);
	if (!s->map->is_read) {
		maps_put_text(s, "error", "the map is not in memory");
	} else {
		types_look(s);
		if (show_shape(s, &e))
			maps_put_text(s, "error", e.text);
	}
	maps_put_close(s, '}');
}
