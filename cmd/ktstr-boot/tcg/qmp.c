/* SPDX-License-Identifier: GPL-2.0-only */
#include "qmp.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

#define LINE_MAX_BYTES (4u << 20)

void qmp_init(struct qmp *q, int fd)
{
	*q = (struct qmp){.fd = fd, .events = json_array(), .fds = {-1, -1, -1}};
}

void qmp_deinit(struct qmp *q)
{
	if (q->fd >= 0)
		close(q->fd);
	buf_deinit(&q->in);
	json_decref(q->events);
	*q = (struct qmp){.fd = -1, .fds = {-1, -1, -1}};
}

void qmp_pump(struct qmp *q)
{
	char chunk[16384];

	while (!q->closed) {
		ssize_t n = recv(q->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0 || q->in.len > LINE_MAX_BYTES || buf_add(&q->in, chunk, (size_t)n))
			q->closed = true;
	}
}

/* The next whole line as JSON, or NULL. Lines that are no JSON object are passed over. */
static json_t *qmp_line(struct qmp *q)
{
	char *newline;

	while (q->in.len && (newline = memchr(q->in.data, '\n', q->in.len))) {
		size_t len = (size_t)(newline - q->in.data) + 1;
		json_t *msg = json_loadb(q->in.data, len, 0, NULL);

		buf_consume(&q->in, len);
		if (json_is_object(msg))
			return msg;
		json_decref(msg);
	}
	return NULL;
}

json_t *qmp_event(struct qmp *q)
{
	json_t *msg;

	while ((msg = qmp_line(q))) {
		if (json_object_get(msg, "event"))
			json_array_append(q->events, msg);
		json_decref(msg);
	}
	msg = json_incref(json_array_get(q->events, 0));
	if (msg)
		json_array_remove(q->events, 0);
	return msg;
}

/* The next message that is not an event; events are kept. NULL with *e filled on the way out. */
static json_t *qmp_answer(struct qmp *q, uint64_t deadline_ns, const char *what, struct err *e)
{
	bool busy = false;

	for (;;) {
		struct pollfd p[1 + QMP_FDS] = {{.fd = q->fd, .events = POLLIN}};
		json_t *msg = qmp_line(q);

		if (msg && !json_object_get(msg, "event"))
			return msg;
		if (msg) {
			json_array_append_new(q->events, msg);
			continue;
		}
		if (busy) {
			err_set(e, EBUSY, "QEMU does not answer '%s' for now", what);
			return NULL;
		}
		if (q->closed) {
			err_set(e, EPIPE, "QEMU went away during '%s'", what);
			return NULL;
		}
		if (clock_poll_ms(deadline_ns) == 0) {
			err_set(e, ETIMEDOUT, "QEMU did not answer '%s' in time", what);
			return NULL;
		}
		for (int i = 0; i < QMP_FDS; i++)
			p[1 + i] = (struct pollfd){.fd = q->fds[i], .events = POLLIN};
		if (poll(p, 1 + QMP_FDS, clock_poll_ms(deadline_ns)) <= 0)
			continue;
		qmp_pump(q);
		for (int i = 0; i < QMP_FDS && !busy; i++)
			busy = p[1 + i].revents && !q->serve(q->arg);
	}
}

int qmp_send(struct qmp *q, const char *command, json_t *args, struct err *e)
{
	unsigned int id = q->next_id++;
	json_t *request = json_pack("{s:s, s:I, s:o*}", "execute", command, "id", (json_int_t)id,
				    "arguments", args);
	_cleanup_free_ char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;

	json_decref(request);
	if (!text)
		return err_set(e, ENOMEM, "out of memory for '%s'", command);
	if (io_write_all(q->fd, text, strlen(text), "QMP socket", e) ||
	    io_write_all(q->fd, "\r\n", 2, "QMP socket", e))
		return -1;
	return 0;
}

int qmp_execute(struct qmp *q, const char *command, json_t *args, uint64_t deadline_ns,
		json_t **ret, struct err *e)
{
	if (qmp_send(q, command, args, e))
		return -1;
	return qmp_wait(q, command, deadline_ns, ret, e);
}

int qmp_wait(struct qmp *q, const char *command, uint64_t deadline_ns, json_t **ret, struct err *e)
{
	unsigned int id = q->next_id - 1;
	json_t *answer, *value;
	int status = -1;

	/* An answer to an earlier command that ran into its deadline may still arrive. */
	do {
		answer = qmp_answer(q, deadline_ns, command, e);
		if (!answer)
			return -1;
		value = json_object_get(answer, "id");
	} while (json_integer_value(value) != (json_int_t)id && (json_decref(answer), 1));

	value = json_object_get(answer, "return");
	if (value) {
		if (ret)
			*ret = json_incref(value);
		status = 0;
	} else {
		const char *desc = NULL;

		json_unpack(answer, "{s:{s:s}}", "error", "desc", &desc);
		err_set(e, EIO, "QEMU refused '%s': %s", command, desc ? desc : "no reason given");
	}
	json_decref(answer);
	return status;
}

int qmp_greet(struct qmp *q, uint64_t deadline_ns, char **version, struct err *e)
{
	int major = 0, minor = 0, micro = 0;
	const char *package = "";
	struct buf text = {0};
	json_t *hello = qmp_answer(q, deadline_ns, "greeting", e);
	int bad;

	if (!hello)
		return -1;
	bad = json_unpack(hello, "{s:{s:{s:{s:i, s:i, s:i}, s?:s}}}", "QMP", "version", "qemu",
			  "major", &major, "minor", &minor, "micro", &micro, "package", &package);
	if (!bad)
		bad = buf_addf(&text, "%d.%d.%d%s%s%s", major, minor, micro, *package ? " (" : "",
			       package, *package ? ")" : "");
	json_decref(hello);
	if (bad) {
		buf_deinit(&text);
		return err_set(e, EPROTO, "QEMU's greeting is not understood");
	}
	*version = text.data;
	return qmp_execute(q, "qmp_capabilities", NULL, deadline_ns, NULL, e);
}
