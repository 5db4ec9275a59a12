/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame reader. The first byte chooses the size of the pieces that it is fed, the second
 * whether the rest is the stream itself or a recipe for one: frames with a right CRC are hard to
 * guess, and what follows a good header must be reached too. Whatever comes, what the reader
 * reports must fit together.
 */
#include <stdlib.h>

#include "base/cursor.h"
#include "tlv/tlv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Messages as `source, instance, number, frames to drop (bits), length`, in any order. */
static void recipe_write(struct cursor *c, struct buf *out)
{
	while (!c->failed && out->len < 1 << 15) {
		static const uint8_t zeros[2 * TLV_PAYLOAD_MAX];
		_cleanup_buf_ struct buf frames = {0};
		struct tlv_writer w = {.fd = -1, .queue = &frames};
		uint8_t drop;
		struct err e;

		w.source = cursor_u8(c);
		w.instance = cursor_u8(c);
		w.seq = cursor_u32(c);
		drop = cursor_u8(c);
		if (tlv_write(&w, 1, 0, zeros, cursor_u16(c) % sizeof(zeros), &e))
			return;
		for (size_t at = 0; at < frames.len; at += tlv_frame_len(frames.data + at)) {
			if (!(drop & 1))
				buf_add(out, frames.data + at, tlv_frame_len(frames.data + at));
			drop >>= 1;
		}
	}
}

static void check(const struct tlv_stats *s, uint64_t messages, size_t fed)
{
	if (s->messages != messages || s->messages > s->frames || s->torn_messages > s->frames ||
	    s->skipped_bytes > fed || s->frames * TLV_HEADER_LEN + s->skipped_bytes > fed)
		abort();
}

static void read_all(const char *data, size_t len, size_t piece)
{
	struct tlv_reader *r = tlv_reader_create();
	uint64_t messages = 0;
	struct tlv_message m;

	for (size_t at = 0; at < len; at += piece) {
		if (tlv_reader_feed(r, data + at, len - at < piece ? len - at : piece))
			break;
		while (tlv_reader_next(r, &m))
			messages++;
	}
	tlv_reader_end(r);
	while (tlv_reader_next(r, &m))
		messages++;
	check(tlv_reader_stats(r), messages, len);
	tlv_reader_destroy(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf made = {0};
	struct cursor c;

	if (size < 2)
		return 0;
	c = cursor_over(data + 2, size - 2);
	if (data[1] & 1)
		recipe_write(&c, &made);
	else
		buf_add(&made, data + 2, size - 2);
	read_all(buf_text(&made), made.len, data[0] * 16u + 1);
	return 0;
}
