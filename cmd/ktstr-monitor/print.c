/* SPDX-License-Identifier: GPL-2.0-only */
#include "print.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kernel/printk.h"

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory");
}

/* As /proc/kallsyms has them, for who may see addresses. */
static int print_kallsyms(const struct kernel *k, struct buf *ret, struct err *e)
{
	char name[KALLSYMS_NAME_MAX], type;
	uint64_t kva;

	for (size_t i = 0; i < kallsyms_count(k->symbols); i++) {
		if (kallsyms_get(k->symbols, i, name, &kva, &type, e))
			return -1;
		if (buf_addf(ret, "%016" PRIx64 " %c %s\n", kva, type, name))
			return no_memory(e);
	}
	return 0;
}

/* The bytes that /sys/kernel/btf/vmlinux gives, from where it has them. */
static int print_btf(const struct kernel *k, struct buf *ret, struct err *e)
{
	uint64_t kva, left;
	char chunk[65536];

	if (kernel_btf(k, &kva, &left, e))
		return -1;
	while (left) {
		size_t len = left < sizeof(chunk) ? left : sizeof(chunk);

		if (kmem_read(&k->mem, kva, chunk, len, e))
			return -1;
		if (buf_add(ret, chunk, len))
			return no_memory(e);
		kva += len;
		left -= len;
	}
	return 0;
}

static int print_vmcoreinfo(const struct kernel *k, struct buf *ret, struct err *e)
{
	return buf_addf(ret, "%s", k->vmcoreinfo.text) ? no_memory(e) : 0;
}

static const struct print prints[] = {
	{"dmesg", printk_text},
	{"kallsyms", print_kallsyms},
	{"btf", print_btf},
	{"vmcoreinfo", print_vmcoreinfo},
};

const struct print *print_find(const char *name)
{
	for (size_t i = 0; i < sizeof(prints) / sizeof(prints[0]); i++)
		if (strcmp(prints[i].name, name) == 0)
			return &prints[i];
	return NULL;
}
