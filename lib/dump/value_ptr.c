/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a value leads: pointers, and the kernel's objects that are told in short. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dump/walk.h"

#define NAME_LEN_MAX 128u
#define PAGE 4096u
#define SMALL 256u /* bytes of a target that need no allocation */
#define MASK_MEMBERS_MAX 8u
/* Bytes of a target, and of a mask, that cost as much as an object. */
#define BYTES_PER_NODE 64u

/* ---- CPU masks ---- */

static bool is_mask_name(const char *name)
{
	return strcmp(name, "cpumask") == 0 || strcmp(name, "bpf_cpumask") == 0 ||
	       strcmp(name, "scx_bitmap") == 0;
}

bool walk_mask(const struct walk *k, const struct btf_type *b, uint64_t *ret_offset,
	       uint64_t *ret_len)
{
	if (!btf_is_struct(b) || !is_mask_name(walk_name(k, b)))
		return false;
	for (uint32_t i = 0; i < btf_vlen(b) && i < MASK_MEMBERS_MAX; i++) {
		const char *name = btf__str_by_offset(k->btf, btf_members(b)[i].name_off);
		uint64_t bit = btf_member_bit_offset(b, i);

		if (strcmp(name, "bits") != 0 && strcmp(name, "cpumask") != 0)
			continue;
		*ret_offset = bit / 8;
		*ret_len = walk_shape(k, btf_members(b)[i].type).size;
		return bit % 8 == 0 && *ret_len;
	}
	return false;
}

static bool has_bit(const uint8_t *bytes, unsigned int i)
{
	return bytes[i / 8] >> i % 8 & 1;
}

static void put_range(struct jsonw *w, unsigned int from, unsigned int to, bool first)
{
	char text[40];
	int n;

	n = snprintf(text, sizeof(text), from == to ? "%s%u" : "%s%u-%u", first ? "" : ",", from,
		     to);
	jsonw_raw(w, text, (size_t)n);
}

static unsigned int cpus_max(const struct walk *k)
{
	return k->c->kernel ? k->c->kernel->nr_cpu_ids : KERNEL_CPUS_MAX;
}

void walk_cpus(struct walk *k, const uint8_t *bytes, uint64_t len, uint64_t v)
{
	unsigned int end = cpus_max(k);
	bool first = true;

	if (!k->w)
		return;
	if (len < end / 8 + 1)
		end = end < len * 8 ? end : (unsigned int)len * 8;
	walk_spend(k, end / 8 / BYTES_PER_NODE);
	jsonw_comma(k->w);
	jsonw_literal(k->w, "{\"kind\":\"cpu_list\",\"cpus\":\"");
	for (unsigned int i = 0; i < end; i++) {
		unsigned int from = i;

		if (i % 8 == 0 && !bytes[i / 8]) {
			i += 7;
			continue;
		}
		while (i < end && has_bit(bytes, i))
			i++;
		if (i == from)
			continue;
		put_range(k->w, from, i - 1, first);
		first = false;
	}
	jsonw_literal(k->w, "\"");
	if (v) {
		jsonw_name(k->w, "ptr");
		jsonw_hex(k->w, v);
	}
	jsonw_literal(k->w, "}");
}

/* ---- what a pointer leads to ---- */

enum lead { LEAD_NOWHERE, LEAD_VALUE, LEAD_MASK, LEAD_TASK };

struct target {
	enum lead lead;
	const char *skip; /* NOWHERE: why; NULL when there is nothing to say */
	uint64_t kva;
	const struct types *t; /* that the shape is out of */
	struct shape shape;
	char name[NAME_LEN_MAX]; /* of the struct, without a `___flavour` */
};

/* The kernel's address of what @v is in an arena. */
static bool arena_find(const struct value_context *c, uint64_t v, uint64_t *ret_kva)
{
	for (size_t i = 0; i < c->n_arenas; i++) {
		const struct value_arena *a = &c->arenas[i];
		uint64_t offset = v - a->user_start;

		/* What was not cast to user space yet has the low half alone. */
		if (v <= UINT32_MAX)
			offset = (uint32_t)(v - a->user_start);
		if (offset >= a->len)
			offset = v - a->kva;
		if (offset < a->len) {
			*ret_kva = a->kva + offset;
			return true;
		}
	}
	return false;
}

static void name_of(const struct walk *k, const struct btf_type *b, char ret[NAME_LEN_MAX])
{
	const char *name = walk_name(k, b), *flavour;
	size_t len = strnlen(name, NAME_LEN_MAX - 1);

	memcpy(ret, name, len);
	ret[len] = 0;
	flavour = strstr(ret, "___");
	if (flavour)
		ret[flavour - ret] = 0;
}

static struct target nowhere(const char *skip)
{
	return (struct target){.lead = LEAD_NOWHERE, .skip = skip};
}

/* The struct or union of that name in @t; 0 for none. */
static uint32_t find_struct(const struct types *t, const char *name)
{
	struct err e;
	uint32_t id;

	if (!*name || (types_find(t, name, BTF_KIND_STRUCT, &id, &e) &&
		       types_find(t, name, BTF_KIND_UNION, &id, &e)))
		return 0;
	return id;
}

static bool resolve_in(const struct types *in, struct target *t)
{
	const struct walk there = {.t = in, .btf = types_btf(in)};
	uint32_t id = find_struct(in, t->name);

	if (!id)
		return false;
	t->shape = walk_shape(&there, id);
	t->t = in;
	return true;
}

/* Find a struct that its BTF only names: a compiler leaves out what only pointers lead to. */
static bool resolve(const struct walk *k, struct target *t)
{
	if (!btf_is_fwd(t->shape.b) || resolve_in(k->t, t))
		return true;
	for (size_t i = 0; i < k->c->n_others; i++)
		if (resolve_in(k->c->others[i], t))
			return true;
	return false;
}

/* Of the upper half of addresses: 57 bits with page tables of 5 levels, else 48. */
static bool is_kernel_address(const struct walk *k, uint64_t kva)
{
	return k->c->kernel->mem.pgtable.levels == 5 ? kva >> 56 == 0xff : kva >> 47 == 0x1ffff;
}

/* An address of the kernel's, to type @t->shape. */
static void target_in_kernel(const struct walk *k, struct target *t)
{
	const struct btf_type *b = t->shape.b;

	if (!is_kernel_address(k, t->kva)) {
		*t = nowhere("no kernel address");
	} else if (!btf_is_composite(b) && !btf_is_fwd(b)) {
		*t = nowhere("no struct");
	} else if (strcmp(t->name, "cpumask") == 0 || strcmp(t->name, "bpf_cpumask") == 0) {
		t->lead = LEAD_MASK;
	} else if (strcmp(t->name, "task_struct") == 0) {
		t->lead = LEAD_TASK;
	} else if (k->t == k->c->kernel->types || find_struct(k->c->kernel->types, t->name)) {
		*t = nowhere("kernel type");
	} else if (!resolve(k, t)) {
		*t = nowhere("incomplete type");
	}
}

/* What is to be made of pointer @v to type @to. */
static struct target target_find(const struct walk *k, uint32_t to, uint64_t v)
{
	struct target t = {.lead = LEAD_VALUE, .kva = v, .t = k->t};

	if (!v)
		return nowhere(NULL);
	t.shape = walk_shape(k, to);
	if (!t.shape.b)
		return nowhere(t.shape.id ? t.shape.wrong : "no type");
	if (btf_is_func_proto(t.shape.b) || btf_is_func(t.shape.b))
		return nowhere(NULL);
	if (t.shape.percpu)
		return nowhere("per-CPU");
	if (!k->c->kernel)
		return nowhere("no memory");
	name_of(k, t.shape.b, t.name);
	if (!arena_find(k->c, v, &t.kva))
		target_in_kernel(k, &t);
	else if (!resolve(k, &t) && !resolve_in(k->c->kernel->types, &t))
		return nowhere("incomplete type");
	return t;
}

/* Why the way must not go on to @t; NULL when it may. */
static const char *way_ends(const struct walk *k, const struct target *t)
{
	if (k->hops == VALUE_HOPS_MAX)
		return "hops";
	if (k->levels > VALUE_LEVELS_MAX)
		return "depth";
	for (unsigned int i = 0; i <= k->hops; i++)
		if (k->way[i].kva == t->kva && k->way[i].type == t->shape.id && k->way[i].t == t->t)
			return "cycle";
	return NULL;
}

static const char *why_unread(const struct err *e)
{
	return e->code == ENODATA || e->code == ENOBUFS ? "not recorded" : "not mapped";
}

static void put_pointer(struct walk *k, uint64_t v)
{
	jsonw_comma(k->w);
	jsonw_literal(k->w, "{\"kind\":\"ptr\",\"value\":");
	jsonw_hex(k->w, v);
}

/* The whole of a pointer that is not followed. */
static void put_skipped(struct walk *k, uint64_t v, const char *skip)
{
	if (!k->w)
		return;
	put_pointer(k, v);
	if (skip) {
		jsonw_name(k->w, "skip");
		jsonw_plain(k->w, skip);
	}
	jsonw_literal(k->w, "}");
}

/* As much of the @len bytes at @kva as there is: all, or up to the first page that is not. */
static uint64_t read_start(const struct kmem *m, uint64_t kva, uint8_t *buf, uint64_t len,
			   struct err *e)
{
	uint64_t at = 0;

	if (!kmem_read(m, kva, buf, len, e))
		return len;
	while (at < len) {
		uint64_t n = PAGE - (kva + at) % PAGE;

		n = n < len - at ? n : len - at;
		if (kmem_read(m, kva + at, buf + at, n, e))
			break;
		at += n;
	}
	return at;
}

/* The value behind pointer @v, of which @s was read. */
static void put_target(struct walk *k, const struct target *t, uint64_t v, struct slice s)
{
	bool in_cut = k->in_cut;
	uint64_t offset, len;

	if (k->w && walk_mask(k, t->shape.b, &offset, &len) && offset <= s.len) {
		walk_cpus(k, s.bytes + offset, len < s.len - offset ? len : s.len - offset, v);
		return;
	}
	if (k->w) {
		put_pointer(k, v);
		jsonw_name(k->w, "target");
	}
	k->hops++;
	k->way[k->hops].t = t->t;
	k->way[k->hops].kva = t->kva;
	k->way[k->hops].type = t->shape.id;
	k->in_cut = false;
	walk_value(k, &t->shape, s, 0);
	k->in_cut = in_cut;
	k->hops--;
	if (k->w)
		jsonw_literal(k->w, "}");
}

/* Read the target and put it, with the types that it is of. */
static void read_target(struct walk *k, const struct target *t, uint64_t v, uint8_t *bytes)
{
	const struct types *types = k->t;
	struct err e;
	uint64_t had = read_start(&k->c->kernel->mem, t->kva, bytes, t->shape.size, &e);

	if (!had && t->shape.size) {
		put_skipped(k, v, why_unread(&e));
		return;
	}
	k->t = t->t;
	k->btf = types_btf(t->t);
	put_target(k, t, v, (struct slice){.bytes = bytes, .len = had, .kva = t->kva});
	k->t = types;
	k->btf = types_btf(types);
}

static void follow_value(struct walk *k, const struct target *t, uint64_t v)
{
	_cleanup_free_ uint8_t *large = NULL;
	uint8_t small[SMALL];

	if (t->shape.wrong) {
		put_skipped(k, v, t->shape.wrong);
		return;
	}
	if (t->shape.size > VALUE_TARGET_MAX || !walk_spend(k, t->shape.size / BYTES_PER_NODE)) {
		put_skipped(k, v, "too large");
		return;
	}
	if (t->shape.size > sizeof(small)) {
		large = malloc(t->shape.size);
		if (!large) {
			put_skipped(k, v, "no memory");
			return;
		}
	}
	read_target(k, t, v, large ? large : small);
}

/* A mask of the kernel's: as many of its bits as there are CPUs are sure to be there. */
static void follow_mask(struct walk *k, const struct target *t, uint64_t v)
{
	uint64_t bits[KERNEL_MASK_WORDS_MAX];
	struct err e;

	if (kernel_mask_read(k->c->kernel, t->kva, bits, &e))
		put_skipped(k, v, why_unread(&e));
	else
		walk_cpus(k, (const uint8_t *)bits, 8 * kernel_mask_words(k->c->kernel), v);
}

/* A task's number and name. */
static void follow_task(struct walk *k, const struct target *t, uint64_t v)
{
	struct value_task task = k->c->task;
	const struct kernel *kernel = k->c->kernel;
	char comm[32];
	uint64_t pid;
	struct err e;

	if (!task.known) {
		struct value_context c;

		value_context_init(&c, kernel);
		task = c.task;
	}
	if (!task.known || task.comm.count >= sizeof(comm)) {
		put_skipped(k, v, "kernel type");
		return;
	}
	if (kernel_read_member(kernel, t->kva, &task.pid, &pid, &e) ||
	    kmem_read(&kernel->mem, t->kva + task.comm.offset, comm, task.comm.count, &e)) {
		put_skipped(k, v, why_unread(&e));
		return;
	}
	if (!k->w)
		return;
	put_pointer(k, v);
	jsonw_literal(k->w,
		      ",\"target\":{\"kind\":\"struct\",\"type_name\":\"task_struct\","
		      "\"members\":[{\"name\":\"pid\",\"value\":{\"kind\":\"int\",\"bits\":32,"
		      "\"value\":");
	jsonw_i64(k->w, (int32_t)pid);
	jsonw_literal(k->w, "}},{\"name\":\"comm\",\"value\":{\"kind\":\"string\",\"value\":");
	jsonw_text(k->w, comm, strnlen(comm, task.comm.count));
	jsonw_literal(k->w, "}}]}}");
}

void walk_pointer(struct walk *k, uint32_t to, uint64_t v)
{
	struct target t = target_find(k, to, v);
	const char *end = t.lead == LEAD_VALUE ? way_ends(k, &t) : NULL;

	if (end)
		t = nowhere(end);
	switch (t.lead) {
	case LEAD_NOWHERE:
		put_skipped(k, v, t.skip);
		break;
	case LEAD_VALUE:
		follow_value(k, &t, v);
		break;
	case LEAD_MASK:
		follow_mask(k, &t, v);
		break;
	case LEAD_TASK:
		follow_task(k, &t, v);
		break;
	}
}
