/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel modules that the initramfs brings along. */
#ifndef KTSTR_GUEST_INIT_MODULES_H
#define KTSTR_GUEST_INIT_MODULES_H

#include "init/link.h"

/*
 * Load the modules named in @list (one path a line, in that order); no such file means no modules.
 * One that is loaded already is fine. Each failure is told as trouble.
 */
void modules_load(struct link *l, const char *list);

#endif
