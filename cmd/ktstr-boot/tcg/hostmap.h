/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a process has mapped a file that we hold open. */
#ifndef KTSTR_BOOT_TCG_HOSTMAP_H
#define KTSTR_BOOT_TCG_HOSTMAP_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * The address at which process @pid writes byte @offset of the file behind @fd, from its shared,
 * writable mappings. ENOENT: it has none; EMLINK: it has several, so that one address does not
 * catch all stores.
 */
int hostmap_find(pid_t pid, int fd, uint64_t offset, uint64_t *ret_addr, struct err *e);

/* As hostmap_find, from @maps, the text of /proc/PID/maps, for the file that @stat_fd tells. */
int hostmap_find_in(const char *maps, int stat_fd, uint64_t offset, uint64_t *ret_addr,
		    struct err *e);

#endif
