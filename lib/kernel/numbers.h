/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whatever numbers a struct of the kernel has, under the kernel's names for them: for those who
 * show what is there and need to know none of it. A number is an integer, a bool, an enum, a bit
 * field of such, or an atomic_t; pointers, lists, locks and embedded structs are left out.
 */
#ifndef KTSTR_KERNEL_NUMBERS_H
#define KTSTR_KERNEL_NUMBERS_H

#include "kernel/fields.h"
#include "kernel/types.h"

struct numbers {
	struct fields f;
	const char *names[FIELDS_MAX]; /* f.n of them, owned by the types */
};

/*
 * Add those of struct @type, which lies @offset bytes into what will be read. A struct that the
 * kernel does not have, has none; what is beyond FIELDS_MAX is left out. numbers_seal() once at the
 * end.
 */
void numbers_add(struct numbers *n, const struct types *t, const char *type, uint64_t offset);
int numbers_seal(struct numbers *n, struct err *e);

#endif
