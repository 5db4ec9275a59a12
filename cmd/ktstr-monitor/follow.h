/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One kernel after the other in the same memory: attach when one is there, take samples of it,
 * notice when it is gone. It waits for nothing; the loop that does is in loop.h.
 */
#ifndef KTSTR_MONITOR_FOLLOW_H
#define KTSTR_MONITOR_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/sampler.h"
#include "target/target.h"

struct follow {
	struct target *target; /* borrowed */
	unsigned int parts;    /* enum sampler_part */
	struct kernel *kernel; /* NULL: attached to none */
	struct sampler *sampler;
	struct sample sample; /* the last one taken */
	uint32_t generation;  /* of the kernel that was accepted last; 0: none yet */
	uint64_t attach_ns;   /* how long attaching to it took */
	uint64_t jiffies_kva, jiffies;
	uint32_t schema_id; /* that sample was made for; 0: none */
};

/*
 * Attach to the kernel that is in memory now. EAGAIN: there is none that far. Any other error may
 * be one of a kernel that is just coming up, too, and worth another try. Does nothing when it is
 * attached already.
 */
int follow_attach(struct follow *f, struct err *e);
/* It is one to tell of: count it. What a reboot leaves in memory can be attached to, too. */
void follow_accept(struct follow *f);
/* Safe when not attached. */
void follow_detach(struct follow *f);

/* Whether the kernel that we are attached to still runs: false after a reboot. */
bool follow_is_alive(struct follow *f);

/*
 * Take f->sample. An error with code ENOMEM: there is none. Any other: what the schema tells could
 * not be looked at again, and the sample is as the old one has it.
 */
int follow_sample(struct follow *f, struct err *e);

#endif
