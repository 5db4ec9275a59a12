/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any stream: judged, and put into every form. Frames with a right CRC are hard to guess, so the
 * input is also taken as pieces `type, source, length, payload` of which good frames are made.
 */
#include "base/cursor.h"
#include "report/result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_all(struct run *r, struct tlv_reader *reader)
{
	struct tlv_message m;

	while (tlv_reader_next(reader, &m))
		run_add(r, &m);
}

static void make_frames(const uint8_t *data, size_t size, struct tlv_reader *reader)
{
	struct cursor c = cursor_over(data, size);

	while (!c.failed) {
		_cleanup_buf_ struct buf frame = {0};
		struct tlv_writer w = {.fd = -1, .queue = &frame};
		uint8_t type = cursor_u8(&c);
		size_t len;
		const void *payload;
		struct err e;

		w.source = cursor_u8(&c);
		len = cursor_u16(&c);
		len = len < cursor_left(&c) ? len : cursor_left(&c);
		payload = cursor_bytes(&c, len);
		if (!c.failed && tlv_write(&w, type, 0, payload, len, &e) == 0)
			tlv_reader_feed(reader, frame.data, frame.len);
	}
}

static void judge(const uint8_t *data, size_t size, bool raw)
{
	struct tlv_reader *reader = tlv_reader_create();
	struct run *r = run_create();
	struct result result;

	if (raw)
		tlv_reader_feed(reader, data, size);
	else
		make_frames(data, size, reader);
	take_all(r, reader);
	tlv_reader_end(reader);
	take_all(r, reader);
	run_finish(r, tlv_reader_stats(reader), size);
	tlv_reader_destroy(reader);
	if (result_init(&result, r, EXPECT_IGNORE, NULL) == 0) {
		_cleanup_buf_ struct buf out = {0};

		if (render_json(&result, &out) || render_text(&result, &out) ||
		    render_tap(&result, &out) || render_ktap(&result, &out) ||
		    render_junit(&result, &out))
			__builtin_trap();
		result_deinit(&result);
	}
	run_destroy(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	judge(data + 1, size - 1, data[0] & 1);
	return 0;
}
