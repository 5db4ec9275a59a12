/* SPDX-License-Identifier: GPL-2.0-only */
#include "sample/schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"

const char *const sample_table_names[SAMPLE_TABLES] = {
	[SAMPLE_MACHINE] = "machine", [SAMPLE_CPU] = "cpu",
	[SAMPLE_EVENT] = "event",     [SAMPLE_SCHEDSTAT] = "schedstat",
	[SAMPLE_DOMAIN] = "domain",   [SAMPLE_PROG] = "prog",
	[SAMPLE_DSQ] = "dsq",
};

void schema_deinit(struct schema *s)
{
	for (size_t t = 0; t < SAMPLE_TABLES; t++) {
		free(s->tables[t].columns);
		free(s->tables[t].rows);
	}
	*s = (struct schema){0};
}

/* ---- making one ---- */

/* Cells of a sample, those of the dispatch queues at their most. */
static uint64_t table_cells(const struct schema_table *table, enum sample_table t)
{
	uint64_t rows = t == SAMPLE_DSQ ? SAMPLE_DSQS_MAX : table->n_rows;

	return rows * table->n_columns;
}

static int cells_check(const struct schema *s, struct err *e)
{
	uint64_t n = 0;

	for (size_t t = 0; t < SAMPLE_TABLES; t++)
		n += table_cells(&s->tables[t], (enum sample_table)t);
	return n <= SCHEMA_CELLS_MAX ? 0
				     : err_set(e, E2BIG, "a sample would have more than %u cells",
					       SCHEMA_CELLS_MAX);
}

/* Room for one more of @n things of @size bytes: the array doubles when @n is a power of two. */
static int grow(void **array, unsigned int n, size_t size, struct err *e)
{
	void *larger;

	if (n & (n - 1) && *array)
		return 0;
	larger = reallocarray(*array, n ? 2 * (size_t)n : 1, size);
	if (!larger)
		return err_set(e, ENOMEM, "out of memory for the schema of samples");
	*array = larger;
	return 0;
}

int schema_add_column(struct schema *s, enum sample_table t, const char *name, struct err *e)
{
	struct schema_table *table = &s->tables[t];
	unsigned int max = t == SAMPLE_DSQ ? SCHEMA_DSQ_COLUMNS_MAX : SCHEMA_COLUMNS_MAX;
	void *columns = table->columns;
	char clean[SCHEMA_NAME_MAX];

	clean_ascii(clean, sizeof(clean), name, SIZE_MAX);
	if (!*name || strlen(name) >= SCHEMA_NAME_MAX)
		return err_set(e, EINVAL, "column name '%s' of table '%s' has no usable length",
			       name, sample_table_names[t]);
	if (schema_column(s, t, clean) >= 0)
		return err_set(e, EEXIST, "table '%s' has a column '%s' already",
			       sample_table_names[t], name);
	if (table->n_columns >= max)
		return err_set(e, E2BIG, "table '%s' has more than %u columns",
			       sample_table_names[t], max);
	if (grow(&columns, table->n_columns, sizeof(*table->columns), e))
		return -1;
	table->columns = columns;
	memcpy(table->columns[table->n_columns++], clean, sizeof(clean));
	if (cells_check(s, e)) {
		table->n_columns--;
		return -1;
	}
	return (int)table->n_columns - 1;
}

int schema_add_row(struct schema *s, enum sample_table t, uint64_t key0, uint64_t key1,
		   const char *name, struct err *e)
{
	struct schema_table *table = &s->tables[t];
	void *rows = table->rows;

	if (t == SAMPLE_DSQ)
		return err_set(e, EINVAL, "rows of table 'dsq' belong to a sample");
	if (key0 > INT64_MAX || key1 > INT64_MAX)
		return err_set(e, ERANGE, "the key of a row of table '%s' is too large",
			       sample_table_names[t]);
	if (table->n_rows >= SCHEMA_ROWS_MAX)
		return err_set(e, E2BIG, "table '%s' has more than %u rows", sample_table_names[t],
			       SCHEMA_ROWS_MAX);
	if (grow(&rows, table->n_rows, sizeof(*table->rows), e))
		return -1;
	table->rows = rows;
	table->rows[table->n_rows] = (struct schema_row){.key = {key0, key1}};
	clean_ascii(table->rows[table->n_rows++].name, SCHEMA_NAME_MAX, name ? name : "", SIZE_MAX);
	if (cells_check(s, e)) {
		table->n_rows--;
		return -1;
	}
	return (int)table->n_rows - 1;
}

int schema_column(const struct schema *s, enum sample_table t, const char *name)
{
	const struct schema_table *table = &s->tables[t];

	for (unsigned int i = 0; i < table->n_columns; i++)
		if (strcmp(table->columns[i], name) == 0)
			return (int)i;
	return -1;
}

/* ---- to JSON ---- */

/* Whatever a field holds, what comes out is text that fits @size. */
static json_t *text_json(const char *text, size_t size)
{
	char clean[256] = "";

	clean_ascii(clean, size < sizeof(clean) ? size : sizeof(clean), text, size);
	return json_string(clean);
}

/* An array that owns @list items made by @item; NULL when memory is out. */
static json_t *array_json(size_t n, json_t *(*item)(const void *list, size_t i), const void *list)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < n; i++) {
		if (json_array_append_new(array, item(list, i))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *name_json(const void *list, size_t i)
{
	return text_json((const char *)list + i * SCHEMA_NAME_MAX, SCHEMA_NAME_MAX);
}

static json_t *row_json(const void *list, size_t i)
{
	const struct schema_row *row = (const struct schema_row *)list + i;

	return json_pack("[I, I, s]", (json_int_t)row->key[0], (json_int_t)row->key[1], row->name);
}

static json_t *tables_json(const struct schema *s)
{
	json_t *tables = json_object();

	for (size_t t = 0; tables && t < SAMPLE_TABLES; t++) {
		const struct schema_table *table = &s->tables[t];
		json_t *columns = array_json(table->n_columns, name_json, table->columns);
		json_t *rows = array_json(table->n_rows, row_json, table->rows);

		if (json_object_set_new(
			    tables, sample_table_names[t],
			    json_pack("{s:o, s:o}", "columns", columns, "rows", rows))) {
			json_decref(tables);
			return NULL;
		}
	}
	return tables;
}

json_t *schema_to_json(const struct schema *s)
{
	unsigned int n = s->n_classes < SCHEMA_CLASSES_MAX ? s->n_classes : SCHEMA_CLASSES_MAX;

	return json_pack("{s:I, s:o, s:o, s:I, s:I, s:o, s:o}", "id", (json_int_t)s->id, "release",
			 text_json(s->release, sizeof(s->release)), "ops",
			 text_json(s->ops, sizeof(s->ops)), "hz", (json_int_t)s->hz, "generation",
			 (json_int_t)s->generation, "classes", array_json(n, name_json, s->classes),
			 "tables", tables_json(s));
}

/* ---- from JSON ---- */

static int number_read(const json_t *json, const char *what, uint64_t max, uint64_t *ret,
		       struct err *e)
{
	json_int_t v = json_integer_value(json);

	if (!json_is_integer(json) || v < 0 || (uint64_t)v > max)
		return err_set(e, EPROTO, "'%s' of a schema is no number up to %llu", what,
			       (unsigned long long)max);
	*ret = (uint64_t)v;
	return 0;
}

static int text_read(const json_t *json, const char *what, char *ret, size_t size, struct err *e)
{
	const char *text = json_string_value(json);

	if (!text || json_string_length(json) >= size || strlen(text) != json_string_length(json))
		return err_set(e, EPROTO, "'%s' of a schema is no text of less than %zu bytes",
			       what, size);
	clean_ascii(ret, size, text, SIZE_MAX);
	return 0;
}

static int row_read(struct schema *s, enum sample_table t, const json_t *json, struct err *e)
{
	char name[SCHEMA_NAME_MAX];
	uint64_t key[2] = {0};

	if (json_array_size(json) != 3)
		return err_set(e, EPROTO, "a row of a schema is no array of 3");
	if (number_read(json_array_get(json, 0), "key", INT64_MAX, &key[0], e) ||
	    number_read(json_array_get(json, 1), "key", INT64_MAX, &key[1], e) ||
	    text_read(json_array_get(json, 2), "name", name, sizeof(name), e))
		return -1;
	return schema_add_row(s, t, key[0], key[1], name, e) < 0 ? -1 : 0;
}

/* A table that is not there is empty: one that we do not know is passed over. */
static int table_read(struct schema *s, enum sample_table t, const json_t *json, struct err *e)
{
	const json_t *columns = json_object_get(json, "columns");
	const json_t *rows = json_object_get(json, "rows");
	char name[SCHEMA_NAME_MAX];

	if (!json)
		return 0;
	if (!json_is_array(columns) || !json_is_array(rows))
		return err_set(e, EPROTO, "lacks 'columns' or 'rows'");
	for (size_t i = 0; i < json_array_size(columns); i++)
		if (text_read(json_array_get(columns, i), "column", name, sizeof(name), e) ||
		    schema_add_column(s, t, name, e) < 0)
			return -1;
	for (size_t i = 0; i < json_array_size(rows); i++)
		if (row_read(s, t, json_array_get(rows, i), e))
			return -1;
	return 0;
}

static int classes_read(struct schema *s, const json_t *json, struct err *e)
{
	if (!json_is_array(json) || json_array_size(json) > SCHEMA_CLASSES_MAX)
		return err_set(e, EPROTO, "'classes' of a schema is no array of up to %u",
			       SCHEMA_CLASSES_MAX);
	for (size_t i = 0; i < json_array_size(json); i++)
		if (text_read(json_array_get(json, i), "class", s->classes[i],
			      sizeof(s->classes[i]), e))
			return -1;
	s->n_classes = (unsigned int)json_array_size(json);
	return 0;
}

static int schema_read(struct schema *s, const json_t *json, struct err *e)
{
	const json_t *tables = json_object_get(json, "tables");
	uint64_t id = 0, hz = 0, generation = 0;

	if (number_read(json_object_get(json, "id"), "id", UINT32_MAX, &id, e) ||
	    text_read(json_object_get(json, "release"), "release", s->release, sizeof(s->release),
		      e) ||
	    text_read(json_object_get(json, "ops"), "ops", s->ops, sizeof(s->ops), e) ||
	    number_read(json_object_get(json, "hz"), "hz", UINT32_MAX, &hz, e) ||
	    number_read(json_object_get(json, "generation"), "generation", UINT32_MAX, &generation,
			e) ||
	    classes_read(s, json_object_get(json, "classes"), e))
		return -1;
	s->id = (uint32_t)id;
	s->hz = (uint32_t)hz;
	s->generation = (uint32_t)generation;
	if (!json_is_object(tables))
		return err_set(e, EPROTO, "'tables' of a schema is no object");
	for (size_t t = 0; t < SAMPLE_TABLES; t++)
		if (table_read(s, (enum sample_table)t,
			       json_object_get(tables, sample_table_names[t]), e))
			return err_prefix(e, "table '%s' of a schema", sample_table_names[t]);
	return 0;
}

int schema_from_json(const json_t *json, struct schema *ret, struct err *e)
{
	struct schema s = {0};

	*ret = s;
	if (schema_read(&s, json, e)) {
		schema_deinit(&s);
		return -1;
	}
	*ret = s;
	return 0;
}
