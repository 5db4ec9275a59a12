/* SPDX-License-Identifier: GPL-2.0-only */
#include "machine.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bell.h"
#include "ctl.h"
#include "output.h"
#include "ram.h"
#include "sandbox/sandbox.h"
#include "sink.h"
#include "tlv/tlv.h"
#include "tlv/types.h"

#define PANIC_NS (5 * NSEC_PER_SEC) /* for the kernel to print its last words and reset */
#define END_NS (10 * NSEC_PER_SEC)  /* for the engine to end after the guest has */
#define PANIC_TEXT "Kernel panic - not syncing" /* kernel/panic.c */
#define DRAIN_NS (2 * NSEC_PER_SEC)		/* for the reader, once we are told to stop */
#define COM2_LIMIT (1u << 20)
/* The console is written byte by byte: a look at the ports waits for more to come together. */
#define PUMP_EVERY_NS (5 * NSEC_PER_MSEC)
#define EVENTS_AT_ONCE 16 /* a guest that rings without end must not keep us from the rest */

static_assert(ENGINE_WATCHES == WATCH_SLOTS, "engines and clients mean the same slots");

/* Why the machine ended; the names are those of TLV_EXIT. */
enum end_reason {
	END_NONE, /* it has not */
	END_POWEROFF,
	END_RESET,
	END_PANIC,
	END_BOOT_TIMEOUT,
	END_TIMEOUT,
	END_SIGNAL,
	END_KILLED,
	END_ENGINE_FAILED,
	END_INTERNAL_ERROR,
	END_CLOSED, /* nobody reads our frames any more */
};

static const char *const end_names[] = {
	[END_NONE] = "none",
	[END_POWEROFF] = "poweroff",
	[END_RESET] = "reset",
	[END_PANIC] = "panic",
	[END_BOOT_TIMEOUT] = "boot-timeout",
	[END_TIMEOUT] = "timeout",
	[END_SIGNAL] = "signal",
	[END_KILLED] = "killed",
	[END_ENGINE_FAILED] = "engine-failed",
	[END_INTERNAL_ERROR] = "internal-error",
	[END_CLOSED] = "closed",
};

/* The sinks, and the message type of what they carry. */
enum port { PORT_COM1, PORT_COM2, PORT_BULK, PORTS };

struct machine {
	const struct machine_options *o;
	struct ram ram;
	struct sink ports[PORTS];
	int inotify_fd, signal_fd;
	struct ctl ctl;
	struct output out;
	struct tlv_reader *bulk;
	struct engine *engine;
	bool engine_gone;
	bool more_events; /* the engine may have some, whatever its descriptors say */
	struct bell bell;
	bool at_bell;	   /* the guest rang, and stands there */
	bool at_hit;	   /* it stands at a watched store; of these slots nobody was told yet: */
	unsigned int hits; /* a bit each */
	int hit_vcpus[ENGINE_WATCHES];
	bool touched;	   /* the ports were written to since the last look */
	uint64_t pump_ns;  /* not before this is the next look */
	int engine_status; /* raw wait status, once gone */

	char line[512]; /* the console's unfinished line */
	size_t line_len;

	enum end_reason end;
	char end_detail[ERR_TEXT_MAX];
	int end_signal;
	uint64_t start_ns, hello_ns, end_ns; /* 0: not yet */
	uint64_t limit_ns;		     /* what runs out next: boot, test, or ending */
	uint64_t frozen_since_ns;	     /* 0: runs */
	uint64_t frozen_ns;		     /* total so far */
	unsigned int freezes;
	uint64_t watch_hits;
};

/* ---- ends ---- */

/* The first reason wins: what follows a panic or a kill is its consequence. */
static void machine_end(struct machine *m, enum end_reason reason, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void machine_end(struct machine *m, enum end_reason reason, const char *fmt, ...)
{
	va_list ap;

	if (m->end != END_NONE)
		return;
	m->end = reason;
	m->end_ns = clock_now_ns();
	va_start(ap, fmt);
	vsnprintf(m->end_detail, sizeof(m->end_detail), fmt, ap);
	va_end(ap);
	m->limit_ns = clock_deadline_ns(reason == END_PANIC ? PANIC_NS : END_NS);
	ctl_event(&m->ctl, json_pack("{s:s, s:s, s:s}", "event", "exit", "reason",
				     end_names[reason], "detail", m->end_detail));
}

static void machine_stop(struct machine *m, enum end_reason reason, const char *detail)
{
	machine_end(m, reason, "%s", detail);
	if (m->engine && !m->engine_gone)
		m->o->engine->kill(m->engine);
}

static void span_text(uint64_t ns, char *ret, size_t size)
{
	snprintf(ret, size, "%.3g s", (double)ns / (double)NSEC_PER_SEC);
}

static void machine_limit(struct machine *m)
{
	char text[ERR_TEXT_MAX], span[32];

	if (clock_now_ns() < m->limit_ns || m->frozen_since_ns)
		return;
	m->limit_ns = CLOCK_NEVER;
	if (m->end != END_NONE) {
		m->o->engine->kill(m->engine);
	} else if (!m->hello_ns && m->o->boot_timeout_ns) {
		span_text(m->o->boot_timeout_ns, span, sizeof(span));
		snprintf(text, sizeof(text), "no hello from the guest agent within %s", span);
		machine_stop(m, END_BOOT_TIMEOUT, text);
	} else {
		span_text(m->o->timeout_ns, span, sizeof(span));
		snprintf(text, sizeof(text), "the guest was still running after %s", span);
		machine_stop(m, END_TIMEOUT, text);
	}
}

/* ---- what the guest says ---- */

static void guest_hello(struct machine *m)
{
	if (m->hello_ns)
		return;
	m->hello_ns = clock_now_ns();
	if (m->end == END_NONE)
		m->limit_ns = m->o->timeout_ns ? clock_deadline_ns(m->o->timeout_ns) : CLOCK_NEVER;
	ctl_event(&m->ctl, json_pack("{s:s}", "event", "guest-up"));
}

static void bulk_messages(struct machine *m)
{
	struct tlv_message msg;

	while (tlv_reader_next(m->bulk, &msg)) {
		/* Only a guest's types: it must not speak for the machine. */
		if (msg.type < TLV_PLAN)
			continue;
		if (msg.type == TLV_GUEST_HELLO)
			guest_hello(m);
		/* One that is wrong is found out when it rings. */
		if (msg.type == TLV_MAILBOX)
			bell_announce(&m->bell, &m->ram, msg.data, msg.len, &(struct err){0});
		output_guest(&m->out, &msg);
	}
}

/*
 * A panic is known by the console alone: stock kernels have the driver of the pvpanic device as a
 * module. What COM1 says is split anywhere, so the last line is kept until it is whole.
 */
static void console_watch(struct machine *m, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char *words;

		if (data[i] != '\n') {
			if (m->line_len < sizeof(m->line) - 1)
				m->line[m->line_len++] = data[i];
			continue;
		}
		m->line[m->line_len] = 0;
		m->line_len = 0;
		words = strstr(m->line, PANIC_TEXT);
		if (words)
			machine_end(m, END_PANIC, "%.*s", (int)strcspn(words, "\r"), words);
	}
}

static void port_data(struct machine *m, enum port port, const char *data, size_t len)
{
	switch (port) {
	case PORT_COM1:
		output_data(&m->out, TLV_CONSOLE, data, len);
		console_watch(m, data, len);
		if (m->o->echo_console && write(STDERR_FILENO, data, len) < 0 && errno == EIO)
			return;
		break;
	case PORT_COM2:
		output_data(&m->out, TLV_COM2, data, len);
		break;
	case PORT_BULK:
		if (tlv_reader_feed(m->bulk, data, len) == 0)
			bulk_messages(m);
		break;
	case PORTS:
		break;
	}
}

/* Take what the ports have written, in order of importance: last words first. */
static bool machine_pump(struct machine *m)
{
	static const enum port order[] = {PORT_COM2, PORT_COM1, PORT_BULK};
	char chunk[65536];
	bool any = false;

	for (size_t i = 0; i < PORTS; i++) {
		struct sink *s = &m->ports[order[i]];
		size_t pass;
		ssize_t n = sink_read(s, chunk, sizeof(chunk), &pass);

		if (n <= 0)
			continue;
		any = true;
		if (pass && output_full(&m->out)) {
			s->dropped += pass;
			pass = 0;
		}
		if (pass)
			port_data(m, order[i], chunk, pass);
	}
	return any;
}

/* Let it go on when nobody holds it. */
static void machine_go(struct machine *m)
{
	struct err e;

	if (m->ctl.leases || m->hits)
		return;
	m->at_bell = m->at_hit = false;
	if (!m->engine_gone && m->o->engine->resume(m->engine, &e))
		machine_stop(m, END_INTERNAL_ERROR, e.text);
}

/*
 * The guest rang. What it has sent before is read first: where its mailbox is may be among that.
 * Who listens holds the machine here by a lease; without any it goes on at once.
 */
static void machine_doorbell(struct machine *m)
{
	struct mailbox box;
	struct err e;

	m->at_bell = true;
	while (machine_pump(m))
		;
	if (bell_take(&m->bell, &m->ram, &box, &e) == 0) {
		json_t *event =
			json_pack("{s:s, s:I, s:s, s:s}", "event", "doorbell", "seq",
				  (json_int_t)box.seq, "request", box.request, "text", box.text);
		bool heard = ctl_doorbell(&m->ctl, event);

		if (bell_answer(&m->bell, &m->ram, heard ? MAILBOX_HEARD : MAILBOX_NOBODY, "", &e))
			machine_stop(m, END_INTERNAL_ERROR, e.text);
	}
	machine_go(m);
}

static void hit_tell(struct machine *m, unsigned int slot)
{
	uint64_t value = 0, gpa;
	unsigned int len = ctl_watched(&m->ctl, slot, &gpa);
	bool known = len && ram_read(&m->ram, gpa, &value, len, &(struct err){0}) == 0;

	ctl_watch(&m->ctl, slot, m->hit_vcpus[slot], known ? &value : NULL);
}

/*
 * Who watches a word holds the machine at the store by a lease. A client is told of one hit at a
 * time: the next one comes when it lets go, and the machine stands still for that, too.
 */
static void machine_hits_tell(struct machine *m)
{
	if (!m->at_hit)
		return;
	for (unsigned int slot = 0; slot < ENGINE_WATCHES; slot++) {
		if (!(m->hits & 1u << slot) || ctl_watcher_holds(&m->ctl, slot))
			continue;
		m->hits &= ~(1u << slot);
		hit_tell(m, slot);
	}
	machine_go(m);
}

static void machine_watch_hit(struct machine *m, const struct engine_event *ev)
{
	m->at_hit = true;
	for (unsigned int slot = 0; slot < ENGINE_WATCHES; slot++) {
		if (!(ev->slots & 1u << slot))
			continue;
		m->watch_hits++;
		m->hits |= 1u << slot;
		m->hit_vcpus[slot] = ev->vcpu;
	}
	machine_hits_tell(m);
}

static void machine_engine_event(struct machine *m, const struct engine_event *ev)
{
	const char *words;

	switch (ev->type) {
	case ENGINE_POWEROFF:
		machine_end(m, END_POWEROFF, "the guest switched the machine off");
		return;
	case ENGINE_RESET:
		/* The line that tells why may not have been read yet. */
		while (machine_pump(m))
			;
		machine_end(m, END_RESET, "the guest reset the machine");
		return;
	case ENGINE_INTERNAL_ERROR:
		machine_stop(m, END_INTERNAL_ERROR, "the engine cannot go on with this guest");
		return;
	case ENGINE_DOORBELL:
		machine_doorbell(m);
		return;
	case ENGINE_WATCH:
		machine_watch_hit(m, ev);
		return;
	case ENGINE_DIED:
		m->engine_gone = true;
		m->engine_status = ev->status;
		words = m->o->engine->complaint(m->engine);
		if (WIFSIGNALED(ev->status))
			machine_end(m, END_ENGINE_FAILED, "the engine was killed by signal %d%s%s",
				    WTERMSIG(ev->status), *words ? ": " : "", words);
		else
			machine_end(m, END_ENGINE_FAILED, "the engine ended with status %d%s%s",
				    WEXITSTATUS(ev->status), *words ? ": " : "", words);
		return;
	}
}

static void machine_signal(struct machine *m)
{
	struct signalfd_siginfo info;

	while (read(m->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		char text[64];

		snprintf(text, sizeof(text), "signal %u told us to stop", info.ssi_signo);
		if (!m->end_signal)
			m->end_signal = (int)info.ssi_signo;
		machine_stop(m, END_SIGNAL, text);
	}
}

/* ---- what the control socket asks ---- */

static json_t *host_attach(void *machine, int fds[CTL_FDS_MAX], size_t *n_fds)
{
	struct machine *m = machine;
	json_t *ranges = json_array();

	for (unsigned int n = 0; n < m->ram.nodes; n++)
		fds[n] = m->ram.fds[n];
	*n_fds = m->ram.nodes;
	for (size_t i = 0; i < m->ram.n_ranges; i++) {
		const struct ram_range *r = &m->ram.ranges[i];

		json_array_append_new(ranges,
				      json_pack("{s:I, s:I, s:i, s:I}", "gpa", (json_int_t)r->gpa,
						"len", (json_int_t)r->len, "fd", (int)r->node,
						"offset", (json_int_t)r->offset));
	}
	return json_pack("{s:s, s:s, s:i, s:o, s:o, s:s?}", "engine", m->o->engine->name,
			 "engine_mode", m->o->engine->mode(m->engine), "vcpus",
			 (int)topology_cpus(&m->o->topology), "threads",
			 m->engine_gone ? json_array() : m->o->engine->threads(m->engine), "ranges",
			 ranges, "release", m->o->kernel_release);
}

static int host_freeze(void *machine, struct err *e)
{
	struct machine *m = machine;

	if (m->engine_gone || m->end != END_NONE)
		return err_set(e, ESRCH, "the machine has ended");
	m->more_events = true;
	if (!m->at_bell && m->o->engine->pause(m->engine, e))
		return -1;
	m->frozen_since_ns = clock_now_ns();
	m->freezes++;
	return 0;
}

static int host_thaw(void *machine, struct err *e)
{
	struct machine *m = machine;
	uint64_t frozen;

	if (!m->frozen_since_ns)
		return 0;
	frozen = clock_now_ns() - m->frozen_since_ns;
	m->frozen_since_ns = 0;
	m->frozen_ns += frozen;
	if (m->limit_ns != CLOCK_NEVER)
		m->limit_ns += frozen;
	m->more_events = true;
	if (m->hits)
		return 0;
	m->at_bell = m->at_hit = false;
	return m->engine_gone ? 0 : m->o->engine->resume(m->engine, e);
}

static json_t *host_regs(void *machine, unsigned int vcpu, struct err *e)
{
	struct machine *m = machine;

	if (m->engine_gone) {
		err_set(e, ESRCH, "the machine has ended");
		return NULL;
	}
	if (vcpu >= topology_cpus(&m->o->topology)) {
		err_set(e, ERANGE, "there is no vCPU %u", vcpu);
		return NULL;
	}
	return m->o->engine->regs(m->engine, vcpu, e);
}

static int host_answer(void *machine, bool ok, const char *text, struct err *e)
{
	struct machine *m = machine;

	if (!m->at_bell)
		return err_set(e, EINVAL, "the machine does not stand at its doorbell");
	return bell_answer(&m->bell, &m->ram, ok ? MAILBOX_OK : MAILBOX_ERROR, text, e);
}

static int host_watch(void *machine, unsigned int slot, uint64_t gpa, unsigned int len,
		      struct err *e)
{
	struct machine *m = machine;

	if (m->engine_gone || m->end != END_NONE)
		return err_set(e, ESRCH, "the machine has ended");
	if (!ram_holds(&m->ram, gpa, len))
		return err_set(e, EFAULT, "the guest has no memory of %u bytes at %#llx", len,
			       (unsigned long long)gpa);
	m->more_events = true;
	return m->o->engine->watch(m->engine, slot, gpa, len, e);
}

static int host_unwatch(void *machine, unsigned int slot, struct err *e)
{
	struct machine *m = machine;

	m->hits &= ~(1u << slot);
	m->more_events = true;
	if (m->engine_gone)
		return 0;
	if (m->o->engine->unwatch(m->engine, slot, e))
		return -1;
	/* A hit that it stands at is forgotten with the watch, told to us or not. */
	if (m->end == END_NONE)
		machine_go(m);
	return 0;
}

static int host_write(void *machine, uint64_t gpa, const void *data, size_t len, struct err *e)
{
	return ram_write(&((struct machine *)machine)->ram, gpa, data, len, e);
}

static json_t *host_status(void *machine)
{
	struct machine *m = machine;
	const char *state = m->end != END_NONE	 ? "ended"
			    : m->frozen_since_ns ? "frozen"
			    : m->hello_ns	 ? "running"
						 : "booting";

	return json_pack("{s:s, s:s, s:I, s:i, s:I}", "state", state, "reason", end_names[m->end],
			 "frozen_ns", (json_int_t)m->frozen_ns, "freezes", (int)m->freezes,
			 "watch_hits", (json_int_t)m->watch_hits);
}

static void host_kill(void *machine)
{
	machine_stop(machine, END_KILLED, "a client of the control socket asked");
}

static const struct ctl_host ctl_host = {
	.attach = host_attach,
	.freeze = host_freeze,
	.thaw = host_thaw,
	.regs = host_regs,
	.answer = host_answer,
	.watch = host_watch,
	.unwatch = host_unwatch,
	.write = host_write,
	.status = host_status,
	.kill = host_kill,
};

/* ---- life ---- */

static int ports_init(struct machine *m, struct err *e)
{
	static const char *const names[PORTS] = {"ktstr-com1", "ktstr-com2", "ktstr-bulk"};
	const uint64_t limits[PORTS] = {m->o->console_limit, COM2_LIMIT, m->o->bulk_limit};

	for (int i = 0; i < PORTS; i++) {
		char path[32];

		if (sink_init(&m->ports[i], names[i], limits[i], e))
			return -1;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", m->ports[i].fd);
		if (inotify_add_watch(m->inotify_fd, path, IN_MODIFY) < 0)
			return err_sys(e, "cannot watch '%s'", names[i]);
	}
	return 0;
}

static int signals_init(struct machine *m, struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	m->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return m->signal_fd < 0 ? err_sys(e, "cannot take signals") : 0;
}

static int machine_init(struct machine *m, const struct machine_options *o, struct err *e)
{
	*m = (struct machine){.o = o, .inotify_fd = -1, .signal_fd = -1, .ctl = {.fd = -1}};
	for (int i = 0; i < PORTS; i++)
		m->ports[i].fd = -1;
	output_init(&m->out, o->out_fd);
	m->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (m->inotify_fd < 0)
		return err_sys(e, "cannot watch the ports");
	m->bulk = tlv_reader_create();
	if (!m->bulk)
		return err_set(e, ENOMEM, "out of memory");
	if (signals_init(m, e) || ports_init(m, e) ||
	    ram_init(&m->ram, o->memory_mib, o->topology.nodes, e))
		return -1;
	return o->vm_dir ? ctl_init(&m->ctl, o->vm_dir, &ctl_host, m, e) : 0;
}

static void machine_deinit(struct machine *m)
{
	if (m->engine)
		m->o->engine->destroy(m->engine);
	ctl_deinit(&m->ctl);
	ram_deinit(&m->ram);
	for (int i = 0; i < PORTS; i++)
		sink_deinit(&m->ports[i]);
	tlv_reader_destroy(m->bulk);
	output_deinit(&m->out);
	if (m->inotify_fd >= 0)
		close(m->inotify_fd);
	if (m->signal_fd >= 0)
		close(m->signal_fd);
}

static void send_hello(struct machine *m)
{
	const struct machine_options *o = m->o;
	char topology[TOPOLOGY_TEXT_MAX];
	json_t *argv = json_array();

	for (char **a = o->argv; *a; a++)
		json_array_append_new(argv, json_string(*a));
	topology_format(&o->topology, topology);
	output_json(&m->out, TLV_HELLO,
		    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s?, s:I, s:s, s:s, s:i, s:I, s:b, "
			      "s:I, s:I, s:o}",
			      "tool", "ktstr-boot", "version", KTSTR_VERSION, "engine",
			      o->engine->name, "engine_version", o->engine->version(m->engine),
			      "engine_mode", o->engine->mode(m->engine), "kernel", o->kernel,
			      "kernel_release", o->kernel_release, "initrd_bytes",
			      (json_int_t)o->initrd_bytes, "cmdline", o->cmdline, "topology",
			      topology, "vcpus", (int)topology_cpus(&o->topology), "memory_mib",
			      (json_int_t)o->memory_mib, "kaslr", o->kaslr, "boot_timeout_ns",
			      (json_int_t)o->boot_timeout_ns, "timeout_ns",
			      (json_int_t)o->timeout_ns, "argv", argv));
}

static void set_span(json_t *object, const char *name, uint64_t from, uint64_t to)
{
	if (from && to)
		json_object_set_new(object, name, json_integer((json_int_t)(to - from)));
}

static void send_exit(struct machine *m)
{
	json_t *exit =
		json_pack("{s:s, s:s, s:b}", "reason", end_names[m->end], "detail", m->end_detail,
			  "timed_out", m->end == END_TIMEOUT || m->end == END_BOOT_TIMEOUT);

	if (!exit) /* the engine's words were no UTF-8 */
		exit = json_pack("{s:s, s:b}", "reason", end_names[m->end], "timed_out",
				 m->end == END_TIMEOUT || m->end == END_BOOT_TIMEOUT);
	if (m->end_signal)
		json_object_set_new(exit, "signal", json_integer(m->end_signal));
	if (m->engine_gone)
		json_object_set_new(exit, "engine_status", json_integer(m->engine_status));
	set_span(exit, "duration_ns", m->start_ns, m->end_ns);
	set_span(exit, "boot_ns", m->start_ns, m->hello_ns);
	set_span(exit, "cleanup_ns", m->end_ns, clock_now_ns());
	output_json(&m->out, TLV_EXIT, exit);
}

static json_int_t timeval_ns(const struct timeval *a, const struct timeval *b)
{
	return (json_int_t)((uint64_t)(a->tv_sec + b->tv_sec) * NSEC_PER_SEC +
			    (uint64_t)(a->tv_usec + b->tv_usec) * NSEC_PER_USEC);
}

static void send_usage(struct machine *m)
{
	struct rusage self, child;
	const struct sink *p = m->ports;
	const struct tlv_stats *s = tlv_reader_stats(m->bulk);

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &child);
	output_json(
		&m->out, TLV_USAGE,
		json_pack(
			"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:i, "
			"s:I}",
			"wall_ns", (json_int_t)(clock_now_ns() - m->start_ns), "user_ns",
			timeval_ns(&self.ru_utime, &child.ru_utime), "sys_ns",
			timeval_ns(&self.ru_stime, &child.ru_stime), "max_rss_kb",
			(json_int_t)(self.ru_maxrss + child.ru_maxrss), "console_bytes",
			(json_int_t)p[PORT_COM1].bytes, "console_dropped_bytes",
			(json_int_t)p[PORT_COM1].dropped, "com2_bytes",
			(json_int_t)p[PORT_COM2].bytes, "com2_dropped_bytes",
			(json_int_t)p[PORT_COM2].dropped, "bulk_bytes",
			(json_int_t)p[PORT_BULK].bytes, "bulk_dropped_bytes",
			(json_int_t)p[PORT_BULK].dropped, "bulk_bad_frames",
			(json_int_t)(s->bad_frames + s->torn_messages), "frozen_ns",
			(json_int_t)m->frozen_ns, "freezes", (int)m->freezes, "doorbells",
			(int)m->bell.rings, "bad_doorbells", (int)m->bell.refused, "watch_hits",
			(json_int_t)m->watch_hits));
}

static uint64_t soonest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Look at the ports when something was written, but not for every byte. */
static void machine_look(struct machine *m)
{
	char ignored[4096];

	while (read(m->inotify_fd, ignored, sizeof(ignored)) > 0)
		m->touched = true;
	if (!m->touched || clock_now_ns() < m->pump_ns)
		return;
	m->touched = machine_pump(m);
	m->pump_ns = m->touched ? 0 : clock_deadline_ns(PUMP_EVERY_NS);
}

/* When the next turn must come, if nothing else happens. */
static uint64_t machine_deadline_ns(const struct machine *m)
{
	uint64_t limit = m->frozen_since_ns ? CLOCK_NEVER : m->limit_ns;

	if (m->more_events)
		return 0;
	limit = soonest(limit, ctl_deadline_ns(&m->ctl));
	return m->touched ? soonest(limit, m->pump_ns) : limit;
}

/* Wait for something to happen, and answer to it. */
static void machine_turn(struct machine *m)
{
	struct pollfd p[3 + ENGINE_POLLFDS_MAX + CTL_POLLFDS_MAX];
	struct engine_event ev;
	size_t n = 0, events = 0;

	p[n++] = (struct pollfd){.fd = m->signal_fd, .events = POLLIN};
	/* With no events asked for, poll still tells of a reader that has gone. */
	p[n++] = (struct pollfd){.fd = m->out.closed ? -1 : m->out.fd,
				 .events = output_pending(&m->out) ? POLLOUT : 0};
	p[n++] = (struct pollfd){.fd = m->touched ? -1 : m->inotify_fd, .events = POLLIN};
	n += m->o->engine->pollfds(m->engine, p + n);
	n += ctl_pollfds(&m->ctl, p + n);
	if (poll(p, (nfds_t)n, clock_poll_ms(machine_deadline_ns(m))) < 0)
		return;

	machine_signal(m);
	machine_look(m);
	while (events < EVENTS_AT_ONCE && m->o->engine->next_event(m->engine, &ev)) {
		machine_engine_event(m, &ev);
		events++;
	}
	machine_hits_tell(m);
	m->more_events = events == EVENTS_AT_ONCE;
	ctl_serve(&m->ctl);
	output_flush(&m->out);
	if (p[1].revents & (POLLERR | POLLNVAL) && !m->out.closed) {
		m->out.closed = true;
		m->out.error = EPIPE;
	}
	if (m->out.closed)
		machine_stop(m, END_CLOSED, "nobody reads the frames");
	machine_limit(m);
}

/* Let the reader take what is left; who signals us gets no more than DRAIN_NS of that. */
static void machine_drain(struct machine *m)
{
	uint64_t deadline = m->end_signal ? clock_deadline_ns(DRAIN_NS) : CLOCK_NEVER;

	while (output_pending(&m->out) && clock_now_ns() < deadline) {
		struct pollfd p[] = {{.fd = m->signal_fd, .events = POLLIN},
				     {.fd = m->out.fd, .events = POLLOUT}};

		poll(p, 2, clock_poll_ms(deadline));
		machine_signal(m);
		if (m->end_signal && deadline == CLOCK_NEVER)
			deadline = clock_deadline_ns(DRAIN_NS);
		output_flush(&m->out);
	}
}

static int machine_status(const struct machine *m, struct err *e)
{
	if (m->out.closed && m->out.error && m->out.error != EPIPE) {
		errno = m->out.error;
		err_sys(e, "cannot write the frames");
		return TOOL_USAGE;
	}
	if (m->end == END_SIGNAL || m->end_signal)
		return TOOL_SIGNAL_BASE + m->end_signal;
	if (m->end == END_CLOSED)
		return TOOL_SIGNAL_BASE + SIGPIPE;
	if (m->end == END_POWEROFF)
		return TOOL_PASS;
	err_set(e, 0, "%s", m->end_detail);
	return m->end == END_TIMEOUT ? TOOL_FAIL : TOOL_MACHINE;
}

/* All that is left to do once the engine runs: the guest's bytes are read after this. */
static const char *const needed_calls[] = {
	"accept4",  "fallocate", "getrusage", "kill",	  "openat",  "ptrace",
	"recvfrom", "recvmsg",	 "rmdir",     "pwrite64", "sendmsg", "sendto",
	"unlink",   "unlinkat",	 "wait4",     "waitid",	  NULL,
};

/* Start the engine; what goes wrong is told in the stream too, for who sees only that. */
static int machine_start(struct machine *m, struct err *e)
{
	const struct machine_options *o = m->o;
	const struct engine_config config = {
		.topology = &o->topology,
		.ram = &m->ram,
		.kernel_fd = o->kernel_fd,
		.initrd_fd = o->initrd_fd,
		.cmdline = o->cmdline,
		.com1_fd = m->ports[PORT_COM1].fd,
		.com2_fd = m->ports[PORT_COM2].fd,
		.bulk_fd = m->ports[PORT_BULK].fd,
		.multi_threaded = o->multi_threaded,
		.qemu = o->qemu,
	};
	const char *warning;

	m->start_ns = clock_now_ns();
	m->limit_ns = clock_deadline_ns(o->boot_timeout_ns ? o->boot_timeout_ns
					: o->timeout_ns	   ? o->timeout_ns
							   : CLOCK_NEVER);
	if (o->engine->start(&config, &m->engine, e))
		return -1;
	send_hello(m);
	warning = o->engine->warning(m->engine);
	if (warning)
		o->warn(warning);
	if (sandbox_enter(needed_calls, e))
		return -1;
	return o->engine->resume(m->engine, e);
}

int machine_run(const struct machine_options *options, struct err *e)
{
	struct machine m;
	int status = TOOL_USAGE;

	*e = (struct err){0};
	if (machine_init(&m, options, e))
		goto out;
	if (machine_start(&m, e)) {
		machine_end(&m, END_ENGINE_FAILED, "%s", e->text);
		send_exit(&m);
		machine_drain(&m);
		goto out;
	}
	while (!m.engine_gone)
		machine_turn(&m);
	while (machine_pump(&m))
		;
	tlv_reader_end(m.bulk);
	bulk_messages(&m);
	send_exit(&m);
	send_usage(&m);
	machine_drain(&m);
	status = machine_status(&m, e);
out:
	machine_deinit(&m);
	return status;
}
