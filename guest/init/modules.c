/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

#define LIST_MAX (256u << 10)

static void module_load(struct link *l, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		link_trouble(l, TROUBLE_SETUP, "cannot open module '%s': %s", path,
			     strerror(errno));
	else if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
		link_trouble(l, TROUBLE_SETUP, "cannot load module '%s': %s", path,
			     strerror(errno));
}

void modules_load(struct link *l, const char *list)
{
	_cleanup_buf_ struct buf b = {0};
	struct err e;
	char *rest, *line;

	if (access(list, F_OK))
		return;
	link_life(l, "modules", NULL);
	if (io_read_file(list, LIST_MAX, &b, &e)) {
		link_trouble(l, TROUBLE_SETUP, "%s", e.text);
		return;
	}
	rest = b.data;
	while (rest && (line = strsep(&rest, "\n")))
		if (*line)
			module_load(l, line);
}
