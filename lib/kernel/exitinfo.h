/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a sched_ext scheduler ended (struct scx_exit_info): the kernel fills it in steps. First
 * exit_kind changes, then comes the message and the backtrace, then the reason is set; then the
 * kernel writes its dump, sets exit_kind to SCX_EXIT_DONE and takes the scheduler down, and at the
 * end clears scx_root.
 */
#ifndef KTSTR_KERNEL_EXITINFO_H
#define KTSTR_KERNEL_EXITINFO_H

#include <stdbool.h>

#include "base/buf.h"
#include "kernel/fields.h"
#include "kernel/kernel.h"

#define EXITINFO_REASON_MAX 128u     /* bytes, with the NUL */
#define EXITINFO_MSG_MAX 1024u	     /* SCX_EXIT_MSG_LEN, with the NUL */
#define EXITINFO_BT_MAX 64u	     /* SCX_EXIT_BT_LEN */
#define EXITINFO_DUMP_MAX (1u << 20) /* bytes; SCX_EXIT_DUMP_DFL_LEN is 32768 */

struct exitinfo_layout {
	uint64_t root;			       /* the variable scx_root; 0 before 6.16 */
	struct member kind, info;	       /* of struct scx_sched */
	uint64_t kind_variable, info_variable; /* before 6.16; 0 for none */
	struct fields f;		       /* of struct scx_exit_info */
	int exit_kind, exit_code, exit_cpu, flags, reason, bt, bt_len, msg, dump;
	uint64_t reason_offset;
	uint64_t done, error; /* SCX_EXIT_DONE, SCX_EXIT_ERROR */
};

struct exitinfo {
	uint64_t kind, flags; /* FIELDS_ABSENT for what this kernel does not have */
	int64_t exit_code, exit_cpu;
	bool has_exit_cpu;
	char reason[EXITINFO_REASON_MAX], msg[EXITINFO_MSG_MAX]; /* the guest's bytes; "" for none
								  */
	uint64_t bt[EXITINFO_BT_MAX];
	unsigned int n_bt;
	uint64_t dump; /* where the kernel's dump is; 0 for none */
};

/* ENOENT: a kernel without all this. */
int exitinfo_layout_init(struct exitinfo_layout *l, const struct kernel *k, struct err *e);

/* Where exit_kind is (4 bytes), of the scheduler in force. EAGAIN: none is loaded. */
int exitinfo_kind_place(const struct exitinfo_layout *l, const struct kernel *k, uint64_t *ret_kva,
			struct err *e);
/* The number there. */
int exitinfo_kind(const struct exitinfo_layout *l, const struct kernel *k, uint64_t kind_kva,
		  uint64_t *ret, struct err *e);

/* Where the exit info is that goes with the exit_kind at @kind_kva. EAGAIN: there is none (now). */
int exitinfo_place(const struct exitinfo_layout *l, const struct kernel *k, uint64_t kind_kva,
		   uint64_t *ret_kva, struct err *e);

/* Read the exit info at @kva. A string or backtrace that leads nowhere is empty. */
int exitinfo_read(const struct exitinfo_layout *l, const struct kernel *k, uint64_t kva,
		  struct exitinfo *ret, struct err *e);

/* The kernel's dump, the guest's bytes up to a NUL, appended to @ret. ENOENT: there is none. */
int exitinfo_dump(const struct exitinfo *x, const struct kernel *k, struct buf *ret, struct err *e);

#endif
