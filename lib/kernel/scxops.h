/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations table of a sched_ext scheduler that is loaded but not attached yet: the kernel's
 * copy of `struct sched_ext_ops` inside a BPF map (kernel/bpf/bpf_struct_ops.c).
 *
 * What the kernel derives from it while it attaches, it derives once: the interval of the watchdog
 * and the first time that it looks. A timeout that is made shorter later is taken for a watchdog
 * that does not check in, and ends schedulers that do nothing wrong.
 */
#ifndef KTSTR_KERNEL_SCXOPS_H
#define KTSTR_KERNEL_SCXOPS_H

#include "kernel/kernel.h"

/* Of struct sched_ext_ops: the name to which bpf_struct_ops.name is compared begins so. */
#define SCXOPS_TYPE "sched_ext_ops"

/*
 * Set timeout_ms in each table that is ready to be attached; *ret_n is their number. Fails with
 * ENOENT when there is none, or the kernel has no such maps. To be called only while the machine
 * stands still.
 */
int scxops_set_timeout(const struct kernel *k, uint32_t timeout_ms, unsigned int *ret_n,
		       struct err *e);

#endif
