/* SPDX-License-Identifier: GPL-2.0-only */
#include "scenario/scenario.h"

#include <stdlib.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "scenario/format.h"
#include "scenario/op.h"
#include "scenario/plan.h"
#include "scenario/words.h"

#include "scenario_equal.h"
#include "test.h"

#define S NSEC_PER_SEC
#define MS NSEC_PER_MSEC

static void scenario_destroyp(struct scenario **s)
{
	scenario_destroy(*s);
}
#define _cleanup_scenario_ _cleanup_(scenario_destroyp)

/* Parse text that must be right; no test can go on without it. */
static struct scenario *parsed(const char *text)
{
	struct scenario *s;
	struct err e = {0};

	if (scenario_parse("f", text, strlen(text), NULL, &s, &e)) {
		printf("Bail out! %s\n", e.text);
		exit(1);
	}
	return s;
}

/* The error that @len bytes at @text give; "" when there is none. */
static const char *error_of_bytes(const char *text, size_t len)
{
	static struct err e;
	struct scenario *s = (void *)1;

	e.text[0] = 0;
	if (scenario_parse("f", text, len, NULL, &s, &e) == 0)
		scenario_destroy(s);
	else
		CHECK(!s);
	return e.text;
}

static const char *error_of(const char *text)
{
	return error_of_bytes(text, strlen(text));
}

struct error_case {
	const char *text, *error;
};

/* Each text stands behind three lines: a test and a topology of 4 CPUs in 2 LLCs. */
#define HEAD "test t\ntopology 1n2l2c1t\n\n"

static void check_errors(const struct error_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char text[1024];

		snprintf(text, sizeof(text), HEAD "%s", cases[i].text);
		CHECK_STR(error_of(text), cases[i].error);
	}
}
#define CHECK_ERRORS(cases) check_errors(cases, sizeof(cases) / sizeof((cases)[0]))

/* ---- what is right ---- */

static void defaults(void)
{
	_cleanup_scenario_ struct scenario *s = parsed("test t");

	CHECK_STR(s->name, "t");
	CHECK(topology_cpus(&s->topology) == 1);
	CHECK(s->memory_mib == 0 && scenario_memory_mib(s) == 512);
	CHECK(!s->scheduler && !s->n_steps && !s->n_expects);
	CHECK(s->duration_ns == 2 * S && s->watchdog_ns == 0 && s->timeout_ns == 80 * S);
	CHECK(!s->expect_error && !s->expect_error_text);
	CHECK(s->checks.not_starved && s->checks.isolation);
	CHECK(s->checks.max_gap_ns == 3 * S && s->checks.max_spread_ppm == 350000);
}

static void header(void)
{
	_cleanup_scenario_ struct scenario *s = parsed("test a.b-c_9\n"
						       "topology 1n2l4c2t\n"
						       "memory 2G\n"
						       "scheduler ./x/scx-y --flag 'two words'\n"
						       "duration 1.5s\n"
						       "watchdog 500ms\n"
						       "timeout 2m\n"
						       "expect-error \"runnable task stall\"\n");

	CHECK_STR(s->name, "a.b-c_9");
	CHECK(topology_cpus(&s->topology) == 16 && scenario_memory_mib(s) == 2048);
	CHECK_STR(s->scheduler[0], "./x/scx-y");
	CHECK_STR(s->scheduler[2], "two words");
	CHECK(!s->scheduler[3]);
	CHECK(s->duration_ns == 1500 * MS && s->watchdog_ns == 500 * MS &&
	      s->timeout_ns == 120 * S);
	CHECK(s->expect_error);
	CHECK_STR(s->expect_error_text, "runnable task stall");
}

static void memory_grows_with_cpus(void)
{
	_cleanup_scenario_ struct scenario *small = parsed("test t\ntopology 1n1l4c1t");
	_cleanup_scenario_ struct scenario *large = parsed("test t\ntopology 1n1l5c1t");

	CHECK(scenario_memory_mib(small) == 512);
	CHECK(scenario_memory_mib(large) == 256 + 5 * 64);
}

static void no_scheduler_by_name(void)
{
	_cleanup_scenario_ struct scenario *s = parsed("test t\nscheduler none\n");

	CHECK(!s->scheduler);
}

static void checks_and_expects(void)
{
	_cleanup_scenario_ struct scenario *on =
		parsed("test t\ncheck max-gap 250ms\ncheck max-spread 12.5%\nexpect '.a < \"4\"'\n"
		       "expect .b\n");
	_cleanup_scenario_ struct scenario *off =
		parsed("test t\ncheck max-gap off\ncheck max-spread off\ncheck not-starved off\n"
		       "check isolation off\n");

	CHECK(on->checks.max_gap_ns == 250 * MS && on->checks.max_spread_ppm == 125000);
	CHECK(on->n_expects == 2);
	CHECK_STR(on->expects[0], ".a < \"4\"");
	CHECK(!off->checks.max_gap_ns && !off->checks.max_spread_ppm);
	CHECK(!off->checks.not_starved && !off->checks.isolation);
}

static void monitor_checks(void)
{
	_cleanup_scenario_ struct scenario *none = parsed("test t\n"), *all, *some, *off, *set;
	static const char *const sets[] = {"check monitor off"};
	const uint64_t *limit;
	struct err e;

	for (unsigned int i = 0; i < THRESHOLDS; i++)
		CHECK(none->checks.monitor.limit[i] == THRESHOLD_OFF);
	CHECK(none->checks.monitor.sustained_samples == 5);

	/* What is said of one limit holds, before and behind `check monitor`. */
	all = parsed("test t\ncheck max-fallback-rate 0\ncheck monitor\ncheck stall off\n");
	limit = all->checks.monitor.limit;
	CHECK(limit[THRESHOLD_IMBALANCE] == 4000000 && limit[THRESHOLD_DSQ_DEPTH] == 50);
	CHECK(limit[THRESHOLD_STALL] == THRESHOLD_OFF);
	CHECK(limit[THRESHOLD_FALLBACK] == 0 && limit[THRESHOLD_KEEP_LAST] == 100);

	some = parsed("test t\ncheck max-imbalance 1.5\ncheck stall on\n"
		      "check max-local-dsq-depth 7\ncheck max-keep-last-rate 3\n"
		      "check sustained-samples 10000\n");
	limit = some->checks.monitor.limit;
	CHECK(limit[THRESHOLD_IMBALANCE] == 1500000 && limit[THRESHOLD_STALL] == 1);
	CHECK(limit[THRESHOLD_DSQ_DEPTH] == 7 && limit[THRESHOLD_KEEP_LAST] == 3);
	CHECK(limit[THRESHOLD_FALLBACK] == THRESHOLD_OFF);
	CHECK(some->checks.monitor.sustained_samples == 10000);

	off = parsed("test t\ncheck monitor off\ncheck stall on\n");
	CHECK(off->checks.monitor.limit[THRESHOLD_IMBALANCE] == THRESHOLD_OFF);
	CHECK(off->checks.monitor.limit[THRESHOLD_STALL] == 1);

	CHECK(scenario_parse_with("f", "test t\ncheck monitor", 20, NULL, sets, 1, &set, &e) == 0);
	CHECK(set->checks.monitor.limit[THRESHOLD_IMBALANCE] == THRESHOLD_OFF);
}

static void steps_and_holds(void)
{
	_cleanup_scenario_ struct scenario *s =
		parsed(HEAD "duration 10s\nstep a hold=50%\nstep b hold=1s\nstep c\n");
	_cleanup_scenario_ struct scenario *loop =
		parsed(HEAD "duration 10s\nstep a hold=10%\nstep b hold=loop:100ms\n");

	CHECK(s->n_steps == 3);
	CHECK_STR(s->steps[1].name, "b");
	CHECK(s->steps[1].line == 6);
	CHECK(s->steps[0].hold == HOLD_FRACTION && s->steps[0].hold_ppm == 500000);
	CHECK(s->steps[1].hold == HOLD_FIXED && s->steps[1].hold_ns == S);
	CHECK(s->steps[2].hold == HOLD_REST);
	CHECK(scenario_hold_ns(s, 0) == 5 * S && scenario_hold_ns(s, 2) == 4 * S);
	CHECK(loop->steps[1].hold == HOLD_LOOP && loop->steps[1].hold_ns == 100 * MS);
	CHECK(scenario_hold_ns(loop, 1) == 9 * S);
}

static void longest_duration_does_not_wrap(void)
{
	_cleanup_scenario_ struct scenario *s = parsed("test t\nduration 24h\nstep a hold=100%\n");

	CHECK(scenario_hold_ns(s, 0) == 86400 * S);
}

static void operations(void)
{
	_cleanup_scenario_ struct scenario *s =
		parsed(HEAD "step a hold=50%\n"
			    "  cgroup one cpuset=llc:0 workers=4 work=bursty,burst=5ms "
			    "affinity=exact:1 weight=200\n"
			    "  cgroup two\n"
			    "step b\n"
			    "  set-cpuset two range:0%-50%\n"
			    "  swap-cpusets one two\n"
			    "  spawn two workers=2 work=pipe\n"
			    "  set-affinity two llc:0\n"
			    "  move-tasks one two\n"
			    "  clear-cpuset two\n"
			    "  stop-workers two\n"
			    "  remove-cgroup one\n");
	const struct scenario_op *op;

	CHECK(s->n_steps == 2 && s->steps[0].n_ops == 2 && s->steps[1].n_ops == 8);
	op = &s->steps[0].ops[0];
	CHECK(op->type == OP_CGROUP && op->line == 5 && op->workers == 4 && op->weight == 200);
	CHECK(op->cpuset.kind == CPUSET_LLC && op->affinity.kind == CPUSET_EXACT);
	CHECK(op->work.type == WORK_BURSTY && op->work.params[0] == 5 * MS);
	CHECK(op->work.params[1] == 100 * MS);
	op = s->steps[1].ops;
	CHECK(op[0].type == OP_SET_CPUSET && op[0].cpuset.kind == CPUSET_RANGE);
	CHECK(op[1].type == OP_SWAP_CPUSETS);
	CHECK_STR(op[1].name2, "two");
	CHECK(op[2].type == OP_SPAWN && op[2].workers == 2 && op[2].work.params[0] == 1024);
	CHECK(op[3].type == OP_SET_AFFINITY && op[3].affinity.kind == CPUSET_LLC);
	CHECK(op[7].type == OP_REMOVE_CGROUP && op[7].line == 15);
}

static void captures(void)
{
	_cleanup_scenario_ struct scenario *s = parsed(
		HEAD "snapshots 3\nsnapshot before.all\nstep a hold=50%\n"
		     "watch bss.scx_ktstr.alloc_count\nsnapshot x-1\n"
		     "watch cpu@init_task.se.[0]:a-b\nstep b hold=loop:100ms\nsnapshot again\n");
	const struct scenario_op *op = s->steps[1].ops;

	CHECK(s->snapshots == 3);
	CHECK(s->steps[0].ops[0].type == OP_SNAPSHOT && !s->steps[0].ops[0].symbol);
	CHECK_STR(s->steps[0].ops[0].name, "before.all");
	CHECK(op[0].type == OP_WATCH && op[1].type == OP_SNAPSHOT && op[2].type == OP_WATCH);
	CHECK_STR(op[0].symbol, "bss.scx_ktstr.alloc_count");
	CHECK_STR(op[0].name, "");
	CHECK_STR(op[2].symbol, "cpu@init_task.se.[0]:a-b");
	/* No cgroup is meant, whatever the name; how many may be watched only the run knows. */
	CHECK_STR(error_of(HEAD "snapshot cpu.max\nwatch a\nwatch b\nwatch c\nwatch d\nwatch a\n"
				"snapshot s\nsnapshot s\n"),
		  "");
}

static void periodic_captures_are_evenly_spread(void)
{
	_cleanup_scenario_ struct scenario *s = parsed("test t\nduration 10s\nsnapshots 3\n");
	_cleanup_scenario_ struct scenario *most = parsed("test t\nduration 24h\nsnapshots 64\n");
	_cleanup_scenario_ struct scenario *least = parsed("test t\nduration 250ms\nsnapshots 1");

	CHECK(scenario_snapshot_ns(s, 0) == 3 * S && scenario_snapshot_ns(s, 1) == 5 * S &&
	      scenario_snapshot_ns(s, 2) == 7 * S);
	CHECK(scenario_snapshot_ns(least, 0) == 125 * MS);
	CHECK(scenario_snapshot_ns(most, 63) == 76696615384615); /* 10 % + 64 / 65 of 80 % */
}

static void bad_captures(void)
{
	static const struct error_case cases[] = {
		{"snapshot", "f:4: snapshot: too few words (snapshot NAME)"},
		{"snapshot a b", "f:4: snapshot: 'b' is one word too many (snapshot NAME)"},
		{"snapshot a/b", "f:4: snapshot: 'a/b' is not a name for a capture (letters, "
				 "digits, '.', '_' and '-')"},
		{"snapshot periodic_000", "f:4: snapshot: names with 'periodic_' are those of the "
					  "captures that 'snapshots' asks for"},
		{"watch", "f:4: watch: too few words (watch SYMBOL)"},
		{"watch a workers=1",
		 "f:4: watch: 'watch' has no option 'workers=' (watch SYMBOL)"},
		{"watch 'a b'", "f:4: watch: 'a b' is not a symbol (letters, digits, '_', '.', "
				"'[', ']', '@', ':' and '-')"},
		{"watch ''", "f:4: watch: '' is not a symbol (letters, digits, '_', '.', '[', "
			     "']', '@', ':' and '-')"},
		{"snapshots", "f:4: snapshots: too few words (snapshots N)"},
		{"snapshots 0", "f:4: snapshots: '0' is not between 1 and 64"},
		{"snapshots 65", "f:4: snapshots: '65' is not between 1 and 64"},
		{"snapshots 1\nsnapshots 1", "f:5: snapshots: given twice (line 4)"},
		{"step a\nsnapshots 1", "f:5: 'snapshots' must stand before the first step and the "
					"first operation"},
		{"snapshots 15", ""},
		{"snapshots 16",
		 "f:4: snapshots: 16 captures within a duration of 2s would be less "
		 "than 100ms apart (at most 15)"},
		{"snapshots 3\nduration 499ms",
		 "f:4: snapshots: 3 captures within a duration of 499ms would be less than 100ms "
		 "apart (at most 2)"},
		{"snapshots 1\nduration 249ms",
		 "f:4: snapshots: a duration of 249ms is too short for captures 100ms apart"},
	};
	_cleanup_buf_ struct buf b = {0};

	CHECK_ERRORS(cases);
	buf_addf(&b, "test t\nwatch ");
	for (size_t i = 0; i < SCENARIO_SYMBOL_MAX; i++)
		buf_addf(&b, "x");
	CHECK_STR(error_of(buf_text(&b)), "");
	buf_addf(&b, "x");
	CHECK_STR(error_of(buf_text(&b)), "f:2: watch: the symbol has more than 127 characters");
}

static void setup_is_a_step_of_its_own(void)
{
	_cleanup_scenario_ struct scenario *s =
		parsed(HEAD "cgroup base workers=1\nspawn base workers=1\nstep a\ncgroup b\n");

	CHECK(s->n_steps == 2);
	CHECK_STR(s->steps[0].name, "setup");
	CHECK(s->steps[0].n_ops == 2 && s->steps[0].line == 4);
	CHECK(s->steps[0].hold == HOLD_FIXED && s->steps[0].hold_ns == 0);
}

static void setup_alone_holds_for_the_duration(void)
{
	_cleanup_scenario_ struct scenario *s = parsed(HEAD "cgroup base workers=1\n");

	CHECK(s->n_steps == 1 && s->steps[0].hold == HOLD_REST);
	CHECK(scenario_hold_ns(s, 0) == 2 * S);
}

static void name_is_free_again_after_removal(void)
{
	CHECK_STR(error_of(HEAD "step a\ncgroup x\nremove-cgroup x\ncgroup x\n"), "");
}

static void loops(void)
{
	/* cgroup lines run once, the rest again and again */
	CHECK_STR(error_of(HEAD "step a hold=loop:100ms\ncgroup x cpuset=llc:0\n"
				"cgroup y cpuset=llc:1\nswap-cpusets x y\n"),
		  "");
	/* a loop of one round does nothing twice */
	CHECK_STR(error_of(HEAD "duration 1s\nstep a hold=loop:1s\ncgroup x\nremove-cgroup x\n"),
		  "");
}

static void words_and_quotes(void)
{
	_cleanup_scenario_ struct scenario *s =
		parsed("  test  t # comment\r\n"
		       "\r\n"
		       "# whole line\n"
		       "scheduler a#b 'x # y' \"q\\\"\\\\\\$\\n\" c\\ d '' \\\n"
		       "\t--last=é\n"
		       "expect 'a\\b'\"c'd\"");
	static const char *const want[] = {"a#b", "x # y", "q\"\\$\\n", "c d", "", "--last=é"};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		CHECK_STR(s->scheduler[i], want[i]);
	CHECK(!s->scheduler[6]);
	CHECK_STR(s->expects[0], "a\\bc'd");
}

static void joined_lines_keep_the_count(void)
{
	CHECK_STR(error_of("test t\nscheduler a \\\n b \\\r\n c\nbad\n"),
		  "f:5: unknown statement 'bad'");
	CHECK_STR(error_of("test t\nbad \\\n b\n"), "f:2: unknown statement 'bad'");
	/* between double quotes too, but not between single ones */
	CHECK_STR(error_of("test \"t\\\n\"\nbad\n"), "f:3: unknown statement 'bad'");
	CHECK_STR(error_of("test 't\\\n'\n"), "f:1: the quote ' is not closed on its line");
	/* a comment is not joined */
	CHECK_STR(error_of("test t # \\\nbad\n"), "f:2: unknown statement 'bad'");
}

/* ---- what is wrong ---- */

static void bad_text(void)
{
	static char big[SCENARIO_FILE_MAX + 1];
	char huge_line[WORDS_LINE_MAX + 64];

	CHECK_STR(error_of(""), "f: no 'test' statement");
	CHECK_STR(error_of("# nothing\n\n"), "f: no 'test' statement");
	CHECK_STR(error_of_bytes("test t\n\nx\0y\n", 11), "f:3: NUL byte: not a text file");
	CHECK_STR(error_of("test t\n\x1b[1m\n"), "f:2: control character 0x1b");
	CHECK_STR(error_of("test t\rtopology\n"), "f:1: control character 0x0d");
	CHECK_STR(error_of("test t\n\x7f"), "f:2: control character 0x7f");
	CHECK_STR(error_of("test t\n# caf\xe9\n"), "f:2: byte 0xe9: not UTF-8 text");
	CHECK_STR(error_of("# \xc0\xaf\n"), "f:1: byte 0xc0: not UTF-8 text");
	CHECK_STR(error_of("# \xed\xa0\x80\n"), "f:1: byte 0xed: not UTF-8 text");
	CHECK_STR(error_of("# \xf4\x90\x80\x80\n"), "f:1: byte 0xf4: not UTF-8 text");
	CHECK_STR(error_of("# \xe2\x82"), "f:1: byte 0xe2: not UTF-8 text");
	CHECK_STR(error_of("test 't\n"), "f:1: the quote ' is not closed on its line");
	CHECK_STR(error_of("test t\n\nexpect \"a"), "f:3: the quote \" is not closed on its line");
	CHECK_STR(error_of("test t\\"), "f:1: a backslash ends the file");
	memset(big, '\n', sizeof(big));
	CHECK_STR(error_of_bytes(big, sizeof(big)), "f: larger than 1048576 bytes");
	CHECK_STR(error_of_bytes(big, sizeof(big) - 1), "f: no 'test' statement");
	memset(huge_line, 'x', sizeof(huge_line));
	memcpy(huge_line, "test t\nexpect ", 14);
	CHECK_STR(error_of_bytes(huge_line, sizeof(huge_line)),
		  "f:2: the line is longer than 16384 bytes");
}

static void too_many_words(void)
{
	_cleanup_buf_ struct buf b = {0};

	buf_addf(&b, "test t\nscheduler");
	for (size_t i = 0; i < WORDS_MAX - 1; i++)
		buf_addf(&b, " x");
	CHECK_STR(error_of(buf_text(&b)), "");
	buf_addf(&b, " x");
	CHECK_STR(error_of(buf_text(&b)), "f:2: the line has more than 256 words");
}

static void bad_statements(void)
{
	static const struct error_case cases[] = {
		{"frobnicate", "f:4: unknown statement 'frobnicate'"},
		{"'' x", "f:4: unknown statement ''"},
		{"Test x", "f:4: unknown statement 'Test'"},
		{"test u", "f:4: test: given twice (line 1)"},
		{"duration", "f:4: duration: too few words (duration SPAN)"},
		{"duration 1s 2s", "f:4: duration: too many words (duration SPAN)"},
		{"step a\nduration 1s",
		 "f:5: 'duration' must stand before the first step and the first operation"},
		{"cgroup a\nmemory 1G",
		 "f:5: 'memory' must stand before the first step and the first operation"},
		{"check", "f:4: unknown check '' (max-gap, max-spread, not-starved, isolation, "
			  "monitor, max-imbalance, max-local-dsq-depth, stall, max-fallback-rate, "
			  "max-keep-last-rate, sustained-samples)"},
		{"check mood good",
		 "f:4: unknown check 'mood' (max-gap, max-spread, not-starved, isolation, monitor, "
		 "max-imbalance, max-local-dsq-depth, stall, max-fallback-rate, "
		 "max-keep-last-rate, sustained-samples)"},
		{"check max-gap", "f:4: check max-gap: too few words (check max-gap SPAN|off)"},
		{"check max-gap 1s\ncheck max-gap off", "f:5: check max-gap: given twice (line 4)"},
		{"expect", "f:4: expect: too few words (expect JQ-PROGRAM)"},
		{"expect .a < 4", "f:4: expect: too many words (expect JQ-PROGRAM)"},
	};

	CHECK_ERRORS(cases);
}

static void bad_header_values(void)
{
	static const struct error_case cases[] = {
		{"memory 512", "f:4: memory: '512' is not a size (a number and M or G)"},
		{"memory M", "f:4: memory: 'M' is not a size (a number and M or G)"},
		{"memory ''", "f:4: memory: '' is not a size (a number and M or G)"},
		{"memory 1.5G", "f:4: memory: '1.5G' is not a size (a number and M or G)"},
		{"memory 127M", "f:4: memory: '127M' is not between 128M and 1048576M"},
		{"memory 1025G", "f:4: memory: '1025G' is not between 128M and 1048576M"},
		{"memory 18446744073709551615G",
		 "f:4: memory: '18446744073709551615G' is not a size (a number and M or G)"},
		{"duration 0s", "f:4: duration: '0s' is not between 1ms and 24h"},
		{"duration 25h", "f:4: duration: '25h' is not between 1ms and 24h"},
		{"duration 5",
		 "f:4: duration: '5' is not a time span (a number and ns, us, ms, s, m or h)"},
		{"watchdog 2h", "f:4: watchdog: '2h' is not between 1ms and 1h"},
		{"timeout 1us", "f:4: timeout: '1us' is not between 1ms and 720h"},
		{"scheduler ''", "f:4: scheduler: '' is not the path of a program"},
		{"scheduler bin/", "f:4: scheduler: 'bin/' is not the path of a program"},
		{"scheduler ..", "f:4: scheduler: '..' is not the path of a program"},
		{"scheduler none -x", "f:4: scheduler: 'none' takes no arguments"},
		{"expect-error", "f: 'expect-error' without a scheduler"},
		{"scheduler x\nexpect-error ''", "f:5: expect-error: the text is empty"},
		{"check max-gap 0s", "f:4: check max-gap: '0s' is not between 1ms and 24h"},
		{"check max-spread 0%",
		 "f:4: check max-spread: '0%' allows no spread at all (off: no check)"},
		{"check max-spread 101%",
		 "f:4: check max-spread: '101%' is not a fraction (0 to 1, or 0% to 100%)"},
		{"check isolation yes", "f:4: check isolation: 'yes' is neither on nor off"},
		{"check monitor maybe", "f:4: check monitor: 'maybe' is neither on nor off"},
		{"check monitor on on",
		 "f:4: check monitor: too many words (check monitor [on|off])"},
		{"check max-imbalance 0.99",
		 "f:4: check max-imbalance: '0.99' is not between 1 and 1e+06"},
		{"check max-imbalance 4x", "f:4: check max-imbalance: '4x' is not a number"},
		{"check max-imbalance -4", "f:4: check max-imbalance: '-4' is not a number"},
		{"check max-local-dsq-depth 10001",
		 "f:4: check max-local-dsq-depth: '10001' is not between 0 and 10000"},
		{"check max-local-dsq-depth 1.5",
		 "f:4: check max-local-dsq-depth: '1.5' is not a number"},
		{"check stall 1", "f:4: check stall: '1' is neither on nor off"},
		{"check max-fallback-rate on",
		 "f:4: check max-fallback-rate: 'on' is not a number"},
		{"check sustained-samples 0",
		 "f:4: check sustained-samples: '0' is not between 1 and 10000"},
		{"check sustained-samples off",
		 "f:4: check sustained-samples: 'off' is not a number"},
		{"check stall on\ncheck stall on", "f:5: check stall: given twice (line 4)"},
		{"expect ''", "f:4: expect: the jq program is empty"},
	};

	CHECK_ERRORS(cases);
	CHECK_STR(error_of("test t\ntopology 2n3l1c1t"),
		  "f:2: topology: topology '2n3l1c1t': 3 LLCs cannot be divided equally between "
		  "2 nodes");
	CHECK_STR(error_of("test a/b"),
		  "f:1: test: 'a/b' is not a name for a test (letters, digits, '.', '_' and '-')");
	CHECK_STR(error_of("test 1234567890123456789012345678901234567890"
			   "1234567890123456789012345"),
		  "f:1: test: the name of the test has more than 64 characters");
}

static void bad_steps(void)
{
	static const struct error_case cases[] = {
		{"step", "f:4: step: too few words (step NAME [hold=HOLD])"},
		{"step a b", "f:4: step: 'b' is not an option of a step (hold=)"},
		{"step ..",
		 "f:4: step: '..' is not a name for a step (letters, digits, '.', '_' and '-')"},
		{"step a hold=1s\nstep a", "f:5: step: there is a step 'a' already (line 4)"},
		{"cgroup a\nstep setup", "f:5: step: there is a step 'setup' already (line 4)"},
		{"step a hold=", "f:4: step: hold: '' is not a hold (50%, 500ms, rest or "
				 "loop:100ms)"},
		{"step a hold=0.5",
		 "f:4: step: hold: '0.5' is not a hold (50%, 500ms, rest or loop:100ms)"},
		{"step a hold=forever", "f:4: step: hold: 'forever' is not a time span (a number "
					"and ns, us, ms, s, m or h)"},
		{"step a hold=0%", "f:4: step: hold: '0%' is no time at all"},
		{"step a hold=0s", "f:4: step: hold: '0s' is not between 1us and 24h"},
		{"step a hold=loop:1us", "f:4: step: hold: '1us' is not between 1ms and 24h"},
		{"step a hold=60%\nstep b hold=60%",
		 "f:5: the holds up to step 'b' add up to 120%"},
		{"step a\nstep b",
		 "f:4: step 'a' holds for the rest, so step 'b' could never begin"},
		{"step a hold=rest\nstep b hold=rest",
		 "f:4: step 'a' holds for the rest, so step 'b' could never begin"},
		{"step a hold=loop:1s\nstep b hold=1s",
		 "f:4: step 'a' holds for the rest, so step 'b' could never begin"},
		{"step a hold=1s\nstep b hold=60%",
		 "f:5: the holds up to step 'b' take 2200ms, longer than the duration of 2s"},
		{"step a hold=100%\nstep b",
		 "f:5: nothing of the duration of 2s is left for step 'b'"},
	};

	CHECK_ERRORS(cases);
}

static void bad_operations(void)
{
	static const struct error_case cases[] = {
		{"cgroup", "f:4: cgroup: too few words (cgroup NAME [cpuset=CPUS] [workers=N] "
			   "[work=WORK] [affinity=CPUS] [weight=N])"},
		{"cgroup a b", "f:4: cgroup: 'b' is one word too many (cgroup NAME [cpuset=CPUS] "
			       "[workers=N] [work=WORK] [affinity=CPUS] [weight=N])"},
		{"cgroup a mood=good",
		 "f:4: cgroup: 'cgroup' has no option 'mood=' (cgroup NAME [cpuset=CPUS] "
		 "[workers=N] [work=WORK] [affinity=CPUS] [weight=N])"},
		{"cgroup a/b", "f:4: cgroup: 'a/b' is not a name for a cgroup (letters, digits, "
			       "'.', '_' and '-')"},
		{"cgroup cpu.max",
		 "f:4: cgroup: the kernel keeps names with 'cpu.' for its control files"},
		{"cgroup a workers=1 workers=1", "f:4: cgroup: 'workers=' is given twice"},
		{"cgroup a workers=0", "f:4: cgroup: workers: '0' is not between 1 and 4096"},
		{"cgroup a workers=4097", "f:4: cgroup: workers: '4097' is not between 1 and 4096"},
		{"cgroup a workers=-1", "f:4: cgroup: workers: '-1' is not a number"},
		{"cgroup a weight=10001",
		 "f:4: cgroup: weight: '10001' is not between 1 and 10000"},
		{"cgroup a work=spin", "f:4: cgroup: 'workers=' is missing"},
		{"cgroup a affinity=llc:0", "f:4: cgroup: 'workers=' is missing"},
		{"cgroup a\nspawn a", "f:5: spawn: 'workers=' is missing"},
		{"cgroup a\nspawn a workers=1 weight=5",
		 "f:5: spawn: 'spawn' has no option 'weight=' (spawn NAME workers=N [work=WORK] "
		 "[affinity=CPUS])"},
		{"swap-cpusets a", "f:4: swap-cpusets: too few words (swap-cpusets NAME NAME)"},
		{"swap-cpusets a a", "f:4: swap-cpusets: 'a' is named twice"},
		{"move-tasks a b c",
		 "f:4: move-tasks: 'c' is one word too many (move-tasks FROM TO)"},
		{"remove-cgroup a x=y", "f:4: remove-cgroup: 'remove-cgroup' has no option 'x=' "
					"(remove-cgroup NAME)"},
		{"set-cpuset a", "f:4: set-cpuset: too few words (set-cpuset NAME CPUS)"},
		{"set-affinity a none",
		 "f:4: set-affinity: 'none' names no CPUs (llc:I, node:I, range:A-B, disjoint:I/N, "
		 "overlap:I/N:F or exact:LIST)"},
	};

	CHECK_ERRORS(cases);
}

static void bad_work(void)
{
	static const struct error_case cases[] = {
		{"cgroup a workers=1 work=sleep",
		 "f:4: cgroup: work: unknown work type 'sleep' (spin, yield, mixed, bursty, "
		 "io-sync, pipe, futex-ping-pong, fork-exit)"},
		{"cgroup a workers=1 work=",
		 "f:4: cgroup: work: unknown work type '' (spin, yield, mixed, bursty, io-sync, "
		 "pipe, futex-ping-pong, fork-exit)"},
		{"cgroup a workers=1 work=spin,burst=1ms",
		 "f:4: cgroup: work: work 'spin' has no parameter 'burst'"},
		{"cgroup a workers=1 work=spin,",
		 "f:4: cgroup: work: work 'spin' has no parameter ''"},
		{"cgroup a workers=1 work=bursty,burst",
		 "f:4: cgroup: work: 'burst' of work 'bursty' has no value"},
		{"cgroup a workers=1 work=bursty,burst=1ms,burst=1ms",
		 "f:4: cgroup: work: 'burst' of work 'bursty' is given twice"},
		{"cgroup a workers=1 work=bursty,burst=11s",
		 "f:4: cgroup: work: 'burst' of work 'bursty': '11s' is not between 1us and 10s"},
		{"cgroup a workers=1 work=spin,spins=0",
		 "f:4: cgroup: work: 'spins' of work 'spin': '0' is not between 1 and 1000000000"},
		{"cgroup a workers=3 work=pipe", "f:4: cgroup: work 'pipe' runs in groups of 2, "
						 "which workers=3 does not divide by"},
		{"cgroup a\nspawn a workers=1 work=futex-ping-pong",
		 "f:5: spawn: work 'futex-ping-pong' runs in groups of 2, which workers=1 does "
		 "not divide by"},
	};

	CHECK_ERRORS(cases);
}

/* What only the order of the operations tells. */
static void bad_order(void)
{
	static const struct error_case cases[] = {
		{"cgroup a\ncgroup a", "f:5: cgroup 'a' exists already (line 4)"},
		{"cgroup a\nstep s\ncgroup a", "f:6: cgroup 'a' exists already (line 4)"},
		{"stop-workers a", "f:4: there is no cgroup 'a' at this point"},
		{"cgroup a\nmove-tasks a b", "f:5: there is no cgroup 'b' at this point"},
		{"cgroup b\nmove-tasks a b", "f:5: there is no cgroup 'a' at this point"},
		{"step s\nspawn a workers=1\ncgroup a",
		 "f:5: there is no cgroup 'a' at this point"},
		{"cgroup a\nremove-cgroup a\nset-cpuset a llc:0",
		 "f:6: there is no cgroup 'a' at this point"},
		{"cgroup a\ncgroup b cpuset=llc:0\nswap-cpusets a b",
		 "f:6: cgroup 'a' has no cpuset to swap"},
		{"cgroup a cpuset=llc:0\ncgroup b cpuset=llc:0\nclear-cpuset b\nswap-cpusets a b",
		 "f:7: cgroup 'b' has no cpuset to swap"},
		{"step s hold=loop:100ms\ncgroup a\nremove-cgroup a",
		 "f:6: in the second round of the loop: there is no cgroup 'a' at this point"},
		{"cgroup a cpuset=llc:0\ncgroup b cpuset=llc:1\nstep s hold=loop:100ms\n"
		 "set-affinity a llc:0\nswap-cpusets a b",
		 "f:7: in the second round of the loop: the affinity has no CPU of the cpuset of "
		 "'a'"},
	};

	CHECK_ERRORS(cases);
}

static void bad_cpus(void)
{
	static const struct error_case cases[] = {
		{"cgroup a cpuset=llc:2",
		 "f:4: cpuset of 'a': there is no LLC 2 (the machine has 2)"},
		{"cgroup a\nset-cpuset a node:1",
		 "f:5: cpuset of 'a': there is no node 1 (the machine has 1)"},
		{"cgroup a cpuset=disjoint:0/4",
		 "f:4: cpuset of 'a': 3 usable CPUs are too few for 4 parts"},
		{"cgroup a workers=1 affinity=exact:4",
		 "f:4: affinity: there is no CPU 4 (the machine has 0 to 3)"},
		{"cgroup a cpuset=llc:0 workers=1 affinity=llc:1",
		 "f:4: the affinity has no CPU of the cpuset of 'a'"},
		{"cgroup a cpuset=llc:0\nset-affinity a exact:3",
		 "f:5: the affinity has no CPU of the cpuset of 'a'"},
	};

	CHECK_ERRORS(cases);
	CHECK_STR(error_of(HEAD "cgroup a cpuset=llc:0\nclear-cpuset a\nset-affinity a exact:3\n"),
		  "");
}

static void too_many(void)
{
	_cleanup_buf_ struct buf groups = {0}, steps = {0}, ops = {0}, expects = {0};
	size_t i;

	buf_addf(&groups, HEAD);
	for (i = 0; i <= SCENARIO_CGROUPS_MAX; i++)
		buf_addf(&groups, "cgroup c%zu\n", i);
	CHECK_STR(error_of(buf_text(&groups)), "f:260: more than 256 cgroups at a time");

	buf_addf(&steps, HEAD);
	for (i = 0; i <= SCENARIO_STEPS_MAX; i++)
		buf_addf(&steps, "step s%zu hold=1us\n", i);
	CHECK_STR(error_of(buf_text(&steps)), "f:1028: step: more than 1024 steps");

	buf_addf(&ops, HEAD "cgroup a\n");
	for (i = 0; i < SCENARIO_OPS_MAX; i++)
		buf_addf(&ops, "stop-workers a\n");
	CHECK_STR(error_of(buf_text(&ops)),
		  "f:4100: stop-workers: step 'setup' has more than 4096 operations");

	buf_addf(&expects, HEAD);
	for (i = 0; i <= SCENARIO_EXPECTS_MAX; i++)
		buf_addf(&expects, "expect .a\n");
	CHECK_STR(error_of(buf_text(&expects)), "f:260: expect: given more than 256 times");
}

static void too_many_workers(void)
{
	static const struct error_case cases[] = {
		{"cgroup a workers=4096\nspawn a workers=4096\nspawn a workers=4096\n"
		 "spawn a workers=4096\nspawn a workers=1",
		 "f:8: the scenario starts more than 16384 workers in all"},
		{"duration 100s\ncgroup a\nstep s hold=loop:100ms\nspawn a workers=17",
		 "f:7: the scenario starts more than 16384 workers in all (here again each round)"},
		{"duration 100s\nstep s hold=loop:100ms\ncgroup a workers=17", ""},
		{"duration 100s\ncgroup a\nstep s hold=loop:100ms\nspawn a workers=16", ""},
	};

	CHECK_ERRORS(cases);
}

static void long_file_name_keeps_the_message(void)
{
	char file[1024];
	struct scenario *s;
	struct err e;

	memset(file, 'x', sizeof(file));
	file[sizeof(file) - 1] = 0;
	CHECK(scenario_parse(file, "bad", 3, NULL, &s, &e) == -1);
	CHECK(strstr(e.text, ":1: unknown statement 'bad'") != NULL);
}

/* ---- overrides ---- */

static const char *error_of_sets(const char *text, const char *const *sets, size_t n)
{
	static struct err e;
	struct scenario *s;

	e.text[0] = 0;
	if (scenario_parse_with("f", text, strlen(text), NULL, sets, n, &s, &e) == 0)
		scenario_destroy(s);
	return e.text;
}

static void sets_take_the_place_of_statements(void)
{
	static const char text[] = "test t\ntopology 1n1l1c1t\nscheduler x --old\nduration 1s\n"
				   "check max-gap off\nstep a\ncgroup c cpuset=llc:1\n";
	static const char *const sets[] = {"topology 1n2l2c1t", "scheduler /bin/y 'a b'",
					   "check max-gap 9s", "watchdog 1s"};
	_cleanup_scenario_ struct scenario *s = NULL;
	struct err e;

	CHECK_STR(error_of(text), "f:7: cpuset of 'c': there is no LLC 1 (the machine has 1)");
	CHECK(scenario_parse_with("f", text, strlen(text), NULL, sets, 4, &s, &e) == 0);
	CHECK(topology_cpus(&s->topology) == 4);
	CHECK_STR(s->scheduler[0], "/bin/y");
	CHECK_STR(s->scheduler[1], "a b");
	CHECK(!s->scheduler[2]);
	CHECK(s->checks.max_gap_ns == 9 * S && s->watchdog_ns == S && s->duration_ns == S);
}

static void bad_sets(void)
{
	static const struct error_case cases[] = {
		{"", "'': there is no statement"},
		{"# x", "'# x': there is no statement"},
		{"bad", "'bad': only a header statement or a check can be set"},
		{"step a", "'step a': only a header statement or a check can be set"},
		{"cgroup a", "'cgroup a': only a header statement or a check can be set"},
		{"expect .a", "'expect .a': only a header statement or a check can be set"},
		{"check bad 1", "'check bad 1': only a header statement or a check can be set"},
		{"memory 1", "'memory 1': memory: '1' is not a size (a number and M or G)"},
		{"memory 1G\nmemory 2G", "'memory 1G?memory 2G': only one line is allowed"},
		{"memory '1G", "'memory '1G': the quote ' is not closed on its line"},
		{"memory \xff", "'memory \xff': byte 0xff: not UTF-8 text"},
	};
	static const char *const twice[] = {"memory 1G", "memory 2G"};
	static const char *const many = "snapshots 20", *const little = "duration 10ms";

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_STR(error_of_sets("test t", &cases[i].text, 1), cases[i].error);
	CHECK_STR(
		error_of_sets("test t\nsnapshots 2\n", &many, 1),
		"f: snapshots: 20 captures within a duration of 2s would be less than 100ms apart "
		"(at most 15)");
	CHECK_STR(error_of_sets("test t\nsnapshots 20\n", &little, 1),
		  "f:2: snapshots: a duration of 10ms is too short for captures 100ms apart");
	CHECK_STR(error_of_sets("test t", twice, 2), "'memory 2G': memory: given twice");
}

/* ---- text and plan ---- */

static const char everything[] = "test all\n"
				 "topology 2n4l4c2t\n"
				 "memory 3G\n"
				 "scheduler 'my sched' --x=\"it's\" '' '#no' \\$\n"
				 "duration 1234567us\n"
				 "watchdog 2500ms\n"
				 "timeout 90s\n"
				 "snapshots 7\n"
				 "expect-error 'a \"b\" '\\''c'\\'\n"
				 "cgroup base workers=4 work=pipe,burst=7\n"
				 "step one hold=33.3333%\n"
				 "cgroup a cpuset=overlap:1/2:12.5% workers=2 "
				 "work=io-sync,writes=3,sleep=1ms affinity=exact:8-20 weight=1\n"
				 "cgroup b cpuset=range:0.1%-99% workers=1 work=yield\n"
				 "set-cpuset base node:1\n"
				 "set-affinity base llc:3\n"
				 "step two hold=300ms\n"
				 "snapshot first-one\n"
				 "watch percpu.scx_x.a[3].b\n"
				 "watch jiffies_64\n"
				 "swap-cpusets a b\n"
				 "move-tasks a b\n"
				 "clear-cpuset base\n"
				 "step three hold=loop:1ms\n"
				 "stop-workers b\n"
				 "spawn b workers=1 work=fork-exit affinity=disjoint:0/1\n"
				 "check max-gap off\n"
				 "check max-spread 0.0001%\n"
				 "check isolation off\n"
				 "check monitor\n"
				 "check max-imbalance 2.000001\n"
				 "check max-keep-last-rate off\n"
				 "check sustained-samples 3\n"
				 "expect '.a | test(\"x\\\\.\")'\n"
				 "expect '.b'\n";

static void text_round_trip(void)
{
	_cleanup_buf_ struct buf once = {0}, twice = {0};
	_cleanup_scenario_ struct scenario *a = parsed(everything), *b = NULL;

	CHECK(scenario_format(a, &once) == 0);
	b = parsed(buf_text(&once));
	CHECK(scenario_equal(a, b));
	CHECK(scenario_format(b, &twice) == 0);
	CHECK_STR(buf_text(&twice), buf_text(&once));
}

/* The default timeout of the longest duration is written out, so it must be allowed. */
static void text_of_the_longest_duration(void)
{
	_cleanup_buf_ struct buf text = {0};
	_cleanup_scenario_ struct scenario *s = parsed("test t\nduration 24h");

	CHECK(scenario_format(s, &text) == 0);
	CHECK_STR(error_of(buf_text(&text)), "");
}

/* The comparison that the round trip trusts must see each difference. */
static void comparison_sees_differences(void)
{
	_cleanup_scenario_ struct scenario *a = parsed(everything), *b = parsed(everything);

	CHECK(scenario_equal(a, b));
	b->timeout_ns++;
	CHECK(!scenario_equal(a, b));
	b->timeout_ns--;
	b->snapshots++;
	CHECK(!scenario_equal(a, b));
	b->snapshots--;
	b->steps[2].ops[1].symbol[0]++;
	CHECK(!scenario_equal(a, b));
	b->steps[2].ops[1].symbol[0]--;
	b->checks.monitor.limit[THRESHOLD_STALL] = THRESHOLD_OFF;
	CHECK(!scenario_equal(a, b));
	b->checks.monitor.limit[THRESHOLD_STALL] = 1;
	b->checks.monitor.sustained_samples++;
	CHECK(!scenario_equal(a, b));
	b->checks.monitor.sustained_samples--;
	b->steps[1].ops[0].affinity.exact.bits[0] ^= 1;
	CHECK(!scenario_equal(a, b));
	b->steps[1].ops[0].affinity.exact.bits[0] ^= 1;
	b->scheduler[2][0] = 'x';
	CHECK(!scenario_equal(a, b));
}

static void plan(void)
{
	_cleanup_scenario_ struct scenario *s = parsed(everything);
	_cleanup_free_ char *text = scenario_plan_json(s);
	json_t *got = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	json_t *want = json_pack(
		"{s:s, s:s, s:i, s:i, s:[s,s,s,s,s], s:I, s:I, s:I, s:i, s:b, s:s,"
		" s:[{s:s,s:i},{s:s,s:i},{s:s,s:i},{s:s,s:i}], s:{s:b,s:b,s:n,s:i,s:{s:i,s:i,s:b,s:i,s:n,s:i}},"
		" s:[s,s]}",
		"test", "all", "topology", "2n4l4c2t", "vcpus", 32, "memory_mib", 3072, "scheduler",
		"my sched", "--x=it's", "", "#no", "$", "duration_ns", (json_int_t)1234567000,
		"watchdog_ns", (json_int_t)2500000000, "timeout_ns", (json_int_t)90000000000,
		"snapshots", 7, "expect_error", 1, "expect_error_text", "a \"b\" 'c'", "steps",
		"name", "setup", "ops", 1, "name", "one", "ops", 4, "name", "two", "ops", 6, "name",
		"three", "ops", 2, "checks", "not_starved", 1, "isolation", 0, "max_gap_ns",
		"max_spread_ppm", 1, "monitor", "max_imbalance_ppm", 2000001, "max_local_dsq_depth",
		50, "fail_on_stall", 1, "max_fallback_rate", 200, "max_keep_last_rate",
		"sustained_samples", 3, "expects", ".a | test(\"x\\\\.\")", ".b");

	CHECK(got && want && json_equal(got, want));
	if (text && !json_equal(got, want))
		printf("# %s\n", text);
	json_decref(got);
	json_decref(want);
}

static void plan_of_little(void)
{
	_cleanup_scenario_ struct scenario *s = parsed("test t\nduration 1s");
	_cleanup_free_ char *text = scenario_plan_json(s);

	CHECK_STR(text, "{\"test\":\"t\",\"topology\":\"1n1l1c1t\",\"vcpus\":1,\"memory_mib\":512,"
			"\"scheduler\":null,\"duration_ns\":1000000000,\"watchdog_ns\":null,"
			"\"timeout_ns\":70000000000,\"snapshots\":0,\"expect_error\":false,"
			"\"expect_error_text\":null,\"steps\":[],\"checks\":{\"not_starved\":true,"
			"\"isolation\":true,\"max_gap_ns\":3000000000,\"max_spread_ppm\":350000,"
			"\"monitor\":{\"sustained_samples\":5,\"max_imbalance_ppm\":null,"
			"\"max_local_dsq_depth\":null,\"fail_on_stall\":false,"
			"\"max_fallback_rate\":null,\"max_keep_last_rate\":null}},"
			"\"expects\":[]}");
}

static void tables_are_complete(void)
{
	for (unsigned int i = 0; i < THRESHOLDS; i++) {
		const struct threshold_info *x = &threshold_infos[i];

		CHECK(x->check && x->member && x->name && x->def >= x->min && x->def <= x->max);
	}
	for (unsigned int i = 0; i < OP_TYPES; i++)
		CHECK(op_names[i] && op_infos[i].synopsis && op_infos[i].help && op_infos[i].names);
	for (unsigned int i = 0; i < WORK_TYPES; i++) {
		CHECK(work_infos[i].name != NULL && work_infos[i].group > 0);
		for (unsigned int k = 0; k < WORK_PARAMS_MAX && work_infos[i].params[k].name; k++) {
			const struct work_param *p = &work_infos[i].params[k];

			CHECK(p->def >= p->min && p->def <= p->max);
		}
	}
}

int main(void)
{
	RUN(defaults);
	RUN(header);
	RUN(memory_grows_with_cpus);
	RUN(no_scheduler_by_name);
	RUN(checks_and_expects);
	RUN(monitor_checks);
	RUN(steps_and_holds);
	RUN(longest_duration_does_not_wrap);
	RUN(operations);
	RUN(captures);
	RUN(periodic_captures_are_evenly_spread);
	RUN(setup_is_a_step_of_its_own);
	RUN(setup_alone_holds_for_the_duration);
	RUN(name_is_free_again_after_removal);
	RUN(loops);
	RUN(words_and_quotes);
	RUN(joined_lines_keep_the_count);
	RUN(bad_text);
	RUN(too_many_words);
	RUN(bad_statements);
	RUN(bad_header_values);
	RUN(bad_steps);
	RUN(bad_operations);
	RUN(bad_captures);
	RUN(bad_work);
	RUN(bad_order);
	RUN(bad_cpus);
	RUN(too_many);
	RUN(too_many_workers);
	RUN(long_file_name_keeps_the_message);
	RUN(sets_take_the_place_of_statements);
	RUN(bad_sets);
	RUN(text_round_trip);
	RUN(text_of_the_longest_duration);
	RUN(comparison_sees_differences);
	RUN(plan);
	RUN(plan_of_little);
	RUN(tables_are_complete);
	return TEST_END();
}
