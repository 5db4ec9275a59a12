/* SPDX-License-Identifier: GPL-2.0-only */
/* What the report makes of ktstr-monitor's frames: summary, thresholds and their edges. */
#include "report/monitor_judge.h"

#include <inttypes.h>
#include <math.h>

#include "report/result.h"

#include "../helper/run_lines.h"
#include "test.h"

#define CPUS 2
#define ALL                                                                            \
	"\"sustained_samples\":5,\"max_imbalance_ppm\":4000000,"                       \
	"\"max_local_dsq_depth\":50,\"fail_on_stall\":true,\"max_fallback_rate\":200," \
	"\"max_keep_last_rate\":100"
#define ONE(member) "\"sustained_samples\":5,\"fail_on_stall\":false," member
#define IMBALANCE ONE("\"max_imbalance_ppm\":4000000")
#define DEPTH ONE("\"max_local_dsq_depth\":50")
#define STALL_ONLY "\"sustained_samples\":5,\"fail_on_stall\":true"
#define FALLBACK ONE("\"max_fallback_rate\":200")
#define KEEP_LAST ONE("\"max_keep_last_rate\":100")
#define NONE "\"sustained_samples\":5,\"fail_on_stall\":false"

/* A guest of two CPUs that a monitor looks at; the good run of run_lines is around it. */
struct guest {
	struct frames f;
	unsigned int id, hz, line;
	uint64_t sent, at_ms, jiffies;
	struct {
		uint64_t nr, depth, clock, vcpu_ms;
	} cpu[CPUS];
	uint64_t fallback, keep_last;
	bool no_events, no_jiffies;
	unsigned int invalid;
};

/* ---- the guest ---- */

static void put_run_lines(struct guest *g, const char *until)
{
	for (; g->line < RUN_LINES; g->line++) {
		if (until && strncmp(run_lines[g->line], until, strlen(until)) == 0)
			return;
		if (strncmp(run_lines[g->line], "scenario PLAN", 13) != 0)
			run_line_put(&g->f, run_lines[g->line]);
	}
}

static void put_schema(struct guest *g, const char *ops, unsigned int generation)
{
	char line[2048];

	snprintf(line, sizeof(line),
		 "monitor SAMPLE_SCHEMA {\"id\":%u,\"release\":\"7.3.4\",\"ops\":\"%s\",\"hz\":%u,"
		 "\"generation\":%u,\"classes\":[],\"tables\":{\"machine\":{\"columns\":[%s],"
		 "\"rows\":[[0,0,\"\"]]},\"cpu\":{\"columns\":[\"nr_running\",\"local_dsq_depth\","
		 "\"rq_clock\",\"vcpu_cpu_time_ns\"],\"rows\":[[0,0,\"\"],[1,0,\"\"]]},"
		 "\"event\":{\"columns\":[%s],\"rows\":[[0,0,\"\"],[1,0,\"\"]]},\"prog\":{"
		 "\"columns\":[\"cnt\",\"nsecs\"],\"rows\":[[9,345,\"x_dispatch\"]]}}}",
		 ++g->id, ops, g->hz, generation, g->no_jiffies ? "" : "\"jiffies\"",
		 g->no_events ? "" : "\"select_cpu_fallback\",\"dispatch_keep_last\",\"odd_new\"");
	run_line_put(&g->f, line);
}

/* The run up to the scenario, the plan with these thresholds, and a first schema. */
static void guest_begin(struct guest *g, const char *thresholds)
{
	char plan[2048];

	*g = (struct guest){.hz = 250, .at_ms = 1000000, .jiffies = 4294937296};
	for (size_t i = 0; i < CPUS; i++) {
		g->cpu[i].nr = 1;
		g->cpu[i].clock = 7000000 + i;
		g->cpu[i].vcpu_ms = 1000;
	}
	snprintf(
		plan, sizeof(plan),
		"scenario PLAN {\"test\":\"fair\",\"topology\":\"1n1l2c1t\",\"scheduler\":"
		"[\"scx-x\"],\"watchdog_ns\":null,\"steps\":[{\"name\":\"s0\",\"ops\":1},{\"name\":"
		"\"s1\",\"ops\":1}],\"checks\":{\"not_starved\":true,\"isolation\":true,"
		"\"monitor\":{%s}}," RUN_NO_ERROR "}",
		thresholds);
	run_line_put(&g->f, plan);
	put_run_lines(g, "guest STEP_START {\"step\":0");
}

/* A sample of the guest as it is. */
static void guest_sample(struct guest *g)
{
	char line[1024];

	snprintf(line, sizeof(line),
		 "monitor SAMPLE {\"number\":%" PRIu64 ",\"at_ns\":%" PRIu64
		 ",\"took_ns\":2000,\"invalid\":%u,\"machine\":[[%" PRIu64 "]],\"cpu\":[[%" PRIu64
		 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "],[%" PRIu64 ",%" PRIu64 ",%" PRIu64
		 ",%" PRIu64 "]],\"event\":[[%" PRIu64 ",%" PRIu64
		 ",5],[0,0,0]],\"prog\":[[%" PRIu64 ",%" PRIu64 "]]}",
		 g->sent, g->at_ms * 1000000, g->invalid, g->jiffies, g->cpu[0].nr, g->cpu[0].depth,
		 g->cpu[0].clock, g->cpu[0].vcpu_ms * 1000000, g->cpu[1].nr, g->cpu[1].depth,
		 g->cpu[1].clock, g->cpu[1].vcpu_ms * 1000000, g->fallback, g->keep_last,
		 g->sent * 10, g->sent * 1000);
	run_line_put(&g->f, line);
	g->sent++;
}

/* @ms go by, of which the guest has @ticks; its clocks but that of CPU @stuck move on. */
static void guest_pass(struct guest *g, uint64_t ms, uint64_t ticks, int stuck)
{
	g->at_ms += ms;
	g->jiffies += ticks;
	for (int i = 0; i < CPUS; i++) {
		g->cpu[i].vcpu_ms += ms - (uint64_t)i; /* never the same for both */
		if (i != stuck)
			g->cpu[i].clock += 1000000 * (ms + 1);
	}
	guest_sample(g);
}

/* @n samples, 100 ms apart, at the guest's full speed. */
static void guest_run(struct guest *g, unsigned int n)
{
	while (n--)
		guest_pass(g, 100, 25, -1);
}

static void guest_stuck(struct guest *g, unsigned int n)
{
	while (n--)
		guest_pass(g, 100, 25, 1);
}

/* Beyond the warm-up, with one judged sample behind. */
static void guest_begin_warm(struct guest *g, const char *thresholds)
{
	guest_begin(g, thresholds);
	put_schema(g, "x", 1);
	guest_run(g, SCOPE_WARM_UP + 1);
}

static void put_end(struct guest *g)
{
	char line[256];

	snprintf(line, sizeof(line),
		 "monitor MONITOR_END {\"samples\":%" PRIu64 ",\"reason\":\"for\"}", g->sent);
	run_line_put(&g->f, line);
}

/* ---- what comes of it ---- */

struct outcome {
	enum status status;
	struct verdict verdict;
	json_t *json;
	struct run *run;
};

static struct run *run_of(const char *data, size_t len)
{
	struct tlv_reader *reader = tlv_reader_create();
	struct run *r = run_create();
	struct tlv_message m;

	tlv_reader_feed(reader, data, len);
	while (tlv_reader_next(reader, &m))
		run_add(r, &m);
	tlv_reader_end(reader);
	run_finish(r, tlv_reader_stats(reader), len);
	tlv_reader_destroy(reader);
	return r;
}

/* The rest of the run; the guest is used up. */
static struct outcome guest_cut(struct guest *g)
{
	_cleanup_buf_ struct buf json = {0};
	struct outcome o = {0};
	struct result result;

	put_run_lines(g, NULL);
	o.run = run_of(g->f.out.data, g->f.out.len);
	frames_deinit(&g->f);
	if (result_init(&result, o.run, EXPECT_LATER, NULL) || render_json(&result, &json)) {
		printf("Bail out! no result\n");
		exit(99);
	}
	o.json = json_loads(buf_text(&json), 0, NULL);
	o.verdict = result.verdict; /* handed over */
	o.status = o.verdict.status;
	result.verdict.reasons = (struct reasons){0};
	result_deinit(&result);
	return o;
}

static struct outcome guest_end(struct guest *g)
{
	put_end(g);
	return guest_cut(g);
}

static void outcome_deinit(struct outcome *o)
{
	verdict_deinit(&o->verdict);
	json_decref(o->json);
	run_destroy(o->run);
}

/* `a.b.c` of the monitor's part. */
static json_t *of(const struct outcome *o, const char *path)
{
	json_t *v = json_object_get(o->json, "monitor");
	char copy[128], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *p = strtok_r(copy, ".", &save); p; p = strtok_r(NULL, ".", &save))
		v = json_object_get(v, p);
	return v;
}

static double number_of(const struct outcome *o, const char *path)
{
	json_t *v = of(o, path);

	return json_is_number(v) ? json_number_value(v) : NAN;
}
#define CHECK_NUMBER(path, want)                                                               \
	do {                                                                                   \
		double got_ = number_of(&o, path), want_ = (want);                             \
		if (!(fabs(got_ - want_) <= 1e-6 * fabs(want_))) {                             \
			printf("# %s:%d: %s is %g, want %g\n", __FILE__, __LINE__, path, got_, \
			       want_);                                                         \
			test_failed = 1;                                                       \
		}                                                                              \
	} while (0)

/* The worst finding. */
static const char *headline(const struct outcome *o)
{
	const struct reason *first = reasons_first(&o->verdict.reasons);

	return first ? first->message : "";
}

static bool tells(const struct outcome *o, const char *part)
{
	for (size_t i = 0; i < o->verdict.reasons.n; i++)
		if (strstr(o->verdict.reasons.list[i].message, part))
			return true;
	return false;
}

static void judge(struct guest *g, enum status status, const char *says)
{
	struct outcome o = guest_end(g);

	CHECK(o.status == status);
	if (o.status != status)
		printf("# %s\n", headline(&o));
	if (says)
		CHECK_STR(headline(&o), says);
	outcome_deinit(&o);
}

/* ---- summary ---- */

static void no_monitor(void)
{
	struct guest g;
	struct outcome o;

	guest_begin(&g, NONE);
	o = guest_cut(&g);
	CHECK(o.status == STATUS_PASS);
	CHECK(json_is_null(json_object_get(o.json, "monitor")));
	CHECK(json_is_null(json_object_get(o.json, "verifier_stats")));
	outcome_deinit(&o);
}

static void summary_figures(void)
{
	struct guest g;
	struct outcome o;

	guest_begin(&g, NONE);
	put_schema(&g, "x", 1);
	guest_pass(&g, 0, 0, -1);
	g.cpu[0].nr = 7;
	g.cpu[1].nr = 2;
	g.cpu[1].depth = 3;
	g.fallback = 30;
	g.keep_last = 5;
	guest_pass(&g, 100, 25, -1);
	g.cpu[0].nr = 3;
	g.cpu[1].nr = 0;
	g.fallback = 40;
	guest_pass(&g, 300, 50, -1);
	o = guest_end(&g);
	CHECK(o.status == STATUS_PASS);
	CHECK_NUMBER("summary.total_samples", 3);
	CHECK_NUMBER("summary.max_imbalance_ratio", 3.5);
	CHECK_NUMBER("summary.avg_imbalance_ratio", (1 + 3.5 + 3) / 3);
	CHECK_NUMBER("summary.max_local_dsq_depth", 3);
	CHECK_NUMBER("summary.max_local_dsq_depth_cpu", 1);
	CHECK_NUMBER("summary.avg_local_dsq_depth", 1); /* 0 0, 0 3, 0 3 */
	CHECK_NUMBER("summary.avg_nr_running", (1 + 1 + 7 + 2 + 3 + 0) / 6.0);
	CHECK(json_is_false(of(&o, "summary.stall_detected")));
	CHECK(json_is_false(of(&o, "summary.stuck_detected")));
	CHECK(json_is_null(of(&o, "summary.stuck")));
	/* 75 ticks are 0.3 s of the guest's time, of 0.4 s of the host's. */
	CHECK_NUMBER("summary.elapsed_seconds", 0.3);
	CHECK_STR(json_string_value(of(&o, "summary.rates_per")), "guest second");
	CHECK_NUMBER("summary.event_deltas.select_cpu_fallback", 40);
	CHECK_NUMBER("summary.event_deltas.dispatch_keep_last", 5);
	CHECK_NUMBER("summary.event_deltas.odd_new", 0);
	CHECK_NUMBER("summary.event_deltas.fallback_rate", 40 / 0.3);
	CHECK_NUMBER("summary.event_deltas.keep_last_rate", 5 / 0.3);
	CHECK_NUMBER("summary.event_deltas.max_fallback_burst", 30);
	CHECK(json_is_null(of(&o, "summary.schedstat_deltas")));
	CHECK_NUMBER("samples", 3);
	CHECK_NUMBER("invalid", 0);
	CHECK_NUMBER("max_sample_us", 2);
	CHECK_STR(json_string_value(of(&o, "scope")), "scheduler");
	CHECK_STR(json_string_value(of(&o, "kernel.release")), "7.3.4");
	CHECK_NUMBER("kernel.hz", 250);
	CHECK(json_is_null(of(&o, "verdict")) && json_is_null(of(&o, "watchdog")));
	CHECK(json_is_true(of(&o, "complete")));
	outcome_deinit(&o);
}

static void summary_programs(void)
{
	struct guest g;
	struct outcome o;
	json_t *prog;

	guest_begin(&g, NONE);
	put_schema(&g, "x", 1);
	guest_run(&g, 4);
	o = guest_end(&g);
	prog = json_array_get(of(&o, "summary.prog_stats_deltas"), 0);
	CHECK_STR(json_string_value(json_object_get(prog, "name")), "x_dispatch");
	CHECK(json_integer_value(json_object_get(prog, "cnt")) == 30);
	CHECK(json_integer_value(json_object_get(prog, "nsecs")) == 3000);
	CHECK(json_real_value(json_object_get(prog, "nsecs_per_call")) == 100);
	CHECK(json_is_null(json_object_get(prog, "misses")));
	prog = json_array_get(json_object_get(o.json, "verifier_stats"), 0);
	CHECK_STR(json_string_value(json_object_get(prog, "name")), "x_dispatch");
	CHECK(json_integer_value(json_object_get(prog, "verified_insns")) == 345);
	outcome_deinit(&o);
}

/* Without jiffies, and without hz, rates are by the host's time, and it is told. */
static void summary_host_time(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct guest g;
		struct outcome o;

		guest_begin(&g, NONE);
		g.hz = i ? 0 : 250;
		g.no_jiffies = !i;
		put_schema(&g, "x", 1);
		guest_pass(&g, 0, 0, -1);
		g.fallback = 10;
		guest_pass(&g, 400, 25, -1);
		o = guest_end(&g);
		CHECK_NUMBER("summary.elapsed_seconds", 0.4);
		CHECK_NUMBER("summary.event_deltas.fallback_rate", 25);
		CHECK_STR(json_string_value(of(&o, "summary.rates_per")), "host second");
		outcome_deinit(&o);
	}
}

static void summary_of_nothing(void)
{
	struct guest g;
	struct outcome o;

	guest_begin(&g, NONE);
	put_schema(&g, "x", 1);
	g.invalid = SAMPLE_TORN | SAMPLE_UNREADABLE;
	g.cpu[0].nr = 100;
	guest_run(&g, 2);
	o = guest_end(&g);
	CHECK(o.status == STATUS_PASS);
	CHECK_NUMBER("summary.total_samples", 2);
	CHECK_NUMBER("invalid", 2);
	CHECK_NUMBER("invalid_by.torn", 2);
	CHECK_NUMBER("invalid_by.unreadable", 2);
	CHECK_NUMBER("valid", 0);
	CHECK(json_is_null(of(&o, "summary.max_imbalance_ratio")));
	CHECK(json_is_null(of(&o, "summary.avg_imbalance_ratio")));
	CHECK(json_is_null(of(&o, "summary.avg_nr_running")));
	CHECK(json_is_null(of(&o, "summary.stall_detected")));
	CHECK(json_is_null(of(&o, "summary.event_deltas")));
	outcome_deinit(&o);
}

/* A counter that goes back counts as 0, and is followed from where it is. */
static void deltas_clamp(void)
{
	struct guest g;
	struct outcome o;

	guest_begin(&g, NONE);
	put_schema(&g, "x", 1);
	g.fallback = 100;
	guest_run(&g, 1);
	g.fallback = 10;
	guest_run(&g, 1);
	g.fallback = 15;
	guest_run(&g, 1);
	o = guest_end(&g);
	CHECK_NUMBER("summary.event_deltas.select_cpu_fallback", 5);
	outcome_deinit(&o);
}

/* A new schema: what was before is no basis, its sums stay. */
static void deltas_restart_at_schema(void)
{
	struct guest g;
	struct outcome o;

	guest_begin(&g, NONE);
	put_schema(&g, "x", 1);
	guest_run(&g, 1);
	g.fallback = 7;
	guest_run(&g, 1);
	g.fallback = 1000;
	g.jiffies += 100000;
	put_schema(&g, "x", 2);
	guest_run(&g, 1);
	g.fallback = 1003;
	guest_run(&g, 1);
	o = guest_end(&g);
	CHECK_NUMBER("summary.event_deltas.select_cpu_fallback", 10);
	CHECK_NUMBER("summary.event_deltas.max_fallback_burst", 7);
	CHECK_NUMBER("summary.elapsed_seconds", 0.2);
	CHECK_NUMBER("schemas", 2);
	CHECK_NUMBER("kernel.generations", 2);
	outcome_deinit(&o);
}

/* ---- scope ---- */

/* What was before the scheduler, and after it, is not held against it. */
static void scope_is_the_scheduler(void)
{
	struct guest g;
	struct outcome o;

	guest_begin(&g, IMBALANCE);
	put_schema(&g, "", 1);
	g.cpu[0].nr = 90;
	guest_run(&g, 40);
	put_schema(&g, "x", 1);
	g.cpu[0].nr = 2;
	guest_run(&g, 30);
	put_schema(&g, "", 1);
	g.cpu[0].nr = 90;
	guest_run(&g, 40);
	o = guest_end(&g);
	CHECK(o.status == STATUS_PASS);
	CHECK_NUMBER("summary.max_imbalance_ratio", 2);
	CHECK_NUMBER("summary.total_samples", 110);
	CHECK_NUMBER("valid", 30);
	CHECK_NUMBER("judged", 10);
	CHECK_STR(json_string_value(of(&o, "kernel.ops")), "x");
	outcome_deinit(&o);
}

/* Without a scheduler of its own a run is judged while the scenario runs, or else as a whole. */
static void scope_is_the_scenario(void)
{
	static struct monitor one, *m = &one;

	monitor_init(m);
	CHECK(monitor_scope(m, true) == SCOPE_SCHEDULER);
	CHECK(monitor_scope(m, false) == SCOPE_ALL);
	monitor_scenario(m, true);
	monitor_scenario(m, false);
	CHECK(monitor_scope(m, false) == SCOPE_SCENARIO);
	monitor_deinit(m);
}

static void scenario_has_its_samples(void)
{
	struct guest g;
	struct outcome o;

	guest_begin(&g, NONE); /* behind SCENARIO_START */
	put_schema(&g, "", 1);
	guest_run(&g, 2);
	put_run_lines(&g, "guest SCHED_STATE");
	guest_run(&g, 5); /* behind SCENARIO_END */
	o = guest_end(&g);
	CHECK(o.run->monitor.scopes[SCOPE_SCENARIO].samples == 2);
	CHECK(o.run->monitor.scopes[SCOPE_ALL].samples == 7);
	CHECK(o.run->monitor.scopes[SCOPE_SCHEDULER].samples == 0);
	outcome_deinit(&o);
}

/* From HELLO on, or else from the first sample. */
static void offsets(void)
{
	static const struct thresholds limits = {.limit = {4000000, 50, 1, 200, 100}};
	struct violation v = {.which = THRESHOLD_STALL,
			      .cpu = 1,
			      .from_ns = 2200000000,
			      .span_ns = 3500999999,
			      .samples = 35};
	static struct monitor one, *m = &one;
	char text[MONITOR_LINE_MAX];

	violation_format(&v, &limits, 1000000000, text, sizeof(text));
	CHECK_STR(text, "stuck 3500 ms on cpu1 at +1200 ms (35 samples)");
	m->first_at_ns = 7;
	CHECK(monitor_start_ns(m) == 7);
	m->start_ns = 5;
	CHECK(monitor_start_ns(m) == 5);
}

/* ---- windows ---- */

static void warm_up_is_not_judged(void)
{
	struct guest g;

	guest_begin(&g, IMBALANCE);
	put_schema(&g, "x", 1);
	g.cpu[0].nr = 9;
	guest_run(&g, SCOPE_WARM_UP + 4);
	g.cpu[0].nr = 1;
	guest_run(&g, 10);
	judge(&g, STATUS_PASS, NULL);

	guest_begin(&g, IMBALANCE);
	put_schema(&g, "x", 1);
	g.cpu[0].nr = 9;
	guest_run(&g, SCOPE_WARM_UP + 5);
	/* HELLO has the test's own time, which is later: the offset is then 0. */
	judge(&g, STATUS_FAIL, "imbalance ratio 9 over 4 for 400 ms at +0 ms (5 samples)");
}

static void imbalance_edges(void)
{
	struct guest g;

	guest_begin_warm(&g, IMBALANCE);
	g.cpu[0].nr = 4; /* equal passes */
	guest_run(&g, 10);
	judge(&g, STATUS_PASS, NULL);

	guest_begin_warm(&g, IMBALANCE);
	g.cpu[0].nr = 4;
	g.cpu[1].nr = 0; /* counts as 1 */
	guest_run(&g, 10);
	judge(&g, STATUS_PASS, NULL);

	guest_begin_warm(&g, IMBALANCE);
	g.cpu[0].nr = 5;
	guest_run(&g, 4);
	g.cpu[0].nr = 4;
	guest_run(&g, 1);
	g.cpu[0].nr = 5;
	guest_run(&g, 4);
	judge(&g, STATUS_PASS, NULL);

	guest_begin_warm(&g, IMBALANCE);
	g.cpu[0].nr = 5;
	guest_run(&g, 4);
	g.cpu[0].nr = 6;
	guest_run(&g, 3);
	judge(&g, STATUS_FAIL, "imbalance ratio 6 over 4 for 600 ms at +0 ms (7 samples)");
}

/* What is not asked for is judged for those who look, and fails nothing. */
static void not_enforced(void)
{
	struct guest g;
	struct outcome o;

	guest_begin_warm(&g, DEPTH);
	g.cpu[0].nr = 5;
	guest_run(&g, 5);
	o = guest_end(&g);
	CHECK(o.status == STATUS_PASS);
	CHECK(json_is_false(of(&o, "thresholds.max_imbalance_ratio.enforced")));
	CHECK(json_is_false(of(&o, "thresholds.max_imbalance_ratio.held")));
	CHECK_NUMBER("thresholds.max_imbalance_ratio.limit", 4);
	CHECK(json_is_true(of(&o, "thresholds.max_local_dsq_depth.enforced")));
	CHECK(json_is_true(of(&o, "thresholds.max_local_dsq_depth.held")));
	CHECK_NUMBER("thresholds.max_local_dsq_depth.limit", 50);
	CHECK_STR(json_string_value(of(&o, "verdict")), "pass");
	CHECK(json_array_size(of(&o, "violations")) == 1);
	outcome_deinit(&o);
}

/* Invalid samples are as if they had not been: no reading, and no break. */
static void invalid_samples_are_passed_over(void)
{
	struct guest g;
	struct outcome o;

	guest_begin_warm(&g, IMBALANCE);
	g.cpu[0].nr = 5;
	guest_run(&g, 4);
	g.invalid = SAMPLE_TORN;
	g.cpu[0].nr = 1;
	guest_run(&g, 1);
	g.invalid = 0;
	g.cpu[0].nr = 5;
	guest_run(&g, 1);
	judge(&g, STATUS_FAIL, "imbalance ratio 5 over 4 for 500 ms at +0 ms (5 samples)");

	/* Deeper than any queue can be: not valid, whatever the sample says of itself. */
	guest_begin_warm(&g, DEPTH);
	g.cpu[1].depth = 10001;
	guest_run(&g, 10);
	g.cpu[1].depth = 10000;
	guest_run(&g, 4);
	g.cpu[1].depth = 0;
	guest_run(&g, 1);
	o = guest_end(&g);
	CHECK(o.status == STATUS_PASS);
	CHECK_NUMBER("invalid_by.implausible", 10);
	CHECK_NUMBER("summary.max_local_dsq_depth", 10000);
	outcome_deinit(&o);
}

static void depth_is_of_one_cpu(void)
{
	struct guest g;

	guest_begin_warm(&g, DEPTH);
	for (unsigned int i = 0; i < 8; i++) {
		g.cpu[i / 4].depth = 51;
		g.cpu[!(i / 4)].depth = 50;
		guest_run(&g, 1);
	}
	judge(&g, STATUS_PASS, NULL);

	guest_begin_warm(&g, DEPTH);
	g.cpu[1].depth = 51;
	guest_run(&g, 5);
	judge(&g, STATUS_FAIL,
	      "local DSQ depth 51 over 50 on cpu1 for 400 ms at +0 ms (5 samples)");
}

/* The guest hardly runs: many samples show one instant of it. */
static void slow_guest(void)
{
	struct guest g;

	guest_begin_warm(&g, IMBALANCE);
	g.cpu[0].nr = 5;
	for (unsigned int i = 0; i < 44; i++) /* 1 tick a sample: 4 of them count */
		guest_pass(&g, 100, 1, -1);
	g.cpu[0].nr = 1;
	guest_run(&g, 5);
	judge(&g, STATUS_PASS, NULL);

	guest_begin_warm(&g, IMBALANCE);
	g.cpu[0].nr = 5;
	for (unsigned int i = 0; i < 50; i++)
		guest_pass(&g, 100, 1, -1);
	judge(&g, STATUS_FAIL, "imbalance ratio 5 over 4 for 160 ms at +0 ms (5 samples)");

	/* One that is in order ends the series, however soon it comes. */
	guest_begin_warm(&g, IMBALANCE);
	for (unsigned int i = 0; i < 100; i++) {
		g.cpu[0].nr = i % 20 == 19 ? 1 : 5;
		guest_pass(&g, 100, 1, -1);
	}
	judge(&g, STATUS_PASS, NULL);
}

/* ---- stall ---- */

static void stuck_edges(void)
{
	struct guest g;
	struct outcome o;

	/* The first of five samples has nothing to compare with but the one before. */
	guest_begin_warm(&g, STALL_ONLY);
	guest_stuck(&g, 4);
	guest_run(&g, 3);
	o = guest_end(&g);
	CHECK(o.status == STATUS_PASS);
	/* The summary's flag has no window. */
	CHECK(json_is_true(of(&o, "summary.stall_detected")));
	CHECK(json_is_true(of(&o, "summary.stuck_detected")));
	CHECK_NUMBER("summary.stuck.cpu", 1);
	CHECK_NUMBER("summary.stuck.duration_ms", 400);
	CHECK_STR(json_string_value(of(&o, "summary.stuck.message")),
		  "stuck 400 ms on cpu1 at +0 ms");
	outcome_deinit(&o);

	guest_begin_warm(&g, STALL_ONLY);
	guest_stuck(&g, 5);
	judge(&g, STATUS_FAIL, "stuck 500 ms on cpu1 at +0 ms (5 samples)");

	guest_begin_warm(&g, STALL_ONLY);
	guest_stuck(&g, 35);
	judge(&g, STATUS_FAIL, "stuck 3500 ms on cpu1 at +0 ms (35 samples)");
}

static void stuck_one_pair_is_told(void)
{
	struct guest g;
	struct outcome o;

	guest_begin(&g, NONE);
	put_schema(&g, "x", 1);
	guest_run(&g, 2); /* in the warm-up too */
	guest_stuck(&g, 1);
	guest_run(&g, 2);
	o = guest_end(&g);
	CHECK(json_is_true(of(&o, "summary.stuck_detected")));
	CHECK_STR(json_string_value(of(&o, "summary.stuck.message")),
		  "stuck 100 ms on cpu1 at +0 ms");
	outcome_deinit(&o);
}

static void stuck_not_when_idle(void)
{
	struct guest g;

	guest_begin_warm(&g, STALL_ONLY);
	g.cpu[1].nr = 0;
	guest_stuck(&g, 20);
	judge(&g, STATUS_PASS, NULL);

	/* Idle in one of two is enough. */
	guest_begin_warm(&g, STALL_ONLY);
	for (unsigned int i = 0; i < 20; i++) {
		g.cpu[1].nr = i % 2;
		guest_stuck(&g, 1);
	}
	judge(&g, STATUS_PASS, NULL);

	/* And a clock of 0 was never set. */
	guest_begin_warm(&g, STALL_ONLY);
	g.cpu[1].clock = 0;
	guest_stuck(&g, 20);
	judge(&g, STATUS_PASS, NULL);
}

/* @ms_of_100: the CPU time that the stuck vCPU gets of each 100 ms. */
static void stuck_with_cpu_time(uint64_t ms_of_100, unsigned int n, bool fails)
{
	struct guest g;

	guest_begin_warm(&g, STALL_ONLY);
	while (n--) {
		g.cpu[1].vcpu_ms -= 99 - ms_of_100;
		guest_stuck(&g, 1);
	}
	judge(&g, fails ? STATUS_FAIL : STATUS_PASS, NULL);
}

static void stuck_not_when_preempted(void)
{
	stuck_with_cpu_time(0, 30, false);
	/* 40 ms are ten ticks at 250 Hz: what a pair lacks, the next one may add. */
	stuck_with_cpu_time(40, 5, true);
	stuck_with_cpu_time(39, 5, false);
	stuck_with_cpu_time(39, 10, true);
	stuck_with_cpu_time(20, 9, false);
	stuck_with_cpu_time(20, 10, true);
}

/* All vCPUs in one thread: its time says nothing of one of them. */
static void stuck_in_one_thread(void)
{
	struct guest g;

	guest_begin_warm(&g, STALL_ONLY);
	for (unsigned int i = 0; i < 6; i++) {
		g.at_ms += 100;
		g.jiffies += 25;
		g.cpu[0].clock += 1000;
		g.cpu[0].vcpu_ms = g.cpu[1].vcpu_ms = 500; /* stands still, and does not count */
		guest_sample(&g);
	}
	judge(&g, STATUS_FAIL, NULL);
}

/* Ten ticks of the guest's time make a pair, in however many samples. */
static void stuck_in_a_slow_guest(void)
{
	struct guest g;

	guest_begin_warm(&g, STALL_ONLY);
	for (unsigned int i = 0; i < 200; i++)
		guest_pass(&g, 100, 0, 1);
	guest_run(&g, 5);
	judge(&g, STATUS_PASS, NULL);

	guest_begin_warm(&g, STALL_ONLY);
	for (unsigned int i = 0; i < 9; i++) /* 9 ticks each: a pair every other sample */
		guest_pass(&g, 100, 9, 1);
	guest_run(&g, 5);
	judge(&g, STATUS_PASS, NULL);

	guest_begin_warm(&g, STALL_ONLY);
	for (unsigned int i = 0; i < 10; i++)
		guest_pass(&g, 100, 9, 1);
	judge(&g, STATUS_FAIL, "stuck 360 ms on cpu1 at +0 ms (5 samples)");
}

static void stuck_across_invalid(void)
{
	struct guest g;

	guest_begin_warm(&g, STALL_ONLY);
	guest_stuck(&g, 2);
	g.invalid = SAMPLE_TORN;
	guest_run(&g, 1); /* its clocks are not believed */
	g.invalid = 0;
	g.cpu[1].clock -= 1000000 * 101;
	guest_stuck(&g, 3);
	judge(&g, STATUS_FAIL, "stuck 600 ms on cpu1 at +0 ms (5 samples)");
}

/* ---- rates ---- */

static void fallbacks(struct guest *g, unsigned int n, uint64_t each)
{
	while (n--) {
		g->fallback += each;
		guest_run(g, 1);
	}
}

static void rate_edges(void)
{
	struct guest g;

	guest_begin_warm(&g, FALLBACK);
	fallbacks(&g, 20, 20); /* 200 a second */
	judge(&g, STATUS_PASS, NULL);

	guest_begin_warm(&g, FALLBACK);
	fallbacks(&g, 4, 21);
	fallbacks(&g, 1, 20);
	fallbacks(&g, 4, 21);
	judge(&g, STATUS_PASS, NULL);

	guest_begin_warm(&g, FALLBACK);
	fallbacks(&g, 4, 21);
	fallbacks(&g, 1, 30);
	judge(&g, STATUS_FAIL,
	      "select_cpu_fallback 300.0/s over 200/s for 500 ms at +0 ms (5 samples)");

	guest_begin_warm(&g, KEEP_LAST);
	for (unsigned int i = 0; i < 5; i++) {
		g.keep_last += 11;
		guest_run(&g, 1);
	}
	judge(&g, STATUS_FAIL,
	      "dispatch_keep_last 110.0/s over 100/s for 500 ms at +0 ms (5 samples)");
}

/* By the guest's time: what is a lot by the host's is little if the guest raced, and the reverse.
 */
static void rate_is_of_guest_time(void)
{
	struct guest g;

	guest_begin_warm(&g, FALLBACK);
	for (unsigned int i = 0; i < 10; i++) {
		g.fallback += 20;
		guest_pass(&g, 50, 25, -1);
	}
	judge(&g, STATUS_PASS, NULL);

	/* 5 ticks a sample are taken two and two: 18 of 40 ms are 450 a second. */
	guest_begin_warm(&g, FALLBACK);
	for (unsigned int i = 0; i < 10; i++) {
		g.fallback += 9;
		guest_pass(&g, 100, 5, -1);
	}
	judge(&g, STATUS_FAIL,
	      "select_cpu_fallback 450.0/s over 200/s for 200 ms at +0 ms (5 samples)");
}

/* ---- what is missing ---- */

static void missing(struct guest *g, bool end, const char *says)
{
	struct outcome o = end ? guest_end(g) : guest_cut(g);

	CHECK(o.status == STATUS_INCONCLUSIVE);
	CHECK_STR(headline(&o), says);
	if (json_is_object(json_object_get(o.json, "monitor")))
		CHECK_STR(json_string_value(of(&o, "verdict")), "inconclusive");
	outcome_deinit(&o);
}

static void data_is_missing(void)
{
	struct guest g;

	guest_begin(&g, IMBALANCE);
	missing(&g, false, "check max-imbalance cannot be judged: no monitor watched the guest");

	guest_begin(&g, DEPTH);
	missing(&g, true, "check max-local-dsq-depth cannot be judged: no monitor samples");

	guest_begin(&g, STALL_ONLY);
	put_schema(&g, "", 1);
	guest_run(&g, 40);
	missing(&g, true,
		"check stall cannot be judged: no valid sample while a scheduler was loaded (40 "
		"samples in all)");

	guest_begin(&g, IMBALANCE);
	put_schema(&g, "x", 1);
	guest_run(&g, SCOPE_WARM_UP + 4);
	missing(&g, true,
		"check max-imbalance cannot be judged: only 4 samples behind the first 20 and 10 "
		"ticks of guest time apart, and it takes 5");

	guest_begin(&g, FALLBACK);
	g.no_events = true;
	put_schema(&g, "x", 1);
	guest_run(&g, 40);
	missing(&g, true,
		"check max-fallback-rate cannot be judged: the samples do not have the event "
		"counter select_cpu_fallback");

	guest_begin_warm(&g, STALL_ONLY);
	guest_run(&g, 10);
	missing(&g, false,
		"check stall cannot be judged: cut short: nothing tells how the monitor ended");

	guest_begin_warm(&g, STALL_ONLY);
	guest_run(&g, 10);
	run_line_put(&g.f, "monitor MONITOR_END {\"samples\":31,\"reason\":\"failed\"}");
	missing(&g, false, "check stall cannot be judged: cut short: the monitor failed");

	guest_begin_warm(&g, STALL_ONLY);
	guest_run(&g, 10);
	g.sent++;
	missing(&g, true,
		"check stall cannot be judged: the monitor sent 32 samples, and 31 are here");

	guest_begin_warm(&g, STALL_ONLY);
	guest_run(&g, 10);
	run_line_put(&g.f, "monitor MONITOR_END {\"samples\":31,\"missed\":32,\"reason\":\"for\"}");
	missing(&g, false,
		"check stall cannot be judged: the monitor took 31 samples and missed the time of "
		"32");
}

static void enough_is_enough(void)
{
	struct guest g;

	guest_begin(&g, ALL);
	put_schema(&g, "x", 1);
	guest_run(&g, SCOPE_WARM_UP + 5);
	judge(&g, STATUS_PASS, NULL);
}

/* Each threshold that is asked for says so on a row of its own. */
static void each_row_is_inconclusive(void)
{
	struct guest g;
	struct outcome o;

	guest_begin(&g, ALL);
	o = guest_cut(&g);
	for (unsigned int i = 0; i < THRESHOLDS; i++)
		CHECK(reasons_row_status(&o.verdict.reasons, ROW_MAX_IMBALANCE + i) ==
		      STATUS_INCONCLUSIVE);
	outcome_deinit(&o);
}

static void clocks_never_ran(void)
{
	struct guest g;

	guest_begin(&g, STALL_ONLY);
	put_schema(&g, "x", 1);
	for (unsigned int i = 0; i < 40; i++) {
		g.cpu[0].clock = g.cpu[1].clock = 5;
		g.at_ms += 100;
		g.jiffies += 25;
		guest_sample(&g);
	}
	missing(&g, true,
		"check stall cannot be judged: not yet initialised: the clocks of all run queues "
		"are the same in all samples");
}

/* A cut stream does not hide what was seen. */
static void seen_is_seen(void)
{
	struct guest g;
	struct outcome o;

	guest_begin_warm(&g, STALL_ONLY);
	guest_stuck(&g, 5);
	o = guest_cut(&g);
	CHECK(o.status == STATUS_FAIL);
	outcome_deinit(&o);
}

/* ---- frames that are not as they must be ---- */

static void broken_frames(void)
{
	static const char *const bad[] = {
		"monitor SAMPLE_SCHEMA {\"id\":1}",
		"monitor SAMPLE \\x01",
		"monitor SAMPLE \\x09\\x00",
		"monitor MONITOR_NOTE {\"kind\":\"attached\"}",
		"monitor MONITOR_NOTE {\"kind\":\"odd\",\"message\":\"x\"}",
		"monitor MONITOR_END {\"reason\":\"for\"}",
		"guest SAMPLE \\x01",
		"guest MONITOR_NOTE {\"kind\":\"attached\",\"message\":\"x\"}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct guest g;
		struct outcome o;

		guest_begin(&g, NONE);
		put_schema(&g, "x", 1);
		run_line_put(&g.f, bad[i]);
		o = guest_cut(&g);
		CHECK(o.status == STATUS_INCONCLUSIVE && tells(&o, "data was lost"));
		outcome_deinit(&o);
	}
}

/* After a schema that is none, samples of the one before are not taken for its. */
static void broken_schema_ends_the_old(void)
{
	struct guest g;
	struct outcome o;

	guest_begin(&g, NONE);
	put_schema(&g, "x", 1);
	guest_run(&g, 2);
	run_line_put(&g.f, "monitor SAMPLE_SCHEMA {\"id\":2}");
	guest_run(&g, 2);
	o = guest_end(&g);
	CHECK_NUMBER("samples", 2);
	CHECK(o.run->malformed == 3);
	CHECK(json_is_false(of(&o, "complete")));
	outcome_deinit(&o);
}

static void second_monitor(void)
{
	struct guest g;
	struct outcome o;

	guest_begin(&g, NONE);
	put_schema(&g, "x", 1);
	guest_run(&g, 2);
	g.f.writers[TLV_FROM_MONITOR].instance = 3;
	g.f.writers[TLV_FROM_MONITOR].seq = 0;
	guest_run(&g, 2);
	g.f.writers[TLV_FROM_MONITOR].instance = 0;
	g.f.writers[TLV_FROM_MONITOR].seq = 3;
	o = guest_end(&g);
	CHECK(o.status == STATUS_PASS && tells(&o, "2 messages of a second monitor"));
	CHECK_NUMBER("samples", 2);
	outcome_deinit(&o);
}

/* ---- notes ---- */

#define NOTE(kind, more) \
	"monitor MONITOR_NOTE {\"kind\":\"" kind "\",\"message\":\"words\"" more "}"

static void notes(void)
{
	struct guest g;
	struct outcome o;

	guest_begin(&g, NONE);
	run_line_put(&g.f, NOTE("attached", ",\"generation\":1,\"attach_ns\":45000000"
					    ",\"kaslr_offset\":4096"));
	run_line_put(&g.f, NOTE("watchdog", ",\"expected_jiffies\":750,\"observed_jiffies\":750,"
					    "\"hz\":250"));
	run_line_put(&g.f, NOTE("lost", ""));
	run_line_put(&g.f, NOTE("trouble", ""));
	o = guest_end(&g);
	CHECK(o.status == STATUS_PASS && tells(&o, "monitor: words"));
	CHECK(!tells(&o, "watchdog"));
	CHECK_NUMBER("kernel.attach_ns", 45000000);
	CHECK(json_integer_value(json_object_get(o.json, "kern_kaslr_offset")) == 4096);
	CHECK_NUMBER("kernel.lost", 1);
	CHECK_NUMBER("watchdog.expected_jiffies", 750);
	CHECK_NUMBER("watchdog.observed_jiffies", 750);
	CHECK_NUMBER("watchdog.hz", 250);
	CHECK(json_array_size(of(&o, "notes")) == 4);
	outcome_deinit(&o);
}

static void watchdog_that_did_not_land(void)
{
	struct guest g;
	struct outcome o;

	guest_begin(&g, NONE);
	run_line_put(&g.f, NOTE("watchdog", ",\"expected_jiffies\":750,\"observed_jiffies\":5000"));
	o = guest_end(&g);
	CHECK(o.status == STATUS_PASS);
	CHECK(tells(&o, "was set to 750 jiffies and reads as 5000"));
	outcome_deinit(&o);

	guest_begin(&g, NONE);
	run_line_put(&g.f, NOTE("watchdog", ""));
	o = guest_end(&g);
	CHECK(o.status == STATUS_PASS && tells(&o, "could not be set"));
	CHECK(json_is_null(of(&o, "watchdog.observed_jiffies")));
	outcome_deinit(&o);
}

int main(void)
{
	RUN(no_monitor);
	RUN(summary_figures);
	RUN(summary_programs);
	RUN(summary_host_time);
	RUN(summary_of_nothing);
	RUN(deltas_clamp);
	RUN(deltas_restart_at_schema);
	RUN(scope_is_the_scheduler);
	RUN(scope_is_the_scenario);
	RUN(scenario_has_its_samples);
	RUN(offsets);
	RUN(warm_up_is_not_judged);
	RUN(imbalance_edges);
	RUN(not_enforced);
	RUN(invalid_samples_are_passed_over);
	RUN(depth_is_of_one_cpu);
	RUN(slow_guest);
	RUN(stuck_edges);
	RUN(stuck_one_pair_is_told);
	RUN(stuck_not_when_idle);
	RUN(stuck_not_when_preempted);
	RUN(stuck_in_one_thread);
	RUN(stuck_in_a_slow_guest);
	RUN(stuck_across_invalid);
	RUN(rate_edges);
	RUN(rate_is_of_guest_time);
	RUN(data_is_missing);
	RUN(enough_is_enough);
	RUN(each_row_is_inconclusive);
	RUN(clocks_never_ran);
	RUN(seen_is_seen);
	RUN(broken_frames);
	RUN(broken_schema_ends_the_old);
	RUN(second_monitor);
	RUN(notes);
	RUN(watchdog_that_did_not_land);
	return TEST_END();
}
