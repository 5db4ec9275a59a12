/* SPDX-License-Identifier: GPL-2.0-only */
/* The result as one JSON object, ktstr-report(1). Absent is null, never a made-up zero. */
#include <jansson.h>
#include <string.h>

#include "base/clean.h"
#include "base/clock.h"
#include "report/object.h"
#include "report/render_captures.h"
#include "report/render_monitor.h"
#include "report/result.h"
#include "scenario/cpus.h"
#include "tlv/names.h"

static json_t *clean(const char *data, size_t len)
{
	_cleanup_buf_ struct buf out = {0};

	return clean_text(&out, data, len) ? NULL : json_stringn(buf_text(&out), out.len);
}

static json_t *cpus(const struct cpus *set)
{
	char list[CPUS_TEXT_MAX];

	cpus_format(set, list);
	return json_string(list);
}

static json_t *tail(const struct tail *t)
{
	size_t len;
	const char *data = tail_last(t, RESULT_TEXT_MAX, &len);

	return tail_total(t) ? clean(data, len) : json_null();
}

/* Two texts as one, the first first; each keeps its own maximum. */
static json_t *two_tails(const struct tail *a, const struct tail *b)
{
	_cleanup_buf_ struct buf out = {0};
	size_t len;
	const char *data = tail_last(a, RESULT_TEXT_MAX, &len);

	if (!tail_total(a) && !tail_total(b))
		return json_null();
	if (clean_text(&out, data, len))
		return NULL;
	data = tail_last(b, RESULT_TEXT_MAX, &len);
	if (clean_text(&out, data, len))
		return NULL;
	return json_stringn(buf_text(&out), out.len);
}

static json_t *last_lines(const struct tail *t)
{
	size_t len;
	const char *data = tail_last_lines(t, RESULT_TAIL_LINES, RESULT_TAIL_BYTES, &len);

	return tail_total(t) ? clean(data, len) : json_null();
}

/* The scalar members @names of @from as they came; null for the rest. */
static void put_members(struct object o, json_t *from, const char *const *names)
{
	for (; *names; names++) {
		json_t *v = json_object_get(from, *names);
		bool scalar = v && !json_is_object(v) && !json_is_array(v);

		put(o, *names, scalar ? json_incref(v) : json_null());
	}
}

/* ---- parts ---- */

static void put_reasons(struct object o, const struct reasons *r)
{
	json_t *list = put_array(o, "reasons");

	for (size_t i = 0; i < r->n; i++) {
		struct object x = object_new(o.failed);

		put(x, "kind", json_string(reason_kind_names[r->list[i].kind]));
		put(x, "message", json_string(r->list[i].message));
		put(x, "status", json_string(status_names[r->list[i].status]));
		put(x, "more", number(r->list[i].more));
		add(o, list, x.json);
	}
}

static void put_scheduler(struct object o, const struct run *r)
{
	json_t *argv = json_object_get(r->plan_json, "scheduler");
	const struct run_sched *last = r->n_scheds ? &r->scheds[r->n_scheds - 1] : NULL;
	const char *ops = "", *words = RUN_KLOG(r, disabled), *more = RUN_KLOG(r, disabled_more);
	struct object x;

	for (size_t i = 0; i < r->n_scheds; i++)
		if (*r->scheds[i].ops)
			ops = r->scheds[i].ops;
	/* That it failed says more than that it was stopped in the end. */
	for (size_t i = r->n_scheds; i-- > 0;)
		if (!r->scheds[i].expected)
			last = &r->scheds[i];
	if (!json_is_array(argv) && !last) {
		put(o, "scheduler", json_null());
		return;
	}
	x = put_object(o, "scheduler");
	put(x, "argv", json_is_array(argv) ? json_incref(argv) : json_null());
	put(x, "ops", text(ops));
	put(x, "state", last ? json_string(run_sched_state_names[last->state]) : json_null());
	put(x, "expected", last ? json_boolean(last->expected) : json_null());
	put(x, "reason", last ? text(last->reason) : json_null());
	put(x, "wait_status", number(last ? last->status : RUN_ABSENT));
	put(x, "at_ns", number(last ? last->at_ns : RUN_ABSENT));
	put(x, "kernel_words", text(words));
	put(x, "kernel_words_more", text(more));
	put(x, "output", tail(&r->texts[RUN_SCHED_OUTPUT]));
}

static void put_machine(struct object o, const struct run *r)
{
	static const char *const hello[] = {
		"tool",		 "version", "engine",	      "engine_version", "engine_mode",
		"engine_reason", "kernel",  "kernel_release", "initrd_bytes",	"cmdline",
		"topology",	 "vcpus",   "memory_mib",     "kaslr",		"boot_timeout_ns",
		"timeout_ns",	 NULL};
	static const char *const exit[] = {"reason",	    "detail",  "signal",
					   "engine_status", "boot_ns", NULL};
	struct object x;

	if (!r->hello && !r->exit) {
		put(o, "machine", json_null());
		return;
	}
	x = put_object(o, "machine");
	put_members(x, r->hello, hello);
	put_members(put_object(x, "exit"), r->exit, exit);
}

static void put_guest(struct object o, const struct run *r)
{
	static const char *const names[] = {"release",	 "machine", "memory_kb",
					    "sched_ext", "cmdline", NULL};
	static const char *const cpu_names[] = {"cpu", "node", "llc", "core", "thread", NULL};
	json_t *list = json_object_get(r->guest_hello, "cpus"), *out;
	struct object x;

	if (!r->guest_hello) {
		put(o, "guest", json_null());
		return;
	}
	x = put_object(o, "guest");
	put_members(x, r->guest_hello, names);
	put(x, "life", text(r->life));
	out = put_array(x, "cpus");
	for (size_t i = 0; i < json_array_size(list) && i < TOPOLOGY_CPUS_MAX; i++) {
		struct object c = object_new(o.failed);

		put_members(c, json_array_get(list, i), cpu_names);
		add(o, out, c.json);
	}
}

static void put_phases(struct object o, const struct phases *p)
{
	json_t *list = put_array(o, "phases");

	for (size_t i = 0; i < p->n && i < RESULT_TIMELINE_MAX; i++) {
		const struct phase *ph = &p->list[i];
		struct object x = object_new(o.failed);

		put(x, "step", number(ph->start->step));
		put(x, "name", text(ph->start->name));
		put(x, "start_ns", number(ph->start_ns));
		put(x, "end_ns", number(ph->end_ns));
		put(x, "complete", json_boolean(ph->complete));
		put(x, "ops", number(ph->start->ops));
		put(x, "op_kinds",
		    ph->start->op_kinds ? json_incref(ph->start->op_kinds) : json_null());
		put(x, "cgroups", number(ph->start->cgroups));
		put(x, "workers", number(ph->start->workers));
		put(x, "iterations", number(ph->iterations));
		put(x, "iterations_per_sec", real(ph->rate));
		add(o, list, x.json);
	}
}

static void put_timeline(struct object o, const struct run *r)
{
	json_t *list = put_array(o, "stimulus_timeline");

	for (size_t i = 0; i < r->n_events && i < RESULT_TIMELINE_MAX; i++) {
		const struct run_event *ev = &r->events[i];
		struct object x = object_new(o.failed);

		put(x, "event", json_string(run_event_names[ev->kind]));
		put(x, "elapsed_ns",
		    number(ev->at_ns > r->scenario_start_ns ? ev->at_ns - r->scenario_start_ns
							    : 0));
		put(x, "step", number(ev->step));
		put(x, "name", text(ev->name));
		put(x, "iterations", number(ev->iterations));
		add(o, list, x.json);
	}
	put(o, "stimulus_timeline_omitted",
	    number(r->n_events > RESULT_TIMELINE_MAX ? r->n_events - RESULT_TIMELINE_MAX : 0));
}

static void put_cgroup(struct object x, const struct cgroup_stats *c)
{
	put(x, "name", json_string(c->name));
	put(x, "num_workers", number(c->workers));
	put(x, "num_reports", number(c->reports));
	put(x, "num_cpus", number(cpus_count(&c->cpus)));
	put(x, "cpus", cpus(&c->cpus));
	put(x, "avg_off_cpu_pct", real(c->off_cpu_avg));
	put(x, "min_off_cpu_pct", real(c->off_cpu_min));
	put(x, "max_off_cpu_pct", real(c->off_cpu_max));
	put(x, "spread", real(c->spread));
	put(x, "max_gap_ms", scaled(c->gap_ns, 1e6));
	put(x, "max_gap_cpu", number(c->gap_cpu));
	put(x, "total_migrations", number(c->migrations));
	put(x, "migration_ratio", real(c->migration_ratio));
	put(x, "total_iterations", number(c->iterations));
	put(x, "iterations_per_worker", real(c->iterations_per_worker));
	put(x, "total_work_units", number(c->work_units));
	put(x, "wake_samples", number(c->wakes));
	put(x, "median_wake_latency_us", real(c->wake_p50_ns / 1e3));
	put(x, "p99_wake_latency_us", scaled(c->wake_p99_ns, 1e3));
	put(x, "max_wake_latency_us", scaled(c->wake_max_ns, 1e3));
	put(x, "mean_run_delay_us", real(c->run_delay_mean_ns / 1e3));
	put(x, "worst_run_delay_us", scaled(c->run_delay_max_ns, 1e3));
	put(x, "mean_wait_per_turn_us", real(c->run_wait_ns / 1e3));
}

static void put_stats(struct object o, const struct stats *s)
{
	const struct cgroup_stats *t = &s->total;
	struct object x;
	json_t *list;

	if (!t->reports) {
		put(o, "stats", json_null());
		return;
	}
	x = put_object(o, "stats");
	list = put_array(x, "cgroups");
	for (size_t i = 0; i < s->n_cgroups; i++) {
		struct object c = object_new(o.failed);

		put_cgroup(c, &s->cgroups[i]);
		add(o, list, c.json);
	}
	put(x, "total_workers", number(t->workers));
	put(x, "total_reports", number(t->reports));
	put(x, "total_cpus", number(cpus_count(&t->cpus)));
	put(x, "total_migrations", number(t->migrations));
	put(x, "total_iterations", number(t->iterations));
	put(x, "total_work_units", number(t->work_units));
	put(x, "worst_spread", real(t->spread));
	put(x, "worst_gap_ms", scaled(t->gap_ns, 1e6));
	put(x, "worst_gap_cpu", number(t->gap_cpu));
	put(x, "worst_migration_ratio", real(t->migration_ratio));
	put(x, "worst_median_wake_latency_us", real(t->wake_p50_ns / 1e3));
	put(x, "worst_p99_wake_latency_us", scaled(t->wake_p99_ns, 1e3));
	put(x, "worst_wake_latency_us", scaled(t->wake_max_ns, 1e3));
	put(x, "worst_mean_run_delay_us", real(t->run_delay_mean_ns / 1e3));
	put(x, "worst_run_delay_us", scaled(t->run_delay_max_ns, 1e3));
	put(x, "worst_iterations_per_worker", real(t->iterations_per_worker));
}

static void put_worker(struct object x, const struct run *r, const struct run_worker *w)
{
	put(x, "tid", number(w->tid));
	put(x, "cgroup", json_string(r->names[w->cgroup]));
	put(x, "work", json_string(r->names[w->work]));
	put(x, "step", number(w->step));
	put(x, "completed", json_boolean(w->completed));
	put(x, "exit", json_string(run_worker_exit_names[w->exit]));
	put(x, "exit_status", number(w->exit_status));
	put(x, "cpu_ns", number(w->cpu_ns));
	put(x, "wall_ns", number(w->wall_ns));
	put(x, "run_delay_ns", number(w->run_delay_ns));
	put(x, "run_count", number(w->run_count));
	put(x, "work_units", number(w->work_units));
	put(x, "iterations", number(w->iterations));
	put(x, "cpus_used", cpus(&w->used));
	put(x, "cpus_outside", cpus(&w->outside));
	put(x, "migrations", number(w->migrations));
	put(x, "max_gap_ns", number(w->max_gap_ns));
	put(x, "max_gap_cpu", number(w->max_gap_cpu));
	put(x, "max_gap_at_ns", number(w->max_gap_at_ns));
	put(x, "wakes", number(w->wakes));
	put(x, "wake_p50_ns", number(w->wake_p50_ns));
	put(x, "wake_p99_ns", number(w->wake_p99_ns));
	put(x, "wake_max_ns", number(w->wake_max_ns));
}

static void put_workers(struct object o, const struct run *r)
{
	json_t *list = put_array(o, "workers");
	size_t n = r->n_workers < RESULT_WORKERS_MAX ? r->n_workers : RESULT_WORKERS_MAX;

	for (size_t i = 0; i < n; i++) {
		struct object x = object_new(o.failed);

		put_worker(x, r, &r->workers[i]);
		add(o, list, x.json);
	}
	put(o, "workers_omitted", number(r->n_workers - n));
}

static void put_messages(struct object o, const struct run *r)
{
	struct object x = put_object(o, "guest_messages"), counts = put_object(x, "counts");

	for (size_t i = 0; i < tlv_types_count; i++)
		if (r->by_type[i])
			put(counts, tlv_types[i].name, number(r->by_type[i]));
	put(x, "messages", number(r->stream.messages));
	put(x, "unknown", number(r->unknown));
	put(x, "malformed", number(r->malformed));
	put(x, "wrong_source", number(r->misplaced));
	put(x, "repeated", number(r->repeated));
	put(x, "over_limit", number(r->over_limit));
}

static void put_stream(struct object o, const struct run *r)
{
	struct object x = put_object(o, "stream");

	put(x, "bytes", number(r->bytes));
	put(x, "frames", number(r->stream.frames));
	put(x, "bad", number(r->stream.bad_frames));
	put(x, "skipped_bytes", number(r->stream.skipped_bytes));
	put(x, "lost", number(r->stream.lost_messages));
	put(x, "torn", number(r->stream.torn_messages));
	put(x, "truncated", json_boolean(run_truncated(r)));
}

/* Bytes of each text that are not in the result, so that nobody takes a part for the whole. */
static void put_dropped(struct object o, const struct run *r)
{
	static const char *const names[RUN_TEXTS] = {[RUN_CONSOLE] = "console",
						     [RUN_COM2] = "com2",
						     [RUN_SCHED_OUTPUT] = "scheduler_output",
						     [RUN_KMSG] = "kmsg",
						     [RUN_OUTPUT] = "output",
						     [RUN_STDERR] = "stderr"};
	struct object x = put_object(o, "cut_bytes");

	for (size_t i = 0; i < RUN_TEXTS; i++) {
		size_t len;

		tail_last(&r->texts[i], RESULT_TEXT_MAX, &len);
		put(x, names[i], number(tail_total(&r->texts[i]) - len));
	}
}

static void put_usage(struct object o, const struct run *r)
{
	static const char *const names[] = {"wall_ns",	       "user_ns",
					    "sys_ns",	       "max_rss_kb",
					    "console_bytes",   "console_dropped_bytes",
					    "com2_bytes",      "com2_dropped_bytes",
					    "bulk_bytes",      "bulk_dropped_bytes",
					    "bulk_bad_frames", "frozen_ns",
					    "freezes",	       NULL};

	if (!r->usage)
		put(o, "usage", json_null());
	else
		put_members(put_object(o, "usage"), r->usage, names);
}

static void put_nulls(struct object o)
{
	static const char *const names[] = {"kvm_stats", "virtio_blk_counters",
					    "virtio_net_counters", "expect_auto_repro_satisfied",
					    NULL};

	for (const char *const *n = names; *n; n++)
		put(o, *n, json_null());
}

/* ---- the whole ---- */

static void put_verdict(struct object o, const struct result *r)
{
	const struct run *run = r->run;
	_cleanup_buf_ struct buf repro = {0};

	put(o, "schema", json_integer(RESULT_SCHEMA));
	put(o, "entry_name", run->plan.known ? json_string(run->plan.test) : json_null());
	put(o, "status", json_string(status_names[r->verdict.status]));
	put(o, "success", json_boolean(r->verdict.success));
	put(o, "expected_error", json_boolean(r->verdict.expected_error));
	put(o, "exit_code", number(run_exit_code(run)));
	put(o, "duration", scaled(run_u64(run->exit, "duration_ns"), 1e9));
	put(o, "cleanup_duration", scaled(run_u64(run->exit, "cleanup_ns"), 1e9));
	put(o, "timed_out", run->exit ? json_boolean(run->timed_out) : json_null());
	put_reasons(o, &r->verdict.reasons);
	if (result_repro(r, &repro))
		*o.failed = true;
	put(o, "repro", text(buf_text(&repro)));
}

static void put_texts(struct object o, const struct run *r)
{
	size_t len;
	const char *crash = run_crash(r, &len);

	put(o, "crash_message",
	    crash ? clean(crash, len > RESULT_TEXT_MAX ? RESULT_TEXT_MAX : len) : json_null());
	put(o, "console_tail", last_lines(&r->texts[RUN_CONSOLE]));
	put(o, "output", two_tails(&r->texts[RUN_OUTPUT], &r->texts[RUN_COM2]));
	put(o, "stderr", two_tails(&r->texts[RUN_STDERR], &r->texts[RUN_CONSOLE]));
	put(o, "kmsg", tail(&r->texts[RUN_KMSG]));
	put_dropped(o, r);
}

static void put_kaslr(struct object o, const struct run *r)
{
	uint64_t offset = r->monitor.kaslr_offset;

	put(o, "kern_kaslr_offset",
	    number(offset == RUN_ABSENT ? r->captures.kaslr_offset : offset));
}

/* All but `snapshots` and `failure_dump`. The caller's; *failed: it is not whole. */
static struct object result_object(bool *failed, const struct result *r)
{
	struct object o = object_new(failed);

	put_verdict(o, r);
	put_machine(o, r->run);
	put_guest(o, r->run);
	put_scheduler(o, r->run);
	put_stats(o, &r->stats);
	put_phases(o, &r->phases);
	put_timeline(o, r->run);
	put_workers(o, r->run);
	put_messages(o, r->run);
	put_stream(o, r->run);
	put_usage(o, r->run);
	put_monitor(o, r->run);
	put_verifier_stats(o, r->run);
	put_kaslr(o, r->run);
	put_freeze(o, r->run);
	put_nulls(o);
	put_texts(o, r->run);
	return o;
}

/* As text, which is the caller's; NULL when memory is out. Takes the object. */
static char *object_text(struct object o)
{
	char *ret = NULL;

	if (!*o.failed)
		ret = json_dumps(o.json, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	json_decref(o.json);
	return ret;
}

int render_json(const struct result *r, struct buf *out)
{
	bool failed = false;
	struct object o = result_object(&failed, r);
	_cleanup_free_ char *dump = NULL;

	put_snapshots(o, r);
	dump = object_text(o);
	return dump && !buf_addf(out, "%s\n", dump) ? 0 : -1;
}

int render_json_whole(const struct result *r, piece_fn put_piece, void *ctx)
{
	bool failed = false;
	_cleanup_free_ char *head = object_text(result_object(&failed, r));

	return head ? captures_with_reports(r, head, put_piece, ctx) : -1;
}
