/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scope-bound release of memory and descriptors, and the steal helpers that hand a value over to
 * somebody who outlives the scope.
 */
#ifndef KTSTR_BASE_CLEANUP_H
#define KTSTR_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_free_ _cleanup_(cleanup_freep)
#define _cleanup_close_ _cleanup_(cleanup_closep) /* of an int, -1 holds nothing */
#define _cleanup_fclose_ _cleanup_(cleanup_fclosep)

/* Take the value out of a cleanup variable: the variable then holds nothing. */
static inline int steal_fd(int *fd)
{
	int ret = *fd;

	*fd = -1;
	return ret;
}

#define steal_ptr(p)                                \
	({                                          \
		__typeof__(*(p)) steal_ret_ = *(p); \
		*(p) = NULL;                        \
		steal_ret_;                         \
	})

#endif
