/* SPDX-License-Identifier: GPL-2.0-only */
/* ktstr-boot: run a kernel in a virtual machine, its ports as frames on standard output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "base/paths.h"
#include "base/tool.h"
#include "boot_image.h"
#include "machine.h"

/* arch/x86/include/asm/setup.h: COMMAND_LINE_SIZE, with its NUL. */
#define CMDLINE_MAX 2048u

/*
 * What every boot has. panic=-1: a panic resets at once, which the engine reports. The kernel takes
 * no randomness from the CPU and the agent is the init.
 */
/* The last two: work of the kernel's own that would run on into the scenario. */
#define CMDLINE_BASE                                                \
	"console=ttyS0 panic=-1 rdinit=/init random.trust_cpu=off " \
	"cryptomgr.notests damon_stat.enabled=0"

enum {
	OPT_KERNEL,
	OPT_INITRD,
	OPT_APPEND,
	OPT_TOPOLOGY,
	OPT_MEMORY,
	OPT_ENGINE,
	OPT_TCG_THREADS,
	OPT_QEMU,
	OPT_KASLR,
	OPT_BOOT_TIMEOUT,
	OPT_TIMEOUT,
	OPT_VM,
	OPT_CONSOLE,
	OPT_CONSOLE_LIMIT,
	OPT_BULK_LIMIT,
};

static const struct tool_opt opts[] = {
	[OPT_KERNEL] = {"kernel", "FILE", "kernel to boot: bzImage or vmlinux"},
	[OPT_INITRD] = {"initrd", "FILE", "initramfs, - for standard input"},
	[OPT_APPEND] = {"append", "WORDS", "add to the kernel's command line; may be repeated"},
	[OPT_TOPOLOGY] = {"topology", "T", "nodes, LLCs, cores, threads: 1n2l2c1t, or a preset"},
	[OPT_MEMORY] = {"memory", "MIB", "guest memory in MiB (default: by CPUs, at least 512)"},
	[OPT_ENGINE] = {"engine", "NAME", "what runs the machine: tcg or auto (default auto)"},
	[OPT_TCG_THREADS] = {"tcg-threads", "MODE", "single (default, repeatable) or multi"},
	[OPT_QEMU] = {"qemu", "FILE", "QEMU to use (default $KTSTR_QEMU or qemu-system-x86_64)"},
	[OPT_KASLR] = {"kaslr", NULL, "let the kernel choose its place; wants a bzImage"},
	[OPT_BOOT_TIMEOUT] = {"boot-timeout", "SPAN", "until the agent's hello (default 120s)"},
	[OPT_TIMEOUT] = {"timeout", "SPAN", "after the hello (default 60s); 0s for none"},
	[OPT_VM] = {"vm", "DIR", "serve the control socket DIR/ctl"},
	[OPT_CONSOLE] = {"console", NULL, "show the kernel's console on standard error too"},
	[OPT_CONSOLE_LIMIT] = {"console-limit", "BYTES",
			       "console text to pass on (default 16777216)"},
	[OPT_BULK_LIMIT] = {"bulk-limit", "BYTES", "agent data to pass on (default 268435456)"},
	{0},
};

static const struct tool tool = {
	.name = "ktstr-boot",
	.summary = "run a kernel in a virtual machine; write what it says as frames",
	.opts = opts,
};

struct request {
	const char *kernel, *initrd, *topology;
	char cmdline[CMDLINE_MAX];
	struct machine_options machine;
};

static void cmdline_add(struct request *r, const char *words)
{
	size_t used = strlen(r->cmdline);
	int n = snprintf(r->cmdline + used, sizeof(r->cmdline) - used, "%s%s", used ? " " : "",
			 words);

	if (n < 0 || (size_t)n >= sizeof(r->cmdline) - used)
		tool_die(&tool, TOOL_USAGE, "the kernel's command line is longer than %u bytes",
			 CMDLINE_MAX - 1);
}

static void set_engine(struct request *r, const char *name)
{
	if (strcmp(name, "tcg") != 0 && strcmp(name, "auto") != 0)
		tool_die(&tool, TOOL_USAGE,
			 "--engine: unknown engine '%s' (there are tcg and auto)", name);
	r->machine.engine = &engine_tcg;
}

static void set_threads(struct request *r, const char *mode)
{
	if (strcmp(mode, "single") != 0 && strcmp(mode, "multi") != 0)
		tool_die(&tool, TOOL_USAGE, "--tcg-threads: '%s' is not single or multi", mode);
	r->machine.multi_threaded = *mode == 'm';
}

static void take_number(int opt, const char *arg, uint64_t min, uint64_t max, uint64_t *ret)
{
	struct err e;

	if (parse_u64(arg, min, max, ret, &e))
		tool_bad_option(&tool, opts[opt].name, &e);
}

static void take_span(int opt, const char *arg, uint64_t *ret)
{
	struct err e;

	if (parse_span_ns(arg, ret, &e))
		tool_bad_option(&tool, opts[opt].name, &e);
}

static void take_option(struct request *r, int opt, const char *arg)
{
	struct machine_options *m = &r->machine;

	switch (opt) {
	case OPT_KERNEL:
		r->kernel = arg;
		break;
	case OPT_INITRD:
		r->initrd = arg;
		break;
	case OPT_APPEND:
		cmdline_add(r, arg);
		break;
	case OPT_TOPOLOGY:
		r->topology = arg;
		break;
	case OPT_MEMORY:
		take_number(opt, arg, 64, 1 << 24, &m->memory_mib);
		break;
	case OPT_ENGINE:
		set_engine(r, arg);
		break;
	case OPT_TCG_THREADS:
		set_threads(r, arg);
		break;
	case OPT_QEMU:
		m->qemu = arg;
		break;
	case OPT_KASLR:
		m->kaslr = true;
		break;
	case OPT_BOOT_TIMEOUT:
		take_span(opt, arg, &m->boot_timeout_ns);
		break;
	case OPT_TIMEOUT:
		take_span(opt, arg, &m->timeout_ns);
		break;
	case OPT_VM:
		m->vm_dir = arg;
		break;
	case OPT_CONSOLE:
		m->echo_console = true;
		break;
	case OPT_CONSOLE_LIMIT:
		take_number(opt, arg, 0, UINT64_MAX, &m->console_limit);
		break;
	case OPT_BULK_LIMIT:
		take_number(opt, arg, 0, UINT64_MAX, &m->bulk_limit);
		break;
	}
}

static void warn(const char *text)
{
	tool_warn(&tool, "%s", text);
}

static void request_parse(struct request *r, int argc, char **argv)
{
	const char *arg = NULL, *qemu = getenv("KTSTR_QEMU");
	char doorbell[32];
	int opt;

	*r = (struct request){
		.topology = "1n1l2c1t",
		.machine = {.engine = &engine_tcg,
			    .qemu = qemu && *qemu ? qemu : "qemu-system-x86_64",
			    .boot_timeout_ns = 120 * NSEC_PER_SEC,
			    .timeout_ns = 60 * NSEC_PER_SEC,
			    .console_limit = 16u << 20,
			    .bulk_limit = 256u << 20,
			    .argv = argv,
			    .out_fd = STDOUT_FILENO,
			    .warn = warn},
	};
	cmdline_add(r, CMDLINE_BASE);
	while ((opt = tool_next_option(&tool, argc, argv, &arg)) >= 0)
		take_option(r, opt, arg);
	if (argv[optind])
		tool_die(&tool, TOOL_USAGE, "unexpected operand '%s'", argv[optind]);
	if (!r->kernel)
		tool_die(&tool, TOOL_USAGE, "no kernel given (--kernel)");
	if (!r->initrd)
		tool_die(&tool, TOOL_USAGE, "no initramfs given (--initrd)");
	if (!r->machine.kaslr)
		cmdline_add(r, "nokaslr");
	snprintf(doorbell, sizeof(doorbell), "ktstr.doorbell=%#x", ENGINE_DOORBELL_PORT);
	cmdline_add(r, doorbell);
}

int main(int argc, char **argv)
{
	_cleanup_(boot_image_close) struct boot_image image = {.kernel_fd = -1, .initrd_fd = -1};
	char presets[PATH_MAX];
	struct request r;
	struct err e;
	int status;

	request_parse(&r, argc, argv);
	if (isatty(STDOUT_FILENO))
		tool_die(&tool, TOOL_USAGE,
			 "standard output is a terminal; pipe it to ktstr-report");
	if (paths_share("topologies", presets, &e) ||
	    topology_resolve(r.topology, presets, &r.machine.topology, &e))
		tool_bad_option(&tool, "topology", &e);
	if (boot_image_open(&image, r.kernel, r.initrd, r.machine.kaslr, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	if (!r.machine.memory_mib)
		r.machine.memory_mib = topology_memory_mib(&r.machine.topology);
	r.machine.kernel = r.kernel;
	r.machine.kernel_release = *image.release ? image.release : NULL;
	r.machine.kernel_fd = image.kernel_fd;
	r.machine.initrd_fd = image.initrd_fd;
	r.machine.initrd_bytes = image.initrd_bytes;
	r.machine.cmdline = r.cmdline;
	status = machine_run(&r.machine, &e);
	if (*e.text)
		tool_warn(&tool, "%s", e.text);
	return status;
}
