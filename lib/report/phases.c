/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/phases.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

/* The event that ends the step begun by events[@i]: its own end, else the end of the scenario. */
static const struct run_event *phase_end(const struct run *r, size_t i)
{
	for (size_t j = i + 1; j < r->n_events; j++) {
		const struct run_event *ev = &r->events[j];

		if (ev->kind == RUN_EVENT_STEP_END && ev->step == r->events[i].step)
			return ev;
		if (ev->kind == RUN_EVENT_SCENARIO_END)
			return ev;
		if (ev->kind == RUN_EVENT_STEP_START)
			break;
	}
	return NULL;
}

static uint64_t since(uint64_t from, uint64_t at)
{
	return at > from ? at - from : 0;
}

static void phase_fill(struct phase *p, const struct run *r, size_t i)
{
	const struct run_event *start = &r->events[i], *end = phase_end(r, i);

	*p = (struct phase){
		.start = start,
		.start_ns = since(r->scenario_start_ns, start->at_ns),
		.end_ns = RUN_ABSENT,
		.iterations = RUN_ABSENT,
		.rate = NAN,
	};
	if (!end)
		return;
	p->complete = end->kind == RUN_EVENT_STEP_END;
	p->end_ns = since(r->scenario_start_ns, end->at_ns);
	if (start->iterations == RUN_ABSENT || end->iterations == RUN_ABSENT ||
	    end->iterations < start->iterations)
		return;
	p->iterations = end->iterations - start->iterations;
	if (p->end_ns > p->start_ns)
		p->rate = (double)p->iterations * (double)NSEC_PER_SEC /
			  (double)(p->end_ns - p->start_ns);
}

int phases_init(struct phases *p, const struct run *r)
{
	*p = (struct phases){.list = calloc(r->n_events + 1, sizeof(*p->list))};
	if (!p->list)
		return -1;
	for (size_t i = 0; i < r->n_events; i++)
		if (r->events[i].kind == RUN_EVENT_STEP_START)
			phase_fill(&p->list[p->n++], r, i);
	return 0;
}

void phases_deinit(struct phases *p)
{
	free(p->list);
	*p = (struct phases){0};
}
