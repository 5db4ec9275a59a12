/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far the counters of a guest went: a sum for each column of a table, over all rows and all
 * samples, from the differences between one valid sample and the next. A counter that goes back
 * counts as 0 and is followed from there; a value that is absent is passed over.
 */
#ifndef KTSTR_REPORT_DELTAS_H
#define KTSTR_REPORT_DELTAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sample/sample.h"
#include "sample/schema.h"

#define DELTAS_MAX 256u /* different names over all schemas; columns beyond are left out */

struct delta {
	char name[SCHEMA_NAME_MAX];
	uint64_t sum;  /* saturates */
	uint64_t step; /* of it, what the last sample brought */
	bool counted;  /* two values of one row were ever compared */
};

struct deltas {
	struct delta list[DELTAS_MAX];
	size_t n;
	/* of the present schema: */
	unsigned int n_columns, n_rows;
	unsigned int column[SCHEMA_COLUMNS_MAX]; /* place in the list; DELTAS_MAX: left out */
	uint64_t *last;				 /* of each cell */
};

void deltas_deinit(struct deltas *d);

/* Follow table @t of @schema; what was before is no basis for a difference, its sums stay. Returns
 * 0, or -1 when memory is out: then nothing is followed. */
int deltas_restart(struct deltas *d, const struct schema *schema, enum sample_table t);

/* Take the cells of one sample of that schema. */
void deltas_take(struct deltas *d, const uint64_t *cells);

/* NULL for a column that never was. */
const struct delta *deltas_find(const struct deltas *d, const char *name);

/* ---- programs: the same by row ---- */

#define PROGS_MAX 256u /* programs over all schemas, and rows of one; more are left out */

enum progs_counter { PROGS_CNT, PROGS_NSECS, PROGS_MISSES, PROGS_COUNTERS };

struct prog {
	uint64_t id, verified_insns;
	char name[SCHEMA_NAME_MAX];
	uint64_t sum[PROGS_COUNTERS];
	bool counted[PROGS_COUNTERS];
};

struct progs {
	struct prog *list;
	size_t n;
	/* of the present schema: */
	unsigned int n_rows;
	int column[PROGS_COUNTERS];
	unsigned int row[PROGS_MAX]; /* place in the list; PROGS_MAX: left out */
	uint64_t last[PROGS_MAX][PROGS_COUNTERS];
};

void progs_deinit(struct progs *p);
int progs_restart(struct progs *p, const struct schema *schema);
void progs_take(struct progs *p, const struct schema *schema, const struct sample *s);

#endif
