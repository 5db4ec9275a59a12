/* SPDX-License-Identifier: GPL-2.0-only */
/* QEMU's text of a vCPU's registers ("info registers") as JSON. */
#ifndef KTSTR_BOOT_TCG_REGISTERS_H
#define KTSTR_BOOT_TCG_REGISTERS_H

#include <jansson.h>

#include "base/error.h"

/*
 * One object, numbers as "0x..." strings (JSON numbers hold only 53 bits for most readers): rax ..
 * r15, rip, rflags, cs, ss, ds, es, fs, gs (selectors), fs_base, gs_base, cr0, cr2, cr3, cr4, efer,
 * and halted (bool). A register that the text does not have is absent. NULL on failure: text that
 * has no rip.
 */
json_t *registers_parse(const char *text, struct err *e);

#endif
