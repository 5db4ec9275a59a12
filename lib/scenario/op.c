/* SPDX-License-Identifier: GPL-2.0-only */
#include "scenario/op.h"

#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "scenario/cpuset.h"
#include "scenario/words.h"
#include "scenario/work.h"

const char *const op_names[OP_TYPES] = {
	[OP_CGROUP] = "cgroup",
	[OP_REMOVE_CGROUP] = "remove-cgroup",
	[OP_SET_CPUSET] = "set-cpuset",
	[OP_CLEAR_CPUSET] = "clear-cpuset",
	[OP_SWAP_CPUSETS] = "swap-cpusets",
	[OP_SPAWN] = "spawn",
	[OP_STOP_WORKERS] = "stop-workers",
	[OP_MOVE_TASKS] = "move-tasks",
	[OP_SET_AFFINITY] = "set-affinity",
	[OP_SNAPSHOT] = "snapshot",
	[OP_WATCH] = "watch",
};

const struct op_info op_infos[OP_TYPES] = {
	[OP_CGROUP] = {.synopsis = "NAME [cpuset=CPUS] [workers=N] [work=WORK] [affinity=CPUS] "
				   "[weight=N]",
		       .help = "make a cgroup and start workers in it",
		       .names = 1,
		       .options = OP_OPTION_CPUSET | OP_OPTION_WORKERS | OP_OPTION_WORK |
				  OP_OPTION_AFFINITY | OP_OPTION_WEIGHT},
	[OP_REMOVE_CGROUP] = {.synopsis = "NAME",
			      .help = "stop the workers of a cgroup and remove it",
			      .names = 1},
	[OP_SET_CPUSET] = {.synopsis = "NAME CPUS",
			   .help = "confine a cgroup to a set of CPUs",
			   .names = 1,
			   .takes_cpus = true},
	[OP_CLEAR_CPUSET] = {.synopsis = "NAME",
			     .help = "let a cgroup run on all CPUs again",
			     .names = 1},
	[OP_SWAP_CPUSETS] = {.synopsis = "NAME NAME",
			     .help = "exchange the CPUs of two cgroups that have a cpuset",
			     .names = 2},
	[OP_SPAWN] = {.synopsis = "NAME workers=N [work=WORK] [affinity=CPUS]",
		      .help = "start workers in a cgroup",
		      .names = 1,
		      .options = OP_OPTION_WORKERS | OP_OPTION_WORK | OP_OPTION_AFFINITY,
		      .required = OP_OPTION_WORKERS},
	[OP_STOP_WORKERS] = {.synopsis = "NAME",
			     .help = "stop the workers of a cgroup; their reports are kept",
			     .names = 1},
	[OP_MOVE_TASKS] = {.synopsis = "FROM TO",
			   .help = "move all workers of one cgroup into another",
			   .names = 2},
	[OP_SET_AFFINITY] = {.synopsis = "NAME CPUS",
			     .help = "pin all workers of a cgroup to a set of CPUs",
			     .names = 1,
			     .takes_cpus = true},
	[OP_SNAPSHOT] = {.synopsis = "NAME",
			 .help = "capture the state of the scheduler",
			 .subject = OP_ON_CAPTURE,
			 .names = 1},
	[OP_WATCH] = {.synopsis = "SYMBOL",
		      .help = "capture it at each store to a variable from now on",
		      .subject = OP_ON_SYMBOL,
		      .names = 1},
};

bool op_find(const char *name, enum op_type *ret)
{
	for (unsigned int i = 0; i < OP_TYPES; i++) {
		if (strcmp(op_names[i], name) == 0) {
			*ret = (enum op_type)i;
			return true;
		}
	}
	return false;
}

int name_parse(const char *what, const char *text, char ret[SCENARIO_NAME_MAX + 1], struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t len = strlen(text);

	if (len > SCENARIO_NAME_MAX)
		return err_set(e, ENAMETOOLONG, "the name of the %s has more than %u characters",
			       what, SCENARIO_NAME_MAX);
	if (!len || strspn(text, allowed) != len || strcmp(text, ".") == 0 ||
	    strcmp(text, "..") == 0)
		return err_set(e, EINVAL,
			       "'%s' is not a name for a %s (letters, digits, '.', '_' and '-')",
			       text, what);
	memcpy(ret, text, len + 1);
	return 0;
}

/*
 * A cgroup's folder stands beside its parent's control files, which begin with the name of a
 * controller and a dot: a cgroup of such a name could not be made.
 */
static int cgroup_name_parse(const char *text, char ret[SCENARIO_NAME_MAX + 1], struct err *e)
{
	static const char *const taken[] = {"cgroup.",	"cpu.",	 "cpuset.", "memory.",
					    "io.",	"pids.", "rdma.",   "misc.",
					    "hugetlb.", "dmem.", "irq."};

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strncmp(text, taken[i], strlen(taken[i])) == 0)
			return err_set(e, EINVAL,
				       "the kernel keeps names with '%s' for its control files",
				       taken[i]);
	return name_parse("cgroup", text, ret, e);
}

static int capture_name_parse(const char *text, char ret[SCENARIO_NAME_MAX + 1], struct err *e)
{
	if (strncmp(text, SCENARIO_PERIODIC_PREFIX, strlen(SCENARIO_PERIODIC_PREFIX)) == 0)
		return err_set(e, EINVAL,
			       "names with '%s' are those of the captures that "
			       "'snapshots' asks for",
			       SCENARIO_PERIODIC_PREFIX);
	return name_parse("capture", text, ret, e);
}

static int symbol_parse(const char *text, char **ret, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.[]@:-";
	size_t len = strlen(text);

	if (len > SCENARIO_SYMBOL_MAX)
		return err_set(e, ENAMETOOLONG, "the symbol has more than %u characters",
			       SCENARIO_SYMBOL_MAX);
	if (!len || strspn(text, allowed) != len)
		return err_set(
			e, EINVAL,
			"'%s' is not a symbol (letters, digits, '_', '.', '[', ']', '@', ':' "
			"and '-')",
			text);
	*ret = strdup(text);
	return *ret ? 0 : err_set(e, ENOMEM, "out of memory");
}

/* ---- options ---- */

static int cpuset_option(const char *value, struct scenario_op *op, struct err *e)
{
	return cpuset_spec_parse(value, &op->cpuset, e);
}

static int workers_option(const char *value, struct scenario_op *op, struct err *e)
{
	return parse_uint(value, 1, SCENARIO_WORKERS_MAX, &op->workers, e);
}

static int work_option(const char *value, struct scenario_op *op, struct err *e)
{
	return work_parse(value, &op->work, e);
}

static int affinity_option(const char *value, struct scenario_op *op, struct err *e)
{
	return cpuset_spec_parse(value, &op->affinity, e);
}

static int weight_option(const char *value, struct scenario_op *op, struct err *e)
{
	return parse_uint(value, 1, SCENARIO_WEIGHT_MAX, &op->weight, e);
}

static const struct option_form {
	const char *key;
	enum op_option flag;
	int (*parse)(const char *value, struct scenario_op *op, struct err *e);
} option_forms[] = {
	{.key = "cpuset", .flag = OP_OPTION_CPUSET, .parse = cpuset_option},
	{.key = "workers", .flag = OP_OPTION_WORKERS, .parse = workers_option},
	{.key = "work", .flag = OP_OPTION_WORK, .parse = work_option},
	{.key = "affinity", .flag = OP_OPTION_AFFINITY, .parse = affinity_option},
	{.key = "weight", .flag = OP_OPTION_WEIGHT, .parse = weight_option},
};
#define OPTION_FORMS (sizeof(option_forms) / sizeof(option_forms[0]))

static int option_parse(const char *word, struct scenario_op *op, unsigned int *given,
			struct err *e)
{
	const struct op_info *info = &op_infos[op->type];
	size_t len = strcspn(word, "=");

	if (!word[len])
		return err_set(e, EINVAL, "'%s' is one word too many (%s %s)", word,
			       op_names[op->type], info->synopsis);
	for (size_t i = 0; i < OPTION_FORMS; i++) {
		const struct option_form *form = &option_forms[i];

		if (strlen(form->key) != len || memcmp(form->key, word, len) != 0 ||
		    !(info->options & form->flag))
			continue;
		if (*given & form->flag)
			return err_set(e, EEXIST, "'%s=' is given twice", form->key);
		*given |= form->flag;
		if (form->parse(word + len + 1, op, e))
			return err_prefix(e, "%s", form->key);
		return 0;
	}
	return err_set(e, EINVAL, "'%s' has no option '%.*s=' (%s %s)", op_names[op->type],
		       (int)len, word, op_names[op->type], info->synopsis);
}

/* What the options must be together. */
static int options_check(const struct scenario_op *op, unsigned int given, struct err *e)
{
	const struct work_info *work = &work_infos[op->work.type];
	unsigned int required = op_infos[op->type].required;

	if (given & (OP_OPTION_WORK | OP_OPTION_AFFINITY))
		required |= OP_OPTION_WORKERS;
	for (size_t i = 0; i < OPTION_FORMS; i++)
		if (required & ~given & option_forms[i].flag)
			return err_set(e, EINVAL, "'%s=' is missing", option_forms[i].key);
	if (op->workers % work->group)
		return err_set(
			e, EINVAL,
			"work '%s' runs in groups of %u, which workers=%u does not divide by",
			work->name, work->group, op->workers);
	return 0;
}

/* ---- the operation ---- */

static int cpus_parse_into(const char *word, struct scenario_op *op, struct err *e)
{
	return cpuset_spec_parse(word, op->type == OP_SET_AFFINITY ? &op->affinity : &op->cpuset,
				 e);
}

static int cgroups_parse(char *const *words, struct scenario_op *op, struct err *e)
{
	const struct op_info *info = &op_infos[op->type];

	if (cgroup_name_parse(words[0], op->name, e) ||
	    (info->names > 1 && cgroup_name_parse(words[1], op->name2, e)) ||
	    (info->takes_cpus && cpus_parse_into(words[info->names], op, e)))
		return -1;
	if (info->names > 1 && strcmp(op->name, op->name2) == 0)
		return err_set(e, EINVAL, "'%s' is named twice", op->name);
	return 0;
}

/* The words that every operation of its type has. */
static int subject_parse(char *const *words, struct scenario_op *op, struct err *e)
{
	switch (op_infos[op->type].subject) {
	case OP_ON_CGROUP:
		return cgroups_parse(words, op, e);
	case OP_ON_CAPTURE:
		return capture_name_parse(words[0], op->name, e);
	case OP_ON_SYMBOL:
		return symbol_parse(words[0], &op->symbol, e);
	}
	return -1;
}

int op_parse(enum op_type type, char *const *words, size_t n, struct scenario_op *ret,
	     struct err *e)
{
	const struct op_info *info = &op_infos[type];
	size_t at = info->names + info->takes_cpus;
	unsigned int given = 0;

	*ret = (struct scenario_op){.type = type, .work = work_default()};
	if (n < at)
		return err_set(e, EINVAL, "too few words (%s %s)", op_names[type], info->synopsis);
	for (; at < n; at++)
		if (option_parse(words[at], ret, &given, e))
			return -1;
	if (options_check(ret, given, e))
		return -1;
	return subject_parse(words, ret, e);
}

static int workers_format(struct buf *b, const struct scenario_op *op)
{
	if (!op->workers)
		return 0;
	if (buf_addf(b, " workers=%u work=", op->workers) || work_format(b, &op->work))
		return -1;
	if (op->affinity.kind == CPUSET_NONE)
		return 0;
	return buf_addf(b, " affinity=") || cpuset_spec_format(b, &op->affinity) ? -1 : 0;
}

int op_format(struct buf *b, const struct scenario_op *op)
{
	const struct op_info *info = &op_infos[op->type];

	if (buf_addf(b, "%s ", op_names[op->type]))
		return -1;
	if (info->subject == OP_ON_SYMBOL)
		return words_quote(b, op->symbol);
	if (buf_addf(b, "%s", op->name))
		return -1;
	if (info->names > 1)
		return buf_addf(b, " %s", op->name2);
	if (info->takes_cpus)
		return buf_addf(b, " ") || cpuset_spec_format(b, op->type == OP_SET_AFFINITY
									 ? &op->affinity
									 : &op->cpuset)
			       ? -1
			       : 0;
	if (op->cpuset.kind != CPUSET_NONE &&
	    (buf_addf(b, " cpuset=") || cpuset_spec_format(b, &op->cpuset)))
		return -1;
	if (workers_format(b, op))
		return -1;
	return op->weight ? buf_addf(b, " weight=%u", op->weight) : 0;
}
