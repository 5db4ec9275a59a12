/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/deltas.h"

#include <stdlib.h>
#include <string.h>

static void add_saturated(uint64_t *sum, uint64_t v)
{
	if (__builtin_add_overflow(*sum, v, sum))
		*sum = UINT64_MAX;
}

/* What @now adds to *@last, which becomes it; false when there is nothing to compare. */
static bool advance(uint64_t *last, uint64_t now, uint64_t *ret)
{
	uint64_t before = *last;

	if (now == SAMPLE_ABSENT)
		return false;
	*last = now;
	if (before == SAMPLE_ABSENT)
		return false;
	*ret = now > before ? now - before : 0;
	return true;
}

/* ---- columns ---- */

void deltas_deinit(struct deltas *d)
{
	free(d->last);
	*d = (struct deltas){0};
}

static unsigned int delta_place(struct deltas *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->list[i].name, name) == 0)
			return (unsigned int)i;
	if (d->n == DELTAS_MAX)
		return DELTAS_MAX;
	memcpy(d->list[d->n].name, name, SCHEMA_NAME_MAX);
	return (unsigned int)d->n++;
}

int deltas_restart(struct deltas *d, const struct schema *schema, enum sample_table t)
{
	const struct schema_table *table = &schema->tables[t];
	size_t cells = (size_t)table->n_rows * table->n_columns;

	free(d->last);
	d->n_columns = d->n_rows = 0;
	d->last = reallocarray(NULL, cells + 1, sizeof(*d->last));
	if (!d->last)
		return -1;
	memset(d->last, 0xff, (cells + 1) * sizeof(*d->last)); /* SAMPLE_ABSENT */
	for (unsigned int i = 0; i < table->n_columns; i++)
		d->column[i] = delta_place(d, table->columns[i]);
	d->n_columns = table->n_columns;
	d->n_rows = table->n_rows;
	return 0;
}

void deltas_take(struct deltas *d, const uint64_t *cells)
{
	for (size_t i = 0; i < d->n; i++)
		d->list[i].step = 0;
	for (size_t row = 0; row < d->n_rows; row++) {
		for (size_t i = 0; i < d->n_columns; i++) {
			size_t cell = row * d->n_columns + i;
			struct delta *x = &d->list[d->column[i]];
			uint64_t more;

			if (d->column[i] == DELTAS_MAX ||
			    !advance(&d->last[cell], cells[cell], &more))
				continue;
			x->counted = true;
			add_saturated(&x->step, more);
			add_saturated(&x->sum, more);
		}
	}
}

const struct delta *deltas_find(const struct deltas *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->list[i].name, name) == 0)
			return &d->list[i];
	return NULL;
}

/* ---- programs ---- */

void progs_deinit(struct progs *p)
{
	free(p->list);
	*p = (struct progs){0};
}

static unsigned int prog_place(struct progs *p, const struct schema_row *row)
{
	struct prog *x;

	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].id == row->key[0] && strcmp(p->list[i].name, row->name) == 0)
			return (unsigned int)i;
	if (p->n == PROGS_MAX)
		return PROGS_MAX;
	x = &p->list[p->n];
	*x = (struct prog){.id = row->key[0], .verified_insns = row->key[1]};
	memcpy(x->name, row->name, sizeof(x->name));
	return (unsigned int)p->n++;
}

int progs_restart(struct progs *p, const struct schema *schema)
{
	static const char *const names[PROGS_COUNTERS] = {"cnt", "nsecs", "misses"};
	const struct schema_table *table = &schema->tables[SAMPLE_PROG];

	p->n_rows = 0;
	if (!p->list)
		p->list = calloc(PROGS_MAX, sizeof(*p->list));
	if (!p->list)
		return -1;
	for (size_t i = 0; i < PROGS_COUNTERS; i++)
		p->column[i] = schema_column(schema, SAMPLE_PROG, names[i]);
	p->n_rows = table->n_rows < PROGS_MAX ? table->n_rows : PROGS_MAX;
	for (unsigned int i = 0; i < p->n_rows; i++)
		p->row[i] = prog_place(p, &table->rows[i]);
	memset(p->last, 0xff, sizeof(p->last)); /* SAMPLE_ABSENT */
	return 0;
}

void progs_take(struct progs *p, const struct schema *schema, const struct sample *s)
{
	for (unsigned int row = 0; row < p->n_rows; row++) {
		struct prog *x = p->row[row] == PROGS_MAX ? NULL : &p->list[p->row[row]];

		for (size_t i = 0; x && i < PROGS_COUNTERS; i++) {
			uint64_t more;

			if (p->column[i] < 0 || !advance(&p->last[row][i],
							 *sample_cell(s, schema, SAMPLE_PROG, row,
								      (unsigned int)p->column[i]),
							 &more))
				continue;
			x->counted[i] = true;
			add_saturated(&x->sum[i], more);
		}
	}
}
