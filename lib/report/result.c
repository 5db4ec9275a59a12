/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/result.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clean.h"

const char *const kept_suffixes[KEPTS] = {
	[KEPT_RESULT] = ".json",
	[KEPT_STREAM] = ".tlv",
	[KEPT_SNAPSHOTS] = ".snapshots.json",
	[KEPT_DUMP] = ".failure-dump.json",
	[KEPT_DUMP_TEXT] = ".failure-dump.txt",
};

int result_init(struct result *ret, const struct run *r, enum expect_mode mode,
		const struct expect *expects)
{
	*ret = (struct result){.run = r};
	if (stats_init(&ret->stats, r) || phases_init(&ret->phases, r)) {
		result_deinit(ret);
		return -1;
	}
	verdict_decide(r, mode, expects, &ret->verdict);
	return 0;
}

void result_deinit(struct result *r)
{
	stats_deinit(&r->stats);
	phases_deinit(&r->phases);
	verdict_deinit(&r->verdict);
}

/* ---- repro ---- */

static int quote_word(struct buf *out, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_-+=./:,@%";

	if (*word && strspn(word, plain) == strlen(word))
		return buf_addf(out, "%s", word);
	if (buf_add(out, "'", 1))
		return -1;
	for (; *word; word++)
		if (*word == '\'' ? buf_add(out, "'\\''", 4) : buf_add(out, word, 1))
			return -1;
	return buf_add(out, "'", 1);
}

int result_repro(const struct result *r, struct buf *out)
{
	json_t *hello = r->run->hello, *argv = json_object_get(hello, "argv");
	const char *told = run_str(r->run->plan_json, "repro");
	_cleanup_buf_ struct buf line = {0};

	/* The driver knows the whole of it; the machine's own command is better than nothing. */
	if (told)
		return clean_line(out, told, strlen(told));
	for (size_t i = 0; i < json_array_size(argv); i++) {
		const char *word = json_string_value(json_array_get(argv, i));

		if (word && ((line.len && buf_add(&line, " ", 1)) || quote_word(&line, word)))
			return -1;
	}
	return clean_line(out, buf_text(&line), line.len);
}

/* ---- rows ---- */

/* The rows that the plan asks for, in order. */
static bool row_exists(const struct run_plan *p, unsigned int row)
{
	switch (row) {
	case ROW_MACHINE:
	case ROW_STREAM:
	case ROW_SCENARIO:
		return true;
	case ROW_SCHEDULER:
		return p->has_scheduler;
	case ROW_NOT_STARVED:
		return p->not_starved;
	case ROW_MAX_GAP:
		return p->max_gap_ns != RUN_ABSENT;
	case ROW_MAX_SPREAD:
		return p->max_spread_ppm != RUN_ABSENT;
	case ROW_ISOLATION:
		return p->isolation;
	case ROW_CAPTURES:
		return p->snapshots != RUN_ABSENT && !json_array_size(p->expects);
	case ROW_MAX_IMBALANCE:
	case ROW_MAX_DSQ_DEPTH:
	case ROW_STALL:
	case ROW_MAX_FALLBACK:
	case ROW_MAX_KEEP_LAST:
		return p->monitor.limit[row - ROW_MAX_IMBALANCE] != THRESHOLD_OFF;
	default:
		return row - ROW_EXPECT < json_array_size(p->expects);
	}
}

unsigned int result_rows(const struct result *r)
{
	unsigned int n = 0;

	for (unsigned int row = 0; row < ROW_EXPECT; row++)
		/* The plan may be lost: what was found of a row must be shown all the same. */
		n += row_exists(&r->run->plan, row) ||
		     reasons_row_status(&r->verdict.reasons, row) != STATUS_PASS;
	return n + (unsigned int)json_array_size(r->run->plan.expects);
}

static unsigned int row_number(const struct result *r, unsigned int i)
{
	unsigned int row;

	for (row = 0; row < ROW_EXPECT; row++)
		if ((row_exists(&r->run->plan, row) ||
		     reasons_row_status(&r->verdict.reasons, row) != STATUS_PASS) &&
		    i-- == 0)
			return row;
	return ROW_EXPECT + i;
}

static void threshold_name(const struct run_plan *p, enum threshold which, char ret[ROW_NAME_MAX])
{
	uint64_t limit = p->monitor.limit[which];

	switch (which) {
	case THRESHOLD_IMBALANCE:
		snprintf(ret, ROW_NAME_MAX, "no imbalance over %.7g", (double)limit / 1e6);
		break;
	case THRESHOLD_DSQ_DEPTH:
		snprintf(ret, ROW_NAME_MAX, "no local DSQ deeper than %" PRIu64, limit);
		break;
	case THRESHOLD_STALL:
		snprintf(ret, ROW_NAME_MAX, "no CPU is stuck");
		break;
	case THRESHOLD_FALLBACK:
		snprintf(ret, ROW_NAME_MAX, "no select_cpu_fallback over %" PRIu64 "/s", limit);
		break;
	case THRESHOLD_KEEP_LAST:
		snprintf(ret, ROW_NAME_MAX, "no dispatch_keep_last over %" PRIu64 "/s", limit);
		break;
	case THRESHOLDS:
		break;
	}
}

static void row_name(const struct run_plan *p, unsigned int row, char ret[ROW_NAME_MAX])
{
	const char *program;

	switch (row) {
	case ROW_MACHINE:
		snprintf(ret, ROW_NAME_MAX, "the machine ended cleanly");
		break;
	case ROW_STREAM:
		snprintf(ret, ROW_NAME_MAX, "the stream is complete");
		break;
	case ROW_SCHEDULER:
		snprintf(ret, ROW_NAME_MAX,
			 p->expect_error ? "the scheduler fails as expected"
					 : "the scheduler stays up");
		break;
	case ROW_SCENARIO:
		snprintf(ret, ROW_NAME_MAX, "the scenario runs to its end");
		break;
	case ROW_NOT_STARVED:
		snprintf(ret, ROW_NAME_MAX, "no worker is starved");
		break;
	case ROW_MAX_GAP:
		snprintf(ret, ROW_NAME_MAX, "no gap over %" PRIu64 " ms", p->max_gap_ns / 1000000);
		break;
	case ROW_MAX_SPREAD:
		snprintf(ret, ROW_NAME_MAX, "no spread over %.4g %%",
			 (double)p->max_spread_ppm / 1e4);
		break;
	case ROW_ISOLATION:
		snprintf(ret, ROW_NAME_MAX, "no worker leaves its cpuset");
		break;
	case ROW_CAPTURES:
		snprintf(ret, ROW_NAME_MAX, "a periodic capture is taken");
		break;
	case ROW_MAX_IMBALANCE:
	case ROW_MAX_DSQ_DEPTH:
	case ROW_STALL:
	case ROW_MAX_FALLBACK:
	case ROW_MAX_KEEP_LAST:
		threshold_name(p, (enum threshold)(row - ROW_MAX_IMBALANCE), ret);
		break;
	default:
		program = json_string_value(json_array_get(p->expects, row - ROW_EXPECT));
		program = program ? program : "";
		memcpy(ret, "expect ", 7);
		clean_copy(ret + 7, ROW_NAME_MAX - 7, program, strlen(program));
	}
}

static bool row_is_judged(const struct verdict *v, unsigned int row)
{
	if (v->status == STATUS_SKIP)
		return row == ROW_MACHINE;
	if (row >= ROW_EXPECT)
		return v->expects_judged;
	if (row >= ROW_NOT_STARVED)
		return v->checks_judged;
	/* A scheduler that failed as it must cut the scenario short. */
	if (row == ROW_SCENARIO && v->expected_error)
		return false;
	/* A dead machine says nothing of the scheduler. */
	return row < ROW_SCHEDULER || v->status != STATUS_MACHINE;
}

enum row_state result_row(const struct result *r, unsigned int i, char name[ROW_NAME_MAX],
			  unsigned int *number)
{
	unsigned int row = row_number(r, i);
	enum status found = reasons_row_status(&r->verdict.reasons, row);

	*number = row;
	row_name(&r->run->plan, row, name);
	if (found > STATUS_SKIP)
		return ROW_NOT_OK;
	return row_is_judged(&r->verdict, row) ? ROW_OK : ROW_NOT_JUDGED;
}
