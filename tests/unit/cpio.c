/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/cpio.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "test.h"
#include "newc.h"

static struct cpio c;
static struct err e;

static int memory_file(void)
{
	int fd = memfd_create("cpio", MFD_CLOEXEC);

	CHECK(fd >= 0);
	cpio_init(&c, fd, "test");
	return fd;
}

static struct buf contents(int fd)
{
	struct buf b = {0};

	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK(io_read_all(fd, 1 << 24, "test", &b, &e) == 0);
	close(fd);
	return b;
}

static int add(const char *name, uint32_t mode, const char *data)
{
	struct cpio_entry entry = {.name = name, .mode = mode, .size = strlen(data)};

	return cpio_begin(&c, &entry, &e) || (*data && cpio_data(&c, data, strlen(data), &e));
}

static void the_bytes_of_a_small_archive(void)
{
	/* As the kernel's Documentation/driver-api/early-userspace/buffer-format.rst has them. */
	static const char want[] = "070701"
				   "00000001" /* inode */
				   "000081a4" /* mode: file, 0644 */
				   "00000000" /* uid */
				   "00000000" /* gid */
				   "00000001" /* links */
				   "00000000" /* time */
				   "00000005" /* size */
				   "00000000" /* major of the file system */
				   "00000000" /* minor */
				   "00000000" /* major of a device node */
				   "00000000" /* minor */
				   "00000004" /* length of the name with its NUL */
				   "00000000" /* no checksum */
				   "abc\0"
				   "\0\0" /* to a multiple of 4 */
				   "hello"
				   "\0\0\0";
	int fd = memory_file();
	_cleanup_buf_ struct buf b = {0};
	size_t at = sizeof(want) - 1;
	struct newc trailer;

	CHECK(add("abc", S_IFREG | 0644, "hello") == 0);
	CHECK(cpio_end(&c, &e) == 0);
	b = contents(fd);
	CHECK(b.len == 512 && memcmp(b.data, want, sizeof(want) - 1) == 0);
	CHECK(newc_next(&b, &at, &trailer) == 0);
	CHECK_STR(trailer.name, "TRAILER!!!");
	for (; at < b.len; at++)
		CHECK(b.data[at] == 0);
}

static void every_length_is_aligned(void)
{
	static char text[200];
	int fd = memory_file();
	_cleanup_buf_ struct buf b = {0};
	size_t at = 0;

	for (size_t i = 1; i < sizeof(text); i++) {
		memset(text, 'x', i);
		CHECK(add(text, S_IFREG | 0600, text + i % 7) == 0);
	}
	CHECK(cpio_end(&c, &e) == 0);
	b = contents(fd);
	CHECK(b.len % 512 == 0);
	for (size_t i = 1; i < sizeof(text); i++) {
		struct newc n;
		size_t size = i > i % 7 ? i - i % 7 : 0;

		CHECK(newc_next(&b, &at, &n) == 0);
		CHECK(n.ino == i && strlen(n.name) == i && n.size == size);
		CHECK(n.size == strspn(n.data, "x") || !size);
	}
}

static void links_and_devices(void)
{
	struct cpio_entry console = {
		.name = "console", .mode = S_IFCHR | 0600, .major = 5, .minor = 1};
	int fd = memory_file();
	_cleanup_buf_ struct buf b = {0};
	struct newc n;

	CHECK(add("dir", S_IFDIR | 0755, "") == 0);
	CHECK(cpio_begin(&c, &console, &e) == 0);
	CHECK(add("link", S_IFLNK | 0777, "dir") == 0);
	CHECK(cpio_end(&c, &e) == 0);
	b = contents(fd);
	CHECK(newc_find(&b, "dir", &n) == 0 && n.mode == 040755 && n.links == 2);
	CHECK(newc_find(&b, "console", &n) == 0 && n.mode == 020600 && n.major == 5 &&
	      n.minor == 1);
	CHECK(newc_find(&b, "link", &n) == 0 && n.mode == 0120777 && n.size == 3);
	CHECK(n.ino == 3 && n.uid == 0 && n.gid == 0 && n.mtime == 0);
}

static void more_than_the_queue_holds(void)
{
	static char data[300000];
	struct cpio_entry entry = {.name = "big", .mode = S_IFREG, .size = sizeof(data)};
	int fd = memory_file();
	_cleanup_buf_ struct buf b = {0};
	struct newc n;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 31 / 7);
	CHECK(cpio_begin(&c, &entry, &e) == 0);
	for (size_t at = 0; at < sizeof(data); at += 999)
		CHECK(cpio_data(&c, data + at, sizeof(data) - at < 999 ? sizeof(data) - at : 999,
				&e) == 0);
	CHECK(cpio_end(&c, &e) == 0);
	b = contents(fd);
	CHECK(newc_find(&b, "big", &n) == 0 && memcmp(n.data, data, sizeof(data)) == 0);
}

static void what_was_announced_must_come(void)
{
	struct cpio_entry entry = {.name = "a", .mode = S_IFREG, .size = 3};
	int fd = memory_file();

	CHECK(cpio_begin(&c, &entry, &e) == 0);
	CHECK(cpio_data(&c, "four", 4, &e) == -1 && e.code == EINVAL);
	CHECK(cpio_data(&c, "ab", 2, &e) == 0);
	CHECK(cpio_begin(&c, &entry, &e) == -1 && e.code == EINVAL);
	CHECK(cpio_end(&c, &e) == -1 && e.code == EINVAL);
	close(fd);
}

static void limits(void)
{
	static char name[CPIO_NAME_MAX + 2];
	struct cpio_entry entry = {.name = name, .mode = S_IFREG};
	int fd = memory_file();

	CHECK(cpio_begin(&c, &entry, &e) == -1 && e.code == ENAMETOOLONG);
	memset(name, 'x', sizeof(name) - 1);
	CHECK(cpio_begin(&c, &entry, &e) == -1 && e.code == ENAMETOOLONG);
	name[CPIO_NAME_MAX] = 0;
	entry.size = CPIO_FILE_MAX + 1;
	CHECK(cpio_begin(&c, &entry, &e) == -1 && e.code == EFBIG);
	entry.size = CPIO_FILE_MAX;
	CHECK(cpio_begin(&c, &entry, &e) == 0);
	close(fd);
}

static void failed_writes(void)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), ends[2];

	cpio_init(&c, full, "full");
	CHECK(add("a", S_IFREG, "b") == 0);
	CHECK(cpio_end(&c, &e) == -1 && e.code == ENOSPC && strstr(e.text, "'full'"));
	close(full);

	signal(SIGPIPE, SIG_IGN);
	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	close(ends[0]);
	cpio_init(&c, ends[1], "pipe");
	CHECK(add("a", S_IFREG, "b") == 0);
	CHECK(cpio_end(&c, &e) == -1 && e.code == EPIPE);
	close(ends[1]);
}

int main(void)
{
	RUN(the_bytes_of_a_small_archive);
	RUN(every_length_is_aligned);
	RUN(links_and_devices);
	RUN(more_than_the_queue_holds);
	RUN(what_was_announced_must_come);
	RUN(limits);
	RUN(failed_writes);
	return TEST_END();
}
