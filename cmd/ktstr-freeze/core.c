/* SPDX-License-Identifier: GPL-2.0-only */
#include "core.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "kernel/coreinfo.h"
#include "vm/regs.h"

/* A core without registers is one, too. */
static int regs_take(const json_t *regs, struct vmcore_regs **ret, size_t *ret_n, struct err *e)
{
	size_t n = json_array_size(regs);

	*ret_n = 0;
	*ret = calloc(n ? n : 1, sizeof(**ret));
	if (!*ret)
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		if (vm_regs_parse(json_array_get(regs, i), &(*ret)[i], e))
			return -1;
	*ret_n = n;
	return 0;
}

int core_write(int fd, const struct view *v, const json_t *regs, struct err *e)
{
	_cleanup_free_ struct vmcore_regs *r = NULL;
	struct vmcore_info info;
	size_t n;

	if (regs_take(regs, &r, &n, e))
		return -1;
	coreinfo_init(&info, v->kernel);
	coreinfo_tasks(v->kernel, r, n);
	info.regs = r;
	info.n_regs = n;
	return vmcore_write(fd, v->target->mem, &info, e) ? err_prefix(e, "--core") : 0;
}
