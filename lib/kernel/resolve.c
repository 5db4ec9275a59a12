/* SPDX-License-Identifier: GPL-2.0-only */
/* Names to places. */
#include "kernel/resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

#define POINTERS_MAX 32u /* followed on one path */

/* Variables whose types BTF does not tell: that has per-CPU ones only, as a rule. */
static const struct {
	const char *symbol, *type;
	bool is_pointer;
} roots[] = {
	{"scx_root", "scx_sched", true},
	{"scx_exit_info", "scx_exit_info", true}, /* before 6.16, as what follows */
	{"scx_ops", "sched_ext_ops", false},
	{"init_task", "task_struct", false},
	{"init_mm", "mm_struct", false},
	{"init_uts_ns", "uts_namespace", false},
	{"root_task_group", "task_group", false},
	{"cgrp_dfl_root", "cgroup_root", false},
	{"def_root_domain", "root_domain", false},
	{"prog_idr", "idr", false},
	{"map_idr", "idr", false},
	{"init_pid_ns", "pid_namespace", false},
	{"tick_broadcast_device", "tick_device", false},
};

/* Where a path has led. */
struct at {
	const struct kernel *k;
	uint64_t kva, len;
	uint32_t type;	/* modifiers and typedefs taken off; 0 when not known */
	uint32_t count; /* elements, of an array; 1 otherwise */
	uint32_t leads; /* what a pointer of no type of its own leads to; 0 for none */
	unsigned int pointers;
};

/* ---- types ---- */

/* What @id is, modifiers and typedefs taken off. */
static const struct btf_type *type_of(const struct kernel *k, uint32_t *id)
{
	const struct btf *btf = types_btf(k->types);

	for (unsigned int i = 0; i < TYPES_DEPTH_MAX; i++) {
		const struct btf_type *t = btf__type_by_id(btf, *id);

		if (!t || !(btf_is_mod(t) || btf_is_typedef(t)))
			return t;
		*id = t->type;
	}
	return NULL;
}

static int type_set(struct at *a, uint32_t id, struct err *e)
{
	const struct btf_type *t = type_of(a->k, &id);

	a->type = id;
	a->count = 1;
	a->leads = 0;
	if (t && btf_is_array(t)) {
		a->count = btf_array(t)->nelems;
		a->type = btf_array(t)->type;
		t = type_of(a->k, &a->type);
	}
	if (!t)
		return err_set(e, EPROTO, "its type makes no sense");
	if (btf_is_ptr(t))
		a->len = sizeof(uint64_t);
	else if (btf_is_int(t) || btf_is_any_enum(t) || btf_is_composite(t) || btf_is_float(t))
		a->len = t->size;
	else
		return err_set(e, EPROTO, "its type has no size");
	return 0;
}

/* Whether @a is at a pointer; *ret is the type that it leads to. */
static bool is_pointer(const struct at *a, uint32_t *ret)
{
	uint32_t id = a->type;
	const struct btf_type *t = id ? type_of(a->k, &id) : NULL;

	*ret = a->leads;
	if (a->leads || !t || !btf_is_ptr(t) || a->count != 1)
		return a->leads;
	*ret = t->type;
	return true;
}

/* Go to where the pointer at @a leads, as an object of type @target. */
static int pointer_follow(struct at *a, uint32_t target, struct err *e)
{
	uint64_t kva;

	if (++a->pointers > POINTERS_MAX)
		return err_set(e, EINVAL, "more than %u pointers", POINTERS_MAX);
	if (kmem_u64(&a->k->mem, a->kva, &kva, e) < 0)
		return err_set(e, ENOENT, "a pointer on the way is not in memory");
	if (!kva)
		return err_set(e, ENOENT, "a pointer on the way is NULL");
	a->kva = kva;
	return type_set(a, target, e);
}

/* ---- one step ---- */

/* [@i] of an array or of what a pointer leads to. */
static int index_enter(struct at *a, uint64_t i, struct err *e)
{
	uint32_t target;

	if (is_pointer(a, &target)) {
		if (pointer_follow(a, target, e) < 0)
			return -1;
	} else if (a->count == 1) {
		return err_set(e, ENOENT, "there is no array");
	} else if (a->count && i >= a->count) {
		return err_set(e, ENOENT, "[%llu] is behind the last of %u", (unsigned long long)i,
			       a->count);
	} else {
		a->count = 1;
	}
	a->kva += i * a->len;
	return 0;
}

/* .@name */
static int member_enter(struct at *a, const char *name, struct err *e)
{
	const struct btf_type *t;
	struct member m;
	uint32_t target;

	if (is_pointer(a, &target) && pointer_follow(a, target, e) < 0)
		return -1;
	t = a->type ? type_of(a->k, &a->type) : NULL;
	if (!t || !btf_is_composite(t) || a->count != 1)
		return err_set(e, ENOENT, "no struct whose type is known has the member '%s'",
			       name);
	if (types_member_of(a->k->types, a->type, name, &m, e) < 0)
		return -1;
	a->kva += m.offset;
	a->len = m.size;
	a->type = m.type;
	a->count = m.count;
	return 0;
}

/* ---- the start ---- */

/* The type of per-CPU variable @name, 0 for none. */
static uint32_t percpu_type(const struct kernel *k, const char *name)
{
	const struct btf *btf = types_btf(k->types);
	uint32_t n = btf__type_cnt(btf);

	for (uint32_t id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *have;

		if (!btf_is_var(t))
			continue;
		have = btf__str_by_offset(btf, t->name_off);
		if (have && strcmp(have, name) == 0)
			return t->type;
	}
	return 0;
}

static int percpu_enter(struct at *a, uint32_t type, unsigned int cpu, struct err *e)
{
	if (kernel_percpu(a->k, a->kva, cpu, &a->kva, e) < 0)
		return -1;
	return type_set(a, type, e);
}

/* How long the variable at @kva can be. */
static uint64_t length_guess(const struct kernel *k, uint64_t kva)
{
	char name[KALLSYMS_NAME_MAX];
	uint64_t len = sizeof(uint64_t), offset;
	struct err e;

	while (len > 1 && kva % len)
		len /= 2;
	for (uint64_t i = 1; i < len; i++)
		if (kallsyms_name(k->symbols, kva + i, name, &offset, &e) == 0 && offset < i)
			while (len > i)
				len /= 2;
	return len;
}

static int root_enter(struct at *a, const char *symbol, struct err *e)
{
	struct err missing;

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		uint32_t id;

		if (strcmp(roots[i].symbol, symbol) != 0 ||
		    types_find(a->k->types, roots[i].type, BTF_KIND_STRUCT, &id, &missing) < 0)
			continue;
		if (!roots[i].is_pointer)
			return type_set(a, id, e);
		a->leads = id;
		a->len = sizeof(uint64_t);
		return 0;
	}
	a->len = length_guess(a->k, a->kva);
	return 0;
}

/* Go to variable @symbol, on @cpu if that is not NULL. */
static int start_enter(struct at *a, const char *symbol, const char *cpu, struct err *e)
{
	unsigned int number = 0;
	uint32_t type;

	if (kernel_symbol(a->k, symbol, &a->kva, e) < 0)
		return -1;
	if (cpu && parse_uint(cpu, 0, KERNEL_CPUS_MAX - 1, &number, e) < 0)
		return err_prefix(e, "CPU");
	type = percpu_type(a->k, symbol);
	if (type)
		return percpu_enter(a, type, number, e);
	if (cpu)
		return err_set(e, ENOENT, "'%s' is no per-CPU variable", symbol);
	return root_enter(a, symbol, e);
}

/* ---- the path ---- */

/* Cut the number off in front of `]`; *p is behind that afterwards. */
static int index_parse(char **p, uint64_t *ret, struct err *e)
{
	char *end = strchr(*p, ']');
	unsigned int i;

	if (!end)
		return err_set(e, EINVAL, "a '[' has no ']'");
	*end = '\0';
	if (parse_uint(*p, 0, INT32_MAX, &i, e) < 0)
		return -1;
	*ret = i;
	*p = end + 1;
	return 0;
}

/* Go where @p, of members and indices, leads. It is cut to pieces. */
static int members_enter(struct at *a, char *p, struct err *e)
{
	while (*p) {
		char what = *p, *name = ++p;
		uint64_t i = 0;

		if (what == '[') {
			if (index_parse(&p, &i, e) < 0 || index_enter(a, i, e) < 0)
				return -1;
			continue;
		}
		if (what != '.')
			return err_set(e, EINVAL, "no '.' or '[' at '%c%s'", what, p);
		p += strcspn(p, ".[");
		what = *p;
		*p = '\0';
		if (!*name)
			return err_set(e, EINVAL, "a member has no name");
		if (member_enter(a, name, e) < 0)
			return -1;
		*p = what;
	}
	return 0;
}

/* SYMBOL:LEN */
static int sized_enter(struct at *a, const char *symbol, const char *len, struct err *e)
{
	unsigned int n;

	if (parse_uint(len, 1, sizeof(uint64_t), &n, e) < 0)
		return err_prefix(e, "length");
	if (n & (n - 1))
		return err_set(e, EINVAL, "a length is 1, 2, 4 or 8");
	if (start_enter(a, symbol, NULL, e) < 0)
		return -1;
	a->len = n;
	return 0;
}

static int path_enter(struct at *a, char *path, struct err *e)
{
	char *rest, *cpu = NULL, what;
	struct err missing;
	uint64_t kva;
	int ret;

	/* Names of symbols have dots in them, too. */
	if (kernel_symbol(a->k, path, &kva, &missing) == 0)
		return start_enter(a, path, NULL, e);
	rest = strchr(path, ':');
	if (rest) {
		*rest = '\0';
		return sized_enter(a, path, rest + 1, e);
	}
	rest = path + strcspn(path, ".[");
	what = *rest;
	*rest = '\0';
	cpu = strchr(path, '@');
	if (cpu)
		*cpu++ = '\0';
	ret = start_enter(a, path, cpu, e);
	*rest = what;
	return ret < 0 ? -1 : members_enter(a, rest, e);
}

int resolve(const struct kernel *k, const char *path, uint64_t *ret_kva, uint64_t *ret_len,
	    struct err *e)
{
	static const char prefix[] = "kernel.";
	struct at a = {.k = k, .count = 1};
	char copy[RESOLVE_PATH_MAX];
	const char *from = path;
	struct err missing;
	uint64_t root;

	if (strncmp(path, prefix, sizeof(prefix) - 1) == 0)
		from += sizeof(prefix) - 1;
	if (strcmp(from, "exit_kind") == 0) /* the variable before 6.16 */
		from = kernel_symbol(k, "scx_root", &root, &missing) == 0 ? "scx_root.exit_kind"
									  : "scx_exit_kind:4";
	if (strlen(from) >= sizeof(copy))
		err_set(e, EINVAL, "it is longer than %u", RESOLVE_PATH_MAX - 1);
	else if (path_enter(&a, strcpy(copy, from), e) == 0) {
		*ret_kva = a.kva;
		*ret_len = a.len * (a.count ? a.count : 1);
		return 0;
	}
	return err_prefix(e, "'%s' did not resolve", path);
}
