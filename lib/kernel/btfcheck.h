/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether bytes are BTF that libbpf and its accessors can be let loose on. Before 1.3 libbpf checks
 * little more than lengths; after this check each name is a terminated string, each type id is in
 * range, and each type's kind, list and size are possible. What types mean together (cycles,
 * members that do not fit) is for who follows them.
 */
#ifndef KTSTR_KERNEL_BTFCHECK_H
#define KTSTR_KERNEL_BTFCHECK_H

#include <bpf/btf.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct btfcheck {
	uint32_t n_types; /* in these bytes, without those of the base */
};

/*
 * Check @len bytes, little-endian, standing alone or (with @base) split from @base, which was
 * checked before. EPROTO; the text names the type's id and what is wrong with it.
 */
int btfcheck(const void *data, size_t len, const struct btf *base, struct btfcheck *ret,
	     struct err *e);

#endif
