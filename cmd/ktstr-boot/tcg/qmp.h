/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Client of QEMU's machine protocol (docs/interop/qmp-spec): commands with an answer within a
 * deadline, and events, which are kept in order until they are taken.
 */
#ifndef KTSTR_BOOT_TCG_QMP_H
#define KTSTR_BOOT_TCG_QMP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

#define QMP_FDS 3

struct qmp {
	int fd; /* owned; -1 holds nothing */
	struct buf in;
	json_t *events; /* array */
	unsigned int next_id;
	bool closed; /* the other side is gone */

	/*
	 * QEMU may not get to answer before something else is done. If set, @fds (-1 for none) are
	 * looked at too while an answer is awaited, and when one is readable @serve is called.
	 * Returns false: there will be no answer for now, give up with EBUSY.
	 */
	int fds[QMP_FDS];
	bool (*serve)(void *arg);
	void *arg;
};

/* Take over the connected socket @fd. */
void qmp_init(struct qmp *q, int fd);
void qmp_deinit(struct qmp *q);

/*
 * Wait for the greeting and negotiate. *version gets "7.2.22 (Debian ...)", owned by the caller.
 * Deadlines are absolute (base/clock.h).
 */
int qmp_greet(struct qmp *q, uint64_t deadline_ns, char **version, struct err *e);

/*
 * Execute @command with @args (a new reference, taken; NULL for none). *ret, where ret is not
 * NULL, gets the answer's "return" as a new reference. Events that arrive meanwhile are kept. The
 * error's text names the command and QEMU's own words. After EBUSY the command is still to be
 * carried out; its answer is passed over, unless qmp_wait waits for it.
 */
int qmp_execute(struct qmp *q, const char *command, json_t *args, uint64_t deadline_ns,
		json_t **ret, struct err *e);

/* As qmp_execute, without waiting for the answer. */
int qmp_send(struct qmp *q, const char *command, json_t *args, struct err *e);

/* Wait on for the answer to the command sent last, @command, or executed and ended with EBUSY. */
int qmp_wait(struct qmp *q, const char *command, uint64_t deadline_ns, json_t **ret, struct err *e);

/* Read what has arrived, without waiting. */
void qmp_pump(struct qmp *q);

/* The oldest kept event as a new reference, or NULL. */
json_t *qmp_event(struct qmp *q);

#endif
