/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the numbers of a sample are: tables of named columns and keyed rows. Kernels differ, so a
 * sampler writes down once what it found, and each sample is nothing but values in that order
 * (sample/sample.h). A column that the kernel does not have is not there. ktstr-tlv(5) lists the
 * columns by table; keep the two the same.
 */
#ifndef KTSTR_SAMPLE_SCHEMA_H
#define KTSTR_SAMPLE_SCHEMA_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SCHEMA_NAME_MAX 64u /* of a column or row, with the NUL */
#define SCHEMA_COLUMNS_MAX 128u
#define SCHEMA_DSQ_COLUMNS_MAX 8u /* a sample has room for all rows of that table */
#define SCHEMA_ROWS_MAX 65536u
#define SCHEMA_CELLS_MAX (1u << 20) /* of one sample, all tables */
#define SAMPLE_DSQS_MAX 4096u	    /* rows of SAMPLE_DSQ */

enum sample_table {
	/* One row: jiffies, scx_enable_state, scx_exit_kind, scx_aborting, scx_bypass_depth,
	 * scx_watchdog_timeout (jiffies), scx_nr_rejected.. */
	SAMPLE_MACHINE,
	/* A row a CPU, key[0] the CPU: nr_running, scx_nr_running, local_dsq_depth, scx_flags,
	 * rq_clock (ns), nr_switches, curr_pid, curr_class (index into schema.classes),
	 * vcpu_cpu_time_ns, torn (1: changed in each of the tries to read it) */
	SAMPLE_CPU,
	/* A row a CPU: the sched_ext event counters, named as in the kernel without SCX_EV_, lower
	 * case; bypass_duration in ns */
	SAMPLE_EVENT,
	/* A row a CPU: run_delay (ns), pcount, yld_count, sched_count, sched_goidle, ttwu_count,
	 * ttwu_local */
	SAMPLE_SCHEDSTAT,
	/* A row a domain, lowest level first, CPU by CPU: key[0] the CPU, key[1] the level, name
	 * "SMT", "MC"..: flags, span_weight, balance_interval, ..., lb_count_0 (by idle type).. */
	SAMPLE_DOMAIN,
	/* A row a BPF program of the scheduler: key[0] its id, key[1] verified_insns, name: cnt,
	 * nsecs, misses */
	SAMPLE_PROG,
	/* Rows differ from sample to sample: a user dispatch queue each: id, nr */
	SAMPLE_DSQ,
	SAMPLE_TABLES,
};
extern const char *const sample_table_names[SAMPLE_TABLES]; /* "machine", "cpu".. */

struct schema_row {
	uint64_t key[2];
	char name[SCHEMA_NAME_MAX];
};

struct schema_table {
	char (*columns)[SCHEMA_NAME_MAX];
	unsigned int n_columns;
	struct schema_row *rows; /* SAMPLE_DSQ has none */
	unsigned int n_rows;
};

#define SCHEMA_CLASSES_MAX 16u

struct schema {
	uint32_t id;	     /* of this schema within its stream, from 1: samples name it */
	char release[65];    /* of the kernel */
	char ops[128];	     /* name of the scheduler that is loaded, "" for none */
	uint32_t hz;	     /* jiffies a second, 0 = not known */
	uint32_t generation; /* how often the machine was seen to boot, from 1 */
	char classes[SCHEMA_CLASSES_MAX][SCHEMA_NAME_MAX]; /* "idle", "fair", "ext".. */
	unsigned int n_classes;
	struct schema_table tables[SAMPLE_TABLES];
};

/* {0} is an empty schema. */
void schema_deinit(struct schema *s);

/* Add a column or row. Return its index, or -1: too many, or out of memory. */
int schema_add_column(struct schema *s, enum sample_table t, const char *name, struct err *e);
int schema_add_row(struct schema *s, enum sample_table t, uint64_t key0, uint64_t key1,
		   const char *name, struct err *e);

/* The index of a column; -1 when it is not there. */
int schema_column(const struct schema *s, enum sample_table t, const char *name);

/* The payload of TLV_SAMPLE_SCHEMA, both ways. What comes back in is checked against all limits. */
json_t *schema_to_json(const struct schema *s);
int schema_from_json(const json_t *json, struct schema *ret, struct err *e);

#endif
