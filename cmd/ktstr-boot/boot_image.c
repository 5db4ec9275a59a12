/* SPDX-License-Identifier: GPL-2.0-only */
#include "boot_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "kimage/kimage.h"

#define INITRD_MAX ((size_t)4 << 30)

static int memory_file(const char *name, const void *data, size_t len, struct err *e)
{
	_cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot create memory file '%s'", name);
	if (io_write_all(fd, data, len, name, e))
		return -1;
	return steal_fd(&fd);
}

/* ---- kernel ---- */

struct mapping {
	void *data;
	size_t len;
};

static void mapping_deinit(struct mapping *m)
{
	if (m->data)
		munmap(m->data, m->len);
}

static int file_map(int fd, const char *path, size_t max, struct mapping *ret, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_sys(e, "cannot look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "'%s' is not a regular file", path);
	if (st.st_size == 0)
		return err_set(e, EINVAL, "'%s' is empty", path);
	if ((uint64_t)st.st_size > max)
		return err_set(e, EFBIG, "'%s' is larger than %zu bytes", path, max);
	ret->data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (ret->data == MAP_FAILED) {
		ret->data = NULL;
		return err_sys(e, "cannot map '%s'", path);
	}
	ret->len = (size_t)st.st_size;
	return 0;
}

/* What boots without the decompressor: an ELF with an entry for a PVH loader. */
static int vmlinux_check(const void *data, size_t len, struct err *e)
{
	struct vmlinux v;

	if (vmlinux_open(data, len, &v, e))
		return -1;
	if (!vmlinux_has_pvh(&v))
		return err_set(e, EINVAL, "the kernel has no PVH entry (CONFIG_PVH)");
	return 0;
}

static int kernel_open(struct boot_image *b, const char *path, bool kaslr, struct err *e)
{
	_cleanup_(mapping_deinit) struct mapping map = {0};
	_cleanup_buf_ struct buf elf = {0};
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct kimage image;

	if (fd < 0)
		return err_sys(e, "cannot open kernel '%s'", path);
	if (file_map(fd, path, KIMAGE_FILE_MAX, &map, e))
		return -1;
	if (kimage_open(map.data, map.len, &image, e))
		return err_prefix(e, "kernel '%s'", path);
	snprintf(b->release, sizeof(b->release), "%s", image.release);
	if (kaslr && image.kind != KIMAGE_BZIMAGE)
		return err_set(e, EINVAL, "kernel '%s': KASLR wants a bzImage, this is a vmlinux",
			       path);
	if (kaslr) {
		b->kernel_fd = steal_fd(&fd);
		return 0;
	}
	if (image.kind == KIMAGE_VMLINUX) {
		if (vmlinux_check(map.data, map.len, e))
			return err_prefix(e, "kernel '%s'", path);
		b->kernel_fd = steal_fd(&fd);
		return 0;
	}
	if (kimage_unpack(&image, KIMAGE_VMLINUX_MAX, &elf, e) ||
	    vmlinux_check(elf.data, elf.len, e))
		return err_prefix(e, "kernel '%s'", path);
	b->kernel_fd = memory_file("ktstr-vmlinux", elf.data, elf.len, e);
	return b->kernel_fd < 0 ? -1 : 0;
}

/* ---- initramfs ---- */

/* What the kernel's init/initramfs.c and lib/decompress.c know. */
static bool initrd_magic(const char *data, size_t len)
{
	static const struct {
		const char *bytes;
		size_t len;
	} magics[] = {
		{"070701", 6},
		{"070702", 6},
		{"\x1f\x8b", 2},
		{"\x1f\x9e", 2},
		{"BZh", 3},
		{"\xfd"
		 "7zXZ\0",
		 6},
		{"\x5d\0\0", 3},
		{"\x89LZO", 4},
		{"\x02\x21\x4c\x18", 4},
		{"\x28\xb5\x2f\xfd", 4},
	};

	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (len >= magics[i].len && memcmp(data, magics[i].bytes, magics[i].len) == 0)
			return true;
	return false;
}

static int initrd_open(struct boot_image *b, const char *path, struct err *e)
{
	bool from_stdin = strcmp(path, "-") == 0;
	_cleanup_close_ int fd = -1;
	char magic[8];
	ssize_t len;
	struct stat st;

	if (from_stdin) {
		_cleanup_buf_ struct buf data = {0};

		if (io_read_all(STDIN_FILENO, INITRD_MAX, "standard input", &data, e))
			return -1;
		fd = memory_file("ktstr-initrd", buf_text(&data), data.len, e);
		if (fd < 0)
			return -1;
	} else {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return err_sys(e, "cannot open initramfs '%s'", path);
	}
	if (fstat(fd, &st))
		return err_sys(e, "cannot look at initramfs '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "initramfs '%s' is not a regular file", path);
	len = pread(fd, magic, sizeof(magic), 0);
	if (len < 0)
		return err_sys(e, "cannot read initramfs '%s'", path);
	if (!initrd_magic(magic, (size_t)len))
		return err_set(e, EINVAL,
			       "initramfs '%s' is no cpio archive (newc), nor a compressed one",
			       path);
	b->initrd_bytes = (uint64_t)st.st_size;
	b->initrd_fd = steal_fd(&fd);
	return 0;
}

int boot_image_open(struct boot_image *b, const char *kernel, const char *initrd, bool kaslr,
		    struct err *e)
{
	*b = (struct boot_image){.kernel_fd = -1, .initrd_fd = -1};
	if (kernel_open(b, kernel, kaslr, e) || initrd_open(b, initrd, e)) {
		boot_image_close(b);
		return -1;
	}
	return 0;
}

void boot_image_close(struct boot_image *b)
{
	if (b->kernel_fd >= 0)
		close(b->kernel_fd);
	if (b->initrd_fd >= 0)
		close(b->initrd_fd);
	b->kernel_fd = b->initrd_fd = -1;
}
