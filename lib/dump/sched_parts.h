/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of a dump of the scheduler, for the files sched*.c here: each knows what its objects
 * look like (init, once), reads them into plain structs (read), and makes JSON of the structs
 * (json), which reads nothing. So whoever records memory calls only read, and rendering reads the
 * same bytes again.
 */
#ifndef KTSTR_DUMP_SCHED_PARTS_H
#define KTSTR_DUMP_SCHED_PARTS_H

#include "base/buf.h"
#include "dump/sched.h"
#include "json/object.h"
#include "kernel/bpfsyms.h"
#include "kernel/cputime.h"
#include "kernel/exitinfo.h"
#include "kernel/numastat.h"
#include "kernel/numbers.h"
#include "kernel/prog.h"
#include "kernel/queues.h"
#include "kernel/rq.h"
#include "kernel/runnable.h"
#include "kernel/scx.h"
#include "kernel/taskinfo.h"
#include "kernel/taskset.h"

/* Members of the dump that stand or fall by themselves, in the order in which they are read: tasks
 * come after all that names them. */
enum sched_part {
	SCHED_JIFFIES,
	SCHED_SCX,
	SCHED_EXIT,
	SCHED_RQS,
	SCHED_QUEUES,
	SCHED_RUNNABLE,
	SCHED_TASKS,
	SCHED_EVENTS,
	SCHED_CPUTIME,
	SCHED_NUMA,
	SCHED_PROGS,
	SCHED_DMESG,
	SCHED_PARTS,
};

struct sched_cpu {
	unsigned int cpu;
	struct place place;
	bool is_there;
	struct rq rq;
	uint32_t curr; /* number of the task; TASKSET_NONE */
};

struct sched_dump {
	/* Why the kernel has no such thing at all; why it could not be read, or not be read whole.
	 */
	struct err lacks[SCHED_PARTS], errors[SCHED_PARTS];
	bool is_read[SCHED_PARTS];

	struct taskset set; /* of the tasks that are told of */
	struct taskinfo_layout task_layout;
	struct taskinfo *tasks; /* set.n of them */

	uint64_t jiffies_kva, jiffies;

	struct scx_layout scx_layout;
	struct numbers sched_numbers; /* of struct scx_sched */
	struct scx_identity scx;
	uint64_t scx_values[SCX_NUMBERS];
	uint8_t sched_bytes[FIELDS_BYTES_MAX];
	uint64_t events[SCX_EVENTS_MAX];

	struct exitinfo_layout exit_layout;
	struct bpfsyms_layout bpfsyms;
	struct exitinfo exit;
	bool has_exit;
	struct bpfsym symbols[EXITINFO_BT_MAX]; /* of its backtrace */
	struct buf exit_dump;

	struct rq_layout rq_layout;
	struct numbers rq_numbers; /* of struct scx_rq, from the start of struct rq */
	struct sched_cpu *cpus;
	unsigned int n_cpus;
	uint8_t *rq_bytes; /* rq_numbers.f.size of each */

	struct queues_layout queues_layout;
	struct queues queues;

	struct runnable_layout runnable_layout;
	struct runnable runnable;

	struct cputime_layout cputime_layout;
	struct {
		unsigned int cpu;
		struct cputime time;
	} *cputimes;
	unsigned int n_cputimes;

	struct numastat_layout numa_layout;
	struct {
		unsigned int node;
		uint64_t numbers[NUMASTAT_NUMBERS];
	} *numa;
	unsigned int n_numa, max_numa;

	struct prog_layout prog_layout;
	struct prog *progs;
	uint64_t (*prog_sums)[PROG_NUMBERS];
	unsigned int n_progs;

	struct buf dmesg;
};

/* ---- of each part; -1 with *e, and 1 with *e for what could be read in part ---- */

int sched_jiffies_init(struct sched_dump *d, const struct kernel *k, struct err *e);
int sched_jiffies_read(struct sched_dump *d, const struct kernel *k, struct err *e);
json_t *sched_jiffies_json(const struct sched_dump *d, const struct kernel *k, bool *failed);

int sched_scx_init(struct sched_dump *d, const struct kernel *k, struct err *e);
int sched_scx_read(struct sched_dump *d, const struct kernel *k, struct err *e);
json_t *sched_scx_json(const struct sched_dump *d, const struct kernel *k, bool *failed);
int sched_events_init(struct sched_dump *d, const struct kernel *k, struct err *e);
int sched_events_read(struct sched_dump *d, const struct kernel *k, struct err *e);
json_t *sched_events_json(const struct sched_dump *d, const struct kernel *k, bool *failed);
/* What a queue that only a scheduler has is found by; 0 when none is loaded. */
uint64_t sched_root(const struct sched_dump *d);

int sched_exit_init(struct sched_dump *d, const struct kernel *k, struct err *e);
int sched_exit_read(struct sched_dump *d, const struct kernel *k, struct err *e);
json_t *sched_exit_json(const struct sched_dump *d, const struct kernel *k, bool *failed);

int sched_rqs_init(struct sched_dump *d, const struct kernel *k, struct err *e);
int sched_rqs_read(struct sched_dump *d, const struct kernel *k, struct err *e);
json_t *sched_rqs_json(const struct sched_dump *d, const struct kernel *k, bool *failed);

int sched_queues_init(struct sched_dump *d, const struct kernel *k, struct err *e);
int sched_queues_read(struct sched_dump *d, const struct kernel *k, struct err *e);
json_t *sched_queues_json(const struct sched_dump *d, const struct kernel *k, bool *failed);

int sched_runnable_init(struct sched_dump *d, const struct kernel *k, struct err *e);
int sched_runnable_read(struct sched_dump *d, const struct kernel *k, struct err *e);
json_t *sched_runnable_json(const struct sched_dump *d, const struct kernel *k, bool *failed);

int sched_tasks_init(struct sched_dump *d, const struct kernel *k, struct err *e);
int sched_tasks_read(struct sched_dump *d, const struct kernel *k, struct err *e);
json_t *sched_tasks_json(const struct sched_dump *d, const struct kernel *k, bool *failed);

int sched_cputime_init(struct sched_dump *d, const struct kernel *k, struct err *e);
int sched_cputime_read(struct sched_dump *d, const struct kernel *k, struct err *e);
json_t *sched_cputime_json(const struct sched_dump *d, const struct kernel *k, bool *failed);

int sched_numa_init(struct sched_dump *d, const struct kernel *k, struct err *e);
int sched_numa_read(struct sched_dump *d, const struct kernel *k, struct err *e);
json_t *sched_numa_json(const struct sched_dump *d, const struct kernel *k, bool *failed);

int sched_progs_init(struct sched_dump *d, const struct kernel *k, struct err *e);
int sched_progs_read(struct sched_dump *d, const struct kernel *k, struct err *e);
json_t *sched_progs_json(const struct sched_dump *d, const struct kernel *k, bool *failed);

int sched_dmesg_read(struct sched_dump *d, const struct kernel *k, struct err *e);
json_t *sched_dmesg_json(const struct sched_dump *d, const struct kernel *k, bool *failed);

/* ---- shared ---- */

/* Put who task number @i is: kva, pid, comm. */
void sched_task_put(struct object o, const struct sched_dump *d, uint32_t i);
/* Put the numbers @from and behind, below @to, of @t that this kernel has. */
void sched_task_numbers_put(struct object o, const struct sched_dump *d, const struct taskinfo *t,
			    enum task_number from, enum task_number to);
/* Put all numbers of @n, whose bytes are @buf. */
void sched_numbers_put(struct object o, const struct numbers *n, const uint8_t *buf);

/* Numbers above INT64_MAX are reals: JSON has no others. FIELDS_ABSENT of sched_u64 is null. */
json_t *sched_u64(uint64_t v);
json_t *sched_number(const struct member *m, uint64_t v);
json_t *sched_hex(uint64_t v);
/* Text that a guest wrote, on one line or several; null when empty or memory is out. */
json_t *sched_line(const char *text);
json_t *sched_text(const char *text, size_t len);

#endif
