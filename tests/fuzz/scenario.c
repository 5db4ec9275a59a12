/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scenario parser on any text. A scenario that it takes must have a plan, and must come back
 * equal from its own text. Seeds: share/scenarios and the texts in tests/unit/scenario.c.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "scenario/format.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"

#include "../unit/scenario_equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf text = {0};
	struct scenario *s, *again;
	struct err e;
	char *plan;

	if (scenario_parse("fuzz", (const char *)data, size, NULL, &s, &e)) {
		if (s || !e.text[0])
			abort();
		return 0;
	}
	plan = scenario_plan_json(s);
	if (!plan || scenario_format(s, &text) ||
	    scenario_parse("text", text.data, text.len, NULL, &again, &e) ||
	    !scenario_equal(s, again))
		abort();
	free(plan);
	scenario_destroy(again);
	scenario_destroy(s);
	return 0;
}
