/* SPDX-License-Identifier: GPL-2.0-only */
#include "tlv/out.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define PIECE_MAX 4096u /* PIPE_BUF: a pipe that is ready takes so much at once */

/* Wait until a piece can be written without blocking. */
static int out_wait(const struct out *o, uint64_t deadline_ns, struct err *e)
{
	struct pollfd p[] = {{.fd = o->fd, .events = POLLOUT},
			     {.fd = o->signal_fd, .events = POLLIN}};

	for (;;) {
		int n = poll(p, 2, clock_poll_ms(deadline_ns));

		if (n < 0 && errno != EINTR)
			return err_sys(e, "cannot wait for standard output");
		if (n > 0 && p[0].revents)
			return 0;
		if (n > 0)
			return err_set(e, EINTR, "told to stop");
		if (n == 0 && clock_now_ns() >= deadline_ns)
			return err_set(e, ETIMEDOUT, "nobody reads standard output");
	}
}

static int out_piece(struct out *o, const char *data, size_t len, uint64_t deadline_ns,
		     struct err *e)
{
	while (len) {
		ssize_t n;

		if (out_wait(o, deadline_ns, e))
			return -1;
		n = write(o->fd, data, len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_sys(e, "cannot write standard output");
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int out_flush(struct out *o, uint64_t deadline_ns, struct err *e)
{
	int ret = 0;

	for (size_t done = 0; done < o->data.len && ret == 0;) {
		size_t left = o->data.len - done, piece = left < PIECE_MAX ? left : PIECE_MAX;

		if (o->frames)
			piece = tlv_frame_len(o->data.data + done);
		ret = out_piece(o, o->data.data + done, piece, deadline_ns, e);
		done += piece;
	}
	buf_consume(&o->data, o->data.len);
	return ret;
}

int out_message(struct out *o, enum tlv_type type, const void *data, size_t len, struct err *e)
{
	o->writer.queue = &o->data;
	return tlv_write(&o->writer, (uint16_t)type, 0, data, len, e);
}

int out_object(struct out *o, enum tlv_type type, json_t *object, struct err *e)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	int ret;

	json_decref(object);
	if (!text)
		return err_set(e, ENOMEM, "out of memory");
	if (o->frames)
		ret = out_message(o, type, text, strlen(text), e);
	else
		ret = buf_addf(&o->data, "%s\n", text) ? err_set(e, ENOMEM, "out of memory") : 0;
	free(text);
	return ret;
}

void out_deinit(struct out *o)
{
	buf_deinit(&o->data);
}
