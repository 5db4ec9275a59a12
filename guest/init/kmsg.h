/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel log, forwarded to the host. */
#ifndef KTSTR_GUEST_INIT_KMSG_H
#define KTSTR_GUEST_INIT_KMSG_H

#include <stddef.h>

#include "base/buf.h"
#include "init/link.h"

#define KMSG_SENT_MAX (256u << 10) /* the last bytes of the log, whole lines */

/* Send the kernel log as one TLV_KMSG; what it does not hold is told as a note. */
void kmsg_forward(struct link *l);

/* Find the last message of the kernel log that begins with @prefix and write what follows that, cut
 * to @size - 1 bytes, to @ret; the empty string when there is none. */
void kmsg_find_last(const char *prefix, char *ret, size_t size);

/*
 * Add one /dev/kmsg record ("prio,seq,usec,flags;text\n key=value..") to @b as
 * "[seconds.micros] text\n". Returns -1 when it is not such a record (or memory is out).
 */
int kmsg_format(struct buf *b, const char *record, size_t len);

#endif
