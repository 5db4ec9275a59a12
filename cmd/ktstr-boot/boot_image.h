/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel and the initramfs as the engine takes them: descriptors of checked files. */
#ifndef KTSTR_BOOT_BOOT_IMAGE_H
#define KTSTR_BOOT_BOOT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct boot_image {
	int kernel_fd;
	int initrd_fd;
	uint64_t initrd_bytes;
	char release[128]; /* of the kernel; "" when it does not say */
};

/*
 * Open and check @kernel and @initrd ("-": standard input). With @kaslr the kernel must be a
 * bzImage (its decompressor is what randomises); without, a bzImage is decompressed into memory and
 * the ELF is what boots. The initramfs must begin as a newc cpio or a compressed one does.
 */
int boot_image_open(struct boot_image *b, const char *kernel, const char *initrd, bool kaslr,
		    struct err *e);
void boot_image_close(struct boot_image *b);

#endif
