/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one ELF file asks of the dynamic linker: interpreter, libraries, where to look for them.
 * Only the program headers and the dynamic segment are read, as the dynamic linker itself does;
 * section headers may be missing or wrong. The file is hostile input.
 */
#ifndef KTSTR_INITRD_ELFDEPS_H
#define KTSTR_INITRD_ELFDEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "initrd/names.h"

#define ELFDEPS_NEEDED_MAX 1024u
#define ELFDEPS_STRING_MAX 4096u	/* bytes of one string with its NUL */
#define ELFDEPS_DYNAMIC_MAX (1u << 20)	/* bytes of the dynamic segment */
#define ELFDEPS_STRINGS_MAX (64u << 20) /* bytes of its string table */

struct elfdeps {
	uint8_t class;	     /* ELFCLASS32 or ELFCLASS64 */
	uint8_t encoding;    /* ELFDATA2LSB or ELFDATA2MSB */
	uint16_t machine;    /* EM_X86_64, ... */
	bool nodeflib;	     /* DF_1_NODEFLIB: the default folders are not looked into */
	char *interp;	     /* PT_INTERP; NULL: static, or a library */
	char *soname;	     /* DT_SONAME or NULL */
	char *rpath;	     /* DT_RPATH or NULL */
	char *runpath;	     /* DT_RUNPATH or NULL */
	struct names needed; /* DT_NEEDED in order */
};

/*
 * Read the ELF file that is open on @fd; its offset may move. @what names it in errors: ENOEXEC for
 * what is no ELF program or library, EPROTO for a truncated or damaged one. On failure *ret holds
 * nothing.
 */
int elfdeps_read(int fd, const char *what, struct elfdeps *ret, struct err *e);

/* As elfdeps_read for a file of @len bytes in memory. */
int elfdeps_parse(const void *data, size_t len, const char *what, struct elfdeps *ret,
		  struct err *e);

void elfdeps_deinit(struct elfdeps *d);

/* Whether code of both can be in one process. */
bool elfdeps_fit(const struct elfdeps *a, const struct elfdeps *b);

#define _cleanup_elfdeps_ _cleanup_(elfdeps_deinit)

#endif
