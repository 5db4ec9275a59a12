/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel image as people pass it: an x86 bzImage (Documentation/arch/x86/boot.rst, protocol 2.08
 * or later) or an ELF vmlinux. Tells its release and hands out the vmlinux within. All bytes are
 * hostile.
 */
#ifndef KTSTR_KIMAGE_KIMAGE_H
#define KTSTR_KIMAGE_KIMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "kimage/unpack.h"
#include "kimage/vmlinux.h"

#define KIMAGE_FILE_MAX ((size_t)2 << 30)    /* a vmlinux with all its debug information */
#define KIMAGE_VMLINUX_MAX ((size_t)1 << 30) /* unpacked from a bzImage */

enum kimage_kind {
	KIMAGE_BZIMAGE,
	KIMAGE_VMLINUX,
};

struct kimage {
	enum kimage_kind kind;
	enum unpack_format format; /* UNPACK_NONE for a vmlinux */
	char release[KIMAGE_RELEASE_MAX];
	const uint8_t *payload; /* within the caller's bytes */
	size_t payload_len;
};

/*
 * Recognise the @len bytes at @data, which must outlive @ret. An image that is shorter than its
 * header says is an error whose text says truncated.
 */
int kimage_open(const void *data, size_t len, struct kimage *ret, struct err *e);

/*
 * Add the vmlinux of @k to @ret, at most @max bytes. Only that the stream is whole and has the
 * length that the image records is checked; the ELF is for vmlinux_open() to judge. On failure
 * @ret holds part of it.
 */
int kimage_unpack(const struct kimage *k, size_t max, struct buf *ret, struct err *e);

/* "bzImage" or "vmlinux". */
const char *kimage_kind_name(enum kimage_kind kind);

#endif
