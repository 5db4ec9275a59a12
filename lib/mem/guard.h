/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to mapped files that survives the file getting shorter: the SIGBUS that the kernel then
 * sends becomes a result. For lib/mem alone.
 */
#ifndef KTSTR_MEM_GUARD_H
#define KTSTR_MEM_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* A piece of address space whose pages may be gone. */
struct guard_area {
	const void *begin;
	size_t len;
};

/* Set the handler of SIGBUS, once for the process. What was there before gets all signals that are
 * not for an area in use. */
int guard_install(struct err *e);

/*
 * Copy @len bytes, of which the source or the destination lies in @area. 1, 2, 4 or 8 bytes that
 * are aligned on both sides of the copy's far end are one load and one store. False when a page of
 * the area is gone; what was copied until then stays.
 */
bool guard_copy(void *dst, const void *src, size_t len, struct guard_area area);

/*
 * The first place in @area at or behind @from, by steps of @step bytes, where the @n bytes of
 * @needle are, to *ret; NULL when there is none. False when a page is gone.
 */
bool guard_find(struct guard_area area, size_t from, size_t step, const void *needle, size_t n,
		const void **ret);

#endif
