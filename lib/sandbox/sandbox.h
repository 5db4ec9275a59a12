/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Give up all system calls but those named: for programs about to read what a guest wrote. A call
 * that is not allowed kills the process with SIGSYS. It cannot be undone, and is inherited.
 */
#ifndef KTSTR_SANDBOX_SANDBOX_H
#define KTSTR_SANDBOX_SANDBOX_H

#include "base/error.h"

/*
 * Allow memory management, clocks, reading, writing and closing of descriptors that are open,
 * polling, and the calls named in @more (names as in syscalls(2), NULL-terminated; a name that this
 * architecture does not have is passed over). Sets no_new_privs. A build with sanitizers does
 * nothing: their runtime needs calls of its own.
 */
int sandbox_enter(const char *const *more, struct err *e);

#endif
