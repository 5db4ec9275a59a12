/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel keeps of the sched_ext scheduler that is loaded (kernel/sched/ext): how it is
 * doing, its event counters, its watchdog. Kernels keep these things in a struct scx_sched that
 * scx_root points to, older ones (before 6.16) in variables; each member and variable is looked for
 * on its own.
 */
#ifndef KTSTR_KERNEL_SCX_H
#define KTSTR_KERNEL_SCX_H

#include "kernel/fields.h"
#include "kernel/kernel.h"

#define SCX_OPS_NAME_MAX 128u /* with the NUL: SCX_OPS_NAME_LEN */
#define SCX_EVENT_NAME_MAX 64u
#define SCX_EVENTS_MAX FIELDS_MAX

enum scx_number {
	SCX_ENABLE_STATE, /* enum scx_enable_state */
	SCX_EXIT_KIND,	  /* enum scx_exit_kind */
	SCX_ABORTING,
	SCX_BYPASS_DEPTH,
	SCX_WATCHDOG_TIMEOUT, /* jiffies */
	SCX_NR_REJECTED,      /* tasks that were to be refused, since boot */
	SCX_NUMBERS,
};
extern const char *const scx_number_names[SCX_NUMBERS]; /* "scx_enable_state".. */

struct scx_layout {
	uint64_t root;			 /* the variable scx_root; 0: a kernel without it */
	struct fields sched;		 /* of struct scx_sched */
	int members[SCX_NUMBERS];	 /* index in sched, -1 for none */
	uint64_t variables[SCX_NUMBERS]; /* 0 for none */
	int id;				 /* of the instance, in sched; -1 for none */
	uint64_t name_offset; /* of the name in struct scx_sched, or in the variable scx_ops */
	uint64_t ops;	      /* the variable scx_ops before 6.16; 0 for none */
	struct fields events; /* of struct scx_event_stats */
	char (*event_names)[SCX_EVENT_NAME_MAX]; /* without SCX_EV_, lower case; events.n of them */
	int events_pointer;	  /* per-CPU pointer in sched; -1: @events_variable */
	uint64_t events_offset;	  /* from there */
	uint64_t events_variable; /* per-CPU variable */
};

/* What of the scheduler tells it from the one before. */
struct scx_identity {
	uint64_t root, id, events;   /* events: the per-CPU pointer to the counters */
	char name[SCX_OPS_NAME_MAX]; /* safe to print; "" when none is loaded */
};

/* Fails only when memory is out. A kernel without sched_ext has nothing of all this. */
int scx_layout_init(struct scx_layout *l, const struct kernel *k, struct err *e);
void scx_layout_deinit(struct scx_layout *l);

/* Whether this kernel has that number at all. */
bool scx_has(const struct scx_layout *l, enum scx_number i);

/* The scheduler that is loaded: *ret is the address of its struct scx_sched, 0 for none (and always
 * in a kernel without scx_root). */
int scx_root_read(const struct scx_layout *l, const struct kmem *k, uint64_t *ret, struct err *e);

/* Its numbers; FIELDS_ABSENT for those that the kernel lacks or that need a scheduler when @root is
 * 0. */
int scx_read(const struct scx_layout *l, const struct kmem *k, uint64_t root,
	     uint64_t ret[SCX_NUMBERS], struct err *e);

int scx_identity_read(const struct scx_layout *l, const struct kmem *k, struct scx_identity *ret,
		      struct err *e);

/* Where the counters of @cpu are. ENOENT when there are none (now). */
int scx_events_place(const struct scx_layout *l, const struct kernel *k,
		     const struct scx_identity *id, unsigned int cpu, struct place *ret,
		     struct err *e);

/*
 * The timeout of the watchdog, in jiffies, wherever this kernel keeps it:
 * scx_root->watchdog_timeout, or the variable scx_watchdog_timeout before 7.1. ENOENT when there is
 * neither, EAGAIN when no scheduler is loaded. To be written only while the machine stands still.
 */
int scx_watchdog_read(const struct kernel *k, uint64_t *ret_jiffies, struct err *e);
int scx_watchdog_write(const struct kernel *k, uint64_t jiffies, struct err *e);

#endif
