/* SPDX-License-Identifier: GPL-2.0-only */
#include "core.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

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

/*
 * Who reads a pipe may never do so: the signals that tell us to stop end us there at once, which
 * lets the machine go. In a file they wait until it can be taken away again. Returns what was
 * blocked before.
 */
static sigset_t signals_let_through(int fd)
{
	sigset_t none, before;
	struct stat st;
	bool is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);

	sigemptyset(&none);
	sigprocmask(is_file ? SIG_BLOCK : SIG_SETMASK, &none, &before);
	return before;
}

int core_write(int fd, const struct view *v, const json_t *regs, struct err *e)
{
	_cleanup_free_ struct vmcore_regs *r = NULL;
	struct vmcore_info info;
	sigset_t blocked;
	size_t n;
	int ret;

	if (regs_take(regs, &r, &n, e))
		return -1;
	coreinfo_init(&info, v->kernel);
	coreinfo_tasks(v->kernel, r, n);
	info.regs = r;
	info.n_regs = n;
	blocked = signals_let_through(fd);
	ret = vmcore_write(fd, v->target->mem, &info, e);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	return ret ? err_prefix(e, "--core") : 0;
}
