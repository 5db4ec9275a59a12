/* SPDX-License-Identifier: GPL-2.0-only */
/* What a scenario holds and what follows from it; parse.c fills it. */
#include "scenario/scenario.h"

#include <stdlib.h>

#define PPM 1000000u

static void strings_destroy(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

static void step_deinit(struct scenario_step *step)
{
	for (size_t i = 0; i < step->n_ops; i++)
		free(step->ops[i].symbol);
	free(step->ops);
}

void scenario_destroy(struct scenario *s)
{
	size_t n_args = 0;

	if (!s)
		return;
	while (s->scheduler && s->scheduler[n_args])
		n_args++;
	strings_destroy(s->scheduler, n_args);
	strings_destroy(s->expects, s->n_expects);
	for (size_t i = 0; i < s->n_steps; i++)
		step_deinit(&s->steps[i]);
	free(s->steps);
	free(s->expect_error_text);
	free(s);
}

uint64_t scenario_memory_mib(const struct scenario *s)
{
	return s->memory_mib ? s->memory_mib : topology_memory_mib(&s->topology);
}

/* A hold that does not depend on the other steps; 0 for one that does. */
static uint64_t own_hold_ns(const struct scenario *s, const struct scenario_step *step)
{
	switch (step->hold) {
	case HOLD_FRACTION:
		return (uint64_t)((unsigned __int128)s->duration_ns * step->hold_ppm / PPM);
	case HOLD_FIXED:
		return step->hold_ns;
	case HOLD_REST:
	case HOLD_LOOP:
		break;
	}
	return 0;
}

uint64_t scenario_hold_ns(const struct scenario *s, size_t step)
{
	uint64_t before = 0;

	if (s->steps[step].hold == HOLD_FRACTION || s->steps[step].hold == HOLD_FIXED)
		return own_hold_ns(s, &s->steps[step]);
	for (size_t i = 0; i < step; i++)
		before += own_hold_ns(s, &s->steps[i]);
	return before < s->duration_ns ? s->duration_ns - before : 0;
}

/* Twice they would fail, or add nothing. */
bool scenario_op_once(enum op_type type)
{
	return type == OP_CGROUP || type == OP_WATCH;
}

uint64_t scenario_snapshot_ns(const struct scenario *s, unsigned int i)
{
	uint64_t parts = s->snapshots + 1ull;

	/* 10 % and (i + 1) of as many parts of 80 % */
	return s->duration_ns * (parts + 8 * (i + 1ull)) / (10 * parts);
}
