/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/tree.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "initrd/content.h"
#include "initrd/cpio.h"

#define SYMLINKS_MAX 8 /* followed in one path */

struct tree_node {
	char *path; /* "/a/b"; the root is no node */
	mode_t mode;
	struct content content; /* of a file; of a symlink: its target */
	unsigned int major, minor;
};

/* Where the agent mounts something. */
static const char *const mount_points[] = {"/dev", "/proc", "/run", "/sys", "/tmp"};

static void node_destroy(struct tree_node *n)
{
	if (!n)
		return;
	free(n->path);
	content_deinit(&n->content);
	free(n);
}

static void node_destroyp(struct tree_node **n)
{
	node_destroy(*n);
}

void tree_deinit(struct tree *t)
{
	for (size_t i = 0; i < t->count; i++)
		node_destroy(t->nodes[i]);
	free(t->nodes);
	*t = (struct tree){0};
}

bool tree_path_hidden(const char *path)
{
	for (size_t i = 0; i < sizeof(mount_points) / sizeof(mount_points[0]); i++) {
		size_t len = strlen(mount_points[i]);

		if (strncmp(path, mount_points[i], len) == 0 && (!path[len] || path[len] == '/'))
			return true;
	}
	return false;
}

/* ---- look up and insert ---- */

/* The index of @path, or of the first node behind it; *found says which. */
static size_t find(const struct tree *t, const char *path, bool *found)
{
	size_t low = 0, high = t->count;

	*found = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(t->nodes[mid]->path, path);

		if (order == 0) {
			*found = true;
			return mid;
		}
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const struct tree_node *lookup(const struct tree *t, const char *path)
{
	bool found;
	size_t at = find(t, path, &found);

	return found ? t->nodes[at] : NULL;
}

static const char *kind_name(mode_t mode)
{
	return S_ISDIR(mode)   ? "a folder"
	       : S_ISLNK(mode) ? "a symlink"
	       : S_ISREG(mode) ? "a file"
			       : "a device";
}

/* ---- insert ---- */

static int given_twice(const struct tree_node *a, const struct tree_node *b, struct err *e)
{
	if (a->content.host && b->content.host)
		return err_set(e, EEXIST, "guest path '%s' is given twice, by '%s' and '%s'",
			       a->path, a->content.host, b->content.host);
	return err_set(e, EEXIST, "guest path '%s' is given twice with other contents", a->path);
}

/* @n came to the path of @old, which stays. */
static int merge(struct tree_node *old, const struct tree_node *n, struct err *e)
{
	bool same;

	if ((old->mode & S_IFMT) != (n->mode & S_IFMT))
		return err_set(e, EEXIST, "guest path '%s' is %s and cannot become %s", n->path,
			       kind_name(old->mode), kind_name(n->mode));
	if (content_equal(&old->content, &n->content, &same, e))
		return -1;
	if (!same || old->major != n->major || old->minor != n->minor)
		return given_twice(old, n, e);
	old->mode |= n->mode;
	return 0;
}

/* Take over *@n; it is NULL afterwards, success or not. */
static int insert(struct tree *t, struct tree_node **n, struct err *e)
{
	_cleanup_(node_destroyp) struct tree_node *own = steal_ptr(n);
	struct tree_node **nodes;
	bool found;
	size_t at = find(t, own->path, &found);

	if (found)
		return merge(t->nodes[at], own, e);
	if (t->count >= TREE_NODES_MAX)
		return err_set(e, EFBIG, "more than %u files for the guest", TREE_NODES_MAX);
	nodes = reallocarray(t->nodes, t->count + 1, sizeof(*nodes));
	if (!nodes)
		return err_set(e, ENOMEM, "out of memory");
	memmove(nodes + at + 1, nodes + at, (t->count - at) * sizeof(*nodes));
	nodes[at] = steal_ptr(&own);
	t->nodes = nodes;
	t->count++;
	return 0;
}

static struct tree_node *node_create(const char *path, mode_t mode, struct err *e)
{
	struct tree_node *n = calloc(1, sizeof(*n));

	if (n)
		n->path = strdup(path);
	if (!n || !n->path) {
		node_destroy(n);
		err_set(e, ENOMEM, "out of memory");
		return NULL;
	}
	n->mode = mode;
	return n;
}

static int add_dir_here(struct tree *t, const char *path, struct err *e)
{
	struct tree_node *n = node_create(path, S_IFDIR | 0755, e);

	return n ? insert(t, &n, e) : -1;
}

/* ---- guest paths ---- */

/* A path on its way through the tree: `done` is resolved, `rest` is still to do. */
struct walk {
	char done[TREE_PATH_MAX];
	char rest[TREE_PATH_MAX];
	unsigned int symlinks;
};

static int path_too_long(const char *path, struct err *e)
{
	return err_set(e, ENAMETOOLONG, "guest path '%s' is too long", path);
}

static int append(char to[TREE_PATH_MAX], const char *name, struct err *e)
{
	size_t used = strlen(to), len = strlen(name);

	if (used + 1 + len >= TREE_PATH_MAX)
		return path_too_long(name, e);
	to[used] = '/';
	memcpy(to + used + 1, name, len + 1);
	return 0;
}

/* Take the next component off `rest`; false at the end. */
static bool walk_next(struct walk *w, char name[TREE_PATH_MAX])
{
	char *from = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(from, "/");

	memcpy(name, from, len);
	name[len] = 0;
	memmove(w->rest, from + len, strlen(from + len) + 1);
	return len;
}

static bool walk_at_end(const struct walk *w)
{
	return !w->rest[strspn(w->rest, "/")];
}

static void walk_up(struct walk *w)
{
	char *slash = strrchr(w->done, '/');

	if (slash)
		*slash = 0;
}

/* `done` is the symlink @link: go on at its target. */
static int walk_follow(struct walk *w, const struct tree_node *link, struct err *e)
{
	char rest[TREE_PATH_MAX] = "";

	if (++w->symlinks > SYMLINKS_MAX)
		return err_set(e, ELOOP, "guest path '%s' goes through more than %d symlinks",
			       link->path, SYMLINKS_MAX);
	if (append(rest, link->content.data, e) || append(rest, w->rest, e))
		return -1;
	memcpy(w->rest, rest, sizeof(rest));
	if (link->content.data[0] == '/')
		w->done[0] = 0;
	else
		walk_up(w);
	return 0;
}

/*
 * Add the folder @path. Where the host has a symlink at a folder of the system (/lib to usr/lib, a
 * merged /usr), the guest gets the same, so that every name by which the host's programs know a
 * library holds in the guest too.
 */
static int add_missing_folder(struct tree *t, const char *path, struct err *e)
{
	static const char *const merged[] = {"/bin",	"/lib",	 "/lib32",     "/lib64",
					     "/libx32", "/sbin", "/usr/lib64", "/usr/sbin"};
	char target[TREE_PATH_MAX];
	ssize_t len;

	for (size_t i = 0; i < sizeof(merged) / sizeof(merged[0]); i++) {
		if (strcmp(path, merged[i]) != 0)
			continue;
		len = readlink(path, target, sizeof(target) - 1);
		if (len <= 0)
			break;
		target[len] = 0;
		return tree_add_symlink(t, path, target, e);
	}
	return add_dir_here(t, path, e);
}

/* `done` must be a folder, now or from now on. */
static int walk_enter(struct tree *t, struct walk *w, struct err *e)
{
	const struct tree_node *n = lookup(t, w->done);

	if (!n) {
		if (add_missing_folder(t, w->done, e))
			return -1;
		n = lookup(t, w->done);
	}
	if (S_ISLNK(n->mode))
		return walk_follow(w, n, e);
	if (!S_ISDIR(n->mode))
		return err_set(e, ENOTDIR, "guest path '%s' is %s, so nothing can be in it",
			       w->done, kind_name(n->mode));
	return 0;
}

/* Resolve @path as the guest will; the folders on the way are there afterwards. The last component
 * is not followed. */
static int resolve(struct tree *t, const char *path, char ret[TREE_PATH_MAX], struct err *e)
{
	struct walk w = {0};
	char name[TREE_PATH_MAX];

	if (path[0] != '/')
		return err_set(e, EINVAL, "guest path '%s' does not begin with '/'", path);
	if (strlen(path) >= TREE_PATH_MAX)
		return path_too_long(path, e);
	memcpy(w.rest, path, strlen(path) + 1);
	while (walk_next(&w, name)) {
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			walk_up(&w);
			continue;
		}
		if (append(w.done, name, e))
			return -1;
		if (!walk_at_end(&w) && walk_enter(t, &w, e))
			return -1;
	}
	if (!w.done[0])
		return err_set(e, EINVAL, "guest path '%s' is the root folder", path);
	memcpy(ret, w.done, sizeof(w.done));
	return 0;
}

/* ---- the calls ---- */

int tree_add_dir(struct tree *t, const char *path, struct err *e)
{
	char real[TREE_PATH_MAX];

	return resolve(t, path, real, e) ? -1 : add_dir_here(t, real, e);
}

/* A node at @path, resolved; NULL on failure. */
static struct tree_node *node_at(struct tree *t, const char *path, mode_t mode, struct err *e)
{
	char real[TREE_PATH_MAX];

	if (resolve(t, path, real, e))
		return NULL;
	if (S_ISREG(mode) && tree_path_hidden(real)) {
		err_set(e, EINVAL, "guest path '%s' would be hidden by a file system mounted there",
			real);
		return NULL;
	}
	return node_create(real, mode, e);
}

int tree_add_data(struct tree *t, const char *path, mode_t permissions, const void *data,
		  size_t len, struct err *e)
{
	_cleanup_(node_destroyp) struct tree_node *n = node_at(t, path, S_IFREG | permissions, e);

	if (!n || content_of_data(data, len, &n->content, e))
		return -1;
	return insert(t, &n, e);
}

int tree_add_symlink(struct tree *t, const char *path, const char *target, struct err *e)
{
	_cleanup_(node_destroyp) struct tree_node *n = node_at(t, path, S_IFLNK | 0777, e);

	if (!n || content_of_data(target, strlen(target), &n->content, e))
		return -1;
	return insert(t, &n, e);
}

int tree_add_char_device(struct tree *t, const char *path, mode_t permissions, unsigned int major,
			 unsigned int minor, struct err *e)
{
	struct tree_node *n = node_at(t, path, S_IFCHR | permissions, e);

	if (!n)
		return -1;
	n->major = major;
	n->minor = minor;
	return insert(t, &n, e);
}

int tree_add_file(struct tree *t, const char *path, const char *host, struct err *e)
{
	_cleanup_content_ struct content content = {0};
	struct tree_node *n;

	if (content_of_file(host, &content, e))
		return -1;
	n = node_at(t, path, S_IFREG | (content.seen.st_mode & 0111 ? 0755 : 0644), e);
	if (!n)
		return -1;
	n->content = content;
	content = (struct content){0};
	return insert(t, &n, e);
}

/* ---- write ---- */

static int write_node(struct cpio *c, const struct tree_node *n, struct err *e)
{
	struct cpio_entry entry = {
		.name = n->path + 1, /* relative, as the kernel's own tools write them */
		.mode = n->mode,
		.size = n->content.size,
		.major = n->major,
		.minor = n->minor,
	};

	return cpio_begin(c, &entry, e) || content_write(&n->content, c, e) ? -1 : 0;
}

int tree_write(const struct tree *t, int fd, const char *what, struct err *e)
{
	_cleanup_free_ struct cpio *c = malloc(sizeof(*c));

	if (!c)
		return err_set(e, ENOMEM, "out of memory");
	cpio_init(c, fd, what);
	for (size_t i = 0; i < t->count; i++)
		if (write_node(c, t->nodes[i], e))
			return -1;
	return cpio_end(c, e);
}
