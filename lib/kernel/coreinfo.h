/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a core of a kernel's memory (mem/vmcore.h) says about the kernel in it.
 */
#ifndef KTSTR_KERNEL_COREINFO_H
#define KTSTR_KERNEL_COREINFO_H

#include "kernel/kernel.h"
#include "mem/vmcore.h"

/* All but the registers, which are the caller's to add. The text is @k's. What @k does not know is
 * left out. */
void coreinfo_init(struct vmcore_info *ret, const struct kernel *k);

/* Say in @regs, one a CPU, which task runs there: only then does drgn take the registers for that
 * task's. Those that cannot be told stay as they are; the guest stands still. */
void coreinfo_tasks(const struct kernel *k, struct vmcore_regs *regs, size_t n);

#endif
