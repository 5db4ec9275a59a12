/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The folders that ld.so.conf(5) adds to the dynamic linker's search: one a line, `#` comments,
 * `include` with wildcards. ldconfig makes a cache from them, which is not read here.
 */
#ifndef KTSTR_INITRD_LDCONF_H
#define KTSTR_INITRD_LDCONF_H

#include "base/error.h"
#include "initrd/names.h"

#define LDCONF_FILE_MAX (1u << 20) /* bytes of one file */
#define LDCONF_FILES_MAX 256u	   /* files read in all */
#define LDCONF_DEPTH_MAX 8u	   /* includes within includes */
#define LDCONF_DIRS_MAX 1024u

/*
 * Add the folders that @path and the files it includes name to @dirs, in order, each once. A file
 * that is missing adds nothing, as for ldconfig; other failures to read one, and a file over the
 * limits, are errors.
 */
int ldconf_read(const char *path, struct names *dirs, struct err *e);

#endif
