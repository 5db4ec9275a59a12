/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the scheduler's state out of a kernel again and again: run queues, sched_ext, domains,
 * programs. All that can be looked up is looked up by sampler_create; taking a sample is reads and
 * nothing else, without allocation and without system calls (but for one a vCPU thread).
 *
 * A sample's tables are those of sample/schema.h, with a row for each CPU that is online.
 */
#ifndef KTSTR_KERNEL_SAMPLER_H
#define KTSTR_KERNEL_SAMPLER_H

#include "kernel/kernel.h"
#include "sample/sample.h"
#include "sample/schema.h"

enum sampler_part {
	SAMPLER_DOMAINS = 1 << 0,
	SAMPLER_PROGS = 1 << 1,
	SAMPLER_DSQS = 1 << 2,
	SAMPLER_ALL = SAMPLER_DOMAINS | SAMPLER_PROGS | SAMPLER_DSQS,
};

struct sampler_options {
	unsigned int parts;  /* enum sampler_part */
	const int *vcpu_fds; /* /proc/PID/task/TID/schedstat of each vCPU's thread, -1 for none;
			      * vCPUs on one thread have the same one; borrowed; NULL: not known */
	unsigned int n_vcpus;
	uint32_t schema_id;  /* of the first schema; 0: 1. A stream that goes on after a reboot goes
			      * on with the numbers */
	uint32_t generation; /* for the schemas; 0: 1 */
};

struct sampler;

/* @k must outlive it. Fails when the kernel lacks what every sample needs (run queues), and with
 * EAGAIN when no CPU is online yet. */
int sampler_create(const struct kernel *k, const struct sampler_options *o, struct sampler **ret,
		   struct err *e);
/* NULL is allowed. */
void sampler_destroy(struct sampler *s);

/* The schema of the next sample; owned by @s, stable until sampler_refresh tells of a change. */
const struct schema *sampler_schema(const struct sampler *s);

/*
 * Look whether what the schema tells has changed (scheduler loaded or gone, domains rebuilt, CPU
 * hotplug, other programs), and if so make a new schema with the next id. A few reads when nothing
 * changed. *ret_changed tells. On failure all is as it was.
 */
int sampler_refresh(struct sampler *s, bool *ret_changed, struct err *e);

/*
 * Fill @ret, made by sample_init for sampler_schema(). What cannot be read is absent and flagged;
 * it never fails. number and missed are left to the caller.
 *
 * A run queue is read until two readings of it and its current task are the same, at most RQ_TRIES
 * times; then it is torn. What belongs to a scheduler, domain or program that is not the one of the
 * schema any more is absent, and sampler_refresh will say so.
 */
void sampler_take(struct sampler *s, struct sample *ret);

#endif
