/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/run.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clean.h"
#include "tlv/names.h"
#include "tlv/types.h"

const char *const run_end_names[RUN_ENDS] = {
	[RUN_END_UNKNOWN] = "unknown",
	[RUN_END_POWEROFF] = "poweroff",
	[RUN_END_RESET] = "reset",
	[RUN_END_PANIC] = "panic",
	[RUN_END_BOOT_TIMEOUT] = "boot-timeout",
	[RUN_END_TIMEOUT] = "timeout",
	[RUN_END_SIGNAL] = "signal",
	[RUN_END_KILLED] = "killed",
	[RUN_END_ENGINE_FAILED] = "engine-failed",
	[RUN_END_INTERNAL_ERROR] = "internal-error",
};

const char *const run_trouble_names[RUN_TROUBLE_KINDS] = {
	[RUN_TROUBLE_SET_UP] = "set-up",       [RUN_TROUBLE_STEP] = "step",
	[RUN_TROUBLE_SCHEDULER] = "scheduler", [RUN_TROUBLE_AGENT] = "agent",
	[RUN_TROUBLE_NOTE] = "note",
};

const char *const run_sched_state_names[RUN_SCHED_STATES] = {
	[RUN_SCHED_UP] = "up",
	[RUN_SCHED_EXITED] = "exited",
	[RUN_SCHED_EJECTED] = "ejected",
	[RUN_SCHED_STOPPED] = "stopped",
};

const char *const run_worker_exit_names[RUN_WORKER_EXITS] = {
	[RUN_WORKER_REPORTED] = "reported",
	[RUN_WORKER_EXITED] = "exited",
	[RUN_WORKER_SIGNALED] = "signaled",
	[RUN_WORKER_TIMED_OUT] = "timed-out",
};

const char *const run_event_names[RUN_EVENT_KINDS] = {
	[RUN_EVENT_SCENARIO_START] = "scenario-start",
	[RUN_EVENT_STEP_START] = "step-start",
	[RUN_EVENT_STEP_END] = "step-end",
	[RUN_EVENT_SCENARIO_END] = "scenario-end",
};

/* ---- small things ---- */

const char *run_str(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

uint64_t run_u64(json_t *object, const char *name)
{
	json_t *v = json_object_get(object, name);

	return json_is_integer(v) && json_integer_value(v) >= 0 ? (uint64_t)json_integer_value(v)
								: RUN_ABSENT;
}

/* Which of @names the member @name is; bad and 0 when none. */
static unsigned int need_enum(struct payload *p, const char *name, const char *const *names,
			      unsigned int n)
{
	const char *text = payload_need_str(p, name);

	for (unsigned int i = 0; i < n; i++)
		if (strcmp(text, names[i]) == 0)
			return i;
	p->bad = true;
	return 0;
}

static void copy_str(char *ret, size_t size, const char *text)
{
	clean_copy(ret, size, text ? text : "", text ? strlen(text) : 0);
}

/*
 * Room for one more record of @size bytes in an array of *n; NULL when @max are there or memory is
 * out. The caller counts *n up when it has filled the record.
 */
static void *array_next(struct run *r, void *array, size_t n, size_t max, size_t size)
{
	void **a = array, *grown;

	if (n >= max) {
		r->over_limit++;
		return NULL;
	}
	if ((n & (n - 1)) == 0) { /* full at every power of two */
		grown = reallocarray(*a, n ? 2 * n : 1, size);
		if (!grown) {
			r->out_of_memory = true;
			return NULL;
		}
		*a = grown;
	}
	memset((char *)*a + n * size, 0, size);
	return (char *)*a + n * size;
}

/* The number of @text among the names; RUN_NAMES_MAX when there is no room. */
static unsigned int name_number(struct run *r, const char *text)
{
	char fit[RUN_NAME_MAX + 4], *slot;

	copy_str(fit, sizeof(fit), text);
	for (size_t i = 0; i < r->n_names; i++)
		if (strcmp(r->names[i], fit) == 0)
			return (unsigned int)i;
	slot = array_next(r, &r->names, r->n_names, RUN_NAMES_MAX, sizeof(fit));
	if (!slot)
		return RUN_NAMES_MAX;
	memcpy(slot, fit, sizeof(fit));
	return (unsigned int)r->n_names++;
}

/* ---- messages ---- */

/* Keep the first; a second one means that the stream holds more than one run. */
static bool keep_object(struct run *r, json_t **slot, struct payload *p)
{
	if (*slot) {
		r->repeated++;
		return false;
	}
	*slot = steal_ptr(&p->object);
	return true;
}

static void add_hello(struct run *r, struct payload *p)
{
	keep_object(r, &r->hello, p);
}

static void add_usage(struct run *r, struct payload *p)
{
	keep_object(r, &r->usage, p);
}

static void add_exit(struct run *r, struct payload *p)
{
	const char *reason = payload_need_str(p, "reason");
	bool timed_out = payload_need_bool(p, "timed_out");
	enum run_end end = RUN_END_UNKNOWN;

	for (unsigned int i = 0; i < RUN_ENDS; i++)
		if (strcmp(reason, run_end_names[i]) == 0)
			end = i;
	if (p->bad || !keep_object(r, &r->exit, p))
		return;
	r->end = end;
	r->timed_out = timed_out;
}

bool run_is_test_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= RUN_NAME_MAX && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0 &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
		       len;
}

/* A plan without them asks for none. */
static void read_thresholds(struct payload *checks, struct thresholds *ret)
{
	struct payload p = {.object = json_object_get(checks->object, "monitor")};
	uint64_t sustained;

	thresholds_init(ret);
	if (!p.object)
		return;
	sustained = payload_need_u64(&p, "sustained_samples");
	for (size_t i = 0; i < THRESHOLDS; i++) {
		const struct threshold_info *info = &threshold_infos[i];

		if (i != THRESHOLD_STALL)
			ret->limit[i] = payload_u64(&p, info->member); /* absent is off */
		else if (payload_need_bool(&p, info->member))
			ret->limit[i] = info->def;
		p.bad |= ret->limit[i] != THRESHOLD_OFF && ret->limit[i] > info->max;
	}
	p.bad |= sustained < 1 || sustained > SUSTAINED_MAX;
	ret->sustained_samples = p.bad ? SUSTAINED_DEFAULT : (uint32_t)sustained;
	checks->bad |= p.bad;
}

static void read_checks(struct payload *plan, struct run_plan *ret)
{
	struct payload checks = {.object = json_object_get(plan->object, "checks")};

	checks.bad = !json_is_object(checks.object);
	ret->not_starved = payload_need_bool(&checks, "not_starved");
	ret->isolation = payload_need_bool(&checks, "isolation");
	ret->max_gap_ns = payload_u64(&checks, "max_gap_ns");
	ret->max_spread_ppm = payload_u64(&checks, "max_spread_ppm");
	read_thresholds(&checks, &ret->monitor);
	plan->bad |= checks.bad;
}

static void add_plan(struct run *r, struct payload *p)
{
	struct run_plan plan = {.known = true};
	const char *test = payload_need_str(p, "test");
	const char *text = payload_str(p, "expect_error_text");
	json_t *steps = json_object_get(p->object, "steps");

	plan.snapshots = payload_u64(p, "snapshots");
	if (plan.snapshots == 0)
		plan.snapshots = RUN_ABSENT;
	plan.has_scheduler = payload_strings(p, "scheduler") != NULL;
	plan.expect_error = payload_need_bool(p, "expect_error");
	plan.expects = payload_strings(p, "expects");
	plan.n_steps = json_array_size(steps);
	p->bad |= !json_is_array(steps) || !run_is_test_name(test) ||
		  json_array_size(plan.expects) > RUN_EXPECTS_MAX;
	read_checks(p, &plan);
	/* The agent sends it too, for those who have no ktstr-scenario in front. */
	if (p->bad || r->plan.known)
		return;
	copy_str(plan.test, sizeof(plan.test), test);
	if (text) {
		plan.expect_error_text = strdup(text);
		r->out_of_memory |= !plan.expect_error_text;
	}
	keep_object(r, &r->plan_json, p);
	r->plan = plan;
	monitor_thresholds(&r->monitor, &plan.monitor);
}

static void add_guest_hello(struct run *r, struct payload *p)
{
	bool has = payload_need_bool(p, "sched_ext");

	if (!p->bad && keep_object(r, &r->guest_hello, p))
		r->has_sched_ext = has;
}

static void add_life(struct run *r, struct payload *p)
{
	const char *phase = payload_need_str(p, "phase");

	if (!p->bad)
		copy_str(r->life, sizeof(r->life), phase);
}

static void add_trouble(struct run *r, struct payload *p)
{
	struct run_trouble t = {
		.kind = need_enum(p, "kind", run_trouble_names, RUN_TROUBLE_KINDS),
		.step = payload_u64(p, "step"),
		.line = payload_u64(p, "line"),
	};
	const char *message = payload_need_str(p, "message");
	struct run_trouble *slot;

	if (p->bad)
		return;
	copy_str(t.message, sizeof(t.message), message);
	slot = array_next(r, &r->troubles, r->n_troubles, RUN_TROUBLES_MAX, sizeof(t));
	if (!slot)
		return;
	*slot = t;
	r->n_troubles++;
}

/* The step last begun. */
static uint64_t present_step(const struct run *r)
{
	for (size_t i = r->n_events; i-- > 0;)
		if (r->events[i].kind == RUN_EVENT_STEP_START)
			return r->events[i].step;
	return RUN_ABSENT;
}

static void add_sched_state(struct run *r, struct payload *p)
{
	struct run_sched s = {
		.state = need_enum(p, "state", run_sched_state_names, RUN_SCHED_STATES),
		.expected = payload_need_bool(p, "expected"),
		.status = payload_u64(p, "status"),
		.at_ns = payload_need_u64(p, "at_ns"),
		.in_scenario = r->scenario_started && !r->scenario_ended,
		.after_scenario = r->scenario_ended,
		.step = present_step(r),
	};
	struct run_sched *slot;

	copy_str(s.ops, sizeof(s.ops), payload_str(p, "ops"));
	copy_str(s.reason, sizeof(s.reason), payload_str(p, "reason"));
	if (p->bad)
		return;
	slot = array_next(r, &r->scheds, r->n_scheds, RUN_STATES_MAX, sizeof(s));
	if (!slot)
		return;
	*slot = s;
	r->n_scheds++;
}

static void add_event(struct run *r, struct payload *p, struct run_event *ev)
{
	struct run_event *slot;

	if (p->bad)
		return;
	slot = array_next(r, &r->events, r->n_events, RUN_EVENTS_MAX, sizeof(*ev));
	if (!slot)
		return;
	ev->op_kinds = json_incref(ev->op_kinds);
	*slot = *ev;
	r->n_events++;
}

static void add_scenario_start(struct run *r, struct payload *p)
{
	struct run_event ev = {
		.kind = RUN_EVENT_SCENARIO_START,
		.at_ns = payload_need_u64(p, "at_ns"),
		.step = RUN_ABSENT,
		.ops = RUN_ABSENT,
		.cgroups = RUN_ABSENT,
		.workers = RUN_ABSENT,
		.iterations = RUN_ABSENT,
	};

	add_event(r, p, &ev);
	if (p->bad)
		return;
	if (r->scenario_started)
		r->repeated++;
	r->scenario_started = true;
	monitor_scenario(&r->monitor, true);
	r->scenario_start_ns = ev.at_ns;
}

static void note_workers(struct run *r, uint64_t workers)
{
	if (workers == RUN_ABSENT)
		return;
	r->workers_told = true;
	if (workers > r->workers_spawned)
		r->workers_spawned = workers;
}

static void add_step(struct run *r, struct payload *p, enum run_event_kind kind)
{
	struct run_event ev = {
		.kind = kind,
		.at_ns = payload_need_u64(p, "at_ns"),
		.step = payload_need_u64(p, "step"),
		.ops = payload_u64(p, "ops"),
		.cgroups = payload_u64(p, "cgroups"),
		.workers = payload_u64(p, "workers"),
		.iterations = payload_u64(p, "iterations"),
		.op_kinds = payload_strings(p, "op_kinds"),
	};

	copy_str(ev.name, sizeof(ev.name), payload_str(p, "name"));
	add_event(r, p, &ev);
	if (p->bad)
		return;
	note_workers(r, ev.workers);
	r->steps_ended += kind == RUN_EVENT_STEP_END;
}

static void add_step_start(struct run *r, struct payload *p)
{
	add_step(r, p, RUN_EVENT_STEP_START);
}

static void add_step_end(struct run *r, struct payload *p)
{
	add_step(r, p, RUN_EVENT_STEP_END);
}

static void add_scenario_end(struct run *r, struct payload *p)
{
	struct run_event ev = {
		.kind = RUN_EVENT_SCENARIO_END,
		.step = RUN_ABSENT,
		.ops = RUN_ABSENT,
		.cgroups = RUN_ABSENT,
		.workers = payload_u64(p, "workers"),
		.iterations = payload_u64(p, "iterations"),
	};
	uint64_t elapsed = payload_need_u64(p, "elapsed_ns");

	/* Both are below 2^63: JSON integers are signed. */
	ev.at_ns = p->bad ? 0 : r->scenario_start_ns + elapsed;
	add_event(r, p, &ev);
	if (p->bad)
		return;
	note_workers(r, ev.workers);
	r->scenario_ended = true;
	monitor_scenario(&r->monitor, false);
	r->scenario_elapsed_ns = elapsed;
}

static void read_cpus(struct payload *p, const char *name, struct cpus *ret)
{
	const char *text = payload_str(p, name);
	struct err e;

	if (text && cpus_parse(text, ret, &e))
		p->bad = true;
}

static void read_worker(struct payload *p, struct run_worker *w)
{
	w->tid = payload_need_u64(p, "tid");
	w->step = payload_u64(p, "step");
	w->completed = payload_need_bool(p, "completed");
	w->exit = need_enum(p, "exit", run_worker_exit_names, RUN_WORKER_EXITS);
	w->exit_status = payload_u64(p, "exit_status");
	w->cpu_ns = payload_u64(p, "cpu_ns");
	w->wall_ns = payload_u64(p, "wall_ns");
	w->work_units = payload_u64(p, "work_units");
	w->run_delay_ns = payload_u64(p, "run_delay_ns");
	w->run_count = payload_u64(p, "run_count");
	w->iterations = payload_u64(p, "iterations");
	w->migrations = payload_u64(p, "migrations");
	w->max_gap_ns = payload_u64(p, "max_gap_ns");
	w->max_gap_cpu = payload_u64(p, "max_gap_cpu");
	w->max_gap_at_ns = payload_u64(p, "max_gap_at_ns");
	w->wakes = payload_u64(p, "wakes");
	w->wake_p50_ns = payload_u64(p, "wake_p50_ns");
	w->wake_p99_ns = payload_u64(p, "wake_p99_ns");
	w->wake_max_ns = payload_u64(p, "wake_max_ns");
	read_cpus(p, "cpus_used", &w->used);
	read_cpus(p, "cpus_outside", &w->outside);
	/* By these it is judged: their absence must never read as "nothing wrong". */
	if (w->completed)
		p->bad |= w->cpu_ns == RUN_ABSENT || w->wall_ns == RUN_ABSENT ||
			  w->work_units == RUN_ABSENT || w->max_gap_ns == RUN_ABSENT ||
			  !payload_str(p, "cpus_outside");
}

static void add_worker(struct run *r, struct payload *p)
{
	struct run_worker w = {0}, *slot;
	const char *cgroup = payload_need_str(p, "cgroup"), *work = payload_need_str(p, "work");

	read_worker(p, &w);
	if (p->bad)
		return;
	w.cgroup = name_number(r, cgroup);
	w.work = name_number(r, work);
	if (w.cgroup == RUN_NAMES_MAX || w.work == RUN_NAMES_MAX)
		return;
	slot = array_next(r, &r->workers, r->n_workers, RUN_WORKERS_MAX, sizeof(w));
	if (!slot)
		return;
	*slot = w;
	r->n_workers++;
}

static void add_guest_exit(struct run *r, struct payload *p)
{
	uint64_t code = payload_need_u64(p, "exit_code");

	if (p->bad)
		return;
	if (r->has_guest_exit)
		r->repeated++;
	r->has_guest_exit = true;
	r->guest_exit_code = code;
}

/* ---- the monitor ---- */

static void add_schema(struct run *r, struct payload *p)
{
	struct err e;

	if (monitor_add_schema(&r->monitor, p->object, &e) == 0)
		return;
	r->out_of_memory |= e.code == ENOMEM;
	p->bad |= e.code != ENOMEM;
}

static void add_sample(struct run *r, const struct tlv_message *m)
{
	struct err e;

	if (monitor_add_sample(&r->monitor, m->data, m->len, &e) == 0)
		return;
	r->out_of_memory |= e.code == ENOMEM;
	r->malformed += e.code != ENOMEM;
}

static void add_monitor_note(struct run *r, struct payload *p)
{
	monitor_add_note(&r->monitor, p);
}

static void add_monitor_end(struct run *r, struct payload *p)
{
	monitor_add_end(&r->monitor, p);
}

/* ---- ktstr-freeze ---- */

static void add_capture(struct run *r, const struct tlv_message *m)
{
	bool in_scenario = r->scenario_started && !r->scenario_ended;
	struct err e;

	if (captured_add(&r->captures, m->data, m->len, in_scenario ? present_step(r) : RUN_ABSENT,
			 &e) == 0)
		return;
	r->out_of_memory |= e.code == ENOMEM;
	r->malformed += e.code != ENOMEM;
}

static void add_freeze_note(struct run *r, struct payload *p)
{
	captured_add_note(&r->captures, p);
}

static void add_freeze_end(struct run *r, const struct tlv_message *m)
{
	_cleanup_payload_ struct payload p;

	payload_init(&p, m->data, m->len);
	if (!p.bad && !captured_add_end(&r->captures, m->instance, &p))
		r->repeated++;
	r->malformed += p.bad;
}

static void add_request(struct run *r, struct payload *p)
{
	captured_add_request(&r->captures, p);
}

/* ---- who may send what ---- */

#define FROM(source) (1u << TLV_FROM_##source)

static const struct route {
	uint16_t type;
	unsigned int from; /* sources that are believed */
	enum run_text text;
	void (*add)(struct run *r, struct payload *p); /* NULL: a text, unless there is .. */
	void (*add_bytes)(struct run *r, const struct tlv_message *m);
} routes[] = {
	{TLV_HELLO, FROM(BOOT), .add = add_hello},
	{TLV_CONSOLE, FROM(BOOT), .text = RUN_CONSOLE},
	{TLV_COM2, FROM(BOOT), .text = RUN_COM2},
	{TLV_EXIT, FROM(BOOT), .add = add_exit},
	{TLV_USAGE, FROM(BOOT), .add = add_usage},
	{TLV_PLAN, FROM(SCENARIO) | FROM(GUEST), .add = add_plan},
	{TLV_GUEST_HELLO, FROM(GUEST), .add = add_guest_hello},
	{TLV_LIFE, FROM(GUEST), .add = add_life},
	{TLV_TROUBLE, FROM(GUEST), .add = add_trouble},
	{TLV_SCHED_OUTPUT, FROM(GUEST), .text = RUN_SCHED_OUTPUT},
	{TLV_SCHED_STATE, FROM(GUEST), .add = add_sched_state},
	{TLV_KMSG, FROM(GUEST), .text = RUN_KMSG},
	{TLV_OUTPUT, FROM(GUEST), .text = RUN_OUTPUT},
	{TLV_STDERR, FROM(GUEST), .text = RUN_STDERR},
	{TLV_SCENARIO_START, FROM(GUEST), .add = add_scenario_start},
	{TLV_STEP_START, FROM(GUEST), .add = add_step_start},
	{TLV_STEP_END, FROM(GUEST), .add = add_step_end},
	{TLV_SCENARIO_END, FROM(GUEST), .add = add_scenario_end},
	{TLV_WORKER, FROM(GUEST), .add = add_worker},
	{TLV_GUEST_EXIT, FROM(GUEST), .add = add_guest_exit},
	{TLV_REQUEST, FROM(GUEST), .add = add_request},
	{TLV_SAMPLE_SCHEMA, FROM(MONITOR), .add = add_schema},
	{TLV_SAMPLE, FROM(MONITOR), .add_bytes = add_sample},
	{TLV_MONITOR_NOTE, FROM(MONITOR), .add = add_monitor_note},
	{TLV_MONITOR_END, FROM(MONITOR), .add = add_monitor_end},
	{TLV_CAPTURE, FROM(FREEZE), .add_bytes = add_capture},
	{TLV_FREEZE_NOTE, FROM(FREEZE), .add = add_freeze_note},
	{TLV_FREEZE_END, FROM(FREEZE), .add_bytes = add_freeze_end},
};

static void add_text(struct run *r, enum run_text which, const struct tlv_message *m)
{
	const char *data = (const char *)m->data;

	if (tail_add(&r->texts[which], data, m->len))
		r->out_of_memory = true;
	if (which == RUN_CONSOLE)
		klog_add(&r->console, data, m->len);
	if (which == RUN_KMSG)
		klog_add(&r->kmsg, data, m->len);
}

static void add_routed(struct run *r, const struct route *route, const struct tlv_message *m)
{
	struct payload p;

	if (m->source >= 32 || !(route->from & 1u << m->source)) {
		r->misplaced++;
		return;
	}
	if (m->source == TLV_FROM_MONITOR && !monitor_accepts(&r->monitor, m->instance))
		return;
	if (m->source == TLV_FROM_FREEZE)
		captured_see(&r->captures, m->instance);
	if (m->type == TLV_HELLO && !r->hello)
		r->monitor.start_ns = m->host_ns;
	if (route->add_bytes) {
		route->add_bytes(r, m);
		return;
	}
	if (!route->add) {
		add_text(r, route->text, m);
		return;
	}
	payload_init(&p, m->data, m->len);
	if (!p.bad)
		route->add(r, &p);
	if (p.bad)
		r->malformed++;
	payload_deinit(&p);
}

void run_add(struct run *r, const struct tlv_message *m)
{
	const struct tlv_type_info *info = tlv_type_by_number(m->type);

	if (!info) {
		r->unknown++;
		return;
	}
	r->by_type[info - tlv_types]++;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (routes[i].type == m->type)
			add_routed(r, &routes[i], m);
}

/* ---- the whole ---- */

struct run *run_create(void)
{
	struct run *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->by_type = calloc(tlv_types_count, sizeof(*r->by_type));
	if (!r->by_type) {
		free(r);
		return NULL;
	}
	memcpy(r->plan.test, RUN_UNNAMED, sizeof(RUN_UNNAMED));
	r->plan.max_gap_ns = r->plan.max_spread_ppm = RUN_ABSENT;
	thresholds_init(&r->plan.monitor);
	r->plan.snapshots = RUN_ABSENT;
	monitor_init(&r->monitor);
	captured_init(&r->captures);
	r->scenario_elapsed_ns = RUN_ABSENT;
	for (size_t i = 0; i < RUN_TEXTS; i++)
		r->texts[i].keep = RUN_TEXT_KEEP;
	return r;
}

void run_destroy(struct run *r)
{
	if (!r)
		return;
	json_decref(r->hello);
	json_decref(r->exit);
	json_decref(r->usage);
	json_decref(r->plan_json);
	json_decref(r->guest_hello);
	free(r->plan.expect_error_text);
	for (size_t i = 0; i < RUN_TEXTS; i++)
		tail_deinit(&r->texts[i]);
	for (size_t i = 0; i < r->n_events; i++)
		json_decref(r->events[i].op_kinds);
	free(r->events);
	free(r->troubles);
	free(r->scheds);
	free(r->workers);
	free(r->names);
	free(r->by_type);
	monitor_deinit(&r->monitor);
	captured_deinit(&r->captures);
	free(r);
}

void run_finish(struct run *r, const struct tlv_stats *stats, uint64_t bytes)
{
	r->stream = *stats;
	r->bytes = bytes;
	klog_end(&r->console);
	klog_end(&r->kmsg);
}

static int run_take(struct run *r, struct tlv_reader *reader, const char *data, size_t len,
		    struct err *e)
{
	struct tlv_message m;

	if (len && tlv_reader_feed(reader, data, len))
		return err_set(e, ENOMEM, "out of memory for the frame stream");
	while (tlv_reader_next(reader, &m))
		run_add(r, &m);
	return 0;
}

static int run_pump(struct run *r, struct tlv_reader *reader, int fd, const char *what,
		    struct err *e)
{
	static const size_t chunk = 65536;
	_cleanup_free_ char *data = malloc(chunk);
	uint64_t total = 0;
	ssize_t n;

	if (!data)
		return err_set(e, ENOMEM, "out of memory for the frame stream");
	/* One read(2) at a time: what has arrived is taken at once. */
	while ((n = read(fd, data, chunk)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read '%s'", what);
		total += (size_t)n;
		if (run_take(r, reader, data, (size_t)n, e))
			return -1;
	}
	tlv_reader_end(reader);
	if (run_take(r, reader, NULL, 0, e))
		return -1;
	run_finish(r, tlv_reader_stats(reader), total);
	return 0;
}

int run_read(struct run *r, int fd, const char *what, struct err *e)
{
	struct tlv_reader *reader = tlv_reader_create();
	int ret;

	if (!reader)
		return err_set(e, ENOMEM, "out of memory for the frame stream");
	ret = run_pump(r, reader, fd, what, e);
	tlv_reader_destroy(reader);
	return ret;
}

/* ---- views ---- */

#define SENTINEL "KTSTR_EXIT="

const char *run_crash(const struct run *r, size_t *len)
{
	const struct buf *com2 = &r->texts[RUN_COM2].text;
	const char *text = buf_text(com2), *end = text + com2->len;
	const char *p = memmem(text, com2->len, "PANIC:", strlen("PANIC:")), *last;

	if (!p)
		return NULL;
	last = memmem(p, (size_t)(end - p), SENTINEL, strlen(SENTINEL));
	*len = (size_t)((last ? last : end) - p);
	return p;
}

uint64_t run_exit_code(const struct run *r)
{
	const struct buf *com2 = &r->texts[RUN_COM2].text;
	const char *p = memmem(buf_text(com2), com2->len, SENTINEL, strlen(SENTINEL));
	uint64_t code = 0;

	if (r->has_guest_exit)
		return r->guest_exit_code;
	if (!p || !isdigit((unsigned char)p[strlen(SENTINEL)]))
		return RUN_ABSENT;
	/* The buffer ends with a NUL. */
	for (p += strlen(SENTINEL); isdigit((unsigned char)*p) && code < 1000; p++)
		code = code * 10 + (uint64_t)(*p - '0');
	return code;
}

bool run_truncated(const struct run *r)
{
	return r->stream.truncated || !r->exit || !r->usage;
}

/* Saturating: a sum of what a stranger tells must not come round to "nothing lost". */
static void add_lost(uint64_t *sum, uint64_t v)
{
	if (v != RUN_ABSENT && __builtin_add_overflow(*sum, v, sum))
		*sum = UINT64_MAX;
}

uint64_t run_lost(const struct run *r)
{
	const struct tlv_stats *s = &r->stream;
	uint64_t sum = s->skipped_bytes > 0;

	add_lost(&sum, s->bad_frames);
	add_lost(&sum, s->lost_messages);
	add_lost(&sum, s->torn_messages);
	add_lost(&sum, r->malformed);
	add_lost(&sum, r->misplaced);
	add_lost(&sum, r->over_limit);
	add_lost(&sum, run_u64(r->usage, "bulk_dropped_bytes"));
	add_lost(&sum, run_u64(r->usage, "bulk_bad_frames"));
	return sum;
}
