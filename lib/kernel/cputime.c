/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the time went. */
#include "kernel/cputime.h"

#include <errno.h>

const char *const cputime_number_names[CPUTIME_NUMBERS] = {
	[CPUTIME_USER_NS] = "user_ns",
	[CPUTIME_NICE_NS] = "nice_ns",
	[CPUTIME_SYSTEM_NS] = "system_ns",
	[CPUTIME_SOFTIRQ_NS] = "softirq_ns",
	[CPUTIME_IRQ_NS] = "irq_ns",
	[CPUTIME_IDLE_NS] = "idle_ns",
	[CPUTIME_IOWAIT_NS] = "iowait_ns",
	[CPUTIME_STEAL_NS] = "steal_ns",
	[CPUTIME_GUEST_NS] = "guest_ns",
	[CPUTIME_GUEST_NICE_NS] = "guest_nice_ns",
	[CPUTIME_IDLE_SLEEP_NS] = "idle_sleep_ns",
	[CPUTIME_IOWAIT_SLEEP_NS] = "iowait_sleep_ns",
	[CPUTIME_IRQS] = "irqs",
};

/* enum cpu_usage_stat, by whose values kernel_cpustat.cpustat is indexed */
static const char *const enumerators[CPUTIME_NUMBERS] = {
	[CPUTIME_USER_NS] = "CPUTIME_USER",	[CPUTIME_NICE_NS] = "CPUTIME_NICE",
	[CPUTIME_SYSTEM_NS] = "CPUTIME_SYSTEM", [CPUTIME_SOFTIRQ_NS] = "CPUTIME_SOFTIRQ",
	[CPUTIME_IRQ_NS] = "CPUTIME_IRQ",	[CPUTIME_IDLE_NS] = "CPUTIME_IDLE",
	[CPUTIME_IOWAIT_NS] = "CPUTIME_IOWAIT", [CPUTIME_STEAL_NS] = "CPUTIME_STEAL",
	[CPUTIME_GUEST_NS] = "CPUTIME_GUEST",	[CPUTIME_GUEST_NICE_NS] = "CPUTIME_GUEST_NICE",
};

/* kernel/softirq.c: softirq_to_name */
static const char *const softirqs[] = {
	"HI",	    "TIMER",   "NET_TX", "NET_RX",  "BLOCK",
	"IRQ_POLL", "TASKLET", "SCHED",	 "HRTIMER", "RCU",
};

const char *cputime_softirq_name(unsigned int i)
{
	return i < sizeof(softirqs) / sizeof(softirqs[0]) ? softirqs[i] : "";
}

/* ---- layout ---- */

static uint64_t symbol_try(const struct kernel *k, const char *name)
{
	struct err missing;
	uint64_t ret;

	return kernel_symbol(k, name, &ret, &missing) == 0 ? ret : 0;
}

static void stat_find(struct cputime_layout *l, const struct kernel *k)
{
	int index = fields_try(&l->stat_f, k->types, "kernel_cpustat", "cpustat");
	struct err missing;
	uint64_t element;

	l->stat = symbol_try(k, "kernel_cpustat");
	for (unsigned int i = 0; i < CPUTIME_NUMBERS; i++) {
		l->numbers[i] = -1;
		if (!l->stat || index < 0 || !enumerators[i] ||
		    types_enumerator(k->types, "cpu_usage_stat", enumerators[i], &element,
				     &missing) < 0 ||
		    element >= l->stat_f.f[index].m.count)
			continue;
		l->numbers[i] = index;
		l->elements[i] = (uint32_t)element;
	}
}

static void irqs_find(struct cputime_layout *l, const struct kernel *k)
{
	l->irqs = symbol_try(k, "kstat");
	l->softirqs = -1;
	if (!l->irqs)
		return;
	l->numbers[CPUTIME_IRQS] = fields_try(&l->irqs_f, k->types, "kernel_stat", "irqs_sum");
	l->softirqs = fields_try(&l->irqs_f, k->types, "kernel_stat", "softirqs");
	if (l->softirqs < 0)
		return;
	l->n_softirqs = l->irqs_f.f[l->softirqs].m.count;
	if (l->n_softirqs > CPUTIME_SOFTIRQS_MAX)
		l->n_softirqs = CPUTIME_SOFTIRQS_MAX;
}

/* In struct tick_sched before 7.1, which counts it in kernel_cpustat like all else. */
static void tick_find(struct cputime_layout *l, const struct kernel *k)
{
	l->tick = symbol_try(k, "tick_cpu_sched");
	if (!l->tick)
		return;
	l->numbers[CPUTIME_IDLE_SLEEP_NS] =
		fields_try(&l->tick_f, k->types, "tick_sched", "idle_sleeptime");
	l->numbers[CPUTIME_IOWAIT_SLEEP_NS] =
		fields_try(&l->tick_f, k->types, "tick_sched", "iowait_sleeptime");
}

int cputime_layout_init(struct cputime_layout *l, const struct kernel *k, struct err *e)
{
	*l = (struct cputime_layout){0};
	stat_find(l, k);
	irqs_find(l, k);
	tick_find(l, k);
	if (fields_seal(&l->stat_f, e) < 0 || fields_seal(&l->irqs_f, e) < 0 ||
	    fields_seal(&l->tick_f, e) < 0)
		return -1;
	return l->stat_f.n && l->stat ? 0 : err_set(e, ENOENT, "this kernel counts no CPU time");
}

/* ---- reading ---- */

static int set_read(const struct kernel *k, const struct fields *f, uint64_t variable,
		    unsigned int cpu, uint8_t *buf, struct err *e)
{
	struct place p = {0};

	if (!variable || !f->n)
		return 0;
	if (kernel_percpu(k, variable, cpu, &p.kva, e) < 0)
		return -1;
	return fields_read(f, &k->mem, &p, buf, e);
}

int cputime_read(const struct cputime_layout *l, const struct kernel *k, unsigned int cpu,
		 struct cputime *ret, struct err *e)
{
	uint8_t stat[FIELDS_BYTES_MAX], irqs[FIELDS_BYTES_MAX], tick[FIELDS_BYTES_MAX];

	if (set_read(k, &l->stat_f, l->stat, cpu, stat, e) < 0 ||
	    set_read(k, &l->irqs_f, l->irqs, cpu, irqs, e) < 0 ||
	    set_read(k, &l->tick_f, l->tick, cpu, tick, e) < 0)
		return -1;
	for (unsigned int i = 0; i < CPUTIME_NUMBERS; i++) {
		bool is_tick = i == CPUTIME_IDLE_SLEEP_NS || i == CPUTIME_IOWAIT_SLEEP_NS;

		ret->numbers[i] = fields_get(i == CPUTIME_IRQS ? &l->irqs_f
					     : is_tick	       ? &l->tick_f
							       : &l->stat_f,
					     i == CPUTIME_IRQS ? irqs
					     : is_tick	       ? tick
							       : stat,
					     l->numbers[i], l->elements[i]);
	}
	for (unsigned int i = 0; i < l->n_softirqs; i++)
		ret->softirqs[i] = fields_get(&l->irqs_f, irqs, l->softirqs, i);
	return 0;
}
