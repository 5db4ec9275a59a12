/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMCOREINFO: lines of NAME=VALUE that the kernel keeps in a page of its own for dump tools
 * (kernel/vmcore_info.c, Documentation/admin-guide/kdump/vmcoreinfo.rst). Finds it in memory and
 * answers questions. The text is a guest's: any value may be absurd, so that who uses one checks
 * it.
 */
#ifndef KTSTR_KERNEL_VMCOREINFO_H
#define KTSTR_KERNEL_VMCOREINFO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "mem/mem.h"

#define VMCOREINFO_MAX 4096u /* bytes: VMCOREINFO_BYTES is a page */
#define VMCOREINFO_RELEASE_MAX 65u

struct vmcoreinfo {
	char text[VMCOREINFO_MAX + 1];	      /* NUL-terminated, NUL-free before */
	uint64_t gpa;			      /* where it was found; UINT64_MAX for a given text */
	char release[VMCOREINFO_RELEASE_MAX]; /* OSRELEASE, safe to print */
};

/*
 * A search through memory for texts that are plausible: those at the begin of a page first, then
 * all others. There may be several (a copy kept for kexec, one that a kernel before a reboot left);
 * the caller goes on until one holds.
 */
struct vmcoreinfo_search {
	const struct mem *mem; /* borrowed */
	struct mem_search places;
	unsigned int tries; /* places that may still turn out to be none */
	bool cut;	    /* they were used up */
};

void vmcoreinfo_search_init(struct vmcoreinfo_search *s, const struct mem *m);
/* The next one. ENOENT: no more, or too many places that only begin as one. */
int vmcoreinfo_next(struct vmcoreinfo_search *s, struct vmcoreinfo *ret, struct err *e);

/* Take a given text of @len bytes, e.g. from a core file's note. */
int vmcoreinfo_parse(const char *text, size_t len, struct vmcoreinfo *ret, struct err *e);

/*
 * The value of SYMBOL(@name) (hexadecimal), NUMBER(@name) (decimal or 0x, may be negative: two's
 * complement), OFFSET(@name), SIZE(@name), LENGTH(@name) (decimal), and of the plain key @name
 * (hexadecimal, e.g. KERNELOFFSET). ENOENT when it is missing, EPROTO when it is no number; the
 * text names the key.
 */
int vmcoreinfo_symbol(const struct vmcoreinfo *v, const char *name, uint64_t *ret, struct err *e);
int vmcoreinfo_number(const struct vmcoreinfo *v, const char *name, uint64_t *ret, struct err *e);
int vmcoreinfo_offset(const struct vmcoreinfo *v, const char *name, uint64_t *ret, struct err *e);
int vmcoreinfo_size(const struct vmcoreinfo *v, const char *name, uint64_t *ret, struct err *e);
int vmcoreinfo_length(const struct vmcoreinfo *v, const char *name, uint64_t *ret, struct err *e);
int vmcoreinfo_hex(const struct vmcoreinfo *v, const char *name, uint64_t *ret, struct err *e);

#endif
