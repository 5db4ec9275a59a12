/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/reason.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/tool.h"

const char *const status_names[STATUSES] = {
	[STATUS_PASS] = "pass",	  [STATUS_SKIP] = "skip", [STATUS_INCONCLUSIVE] = "inconclusive",
	[STATUS_ERROR] = "error", [STATUS_FAIL] = "fail", [STATUS_MACHINE] = "machine",
};

const char *const reason_kind_names[REASON_KINDS] = {
	[REASON_STARVED] = "Starved",
	[REASON_STUCK] = "Stuck",
	[REASON_UNFAIR] = "Unfair",
	[REASON_ISOLATION] = "Isolation",
	[REASON_SCHEDULER_DIED] = "SchedulerDied",
	[REASON_MONITOR] = "Monitor",
	[REASON_CRASH] = "Crash",
	[REASON_TIMED_OUT] = "TimedOut",
	[REASON_EXPECT] = "Expect",
	[REASON_MACHINE] = "Machine",
	[REASON_TRUNCATED] = "Truncated",
	[REASON_MISSING] = "Missing",
	[REASON_SKIP] = "Skip",
	[REASON_OTHER] = "Other",
	[REASON_NOTE] = "Note",
};

int status_exit(enum status s)
{
	switch (s) {
	case STATUS_PASS:
		return TOOL_PASS;
	case STATUS_SKIP:
		return TOOL_SKIP;
	case STATUS_INCONCLUSIVE:
		return TOOL_INCONCLUSIVE;
	case STATUS_ERROR:
		return TOOL_USAGE;
	case STATUS_FAIL:
		return TOOL_FAIL;
	case STATUS_MACHINE:
	case STATUSES:
		break;
	}
	return TOOL_MACHINE;
}

void reasons_deinit(struct reasons *r)
{
	free(r->list);
	*r = (struct reasons){0};
}

/* The last of that kind and row, when there are already as many as are kept. */
static struct reason *reasons_full(struct reasons *r, enum reason_kind kind, unsigned int row)
{
	struct reason *last = NULL;
	unsigned int n = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (r->list[i].kind == kind && r->list[i].row == row) {
			last = &r->list[i];
			n++;
		}
	}
	return n >= REASONS_PER_KIND_MAX ? last : NULL;
}

void reasons_add(struct reasons *r, enum status status, enum reason_kind kind, unsigned int row,
		 const char *fmt, ...)
{
	struct reason *slot = reasons_full(r, kind, row);
	char text[REASON_MESSAGE_MAX];
	va_list ap;

	if (status > r->worst)
		r->worst = status;
	if (slot) {
		slot->more++;
		if (status > slot->status)
			slot->status = status;
		return;
	}
	slot = reallocarray(r->list, r->n + 1, sizeof(*r->list));
	if (!slot) {
		r->out_of_memory = true;
		return;
	}
	r->list = slot;
	slot = &r->list[r->n++];
	*slot = (struct reason){.kind = kind, .status = status, .row = row};
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	clean_copy(slot->message, sizeof(slot->message), text, strlen(text));
}

static bool comes_before(const struct reason *a, const struct reason *b)
{
	return a->status != b->status ? a->status > b->status : a->kind < b->kind;
}

/* By insertion: the list is short, and what is equal stays in order. */
void reasons_sort(struct reasons *r)
{
	for (size_t i = 1; i < r->n; i++) {
		struct reason x = r->list[i];
		size_t at = i;

		for (; at > 0 && comes_before(&x, &r->list[at - 1]); at--)
			r->list[at] = r->list[at - 1];
		r->list[at] = x;
	}
}

enum status reasons_row_status(const struct reasons *r, unsigned int row)
{
	enum status worst = STATUS_PASS;

	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].row == row && r->list[i].status > worst)
			worst = r->list[i].status;
	return worst;
}

const struct reason *reasons_first(const struct reasons *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].status == r->worst && r->list[i].kind != REASON_NOTE)
			return &r->list[i];
	return NULL;
}
