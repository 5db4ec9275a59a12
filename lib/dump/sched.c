/* SPDX-License-Identifier: GPL-2.0-only */
/* A dump of the scheduler, part by part. */
#include "dump/sched.h"

#include <errno.h>
#include <stdlib.h>

#include "dump/sched_parts.h"
#include "kernel/resolve.h"

static const struct part {
	const char *name;
	int (*init)(struct sched_dump *d, const struct kernel *k, struct err *e);
	int (*read)(struct sched_dump *d, const struct kernel *k, struct err *e);
	json_t *(*json)(const struct sched_dump *d, const struct kernel *k, bool *failed);
} parts[SCHED_PARTS] = {
	[SCHED_JIFFIES] = {"jiffies", sched_jiffies_init, sched_jiffies_read, sched_jiffies_json},
	[SCHED_SCX] = {"scx_sched_state", sched_scx_init, sched_scx_read, sched_scx_json},
	[SCHED_EXIT] = {"exit_info", sched_exit_init, sched_exit_read, sched_exit_json},
	[SCHED_RQS] = {"rq_scx_states", sched_rqs_init, sched_rqs_read, sched_rqs_json},
	[SCHED_QUEUES] = {"dsq_states", sched_queues_init, sched_queues_read, sched_queues_json},
	[SCHED_RUNNABLE] = {"runnable_tasks", sched_runnable_init, sched_runnable_read,
			    sched_runnable_json},
	[SCHED_TASKS] = {"task_enrichments", sched_tasks_init, sched_tasks_read, sched_tasks_json},
	[SCHED_EVENTS] = {"event_counters", sched_events_init, sched_events_read,
			  sched_events_json},
	[SCHED_CPUTIME] = {"per_cpu_time", sched_cputime_init, sched_cputime_read,
			   sched_cputime_json},
	[SCHED_NUMA] = {"per_node_numa", sched_numa_init, sched_numa_read, sched_numa_json},
	[SCHED_PROGS] = {"prog_stats", sched_progs_init, sched_progs_read, sched_progs_json},
	[SCHED_DMESG] = {"dmesg_tail", NULL, sched_dmesg_read, sched_dmesg_json},
};

int sched_dump_create(const struct kernel *k, struct sched_dump **ret, struct err *e)
{
	struct sched_dump *d = calloc(1, sizeof(*d));

	*ret = NULL;
	if (!d)
		return err_set(e, ENOMEM, "out of memory for a dump");
	for (unsigned int i = 0; i < SCHED_PARTS; i++) {
		if (!parts[i].init || parts[i].init(d, k, &d->lacks[i]) == 0)
			continue;
		if (d->lacks[i].code == ENOMEM) {
			*e = d->lacks[i];
			sched_dump_destroy(d);
			return -1;
		}
		if (!d->lacks[i].code)
			d->lacks[i].code = ENOENT;
	}
	*ret = d;
	return 0;
}

void sched_dump_destroy(struct sched_dump *d)
{
	if (!d)
		return;
	scx_layout_deinit(&d->scx_layout);
	queues_deinit(&d->queues);
	buf_deinit(&d->exit_dump);
	buf_deinit(&d->dmesg);
	free(d->cputimes);
	free(d->numa);
	free(d->progs);
	free(d->prog_sums);
	free(d->rq_bytes);
	free(d->cpus);
	free(d->tasks);
	free(d);
}

void sched_dump_touch(struct sched_dump *d, const struct kernel *k)
{
	taskset_clear(&d->set);
	for (unsigned int i = 0; i < SCHED_PARTS; i++) {
		d->errors[i] = d->lacks[i];
		d->is_read[i] = !d->lacks[i].code && parts[i].read(d, k, &d->errors[i]) >= 0;
	}
}

static void part_put(struct object o, struct object reasons, const struct sched_dump *d,
		     const struct kernel *k, unsigned int i)
{
	put(o, parts[i].name, d->is_read[i] ? parts[i].json(d, k, o.failed) : json_null());
	if (d->errors[i].code)
		put(reasons, parts[i].name, sched_line(d->errors[i].text));
}

/* The kernel's jiffies begin at minus 5 minutes, of 32 bits (include/linux/jiffies.h). */
static json_t *uptime(const struct sched_dump *d, const struct kernel *k)
{
	uint64_t since = d->jiffies - (uint32_t)(-300 * (int64_t)k->hz);

	if (!d->is_read[SCHED_JIFFIES] || !k->hz || since > UINT64_MAX / 1000000000)
		return json_null();
	return sched_u64(since * 1000000000 / k->hz);
}

json_t *sched_dump_json(struct sched_dump *d, const struct kernel *k)
{
	struct object o, reasons;
	bool failed = false;

	sched_dump_touch(d, k);
	o = object_new(&failed);
	reasons = object_new(&failed);
	for (unsigned int i = 0; i < SCHED_PARTS; i++)
		part_put(o, reasons, d, k, i);
	put(o, "hz", json_integer(k->hz));
	put(o, "uptime_ns", uptime(d, k));
	put(o, "reasons", reasons.json);
	if (!failed)
		return o.json;
	json_decref(o.json);
	return NULL;
}

int sched_resolve(const struct kernel *k, const char *path, uint64_t *ret_kva, uint64_t *ret_len,
		  struct err *e)
{
	return resolve(k, path, ret_kva, ret_len, e);
}
