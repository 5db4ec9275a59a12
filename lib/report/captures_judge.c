/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/captures_judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

bool captures_are_judged(const struct run *r)
{
	return r->plan.snapshots != RUN_ABSENT && !json_array_size(r->plan.expects);
}

static const char *why_not_periodic(const struct captures *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].trigger == CAPTURE_PERIODIC && *c->list[i].reason)
			return c->list[i].reason;
	for (size_t i = 0; i < c->n_notes; i++)
		if (c->notes[i].kind == FREEZE_MISSED || c->notes[i].kind == FREEZE_TROUBLE)
			return c->notes[i].message;
	return "none came";
}

void captures_judge(const struct run *r, struct reasons *ret)
{
	const struct captures *c = &r->captures;

	if (!captures_are_judged(r) || c->periodic_real)
		return;
	if (!c->instances)
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_CAPTURES,
			    "%" PRIu64 " periodic captures are asked for, and nobody took captures",
			    r->plan.snapshots);
	else
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_CAPTURES,
			    "%" PRIu64 " periodic captures are asked for, and there is none: %s",
			    r->plan.snapshots, why_not_periodic(c));
}

/* ---- notes ---- */

static void __attribute__((format(printf, 2, 3))) note(struct reasons *ret, const char *fmt, ...)
{
	char line[REASON_MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	reasons_add(ret, STATUS_PASS, REASON_NOTE, ROW_STREAM, "%s", line);
}

static void lost_notes(const struct captures *c, struct reasons *ret)
{
	if (captured_unended(c))
		note(ret, "a capture was lost: nothing tells how ktstr-freeze ended");
	if (captured_astray(c))
		note(ret, "a capture was lost: ktstr-freeze took %" PRIu64 ", and %" PRIu64 " came",
		     c->end.captures, c->came);
}

static void gone_note(const struct captures *c, struct reasons *ret)
{
	const struct capture_request *first;
	uint64_t n;

	first = captured_gone(c, &n);
	if (first)
		note(ret,
		     "a capture was lost: the guest was answered that '%s' was taken, and it did not "
		     "come (%" PRIu64 " of this kind)",
		     first->text, n);
}

static void kept_notes(const struct captures *c, struct reasons *ret)
{
	for (size_t i = 0; i < c->n; i++)
		if (!capture_is_real(&c->list[i]))
			note(ret, "capture '%s' failed: %s", c->list[i].tag, c->list[i].reason);
	if (c->failure.seen && !capture_is_real(&c->failure.capture))
		note(ret, "the capture at the scheduler's failure failed: %s",
		     c->failure.capture.reason);
	if (c->replaced)
		note(ret,
		     "%" PRIu64 " captures had the tag of a later one, which is kept: the last was "
		     "'%s'",
		     c->replaced, c->replaced_tag);
	if (c->omitted)
		note(ret,
		     "%" PRIu64 " captures are not kept: there are more than %u, or more than "
		     "%u MiB",
		     c->omitted, CAPTURES_MAX, CAPTURES_BYTES_MAX >> 20);
}

void captures_notes(const struct run *r, struct reasons *ret)
{
	const struct captures *c = &r->captures;

	if (!c->instances)
		return;
	lost_notes(c, ret);
	gone_note(c, ret);
	kept_notes(c, ret);
	for (size_t i = 0; i < c->n_notes; i++)
		if (c->notes[i].kind == FREEZE_MISSED || c->notes[i].kind == FREEZE_TROUBLE)
			note(ret, "freeze: %s", c->notes[i].message);
}
