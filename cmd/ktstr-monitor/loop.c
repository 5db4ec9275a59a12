/* SPDX-License-Identifier: GPL-2.0-only */
#include "loop.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/clock.h"
#include "watchdog.h"

#define RETRY_NS (50 * NSEC_PER_MSEC)
/* Looking through all of memory takes a while: leave the machine most of the time, and never less
 * than that of RETRY_SHARE. */
#define RETRY_REST 100
#define RETRY_REST_NS (2 * NSEC_PER_SEC)
#define RETRY_SHARE 4
/* An error that says that waiting does not help is believed when it lasts: a kernel that is being
 * put into memory looks broken, too. */
#define FIRM_NS (2 * NSEC_PER_SEC)

static const char *const reasons[] = {
	[LOOP_COUNT] = "count",		[LOOP_SPAN] = "for",
	[LOOP_VM_GONE] = "vm-gone",	[LOOP_SIGNAL] = "signal",
	[LOOP_NO_KERNEL] = "no-kernel", [LOOP_CLOSED] = "closed",
	[LOOP_FAILED] = "failed",
};

enum loop_end loop_output_end(struct loop *l, const struct err *e)
{
	switch (e->code) {
	case 0:
		return LOOP_GOES_ON;
	case EPIPE:
		return LOOP_CLOSED;
	case EINTR:
		return LOOP_SIGNAL;
	default:
		l->error = *e;
		return LOOP_FAILED;
	}
}

/* The message may have words of the guest. The object is for put_note. */
static json_t *note_make(const struct loop *l, const char *kind, const char *message)
{
	char text[ERR_TEXT_MAX];

	clean_copy(text, sizeof(text), message, strlen(message));
	return json_pack("{s:s, s:s, s:i}", "kind", kind, "message", text, "generation",
			 (int)l->follow.generation);
}

static void note_number(json_t *note, const char *name, uint64_t value)
{
	json_object_set_new(note, name, json_integer((json_int_t)value));
}

static enum loop_end put_note(struct loop *l, json_t *note)
{
	struct err e;

	return emit_note(&l->emit, note, &e) ? loop_output_end(l, &e) : LOOP_GOES_ON;
}

/* ---- the doorbell ---- */

/* Answer, and let the machine go on: it does so without us, too, when its time is out. */
static void leave_bell(struct loop *l, bool ok, const char *text)
{
	struct err ignored;

	(void)target_answer(l->target, ok, text, &ignored);
	(void)target_go_on(l->target, &ignored);
}

static enum loop_end watchdog_report(struct loop *l)
{
	struct watchdog w;
	char message[ERR_TEXT_MAX + 64];
	struct err e;
	json_t *note;

	l->watchdog_told = true;
	if (follow_attach(&l->follow, &e) ||
	    watchdog_set(l->follow.kernel, l->o->watchdog_ns, l->bell_error, &w, &e)) {
		leave_bell(l, false, "the watchdog was not set");
		snprintf(message, sizeof(message), "the watchdog was not set: %s", e.text);
		return put_note(l, note_make(l, "watchdog", message));
	}
	leave_bell(l, true, "watchdog");
	snprintf(message, sizeof(message),
		 "the watchdog's timeout is %" PRIu64 " jiffies (wanted %" PRIu64 ", %u a second)",
		 w.observed, w.expected, w.hz);
	note = note_make(l, "watchdog", message);
	note_number(note, "expected_jiffies", w.expected);
	note_number(note, "observed_jiffies", w.observed);
	note_number(note, "hz", w.hz);
	return put_note(l, note);
}

/* The machine stands still for us: do what it asks for, if it is for us, and let it go on. */
static enum loop_end loop_bell(struct loop *l)
{
	const char *request = l->target->ring.request;
	struct err e;

	if (l->o->watchdog_ns && strcmp(request, "scheduler-up") == 0)
		return watchdog_report(l);
	if (!l->o->watchdog_ns || strcmp(request, "scheduler-attaching") != 0) {
		(void)target_go_on(l->target, &e);
		return LOOP_GOES_ON;
	}
	l->bell_error[0] = 0;
	if (follow_attach(&l->follow, &e) ||
	    watchdog_prepare(l->follow.kernel, l->o->watchdog_ns, &e))
		snprintf(l->bell_error, sizeof(l->bell_error), "%.150s", e.text);
	leave_bell(l, !*l->bell_error, l->bell_error);
	return LOOP_GOES_ON;
}

/* ---- waiting ---- */

static void take_signal(struct loop *l)
{
	struct signalfd_siginfo info;

	if (read(l->signal_fd, &info, sizeof(info)) == sizeof(info) && !l->signal)
		l->signal = (int)info.ssi_signo;
}

/* The end of the machine comes first: whoever started both may tell us to stop because of it. */
static enum loop_end loop_look(struct loop *l)
{
	take_signal(l);
	target_hear(l->target);
	while (l->target->at_bell && !l->target->gone) {
		enum loop_end end = loop_bell(l);

		if (end != LOOP_GOES_ON)
			return end;
		target_hear(l->target);
	}
	if (l->target->gone)
		return LOOP_VM_GONE;
	return l->signal ? LOOP_SIGNAL : LOOP_GOES_ON;
}

/* There may be a kernel now: the guest's agent says so, or we attached to it at the doorbell. */
static bool news_of_kernel(struct loop *l)
{
	bool up = l->target->guest_up;

	l->target->guest_up = false;
	return up || l->follow.kernel;
}

/* Wait until @until_ns, or for a reason to end, or, when that is given, until @over. */
static enum loop_end loop_wait_over(struct loop *l, uint64_t until_ns, bool (*over)(struct loop *l))
{
	for (;;) {
		/* With no events asked for, poll still tells of a reader that has gone. */
		struct pollfd p[] = {{.fd = l->signal_fd, .events = POLLIN},
				     {.fd = l->target->vm.fd, .events = POLLIN},
				     {.fd = l->emit.out.fd}};
		uint64_t now = clock_now_ns(), left = until_ns > now ? until_ns - now : 0;
		const struct timespec span = {.tv_sec = (time_t)(left / NSEC_PER_SEC),
					      .tv_nsec = (long)(left % NSEC_PER_SEC)};
		int n = ppoll(p, 3, &span, NULL);
		enum loop_end end;

		if (n < 0 && errno != EINTR) {
			err_sys(&l->error, "cannot wait");
			return LOOP_FAILED;
		}
		if (n == 0)
			return LOOP_GOES_ON;
		if (n > 0 && p[2].revents)
			return LOOP_CLOSED;
		end = loop_look(l);
		if (end != LOOP_GOES_ON || (over && over(l)))
			return end;
	}
}

static enum loop_end loop_wait(struct loop *l, uint64_t until_ns)
{
	return loop_wait_over(l, until_ns, NULL);
}

/* Rest after an attempt to attach that took so long, in vain. */
static enum loop_end loop_rest(struct loop *l, uint64_t took_ns)
{
	uint64_t rest = took_ns * RETRY_REST, share = took_ns * RETRY_SHARE, until;
	enum loop_end end;

	if (rest > RETRY_REST_NS)
		rest = RETRY_REST_NS;
	if (rest < share)
		rest = share;
	if (rest < RETRY_NS)
		rest = RETRY_NS;
	until = clock_deadline_ns(rest);
	end = loop_wait_over(l, until < l->end_ns ? until : l->end_ns, news_of_kernel);
	return end == LOOP_GOES_ON && clock_now_ns() >= l->end_ns ? LOOP_SPAN : end;
}

/* ---- attaching ---- */

/* Whether it is time to stop trying, with l->error why. */
static bool attach_failed(struct loop *l, const struct err *e)
{
	uint64_t now = clock_now_ns();

	l->error = *e;
	if (now >= l->give_up_ns)
		return true;
	if (e->code == EAGAIN || strcmp(l->firm, e->text) != 0) {
		memcpy(l->firm, e->text, sizeof(l->firm));
		l->firm_since_ns = now;
	}
	return e->code != EAGAIN && now - l->firm_since_ns >= FIRM_NS;
}

enum loop_end loop_attach(struct loop *l)
{
	struct err e;

	if (emit_waiting(&l->emit, "waiting for a kernel to come up", &e))
		return loop_output_end(l, &e);
	*l->firm = 0;
	for (;;) {
		uint64_t start = clock_now_ns();
		enum loop_end end;

		/* Maybe it is attached to already, from the doorbell. */
		if (follow_attach(&l->follow, &e) == 0)
			return LOOP_GOES_ON;
		if (attach_failed(l, &e))
			return LOOP_NO_KERNEL;
		end = loop_rest(l, clock_now_ns() - start);
		if (end != LOOP_GOES_ON)
			return end;
	}
}

static enum loop_end put_attached(struct loop *l)
{
	const struct follow *f = &l->follow;
	uint64_t slide;
	char message[256];
	struct err e;
	json_t *note;

	snprintf(message, sizeof(message), "attached to %s in %.1f ms",
		 f->kernel->vmcoreinfo.release, (double)f->attach_ns / NSEC_PER_MSEC);
	note = note_make(l, "attached", message);
	note_number(note, "attach_ns", f->attach_ns);
	if (vmcoreinfo_hex(&f->kernel->vmcoreinfo, "KERNELOFFSET", &slide, &e) == 0)
		note_number(note, "kaslr_offset", slide);
	return put_note(l, note);
}

static enum loop_end loop_lose(struct loop *l)
{
	enum loop_end end;

	follow_detach(&l->follow);
	l->ticks = (struct ticks){0};
	l->give_up_ns = clock_deadline_ns(l->o->wait_ns);
	end = put_note(l, note_make(l, "lost", "the kernel is gone: waiting for the next"));
	/* A guest that comes and goes at will must not keep us from hearing of its end. */
	return end == LOOP_GOES_ON ? loop_rest(l, l->follow.attach_ns) : end;
}

/* ---- samples ---- */

static enum loop_end put_schema(struct loop *l)
{
	struct err e;

	l->schemas++;
	l->schema_id = l->follow.schema_id;
	return emit_schema(&l->emit, sampler_schema(l->follow.sampler), &e) ? loop_output_end(l, &e)
									    : LOOP_GOES_ON;
}

static enum loop_end put_sample(struct loop *l)
{
	struct sample *s = &l->follow.sample;
	uint64_t missed = l->missed_before;
	struct err e;

	s->number = l->samples;
	s->missed = missed < UINT32_MAX ? (uint32_t)missed : UINT32_MAX;
	l->missed_before = 0;
	l->missed += missed;
	l->samples++;
	l->valid += s->invalid == 0;
	return emit_sample(&l->emit, s, &e) ? loop_output_end(l, &e) : LOOP_GOES_ON;
}

static enum loop_end loop_take(struct loop *l)
{
	struct err e;

	if (follow_sample(&l->follow, &e) == 0)
		return LOOP_GOES_ON;
	if (e.code == ENOMEM) {
		l->error = e;
		return LOOP_FAILED;
	}
	/* Not at every beat: a guest decides how often this happens. */
	if (strcmp(l->firm, e.text) == 0)
		return LOOP_GOES_ON;
	memcpy(l->firm, e.text, sizeof(l->firm));
	return put_note(l, note_make(l, "trouble", e.text));
}

static enum loop_end loop_sample(struct loop *l)
{
	enum loop_end end = loop_take(l);

	if (end == LOOP_GOES_ON && l->schema_id != l->follow.schema_id)
		end = put_schema(l);
	return end == LOOP_GOES_ON ? put_sample(l) : end;
}

/* Wait for the next beat, if there is to be one. */
static enum loop_end loop_beat(struct loop *l)
{
	enum loop_end end;
	uint64_t now;

	if (l->o->count && l->samples >= l->o->count)
		return LOOP_COUNT;
	now = clock_now_ns();
	/* Beats behind the end are not missed. */
	l->missed_before += ticks_advance(&l->ticks, now < l->end_ns ? now : l->end_ns - 1);
	if (l->ticks.next_ns < l->end_ns)
		return loop_wait(l, l->ticks.next_ns);
	end = loop_wait(l, l->end_ns);
	return end == LOOP_GOES_ON ? LOOP_SPAN : end;
}

/* The samples of one kernel. LOOP_GOES_ON when it is lost. */
static enum loop_end loop_follow(struct loop *l)
{
	enum loop_end end = LOOP_GOES_ON;

	ticks_init(&l->ticks, l->o->interval_ns, clock_now_ns());
	if (!l->samples && l->o->span_ns && l->o->span_ns < CLOCK_NEVER - l->ticks.next_ns)
		l->end_ns = l->ticks.next_ns + l->o->span_ns;
	while (end == LOOP_GOES_ON) {
		if (!follow_is_alive(&l->follow))
			return loop_lose(l);
		end = loop_sample(l);
		if (end == LOOP_GOES_ON)
			end = loop_beat(l);
	}
	return end;
}

/* LOOP_NO_KERNEL with @why when there is no time left to try again. */
static enum loop_end loop_patience(struct loop *l, const char *why)
{
	if (clock_now_ns() < l->give_up_ns)
		return LOOP_GOES_ON;
	err_set(&l->error, EAGAIN, "%s", why);
	return LOOP_NO_KERNEL;
}

/*
 * A kernel has symbols long before it has a scheduler: it has come up when its run queues are set
 * up. LOOP_GOES_ON when they are, and also, detached then, when it turned out to be a kernel that
 * is gone or goes down: a reboot leaves the old one in memory.
 */
static enum loop_end loop_settle(struct loop *l)
{
	enum loop_end end;

	*l->firm = 0;
	for (;;) {
		if (!follow_is_alive(&l->follow)) {
			follow_detach(&l->follow);
			end = loop_patience(l, "the kernel in memory has ended");
			return end == LOOP_GOES_ON ? loop_rest(l, l->follow.attach_ns) : end;
		}
		end = loop_take(l);
		if (end != LOOP_GOES_ON || !(l->follow.sample.invalid & SAMPLE_UNINIT))
			return end;
		end = loop_patience(l, "the run queues are not set up");
		if (end == LOOP_GOES_ON)
			end = loop_wait(l, clock_deadline_ns(RETRY_NS));
		if (end != LOOP_GOES_ON)
			return end;
	}
}

static enum loop_end loop_turn(struct loop *l)
{
	enum loop_end end = loop_attach(l);

	if (end == LOOP_GOES_ON)
		end = loop_settle(l);
	if (end != LOOP_GOES_ON || !l->follow.kernel)
		return end;
	follow_accept(&l->follow);
	end = put_attached(l);
	return end == LOOP_GOES_ON ? loop_follow(l) : end;
}

/* Beats that came and went before we heard that it is over: somebody had stopped us, perhaps. */
static uint64_t missed_behind(const struct loop *l, enum loop_end end)
{
	uint64_t now = clock_now_ns();

	if (!l->ticks.interval_ns || (end != LOOP_VM_GONE && end != LOOP_SIGNAL))
		return 0;
	return now > l->ticks.next_ns ? (now - l->ticks.next_ns) / l->ticks.interval_ns : 0;
}

static void put_end(struct loop *l, enum loop_end end)
{
	struct err e;

	/* No sample came to tell of these. */
	l->missed += l->missed_before + missed_behind(l, end);
	if (l->o->watchdog_ns && !l->watchdog_told)
		(void)put_note(l, note_make(l, "watchdog",
					    "the watchdog was not set: the guest never said that a "
					    "scheduler is up"));
	if (end == LOOP_NO_KERNEL)
		(void)put_note(l, note_make(l, "trouble", l->error.text));
	if (emit_end(&l->emit,
		     json_pack("{s:s, s:I, s:I, s:I, s:I, s:i}", "reason", reasons[end], "samples",
			       (json_int_t)l->samples, "invalid",
			       (json_int_t)(l->samples - l->valid), "missed", (json_int_t)l->missed,
			       "schemas", (json_int_t)l->schemas, "generations",
			       (int)l->follow.generation),
		     &e) &&
	    end != LOOP_FAILED && e.code != EPIPE) {
		l->error = e;
	}
}

enum loop_end loop_run(struct loop *l)
{
	enum loop_end end = LOOP_GOES_ON;

	l->give_up_ns = clock_deadline_ns(l->o->wait_ns);
	l->end_ns = CLOCK_NEVER;
	while (end == LOOP_GOES_ON)
		end = loop_turn(l);
	put_end(l, end);
	follow_detach(&l->follow);
	return end;
}
