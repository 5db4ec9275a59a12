/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holds a scheduler at the system call by which it attaches its operations to the kernel, so that
 * the host can look at them first. A filter in the scheduler's process asks us (seccomp(2),
 * SECCOMP_RET_USER_NOTIF); all other calls pass it.
 */
#ifndef KTSTR_GUEST_INIT_ATTACH_H
#define KTSTR_GUEST_INIT_ATTACH_H

#include <stdbool.h>

#include "base/error.h"

/* In the child, before it executes the scheduler: install the filter and send its descriptor over
 * @socket. On failure nothing is sent, and the scheduler is not held. */
void attach_catch(int socket);

/* In the parent: the descriptor that attach_catch sends, or -1 when it failed. */
int attach_receive(int socket);

/*
 * After @fd polled readable: take the call that waits. *ret_id is for attach_go_on. Returns whether
 * there is one: a signal may have called it off. *ret_struct_ops tells that it attaches a table of
 * operations.
 */
bool attach_take(int fd, unsigned long long *ret_id, bool *ret_struct_ops);
/* Let the call be made. */
void attach_go_on(int fd, unsigned long long id);

#endif
