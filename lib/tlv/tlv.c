/* SPDX-License-Identifier: GPL-2.0-only */
#include "tlv/tlv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/io.h"

#define MAGIC 0x564c544bu /* "KTLV" */
#define FLAG_MORE 1u	  /* another fragment of this message follows */
#define CRC_OFFSET 20

/* One frame, host side of the layout in ktstr-tlv(5). */
struct frame {
	struct tlv_message msg; /* data and len are this frame's part */
	uint8_t flags;
	uint16_t frag; /* index of the fragment within its message */
};

static uint8_t *put_le(uint8_t *p, uint64_t v, size_t size)
{
	for (size_t i = 0; i < size; i++)
		*p++ = (uint8_t)(v >> (8 * i));
	return p;
}

static uint32_t frame_crc(const uint8_t *frame, size_t len)
{
	static const uint8_t no_crc[4];
	uLong crc = crc32(0, frame, CRC_OFFSET);

	crc = crc32(crc, no_crc, sizeof(no_crc));
	return (uint32_t)crc32(crc, frame + CRC_OFFSET + 4, (uInt)(len - CRC_OFFSET - 4));
}

static size_t frame_encode(const struct frame *f, uint8_t out[TLV_FRAME_MAX])
{
	uint8_t *p = out;

	p = put_le(p, MAGIC, 4);
	p = put_le(p, TLV_VERSION, 1);
	p = put_le(p, f->msg.source, 1);
	p = put_le(p, f->msg.instance, 1);
	p = put_le(p, f->flags, 1);
	p = put_le(p, f->msg.type, 2);
	p = put_le(p, f->msg.len, 2);
	p = put_le(p, f->msg.seq, 4);
	p = put_le(p, f->frag, 2);
	p = put_le(p, 0, 2);
	p = put_le(p, 0, 4);
	p = put_le(p, f->msg.host_ns, 8);
	p = put_le(p, f->msg.guest_ns, 8);
	if (f->msg.len)
		memcpy(p, f->msg.data, f->msg.len);
	put_le(out + CRC_OFFSET, frame_crc(out, TLV_HEADER_LEN + f->msg.len), 4);
	return TLV_HEADER_LEN + f->msg.len;
}

int tlv_write(struct tlv_writer *w, uint16_t type, uint64_t guest_ns, const void *data, size_t len,
	      struct err *e)
{
	bool in_guest = w->source == TLV_FROM_GUEST && !w->queue;
	struct frame f = {
		.msg = {.type = type,
			.source = w->source,
			.instance = w->instance,
			.seq = w->seq++,
			.host_ns = in_guest ? 0 : clock_now_ns(),
			.guest_ns = guest_ns},
	};
	size_t done = 0;

	if (len > TLV_MESSAGE_MAX)
		return err_set(e, E2BIG, "message of type %u has %zu bytes, more than %u", type,
			       len, TLV_MESSAGE_MAX);
	do {
		uint8_t frame[TLV_FRAME_MAX];
		size_t part = len - done < TLV_PAYLOAD_MAX ? len - done : TLV_PAYLOAD_MAX;
		size_t size;

		f.msg.data = (const uint8_t *)data + done;
		f.msg.len = part;
		done += part;
		f.flags = done < len ? FLAG_MORE : 0;
		size = frame_encode(&f, frame);
		f.frag++;
		if (w->queue) {
			if (buf_add(w->queue, frame, size))
				return err_set(e, ENOMEM, "out of memory for a frame");
		} else if (io_write_all(w->fd, frame, size, "frame stream", e)) {
			return -1;
		}
	} while (done < len);
	return 0;
}

size_t tlv_frame_len(const void *data)
{
	const uint8_t *p = data;

	return TLV_HEADER_LEN + (size_t)(p[10] | p[11] << 8);
}

/* ---- reader ---- */

/* One stream (source, instance) and its message in the making. */
struct stream {
	bool open;    /* a message has begun */
	bool started; /* any message was seen, so next_seq counts */
	bool torn;    /* message next_seq - 1 was torn: its other fragments are passed over */
	uint8_t source, instance;
	uint16_t frags; /* fragments of the open message so far */
	uint32_t next_seq;
	struct tlv_message msg; /* of the open message, without data */
	struct buf data;
};

struct tlv_reader {
	struct buf in;
	size_t in_used; /* bytes at the front of `in` that are done with */
	struct stream streams[TLV_SOURCES_MAX];
	size_t n_streams;
	struct buf *handed_out; /* payload of the last message: freed at the next call */
	bool ended;
	struct tlv_stats stats;
};

struct tlv_reader *tlv_reader_create(void)
{
	return calloc(1, sizeof(struct tlv_reader));
}

void tlv_reader_destroy(struct tlv_reader *r)
{
	if (!r)
		return;
	buf_deinit(&r->in);
	for (size_t i = 0; i < r->n_streams; i++)
		buf_deinit(&r->streams[i].data);
	free(r);
}

const struct tlv_stats *tlv_reader_stats(const struct tlv_reader *r)
{
	return &r->stats;
}

int tlv_reader_feed(struct tlv_reader *r, const void *data, size_t len)
{
	buf_consume(&r->in, r->in_used);
	r->in_used = 0;
	return buf_add(&r->in, data, len);
}

enum frame_found { FRAME_NONE, FRAME_BAD, FRAME_GOOD };

/*
 * Look for a frame at the front of @c. FRAME_NONE: more bytes are needed to tell. FRAME_BAD: no
 * frame begins here.
 */
static enum frame_found frame_decode(struct cursor *c, struct frame *f)
{
	const uint8_t *start = c->data + c->pos;
	uint32_t magic = cursor_u32(c);
	uint8_t version;
	uint16_t len;
	uint32_t crc;

	if (!c->failed && magic != MAGIC)
		return FRAME_BAD;
	*f = (struct frame){0};
	version = cursor_u8(c);
	f->msg.source = cursor_u8(c);
	f->msg.instance = cursor_u8(c);
	f->flags = cursor_u8(c);
	f->msg.type = cursor_u16(c);
	len = cursor_u16(c);
	f->msg.seq = cursor_u32(c);
	f->frag = cursor_u16(c);
	cursor_u16(c);
	crc = cursor_u32(c);
	f->msg.host_ns = cursor_u64(c);
	f->msg.guest_ns = cursor_u64(c);
	if (c->failed)
		return FRAME_NONE;
	if (version != TLV_VERSION || len > TLV_PAYLOAD_MAX)
		return FRAME_BAD;
	f->msg.len = len;
	f->msg.data = cursor_bytes(c, len);
	if (c->failed)
		return FRAME_NONE;
	return frame_crc(start, TLV_HEADER_LEN + len) == crc ? FRAME_GOOD : FRAME_BAD;
}

/* Where the next magic may begin in @data, at or after @from. */
static size_t magic_find(const char *data, size_t len, size_t from)
{
	static const char first = (char)(MAGIC & 0xff);
	const char *p = from < len ? memchr(data + from, first, len - from) : NULL;

	return p ? (size_t)(p - data) : len;
}

/* The next good frame in the input; what is skipped on the way is counted. */
static bool reader_frame(struct tlv_reader *r, struct frame *f)
{
	while (r->in_used < r->in.len) {
		struct cursor c = cursor_over(r->in.data + r->in_used, r->in.len - r->in_used);
		enum frame_found found = frame_decode(&c, f);
		size_t next;

		if (found == FRAME_GOOD) {
			r->in_used += c.pos;
			r->stats.frames++;
			return true;
		}
		if (found == FRAME_NONE && !r->ended)
			return false;
		if (found == FRAME_NONE)
			r->stats.truncated = true;
		else if (c.pos > 4)
			r->stats.bad_frames++;
		next = magic_find(r->in.data, r->in.len, r->in_used + 1);
		r->stats.skipped_bytes += next - r->in_used;
		r->in_used = next;
	}
	return false;
}

static struct stream *reader_stream(struct tlv_reader *r, const struct tlv_message *m)
{
	struct stream *s;

	for (s = r->streams; s < r->streams + r->n_streams; s++)
		if (s->source == m->source && s->instance == m->instance)
			return s;
	if (r->n_streams == TLV_SOURCES_MAX)
		return NULL;
	r->n_streams++;
	*s = (struct stream){.source = m->source, .instance = m->instance};
	return s;
}

static void stream_tear(struct tlv_reader *r, struct stream *s)
{
	if (!s->open)
		return;
	s->open = false;
	s->torn = true;
	r->stats.torn_messages++;
}

/* Add a frame to its stream's message. True when that made the message whole. */
static bool stream_add(struct tlv_reader *r, struct stream *s, const struct frame *f)
{
	if (s->open && (f->msg.seq != s->msg.seq || f->frag != s->frags))
		stream_tear(r, s);
	if (!s->open) {
		uint32_t ahead = f->msg.seq - s->next_seq;

		if (f->frag != 0 && s->torn && f->msg.seq == s->next_seq - 1)
			return false;
		/* A number from the past is a writer that began anew, not four billion losses. */
		if (s->started && ahead < UINT32_MAX / 2)
			r->stats.lost_messages += ahead;
		s->started = true;
		s->next_seq = f->msg.seq + 1;
		s->torn = false;
		if (f->frag != 0) {
			s->torn = true;
			r->stats.torn_messages++;
			return false;
		}
		s->open = true;
		s->frags = 0;
		s->msg = f->msg;
		buf_deinit(&s->data);
	}
	if (s->data.len + f->msg.len > TLV_MESSAGE_MAX ||
	    buf_add(&s->data, f->msg.data, f->msg.len)) {
		stream_tear(r, s);
		return false;
	}
	s->frags++;
	if (f->flags & FLAG_MORE)
		return false;
	s->open = false;
	return true;
}

bool tlv_reader_next(struct tlv_reader *r, struct tlv_message *ret)
{
	struct frame f;

	if (r->handed_out) {
		buf_deinit(r->handed_out);
		r->handed_out = NULL;
	}
	while (reader_frame(r, &f)) {
		struct stream *s = reader_stream(r, &f.msg);

		if (!s) {
			r->stats.lost_messages++;
			continue;
		}
		if (!stream_add(r, s, &f))
			continue;
		*ret = s->msg;
		ret->data = (const uint8_t *)buf_text(&s->data);
		ret->len = s->data.len;
		r->handed_out = &s->data;
		r->stats.messages++;
		return true;
	}
	for (struct stream *s = r->streams; r->ended && s < r->streams + r->n_streams; s++) {
		if (s->open)
			r->stats.truncated = true;
		stream_tear(r, s);
	}
	return false;
}

void tlv_reader_end(struct tlv_reader *r)
{
	r->ended = true;
}
