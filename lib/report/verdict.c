/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clean.h"
#include "base/clock.h"
#include "report/captures_judge.h"
#include "report/checks.h"
#include "report/monitor_judge.h"

/* What is known of the scheduler, looked up once. */
struct facts {
	bool was_up;
	bool was_stopped;	       /* by the agent, or it ended when it might */
	bool is_up;		       /* up, and nothing told that it went */
	const struct run_sched *died;  /* the first end that was not expected */
	const struct run_trouble *bad; /* the first trouble of the scheduler's */
	bool ejected_by_kernel;	       /* the kernel log says so */
	const char *panic;	       /* the kernel's own words when it died; NULL */
};

static struct facts facts_of(const struct run *r)
{
	struct facts f = {0};

	for (size_t i = 0; i < r->n_scheds; i++) {
		const struct run_sched *s = &r->scheds[i];

		f.is_up = s->state == RUN_SCHED_UP;
		f.was_up |= f.is_up;
		if (f.is_up)
			continue;
		if (s->expected || s->state == RUN_SCHED_STOPPED)
			f.was_stopped = true;
		else if (!f.died)
			f.died = s;
	}
	for (size_t i = 0; i < r->n_troubles && !f.bad; i++)
		if (r->troubles[i].kind == RUN_TROUBLE_SCHEDULER)
			f.bad = &r->troubles[i];
	f.ejected_by_kernel = r->kmsg.disabled_error || r->console.disabled_error;
	f.panic = *RUN_KLOG(r, panic) ? RUN_KLOG(r, panic) : RUN_KLOG(r, oops);
	if (!*f.panic)
		f.panic = NULL;
	return f;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* ---- machine ---- */

static void judge_panic(const struct run *r, const struct facts *f, struct reasons *ret)
{
	const char *lockup = RUN_KLOG(r, lockup), *culprit = RUN_KLOG(r, culprit);
	const char *text = f->panic ? f->panic : run_str(r->exit, "detail");

	if (!text || !*text)
		text = "no text";
	if (f->is_up && *lockup)
		reasons_add(ret, STATUS_FAIL, REASON_STUCK, ROW_SCHEDULER,
			    "the guest kernel died under the scheduler: %s (%s)", text, lockup);
	else if (f->is_up && *culprit)
		reasons_add(ret, STATUS_FAIL, REASON_CRASH, ROW_SCHEDULER,
			    "the guest kernel died under the scheduler: %s (in %s)", text, culprit);
	else
		reasons_add(ret, STATUS_MACHINE, REASON_MACHINE, ROW_MACHINE,
			    "the guest kernel died: %s", text);
}

static void judge_timeout(const struct run *r, struct reasons *ret)
{
	uint64_t limit = run_u64(r->hello, "timeout_ns");
	char after[48] = "";

	if (limit != RUN_ABSENT)
		snprintf(after, sizeof(after), " after %.3f s", (double)limit / NSEC_PER_SEC);
	if (r->guest_hello)
		reasons_add(ret, STATUS_FAIL, REASON_TIMED_OUT, ROW_SCENARIO,
			    "timed out%s with no result; the agent was in phase '%s'", after,
			    *r->life ? r->life : "unknown");
	else
		reasons_add(ret, STATUS_MACHINE, REASON_MACHINE, ROW_MACHINE,
			    "timed out%s before the guest's agent said hello", after);
}

/* Ends that are the machine's fault whatever the guest told. */
static void judge_broken(const struct run *r, struct reasons *ret)
{
	static const char *const what[RUN_ENDS] = {
		[RUN_END_UNKNOWN] = "ended for an unknown reason",
		[RUN_END_RESET] = "rebooted",
		[RUN_END_BOOT_TIMEOUT] = "did not come up in time",
		[RUN_END_SIGNAL] = "was stopped by a signal to ktstr-boot",
		[RUN_END_KILLED] = "was killed by a client",
		[RUN_END_ENGINE_FAILED] = "was lost: the engine failed",
		[RUN_END_INTERNAL_ERROR] = "was lost: internal error",
	};
	const char *detail = or_empty(run_str(r->exit, "detail"));

	reasons_add(ret, STATUS_MACHINE, REASON_MACHINE, ROW_MACHINE, "the machine %s%s%s",
		    what[r->end], *detail ? ": " : "", detail);
}

static void judge_machine(const struct run *r, const struct facts *f, struct reasons *ret)
{
	enum run_end end = r->end;
	const char *crash;
	char line[256];
	size_t len;

	crash = run_crash(r, &len);
	if (crash) {
		const char *newline = memchr(crash, '\n', len);

		clean_copy(line, sizeof(line), crash, newline ? (size_t)(newline - crash) : len);
		reasons_add(ret, STATUS_MACHINE, REASON_MACHINE, ROW_MACHINE,
			    "the guest's agent crashed: %s", line);
	}
	if (!r->exit) {
		reasons_add(ret, STATUS_MACHINE, REASON_TRUNCATED, ROW_STREAM,
			    "truncated: the stream does not tell how the machine ended");
		return;
	}
	if ((end == RUN_END_RESET || end == RUN_END_POWEROFF) && f->panic)
		end = RUN_END_PANIC;
	if (r->timed_out && end != RUN_END_BOOT_TIMEOUT)
		end = RUN_END_TIMEOUT;
	switch (end) {
	case RUN_END_POWEROFF:
		break;
	case RUN_END_PANIC:
		judge_panic(r, f, ret);
		break;
	case RUN_END_TIMEOUT:
		judge_timeout(r, ret);
		break;
	case RUN_END_UNKNOWN:
	case RUN_END_RESET:
	case RUN_END_BOOT_TIMEOUT:
	case RUN_END_SIGNAL:
	case RUN_END_KILLED:
	case RUN_END_ENGINE_FAILED:
	case RUN_END_INTERNAL_ERROR:
	case RUN_ENDS:
		judge_broken(r, ret);
		break;
	}
}

/* ---- scheduler ---- */

/* `during step 2 of 3, 1.250 s into the scenario` */
static const char *when(const struct run *r, const struct run_sched *s, char ret[128])
{
	size_t used;

	if (s->after_scenario)
		snprintf(ret, 128, "after all steps");
	else if (!s->in_scenario)
		snprintf(ret, 128, "before the scenario began");
	else if (s->step == RUN_ABSENT)
		snprintf(ret, 128, "before the first step");
	else
		snprintf(ret, 128, "during step %" PRIu64 " of %" PRIu64, s->step + 1,
			 r->plan.n_steps);
	used = strlen(ret);
	if (r->scenario_started && s->at_ns >= r->scenario_start_ns)
		snprintf(ret + used, 128 - used, ", %.3f s into the scenario",
			 (double)(s->at_ns - r->scenario_start_ns) / NSEC_PER_SEC);
	return ret;
}

static const char *wait_status(uint64_t status, char ret[64])
{
	int raw = (int)status;

	*ret = 0;
	if (status == RUN_ABSENT)
		return ret;
	if (WIFSIGNALED(raw))
		snprintf(ret, 64, " by signal %d", WTERMSIG(raw));
	else if (WIFEXITED(raw))
		snprintf(ret, 64, " with status %d", WEXITSTATUS(raw));
	return ret;
}

/* The kernel's own words, with `; kernel: ` in front; "" for none. */
static const char *kernel_words(const struct run *r, const struct run_sched *died,
				char ret[2 * KLOG_TEXT_MAX + 32])
{
	const struct klog *k = *r->kmsg.disabled ? &r->kmsg : &r->console;

	*ret = 0;
	if (*k->disabled)
		snprintf(ret, 2 * KLOG_TEXT_MAX + 32, "; kernel: %s%s%s", k->disabled,
			 *k->disabled_more ? ": " : "", k->disabled_more);
	else if (died && *died->reason)
		snprintf(ret, 2 * KLOG_TEXT_MAX + 32, "; kernel: %s", died->reason);
	return ret;
}

/* Nobody but the capture tells of it. */
static void dumped_failure(const struct failure *f, char *ret, size_t size)
{
	snprintf(ret, size, "the scheduler failed as its dump shows: %s%s%s%s%s",
		 *f->exit_kind_name ? f->exit_kind_name : "an error", *f->reason ? ": " : "",
		 f->reason, *f->msg ? ": " : "", f->msg);
}

/* How the scheduler failed, in one line; false when nothing says that it did. */
static bool scheduler_failure(const struct run *r, const struct facts *f, char *ret, size_t size)
{
	char at[128], status[64], words[2 * KLOG_TEXT_MAX + 32];
	const struct run_sched *d = f->died;

	kernel_words(r, d, words);
	if (d)
		snprintf(ret, size, "the scheduler%s%s %s%s %s%s", *d->ops ? " " : "", d->ops,
			 d->state == RUN_SCHED_EJECTED ? "was ejected by the kernel" : "ended",
			 wait_status(d->status, status), when(r, d, at), words);
	else if (f->bad)
		snprintf(ret, size, "%s%s", f->bad->message, words);
	else if (f->ejected_by_kernel)
		snprintf(ret, size, "the scheduler was ejected by the kernel%s", words);
	else if (captured_show_failure(&r->captures))
		dumped_failure(&r->captures.failure, ret, size);
	return d || f->bad || f->ejected_by_kernel || captured_show_failure(&r->captures);
}

static bool text_has(const struct tail *t, const char *needle)
{
	return memmem(buf_text(&t->text), t->text.len, needle, strlen(needle)) != NULL;
}

static bool dump_has(const struct failure *f, const char *needle)
{
	return strstr(f->reason, needle) || strstr(f->msg, needle);
}

/* `expect-error`: true when it came as it must. */
static bool judge_expected_error(const struct run *r, const struct facts *f, bool failed,
				 const char *how, struct reasons *ret)
{
	const char *text = r->plan.expect_error_text;

	if (!failed && !f->was_stopped) {
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_SCHEDULER,
			    "the scheduler was to fail, and nothing tells what became of it");
		return false;
	}
	if (!failed) {
		reasons_add(ret, STATUS_FAIL, REASON_EXPECT, ROW_SCHEDULER,
			    "the scheduler was to fail, and it did not");
		return false;
	}
	if (text && !text_has(&r->texts[RUN_SCHED_OUTPUT], text) &&
	    !text_has(&r->texts[RUN_KMSG], text) && !text_has(&r->texts[RUN_CONSOLE], text) &&
	    !dump_has(&r->captures.failure, text)) {
		reasons_add(ret, STATUS_FAIL, REASON_EXPECT, ROW_SCHEDULER,
			    "the scheduler failed, but neither its output nor the kernel log "
			    "holds '%.256s': %s",
			    text, how);
		return false;
	}
	reasons_add(ret, STATUS_PASS, REASON_NOTE, ROW_SCHEDULER, "as expected: %s", how);
	return true;
}

static void judge_silence(const struct run *r, const struct facts *f, struct reasons *ret)
{
	if (ret->worst >= STATUS_FAIL || r->end != RUN_END_POWEROFF)
		return;
	if (!f->was_up)
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_SCHEDULER,
			    "nothing tells that the scheduler was ever up");
	else if (!f->was_stopped)
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_SCHEDULER,
			    "nothing tells what became of the scheduler");
}

/* Returns whether an expected error came. */
static bool judge_scheduler(const struct run *r, const struct facts *f, struct reasons *ret)
{
	char how[REASON_MESSAGE_MAX];
	bool failed = scheduler_failure(r, f, how, sizeof(how));

	if (r->plan.expect_error && ret->worst < STATUS_FAIL)
		return judge_expected_error(r, f, failed, how, ret);
	if (failed && !r->plan.expect_error) {
		reasons_add(ret, STATUS_FAIL, REASON_SCHEDULER_DIED, ROW_SCHEDULER, "%s", how);
		if (f->died && f->bad)
			reasons_add(ret, STATUS_FAIL, REASON_SCHEDULER_DIED, ROW_SCHEDULER, "%s",
				    f->bad->message);
	} else if (r->plan.has_scheduler) {
		judge_silence(r, f, ret);
	}
	return false;
}

/* ---- scenario ---- */

static void judge_troubles(const struct run *r, struct reasons *ret)
{
	for (size_t i = 0; i < r->n_troubles; i++) {
		const struct run_trouble *t = &r->troubles[i];
		char where[64] = "";

		if (t->line != RUN_ABSENT)
			snprintf(where, sizeof(where), "line %" PRIu64 ": ", t->line);
		switch (t->kind) {
		case RUN_TROUBLE_SET_UP:
		case RUN_TROUBLE_AGENT:
			reasons_add(ret, STATUS_MACHINE, REASON_MACHINE, ROW_MACHINE,
				    "%s in the guest: %s%s", run_trouble_names[t->kind], where,
				    t->message);
			break;
		case RUN_TROUBLE_STEP:
			reasons_add(ret, STATUS_FAIL, REASON_OTHER, ROW_SCENARIO, "%s%s", where,
				    t->message);
			break;
		case RUN_TROUBLE_NOTE:
			reasons_add(ret, STATUS_PASS, REASON_NOTE, ROW_SCENARIO, "%s%s", where,
				    t->message);
			break;
		case RUN_TROUBLE_SCHEDULER: /* judge_scheduler() */
		case RUN_TROUBLE_KINDS:
			break;
		}
	}
}

/* A guest that powered off: did its agent say why, and did the scenario run to its end? */
static void judge_end(const struct run *r, struct reasons *ret)
{
	uint64_t code = run_exit_code(r);

	if (r->end != RUN_END_POWEROFF || ret->worst >= STATUS_FAIL)
		return;
	if (code == RUN_ABSENT)
		reasons_add(ret, STATUS_MACHINE, REASON_MACHINE, ROW_MACHINE,
			    "the guest powered off and gave no reason; the agent was in phase '%s'",
			    *r->life ? r->life : "unknown");
	else if (code != 0)
		reasons_add(ret, STATUS_MACHINE, REASON_MACHINE, ROW_MACHINE,
			    "the agent ended with status %" PRIu64 " and gave no reason", code);
	else if (!r->has_guest_exit || !r->scenario_started || !r->scenario_ended)
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_SCENARIO,
			    "nothing tells that the scenario ran to its end");
	else if (r->steps_ended < r->plan.n_steps)
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_SCENARIO,
			    "the ends of %" PRIu64 " of %" PRIu64 " steps are missing",
			    r->plan.n_steps - r->steps_ended, r->plan.n_steps);
}

static void judge_workers(const struct run *r, struct reasons *ret)
{
	if (r->n_workers < r->workers_spawned)
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_SCENARIO,
			    "the reports of %" PRIu64 " of %" PRIu64 " workers are missing",
			    r->workers_spawned - r->n_workers, r->workers_spawned);
	else if (r->n_workers == 0 && !r->workers_told && !(r->plan.known && !r->plan.n_steps))
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_SCENARIO,
			    "nothing tells of any worker");
	checks_judge(r, ret);
	monitor_judge(r, ret);
	captures_judge(r, ret);
}

/* ---- stream ---- */

static void judge_counts(const struct run *r, struct reasons *ret)
{
	const struct tlv_stats *s = &r->stream;
	uint64_t dropped = run_u64(r->usage, "bulk_dropped_bytes");
	uint64_t damaged = run_u64(r->usage, "bulk_bad_frames");

	reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_STREAM,
		    "data was lost on the way: %" PRIu64 " bad frames, %" PRIu64
		    " bytes of no frame, %" PRIu64 " messages lost, %" PRIu64 " torn, %" PRIu64
		    " malformed, %" PRIu64 " from a wrong source, %" PRIu64
		    " beyond a limit; in the guest's channel %" PRIu64 " bytes dropped, %" PRIu64
		    " bad frames",
		    s->bad_frames, s->skipped_bytes, s->lost_messages, s->torn_messages,
		    r->malformed, r->misplaced, r->over_limit, dropped == RUN_ABSENT ? 0 : dropped,
		    damaged == RUN_ABSENT ? 0 : damaged);
}

static void judge_stream(const struct run *r, struct reasons *ret)
{
	uint64_t console = run_u64(r->usage, "console_dropped_bytes");

	if (r->exit && run_truncated(r))
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_TRUNCATED, ROW_STREAM,
			    "truncated: the stream ends before its last message");
	if (run_lost(r) > 0)
		judge_counts(r, ret);
	if (r->repeated)
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_STREAM,
			    "the stream holds more than one run");
	if (r->out_of_memory)
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_STREAM,
			    "out of memory: not all of the stream could be kept");
	if (r->exit && !r->hello)
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_STREAM,
			    "nothing tells what machine it was");
	if (r->end == RUN_END_POWEROFF && !r->guest_hello)
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_STREAM,
			    "nothing tells what guest it was");
	if (!r->plan.known)
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_MISSING, ROW_STREAM,
			    "there is no plan: nothing tells what was to be tested");
	if (console != RUN_ABSENT && console > 0)
		reasons_add(ret, STATUS_PASS, REASON_NOTE, ROW_STREAM,
			    "%" PRIu64 " bytes of the console were dropped", console);
}

/* A plan that was made for another machine proves nothing on this one. */
static void judge_topology(const struct run *r, struct reasons *ret)
{
	const char *planned = run_str(r->plan_json, "topology"),
		   *had = run_str(r->hello, "topology");

	if (planned && had && strcmp(planned, had) != 0)
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_OTHER, ROW_MACHINE,
			    "the plan is for a machine of %s, and this one was %s", planned, had);
}

/* ---- expectations ---- */

static void judge_expect(const char *program, const struct expect *x, unsigned int row,
			 struct reasons *ret)
{
	switch (x->state) {
	case EXPECT_TRUE:
		break;
	case EXPECT_FALSE:
		reasons_add(ret, STATUS_FAIL, REASON_EXPECT, row, "not so: %s%s%s", program,
			    *x->detail ? ": " : "", x->detail);
		break;
	case EXPECT_ERROR:
		reasons_add(ret, STATUS_ERROR, REASON_EXPECT, row, "jq cannot evaluate '%s': %s",
			    program, x->detail);
		break;
	case EXPECT_NOT_RUN:
	case EXPECT_ABSENT:
	case EXPECT_NO_JQ:
		reasons_add(ret, STATUS_INCONCLUSIVE, REASON_EXPECT, row, "not evaluated: %s: %s",
			    program, x->detail);
		break;
	}
}

static void judge_expects(const struct run *r, enum expect_mode mode, const struct expect *expects,
			  struct verdict *v)
{
	size_t n = json_array_size(r->plan.expects);

	if (mode == EXPECT_IGNORE && n)
		reasons_add(&v->reasons, STATUS_PASS, REASON_NOTE, ROW_SCENARIO,
			    "%zu expectations were not evaluated, as asked", n);
	if (mode != EXPECT_JUDGE || v->reasons.worst == STATUS_MACHINE)
		return;
	v->expects_judged = true;
	for (size_t i = 0; i < n; i++)
		judge_expect(json_string_value(json_array_get(r->plan.expects, i)), &expects[i],
			     ROW_EXPECT + (unsigned int)i, &v->reasons);
}

/* ---- the whole ---- */

/* A kernel without sched_ext cannot run a sched_ext scheduler: nobody's fault. */
static bool cannot_run(const struct run *r, const struct facts *f)
{
	return r->plan.has_scheduler && r->guest_hello && !r->has_sched_ext && !f->was_up &&
	       r->end == RUN_END_POWEROFF;
}

void verdict_decide(const struct run *r, enum expect_mode mode, const struct expect *expects,
		    struct verdict *ret)
{
	struct facts f = facts_of(r);
	struct reasons *why = &ret->reasons;

	*ret = (struct verdict){.status = STATUS_MACHINE};
	judge_machine(r, &f, why);
	if (why->worst == STATUS_PASS && cannot_run(r, &f)) {
		reasons_add(why, STATUS_SKIP, REASON_SKIP, ROW_SCHEDULER,
			    "the guest's kernel has no sched_ext");
	} else {
		judge_troubles(r, why);
		ret->expected_error = judge_scheduler(r, &f, why);
		if (!ret->expected_error)
			judge_end(r, why);
		judge_stream(r, why);
		judge_topology(r, why);
		monitor_notes(r, why);
		captures_notes(r, why);
		ret->checks_judged =
			why->worst != STATUS_MACHINE && r->plan.known && !ret->expected_error;
		if (ret->checks_judged)
			judge_workers(r, why);
		judge_expects(r, mode, expects, ret);
	}
	reasons_sort(why);
	ret->status = why->worst;
	ret->success = ret->status == STATUS_PASS && r->end == RUN_END_POWEROFF && !r->timed_out &&
		       !run_crash(r, &(size_t){0});
}

void verdict_deinit(struct verdict *v)
{
	reasons_deinit(&v->reasons);
}
