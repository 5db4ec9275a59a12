/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The unit test frame: one program a file, its checks by CHECK, its cases by RUN in main. It prints
 * TAP, so tests/run counts cases, and ends with status 1 when a check failed.
 */
#ifndef KTSTR_TESTS_UNIT_TEST_H
#define KTSTR_TESTS_UNIT_TEST_H

#include <stdio.h>
#include <string.h>

static int test_failed, test_number, test_any_failed;

#define CHECK(cond)                                                                 \
	do {                                                                        \
		if (!(cond)) {                                                      \
			printf("# %s:%d: not so: %s\n", __FILE__, __LINE__, #cond); \
			test_failed = 1;                                            \
		}                                                                   \
	} while (0)

#define CHECK_STR(got, want)                                                         \
	do {                                                                         \
		const char *got_ = (got), *want_ = (want);                           \
		if (!got_ || strcmp(got_, want_) != 0) {                             \
			printf("# %s:%d: got '%s', want '%s'\n", __FILE__, __LINE__, \
			       got_ ? got_ : "(null)", want_);                       \
			test_failed = 1;                                             \
		}                                                                    \
	} while (0)

#define RUN(fn)                                                                          \
	do {                                                                             \
		test_failed = 0;                                                         \
		fn();                                                                    \
		printf("%sok %d - %s\n", test_failed ? "not " : "", ++test_number, #fn); \
		test_any_failed |= test_failed;                                          \
	} while (0)

#define TEST_END() (printf("1..%d\n", test_number), test_any_failed)

#endif
