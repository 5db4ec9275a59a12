/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/kernel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void kernel_detach(struct kernel *k)
{
	if (!k)
		return;
	kallsyms_destroy(k->symbols);
	types_destroy(k->types);
	free(k->percpu);
	free(k);
}

struct kernel kernel_over(const struct kernel *k, struct mem *m)
{
	struct kernel over = *k;

	over.mem.mem = m;
	over.mem.pgtable.mem = m;
	return over;
}

int kernel_symbol(const struct kernel *k, const char *name, uint64_t *ret, struct err *e)
{
	return kallsyms_find(k->symbols, name, ret, e);
}

int kernel_btf(const struct kernel *k, uint64_t *ret_kva, uint64_t *ret_len, struct err *e)
{
	uint64_t from, to;

	if (kernel_symbol(k, "__start_BTF", &from, e) || kernel_symbol(k, "__stop_BTF", &to, e))
		return err_prefix(e, "the kernel has no BTF");
	if (to <= from || to - from > TYPES_BTF_MAX)
		return err_set(e, EPROTO, "the kernel's BTF goes from 0x%" PRIx64 " to 0x%" PRIx64,
			       from, to);
	*ret_kva = from;
	*ret_len = to - from;
	return 0;
}

int kernel_percpu(const struct kernel *k, uint64_t var, unsigned int cpu, uint64_t *ret,
		  struct err *e)
{
	if (cpu >= k->nr_cpu_ids)
		return err_set(e, EINVAL, "no CPU %u: the kernel has %u", cpu, k->nr_cpu_ids);
	*ret = var + k->percpu[cpu];
	return 0;
}

int kernel_mask_read(const struct kernel *k, uint64_t kva, uint64_t *bits, struct err *e)
{
	unsigned int words = kernel_mask_words(k);

	if (kmem_read(&k->mem, kva, bits, words * sizeof(*bits), e))
		return err_prefix(e, "CPU mask");
	if (k->nr_cpu_ids % 64)
		bits[words - 1] &= (1ull << k->nr_cpu_ids % 64) - 1;
	return 0;
}

int kernel_cpumask(const struct kernel *k, const char *name, uint64_t *bits, struct err *e)
{
	uint64_t symbol;

	if (kernel_symbol(k, name, &symbol, e))
		return err_prefix(e, "CPU mask");
	return kernel_mask_read(k, symbol, bits, e);
}

/* A number of @size bytes, with one load where the hardware has one. */
static int read_number(const struct kmem *k, uint64_t kva, uint64_t size, uint64_t *ret,
		       struct err *e)
{
	uint64_t v = 0;

	if (!size || size > sizeof(v))
		return err_set(e, EINVAL, "no number has %" PRIu64 " bytes", size);
	if (kmem_read(k, kva, &v, size, e)) /* little-endian, as we are */
		return -1;
	*ret = v;
	return 0;
}

int kernel_read_member(const struct kernel *k, uint64_t kva, const struct member *m, uint64_t *ret,
		       struct err *e)
{
	uint64_t v = 0;

	if (read_number(&k->mem, kva + m->offset, m->size, &v, e))
		return -1;
	*ret = member_number(m, v);
	return 0;
}
