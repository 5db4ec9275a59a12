/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of addresses in what the BPF JIT made: programs, their functions, trampolines (the list
 * bpf_kallsyms of struct bpf_ksym, kernel/bpf/core.c).
 */
#ifndef KTSTR_KERNEL_BPFSYMS_H
#define KTSTR_KERNEL_BPFSYMS_H

#include "kernel/kallsyms.h"
#include "kernel/kernel.h"

#define BPFSYMS_MAX 65536u /* looked at */

struct bpfsyms_layout {
	uint64_t list;			/* the variable bpf_kallsyms; 0: none of this is there */
	uint64_t node;			/* in struct bpf_ksym */
	struct member start, end, name; /* of struct bpf_ksym */
};

/* A kernel without has no names. */
void bpfsyms_layout_init(struct bpfsyms_layout *l, const struct kernel *k);

/* An address to be named. */
struct bpfsym {
	uint64_t kva;
	uint64_t start;		      /* of what it is in */
	char name[KALLSYMS_NAME_MAX]; /* "" while not known; the guest's bytes */
};

/* Name those of @syms that are in such a thing. How many are there without a name then. */
unsigned int bpfsyms_find(const struct bpfsyms_layout *l, const struct kernel *k,
			  struct bpfsym *syms, unsigned int n);

#endif
