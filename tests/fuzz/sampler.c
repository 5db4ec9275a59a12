/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sampler on a toy kernel whose memory is written to between samples: the input is a list of
 * writes, most of them of pointers into that memory, as wild ones are found out at once.
 */
#include "kernel/sampler.h"
#include "kernel/scxops.h"

#include "base/cursor.h"
#include "toywrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX 256u

/* Kernels of several ages, and how each was before the last input wrote to it. */
static const char *const ages[] = {
	NULL,
	"scx_sched_pcpu scx_sched.pcpu",
	"scx_sched_pcpu scx_root scx_sched",
};
#define AGES (sizeof(ages) / sizeof(ages[0]))
static struct toy toys[AGES];
static struct toy_memory *pristine[AGES];

static void toys_make(void)
{
	for (size_t i = 0; i < AGES; i++) {
		struct err e;

		if (toy_create(&toys[i], ages[i], &e) < 0)
			abort();
		toys[i].m->old_hash.tbl = toys[i].m->sched.dsq_hash.tbl;
		toys[i].m->tables[1].size = TOY_BUCKETS;
		for (unsigned int d = 0; d < 12; d++)
			toy_dsq_add(&toys[i], &toys[i].m->tables[d % 2], d, 100 + d, d);
		pristine[i] = malloc(sizeof(**pristine));
		memcpy(pristine[i], toys[i].m, sizeof(**pristine));
	}
}

/* What holds for any sample, whatever the guest is. */
static void sample_check(const struct sample *x, const struct schema *schema)
{
	struct buf out = {0};
	struct sample back;
	struct err e;

	if (x->n_dsqs > SAMPLE_DSQS_MAX)
		abort();
	for (unsigned int i = 1; i < x->n_dsqs; i++)
		if (*sample_cell(x, schema, SAMPLE_DSQ, i, 0) <=
		    *sample_cell(x, schema, SAMPLE_DSQ, i - 1, 0))
			abort();
	for (unsigned int i = 0; i < schema->tables[SAMPLE_CPU].n_rows; i++)
		if (!memchr(x->comm[i], 0, SAMPLE_COMM_MAX))
			abort();
	if (sample_init(&back, schema, &e) < 0 || sample_encode(x, schema, &out) < 0 ||
	    sample_decode(out.data, out.len, schema, &back, &e) < 0)
		abort();
	sample_deinit(&back);
	buf_deinit(&out);
}

static void next_schema(struct sampler *s, struct sample *x)
{
	bool changed;
	struct err e;

	if (sampler_refresh(s, &changed, &e) < 0 || !changed)
		return;
	sample_deinit(x);
	if (sample_init(x, sampler_schema(s), &e) < 0)
		abort();
}

static void run(struct toy *t, struct cursor *c)
{
	struct sampler_options o = {.parts = SAMPLER_ALL};
	unsigned int tables;
	struct sampler *s;
	struct sample x;
	struct err e;

	if (sampler_create(&t->k, &o, &s, &e) < 0)
		return;
	if (sample_init(&x, sampler_schema(s), &e) < 0)
		abort();
	for (unsigned int i = 0; i < STEPS_MAX && cursor_left(c); i++) {
		uint8_t what = cursor_u8(c) % 8;

		if (what == 0) {
			next_schema(s, &x);
		} else if (what == 1) {
			sampler_take(s, &x);
			sample_check(&x, sampler_schema(s));
		} else {
			toy_write(t->m, c);
		}
	}
	next_schema(s, &x);
	sampler_take(s, &x);
	sample_check(&x, sampler_schema(s));
	sample_deinit(&x);
	sampler_destroy(s);
	/* The one thing that is written, into whatever looks like its place. */
	(void)scxops_set_timeout(&t->k, 2000, &tables, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(data, size);
	unsigned int age = cursor_u8(&c) % AGES, before;

	if (!pristine[0])
		toys_make();
	memcpy(toys[age].m, pristine[age], sizeof(**pristine));
	/* Some before the sampler is made, so that it meets them while it looks around. */
	before = cursor_u8(&c) % 16;
	for (unsigned int i = 0; i < before; i++)
		toy_write(toys[age].m, &c);
	run(&toys[age], &c);
	return 0;
}
