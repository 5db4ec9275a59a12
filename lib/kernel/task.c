/* SPDX-License-Identifier: GPL-2.0-only */
/* Who runs. */
#include "kernel/task.h"

/* Highest first, as the kernel links them (include/asm-generic/vmlinux.lds.h, SCHED_DATA). */
static const struct {
	const char *name, *symbol;
} classes[] = {
	{"stop", "stop_sched_class"}, {"dl", "dl_sched_class"},	  {"rt", "rt_sched_class"},
	{"fair", "fair_sched_class"}, {"ext", "ext_sched_class"}, {"idle", "idle_sched_class"},
};

int task_layout_init(struct task_layout *l, const struct kernel *k, struct err *e)
{
	*l = (struct task_layout){0};
	l->pid = fields_try(&l->f, k->types, "task_struct", "pid");
	l->comm = fields_try(&l->f, k->types, "task_struct", "comm");
	l->class = fields_try(&l->f, k->types, "task_struct", "sched_class");
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		struct err missing;
		uint64_t kva;

		if (kernel_symbol(k, classes[i].symbol, &kva, &missing) < 0)
			continue;
		l->classes[l->n_classes].name = classes[i].name;
		l->classes[l->n_classes++].kva = kva;
	}
	return fields_seal(&l->f, e);
}

static uint64_t class_index(const struct task_layout *l, uint64_t kva)
{
	for (unsigned int i = 0; i < l->n_classes; i++)
		if (l->classes[i].kva == kva)
			return i;
	return FIELDS_ABSENT;
}

const char *task_class_name(const struct task_layout *l, uint64_t kva)
{
	uint64_t i = class_index(l, kva);

	return i == FIELDS_ABSENT ? NULL : l->classes[i].name;
}

int task_read(const struct task_layout *l, const struct kmem *k, uint64_t kva, struct task *ret,
	      struct err *e)
{
	struct place p = {.kva = kva};
	uint8_t buf[FIELDS_BYTES_MAX];
	size_t len;

	*ret = (struct task){.pid = FIELDS_ABSENT, .class = FIELDS_ABSENT};
	if (fields_read(&l->f, k, &p, buf, e) < 0)
		return -1;
	ret->pid = fields_get(&l->f, buf, l->pid, 0);
	ret->class = class_index(l, fields_get(&l->f, buf, l->class, 0));
	if (l->comm < 0)
		return 0;
	len = l->f.f[l->comm].m.count;
	if (len > TASK_COMM_MAX - 1)
		len = TASK_COMM_MAX - 1;
	memcpy(ret->comm, fields_bytes(&l->f, buf, l->comm), len);
	return 0;
}
