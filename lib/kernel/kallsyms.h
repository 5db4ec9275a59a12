/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's symbol table: decoded from kallsyms in guest memory (kernel/kallsyms.c,
 * scripts/kallsyms.c), or read from a vmlinux with symbols or a System.map. Names to addresses and
 * back.
 */
#ifndef KTSTR_KERNEL_KALLSYMS_H
#define KTSTR_KERNEL_KALLSYMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kernel/kmem.h"
#include "kernel/vmcoreinfo.h"

#define KALLSYMS_SYMBOLS_MAX (4u << 20)
#define KALLSYMS_NAME_MAX 512u /* with the NUL: KSYM_NAME_LEN */

struct kallsyms;

/*
 * Decode the table that VMCOREINFO points to. An address in kallsyms_offsets is, newest first:
 * relative to its own entry (since 7.0), or to kallsyms_relative_base, of which a negative
 * value, or with KALLSYMS_ABSOLUTE_PERCPU a positive one, is absolute. The form is told by what
 * VMCOREINFO has and checked against _stext.
 */
int kallsyms_create(const struct kmem *k, const struct vmcoreinfo *v, struct kallsyms **ret,
		    struct err *e);

/* From `ADDRESS TYPE NAME` lines of a System.map (the file's bytes). @slide is added to addresses.
 */
int kallsyms_create_map(const void *data, size_t len, uint64_t slide, struct kallsyms **ret,
			struct err *e);
/* From the symbol table of an ELF vmlinux. */
int kallsyms_create_elf(const void *data, size_t len, uint64_t slide, struct kallsyms **ret,
			struct err *e);
/* NULL is allowed. */
void kallsyms_destroy(struct kallsyms *s);

/* The address of @name: the first when there are several of that name. ENOENT names it. */
int kallsyms_find(const struct kallsyms *s, const char *name, uint64_t *ret, struct err *e);

/* The symbol at or before @kva: its name, and how far behind it @kva is. ENOENT when there is none
 * or @kva lies outside the kernel. */
int kallsyms_name(const struct kallsyms *s, uint64_t kva, char ret[KALLSYMS_NAME_MAX],
		  uint64_t *ret_offset, struct err *e);

/* How many there are, and each of them in the table's order, with its type letter. */
size_t kallsyms_count(const struct kallsyms *s);
int kallsyms_get(const struct kallsyms *s, size_t i, char ret[KALLSYMS_NAME_MAX], uint64_t *ret_kva,
		 char *ret_type, struct err *e);

#endif
