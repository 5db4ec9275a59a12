/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues and who is in them. */
#include "kernel/queues.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/klist.h"

#define STEPS_MAX (4 * TASKSET_MAX) /* nodes of lists that are looked at, cursors included */

const char *const queue_kind_names[QUEUE_KINDS] = {
	[QUEUE_LOCAL] = "local",   [QUEUE_REJECT] = "reject", [QUEUE_RESCUE] = "rescue",
	[QUEUE_BYPASS] = "bypass", [QUEUE_GLOBAL] = "global", [QUEUE_USER] = "user",
};

const char *const queue_end_names[QUEUE_ENDS] = {
	[QUEUE_LOOP] = "the list runs in a circle",
	[QUEUE_FULL] = "more tasks than are told",
	[QUEUE_OUTSIDE] = "the list leads outside memory",
};

/* ---- layout ---- */

static bool offset_try(const struct kernel *k, const char *type, const char *path, uint64_t *ret)
{
	struct err missing;
	struct member m;

	if (types_member(k->types, type, path, &m, &missing) < 0)
		return false;
	*ret = m.offset;
	return true;
}

static uint64_t symbol_try(const struct kernel *k, const char *name)
{
	struct err missing;
	uint64_t ret;

	return kernel_symbol(k, name, &ret, &missing) == 0 ? ret : 0;
}

/* In struct scx_sched_pcpu since 7.1, in struct rq in 6.19 and 7.0; before, tasks that pass the
 * scheduler by went to the global queues. */
static void bypass_find(struct queues_layout *l, const struct kernel *k)
{
	uint64_t *offset = &l->offset[QUEUE_BYPASS];

	l->has[QUEUE_BYPASS] = offset_try(k, "scx_sched_pcpu", "bypass_dsq", offset) &&
			       offset_try(k, "scx_sched", "pcpu", &l->bypass_pointer);
	if (l->has[QUEUE_BYPASS])
		return;
	l->bypass_pointer = 0;
	l->has[QUEUE_BYPASS] = offset_try(k, "rq", "scx.bypass_dsq", offset);
}

/* In struct scx_sched_pnode since 7.1, by themselves since 6.16, in a variable before. */
static void global_find(struct queues_layout *l, const struct kernel *k)
{
	uint64_t *offset = &l->offset[QUEUE_GLOBAL];

	l->nr_node_ids = symbol_try(k, "nr_node_ids");
	l->has[QUEUE_GLOBAL] = true;
	if (offset_try(k, "scx_sched_pnode", "global_dsq", offset) &&
	    offset_try(k, "scx_sched", "pnode", &l->global_pointer))
		return;
	*offset = 0;
	if (offset_try(k, "scx_sched", "global_dsqs", &l->global_pointer))
		return;
	l->global_variable = symbol_try(k, "global_dsqs");
	l->has[QUEUE_GLOBAL] = l->global_variable != 0;
}

static int lists_find(struct queues_layout *l, const struct kernel *k, struct err *e)
{
	struct member list, node, flags;
	struct err missing;

	if (types_member(k->types, "scx_dispatch_q", "list", &list, e) < 0 ||
	    types_member(k->types, "task_struct", "scx.dsq_list.node", &node, e) < 0)
		return -1;
	l->list = list.offset;
	l->node = node.offset;
	if (types_member(k->types, "task_struct", "scx.dsq_list.flags", &flags, &missing) == 0 &&
	    flags.size == sizeof(uint32_t) && flags.offset > node.offset &&
	    types_enumerator(k->types, "scx_dsq_lnode_flags", "SCX_DSQ_LNODE_ITER_CURSOR",
			     &l->cursor, &missing) == 0)
		l->flags = flags.offset - node.offset;
	return 0;
}

int queues_layout_init(struct queues_layout *l, const struct kernel *k, struct err *e)
{
	*l = (struct queues_layout){0};
	if (lists_find(l, k, e) < 0 || kernel_symbol(k, "runqueues", &l->runqueues, e) < 0)
		return -1;
	l->id = fields_try(&l->f, k->types, "scx_dispatch_q", "id");
	l->nr = fields_try(&l->f, k->types, "scx_dispatch_q", "nr");
	l->seq = fields_try(&l->f, k->types, "scx_dispatch_q", "seq");
	if (fields_seal(&l->f, e) < 0)
		return -1;
	l->has[QUEUE_LOCAL] = offset_try(k, "rq", "scx.local_dsq", &l->offset[QUEUE_LOCAL]);
	l->has[QUEUE_REJECT] = offset_try(k, "rq", "scx.reject_dsq", &l->offset[QUEUE_REJECT]);
	l->has[QUEUE_RESCUE] = offset_try(k, "rq", "scx.rescue.dsq", &l->offset[QUEUE_RESCUE]);
	bypass_find(l, k);
	global_find(l, k);
	l->has[QUEUE_USER] = true;
	return dsq_layout_init(&l->dsq, k, e);
}

/* ---- one queue ---- */

struct reading {
	const struct queues_layout *l;
	const struct kernel *k;
	struct taskset *set;
	struct queues *ret;
};

/* The walk of one list. */
struct listing {
	struct reading *r;
	struct queue *q;
};

/* Not 0, an enum queue_end, ends the walk. */
static int node_take(void *arg, uint64_t node)
{
	const struct listing *w = arg;
	struct reading *r = w->r;
	struct queues *all = r->ret;
	uint32_t flags = 0, task;
	struct err e;

	if (!all->steps_left)
		return QUEUE_FULL;
	all->steps_left--;
	if (r->l->flags && kmem_u32(&r->k->mem, node + r->l->flags, &flags, &e) < 0)
		return QUEUE_OUTSIDE;
	if (flags & r->l->cursor)
		return 0;
	if (all->n_tasks == TASKSET_MAX)
		return QUEUE_FULL;
	task = taskset_add(r->set, node - r->l->node);
	if (task == TASKSET_NONE)
		return QUEUE_FULL;
	all->tasks[all->n_tasks++] = task;
	w->q->n++;
	return 0;
}

static enum queue_end list_take(struct reading *r, struct queue *q)
{
	struct listing w = {.r = r, .q = q};
	unsigned int n;
	struct err e;
	int ret = klist_walk(&r->k->mem, q->kva + r->l->list, UINT32_MAX, node_take, &w, &e);

	if (ret >= 0)
		return (enum queue_end)ret;
	if (e.code != ELOOP)
		return QUEUE_OUTSIDE;
	n = klist_unrepeated(&r->ret->tasks[q->first], q->n);
	r->ret->n_tasks -= q->n - n;
	q->n = n;
	return QUEUE_LOOP;
}

static int queue_room(struct queues *all, struct err *e)
{
	unsigned int max = all->max ? 2 * all->max : 64;
	struct queue *q;

	if (all->n < all->max)
		return 0;
	q = realloc(all->q, max * sizeof(*q));
	if (!q)
		return err_set(e, ENOMEM, "out of memory");
	all->q = q;
	all->max = max;
	return 0;
}

static int queue_take(struct reading *r, enum queue_kind kind, unsigned int owner, uint64_t kva,
		      struct err *e)
{
	const struct queues_layout *l = r->l;
	struct queues *all = r->ret;
	struct place p = {.kva = kva};
	uint8_t buf[FIELDS_BYTES_MAX];
	struct err unreadable;
	struct queue *q;

	if (queue_room(all, e) < 0)
		return -1;
	q = &all->q[all->n++];
	*q = (struct queue){.kind = kind,
			    .owner = owner,
			    .kva = kva,
			    .id = FIELDS_ABSENT,
			    .nr = FIELDS_ABSENT,
			    .seq = FIELDS_ABSENT,
			    .first = all->n_tasks,
			    .end = QUEUE_OUTSIDE};
	if (fields_read(&l->f, &r->k->mem, &p, buf, &unreadable) < 0)
		return 0;
	q->id = fields_get(&l->f, buf, l->id, 0);
	q->nr = fields_get(&l->f, buf, l->nr, 0);
	q->seq = fields_get(&l->f, buf, l->seq, 0);
	q->end = list_take(r, q);
	return 0;
}

/* ---- all of them ---- */

static int cpu_take(struct reading *r, unsigned int cpu, struct err *e)
{
	const struct queues_layout *l = r->l;
	struct err missing;
	uint64_t rq;

	if (kernel_percpu(r->k, l->runqueues, cpu, &rq, &missing) < 0)
		return 0;
	for (enum queue_kind kind = QUEUE_LOCAL; kind <= QUEUE_BYPASS; kind++) {
		if (!l->has[kind] || (kind == QUEUE_BYPASS && l->bypass_pointer))
			continue;
		if (queue_take(r, kind, cpu, rq + l->offset[kind], e) < 0)
			return -1;
	}
	return 0;
}

static int bypass_take(struct reading *r, uint64_t root, const uint64_t *possible, struct err *e)
{
	const struct queues_layout *l = r->l;
	uint64_t pcpu, kva;
	struct err missing;

	if (!l->bypass_pointer || !root ||
	    kmem_u64(&r->k->mem, root + l->bypass_pointer, &pcpu, &missing) < 0)
		return 0;
	for (unsigned int cpu = 0; cpu < r->k->nr_cpu_ids; cpu++) {
		if (!kernel_mask_has(possible, cpu) ||
		    kernel_percpu(r->k, pcpu, cpu, &kva, &missing) < 0)
			continue;
		if (queue_take(r, QUEUE_BYPASS, cpu, kva + l->offset[QUEUE_BYPASS], e) < 0)
			return -1;
	}
	return 0;
}

static int global_take(struct reading *r, uint64_t root, struct err *e)
{
	const struct queues_layout *l = r->l;
	const struct kmem *k = &r->k->mem;
	uint64_t array, kva;
	struct err missing;
	uint32_t nodes = 1;

	if (!l->has[QUEUE_GLOBAL] || !root)
		return 0;
	if (l->nr_node_ids && kmem_u32(k, l->nr_node_ids, &nodes, &missing) < 0)
		return 0;
	if (nodes > QUEUES_NODES_MAX)
		nodes = QUEUES_NODES_MAX;
	if (kmem_u64(k, l->global_variable ? l->global_variable : root + l->global_pointer, &array,
		     &missing) < 0)
		return 0;
	for (uint32_t node = 0; array && node < nodes; node++) {
		if (kmem_u64(k, array + 8ull * node, &kva, &missing) < 0)
			return 0;
		if (kva && queue_take(r, QUEUE_GLOBAL, node, kva + l->offset[QUEUE_GLOBAL], e) < 0)
			return -1;
	}
	return 0;
}

static int users_take(struct reading *r, uint64_t root, struct err *e)
{
	struct queues *all = r->ret;
	unsigned int n;

	if (!all->users)
		all->users = malloc(QUEUES_USER_MAX * sizeof(*all->users));
	if (!all->users)
		return err_set(e, ENOMEM, "out of memory");
	all->more = dsq_read(&r->l->dsq, &r->k->mem, root, all->users, QUEUES_USER_MAX, &n,
			     &all->more_error) != 0;
	for (unsigned int i = 0; i < n; i++)
		if (queue_take(r, QUEUE_USER, 0, all->users[i].kva, e) < 0)
			return -1;
	return 0;
}

int queues_read(const struct queues_layout *l, const struct kernel *k, uint64_t root,
		struct taskset *set, struct queues *ret, struct err *e)
{
	struct reading r = {.l = l, .k = k, .set = set, .ret = ret};
	uint64_t possible[KERNEL_MASK_WORDS_MAX];

	ret->n = ret->n_tasks = 0;
	ret->more = false;
	ret->steps_left = STEPS_MAX;
	if (kernel_cpumask(k, "__cpu_possible_mask", possible, e) < 0)
		return -1;
	for (unsigned int cpu = 0; cpu < k->nr_cpu_ids; cpu++)
		if (kernel_mask_has(possible, cpu) && cpu_take(&r, cpu, e) < 0)
			return -1;
	if (bypass_take(&r, root, possible, e) < 0 || global_take(&r, root, e) < 0)
		return -1;
	return root ? users_take(&r, root, e) : 0;
}

void queues_deinit(struct queues *q)
{
	free(q->q);
	free(q->users);
	*q = (struct queues){0};
}
