/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registers of a vCPU as a machine tells them: the answer to `regs`, ktstr-vm(7).
 */
#ifndef KTSTR_VM_REGS_H
#define KTSTR_VM_REGS_H

#include <jansson.h>

#include "base/error.h"
#include "mem/vmcore.h"

/*
 * Take the registers of the object @answer for a core. What it does not tell is 0, as is the task;
 * rip and rsp must be there. EPROTO when one is not, or is no hexadecimal string; the text names
 * it.
 */
int vm_regs_parse(const json_t *answer, struct vmcore_regs *ret, struct err *e);

#endif
