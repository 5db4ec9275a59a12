/* SPDX-License-Identifier: GPL-2.0-only */
/* closure LD_CONF PROGRAM GUEST: what PROGRAM needs as GUEST, a line `HOST GUEST` a file. */
#include "initrd/closure.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	_cleanup_closure_ struct closure c = {0};
	struct err e;

	if (argc != 4)
		return 2;
	if (closure_resolve(argv[2], argv[3], argv[1], &c, &e)) {
		fprintf(stderr, "closure: %s\n", e.text);
		return 2;
	}
	for (size_t i = 0; i < c.count; i++)
		printf("%s %s\n", closure_host_path(&c, i), closure_guest_path(&c, i));
	return 0;
}
