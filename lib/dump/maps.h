/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All BPF maps of a kernel as JSON. Found through map_idr and read map type by map type
 * (kernel/bpfmap.h); values are rendered through the BTF that the maps' programs were loaded with.
 *
 * A map: id, name, map_kva (hex), map_type (number), map_type_name, key_size, value_size,
 * max_entries, map_flags, active (bool: the scheduler in force uses it), and what its type gives of
 *   value        one value: global sections, struct_ops
 *   entries      [{key, key_hex, value, value_hex}..]; arrays without the hex forms, queues without
 *                key; local storage: key is the pid, cgroup or inode, with owner_kva, comm?; a map
 *                of maps: value is the number of the map
 *   percpu_entries, percpu_hash_entries   [{key, key_hex?, values [value or null, by CPU]}..]
 *   arena        user_start (hex), pages, pages_captured, truncated?, contents [{offset, hex}..]
 *                of those captured pages that are not all zeros
 *   ringbuf      capacity, consumer, producer, pending_position?, pending_bytes
 *   stack_trace  n_buckets, entries [{id, depth, addresses, symbols}..], truncated?
 *   fd_array     populated, scanned, indices, map_ids? (of an array of maps), truncated?
 *   truncated    true: entries were left out
 *   types_error  the reason why its values are bytes
 *   error        the reason why it is not rendered, or not to the end
 */
#ifndef KTSTR_DUMP_MAPS_H
#define KTSTR_DUMP_MAPS_H

#include <jansson.h>

#include "dump/value.h"
#include "kernel/kernel.h"

#define MAPS_MAX 4096u
#define MAPS_ENTRIES_MAX 100000u	  /* of a map */
#define MAPS_PERCPU_VALUES_MAX (1u << 18) /* of a map, on all CPUs */
#define MAPS_INDICES_MAX 4096u		  /* of a fd_array */
#define MAPS_ARENA_PAGES_MAX 1024u	  /* of an arena that are captured */
#define MAPS_NODES_MAX 4000000u		  /* objects of all maps together */
#define MAPS_BUDGET (128u << 20)	  /* bytes of the scheduler's maps, and of all others */

struct maps;

/* What the kernel's objects look like: the same as long as it runs. *ret is NULL on failure. */
int maps_create(const struct kernel *k, struct maps **ret, struct err *e);
void maps_destroy(struct maps *m);

/* Learn of maps and types that were loaded since, while the guest runs: what is known needs not be
 * looked up while it stands still. */
int maps_prepare(struct maps *m, const struct kernel *live, struct err *e);

/*
 * Find all maps of @k (whose memory may be another than at maps_create) and read all that
 * maps_json() will need, making nothing of it: for a memory that records, while the guest stands
 * still. An error here means that there is no list of maps; a single map that cannot be read is no
 * error.
 */
int maps_touch(struct maps *m, const struct kernel *k, struct err *e);

/*
 * The same as JSON: {maps: [..] (active ones first), maps_error? (why the list ends early),
 * active_obj_name (or null), active_map_kvas [hex..]}. NULL with *e.
 * @max_entries bounds entries a map (0: MAPS_ENTRIES_MAX).
 */
json_t *maps_json(struct maps *m, const struct kernel *k, unsigned int max_entries, struct err *e);

/* The same as text, which costs a tenth of it: one object is added to @w. */
int maps_write(struct maps *m, const struct kernel *k, unsigned int max_entries, struct jsonw *w,
	       struct err *e);

/*
 * The kernel address and length in bytes of global variable @name of map section
 * @object.@section ("bss", "data", "rodata" of the object or map name prefix @object; NULL or ""
 * for the scheduler in force), members by '.': for watches. ENOENT names it.
 */
int maps_variable(struct maps *m, const struct kernel *k, const char *object, const char *section,
		  const char *name, uint64_t *ret_kva, uint64_t *ret_len, struct err *e);

#endif
