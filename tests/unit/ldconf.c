/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/ldconf.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/io.h"
#include "test.h"

static char folder[] = "/tmp/ktstr-ldconf.XXXXXX";
static struct err e;

static const char *path_of(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void file(const char *name, const char *text)
{
	CHECK(io_write_file(path_of(name), text, strlen(text), &e) == 0);
}

/* The folders that the file `main` gives, a blank behind each. */
static void check_dirs(const char *want)
{
	_cleanup_names_ struct names dirs = {0};
	_cleanup_buf_ struct buf got = {0};

	CHECK(ldconf_read(path_of("main"), &dirs, &e) == 0);
	for (size_t i = 0; i < dirs.count; i++)
		buf_addf(&got, "%s ", dirs.at[i]);
	CHECK_STR(buf_text(&got), want);
}

static int status(void)
{
	_cleanup_names_ struct names dirs = {0};

	e = (struct err){0};
	return ldconf_read(path_of("main"), &dirs, &e);
}

static void lines(void)
{
	file("main",
	     "# comment\n\n  /one/  # why\n\t/two\nrelative\nhwcap 0 nosegneg\n/one\n/\n/last");
	check_dirs("/one /two / /last ");
	file("main", "");
	check_dirs("");
}

static void a_missing_file_adds_nothing(void)
{
	remove(path_of("main"));
	check_dirs("");
	file("main", "include none*.conf also-none.conf\n/a\n");
	check_dirs("/a ");
}

static void includes_are_relative_and_sorted(void)
{
	char text[PATH_MAX + 64];

	mkdir(path_of("d"), 0755);
	file("d/2.conf", "/two\n");
	file("d/1.conf", "/one\ninclude sub.x\n");
	file("d/sub.x", "/sub\n");
	file("other", "/other\n");
	snprintf(text, sizeof(text), "/first\ninclude d/*.conf\t%s\n/end\n", path_of("other"));
	file("main", text);
	check_dirs("/first /one /sub /two /other /end ");
}

static void includes_end(void)
{
	file("main", "include main\n");
	CHECK(status() == -1 && e.code == ELOOP);
	file("main", "include main main main main\n");
	CHECK(status() == -1);
}

static void limits(void)
{
	_cleanup_buf_ struct buf text = {0};

	for (unsigned int i = 0; i <= LDCONF_DIRS_MAX; i++)
		buf_addf(&text, "/d%u\n", i);
	file("main", text.data);
	CHECK(status() == -1 && e.code == EFBIG);
	while (text.len <= LDCONF_FILE_MAX)
		buf_add(&text, "                ", 16);
	file("main", text.data);
	CHECK(status() == -1 && e.code == EFBIG);
}

int main(void)
{
	if (!mkdtemp(folder))
		return 1;
	RUN(lines);
	RUN(a_missing_file_adds_nothing);
	RUN(includes_are_relative_and_sorted);
	RUN(includes_end);
	RUN(limits);
	for (const char *const *name = (const char *const[]){"d/1.conf", "d/2.conf", "d/sub.x", "d",
							     "other", "main", "", NULL};
	     *name; name++)
		remove(path_of(*name));
	return TEST_END();
}
