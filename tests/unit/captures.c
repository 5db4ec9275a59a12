/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the agent asks of those who take captures, and what it makes of the answers: whole scenarios
 * of such operations on the host, in real time, with a doorbell of our own.
 */
#include "init/captures.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "init/agent.h"
#include "init/run.h"
#include "tlv/names.h"

#include "test.h"

/* ---- the doorbell: a log of rings, and one answer for all or one by text ---- */

static struct {
	char log[4096]; /* "request text\n".. */
	uint64_t rung_ns[16];
	unsigned int rings;
	enum mailbox_status status; /* for all but: */
	const char *ok_text, *error_text;
	const char *slow_text; /* answered after slow_ns */
	uint64_t slow_ns;
	struct mailbox box;
} bell;

static bool is(const char *text, const char *one)
{
	return one && strcmp(text, one) == 0;
}

/* In place of the agent's own, which would touch an I/O port. */
enum mailbox_status doorbell_ring(struct doorbell *d, const char *request, const char *text)
{
	size_t used = strlen(bell.log);
	uint64_t until = clock_deadline_ns(bell.slow_ns);

	snprintf(bell.log + used, sizeof(bell.log) - used, "%s %s\n", request, text);
	if (bell.rings < sizeof(bell.rung_ns) / sizeof(bell.rung_ns[0]))
		bell.rung_ns[bell.rings++] = clock_now_ns();
	while (is(text, bell.slow_text) && clock_now_ns() < until)
		;
	d->box = &bell.box;
	bell.box.answer[0] = 0;
	if (is(text, bell.ok_text))
		return MAILBOX_OK;
	if (bell.status == MAILBOX_ERROR || is(text, bell.error_text)) {
		snprintf(bell.box.answer, sizeof(bell.box.answer), "symbol '%s' did not resolve",
			 text);
		return MAILBOX_ERROR;
	}
	return bell.status;
}

static void bell_answers(enum mailbox_status status)
{
	memset(&bell, 0, sizeof(bell));
	bell.status = status;
}

/* ---- the run ---- */

static struct agent agent;
static char told[16384]; /* "TYPE payload\n".. */

static void told_read(int fd)
{
	struct tlv_reader *r = tlv_reader_create();
	char bytes[16384];
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
	struct tlv_message m;
	size_t used = 0;

	told[0] = 0;
	tlv_reader_feed(r, bytes, n < 0 ? 0 : (size_t)n);
	while (tlv_reader_next(r, &m) && used < sizeof(told))
		used += (size_t)snprintf(told + used, sizeof(told) - used, "%s %.*s\n",
					 tlv_type_by_number(m.type)->name, (int)m.len,
					 (const char *)m.data);
	tlv_reader_destroy(r);
}

static unsigned int told_times(const char *text)
{
	unsigned int n = 0;

	for (const char *p = told; (p = strstr(p, text)); p++)
		n++;
	return n;
}

/* Run it; returns what the run returns. The log, `told` and agent.link.failed are what it did. */
static int ran(const char *text)
{
	_cleanup_close_ int fd = memfd_create("link", MFD_CLOEXEC);
	struct scenario *sc;
	struct err e;
	int ret;

	if (scenario_parse("f", text, strlen(text), NULL, &sc, &e)) {
		printf("Bail out! %s\n", e.text);
		exit(1);
	}
	agent = (struct agent){.signal_fd = -1, .workers.shared = agent.workers.shared};
	link_init(&agent.link);
	agent.link.out.fd = fd;
	sched_init(&agent.sched, &agent.link);
	captures_init(&agent.captures, &agent.link, &agent.doorbell);
	if (!agent.workers.shared && workers_init(&agent.workers, &e))
		exit(1);
	ret = run_scenario(&agent, sc);
	told_read(fd);
	scenario_destroy(sc);
	return ret;
}

/* ---- operations ---- */

static void nobody_is_noted(void)
{
	bell_answers(MAILBOX_NOBODY);
	CHECK(ran("test t\nduration 10ms\nsnapshot x\nwatch y\nwatch y2\nwatch y3\nwatch y4\n") ==
	      0);
	CHECK_STR(bell.log, "snapshot x\nwatch y\nwatch y2\nwatch y3\nwatch y4\n");
	CHECK(strstr(told,
		     "\"kind\":\"note\",\"message\":\"snapshot 'x': nobody takes captures\""));
	CHECK(strstr(told, "\"kind\":\"note\",\"message\":\"watch 'y': nobody takes captures\""));
	CHECK(told_times("TROUBLE") == 5 && told_times("SCENARIO_END") == 1);
	CHECK(!agent.link.failed && agent.captures.watches == 0);
	/* Somebody who listens for something else is nobody. */
	bell_answers(MAILBOX_HEARD);
	CHECK(ran("test t\nduration 10ms\nsnapshot x\n") == 0);
	CHECK(told_times("nobody takes captures") == 1 && !agent.link.failed);
}

static void what_is_done_is_told(void)
{
	bell_answers(MAILBOX_OK);
	CHECK(ran("test t\nduration 10ms\nstep a hold=1ms\nstep b\nsnapshot one\nsnapshot two\n"
		  "watch k.a\n") == 0);
	CHECK_STR(bell.log, "snapshot one\nsnapshot two\nwatch k.a\n");
	CHECK(told_times("TROUBLE") == 0 && told_times("REQUEST") == 3);
	CHECK(strstr(told, "REQUEST {\"request\":\"snapshot\",\"text\":\"two\",\"status\":\"ok\","
			   "\"at_ns\":"));
	CHECK(told_times(",\"step\":1}\nREQUEST") == 2); /* and no due_ns */
	CHECK(agent.captures.watches == 1);
}

static void a_capture_that_fails_is_noted(void)
{
	bell_answers(MAILBOX_OK);
	bell.error_text = "x";
	CHECK(ran("test t\nduration 10ms\nsnapshot x\nsnapshot z\n") == 0);
	CHECK_STR(bell.log, "snapshot x\nsnapshot z\n");
	CHECK(strstr(told, "\"kind\":\"note\",\"message\":\"snapshot 'x': symbol 'x' did not"));
	CHECK(told_times("TROUBLE") == 1 && !agent.link.failed);
}

static void an_unknown_symbol_fails_the_step_at_once(void)
{
	bell_answers(MAILBOX_OK);
	bell.error_text = "kernel.absent";
	CHECK(ran("test t\nduration 1h\nsnapshot a\nwatch kernel.absent\nsnapshot b\n") == -1);
	CHECK_STR(bell.log, "snapshot a\nwatch kernel.absent\n");
	CHECK(strstr(told, "TROUBLE {\"step\":0,\"line\":4,\"kind\":\"step\",\"message\":\"watch "
			   "'kernel.absent': symbol 'kernel.absent' did not resolve\"}"));
	CHECK(agent.link.failed && told_times("SCENARIO_END") == 0);
	CHECK(agent.captures.watches == 0);
}

static void the_fourth_watch_fails_the_test_and_it_goes_on(void)
{
	bell_answers(MAILBOX_OK);
	CHECK(ran("test t\nduration 20ms\nwatch a\nwatch b\nwatch c\nstep s\nwatch d\nsnapshot z\n") ==
	      0);
	CHECK_STR(bell.log, "watch a\nwatch b\nwatch c\nsnapshot z\n");
	CHECK(strstr(told, "TROUBLE {\"step\":1,\"line\":7,\"kind\":\"step\",\"message\":\"cap "
			   "exceeded: WatchSnapshot takes at most 3 symbols: 'd' is one more\"}"));
	CHECK(agent.link.failed && told_times("SCENARIO_END") == 1 && told_times("TROUBLE") == 1);
	CHECK(strstr(told, "STEP_END {\"step\":1"));
}

static void a_refused_symbol_takes_no_place(void)
{
	struct captures c;
	struct err e;

	bell_answers(MAILBOX_NOBODY);
	ran("test t\nduration 10ms\n"); /* a link to tell over */
	captures_init(&c, &agent.link, &agent.doorbell);
	agent.link.lost = true; /* which is closed by now */
	bell.status = MAILBOX_ERROR;
	for (int i = 0; i < 5; i++)
		CHECK(captures_watch(&c, "no", &e) == -1 && e.code != ENOSPC && c.watches == 0);
	bell.status = MAILBOX_OK;
	for (int i = 0; i < 3; i++)
		CHECK(captures_watch(&c, "yes", &e) == 0);
	CHECK(captures_watch(&c, "yes", &e) == -1 && e.code == ENOSPC);
	CHECK(bell.rings == 8);
}

static void loops_watch_once_and_note_once(void)
{
	bell_answers(MAILBOX_NOBODY);
	CHECK(ran("test t\nduration 50ms\nstep s hold=loop:5ms\nwatch a\nsnapshot z\n") == 0);
	CHECK(strstr(bell.log, "watch a\nsnapshot z\nsnapshot z\n") == bell.log);
	CHECK(told_times("TROUBLE") == 2);
}

/* ---- periodic captures ---- */

static void periodic_ones_are_asked_for_in_time(void)
{
	uint64_t before = clock_now_ns();

	bell_answers(MAILBOX_OK);
	CHECK(ran("test t\nduration 2s\nsnapshots 3\nstep a hold=800ms\nstep b hold=rest\n") == 0);
	CHECK_STR(bell.log,
		  "periodic periodic_000\nperiodic periodic_001\nperiodic periodic_002\n");
	/* 200 ms and one to three parts of 400 ms, and none only when a hold has ended */
	for (unsigned int i = 0; i < 3; i++)
		CHECK(bell.rung_ns[i] >= before + (600 + 400 * i) * NSEC_PER_MSEC);
	CHECK(bell.rung_ns[2] + 200 * NSEC_PER_MSEC < clock_now_ns());
	CHECK(told_times("\"due_ns\":") == 3 && told_times("TROUBLE") == 0);
	CHECK(told_times("\"step\":0,\"due_ns\"") == 1 && told_times("\"step\":1,\"due_ns\"") == 2);
}

static void a_scenario_without_steps_has_them_too(void)
{
	bell_answers(MAILBOX_OK);
	CHECK(ran("test t\nduration 300ms\nsnapshots 1\n") == 0);
	CHECK_STR(bell.log, "periodic periodic_000\n");
}

static void operations_do_not_hold_them_up(void)
{
	bell_answers(MAILBOX_OK);
	bell.slow_text = "a";
	bell.slow_ns = 600 * NSEC_PER_MSEC;
	/* Due at 500 ms, while the first operation runs. */
	CHECK(ran("test t\nduration 1s\nsnapshots 1\nstep s hold=1ms\nsnapshot a\nsnapshot b\n") ==
	      0);
	CHECK_STR(bell.log, "snapshot a\nperiodic periodic_000\nsnapshot b\n");
}

static void those_behind_the_end_are_not_asked_for(void)
{
	bell_answers(MAILBOX_OK);
	CHECK(ran("test t\nduration 1h\nsnapshots 64\nstep s hold=1ms\n") == 0);
	CHECK_STR(bell.log, "");
	CHECK(agent.captures.due_ns == CLOCK_NEVER);
}

static void two_failures_in_a_row_are_enough(void)
{
	bell_answers(MAILBOX_OK);
	bell.error_text = "periodic_001";
	CHECK(ran("test t\nduration 700ms\nsnapshots 4\n") == 0); /* one is not */
	CHECK(bell.rings == 4 && told_times("given up") == 0 && told_times("TROUBLE") == 1);

	bell_answers(MAILBOX_ERROR);
	bell.ok_text = "periodic_001";
	CHECK(ran("test t\nduration 900ms\nsnapshots 6\n") == 0);
	CHECK_STR(bell.log, "periodic periodic_000\nperiodic periodic_001\nperiodic periodic_002\n"
			    "periodic periodic_003\n");
	CHECK(strstr(told, "\"2 periodic captures failed in a row: the other 2 are given up\""));
	CHECK(told_times("TROUBLE") == 4 && !agent.link.failed);
}

static void nobody_is_noted_once(void)
{
	bell_answers(MAILBOX_NOBODY);
	CHECK(ran("test t\nduration 500ms\nsnapshots 3\n") == 0);
	CHECK(bell.rings == 3 && told_times("TROUBLE") == 1);
	CHECK(strstr(told, "\"snapshots 3: nobody takes captures\""));
}

int main(void)
{
	RUN(nobody_is_noted);
	RUN(what_is_done_is_told);
	RUN(a_capture_that_fails_is_noted);
	RUN(an_unknown_symbol_fails_the_step_at_once);
	RUN(the_fourth_watch_fails_the_test_and_it_goes_on);
	RUN(a_refused_symbol_takes_no_place);
	RUN(loops_watch_once_and_note_once);
	RUN(periodic_ones_are_asked_for_in_time);
	RUN(a_scenario_without_steps_has_them_too);
	RUN(operations_do_not_hold_them_up);
	RUN(those_behind_the_end_are_not_asked_for);
	RUN(two_failures_in_a_row_are_enough);
	RUN(nobody_is_noted_once);
	return TEST_END();
}
