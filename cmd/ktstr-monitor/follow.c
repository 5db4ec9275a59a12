/* SPDX-License-Identifier: GPL-2.0-only */
#include "follow.h"

#include "base/clock.h"

/* Room for samples of the present schema. */
static int sample_renew(struct follow *f, struct err *e)
{
	const struct schema *schema = sampler_schema(f->sampler);

	sample_deinit(&f->sample);
	if (sample_init(&f->sample, schema, e))
		return -1;
	f->schema_id = schema->id;
	return 0;
}

static int sampler_start(struct follow *f, struct err *e)
{
	const struct sampler_options options = {
		.parts = f->parts,
		.vcpu_fds = f->target->vcpu_fds,
		.n_vcpus = f->target->n_vcpus,
		.generation = f->generation + 1,
		.schema_id = f->schema_id + 1,
	};

	if (kernel_symbol(f->kernel, "jiffies_64", &f->jiffies_kva, e))
		return -1;
	f->jiffies = 0;
	return sampler_create(f->kernel, &options, &f->sampler, e);
}

int follow_attach(struct follow *f, struct err *e)
{
	const struct kernel_sources files = target_files(f->target);
	uint64_t start = clock_now_ns();

	if (f->kernel)
		return 0;
	if (kernel_attach(f->target->mem, &files, &f->kernel, e))
		return -1;
	if (sampler_start(f, e)) {
		follow_detach(f);
		return -1;
	}
	f->attach_ns = clock_now_ns() - start;
	return 0;
}

void follow_accept(struct follow *f)
{
	f->generation++;
}

void follow_detach(struct follow *f)
{
	sample_deinit(&f->sample);
	sampler_destroy(f->sampler);
	kernel_detach(f->kernel);
	f->sampler = NULL;
	f->kernel = NULL;
}

bool follow_is_alive(struct follow *f)
{
	uint64_t now;
	struct err e;

	/* Another boot of the same kernel may lie in the same place: its clock begins anew. */
	if (!kernel_is_alive(f->kernel) || kmem_u64(&f->kernel->mem, f->jiffies_kva, &now, &e) ||
	    now < f->jiffies)
		return false;
	f->jiffies = now;
	return true;
}

int follow_sample(struct follow *f, struct err *e)
{
	bool refreshed;
	int ret = sampler_refresh(f->sampler, &refreshed, e);

	if (f->schema_id != sampler_schema(f->sampler)->id && sample_renew(f, e))
		return -1;
	sampler_take(f->sampler, &f->sample);
	return ret;
}
