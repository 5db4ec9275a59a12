/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether what a VMCOREINFO text tells of is in memory: the parts of kernel_is_alive() that
 * kernel_attach() needs one by one. 0 when it holds.
 */
#ifndef KTSTR_KERNEL_ALIVE_H
#define KTSTR_KERNEL_ALIVE_H

#include <stdbool.h>

#include "base/error.h"
#include "kernel/kernel.h"

/* The text itself is where it was found. */
int alive_check_text(const struct kernel *k, struct err *e);
/* The kernel's own idea of its release is that of the text. Needs no symbols. */
int alive_check_release(const struct kernel *k, struct err *e);
/* linux_banner begins as it does in every kernel. */
int alive_check_banner(const struct kernel *k, struct err *e);
/* Whether it halts, powers off or restarts. False when that cannot be told. */
bool alive_is_going_down(const struct kernel *k);

#endif
