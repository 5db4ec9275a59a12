/* SPDX-License-Identifier: GPL-2.0-only */
/* Symbols of the BPF JIT. */
#include "kernel/bpfsyms.h"

#include "kernel/klist.h"

void bpfsyms_layout_init(struct bpfsyms_layout *l, const struct kernel *k)
{
	static const char type[] = "bpf_ksym";
	struct err missing;
	struct member node;

	*l = (struct bpfsyms_layout){0};
	if (types_member(k->types, type, "lnode", &node, &missing) < 0 ||
	    types_member(k->types, type, "start", &l->start, &missing) < 0 ||
	    types_member(k->types, type, "end", &l->end, &missing) < 0 ||
	    types_member(k->types, type, "name", &l->name, &missing) < 0)
		return;
	l->node = node.offset;
	if (kernel_symbol(k, "bpf_kallsyms", &l->list, &missing) < 0)
		l->list = 0;
}

struct search {
	const struct bpfsyms_layout *l;
	const struct kernel *k;
	struct bpfsym *syms;
	unsigned int n, unnamed;
};

static void name_read(const struct search *s, uint64_t ksym, uint64_t start, struct bpfsym *ret)
{
	size_t size = s->l->name.count < sizeof(ret->name) ? s->l->name.count : sizeof(ret->name);
	struct err e;

	if (!size || kmem_string(&s->k->mem, ksym + s->l->name.offset, ret->name, size, &e) < 0)
		*ret->name = '\0';
	ret->start = start;
}

static int ksym_look(void *arg, uint64_t node)
{
	struct search *s = arg;
	uint64_t ksym = node - s->l->node, start, end;
	struct err e;

	if (kernel_read_member(s->k, ksym, &s->l->start, &start, &e) < 0 ||
	    kernel_read_member(s->k, ksym, &s->l->end, &end, &e) < 0)
		return 1;
	for (unsigned int i = 0; i < s->n; i++) {
		struct bpfsym *sym = &s->syms[i];

		if (*sym->name || sym->kva < start || sym->kva >= end)
			continue;
		name_read(s, ksym, start, sym);
		s->unnamed -= *sym->name != '\0';
	}
	return s->unnamed == 0;
}

unsigned int bpfsyms_find(const struct bpfsyms_layout *l, const struct kernel *k,
			  struct bpfsym *syms, unsigned int n)
{
	struct search s = {.l = l, .k = k, .syms = syms, .n = n};
	struct err e;

	for (unsigned int i = 0; i < n; i++)
		s.unnamed += *syms[i].name == '\0';
	if (l->list && s.unnamed)
		klist_walk(&k->mem, l->list, BPFSYMS_MAX, ksym_look, &s, &e);
	return s.unnamed;
}
