/* SPDX-License-Identifier: GPL-2.0-only */
/* ktstr-initrd(1): pack agent, scheduler, scenario and files into an initramfs. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/paths.h"
#include "base/tool.h"
#include "initrd/closure.h"
#include "initrd/kmod.h"
#include "initrd/names.h"
#include "initrd/outfile.h"
#include "initrd/tree.h"
#include "scenario/scenario.h"

enum {
	OPT_AGENT,
	OPT_SCHEDULER,
	OPT_SCENARIO,
	OPT_TOPOLOGIES,
	OPT_FILE,
	OPT_MODULE,
	OPT_MODULES_DIR,
	OPT_OUTPUT
};

static const struct tool_opt opts[] = {
	[OPT_AGENT] = {"agent", "FILE", "the guest's /init (default: ktstr-init)"},
	[OPT_SCHEDULER] = {"scheduler", "FILE", "add the scheduler with its libraries"},
	[OPT_SCENARIO] = {"scenario", "FILE", "add the scenario; - is standard input"},
	[OPT_TOPOLOGIES] = {"topologies", "FILE", "add topology presets (default: ours)"},
	[OPT_FILE] = {"file", "HOST[:GUEST]", "add a file (again for more)"},
	[OPT_MODULE] = {"module", "NAME",
			"add a kernel module and those it needs (again for more)"},
	[OPT_MODULES_DIR] = {"modules-dir", "DIR",
			     "where modules come from (lib/modules/<release>)"},
	[OPT_OUTPUT] = {"output", "FILE", "write there instead of standard output"},
	{0},
};

static const struct tool tool = {
	.name = "ktstr-initrd",
	.summary = "Write an initramfs (cpio, newc) for a ktstr guest.",
	.opts = opts,
};

struct args {
	const char *agent, *scheduler, *scenario, *topologies, *modules_dir, *output;
	struct names files, modules;
};

static bool is_standard_output(const char *output)
{
	return !output || strcmp(output, "-") == 0;
}

static void parse_args(struct args *a, int argc, char **argv)
{
	const char *arg;
	struct err e;
	int opt;

	while ((opt = tool_next_option(&tool, argc, argv, &arg)) >= 0) {
		switch (opt) {
		case OPT_AGENT:
			a->agent = arg;
			break;
		case OPT_SCHEDULER:
			a->scheduler = arg;
			break;
		case OPT_SCENARIO:
			a->scenario = arg;
			break;
		case OPT_TOPOLOGIES:
			a->topologies = arg;
			break;
		case OPT_FILE:
			if (names_add(&a->files, arg, &e))
				tool_bad_option(&tool, "file", &e);
			break;
		case OPT_MODULE:
			if (names_add(&a->modules, arg, &e))
				tool_bad_option(&tool, "module", &e);
			break;
		case OPT_MODULES_DIR:
			a->modules_dir = arg;
			break;
		case OPT_OUTPUT:
			a->output = arg;
			break;
		}
	}
	if (optind < argc)
		tool_die(&tool, TOOL_USAGE, "unexpected argument '%s' (try --help)", argv[optind]);
	if (a->modules.count && !a->modules_dir)
		tool_die(&tool, TOOL_USAGE, "--module needs --modules-dir");
	if (is_standard_output(a->output) && isatty(STDOUT_FILENO))
		tool_die(&tool, TOOL_USAGE,
			 "will not write an archive to a terminal (try --output)");
}

/* The folders that the agent mounts upon, and the console that the kernel opens before it. */
static int add_skeleton(struct tree *t, struct err *e)
{
	static const char *const dirs[] = {"/dev", "/proc", "/run", "/sys", "/tmp"};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (tree_add_dir(t, dirs[i], e))
			return -1;
	return tree_add_char_device(t, "/dev/console", 0600, 5, 1, e);
}

/* A program with all that it needs to start. */
static int add_program(struct tree *t, const char *host, const char *guest, struct err *e)
{
	_cleanup_closure_ struct closure c = {0};
	struct stat st;

	if (stat(host, &st))
		return err_sys(e, "cannot open '%s'", host);
	if (S_ISREG(st.st_mode) && !(st.st_mode & 0111))
		return err_set(e, EACCES, "'%s' is not executable", host);
	if (closure_resolve(host, guest, CLOSURE_LD_CONF, &c, e))
		return -1;
	return closure_add_to_tree(&c, t, e);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void add_agent(struct tree *t, const char *agent)
{
	char path[PATH_MAX];
	struct err e;

	if (!agent) {
		if (paths_libexec("ktstr-init", path, &e))
			tool_bad_option(&tool, "agent", &e);
		agent = path;
	}
	if (add_program(t, agent, "/init", &e))
		tool_bad_option(&tool, "agent", &e);
}

static void add_scheduler(struct tree *t, const char *scheduler)
{
	char guest[PATH_MAX];
	struct err e;

	snprintf(guest, sizeof(guest), "/scheduler/%.*s", NAME_MAX, base_name(scheduler));
	if (add_program(t, scheduler, guest, &e))
		tool_bad_option(&tool, "scheduler", &e);
}

static void add_scenario(struct tree *t, const char *scenario)
{
	_cleanup_buf_ struct buf text = {0};
	struct err e;

	if (io_read_file(scenario, SCENARIO_FILE_MAX, &text, &e) ||
	    tree_add_data(t, "/scenario", 0644, text.data, text.len, &e))
		tool_bad_option(&tool, "scenario", &e);
}

static void add_topologies(struct tree *t, const char *topologies)
{
	char path[PATH_MAX];
	struct err e;

	if (!topologies) {
		if (paths_share("topologies", path, &e))
			tool_bad_option(&tool, "topologies", &e);
		if (access(path, F_OK))
			return;
		topologies = path;
	}
	if (tree_add_file(t, "/topologies", topologies, &e))
		tool_bad_option(&tool, "topologies", &e);
}

/*
 * Split HOST[:GUEST] at the last colon before a slash. Without GUEST an absolute HOST keeps its
 * path and any other goes to the top folder; a GUEST that ends in a slash is a folder.
 */
static int split_file(const char *arg, char host[PATH_MAX], char guest[PATH_MAX], struct err *e)
{
	const char *colon = NULL, *to;
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
	if (snprintf(guest, PATH_MAX, "%s%s", to,
		     to[strlen(to) - 1] == '/' ? base_name(host) : "") >= PATH_MAX)
		return err_set(e, ENAMETOOLONG, "guest path of '%s' is too long", host);
	return 0;
}

static int add_file(struct tree *t, const char *arg, struct err *e)
{
	char host[PATH_MAX], guest[PATH_MAX];
	struct stat st;

	if (split_file(arg, host, guest, e))
		return -1;
	if (stat(host, &st))
		return err_sys(e, "cannot open '%s'", host);
	if (S_ISREG(st.st_mode) && (st.st_mode & 0111)) {
		if (!add_program(t, host, guest, e))
			return 0;
		if (e->code != ENOEXEC) /* a script is fine */
			return -1;
	}
	return tree_add_file(t, guest, host, e);
}

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

/* The modules asked for and those they need, and the list by which the agent loads them. */
static int add_modules(struct tree *t, const struct args *a, struct err *e)
{
	_cleanup_kmod_index_ struct kmod_index x = {0};
	_cleanup_names_ struct names files = {0};
	_cleanup_buf_ struct buf list = {0};
	char release[NAME_MAX + 1];

	if (kmod_release(a->modules_dir, release, e) || kmod_index_read(a->modules_dir, &x, e))
		return -1;
	for (size_t i = 0; i < a->modules.count; i++)
		if (kmod_files(&x, a->modules.at[i], &files, e))
			return -1;
	for (size_t i = 0; i < files.count; i++)
		if (add_module_file(t, a->modules_dir, release, files.at[i], &list, e))
			return -1;
	return tree_add_data(t, "/modules", 0644, list.data, list.len, e);
}

static void build(struct tree *t, const struct args *a)
{
	struct err e;

	if (add_skeleton(t, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	add_agent(t, a->agent);
	if (a->scheduler)
		add_scheduler(t, a->scheduler);
	if (a->scenario)
		add_scenario(t, a->scenario);
	add_topologies(t, a->topologies);
	for (size_t i = 0; i < a->files.count; i++)
		if (add_file(t, a->files.at[i], &e))
			tool_bad_option(&tool, "file", &e);
	if (a->modules.count && add_modules(t, a, &e))
		tool_bad_option(&tool, "module", &e);
}

static int write_output(const struct tree *t, const char *output, struct err *e)
{
	_cleanup_outfile_ struct outfile o = {.fd = -1};

	if (is_standard_output(output))
		return tree_write(t, STDOUT_FILENO, "standard output", e);
	if (outfile_open(&o, output, e) || tree_write(t, o.fd, output, e))
		return -1;
	return outfile_commit(&o, e);
}

int main(int argc, char **argv)
{
	_cleanup_tree_ struct tree t = {0};
	struct args a = {0};
	struct err e;
	int ret;

	parse_args(&a, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	build(&t, &a);
	ret = write_output(&t, a.output, &e);
	names_deinit(&a.files);
	names_deinit(&a.modules);
	if (!ret)
		return TOOL_PASS;
	if (e.code == EPIPE) /* the reader had enough */
		return TOOL_SIGNAL_BASE + SIGPIPE;
	tool_warn(&tool, "%s", e.text);
	return TOOL_USAGE;
}
