/* SPDX-License-Identifier: GPL-2.0-only */
/* Every row of the table in ktstr-report(1): one good run, spoiled in one way after the other. */
#include "report/verdict.h"

#include "../helper/run_lines.h"
#include "test.h"

struct want {
	const char *what;
	struct run_edit edits[RUN_EDITS_MAX];
	enum status status;
	enum reason_kind kind; /* of the first reason; not looked at for STATUS_PASS */
	const char *says;      /* part of its message */
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
	while (tlv_reader_next(reader, &m))
		run_add(r, &m);
	run_finish(r, tlv_reader_stats(reader), len);
	tlv_reader_destroy(reader);
	return r;
}

static bool as_wanted(const struct want *w, const struct verdict *v)
{
	const struct reason *first = reasons_first(&v->reasons);

	if (v->status != w->status || v->success != (w->status == STATUS_PASS))
		return false;
	if (w->status == STATUS_PASS)
		return !first;
	return first && first->kind == w->kind && strstr(first->message, w->says);
}

static void verdict_print(const struct want *w, const struct verdict *v)
{
	printf("# %s: %s\n", w->what, status_names[v->status]);
	for (size_t i = 0; i < v->reasons.n; i++)
		printf("#   %s %s: %s\n", status_names[v->reasons.list[i].status],
		       reason_kind_names[v->reasons.list[i].kind], v->reasons.list[i].message);
}

static void judge_all(const struct want *wants, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct frames f;
		struct verdict v;
		struct run *r;
		bool good;

		run_frames(wants[i].edits, &f);
		r = run_of(f.out.data, f.out.len);
		verdict_decide(r, EXPECT_LATER, NULL, &v);
		good = as_wanted(&wants[i], &v);
		CHECK(good);
		if (!good)
			verdict_print(&wants[i], &v);
		verdict_deinit(&v);
		run_destroy(r);
		frames_deinit(&f);
	}
}
#define JUDGE(wants) judge_all(wants, sizeof(wants) / sizeof((wants)[0]))

#define END(reason, more) \
	{"=boot EXIT", "boot EXIT {\"reason\":\"" reason "\",\"timed_out\":false" more "}"}
#define TROUBLE(kind, text)   \
	{"<guest GUEST_EXIT", \
	 "guest TROUBLE {\"kind\":\"" kind "\",\"message\":\"" text "\",\"line\":7}"}
#define CODE(n) {"=guest GUEST_EXIT", "guest GUEST_EXIT {\"exit_code\":" #n "}"}
/* The scheduler goes in the middle of the second step, and the scenario with it. */
#define DIES(state, status)                                                               \
	{"=guest STEP_END {\"step\":1",                                                   \
	 "guest SCHED_STATE {\"state\":\"" state "\",\"ops\":\"x\",\"at_ns\":1500001000," \
	 "\"expected\":false" status "}"},                                                \
		{"-guest SCENARIO_END", NULL},                                            \
	{                                                                                 \
		"-guest SCHED_STATE {\"state\":\"stopped\"", NULL                         \
	}
#define STALL                                                                      \
	{"<guest SCENARIO_START",                                                  \
	 "guest KMSG [    2.5] sched_ext: BPF scheduler \"x\" disabled (runnable " \
	 "task stall)\\n[    2.5] sched_ext: x: w[12] failed to run for 3.1s\\n"}
#define PANIC                                                                      \
	{"<boot EXIT", "boot CONSOLE [    3.0] Kernel panic - not syncing: Fatal " \
		       "exception\\r\\n"}
#define NO_GUEST_END                                                                      \
	{"-guest SCHED_STATE {\"state\":\"stopped\"", NULL}, {"-guest GUEST_EXIT", NULL}, \
		{"-guest SCENARIO_END", NULL},                                            \
	{                                                                                 \
		"-boot COM2", NULL                                                        \
	}

static void passes(void)
{
	static const struct want wants[] = {
		{"a good run", {{0}}, STATUS_PASS},
		{"without a scheduler",
		 {{"=scenario PLAN", RUN_PLAN("null", RUN_NO_ERROR)}, {"-guest SCHED_STATE", NULL}},
		 STATUS_PASS},
		{"a plan from the agent alone",
		 {{"-scenario PLAN", NULL},
		  {"<guest LIFE", "guest PLAN {\"test\":\"fair\",\"scheduler\":null,"
				  "\"steps\":[],\"expect_error\":false,\"checks\":"
				  "{\"not_starved\":true,\"isolation\":true}}"}},
		 STATUS_PASS},
		{"no steps, so no workers",
		 {{"=scenario PLAN", "scenario PLAN {\"test\":\"empty\",\"scheduler\":[\"scx-x\"],"
				     "\"steps\":[],\"expect_error\":false,\"checks\":"
				     "{\"not_starved\":true,\"isolation\":true}}"},
		  {"-guest STEP", NULL},
		  {"-guest WORKER", NULL}},
		 STATUS_PASS},
		{"a note changes nothing", {TROUBLE("note", "by the way")}, STATUS_PASS},
		{"an unknown type is passed over", {{"<boot EXIT", "boot 9999 x"}}, STATUS_PASS},
		{"a warning of the kernel's",
		 {{"<boot EXIT", "boot CONSOLE WARNING: CPU: 0 at x.c\\n"}},
		 STATUS_PASS},
		{"unregistered by the scheduler itself",
		 {{"<guest GUEST_EXIT", "guest KMSG [ 1.0] sched_ext: BPF scheduler \"x\" disabled "
					"(unregistered from user space)\\n"}},
		 STATUS_PASS},
	};

	JUDGE(wants);
}

static void machine_failures(void)
{
	static const struct want wants[] = {
		{"no end", {{"-boot EXIT", NULL}}, STATUS_MACHINE, REASON_TRUNCATED, "truncated"},
		{"engine",
		 {END("engine-failed", ",\"detail\":\"qemu died\"")},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "qemu died"},
		{"internal",
		 {END("internal-error", "")},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "internal error"},
		{"boot time-out",
		 {END("boot-timeout", "")},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "did not come up"},
		{"reset", {END("reset", "")}, STATUS_MACHINE, REASON_MACHINE, "rebooted"},
		{"killed", {END("killed", "")}, STATUS_MACHINE, REASON_MACHINE, "killed"},
		{"signal",
		 {END("signal", ",\"signal\":15")},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "signal"},
		{"what nobody knows",
		 {END("moonlight", "")},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "unknown"},
		{"malformed end",
		 {{"=boot EXIT", "boot EXIT {\"reason\":1,\"timed_out\":false}"}},
		 STATUS_MACHINE,
		 REASON_TRUNCATED,
		 "truncated"},
		{"set-up",
		 {TROUBLE("set-up", "no cgroups"), CODE(1)},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "line 7: no cgroups"},
		{"agent",
		 {TROUBLE("agent", "too many"), CODE(1)},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "too many"},
		{"crash of the agent",
		 {{"=boot COM2", "boot COM2 PANIC: segmentation fault\\nmore\\nKTSTR_EXIT=1\\n"}},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "agent crashed: PANIC: segmentation fault"},
		{"power-off without a word",
		 {NO_GUEST_END},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "gave no reason; the agent was in phase 'scenario'"},
		{"an exit code without a reason",
		 {CODE(1)},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "status 1 and gave no reason"},
		{"time-out before the hello",
		 {END("timeout", ""), {"-guest", NULL}},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "before the guest's agent said hello"},
		{"the machine counts more than the scheduler",
		 {DIES("exited", ",\"status\":256"), END("engine-failed", "")},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "engine"},
		{"a guest cannot tell the machine's end",
		 {{"=boot EXIT", "guest EXIT {\"reason\":\"poweroff\",\"timed_out\":false}"}},
		 STATUS_MACHINE,
		 REASON_TRUNCATED,
		 "truncated"},
	};

	JUDGE(wants);
}

static void kernel_deaths(void)
{
	static const struct want wants[] = {
		{"panic",
		 {END("panic", ""), PANIC, NO_GUEST_END},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "Kernel panic - not syncing: Fatal exception"},
		{"panic told by nothing but the end",
		 {END("panic", ",\"detail\":\"it said so\""), NO_GUEST_END},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "it said so"},
		{"panic and reset",
		 {END("reset", ""), PANIC, NO_GUEST_END},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "Kernel panic"},
		{"oops before an orderly power-off",
		 {{"<boot EXIT", "boot CONSOLE [ 1.0] BUG: kernel NULL pointer dereference\\n"}},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "NULL pointer"},
		{"lock-up under the scheduler",
		 {END("panic", ""),
		  NO_GUEST_END,
		  {"<boot EXIT", "boot CONSOLE [ 9.0] watchdog: BUG: soft lockup - CPU#1 stuck for "
				 "22s!\\n[ 9.1] Kernel panic - not syncing: softlockup: hung "
				 "tasks\\n"}},
		 STATUS_FAIL,
		 REASON_STUCK,
		 "soft lockup - CPU#1"},
		{"lock-up without a scheduler",
		 {END("panic", ""),
		  NO_GUEST_END,
		  {"-guest SCHED_STATE {\"state\":\"up\"", NULL},
		  {"<boot EXIT", "boot CONSOLE [ 9.0] watchdog: BUG: soft lockup - CPU#1 stuck for "
				 "22s!\\n[ 9.1] Kernel panic - not syncing: softlockup: hung "
				 "tasks\\n"}},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "softlockup"},
		{"oops in sched_ext",
		 {END("panic", ""),
		  NO_GUEST_END,
		  {"<boot EXIT", "boot CONSOLE [ 9.0] Oops: general protection fault\\n[ 9.0] RIP: "
				 "0010:scx_bpf_kick_cpu+0x1/0x20\\n[ 9.1] Kernel panic - not "
				 "syncing: Fatal exception\\n"}},
		 STATUS_FAIL,
		 REASON_CRASH,
		 "in scx_bpf_kick_cpu"},
		{"oops in a task that is only called so",
		 {END("panic", ""),
		  NO_GUEST_END,
		  {"<boot EXIT", "boot CONSOLE [ 9.0] Oops: 0002\\n[ 9.0] CPU: 0 Comm: scx_x\\n[ "
				 "9.0]  ? scx_y+0x1/0x2\\n[ 9.0] Sched_ext: x (enabled+all)\\n[ "
				 "9.1] Kernel panic - not syncing: Fatal exception\\n"}},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "Fatal exception"},
	};

	JUDGE(wants);
}

static void scheduler_failures(void)
{
	static const struct want wants[] = {
		{"exited",
		 {DIES("exited", ",\"status\":256"), CODE(1)},
		 STATUS_FAIL,
		 REASON_SCHEDULER_DIED,
		 "scheduler x ended with status 1 during step 2 of 2, 1.500 s into the scenario"},
		{"killed",
		 {DIES("exited", ",\"status\":11"), CODE(1)},
		 STATUS_FAIL,
		 REASON_SCHEDULER_DIED,
		 "by signal 11"},
		{"ejected, in the kernel's own words",
		 {DIES("ejected", ""), STALL, CODE(1)},
		 STATUS_FAIL,
		 REASON_SCHEDULER_DIED,
		 "disabled (runnable task stall): x: w[12] failed to run for 3.1s"},
		{"ejected, in the agent's words",
		 {DIES("ejected", ",\"reason\":\"runtime error\""), CODE(1)},
		 STATUS_FAIL,
		 REASON_SCHEDULER_DIED,
		 "was ejected by the kernel during step 2 of 2, 1.500 s into the scenario; kernel: "
		 "runtime error"},
		{"died, and the agent too late to say more",
		 {DIES("exited", ""), {"-guest GUEST_EXIT", NULL}, {"-boot COM2", NULL}},
		 STATUS_FAIL,
		 REASON_SCHEDULER_DIED,
		 "scheduler x ended"},
		{"never attached",
		 {{"-guest SCHED_STATE", NULL},
		  TROUBLE("scheduler", "never attached"),
		  CODE(1),
		  {"-guest SCENARIO_END", NULL}},
		 STATUS_FAIL,
		 REASON_SCHEDULER_DIED,
		 "never attached"},
		{"only the kernel log tells",
		 {STALL},
		 STATUS_FAIL,
		 REASON_SCHEDULER_DIED,
		 "runnable task stall"},
		{"a step failed",
		 {TROUBLE("step", "cannot swap"), CODE(1)},
		 STATUS_FAIL,
		 REASON_OTHER,
		 "line 7: cannot swap"},
		{"time-out",
		 {END("timeout", ""), NO_GUEST_END},
		 STATUS_FAIL,
		 REASON_TIMED_OUT,
		 "after 60.000 s with no result; the agent was in phase 'scenario'"},
		{"a kernel without sched_ext",
		 {{"-guest SCHED_STATE", NULL},
		  TROUBLE("scheduler", "no sched_ext"),
		  CODE(1),
		  {"=guest GUEST_HELLO", "guest GUEST_HELLO {\"sched_ext\":false}"}},
		 STATUS_SKIP,
		 REASON_SKIP,
		 "no sched_ext"},
	};

	JUDGE(wants);
}

#define EXPECTS_ERROR(text)                                                          \
	{"=scenario PLAN", RUN_PLAN("[\"scx-x\"]", "\"expect_error\":true,"          \
						   "\"expect_error_text\":" text "," \
						   "\"expects\":[]")}

static void expected_errors(void)
{
	static const struct want wants[] = {
		{"it fails as it must",
		 {EXPECTS_ERROR("null"), DIES("exited", ""), CODE(1)},
		 STATUS_PASS},
		{"with the words of the kernel",
		 {EXPECTS_ERROR("\"runnable task stall\""), DIES("ejected", ""), STALL, CODE(1)},
		 STATUS_PASS},
		{"with its own words",
		 {EXPECTS_ERROR("\"hello from\""), DIES("exited", ""), CODE(1)},
		 STATUS_PASS},
		{"refused at the start",
		 {EXPECTS_ERROR("\"hello from\""),
		  {"-guest SCHED_STATE", NULL},
		  TROUBLE("scheduler", "never attached"),
		  CODE(1),
		  {"-guest SCENARIO", NULL}},
		 STATUS_PASS},
		{"without the words",
		 {EXPECTS_ERROR("\"nonsense\""), DIES("exited", ""), CODE(1)},
		 STATUS_FAIL,
		 REASON_EXPECT,
		 "holds 'nonsense'"},
		{"it does not fail",
		 {EXPECTS_ERROR("null")},
		 STATUS_FAIL,
		 REASON_EXPECT,
		 "was to fail, and it did not"},
		{"nothing tells",
		 {EXPECTS_ERROR("null"), {"-guest SCHED_STATE {\"state\":\"stopped\"", NULL}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "nothing tells what became of it"},
		{"it fails, and the kernel dies",
		 {EXPECTS_ERROR("null"), DIES("exited", ""), PANIC, END("panic", "")},
		 STATUS_MACHINE,
		 REASON_MACHINE,
		 "Kernel panic"},
	};

	JUDGE(wants);
}

static void silence_is_no_pass(void)
{
	static const struct want wants[] = {
		{"a plan for another machine",
		 {{"=boot HELLO",
		   "boot HELLO {\"tool\":\"ktstr-boot\",\"topology\":\"1n2l1c1t\"}"}},
		 STATUS_INCONCLUSIVE,
		 REASON_OTHER,
		 "for a machine of 1n1l2c1t, and this one was 1n2l1c1t"},
		{"no plan",
		 {{"-scenario PLAN", NULL}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "no plan"},
		{"a plan without its checks",
		 {{"=scenario PLAN", "scenario PLAN {\"test\":\"fair\",\"scheduler\":null,"
				     "\"steps\":[],\"expect_error\":false}"}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "1 malformed"},
		{"a check of the wrong type",
		 {{"=scenario PLAN", "scenario PLAN {\"test\":\"fair\",\"scheduler\":null,"
				     "\"steps\":[],\"expect_error\":false,\"checks\":"
				     "{\"not_starved\":true,\"isolation\":true,"
				     "\"max_gap_ns\":\"3s\"}}"}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "1 malformed"},
		{"a name that leaves the folder",
		 {{"=scenario PLAN", "scenario PLAN {\"test\":\"../../x\",\"scheduler\":null,"
				     "\"steps\":[],\"expect_error\":false,\"checks\":"
				     "{\"not_starved\":true,\"isolation\":true}}"}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "1 malformed"},
		{"scheduler never up",
		 {{"-guest SCHED_STATE {\"state\":\"up\"", NULL}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "was ever up"},
		{"scheduler's end",
		 {{"-guest SCHED_STATE {\"state\":\"stopped\"", NULL}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "what became of the scheduler"},
		{"scenario's end",
		 {{"-guest SCENARIO_END", NULL}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "ran to its end"},
		{"scenario's start",
		 {{"-guest SCENARIO_START", NULL}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "ran to its end"},
		{"a step's end",
		 {{"-guest STEP_END {\"step\":1", NULL}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "ends of 1 of 2 steps"},
		{"the guest's last frame",
		 {{"-guest GUEST_EXIT", NULL}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "ran to its end"},
		{"a worker",
		 {{"-guest WORKER {\"tid\":12", NULL}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "reports of 1 of 3 workers"},
		{"all workers",
		 {{"-guest WORKER", NULL}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "reports of 3 of 3 workers"},
		{"a worker that does not tell its work",
		 {{"=guest WORKER {\"tid\":12",
		   "guest WORKER {\"tid\":12,\"cgroup\":\"a\",\"work\":\"spin\",\"completed\":true,"
		   "\"exit\":\"reported\",\"cpu_ns\":1,\"wall_ns\":1,\"max_gap_ns\":0,"
		   "\"cpus_outside\":\"\"}"}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "1 malformed"},
		{"a worker that was killed",
		 {{"=guest WORKER {\"tid\":12",
		   "guest WORKER {\"tid\":12,\"cgroup\":\"a\",\"work\":\"spin\",\"completed\":false,"
		   "\"exit\":\"signaled\",\"exit_status\":9}"}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "killed by signal 9"},
		{"the machine's hello",
		 {{"-boot HELLO", NULL}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "what machine"},
		{"the guest's hello",
		 {{"-guest GUEST_HELLO", NULL}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "what guest"},
		{"what it cost",
		 {{"-boot USAGE", NULL}},
		 STATUS_INCONCLUSIVE,
		 REASON_TRUNCATED,
		 "before its last message"},
		{"a lost message",
		 {{"<guest GUEST_EXIT", "skip guest 2"}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "2 messages lost"},
		{"bytes of no frame",
		 {{"<guest GUEST_EXIT", "raw 12345"}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "5 bytes of no frame"},
		{"lost before they reached the machine",
		 {{"=boot USAGE", "boot USAGE {\"bulk_dropped_bytes\":3,\"bulk_bad_frames\":1}"}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "3 bytes dropped, 1 bad frames"},
		{"from a wrong source",
		 {{"<boot EXIT", "guest CONSOLE x"}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "1 from a wrong source"},
		{"no JSON",
		 {{"<boot EXIT", "guest LIFE {"}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "1 malformed"},
		{"two runs",
		 {{"<boot USAGE", "boot EXIT {\"reason\":\"poweroff\","
				  "\"timed_out\":false}"}},
		 STATUS_INCONCLUSIVE,
		 REASON_MISSING,
		 "more than one run"},
	};

	JUDGE(wants);
}

#define WORKER(more)                                                               \
	{"=guest WORKER {\"tid\":12",                                              \
	 "guest WORKER {\"tid\":12,\"cgroup\":\"a\",\"work\":\"spin\",\"step\":0," \
	 "\"exit\":\"reported\",\"wall_ns\":2000000000,\"cpus_used\":\"0\"," more "}"}

static void worker_checks(void)
{
	static const struct want wants[] = {
		{"starved",
		 {WORKER("\"completed\":true,\"cpu_ns\":1000000000,\"work_units\":0,"
			 "\"cpus_outside\":\"\",\"max_gap_ns\":0")},
		 STATUS_FAIL,
		 REASON_STARVED,
		 "worker 12 (cgroup a, spin) was starved: zero work"},
		{"one nanosecond over the gap",
		 {WORKER("\"completed\":true,\"cpu_ns\":1000000000,\"work_units\":1,"
			 "\"cpus_outside\":\"\",\"max_gap_ns\":1000000001,\"max_gap_cpu\":3,"
			 "\"max_gap_at_ns\":250000000")},
		 STATUS_FAIL,
		 REASON_STUCK,
		 "stuck for 1000 ms on CPU 3 at +250 ms (limit 1000 ms)"},
		{"a millionth over the spread",
		 {WORKER("\"completed\":true,\"cpu_ns\":499998000,\"work_units\":1,"
			 "\"cpus_outside\":\"\",\"max_gap_ns\":0")},
		 STATUS_FAIL,
		 REASON_UNFAIR,
		 "25.0 % (50.0 to 75.0 %) between 2 workers on 2 CPUs"},
		{"outside",
		 {WORKER("\"completed\":true,\"cpu_ns\":1000000000,\"work_units\":1,"
			 "\"cpus_outside\":\"1,3-4\",\"max_gap_ns\":0")},
		 STATUS_FAIL,
		 REASON_ISOLATION,
		 "ran on CPU 1,3-4, outside its cpuset"},
		{"never came back",
		 {{"=guest WORKER {\"tid\":12",
		   "guest WORKER {\"tid\":12,\"cgroup\":\"a\",\"work\":\"spin\",\"completed\":false,"
		   "\"exit\":\"timed-out\"}"}},
		 STATUS_FAIL,
		 REASON_STARVED,
		 "never ran again"},
		{"no wall time, no share",
		 {{"=guest WORKER {\"tid\":12",
		   "guest WORKER {\"tid\":12,\"cgroup\":\"a\",\"work\":\"spin\",\"completed\":true,"
		   "\"exit\":\"reported\",\"cpu_ns\":0,\"wall_ns\":0,\"work_units\":1,"
		   "\"cpus_outside\":\"\",\"max_gap_ns\":0}"}},
		 STATUS_PASS},
	};

	JUDGE(wants);
}

static void limits_are_bounded(void)
{
	_cleanup_buf_ struct buf line = {0};
	struct frames f = {0};
	struct verdict v;
	struct run *r;

	for (unsigned int i = 0; i < RUN_TROUBLES_MAX + 5; i++)
		run_line_put(&f, "guest TROUBLE {\"kind\":\"step\",\"message\":\"x\"}");
	for (unsigned int i = 0; i < RUN_NAMES_MAX + 5; i++) {
		buf_consume(&line, line.len);
		buf_addf(&line,
			 "guest WORKER {\"tid\":1,\"cgroup\":\"g%u\",\"work\":\"g0\","
			 "\"completed\":false,\"exit\":\"exited\"}",
			 i);
		run_line_put(&f, buf_text(&line));
	}
	r = run_of(f.out.data, f.out.len);
	CHECK(r->n_troubles == RUN_TROUBLES_MAX && r->n_workers == RUN_NAMES_MAX);
	CHECK(r->over_limit == 10);
	verdict_decide(r, EXPECT_LATER, NULL, &v);
	CHECK(v.status == STATUS_MACHINE && v.reasons.n < 32);
	CHECK(v.reasons.list[1].more == RUN_TROUBLES_MAX - REASONS_PER_KIND_MAX ||
	      v.reasons.list[8].more == RUN_TROUBLES_MAX - REASONS_PER_KIND_MAX);
	verdict_deinit(&v);
	run_destroy(r);
	frames_deinit(&f);
}

static void expectations(void)
{
	static const struct run_edit edits[RUN_EDITS_MAX] = {
		{"=scenario PLAN", RUN_PLAN("[\"scx-x\"]", "\"expect_error\":false,"
							   "\"expects\":[\".a\",\".b\"]")}};
	static const struct {
		enum expect_mode mode;
		enum expect_state second;
		enum status status;
	} wants[] = {
		{EXPECT_LATER, EXPECT_FALSE, STATUS_PASS},
		{EXPECT_IGNORE, EXPECT_FALSE, STATUS_PASS},
		{EXPECT_JUDGE, EXPECT_TRUE, STATUS_PASS},
		{EXPECT_JUDGE, EXPECT_FALSE, STATUS_FAIL},
		{EXPECT_JUDGE, EXPECT_ERROR, STATUS_ERROR},
		{EXPECT_JUDGE, EXPECT_ABSENT, STATUS_INCONCLUSIVE},
		{EXPECT_JUDGE, EXPECT_NO_JQ, STATUS_INCONCLUSIVE},
		{EXPECT_JUDGE, EXPECT_NOT_RUN, STATUS_INCONCLUSIVE},
	};
	struct frames f;
	struct run *r;

	run_frames(edits, &f);
	r = run_of(f.out.data, f.out.len);
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		struct expect x[2] = {{.state = EXPECT_TRUE}, {.state = wants[i].second}};
		struct verdict v;

		verdict_decide(r, wants[i].mode, x, &v);
		CHECK(v.status == wants[i].status);
		CHECK(v.status == STATUS_PASS || reasons_first(&v.reasons)->row == ROW_EXPECT + 1);
		verdict_deinit(&v);
	}
	run_destroy(r);
	frames_deinit(&f);
}

static void exit_statuses(void)
{
	CHECK(status_exit(STATUS_PASS) == 0 && status_exit(STATUS_FAIL) == 1);
	CHECK(status_exit(STATUS_ERROR) == 2 && status_exit(STATUS_INCONCLUSIVE) == 3);
	CHECK(status_exit(STATUS_SKIP) == 77 && status_exit(STATUS_MACHINE) == 99);
}

int main(void)
{
	RUN(passes);
	RUN(machine_failures);
	RUN(kernel_deaths);
	RUN(scheduler_failures);
	RUN(expected_errors);
	RUN(silence_is_no_pass);
	RUN(worker_checks);
	RUN(limits_are_bounded);
	RUN(expectations);
	RUN(exit_statuses);
	return TEST_END();
}
