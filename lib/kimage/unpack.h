/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The compressed streams in which a kernel image carries its ELF, told apart by their first bytes.
 * Input is hostile: output and the decoders' own memory have limits, and a stream that ends early
 * is an error that says truncated.
 */
#ifndef KTSTR_KIMAGE_UNPACK_H
#define KTSTR_KIMAGE_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* Memory that one decoder may take, beyond its output. The largest window that kernels are built
 * with is 128 MiB (zstd -22 --ultra). */
#define UNPACK_MEMORY_MAX (256u << 20)

enum unpack_format {
	UNPACK_UNKNOWN = 0,
	UNPACK_NONE, /* an ELF, as it is */
	UNPACK_GZIP,
	UNPACK_XZ, /* with or without a BCJ filter */
	UNPACK_LZMA,
	UNPACK_ZSTD,
	UNPACK_LZ4,   /* the legacy frame, the only one that kernels use */
	UNPACK_BZIP2, /* known by name only */
	UNPACK_LZO,   /* known by name only */
};

/* The format of the stream that begins @data. */
enum unpack_format unpack_detect(const void *data, size_t len);

/* "zstd" and so on; "unknown" for what it does not know. */
const char *unpack_name(enum unpack_format format);

/*
 * Decompress the stream that begins @data and add it to @out, at most @max bytes (EFBIG beyond).
 * What follows the stream's end is not looked at; *@used is the length of the stream. On failure
 * @out holds what was decompressed until then.
 */
int unpack(enum unpack_format format, const void *data, size_t len, size_t max, struct buf *out,
	   size_t *used, struct err *e);

#endif
