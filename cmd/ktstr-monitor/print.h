/* SPDX-License-Identifier: GPL-2.0-only */
/* One thing out of a kernel's memory, whole: its log, its symbols, its types, its VMCOREINFO. */
#ifndef KTSTR_MONITOR_PRINT_H
#define KTSTR_MONITOR_PRINT_H

#include "base/buf.h"
#include "base/error.h"
#include "kernel/kernel.h"

typedef int (*print_fn)(const struct kernel *k, struct buf *ret, struct err *e);

struct print {
	const char *name;
	print_fn run; /* adds the thing to *ret, the guest's bytes as they are */
};

/* dmesg, kallsyms, btf or vmcoreinfo; NULL for any other name. */
const struct print *print_find(const char *name);

#endif
