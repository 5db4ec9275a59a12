/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A dump of a guest at one instant: its BPF maps and its scheduler's state. What it takes from
 * memory is copied while the guest stands still, and made into JSON when it runs again.
 *
 * A report: schema "single"; maps, active_obj_name, active_map_kvas (dump/maps.h); the members of
 * dump/sched.h; vcpu_regs [{name: hex..}.. by vCPU] or null; reasons {member: why it is null}. When
 * nothing could be copied: schema "degraded", reason, and what is known (see dump_degraded).
 */
#ifndef KTSTR_DUMP_DUMP_H
#define KTSTR_DUMP_DUMP_H

#include <jansson.h>

#include "dump/maps.h"
#include "dump/sched.h"
#include "kernel/kernel.h"

#define DUMP_BYTES_MAX (512ull << 20) /* that one dump copies */

struct dump {
	const struct kernel *kernel; /* borrowed */
	struct maps *maps;
	struct sched_dump *sched;
	struct mem *room; /* an empty record for the next copy; NULL: not set up */
};

/* Learn the layout of @k, which must outlive it. *ret is NULL on failure. */
int dump_create(const struct kernel *k, struct dump **ret, struct err *e);
/* NULL is allowed. */
void dump_destroy(struct dump *d);

/* Set up the next copy, and look at what has been loaded since, so that it takes less time. The
 * guest may run. */
int dump_prepare(struct dump *d, struct err *e);

/* The memory of one instant. */
struct dump_copy {
	struct mem *record;
	struct kernel kernel;
};

/* Copy what a report needs. The guest stands still. *ret holds nothing on failure. */
int dump_copy_take(struct dump *d, struct dump_copy *ret, struct err *e);
void dump_copy_deinit(struct dump_copy *c);

/* What a report has from elsewhere than memory. Borrowed. */
struct dump_extra {
	json_t *regs; /* of all vCPUs; NULL: there are none, for this reason: */
	const char *regs_reason;
	json_t *exit_info; /* instead of the copy's; NULL: none */
};

/*
 * Add the report of a copy to @w, as one object; at most @max_entries of each map (0:
 * MAPS_ENTRIES_MAX). Fails with *e, and half an object in @w: out of memory, or a list of maps that
 * makes no sense. *ret_jiffies is the kernel's clock, 0 for none.
 */
int dump_write(struct dump *d, const struct dump_copy *c, const struct dump_extra *x,
	       unsigned int max_entries, struct jsonw *w, uint64_t *ret_jiffies, struct err *e);

/* Go on in the object that ends @w with the members of @object, which is taken over (NULL: memory
 * was out). */
void dump_join(struct jsonw *w, json_t *object);

/* What is left of a dump that failed: @exit_kind is null or what was last seen; @regs as in a
 * report or NULL. NULL when memory is out. */
json_t *dump_degraded(const char *reason, bool watch_hit, const json_t *exit_kind,
		      const json_t *regs, uint64_t elapsed_ms);

#endif
