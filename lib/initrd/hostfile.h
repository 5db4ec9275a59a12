/* SPDX-License-Identifier: GPL-2.0-only */
/* Opens the host's files that go into an initramfs. */
#ifndef KTSTR_INITRD_HOSTFILE_H
#define KTSTR_INITRD_HOSTFILE_H

#include <sys/stat.h>

#include "base/error.h"

/*
 * Open the regular file @path for reading, symlinks followed; never waits (a FIFO is an error, not
 * a hang). Returns the descriptor, which the caller closes, and fills *st; -1 on failure, with the
 * errno of open(2) or EISDIR or EINVAL (neither file nor folder) as the error's code.
 */
int hostfile_open(const char *path, struct stat *st, struct err *e);

#endif
