/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs of schedulers. */
#include "kernel/prog.h"

#include <errno.h>

const char *const prog_number_names[PROG_NUMBERS] = {
	[PROG_CNT] = "cnt",
	[PROG_NSECS] = "nsecs",
	[PROG_MISSES] = "misses",
};

static void ops_types_find(struct prog_layout *l, const struct kernel *k)
{
	static const char *const names[] = {"sched_ext_ops", "sched_ext_ops_cid"};
	struct err missing;

	for (unsigned int i = 0; i < 2; i++)
		if (types_find(k->types, names[i], BTF_KIND_STRUCT, &l->ops_types[i], &missing) < 0)
			l->ops_types[i] = 0;
}

static int fields_find(struct prog_layout *l, const struct kernel *k, struct err *e)
{
	const struct types *t = k->types;

	if (fields_add(&l->prog, t, "bpf_prog", "type", &l->type, e) < 0 ||
	    fields_add(&l->prog, t, "bpf_prog", "aux", &l->aux, e) < 0 ||
	    fields_add(&l->aux_fields, t, "bpf_prog_aux", "id", &l->id, e) < 0)
		return -1;
	l->stats = fields_try(&l->prog, t, "bpf_prog", "stats");
	l->name = fields_try(&l->aux_fields, t, "bpf_prog_aux", "name");
	l->verified_insns = fields_try(&l->aux_fields, t, "bpf_prog_aux", "verified_insns");
	l->attach_btf_id = fields_try(&l->aux_fields, t, "bpf_prog_aux", "attach_btf_id");
	for (unsigned int i = 0; i < PROG_NUMBERS; i++)
		l->numbers[i] =
			fields_try(&l->stats_fields, t, "bpf_prog_stats", prog_number_names[i]);
	if (fields_seal(&l->prog, e) < 0 || fields_seal(&l->aux_fields, e) < 0 ||
	    fields_seal(&l->stats_fields, e) < 0)
		return -1;
	return 0;
}

int prog_layout_init(struct prog_layout *l, const struct kernel *k, struct err *e)
{
	struct err missing;
	uint64_t idr;

	*l = (struct prog_layout){0};
	if (kernel_symbol(k, "prog_idr", &idr, &missing) < 0)
		return 0;
	if (types_enumerator(k->types, "bpf_prog_type", "BPF_PROG_TYPE_STRUCT_OPS", &l->struct_ops,
			     &missing) < 0 ||
	    types_member(k->types, "idr", "idr_rt.xa_head", &l->head, &missing) < 0 ||
	    types_member(k->types, "idr", "idr_next", &l->next, &missing) < 0)
		return 0;
	ops_types_find(l, k);
	if (xarray_layout_init(&l->xarray, k, e) < 0 || fields_find(l, k, e) < 0)
		return err_prefix(e, "bpf programs");
	l->idr = idr;
	return 0;
}

int prog_mark_read(const struct prog_layout *l, const struct kmem *k, struct prog_mark *ret,
		   struct err *e)
{
	uint32_t next;

	*ret = (struct prog_mark){0};
	if (!l->idr)
		return 0;
	if (kmem_u64(k, l->idr + l->head.offset, &ret->head, e) < 0 ||
	    kmem_u32(k, l->idr + l->next.offset, &next, e) < 0)
		return err_prefix(e, "prog_idr");
	ret->next = next;
	return 0;
}

struct finding {
	const struct prog_layout *l;
	const struct kernel *k;
	struct prog *ret;
	unsigned int n, seen;
	struct err *e;
};

static bool is_scheduler(const struct prog_layout *l, uint64_t attach_btf_id)
{
	return attach_btf_id == FIELDS_ABSENT || (!l->ops_types[0] && !l->ops_types[1]) ||
	       (attach_btf_id &&
		(attach_btf_id == l->ops_types[0] || attach_btf_id == l->ops_types[1]));
}

static void aux_take(const struct prog_layout *l, const uint8_t *buf, struct prog *p)
{
	p->id = fields_get(&l->aux_fields, buf, l->id, 0);
	p->verified_insns = fields_get(&l->aux_fields, buf, l->verified_insns, 0);
	if (l->name >= 0) {
		size_t len = l->aux_fields.f[l->name].m.count;

		memcpy(p->name, fields_bytes(&l->aux_fields, buf, l->name),
		       len < PROG_NAME_MAX ? len : PROG_NAME_MAX - 1);
	}
	err_text_clean(p->name);
}

static int prog_look(void *arg, uint64_t index, uint64_t pointer)
{
	struct finding *f = arg;
	const struct prog_layout *l = f->l;
	const struct kmem *k = &f->k->mem;
	uint8_t buf[FIELDS_BYTES_MAX];
	struct prog p = {0};

	(void)index;
	if (++f->seen > PROGS_SEEN_MAX)
		return err_set(f->e, E2BIG, "more than %u programs", PROGS_SEEN_MAX);
	place_init(&p.place, k, pointer, fields_extent(&l->prog));
	if (fields_read(&l->prog, k, &p.place, buf, f->e) < 0)
		return -1;
	if (fields_get(&l->prog, buf, l->type, 0) != l->struct_ops)
		return 0;
	p.aux = fields_get(&l->prog, buf, l->aux, 0);
	p.stats = fields_get(&l->prog, buf, l->stats, 0);
	place_init(&p.aux_place, k, p.aux, fields_extent(&l->aux_fields));
	if (fields_read(&l->aux_fields, k, &p.aux_place, buf, f->e) < 0)
		return -1;
	if (!is_scheduler(l, fields_get(&l->aux_fields, buf, l->attach_btf_id, 0)))
		return 0;
	if (f->n == PROGS_MAX)
		return err_set(f->e, E2BIG, "more than %u programs of schedulers", PROGS_MAX);
	aux_take(l, buf, &p);
	f->ret[f->n++] = p;
	return 0;
}

int prog_find(const struct prog_layout *l, const struct kernel *k, struct prog ret[PROGS_MAX],
	      unsigned int *ret_n, struct err *e)
{
	struct finding f = {.l = l, .k = k, .ret = ret, .e = e};
	int done;

	*ret_n = 0;
	if (!l->idr)
		return 0;
	done = xarray_walk_idr(k, &l->xarray, l->idr, prog_look, &f, e);
	*ret_n = f.n;
	return done < 0 ? err_prefix(e, "prog_idr") : 0;
}

bool prog_is_same(const struct prog_layout *l, const struct kmem *k, const struct prog *p)
{
	return fields_read_one(&l->prog, k, &p->place, l->aux) == p->aux &&
	       fields_read_one(&l->aux_fields, k, &p->aux_place, l->id) == p->id;
}

int prog_stats_place(const struct prog_layout *l, const struct kernel *k, const struct prog *p,
		     unsigned int cpu, struct place *ret, struct err *e)
{
	uint64_t kva;

	if (!p->stats || p->stats == FIELDS_ABSENT || !l->stats_fields.n)
		return err_set(e, ENOENT, "program %llu has no statistics",
			       (unsigned long long)p->id);
	if (kernel_percpu(k, p->stats, cpu, &kva, e) < 0)
		return -1;
	place_init(ret, &k->mem, kva, fields_extent(&l->stats_fields));
	return 0;
}

int prog_stats_add(const struct prog_layout *l, const struct kmem *k, const struct place *place,
		   uint64_t sum[PROG_NUMBERS], struct err *e)
{
	uint8_t buf[FIELDS_BYTES_MAX];

	if (fields_read(&l->stats_fields, k, place, buf, e) < 0)
		return -1;
	for (unsigned int i = 0; i < PROG_NUMBERS; i++)
		if (l->numbers[i] >= 0)
			sum[i] += fields_get(&l->stats_fields, buf, l->numbers[i], 0);
	return 0;
}
