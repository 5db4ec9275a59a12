/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/kmod.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "initrd/hostfile.h"
#include "kimage/unpack.h"

struct kmod_module {
	char *name;	    /* with '_' only */
	char *path;	    /* relative to the folder; NULL: built into the kernel */
	struct names needs; /* paths */
};

static void module_deinit(struct kmod_module *m)
{
	free(m->name);
	free(m->path);
	names_deinit(&m->needs);
	*m = (struct kmod_module){0};
}

void kmod_index_deinit(struct kmod_index *x)
{
	for (size_t i = 0; i < x->count; i++)
		module_deinit(&x->modules[i]);
	free(x->modules);
	*x = (struct kmod_index){0};
}

/* ---- names ---- */

static void name_normalise(char *name)
{
	for (; *name; name++)
		if (*name == '-')
			*name = '_';
}

/* Where `.ko` begins in the last component of @path; NULL when it has none. */
static const char *find_suffix(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path, *suffix = NULL;

	for (const char *p = strstr(base, ".ko"); p; p = strstr(p + 1, ".ko"))
		if (p > base && (!p[3] || p[3] == '.'))
			suffix = p;
	return suffix;
}

/* The module's name out of its file's path; NULL when it is none or memory is out. */
static char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *suffix = find_suffix(path);
	const char *base = slash ? slash + 1 : path;
	char *name = suffix ? strndup(base, (size_t)(suffix - base)) : NULL;

	if (name)
		name_normalise(name);
	return name;
}

void kmod_plain_path(const char *file, char ret[PATH_MAX])
{
	const char *suffix = find_suffix(file);
	int len = suffix ? (int)(suffix - file) + 3 : (int)strnlen(file, PATH_MAX - 1);

	snprintf(ret, PATH_MAX, "%.*s", len, file);
}

/* A path that stays within the folder and names a module. */
static bool path_is_good(const char *path)
{
	if (path[0] == '/' || strlen(path) >= PATH_MAX || !find_suffix(path))
		return false;
	for (const char *p = path; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (strncmp(p, "..", 2) == 0 && (!p[2] || p[2] == '/'))
			return false;
	}
	return true;
}

static int module_order(const void *a, const void *b)
{
	return strcmp(((const struct kmod_module *)a)->name, ((const struct kmod_module *)b)->name);
}

static const struct kmod_module *lookup(const struct kmod_index *x, const char *name)
{
	const struct kmod_module key = {.name = (char *)name};

	return x->count ? bsearch(&key, x->modules, x->count, sizeof(key), module_order) : NULL;
}

/* ---- the index ---- */

/* One of the two files on its way into the index. */
struct text {
	const char *what;
	const char *at, *end;
	size_t line; /* number of the line taken last */
	bool builtin;
};

static int bad_line(const struct text *t, const char *why, struct err *e)
{
	return err_set(e, EPROTO, "%s:%zu: %s", t->what, t->line, why);
}

/* Take a copy of the next line; NULL at the end or (with *failed) when memory is out. */
static char *next_line(struct text *t, bool *failed)
{
	const char *newline, *from = t->at;
	char *line;
	size_t len;

	*failed = false;
	if (t->at == t->end)
		return NULL;
	newline = memchr(from, '\n', (size_t)(t->end - from));
	len = (size_t)((newline ? newline : t->end) - from);
	t->at = newline ? newline + 1 : t->end;
	t->line++;
	line = strndup(from, len);
	*failed = !line;
	return line;
}

static int read_needs(const struct text *t, struct kmod_module *m, char *rest, struct err *e)
{
	char *word, *save;

	for (word = strtok_r(rest, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (!path_is_good(word))
			return bad_line(t, "not the path of a module", e);
		if (names_add(&m->needs, word, e))
			return -1;
	}
	return 0;
}

/* modules.dep: `PATH: PATH...`; modules.builtin: `PATH`. */
static int read_line(const struct text *t, char *line, struct kmod_module *m, struct err *e)
{
	char *colon = t->builtin ? NULL : strchr(line, ':');

	if (!t->builtin && !colon)
		return bad_line(t, "no ':' behind a module", e);
	if (colon)
		*colon = 0;
	if (!path_is_good(line))
		return bad_line(t, "not the path of a module", e);
	m->name = name_of(line);
	m->path = t->builtin ? NULL : strdup(line);
	if (!m->name || (!t->builtin && !m->path))
		return err_set(e, ENOMEM, "out of memory");
	return colon ? read_needs(t, m, colon + 1, e) : 0;
}

static int index_add(struct kmod_index *x, struct kmod_module *m, struct err *e)
{
	struct kmod_module *modules = x->modules;

	/* Grown by doubling: at each power of two. */
	if (!(x->count & (x->count - 1)))
		modules = reallocarray(modules, x->count ? 2 * x->count : 1, sizeof(*modules));
	if (!modules)
		return err_set(e, ENOMEM, "out of memory");
	x->modules = modules;
	modules[x->count++] = *m;
	*m = (struct kmod_module){0};
	return 0;
}

static int read_text(struct kmod_index *x, struct text *t, struct err *e)
{
	for (;;) {
		_cleanup_(module_deinit) struct kmod_module m = {0};
		bool failed;
		_cleanup_free_ char *line = next_line(t, &failed);

		if (failed)
			return err_set(e, ENOMEM, "out of memory");
		if (!line)
			return 0;
		if (!*line)
			continue;
		if (t->line > KMOD_MODULES_MAX)
			return bad_line(t, "too many lines", e);
		if (read_line(t, line, &m, e) || index_add(x, &m, e))
			return -1;
	}
}

/* Keep one module of each name: the one with a file rather than the built-in. */
static void index_unique(struct kmod_index *x)
{
	size_t kept = 0;

	qsort(x->modules, x->count, sizeof(*x->modules), module_order);
	for (size_t i = 0; i < x->count; i++) {
		struct kmod_module *last = kept ? &x->modules[kept - 1] : NULL, *m = &x->modules[i];

		if (!last || strcmp(last->name, m->name) != 0) {
			kept++;
			last = &x->modules[kept - 1];
		} else if (!last->path && m->path) {
			module_deinit(last);
		} else {
			module_deinit(m);
			continue;
		}
		if (last != m) {
			*last = *m;
			*m = (struct kmod_module){0};
		}
	}
	x->count = kept;
}

int kmod_index_parse(const char *dep, size_t dep_len, const char *builtin, size_t builtin_len,
		     struct kmod_index *ret, struct err *e)
{
	_cleanup_kmod_index_ struct kmod_index x = {0};
	struct text texts[] = {
		{.what = "modules.dep", .at = dep, .end = dep + dep_len},
		{.what = "modules.builtin",
		 .at = builtin,
		 .end = builtin + builtin_len,
		 .builtin = true},
	};

	*ret = (struct kmod_index){0};
	for (size_t i = 0; i < 2; i++)
		if (read_text(&x, &texts[i], e))
			return -1;
	if (x.count)
		index_unique(&x);
	*ret = x;
	x = (struct kmod_index){0};
	return 0;
}

static int read_index_file(const char *dir, const char *name, struct buf *ret, struct err *e)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= PATH_MAX)
		return err_set(e, ENAMETOOLONG, "path '%s' is too long", dir);
	return io_read_file(path, KMOD_INDEX_MAX, ret, e);
}

int kmod_index_read(const char *dir, struct kmod_index *ret, struct err *e)
{
	_cleanup_buf_ struct buf dep = {0}, builtin = {0};

	*ret = (struct kmod_index){0};
	if (read_index_file(dir, "modules.dep", &dep, e))
		return -1;
	if (read_index_file(dir, "modules.builtin", &builtin, e) && e->code != ENOENT)
		return -1;
	if (kmod_index_parse(buf_text(&dep), dep.len, buf_text(&builtin), builtin.len, ret, e))
		return err_prefix(e, "'%s'", dir);
	return 0;
}

/* ---- the load order ---- */

struct walk {
	const struct kmod_index *index;
	const struct kmod_module *path[KMOD_DEPTH_MAX]; /* from the one asked for to here */
	size_t depth;
	struct names *files;
};

static int visit(struct walk *w, const struct kmod_module *m, struct err *e);

static int visit_need(struct walk *w, const struct kmod_module *m, const char *need, struct err *e)
{
	_cleanup_free_ char *name = name_of(need);
	const struct kmod_module *needed = name ? lookup(w->index, name) : NULL;

	if (!name)
		return err_set(e, ENOMEM, "out of memory");
	if (!needed)
		return err_set(e, EPROTO, "module '%s' needed by '%s' is not in modules.dep", name,
			       m->name);
	return visit(w, needed, e);
}

static int visit(struct walk *w, const struct kmod_module *m, struct err *e)
{
	if (!m->path || names_has(w->files, m->path))
		return 0;
	for (size_t i = 0; i < w->depth; i++)
		if (w->path[i] == m)
			return err_set(e, EPROTO, "modules '%s' and '%s' need each other", m->name,
				       w->path[w->depth - 1]->name);
	if (w->depth >= KMOD_DEPTH_MAX)
		return err_set(e, EPROTO, "module '%s' needs modules more than %u deep",
			       w->path[0]->name, KMOD_DEPTH_MAX);
	w->path[w->depth++] = m;
	/* depmod puts what must be loaded first last. */
	for (size_t i = m->needs.count; i > 0; i--)
		if (visit_need(w, m, m->needs.at[i - 1], e))
			return -1;
	w->depth--;
	return names_add(w->files, m->path, e);
}

int kmod_files(const struct kmod_index *x, const char *name, struct names *files, struct err *e)
{
	_cleanup_free_ char *plain = strdup(name);
	const struct kmod_module *m;
	struct walk w = {.index = x, .files = files};

	if (!plain)
		return err_set(e, ENOMEM, "out of memory");
	name_normalise(plain);
	m = lookup(x, plain);
	if (!m)
		return err_set(e, ENOENT, "the kernel has no module '%s'", name);
	return visit(&w, m, e);
}

/* ---- contents ---- */

static int read_packed(const char *path, struct buf *ret, struct err *e)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	fd = hostfile_open(path, &st, e);
	return fd < 0 ? -1 : io_read_all(fd, KMOD_FILE_MAX, path, ret, e);
}

int kmod_read(const char *path, struct buf *ret, struct err *e)
{
	_cleanup_buf_ struct buf packed = {0};
	size_t start = ret->len, used;
	enum unpack_format format;

	if (read_packed(path, &packed, e))
		return -1;
	format = unpack_detect(buf_text(&packed), packed.len);
	if (unpack(format, packed.data, packed.len, start + KMOD_FILE_MAX, ret, &used, e))
		return err_prefix(e, "'%s'", path);
	if (unpack_detect(buf_text(ret) + start, ret->len - start) != UNPACK_NONE)
		return err_set(e, EPROTO, "'%s' is not a kernel module", path);
	return 0;
}

int kmod_release(const char *dir, char ret[NAME_MAX + 1], struct err *e)
{
	char real[PATH_MAX], *slash;

	if (!realpath(dir, real))
		return err_sys(e, "cannot resolve '%s'", dir);
	slash = strrchr(real, '/');
	if (strcmp(slash, "/modules") == 0) {
		*slash = 0;
		slash = strrchr(real, '/');
	}
	if (!slash || !slash[1])
		return err_set(e, EINVAL, "'%s' is not named by a kernel release", dir);
	snprintf(ret, NAME_MAX + 1, "%s", slash + 1);
	return 0;
}
