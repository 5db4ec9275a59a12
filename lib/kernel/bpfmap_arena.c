/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arenas: kernel/bpf/arena.c. The pages that are allocated are those that the tree of free ranges
 * does not have (range_tree.c); before 6.14, without that tree, those that are mapped.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "kernel/bpfmap_walk.h"

/* GUARD_SZ / 2: what the reach of an instruction's offset, 16 bits, may go below the first byte. */
#define GUARD_BELOW (1u << 15)
#define TREE_DEPTH_MAX 64u   /* of a red-black tree */
#define PAGES_MAX (1u << 20) /* 4 GiB */

int bpfmap_read_arena(const struct bpfmap_layout *l, struct kreader *r, const struct bpfmap *m,
		      struct bpfmap_arena *ret, struct err *e)
{
	uint64_t area, addr;

	*ret = (struct bpfmap_arena){0};
	if (BPFMAP_NEED(e, &l->arena.user_start, &l->arena.kern_vm, &l->arena.addr) ||
	    kreader_member(r, m->kva, &l->arena.user_start.m, &ret->user_start, e) ||
	    kreader_member(r, m->kva, &l->arena.kern_vm.m, &area, e) ||
	    kreader_member(r, area, &l->arena.addr.m, &addr, e))
		return -1;
	if (m->max_entries > PAGES_MAX)
		return err_set(e, EPROTO, "an arena of %u pages", m->max_entries);
	ret->len = (uint64_t)m->max_entries * KREADER_PAGE;
	/* Programs add the lower half of an address to the start of the area. */
	ret->kva = addr + GUARD_BELOW + (uint32_t)ret->user_start;
	return 0;
}

struct arena_walk {
	const struct bpfmap_layout *l;
	struct kreader *r;
	const struct bpfmap *m;
	struct bpfmap_arena *a;
	uint32_t max, told, nodes;
	uint64_t next; /* the first page that the tree has not told of */
	uint64_t
		scratch; /* physical address of what stands for pages that are not there; 0: none */
	bpfmap_page_fn fn;
	void *arg;
	bool truncated;
};

/* Page @i, which is allocated. */
static int page_tell(struct arena_walk *w, uint64_t i, struct err *e)
{
	uint64_t kva = w->a->kva + i * KREADER_PAGE;
	uint8_t page[KREADER_PAGE];
	uint64_t gpa, left;
	struct err absent;

	/* A page that is not there costs a walk of the page tables, too. */
	if (kreader_read(w->r, kva, page, 0, e))
		return -1;
	if (kmem_translate(&w->r->k->mem, kva, &gpa, &left, &absent))
		return 0; /* about to be mapped, or just freed */
	if (w->scratch && gpa == w->scratch)
		return 0;
	w->a->pages++;
	if (w->told == w->max) {
		w->truncated = true;
		return 0;
	}
	w->told++;
	if (kreader_read(w->r, kva, page, sizeof(page), e))
		return -1;
	return w->fn(w->arg, i * KREADER_PAGE, page);
}

/* Pages from @from to before @to. When no more are handed out, the rest is counted unseen. */
static int pages_tell(struct arena_walk *w, uint64_t from, uint64_t to, struct err *e)
{
	to = to < w->m->max_entries ? to : w->m->max_entries;
	for (uint64_t i = from; i < to; i++) {
		int ret;

		if (w->told == w->max) {
			w->a->pages += to - i;
			w->truncated = true;
			return 0;
		}
		ret = page_tell(w, i, e);
		if (ret)
			return ret;
	}
	return 0;
}

/* The free range of tree node @node: what is between it and the one before is allocated. */
static int range_take(struct arena_walk *w, uint64_t node, struct err *e)
{
	const struct bpfmap_layout *l = w->l;
	uint64_t object = node - l->arena.node.m.offset, first, last;
	int ret;

	if (kreader_member(w->r, object, &l->arena.first.m, &first, e) ||
	    kreader_member(w->r, object, &l->arena.last.m, &last, e))
		return -1;
	if (first < w->next || last < first || last > UINT32_MAX)
		return err_set(e, EPROTO, "free pages %" PRIu64 " to %" PRIu64 " out of order",
			       first, last);
	ret = pages_tell(w, w->next, first, e);
	w->next = last + 1;
	return ret;
}

/* The tree from left to right. */
static int tree_walk(struct arena_walk *w, uint64_t root, struct err *e)
{
	const struct bpfmap_layout *l = w->l;
	uint64_t left = l->arena.left.m.offset - l->arena.node.m.offset,
		 right = l->arena.right.m.offset - l->arena.node.m.offset;
	uint64_t stack[TREE_DEPTH_MAX], node = root;
	unsigned int depth = 0;

	while (node || depth) {
		int ret;

		for (; node; depth++) {
			if (depth == TREE_DEPTH_MAX || ++w->nodes > BPFMAP_ARENA_RANGES_MAX)
				return err_set(e, ELOOP, "a tree of free pages without end");
			stack[depth] = node;
			if (kreader_u64(w->r, node + left, &node, e))
				return -1;
		}
		node = stack[--depth];
		ret = range_take(w, node, e);
		if (ret)
			return ret;
		if (kreader_u64(w->r, node + right, &node, e))
			return -1;
	}
	return pages_tell(w, w->next, w->m->max_entries, e);
}

/* Without a tree: a page's absence costs a walk of the page tables, so only so many. */
#define PROBED_MAX 65536u
static int pages_probe(struct arena_walk *w, struct err *e)
{
	uint64_t n = w->m->max_entries < PROBED_MAX ? w->m->max_entries : PROBED_MAX;

	w->truncated = n < w->m->max_entries;
	for (uint64_t i = 0; i < n; i++) {
		int ret = page_tell(w, i, e);

		if (ret)
			return ret;
	}
	return 0;
}

/* Since 7.3 a stray access of a program finds a page of its own where none is allocated. */
static int scratch_find(struct arena_walk *w, struct err *e)
{
	const struct bpfmap_layout *l = w->l;
	uint64_t page;

	if (!l->arena.scratch.is_there || !l->arena.page_size)
		return 0;
	if (kreader_member(w->r, w->m->kva, &l->arena.scratch.m, &page, e))
		return -1;
	if (page >= l->arena.vmemmap_base)
		w->scratch = (page - l->arena.vmemmap_base) / l->arena.page_size * KREADER_PAGE;
	return 0;
}

int bpfmap_walk_arena(const struct bpfmap_layout *l, struct kreader *r, const struct bpfmap *m,
		      uint32_t max, struct bpfmap_arena *ret, bpfmap_page_fn fn, void *arg,
		      bool *ret_truncated, struct err *e)
{
	struct arena_walk w = {.l = l, .r = r, .m = m, .a = ret, .max = max, .fn = fn, .arg = arg};
	bool has_tree = l->arena.root.is_there && l->arena.node.is_there &&
			l->arena.left.is_there && l->arena.right.is_there &&
			l->arena.first.is_there && l->arena.last.is_there;
	uint64_t root;
	int done;

	*ret_truncated = false;
	if (bpfmap_read_arena(l, r, m, ret, e) || scratch_find(&w, e))
		return -1;
	if (!has_tree)
		done = pages_probe(&w, e);
	else if (kreader_member(r, m->kva, &l->arena.root.m, &root, e))
		return -1;
	else
		done = tree_walk(&w, root, e);
	*ret_truncated = w.truncated;
	return done;
}
