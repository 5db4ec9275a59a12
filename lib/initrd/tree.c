/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/tree.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "initrd/cpio.h"
#include "initrd/hostfile.h"

#define SYMLINKS_MAX 8 /* followed in one path */
#define CHUNK 65536u

struct tree_node {
	char *path; /* "/a/b"; the root is no node */
	mode_t mode;
	uint64_t size;
	char *data;	  /* of a file: its contents; of a symlink: its target; owned */
	char *host;	  /* of a file without data: where the contents are; owned */
	struct stat seen; /* of that host file when it was added */
	unsigned int major, minor;
};

/* Where the agent mounts something. */
static const char *const mount_points[] = {"/dev", "/proc", "/run", "/sys", "/tmp"};

static void node_destroy(struct tree_node *n)
{
	if (!n)
		return;
	free(n->path);
	free(n->data);
	free(n->host);
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

/* ---- are two contents the same ---- */

struct reader {
	const struct tree_node *node;
	int fd; /* -1: from memory */
};

static int reader_open(struct reader *r, const struct tree_node *n, struct err *e)
{
	struct stat st;

	*r = (struct reader){.node = n, .fd = -1};
	if (!n->host)
		return 0;
	r->fd = hostfile_open(n->host, &st, e);
	if (r->fd < 0)
		return -1;
	if (st.st_dev == n->seen.st_dev && st.st_ino == n->seen.st_ino &&
	    st.st_size == n->seen.st_size && st.st_mtim.tv_sec == n->seen.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == n->seen.st_mtim.tv_nsec)
		return 0;
	close(steal_fd(&r->fd));
	return err_set(e, EAGAIN, "'%s' changed while it was read", n->host);
}

static void reader_close(struct reader *r)
{
	cleanup_closep(&r->fd);
}

/* Read exactly @len bytes at @at; *ret is them, in @chunk or in the node. */
static int reader_get(struct reader *r, uint64_t at, char *chunk, size_t len, const char **ret,
		      struct err *e)
{
	ssize_t got;

	if (r->fd < 0) {
		*ret = r->node->data + at;
		return 0;
	}
	got = io_read_upto(r->fd, chunk, len);
	if (got < 0)
		return err_sys(e, "cannot read '%s'", r->node->host);
	if ((size_t)got < len)
		return err_set(e, EAGAIN, "'%s' changed while it was read", r->node->host);
	*ret = chunk;
	return 0;
}

static bool same_host_file(const struct tree_node *a, const struct tree_node *b)
{
	return a->host && b->host && a->seen.st_dev == b->seen.st_dev &&
	       a->seen.st_ino == b->seen.st_ino;
}

static int compare(struct reader *a, struct reader *b, bool *same, struct err *e)
{
	char chunk_a[CHUNK], chunk_b[CHUNK];
	uint64_t size = a->node->size;

	*same = true;
	for (uint64_t at = 0; at < size && *same; at += CHUNK) {
		size_t len = size - at < CHUNK ? (size_t)(size - at) : CHUNK;
		const char *from_a = NULL, *from_b = NULL;

		if (reader_get(a, at, chunk_a, len, &from_a, e) ||
		    reader_get(b, at, chunk_b, len, &from_b, e))
			return -1;
		*same = memcmp(from_a, from_b, len) == 0;
	}
	return 0;
}

static int same_contents(const struct tree_node *a, const struct tree_node *b, bool *same,
			 struct err *e)
{
	_cleanup_(reader_close) struct reader ra = {.fd = -1}, rb = {.fd = -1};

	*same = same_host_file(a, b);
	if (*same || a->size != b->size)
		return 0;
	if (reader_open(&ra, a, e) || reader_open(&rb, b, e))
		return -1;
	return compare(&ra, &rb, same, e);
}

/* ---- insert ---- */

/* @n came to the path of @old, which stays. */
static int merge(struct tree_node *old, const struct tree_node *n, struct err *e)
{
	bool same = false;

	if ((old->mode & S_IFMT) != (n->mode & S_IFMT))
		return err_set(e, EEXIST, "guest path '%s' is %s and cannot become %s", n->path,
			       kind_name(old->mode), kind_name(n->mode));
	if (S_ISDIR(n->mode))
		return 0;
	if (old->major == n->major && old->minor == n->minor && same_contents(old, n, &same, e))
		return -1;
	if (!same && old->host && n->host)
		return err_set(e, EEXIST, "guest path '%s' is given twice, by '%s' and '%s'",
			       n->path, old->host, n->host);
	if (!same)
		return err_set(e, EEXIST, "guest path '%s' is given twice with other contents",
			       n->path);
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
	if (append(rest, link->data, e) || append(rest, w->rest, e))
		return -1;
	memcpy(w->rest, rest, sizeof(rest));
	if (link->data[0] == '/')
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

static int node_copy_data(struct tree_node *n, const void *data, size_t len, struct err *e)
{
	n->data = malloc(len + 1);
	if (!n->data)
		return err_set(e, ENOMEM, "out of memory");
	if (len)
		memcpy(n->data, data, len);
	n->data[len] = 0;
	n->size = len;
	return 0;
}

int tree_add_data(struct tree *t, const char *path, mode_t permissions, const void *data,
		  size_t len, struct err *e)
{
	_cleanup_(node_destroyp) struct tree_node *n = node_at(t, path, S_IFREG | permissions, e);

	if (!n || node_copy_data(n, data, len, e))
		return -1;
	return insert(t, &n, e);
}

int tree_add_symlink(struct tree *t, const char *path, const char *target, struct err *e)
{
	_cleanup_(node_destroyp) struct tree_node *n = node_at(t, path, S_IFLNK | 0777, e);

	if (!n || node_copy_data(n, target, strlen(target), e))
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
	_cleanup_(node_destroyp) struct tree_node *n = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;

	fd = hostfile_open(host, &st, e);
	if (fd < 0)
		return -1;
	if ((uint64_t)st.st_size > CPIO_FILE_MAX)
		return err_set(e, EFBIG, "'%s' is larger than 4 GiB, which no cpio archive holds",
			       host);
	n = node_at(t, path, S_IFREG | (st.st_mode & 0111 ? 0755 : 0644), e);
	if (!n)
		return -1;
	n->host = strdup(host);
	if (!n->host)
		return err_set(e, ENOMEM, "out of memory");
	n->seen = st;
	n->size = (uint64_t)st.st_size;
	return insert(t, &n, e);
}

/* ---- write ---- */

static int write_contents(struct cpio *c, struct reader *r, struct err *e)
{
	char chunk[CHUNK];

	for (uint64_t at = 0; at < r->node->size; at += CHUNK) {
		uint64_t left = r->node->size - at;
		size_t len = left < CHUNK ? (size_t)left : CHUNK;
		const char *from = NULL;

		if (reader_get(r, at, chunk, len, &from, e) || cpio_data(c, from, len, e))
			return -1;
	}
	return 0;
}

static int write_node(struct cpio *c, const struct tree_node *n, struct err *e)
{
	_cleanup_(reader_close) struct reader r = {.fd = -1};
	struct cpio_entry entry = {
		.name = n->path + 1, /* relative, as the kernel's own tools write them */
		.mode = n->mode,
		.size = n->size,
		.major = n->major,
		.minor = n->minor,
	};

	if (reader_open(&r, n, e) || cpio_begin(c, &entry, e))
		return -1;
	return write_contents(c, &r, e);
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
