/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/captures.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"

#define NOBODY "nobody takes captures"

static_assert(SCENARIO_SYMBOL_MAX < MAILBOX_TEXT_MAX && SCENARIO_NAME_MAX < MAILBOX_TEXT_MAX,
	      "what a scenario names fits into a request");

void captures_init(struct captures *c, struct link *l, struct doorbell *d)
{
	*c = (struct captures){.link = l, .doorbell = d, .due_ns = CLOCK_NEVER};
}

/* @due_ns: when it was to be asked for; CLOCK_NEVER for what has no time. */
static enum mailbox_status ask(struct captures *c, const char *request, const char *text,
			       uint64_t due_ns)
{
	uint64_t at_ns = clock_now_ns();
	enum mailbox_status status = doorbell_ring(c->doorbell, request, text);
	const char *name = mailbox_status_name(status);
	json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:I}", "request", request, "text", text,
			      "status", name ? name : "asked", "at_ns", (json_int_t)at_ns, "step",
			      (json_int_t)c->step);

	if (due_ns != CLOCK_NEVER)
		json_object_set_new(o, "due_ns", json_integer((json_int_t)due_ns));
	link_send_json(c->link, TLV_REQUEST, o);
	return status;
}

/* Why it was refused. The text is there until the next ring. */
static const char *answer(const struct captures *c)
{
	const struct mailbox *box = c->doorbell->box;

	return box && box->answer[0] ? box->answer : "refused";
}

void captures_snapshot(struct captures *c, const char *name, bool tell_nobody)
{
	enum mailbox_status status = ask(c, "snapshot", name, CLOCK_NEVER);

	if (status == MAILBOX_ERROR)
		link_trouble(c->link, TROUBLE_NOTE, "snapshot '%s': %s", name, answer(c));
	else if (status != MAILBOX_OK && tell_nobody)
		link_trouble(c->link, TROUBLE_NOTE, "snapshot '%s': " NOBODY, name);
}

int captures_watch(struct captures *c, const char *symbol, struct err *e)
{
	enum mailbox_status status;

	if (c->watches == SCENARIO_WATCHES_MAX)
		return err_set(e, ENOSPC,
			       "cap exceeded: WatchSnapshot takes at most %u symbols: '%s' is one "
			       "more",
			       SCENARIO_WATCHES_MAX, symbol);
	status = ask(c, "watch", symbol, CLOCK_NEVER);
	if (status == MAILBOX_ERROR)
		return err_set(e, EINVAL, "watch '%s': %s", symbol, answer(c));
	if (status == MAILBOX_OK)
		c->watches++;
	else
		link_trouble(c->link, TROUBLE_NOTE, "watch '%s': " NOBODY, symbol);
	return 0;
}

/* ---- periodic ---- */

static void due_set(struct captures *c)
{
	c->due_ns = c->next < c->sc->snapshots ? c->start_ns + scenario_snapshot_ns(c->sc, c->next)
					       : CLOCK_NEVER;
}

void captures_begin(struct captures *c, const struct scenario *sc, uint64_t start_ns)
{
	c->sc = sc;
	c->start_ns = start_ns;
	c->next = 0;
	due_set(c);
}

void captures_end(struct captures *c)
{
	c->due_ns = CLOCK_NEVER;
}

static void periodic_failed(struct captures *c, const char *tag)
{
	unsigned int left = c->sc->snapshots - c->next;

	link_trouble(c->link, TROUBLE_NOTE, "snapshot '%s': %s", tag, answer(c));
	if (++c->errors < CAPTURES_ERRORS_MAX || !left)
		return;
	captures_end(c);
	link_trouble(c->link, TROUBLE_NOTE,
		     "%u periodic captures failed in a row: the other %u are given up", c->errors,
		     left);
}

static void periodic_ask(struct captures *c)
{
	uint64_t due_ns = c->due_ns;
	enum mailbox_status status;
	char tag[sizeof(SCENARIO_PERIODIC_PREFIX) + 16];

	snprintf(tag, sizeof(tag), SCENARIO_PERIODIC_TAG, c->next++);
	due_set(c);
	status = ask(c, "periodic", tag, due_ns);
	if (status == MAILBOX_ERROR) {
		periodic_failed(c, tag);
		return;
	}
	c->errors = 0;
	if (status != MAILBOX_OK && !c->alone) {
		c->alone = true;
		link_trouble(c->link, TROUBLE_NOTE, "snapshots %u: " NOBODY, c->sc->snapshots);
	}
}

void captures_due(struct captures *c)
{
	while (c->due_ns <= clock_now_ns())
		periodic_ask(c);
}
