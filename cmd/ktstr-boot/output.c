/* SPDX-License-Identifier: GPL-2.0-only */
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define COMPACT_AT (4u << 20)

void output_init(struct output *o, int fd)
{
	*o = (struct output){.fd = fd};
	o->boot = (struct tlv_writer){.fd = -1, .source = TLV_FROM_BOOT, .queue = &o->queue};
	o->guest = (struct tlv_writer){.fd = -1, .source = TLV_FROM_GUEST, .queue = &o->queue};
}

void output_deinit(struct output *o)
{
	buf_deinit(&o->queue);
}

bool output_pending(const struct output *o)
{
	return !o->closed && o->sent < o->queue.len;
}

bool output_full(const struct output *o)
{
	return o->queue.len - o->sent > OUTPUT_QUEUE_MAX;
}

void output_data(struct output *o, uint16_t type, const void *data, size_t len)
{
	struct err e;

	if (!o->closed)
		tlv_write(&o->boot, type, 0, data, len, &e);
}

void output_json(struct output *o, uint16_t type, json_t *object)
{
	_cleanup_free_ char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	if (text)
		output_data(o, type, text, strlen(text));
	else
		o->boot.seq++;
}

void output_guest(struct output *o, const struct tlv_message *m)
{
	struct err e;

	if (o->closed)
		return;
	/* The guest's own number, so that what is lost on the way shows as a gap. */
	o->guest.seq = m->seq;
	o->guest.instance = m->instance;
	tlv_write(&o->guest, m->type, m->guest_ns, m->data, m->len, &e);
}

/* A pipe that polls writable takes PIPE_BUF bytes; a frame is no longer. */
static bool output_ready(struct output *o)
{
	struct pollfd p = {.fd = o->fd, .events = POLLOUT};

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLOUT | POLLERR | POLLHUP));
}

void output_flush(struct output *o)
{
	while (output_pending(o) && output_ready(o)) {
		const char *frame = o->queue.data + o->sent;
		size_t len = tlv_frame_len(frame), done = 0;

		while (done < len) {
			ssize_t n = write(o->fd, frame + done, len - done);

			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0 && errno == EAGAIN && done == 0)
				return;
			if (n < 0) {
				o->closed = true;
				o->error = errno;
				return;
			}
			done += (size_t)n;
		}
		o->sent += len;
		if (o->sent == o->queue.len || o->sent > COMPACT_AT) {
			buf_consume(&o->queue, o->sent);
			o->sent = 0;
		}
	}
}
