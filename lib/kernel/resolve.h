/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From what people write to where it is in the kernel:
 *
 *   [kernel.]SYMBOL[:LEN]            a variable; LEN is 1, 2, 4 or 8 bytes
 *   [kernel.]SYMBOL[@CPU][MEMBERS]   of a type that is known
 *
 * where MEMBERS are `.name` and `[index]`, and pointers are followed as they are now. Types are
 * known of per-CPU variables, which are on CPU 0 unless @CPU says otherwise, and of some others
 * (scx_root, init_task..); of those the kernel's BTF tells, if it does, and a table here.
 *
 * A variable of no known type is taken to be as long as its address is aligned, at most 8 bytes,
 * and to end before the next symbol.
 */
#ifndef KTSTR_KERNEL_RESOLVE_H
#define KTSTR_KERNEL_RESOLVE_H

#include "kernel/kernel.h"

#define RESOLVE_PATH_MAX 256u /* bytes, with the NUL */

/*
 * *ret_len is that of the whole object, which may be a struct. ENOENT: there is no such symbol,
 * member, CPU, or a pointer on the way is NULL or leads nowhere; EINVAL or ERANGE: that is no path.
 * The text is `'PATH' did not resolve: why`.
 */
int resolve(const struct kernel *k, const char *path, uint64_t *ret_kva, uint64_t *ret_len,
	    struct err *e);

#endif
