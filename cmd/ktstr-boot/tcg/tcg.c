/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tcg engine: QEMU as the CPU. Guest RAM is our memory files, the ports write into our sinks,
 * and QMP drives it over a socket pair, so nothing of it is in any file system.
 *
 * All vCPUs run on one thread with instruction counting unless asked otherwise: guest time is then
 * a function of the instructions executed, idle time is skipped, and it is the dependable mode:
 * QEMU before 10.0 loses about one boot in twenty with a thread a vCPU.
 *
 * The machine stands still in one of three ways. It is held: the vCPU threads are stopped from
 * outside (trace.h), of which on one thread neither guest nor QEMU know. QEMU has stopped it, on
 * command: that takes each vCPU to the end of its present block of instructions. Or the guest
 * stands at its doorbell.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../engine.h"
#include "base/clock.h"
#include "base/io.h"
#include "gate.h"
#include "hostmap.h"
#include "qmp.h"
#include "registers.h"
#include "trace.h"

#define ANSWER_NS (10 * NSEC_PER_SEC)
#define START_NS (60 * NSEC_PER_SEC)
#define SETTLE_NS (20 * NSEC_PER_MSEC)
#define SETTLE_TURN_NS (20 * (long)NSEC_PER_USEC)
#define COMPLAINT_MAX 2048
#define ARGS_MAX 512
#define PANICKED "GUEST_PANICKED"
#define MULTI_THREADED_SINCE 10 /* QEMU's first dependable major version in that mode */

static_assert(ENGINE_WATCHES == TRACE_SLOTS, "a watch is a debug register");

struct tcg {
	struct engine engine;
	pid_t pid; /* 0: none, or reaped */
	int pidfd;
	int err_fd; /* QEMU's stderr, read end */
	bool died_told;
	struct qmp qmp;
	json_t *threads; /* ids of the vCPUs' */

	/*
	 * The doorbell. On one thread: the guest rings at the first gate and stands there; once let
	 * go it comes to the second, where the first is closed again behind it.
	 */
	struct gate ring, leave;
	bool rang;     /* it stands at the first, which is not told yet */
	bool at_bell;  /* it stands there, or (a thread a vCPU) is stopped by its ring */
	bool panicked; /* a thread a vCPU: the guest rang, and is about to be stopped */

	struct trace trace;
	const struct ram *ram;
	bool stop_sent; /* QEMU will carry out a "stop" when the vCPUs go on */
	bool stopped;	/* QEMU has stopped the machine, or has not begun it */
	char bell_error[ERR_TEXT_MAX];
	char *version;
	bool multi_threaded;
	struct buf complaint;
};

/* ---- QEMU's command line ---- */

struct args {
	char *v[ARGS_MAX + 1];
	size_t n;
	bool failed; /* out of memory or too many */
};

static void arg_add(struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void arg_add(struct args *a, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (!text || a->n == ARGS_MAX) {
		free(text);
		a->failed = true;
		return;
	}
	a->v[a->n++] = text;
}

static void args_deinit(struct args *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
}

#define arg_option(a, option, ...)        \
	do {                              \
		arg_add(a, "%s", option); \
		arg_add(a, __VA_ARGS__);  \
	} while (0)

/* Sockets are nodes, dies are last-level caches: with Intel's leaf 4 QEMU gives each die its L3. */
static void args_topology(struct args *a, const struct engine_config *c)
{
	const struct topology *t = c->topology;
	unsigned int per_node = topology_node_cpus(t);

	arg_option(a, "-smp", "%u,sockets=%u,dies=%u,cores=%u,threads=%u", topology_cpus(t),
		   t->nodes, t->llcs / t->nodes, t->cores, t->threads);
	for (unsigned int n = 0; n < t->nodes; n++) {
		arg_option(
			a, "-object",
			"memory-backend-file,id=ram%u,mem-path=/proc/self/fd/%d,share=on,size=%llu",
			n, c->ram->fds[n], (unsigned long long)c->ram->sizes[n]);
		if (t->nodes == 1)
			break;
		arg_option(a, "-numa", "node,nodeid=%u,memdev=ram%u,cpus=%u-%u", n, n, n * per_node,
			   (n + 1) * per_node - 1);
	}
	for (unsigned int i = 0; i < t->nodes; i++)
		for (unsigned int j = i + 1; j < t->nodes; j++)
			arg_option(a, "-numa", "dist,src=%u,dst=%u,val=20", i, j);
}

static void args_port(struct args *a, const char *id, int fd)
{
	arg_option(a, "-chardev", "file,id=%s,path=/proc/self/fd/%d", id, fd);
}

static void args_gate(struct args *a, const char *id, const struct gate *g, int port)
{
	arg_option(a, "-chardev", "file,id=%s,path=/proc/self/fd/%d,logfile=/proc/self/fd/%d", id,
		   gate_chardev_fd(g), gate_log_fd(g));
	arg_option(a, "-device", "isa-debugcon,chardev=%s,iobase=%d", id, port);
}

/*
 * With a thread a vCPU a gate would hold one vCPU only. There the write of the "panicked" bit stops
 * the machine; with no event offered, a guest that has a driver for the device does not ring when
 * it panics.
 */
static void args_doorbell(struct args *a, const struct engine_config *c, const struct tcg *t)
{
	if (c->multi_threaded) {
		arg_option(a, "-device", "pvpanic,ioport=%d,events=0", ENGINE_DOORBELL_PORT);
		arg_option(a, "-action", "panic=pause");
		return;
	}
	args_gate(a, "ring", &t->ring, ENGINE_DOORBELL_PORT);
	args_gate(a, "leave", &t->leave, ENGINE_DOORBELL_PORT + 1);
}

static void args_build(struct args *a, const struct engine_config *c, const struct tcg *t,
		       int qmp_fd)
{
	unsigned long long mib = 0;

	for (unsigned int n = 0; n < c->ram->nodes; n++)
		mib += c->ram->sizes[n] >> 20;
	arg_add(a, "%s", c->qemu);
	arg_add(a, "-nodefaults");
	arg_add(a, "-no-user-config");
	arg_add(a, "-no-reboot");
	arg_add(a, "-S");
	arg_option(a, "-name", "ktstr");
	arg_option(a, "-display", "none");
	arg_option(a, "-machine", "q35%s", c->topology->nodes == 1 ? ",memory-backend=ram0" : "");
	arg_option(a, "-accel", "tcg,thread=%s", c->multi_threaded ? "multi" : "single");
	if (!c->multi_threaded)
		arg_option(a, "-icount", "shift=0,sleep=off");
	arg_option(a, "-rtc", "base=2024-01-01T00:00:00%s", c->multi_threaded ? "" : ",clock=vm");
	/*
	 * A kernel that sees a hypervisor takes unfair spinlocks. A vCPU that waits for one looks
	 * at it once a turn and gives the turn away (PAUSE), so beside a CPU that takes the lock
	 * again and again it can miss it for most of a second.
	 *
	 * A CPUID leaf out of range reads as the highest basic one. With several dies that is 0x1f,
	 * on which QEMU 10 aborts for the large ecx that SeaBIOS has there: so 0x20 is the highest.
	 */
	arg_option(a, "-cpu", "max,vendor=GenuineIntel,-rdrand,-rdseed,-hypervisor,level=0x20");
	arg_option(a, "-m", "%lluM", mib);
	args_topology(a, c);
	arg_option(a, "-kernel", "/proc/self/fd/%d", c->kernel_fd);
	arg_option(a, "-initrd", "/proc/self/fd/%d", c->initrd_fd);
	arg_option(a, "-append", "%s", c->cmdline);
	args_port(a, "com1", c->com1_fd);
	arg_option(a, "-serial", "chardev:com1");
	args_port(a, "com2", c->com2_fd);
	arg_option(a, "-serial", "chardev:com2");
	/* Else another thread handles a kick, and its interrupt comes when the host likes. */
	arg_option(a, "-device", "virtio-serial-pci,ioeventfd=off");
	args_port(a, "bulk", c->bulk_fd);
	arg_option(a, "-device", "virtserialport,chardev=bulk,name=ktstr.bulk");
	args_doorbell(a, c, t);
	arg_option(a, "-chardev", "socket,id=qmp,fd=%d", qmp_fd);
	arg_option(a, "-mon", "chardev=qmp,mode=control");
	arg_option(a, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny");
}

/* ---- the process ---- */

static void keep_over_exec(int fd)
{
	fcntl(fd, F_SETFD, 0);
}

static void keep_gate(const struct gate *g)
{
	keep_over_exec(gate_chardev_fd(g));
	keep_over_exec(gate_log_fd(g));
}

/* In the child: never returns. @status_fd tells the parent why exec failed. */
static void child_run(const struct engine_config *c, const struct tcg *t, char **argv, int qmp_fd,
		      int err_fd, int status_fd, pid_t parent)
{
	sigset_t none;
	int code, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* A QEMU without its ktstr-boot would run for ever. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* A Ctrl-C on the terminal is for ktstr-boot, which then ends QEMU in order. */
	setpgid(0, 0);
	dup2(null, STDIN_FILENO);
	dup2(err_fd, STDOUT_FILENO);
	dup2(err_fd, STDERR_FILENO);
	keep_over_exec(qmp_fd);
	keep_over_exec(c->kernel_fd);
	keep_over_exec(c->initrd_fd);
	keep_over_exec(c->com1_fd);
	keep_over_exec(c->com2_fd);
	keep_over_exec(c->bulk_fd);
	keep_gate(&t->ring);
	keep_gate(&t->leave);
	for (unsigned int n = 0; n < c->ram->nodes; n++)
		keep_over_exec(c->ram->fds[n]);
	execvp(argv[0], argv);
	code = errno;
	if (write(status_fd, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

static int process_start(struct tcg *t, const struct engine_config *c, struct err *e)
{
	_cleanup_(args_deinit) struct args args = {0};
	_cleanup_close_ int qmp_theirs = -1, status_r = -1, status_w = -1, err_w = -1;
	int pair[2], code;
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return err_sys(e, "cannot make the QMP socket");
	qmp_init(&t->qmp, pair[0]);
	if (gate_init(&t->ring, e) || gate_init(&t->leave, e)) {
		close(pair[1]);
		return -1;
	}
	qmp_theirs = pair[1];
	if (pipe2(pair, O_CLOEXEC))
		return err_sys(e, "cannot make a pipe");
	t->err_fd = pair[0];
	err_w = pair[1];
	fcntl(t->err_fd, F_SETFL, O_NONBLOCK);
	if (pipe2(pair, O_CLOEXEC))
		return err_sys(e, "cannot make a pipe");
	status_r = pair[0];
	status_w = pair[1];

	args_build(&args, c, t, qmp_theirs);
	if (args.failed)
		return err_set(e, E2BIG, "too many arguments for QEMU");
	t->pid = fork();
	if (t->pid < 0) {
		t->pid = 0;
		return err_sys(e, "cannot start a process for QEMU");
	}
	if (t->pid == 0)
		child_run(c, t, args.v, qmp_theirs, err_w, status_w, parent);
	t->pidfd = pidfd_open(t->pid, 0);
	close(steal_fd(&status_w));
	if (io_read_upto(status_r, &code, sizeof(code)) == sizeof(code)) {
		errno = code;
		return err_sys(e, "cannot run '%s'", c->qemu);
	}
	if (t->pidfd < 0)
		return err_sys(e, "cannot watch QEMU's process");
	return 0;
}

/* Take what QEMU has said on stderr; only the last part is kept. */
static void complaint_pump(struct tcg *t)
{
	char chunk[1024];
	ssize_t n;

	while ((n = read(t->err_fd, chunk, sizeof(chunk))) > 0) {
		if (buf_add(&t->complaint, chunk, (size_t)n))
			return;
		if (t->complaint.len > COMPLAINT_MAX)
			buf_consume(&t->complaint, t->complaint.len - COMPLAINT_MAX);
	}
}

static const char *tcg_complaint(struct engine *engine)
{
	struct tcg *t = (struct tcg *)engine;

	complaint_pump(t);
	while (t->complaint.len && t->complaint.data[t->complaint.len - 1] == '\n')
		t->complaint.data[--t->complaint.len] = 0;
	return buf_text(&t->complaint);
}

/* QEMU's own words tell more than that it went away. */
static int complain(struct tcg *t, struct err *e)
{
	const char *words;

	/* It says them before it dies, and we may have seen its socket close first. */
	if (t->qmp.closed)
		waitid(P_PIDFD, (id_t)t->pidfd, &(siginfo_t){0}, WEXITED | WNOWAIT);
	words = tcg_complaint(&t->engine);
	return *words ? err_set(e, e->code, "QEMU refused: %s", words) : -1;
}

static void tcg_kill(struct engine *engine)
{
	struct tcg *t = (struct tcg *)engine;

	if (t->pid)
		kill(t->pid, SIGKILL);
}

static void tcg_destroy(struct engine *engine)
{
	struct tcg *t = (struct tcg *)engine;

	if (!t)
		return;
	tcg_kill(engine);
	trace_deinit(&t->trace);
	if (t->pid)
		while (waitpid(t->pid, NULL, 0) < 0 && errno == EINTR)
			;
	if (t->pidfd >= 0)
		close(t->pidfd);
	if (t->err_fd >= 0)
		close(t->err_fd);
	qmp_deinit(&t->qmp);
	gate_deinit(&t->ring);
	gate_deinit(&t->leave);
	json_decref(t->threads);
	buf_deinit(&t->complaint);
	free(t->version);
	free(t);
}

/*
 * See whether the guest has come to a gate. Returns false when it stands at its doorbell, where
 * QEMU answers nothing. A guest that does not keep to the order of the gates rings in vain.
 */
static bool bell_serve(struct tcg *t)
{
	struct err e;

	if (gate_entered(&t->ring) && !t->ring.open) {
		t->rang = t->at_bell = true;
		if (t->leave.open && gate_close(&t->leave, &e))
			snprintf(t->bell_error, sizeof(t->bell_error), "%s", e.text);
	}
	if (gate_entered(&t->leave) && !t->leave.open) {
		if (t->ring.open && gate_close(&t->ring, &e))
			snprintf(t->bell_error, sizeof(t->bell_error), "%s", e.text);
		gate_open(&t->leave);
	}
	return !t->at_bell;
}

/*
 * While QEMU's answer is awaited: false when it may not come, for a vCPU thread stands still and
 * may do so under QEMU's big lock.
 */
static bool wait_serve(void *arg)
{
	struct tcg *t = arg;
	bool at_bell = !bell_serve(t);

	trace_serve(&t->trace);
	return !at_bell && !t->trace.held;
}

/* They stay the same, and at the doorbell QEMU would not tell. */
static int threads_ask(struct tcg *t, struct err *e)
{
	json_t *cpus = NULL, *cpu;
	size_t i;

	t->threads = json_array();
	if (qmp_execute(&t->qmp, "query-cpus-fast", NULL, clock_deadline_ns(ANSWER_NS), &cpus, e))
		return -1;
	json_array_foreach (cpus, i, cpu)
		json_array_append(t->threads, json_object_get(cpu, "thread-id"));
	json_decref(cpus);
	return 0;
}

/* Trace the threads of the vCPUs, each once. */
static void threads_seize(struct tcg *t)
{
	size_t n = 0, max = json_array_size(t->threads), i;
	_cleanup_free_ pid_t *tids = calloc(max + 1, sizeof(*tids));
	json_t *item;

	json_array_foreach (t->threads, i, item) {
		pid_t tid = (pid_t)json_integer_value(item);
		size_t k = 0;

		while (tids && k < n && tids[k] != tid)
			k++;
		if (tids && k == n)
			tids[n++] = tid;
	}
	trace_seize(&t->trace, tids, n);
}

static int tcg_start(const struct engine_config *config, struct engine **ret, struct err *e)
{
	struct tcg *t = calloc(1, sizeof(*t));

	*ret = NULL;
	if (!t)
		return err_set(e, ENOMEM, "out of memory");
	t->engine.ops = &engine_tcg;
	t->pidfd = t->err_fd = t->qmp.fd = t->trace.signal_fd = -1;
	t->ring = t->leave = (struct gate){.seen = {-1, -1}, .block = {-1, -1}};
	t->multi_threaded = config->multi_threaded;
	t->ram = config->ram;
	t->stopped = true;
	if (trace_init(&t->trace, e) || process_start(t, config, e)) {
		tcg_destroy(&t->engine);
		return -1;
	}
	if (qmp_greet(&t->qmp, clock_deadline_ns(START_NS), &t->version, e) || threads_ask(t, e)) {
		complain(t, e);
		tcg_destroy(&t->engine);
		return -1;
	}
	threads_seize(t);
	t->qmp.fds[0] = gate_poll_fd(&t->ring);
	t->qmp.fds[1] = gate_poll_fd(&t->leave);
	t->qmp.fds[2] = t->trace.signal_fd;
	t->qmp.serve = wait_serve;
	t->qmp.arg = t;
	*ret = &t->engine;
	return 0;
}

/* ---- stop and go ---- */

/* Whether the vCPUs stand where QEMU did not stop them. */
static bool caught(const struct tcg *t)
{
	return t->at_bell || t->trace.held;
}

static int run_on(struct tcg *t, struct err *e)
{
	if (qmp_execute(&t->qmp, "cont", NULL, clock_deadline_ns(ANSWER_NS), NULL, e) &&
	    /* It has gone on, as far as its next ring or hit; QEMU tells us later. */
	    !(caught(t) && e->code == EBUSY))
		return -1;
	t->stopped = false;
	return 0;
}

/*
 * Let the vCPUs go on from where they stand, without QEMU's leave. A stop that was asked for
 * meanwhile comes first, or another ring or hit does.
 */
static int go_on(struct tcg *t, struct err *e)
{
	if (t->at_bell)
		gate_open(&t->ring);
	t->at_bell = false;
	trace_go(&t->trace);
	if (t->stop_sent) {
		if (qmp_wait(&t->qmp, "stop", clock_deadline_ns(ANSWER_NS), NULL, e))
			return caught(t) && e->code == EBUSY ? 0 : -1;
		t->stop_sent = false;
		t->stopped = true;
	}
	return t->stopped ? run_on(t, e) : 0;
}

/* Whether the guest stands at its bell and next_event has yet to say so. */
static bool bell_untold(const struct tcg *t)
{
	const char *name;
	json_t *event;
	size_t i;

	json_array_foreach (t->qmp.events, i, event) {
		name = json_string_value(json_object_get(event, "event"));
		if (name && strcmp(name, PANICKED) == 0)
			return true;
	}
	return t->rang || t->panicked;
}

static int tcg_resume(struct engine *engine, struct err *e)
{
	struct tcg *t = (struct tcg *)engine;

	if (bell_untold(t) || trace_untold(&t->trace))
		return 0;
	return go_on(t, e);
}

/* Have QEMU stop the machine, wherever its vCPUs are; at a ring or hit it does so later. */
static int qemu_stop(struct tcg *t, struct err *e)
{
	int status;

	if (t->stopped)
		return 0;
	status = t->stop_sent ? qmp_wait(&t->qmp, "stop", clock_deadline_ns(ANSWER_NS), NULL, e)
			      : qmp_execute(&t->qmp, "stop", NULL, clock_deadline_ns(ANSWER_NS),
					    NULL, e);
	t->stop_sent = status && e->code == EBUSY;
	t->stopped = status == 0;
	return status;
}

static int tcg_pause(struct engine *engine, struct err *e)
{
	struct tcg *t = (struct tcg *)engine;

	if (caught(t) || t->stopped)
		return 0;
	/* With a thread a vCPU guest time goes by the host's clock, which only QEMU can stop. */
	if (!t->multi_threaded && trace_works(&t->trace))
		return trace_stop(&t->trace, e);
	/* The guest was quicker: it stands still all the same. */
	return qemu_stop(t, e) && !(caught(t) && e->code == EBUSY) ? -1 : 0;
}

/* ---- watches ---- */

static int tcg_watch(struct engine *engine, unsigned int slot, uint64_t gpa, unsigned int len,
		     struct err *e)
{
	struct tcg *t = (struct tcg *)engine;
	unsigned int node;
	uint64_t offset, addr;

	if (!trace_works(&t->trace))
		return trace_watch(&t->trace, slot, 0, len, e);
	if (ram_find(t->ram, gpa, len, &node, &offset, e) ||
	    hostmap_find(t->pid, t->ram->fds[node], offset, &addr, e))
		return -1;
	return trace_watch(&t->trace, slot, addr, len, e);
}

static int tcg_unwatch(struct engine *engine, unsigned int slot, struct err *e)
{
	return trace_unwatch(&((struct tcg *)engine)->trace, slot, e);
}

/*
 * A thread a vCPU: the clock of the guest is to stand too. QEMU answers when the vCPUs go on, but
 * stops the clock at once, unless one of them holds its big lock.
 */
static void hit_stop_clock(struct tcg *t)
{
	if (!t->multi_threaded || t->stopped || t->stop_sent)
		return;
	t->stop_sent = qmp_send(&t->qmp, "stop", NULL, &(struct err){0}) == 0;
}

static bool hit_translate(struct tcg *t, struct engine_event *ret)
{
	size_t thread;

	trace_serve(&t->trace);
	if (!trace_hit(&t->trace, &thread, &ret->slots))
		return false;
	hit_stop_clock(t);
	ret->type = ENGINE_WATCH;
	ret->vcpu = t->multi_threaded ? (int)thread : -1;
	return true;
}

static size_t tcg_pollfds(struct engine *engine, struct pollfd ret[ENGINE_POLLFDS_MAX])
{
	struct tcg *t = (struct tcg *)engine;

	/* A closed socket would be ready for ever. */
	ret[0] = (struct pollfd){.fd = t->qmp.closed ? -1 : t->qmp.fd, .events = POLLIN};
	ret[1] = (struct pollfd){.fd = t->died_told ? -1 : t->pidfd, .events = POLLIN};
	ret[2] = (struct pollfd){.fd = gate_poll_fd(&t->ring), .events = POLLIN};
	ret[3] = (struct pollfd){.fd = gate_poll_fd(&t->leave), .events = POLLIN};
	ret[4] = (struct pollfd){.fd = t->trace.signal_fd, .events = POLLIN};
	return 5;
}

static bool event_translate(struct tcg *t, json_t *msg, struct engine_event *ret)
{
	const char *name = "", *reason = "";

	json_unpack(msg, "{s:s, s?:{s?:s}}", "event", &name, "data", "reason", &reason);
	if (strcmp(name, PANICKED) == 0)
		t->panicked = true;
	if (strcmp(name, "STOP") == 0 && t->panicked) {
		/* Only now all vCPUs stand, and only now the machine can be made to go on. */
		t->panicked = false;
		t->at_bell = t->stopped = true;
		ret->type = ENGINE_DOORBELL;
		return true;
	}
	if (strcmp(name, "SHUTDOWN") != 0)
		return false;
	if (strcmp(reason, "guest-shutdown") == 0)
		ret->type = ENGINE_POWEROFF;
	else if (strcmp(reason, "guest-reset") == 0)
		ret->type = ENGINE_RESET;
	else
		return false;
	return true;
}

static bool tcg_next_event(struct engine *engine, struct engine_event *ret)
{
	struct tcg *t = (struct tcg *)engine;
	siginfo_t info = {0};
	json_t *msg;

	*ret = (struct engine_event){0};
	complaint_pump(t);
	qmp_pump(&t->qmp);
	bell_serve(t);
	if (t->rang || *t->bell_error) {
		ret->type = *t->bell_error ? ENGINE_INTERNAL_ERROR : ENGINE_DOORBELL;
		t->rang = false;
		t->bell_error[0] = 0;
		return true;
	}
	if (hit_translate(t, ret))
		return true;
	while ((msg = qmp_event(&t->qmp))) {
		bool known = event_translate(t, msg, ret);

		json_decref(msg);
		if (known)
			return true;
	}
	if (t->died_told || waitid(P_PIDFD, (id_t)t->pidfd, &info, WEXITED | WNOHANG | WNOWAIT) ||
	    info.si_pid == 0)
		return false;
	/* What it said last may have arrived between the look and its death. */
	qmp_pump(&t->qmp);
	msg = qmp_event(&t->qmp);
	if (msg) {
		json_array_insert_new(t->qmp.events, 0, msg);
		return tcg_next_event(engine, ret);
	}
	waitpid(t->pid, &ret->status, 0);
	t->pid = 0;
	t->died_told = true;
	ret->type = ENGINE_DIED;
	return true;
}

/*
 * Wait until QEMU's main thread can do no more before the vCPUs go on: it waits for them to stop,
 * or for the lock that one of them holds. Each instruction that they are let go on too early is
 * one past what is asked for, and that is all that is lost when this gives up.
 */
static void settle_wait(const struct tcg *t)
{
	const struct timespec turn = {.tv_nsec = SETTLE_TURN_NS};
	uint64_t deadline = clock_deadline_ns(SETTLE_NS);
	char path[32], text[16];

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)t->pid);
	while (clock_now_ns() < deadline) {
		_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : io_read_upto(fd, text, sizeof(text) - 1);

		if (n <= 0)
			return;
		text[n] = 0;
		if (*text >= '0' && *text <= '9' && strtol(text, NULL, 10) == SYS_futex)
			return;
		nanosleep(&turn, NULL);
	}
}

/*
 * Where QEMU has not stopped the machine, the registers are in the middle of a block: it has to go
 * on to the end of that. A store that is watched does not hold it on this way, but is told.
 */
static int regs_settle(struct tcg *t, struct err *e)
{
	int status;

	if (t->at_bell && !t->multi_threaded)
		return err_set(e, EBUSY,
			       "this engine shows no registers of a machine at its doorbell");
	if (t->stopped)
		return 0;
	if (!t->stop_sent && qmp_send(&t->qmp, "stop", NULL, e))
		return -1;
	t->stop_sent = t->trace.passing = true;
	if (t->trace.held)
		settle_wait(t);
	trace_go(&t->trace);
	status = qemu_stop(t, e);
	t->trace.passing = false;
	return status;
}

static json_t *tcg_regs(struct engine *engine, unsigned int vcpu, struct err *e)
{
	struct tcg *t = (struct tcg *)engine;
	json_t *text = NULL, *regs;
	json_t *args;

	if (regs_settle(t, e))
		return NULL;
	args = json_pack("{s:s, s:i}", "command-line", "info registers", "cpu-index", (int)vcpu);
	if (qmp_execute(&t->qmp, "human-monitor-command", args, clock_deadline_ns(ANSWER_NS), &text,
			e))
		return NULL;
	regs = registers_parse(json_string_value(text), e);
	json_decref(text);
	return regs;
}

static json_t *tcg_threads(struct engine *engine)
{
	return json_incref(((struct tcg *)engine)->threads);
}

static const char *tcg_version(struct engine *engine)
{
	return ((struct tcg *)engine)->version;
}

static const char *tcg_mode(struct engine *engine)
{
	return ((struct tcg *)engine)->multi_threaded ? "multi" : "icount";
}

static const char *tcg_warning(struct engine *engine)
{
	struct tcg *t = (struct tcg *)engine;

	if (!t->multi_threaded || strtol(t->version, NULL, 10) >= MULTI_THREADED_SINCE)
		return NULL;
	return "a thread a vCPU is not dependable with a QEMU older than 10.0: guests die at random";
}

const struct engine_ops engine_tcg = {
	.name = "tcg",
	.start = tcg_start,
	.resume = tcg_resume,
	.pause = tcg_pause,
	.watch = tcg_watch,
	.unwatch = tcg_unwatch,
	.pollfds = tcg_pollfds,
	.next_event = tcg_next_event,
	.regs = tcg_regs,
	.threads = tcg_threads,
	.version = tcg_version,
	.mode = tcg_mode,
	.warning = tcg_warning,
	.complaint = tcg_complaint,
	.kill = tcg_kill,
	.destroy = tcg_destroy,
};
