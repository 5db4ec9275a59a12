/* SPDX-License-Identifier: GPL-2.0-only */
/* User dispatch queues. */
#include "kernel/dsq.h"

#include <errno.h>

#define DSQ_BUILTIN                                                                  \
	(1ull << 63) /* SCX_DSQ_FLAG_BUILTIN: enum scx_dsq_id_flags, part of the ABI \
		      */
#define DSQ_TRIES 3u /* how often a moved node may have us see all the queues again */

int dsq_layout_init(struct dsq_layout *l, const struct kernel *k, struct err *e)
{
	struct err missing;
	struct member m;

	*l = (struct dsq_layout){.id = -1, .nr = -1};
	if (types_member(k->types, "scx_dispatch_q", "hash_node", &m, &missing) < 0 ||
	    rhashtable_layout_init(&l->table, k, &missing) < 0)
		return 0;
	l->node = m.offset;
	if (types_member(k->types, "scx_sched", "dsq_hash", &m, &missing) == 0)
		l->hash = m.offset;
	else if (kernel_symbol(k, "dsq_hash", &l->variable, &missing) < 0)
		return 0;
	l->id = fields_try(&l->f, k->types, "scx_dispatch_q", "id");
	l->nr = fields_try(&l->f, k->types, "scx_dispatch_q", "nr");
	l->is_there = l->id >= 0 && l->nr >= 0;
	return fields_seal(&l->f, e);
}

struct reading {
	const struct dsq_layout *l;
	const struct kmem *k;
	struct dsq *ret;
	unsigned int n, max;
	struct err *e;
};

static int dsq_add(void *arg, uint64_t node)
{
	struct reading *r = arg;
	struct place p = {.kva = node - r->l->node};
	uint8_t buf[FIELDS_BYTES_MAX];
	uint64_t id;

	if (fields_read(&r->l->f, r->k, &p, buf, r->e) < 0)
		return -1;
	id = fields_get(&r->l->f, buf, r->l->id, 0);
	if (id & DSQ_BUILTIN)
		return 0;
	if (r->n == r->max)
		return err_set(r->e, E2BIG, "more than %u dispatch queues", r->max);
	r->ret[r->n++] = (struct dsq){
		.id = id,
		.nr = fields_get(&r->l->f, buf, r->l->nr, 0),
		.kva = p.kva,
	};
	return 0;
}

/* By id: a Shell sort, as qsort may allocate. */
static void dsq_sort(struct dsq *d, unsigned int n)
{
	for (unsigned int gap = n / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11)
		for (unsigned int i = gap; i < n; i++) {
			struct dsq x = d[i];
			unsigned int j = i;

			for (; j >= gap && d[j - gap].id > x.id; j -= gap)
				d[j] = d[j - gap];
			d[j] = x;
		}
}

/* One that moved from table to table while we walked was seen twice. */
static unsigned int dsq_unique(struct dsq *d, unsigned int n)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < n; i++)
		if (!kept || d[kept - 1].id != d[i].id)
			d[kept++] = d[i];
	return kept;
}

int dsq_read(const struct dsq_layout *l, const struct kmem *k, uint64_t root, struct dsq *ret,
	     unsigned int max, unsigned int *ret_n, struct err *e)
{
	struct reading r = {.l = l, .k = k, .ret = ret, .max = max, .e = e};
	uint64_t table = l->variable ? l->variable : root ? root + l->hash : 0;
	int done;

	*ret_n = 0;
	if (!l->is_there || !table)
		return 0;
	done = rhashtable_walk(&l->table, k, table, DSQ_TRIES * max, dsq_add, &r, e);
	dsq_sort(ret, r.n);
	*ret_n = dsq_unique(ret, r.n);
	return done;
}
