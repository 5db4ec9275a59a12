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
 *   child   error text ("": none), test, status, number of programs
 *   child   each program, result so far, the same with reports   (only if there are programs)
 *   parent  the struct expect of each program                    (likewise)
 *   child   status                                               (likewise)
 *   child   result, each file (if there are to be files)
 *   parent  path of each file
 *   child   form
 * What may be long, the result with reports and the files, comes in pieces: blobs up to an empty
 * one.
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

static const char *program_of(const struct result *r, size_t i)
{
	return json_string_value(json_array_get(r->run->plan.expects, i));
}

static size_t programs_to_ask(const struct result *r, const struct judge_options *o)
{
	enum status s = r->verdict.status;

	if (o->no_expect || s == STATUS_MACHINE || s == STATUS_SKIP)
		return 0;
	return json_array_size(r->run->plan.expects);
}

static int child_piece(void *ctx, const void *data, size_t len)
{
	return len ? blob_send(CHILD_CTL, data, len, ctx) : 0;
}

/* The result with its reports, nothing if no program can see them. */
static int child_send_whole(const struct result *r, size_t n, struct err *e)
{
	bool wanted = false;

	for (size_t i = 0; i < n; i++)
		wanted |= expect_wants_reports(program_of(r, i));
	err_set(e, ENOMEM, "out of memory for the result");
	if (wanted && render_json_whole(r, child_piece, e))
		return -1;
	return blob_send(CHILD_CTL, "", 0, e);
}

static int child_send_files(const struct result *r, struct err *e)
{
	for (unsigned int i = KEPT_SNAPSHOTS; r->keep && i < KEPTS; i++) {
		err_set(e, ENOMEM, "out of memory for a file");
		if (result_file(r, (enum kept)i, child_piece, e) || blob_send(CHILD_CTL, "", 0, e))
			return -1;
	}
	return 0;
}

static int child_ask(const struct result *so_far, size_t n, struct expect *ret, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (text_send(CHILD_CTL, program_of(so_far, i), e))
			return -1;
	if (child_send_result(so_far, e) || child_send_whole(so_far, n, e))
		return -1;
	if (io_read_upto(CHILD_CTL, ret, n * sizeof(*ret)) != (ssize_t)(n * sizeof(*ret)))
		return err_set(e, EPIPE, "the caller is gone");
	return 0;
}

static int child_result(const struct run *run, const struct judge_options *o, enum expect_mode mode,
			const struct expect *expects, struct result *ret, struct err *e)
{
	if (result_init(ret, run, mode, expects))
		return err_set(e, ENOMEM, "out of memory for the result");
	ret->keep = o->keep;
	return 0;
}

static int child_judge(const struct run *run, const struct judge_options *o, struct result *ret,
		       struct err *e)
{
	static struct expect expects[RUN_EXPECTS_MAX];
	size_t n;

	if (child_result(run, o, o->no_expect ? EXPECT_IGNORE : EXPECT_LATER, NULL, ret, e))
		return -1;
	n = programs_to_ask(ret, o);
	if (text_send(CHILD_CTL, run->plan.test, e) ||
	    number_send(CHILD_CTL, ret->verdict.status, e) ||
	    number_send(CHILD_CTL, (uint32_t)n, e))
		return -1;
	if (n) {
		if (child_ask(ret, n, expects, e))
			return -1;
		result_deinit(ret);
		if (child_result(run, o, EXPECT_JUDGE, expects, ret, e) ||
		    number_send(CHILD_CTL, ret->verdict.status, e))
			return -1;
	}
	return child_send_result(ret, e) || child_send_files(ret, e) ? -1 : 0;
}

static int child_form(struct result *r, const struct judge_options *o, struct err *e)
{
	static struct buf paths[KEPTS];
	_cleanup_buf_ struct buf out = {0};

	for (unsigned int i = 0; i < KEPTS; i++) {
		if (blob_receive(CHILD_CTL, &paths[i], e))
			return -1;
		r->paths[i] = paths[i].len ? buf_text(&paths[i]) : NULL;
	}
	r->colour = o->colour;
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
	*ret = (struct judge){.pid = pid,
			      .stream = steal_fd(&out),
			      .ctl = steal_fd(&ours),
			      .library = o->library};
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

/* Pieces up to the empty one. */
static int pieces_receive(int fd, piece_fn take, void *ctx, struct err *e)
{
	for (size_t left = JUDGE_PIECES_MAX;;) {
		_cleanup_buf_ struct buf piece = {0};

		if (blob_receive(fd, &piece, e))
			return -1;
		if (!piece.len)
			return 0;
		if (piece.len > left)
			return err_set(e, EPROTO, "an answer without end");
		left -= piece.len;
		if (take(ctx, piece.data, piece.len))
			return -1;
	}
}

struct inputs {
	int plain, whole; /* the result; with reports */
	bool has_whole;
	struct err error;
};

static int whole_take(void *ctx, const void *data, size_t len)
{
	struct inputs *in = ctx;

	in->has_whole = true;
	return io_write_all(in->whole, data, len, "input for jq", &in->error);
}

static int inputs_receive(int fd, struct inputs *in, struct judged *ret, struct err *e)
{
	in->error.code = 0;
	in->plain = expect_input(e);
	if (in->plain < 0 || blob_receive(fd, &ret->json, e) ||
	    io_write_all(in->plain, buf_text(&ret->json), ret->json.len, "input for jq", e))
		return -1;
	in->whole = expect_input(e);
	if (in->whole < 0)
		return -1;
	if (pieces_receive(fd, whole_take, in, e)) {
		if (in->error.code)
			*e = in->error;
		return -1;
	}
	return 0;
}

static int expects_answer(int fd, const char *library, const struct buf *programs, size_t n,
			  const struct inputs *in, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const char *program = buf_text(&programs[i]);
		bool whole = in->has_whole && expect_wants_reports(program);
		struct expect x;

		if (expect_ask("jq", library, program, whole ? in->whole : in->plain, &x, e))
			return -1;
		if (io_write_all(fd, &x, sizeof(x), "judge", e))
			return -1;
	}
	return 0;
}

/* The programs, the result that they are asked of, and the verdict that comes of it. */
static int expects_exchange(int fd, const char *library, size_t n, struct judged *ret,
			    struct err *e)
{
	struct buf *programs = calloc(n, sizeof(*programs));
	struct inputs in = {.plain = -1, .whole = -1};
	uint32_t status = STATUS_MACHINE;
	int failed = programs ? 0 : err_set(e, ENOMEM, "out of memory");

	for (size_t i = 0; i < n && !failed; i++)
		failed = blob_receive(fd, &programs[i], e);
	if (!failed)
		failed = inputs_receive(fd, &in, ret, e) ||
			 expects_answer(fd, library, programs, n, &in, e) ||
			 number_receive(fd, STATUSES - 1, &status, e);
	for (size_t i = 0; programs && i < n; i++)
		buf_deinit(&programs[i]);
	free(programs);
	cleanup_closep(&in.plain);
	cleanup_closep(&in.whole);
	ret->status = status;
	return failed ? -1 : 0;
}

static int result_receive(int fd, const char *library, struct judged *ret, struct err *e)
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
	if (n && expects_exchange(fd, library, n, ret, e))
		return -1;
	return blob_receive(fd, &ret->json, e);
}

int judge_result(struct judge *j, struct judged *ret, struct err *e)
{
	*ret = (struct judged){.status = STATUS_MACHINE, .test = RUN_UNNAMED};
	stream_close(j);
	return result_receive(j->ctl, j->library, ret, e) ? child_lost(j, e) : 0;
}

void judged_deinit(struct judged *r)
{
	buf_deinit(&r->json);
}

int judge_file(struct judge *j, piece_fn take, void *ctx, struct err *e)
{
	return pieces_receive(j->ctl, take, ctx, e) ? child_lost(j, e) : 0;
}

int judge_form(struct judge *j, const char *const paths[KEPTS], struct buf *ret, struct err *e)
{
	for (unsigned int i = 0; i < KEPTS; i++)
		if (text_send(j->ctl, paths[i], e))
			return child_lost(j, e);
	return blob_receive(j->ctl, ret, e) ? child_lost(j, e) : 0;
}

void judge_destroy(struct judge *j)
{
	child_reap(j, true);
}
