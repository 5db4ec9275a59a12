/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel modules in a folder as depmod(8) leaves it (lib/modules/<release>): which files a module
 * needs, in what order, and their contents decompressed. Soft dependencies and aliases are not
 * looked at: modules are asked for by name.
 */
#ifndef KTSTR_INITRD_KMOD_H
#define KTSTR_INITRD_KMOD_H

#include <limits.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "initrd/names.h"

#define KMOD_INDEX_MAX (16u << 20) /* bytes of modules.dep, and of modules.builtin */
#define KMOD_MODULES_MAX 65536u	   /* lines of each */
#define KMOD_DEPTH_MAX 64u	   /* of a module needing a module needing ... */
#define KMOD_FILE_MAX (256u << 20) /* bytes of one module, packed or not */

struct kmod_module;

/* {0} is an index without modules. */
struct kmod_index {
	struct kmod_module *modules; /* sorted by name */
	size_t count;
};

/* Read modules.dep and, if it is there, modules.builtin of the folder @dir. On failure *ret holds
 * nothing. */
int kmod_index_read(const char *dir, struct kmod_index *ret, struct err *e);

/* As kmod_index_read from the texts of both; the error names the line. */
int kmod_index_parse(const char *dep, size_t dep_len, const char *builtin, size_t builtin_len,
		     struct kmod_index *ret, struct err *e);

void kmod_index_deinit(struct kmod_index *x);

/*
 * Add the files that must be loaded for the module @name to @files, those it needs first, paths
 * relative to the folder; a file that is already there is not added again. '-' and '_' are the
 * same in @name. A module that is built into the kernel adds nothing. Errors: no such module
 * (ENOENT), modules that need each other or a module that is not in the index (EPROTO).
 */
int kmod_files(const struct kmod_index *x, const char *name, struct names *files, struct err *e);

/* The path without what a compressed file has behind `.ko`. */
void kmod_plain_path(const char *file, char ret[PATH_MAX]);

/* Read the module file @path, decompressed, and add it to @ret. */
int kmod_read(const char *path, struct buf *ret, struct err *e);

/* The kernel release that the folder @dir belongs to: its own real name, or when that is "modules"
 * the name of the folder above it. */
int kmod_release(const char *dir, char ret[NAME_MAX + 1], struct err *e);

#define _cleanup_kmod_index_ _cleanup_(kmod_index_deinit)

#endif
