/* SPDX-License-Identifier: GPL-2.0-only */
/* The result for people: the verdict first, then why, then the figures. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clean.h"
#include "report/render_captures.h"
#include "report/render_monitor.h"
#include "report/result.h"

#define NAME_WIDTH 20

static const char *colour(const struct result *r, const char *code)
{
	return r->colour ? code : "";
}

static int text_head(const struct result *r, struct buf *out)
{
	static const char *const words[STATUSES] = {
		[STATUS_PASS] = "PASS",	  [STATUS_SKIP] = "SKIP",
		[STATUS_FAIL] = "FAIL",	  [STATUS_INCONCLUSIVE] = "INCONCLUSIVE",
		[STATUS_ERROR] = "ERROR", [STATUS_MACHINE] = "MACHINE FAILED",
	};
	static const char *const codes[STATUSES] = {
		[STATUS_PASS] = "\033[32m",  [STATUS_SKIP] = "\033[33m",
		[STATUS_FAIL] = "\033[31m",  [STATUS_INCONCLUSIVE] = "\033[33m",
		[STATUS_ERROR] = "\033[31m", [STATUS_MACHINE] = "\033[35m",
	};
	const struct reason *first = reasons_first(&r->verdict.reasons);
	uint64_t duration = run_u64(r->run->exit, "duration_ns");
	char took[48] = "";

	if (duration != RUN_ABSENT)
		snprintf(took, sizeof(took), " (%.2f s)", (double)duration / 1e9);
	return buf_addf(out, "%s%s%s %s%s%s%s\n", colour(r, codes[r->verdict.status]),
			words[r->verdict.status], colour(r, "\033[0m"), r->run->plan.test, took,
			first ? ": " : "", first ? first->message : "");
}

static int text_reasons(const struct result *r, struct buf *out)
{
	const struct reasons *w = &r->verdict.reasons;

	for (size_t i = 0; i < w->n; i++) {
		char more[64] = "";

		if (w->list[i].more)
			snprintf(more, sizeof(more), " (and %" PRIu64 " more of this kind)",
				 w->list[i].more);
		if (buf_addf(out, "  %-13s %s%s\n", reason_kind_names[w->list[i].kind],
			     w->list[i].message, more))
			return -1;
	}
	return 0;
}

/* Members of what the stranger told, on one line; "?" for what is not there. */
static int text_str(struct buf *out, const char *before, const char *value)
{
	if (buf_addf(out, "%s", before))
		return -1;
	return value ? clean_line(out, value, strlen(value)) : buf_add(out, "?", 1);
}

static int text_machine(const struct result *r, struct buf *out)
{
	json_t *hello = r->run->hello, *guest = r->run->guest_hello;
	json_t *argv = json_object_get(r->run->plan_json, "scheduler");

	if (text_str(out, "  machine       ", run_str(hello, "engine")) ||
	    text_str(out, " ", run_str(hello, "engine_mode")) ||
	    text_str(out, ", ", run_str(hello, "topology")) ||
	    text_str(out, ", kernel ",
		     run_str(guest ? guest : hello, guest ? "release" : "kernel_release")) ||
	    text_str(out, ", ended by ", run_str(r->run->exit, "reason")) ||
	    buf_addf(out, "\n  scheduler    "))
		return -1;
	for (size_t i = 0; i < json_array_size(argv); i++)
		if (text_str(out, " ", json_string_value(json_array_get(argv, i))))
			return -1;
	return buf_addf(out, "%s\n",
			!r->run->plan.known   ? " ?"
			: json_is_array(argv) ? ""
					      : " the kernel's own");
}

/* ---- figures ---- */

static const char *cell(char ret[32], double v, const char *unit)
{
	if (isfinite(v))
		snprintf(ret, 32, v < 100 ? "%.1f%s" : "%.0f%s", v, unit);
	else
		snprintf(ret, 32, "-");
	return ret;
}

static const char *count(char ret[32], uint64_t v)
{
	if (v != RUN_ABSENT)
		snprintf(ret, 32, "%" PRIu64, v);
	else
		snprintf(ret, 32, "-");
	return ret;
}

static double per(uint64_t v, double unit)
{
	return v == RUN_ABSENT ? NAN : (double)v / unit;
}

static int text_cgroup(const struct cgroup_stats *c, struct buf *out)
{
	char avg[32], spread[32], gap[32], cpu[32], mig[32], p50[32], p99[32], it[32], delay[32];
	char workers[48];

	if (c->workers == c->reports)
		snprintf(workers, sizeof(workers), "%" PRIu64, c->workers);
	else
		snprintf(workers, sizeof(workers), "%" PRIu64 "/%" PRIu64, c->workers, c->reports);
	return buf_addf(out, "  %-*s %7s %4u %8s %8s %9s %4s %7s %9s %9s %12s %10s\n", NAME_WIDTH,
			c->name, workers, cpus_count(&c->cpus), cell(avg, c->off_cpu_avg, "%"),
			cell(spread, c->spread, "%"), cell(gap, per(c->gap_ns, 1e6), "ms"),
			count(cpu, c->gap_cpu), count(mig, c->migrations),
			cell(p50, c->wake_p50_ns / 1e3, "us"),
			cell(p99, per(c->wake_p99_ns, 1e3), "us"), count(it, c->iterations),
			cell(delay, c->run_delay_mean_ns / 1e6, "ms"));
}

static int text_stats(const struct result *r, struct buf *out)
{
	if (!r->stats.n_cgroups)
		return 0;
	if (buf_addf(out, "\n  %-*s %7s %4s %8s %8s %9s %4s %7s %9s %9s %12s %10s\n", NAME_WIDTH,
		     "cgroup", "workers", "cpus", "off-cpu", "spread", "gap", "@cpu", "migr",
		     "wake p50", "wake p99", "iterations", "run delay"))
		return -1;
	for (size_t i = 0; i < r->stats.n_cgroups; i++)
		if (text_cgroup(&r->stats.cgroups[i], out))
			return -1;
	return 0;
}

static int text_phases(const struct result *r, struct buf *out)
{
	char rate[32], end[32];

	if (r->phases.n && buf_addf(out, "\n  %-*s %10s %10s %8s %14s\n", NAME_WIDTH, "step",
				    "from", "to", "workers", "iterations/s"))
		return -1;
	for (size_t i = 0; i < r->phases.n && i < RESULT_TIMELINE_MAX; i++) {
		const struct phase *p = &r->phases.list[i];
		char workers[32];

		if (buf_addf(out, "  %-*s %9.3fs %10s %8s %14s\n", NAME_WIDTH, p->start->name,
			     (double)p->start_ns / 1e9, cell(end, per(p->end_ns, 1e9), "s"),
			     count(workers, p->start->workers), cell(rate, p->rate, "")))
			return -1;
	}
	return 0;
}

/* ---- texts ---- */

static int text_tail(struct buf *out, const char *title, const struct tail *t)
{
	size_t len;
	const char *data = tail_last_lines(t, RESULT_TAIL_LINES, RESULT_TAIL_BYTES, &len);

	if (len == 0)
		return 0;
	if (buf_addf(out, "\n--- %s, last %u lines ---\n", title, RESULT_TAIL_LINES) ||
	    clean_text(out, data, len))
		return -1;
	return data[len - 1] == '\n' ? 0 : buf_add(out, "\n", 1);
}

static int text_tails(const struct result *r, struct buf *out)
{
	const struct run *run = r->run;
	size_t len;
	const char *crash = run_crash(run, &len);

	if (r->verdict.status == STATUS_PASS || r->verdict.status == STATUS_SKIP)
		return 0;
	if (crash && (buf_addf(out, "\n--- crash of the agent ---\n") ||
		      clean_text(out, crash, len > RESULT_TEXT_MAX ? RESULT_TEXT_MAX : len) ||
		      buf_add(out, "\n", 1)))
		return -1;
	if (text_tail(out, "agent", &run->texts[RUN_STDERR]) ||
	    text_tail(out, "scheduler", &run->texts[RUN_SCHED_OUTPUT]) ||
	    text_tail(out, "console", &run->texts[RUN_CONSOLE]))
		return -1;
	return 0;
}

static int text_foot(const struct result *r, struct buf *out)
{
	static const char *const titles[KEPTS] = {
		[KEPT_RESULT] = "result",	    [KEPT_STREAM] = "stream",
		[KEPT_SNAPSHOTS] = "captures",	    [KEPT_DUMP] = "dump",
		[KEPT_DUMP_TEXT] = "kernel's dump",
	};
	_cleanup_buf_ struct buf repro = {0};
	bool any = false;

	if (result_repro(r, &repro))
		return -1;
	for (size_t i = 0; i < KEPTS; i++) {
		any |= r->paths[i] != NULL;
		if (r->paths[i] && buf_addf(out, "\n  %-13s %s", titles[i], r->paths[i]))
			return -1;
	}
	if (repro.len && buf_addf(out, "\n  repeat        %s", buf_text(&repro)))
		return -1;
	return any || repro.len ? buf_add(out, "\n", 1) : 0;
}

int render_text(const struct result *r, struct buf *out)
{
	if (text_head(r, out) || text_reasons(r, out) || text_machine(r, out) ||
	    text_stats(r, out) || text_phases(r, out) || text_monitor(r->run, out) ||
	    text_captures(r, out) || text_tails(r, out) || text_foot(r, out))
		return -1;
	return 0;
}
