/* SPDX-License-Identifier: GPL-2.0-only */
/* What there is to sample. */
#include "kernel/survey.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "kernel/sampler.h"

/* ---- layouts ---- */

static int masks_find(struct survey_layouts *l, const struct kernel *k, struct err *e)
{
	struct err missing;

	if (kernel_symbol(k, "__cpu_online_mask", &l->online, e) < 0)
		return -1;
	if (kernel_symbol(k, "__cpu_possible_mask", &l->possible, &missing) < 0)
		l->possible = l->online;
	if (kernel_symbol(k, "jiffies_64", &l->jiffies, &missing) < 0)
		l->jiffies = 0;
	return 0;
}

int survey_layouts_init(struct survey_layouts *l, const struct kernel *k, unsigned int parts,
			struct err *e)
{
	*l = (struct survey_layouts){.parts = parts};
	if (masks_find(l, k, e) < 0 || rq_layout_init(&l->rq, k, e) < 0 ||
	    task_layout_init(&l->task, k, e) < 0 || scx_layout_init(&l->scx, k, e) < 0)
		return -1;
	if ((parts & SAMPLER_DOMAINS && domain_layout_init(&l->domain, k, e) < 0) ||
	    (parts & SAMPLER_PROGS && prog_layout_init(&l->prog, k, e) < 0) ||
	    (parts & SAMPLER_DSQS && dsq_layout_init(&l->dsq, k, e) < 0)) {
		survey_layouts_deinit(l);
		return -1;
	}
	return 0;
}

void survey_layouts_deinit(struct survey_layouts *l)
{
	scx_layout_deinit(&l->scx);
}

/* ---- columns ---- */

static int column(struct survey *s, enum sample_table t, const char *name, int *ret, struct err *e)
{
	*ret = schema_add_column(s->schema, t, name, e);
	return *ret < 0 ? -1 : 0;
}

static int machine_columns(struct survey *s, const struct survey_layouts *l, struct err *e)
{
	s->jiffies_column = -1;
	if (l->jiffies && column(s, SAMPLE_MACHINE, "jiffies", &s->jiffies_column, e) < 0)
		return -1;
	for (unsigned int i = 0; i < SCX_NUMBERS; i++) {
		s->scx_columns[i] = -1;
		if (scx_has(&l->scx, i) &&
		    column(s, SAMPLE_MACHINE, scx_number_names[i], &s->scx_columns[i], e) < 0)
			return -1;
	}
	return schema_add_row(s->schema, SAMPLE_MACHINE, 0, 0, "", e) < 0 ? -1 : 0;
}

static int rq_columns(struct survey *s, const struct survey_layouts *l, struct err *e)
{
	for (unsigned int i = 0; i < RQ_NUMBERS; i++) {
		enum sample_table t = i < RQ_SCHEDSTATS ? SAMPLE_CPU : SAMPLE_SCHEDSTAT;

		s->rq_columns[i] = -1;
		if (l->rq.numbers[i] >= 0 &&
		    column(s, t, rq_number_names[i], &s->rq_columns[i], e) < 0)
			return -1;
	}
	return 0;
}

static int cpu_columns(struct survey *s, const struct survey_layouts *l, struct err *e)
{
	bool has_curr = l->rq.curr >= 0;

	s->pid_column = s->class_column = s->vcpu_column = -1;
	if (rq_columns(s, l, e) < 0 ||
	    (has_curr && l->task.pid >= 0 &&
	     column(s, SAMPLE_CPU, "curr_pid", &s->pid_column, e) < 0) ||
	    (has_curr && l->task.class >= 0 &&
	     column(s, SAMPLE_CPU, "curr_class", &s->class_column, e) < 0) ||
	    (l->has_vcpus && column(s, SAMPLE_CPU, "vcpu_cpu_time_ns", &s->vcpu_column, e) < 0) ||
	    column(s, SAMPLE_CPU, "torn", &s->torn_column, e) < 0)
		return -1;
	for (unsigned int i = 0; i < l->task.n_classes; i++)
		strncpy(s->schema->classes[i], l->task.classes[i].name, SCHEMA_NAME_MAX - 1);
	s->schema->n_classes = l->task.n_classes;
	return 0;
}

static int part_columns(struct survey *s, const struct survey_layouts *l, struct err *e)
{
	int ignored;

	for (unsigned int i = 0; i < l->scx.events.n; i++)
		if (column(s, SAMPLE_EVENT, l->scx.event_names[i], &ignored, e) < 0)
			return -1;
	for (unsigned int i = 0; i < l->domain.n_columns; i++)
		if (column(s, SAMPLE_DOMAIN, l->domain.columns[i].name, &ignored, e) < 0)
			return -1;
	for (unsigned int i = 0; i < PROG_NUMBERS; i++) {
		s->prog_columns[i] = -1;
		if (l->prog.idr && l->prog.numbers[i] >= 0 &&
		    column(s, SAMPLE_PROG, prog_number_names[i], &s->prog_columns[i], e) < 0)
			return -1;
	}
	if (l->dsq.is_there && (column(s, SAMPLE_DSQ, "id", &ignored, e) < 0 ||
				column(s, SAMPLE_DSQ, "nr", &ignored, e) < 0))
		return -1;
	return 0;
}

/* ---- rows ---- */

/* *ret is the caller's. */
static int mask_read(const struct kernel *k, uint64_t kva, uint64_t **ret, struct err *e)
{
	*ret = calloc(kernel_mask_words(k), sizeof(**ret));
	if (!*ret)
		return err_set(e, ENOMEM, "out of memory for a mask of CPUs");
	return kernel_mask_read(k, kva, *ret, e);
}

static int cpus_find(struct survey *s, const struct kernel *k, const struct survey_layouts *l,
		     struct err *e)
{
	if (mask_read(k, l->online, &s->online, e) < 0)
		return -1;
	s->cpus = calloc(k->nr_cpu_ids, sizeof(*s->cpus));
	if (!s->cpus)
		return err_set(e, ENOMEM, "out of memory for %u CPUs", k->nr_cpu_ids);
	for (unsigned int cpu = 0; cpu < k->nr_cpu_ids; cpu++) {
		struct survey_cpu *c = &s->cpus[s->n_cpus];
		struct err missing;

		if (!kernel_mask_has(s->online, cpu))
			continue;
		c->cpu = cpu;
		if (rq_place(&l->rq, k, cpu, &c->rq, e) < 0)
			return -1;
		c->has_events =
			scx_events_place(&l->scx, k, &s->scx, cpu, &c->events, &missing) == 0;
		s->n_cpus++;
	}
	if (!s->n_cpus)
		return err_set(e, EAGAIN, "no CPU is online");
	return 0;
}

static int cpu_rows(struct survey *s, struct err *e)
{
	static const enum sample_table tables[] = {SAMPLE_CPU, SAMPLE_EVENT, SAMPLE_SCHEDSTAT};

	for (unsigned int t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (unsigned int i = 0; s->schema->tables[tables[t]].n_columns && i < s->n_cpus;
		     i++)
			if (schema_add_row(s->schema, tables[t], s->cpus[i].cpu, 0, "", e) < 0)
				return -1;
	return 0;
}

static int domain_rows(struct survey *s, const struct kernel *k, const struct survey_layouts *l,
		       struct survey_cpu *c, struct err *e)
{
	struct domain *found = s->domains + s->n_domains;
	struct err cut;

	c->domain = fields_read_one(&l->rq.f, &k->mem, &c->rq, l->rq.domain);
	if (domain_walk(&l->domain, &k->mem, c->domain, found, &c->n_domains, &cut) < 0)
		s->domains_cut = true;
	for (unsigned int i = 0; i < c->n_domains; i++)
		if (schema_add_row(s->schema, SAMPLE_DOMAIN, c->cpu,
				   (unsigned int)found[i].level & INT_MAX, found[i].name, e) < 0)
			return -1;
	s->n_domains += c->n_domains;
	return 0;
}

static int domains_find(struct survey *s, const struct kernel *k, const struct survey_layouts *l,
			struct err *e)
{
	struct domain *fit;

	if (!l->domain.n_columns || l->rq.domain < 0)
		return 0;
	s->domains = calloc((size_t)s->n_cpus * DOMAIN_DEPTH_MAX, sizeof(*s->domains));
	if (!s->domains)
		return err_set(e, ENOMEM, "out of memory for the domains of %u CPUs", s->n_cpus);
	for (unsigned int i = 0; i < s->n_cpus; i++)
		if (domain_rows(s, k, l, &s->cpus[i], e) < 0)
			return -1;
	fit = reallocarray(s->domains, s->n_domains + 1, sizeof(*s->domains));
	if (fit)
		s->domains = fit;
	return 0;
}

/* Where the statistics of each program are on each possible CPU. */
static int stats_find(struct survey *s, const struct kernel *k, const struct survey_layouts *l,
		      struct err *e)
{
	uint64_t *possible = NULL;
	struct place *next;

	if (mask_read(k, l->possible, &possible, e) < 0)
		goto fail;
	for (unsigned int cpu = 0; cpu < k->nr_cpu_ids; cpu++)
		s->n_possible += kernel_mask_has(possible, cpu);
	next = s->stats = calloc((size_t)s->n_progs * s->n_possible + 1, sizeof(*s->stats));
	if (!s->stats) {
		err_set(e, ENOMEM, "out of memory for the statistics of %u programs", s->n_progs);
		goto fail;
	}
	for (unsigned int i = 0; i < s->n_progs; i++)
		for (unsigned int cpu = 0; cpu < k->nr_cpu_ids; cpu++) {
			struct err missing;

			if (!kernel_mask_has(possible, cpu))
				continue;
			if (prog_stats_place(&l->prog, k, &s->progs[i], cpu, next, &missing) < 0)
				*next = (struct place){0};
			next++;
		}
	free(possible);
	return 0;
fail:
	free(possible);
	return -1;
}

static int progs_find(struct survey *s, const struct kernel *k, const struct survey_layouts *l,
		      struct err *e)
{
	struct err cut;

	if (!l->prog.idr)
		return 0;
	s->progs = calloc(PROGS_MAX, sizeof(*s->progs));
	if (!s->progs)
		return err_set(e, ENOMEM, "out of memory for programs");
	/* Programs come and go while we look; what was found up to there is good. */
	prog_find(&l->prog, k, s->progs, &s->n_progs, &cut);
	for (unsigned int i = 0; i < s->n_progs; i++) {
		const struct prog *p = &s->progs[i];
		uint64_t insns = p->verified_insns == FIELDS_ABSENT ? 0 : p->verified_insns;

		if (schema_add_row(s->schema, SAMPLE_PROG, p->id, insns, p->name, e) < 0)
			return -1;
	}
	return stats_find(s, k, l, e);
}

/* ---- life ---- */

static int survey_fill(struct survey *s, const struct kernel *k, const struct survey_layouts *l,
		       struct err *e)
{
	/* The marks first: what changes after them is seen as a change. */
	if (scx_identity_read(&l->scx, &k->mem, &s->scx, e) < 0 ||
	    prog_mark_read(&l->prog, &k->mem, &s->prog_mark, e) < 0)
		return -1;
	if (machine_columns(s, l, e) < 0 || cpu_columns(s, l, e) < 0 || part_columns(s, l, e) < 0)
		return -1;
	memcpy(s->schema->ops, s->scx.name, sizeof(s->scx.name));
	if (cpus_find(s, k, l, e) < 0 || cpu_rows(s, e) < 0)
		return -1;
	if (domains_find(s, k, l, e) < 0 || progs_find(s, k, l, e) < 0)
		return -1;
	return 0;
}

int survey_create(const struct kernel *k, const struct survey_layouts *l, struct survey **ret,
		  struct err *e)
{
	struct survey *s = calloc(1, sizeof(*s));

	_Static_assert(sizeof(s->scx.name) == sizeof(s->schema->ops), "names of schedulers");
	*ret = NULL;
	if (s)
		s->schema = calloc(1, sizeof(*s->schema));
	if (!s || !s->schema) {
		survey_destroy(s);
		return err_set(e, ENOMEM, "out of memory for a sampler");
	}
	if (survey_fill(s, k, l, e) < 0) {
		survey_destroy(s);
		return -1;
	}
	*ret = s;
	return 0;
}

void survey_destroy(struct survey *s)
{
	if (!s)
		return;
	if (s->schema)
		schema_deinit(s->schema);
	free(s->schema);
	free(s->online);
	free(s->cpus);
	free(s->domains);
	free(s->progs);
	free(s->stats);
	free(s);
}

/* ---- is it still so ---- */

static int mask_is_same(const struct survey *s, const struct kernel *k, uint64_t kva, bool *ret,
			struct err *e)
{
	uint64_t now[KERNEL_MASK_WORDS_MAX];

	if (kernel_mask_read(k, kva, now, e) < 0)
		return -1;
	*ret = memcmp(now, s->online, kernel_mask_words(k) * sizeof(*now)) == 0;
	return 0;
}

static bool domains_are_same(const struct survey *s, const struct kernel *k,
			     const struct survey_layouts *l)
{
	if (s->domains_cut)
		return false;
	for (unsigned int i = 0; s->domains && i < s->n_cpus; i++)
		if (fields_read_one(&l->rq.f, &k->mem, &s->cpus[i].rq, l->rq.domain) !=
		    s->cpus[i].domain)
			return false;
	return true;
}

static bool progs_are_same(const struct survey *s, const struct kernel *k,
			   const struct survey_layouts *l)
{
	for (unsigned int i = 0; i < s->n_progs; i++)
		if (!prog_is_same(&l->prog, &k->mem, &s->progs[i]))
			return false;
	return true;
}

int survey_is_stale(const struct survey *s, const struct kernel *k, const struct survey_layouts *l,
		    bool *ret, struct err *e)
{
	struct scx_identity scx;
	struct prog_mark mark;
	bool same_cpus;

	if (scx_identity_read(&l->scx, &k->mem, &scx, e) < 0 ||
	    prog_mark_read(&l->prog, &k->mem, &mark, e) < 0 ||
	    mask_is_same(s, k, l->online, &same_cpus, e) < 0)
		return -1;
	*ret = !same_cpus || memcmp(&scx, &s->scx, sizeof(scx)) != 0 ||
	       memcmp(&mark, &s->prog_mark, sizeof(mark)) != 0 || !domains_are_same(s, k, l) ||
	       !progs_are_same(s, k, l);
	return 0;
}
