/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's memory as an ELF core, for crash(8), drgn and ourselves. */
#ifndef KTSTR_FREEZE_CORE_H
#define KTSTR_FREEZE_CORE_H

#include <jansson.h>

#include "view.h"

/* Write it to @fd, an empty file, while the guest stands still. @regs: the registers of each vCPU
 * as the machine tells them, or NULL. */
int core_write(int fd, const struct view *v, const json_t *regs, struct err *e);

#endif
