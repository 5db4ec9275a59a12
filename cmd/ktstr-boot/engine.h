/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an engine is: something that runs a described machine and can be stopped, looked at and
 * ended. The machine (machine.h) is the only caller. An engine runs in its own process or threads;
 * these calls are made from one thread and answer within the deadline that each names.
 */
#ifndef KTSTR_BOOT_ENGINE_H
#define KTSTR_BOOT_ENGINE_H

#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "ram.h"
#include "scenario/topology.h"

#define ENGINE_POLLFDS_MAX 5
#define ENGINE_WATCHES 4u /* slots: as many as a CPU has debug registers */

/*
 * I/O port of the doorbell: the guest writes 1 there, and then, to be let go, to the one after it.
 */
#define ENGINE_DOORBELL_PORT 0x505

/* The machine to run. Everything is borrowed and outlives the engine. */
struct engine_config {
	const struct topology *topology;
	const struct ram *ram;
	int kernel_fd; /* vmlinux ELF with a PVH entry, or bzImage */
	int initrd_fd;
	const char *cmdline;
	int com1_fd, com2_fd, bulk_fd; /* sinks */
	bool multi_threaded;	       /* tcg: a thread a vCPU, without instruction counting */
	const char *qemu;	       /* program to run as QEMU */
};

enum engine_event_type {
	ENGINE_POWEROFF,       /* the guest switched the machine off */
	ENGINE_RESET,	       /* the guest rebooted, or a triple fault did */
	ENGINE_INTERNAL_ERROR, /* the engine cannot go on with the guest */
	ENGINE_DOORBELL,       /* the guest rang: all of it stands still there, until resume */
	ENGINE_WATCH, /* a watched word was stored to: all stands still there, until resume */
	ENGINE_DIED,  /* the engine's process is gone; after this no event follows */
};

struct engine_event {
	enum engine_event_type type;
	int status;	    /* ENGINE_DIED: raw wait status */
	unsigned int slots; /* ENGINE_WATCH: one bit each */
	int vcpu;	    /* ENGINE_WATCH: which one stored; -1: not known */
};

struct engine;

struct engine_ops {
	const char *name;
	/* Start the machine, stopped before its first instruction. */
	int (*start)(const struct engine_config *config, struct engine **ret, struct err *e);
	/* Let it run, stop it. The machine stands still when pause returns. Deadline 10 s. A
	 * machine at its doorbell or at a watched store stands still already, and is let go by
	 * resume alone. Resume does nothing while next_event has yet to tell of either. */
	int (*resume)(struct engine *engine, struct err *e);
	int (*pause)(struct engine *engine, struct err *e);
	/* Have the machine stop right behind each store to @len bytes (1, 2, 4, 8; aligned) of RAM
	 * at @gpa, whoever's, or no more. @slot is less than ENGINE_WATCHES. Allowed while it runs,
	 * stands or is paused. ENOTSUP, with the reason, when this machine cannot. */
	int (*watch)(struct engine *engine, unsigned int slot, uint64_t gpa, unsigned int len,
		     struct err *e);
	int (*unwatch)(struct engine *engine, unsigned int slot, struct err *e);
	/* Descriptors to poll; returns how many. After poll, call next_event until false. */
	size_t (*pollfds)(struct engine *engine, struct pollfd ret[ENGINE_POLLFDS_MAX]);
	bool (*next_event)(struct engine *engine, struct engine_event *ret);
	/* Registers of one vCPU of a paused machine, as a new JSON object. An engine may refuse
	 * (EBUSY) while it stands at its doorbell, and may have to let the vCPUs go on by some
	 * instructions first; a watched store on that way is told as any. */
	json_t *(*regs)(struct engine *engine, unsigned int vcpu, struct err *e);
	/* Thread ids of the vCPUs, as a new JSON array of numbers; empty when not known. */
	json_t *(*threads)(struct engine *engine);
	/* One line that names version and mode: see TLV_HELLO. Owned by the engine. */
	const char *(*version)(struct engine *engine);
	const char *(*mode)(struct engine *engine);
	/* One line on why this mode is not to be relied on; NULL when there is nothing to say. */
	const char *(*warning)(struct engine *engine);
	/* What the engine's process wrote to its stderr, last part; owned by the engine. */
	const char *(*complaint)(struct engine *engine);
	/* End it at once, without a word from the guest; ENGINE_DIED follows. */
	void (*kill)(struct engine *engine);
	/* Release all; ends the engine first when it lives. NULL is allowed. */
	void (*destroy)(struct engine *engine);
};

extern const struct engine_ops engine_tcg;

/* The kinds of engine embed this first. */
struct engine {
	const struct engine_ops *ops;
};

#endif
