/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the scheduler's state out of a kernel again and again: run queues, sched_ext, domains,
 * programs. All that can be looked up is looked up by sampler_create; taking a sample is reads and
 * nothing else, without allocation and without system calls (but for one a vCPU thread).
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
			      * borrowed; NULL: not known */
	unsigned int n_vcpus;
};

struct sampler;

/* @k must outlive it. Fails when the kernel lacks what every sample needs (run queues). */
int sampler_create(const struct kernel *k, const struct sampler_options *o, struct sampler **ret,
		   struct err *e);
/* NULL is allowed. */
void sampler_destroy(struct sampler *s);

/* The schema of the next sample; owned by @s, stable until sampler_refresh. */
const struct schema *sampler_schema(const struct sampler *s);

/*
 * Look whether what the schema tells has changed (scheduler loaded or gone, domains rebuilt, CPU
 * hotplug, other programs), and if so make a new schema with the next id. A few reads when nothing
 * changed. *ret_changed tells.
 */
int sampler_refresh(struct sampler *s, bool *ret_changed, struct err *e);

/* Fill @ret, made by sample_init for sampler_schema(). What cannot be read is absent and flagged;
 * it never fails. number and missed are left to the caller. */
void sampler_take(struct sampler *s, struct sample *ret);

/*
 * The kernel's timeout of the sched_ext watchdog, in jiffies, wherever this kernel keeps it:
 * scx_root->watchdog_timeout, or the variable scx_watchdog_timeout before 7.1. ENOENT when there is
 * neither, EAGAIN when no scheduler is loaded. To be written only while the machine stands still.
 */
int scx_watchdog_read(const struct kernel *k, uint64_t *ret_jiffies, struct err *e);
int scx_watchdog_write(const struct kernel *k, uint64_t jiffies, struct err *e);

#endif
