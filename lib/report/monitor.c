/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/monitor.h"

#include <errno.h>
#include <string.h>

#include "base/clean.h"

const char *const scope_names[SCOPES] = {
	[SCOPE_ALL] = "all",
	[SCOPE_SCHEDULER] = "scheduler",
	[SCOPE_SCENARIO] = "scenario",
};

const char *const monitor_note_names[MONITOR_NOTE_KINDS] = {
	[MONITOR_ATTACHED] = "attached",
	[MONITOR_LOST] = "lost",
	[MONITOR_WATCHDOG] = "watchdog",
	[MONITOR_TROUBLE] = "trouble",
};

void monitor_init(struct monitor *m)
{
	struct thresholds none;

	*m = (struct monitor){.attach_ns = PAYLOAD_ABSENT, .kaslr_offset = PAYLOAD_ABSENT};
	for (size_t i = 0; i < SCOPES; i++)
		scope_init(&m->scopes[i]);
	thresholds_init(&none);
	monitor_thresholds(m, &none);
}

static void forget_schema(struct monitor *m)
{
	if (m->has_schema)
		sample_deinit(&m->sample);
	schema_deinit(&m->schema);
	m->has_schema = false;
}

void monitor_deinit(struct monitor *m)
{
	forget_schema(m);
	for (size_t i = 0; i < SCOPES; i++)
		scope_deinit(&m->scopes[i]);
}

bool monitor_accepts(struct monitor *m, uint8_t instance)
{
	if (m->seen && m->instance != instance) {
		m->other_instances++;
		return false;
	}
	m->seen = true;
	m->instance = instance;
	return true;
}

void monitor_thresholds(struct monitor *m, const struct thresholds *t)
{
	for (size_t i = 0; i < THRESHOLDS; i++) {
		bool off = t->limit[i] == THRESHOLD_OFF;

		m->limits.limit[i] = off ? threshold_infos[i].def : t->limit[i];
	}
	m->limits.sustained_samples = t->sustained_samples;
	for (size_t i = 0; i < SCOPES; i++)
		scope_forget(&m->scopes[i], &m->schema);
}

void monitor_scenario(struct monitor *m, bool on)
{
	m->scenario_on = on;
	m->scenario_seen |= on;
}

enum scope_kind monitor_scope(const struct monitor *m, bool has_scheduler)
{
	if (has_scheduler)
		return SCOPE_SCHEDULER;
	return m->scenario_seen ? SCOPE_SCENARIO : SCOPE_ALL;
}

uint64_t monitor_start_ns(const struct monitor *m)
{
	return m->start_ns ? m->start_ns : m->first_at_ns;
}

/* ---- schema ---- */

static struct columns columns_of(const struct schema *s)
{
	return (struct columns){
		.jiffies = schema_column(s, SAMPLE_MACHINE, "jiffies"),
		.nr_running = schema_column(s, SAMPLE_CPU, "nr_running"),
		.depth = schema_column(s, SAMPLE_CPU, "local_dsq_depth"),
		.clock = schema_column(s, SAMPLE_CPU, "rq_clock"),
		.vcpu_ns = schema_column(s, SAMPLE_CPU, "vcpu_cpu_time_ns"),
		.torn = schema_column(s, SAMPLE_CPU, "torn"),
		.fallback = schema_column(s, SAMPLE_EVENT, "select_cpu_fallback"),
		.keep_last = schema_column(s, SAMPLE_EVENT, "dispatch_keep_last"),
	};
}

static void schema_note(struct monitor *m, const struct schema *s)
{
	m->schemas++;
	if (*s->release)
		memcpy(m->release, s->release, sizeof(m->release));
	if (*s->ops)
		memcpy(m->ops, s->ops, sizeof(m->ops));
	m->hz = s->hz;
	m->cpus = s->tables[SAMPLE_CPU].n_rows;
	if (s->generation > m->generations)
		m->generations = s->generation;
}

int monitor_add_schema(struct monitor *m, const json_t *json, struct err *e)
{
	struct schema schema;

	/* Samples of the old one would be misread by none, and by a broken one. */
	forget_schema(m);
	if (schema_from_json(json, &schema, e))
		return -1;
	m->schema = schema;
	if (sample_init(&m->sample, &m->schema, e)) {
		schema_deinit(&m->schema);
		return -1;
	}
	m->has_schema = true;
	m->at = columns_of(&m->schema);
	for (size_t i = 0; i < SCOPES; i++) {
		if (scope_restart(&m->scopes[i], &m->schema)) {
			forget_schema(m);
			return err_set(e, ENOMEM, "out of memory for the figures of samples");
		}
	}
	schema_note(m, &m->schema);
	return 0;
}

/* ---- samples ---- */

static uint64_t cpu_cell(const struct monitor *m, unsigned int row, int column)
{
	if (column < 0)
		return SAMPLE_ABSENT;
	return *sample_cell(&m->sample, &m->schema, SAMPLE_CPU, row, (unsigned int)column);
}

/* The sampler says so itself; this holds for any that does not. */
static bool is_implausible(const struct monitor *m)
{
	for (unsigned int i = 0; i < m->schema.tables[SAMPLE_CPU].n_rows; i++) {
		uint64_t depth = cpu_cell(m, i, m->at.depth);

		if (depth != SAMPLE_ABSENT && depth > MONITOR_DEPTH_MAX)
			return true;
	}
	return false;
}

/* An emulator that runs all vCPUs in one thread tells that thread's time for each of them. */
static bool vcpus_are_apart(const struct monitor *m)
{
	unsigned int n = m->schema.tables[SAMPLE_CPU].n_rows;

	for (unsigned int i = 1; i < n; i++)
		if (cpu_cell(m, i, m->at.vcpu_ns) != cpu_cell(m, 0, m->at.vcpu_ns))
			return true;
	return n == 1;
}

static void invalid_note(struct monitor *m, uint32_t why)
{
	m->invalid++;
	for (size_t i = 0; i < SAMPLE_INVALIDS; i++)
		m->invalid_by[i] += why >> i & 1;
}

static void sample_note(struct monitor *m, const struct sample *s)
{
	if (m->samples++ == 0)
		m->first_at_ns = s->at_ns;
	m->missed += s->missed;
	m->retries += s->retries;
	if (s->took_ns > m->took_max_ns)
		m->took_max_ns = s->took_ns;
	if (__builtin_add_overflow(m->took_sum_ns, s->took_ns, &m->took_sum_ns))
		m->took_sum_ns = UINT64_MAX;
}

int monitor_add_sample(struct monitor *m, const void *data, size_t len, struct err *e)
{
	const bool on[SCOPES] = {
		[SCOPE_ALL] = true,
		[SCOPE_SCHEDULER] = *m->schema.ops != 0,
		[SCOPE_SCENARIO] = m->scenario_on,
	};
	struct reading r = {.schema = &m->schema, .at = &m->at, .sample = &m->sample};
	uint32_t invalid;

	if (!m->has_schema)
		return err_set(e, EPROTO, "a sample without a schema");
	if (sample_decode(data, len, &m->schema, &m->sample, e))
		return -1;
	invalid = m->sample.invalid;
	if (!invalid && is_implausible(m))
		invalid = SAMPLE_IMPLAUSIBLE;
	sample_note(m, &m->sample);
	if (invalid) {
		invalid_note(m, invalid);
		return 0;
	}
	r.vcpus_apart = vcpus_are_apart(m);
	for (size_t i = 0; i < SCOPES; i++)
		if (on[i])
			scope_take(&m->scopes[i], &r, &m->limits);
	return 0;
}

/* ---- notes ---- */

static void watchdog_note(struct monitor *m, struct payload *p)
{
	m->watchdog_told = true;
	m->watchdog_expected = payload_u64(p, "expected_jiffies");
	m->watchdog_observed = payload_u64(p, "observed_jiffies");
	m->watchdog_hz = payload_u64(p, "hz");
}

static void note_keep(struct monitor *m, enum monitor_note_kind kind, const char *message)
{
	struct monitor_note *note = &m->notes[m->n_notes];

	if (m->n_notes == MONITOR_NOTES_MAX) {
		m->more_notes++;
		return;
	}
	note->kind = kind;
	clean_copy(note->message, sizeof(note->message), message, strlen(message));
	m->n_notes++;
}

void monitor_add_note(struct monitor *m, struct payload *p)
{
	const char *kind = payload_need_str(p, "kind");
	const char *message = payload_need_str(p, "message");
	uint64_t attach = payload_u64(p, "attach_ns");
	uint64_t slide = payload_u64(p, "kaslr_offset");
	size_t which = 0;

	while (which < MONITOR_NOTE_KINDS && strcmp(kind, monitor_note_names[which]) != 0)
		which++;
	p->bad |= which == MONITOR_NOTE_KINDS;
	if (p->bad)
		return;
	if (which == MONITOR_WATCHDOG)
		watchdog_note(m, p);
	if (which == MONITOR_ATTACHED && m->attach_ns == PAYLOAD_ABSENT)
		m->attach_ns = attach;
	if (which == MONITOR_ATTACHED && m->kaslr_offset == PAYLOAD_ABSENT)
		m->kaslr_offset = slide;
	m->lost += which == MONITOR_LOST;
	note_keep(m, (enum monitor_note_kind)which, message);
}

void monitor_add_end(struct monitor *m, struct payload *p)
{
	const char *reason = payload_str(p, "reason");
	struct monitor_end end = {
		.told = true,
		.samples = payload_need_u64(p, "samples"),
		.invalid = payload_u64(p, "invalid"),
		.missed = payload_u64(p, "missed"),
		.schemas = payload_u64(p, "schemas"),
	};

	if (p->bad)
		return;
	clean_copy(end.reason, sizeof(end.reason), reason ? reason : "",
		   reason ? strlen(reason) : 0);
	m->end = end;
}
