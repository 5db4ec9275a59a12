/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vmlinux: the kernel's ELF file (64-bit, little-endian, x86-64), held in memory. Sections by
 * name, the release in the kernel's banner, and what the kernel was built with, as far as the file
 * itself tells: BTF, a name in BTF, the PVH entry note. No symbol table is needed. All bytes are
 * hostile; nothing is copied, so everything points into the caller's bytes.
 */
#ifndef KTSTR_KIMAGE_VMLINUX_H
#define KTSTR_KIMAGE_VMLINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define KIMAGE_RELEASE_MAX 65	    /* with the NUL; the kernel's own limit for utsname */
#define VMLINUX_SECTIONS_MAX 65536u /* headers looked at */
#define VMLINUX_SEGMENTS_MAX 1024u
#define VMLINUX_NOTES_MAX 4096u /* notes looked at in one segment */

struct vmlinux {
	const uint8_t *data;
	size_t len;
	uint64_t sections_off; /* of the section headers; sections is 0 when there are none */
	uint32_t sections;
	uint32_t names; /* index of the section that holds the names */
	uint64_t segments_off;
	uint32_t segments;
};

/* Check the ELF header and that all that it promises lies within @len bytes (otherwise the error
 * says truncated). The bytes must outlive @ret. */
int vmlinux_open(const void *data, size_t len, struct vmlinux *ret, struct err *e);

/* Find section @name. Returns 0 with its bytes, or -1 (ENOENT when there is none). */
int vmlinux_section(const struct vmlinux *v, const char *name, const void **ret, size_t *ret_len,
		    struct err *e);

/* The release of the kernel's banner (`Linux version RELEASE (`). */
int vmlinux_release(const struct vmlinux *v, char ret[KIMAGE_RELEASE_MAX], struct err *e);

/* Whether the kernel has BTF, and whether its strings have @name whole. */
bool vmlinux_has_btf(const struct vmlinux *v);
bool vmlinux_btf_has_name(const struct vmlinux *v, const char *name);

/* Whether it has the note by which a PVH loader (QEMU's -kernel) finds its entry. */
bool vmlinux_has_pvh(const struct vmlinux *v);

#endif
