/* SPDX-License-Identifier: GPL-2.0-only */
/* Part of a dump: why the scheduler ended. */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "dump/sched_parts.h"

int sched_exit_init(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	bpfsyms_layout_init(&d->bpfsyms, k);
	return exitinfo_layout_init(&d->exit_layout, k, e);
}

/* The functions that the return addresses @bt lie in: a call at the very end of a function returns
 * to the next one, so the byte before is looked up. */
static void symbols_read(const struct bpfsyms_layout *l, const struct kernel *k,
			 const struct exitinfo *x, struct bpfsym *ret)
{
	for (unsigned int i = 0; i < x->n_bt; i++) {
		struct bpfsym *s = &ret[i];
		uint64_t offset;
		struct err e;

		s->kva = x->bt[i] - 1;
		*s->name = '\0';
		if (kallsyms_name(k->symbols, s->kva, s->name, &offset, &e) < 0)
			*s->name = '\0';
		else
			s->start = s->kva - offset;
	}
	bpfsyms_find(l, k, ret, x->n_bt);
}

static json_t *frame_json(uint64_t kva, const struct bpfsym *s, bool *failed)
{
	struct object o = object_new(failed);
	char symbol[KALLSYMS_NAME_MAX + 24];

	put(o, "address", sched_hex(kva));
	snprintf(symbol, sizeof(symbol), "%s+0x%llx", s->name,
		 (unsigned long long)(kva - s->start));
	put(o, "symbol", *s->name ? sched_line(symbol) : json_null());
	return o.json;
}

static json_t *exit_json(const struct kernel *k, const struct exitinfo_layout *l,
			 const struct exitinfo *x, const struct bpfsym *symbols,
			 const struct buf *dump, bool *failed)
{
	struct object o = object_new(failed);
	const char *kind = types_enum_name(k->types, "scx_exit_kind", x->kind);
	json_t *frames;

	put(o, "kind", sched_u64(x->kind));
	put(o, "kind_name", kind ? sched_line(kind) : json_null());
	put(o, "exit_code", l->exit_code < 0 ? json_null() : json_integer(x->exit_code));
	put(o, "exit_cpu", x->has_exit_cpu ? json_integer(x->exit_cpu) : json_null());
	put(o, "flags", sched_u64(x->flags));
	put(o, "reason", sched_line(x->reason));
	put(o, "msg", sched_line(x->msg));
	frames = put_array(o, "backtrace");
	for (unsigned int i = 0; i < x->n_bt; i++)
		add(o, frames, frame_json(x->bt[i], &symbols[i], failed));
	put(o, "dump", sched_text(buf_text(dump), dump->len));
	return o.json;
}

/* The dump is written before exit_kind says that all is done. */
int sched_exit_read(struct sched_dump *d, const struct kernel *k, struct err *e)
{
	const struct exitinfo_layout *l = &d->exit_layout;
	uint64_t kind_kva, kind, info;
	struct err missing;

	d->has_exit = false;
	d->exit_dump.len = 0;
	if (exitinfo_kind_place(l, k, &kind_kva, e) < 0 ||
	    exitinfo_kind(l, k, kind_kva, &kind, e) < 0 ||
	    exitinfo_place(l, k, kind_kva, &info, e) < 0 ||
	    exitinfo_read(l, k, info, &d->exit, e) < 0)
		return -1;
	d->has_exit = true;
	symbols_read(&d->bpfsyms, k, &d->exit, d->symbols);
	if (kind == l->done)
		exitinfo_dump(&d->exit, k, &d->exit_dump, &missing);
	return 0;
}

json_t *sched_exit_json(const struct sched_dump *d, const struct kernel *k, bool *failed)
{
	return exit_json(k, &d->exit_layout, &d->exit, d->symbols, &d->exit_dump, failed);
}

/* ---- for watches ---- */

/* Whether this kernel has nothing of all this. */
static bool exit_lacks(const struct sched_dump *d, struct err *e)
{
	if (d->lacks[SCHED_EXIT].code)
		*e = d->lacks[SCHED_EXIT];
	return d->lacks[SCHED_EXIT].code;
}

int sched_exit_places(const struct sched_dump *d, const struct kernel *k,
		      struct sched_exit_places *ret, struct err *e)
{
	const struct exitinfo_layout *l = &d->exit_layout;
	struct err missing;
	uint64_t info;

	*ret = (struct sched_exit_places){0};
	if (exit_lacks(d, e) || exitinfo_kind_place(l, k, &ret->kind.kva, e) < 0)
		return -1;
	ret->kind.len = sizeof(uint32_t);
	if (exitinfo_place(l, k, ret->kind.kva, &info, &missing) == 0) {
		ret->reason.kva = info + l->reason_offset;
		ret->reason.len = sizeof(uint64_t);
	}
	if (l->root) {
		ret->root.kva = l->root;
		ret->root.len = sizeof(uint64_t);
	}
	return 0;
}

int sched_exit_kind(const struct sched_dump *d, const struct kernel *k, uint64_t kva,
		    uint64_t *ret_kind, bool *ret_is_error, struct err *e)
{
	if (exitinfo_kind(&d->exit_layout, k, kva, ret_kind, e) < 0)
		return -1;
	*ret_is_error = *ret_kind >= d->exit_layout.error;
	return 0;
}

json_t *sched_exit_info_json(const struct sched_dump *d, const struct kernel *k, uint64_t kind_kva,
			     bool with_dump, struct err *e)
{
	const struct exitinfo_layout *l = &d->exit_layout;
	_cleanup_free_ struct bpfsym *symbols = calloc(EXITINFO_BT_MAX, sizeof(*symbols));
	_cleanup_buf_ struct buf dump = {0};
	struct exitinfo x;
	bool failed = false;
	struct err missing;
	uint64_t info;
	json_t *ret;

	if (!symbols) {
		err_set(e, ENOMEM, "out of memory");
		return NULL;
	}
	if (exit_lacks(d, e) || exitinfo_place(l, k, kind_kva, &info, e) < 0 ||
	    exitinfo_read(l, k, info, &x, e) < 0)
		return json_null();
	symbols_read(&d->bpfsyms, k, &x, symbols);
	if (with_dump)
		exitinfo_dump(&x, k, &dump, &missing);
	ret = exit_json(k, l, &x, symbols, &dump, &failed);
	if (!failed)
		return ret;
	json_decref(ret);
	err_set(e, ENOMEM, "out of memory");
	return NULL;
}
