/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults on request, for the tests of all that is outside the guest: `ktstr.fault=KIND` on the
 * kernel command line makes the agent fail right after its hello. Kinds: segv, abort (the agent
 * crashes), panic (the kernel panics), hang (all CPUs spin at the highest priority), flood (the
 * port gets garbage without end), ring (the doorbell is rung without end, each answer told),
 * bad-ring (the doorbell is rung with mailboxes that are none, and the run goes on).
 */
#ifndef KTSTR_GUEST_INIT_FAULT_H
#define KTSTR_GUEST_INIT_FAULT_H

#include "init/doorbell.h"
#include "init/link.h"

/* Do what @cmdline asks for; returns when it asks for nothing. An unknown kind is trouble. */
void fault_run(struct link *l, struct doorbell *d, const char *cmdline);

#endif
