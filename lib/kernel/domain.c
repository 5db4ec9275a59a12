/* SPDX-License-Identifier: GPL-2.0-only */
/* Scheduling domains. */
#include "kernel/domain.h"

#include <errno.h>
#include <stdio.h>

/* The members that are columns, in order. An array (by idle type) makes three. */
static const char *const members[] = {
	"flags",
	"span_weight",
	"balance_interval",
	"nr_balance_failed",
	"max_newidle_lb_cost",
	"newidle_call", /* these three since 6.19, 6.18.5 and 6.12.65 */
	"newidle_success",
	"newidle_ratio",
	"lb_count",
	"lb_failed",
	"lb_balanced",
	"lb_imbalance", /* until 6.14, which told the four kinds apart */
	"lb_imbalance_load",
	"lb_imbalance_util",
	"lb_imbalance_task",
	"lb_imbalance_misfit",
	"lb_gained",
	"lb_hot_gained",
	"lb_nobusyg",
	"lb_nobusyq",
	"alb_count",
	"alb_failed",
	"alb_pushed",
	"sbe_count",
	"sbe_balanced",
	"sbe_pushed",
	"sbf_count",
	"sbf_balanced",
	"sbf_pushed",
	"ttwu_wake_remote",
	"ttwu_move_affine",
	"ttwu_move_balance",
};

static void column_add(struct domain_layout *l, const char *name, int field)
{
	uint32_t count = l->f.f[field].m.count;

	for (uint32_t i = 0; i < count && i < DOMAIN_IDLE_TYPES; i++) {
		struct domain_column *c = &l->columns[l->n_columns];

		if (l->n_columns == DOMAIN_COLUMNS_MAX)
			return;
		if (count == 1)
			snprintf(c->name, sizeof(c->name), "%s", name);
		else
			snprintf(c->name, sizeof(c->name), "%s_%u", name, i);
		c->field = field;
		c->element = i;
		l->n_columns++;
	}
}

int domain_layout_init(struct domain_layout *l, const struct kernel *k, struct err *e)
{
	*l = (struct domain_layout){0};
	l->parent = fields_try(&l->f, k->types, "sched_domain", "parent");
	l->level = fields_try(&l->f, k->types, "sched_domain", "level");
	l->name = fields_try(&l->f, k->types, "sched_domain", "name");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		int field = fields_try(&l->f, k->types, "sched_domain", members[i]);

		if (field >= 0)
			column_add(l, members[i], field);
	}
	return fields_seal(&l->f, e);
}

/* The name is a pointer into the kernel; one that cannot be read is no name. */
static void name_read(const struct kmem *k, uint64_t kva, char ret[DOMAIN_NAME_MAX])
{
	struct err none;

	if (!kva || kva == FIELDS_ABSENT || kmem_string(k, kva, ret, DOMAIN_NAME_MAX, &none) < 0)
		ret[0] = '\0';
	err_text_clean(ret);
}

static int head_read(const struct domain_layout *l, const struct kmem *k, uint64_t kva,
		     struct domain *ret, struct err *e)
{
	struct place p = {.kva = kva};
	uint8_t buf[FIELDS_BYTES_MAX];

	if (fields_read(&l->f, k, &p, buf, e) < 0)
		return -1;
	ret->kva = kva;
	ret->parent = l->parent < 0 ? 0 : fields_get(&l->f, buf, l->parent, 0);
	ret->level = (int)fields_get(&l->f, buf, l->level, 0);
	name_read(k, fields_get(&l->f, buf, l->name, 0), ret->name);
	return 0;
}

static bool was_seen(const struct domain *d, unsigned int n, uint64_t kva)
{
	for (unsigned int i = 0; i < n; i++)
		if (d[i].kva == kva)
			return true;
	return false;
}

int domain_walk(const struct domain_layout *l, const struct kmem *k, uint64_t kva,
		struct domain ret[DOMAIN_DEPTH_MAX], unsigned int *ret_n, struct err *e)
{
	for (*ret_n = 0; kva && kva != FIELDS_ABSENT; kva = ret[*ret_n - 1].parent) {
		if (was_seen(ret, *ret_n, kva))
			return err_set(e, ELOOP, "the sched domains come back to 0x%llx",
				       (unsigned long long)kva);
		if (*ret_n == DOMAIN_DEPTH_MAX)
			return err_set(e, ELOOP, "more than %u sched domains, at 0x%llx",
				       DOMAIN_DEPTH_MAX, (unsigned long long)kva);
		if (head_read(l, k, kva, &ret[*ret_n], e) < 0)
			return err_prefix(e, "sched domain");
		++*ret_n;
	}
	return 0;
}

int domain_read(const struct domain_layout *l, const struct kmem *k, const struct domain *d,
		uint64_t *ret, struct err *e)
{
	struct place p = {.kva = d->kva};
	uint8_t buf[FIELDS_BYTES_MAX];

	if (fields_read(&l->f, k, &p, buf, e) < 0)
		return -1;
	if ((l->parent >= 0 && fields_get(&l->f, buf, l->parent, 0) != d->parent) ||
	    (int)fields_get(&l->f, buf, l->level, 0) != d->level)
		return err_set(e, ESTALE, "the sched domain at 0x%llx is another one now",
			       (unsigned long long)d->kva);
	for (unsigned int i = 0; i < l->n_columns; i++)
		ret[i] = fields_get(&l->f, buf, l->columns[i].field, l->columns[i].element);
	return 0;
}
