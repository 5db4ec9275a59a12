/* SPDX-License-Identifier: GPL-2.0-only */
/* The index of modules, modules.dep and modules.builtin parted by a NUL; then the load order of
 * what the first line begins with. */
#include "initrd/kmod.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *dep = (const char *)data, *end = dep + size;
	const char *nul = size ? memchr(dep, 0, size) : NULL;
	const char *builtin = nul ? nul + 1 : end;
	struct kmod_index x;
	struct err e;

	if (kmod_index_parse(dep, (size_t)((nul ? nul : end) - dep), builtin,
			     (size_t)(end - builtin), &x, &e))
		return 0;
	for (char name[] = "a"; name[0] <= 'z'; name[0]++) {
		_cleanup_names_ struct names files = {0};
		char plain[PATH_MAX];

		if (!kmod_files(&x, name, &files, &e) && files.count)
			kmod_plain_path(files.at[0], plain);
	}
	kmod_index_deinit(&x);
	return 0;
}
