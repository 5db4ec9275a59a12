/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/paths.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Cut the last component off. */
static void path_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = 0;
}

/* The folder above the one our program is in, and whether it is a build folder of the tree. */
static int above_bin(char ret[PATH_MAX], bool *in_tree, struct err *e)
{
	ssize_t len = readlink("/proc/self/exe", ret, PATH_MAX - 1);
	const char *name;

	if (len < 0)
		return err_sys(e, "cannot read '/proc/self/exe'");
	ret[len] = 0;
	path_up(ret);
	path_up(ret);
	name = strrchr(ret, '/');
	*in_tree = name && (strcmp(name, "/build") == 0 || strncmp(name, "/build-", 7) == 0);
	return 0;
}

static int path_join(char ret[PATH_MAX], const char *folder, const char *name, struct err *e)
{
	size_t used = strlen(ret);

	if (snprintf(ret + used, PATH_MAX - used, "/%s/%s", folder, name) >= (int)(PATH_MAX - used))
		return err_set(e, ENAMETOOLONG, "path of '%s' is too long", name);
	return 0;
}

int paths_share(const char *name, char ret[PATH_MAX], struct err *e)
{
	bool in_tree;

	if (above_bin(ret, &in_tree, e))
		return -1;
	if (in_tree)
		path_up(ret);
	return path_join(ret, in_tree ? "share" : "share/ktstr", name, e);
}

int paths_libexec(const char *name, char ret[PATH_MAX], struct err *e)
{
	bool in_tree;

	if (above_bin(ret, &in_tree, e))
		return -1;
	return path_join(ret, in_tree ? "guest" : "libexec/ktstr", name, e);
}
