/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/ldconf.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"

struct conf {
	struct names *dirs;
	unsigned int files;
	unsigned int depth;
};

static int read_file(struct conf *c, const char *path, struct err *e);

static int add_dir(struct conf *c, const char *path, const char *dir, struct err *e)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (dir[0] != '/') /* ldconfig warns and goes on */
		return 0;
	if (c->dirs->count >= LDCONF_DIRS_MAX)
		return err_set(e, EFBIG, "'%s' names more than %u folders", path, LDCONF_DIRS_MAX);
	if (names_has(c->dirs, dir))
		return 0;
	return names_add_len(c->dirs, dir, len, e);
}

/* An include that is no absolute path is taken from the folder of the file that it stands in. */
static int include_pattern(const char *path, const char *pattern, char ret[PATH_MAX], struct err *e)
{
	const char *slash = strrchr(path, '/');
	int folder = pattern[0] != '/' && slash ? (int)(slash - path) + 1 : 0;

	if (snprintf(ret, PATH_MAX, "%.*s%s", folder, path, pattern) >= PATH_MAX)
		return err_set(e, ENAMETOOLONG, "an include of '%s' is too long", path);
	return 0;
}

static int include(struct conf *c, const char *path, const char *pattern, struct err *e)
{
	char full[PATH_MAX];
	glob_t found = {0};
	int ret = 0;

	if (include_pattern(path, pattern, full, e))
		return -1;
	if (c->depth >= LDCONF_DEPTH_MAX)
		return err_set(e, ELOOP, "'%s': includes go deeper than %u", path,
			       LDCONF_DEPTH_MAX);
	c->depth++;
	if (glob(full, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc && !ret; i++)
			ret = read_file(c, found.gl_pathv[i], e);
	globfree(&found);
	c->depth--;
	return ret;
}

static char *trim(char *text)
{
	char *end;

	text[strcspn(text, "#")] = 0;
	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = 0;
	return text;
}

/* The words behind the keyword @word, or NULL when @line does not begin with it. */
static char *keyword(char *line, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(line, word, len) != 0 || !isspace((unsigned char)line[len]))
		return NULL;
	return line + len;
}

static int read_line(struct conf *c, const char *path, char *line, struct err *e)
{
	char *word, *save, *rest;

	line = trim(line);
	if (!*line || keyword(line, "hwcap"))
		return 0;
	rest = keyword(line, "include");
	if (!rest)
		return add_dir(c, path, line, e);
	for (word = strtok_r(rest, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
		if (include(c, path, word, e))
			return -1;
	return 0;
}

static int read_file(struct conf *c, const char *path, struct err *e)
{
	_cleanup_buf_ struct buf text = {0};
	char *line, *save;

	if (++c->files > LDCONF_FILES_MAX)
		return err_set(e, EFBIG, "'%s': more than %u files included", path,
			       LDCONF_FILES_MAX);
	if (io_read_file(path, LDCONF_FILE_MAX, &text, e))
		return e->code == ENOENT ? 0 : -1;
	if (!text.data)
		return 0;
	for (line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (read_line(c, path, line, e))
			return -1;
	return 0;
}

int ldconf_read(const char *path, struct names *dirs, struct err *e)
{
	struct conf c = {.dirs = dirs};

	return read_file(&c, path, e);
}
