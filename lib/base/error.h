/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One shape of error for all of lib/.
 *
 * A call that can fail takes a `struct err *` (never NULL), returns 0 on success and -1 on
 * failure, and fills the error only on failure. lib/ never prints and never exits; the program
 * turns the error into one line. An error needs no allocation and owns nothing.
 */
#ifndef KTSTR_BASE_ERROR_H
#define KTSTR_BASE_ERROR_H

#define ERR_TEXT_MAX 512

struct err {
	int code;		 /* an errno value; EPROTO for bad input that has no better one */
	char text[ERR_TEXT_MAX]; /* one line, lower case, subject quoted, no full stop */
};

/* Replace control characters in @text by '?', in place, so that it is safe to print. */
void err_text_clean(char *text);

/*
 * Fill @e with @code and the formatted text (cut at ERR_TEXT_MAX - 1 bytes). Control characters
 * that came in through an argument are replaced by '?', so the text is safe to print.
 * Returns -1 always, so that a caller can write `return err_set(...)`.
 */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set with the present errno as code and `: <strerror>` (lower case) added to the text. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Put `<prefix>: ` before the text that @e holds, to add the subject that only the caller knows.
 * Returns -1 always.
 */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
