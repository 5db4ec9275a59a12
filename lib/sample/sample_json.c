/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/cleanup.h"
#include "sample/sample.h"

/* All that is being made, and whether something of it could not be. */
struct maker {
	const struct sample *s;
	const struct schema *schema;
	json_t *root;
	bool failed;
};

static void set(struct maker *m, json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value))
		m->failed = true;
}

static json_t *number(uint64_t v)
{
	return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

/* What the guest calls a task may be any bytes. */
static json_t *text(const char *bytes, size_t max)
{
	char clean[SCHEMA_NAME_MAX];

	clean_ascii(clean, sizeof(clean), bytes, max);
	return json_string(clean);
}

/* The cells of one row that are there. */
static void put_cells(struct maker *m, json_t *object, enum sample_table t, unsigned int row)
{
	const struct schema_table *table = &m->schema->tables[t];

	for (unsigned int i = 0; i < table->n_columns; i++) {
		uint64_t v = *sample_cell(m->s, m->schema, t, row, i);

		if (v != SAMPLE_ABSENT)
			set(m, object, table->columns[i], number(v));
	}
}

/* A new object in @array, NULL when it cannot be made. */
static json_t *add_object(struct maker *m, json_t *array)
{
	json_t *object = json_object();

	if (json_array_append_new(array, object)) {
		m->failed = true;
		return NULL;
	}
	return object;
}

static json_t *set_array(struct maker *m, json_t *object, const char *name)
{
	json_t *array = json_array();

	set(m, object, name, array);
	return array;
}

/* ---- CPUs ---- */

struct cpu_entry {
	uint64_t cpu;
	json_t *object;
};

static int entry_compare(const void *a, const void *b)
{
	const struct cpu_entry *x = a, *y = b;

	return x->cpu < y->cpu ? -1 : x->cpu > y->cpu;
}

static void put_cpu(struct maker *m, json_t *object, unsigned int row)
{
	int column = schema_column(m->schema, SAMPLE_CPU, "curr_class");
	uint64_t class = SAMPLE_ABSENT;

	put_cells(m, object, SAMPLE_CPU, row);
	if (column >= 0)
		class = *sample_cell(m->s, m->schema, SAMPLE_CPU, row, (unsigned int)column);
	if (class < m->schema->n_classes) {
		json_object_del(object, "curr_class");
		set(m, object, "class", text(m->schema->classes[class], SCHEMA_NAME_MAX));
	}
	set(m, object, "comm", text(m->s->comm[row], SAMPLE_COMM_MAX));
	set(m, object, "cpu", number(m->schema->tables[SAMPLE_CPU].rows[row].key[0]));
}

/* The entry of the CPU that a row of another table belongs to; NULL for a CPU that is not there. */
static json_t *cpu_of(const struct maker *m, const struct cpu_entry *entries,
		      const struct schema_row *row)
{
	struct cpu_entry key = {.cpu = row->key[0]}, *found;

	found = bsearch(&key, entries, m->schema->tables[SAMPLE_CPU].n_rows, sizeof(*entries),
			entry_compare);
	return found ? found->object : NULL;
}

static void put_of_cpus(struct maker *m, const struct cpu_entry *entries, enum sample_table t,
			const char *name)
{
	const struct schema_table *table = &m->schema->tables[t];

	for (unsigned int i = 0; i < table->n_rows && !m->failed; i++) {
		json_t *cpu = cpu_of(m, entries, &table->rows[i]), *object = json_object();

		if (!cpu || json_object_set_new(cpu, name, object)) {
			json_decref(cpu ? NULL : object);
			m->failed |= cpu != NULL;
			continue;
		}
		put_cells(m, object, t, i);
	}
}

static void put_domains(struct maker *m, const struct cpu_entry *entries)
{
	const struct schema_table *table = &m->schema->tables[SAMPLE_DOMAIN];

	for (unsigned int i = 0; i < table->n_rows && !m->failed; i++) {
		json_t *cpu = cpu_of(m, entries, &table->rows[i]), *list, *object;

		if (!cpu)
			continue;
		list = json_object_get(cpu, "sched_domains");
		if (!list)
			list = set_array(m, cpu, "sched_domains");
		object = m->failed ? NULL : add_object(m, list);
		if (!object)
			continue;
		put_cells(m, object, SAMPLE_DOMAIN, i);
		set(m, object, "level", number(table->rows[i].key[1]));
		set(m, object, "name", text(table->rows[i].name, SCHEMA_NAME_MAX));
	}
}

static void put_cpus(struct maker *m)
{
	unsigned int n = m->schema->tables[SAMPLE_CPU].n_rows;
	_cleanup_free_ struct cpu_entry *entries = calloc((size_t)n + 1, sizeof(*entries));
	json_t *list = set_array(m, m->root, "cpus");

	m->failed |= !entries;
	for (unsigned int i = 0; i < n && !m->failed; i++) {
		entries[i].cpu = m->schema->tables[SAMPLE_CPU].rows[i].key[0];
		entries[i].object = add_object(m, list);
		if (entries[i].object)
			put_cpu(m, entries[i].object, i);
	}
	if (m->failed)
		return;
	qsort(entries, n, sizeof(*entries), entry_compare);
	put_of_cpus(m, entries, SAMPLE_EVENT, "event_counters");
	put_of_cpus(m, entries, SAMPLE_SCHEDSTAT, "schedstat");
	put_domains(m, entries);
}

/* ---- the rest ---- */

static void put_progs(struct maker *m)
{
	const struct schema_table *table = &m->schema->tables[SAMPLE_PROG];
	json_t *list = set_array(m, m->root, "progs");

	for (unsigned int i = 0; i < table->n_rows && !m->failed; i++) {
		json_t *object = add_object(m, list);

		if (!object)
			return;
		put_cells(m, object, SAMPLE_PROG, i);
		set(m, object, "id", number(table->rows[i].key[0]));
		set(m, object, "verified_insns", number(table->rows[i].key[1]));
		set(m, object, "name", text(table->rows[i].name, SCHEMA_NAME_MAX));
	}
}

static void put_dsqs(struct maker *m)
{
	json_t *list = set_array(m, m->root, "dsqs");

	for (unsigned int i = 0; i < m->s->n_dsqs && i < SAMPLE_DSQS_MAX && !m->failed; i++) {
		json_t *object = add_object(m, list);

		if (object)
			put_cells(m, object, SAMPLE_DSQ, i);
	}
	if (m->s->dsqs_cut)
		set(m, m->root, "dsqs_cut", json_true());
}

static void put_invalid(struct maker *m)
{
	json_t *list = set_array(m, m->root, "invalid");

	for (size_t i = 0; i < SAMPLE_INVALIDS; i++)
		if (m->s->invalid & 1u << i &&
		    json_array_append_new(list, json_string(sample_invalid_names[i])))
			m->failed = true;
	set(m, m->root, "valid", json_boolean(m->s->invalid == 0));
}

json_t *sample_to_json(const struct sample *s, const struct schema *schema)
{
	struct maker m = {.s = s, .schema = schema, .root = json_object()};

	if (!m.root)
		return NULL;
	/* Columns first: a member of ours is never one that a kernel named. */
	if (schema->tables[SAMPLE_MACHINE].n_rows)
		put_cells(&m, m.root, SAMPLE_MACHINE, 0);
	set(&m, m.root, "schema", number(s->schema_id));
	set(&m, m.root, "number", number(s->number));
	set(&m, m.root, "at_ns", number(s->at_ns));
	set(&m, m.root, "took_ns", number(s->took_ns));
	set(&m, m.root, "retries", number(s->retries));
	set(&m, m.root, "missed", number(s->missed));
	put_invalid(&m);
	put_cpus(&m);
	put_progs(&m);
	put_dsqs(&m);
	if (m.failed) {
		json_decref(m.root);
		return NULL;
	}
	return m.root;
}
