/* SPDX-License-Identifier: GPL-2.0-only */
/* The run functions, one file each; table.c puts them in order. */
#ifndef KTSTR_GUEST_WORK_TYPES_H
#define KTSTR_GUEST_WORK_TYPES_H

#include "work/work.h"

void work_run_spin(struct work_ctx *w);	 /* compute, nothing else */
void work_run_yield(struct work_ctx *w); /* sched_yield each turn */
void work_run_mixed(struct work_ctx *w); /* compute, then sched_yield */
void work_run_bursty(struct work_ctx *w);
void work_run_io_sync(struct work_ctx *w);
void work_run_pipe(struct work_ctx *w);		   /* compute, pass a byte on, wait for one */
void work_run_futex_ping_pong(struct work_ctx *w); /* the same by futex */
void work_run_fork_exit(struct work_ctx *w);	   /* fork a child that exits, wait for it */

#endif
