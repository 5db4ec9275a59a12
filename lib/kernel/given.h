/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files about a kernel that a user gave (struct kernel_sources), taken instead of what the
 * guest has, once they are known to be of the same kernel.
 */
#ifndef KTSTR_KERNEL_GIVEN_H
#define KTSTR_KERNEL_GIVEN_H

#include <stdbool.h>

#include "base/error.h"
#include "kernel/kernel.h"
#include "kimage/vmlinux.h"

struct given {
	const struct kernel_sources *sources;
	struct vmlinux elf;    /* holds nothing without sources->vmlinux */
	bool symbols_from_elf; /* it has a symbol table */
};

/* Look at what was given (@sources may be NULL). Points into it. */
int given_init(struct given *g, const struct kernel_sources *sources, struct err *e);

/* EINVAL when the vmlinux has another build ID than the kernel in memory. */
int given_check(const struct given *g, const struct vmcoreinfo *v, struct err *e);

/* Symbols or types out of the files. Returns 0 with *ret NULL when no file has them. */
int given_symbols(const struct given *g, const struct vmcoreinfo *v, struct kallsyms **ret,
		  struct err *e);
int given_types(const struct given *g, struct types **ret, struct err *e);

#endif
