/* SPDX-License-Identifier: GPL-2.0-only */
/* Inputs that a unit test makes for the fuzz target of its name to begin with: TEST --seeds DIR. */
#ifndef KTSTR_TESTS_UNIT_SEEDS_H
#define KTSTR_TESTS_UNIT_SEEDS_H

#include <stdio.h>

#include "base/buf.h"
#include "base/io.h"

/* Write @dir/@name. Returns the test's exit status: 0, or 2 when that fails. */
static int seed_write(const char *dir, const char *name, const struct buf *seed)
{
	_cleanup_buf_ struct buf path = {0};
	struct err e;

	buf_addf(&path, "%s/%s", dir, name);
	if (io_write_file(buf_text(&path), buf_text(seed), seed->len, &e) == 0)
		return 0;
	fprintf(stderr, "%s\n", e.text);
	return 2;
}

#endif
