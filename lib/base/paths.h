/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a program of ours finds its data and the guest's binaries. Run from a build tree
 * (.../build/bin/NAME), it takes the tree's share/ and .../build/guest; installed under a prefix
 * (PREFIX/bin/NAME), it takes PREFIX/share/ktstr and PREFIX/libexec/ktstr.
 */
#ifndef KTSTR_BASE_PATHS_H
#define KTSTR_BASE_PATHS_H

#include <limits.h>

#include "base/error.h"

/* Path of the data file @name, e.g. "topologies". Whether it exists is not looked at. */
int paths_share(const char *name, char ret[PATH_MAX], struct err *e);

/* Path of the guest binary @name, e.g. "ktstr-init". As paths_share(). */
int paths_libexec(const char *name, char ret[PATH_MAX], struct err *e);

#endif
