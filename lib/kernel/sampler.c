/* SPDX-License-Identifier: GPL-2.0-only */
/* Samples of a kernel. */
#include "kernel/sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "kernel/survey.h"

struct sampler {
	const struct kernel *k;
	struct sampler_options options;
	struct survey_layouts layouts;
	struct survey *survey;
	uint32_t next_id;
	int vcpu_fd; /* whose time was read last in this sample, -1 for none */
	uint64_t vcpu_ns;
	bool is_stale; /* a sample met something that is not as surveyed */
	struct dsq dsqs[SAMPLE_DSQS_MAX];
};

/* ---- life ---- */

static void schema_finish(struct sampler *s, struct schema *schema)
{
	memcpy(schema->release, s->k->vmcoreinfo.release, sizeof(schema->release) - 1);
	schema->hz = s->k->hz;
	schema->generation = s->options.generation;
	schema->id = s->next_id++;
}

static int sampler_start(struct sampler *s, struct err *e)
{
	if (survey_layouts_init(&s->layouts, s->k, s->options.parts, e) < 0)
		return -1;
	s->layouts.has_vcpus = s->options.vcpu_fds;
	if (survey_create(s->k, &s->layouts, &s->survey, e) < 0) {
		survey_layouts_deinit(&s->layouts);
		return -1;
	}
	schema_finish(s, s->survey->schema);
	return 0;
}

int sampler_create(const struct kernel *k, const struct sampler_options *o, struct sampler **ret,
		   struct err *e)
{
	struct sampler *s = calloc(1, sizeof(*s));

	*ret = NULL;
	if (!s)
		return err_set(e, ENOMEM, "out of memory for a sampler");
	s->k = k;
	s->options = *o;
	if (!s->options.generation)
		s->options.generation = 1;
	s->next_id = o->schema_id ? o->schema_id : 1;
	if (sampler_start(s, e) < 0) {
		free(s);
		return -1;
	}
	*ret = s;
	return 0;
}

void sampler_destroy(struct sampler *s)
{
	if (!s)
		return;
	survey_destroy(s->survey);
	survey_layouts_deinit(&s->layouts);
	free(s);
}

const struct schema *sampler_schema(const struct sampler *s)
{
	return s->survey->schema;
}

/* ---- changes ---- */

static bool table_is_same(const struct schema_table *a, const struct schema_table *b)
{
	/* Columns follow from the kernel alone. Names are padded with zeros. */
	return a->n_columns == b->n_columns && a->n_rows == b->n_rows &&
	       (!a->n_rows || memcmp(a->rows, b->rows, a->n_rows * sizeof(*a->rows)) == 0);
}

static bool schema_is_same(const struct schema *a, const struct schema *b)
{
	for (unsigned int t = 0; t < SAMPLE_TABLES; t++)
		if (!table_is_same(&a->tables[t], &b->tables[t]))
			return false;
	return strcmp(a->ops, b->ops) == 0;
}

/* A scheduler that was loaded anew counts from 0: that is another one, though its name is not. */
static bool survey_is_same(const struct survey *a, const struct survey *b)
{
	return memcmp(&a->scx, &b->scx, sizeof(a->scx)) == 0 &&
	       schema_is_same(a->schema, b->schema);
}

/* The schema that users hold stays when the new one says the same. */
static void schema_keep(struct survey *from, struct survey *to)
{
	struct schema *schema = to->schema;

	to->schema = from->schema;
	from->schema = schema;
}

int sampler_refresh(struct sampler *s, bool *ret_changed, struct err *e)
{
	struct survey *now;
	bool stale;

	*ret_changed = false;
	if (survey_is_stale(s->survey, s->k, &s->layouts, &stale, e) < 0)
		return -1;
	if (!stale && !s->is_stale)
		return 0;
	if (survey_create(s->k, &s->layouts, &now, e) < 0)
		return -1;
	if (survey_is_same(s->survey, now)) {
		schema_keep(s->survey, now);
	} else {
		schema_finish(s, now->schema);
		*ret_changed = true;
	}
	survey_destroy(s->survey);
	s->survey = now;
	s->is_stale = false;
	return 0;
}

/* ---- a sample ---- */

static void put(struct sample *ret, const struct schema *schema, enum sample_table t,
		unsigned int row, int column, uint64_t value)
{
	if (column >= 0)
		*sample_cell(ret, schema, t, row, (unsigned int)column) = value;
}

static void row_clear(struct sample *ret, const struct schema *schema, enum sample_table t,
		      unsigned int row)
{
	const struct schema_table *table = &schema->tables[t];

	if (row < table->n_rows)
		memset(sample_cell(ret, schema, t, row, 0), 0xff,
		       table->n_columns * sizeof(uint64_t));
}

static void table_clear(struct sample *ret, const struct schema *schema, enum sample_table t)
{
	for (unsigned int row = 0; row < schema->tables[t].n_rows; row++)
		row_clear(ret, schema, t, row);
}

/* The scheduler that is loaded: its numbers into the machine's row, its address into *ret_root. */
static void machine_take(struct sampler *s, struct sample *ret, uint64_t *ret_root)
{
	const struct survey *v = s->survey;
	const struct kmem *k = &s->k->mem;
	uint64_t numbers[SCX_NUMBERS], jiffies;
	struct err e;

	row_clear(ret, v->schema, SAMPLE_MACHINE, 0);
	if (s->layouts.jiffies) {
		if (kmem_u64(k, s->layouts.jiffies, &jiffies, &e) == 0)
			put(ret, v->schema, SAMPLE_MACHINE, 0, v->jiffies_column, jiffies);
		else
			ret->invalid |= SAMPLE_UNREADABLE;
	}
	if (scx_root_read(&s->layouts.scx, k, ret_root, &e) < 0 ||
	    scx_read(&s->layouts.scx, k, *ret_root, numbers, &e) < 0) {
		ret->invalid |= SAMPLE_UNREADABLE;
		return;
	}
	for (unsigned int i = 0; i < SCX_NUMBERS; i++)
		put(ret, v->schema, SAMPLE_MACHINE, 0, v->scx_columns[i], numbers[i]);
}

/* The queue and its current task, until two readings say the same. False when the queue cannot be
 * read. */
static bool rq_take(struct sampler *s, const struct survey_cpu *c, struct sample *ret,
		    struct rq *rq, struct task *task, bool *ret_torn)
{
	const struct survey_layouts *l = &s->layouts;
	const struct kmem *k = &s->k->mem;
	struct err e;

	*ret_torn = false;
	for (unsigned int i = 0; i < RQ_TRIES; i++) {
		bool has_task;

		if (rq_read(&l->rq, k, &c->rq, rq, &e) < 0)
			return false;
		has_task = l->rq.curr < 0 || task_read(&l->task, k, rq->curr, task, &e) == 0;
		if (rq_is_same(&l->rq, k, &c->rq, rq)) {
			ret->invalid |= has_task ? 0 : SAMPLE_UNREADABLE;
			return true;
		}
		ret->retries++;
	}
	*ret_torn = true;
	return true;
}

static uint64_t thread_time_ns(int fd)
{
	uint64_t ret = 0;
	char text[64];
	ssize_t n = pread(fd, text, sizeof(text), 0);

	if (n <= 0 || text[0] < '0' || text[0] > '9')
		return SAMPLE_ABSENT;
	for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
		ret = ret * 10 + (uint64_t)(text[i] - '0');
	return ret;
}

/* vCPUs on one thread have one time: who compares them must not see it move. */
static uint64_t vcpu_time_ns(struct sampler *s, unsigned int cpu)
{
	int fd = cpu < s->options.n_vcpus ? s->options.vcpu_fds[cpu] : -1;

	if (fd < 0)
		return SAMPLE_ABSENT;
	if (fd != s->vcpu_fd) {
		s->vcpu_fd = fd;
		s->vcpu_ns = thread_time_ns(fd);
	}
	return s->vcpu_ns;
}

static bool is_plausible(const struct rq *rq)
{
	uint64_t depth = rq->numbers[RQ_LOCAL_DSQ_DEPTH];

	return (depth == FIELDS_ABSENT || depth <= SURVEY_DEPTH_PLAUSIBLE) &&
	       rq->numbers[RQ_NR_RUNNING] <= SURVEY_TASKS_PLAUSIBLE;
}

/* Row @row of the tables of CPUs. False when the queue cannot be read. */
static bool cpu_take(struct sampler *s, unsigned int row, struct sample *ret, uint64_t *clocks)
{
	const struct survey *v = s->survey;
	const struct survey_cpu *c = &v->cpus[row];
	struct task task = {.pid = FIELDS_ABSENT, .class = FIELDS_ABSENT};
	struct rq rq;
	bool torn;

	row_clear(ret, v->schema, SAMPLE_CPU, row);
	row_clear(ret, v->schema, SAMPLE_SCHEDSTAT, row);
	put(ret, v->schema, SAMPLE_CPU, row, v->vcpu_column,
	    v->vcpu_column < 0 ? 0 : vcpu_time_ns(s, c->cpu));
	memset(ret->comm[row], 0, sizeof(ret->comm[row]));
	if (!rq_take(s, c, ret, &rq, &task, &torn)) {
		ret->invalid |= SAMPLE_UNREADABLE;
		return false;
	}
	for (unsigned int i = 0; i < RQ_NUMBERS; i++)
		put(ret, v->schema, i < RQ_SCHEDSTATS ? SAMPLE_CPU : SAMPLE_SCHEDSTAT, row,
		    v->rq_columns[i], rq.numbers[i]);
	put(ret, v->schema, SAMPLE_CPU, row, v->pid_column, task.pid);
	put(ret, v->schema, SAMPLE_CPU, row, v->class_column, task.class);
	put(ret, v->schema, SAMPLE_CPU, row, v->torn_column, torn);
	memcpy(ret->comm[row], task.comm, sizeof(task.comm));
	if (torn)
		ret->invalid |= SAMPLE_TORN;
	else if (!is_plausible(&rq))
		ret->invalid |= SAMPLE_IMPLAUSIBLE;
	*clocks |= rq.numbers[RQ_CLOCK];
	if (v->domains && rq.domain != c->domain)
		s->is_stale = true;
	return true;
}

static void cpus_take(struct sampler *s, struct sample *ret)
{
	uint64_t clocks = 0;
	bool any = false;

	for (unsigned int row = 0; row < s->survey->n_cpus; row++)
		any |= cpu_take(s, row, ret, &clocks);
	if (any && !clocks)
		ret->invalid |= SAMPLE_UNINIT;
}

/* The counters of the scheduler at @root, if it is the one that was surveyed. */
static void events_take(struct sampler *s, struct sample *ret, uint64_t root)
{
	const struct fields *f = &s->layouts.scx.events;
	const struct survey *v = s->survey;
	uint8_t buf[FIELDS_BYTES_MAX];
	struct err e;

	if (!v->schema->tables[SAMPLE_EVENT].n_columns)
		return;
	if (root != v->scx.root) {
		s->is_stale = true;
		table_clear(ret, v->schema, SAMPLE_EVENT);
		return;
	}
	for (unsigned int row = 0; row < v->n_cpus; row++) {
		const struct survey_cpu *c = &v->cpus[row];
		uint64_t *cells = sample_cell(ret, v->schema, SAMPLE_EVENT, row, 0);

		if (!c->has_events || fields_read(f, &s->k->mem, &c->events, buf, &e) < 0) {
			row_clear(ret, v->schema, SAMPLE_EVENT, row);
			if (c->has_events)
				ret->invalid |= SAMPLE_UNREADABLE;
			continue;
		}
		for (unsigned int i = 0; i < f->n; i++)
			cells[i] = fields_get(f, buf, (int)i, 0);
	}
}

static void domains_take(struct sampler *s, struct sample *ret)
{
	const struct survey *v = s->survey;
	struct err e;

	if (v->domains_cut)
		ret->invalid |= SAMPLE_IMPLAUSIBLE;
	for (unsigned int row = 0; row < v->n_domains; row++) {
		uint64_t *cells = sample_cell(ret, v->schema, SAMPLE_DOMAIN, row, 0);

		if (domain_read(&s->layouts.domain, &s->k->mem, &v->domains[row], cells, &e) == 0)
			continue;
		row_clear(ret, v->schema, SAMPLE_DOMAIN, row);
		s->is_stale = true;
	}
}

static bool prog_sum(const struct sampler *s, unsigned int row, uint64_t sum[PROG_NUMBERS])
{
	const struct survey *v = s->survey;
	const struct place *places = v->stats + (size_t)row * v->n_possible;
	struct err e;

	for (unsigned int i = 0; i < v->n_possible; i++)
		if (!places[i].kva ||
		    prog_stats_add(&s->layouts.prog, &s->k->mem, &places[i], sum, &e) < 0)
			return false;
	/* Looked at last: memory of one that is gone may be anybody's. */
	return prog_is_same(&s->layouts.prog, &s->k->mem, &v->progs[row]);
}

static void progs_take(struct sampler *s, struct sample *ret)
{
	const struct survey *v = s->survey;

	for (unsigned int row = 0; row < v->n_progs; row++) {
		uint64_t sum[PROG_NUMBERS] = {0};

		row_clear(ret, v->schema, SAMPLE_PROG, row);
		if (!prog_sum(s, row, sum)) {
			s->is_stale = true;
			continue;
		}
		for (unsigned int i = 0; i < PROG_NUMBERS; i++)
			put(ret, v->schema, SAMPLE_PROG, row, v->prog_columns[i], sum[i]);
	}
}

static void dsqs_take(struct sampler *s, struct sample *ret, uint64_t root)
{
	const struct schema *schema = s->survey->schema;
	struct err e;

	ret->n_dsqs = 0;
	ret->dsqs_cut = false;
	if (!s->layouts.dsq.is_there)
		return;
	if (dsq_read(&s->layouts.dsq, &s->k->mem, root, s->dsqs, SAMPLE_DSQS_MAX, &ret->n_dsqs,
		     &e) < 0) {
		ret->dsqs_cut = true;
	}
	for (unsigned int i = 0; i < ret->n_dsqs; i++) {
		uint64_t *cells = sample_cell(ret, schema, SAMPLE_DSQ, i, 0);

		cells[0] = s->dsqs[i].id;
		cells[1] = s->dsqs[i].nr;
	}
}

void sampler_take(struct sampler *s, struct sample *ret)
{
	uint64_t root = 0, root_after;
	struct err e;

	ret->at_ns = clock_now_ns();
	ret->invalid = 0;
	ret->retries = 0;
	s->vcpu_fd = -1;
	machine_take(s, ret, &root);
	cpus_take(s, ret);
	events_take(s, ret, root);
	domains_take(s, ret);
	progs_take(s, ret);
	dsqs_take(s, ret, root);
	/* A scheduler that went meanwhile may have left others' bytes where its counters were. */
	if (scx_root_read(&s->layouts.scx, &s->k->mem, &root_after, &e) < 0 || root_after != root) {
		table_clear(ret, s->survey->schema, SAMPLE_EVENT);
		ret->n_dsqs = 0;
		ret->dsqs_cut = true;
		s->is_stale = true;
	}
	ret->took_ns = clock_now_ns() - ret->at_ns;
}
