/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All files that a dynamically linked program of the host needs to start in the guest: its
 * interpreter and, found as ld.so(8) would find them, its libraries and theirs.
 *
 * Each file has two paths: where it is on the host, and where the guest's dynamic linker will look
 * for it. The guest has no ld.so.cache, and the program may be in another folder there. So a
 * library that came by way of ld.so.conf, or from a folder that the guest hides behind a mount,
 * goes to the folder that the dynamic linker was built for; one that was found relative to $ORIGIN
 * is put relative to the guest's $ORIGIN; all others keep their path. A library is always stored
 * under the name by which it is asked for.
 *
 * LD_LIBRARY_PATH, the cache and processor-specific folders (glibc-hwcaps) are left aside on
 * purpose: what goes into the guest does not depend on who builds it on which processor.
 */
#ifndef KTSTR_INITRD_CLOSURE_H
#define KTSTR_INITRD_CLOSURE_H

#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "initrd/tree.h"

#define CLOSURE_FILES_MAX 1024u
#define CLOSURE_LD_CONF "/etc/ld.so.conf"

struct closure_object;

/* {0} is an empty closure. */
struct closure {
	struct closure_object **objects; /* the program first */
	size_t count;
};

/*
 * Find what the ELF program @program needs when the guest runs it as @guest. @ld_conf is the host's
 * ld.so.conf (CLOSURE_LD_CONF). A statically linked program needs nothing. Errors: not an ELF
 * program, a damaged one (of the libraries too), a library or interpreter that is nowhere (ENOENT,
 * named together with who needs it). On failure *ret holds nothing.
 */
int closure_resolve(const char *program, const char *guest, const char *ld_conf,
		    struct closure *ret, struct err *e);

void closure_deinit(struct closure *c);

/* The paths of file @i, 0 being the program itself; owned by the closure. */
const char *closure_host_path(const struct closure *c, size_t i);
const char *closure_guest_path(const struct closure *c, size_t i);

/* Add all files to @t, the program included. */
int closure_add_to_tree(const struct closure *c, struct tree *t, struct err *e);

#define _cleanup_closure_ _cleanup_(closure_deinit)

#endif
