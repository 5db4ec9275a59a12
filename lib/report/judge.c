/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "report/expect.h"
#include "sandbox/sandbox.h"

/*
 * Between the two: blobs, a length of 32 bits and as many bytes, in turn
 *   child   error text ("": none), test, status, number of programs, each program, result so far
 *   parent  the struct expect of each program
 *   child   status, result        (only if there were programs)
 *   parent  paths of result and stream
 *   child   form
 * The child is believed no more than the guest that it read.
 */

static int blob_send(int fd, const void *data, size_t len, struct err *e)
{
	uint32_t n = (uint32_t)len;

	if (len > JUDGE_BLOB_MAX)
		return err_set(e, E2BIG, "a text of %zu bytes is too long", len);
	return io_write_all(fd, &n, sizeof(n), "judge", e) ||
			       io_write_all(fd, data, len, "judge", e)
		       ? -1
		       : 0;
}

static int blob_receive(int fd, struct buf *ret, struct err *e)
{
	_cleanup_free_ char *data = NULL;
	uint32_t n;

	if (io_read_upto(fd, &n, sizeof(n)) != sizeof(n) || n > JUDGE_BLOB_MAX)
		return err_set(e, EPROTO, "no answer");
	data = malloc(n + 1);
	if (!data || io_read_upto(fd, data, n) != (ssize_t)n)
		return err_set(e, EPROTO, "half an answer");
	buf_deinit(ret);
	return buf_add(ret, data, n) ? err_set(e, ENOMEM, "out of memory") : 0;
}

static int text_send(int fd, const char *text, struct err *e)
{
	return blob_send(fd, text ? text : "", text ? strlen(text) : 0, e);
}

static int number_send(int fd, uint32_t v, struct err *e)
{
	return blob_send(fd, &v, sizeof(v), e);
}

/* A number of at most @max. */
static int number_receive(int fd, uint32_t max, uint32_t *ret, struct err *e)
{
	_cleanup_buf_ struct buf b = {0};

	if (blob_receive(fd, &b, e))
		return -1;
	if (b.len != sizeof(*ret))
		return err_set(e, EPROTO, "a strange answer");
	memcpy(ret, b.data, sizeof(*ret));
	return *ret <= max ? 0 : err_set(e, EPROTO, "a strange answer");
}

/* ---- child ---- */

#define CHILD_STREAM STDIN_FILENO
#define CHILD_CTL STDOUT_FILENO

static int child_send_result(const struct result *r, struct err *e)
{
	_cleanup_buf_ struct buf json = {0};

	if (render_json(r, &json))
		return err_set(e, ENOMEM, "out of memory for the result");
	return blob_send(CHILD_CTL, buf_text(&json), json.len, e);
}

static size_t programs_to_ask(const struct result *r, const struct judge_options *o)
{
	enum status s = r->verdict.status;

	if (o->no_expect || s == STATUS_MACHINE || s == STATUS_SKIP)
		return 0;
	return json_array_size(r->run->plan.expects);
}

static int child_ask(const struct result *so_far, size_t n, struct expect *ret, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (text_send(CHILD_CTL,
			      json_string_value(json_array_get(so_far->run->plan.expects, i)), e))
			return -1;
	if (child_send_result(so_far, e))
		return -1;
	if (io_read_upto(CHILD_CTL, ret, n * sizeof(*ret)) != (ssize_t)(n * sizeof(*ret)))
		return err_set(e, EPIPE, "the caller is gone");
	return 0;
}

static int child_judge(const struct run *run, const struct judge_options *o, struct result *ret,
		       struct err *e)
{
	static struct expect expects[RUN_EXPECTS_MAX];
	size_t n;

	if (result_init(ret, run, o->no_expect ? EXPECT_IGNORE : EXPECT_LATER, NULL))
		return err_set(e, ENOMEM, "out of memory for the result");
	n = programs_to_ask(ret, o);
	if (text_send(CHILD_CTL, run->plan.test, e) ||
	    number_send(CHILD_CTL, ret->verdict.status, e) ||
	    number_send(CHILD_CTL, (uint32_t)n, e))
		return -1;
	if (n == 0)
		return child_send_result(ret, e);
	if (child_ask(ret, n, expects, e))
		return -1;
	result_deinit(ret);
	if (result_init(ret, run, EXPECT_JUDGE, expects))
		return err_set(e, ENOMEM, "out of memory for the result");
	return number_send(CHILD_CTL, ret->verdict.status, e) || child_send_result(ret, e) ? -1 : 0;
}

static int child_form(struct result *r, const struct judge_options *o, struct err *e)
{
	_cleanup_buf_ struct buf json_path = {0}, stream_path = {0}, out = {0};

	if (blob_receive(CHILD_CTL, &json_path, e) || blob_receive(CHILD_CTL, &stream_path, e))
		return -1;
	r->colour = o->colour;
	r->json_path = json_path.len ? buf_text(&json_path) : NULL;
	r->stream_path = stream_path.len ? buf_text(&stream_path) : NULL;
	if (o->render(r, &out))
		return err_set(e, ENOMEM, "out of memory for the report");
	return blob_send(CHILD_CTL, buf_text(&out), out.len, e);
}

/* All that it has is the two descriptors, memory and a clock. */
static int child_shut_in(int stream, int ctl, struct err *e)
{
	static const char *const no_more[] = {NULL};

	/* Both are above 2: the caller has its standard descriptors. */
	if (dup2(stream, CHILD_STREAM) < 0 || dup2(ctl, CHILD_CTL) < 0 || close_range(3, ~0u, 0))
		return err_sys(e, "cannot put descriptors in place");
	/* jansson would open a file for its seed at the first object. */
	json_object_seed(0);
	return sandbox_enter(no_more, e);
}

static void child_run(int stream, int ctl, const struct judge_options *o)
{
	struct run *run = run_create();
	struct result result;
	struct err e;
	int failed;

	signal(SIGPIPE, SIG_IGN);
	failed = child_shut_in(stream, ctl, &e);
	if (!failed && !run)
		failed = err_set(&e, ENOMEM, "out of memory for the run");
	if (!failed)
		failed = run_read(run, CHILD_STREAM, "stream", &e);
	if (text_send(CHILD_CTL, failed ? e.text : "", &e) || failed)
		_exit(1);
	_exit(child_judge(run, o, &result, &e) || child_form(&result, o, &e) ? 1 : 0);
}

/* ---- parent ---- */

int judge_start(struct judge *ret, const struct judge_options *o, struct err *e)
{
	_cleanup_close_ int in = -1, out = -1, ours = -1, theirs = -1;
	int fds[2];
	pid_t pid;

	*ret = (struct judge){.stream = -1, .ctl = -1};
	if (pipe2(fds, O_CLOEXEC))
		return err_sys(e, "cannot make a pipe");
	in = fds[0];
	out = fds[1];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return err_sys(e, "cannot make a socket");
	ours = fds[0];
	theirs = fds[1];
	pid = fork();
	if (pid < 0)
		return err_sys(e, "cannot fork");
	if (pid == 0)
		child_run(in, theirs, o);
	*ret = (struct judge){.pid = pid, .stream = steal_fd(&out), .ctl = steal_fd(&ours)};
	return 0;
}

static void stream_close(struct judge *j)
{
	if (j->stream >= 0)
		close(steal_fd(&j->stream));
}

void judge_feed(struct judge *j, const void *data, size_t len)
{
	struct err e;

	if (j->stream >= 0 && io_write_all(j->stream, data, len, "judge", &e))
		stream_close(j);
}

/* Let the child end, by force if it does not by itself; its wait status. */
static int child_reap(struct judge *j, bool force)
{
	int status = 0;

	stream_close(j);
	if (j->ctl >= 0)
		close(steal_fd(&j->ctl));
	if (!j->pid)
		return 0;
	if (force)
		kill(j->pid, SIGKILL);
	while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
		;
	j->pid = 0;
	return status;
}

/* The child does not answer as it should: @e says in what, how it ended says more. */
static int child_lost(struct judge *j, struct err *e)
{
	int status = child_reap(j, false);

	if (WIFSIGNALED(status))
		return err_set(e, EPROTO, "the process that reads the frames died of signal %d%s",
			       WTERMSIG(status),
			       WTERMSIG(status) == SIGSYS ? ", by its system call filter" : "");
	return err_prefix(e, "the process that reads the frames");
}

static int test_receive(int fd, char ret[RUN_NAME_MAX + 1], struct err *e)
{
	_cleanup_buf_ struct buf b = {0};

	if (blob_receive(fd, &b, e))
		return -1;
	if (!run_is_test_name(buf_text(&b)) || strlen(buf_text(&b)) != b.len)
		return err_set(e, EPROTO, "a strange answer");
	memcpy(ret, b.data, b.len + 1);
	return 0;
}

static int expects_answer(int fd, const struct buf *programs, size_t n, const struct buf *json,
			  struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct expect x;

		if (expect_ask("jq", buf_text(&programs[i]), buf_text(json), json->len, &x, e))
			return -1;
		if (io_write_all(fd, &x, sizeof(x), "judge", e))
			return -1;
	}
	return 0;
}

/* The programs, the result that they are asked of, and the verdict that comes of it. */
static int expects_exchange(int fd, size_t n, struct judged *ret, struct err *e)
{
	struct buf *programs = calloc(n, sizeof(*programs));
	uint32_t status = STATUS_MACHINE;
	int failed = programs ? 0 : err_set(e, ENOMEM, "out of memory");

	for (size_t i = 0; i < n && !failed; i++)
		failed = blob_receive(fd, &programs[i], e);
	if (!failed)
		failed = blob_receive(fd, &ret->json, e) ||
			 expects_answer(fd, programs, n, &ret->json, e) ||
			 number_receive(fd, STATUSES - 1, &status, e);
	for (size_t i = 0; programs && i < n; i++)
		buf_deinit(&programs[i]);
	free(programs);
	ret->status = status;
	return failed ? -1 : 0;
}

static int result_receive(int fd, struct judged *ret, struct err *e)
{
	_cleanup_buf_ struct buf error = {0};
	uint32_t status, n;

	if (blob_receive(fd, &error, e))
		return -1;
	if (error.len)
		return err_set(e, EPROTO, "%s", buf_text(&error));
	if (test_receive(fd, ret->test, e) || number_receive(fd, STATUSES - 1, &status, e) ||
	    number_receive(fd, RUN_EXPECTS_MAX, &n, e))
		return -1;
	ret->status = status;
	if (n && expects_exchange(fd, n, ret, e))
		return -1;
	return blob_receive(fd, &ret->json, e);
}

int judge_result(struct judge *j, struct judged *ret, struct err *e)
{
	*ret = (struct judged){.status = STATUS_MACHINE, .test = RUN_UNNAMED};
	stream_close(j);
	return result_receive(j->ctl, ret, e) ? child_lost(j, e) : 0;
}

void judged_deinit(struct judged *r)
{
	buf_deinit(&r->json);
}

int judge_form(struct judge *j, const char *json_path, const char *stream_path, struct buf *ret,
	       struct err *e)
{
	if (text_send(j->ctl, json_path, e) || text_send(j->ctl, stream_path, e) ||
	    blob_receive(j->ctl, ret, e))
		return child_lost(j, e);
	return 0;
}

void judge_destroy(struct judge *j)
{
	child_reap(j, true);
}
