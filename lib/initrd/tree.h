/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files of the guest, collected before any of them is written: by guest path, sorted, missing
 * parent folders added, symlinks on the way followed as the guest will follow them. Contents of
 * host files are not held; they are read when the tree is written, and a file that changed in the
 * meantime is an error.
 *
 * A path that is added twice is kept once when both are the same and an error (EEXIST) when not.
 * Guest paths are absolute; "." and ".." are resolved inside the guest.
 */
#ifndef KTSTR_INITRD_TREE_H
#define KTSTR_INITRD_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

#define TREE_NODES_MAX 65536u
#define TREE_PATH_MAX 4096u /* bytes with the NUL */

struct tree_node;

/* {0} is an empty tree. */
struct tree {
	struct tree_node **nodes; /* sorted by path */
	size_t count;
};

void tree_deinit(struct tree *t);

int tree_add_dir(struct tree *t, const char *path, struct err *e);
int tree_add_symlink(struct tree *t, const char *path, const char *target, struct err *e);
int tree_add_char_device(struct tree *t, const char *path, mode_t permissions, unsigned int major,
			 unsigned int minor, struct err *e);

/* A file that holds a copy of @data. */
int tree_add_data(struct tree *t, const char *path, mode_t permissions, const void *data,
		  size_t len, struct err *e);

/*
 * A file with the contents of the host's regular file @host (symlinks followed). Its permissions
 * are 0755 when @host has an execute bit, 0644 when not: no umask of the host's enters the guest.
 */
int tree_add_file(struct tree *t, const char *path, const char *host, struct err *e);

/* Whether the guest mounts a file system of its own over @path or a folder above it, so that a file
 * there could not be seen. tree_add_data and tree_add_file refuse such a path. */
bool tree_path_hidden(const char *path);

/* Write it all to @fd as a cpio archive; @what names the output in errors. */
int tree_write(const struct tree *t, int fd, const char *what, struct err *e);

#define _cleanup_tree_ _cleanup_(tree_deinit)

#endif
