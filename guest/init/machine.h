/* SPDX-License-Identifier: GPL-2.0-only */
/* What machine the guest sees: the first message to the host. */
#ifndef KTSTR_GUEST_INIT_MACHINE_H
#define KTSTR_GUEST_INIT_MACHINE_H

#include <jansson.h>

#include "base/error.h"
#include "init/link.h"
#include "scenario/cpus.h"

/* Send TLV_GUEST_HELLO. */
void machine_hello(struct link *l, const char *cmdline);

/*
 * The CPUs as [{cpu, node, llc, core, thread}..], read below @sysfs ("/sys", or a test's tree).
 * `llc` counts the last-level caches of the machine in the order of their first CPU, `core` the
 * cores of its LLC, `thread` the threads of its core, each from 0; `node` is the kernel's number.
 * A kernel that shows no cache gets the package for the LLC.
 */
int machine_cpus(const char *sysfs, json_t **ret, struct err *e);

#endif
