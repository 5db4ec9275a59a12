/* SPDX-License-Identifier: GPL-2.0-only */
/* A growing list of strings, each owned by the list. {0} is an empty list. */
#ifndef KTSTR_INITRD_NAMES_H
#define KTSTR_INITRD_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

struct names {
	char **at;
	size_t count;
};

void names_deinit(struct names *n);

/* Add a copy of the first @len bytes of @text. */
int names_add_len(struct names *n, const char *text, size_t len, struct err *e);

/* Add a copy of @text. */
int names_add(struct names *n, const char *text, struct err *e);

bool names_has(const struct names *n, const char *text);

#define _cleanup_names_ _cleanup_(names_deinit)

#endif
