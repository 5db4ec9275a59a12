/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/klog.h"

#include "test.h"

/* The log of @text, fed in pieces of @piece bytes. */
static struct klog read_log(const char *text, size_t piece)
{
	struct klog k = {0};

	for (size_t at = 0, len = strlen(text); at < len; at += piece)
		klog_add(&k, text + at, len - at < piece ? len - at : piece);
	klog_end(&k);
	return k;
}

static const char stall[] =
	"[    1.000000] sched_ext: BPF scheduler \"x\" enabled\r\n"
	"[    9.000001][   T12] sched_ext: BPF scheduler \"x\" disabled (runnable task stall)\r\n"
	"[    9.000002][   T12] sched_ext: x: worker[99] failed to run for 3.004s\r\n"
	"[    9.000003][   T12]    scx_watchdog_workfn+0x154/0x1d0\r\n";

static void stalls_in_any_pieces(void)
{
	for (size_t piece = 1; piece < sizeof(stall); piece++) {
		struct klog k = read_log(stall, piece);

		CHECK(k.disabled_error);
		CHECK_STR(k.disabled, "BPF scheduler \"x\" disabled (runnable task stall)");
		CHECK_STR(k.disabled_more, "x: worker[99] failed to run for 3.004s");
		/* The trace of a scheduler's error is no crash. */
		CHECK_STR(k.culprit, "");
		CHECK_STR(k.panic, "");
	}
}

static void errors_count_more_than_orderly_ends(void)
{
	struct klog k = read_log("sched_ext: BPF scheduler \"a\" disabled (unregistered from user "
				 "space)\n"
				 "unrelated\n"
				 "sched_ext: BPF scheduler \"b\" disabled (runtime error)\n"
				 "sched_ext: b: invalid CPU -1\n"
				 "sched_ext: BPF scheduler \"c\" disabled (scx_bpf_error)\n"
				 "sched_ext: c: too late\n",
				 1000);

	CHECK(k.disabled_error);
	CHECK_STR(k.disabled, "BPF scheduler \"b\" disabled (runtime error)");
	CHECK_STR(k.disabled_more, "b: invalid CPU -1");
	k = read_log("sched_ext: BPF scheduler \"a\" disabled (unregistered from BPF)\n", 7);
	CHECK(!k.disabled_error && *k.disabled);
}

static void crashes(void)
{
	struct klog k = read_log("[ 1.0] INFO: rcu_preempt detected stalls on CPUs/tasks:\n"
				 "[ 1.1] Call Trace:\n"
				 "[ 1.1]  ? scx_hidden+0x1/0x2\n"
				 "[ 1.1]  do_idle+0x1/0x2\n"
				 "[ 1.1]  task_tick_scx+0x31/0x40\n"
				 "[ 1.1]  scx_second+0x1/0x2\n"
				 "[ 2.0] Oops: 0000 [#1] SMP\n"
				 "[ 2.0] Oops: second\n"
				 "[ 3.0] Kernel panic - not syncing: RCU Stall\n",
				 1000);

	CHECK_STR(k.lockup, "INFO: rcu_preempt detected stalls on CPUs/tasks:");
	CHECK_STR(k.culprit, "task_tick_scx");
	CHECK_STR(k.oops, "Oops: 0000 [#1] SMP");
	CHECK_STR(k.panic, "Kernel panic - not syncing: RCU Stall");
	k = read_log("RIP: 0010:bpf_prog_0123456789abcdef_x_dispatch+0x1/0x2\n", 1000);
	CHECK_STR(k.culprit, "");
	k = read_log("Oops: x\nRIP: 0010:bpf_prog_01_x_dispatch+0x1/0x2\n", 1000);
	CHECK_STR(k.culprit, "bpf_prog_01_x_dispatch");
}

static void long_and_strange_lines(void)
{
	static char log[4 * KLOG_LINE_MAX];
	struct klog k;

	memset(log, 'a', sizeof(log) - 1);
	memcpy(log, "Oops: ", 6);
	memcpy(log + sizeof(log) - 40, "\nWARNING: \x1b[1m", 14);
	k = read_log(log, 100);
	CHECK(strlen(k.oops) == KLOG_TEXT_MAX - 1 && strstr(k.oops, "aaa..."));
	CHECK(strncmp(k.warning, "WARNING: \xef\xbf\xbd[1m", 15) == 0);
	k = read_log("[[[[ 1.0] ]\n[\n]\n[ 1.0\n+0x\n\n[ 1.0] ", 1);
	CHECK_STR(k.panic, "");
}

int main(void)
{
	RUN(stalls_in_any_pieces);
	RUN(errors_count_more_than_orderly_ends);
	RUN(crashes);
	RUN(long_and_strange_lines);
	return TEST_END();
}
