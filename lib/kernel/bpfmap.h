/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BPF maps in a kernel's memory (kernel/bpf/): all of them through map_idr, and what each type
 * keeps where, by the kernel's own types. It reads bytes; what they mean is told by the BTF that
 * each map names (kernel/bpfbtf.h) and shown by dump/maps.h.
 *
 * The kernel is to stand still. All counts, chains and trees are bounded all the same: they are the
 * guest's.
 */
#ifndef KTSTR_KERNEL_BPFMAP_H
#define KTSTR_KERNEL_BPFMAP_H

#include "kernel/fields.h"
#include "kernel/kreader.h"
#include "kernel/rhashtable.h"
#include "kernel/xarray.h"

#define BPFMAP_NAME_MAX 16u		   /* with the NUL: BPF_OBJ_NAME_LEN */
#define BPFMAP_TYPE_NAME_MAX 40u	   /* "percpu_cgroup_storage".. */
#define BPFMAP_TYPES_MAX 64u		   /* numbers of map types that have a name */
#define BPFMAP_POINTERS_MAX 9u		   /* types whose elements are pointers */
#define BPFMAP_KEY_MAX 4096u		   /* bytes; a larger key is an error */
#define BPFMAP_VALUE_MAX (4u << 20)	   /* bytes of one value; what is behind is not read */
#define BPFMAP_VALUES_MAX (16u << 20)	   /* bytes of all values of a map */
#define BPFMAP_BUCKETS_MAX (1u << 22)	   /* of one hash that are looked at */
#define BPFMAP_STACK_DEPTH_MAX 1024u	   /* addresses of one stack; the kernel has 127 */
#define BPFMAP_ARENA_RANGES_MAX (1u << 16) /* pieces of an arena that are free */

/* How the elements of a map lie. */
enum bpfmap_shape {
	BPFMAP_OTHER, /* not known how, or nothing to be read */
	BPFMAP_ARRAY,
	BPFMAP_PERCPU_ARRAY,
	BPFMAP_POINTERS, /* arrays of what user space knows by descriptors */
	BPFMAP_HASH,	 /* LRU, too */
	BPFMAP_PERCPU_HASH,
	BPFMAP_HASH_OF_MAPS,
	BPFMAP_RHASH, /* resizable */
	BPFMAP_LPM_TRIE,
	BPFMAP_QUEUE, /* and stack */
	BPFMAP_ARENA,
	BPFMAP_RINGBUF,
	BPFMAP_STACK_TRACE,
	BPFMAP_STRUCT_OPS,
	BPFMAP_STORAGE, /* local storage of tasks, cgroups, inodes, sockets */
};

/* One map. The numbers are the guest's. */
struct bpfmap {
	uint64_t kva;
	uint64_t id;  /* as map_idr has it */
	bool is_read; /* false: only the two above, the rest is not in memory */
	uint32_t type, key_size, value_size, max_entries, flags;
	uint64_t extra; /* map_extra */
	uint64_t btf;	/* the struct btf of key and value; 0 for none */
	uint32_t key_type, value_type, vmlinux_value_type; /* BTF ids, 0 for none */
	char name[BPFMAP_NAME_MAX];			   /* safe to print */
};

/* A place that not every kernel has. */
struct bpfmap_place {
	bool is_there;
	struct member m;
};

struct bpfmap_layout {
	uint64_t idr; /* the variable map_idr */
	struct xarray_layout xarray;
	struct fields map; /* of struct bpf_map */
	int type, key_size, value_size, max_entries, flags, extra, btf, key_type, value_type,
		vmlinux_value_type, name;
	struct {
		char name[BPFMAP_TYPE_NAME_MAX]; /* lower case, without BPF_MAP_TYPE_; "": none */
		enum bpfmap_shape shape;
	} types[BPFMAP_TYPES_MAX];
	struct bpfmap_place map_id; /* of struct bpf_map */
	struct bpfmap_place array_value, array_pptrs;
	/* Arrays of pointers by type: in the map's own struct, or in memory that a pointer leads
	 * to. */
	struct {
		const char *type; /* as in @types; static */
		struct bpfmap_place at;
		bool is_far;
	} pointers[BPFMAP_POINTERS_MAX];
	struct {
		struct bpfmap_place buckets, n_buckets, first, next, key;
		uint64_t bucket_size;
	} hash;
	struct {
		struct bpfmap_place ht, node, data;
		struct rhashtable_layout table;
	} rhash;
	struct {
		struct bpfmap_place root, child, prefixlen, flags, data;
	} trie;
	struct {
		struct bpfmap_place head, tail, size, elements;
	} queue;
	struct {
		struct bpfmap_place user_start, kern_vm, addr, scratch;
		struct bpfmap_place root, node, left, right, first, last; /* free ranges */
		uint64_t vmemmap_base, page_size;			  /* of struct page; 0: ? */
	} arena;
	struct {
		struct bpfmap_place rb, mask, consumer, producer, pending;
	} ringbuf;
	struct {
		struct bpfmap_place n_buckets, buckets, nr, data;
	} stack;
	struct {
		struct bpfmap_place kvalue, state, data, btf, links, n_links, prog, aux, used_maps,
			n_used_maps;
	} ops;
	struct {
		struct bpfmap_place buckets, log, first, map_next, next, local, owner, value;
		uint64_t bucket_size;
	} storage;
};

/* ENOENT for a kernel without BPF maps. What else a kernel lacks, its maps of that type lack. */
int bpfmap_layout_init(struct bpfmap_layout *l, const struct kernel *k, struct err *e);

/* "array", "percpu_hash"..; NULL for a number that this kernel has no name for. */
const char *bpfmap_type_name(const struct bpfmap_layout *l, uint32_t type);
enum bpfmap_shape bpfmap_shape(const struct bpfmap_layout *l, uint32_t type);

/*
 * All maps, in order of id; at most @max. *ret_n are in @ret, also on failure: E2BIG when there are
 * more. A map that is not in memory is in the list all the same.
 */
int bpfmap_list(const struct bpfmap_layout *l, const struct kernel *k, struct bpfmap *ret,
		unsigned int max, unsigned int *ret_n, struct err *e);

/* ---- elements ---- */

/* What a walk hands out; the bytes are there for the time of the call. */
struct bpfmap_element {
	uint64_t index; /* arrays: the key; others: which one it is */
	const uint8_t *key;
	uint32_t key_len;
	const uint8_t *value; /* NULL when per-CPU */
	uint32_t value_len;   /* less than the map's value_size when BPFMAP_VALUE_MAX cut it */
	uint64_t value_kva;   /* of the value; per-CPU: the pointer that kernel_percpu() takes */
	uint64_t owner;	      /* storage: the address of the task, cgroup..; 0: being freed */
};
typedef int (*bpfmap_fn)(void *arg, const struct bpfmap_element *el); /* not 0 ends the walk */

/*
 * Walk the elements of a map of the shapes ARRAY to QUEUE and STORAGE, at most @max. Of POINTERS
 * the value is the pointer and elements without are not told; of HASH_OF_MAPS it is the address of
 * the map. *ret_truncated: there is more. Returns 0, what @fn returned, or -1 with *e (ELOOP: a
 * chain in a circle; what was handed out before is good). ENOTSUP for other shapes.
 */
int bpfmap_walk(const struct bpfmap_layout *l, struct kreader *r, const struct bpfmap *m,
		uint32_t max, bpfmap_fn fn, void *arg, bool *ret_truncated, struct err *e);

/* The bytes that each CPU has of a per-CPU value: at most BPFMAP_VALUE_MAX, *ret_len of them. */
int bpfmap_read_percpu(struct kreader *r, const struct bpfmap *m, uint64_t pptr, unsigned int cpu,
		       uint8_t *buf, uint32_t len, struct err *e);

/* ---- the others ---- */

struct bpfmap_ring {
	uint64_t capacity, consumer, producer;
	uint64_t pending; /* UINT64_MAX: a kernel before 6.12 has none */
};
int bpfmap_read_ring(const struct bpfmap_layout *l, struct kreader *r, const struct bpfmap *m,
		     struct bpfmap_ring *ret, struct err *e);

struct bpfmap_arena {
	uint64_t user_start, len; /* bytes; user_start is 0 while nobody mapped it */
	uint64_t kva;		  /* of the first byte, where the kernel has it */
	uint64_t pages;		  /* allocated */
};
/* Where the arena is; @pages stays 0. */
int bpfmap_read_arena(const struct bpfmap_layout *l, struct kreader *r, const struct bpfmap *m,
		      struct bpfmap_arena *ret, struct err *e);
/* Each page that is allocated, at most @max: its offset and bytes. ret->pages is the number of
 * pages allocated. Returns as bpfmap_walk. */
typedef int (*bpfmap_page_fn)(void *arg, uint64_t offset, const uint8_t page[KREADER_PAGE]);
int bpfmap_walk_arena(const struct bpfmap_layout *l, struct kreader *r, const struct bpfmap *m,
		      uint32_t max, struct bpfmap_arena *ret, bpfmap_page_fn fn, void *arg,
		      bool *ret_truncated, struct err *e);

/* A stack trace's bucket: @n addresses (BPF_F_STACK_BUILD_ID: @n 0). */
struct bpfmap_stack {
	uint32_t id, n;
	const uint64_t *addresses;
};
typedef int (*bpfmap_stack_fn)(void *arg, const struct bpfmap_stack *s);
int bpfmap_walk_stacks(const struct bpfmap_layout *l, struct kreader *r, const struct bpfmap *m,
		       uint32_t max, uint32_t *ret_n_buckets, bpfmap_stack_fn fn, void *arg,
		       bool *ret_truncated, struct err *e);

/* The table of a struct_ops map as the kernel keeps it. */
struct bpfmap_ops {
	uint64_t kva;	/* of all of the value, m->value_size bytes of m->vmlinux_value_type */
	uint64_t data;	/* of the table in it */
	uint64_t btf;	/* the struct btf of that type; 0: the kernel's own */
	uint64_t state; /* enum bpf_struct_ops_state */
};
int bpfmap_read_ops(const struct bpfmap_layout *l, struct kreader *r, const struct bpfmap *m,
		    struct bpfmap_ops *ret, struct err *e);

/* The maps that the programs of struct_ops map @m use, each address once; at most @max. ENOENT when
 * the kernel does not tell. */
int bpfmap_ops_maps(const struct bpfmap_layout *l, struct kreader *r, const struct bpfmap *m,
		    uint64_t *ret, unsigned int max, unsigned int *ret_n, struct err *e);

#endif
