/* SPDX-License-Identifier: GPL-2.0-only */
#include "kimage/kimage.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/cursor.h"

/* Offsets in the setup header. */
#define SETUP_SECTS 0x1f1 /* u8, in 512-byte sectors, 0 means 4 */
#define SETUP_SYSSIZE 0x1f4
#define SETUP_BOOT_FLAG 0x1fe
#define SETUP_MAGIC 0x202
#define SETUP_VERSION 0x206
#define SETUP_KERNEL_VERSION 0x20e /* u16, offset of a text, less 0x200 */
#define SETUP_PAYLOAD_OFFSET 0x248 /* from the start of the protected-mode part */
#define SETUP_PAYLOAD_LENGTH 0x24c
#define SETUP_END 0x250

#define BOOT_FLAG 0xaa55u
#define HDRS 0x53726448u /* "HdrS" */
#define PAYLOAD_SINCE 0x0208u
#define SECTOR 512u
#define PARAGRAPH 16u

static uint32_t field(const uint8_t *data, size_t len, size_t off, size_t size)
{
	struct cursor c = cursor_over(data, len);

	cursor_seek(&c, off);
	return (uint32_t)cursor_le(&c, size);
}

/* Copy the first word of the version text, which lies in the setup part. */
static int read_release(const uint8_t *data, size_t setup_len, struct kimage *ret, struct err *e)
{
	size_t at = field(data, setup_len, SETUP_KERNEL_VERSION, 2), n = 0;

	if (!at)
		return err_set(e, EPROTO, "the bzImage names no kernel version");
	at += SECTOR;
	while (at + n < setup_len && n < KIMAGE_RELEASE_MAX && data[at + n] > ' ' &&
	       data[at + n] < 0x7f)
		n++;
	if (!n || n >= KIMAGE_RELEASE_MAX || at + n >= setup_len)
		return err_set(e, EPROTO, "the bzImage's kernel version is damaged");
	memcpy(ret->release, data + at, n);
	ret->release[n] = 0;
	return 0;
}

static int check_length(size_t len, uint64_t want, struct err *e)
{
	if (len >= want)
		return 0;
	return err_set(e, EPROTO, "the bzImage is truncated: %zu bytes of at least %llu", len,
		       (unsigned long long)want);
}

static int open_bzimage(const uint8_t *data, size_t len, struct kimage *ret, struct err *e)
{
	uint32_t sectors, version;
	uint64_t setup_len, off, payload_len;

	if (check_length(len, SETUP_END, e))
		return -1;
	version = field(data, len, SETUP_VERSION, 2);
	if (version < PAYLOAD_SINCE)
		return err_set(e, ENOTSUP, "the bzImage has boot protocol %u.%02u, older than 2.08",
			       version >> 8, version & 0xff);
	sectors = field(data, len, SETUP_SECTS, 1);
	setup_len = ((sectors ? sectors : 4) + 1) * (uint64_t)SECTOR;
	off = setup_len + field(data, len, SETUP_PAYLOAD_OFFSET, 4);
	payload_len = field(data, len, SETUP_PAYLOAD_LENGTH, 4);
	if (check_length(len, setup_len + (uint64_t)field(data, len, SETUP_SYSSIZE, 4) * PARAGRAPH,
			 e) ||
	    check_length(len, off + payload_len, e))
		return -1;
	*ret = (struct kimage){
		.kind = KIMAGE_BZIMAGE,
		.format = unpack_detect(data + off, (size_t)payload_len),
		.payload = data + off,
		.payload_len = (size_t)payload_len,
	};
	return read_release(data, (size_t)setup_len, ret, e);
}

static int open_vmlinux(const uint8_t *data, size_t len, struct kimage *ret, struct err *e)
{
	struct vmlinux v;

	if (vmlinux_open(data, len, &v, e))
		return -1;
	*ret = (struct kimage){
		.kind = KIMAGE_VMLINUX,
		.format = UNPACK_NONE,
		.payload = data,
		.payload_len = len,
	};
	return vmlinux_release(&v, ret->release, e);
}

/* Whether the bytes could begin a bzImage, as far as they go. */
static bool begins_bzimage(const uint8_t *data, size_t len)
{
	return len >= SETUP_VERSION && field(data, len, SETUP_BOOT_FLAG, 2) == BOOT_FLAG &&
	       field(data, len, SETUP_MAGIC, 4) == HDRS;
}

int kimage_open(const void *data, size_t len, struct kimage *ret, struct err *e)
{
	*ret = (struct kimage){0};
	if (len == 0)
		return err_set(e, EPROTO, "the file is empty");
	if (unpack_detect(data, len) == UNPACK_NONE)
		return open_vmlinux(data, len, ret, e);
	if (begins_bzimage(data, len))
		return open_bzimage(data, len, ret, e);
	if (len < SETUP_VERSION)
		return err_set(e, EPROTO, "neither a bzImage nor an ELF file (%zu bytes)", len);
	return err_set(e, EPROTO, "neither a bzImage nor an ELF file");
}

/*
 * Behind the stream, except in gzip whose own trailer has it, the build appends the unpacked size.
 * A vmlinux of another size is a damaged image, whatever the stream's checksums say.
 */
static int check_recorded_size(const struct kimage *k, size_t used, size_t got, struct err *e)
{
	size_t rest = k->payload_len - used;
	uint32_t size;

	if (k->kind != KIMAGE_BZIMAGE || k->format == UNPACK_GZIP || rest < sizeof(size))
		return 0;
	size = field(k->payload, k->payload_len, used, sizeof(size));
	if (size != (uint32_t)got)
		return err_set(e, EPROTO, "the image unpacks to %zu bytes but records %u", got,
			       size);
	return 0;
}

int kimage_unpack(const struct kimage *k, size_t max, struct buf *ret, struct err *e)
{
	size_t before = ret->len, used = 0;

	if (unpack(k->format, k->payload, k->payload_len, max, ret, &used, e))
		return -1;
	return check_recorded_size(k, used, ret->len - before, e);
}

const char *kimage_kind_name(enum kimage_kind kind)
{
	return kind == KIMAGE_BZIMAGE ? "bzImage" : "vmlinux";
}
