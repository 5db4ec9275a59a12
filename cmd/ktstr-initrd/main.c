/* SPDX-License-Identifier: GPL-2.0-only */
/* ktstr-initrd(1): pack agent, scheduler, scenario and files into an initramfs. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/paths.h"
#include "base/tool.h"
#include "initrd/names.h"
#include "initrd/outfile.h"
#include "initrd/payload.h"
#include "initrd/tree.h"

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

/* The default of an option: empty when there is no such file. */
static void default_path(char ret[PATH_MAX],
			 int (*find)(const char *name, char ret[PATH_MAX], struct err *e),
			 const char *name)
{
	struct err e;

	if (find(name, ret, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	if (access(ret, F_OK))
		ret[0] = 0;
}

static void build(struct tree *t, const struct args *a)
{
	char agent[PATH_MAX], topologies[PATH_MAX];
	struct err e;

	default_path(agent, paths_libexec, "ktstr-init");
	default_path(topologies, paths_share, "topologies");
	if (!a->agent && !agent[0])
		tool_die(&tool, TOOL_USAGE,
			 "there is no ktstr-init here: run make, or say --agent");
	if (payload_add_skeleton(t, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	if (payload_add_agent(t, a->agent ? a->agent : agent, &e))
		tool_bad_option(&tool, "agent", &e);
	if (a->scheduler && payload_add_scheduler(t, a->scheduler, &e))
		tool_bad_option(&tool, "scheduler", &e);
	if (a->scenario && payload_add_scenario(t, a->scenario, &e))
		tool_bad_option(&tool, "scenario", &e);
	if (a->topologies && payload_add_topologies(t, a->topologies, &e))
		tool_bad_option(&tool, "topologies", &e);
	if (!a->topologies && topologies[0] && payload_add_topologies(t, topologies, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	for (size_t i = 0; i < a->files.count; i++)
		if (payload_add_file(t, a->files.at[i], &e))
			tool_bad_option(&tool, "file", &e);
	if (a->modules.count && payload_add_modules(t, &a->modules, a->modules_dir, &e))
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
