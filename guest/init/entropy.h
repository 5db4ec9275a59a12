/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fixed seed for the kernel's random numbers. A guest with no source of entropy would spend
 * seconds on gathering jitter at the first read of /dev/urandom, differently each time. A test
 * guest keeps no secrets, and runs shall repeat.
 */
#ifndef KTSTR_GUEST_INIT_ENTROPY_H
#define KTSTR_GUEST_INIT_ENTROPY_H

#include "init/link.h"

/* Credit the seed to the kernel. A failure is a note. */
void entropy_seed(struct link *l);

#endif
