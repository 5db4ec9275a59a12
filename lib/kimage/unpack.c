/* SPDX-License-Identifier: GPL-2.0-only */
#include "kimage/unpack.h"

#include <errno.h>
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "base/cursor.h"

#define CHUNK (256u << 10)
#define LZ4_MAGIC 0x184c2102u
#define LZ4_BLOCK_MAX (8u << 20) /* decompressed size of all blocks but the last */

static const struct {
	const char *name;
	const char *magic;
	size_t magic_len;
} formats[] = {
	[UNPACK_UNKNOWN] = {"unknown", NULL, 0},
	[UNPACK_NONE] = {"none", "\177ELF", 4},
	[UNPACK_GZIP] = {"gzip", "\x1f\x8b", 2},
	[UNPACK_XZ] = {"xz",
		       "\xfd"
		       "7zXZ",
		       6},
	[UNPACK_LZMA] = {"lzma", "\x5d\0\0", 3},
	[UNPACK_ZSTD] = {"zstd", "\x28\xb5\x2f\xfd", 4},
	[UNPACK_LZ4] = {"lz4", "\x02\x21\x4c\x18", 4},
	[UNPACK_BZIP2] = {"bzip2", "BZh", 3},
	[UNPACK_LZO] = {"lzo", "\x89LZO", 4},
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

enum unpack_format unpack_detect(const void *data, size_t len)
{
	for (size_t i = UNPACK_NONE; i < FORMATS; i++)
		if (len >= formats[i].magic_len &&
		    memcmp(data, formats[i].magic, formats[i].magic_len) == 0)
			return (enum unpack_format)i;
	return UNPACK_UNKNOWN;
}

const char *unpack_name(enum unpack_format format)
{
	return (size_t)format < FORMATS ? formats[format].name : formats[UNPACK_UNKNOWN].name;
}

/* One run of a decoder: input, bounded output, a chunk to decode into. */
struct run {
	enum unpack_format format;
	const uint8_t *data;
	size_t len;
	size_t max; /* of out->len */
	struct buf *out;
	uint8_t *chunk; /* CHUNK bytes */
	struct err *e;
};

static int run_emit(struct run *r, const void *data, size_t len)
{
	if (len > r->max || r->out->len > r->max - len)
		return err_set(r->e, EFBIG, "%s stream unpacks to more than %zu bytes",
			       unpack_name(r->format), r->max);
	if (buf_add(r->out, data, len))
		return err_set(r->e, ENOMEM, "out of memory unpacking %s", unpack_name(r->format));
	return 0;
}

static int run_truncated(struct run *r)
{
	return err_set(r->e, EPROTO, "%s stream is truncated (%zu bytes in, %zu bytes out)",
		       unpack_name(r->format), r->len, r->out->len);
}

static int run_damaged(struct run *r, const char *why)
{
	return err_set(r->e, EPROTO, "%s stream is damaged: %s", unpack_name(r->format), why);
}

static int run_no_memory(struct run *r)
{
	return err_set(r->e, ENOMEM, "out of memory unpacking %s", unpack_name(r->format));
}

static int gzip_loop(struct run *r, z_stream *z, size_t *used)
{
	size_t fed = 0;

	for (;;) {
		int ret;

		if (!z->avail_in && fed < r->len) {
			z->avail_in = r->len - fed < CHUNK ? (uInt)(r->len - fed) : CHUNK;
			fed += z->avail_in;
		}
		z->next_out = r->chunk;
		z->avail_out = CHUNK;
		ret = inflate(z, Z_NO_FLUSH);
		if (ret == Z_MEM_ERROR)
			return run_no_memory(r);
		if (ret != Z_OK && ret != Z_STREAM_END && ret != Z_BUF_ERROR)
			return run_damaged(r, z->msg ? z->msg : "bad data");
		if (run_emit(r, r->chunk, CHUNK - z->avail_out))
			return -1;
		if (ret == Z_STREAM_END) {
			*used = fed - z->avail_in;
			return 0;
		}
		if (z->avail_out == CHUNK && !z->avail_in && fed == r->len)
			return run_truncated(r);
	}
}

static int run_gzip(struct run *r, size_t *used)
{
	z_stream z = {.next_in = (Bytef *)r->data}; /* zlib reads only */
	int ret;

	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return run_no_memory(r);
	ret = gzip_loop(r, &z, used);
	inflateEnd(&z);
	return ret;
}

static int lzma_loop(struct run *r, lzma_stream *s, size_t *used)
{
	s->next_in = r->data;
	s->avail_in = r->len;
	for (;;) {
		lzma_ret ret;

		s->next_out = r->chunk;
		s->avail_out = CHUNK;
		ret = lzma_code(s, LZMA_RUN);
		if (ret == LZMA_MEMLIMIT_ERROR)
			return err_set(r->e, ENOMEM, "%s stream needs more than %u bytes of memory",
				       unpack_name(r->format), UNPACK_MEMORY_MAX);
		if (ret == LZMA_MEM_ERROR)
			return run_no_memory(r);
		if (ret != LZMA_OK && ret != LZMA_STREAM_END && ret != LZMA_BUF_ERROR)
			return run_damaged(r, ret == LZMA_OPTIONS_ERROR ? "unknown filter"
									: "bad data");
		if (run_emit(r, r->chunk, CHUNK - s->avail_out))
			return -1;
		if (ret == LZMA_STREAM_END) {
			*used = r->len - s->avail_in;
			return 0;
		}
		if (s->avail_out == CHUNK && !s->avail_in)
			return run_truncated(r);
	}
}

static int run_lzma(struct run *r, size_t *used)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret init = r->format == UNPACK_XZ ? lzma_stream_decoder(&s, UNPACK_MEMORY_MAX, 0)
					       : lzma_alone_decoder(&s, UNPACK_MEMORY_MAX);
	int ret;

	if (init != LZMA_OK)
		return run_no_memory(r);
	ret = lzma_loop(r, &s, used);
	lzma_end(&s);
	return ret;
}

static int run_zstd(struct run *r, size_t *used)
{
	ZSTD_DCtx *d = ZSTD_createDCtx();
	ZSTD_inBuffer in = {.src = r->data, .size = r->len};
	int ret = -1;

	if (!d)
		return run_no_memory(r);
	/* The library's own limit on the window, 128 MiB, is below UNPACK_MEMORY_MAX. */
	for (;;) {
		ZSTD_outBuffer out = {.dst = r->chunk, .size = CHUNK};
		size_t left = ZSTD_decompressStream(d, &out, &in);

		if (ZSTD_isError(left)) {
			run_damaged(r, ZSTD_getErrorName(left));
			break;
		}
		if (run_emit(r, r->chunk, out.pos))
			break;
		if (left == 0) {
			*used = in.pos;
			ret = 0;
			break;
		}
		if (in.pos == in.size && out.pos == 0) {
			run_truncated(r);
			break;
		}
	}
	ZSTD_freeDCtx(d);
	return ret;
}

/*
 * The legacy frame has no end mark: blocks (u32 length, bytes) go on to the end of the input, where
 * kernel images have one more u32, the unpacked size, which is too short to be a block.
 */
static int run_lz4(struct run *r, size_t *used)
{
	_cleanup_free_ char *block = malloc(LZ4_BLOCK_MAX);
	struct cursor c = cursor_over(r->data, r->len);

	if (!block)
		return run_no_memory(r);
	cursor_u32(&c); /* the magic */
	while (cursor_left(&c) > sizeof(uint32_t)) {
		uint32_t len = cursor_u32(&c);
		const void *packed;
		int got;

		if (len == LZ4_MAGIC) /* another frame follows */
			continue;
		if (len == 0 || len > (uint32_t)LZ4_COMPRESSBOUND(LZ4_BLOCK_MAX))
			return run_damaged(r, "bad block length");
		packed = cursor_bytes(&c, len);
		if (!packed)
			return run_truncated(r);
		got = LZ4_decompress_safe(packed, block, (int)len, LZ4_BLOCK_MAX);
		if (got < 0)
			return run_damaged(r, "bad block");
		if (run_emit(r, block, (size_t)got))
			return -1;
	}
	if (c.failed)
		return run_truncated(r);
	*used = c.pos;
	return 0;
}

int unpack(enum unpack_format format, const void *data, size_t len, size_t max, struct buf *out,
	   size_t *used, struct err *e)
{
	_cleanup_free_ uint8_t *chunk = malloc(CHUNK);
	struct run r = {format, data, len, max, out, chunk, e};

	if (!chunk)
		return run_no_memory(&r);
	switch (format) {
	case UNPACK_NONE:
		*used = len;
		return run_emit(&r, data, len);
	case UNPACK_GZIP:
		return run_gzip(&r, used);
	case UNPACK_XZ:
	case UNPACK_LZMA:
		return run_lzma(&r, used);
	case UNPACK_ZSTD:
		return run_zstd(&r, used);
	case UNPACK_LZ4:
		return run_lz4(&r, used);
	case UNPACK_BZIP2:
	case UNPACK_LZO:
		return err_set(e, ENOTSUP, "%s compression is not supported", unpack_name(format));
	case UNPACK_UNKNOWN:
		break;
	}
	return err_set(e, EPROTO, "the compression is not one that is known");
}
