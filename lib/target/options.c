/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/options.h"

#include <stdlib.h>

static void range_add(const struct tool *tool, const char *text, struct target_options *o)
{
	struct err e;

	if (o->n_ranges == MEM_RANGES_MAX)
		tool_die(tool, TOOL_USAGE, "more than %u ranges", MEM_RANGES_MAX);
	o->ranges = reallocarray(o->ranges, o->n_ranges + 1, sizeof(*o->ranges));
	if (!o->ranges)
		tool_die(tool, TOOL_USAGE, "out of memory");
	if (mem_range_parse(text, &o->ranges[o->n_ranges], &e))
		tool_bad_option(tool, "range", &e);
	o->n_ranges++;
}

void target_option_take(const struct tool *tool, int opt, const char *arg,
			struct target_options *ret)
{
	switch (opt) {
	case TARGET_OPT_VM:
		ret->vm_dir = arg;
		break;
	case TARGET_OPT_MEM:
		ret->mem_file = arg;
		break;
	case TARGET_OPT_RANGE:
		range_add(tool, arg, ret);
		break;
	case TARGET_OPT_VMLINUX:
		ret->vmlinux = arg;
		break;
	case TARGET_OPT_SYSTEM_MAP:
		ret->system_map = arg;
		break;
	case TARGET_OPT_BTF:
		ret->btf = arg;
		break;
	}
}

void target_options_check(const struct tool *tool, const struct target_options *o)
{
	if (!o->vm_dir == !o->mem_file)
		tool_die(tool, TOOL_USAGE, "one of --vm and --mem is needed (try --help)");
	if (o->n_ranges && o->vm_dir)
		tool_die(tool, TOOL_USAGE, "--range goes with --mem");
}

void target_options_deinit(struct target_options *o)
{
	free(o->ranges);
	o->ranges = NULL;
}
