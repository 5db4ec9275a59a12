/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/xarray.h"

#include <errno.h>
#include <inttypes.h>

#define SLOTS_MAX 64u /* XA_CHUNK_SIZE; 16 with CONFIG_BASE_SMALL */
#define DEPTH_MAX 17u /* 64 bits of index, 4 a level, and one level with no bits left */

/* What the two low bits of an entry say (include/linux/xarray.h). */
#define ENTRY_VALUE 1u	     /* bit 0 alone: a number, no pointer */
#define ENTRY_INTERNAL 2u    /* both bits: 10 */
#define INTERNAL_SMALL 4096u /* above it an internal entry is a node, else one of these: */
#define INTERNAL_RETRY (256u << 2 | ENTRY_INTERNAL)

struct walk {
	const struct kernel *k;
	const struct xarray_layout *l;
	xarray_fn fn;
	void *arg;
	uint64_t base; /* added to each index */
	uint32_t nodes, entries;
};

int xarray_layout_init(struct xarray_layout *l, const struct kernel *k, struct err *e)
{
	struct member rt, base;
	uint32_t n;

	if (types_member(k->types, "xarray", "xa_head", &l->head, e) ||
	    types_member(k->types, "xa_node", "slots", &l->slots, e) ||
	    types_member(k->types, "xa_node", "shift", &l->shift, e) ||
	    types_member(k->types, "idr", "idr_rt", &rt, e) ||
	    types_member(k->types, "idr", "idr_base", &base, e))
		return -1;
	n = l->slots.count;
	if (l->slots.size != 8 || n < 2 || n > SLOTS_MAX || n & (n - 1) || l->shift.size != 1 ||
	    base.size != 4)
		return err_set(e, EPROTO, "xa_node of %u slots and a shift of %u bytes", n,
			       (unsigned int)l->shift.size);
	l->idr_rt = rt.offset;
	l->idr_base = base.offset;
	return 0;
}

static bool entry_is_node(uint64_t entry)
{
	return (entry & 3) == ENTRY_INTERNAL && entry > INTERNAL_SMALL;
}

/* An entry that is no node. */
static int walk_entry(struct walk *w, uint64_t index, uint64_t entry, struct err *e)
{
	if (!entry)
		return 0;
	if (++w->entries > XARRAY_ENTRIES_MAX)
		return err_set(e, EPROTO, "more than %u entries", XARRAY_ENTRIES_MAX);
	/* Only a node that was just taken out of the tree has these. */
	if (entry == INTERNAL_RETRY)
		return err_set(e, EAGAIN, "changed while it was read");
	if (entry & ENTRY_VALUE ||
	    entry & ENTRY_INTERNAL) /* a number; a sibling, a reserved slot */
		return 0;
	return w->fn(w->arg, w->base + index, entry);
}

/* The node that @entry points to, whose parent has @above as its shift. */
static int walk_node(struct walk *w, uint64_t entry, unsigned int above, unsigned int depth,
		     uint64_t index, struct err *e)
{
	uint64_t node = entry - ENTRY_INTERNAL, slots[SLOTS_MAX];
	uint8_t shift;
	int r = 0;

	if (++w->nodes > XARRAY_NODES_MAX || depth > DEPTH_MAX)
		return err_set(e, EPROTO, "more than %u nodes, or deeper than %u", XARRAY_NODES_MAX,
			       DEPTH_MAX);
	if (kmem_u8(&w->k->mem, node + w->l->shift.offset, &shift, e) ||
	    kmem_read(&w->k->mem, node + w->l->slots.offset, slots, w->l->slots.count * 8, e))
		return err_prefix(e, "node 0x%" PRIx64, node);
	if (shift >= above)
		return err_set(e, EPROTO, "node 0x%" PRIx64 " has shift %u below shift %u", node,
			       shift, above);
	for (uint32_t i = 0; r == 0 && i < w->l->slots.count; i++) {
		uint64_t at = index + ((uint64_t)i << shift);

		r = entry_is_node(slots[i]) ? walk_node(w, slots[i], shift, depth + 1, at, e)
					    : walk_entry(w, at, slots[i], e);
	}
	return r;
}

static int walk(struct walk *w, uint64_t kva, struct err *e)
{
	uint64_t head;
	int r;

	e->code = 0; /* to tell our own -1 from one of fn's */
	if (kmem_u64(&w->k->mem, kva + w->l->head.offset, &head, e))
		r = -1;
	else if (entry_is_node(head))
		r = walk_node(w, head, 64, 1, 0, e);
	else
		r = walk_entry(w, 0, head, e);
	if (r == -1 && e->code)
		err_prefix(e, "xarray 0x%" PRIx64, kva);
	return r;
}

int xarray_walk(const struct kernel *k, const struct xarray_layout *l, uint64_t kva, xarray_fn fn,
		void *arg, struct err *e)
{
	struct walk w = {.k = k, .l = l, .fn = fn, .arg = arg};

	return walk(&w, kva, e);
}

int xarray_walk_idr(const struct kernel *k, const struct xarray_layout *l, uint64_t kva,
		    xarray_fn fn, void *arg, struct err *e)
{
	struct walk w = {.k = k, .l = l, .fn = fn, .arg = arg};
	uint32_t base;

	if (kmem_u32(&k->mem, kva + l->idr_base, &base, e))
		return err_prefix(e, "idr 0x%" PRIx64, kva);
	w.base = base;
	return walk(&w, kva + l->idr_rt, e);
}
