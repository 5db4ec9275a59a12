/* SPDX-License-Identifier: GPL-2.0-only */
/* The operations of a scenario as they are written: `NAME.. [CPUS] [KEY=VALUE]..`. */
#ifndef KTSTR_SCENARIO_OP_H
#define KTSTR_SCENARIO_OP_H

#include "base/buf.h"
#include "base/error.h"
#include "scenario/scenario.h"

/* The options that an operation may take, as flags. */
enum op_option {
	OP_OPTION_CPUSET = 1 << 0,
	OP_OPTION_WORKERS = 1 << 1,
	OP_OPTION_WORK = 1 << 2,
	OP_OPTION_AFFINITY = 1 << 3,
	OP_OPTION_WEIGHT = 1 << 4,
};

/* What an operation is about. */
enum op_subject {
	OP_ON_CGROUP,
	OP_ON_CAPTURE,
	OP_ON_SYMBOL,
};

struct op_info {
	const char *synopsis;	 /* what follows the name of the operation */
	const char *help;	 /* one line */
	enum op_subject subject; /* what comes first */
	unsigned int names;	 /* how many of them: 1 or 2 */
	bool takes_cpus;	 /* then one set of CPUs, into cpuset or affinity */
	unsigned int options;	 /* enum op_option flags it takes */
	unsigned int required;	 /* and those it cannot be without */
};
extern const struct op_info op_infos[OP_TYPES];

/* The type of the operation @name: true and *ret, or false when there is none of that name. */
bool op_find(const char *name, enum op_type *ret);

/* Parse the @n words behind the operation's name. *ret owns its symbol; on failure it is not to be
 * used. */
int op_parse(enum op_type type, char *const *words, size_t n, struct scenario_op *ret,
	     struct err *e);

/* Add the line that reads back as @op, without its end. -1 when memory is out. */
int op_format(struct buf *b, const struct scenario_op *op);

/* Is @text a name for a test, a step, a cgroup or a capture? @what is for the message. */
int name_parse(const char *what, const char *text, char ret[SCENARIO_NAME_MAX + 1], struct err *e);

#endif
