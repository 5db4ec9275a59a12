/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The BPF programs of sched_ext schedulers (struct bpf_prog, found through prog_idr): those of type
 * struct_ops that implement struct sched_ext_ops, with what the verifier and the run-time
 * statistics know of them. The latter stand still unless kernel.bpf_stats_enabled is 1.
 */
#ifndef KTSTR_KERNEL_PROG_H
#define KTSTR_KERNEL_PROG_H

#include "kernel/fields.h"
#include "kernel/kernel.h"
#include "kernel/xarray.h"

#define PROG_NAME_MAX 16u /* with the NUL: BPF_OBJ_NAME_LEN */
#define PROGS_MAX 256u
#define PROGS_SEEN_MAX 65536u /* programs of any kind that are looked at */

enum prog_number {
	PROG_CNT,
	PROG_NSECS,
	PROG_MISSES,
	PROG_NUMBERS,
};
extern const char *const prog_number_names[PROG_NUMBERS]; /* "cnt".. */

/* What prog_idr looked like: another value says that a program came. */
struct prog_mark {
	uint64_t head, next;
};

struct prog_layout {
	uint64_t idr; /* the variable prog_idr; 0: none of this is there */
	struct xarray_layout xarray;
	struct member head, next; /* in struct idr */
	struct fields prog;	  /* of struct bpf_prog */
	int type, stats, aux;
	struct fields aux_fields; /* of struct bpf_prog_aux */
	int id, name, verified_insns, attach_btf_id;
	uint64_t struct_ops;	    /* BPF_PROG_TYPE_STRUCT_OPS */
	uint32_t ops_types[2];	    /* BTF ids of sched_ext_ops and sched_ext_ops_cid, 0 for none */
	struct fields stats_fields; /* of struct bpf_prog_stats */
	int numbers[PROG_NUMBERS];
};

struct prog {
	struct place place, aux_place;
	uint64_t aux, stats; /* stats: per-CPU pointer */
	uint64_t id, verified_insns;
	char name[PROG_NAME_MAX]; /* safe to print */
};

/* Fails only for what cannot be; a kernel without BPF has no programs. */
int prog_layout_init(struct prog_layout *l, const struct kernel *k, struct err *e);

int prog_mark_read(const struct prog_layout *l, const struct kmem *k, struct prog_mark *ret,
		   struct err *e);

/* Find them, in order of id; at most PROGS_MAX. *ret_n are in @ret, also on failure: E2BIG when
 * there are more or PROGS_SEEN_MAX others. */
int prog_find(const struct prog_layout *l, const struct kernel *k, struct prog ret[PROGS_MAX],
	      unsigned int *ret_n, struct err *e);

/* Whether @p is still the program that it was. */
bool prog_is_same(const struct prog_layout *l, const struct kmem *k, const struct prog *p);

/* Where the statistics of @p on @cpu are. */
int prog_stats_place(const struct prog_layout *l, const struct kernel *k, const struct prog *p,
		     unsigned int cpu, struct place *ret, struct err *e);

/* Add the statistics at @place to @sum. */
int prog_stats_add(const struct prog_layout *l, const struct kmem *k, const struct place *place,
		   uint64_t sum[PROG_NUMBERS], struct err *e);

#endif
