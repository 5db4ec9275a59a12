/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of a dump: the scheduler that is loaded, its event counters; jiffies and the log. */
#include <errno.h>

#include "dump/sched_parts.h"
#include "kernel/printk.h"

/* ---- jiffies ---- */

int sched_jiffies_init(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	return kernel_symbol(k, "jiffies_64", &d->jiffies_kva, e);
}

int sched_jiffies_read(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	return kmem_u64(&k->mem, d->jiffies_kva, &d->jiffies, e);
}

json_t *sched_jiffies_json(const struct sched_dump *d, const struct kernel *k, bool *failed)
{
	(void)k;
	(void)failed;
	return sched_u64(d->jiffies);
}

/* ---- struct scx_sched ---- */

int sched_scx_init(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	bool any = false;

	if (scx_layout_init(&d->scx_layout, k, e) < 0)
		return -1;
	if (d->scx_layout.root)
		numbers_add(&d->sched_numbers, k->types, "scx_sched", 0);
	if (numbers_seal(&d->sched_numbers, e) < 0)
		return -1;
	for (unsigned int i = 0; i < SCX_NUMBERS; i++)
		any |= scx_has(&d->scx_layout, i);
	return any ? 0 : err_set(e, ENOENT, "this kernel has no sched_ext");
}

int sched_scx_read(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	struct place p;

	if (scx_identity_read(&d->scx_layout, &k->mem, &d->scx, e) < 0 ||
	    scx_read(&d->scx_layout, &k->mem, d->scx.root, d->scx_values, e) < 0)
		return -1;
	if (d->scx_layout.root && !d->scx.root)
		return err_set(e, ENOENT, "no sched_ext scheduler is loaded (scx_root is NULL)");
	p = (struct place){.kva = d->scx.root};
	return d->scx.root ? fields_read(&d->sched_numbers.f, &k->mem, &p, d->sched_bytes, e) : 0;
}

/* Kernels without scx_root keep all in variables: 1 stands for them while a scheduler has a name.
 */
uint64_t sched_root(const struct sched_dump *d)
{
	if (d->scx_layout.root)
		return d->scx.root;
	return d->scx_layout.ops && *d->scx.name;
}

static void enum_name_put(struct object o, const char *member, const struct kernel *k,
			  const char *const types[2], uint64_t v)
{
	const char *name = NULL;

	for (unsigned int i = 0; i < 2 && !name && types[i]; i++)
		name = types_enum_name(k->types, types[i], v);
	put(o, member, name ? sched_line(name) : json_null());
}

json_t *sched_scx_json(const struct sched_dump *d, const struct kernel *k, bool *failed)
{
	static const char *const kinds[2] = {"scx_exit_kind"};
	static const char *const states[2] = {"scx_enable_state", "scx_ops_enable_state"};
	struct object o = object_new(failed);

	put(o, "kva", d->scx.root ? sched_hex(d->scx.root) : json_null());
	put(o, "ops", sched_line(d->scx.name));
	for (unsigned int i = 0; i < SCX_NUMBERS; i++) /* scx_exit_kind: exit_kind */
		if (scx_has(&d->scx_layout, i))
			put(o, scx_number_names[i] + sizeof("scx_") - 1,
			    i == SCX_BYPASS_DEPTH ? json_integer((json_int_t)d->scx_values[i])
						  : sched_u64(d->scx_values[i]));
	enum_name_put(o, "exit_kind_name", k, kinds, d->scx_values[SCX_EXIT_KIND]);
	enum_name_put(o, "enable_state_name", k, states, d->scx_values[SCX_ENABLE_STATE]);
	if (d->scx.root)
		sched_numbers_put(o, &d->sched_numbers, d->sched_bytes);
	return o.json;
}

/* ---- events ---- */

int sched_events_init(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	(void)k;
	return d->scx_layout.events.n ? 0 : err_set(e, ENOENT, "this kernel counts no events");
}

int sched_events_read(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	const struct fields *f = &d->scx_layout.events;
	uint64_t possible[KERNEL_MASK_WORDS_MAX];
	uint8_t buf[FIELDS_BYTES_MAX];
	struct place p;

	memset(d->events, 0, sizeof(d->events));
	if (kernel_cpumask(k, "__cpu_possible_mask", possible, e) < 0)
		return -1;
	for (unsigned int cpu = 0; cpu < k->nr_cpu_ids; cpu++) {
		if (!kernel_mask_has(possible, cpu))
			continue;
		if (scx_events_place(&d->scx_layout, k, &d->scx, cpu, &p, e) < 0 ||
		    fields_read(f, &k->mem, &p, buf, e) < 0)
			return -1;
		for (unsigned int i = 0; i < f->n; i++)
			d->events[i] += fields_get(f, buf, (int)i, 0);
	}
	return 0;
}

json_t *sched_events_json(const struct sched_dump *d, const struct kernel *k, bool *failed)
{
	struct object o = object_new(failed);

	(void)k;
	for (unsigned int i = 0; i < d->scx_layout.events.n; i++)
		put(o, d->scx_layout.event_names[i],
		    sched_number(&d->scx_layout.events.f[i].m, d->events[i]));
	return o.json;
}

/* ---- the kernel's log ---- */

int sched_dmesg_read(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	d->dmesg.len = 0;
	return printk_tail(k, SCHED_DMESG_BYTES, &d->dmesg, e);
}

json_t *sched_dmesg_json(const struct sched_dump *d, const struct kernel *k, bool *failed)
{
	(void)k;
	(void)failed;
	return sched_text(buf_text(&d->dmesg), d->dmesg.len);
}
