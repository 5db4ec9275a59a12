/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps (dump/maps.h) as text. */
#include <stdint.h>
#include <string.h>

#include "dump/show_line.h"

#define KEY_MAX 60u  /* bytes of a key that is shown as a value */
#define DUMP_ROW 64u /* hexadecimal digits in a row of an arena's contents */

/* ---- entries ---- */

/* Shown in places of their own. */
static const char *const entry_parts[] = {"key",    "key_hex",	 "value", "value_hex",
					  "values", "owner_kva", NULL};

/* The number that entry @i of a map has in a row of such: its key, or its place. */
static bool entry_number(const json_t *entry, size_t i, json_int_t *ret)
{
	const json_t *key = json_object_get(entry, "key"), *value = json_object_get(key, "value");

	*ret = (json_int_t)i;
	if (!key)
		return !json_object_get(entry, "key_hex");
	*ret = json_integer_value(value);
	return json_is_integer(value);
}

/* Whether all but the keys of two entries is the same. */
static bool entries_alike(const json_t *a, const json_t *b)
{
	const char *name;
	json_t *m;

	if (json_object_size(a) != json_object_size(b))
		return false;
	json_object_foreach ((json_t *)a, name, m) {
		if (strcmp(name, "key") != 0 && strcmp(name, "key_hex") != 0 &&
		    !json_equal(m, json_object_get(b, name)))
			return false;
	}
	return true;
}

/* The first entry behind @i that is not like it with a number one higher than that before. */
static size_t run_end(const json_t *entries, size_t i)
{
	const json_t *entry = json_array_get(entries, i);
	json_int_t first, number;
	size_t next = i + 1;

	if (!entry_number(entry, i, &first))
		return next;
	for (; next < json_array_size(entries); next++) {
		const json_t *other = json_array_get(entries, next);

		if (!entry_number(other, next, &number) ||
		    (uint64_t)number - (next - i) != (uint64_t)first ||
		    !entries_alike(entry, other))
			break;
	}
	return next;
}

/* `[key, more]` of entry @i. */
static void put_key(struct show *s, const json_t *entry, size_t i)
{
	const json_t *key = json_object_get(entry, "key");
	const char *hex = show_string(entry, "key_hex");
	size_t start;

	if (!key && !*hex)
		show_addf(s, "%zu", i);
	else if (!key || !show_value_short(s, key, KEY_MAX))
		show_word(s, hex);
	start = s->line.len;
	show_puts(s, ", ");
	show_flat(s, entry, entry_parts);
	if (s->line.len == start + 2)
		s->line.len = start;
}

static void put_keys(struct show *s, const json_t *entries, size_t i, size_t next)
{
	json_int_t first, last;

	show_puts(s, "[");
	if (next - i > 1) {
		entry_number(json_array_get(entries, i), i, &first);
		entry_number(json_array_get(entries, next - 1), next - 1, &last);
		show_addf(s, "%" JSON_INTEGER_FORMAT "..%" JSON_INTEGER_FORMAT, first, last);
	} else {
		put_key(s, json_array_get(entries, i), i);
	}
	show_puts(s, "]");
}

/* The values of one key on all CPUs, equal ones in a row as one. */
static void show_cpus(struct show *s, const json_t *values)
{
	size_t n = json_array_size(values);

	for (size_t cpu = 0, next; cpu < n; cpu = next) {
		const json_t *value = json_array_get(values, cpu);

		for (next = cpu + 1; next < n; next++)
			if (!json_equal(value, json_array_get(values, next)))
				break;
		if (next - cpu > 1)
			show_addf(s, "cpu %zu..%zu = ", cpu, next - 1);
		else
			show_addf(s, "cpu %zu = ", cpu);
		if (json_is_object(value)) {
			show_value(s, value);
		} else {
			show_puts(s, "[not there]");
			show_end(s);
		}
	}
}

static void show_entries(struct show *s, const json_t *entries)
{
	for (size_t i = 0, next; i < json_array_size(entries); i = next) {
		const json_t *entry = json_array_get(entries, i);
		const json_t *values = json_object_get(entry, "values");

		next = run_end(entries, i);
		put_keys(s, entries, i, next);
		if (json_is_array(values)) {
			show_end(s);
			s->indent++;
			show_cpus(s, values);
			s->indent--;
		} else if (json_is_object(json_object_get(entry, "value"))) {
			show_puts(s, " = ");
			show_value(s, json_object_get(entry, "value"));
		} else {
			show_puts(s, " = ");
			show_word(s, show_string(entry, "value_hex"));
			show_end(s);
		}
		s->indent++;
		show_parts(s, entry, entry_parts);
		s->indent--;
	}
}

/* ---- arenas ---- */

/* One page: rows of its bytes, those of zeros left out. */
static void show_page(struct show *s, const json_t *page)
{
	json_int_t offset = json_integer_value(json_object_get(page, "offset"));
	const char *hex = show_string(page, "hex");
	size_t len = strlen(hex);

	for (size_t at = 0; at < len; at += DUMP_ROW) {
		size_t n = len - at < DUMP_ROW ? len - at : DUMP_ROW;

		if (strspn(hex + at, "0") >= n)
			continue;
		show_addf(s, "0x%08llx: ", (unsigned long long)offset + at / 2);
		show_text(s, hex + at, n);
		show_end(s);
	}
}

static void show_arena(struct show *s, const json_t *arena)
{
	static const char *const contents[] = {"contents", NULL};
	json_t *page;
	size_t i;

	show_flat(s, arena, NULL);
	show_end(s);
	show_parts(s, arena, contents);
	json_array_foreach (json_object_get(arena, "contents"), i, page)
		show_page(s, page);
}

/* ---- a map ---- */

static const char *const map_parts[] = {"entries",
					"percpu_entries",
					"percpu_hash_entries",
					"value",
					"arena",
					"error",
					"id",
					"name",
					"map_kva",
					"map_type",
					"active",
					"map_type_name",
					"max_entries",
					"value_size",
					"key_size",
					"map_flags",
					NULL};

static void put_heading(struct show *s, const json_t *map)
{
	const char *type = show_string(map, "map_type_name");

	show_puts(s, "map ");
	show_scalar(s, json_object_get(map, "id"));
	show_puts(s, " ");
	show_word(s, show_string(map, "name"));
	show_puts(s, " (");
	if (*type)
		show_word(s, type);
	else
		show_scalar(s, json_object_get(map, "map_type"));
	show_puts(s, ", max_entries ");
	show_scalar(s, json_object_get(map, "max_entries"));
	show_puts(s, ", value_size ");
	show_scalar(s, json_object_get(map, "value_size"));
	show_puts(s, json_is_true(json_object_get(map, "active")) ? ", active)" : ")");
	show_end(s);
}

static void show_one_value(struct show *s, const json_t *v)
{
	if (json_is_array(json_object_get(v, "members"))) {
		show_members(s, v);
	} else if (json_is_object(v)) {
		show_puts(s, "value = ");
		show_value(s, v);
	}
}

static void show_map(struct show *s, const json_t *map)
{
	const char *error = show_string(map, "error");

	put_heading(s, map);
	s->indent++;
	if (*error) {
		show_puts(s, "not shown: ");
		show_text(s, error, strlen(error));
		show_end(s);
	}
	show_one_value(s, json_object_get(map, "value"));
	show_entries(s, json_object_get(map, "entries"));
	show_entries(s, json_object_get(map, "percpu_entries"));
	show_entries(s, json_object_get(map, "percpu_hash_entries"));
	if (json_is_object(json_object_get(map, "arena")))
		show_arena(s, json_object_get(map, "arena"));
	show_flat(s, map, map_parts);
	if (s->line.len)
		show_end(s);
	show_parts(s, map, map_parts);
	s->indent--;
}

void show_maps(struct show *s, const json_t *maps)
{
	json_t *map;
	size_t i;

	json_array_foreach (maps, i, map)
		show_map(s, map);
}
