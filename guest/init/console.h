/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last-words console: COM2, written by port I/O, so that it works in a signal handler and when
 * nothing else does. Lines `PANIC: ...`, and `KTSTR_EXIT=<n>` at the very end.
 */
#ifndef KTSTR_GUEST_INIT_CONSOLE_H
#define KTSTR_GUEST_INIT_CONSOLE_H

#include <stddef.h>

/* Get the right to the ports. Until then, and when that fails, the other calls do nothing. */
int console_init(void);

/* Write bytes. Safe in a signal handler; gives up on a byte that the port does not take. */
void console_write(const char *text, size_t len);

/* As console_write for a C string, and for a number. Safe in a signal handler. */
void console_puts(const char *text);
void console_put_hex(unsigned long value);
void console_put_dec(unsigned long value);

/* Write one formatted line; control characters become '?'. Not for signal handlers. */
void console_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
