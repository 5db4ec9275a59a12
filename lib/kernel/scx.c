/* SPDX-License-Identifier: GPL-2.0-only */
/* sched_ext's own state. */
#include "kernel/scx.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

/*
 * Where each number is: a member of struct scx_sched, else a variable, newest name first. The
 * scx_ops_ names went with 6.16 ("sched_ext: Drop "ops" from scx_ops_enable_state and friends"),
 * which also brought struct scx_sched; the others moved there one by one until 7.1.
 */
static const struct {
	const char *member, *variables[2];
	unsigned int size; /* of the variable */
} sources[SCX_NUMBERS] = {
	[SCX_ENABLE_STATE] = {NULL, {"scx_enable_state_var", "scx_ops_enable_state_var"}, 4},
	[SCX_EXIT_KIND] = {"exit_kind", {"scx_exit_kind"}, 4},
	[SCX_ABORTING] = {"aborting", {"scx_aborting"}, 1},
	[SCX_BYPASS_DEPTH] = {"bypass_depth", {"scx_bypass_depth", "scx_ops_bypass_depth"}, 4},
	[SCX_WATCHDOG_TIMEOUT] = {"watchdog_timeout", {"scx_watchdog_timeout"}, 8},
	[SCX_NR_REJECTED] = {NULL, {"scx_nr_rejected"}, 8},
};

const char *const scx_number_names[SCX_NUMBERS] = {
	[SCX_ENABLE_STATE] = "scx_enable_state",
	[SCX_EXIT_KIND] = "scx_exit_kind",
	[SCX_ABORTING] = "scx_aborting",
	[SCX_BYPASS_DEPTH] = "scx_bypass_depth",
	[SCX_WATCHDOG_TIMEOUT] = "scx_watchdog_timeout",
	[SCX_NR_REJECTED] = "scx_nr_rejected",
};

static uint64_t symbol_or_0(const struct kernel *k, const char *name)
{
	struct err missing;
	uint64_t ret;

	return name && kernel_symbol(k, name, &ret, &missing) == 0 ? ret : 0;
}

static void numbers_find(struct scx_layout *l, const struct kernel *k)
{
	for (unsigned int i = 0; i < SCX_NUMBERS; i++) {
		l->members[i] = -1;
		if (l->root && sources[i].member)
			l->members[i] =
				fields_try(&l->sched, k->types, "scx_sched", sources[i].member);
		for (unsigned int j = 0; j < 2 && l->members[i] < 0 && !l->variables[i]; j++)
			l->variables[i] = symbol_or_0(k, sources[i].variables[j]);
	}
}

static void name_find(struct scx_layout *l, const struct kernel *k)
{
	struct member m;
	struct err missing;

	if (l->root && types_member(k->types, "scx_sched", "ops.name", &m, &missing) == 0) {
		l->name_offset = m.offset;
		return;
	}
	/* Before 6.16 ("sched_ext: Move event_stats_cpu into scx_sched" and its series). */
	if (types_member(k->types, "sched_ext_ops", "name", &m, &missing) < 0)
		return;
	l->ops = symbol_or_0(k, "scx_ops");
	l->name_offset = m.offset;
}

/*
 * The counters, newest first: in scx_sched.pcpu (6.18, 6.17.7), behind scx_sched.event_stats_cpu
 * (6.16), in the per-CPU variable event_stats_cpu (6.15).
 */
static void events_find(struct scx_layout *l, const struct kernel *k)
{
	struct member m;
	struct err missing;

	l->events_pointer = -1;
	if (l->root && types_member(k->types, "scx_sched_pcpu", "event_stats", &m, &missing) == 0) {
		l->events_pointer = fields_try(&l->sched, k->types, "scx_sched", "pcpu");
		l->events_offset = m.offset;
	}
	if (l->root && l->events_pointer < 0) {
		l->events_pointer = fields_try(&l->sched, k->types, "scx_sched", "event_stats_cpu");
		l->events_offset = 0;
	}
	if (l->events_pointer < 0)
		l->events_variable = symbol_or_0(k, "event_stats_cpu");
}

static void event_name(char ret[SCX_EVENT_NAME_MAX], const char *member)
{
	static const char prefix[] = "SCX_EV_";
	size_t i;

	if (strncmp(member, prefix, sizeof(prefix) - 1) == 0)
		member += sizeof(prefix) - 1;
	for (i = 0; i < SCX_EVENT_NAME_MAX - 1 && member[i]; i++)
		ret[i] = isalnum((unsigned char)member[i]) ? (char)tolower((unsigned char)member[i])
							   : '_';
	ret[i] = '\0';
}

static int event_names_find(struct scx_layout *l, const struct kernel *k, struct err *e)
{
	struct err missing;
	struct member m;
	const char *name;
	uint32_t type;
	size_t n;
	int index;

	if (l->events_pointer < 0 && !l->events_variable)
		return 0;
	if (types_find(k->types, "scx_event_stats", BTF_KIND_STRUCT, &type, &missing) < 0)
		return 0;
	l->event_names = calloc(SCX_EVENTS_MAX, sizeof(*l->event_names));
	if (!l->event_names)
		return err_set(e, ENOMEM, "out of memory");
	n = types_members(k->types, type);
	for (size_t i = 0; i < n && l->events.n < SCX_EVENTS_MAX; i++) {
		if (types_member_at(k->types, type, i, &name, &m, &missing) < 0 || !*name ||
		    m.count != 1 || fields_add_member(&l->events, &m, &index, &missing) < 0)
			continue;
		event_name(l->event_names[index], name);
	}
	return 0;
}

int scx_layout_init(struct scx_layout *l, const struct kernel *k, struct err *e)
{
	*l = (struct scx_layout){0};
	l->root = symbol_or_0(k, "scx_root");
	numbers_find(l, k);
	name_find(l, k);
	events_find(l, k);
	l->id = l->root ? fields_try(&l->sched, k->types, "scx_sched", "id") : -1;
	if (event_names_find(l, k, e) < 0 || fields_seal(&l->sched, e) < 0 ||
	    fields_seal(&l->events, e) < 0) {
		scx_layout_deinit(l);
		return -1;
	}
	return 0;
}

void scx_layout_deinit(struct scx_layout *l)
{
	free(l->event_names);
	*l = (struct scx_layout){0};
}

bool scx_has(const struct scx_layout *l, enum scx_number i)
{
	return l->members[i] >= 0 || l->variables[i];
}

int scx_root_read(const struct scx_layout *l, const struct kmem *k, uint64_t *ret, struct err *e)
{
	*ret = 0;
	return l->root ? kmem_u64(k, l->root, ret, e) : 0;
}

static int variable_read(const struct kmem *k, uint64_t kva, unsigned int size, uint64_t *ret,
			 struct err *e)
{
	*ret = 0;
	return kmem_read(k, kva, ret, size, e);
}

static void members_read(const struct scx_layout *l, const uint8_t *buf, uint64_t ret[SCX_NUMBERS])
{
	for (unsigned int i = 0; i < SCX_NUMBERS; i++)
		if (l->members[i] >= 0)
			ret[i] = fields_get(&l->sched, buf, l->members[i], 0);
}

int scx_read(const struct scx_layout *l, const struct kmem *k, uint64_t root,
	     uint64_t ret[SCX_NUMBERS], struct err *e)
{
	struct place p = {.kva = root};
	uint8_t buf[FIELDS_BYTES_MAX];

	for (unsigned int i = 0; i < SCX_NUMBERS; i++) {
		ret[i] = FIELDS_ABSENT;
		if (l->variables[i] &&
		    variable_read(k, l->variables[i], sources[i].size, &ret[i], e) < 0)
			return -1;
	}
	if (!root)
		return 0;
	if (fields_read(&l->sched, k, &p, buf, e) < 0)
		return -1;
	members_read(l, buf, ret);
	return 0;
}

static int name_read(const struct scx_layout *l, const struct kmem *k, uint64_t root,
		     char ret[SCX_OPS_NAME_MAX], struct err *e)
{
	uint64_t base = l->root ? root : l->ops;

	if (!base || !l->name_offset)
		return 0;
	if (kmem_string(k, base + l->name_offset, ret, SCX_OPS_NAME_MAX, e) < 0)
		return -1;
	err_text_clean(ret);
	return 0;
}

int scx_identity_read(const struct scx_layout *l, const struct kmem *k, struct scx_identity *ret,
		      struct err *e)
{
	struct place p;
	uint8_t buf[FIELDS_BYTES_MAX];

	*ret = (struct scx_identity){0};
	if (scx_root_read(l, k, &ret->root, e) < 0)
		return -1;
	if (ret->root) {
		p = (struct place){.kva = ret->root};
		if (fields_read(&l->sched, k, &p, buf, e) < 0)
			return -1;
		ret->id = fields_get(&l->sched, buf, l->id, 0);
		if (l->events_pointer >= 0)
			ret->events = fields_get(&l->sched, buf, l->events_pointer, 0);
	}
	return name_read(l, k, ret->root, ret->name, e);
}

int scx_events_place(const struct scx_layout *l, const struct kernel *k,
		     const struct scx_identity *id, unsigned int cpu, struct place *ret,
		     struct err *e)
{
	uint64_t base = l->events_pointer >= 0 ? id->events : l->events_variable, kva;

	if (!base || !l->events.n)
		return err_set(e, ENOENT, "the kernel has no event counters (now)");
	if (kernel_percpu(k, base, cpu, &kva, e) < 0)
		return -1;
	place_init(ret, &k->mem, kva + l->events_offset, fields_extent(&l->events));
	return 0;
}

/* Where the timeout is: in the scheduler that is loaded, else the variable. */
static int watchdog_find(const struct kernel *k, uint64_t *ret_kva, struct err *e)
{
	struct err missing;
	struct member m;
	uint64_t root_kva, root;

	if (kernel_symbol(k, "scx_root", &root_kva, &missing) < 0 ||
	    types_member(k->types, "scx_sched", "watchdog_timeout", &m, &missing) < 0)
		return kernel_symbol(k, "scx_watchdog_timeout", ret_kva, e);
	if (m.size != sizeof(uint64_t))
		return err_set(e, EPROTO, "'scx_sched.watchdog_timeout' has %llu bytes",
			       (unsigned long long)m.size);
	if (kmem_u64(&k->mem, root_kva, &root, e) < 0)
		return err_prefix(e, "scx_root");
	if (!root)
		return err_set(e, EAGAIN, "no sched_ext scheduler is loaded");
	*ret_kva = root + m.offset;
	return 0;
}

int scx_watchdog_read(const struct kernel *k, uint64_t *ret_jiffies, struct err *e)
{
	uint64_t kva;

	if (watchdog_find(k, &kva, e) < 0)
		return -1;
	return kmem_u64(&k->mem, kva, ret_jiffies, e);
}

int scx_watchdog_write(const struct kernel *k, uint64_t jiffies, struct err *e)
{
	uint64_t kva;

	if (watchdog_find(k, &kva, e) < 0)
		return -1;
	return kmem_write(&k->mem, kva, &jiffies, sizeof(jiffies), e);
}
