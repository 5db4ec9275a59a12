/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void names_deinit(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->at[i]);
	free(n->at);
	*n = (struct names){0};
}

int names_add_len(struct names *n, const char *text, size_t len, struct err *e)
{
	char **at = reallocarray(n->at, n->count + 1, sizeof(*at));

	if (!at)
		return err_set(e, ENOMEM, "out of memory");
	n->at = at;
	at[n->count] = strndup(text, len);
	if (!at[n->count])
		return err_set(e, ENOMEM, "out of memory");
	n->count++;
	return 0;
}

int names_add(struct names *n, const char *text, struct err *e)
{
	return names_add_len(n, text, strlen(text), e);
}

bool names_has(const struct names *n, const char *text)
{
	for (size_t i = 0; i < n->count; i++)
		if (strcmp(n->at[i], text) == 0)
			return true;
	return false;
}
