/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/coreinfo.h"

/* A pointer or number at @kva + the member's offset; 0 when there is none such. */
static uint64_t member_of(const struct kernel *k, const char *type, const char *name, uint64_t kva)
{
	struct member m;
	struct err e;
	uint64_t v;

	if (types_member(k->types, type, name, &m, &e) || kernel_read_member(k, kva, &m, &v, &e))
		return 0;
	return v;
}

/* As the kernel's own for its crash dumps: _text.._end (arch/x86/kernel/crash.c). */
static void image_init(struct vmcore_info *ret, const struct kernel *k)
{
	uint64_t from, to;
	struct err e;

	if (kernel_symbol(k, "_text", &from, &e) || kernel_symbol(k, "_end", &to, &e) ||
	    from < k->mem.image_base || to <= from || to > k->mem.image_end)
		return;
	ret->image_base = from;
	ret->image_len = to - from;
	ret->image_phys = from - k->mem.image_base + k->mem.phys_base;
}

void coreinfo_init(struct vmcore_info *ret, const struct kernel *k)
{
	*ret = (struct vmcore_info){.vmcoreinfo = k->vmcoreinfo.text,
				    .page_offset = k->mem.page_offset};
	image_init(ret, k);
}

void coreinfo_tasks(const struct kernel *k, struct vmcore_regs *regs, size_t n)
{
	uint64_t runqueues, rq, task;
	struct err e;

	if (kernel_symbol(k, "runqueues", &runqueues, &e))
		return;
	for (size_t i = 0; i < n && i < k->nr_cpu_ids; i++) {
		if (kernel_percpu(k, runqueues, (unsigned int)i, &rq, &e))
			continue;
		task = member_of(k, "rq", "curr", rq);
		if (task)
			regs[i].pid = (uint32_t)member_of(k, "task_struct", "pid", task);
	}
}
