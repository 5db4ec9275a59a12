/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel_attach(): go through the texts that look like VMCOREINFO until one leads to a kernel of
 * which everything fits together.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "kernel/alive.h"
#include "kernel/given.h"
#include "kernel/kernel.h"

#define CANDIDATES_MAX 64u
/* Kernels among them whose symbols and types are looked at, of which each may take a second. */
#define KERNELS_MAX 8u
#define HZ_MAX 10000u

/* The direct map of a kernel that does not move it (arch/x86/include/asm/page_64_types.h). */
#define PAGE_OFFSET_L4 0xffff888000000000ull
#define PAGE_OFFSET_L5 0xff11000000000000ull

/* ---- symbols and types ---- */

/* kernel/vmcore_info.c tells where kallsyms is since 6.0; others need a file. */
static int learn_symbols(struct kernel *k, const struct given *g, struct err *e)
{
	if (given_symbols(g, &k->vmcoreinfo, &k->symbols, e))
		return -1;
	return k->symbols ? 0 : kallsyms_create(&k->mem, &k->vmcoreinfo, &k->symbols, e);
}

static int learn_types(struct kernel *k, const struct given *g, struct err *e)
{
	_cleanup_free_ void *copy = NULL;
	uint64_t kva, len;

	if (given_types(g, &k->types, e))
		return -1;
	if (k->types)
		return 0;
	if (kernel_btf(k, &kva, &len, e))
		return -1;
	copy = malloc(len);
	if (!copy)
		return err_set(e, ENOMEM, "no memory for the kernel's BTF");
	if (kmem_read(&k->mem, kva, copy, len, e) || types_create(copy, len, NULL, &k->types, e))
		return err_prefix(e, "the kernel's BTF");
	return 0;
}

/* ---- addresses ---- */

/* Without it, addresses in the direct map go through the page tables, which is as good but slow. */
static int learn_direct_map(struct kernel *k, struct err *e)
{
	uint64_t symbol, base = k->mem.pgtable.levels == 5 ? PAGE_OFFSET_L5 : PAGE_OFFSET_L4;
	uint64_t root = k->mem.pgtable.root_gpa, gpa, left;

	if (!kernel_symbol(k, "page_offset_base", &symbol, e) &&
	    kmem_u64(&k->mem, symbol, &base, e))
		return err_prefix(e, "page_offset_base");
	/* The page tables' own page must be mapped there. */
	if (pgtable_walk(&k->mem.pgtable, base + root, &gpa, &left, e))
		return err_prefix(e, "no direct map at 0x%" PRIx64, base);
	if (gpa != root)
		return err_set(e, EAGAIN, "no direct map at 0x%" PRIx64, base);
	k->mem.page_offset = base;
	return 0;
}

/* With one CPU built in (FORCE_NR_CPUS) it is a constant, so count the possible ones. */
static int nr_cpus_of_mask(struct kernel *k, struct err *e)
{
	uint64_t bits[KERNEL_MASK_WORDS_MAX], bytes;

	if (types_size(k->types, "cpumask", &bytes, e))
		return -1;
	k->nr_cpu_ids = bytes < sizeof(bits) ? (unsigned int)bytes * 8 : KERNEL_CPUS_MAX;
	if (kernel_cpumask(k, "__cpu_possible_mask", bits, e))
		return -1;
	while (k->nr_cpu_ids && !kernel_mask_has(bits, k->nr_cpu_ids - 1))
		k->nr_cpu_ids--;
	return 0;
}

static int learn_nr_cpus(struct kernel *k, struct err *e)
{
	uint64_t symbol;

	if (kernel_symbol(k, "nr_cpu_ids", &symbol, e)
		    ? nr_cpus_of_mask(k, e)
		    : kmem_u32(&k->mem, symbol, &k->nr_cpu_ids, e))
		return err_prefix(e, "nr_cpu_ids");
	if (!k->nr_cpu_ids || k->nr_cpu_ids > KERNEL_CPUS_MAX)
		return err_set(e, EPROTO, "the kernel has %u CPUs; 1 to %u are known here",
			       k->nr_cpu_ids, KERNEL_CPUS_MAX);
	return 0;
}

/* Where each CPU keeps its own number: cpu_number, or within pcpu_hot from 6.2 to 6.14. */
static int find_cpu_number(const struct kernel *k, uint64_t *ret, struct err *e)
{
	struct member m;

	if (!kernel_symbol(k, "cpu_number", ret, e))
		return 0;
	if (kernel_symbol(k, "pcpu_hot", ret, e) ||
	    types_member(k->types, "pcpu_hot", "cpu_number", &m, e))
		return -1;
	*ret += m.offset;
	return 0;
}

static int check_percpu(const struct kernel *k, struct err *e)
{
	uint64_t possible[KERNEL_MASK_WORDS_MAX], symbol, kva;
	struct err none;

	if (find_cpu_number(k, &symbol, &none))
		return 0;
	if (kernel_cpumask(k, "__cpu_possible_mask", possible, e))
		return -1;
	for (unsigned int cpu = 0; cpu < k->nr_cpu_ids; cpu++) {
		uint32_t number;

		if (!kernel_mask_has(possible, cpu))
			continue;
		if (kernel_percpu(k, symbol, cpu, &kva, e) || kmem_u32(&k->mem, kva, &number, e))
			return err_prefix(e, "per-CPU area of CPU %u", cpu);
		if (number != cpu)
			return err_set(e, EAGAIN, "the per-CPU area of CPU %u is not set up", cpu);
	}
	return 0;
}

/* arch/x86/kernel/setup_percpu.c */
static int learn_percpu(struct kernel *k, struct err *e)
{
	uint64_t symbol;

	k->percpu = calloc(k->nr_cpu_ids, sizeof(*k->percpu));
	if (!k->percpu)
		return err_set(e, ENOMEM, "no memory for %u CPUs", k->nr_cpu_ids);
	if (kernel_symbol(k, "__per_cpu_offset", &symbol, e) ||
	    kmem_read(&k->mem, symbol, k->percpu, k->nr_cpu_ids * sizeof(*k->percpu), e))
		return err_prefix(e, "per-CPU areas");
	return check_percpu(k, e);
}

/* kernel/time/jiffies.c: this clock's mult >> shift is TICK_NSEC, and no clock adjustment touches
 * it. No variable of the kernel says HZ itself. */
static int learn_hz(struct kernel *k, struct err *e)
{
	struct member mult, shift;
	uint64_t clock, m, s, tick_ns;

	if (kernel_symbol(k, "clocksource_jiffies", &clock, e) ||
	    types_member(k->types, "clocksource", "mult", &mult, e) ||
	    types_member(k->types, "clocksource", "shift", &shift, e) ||
	    kernel_read_member(k, clock, &mult, &m, e) ||
	    kernel_read_member(k, clock, &shift, &s, e))
		return err_prefix(e, "jiffies a second");
	tick_ns = s < 32 ? m >> s : 0;
	k->hz = tick_ns ? (unsigned int)((NSEC_PER_SEC + tick_ns / 2) / tick_ns) : 0;
	if (!k->hz || k->hz > HZ_MAX)
		return err_set(e, EPROTO, "a tick of the kernel is %" PRIu64 " ns", tick_ns);
	return 0;
}

/* ---- candidates ---- */

static int learn(struct kernel *k, const struct given *g, struct err *e)
{
	struct err none;

	if (given_check(g, &k->vmcoreinfo, e) || learn_symbols(k, g, e))
		return -1;
	if (kernel_symbol(k, "linux_banner", &k->banner, e) || alive_check_banner(k, e))
		return -1;
	if (learn_types(k, g, e) || learn_direct_map(k, e) || learn_nr_cpus(k, e) ||
	    learn_percpu(k, e) || learn_hz(k, e))
		return -1;
	if (kernel_symbol(k, "system_state", &k->state, &none))
		k->state = 0;
	return 0;
}

static void kernel_detachp(struct kernel **k)
{
	kernel_detach(*k);
}

/* What fails before the kernel has shown that it is the one that @v tells of is worth another try,
 * and so is what fails while it goes away. */
static int attach_to(struct mem *m, const struct vmcoreinfo *v, const struct given *g,
		     unsigned int *kernels_left, struct kernel **ret, struct err *e)
{
	_cleanup_(kernel_detachp) struct kernel *k = calloc(1, sizeof(*k));
	struct err gone;

	if (!k)
		return err_set(e, ENOMEM, "no memory for a kernel");
	k->vmcoreinfo = *v;
	if (kmem_init(&k->mem, m, v, e) || alive_check_release(k, e)) {
		e->code = EAGAIN;
		return -1;
	}
	if (!*kernels_left)
		return err_set(e, EAGAIN, "more than %u kernels in memory", KERNELS_MAX);
	--*kernels_left;
	if (learn(k, g, e)) {
		if (alive_check_text(k, &gone) || alive_check_release(k, &gone))
			e->code = EAGAIN;
		return -1;
	}
	*ret = steal_ptr(&k);
	return 0;
}

/* One attempt's failure @now against the one kept in @e: one that waiting does not help tells more,
 * and the first of its sort tells most. */
static void keep_error(struct err *e, const struct err *now)
{
	if (!e->code || (e->code == EAGAIN && now->code != EAGAIN))
		*e = *now;
}

/* Leaves *ret NULL with *e where no candidate holds. */
static void attach_scan(struct mem *m, const struct given *g, struct kernel **ret, struct err *e)
{
	_cleanup_(kernel_detachp) struct kernel *dying = NULL;
	struct vmcoreinfo_search search;
	unsigned int kernels_left = KERNELS_MAX;
	struct vmcoreinfo v;
	struct err now;

	vmcoreinfo_search_init(&search, m);
	for (unsigned int i = 0; i < CANDIDATES_MAX; i++) {
		struct kernel *k;

		if (vmcoreinfo_next(&search, &v, &now)) {
			now.code = now.code == ENOENT ? EAGAIN : now.code;
			keep_error(e, &now);
			break;
		}
		if (attach_to(m, &v, g, &kernels_left, &k, &now)) {
			keep_error(e, &now);
			continue;
		}
		if (!alive_is_going_down(k)) {
			*ret = k;
			return;
		}
		kernel_detach(dying);
		dying = k;
	}
	*ret = steal_ptr(&dying);
}

/* A core file says which text holds, and will not change. */
static int attach_note(struct mem *m, const struct given *g, struct kernel **ret, struct err *e)
{
	const char *note = mem_vmcoreinfo(m);
	unsigned int kernels_left = 1;
	struct vmcoreinfo v;

	if (!vmcoreinfo_parse(note, strlen(note), &v, e) &&
	    !attach_to(m, &v, g, &kernels_left, ret, e))
		return 0;
	e->code = e->code == EAGAIN ? EPROTO : e->code;
	return err_prefix(e, "the core file");
}

int kernel_attach(struct mem *m, const struct kernel_sources *sources, struct kernel **ret,
		  struct err *e)
{
	struct err kept = {0};
	struct given given;

	*ret = NULL;
	if (given_init(&given, sources, e))
		return -1;
	if (mem_vmcoreinfo(m))
		return attach_note(m, &given, ret, e);
	attach_scan(m, &given, ret, &kept);
	if (*ret)
		return 0;
	*e = kept;
	return -1;
}
