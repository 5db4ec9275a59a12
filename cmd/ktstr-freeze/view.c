/* SPDX-License-Identifier: GPL-2.0-only */
#include "view.h"

#include "base/clock.h"

int view_attach(struct view *v, struct err *e)
{
	const struct kernel_sources files = target_files(v->target);
	uint64_t start = clock_now_ns();

	if (v->kernel && kernel_is_alive(v->kernel))
		return 0;
	view_detach(v);
	if (kernel_attach(v->target->mem, &files, &v->kernel, e))
		return -1;
	if (dump_create(v->kernel, &v->dump, e)) {
		view_detach(v);
		return -1;
	}
	v->attach_ns = clock_now_ns() - start;
	return 0;
}

void view_detach(struct view *v)
{
	dump_destroy(v->dump);
	kernel_detach(v->kernel);
	v->dump = NULL;
	v->kernel = NULL;
}
