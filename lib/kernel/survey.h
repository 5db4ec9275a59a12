/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What there is to sample in a kernel at some moment, and where: the CPUs, the scheduler, the
 * domains, the programs, and the schema that tells of them. It is made once and holds until
 * something of that changes.
 */
#ifndef KTSTR_KERNEL_SURVEY_H
#define KTSTR_KERNEL_SURVEY_H

#include "kernel/domain.h"
#include "kernel/dsq.h"
#include "kernel/kernel.h"
#include "kernel/prog.h"
#include "kernel/rq.h"
#include "kernel/scx.h"
#include "kernel/task.h"
#include "sample/schema.h"

#define SURVEY_DEPTH_PLAUSIBLE 10000u	  /* tasks in a local dispatch queue */
#define SURVEY_TASKS_PLAUSIBLE (1u << 22) /* on a run queue: PID_MAX_LIMIT */

/* What the kernel's objects look like: the same as long as it runs. */
struct survey_layouts {
	struct rq_layout rq;
	struct task_layout task;
	struct scx_layout scx;
	struct domain_layout domain;
	struct prog_layout prog;
	struct dsq_layout dsq;
	uint64_t jiffies;	   /* the variable jiffies_64; 0 for none */
	uint64_t online, possible; /* the masks of CPUs */
	unsigned int parts;	   /* enum sampler_part */
	bool has_vcpus;
};

/* @parts: what of enum sampler_part is wanted. */
int survey_layouts_init(struct survey_layouts *l, const struct kernel *k, unsigned int parts,
			struct err *e);
void survey_layouts_deinit(struct survey_layouts *l);

struct survey_cpu {
	unsigned int cpu;
	struct place rq;
	struct place events;
	bool has_events;
	uint64_t domain; /* rq->sd */
	unsigned int n_domains;
};

struct survey {
	struct schema *schema; /* id, hz, release and generation are the caller's to set */
	struct scx_identity scx;
	struct prog_mark prog_mark;
	uint64_t *online; /* mask, a bit a CPU */
	struct survey_cpu *cpus;
	unsigned int n_cpus;
	struct domain *domains; /* as the rows of SAMPLE_DOMAIN */
	unsigned int n_domains;
	struct prog *progs; /* as the rows of SAMPLE_PROG */
	unsigned int n_progs;
	struct place *stats; /* of a program on each possible CPU, program by program */
	unsigned int n_possible;
	bool domains_cut; /* a list of domains that leads nowhere or in a circle */
	/* Columns of what may be missing, -1 for what is. */
	int rq_columns[RQ_NUMBERS], scx_columns[SCX_NUMBERS], prog_columns[PROG_NUMBERS];
	int jiffies_column, pid_column, class_column, vcpu_column, torn_column;
};

/* *ret is NULL on failure, else the caller's. EAGAIN when no CPU is online. */
int survey_create(const struct kernel *k, const struct survey_layouts *l, struct survey **ret,
		  struct err *e);
/* NULL is allowed. */
void survey_destroy(struct survey *s);

/* Whether what it tells has changed. A few reads, one of them a CPU and a few a program. */
int survey_is_stale(const struct survey *s, const struct kernel *k, const struct survey_layouts *l,
		    bool *ret, struct err *e);

#endif
