/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which maps there are at one instant, and which of them belong to the scheduler in force. For
 * lib/dump/maps* alone.
 */
#ifndef KTSTR_DUMP_MAPS_SURVEY_H
#define KTSTR_DUMP_MAPS_SURVEY_H

#include "dump/maps.h"
#include "dump/value.h"
#include "kernel/bpfbtf.h"
#include "kernel/bpfmap.h"

#define MAPS_ARENAS_MAX 16u
#define MAPS_OTHERS_MAX 32u /* BTFs in which structs are looked for */

struct maps {
	struct bpfmap_layout layout;
	struct bpfbtf *btfs;
	bool has_maps; /* false: a kernel without, for the reason in @why_not */
	struct err why_not;
	unsigned int nr_cpus; /* as kernel.nr_cpu_ids */
	uint64_t *possible;   /* mask of the CPUs that there can be */
	struct {
		uint64_t root;		  /* the variable scx_root; 0: none */
		uint64_t table;		  /* or the copy of the table in force before 6.16; 0 */
		struct bpfmap_place ops;  /* in what scx_root points to */
		struct bpfmap_place priv; /* of the table: back to that, since 6.18 */
		uint32_t value_types[2];  /* BTF ids of what such a map holds, 0 for none */
	} scx;
	struct {
		struct bpfmap_place pid, comm, cgroup_kn, kn_id, inode_number;
	} owners; /* of local storage */
};

struct maps_survey {
	struct bpfmap *maps; /* those that are active first, else by id */
	unsigned int n, n_active;
	bool is_cut; /* there are more, or the list ends early for the reason in @e */
	struct err e;
	char object[BPFMAP_NAME_MAX]; /* prefix of the active maps' names; "" when not known */
	/* Arenas, those of active maps first: a process may have its own at the same addresses. */
	struct value_arena arenas[MAPS_ARENAS_MAX];
	unsigned int n_arenas, n_active_arenas;
};

/* Look. Fails only when memory is out or there is no list at all. */
int maps_survey_make(struct maps *m, struct kreader *r, struct maps_survey *ret, struct err *e);
void maps_survey_deinit(struct maps_survey *s);

/* The length of the object's name in map name @name, which is that of a section ("obj" of
 * "obj.bss"); 0 when it is none. */
size_t maps_survey_prefix(const char *name);

#endif
