/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of a guest by their meaning, each put where the agent looks for it: /init, /scheduler/,
 * /scenario, /topologies, /modules. Errors name the host's file; what was already added of a part
 * that failed stays in the tree.
 */
#ifndef KTSTR_INITRD_PAYLOAD_H
#define KTSTR_INITRD_PAYLOAD_H

#include "base/error.h"
#include "initrd/names.h"
#include "initrd/tree.h"

#define PAYLOAD_TOPOLOGIES_MAX (1u << 20) /* bytes */

/* The folders that the agent mounts upon, and the console that the kernel opens before it. */
int payload_add_skeleton(struct tree *t, struct err *e);

/* The ELF program @host as /init, with all that it needs to start. */
int payload_add_agent(struct tree *t, const char *host, struct err *e);

/* The ELF program @host as /scheduler/<its name>, with all that it needs to start. */
int payload_add_scheduler(struct tree *t, const char *host, struct err *e);

/* The texts. "-" is standard input. */
int payload_add_scenario(struct tree *t, const char *host, struct err *e);
int payload_add_topologies(struct tree *t, const char *host, struct err *e);

/*
 * One more file, as `HOST[:GUEST]`, divided at the last ":/". Without GUEST an absolute HOST keeps
 * its path and any other goes to the top folder; a GUEST that ends in '/' is a folder to put it
 * into. An executable ELF program brings all that it needs to start.
 */
int payload_add_file(struct tree *t, const char *arg, struct err *e);

/* The modules @modules and those they need out of the folder @dir (kmod.h), and the list /modules
 * of their paths, one a line, in load order. */
int payload_add_modules(struct tree *t, const struct names *modules, const char *dir,
			struct err *e);

#endif
