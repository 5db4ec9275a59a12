/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel log out of the memory of a guest, also of a dead one: the printk ring buffer
 * (kernel/printk/printk_ringbuffer.c), laid out as VMCOREINFO tells.
 */
#ifndef KTSTR_KERNEL_PRINTK_H
#define KTSTR_KERNEL_PRINTK_H

#include "base/buf.h"
#include "kernel/kernel.h"

#define PRINTK_TEXT_MAX (64u << 20) /* bytes of the text ring */

struct printk_record {
	uint64_t seq, ts_ns;
	unsigned int facility, level;
	const char *text; /* not terminated, the guest's bytes; valid during the call */
	size_t len;
};
typedef int (*printk_fn)(void *arg, const struct printk_record *r);

/*
 * Hand each record, oldest first, to @fn; not 0 ends it. Records that are being written, were
 * overwritten meanwhile or make no sense are passed over and counted in *ret_skipped. Returns 0,
 * what @fn returned, or -1 with *e.
 */
int printk_walk(const struct kernel *k, printk_fn fn, void *arg, uint64_t *ret_skipped,
		struct err *e);

/* All of them as dmesg(1) shows them: `[    0.000000] text\n`, other lines of a record indented
 * likewise. */
int printk_text(const struct kernel *k, struct buf *ret, struct err *e);

/* The last lines of that, added to @ret: whole ones, at most @max_bytes of them. Reads little more.
 */
int printk_tail(const struct kernel *k, size_t max_bytes, struct buf *ret, struct err *e);

#endif
