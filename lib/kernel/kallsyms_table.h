/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The symbol table behind kernel/kallsyms.h, whatever it was made from: compressed names,
 * addresses, an index of names and, where the table is not in the order of addresses, one of
 * addresses. For the files that make one (kallsyms.c, kallsyms_map.c, kallsyms_elf.c) and their
 * tests; everybody else uses kernel/kallsyms.h.
 */
#ifndef KTSTR_KERNEL_KALLSYMS_TABLE_H
#define KTSTR_KERNEL_KALLSYMS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "kernel/kallsyms.h"
#include "kernel/kallsyms_tokens.h"

struct kallsyms {
	struct kallsyms_tokens tokens;
	size_t n;
	uint8_t *names;
	uint32_t *at;	 /* at[i]: where in names symbol i begins */
	uint64_t *kva;	 /* kva[i]: its address */
	uint32_t *order; /* symbols by address; NULL when the table is in that order */
	uint32_t *slots; /* the index of names: see kallsyms_index.c */
	unsigned int slot_bits, number_bits;
	uint64_t image_start, image_end; /* what kallsyms_name() answers for: [start, end) */
};

/* A name's first slot is hash * this, its highest slot_bits bits. */
#define KALLSYMS_SLOT_FACTOR 0xff51afd7ed558ccdu

/* What was copied out of a guest. */
struct kallsyms_source {
	size_t n;	/* symbols, at most KALLSYMS_SYMBOLS_MAX */
	uint8_t *names; /* allocated; all n names, see kallsyms_walk() */
	uint32_t *at;	/* allocated; from kallsyms_walk() */
	const void *token_table;
	size_t token_table_len;
	const void *token_index; /* KALLSYMS_TOKENS u16 */
	const void *offsets;	 /* n s32 */
	uint64_t offsets_kva;
	bool has_base; /* relative to @base, else to the entry */
	uint64_t base;
	uint64_t stext; /* where _stext must come out */
};

/* Decode it. Takes names and at over (they become NULL) on success and on failure. EPROTO: a token
 * or _stext is wrong. *ret is the caller's (kallsyms_destroy). */
int kallsyms_decode(struct kallsyms_source *s, struct kallsyms **ret, struct err *e);

/* A symbol as a System.map or an ELF file has it. */
struct kallsyms_plain {
	uint64_t kva;
	const char *name; /* not terminated; borrowed until kallsyms_create_plain() returns */
	uint16_t len;	  /* 1 to KALLSYMS_NAME_MAX - 1 */
	char type;
};

/* Only what lies in the image moves with it; lower symbols are absolute, e.g. per-CPU offsets
 * before 6.15. */
static inline uint64_t kallsyms_slide(uint64_t kva, uint64_t slide)
{
	return kva < KMEM_IMAGE_BASE ? kva : kva + slide;
}

/* Make a table of @n of them, in order of address. ENOENT when @n is 0. */
int kallsyms_create_plain(const struct kallsyms_plain *sym, size_t n, struct kallsyms **ret,
			  struct err *e);

/* The order of @kva[0..n): a permutation such that kva[order[i]] never falls, the same addresses in
 * the order in which they came. NULL with *e set when memory is out; else the caller's to free. */
uint32_t *kallsyms_order(const uint64_t *kva, size_t n, struct err *e);

/* The index of names over names, at, n. Names that are there twice are found at their first place.
 * EPROTO when far too many names fall on the same place, which chance does not do. */
int kallsyms_index(struct kallsyms *s, struct err *e);

/* The number of symbol @name, -1 when there is none. */
ssize_t kallsyms_lookup(const struct kallsyms *s, const char *name);

#endif
