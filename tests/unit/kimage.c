/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel images, made here: an ELF with what a vmlinux has, wrapped in a bzImage per compressor. */
#include "kimage/kimage.h"

#include <elf.h>
#include <errno.h>
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/io.h"
#include "seeds.h"
#include "test.h"

#define RELEASE "7.9.1+test-cloud-amd64"
#define SETUP_SECTORS 2
#define SETUP_LEN ((SETUP_SECTORS + 1) * 512)
#define PAYLOAD_OFFSET 32
#define FILLER (300 << 10) /* more than one chunk of the decoders */
#define MAX (16u << 20)

static void put(struct buf *b, uint64_t v, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char c = i < 8 ? (char)(v >> (8 * i)) : 0;

		buf_add(b, &c, 1);
	}
}

static void set(struct buf *b, size_t at, uint64_t v, size_t size)
{
	for (size_t i = 0; i < size; i++)
		b->data[at + i] = (char)(v >> (8 * i));
}

/* What the made vmlinux has. */
struct recipe {
	bool sched_ext;
	bool pvh;
	bool btf;
};

static const struct recipe full = {true, true, true};

static void add_btf(struct buf *b, const struct recipe *r)
{
	static const char with[] = "\0task_struct\0sched_ext_ops";
	static const char without[] = "\0task_struct\0my_sched_ext_ops\0sched_ext_ops_x";
	const char *strings = r->sched_ext ? with : without;
	size_t len = r->sched_ext ? sizeof(with) : sizeof(without);

	put(b, 0xeb9f, 2);
	put(b, 1, 1);
	put(b, 0, 1);
	put(b, 24, 4); /* length of this header */
	put(b, 0, 4);  /* types */
	put(b, 8, 4);
	put(b, 8, 4); /* strings */
	put(b, len, 4);
	put(b, 0, 8); /* the types */
	buf_add(b, strings, len);
}

static void add_notes(struct buf *b, const struct recipe *r)
{
	put(b, 6, 4); /* one with padding both sides */
	put(b, 5, 4);
	put(b, 18, 4);
	buf_add(b, "Linux\0\0\0", 8);
	buf_add(b, "abcde\0\0\0", 8);
	put(b, 4, 4);
	put(b, 8, 4);
	put(b, r->pvh ? 18 : 17, 4);
	buf_add(b, "Xen", 4);
	put(b, 0x1000000, 8);
}

static void add_text(struct buf *b)
{
	static const char banners[] =
		"Linux version %s (%s)\0Linux version " RELEASE " (me@here) x";

	/* Calls, so that the x86 filter has something to change. */
	for (uint32_t i = 0; i < FILLER / 8; i++) {
		put(b, 0xe8, 1);
		put(b, (i * 2654435761u) & 0xffff, 4);
		put(b, i, 3);
	}
	buf_add(b, banners, sizeof(banners));
}

static void add_section(struct buf *b, uint32_t name, uint32_t type, uint64_t off, uint64_t len)
{
	put(b, name, 4);
	put(b, type, 4);
	put(b, 0, 16);
	put(b, off, 8);
	put(b, len, 8);
	put(b, 0, 24);
}

static struct buf make_vmlinux(const struct recipe *r)
{
	static const char names[] = "\0.text\0.BTF\0.notes\0.bss\0.shstrtab";
	struct buf b = {0};
	size_t at[6];

	buf_add(&b, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16);
	put(&b, ET_EXEC, 2);
	put(&b, EM_X86_64, 2);
	put(&b, 1, 4);
	put(&b, 0x1000000, 8);
	put(&b, 64, 8); /* segments */
	put(&b, 0, 8);	/* sections: below */
	put(&b, 0, 4);
	put(&b, 64, 2);
	put(&b, 56, 2);
	put(&b, 1, 2);
	put(&b, 64, 2);
	put(&b, 6, 2);
	put(&b, 5, 2);
	for (int i = 0; i < 7; i++) /* the one segment: below */
		put(&b, 0, 8);
	at[0] = b.len;
	add_text(&b);
	at[1] = b.len;
	add_btf(&b, r);
	at[2] = b.len;
	add_notes(&b, r);
	at[3] = b.len;
	buf_add(&b, names, sizeof(names));
	at[4] = b.len;
	set(&b, 40, at[4], 8);
	set(&b, 64, PT_NOTE, 4);
	set(&b, 64 + 8, at[2], 8);
	set(&b, 64 + 32, at[3] - at[2], 8);
	add_section(&b, 0, SHT_NULL, 0, 0);
	add_section(&b, 1, SHT_PROGBITS, at[0], at[1] - at[0]);
	add_section(&b, r->btf ? 7 : 1, SHT_PROGBITS, at[1], at[2] - at[1]);
	add_section(&b, 12, SHT_NOTE, at[2], at[3] - at[2]);
	add_section(&b, 19, SHT_NOBITS, 1ull << 40, 1ull << 40); /* no bytes in the file */
	add_section(&b, 24, SHT_STRTAB, at[3], at[4] - at[3]);
	return b;
}

static void pack_gzip(const struct buf *in, struct buf *out, uint8_t *room, size_t size)
{
	z_stream z = {.next_in = (Bytef *)in->data,
		      .avail_in = (uInt)in->len,
		      .next_out = room,
		      .avail_out = (uInt)size};

	CHECK(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
	buf_add(out, room, size - z.avail_out);
	deflateEnd(&z);
}

static void pack_xz(const struct buf *in, struct buf *out, uint8_t *room, size_t size)
{
	lzma_options_lzma lzma2;
	lzma_filter filters[] = {
		{LZMA_FILTER_X86, NULL}, {LZMA_FILTER_LZMA2, &lzma2}, {LZMA_VLI_UNKNOWN, NULL}};
	size_t len = 0;

	lzma_lzma_preset(&lzma2, 6);
	CHECK(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, (uint8_t *)in->data,
					in->len, room, &len, size) == LZMA_OK);
	buf_add(out, room, len);
}

static void pack_lzma(const struct buf *in, struct buf *out, uint8_t *room, size_t size)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_options_lzma options;

	lzma_lzma_preset(&options, 6);
	CHECK(lzma_alone_encoder(&s, &options) == LZMA_OK);
	s.next_in = (uint8_t *)in->data;
	s.avail_in = in->len;
	s.next_out = room;
	s.avail_out = size;
	CHECK(lzma_code(&s, LZMA_FINISH) == LZMA_STREAM_END);
	buf_add(out, room, size - s.avail_out);
	lzma_end(&s);
}

static void pack_lz4(const struct buf *in, struct buf *out, uint8_t *room, size_t size)
{
	size_t block = 100 << 10; /* several blocks; real ones are 8 MiB */

	put(out, 0x184c2102, 4);
	for (size_t at = 0; at < in->len; at += block) {
		int n = LZ4_compress_default(in->data + at, (char *)room,
					     (int)(in->len - at < block ? in->len - at : block),
					     (int)size);

		CHECK(n > 0);
		put(out, (uint64_t)n, 4);
		buf_add(out, room, (size_t)n);
	}
}

static struct buf make_payload(enum unpack_format format, const struct buf *vmlinux)
{
	size_t size = vmlinux->len * 2 + 4096;
	_cleanup_free_ uint8_t *room = malloc(size);
	struct buf out = {0};

	switch (format) {
	case UNPACK_NONE:
		buf_add(&out, vmlinux->data, vmlinux->len);
		break;
	case UNPACK_GZIP:
		pack_gzip(vmlinux, &out, room, size);
		return out; /* its own trailer is the size */
	case UNPACK_XZ:
		pack_xz(vmlinux, &out, room, size);
		break;
	case UNPACK_LZMA:
		pack_lzma(vmlinux, &out, room, size);
		break;
	case UNPACK_ZSTD:
		buf_add(&out, room, ZSTD_compress(room, size, vmlinux->data, vmlinux->len, 3));
		break;
	case UNPACK_LZ4:
		pack_lz4(vmlinux, &out, room, size);
		break;
	case UNPACK_BZIP2:
	case UNPACK_LZO:
	case UNPACK_UNKNOWN:
		CHECK(false);
	}
	put(&out, vmlinux->len, 4);
	return out;
}

static struct buf make_bzimage(const struct buf *payload)
{
	static const char version[] = RELEASE " (me@here) #1 SMP";
	struct buf b = {0};
	size_t len = PAYLOAD_OFFSET + payload->len;

	while (b.len < SETUP_LEN + PAYLOAD_OFFSET)
		put(&b, 0, 8);
	buf_add(&b, payload->data, payload->len);
	while (b.len % 16)
		put(&b, 0, 1);
	set(&b, 0x1f1, SETUP_SECTORS, 1);
	set(&b, 0x1f4, (len + 15) / 16, 4);
	set(&b, 0x1fe, 0xaa55, 2);
	set(&b, 0x202, 0x53726448, 4);
	set(&b, 0x206, 0x20f, 2);
	set(&b, 0x20e, 0x300 - 0x200, 2);
	memcpy(b.data + 0x300, version, sizeof(version));
	set(&b, 0x248, PAYLOAD_OFFSET, 4);
	set(&b, 0x24c, payload->len, 4);
	return b;
}

static const enum unpack_format all_formats[] = {UNPACK_NONE, UNPACK_GZIP, UNPACK_XZ,
						 UNPACK_LZMA, UNPACK_ZSTD, UNPACK_LZ4};
#define ALL (sizeof(all_formats) / sizeof(all_formats[0]))

static void every_compression_gives_the_vmlinux(void)
{
	_cleanup_buf_ struct buf vmlinux = make_vmlinux(&full);

	for (size_t i = 0; i < ALL; i++) {
		_cleanup_buf_ struct buf payload = make_payload(all_formats[i], &vmlinux);
		_cleanup_buf_ struct buf image = make_bzimage(&payload), got = {0};
		struct kimage k;
		struct err e = {0};

		CHECK(kimage_open(image.data, image.len, &k, &e) == 0);
		CHECK(k.kind == KIMAGE_BZIMAGE && k.format == all_formats[i]);
		CHECK_STR(k.release, RELEASE);
		CHECK(kimage_unpack(&k, MAX, &got, &e) == 0);
		CHECK(got.len >= vmlinux.len);
		CHECK(memcmp(got.data, vmlinux.data, vmlinux.len) == 0);
		/* Uncompressed has no end of its own, so the size behind it is part of it. */
		CHECK(all_formats[i] == UNPACK_NONE || got.len == vmlinux.len);
	}
}

static void every_cut_of_the_file_says_truncated(void)
{
	_cleanup_buf_ struct buf vmlinux = make_vmlinux(&full);
	_cleanup_buf_ struct buf payload = make_payload(UNPACK_ZSTD, &vmlinux);
	_cleanup_buf_ struct buf image = make_bzimage(&payload);

	for (size_t len = 0; len < image.len; len += len < 2048 ? 1 : 997) {
		_cleanup_free_ char *cut = malloc(len + !len);
		struct kimage k;
		struct err e = {0};

		memcpy(cut, image.data, len);
		CHECK(kimage_open(cut, len, &k, &e) == -1);
		if (len >= 0x206)
			CHECK(strstr(e.text, "truncated"));
	}
}

static void every_cut_of_the_stream_is_an_error(void)
{
	_cleanup_buf_ struct buf vmlinux = make_vmlinux(&full);

	for (size_t i = 1; i < ALL; i++) {
		_cleanup_buf_ struct buf payload = make_payload(all_formats[i], &vmlinux);

		for (size_t len = 6; len < payload.len - 24; len += 1 + payload.len / 40) {
			_cleanup_free_ char *cut = malloc(len);
			_cleanup_buf_ struct buf got = {0};
			struct err e = {0};
			size_t used;
			int ret;

			memcpy(cut, payload.data, len);
			ret = unpack(all_formats[i], cut, len, MAX, &got, &used, &e);
			CHECK(ret == -1 || (all_formats[i] == UNPACK_LZ4 && used < len));
			if (ret)
				CHECK(strstr(e.text, "truncated"));
		}
	}
}

static void more_than_the_limit_is_refused(void)
{
	struct buf zeros = {.data = calloc(1, 8 << 20), .len = 8 << 20};

	for (size_t i = 0; i < ALL; i++) {
		_cleanup_buf_ struct buf payload = make_payload(all_formats[i], &zeros), got = {0};
		struct err e = {0};
		size_t used;

		CHECK(unpack(all_formats[i], payload.data, payload.len, 1 << 20, &got, &used, &e) ==
		      -1);
		CHECK(e.code == EFBIG && got.len <= 1 << 20);
	}
	free(zeros.data);
}

static void flipped_bytes_never_pass_checks(void)
{
	_cleanup_buf_ struct buf vmlinux = make_vmlinux(&full);

	for (size_t i = 1; i < ALL; i++) {
		_cleanup_buf_ struct buf payload = make_payload(all_formats[i], &vmlinux);

		for (size_t at = 0; at < payload.len; at += 1 + payload.len / 60) {
			_cleanup_buf_ struct buf got = {0};
			struct err e = {0};
			size_t used;
			int ret;

			payload.data[at] ^= 0x10;
			ret = unpack(all_formats[i], payload.data, payload.len, MAX, &got, &used,
				     &e);
			/* gzip and xz have checksums; the others must only stay in bounds. */
			if (all_formats[i] == UNPACK_XZ && at > 12)
				CHECK(ret == -1);
			payload.data[at] ^= 0x10;
		}
	}
}

static void a_wrong_recorded_size_is_noticed(void)
{
	_cleanup_buf_ struct buf vmlinux = make_vmlinux(&full);
	_cleanup_buf_ struct buf payload = make_payload(UNPACK_LZ4, &vmlinux), got = {0};
	_cleanup_buf_ struct buf image = {0};
	struct err e = {0};
	struct kimage k;

	set(&payload, payload.len - 4, vmlinux.len + 1, 4);
	image = make_bzimage(&payload);
	CHECK(kimage_open(image.data, image.len, &k, &e) == 0);
	CHECK(kimage_unpack(&k, MAX, &got, &e) == -1 && strstr(e.text, "records"));
}

static void bad_setup_headers(void)
{
	_cleanup_buf_ struct buf payload = {0}, image = {0};
	struct err e = {0};
	struct kimage k;

	buf_add(&payload, "\x1f\x8bxxxxxxxxxxxxxx", 16);
	image = make_bzimage(&payload);
	CHECK(kimage_open(image.data, image.len, &k, &e) == 0);
	set(&image, 0x206, 0x207, 2);
	CHECK(kimage_open(image.data, image.len, &k, &e) == -1 && strstr(e.text, "2.07"));
	set(&image, 0x206, 0x208, 2);
	set(&image, 0x24c, 0xffffffff, 4);
	CHECK(kimage_open(image.data, image.len, &k, &e) == -1 && strstr(e.text, "truncated"));
	set(&image, 0x24c, 16, 4);
	set(&image, 0x20e, 0xffff, 2);
	CHECK(kimage_open(image.data, image.len, &k, &e) == -1 && strstr(e.text, "version"));
	set(&image, 0x20e, 0, 2);
	CHECK(kimage_open(image.data, image.len, &k, &e) == -1);
	/* A text that runs into the next part. */
	set(&image, 0x20e, SETUP_LEN - 4 - 512, 2);
	set(&image, SETUP_LEN - 4, 0x61616161, 4);
	CHECK(kimage_open(image.data, image.len, &k, &e) == -1 && strstr(e.text, "version"));
	set(&image, 0x20e, 0x100, 2);
	CHECK(kimage_open(image.data, image.len, &k, &e) == 0);
	/* The payload is whole, what is behind it is not. */
	set(&image, 0x1f4, (image.len - SETUP_LEN) / 16 + 1, 4);
	CHECK(kimage_open(image.data, image.len, &k, &e) == -1 && strstr(e.text, "truncated"));
	CHECK(kimage_open("garbage", 7, &k, &e) == -1 && strstr(e.text, "neither"));
	CHECK(kimage_open("", 0, &k, &e) == -1 && strstr(e.text, "empty"));
}

static void unknown_compressions_are_named(void)
{
	_cleanup_buf_ struct buf got = {0};
	struct err e = {0};
	size_t used;

	CHECK(unpack_detect("BZh9", 4) == UNPACK_BZIP2);
	CHECK(unpack_detect("\x89LZO\0", 5) == UNPACK_LZO);
	CHECK(unpack_detect("", 0) == UNPACK_UNKNOWN);
	CHECK(unpack(UNPACK_LZO, "\x89LZO\0", 5, MAX, &got, &used, &e) == -1);
	CHECK_STR(e.text, "lzo compression is not supported");
	CHECK(unpack(UNPACK_UNKNOWN, "", 0, MAX, &got, &used, &e) == -1);
}

static void vmlinux_tells_what_it_has(void)
{
	for (int i = 0; i < 8; i++) {
		struct recipe r = {i & 1, i & 2, i & 4};
		_cleanup_buf_ struct buf b = make_vmlinux(&r);
		char release[KIMAGE_RELEASE_MAX];
		struct err e = {0};
		struct vmlinux v;
		struct kimage k;

		CHECK(vmlinux_open(b.data, b.len, &v, &e) == 0);
		CHECK(vmlinux_has_btf(&v) == r.btf);
		CHECK(vmlinux_btf_has_name(&v, "sched_ext_ops") == (r.btf && r.sched_ext));
		CHECK(vmlinux_has_pvh(&v) == r.pvh);
		CHECK(vmlinux_release(&v, release, &e) == 0);
		CHECK_STR(release, RELEASE);
		CHECK(kimage_open(b.data, b.len, &k, &e) == 0 && k.kind == KIMAGE_VMLINUX);
	}
}

static void sections_by_name(void)
{
	_cleanup_buf_ struct buf b = make_vmlinux(&full);
	struct err e = {0};
	struct vmlinux v;
	const void *p;
	size_t len;

	CHECK(vmlinux_open(b.data, b.len, &v, &e) == 0);
	CHECK(vmlinux_section(&v, ".BTF", &p, &len, &e) == 0 && len > 24);
	CHECK(vmlinux_section(&v, ".bss", &p, &len, &e) == 0 && len == 0);
	CHECK(vmlinux_section(&v, ".BT", &p, &len, &e) == -1 && e.code == ENOENT);
	CHECK(vmlinux_section(&v, ".symtab", &p, &len, &e) == -1 && e.code == ENOENT);
}

static void every_cut_of_a_vmlinux_says_truncated(void)
{
	_cleanup_buf_ struct buf b = make_vmlinux(&full);

	for (size_t len = 16; len < b.len; len += len < 256 ? 1 : 499) {
		_cleanup_free_ char *cut = malloc(len);
		struct err e = {0};
		struct vmlinux v;

		memcpy(cut, b.data, len);
		CHECK(vmlinux_open(cut, len, &v, &e) == -1 && strstr(e.text, "truncated"));
	}
}

/* Each byte of the headers made 0xff in turn: an error or not, never a read out of bounds. */
static void hostile_headers_stay_in_bounds(void)
{
	_cleanup_buf_ struct buf b = make_vmlinux(&full);
	size_t tail = b.len - 6 * 64;

	for (size_t at = 0; at < b.len; at = at == 119 ? tail : at + 1) {
		_cleanup_free_ char *copy = malloc(b.len);
		char release[KIMAGE_RELEASE_MAX];
		struct err e = {0};
		struct vmlinux v;

		memcpy(copy, b.data, b.len);
		copy[at] = (char)0xff;
		if (vmlinux_open(copy, b.len, &v, &e) == 0) {
			vmlinux_has_pvh(&v);
			vmlinux_btf_has_name(&v, "sched_ext_ops");
			CHECK(vmlinux_release(&v, release, &e) == 0);
		}
	}
}

static void segments_beyond_the_end(void)
{
	_cleanup_buf_ struct buf b = make_vmlinux(&full);
	struct err e = {0};
	struct vmlinux v;

	set(&b, 64 + 32, b.len, 8);
	CHECK(vmlinux_open(b.data, b.len, &v, &e) == -1 && strstr(e.text, "truncated: segment"));
}

/* The names in a section of type NULL, whose offsets mean nothing. */
static void names_in_the_null_section(void)
{
	_cleanup_buf_ struct buf b = make_vmlinux(&full);
	size_t null_section = b.len - 6 * 64;
	struct err e = {0};
	struct vmlinux v;
	const void *p;
	size_t len;

	set(&b, 62, 0, 2);
	set(&b, null_section + 24, 1ull << 50, 8);
	set(&b, null_section + 32, 1ull << 50, 8);
	CHECK(vmlinux_open(b.data, b.len, &v, &e) == 0);
	CHECK(vmlinux_section(&v, ".BTF", &p, &len, &e) == -1);
}

/* Write one image per compression to folder @dir, for the fuzz target to begin with. */
static int write_seeds(const char *dir)
{
	_cleanup_buf_ struct buf vmlinux = make_vmlinux(&full);

	for (size_t i = 0; i < ALL; i++) {
		_cleanup_buf_ struct buf payload = make_payload(all_formats[i], &vmlinux);
		_cleanup_buf_ struct buf image = make_bzimage(&payload);

		if (seed_write(dir, unpack_name(all_formats[i]), &image))
			return 2;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0)
		return write_seeds(argv[2]);
	RUN(every_compression_gives_the_vmlinux);
	RUN(every_cut_of_the_file_says_truncated);
	RUN(every_cut_of_the_stream_is_an_error);
	RUN(more_than_the_limit_is_refused);
	RUN(flipped_bytes_never_pass_checks);
	RUN(a_wrong_recorded_size_is_noticed);
	RUN(bad_setup_headers);
	RUN(unknown_compressions_are_named);
	RUN(vmlinux_tells_what_it_has);
	RUN(sections_by_name);
	RUN(every_cut_of_a_vmlinux_says_truncated);
	RUN(hostile_headers_stay_in_bounds);
	RUN(segments_beyond_the_end);
	RUN(names_in_the_null_section);
	return TEST_END();
}
