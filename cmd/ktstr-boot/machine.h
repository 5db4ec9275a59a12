/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One run of one machine: from its parts to its end, with its ports turned into frames, its limits
 * kept, its control socket served. It knows nothing of what the guest runs beyond one thing: the
 * agent's hello ends the boot.
 */
#ifndef KTSTR_BOOT_MACHINE_H
#define KTSTR_BOOT_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/tool.h"
#include "engine.h"
#include "scenario/topology.h"

struct machine_options {
	const struct engine_ops *engine;
	const char *kernel;	    /* path, for the record */
	const char *kernel_release; /* or NULL */
	int kernel_fd;
	int initrd_fd;
	uint64_t initrd_bytes;
	const char *cmdline;
	struct topology topology;
	uint64_t memory_mib;
	bool kaslr;
	bool multi_threaded;
	const char *qemu;
	uint64_t boot_timeout_ns; /* until the agent's hello; 0 = no limit of its own */
	uint64_t timeout_ns;	  /* after it, or from the start with no boot limit; 0 = none */
	const char *vm_dir;	  /* NULL: no control socket */
	bool echo_console;	  /* COM1 also to stderr */
	uint64_t console_limit, bulk_limit; /* bytes passed on at most */
	char **argv;			    /* for the record */
	int out_fd;
	void (*warn)(const char *text); /* tell people something that changes no result */
};

/*
 * Run the machine to its end. Frames leave on out_fd. Returns the exit status: TOOL_PASS when the
 * guest powered off, TOOL_FAIL when the time limit after the boot ended it, TOOL_MACHINE for other
 * ends, TOOL_SIGNAL_BASE + n when a signal told us to stop, and TOOL_USAGE with *e filled when
 * the machine could not be set up. *e has an empty text when there is nothing to say.
 */
int machine_run(const struct machine_options *options, struct err *e);

#endif
