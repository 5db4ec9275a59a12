/* SPDX-License-Identifier: GPL-2.0-only */
#include "dump/maps.h"

#include <errno.h>
#include <stdlib.h>

#include "dump/maps_show.h"
#include "dump/maps_survey.h"

/* ---- life ---- */

static void place(struct bpfmap_place *p, const struct kernel *k, const char *type,
		  const char *path)
{
	struct err missing;

	p->is_there = !types_member(k->types, type, path, &p->m, &missing);
}

static void scheduler_find(struct maps *m, const struct kernel *k)
{
	static const char *const tables[] = {"bpf_struct_ops_sched_ext_ops",
					     "bpf_struct_ops_sched_ext_ops_cid"};
	struct err missing;

	if (kernel_symbol(k, "scx_root", &m->scx.root, &missing))
		m->scx.root = 0;
	if (kernel_symbol(k, "scx_ops", &m->scx.table, &missing)) /* before 6.16 */
		m->scx.table = 0;
	place(&m->scx.ops, k, "scx_sched", "ops");
	place(&m->scx.priv, k, "sched_ext_ops", "priv");
	for (unsigned int i = 0; i < 2; i++)
		if (types_find(k->types, tables[i], BTF_KIND_STRUCT, &m->scx.value_types[i],
			       &missing))
			m->scx.value_types[i] = 0;
}

static int possible_find(struct maps *m, const struct kernel *k, struct err *e)
{
	m->nr_cpus = k->nr_cpu_ids;
	m->possible = calloc(kernel_mask_words(k), sizeof(*m->possible));
	if (!m->possible)
		return err_set(e, ENOMEM, "out of memory");
	return kernel_cpumask(k, "__cpu_possible_mask", m->possible, e);
}

int maps_create(const struct kernel *k, struct maps **ret, struct err *e)
{
	struct maps *m = calloc(1, sizeof(*m));

	*ret = NULL;
	if (!m)
		return err_set(e, ENOMEM, "out of memory");
	if (bpfbtf_create(k, &m->btfs, e) || possible_find(m, k, e)) {
		maps_destroy(m);
		return -1;
	}
	m->has_maps = !bpfmap_layout_init(&m->layout, k, &m->why_not);
	scheduler_find(m, k);
	place(&m->owners.pid, k, "task_struct", "pid");
	place(&m->owners.comm, k, "task_struct", "comm");
	place(&m->owners.cgroup_kn, k, "cgroup", "kn");
	place(&m->owners.kn_id, k, "kernfs_node", "id");
	place(&m->owners.inode_number, k, "inode", "i_ino");
	*ret = m;
	return 0;
}

void maps_destroy(struct maps *m)
{
	if (!m)
		return;
	bpfbtf_destroy(m->btfs);
	free(m->possible);
	free(m);
}

/* ---- all maps ---- */

int maps_prepare(struct maps *m, const struct kernel *live, struct err *e)
{
	struct maps_survey survey;
	struct kreader *r = malloc(sizeof(*r));

	if (!r)
		return err_set(e, ENOMEM, "out of memory");
	kreader_init(r, live, MAPS_BUDGET);
	bpfbtf_age(m->btfs);
	if (maps_survey_make(m, r, &survey, e)) {
		free(r);
		return -1;
	}
	for (unsigned int i = 0; i < survey.n; i++) {
		const struct types *t;
		struct err bad;

		if (survey.maps[i].btf) /* bad ones are told of when they are shown */
			bpfbtf_types(m->btfs, r, survey.maps[i].btf, &t, &bad);
	}
	maps_survey_deinit(&survey);
	free(r);
	return 0;
}

static void put_list(struct maps_show *s)
{
	const struct maps_survey *survey = s->survey;

	maps_put_name(s, "maps");
	maps_put_open(s, '[');
	for (unsigned int i = 0; i < survey->n; i++) {
		/* Those of the scheduler have theirs alone. */
		if (i == 0 || i == survey->n_active)
			s->r->left = MAPS_BUDGET;
		maps_show(s, i);
	}
	maps_put_close(s, ']');
	if (!s->m->has_maps || survey->is_cut)
		maps_put_text(s, "maps_error", survey->e.text);
}

static void put_active(struct maps_show *s)
{
	const struct maps_survey *survey = s->survey;

	if (!s->w)
		return;
	if (*survey->object) {
		maps_put_text(s, "active_obj_name", survey->object);
	} else {
		maps_put_name(s, "active_obj_name");
		jsonw_value(s->w, "null", 4);
	}
	maps_put_name(s, "active_map_kvas");
	maps_put_open(s, '[');
	for (unsigned int i = 0; i < survey->n_active; i++)
		jsonw_hex(s->w, survey->maps[i].kva);
	maps_put_close(s, ']');
}

/* The types of all maps, each once: a struct that one program only names, another may have. */
static void others_find(struct maps_show *s, const struct types *ret[MAPS_OTHERS_MAX])
{
	const struct maps_survey *survey = s->survey;

	s->context.others = ret;
	for (unsigned int i = 0; i < survey->n && s->context.n_others < MAPS_OTHERS_MAX; i++) {
		const struct types *t = NULL;
		size_t at = 0;
		struct err e;

		if (!survey->maps[i].btf || (i && survey->maps[i].btf == survey->maps[i - 1].btf))
			continue;
		if ((s->w ? bpfbtf_types(s->m->btfs, s->r, survey->maps[i].btf, &t, &e)
			  : bpfbtf_touch(s->m->btfs, s->r, survey->maps[i].btf, &t, &e)) ||
		    !t)
			continue;
		while (at < s->context.n_others && ret[at] != t)
			at++;
		ret[at] = t;
		s->context.n_others += at == s->context.n_others;
	}
}

/* Go through all maps; @w NULL: read only. */
static int go_through(struct maps *m, const struct kernel *k, uint32_t max, struct jsonw *w,
		      struct err *e)
{
	const struct types *others[MAPS_OTHERS_MAX];
	uint64_t nodes = MAPS_NODES_MAX;
	struct maps_survey survey;
	struct kreader *r = malloc(sizeof(*r));
	struct maps_show s = {
		.m = m, .survey = &survey, .r = r, .w = w, .max = max ? max : MAPS_ENTRIES_MAX};

	if (!r)
		return err_set(e, ENOMEM, "out of memory");
	kreader_init(r, k, MAPS_BUDGET);
	bpfbtf_age(m->btfs);
	if (maps_survey_make(m, r, &survey, e)) {
		free(r);
		return -1;
	}
	value_context_init(&s.context, k);
	s.context.nodes_left = &nodes;
	others_find(&s, others);
	maps_put_open(&s, '{');
	put_list(&s);
	put_active(&s);
	maps_put_close(&s, '}');
	maps_survey_deinit(&survey);
	free(r);
	return w && w->failed ? err_set(e, ENOMEM, "out of memory") : 0;
}

int maps_touch(struct maps *m, const struct kernel *k, struct err *e)
{
	return go_through(m, k, 0, NULL, e);
}

int maps_write(struct maps *m, const struct kernel *k, unsigned int max_entries, struct jsonw *w,
	       struct err *e)
{
	return go_through(m, k, max_entries, w, e);
}

json_t *maps_json(struct maps *m, const struct kernel *k, unsigned int max_entries, struct err *e)
{
	struct jsonw w = {0};
	json_t *ret = NULL;
	json_error_t bad;

	if (!maps_write(m, k, max_entries, &w, e)) {
		ret = json_loadb(buf_text(&w.out), w.out.len, 0, &bad);
		if (!ret)
			err_set(e, EPROTO, "maps as JSON: %s", bad.text);
	}
	buf_deinit(&w.out);
	return ret;
}
