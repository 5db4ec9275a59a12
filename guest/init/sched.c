/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/sched.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "init/attach.h"
#include "init/child.h"
#include "init/kmsg.h"

#define SCX "/sys/kernel/sched_ext/"
#define SCHEDULER_DIR "/scheduler/"
#define UNREGISTERED "unregistered from user space"
#define CHUNK_BYTES 65536
#define READ_PAUSE_NS (5 * NSEC_PER_MSEC) /* after a chunk: at most 13 MB/s */

void sched_init(struct sched *s, struct link *l)
{
	*s = (struct sched){.link = l, .out_fd = -1, .attach_fd = -1};
}

/* Read a one-line file into @ret; the empty string when it cannot be read. */
static void line_read(const char *path, char *ret, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : io_read_upto(fd, ret, size - 1);

	ret[n < 0 ? 0 : n] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

/* The kernel's own words for why it took the scheduler off; "" when it has not said. */
static void reason_read(const struct sched *s, char *ret, size_t size)
{
	char prefix[sizeof(s->ops) + 64];

	ret[0] = '\0';
	if (!s->ops[0])
		return;
	snprintf(prefix, sizeof(prefix), "sched_ext: BPF scheduler \"%s\" disabled (", s->ops);
	kmsg_find_last(prefix, ret, size);
	if (*ret && ret[strlen(ret) - 1] == ')')
		ret[strlen(ret) - 1] = '\0';
}

static void state_send(struct sched *s, const char *state, bool expected, const int *status)
{
	uint64_t at = s->down_ns ? s->down_ns : clock_now_ns();
	json_t *o = json_pack("{s:s, s:I, s:b}", "state", state, "at_ns", (json_int_t)at,
			      "expected", expected);
	char reason[128] = "";

	if (!s->up)
		reason_read(s, reason, sizeof(reason));
	if (s->ops[0])
		json_object_set_new(o, "ops", json_string(s->ops));
	if (reason[0])
		json_object_set_new(o, "reason", json_string(reason));
	if (status)
		json_object_set_new(o, "status", json_integer(*status));
	link_send_json(s->link, TLV_SCHED_STATE, o);
}

/* @attach: socket for the filter's descriptor, -1 for no filter. */
static void exec_scheduler(const char *path, char *const argv[], int attach, int out)
{
	int null = open("/dev/null", O_RDONLY);

	child_begin();
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/", 1);
	if (attach >= 0)
		attach_catch(attach);
	if (chdir("/") == 0)
		execv(path, argv);
	dprintf(STDERR_FILENO, "ktstr-init: cannot execute '%s': %s\n", path, strerror(errno));
	_exit(127);
}

int sched_start(struct sched *s, char *const argv[], bool hold, struct err *e)
{
	const char *base = strrchr(argv[0], '/');
	_cleanup_close_ int out = -1, attach = -1, attach_theirs = -1;
	char path[PATH_MAX];
	int fds[2];

	snprintf(path, sizeof(path), SCHEDULER_DIR "%s", base ? base + 1 : argv[0]);
	if (access(SCX "state", F_OK))
		return err_set(e, ENOSYS, "the kernel has no sched_ext");
	if (access(path, X_OK))
		return err_sys(e, "cannot execute '%s'", path);
	if (pipe2(fds, O_CLOEXEC))
		return err_sys(e, "cannot make a pipe");
	s->out_fd = fds[0];
	out = fds[1];
	fcntl(s->out_fd, F_SETFL, O_NONBLOCK);
	if (hold) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
			return err_sys(e, "cannot make a socket");
		attach = fds[0];
		attach_theirs = fds[1];
	}
	s->pid = fork();
	if (s->pid < 0) {
		s->pid = 0;
		return err_sys(e, "cannot fork");
	}
	if (s->pid == 0)
		exec_scheduler(path, argv, attach_theirs, out);
	s->needed = true;
	if (hold) {
		close(steal_fd(&attach_theirs)); /* or its end would not be seen */
		s->attach_fd = attach_receive(attach);
		if (s->attach_fd < 0)
			link_trouble(s->link, TROUBLE_NOTE,
				     "the scheduler cannot be held when it attaches");
	}
	return 0;
}

void sched_attaches(struct sched *s, struct doorbell *d, bool last)
{
	unsigned long long id;
	bool struct_ops;

	/* Not before: without us there, each call of this kind fails. */
	if (last) {
		close(s->attach_fd);
		s->attach_fd = -1;
		return;
	}
	if (!attach_take(s->attach_fd, &id, &struct_ops))
		return;
	if (struct_ops)
		doorbell_ring(d, "scheduler-attaching", "");
	attach_go_on(s->attach_fd, id);
}

/* The kernel has finished taking it off. */
static void sched_gone(struct sched *s)
{
	char reason[128];

	s->going = false;
	reason_read(s, reason, sizeof(reason));
	if (s->needed && strcmp(reason, UNREGISTERED) != 0)
		state_send(s, "ejected", false, NULL);
}

void sched_check(struct sched *s)
{
	char state[32], ops[sizeof(s->ops)];
	bool enabled;

	line_read(SCX "state", state, sizeof(state));
	line_read(SCX "root/ops", ops, sizeof(ops));
	enabled = strcmp(state, "enabled") == 0;
	if (!s->up && !s->lost && s->pid && enabled && ops[0]) {
		s->up = true;
		snprintf(s->ops, sizeof(s->ops), "%s", ops);
		state_send(s, "up", true, NULL);
	} else if (s->up && (!enabled || strcmp(ops, s->ops) != 0)) {
		s->up = false;
		s->going = true;
		s->down_ns = clock_now_ns();
		s->lost = s->needed;
	}
	if (s->going && (enabled || strcmp(state, "disabled") == 0))
		sched_gone(s);
}

void sched_read_output(struct sched *s)
{
	char chunk[CHUNK_BYTES];
	ssize_t n = s->out_fd < 0 ? 0 : read(s->out_fd, chunk, sizeof(chunk));

	if (n < 0)
		return; /* nothing there */
	if (n == 0) {
		if (s->out_fd >= 0)
			close(s->out_fd);
		s->out_fd = -1;
		return;
	}
	s->read_again_ns = clock_deadline_ns(READ_PAUSE_NS);
	if (s->sent + (size_t)n > SCHED_OUTPUT_MAX) {
		s->dropped += (size_t)n;
		return;
	}
	s->sent += (size_t)n;
	link_send(s->link, TLV_SCHED_OUTPUT, chunk, (size_t)n);
}

void sched_reaped(struct sched *s, int status)
{
	s->pid = 0;
	s->up = s->going = false;
	s->status = status;
	if (s->needed)
		s->lost = true;
	state_send(s, s->needed ? "exited" : "stopped", !s->needed, &status);
}

static void signal_group(struct sched *s, int sig)
{
	if (s->pid)
		kill(-s->pid, sig);
}

void sched_ask_to_end(struct sched *s)
{
	s->needed = false;
	signal_group(s, SIGINT);
}

void sched_kill(struct sched *s)
{
	signal_group(s, SIGKILL);
}

void sched_finish(struct sched *s)
{
	/* The pipe holds at most 64 KiB (or 1 MiB, if they enlarged it). */
	for (int i = 0; s->out_fd >= 0 && i < 32; i++)
		sched_read_output(s);
	if (s->out_fd >= 0)
		close(s->out_fd);
	s->out_fd = -1;
	if (s->dropped)
		link_trouble(s->link, TROUBLE_NOTE, "%" PRIu64 " bytes of scheduler output dropped",
			     s->dropped);
}
