/* SPDX-License-Identifier: GPL-2.0-only */
#include "mem/source.h"

#include <errno.h>

static int kdump_missing(struct err *e)
{
	return err_set(e, ENOTSUP,
		       "a kdump-compressed core, and this was built without libkdumpfile");
}

int kdump_open(int fd, struct kdump **ret, char **ret_vmcoreinfo, struct err *e)
{
	(void)fd;
	*ret = NULL;
	*ret_vmcoreinfo = NULL;
	return kdump_missing(e);
}

void kdump_close(struct kdump *k)
{
	(void)k;
}

int kdump_read_memory(struct kdump *k, uint64_t gpa, void *buf, size_t len, struct err *e)
{
	(void)k, (void)gpa, (void)buf, (void)len;
	return kdump_missing(e);
}

int kdump_find_memory(struct kdump *k, uint64_t from_gpa, const void *needle, size_t len,
		      size_t align, uint64_t *ret_gpa, struct err *e)
{
	(void)k, (void)from_gpa, (void)needle, (void)len, (void)align, (void)ret_gpa;
	return kdump_missing(e);
}

uint64_t kdump_memory_size(const struct kdump *k)
{
	(void)k;
	return 0;
}

uint64_t kdump_memory_end(const struct kdump *k)
{
	(void)k;
	return 0;
}
