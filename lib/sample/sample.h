/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One reading of a guest: values in the order of a schema, and how the reading went. The encoded
 * form is the payload of TLV_SAMPLE: LEB128 numbers, described in ktstr-tlv(5).
 */
#ifndef KTSTR_SAMPLE_SAMPLE_H
#define KTSTR_SAMPLE_SAMPLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "sample/schema.h"

#define SAMPLE_ABSENT UINT64_MAX /* a cell that could not be had */
#define SAMPLE_COMM_MAX 16u

/* Why a sample does not count. 0: it does. */
enum sample_invalid {
	SAMPLE_TORN = 1 << 0,	     /* values changed under each of the tries to read them */
	SAMPLE_UNINIT = 1 << 1,	     /* the run queues are not set up yet */
	SAMPLE_IMPLAUSIBLE = 1 << 2, /* a local DSQ deeper than 10,000 or the like */
	SAMPLE_UNREADABLE = 1 << 3,  /* memory that should be there is not */
};

#define SAMPLE_INVALIDS 4
extern const char *const sample_invalid_names[SAMPLE_INVALIDS]; /* by bit: "torn".. */

struct sample {
	uint32_t schema_id;
	uint64_t number;  /* from 0, of this stream */
	uint64_t at_ns;	  /* host CLOCK_MONOTONIC when the reading began */
	uint64_t took_ns; /* and how long it took */
	uint32_t invalid; /* enum sample_invalid */
	uint32_t retries; /* rows read again because they changed */
	uint32_t missed;  /* ticks of the interval that passed without a sample before this one */
	uint64_t *cells[SAMPLE_TABLES]; /* row after row; SAMPLE_DSQ has n_dsqs rows */
	char (*comm)[SAMPLE_COMM_MAX];	/* of the current task, a row a CPU; NUL-terminated */
	unsigned int n_dsqs;
	bool dsqs_cut; /* there were more than SAMPLE_DSQS_MAX */
};

/* Room for a sample of @schema, which must outlive it; all cells absent. */
int sample_init(struct sample *s, const struct schema *schema, struct err *e);
void sample_deinit(struct sample *s);

/* Cell [@row][@column]; no check of bounds. */
static inline uint64_t *sample_cell(const struct sample *s, const struct schema *schema,
				    enum sample_table t, unsigned int row, unsigned int column)
{
	return &s->cells[t][(size_t)row * schema->tables[t].n_columns + column];
}

/* Add the encoded form to @out. Returns 0, or -1 when memory is out. */
int sample_encode(const struct sample *s, const struct schema *schema, struct buf *out);

/* Read it back into @ret, made by sample_init for the same schema. EPROTO for bytes that do not fit
 * the schema; ESTALE when they name another one. */
int sample_decode(const void *data, size_t len, const struct schema *schema, struct sample *ret,
		  struct err *e);

/*
 * As one JSON object for people and jq: number, at_ns, took_ns, valid, invalid [..], retries,
 * missed, jiffies.., cpus [{cpu, nr_running, .., comm, class, event_counters {}, schedstat {},
 * sched_domains [{level, name, ..}]}], progs [{id, name, verified_insns, cnt, ..}], dsqs [{id,
 * nr}]. Absent cells are left out.
 */
json_t *sample_to_json(const struct sample *s, const struct schema *schema);

#endif
