/* SPDX-License-Identifier: GPL-2.0-only */
/* From the text of a scenario file to struct scenario, one function a statement. */
#include "scenario/scenario.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "scenario/check.h"
#include "scenario/op.h"
#include "scenario/units.h"
#include "scenario/words.h"

#define DURATION_DEFAULT_NS (2 * NSEC_PER_SEC)
#define TIMEOUT_BASE_NS (60 * NSEC_PER_SEC)
#define TIMEOUT_DURATIONS 10
#define MAX_GAP_DEFAULT_NS (3 * NSEC_PER_SEC)
#define MAX_SPREAD_DEFAULT_PPM 350000
#define GAP_MIN_NS NSEC_PER_MSEC

#define FILE_SHOWN_MAX 200u  /* bytes of the file's name in messages */
#define SEEN_IN_SET UINT_MAX /* in place of a line: an override gave it */

enum statement_type {
	ST_TEST,
	ST_TOPOLOGY,
	ST_MEMORY,
	ST_SCHEDULER,
	ST_DURATION,
	ST_WATCHDOG,
	ST_TIMEOUT,
	ST_SNAPSHOTS,
	ST_EXPECT_ERROR,
	ST_CHECK_MAX_GAP,
	ST_CHECK_MAX_SPREAD,
	ST_CHECK_NOT_STARVED,
	ST_CHECK_ISOLATION,
	ST_CHECK_MONITOR,
	ST_CHECK_IMBALANCE, /* from here on as in enum threshold */
	ST_CHECK_DSQ_DEPTH,
	ST_CHECK_STALL,
	ST_CHECK_FALLBACK,
	ST_CHECK_KEEP_LAST,
	ST_CHECK_SUSTAINED,
	ST_EXPECT,
	ST_STEP,
	STATEMENTS,
};

struct parser {
	struct scenario *s;
	const char *presets_path;
	bool monitor;		       /* `check monitor`: the defaults of what is not given */
	unsigned int line;	       /* of the statement at hand */
	unsigned int seen[STATEMENTS]; /* line where it was first given, 0 = not yet */
	struct words words;
};

static int out_of_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory");
}

/* Room for one more element behind @n in the array *@array; it doubles at powers of two. */
static int array_grow(void *array, size_t n, size_t size)
{
	void **p = array;
	void *grown;

	if (n & (n - 1))
		return 0;
	grown = reallocarray(*p, n ? 2 * n : 1, size);
	if (!grown)
		return -1;
	*p = grown;
	return 0;
}

/* ---- header ---- */

static int test_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	(void)n;
	return name_parse("test", words[0], p->s->name, e);
}

static int topology_statement(struct parser *p, char **words, size_t n, struct err *e)
{
	(void)n;
	return topology_resolve(words[0], p->presets_path, &p->s->topology, e);
}

static int memory_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	(void)n;
	return size_parse_mib(words[0], SCENARIO_MEMORY_MIN_MIB, SCENARIO_MEMORY_MAX_MIB,
			      &p->s->memory_mib, e);
}

/* The agent runs what is in /scheduler under the last part of the path. */
static int program_check(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, EINVAL, "'%s' is not the path of a program", path);
	return 0;
}

static int scheduler_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	if (strcmp(words[0], "none") == 0) {
		if (n > 1)
			return err_set(e, EINVAL, "'none' takes no arguments");
		return 0;
	}
	if (program_check(words[0], e))
		return -1;
	p->s->scheduler = calloc(n + 1, sizeof(char *));
	if (!p->s->scheduler)
		return out_of_memory(e);
	for (size_t i = 0; i < n; i++) {
		p->s->scheduler[i] = strdup(words[i]);
		if (!p->s->scheduler[i])
			return out_of_memory(e);
	}
	return 0;
}

static int span_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct err *e)
{
	char low[UNITS_TEXT_MAX], high[UNITS_TEXT_MAX];
	uint64_t ns;

	if (parse_span_ns(text, &ns, e))
		return -1;
	if (ns < min || ns > max) {
		span_format(min, low);
		span_format(max, high);
		return err_set(e, ERANGE, "'%s' is not between %s and %s", text, low, high);
	}
	*ret = ns;
	return 0;
}

static int duration_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	(void)n;
	return span_parse(words[0], SCENARIO_DURATION_MIN_NS, SCENARIO_DURATION_MAX_NS,
			  &p->s->duration_ns, e);
}

static int watchdog_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	(void)n;
	return span_parse(words[0], SCENARIO_DURATION_MIN_NS, SCENARIO_WATCHDOG_MAX_NS,
			  &p->s->watchdog_ns, e);
}

static int timeout_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	(void)n;
	return span_parse(words[0], SCENARIO_DURATION_MIN_NS, SCENARIO_TIMEOUT_MAX_NS,
			  &p->s->timeout_ns, e);
}

static int snapshots_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	(void)n;
	return parse_uint(words[0], 1, SCENARIO_SNAPSHOTS_MAX, &p->s->snapshots, e);
}

static int expect_error_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	p->s->expect_error = true;
	if (!n)
		return 0;
	if (!*words[0])
		return err_set(e, EINVAL, "the text is empty");
	p->s->expect_error_text = strdup(words[0]);
	return p->s->expect_error_text ? 0 : out_of_memory(e);
}

/* ---- checks ---- */

static int max_gap_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	(void)n;
	p->s->checks.max_gap_ns = 0;
	if (strcmp(words[0], "off") == 0)
		return 0;
	return span_parse(words[0], GAP_MIN_NS, SCENARIO_DURATION_MAX_NS, &p->s->checks.max_gap_ns,
			  e);
}

static int max_spread_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	(void)n;
	p->s->checks.max_spread_ppm = 0;
	if (strcmp(words[0], "off") == 0)
		return 0;
	if (parse_fraction_ppm(words[0], &p->s->checks.max_spread_ppm, e))
		return -1;
	if (!p->s->checks.max_spread_ppm)
		return err_set(e, ERANGE, "'%s' allows no spread at all (off: no check)", words[0]);
	return 0;
}

static int on_off_parse(const char *text, bool *ret, struct err *e)
{
	*ret = strcmp(text, "on") == 0;
	if (!*ret && strcmp(text, "off") != 0)
		return err_set(e, EINVAL, "'%s' is neither on nor off", text);
	return 0;
}

static int not_starved_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	(void)n;
	return on_off_parse(words[0], &p->s->checks.not_starved, e);
}

static int isolation_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	(void)n;
	return on_off_parse(words[0], &p->s->checks.isolation, e);
}

static int monitor_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	p->monitor = true;
	return n ? on_off_parse(words[0], &p->monitor, e) : 0;
}

#define THRESHOLD_PARSE(name, which)                                                            \
	static int name##_parse(struct parser *p, char **words, size_t n, struct err *e)        \
	{                                                                                       \
		(void)n;                                                                        \
		return threshold_parse(which, words[0], &p->s->checks.monitor.limit[which], e); \
	}
THRESHOLD_PARSE(imbalance, THRESHOLD_IMBALANCE)
THRESHOLD_PARSE(dsq_depth, THRESHOLD_DSQ_DEPTH)
THRESHOLD_PARSE(stall, THRESHOLD_STALL)
THRESHOLD_PARSE(fallback, THRESHOLD_FALLBACK)
THRESHOLD_PARSE(keep_last, THRESHOLD_KEEP_LAST)

static int sustained_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	(void)n;
	return parse_uint(words[0], 1, SUSTAINED_MAX, &p->s->checks.monitor.sustained_samples, e);
}

static int expect_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	struct scenario *s = p->s;

	(void)n;
	if (!*words[0])
		return err_set(e, EINVAL, "the jq program is empty");
	if (s->n_expects == SCENARIO_EXPECTS_MAX)
		return err_set(e, E2BIG, "given more than %u times", SCENARIO_EXPECTS_MAX);
	if (array_grow(&s->expects, s->n_expects, sizeof(*s->expects)))
		return out_of_memory(e);
	s->expects[s->n_expects] = strdup(words[0]);
	if (!s->expects[s->n_expects])
		return out_of_memory(e);
	s->n_expects++;
	return 0;
}

/* ---- steps ---- */

static int hold_parse(const char *text, struct scenario_step *step, struct err *e)
{
	size_t len = strlen(text);

	if (strcmp(text, "rest") == 0) {
		step->hold = HOLD_REST;
		return 0;
	}
	if (strncmp(text, "loop:", 5) == 0) {
		step->hold = HOLD_LOOP;
		return span_parse(text + 5, SCENARIO_INTERVAL_MIN_NS, SCENARIO_DURATION_MAX_NS,
				  &step->hold_ns, e);
	}
	if (len && text[len - 1] == '%') {
		step->hold = HOLD_FRACTION;
		if (parse_fraction_ppm(text, &step->hold_ppm, e))
			return -1;
		return step->hold_ppm ? 0 : err_set(e, ERANGE, "'%s' is no time at all", text);
	}
	step->hold = HOLD_FIXED;
	if (strspn(text, "0123456789.") == len)
		return err_set(e, EINVAL, "'%s' is not a hold (50%%, 500ms, rest or loop:100ms)",
			       text);
	return span_parse(text, SCENARIO_HOLD_MIN_NS, SCENARIO_DURATION_MAX_NS, &step->hold_ns, e);
}

static int step_add(struct scenario *s, const struct scenario_step *step, struct err *e)
{
	for (size_t i = 0; i < s->n_steps; i++)
		if (strcmp(s->steps[i].name, step->name) == 0)
			return err_set(e, EEXIST, "there is a step '%s' already (line %u)",
				       step->name, s->steps[i].line);
	if (s->n_steps == SCENARIO_STEPS_MAX)
		return err_set(e, E2BIG, "more than %u steps", SCENARIO_STEPS_MAX);
	if (array_grow(&s->steps, s->n_steps, sizeof(*s->steps)))
		return out_of_memory(e);
	s->steps[s->n_steps++] = *step;
	return 0;
}

static int step_parse(struct parser *p, char **words, size_t n, struct err *e)
{
	struct scenario_step step = {.line = p->line, .hold = HOLD_REST};

	if (name_parse("step", words[0], step.name, e))
		return -1;
	if (n > 1) {
		if (strncmp(words[1], "hold=", 5) != 0)
			return err_set(e, EINVAL, "'%s' is not an option of a step (hold=)",
				       words[1]);
		if (hold_parse(words[1] + 5, &step, e))
			return err_prefix(e, "hold");
	}
	return step_add(p->s, &step, e);
}

static int op_statement(struct parser *p, enum op_type type, char **words, size_t n, struct err *e)
{
	const struct scenario_step setup = {
		.name = SCENARIO_SETUP, .line = p->line, .hold = HOLD_FIXED};
	struct scenario *s = p->s;
	struct scenario_step *step;
	struct scenario_op op;

	if (!s->n_steps && step_add(s, &setup, e))
		return -1;
	step = &s->steps[s->n_steps - 1];
	if (step->n_ops == SCENARIO_OPS_MAX)
		return err_set(e, E2BIG, "step '%s' has more than %u operations", step->name,
			       SCENARIO_OPS_MAX);
	if (array_grow(&step->ops, step->n_ops, sizeof(*step->ops)))
		return out_of_memory(e);
	if (op_parse(type, words, n, &op, e))
		return -1;
	op.line = p->line;
	step->ops[step->n_ops++] = op;
	return 0;
}

/* ---- statements ---- */

enum place {
	PLACE_HEADER,	/* once, before the first step */
	PLACE_CHECK,	/* once, anywhere */
	PLACE_ANYWHERE, /* any number of times */
};

static const struct statement {
	const char *name;
	const char *sub; /* the second word, where it belongs to the name */
	const char *synopsis;
	enum place place;
	size_t min, max; /* words behind the name */
	int (*parse)(struct parser *p, char **words, size_t n, struct err *e);
} statements[STATEMENTS] = {
	[ST_TEST] = {"test", NULL, "NAME", PLACE_HEADER, 1, 1, test_parse},
	[ST_TOPOLOGY] = {"topology", NULL, "TOPOLOGY", PLACE_HEADER, 1, 1, topology_statement},
	[ST_MEMORY] = {"memory", NULL, "SIZE", PLACE_HEADER, 1, 1, memory_parse},
	[ST_SCHEDULER] = {"scheduler", NULL, "PROGRAM [ARGUMENT]...", PLACE_HEADER, 1, WORDS_MAX,
			  scheduler_parse},
	[ST_DURATION] = {"duration", NULL, "SPAN", PLACE_HEADER, 1, 1, duration_parse},
	[ST_WATCHDOG] = {"watchdog", NULL, "SPAN", PLACE_HEADER, 1, 1, watchdog_parse},
	[ST_TIMEOUT] = {"timeout", NULL, "SPAN", PLACE_HEADER, 1, 1, timeout_parse},
	[ST_SNAPSHOTS] = {"snapshots", NULL, "N", PLACE_HEADER, 1, 1, snapshots_parse},
	[ST_EXPECT_ERROR] = {"expect-error", NULL, "[TEXT]", PLACE_HEADER, 0, 1,
			     expect_error_parse},
	[ST_CHECK_MAX_GAP] = {"check", "max-gap", "SPAN|off", PLACE_CHECK, 1, 1, max_gap_parse},
	[ST_CHECK_MAX_SPREAD] = {"check", "max-spread", "FRACTION|off", PLACE_CHECK, 1, 1,
				 max_spread_parse},
	[ST_CHECK_NOT_STARVED] = {"check", "not-starved", "on|off", PLACE_CHECK, 1, 1,
				  not_starved_parse},
	[ST_CHECK_ISOLATION] = {"check", "isolation", "on|off", PLACE_CHECK, 1, 1, isolation_parse},
	[ST_CHECK_MONITOR] = {"check", "monitor", "[on|off]", PLACE_CHECK, 0, 1, monitor_parse},
	[ST_CHECK_IMBALANCE] = {"check", "max-imbalance", "RATIO|off", PLACE_CHECK, 1, 1,
				imbalance_parse},
	[ST_CHECK_DSQ_DEPTH] = {"check", "max-local-dsq-depth", "N|off", PLACE_CHECK, 1, 1,
				dsq_depth_parse},
	[ST_CHECK_STALL] = {"check", "stall", "on|off", PLACE_CHECK, 1, 1, stall_parse},
	[ST_CHECK_FALLBACK] = {"check", "max-fallback-rate", "N|off", PLACE_CHECK, 1, 1,
			       fallback_parse},
	[ST_CHECK_KEEP_LAST] = {"check", "max-keep-last-rate", "N|off", PLACE_CHECK, 1, 1,
				keep_last_parse},
	[ST_CHECK_SUSTAINED] = {"check", "sustained-samples", "N", PLACE_CHECK, 1, 1,
				sustained_parse},
	[ST_EXPECT] = {"expect", NULL, "JQ-PROGRAM", PLACE_ANYWHERE, 1, 1, expect_parse},
	[ST_STEP] = {"step", NULL, "NAME [hold=HOLD]", PLACE_ANYWHERE, 1, 2, step_parse},
};

static const struct statement *statement_find(const struct words *w)
{
	for (size_t i = 0; i < STATEMENTS; i++) {
		const struct statement *st = &statements[i];

		if (strcmp(st->name, w->word[0]) != 0)
			continue;
		if (!st->sub || (w->n > 1 && strcmp(st->sub, w->word[1]) == 0))
			return st;
	}
	return NULL;
}

/* Has @st been given before where it may be given once? */
static int statement_once(struct parser *p, const struct statement *st, struct err *e)
{
	unsigned int *seen = &p->seen[st - statements];

	if (st->place == PLACE_ANYWHERE)
		return 0;
	if (*seen == SEEN_IN_SET)
		return err_set(e, EEXIST, "given twice");
	if (*seen)
		return err_set(e, EEXIST, "given twice (line %u)", *seen);
	*seen = p->line;
	return 0;
}

/* The statement in p->words, which is @st. */
static int statement_parse(struct parser *p, const struct statement *st, struct err *e)
{
	size_t skip = st->sub ? 2 : 1;
	size_t n = p->words.n - skip;

	if (n < st->min || n > st->max)
		err_set(e, EINVAL, "too %s words (%s%s%s %s)", n < st->min ? "few" : "many",
			st->name, st->sub ? " " : "", st->sub ? st->sub : "", st->synopsis);
	else if (statement_once(p, st, e) == 0 && st->parse(p, p->words.word + skip, n, e) == 0)
		return 0;
	return err_prefix(e, "%s%s%s", st->name, st->sub ? " " : "", st->sub ? st->sub : "");
}

static int unknown_check(const char *name, struct err *e)
{
	char known[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < STATEMENTS; i++)
		if (statements[i].place == PLACE_CHECK && used < sizeof(known))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
						 used ? ", " : "", statements[i].sub);
	return err_set(e, EINVAL, "unknown check '%s' (%s)", name, known);
}

static int line_parse(struct parser *p, struct err *e)
{
	const struct statement *st = statement_find(&p->words);
	const char *name = p->words.word[0];
	enum op_type op;

	p->line = p->words.line;
	if (!st && op_find(name, &op)) {
		if (op_statement(p, op, p->words.word + 1, p->words.n - 1, e))
			return err_prefix(e, "%s", name);
		return 0;
	}
	if (!st && strcmp(name, "check") == 0)
		return unknown_check(p->words.n > 1 ? p->words.word[1] : "", e);
	if (!st)
		return err_set(e, EINVAL, "unknown statement '%s'", name);
	if (st->place == PLACE_HEADER && p->s->n_steps)
		return err_set(e, EINVAL,
			       "'%s' must stand before the first step and the first operation",
			       name);
	if (p->seen[st - statements] == SEEN_IN_SET)
		return 0; /* an override has taken its place */
	return statement_parse(p, st, e);
}

/* ---- overrides ---- */

static int set_parse(struct parser *p, const char *text, struct err *e)
{
	struct words_reader r = words_over(text, strlen(text));
	const struct statement *st;
	unsigned int line;
	int more;

	if (words_check_text(text, strlen(text), &line, e))
		return -1;
	more = words_next(&r, &p->words, e);
	if (more <= 0)
		return more ? -1 : err_set(e, EINVAL, "there is no statement");
	if (r.pos < r.len)
		return err_set(e, EINVAL, "only one line is allowed");
	st = statement_find(&p->words);
	if (!st || st->place == PLACE_ANYWHERE)
		return err_set(e, EINVAL, "only a header statement or a check can be set");
	p->line = SEEN_IN_SET;
	return statement_parse(p, st, e);
}

/* ---- the file ---- */

static int text_parse(struct parser *p, const char *file, const char *text, size_t len,
		      struct err *e)
{
	struct words_reader r = words_over(text, len);
	unsigned int line;
	int more;

	if (len > SCENARIO_FILE_MAX)
		return err_set(e, EFBIG, "%s: larger than %u bytes", file, SCENARIO_FILE_MAX);
	if (words_check_text(text, len, &line, e))
		return err_prefix(e, "%s:%u", file, line);
	while ((more = words_next(&r, &p->words, e)) > 0)
		if (line_parse(p, e))
			return err_prefix(e, "%s:%u", file, p->words.line);
	return more ? err_prefix(e, "%s:%u", file, r.line) : 0;
}

/* `check monitor` is for what no statement of its own says. */
static void monitor_defaults(struct parser *p)
{
	for (unsigned int i = 0; p->monitor && i < THRESHOLDS; i++)
		if (!p->seen[ST_CHECK_IMBALANCE + i])
			p->s->checks.monitor.limit[i] = threshold_infos[i].def;
}

/* Name the statement at fault: `FILE:LINE: NAME`, without the line when it is not from the file. */
static int fault_at(const struct parser *p, const char *file, enum statement_type type,
		    struct err *e)
{
	unsigned int line = p->seen[type];

	if (!line || line == SEEN_IN_SET)
		return err_prefix(e, "%s: %s", file, statements[type].name);
	return err_prefix(e, "%s:%u: %s", file, line, statements[type].name);
}

static int snapshots_check(const struct parser *p, const char *file, struct err *e)
{
	const struct scenario *s = p->s;
	/* 8/10 of the duration in one part more than there are captures */
	uint64_t parts = s->duration_ns * 8 / (10 * SCENARIO_SNAPSHOTS_APART_NS);
	char duration[UNITS_TEXT_MAX];

	if (s->snapshots < parts || !s->snapshots)
		return 0;
	span_format(s->duration_ns, duration);
	if (parts < 2)
		err_set(e, ERANGE, "a duration of %s is too short for captures 100ms apart",
			duration);
	else
		err_set(e, ERANGE,
			"%u captures within a duration of %s would be less than 100ms apart (at "
			"most %u)",
			s->snapshots, duration, (unsigned int)parts - 1);
	return fault_at(p, file, ST_SNAPSHOTS, e);
}

/* What can be said only when all statements are known. */
static int whole_check(struct parser *p, const char *file, struct err *e)
{
	struct scenario *s = p->s;

	if (!p->seen[ST_TEST])
		return err_set(e, EINVAL, "%s: no 'test' statement", file);
	if (s->expect_error && !s->scheduler)
		return err_set(e, EINVAL, "%s: 'expect-error' without a scheduler", file);
	if (s->n_steps == 1 && !s->steps[0].hold_ns && s->steps[0].hold == HOLD_FIXED)
		s->steps[0].hold = HOLD_REST; /* the set-up is all there is */
	if (snapshots_check(p, file, e))
		return -1;
	monitor_defaults(p);
	if (!s->timeout_ns)
		s->timeout_ns = TIMEOUT_BASE_NS + TIMEOUT_DURATIONS * s->duration_ns;
	return scenario_check(file, s, e);
}

static struct scenario *scenario_create(void)
{
	struct scenario *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->topology = (struct topology){.nodes = 1, .llcs = 1, .cores = 1, .threads = 1};
	s->duration_ns = DURATION_DEFAULT_NS;
	s->checks = (struct scenario_checks){.not_starved = true,
					     .isolation = true,
					     .max_gap_ns = MAX_GAP_DEFAULT_NS,
					     .max_spread_ppm = MAX_SPREAD_DEFAULT_PPM};
	thresholds_init(&s->checks.monitor);
	return s;
}

/* As much of the end of a long path as leaves room for the message behind it. */
static const char *name_shown(const char *file)
{
	size_t len = strlen(file);

	return len > FILE_SHOWN_MAX ? file + len - FILE_SHOWN_MAX : file;
}

int scenario_parse_with(const char *file, const char *text, size_t len, const char *presets_path,
			const char *const *sets, size_t n_sets, struct scenario **ret,
			struct err *e)
{
	struct parser p = {.s = scenario_create(), .presets_path = presets_path};

	*ret = NULL;
	if (!p.s)
		return out_of_memory(e);
	file = name_shown(file);
	for (size_t i = 0; i < n_sets; i++) {
		if (set_parse(&p, sets[i], e)) {
			err_prefix(e, "'%.80s'", sets[i]);
			goto fail;
		}
	}
	if (text_parse(&p, file, text, len, e) || whole_check(&p, file, e))
		goto fail;
	*ret = p.s;
	return 0;
fail:
	scenario_destroy(p.s);
	return -1;
}

int scenario_parse(const char *file, const char *text, size_t len, const char *presets_path,
		   struct scenario **ret, struct err *e)
{
	return scenario_parse_with(file, text, len, presets_path, NULL, 0, ret, e);
}
