/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel image of any bytes, and the vmlinux in it, asked everything that the tools ask. */
#include "kimage/kimage.h"

#define MAX (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int ask(const void *data, size_t len)
{
	char release[KIMAGE_RELEASE_MAX];
	const void *section;
	struct vmlinux v;
	struct err e;
	size_t n = 0;

	if (vmlinux_open(data, len, &v, &e))
		return 0;
	vmlinux_release(&v, release, &e);
	if (vmlinux_section(&v, ".BTF", &section, &n, &e) == 0 && n)
		n += ((const uint8_t *)section)[n - 1];
	return (unsigned int)n + vmlinux_btf_has_name(&v, "sched_ext_ops") + vmlinux_has_pvh(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf out = {0};
	struct kimage k;
	struct err e;
	size_t used;

	ask(data, size);
	unpack(unpack_detect(data, size), data, size, MAX, &out, &used, &e);
	buf_deinit(&out);
	if (kimage_open(data, size, &k, &e) == 0 && kimage_unpack(&k, MAX, &out, &e) == 0)
		ask(out.data, out.len);
	return 0;
}
