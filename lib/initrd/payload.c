/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/payload.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/io.h"
#include "initrd/closure.h"
#include "initrd/kmod.h"
#include "scenario/scenario.h"

int payload_add_skeleton(struct tree *t, struct err *e)
{
	static const char *const dirs[] = {"/dev", "/proc", "/run", "/sys", "/tmp"};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (tree_add_dir(t, dirs[i], e))
			return -1;
	return tree_add_char_device(t, "/dev/console", 0600, 5, 1, e);
}

/* ---- programs ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int add_closure(struct tree *t, const char *host, const char *guest, struct err *e)
{
	_cleanup_closure_ struct closure c = {0};

	if (closure_resolve(host, guest, CLOSURE_LD_CONF, &c, e))
		return -1;
	return closure_add_to_tree(&c, t, e);
}

static int add_program(struct tree *t, const char *host, const char *guest, struct err *e)
{
	struct stat st;

	if (stat(host, &st))
		return err_sys(e, "cannot open '%s'", host);
	if (S_ISREG(st.st_mode) && !(st.st_mode & 0111))
		return err_set(e, EACCES, "'%s' is not executable", host);
	return add_closure(t, host, guest, e);
}

int payload_add_agent(struct tree *t, const char *host, struct err *e)
{
	return add_program(t, host, "/init", e);
}

int payload_add_scheduler(struct tree *t, const char *host, struct err *e)
{
	char guest[PATH_MAX];

	snprintf(guest, sizeof(guest), "/scheduler/%.*s", NAME_MAX, base_name(host));
	return add_program(t, host, guest, e);
}

/* ---- texts ---- */

static int add_text(struct tree *t, const char *host, const char *guest, size_t max, struct err *e)
{
	_cleanup_buf_ struct buf text = {0};

	if (io_read_file(host, max, &text, e))
		return -1;
	return tree_add_data(t, guest, 0644, text.data, text.len, e);
}

int payload_add_scenario(struct tree *t, const char *host, struct err *e)
{
	return add_text(t, host, "/scenario", SCENARIO_FILE_MAX, e);
}

int payload_add_topologies(struct tree *t, const char *host, struct err *e)
{
	return add_text(t, host, "/topologies", PAYLOAD_TOPOLOGIES_MAX, e);
}

/* ---- other files ---- */

static int split_file(const char *arg, char host[PATH_MAX], char guest[PATH_MAX], struct err *e)
{
	const char *colon = NULL, *to, *name = "";
	size_t len = strlen(arg);

	for (const char *p = strstr(arg, ":/"); p; p = strstr(p + 1, ":/"))
		colon = p;
	if (colon)
		len = (size_t)(colon - arg);
	if (!len || len >= PATH_MAX)
		return err_set(e, EINVAL, "'%s' is not HOST[:GUEST]", arg);
	memcpy(host, arg, len);
	host[len] = 0;
	to = colon ? colon + 1 : host[0] == '/' ? host : "/";
	if (to[strlen(to) - 1] == '/')
		name = base_name(host);
	if (snprintf(guest, PATH_MAX, "%s%s", to, name) >= PATH_MAX)
		return err_set(e, ENAMETOOLONG, "guest path of '%s' is too long", host);
	return 0;
}

int payload_add_file(struct tree *t, const char *arg, struct err *e)
{
	char host[PATH_MAX], guest[PATH_MAX];
	struct stat st;

	if (split_file(arg, host, guest, e))
		return -1;
	if (stat(host, &st))
		return err_sys(e, "cannot open '%s'", host);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return tree_add_file(t, guest, host, e);
	if (!add_closure(t, host, guest, e))
		return 0;
	/* Executable and no ELF program: a script. */
	return e->code == ENOEXEC ? tree_add_file(t, guest, host, e) : -1;
}

/* ---- modules ---- */

static int add_module_file(struct tree *t, const char *dir, const char *release, const char *file,
			   struct buf *list, struct err *e)
{
	_cleanup_buf_ struct buf module = {0};
	char host[PATH_MAX], plain[PATH_MAX], guest[PATH_MAX];

	kmod_plain_path(file, plain);
	if (snprintf(host, sizeof(host), "%s/%s", dir, file) >= PATH_MAX ||
	    snprintf(guest, sizeof(guest), "/lib/modules/%s/%s", release, plain) >= PATH_MAX)
		return err_set(e, ENAMETOOLONG, "path of '%s' is too long", file);
	if (kmod_read(host, &module, e) ||
	    tree_add_data(t, guest, 0644, module.data, module.len, e))
		return -1;
	return buf_addf(list, "%s\n", guest) ? err_set(e, ENOMEM, "out of memory") : 0;
}

int payload_add_modules(struct tree *t, const struct names *modules, const char *dir, struct err *e)
{
	_cleanup_kmod_index_ struct kmod_index x = {0};
	_cleanup_names_ struct names files = {0};
	_cleanup_buf_ struct buf list = {0};
	char release[NAME_MAX + 1];

	if (kmod_release(dir, release, e) || kmod_index_read(dir, &x, e))
		return -1;
	for (size_t i = 0; i < modules->count; i++)
		if (kmod_files(&x, modules->at[i], &files, e))
			return -1;
	for (size_t i = 0; i < files.count; i++)
		if (add_module_file(t, dir, release, files.at[i], &list, e))
			return -1;
	return tree_add_data(t, "/modules", 0644, list.data, list.len, e);
}
