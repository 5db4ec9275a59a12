/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/closure.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "initrd/elfdeps.h"
#include "initrd/hostfile.h"
#include "initrd/ldconf.h"
#include "initrd/names.h"

/* What $PLATFORM stands for; glibc says the same for every x86-64 processor since 2.38. */
#define PLATFORM "x86_64"

struct closure_object {
	char *name;  /* by which it was asked for */
	char *host;  /* path */
	char *guest; /* path */
	char *host_origin;
	char *guest_origin;
	struct elfdeps deps;
	const struct closure_object *loader; /* who asked first; NULL: the program */
};

/* A folder, as the host and as the guest know it. */
struct place {
	char host[PATH_MAX];
	char guest[PATH_MAX];
};

struct search {
	struct closure *c;
	struct names conf_dirs;	   /* from ld.so.conf */
	struct names default_dirs; /* the dynamic linker's own; the first is where the guest's
				      copies of libraries go that have no other place */
	const char *lib;	   /* what $LIB stands for */
};

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory");
}

/* ---- objects ---- */

static void object_destroy(struct closure_object *o)
{
	if (!o)
		return;
	free(o->name);
	free(o->host);
	free(o->guest);
	free(o->host_origin);
	free(o->guest_origin);
	elfdeps_deinit(&o->deps);
	free(o);
}

static void object_destroyp(struct closure_object **o)
{
	object_destroy(*o);
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strndup(path, slash && slash > path ? (size_t)(slash - path) : 1);
}

/* An object without its dependencies; NULL on failure. */
static struct closure_object *object_create(const char *name, const char *host, const char *guest,
					    struct err *e)
{
	struct closure_object *o = calloc(1, sizeof(*o));

	if (!o) {
		no_memory(e);
		return NULL;
	}
	o->name = strdup(name);
	o->host = strdup(host);
	o->guest = strdup(guest);
	o->host_origin = folder_of(host);
	o->guest_origin = folder_of(guest);
	if (!o->name || !o->host || !o->guest || !o->host_origin || !o->guest_origin) {
		object_destroy(o);
		no_memory(e);
		return NULL;
	}
	return o;
}

/* Take over *@o; it is NULL afterwards, success or not. */
static int closure_add(struct closure *c, struct closure_object **o, struct err *e)
{
	_cleanup_(object_destroyp) struct closure_object *own = steal_ptr(o);
	struct closure_object **objects;

	if (c->count >= CLOSURE_FILES_MAX)
		return err_set(e, EFBIG, "'%s' needs more than %u files", c->objects[0]->host,
			       CLOSURE_FILES_MAX);
	objects = reallocarray(c->objects, c->count + 1, sizeof(*objects));
	if (!objects)
		return no_memory(e);
	c->objects = objects;
	objects[c->count++] = steal_ptr(&own);
	return 0;
}

/* A library counts as there by the name it was asked for and by the name it gives itself. */
static bool closure_has(const struct closure *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct closure_object *o = c->objects[i];

		if (strcmp(o->name, name) == 0 ||
		    (o->deps.soname && strcmp(o->deps.soname, name) == 0))
			return true;
	}
	return false;
}

/* ---- names with $ORIGIN and the like ---- */

/* The length of `$NAME` or `${NAME}` at @text, 0 when it is not that. */
static size_t token_len(const char *text, const char *end, const char *name)
{
	size_t len = strlen(name), left = (size_t)(end - text);
	bool brace = left > 1 && text[1] == '{';
	size_t skip = brace ? 2 : 1;

	if (left < skip + len || strncmp(text + skip, name, len) != 0)
		return 0;
	if (brace)
		return left > skip + len && text[skip + len] == '}' ? skip + len + 1 : 0;
	return skip + len;
}

static int place_add(struct place *p, const char *host, const char *guest, size_t len,
		     struct err *e)
{
	size_t host_used = strlen(p->host), guest_used = strlen(p->guest);
	size_t host_len = strnlen(host, len), guest_len = strnlen(guest, len);

	if (host_used + host_len >= PATH_MAX || guest_used + guest_len >= PATH_MAX)
		return err_set(e, ENAMETOOLONG, "a library path is too long");
	memcpy(p->host + host_used, host, host_len);
	p->host[host_used + host_len] = 0;
	memcpy(p->guest + guest_used, guest, guest_len);
	p->guest[guest_used + guest_len] = 0;
	return 0;
}

static int expand(const struct search *s, const struct closure_object *o, const char *text,
		  size_t len, struct place *ret, struct err *e)
{
	const struct {
		const char *name, *host, *guest;
	} tokens[] = {
		{"ORIGIN", o->host_origin, o->guest_origin},
		{"PLATFORM", PLATFORM, PLATFORM},
		{"LIB", s->lib, s->lib},
	};
	const char *end = text + len;

	*ret = (struct place){0};
	while (text < end) {
		const char *host = text, *guest = text;
		size_t used = 0, take = 1;

		for (size_t i = 0; *text == '$' && !used && i < 3; i++) {
			used = token_len(text, end, tokens[i].name);
			if (used) {
				host = tokens[i].host;
				guest = tokens[i].guest;
				take = PATH_MAX;
			}
		}
		if (place_add(ret, host, guest, take, e))
			return -1;
		text += used ? used : 1;
	}
	return 0;
}

/* ---- the search ---- */

/* Every try returns 1: found and added, 0: not there, -1: an error. */

static const char *guest_folder(const struct search *s, const char *folder)
{
	return tree_path_hidden(folder) ? s->default_dirs.at[0] : folder;
}

static int try_file(struct search *s, const struct closure_object *who, const char *name,
		    const char *host, const char *guest, struct err *e)
{
	_cleanup_(object_destroyp) struct closure_object *o = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;
	struct err ignored;

	fd = hostfile_open(host, &st, &ignored);
	if (fd < 0)
		return 0;
	o = object_create(name, host, guest, e);
	if (!o)
		return -1;
	if (elfdeps_read(fd, host, &o->deps, e)) {
		e->code = EPROTO; /* ENOEXEC is the program's own */
		return err_prefix(e, "library '%s' needed by '%s'", name, who->host);
	}
	if (!elfdeps_fit(&o->deps, &who->deps))
		return 0;
	o->loader = who;
	return closure_add(s->c, &o, e) ? -1 : 1;
}

static int try_folder(struct search *s, const struct closure_object *who, const char *name,
		      const char *host_folder, const char *guest_folder, struct err *e)
{
	char host[PATH_MAX], guest[PATH_MAX];

	if (snprintf(host, sizeof(host), "%s/%s", host_folder, name) >= PATH_MAX ||
	    snprintf(guest, sizeof(guest), "%s/%s", guest_folder, name) >= PATH_MAX)
		return 0; /* ld.so cannot open it either */
	return try_file(s, who, name, host, guest, e);
}

/* The colon-separated folders of an RPATH or RUNPATH that stands in @owner. One that is no absolute
 * path depends on the working folder; it is left out. */
static int try_list(struct search *s, const struct closure_object *who, const char *name,
		    const struct closure_object *owner, const char *list, struct err *e)
{
	for (;;) {
		size_t len = strcspn(list, ":");
		struct place p;
		int ret;

		if (expand(s, owner, list, len, &p, e))
			return -1;
		ret = p.host[0] == '/'
			      ? try_folder(s, who, name, p.host, guest_folder(s, p.guest), e)
			      : 0;
		if (ret || !list[len])
			return ret;
		list += len + 1;
	}
}

/* RPATH counts only in objects without RUNPATH; that of those who asked for @who counts too. */
static int try_rpaths(struct search *s, const struct closure_object *who, const char *name,
		      struct err *e)
{
	if (who->deps.runpath)
		return 0;
	for (const struct closure_object *o = who; o; o = o->loader) {
		int ret = 0;

		if (o->deps.rpath && !o->deps.runpath)
			ret = try_list(s, who, name, o, o->deps.rpath, e);
		if (ret)
			return ret;
	}
	return 0;
}

static int try_system(struct search *s, const struct closure_object *who, const char *name,
		      struct err *e)
{
	int ret = 0;

	if (who->deps.nodeflib)
		return 0;
	for (size_t i = 0; i < s->conf_dirs.count && !ret; i++) {
		const char *dir = s->conf_dirs.at[i];
		bool known = names_has(&s->default_dirs, dir);

		ret = try_folder(s, who, name, dir, known ? dir : s->default_dirs.at[0], e);
	}
	for (size_t i = 0; i < s->default_dirs.count && !ret; i++) {
		const char *dir = s->default_dirs.at[i];

		ret = try_folder(s, who, name, dir, dir, e);
	}
	return ret;
}

static int try_path(struct search *s, const struct closure_object *who, const char *name,
		    struct err *e)
{
	struct place p;

	if (expand(s, who, name, strlen(name), &p, e))
		return -1;
	if (p.host[0] != '/')
		return err_set(e, ENOENT,
			       "library '%s' needed by '%s' is relative to the working folder",
			       name, who->host);
	return try_file(s, who, name, p.host, p.guest, e);
}

static int find(struct search *s, const struct closure_object *who, const char *name, struct err *e)
{
	int ret;

	if (strchr(name, '/')) {
		ret = try_path(s, who, name, e);
	} else {
		ret = try_rpaths(s, who, name, e);
		if (!ret && who->deps.runpath)
			ret = try_list(s, who, name, who, who->deps.runpath, e);
		if (!ret)
			ret = try_system(s, who, name, e);
	}
	if (!ret)
		return err_set(e, ENOENT, "library '%s' needed by '%s' is not found", name,
			       who->host);
	return ret < 0 ? -1 : 0;
}

/* Breadth first, as ld.so: what is loaded first decides who a name belongs to. */
static int find_all(struct search *s, struct err *e)
{
	for (size_t i = 0; i < s->c->count; i++) {
		const struct closure_object *o = s->c->objects[i];

		for (size_t n = 0; n < o->deps.needed.count; n++)
			if (!closure_has(s->c, o->deps.needed.at[n]) &&
			    find(s, o, o->deps.needed.at[n], e))
				return -1;
	}
	return 0;
}

/* ---- program and interpreter ---- */

static int add_program(struct closure *c, const char *program, const char *guest, struct err *e)
{
	_cleanup_(object_destroyp) struct closure_object *o = NULL;
	_cleanup_close_ int fd = -1;
	char real[PATH_MAX];
	struct stat st;

	fd = hostfile_open(program, &st, e);
	if (fd < 0)
		return -1;
	if (!realpath(program, real))
		return err_sys(e, "cannot resolve '%s'", program);
	o = object_create("", program, guest, e);
	if (!o || elfdeps_read(fd, program, &o->deps, e))
		return -1;
	/* $ORIGIN of a program is where it really is. */
	free(o->host_origin);
	o->host_origin = folder_of(real);
	if (!o->host_origin)
		return no_memory(e);
	return closure_add(c, &o, e);
}

static int add_interp(struct closure *c, struct err *e)
{
	const struct closure_object *program = c->objects[0];
	_cleanup_(object_destroyp) struct closure_object *o = NULL;
	_cleanup_close_ int fd = -1;
	const char *path = program->deps.interp;
	struct stat st;

	fd = hostfile_open(path, &st, e);
	if (fd < 0)
		return err_prefix(e, "interpreter of '%s'", program->host);
	o = object_create(path, path, path, e);
	if (!o)
		return -1;
	if (elfdeps_read(fd, path, &o->deps, e)) {
		e->code = EPROTO;
		return err_prefix(e, "interpreter of '%s'", program->host);
	}
	if (!elfdeps_fit(&o->deps, &program->deps))
		return err_set(e, EPROTO, "interpreter '%s' of '%s' is for another machine", path,
			       program->host);
	return closure_add(c, &o, e);
}

/*
 * A dynamic linker is installed in the first of the folders that it was built to look into, with
 * the other half of a merged or unmerged /usr as the second.
 */
static int find_default_dirs(struct search *s, const char *interp, struct err *e)
{
	static const char *const common[] = {"/lib", "/usr/lib"};
	char real[PATH_MAX], twin[PATH_MAX];
	const char *bare = real;

	if (!realpath(interp, real))
		return err_sys(e, "cannot resolve '%s'", interp);
	*strrchr(real, '/') = 0;
	if (strncmp(real, "/usr/", 5) == 0)
		bare = real + 4;
	snprintf(twin, sizeof(twin), "/usr%.4000s", bare);
	if (names_add(&s->default_dirs, bare, e) || names_add(&s->default_dirs, twin, e))
		return -1;
	for (size_t i = 0; i < 2; i++)
		if (!names_has(&s->default_dirs, common[i]) &&
		    names_add(&s->default_dirs, common[i], e))
			return -1;
	s->lib = s->default_dirs.at[0] + 1;
	return 0;
}

static void search_deinit(struct search *s)
{
	names_deinit(&s->conf_dirs);
	names_deinit(&s->default_dirs);
}

int closure_resolve(const char *program, const char *guest, const char *ld_conf,
		    struct closure *ret, struct err *e)
{
	_cleanup_closure_ struct closure c = {0};
	_cleanup_(search_deinit) struct search s = {.c = &c};

	*ret = (struct closure){0};
	if (add_program(&c, program, guest, e))
		return -1;
	if (c.objects[0]->deps.interp) {
		if (add_interp(&c, e) || find_default_dirs(&s, c.objects[0]->deps.interp, e) ||
		    ldconf_read(ld_conf, &s.conf_dirs, e) || find_all(&s, e))
			return -1;
	}
	*ret = c;
	c = (struct closure){0};
	return 0;
}

void closure_deinit(struct closure *c)
{
	for (size_t i = 0; i < c->count; i++)
		object_destroy(c->objects[i]);
	free(c->objects);
	*c = (struct closure){0};
}

const char *closure_host_path(const struct closure *c, size_t i)
{
	return c->objects[i]->host;
}

const char *closure_guest_path(const struct closure *c, size_t i)
{
	return c->objects[i]->guest;
}

int closure_add_to_tree(const struct closure *c, struct tree *t, struct err *e)
{
	for (size_t i = 0; i < c->count; i++)
		if (tree_add_file(t, c->objects[i]->guest, c->objects[i]->host, e))
			return -1;
	return 0;
}
