/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dump of the scheduler in a toy kernel whose memory was written to: the input is a list of
 * writes, then a name to be resolved.
 */
#include "dump/sched.h"

#include "base/clean.h"
#include "base/cursor.h"
#include "mem/record.h"
#include "toywrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WRITES_MAX 256u
#define RECORD_MAX (2u << 20)

/* Kernels of several ages, and how each was before the last input wrote to it. */
static const char *const ages[] = {
	NULL,
	"scx_sched_pcpu.bypass_dsq scx_sched_pnode",
	"scx_sched_pcpu scx_root scx_sched scx_rq.bypass_dsq",
};
#define AGES (sizeof(ages) / sizeof(ages[0]))
static struct toy toys[AGES];
static struct toy_memory *pristine[AGES];
static struct sched_dump *dumps[AGES];

static void toy_make(struct toy *t, const char *without)
{
	struct err e;

	if (toy_create(t, without, &e) < 0)
		abort();
	t->m->old_hash.tbl = t->m->sched.dsq_hash.tbl;
	t->m->exit.kind = t->m->sched.exit_kind = 1;
	t->m->exit.reason = TOY_AT(reason);
	t->m->exit.bt_len = 4;
	t->m->bt[0] = t->m->ksyms[1].start + 4;
	for (unsigned int d = 0; d < 4; d++)
		toy_dsq_add(t, &t->m->tables[0], d, 100 + d, 0);
	for (unsigned int i = 0; i < TOY_WAITERS; i++)
		toy_wait(t, &t->m->dsqs[i % 4], i % TOY_CPUS, i);
}

static void toys_make(void)
{
	for (size_t i = 0; i < AGES; i++) {
		struct err e;

		toy_make(&toys[i], ages[i]);
		if (sched_dump_create(&toys[i].k, &dumps[i], &e) < 0)
			abort();
		pristine[i] = malloc(sizeof(**pristine));
		memcpy(pristine[i], toys[i].m, sizeof(**pristine));
	}
}

/* Whatever was written, it is JSON, bounded, and the same out of a record of what was touched. */
static void dump_check(struct toy *t, struct sched_dump *d)
{
	struct mem *record;
	struct kernel over;
	json_t *live, *sealed;
	struct err e;
	char *text;

	if (mem_record(t->mem, RECORD_MAX, &record, &e) < 0)
		abort();
	over = kernel_over(&t->k, record);
	sched_dump_touch(d, &over);
	mem_record_seal(record);
	sealed = sched_dump_json(d, &over);
	live = sched_dump_json(d, &t->k);
	if (!sealed || !live || !json_equal(sealed, live))
		abort();
	text = json_dumps(live, 0);
	if (!text || !clean_is_utf8(text, strlen(text)) || strlen(text) > 64u << 20)
		abort();
	if (json_array_size(json_object_get(live, "task_enrichments")) > SCHED_TASKS_MAX ||
	    json_array_size(json_object_get(live, "runnable_tasks")) > SCHED_TASKS_MAX)
		abort();
	free(text);
	json_decref(live);
	json_decref(sealed);
	mem_destroy(record);
}

static void exit_check(struct toy *t, struct sched_dump *d)
{
	struct sched_exit_places p;
	struct err e;
	json_t *info;

	if (sched_exit_places(d, &t->k, &p, &e) < 0)
		return;
	info = sched_exit_info_json(d, &t->k, p.kind.kva, true, &e);
	if (!info)
		abort();
	json_decref(info);
}

static void resolve_check(struct toy *t, struct cursor *c)
{
	char path[300] = {0};
	size_t len = cursor_left(c);
	uint64_t kva, bytes;
	struct err e;

	if (len > sizeof(path) - 1)
		len = sizeof(path) - 1;
	memcpy(path, cursor_bytes(c, len), len);
	if (sched_resolve(&t->k, path, &kva, &bytes, &e) < 0 && !strstr(e.text, "did not resolve"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(data, size);
	unsigned int age = cursor_u8(&c) % AGES, writes = cursor_u8(&c) % WRITES_MAX;

	if (!pristine[0])
		toys_make();
	memcpy(toys[age].m, pristine[age], sizeof(**pristine));
	for (unsigned int i = 0; i < writes && cursor_left(&c); i++)
		toy_write(toys[age].m, &c);
	dump_check(&toys[age], dumps[age]);
	exit_check(&toys[age], dumps[age]);
	c.failed = false;
	resolve_check(&toys[age], &c);
	return 0;
}
