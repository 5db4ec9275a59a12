/* SPDX-License-Identifier: GPL-2.0-only */
#include "mem/guard.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

/*
 * The access that a thread is in the middle of. A handler of a signal gets no argument of ours, so
 * this and the old handler cannot live in an object.
 */
static _Thread_local struct {
	sigjmp_buf *volatile env; /* NULL: none */
	struct guard_area area;
} guard;

static struct sigaction guard_old;
static int guard_errno;
static pthread_once_t guard_once = PTHREAD_ONCE_INIT;

/* The compiler must not move an access to the area across the stores that arm the guard. */
static inline void guard_fence(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void guard_pass_on(int sig, siginfo_t *info, void *context)
{
	if (guard_old.sa_flags & SA_SIGINFO) {
		guard_old.sa_sigaction(sig, info, context);
	} else if (guard_old.sa_handler != SIG_DFL && guard_old.sa_handler != SIG_IGN) {
		guard_old.sa_handler(sig);
	} else if (info->si_code > 0 || guard_old.sa_handler == SIG_DFL) {
		/* As without us: the access is made again (a sent signal sent again), and kills. */
		signal(SIGBUS, SIG_DFL);
		if (info->si_code <= 0)
			raise(SIGBUS);
	}
}

static void guard_on_bus(int sig, siginfo_t *info, void *context)
{
	sigjmp_buf *env = guard.env;
	uintptr_t begin = (uintptr_t)guard.area.begin;

	/* A positive code means that the kernel sent it: si_addr is the address of the access. */
	if (env && info->si_code > 0 && (uintptr_t)info->si_addr - begin < guard.area.len) {
		guard.env = NULL;
		siglongjmp(*env, 1);
	}
	guard_pass_on(sig, info, context);
}

static void guard_set_handler(void)
{
	/* No mask is saved and restored by each access, so the signal must not be masked. */
	struct sigaction sa = {.sa_sigaction = guard_on_bus, .sa_flags = SA_SIGINFO | SA_NODEFER};

	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGBUS, NULL, &guard_old) || sigaction(SIGBUS, &sa, NULL))
		guard_errno = errno;
}

int guard_install(struct err *e)
{
	pthread_once(&guard_once, guard_set_handler);
	if (!guard_errno)
		return 0;
	errno = guard_errno;
	return err_sys(e, "cannot handle SIGBUS");
}

/* The access is a single one where it can be: the guest may be changing the number. */
static inline void copy_once(void *dst, const void *src, size_t len)
{
	uintptr_t both = (uintptr_t)dst | (uintptr_t)src;

	if (len == 8 && !(both & 7))
		*(volatile uint64_t *)dst = *(const volatile uint64_t *)src;
	else if (len == 4 && !(both & 3))
		*(volatile uint32_t *)dst = *(const volatile uint32_t *)src;
	else if (len == 2 && !(both & 1))
		*(volatile uint16_t *)dst = *(const volatile uint16_t *)src;
	else if (len == 1)
		*(volatile uint8_t *)dst = *(const volatile uint8_t *)src;
	else
		memcpy(dst, src, len);
}

bool guard_copy(void *dst, const void *src, size_t len, struct guard_area area)
{
	sigjmp_buf env;

	if (sigsetjmp(env, 0))
		return false;
	guard.area = area;
	guard.env = &env;
	guard_fence();
	copy_once(dst, src, len);
	guard_fence();
	guard.env = NULL;
	return true;
}

static __attribute__((noinline)) const void *find(struct guard_area area, size_t from, size_t step,
						  const void *needle, size_t n)
{
	const uint8_t *data = area.begin, *want = needle;

	if (n > area.len)
		return NULL;
	if (step == 1)
		return from > area.len - n ? NULL : memmem(data + from, area.len - from, needle, n);
	for (size_t at = from; at <= area.len - n; at += step) {
		/* Cheap first: nearly every place differs in its first byte. */
		if (*(const volatile uint8_t *)(data + at) == want[0] &&
		    !memcmp(data + at, needle, n))
			return data + at;
		if (area.len - at < step)
			break;
	}
	return NULL;
}

bool guard_find(struct guard_area area, size_t from, size_t step, const void *needle, size_t n,
		const void **ret)
{
	sigjmp_buf env;

	if (sigsetjmp(env, 0))
		return false;
	guard.area = area;
	guard.env = &env;
	guard_fence();
	*ret = find(area, from, step, needle, n);
	guard_fence();
	guard.env = NULL;
	return true;
}
