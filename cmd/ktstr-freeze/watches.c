/* SPDX-License-Identifier: GPL-2.0-only */
#include "watches.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define ANSWER_NS (30 * NSEC_PER_SEC)

/* SECTION.OBJECT.NAME; false when @symbol is none of that form. */
static bool variable_split(const char *symbol, char section[16], char object[CAPTURE_NAME_MAX],
			   const char **name)
{
	static const char *const sections[] = {"bss", "data", "rodata"};
	size_t len = strcspn(symbol, "."), n;

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (strlen(sections[i]) != len || strncmp(symbol, sections[i], len) != 0 ||
		    !symbol[len])
			continue;
		memcpy(section, sections[i], len + 1);
		symbol += len + 1;
		n = strcspn(symbol, ".");
		if (!symbol[n])
			return false;
		snprintf(object, CAPTURE_NAME_MAX, "%.*s", (int)n, symbol);
		*name = symbol + n + 1;
		return true;
	}
	return false;
}

static int word_check(const struct watch *w, uint64_t len, struct err *e)
{
	if (len != 1 && len != 2 && len != 4 && len != 8)
		return err_set(e, EINVAL, "'%s' has %llu bytes: a watch takes 1, 2, 4 or 8",
			       w->symbol, (unsigned long long)len);
	if (w->kva % len)
		return err_set(e, EINVAL, "'%s' is not aligned to its %llu bytes", w->symbol,
			       (unsigned long long)len);
	return 0;
}

int watch_resolve(struct view *v, const char *symbol, struct watch *ret, struct err *e)
{
	char section[16], object[CAPTURE_NAME_MAX];
	const char *name;
	uint64_t len, left;
	int code;

	*ret = (struct watch){.rearm_ns = CLOCK_NEVER};
	snprintf(ret->symbol, sizeof(ret->symbol), "%s", symbol);
	if (variable_split(symbol, section, object, &name)) {
		code = maps_variable(v->dump->maps, v->kernel, object, section, name, &ret->kva,
				     &len, e);
		if (code && e->code == ENOENT)
			return err_prefix(e, "'%s' did not resolve", symbol);
	} else {
		code = sched_resolve(v->kernel, symbol, &ret->kva, &len, e);
	}
	if (code || word_check(ret, len, e))
		return -1;
	ret->len = (unsigned int)len;
	return kmem_translate(&v->kernel->mem, ret->kva, &ret->gpa, &left, e);
}

static int watch_arm(struct watch *w, struct target *t, struct err *e)
{
	w->rearm_ns = CLOCK_NEVER;
	if (watch_add(&t->vm, w->kva, w->gpa, w->len, 0, clock_deadline_ns(ANSWER_NS), &w->slot, e))
		return err_prefix(e, "cannot watch '%s'", w->symbol);
	w->armed = true;
	return 0;
}

int watches_add(struct watches *ws, struct view *v, const char *symbol, struct err *e)
{
	struct watch *w = &ws->w[ws->n];

	if (ws->n == WATCHES_MAX)
		return err_set(e, ENOSPC, "'%s' is one watch more than %u", symbol, WATCHES_MAX);
	if (watch_resolve(v, symbol, w, e) || watch_arm(w, v->target, e))
		return -1;
	ws->n++;
	return 0;
}

struct watch *watches_by_slot(struct watches *ws, unsigned int slot)
{
	for (unsigned int i = 0; i < ws->n; i++)
		if (ws->w[i].armed && ws->w[i].slot == slot)
			return &ws->w[i];
	return NULL;
}

void watches_hit(struct watches *ws, struct watch *w, struct target *t)
{
	struct err e;

	w->hits++;
	if (ws->gap_ns == 0 && (!ws->max_hits || w->hits < ws->max_hits))
		return;
	w->armed = false;
	(void)watch_remove(&t->vm, w->slot, clock_deadline_ns(ANSWER_NS), &e);
	w->rearm_ns = ws->max_hits && w->hits >= ws->max_hits ? CLOCK_NEVER
							      : clock_deadline_ns(ws->gap_ns);
}

void watches_serve(struct watches *ws, struct target *t, struct err *ret_trouble)
{
	uint64_t now = clock_now_ns();

	*ret_trouble = (struct err){0};
	for (unsigned int i = 0; i < ws->n; i++)
		if (ws->w[i].rearm_ns <= now)
			(void)watch_arm(&ws->w[i], t, ret_trouble);
}

uint64_t watches_deadline_ns(const struct watches *ws)
{
	uint64_t ret = CLOCK_NEVER;

	for (unsigned int i = 0; i < ws->n; i++)
		if (ws->w[i].rearm_ns < ret)
			ret = ws->w[i].rearm_ns;
	return ret;
}

bool watches_done(const struct watches *ws)
{
	for (unsigned int i = 0; i < ws->n; i++)
		if (ws->w[i].armed || ws->w[i].rearm_ns != CLOCK_NEVER)
			return false;
	return true;
}
