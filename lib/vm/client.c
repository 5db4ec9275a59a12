/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

int vm_connect(struct vm_client *c, const char *dir, struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*c = (struct vm_client){.fd = -1};
	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/ctl", dir) >=
	    (int)sizeof(address.sun_path))
		return err_set(e, ENAMETOOLONG, "path '%s/ctl' is too long for a socket", dir);
	c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return err_sys(e, "cannot make a socket");
	if (connect(c->fd, (struct sockaddr *)&address, sizeof(address))) {
		err_sys(e, "no machine answers at '%s'", dir);
		vm_disconnect(c);
		return -1;
	}
	return 0;
}

void vm_disconnect(struct vm_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	json_decref(c->events);
	*c = (struct vm_client){.fd = -1};
}

static void take_fds(struct msghdr *msg, int *fds, size_t fds_max, size_t *n_fds)
{
	size_t taken = 0;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (h->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
			if (fds && taken < fds_max)
				fds[taken++] = fd;
			else
				close(fd);
		}
	}
	if (n_fds)
		*n_fds = taken;
}

static int packet_receive(struct vm_client *c, uint64_t deadline_ns, json_t **ret, int *fds,
			  size_t fds_max, size_t *n_fds, struct err *e)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * VM_FDS_MAX)];
	} control;
	_cleanup_free_ char *text = malloc(VM_PACKET_MAX);
	struct iovec iov = {.iov_base = text, .iov_len = VM_PACKET_MAX};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control)};
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	bool reset = false;
	ssize_t n;

	if (!text)
		return err_set(e, ENOMEM, "out of memory");
	while (poll(&p, 1, clock_poll_ms(deadline_ns)) <= 0)
		if (clock_poll_ms(deadline_ns) == 0)
			return err_set(e, ETIMEDOUT, "the machine did not answer in time");
	/* Who refuses us says why and closes; the reset comes before the words. */
	do {
		reset = !reset;
		n = recvmsg(c->fd, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == ECONNRESET && reset);
	if (n < 0)
		return err_sys(e, "cannot hear the machine");
	if (n == 0)
		return err_set(e, ESHUTDOWN, "the machine has ended");
	take_fds(&msg, fds, fds_max, n_fds);
	*ret = json_loadb(text, (size_t)n, 0, NULL);
	if (json_is_object(*ret))
		return 0;
	json_decref(*ret);
	for (size_t i = 0; fds && n_fds && i < *n_fds; i++)
		close(fds[i]);
	return err_set(e, EPROTO, "the machine's answer is not understood");
}

int vm_receive(struct vm_client *c, uint64_t deadline_ns, json_t **ret, int *fds, size_t fds_max,
	       size_t *n_fds, struct err *e)
{
	if (!vm_has_event(c))
		return packet_receive(c, deadline_ns, ret, fds, fds_max, n_fds, e);
	*ret = json_incref(json_array_get(c->events, 0));
	json_array_remove(c->events, 0);
	if (n_fds)
		*n_fds = 0;
	return 0;
}

/* An event, which is taken over, came while we wait for an answer. */
static void event_keep(struct vm_client *c, json_t *event)
{
	if (!c->events)
		c->events = json_array();
	if (json_array_size(c->events) < VM_EVENTS_MAX)
		json_array_append_new(c->events, event);
	else
		json_decref(event);
}

static int ask(struct vm_client *c, const char *text, uint64_t deadline_ns, json_t **ret, int *fds,
	       size_t fds_max, size_t *n_fds, struct err *e)
{
	json_t *answer, *ok;

	/* A closed socket may still hold the words that tell why. */
	if (send(c->fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno != EPIPE &&
	    errno != ECONNRESET)
		return err_sys(e, "cannot ask the machine");
	for (;;) {
		if (packet_receive(c, deadline_ns, &answer, fds, fds_max, n_fds, e))
			return -1;
		ok = json_object_get(answer, "ok");
		if (ok)
			break;
		event_keep(c, answer);
	}
	if (!json_is_true(ok)) {
		const char *why = json_string_value(json_object_get(answer, "error"));

		err_set(e, EPROTO, "%s", why ? why : "the machine refused");
		json_decref(answer);
		return -1;
	}
	*ret = answer;
	return 0;
}

int vm_request(struct vm_client *c, const char *text, uint64_t deadline_ns, json_t **ret,
	       struct err *e)
{
	json_t *answer;

	if (ask(c, text, deadline_ns, &answer, NULL, 0, NULL, e))
		return -1;
	if (ret)
		*ret = answer;
	else
		json_decref(answer);
	return 0;
}

/* A range that its file does not hold would end a reader by SIGBUS. */
static int range_take(struct vm_memory *m, json_t *item, struct err *e)
{
	struct vm_range *r = &m->ranges[m->n_ranges];
	json_int_t gpa, len, offset;
	struct stat st;
	int fd;

	if (m->n_ranges == VM_RANGES_MAX ||
	    json_unpack(item, "{s:I, s:I, s:i, s:I}", "gpa", &gpa, "len", &len, "fd", &fd, "offset",
			&offset) ||
	    gpa < 0 || len <= 0 || offset < 0 || fd < 0 || (size_t)fd >= m->n_fds)
		return err_set(e, EPROTO, "the machine's memory map is not understood");
	if (fstat(m->fds[fd], &st) || offset > st.st_size || len > st.st_size - offset)
		return err_set(e, EPROTO, "a range of the machine's memory is not in its file");
	*r = (struct vm_range){.gpa = (uint64_t)gpa,
			       .len = (uint64_t)len,
			       .offset = (uint64_t)offset,
			       .fd = (unsigned int)fd};
	m->n_ranges++;
	return 0;
}

int vm_attach(struct vm_client *c, int writable, uint64_t deadline_ns, struct vm_memory *ret,
	      struct err *e)
{
	json_t *item;
	size_t i;

	*ret = (struct vm_memory){0};
	if (ask(c, writable ? "attach rw" : "attach ro", deadline_ns, &ret->answer, ret->fds,
		VM_FDS_MAX, &ret->n_fds, e))
		return -1;
	json_array_foreach (json_object_get(ret->answer, "ranges"), i, item) {
		if (range_take(ret, item, e)) {
			vm_memory_deinit(ret);
			return -1;
		}
	}
	return 0;
}

void vm_memory_deinit(struct vm_memory *m)
{
	for (size_t i = 0; i < m->n_fds; i++)
		close(m->fds[i]);
	json_decref(m->answer);
	*m = (struct vm_memory){0};
}
