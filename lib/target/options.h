/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of a program that looks into a guest: which machine or file, and what is known of it.
 * They come first in the program's table. */
#ifndef KTSTR_TARGET_OPTIONS_H
#define KTSTR_TARGET_OPTIONS_H

#include "base/tool.h"
#include "target/target.h"

enum target_option {
	TARGET_OPT_VM,
	TARGET_OPT_MEM,
	TARGET_OPT_RANGE,
	TARGET_OPT_VMLINUX,
	TARGET_OPT_SYSTEM_MAP,
	TARGET_OPT_BTF,
	TARGET_OPTS, /* the program's own go on from here */
};

/* clang-format off */
#define TARGET_OPTION_TABLE                                                                        \
	[TARGET_OPT_VM] = {"vm", "DIR", "look into the machine with this directory"},              \
	[TARGET_OPT_MEM] = {"mem", "FILE", "look into a RAM file, ELF core or kdump"},             \
	[TARGET_OPT_RANGE] = {"range", "GPA:LEN@OFFSET", "what is where in it; may be repeated"},  \
	[TARGET_OPT_VMLINUX] = {"vmlinux", "FILE", "take symbols and types from this ELF"},        \
	[TARGET_OPT_SYSTEM_MAP] = {"system-map", "FILE", "take symbols from this System.map"},     \
	[TARGET_OPT_BTF] = {"btf", "FILE", "take types from this raw BTF"}
/* clang-format on */

/* Take option @opt, below TARGET_OPTS. What is wrong ends the program (TOOL_USAGE). */
void target_option_take(const struct tool *tool, int opt, const char *arg,
			struct target_options *ret);

/* What they must be together. */
void target_options_check(const struct tool *tool, const struct target_options *o);

/* Release what was allocated for them. */
void target_options_deinit(struct target_options *o);

#endif
