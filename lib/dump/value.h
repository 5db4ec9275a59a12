/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A value of a BPF program's as JSON: bytes and their BTF type become an object whose member `kind`
 * tells what it is.
 *
 *   int, uint   bits, value; bits counts those of a bit field
 *   bool        value (true, false)
 *   char        value (a string of one character, or the number of what is no printable ASCII)
 *   float       value (or "nan", "inf", "-inf")
 *   enum        bits, value, variant? (the name)
 *   string      value: an array of char that holds printable text up to a NUL, zeros behind it
 *   struct      type_name?, members [{name, value}..]; also unions (with all members) and sections
 *               of global variables; a member of an anonymous struct is in a member named ""
 *   array       len, elements (at most VALUE_ELEMENTS_MAX; len is the whole)
 *   cpu_list    cpus "0-3,8": cpumask, bpf_cpumask, scx_bitmap, and pointers to them (then also
 *               `ptr`)
 *   ptr         value (hexadecimal string), target? (what it leads to), skip? (why it was not
 *               followed: "null" is not told, "cycle", "depth", "kernel type", "not mapped"..)
 *   bytes       hex
 *   truncated   needed, had, partial?
 *   unsupported reason
 *
 * Numbers that JSON programs would round (above 2^53) are still JSON integers; those above 2^63 -
 * 1, which some cannot hold at all, and those of more than 64 bits are hexadecimal strings
 * ("0x..").
 */
#ifndef KTSTR_DUMP_VALUE_H
#define KTSTR_DUMP_VALUE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "json/jsonw.h"
#include "kernel/kernel.h"
#include "kernel/types.h"

#define VALUE_MODIFIERS_MAX 32u
#define VALUE_DEPTH_MAX 32u  /* of a value in one object */
#define VALUE_LEVELS_MAX 64u /* with those of the objects that pointers led through */
#define VALUE_HOPS_MAX 16u
#define VALUE_ELEMENTS_MAX 4096u
#define VALUE_NODES_MAX 100000u	    /* objects of one value, its targets included */
#define VALUE_TARGET_MAX (1u << 20) /* bytes of what a pointer leads to */

/* An arena: programs store addresses of its mapping in user space, or the low half of them. */
struct value_arena {
	uint64_t user_start, len; /* bytes */
	uint64_t kva; /* where the kernel has the page of user_start; not all pages need be there */
};

/* Where a task's name is: from the kernel's types. */
struct value_task {
	bool known;
	struct member pid, comm;
};

struct value_context {
	const struct kernel *kernel; /* its memory, and the kernel's own types */
	const struct value_arena *arenas;
	size_t n_arenas;
	/* Where a struct is looked for that is named only in a value's own types: those of other
	 * programs, the first that has it is taken. */
	const struct types *const *others;
	size_t n_others;
	struct value_task task; /* by value_context_init(); without it asked anew each time */
	uint64_t *nodes_left;	/* NULL, or objects that several values together may still have */
};

/* For values out of @k, without arenas. */
void value_context_init(struct value_context *c, const struct kernel *k);

/*
 * The value of @type (an id in @t) of which the first @len bytes are at @bytes; @kva is where they
 * came from (0: not known), to see cycles by. NULL when memory is out; what cannot be told is
 * `unsupported` or `truncated`.
 *
 * A pointer is followed when it leads into an arena, or to a type that is the program's own, or to
 * a CPU mask; not into the kernel's own types.
 */
json_t *value_json(const struct value_context *c, const struct types *t, uint32_t type,
		   const uint8_t *bytes, size_t len, uint64_t kva);

/* The same as text, which costs a tenth of it: for many values. One JSON value is added to @w. */
void value_write(const struct value_context *c, const struct types *t, uint32_t type,
		 const uint8_t *bytes, size_t len, uint64_t kva, struct jsonw *w);

/* Read what value_json() would read, and make nothing: for a memory that records. */
void value_touch(const struct value_context *c, const struct types *t, uint32_t type,
		 const uint8_t *bytes, size_t len, uint64_t kva);

/* @bytes as `bytes`, without a type. */
void value_bytes_write(const uint8_t *bytes, size_t len, struct jsonw *w);
json_t *value_bytes_json(const uint8_t *bytes, size_t len);

#endif
