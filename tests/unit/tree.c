/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "test.h"
#include "newc.h"

static struct err e;

static struct buf written(const struct tree *t)
{
	int fd = memfd_create("tree", MFD_CLOEXEC);
	struct buf b = {0};

	CHECK(tree_write(t, fd, "test", &e) == 0);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK(io_read_all(fd, 1 << 24, "test", &b, &e) == 0);
	close(fd);
	return b;
}

/* The names in the archive, a blank behind each. */
static void check_names(const struct tree *t, const char *want)
{
	_cleanup_buf_ struct buf b = written(t), names = {0};
	struct newc n;

	for (size_t at = 0; newc_next(&b, &at, &n) == 0;)
		if (strcmp(n.name, "TRAILER!!!") != 0)
			buf_addf(&names, "%s ", n.name);
	CHECK_STR(buf_text(&names), want);
}

static int put(struct tree *t, const char *path, const char *text)
{
	return tree_add_data(t, path, 0644, text, strlen(text), &e);
}

static void parents_come_first(void)
{
	_cleanup_tree_ struct tree t = {0};

	CHECK(put(&t, "/b/c/d", "1") == 0);
	CHECK(put(&t, "/b-", "2") == 0);
	CHECK(put(&t, "//a//", "3") == 0);
	CHECK(tree_add_dir(&t, "/b/c", &e) == 0);
	CHECK(tree_add_dir(&t, "/b/./e/../f/", &e) == 0);
	check_names(&t, "a b b- b/c b/c/d b/e b/f ");
}

static void order_of_calls_does_not_matter(void)
{
	_cleanup_tree_ struct tree one = {0}, two = {0};
	_cleanup_buf_ struct buf a = {0}, b = {0};

	put(&one, "/x/1", "1"), put(&one, "/y", "2"), put(&one, "/x/0", "3");
	put(&two, "/x/0", "3"), put(&two, "/x/1", "1"), put(&two, "/y", "2");
	a = written(&one);
	b = written(&two);
	CHECK(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
}

static void twice_the_same_is_once(void)
{
	_cleanup_tree_ struct tree t = {0};

	CHECK(put(&t, "/a", "same") == 0 && put(&t, "/a", "same") == 0);
	CHECK(put(&t, "/a", "else") == -1 && e.code == EEXIST);
	CHECK(put(&t, "/a", "longer") == -1 && e.code == EEXIST);
	CHECK(tree_add_dir(&t, "/a", &e) == -1 && e.code == EEXIST);
	CHECK(put(&t, "/a/b", "x") == -1 && e.code == ENOTDIR);
	check_names(&t, "a ");
}

static void symlinks_are_followed(void)
{
	_cleanup_tree_ struct tree t = {0};

	CHECK(tree_add_symlink(&t, "/l", "u/l", &e) == 0);
	CHECK(tree_add_symlink(&t, "/u/m", "/n", &e) == 0);
	CHECK(put(&t, "/l/m/../x", "1") == 0);
	CHECK(put(&t, "/u/m/f", "2") == 0);
	CHECK(tree_add_symlink(&t, "/s", "s", &e) == 0);
	CHECK(put(&t, "/s/f", "3") == -1 && e.code == ELOOP);
	check_names(&t, "l n n/f s u u/l u/l/m u/l/x u/m ");
}

static void bad_paths(void)
{
	_cleanup_tree_ struct tree t = {0};
	char path[TREE_PATH_MAX + 2];

	CHECK(put(&t, "a", "") == -1 && e.code == EINVAL);
	CHECK(put(&t, "", "") == -1 && e.code == EINVAL);
	CHECK(put(&t, "/", "") == -1 && e.code == EINVAL);
	CHECK(put(&t, "/a/..", "") == -1 && e.code == EINVAL);
	CHECK(put(&t, "/tmp/a", "") == -1 && e.code == EINVAL);
	CHECK(put(&t, "/a/../proc/a", "") == -1 && e.code == EINVAL);
	CHECK(put(&t, "/tmpa", "") == 0);
	memset(path, '/', sizeof(path));
	path[sizeof(path) - 1] = 0;
	CHECK(put(&t, path, "") == -1 && e.code == ENAMETOOLONG);
	memset(path + 1, 'x', TREE_PATH_MAX);
	CHECK(put(&t, path, "") == -1 && e.code == ENAMETOOLONG);
}

static char *host_file(char path[64], const char *text, mode_t mode)
{
	int fd;

	strcpy(path, "/tmp/ktstr-tree.XXXXXX");
	fd = mkstemp(path);
	CHECK(fd >= 0 && fchmod(fd, mode) == 0 &&
	      io_write_all(fd, text, strlen(text), path, &e) == 0);
	close(fd);
	return path;
}

static void host_files(void)
{
	_cleanup_tree_ struct tree t = {0};
	_cleanup_buf_ struct buf b = {0};
	char one[64], two[64], other[64];
	struct newc n;

	CHECK(tree_add_file(&t, "/one", host_file(one, "contents", 0700), &e) == 0);
	CHECK(tree_add_file(&t, "/two", host_file(two, "contents", 0600), &e) == 0);
	CHECK(tree_add_file(&t, "/one", two, &e) == 0);
	CHECK(put(&t, "/one", "contents") == 0);
	CHECK(tree_add_file(&t, "/one", host_file(other, "different", 0600), &e) == -1);
	CHECK(e.code == EEXIST && strstr(e.text, one) && strstr(e.text, other));
	b = written(&t);
	CHECK(newc_find(&b, "one", &n) == 0 && n.mode == 0100755);
	CHECK(n.size == 8 && memcmp(n.data, "contents", 8) == 0);
	CHECK(newc_find(&b, "two", &n) == 0 && n.mode == 0100644);
	unlink(one), unlink(two), unlink(other);
}

static void what_is_no_host_file(void)
{
	_cleanup_tree_ struct tree t = {0};
	char fifo[] = "/tmp/ktstr-tree.XXXXXX";

	CHECK(tree_add_file(&t, "/a", "/nowhere/at/all", &e) == -1 && e.code == ENOENT);
	CHECK(tree_add_file(&t, "/a", "/tmp", &e) == -1 && e.code == EISDIR);
	CHECK(tree_add_file(&t, "/a", "/dev/zero", &e) == -1 && e.code == EINVAL);
	CHECK(mkdtemp(fifo) != NULL && rmdir(fifo) == 0 && mkfifo(fifo, 0600) == 0);
	CHECK(tree_add_file(&t, "/a", fifo, &e) == -1 && e.code == EINVAL);
	unlink(fifo);
	CHECK(t.count == 0);
}

static void a_file_that_changes_is_noticed(void)
{
	_cleanup_tree_ struct tree t = {0};
	char path[64];
	int fd, out = memfd_create("out", MFD_CLOEXEC);

	CHECK(tree_add_file(&t, "/a", host_file(path, "before", 0600), &e) == 0);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	CHECK(io_write_all(fd, "more", 4, path, &e) == 0);
	CHECK(tree_write(&t, out, "test", &e) == -1 && e.code == EAGAIN && strstr(e.text, path));
	close(fd);
	unlink(path);
	CHECK(tree_write(&t, out, "test", &e) == -1 && e.code == ENOENT);
	close(out);
}

int main(void)
{
	RUN(parents_come_first);
	RUN(order_of_calls_does_not_matter);
	RUN(twice_the_same_is_once);
	RUN(symlinks_are_followed);
	RUN(bad_paths);
	RUN(host_files);
	RUN(what_is_no_host_file);
	RUN(a_file_that_changes_is_noticed);
	return TEST_END();
}
