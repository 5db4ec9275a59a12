/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/console.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>

#define COM2 0x2f8
#define LINE_STATUS (COM2 + 5)
#define LINE_STATUS_EMPTY 0x20 /* the transmitter takes a byte */
#define TRIES 100000	       /* looks at the line status for one byte */

static bool have_ports; /* the one process that is PID 1 has one such console */

int console_init(void)
{
	if (ioperm(COM2, 8, 1))
		return -1;
	have_ports = true;
	return 0;
}

void console_write(const char *text, size_t len)
{
	for (size_t i = 0; have_ports && i < len; i++) {
		for (int try = 0; try < TRIES && !(inb(LINE_STATUS) & LINE_STATUS_EMPTY); try++)
			;
		outb((unsigned char)text[i], COM2);
	}
}

void console_puts(const char *text)
{
	console_write(text, strlen(text));
}

static void put_number(unsigned long value, unsigned int base)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	console_write(digits + at, sizeof(digits) - at);
}

void console_put_hex(unsigned long value)
{
	console_puts("0x");
	put_number(value, 16);
}

void console_put_dec(unsigned long value)
{
	put_number(value, 10);
}

void console_say(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = '?';
	console_puts(line);
	console_puts("\n");
}
