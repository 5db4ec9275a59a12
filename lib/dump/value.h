/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A value of a BPF program's as JSON: bytes and their BTF type become an object whose member `kind`
 * tells what it is.
 *
 *   int, uint   bits, value
 *   bool, char, float   value (a char that is no printable ASCII: its number)
 *   enum        bits, value, variant? (the name)
 *   string      value: an array of char that holds printable text up to a NUL, zeros behind it
 *   struct      type_name?, members [{name, value}..]; also unions
 *   array       len, elements (at most VALUE_ELEMENTS_MAX; len is the whole)
 *   cpu_list    cpus "0-3,8": cpumask, bpf_cpumask, and pointers to them (then also `ptr`)
 *   ptr         value (hexadecimal string), target? (what it leads to), skip? (why it was not
 *               followed: "null" is not told, "cycle", "depth", "kernel type", "not mapped"..)
 *   bytes       hex
 *   truncated   needed, had, partial?
 *   unsupported reason
 *
 * Numbers that JSON programs would round (above 2^53) are still JSON integers.
 */
#ifndef KTSTR_DUMP_VALUE_H
#define KTSTR_DUMP_VALUE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/kernel.h"
#include "kernel/types.h"

#define VALUE_MODIFIERS_MAX 32u
#define VALUE_DEPTH_MAX 32u
#define VALUE_HOPS_MAX 16u
#define VALUE_ELEMENTS_MAX 4096u
#define VALUE_NODES_MAX 100000u /* objects of one value, its targets included */

/* An arena: programs store addresses of its mapping in user space. */
struct value_arena {
	uint64_t user_start, len; /* bytes */
	uint64_t kva;		  /* where the kernel has the same pages; not all need be there */
};

struct value_context {
	const struct kernel *kernel; /* its memory, and the kernel's own types */
	const struct value_arena *arenas;
	size_t n_arenas;
};

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

/* Read what value_json() would read, and make nothing: for a memory that records. */
void value_touch(const struct value_context *c, const struct types *t, uint32_t type,
		 const uint8_t *bytes, size_t len, uint64_t kva);

/* @bytes as `bytes`, without a type. */
json_t *value_bytes_json(const uint8_t *bytes, size_t len);

#endif
