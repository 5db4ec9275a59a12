/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loader's side of the map zoo (zoo.h): sizes before the load, contents between load and
 * attach.
 */
#ifndef KTSTR_SCHED_ZOO_FILL_H
#define KTSTR_SCHED_ZOO_FILL_H

#include <bpf/libbpf.h>

#include "base/error.h"
#include "zoo.h"

/* Entries of the maps whose size is an option; 0: there is no such map. */
struct zoo_sizes {
	unsigned int array, hash; /* at most ZOO_BULK_MAX */
};

/* For an object that is open but not loaded. */
int zoo_configure(struct bpf_object *obj, const struct zoo_sizes *sizes, struct err *e);

/*
 * Fill the maps of a loaded object. @holder is that variable, in .bss; the arena's memory is mapped
 * for it, until the program ends.
 */
int zoo_fill(struct bpf_object *obj, const struct zoo_sizes *sizes,
	     volatile struct ktstr_bss_arena_holder *holder, struct err *e);

#endif
