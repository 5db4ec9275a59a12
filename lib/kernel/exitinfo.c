/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of a scheduler. */
#include "kernel/exitinfo.h"

#include <errno.h>

#define PAGE 4096u
/* enum scx_exit_kind is part of the ABI: what libraries outside the kernel know by number. */
#define KIND_DONE 1u
#define KIND_ERROR 1024u

static int fields_find(struct exitinfo_layout *l, const struct kernel *k, struct err *e)
{
	static const char type[] = "scx_exit_info";
	const struct types *t = k->types;

	if (fields_add(&l->f, t, type, "kind", &l->exit_kind, e) < 0 ||
	    fields_add(&l->f, t, type, "reason", &l->reason, e) < 0 ||
	    fields_add(&l->f, t, type, "msg", &l->msg, e) < 0)
		return -1;
	l->reason_offset = l->f.f[l->reason].m.offset;
	l->exit_code = fields_try(&l->f, t, type, "exit_code");
	l->exit_cpu = fields_try(&l->f, t, type, "exit_cpu"); /* 7.1 */
	l->flags = fields_try(&l->f, t, type, "flags");
	l->bt = fields_try(&l->f, t, type, "bt");
	l->bt_len = fields_try(&l->f, t, type, "bt_len");
	l->dump = fields_try(&l->f, t, type, "dump");
	return fields_seal(&l->f, e);
}

static void kinds_find(struct exitinfo_layout *l, const struct kernel *k)
{
	struct err missing;

	if (types_enumerator(k->types, "scx_exit_kind", "SCX_EXIT_DONE", &l->done, &missing) < 0)
		l->done = KIND_DONE;
	if (types_enumerator(k->types, "scx_exit_kind", "SCX_EXIT_ERROR", &l->error, &missing) < 0)
		l->error = KIND_ERROR;
}

/* In struct scx_sched, or in variables before 6.16 ("sched_ext: Introduce scx_sched"). */
int exitinfo_layout_init(struct exitinfo_layout *l, const struct kernel *k, struct err *e)
{
	struct err missing;

	*l = (struct exitinfo_layout){0};
	kinds_find(l, k);
	if (kernel_symbol(k, "scx_root", &l->root, &missing) == 0 &&
	    types_member(k->types, "scx_sched", "exit_kind", &l->kind, &missing) == 0 &&
	    types_member(k->types, "scx_sched", "exit_info", &l->info, &missing) == 0)
		return fields_find(l, k, e);
	l->root = 0;
	l->kind.size = sizeof(uint32_t);
	l->kind.count = 1;
	if (kernel_symbol(k, "scx_exit_kind", &l->kind_variable, e) < 0 ||
	    kernel_symbol(k, "scx_exit_info", &l->info_variable, e) < 0)
		return -1;
	return fields_find(l, k, e);
}

int exitinfo_kind_place(const struct exitinfo_layout *l, const struct kernel *k, uint64_t *ret_kva,
			struct err *e)
{
	uint64_t base;

	*ret_kva = l->kind_variable;
	if (*ret_kva)
		return 0;
	if (!l->root)
		return err_set(e, ENOENT, "this kernel has no sched_ext");
	if (kmem_u64(&k->mem, l->root, &base, e) < 0)
		return err_prefix(e, "scx_root");
	if (!base)
		return err_set(e, EAGAIN, "no sched_ext scheduler is loaded");
	*ret_kva = base + l->kind.offset;
	return 0;
}

int exitinfo_kind(const struct exitinfo_layout *l, const struct kernel *k, uint64_t kind_kva,
		  uint64_t *ret, struct err *e)
{
	uint32_t v;

	(void)l;
	if (kmem_u32(&k->mem, kind_kva, &v, e) < 0)
		return err_prefix(e, "exit_kind");
	*ret = v;
	return 0;
}

int exitinfo_place(const struct exitinfo_layout *l, const struct kernel *k, uint64_t kind_kva,
		   uint64_t *ret_kva, struct err *e)
{
	uint64_t pointer =
		l->info_variable ? l->info_variable : kind_kva - l->kind.offset + l->info.offset;

	if (kmem_u64(&k->mem, pointer, ret_kva, e) < 0)
		return err_prefix(e, "exit_info");
	return *ret_kva ? 0 : err_set(e, EAGAIN, "the scheduler has no exit info (now)");
}

/* What cannot be read is "". */
static void string_read(const struct kernel *k, uint64_t kva, char *ret, size_t size)
{
	struct err e;

	*ret = '\0';
	if (kva && kva != FIELDS_ABSENT && kmem_string(&k->mem, kva, ret, size, &e) < 0)
		*ret = '\0';
}

static void backtrace_read(const struct kernel *k, uint64_t kva, uint64_t len, struct exitinfo *ret)
{
	struct err e;

	if (!kva || kva == FIELDS_ABSENT || !len || len == FIELDS_ABSENT)
		return;
	if (len > EXITINFO_BT_MAX)
		len = EXITINFO_BT_MAX;
	if (kmem_read(&k->mem, kva, ret->bt, len * sizeof(*ret->bt), &e) == 0)
		ret->n_bt = (unsigned int)len;
}

int exitinfo_read(const struct exitinfo_layout *l, const struct kernel *k, uint64_t kva,
		  struct exitinfo *ret, struct err *e)
{
	struct place p = {.kva = kva};
	uint8_t buf[FIELDS_BYTES_MAX];

	*ret = (struct exitinfo){0};
	if (fields_read(&l->f, &k->mem, &p, buf, e) < 0)
		return err_prefix(e, "exit_info");
	ret->kind = fields_get(&l->f, buf, l->exit_kind, 0);
	ret->flags = fields_get(&l->f, buf, l->flags, 0);
	ret->exit_code = (int64_t)fields_get(&l->f, buf, l->exit_code, 0);
	ret->has_exit_cpu = l->exit_cpu >= 0;
	ret->exit_cpu = (int64_t)fields_get(&l->f, buf, l->exit_cpu, 0);
	string_read(k, fields_get(&l->f, buf, l->reason, 0), ret->reason, sizeof(ret->reason));
	string_read(k, fields_get(&l->f, buf, l->msg, 0), ret->msg, sizeof(ret->msg));
	backtrace_read(k, fields_get(&l->f, buf, l->bt, 0), fields_get(&l->f, buf, l->bt_len, 0),
		       ret);
	ret->dump = l->dump < 0 ? 0 : fields_get(&l->f, buf, l->dump, 0);
	return 0;
}

int exitinfo_dump(const struct exitinfo *x, const struct kernel *k, struct buf *ret, struct err *e)
{
	uint64_t kva = x->dump;
	char page[PAGE];

	if (!kva)
		return err_set(e, ENOENT, "the kernel keeps no dump");
	for (size_t done = 0; done < EXITINFO_DUMP_MAX;) {
		size_t n = PAGE - kva % PAGE, len;

		if (n > EXITINFO_DUMP_MAX - done)
			n = EXITINFO_DUMP_MAX - done;
		if (kmem_read(&k->mem, kva, page, n, e) < 0)
			return done ? 0 : err_prefix(e, "the kernel's dump");
		len = strnlen(page, n);
		if (buf_add(ret, page, len) < 0)
			return err_set(e, ENOMEM, "out of memory");
		if (len < n)
			break;
		done += n;
		kva += n;
	}
	return 0;
}
