/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The map zoo: one map of each kind, with contents that whoever reads maps from outside knows in
 * advance. What the maps hold, as the BPF program and its loader agree on it; a pointer has 8 bytes
 * for both. They are filled before the scheduler is attached and never used by it.
 */
#ifndef KTSTR_SCHED_ZOO_H
#define KTSTR_SCHED_ZOO_H

#ifndef __bpf__
#include <linux/bpf.h>
#endif

/* Memory of the arena: for BPF another address space, for the loader plain pointers. */
#ifdef __bpf__
#define ARENA __attribute__((address_space(1)))
#else
#define ARENA
#endif

/* ---- arena ---- */

#define ZOO_ARENA_PAGES 16
#define ZOO_ARENA_START 0x100000000000ull /* where programs see it: bits 47..32 stay the same */
#define ZOO_PAGE 4096

/* The pages in use; the others stay empty. */
#define ZOO_CTX_PAGE 0
#define ZOO_LIST_PAGE 2	 /* ZOO_LIST_LEN nodes, NULL behind the last */
#define ZOO_CYCLE_PAGE 5 /* ZOO_CYCLE_LEN nodes, the last leads to the first */

#define ZOO_LIST_LEN 3
#define ZOO_CYCLE_LEN 2
#define ZOO_LIST_VALUE 100  /* of the first node, the next has one more */
#define ZOO_CYCLE_VALUE 200 /* likewise */

struct ktstr_arena_node {
	unsigned long long value;
	struct ktstr_arena_node ARENA *next;
};

#define ZOO_ARENA_MAGIC 0xDEADBEEFCAFEBABEull
#define ZOO_ARENA_COUNTER 42

struct ktstr_arena_ctx {
	unsigned long long magic;
	unsigned long long counter;
	struct task_struct *task;	     /* the loader, set by BPF */
	struct ktstr_arena_node ARENA *list; /* into the same arena */
	struct ktstr_arena_node ARENA *cycle;
	unsigned long long list_sum; /* of its values, by BPF */
};

#define ZOO_PLAIN_COUNTER 1000

struct ktstr_bss_arena_holder {
	struct ktstr_arena_ctx ARENA *arena_target;
	unsigned long long bss_plain_counter;
};

/* ---- values ---- */

#define ZOO_CROSS_MAGIC 0xC0FFEEFEEDFACE01ull
#define ZOO_CROSS_MARKER 0x1234567890ABCDEFull

struct ktstr_cross_btf_target {
	unsigned long long magic;
	unsigned long long marker;
};

enum zoo_color {
	ZOO_RED = 1,
	ZOO_GREEN = 2,
	ZOO_BLUE = -3,
};

/* Too wide for an int: another kind of type in BTF. */
enum zoo_wide {
	ZOO_NARROW = 1,
	ZOO_WIDE = 0x8000000000000001ull,
};

struct zoo_point {
	short x;
	short y;
};

#ifdef __bpf__
struct bpf_spin_lock {
	__u32 val;
};

/* As much as the kernel asks for to know it again. */
struct bpf_cpumask {
	struct cpumask cpumask;
};
#else
struct bpf_cpumask;
#endif

/* One member of each kind that a renderer of values has to tell apart. */
struct zoo_value {
	unsigned int bits3 : 3;
	int bits5 : 5; /* signed */
	unsigned int bits24 : 24;
	unsigned long long bits40 : 40; /* across a 32-bit boundary */
	unsigned long long bits1 : 1;
	signed char s8;
	unsigned short u16;
	int s32;
	unsigned long long u64;
	enum zoo_color color;
	enum zoo_color unnamed_color; /* a number that has no name */
	enum zoo_wide wide;
	_Bool yes;
	char name[16]; /* a string with quotes */
	char bytes[4]; /* no string */
	char letter;
	struct zoo_point at;
	struct zoo_point path[3];
	union {
		unsigned long long whole;
		unsigned int halves[2];
	};
	struct {
		unsigned char inner;
	};
	const struct zoo_point *nothing; /* NULL */
	unsigned int tail[0];
};

/* What the kernel keeps to itself; it takes no bit fields in the same value. */
struct zoo_special {
	unsigned int before;
	struct bpf_spin_lock lock;
#ifdef __bpf__
	struct bpf_cpumask __attribute__((btf_type_tag("kptr"))) * mask; /* CPU 0, set by BPF */
#else
	struct bpf_cpumask *mask;
#endif
	unsigned int behind;
};

#define ZOO_SPECIAL_BEFORE 1111
#define ZOO_SPECIAL_BEHIND 2222

struct zoo_key {
	unsigned int id;
	char tag[4];
};

struct zoo_lpm_key {
	unsigned int prefix_bits;
	unsigned char address[4];
};

/* Of the maps whose size is an option: 64 bytes, such as schedulers keep of a task. */
struct zoo_bulk {
	unsigned long long index;
	unsigned long long square;
	unsigned long long sums[3];
	struct zoo_point at;
	enum zoo_color color;
	char name[16];
};

/* ---- numbers of entries ---- */

#define ZOO_HASH_LEN 5	/* of 64: lru, and per-CPU ones */
#define ZOO_QUEUE_LEN 3 /* of 8: queue and stack */
#define ZOO_RING_RECORDS 2
#define ZOO_BULK_MAX 1000000

/* A record of the ring buffers. */
struct zoo_record {
	unsigned int number;
	char text[12];
};

#define ZOO_RECORD_TEXT "zoo record"

#endif
