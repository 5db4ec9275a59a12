/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A view of a guest's memory that keeps a copy of each page that was read through it. While the
 * guest stands still, whatever is to be looked at is read once; when it runs on, the same reads
 * give the same bytes again, out of the copies, and take as long as they like.
 */
#ifndef KTSTR_MEM_RECORD_H
#define KTSTR_MEM_RECORD_H

#include "mem/mem.h"

#define RECORD_PAGE 4096u

/*
 * A view of @live (borrowed, until mem_record_seal) that copies pages, at most @max_bytes of them:
 * a read that needs more fails with ENOBUFS. The room is set up here, so that the first read of a
 * page costs its copy and little more. *ret is NULL on failure, else the caller's (mem_destroy).
 * Reads are those of @live, at its addresses, with its errors; of a page that a range covers in
 * part there is that part. Writes fail with EACCES; mem_find() finds nothing. One thread at a time.
 */
int mem_record(const struct mem *live, uint64_t max_bytes, struct mem **ret, struct err *e);

/*
 * From now on there is only what was copied: reads of other memory fail with ENODATA, which names
 * the address. So do reads that failed with EIO in the live memory; where there is none they fail
 * with EFAULT as before. The live memory is not touched any more.
 */
void mem_record_seal(struct mem *record);

/* Bytes that were copied. */
uint64_t mem_record_bytes(const struct mem *record);

#endif
