/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any stream: judged, and put into every form. Frames with a right CRC are hard to guess, so the
 * input is also taken as pieces `type, source, length, payload` of which good frames are made; a
 * third kind puts a plan with all thresholds and a schema in front of pieces `cell, value, times,
 * ticks`, so that its samples fit and get as far as the thresholds.
 */
#include "base/cursor.h"
#include "report/result.h"
#include "sample/sample.h"
#include "tlv/types.h"

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

static void put(struct tlv_reader *reader, uint8_t source, uint16_t type, const void *payload,
		size_t len)
{
	_cleanup_buf_ struct buf frame = {0};
	struct tlv_writer w = {.fd = -1, .queue = &frame, .source = source};
	struct err e;

	if (tlv_write(&w, type, 0, payload, len, &e) == 0)
		tlv_reader_feed(reader, frame.data, frame.len);
}

static const char plan[] =
	"{\"test\":\"f\",\"scheduler\":[\"x\"],\"steps\":[],\"expect_error\":false,\"checks\":{"
	"\"not_starved\":true,\"isolation\":true,\"monitor\":{\"sustained_samples\":1,"
	"\"max_imbalance_ppm\":4000000,\"max_local_dsq_depth\":5,\"fail_on_stall\":true,"
	"\"max_fallback_rate\":2,\"max_keep_last_rate\":2}}}";
static const char schema[] =
	"{\"id\":1,\"release\":\"7\",\"ops\":\"x\",\"hz\":250,\"generation\":1,\"classes\":[],"
	"\"tables\":{\"machine\":{\"columns\":[\"jiffies\"],\"rows\":[[0,0,\"\"]]},\"cpu\":{"
	"\"columns\":[\"nr_running\",\"local_dsq_depth\",\"rq_clock\",\"vcpu_cpu_time_ns\","
	"\"torn\"],\"rows\":[[0,0,\"\"],[1,0,\"\"]]},\"event\":{\"columns\":["
	"\"select_cpu_fallback\",\"dispatch_keep_last\"],\"rows\":[[0,0,\"\"]]},\"schedstat\":{"
	"\"columns\":[\"run_delay\"],\"rows\":[[0,0,\"\"]]},\"prog\":{\"columns\":[\"cnt\","
	"\"nsecs\"],\"rows\":[[1,2,\"p\"]]}}}";

/* One cell of the sample, and time goes on by so much: each sample is much like the one before. */
static void change_sample(struct cursor *c, const struct schema *s, struct sample *sample)
{
	enum sample_table t = cursor_u8(c) % SAMPLE_DSQ;
	size_t cells = (size_t)s->tables[t].n_rows * s->tables[t].n_columns;
	uint8_t cell = cursor_u8(c), kind = cursor_u8(c);

	if (cells)
		sample->cells[t][cell % cells] = kind < 128   ? kind
						 : kind < 192 ? cursor_u16(c)
						 : kind < 255 ? SAMPLE_ABSENT
							      : cursor_u64(c);
	sample->invalid = kind == 200;
}

/* A few bytes make many samples: a warm-up is long. */
static void put_samples(struct cursor *c, const struct schema *s, struct sample *sample,
			struct tlv_reader *reader)
{
	uint8_t times = cursor_u8(c), ticks = cursor_u8(c);
	uint64_t *jiffies = sample_cell(sample, s, SAMPLE_MACHINE, 0, 0);

	for (unsigned int i = 0; i <= times % 32u; i++) {
		_cleanup_buf_ struct buf bytes = {0};

		sample->at_ns += 100000000;
		*jiffies += ticks;
		if (sample_encode(sample, s, &bytes) == 0)
			put(reader, TLV_FROM_MONITOR, TLV_SAMPLE, bytes.data, bytes.len);
	}
}

static void make_samples(const uint8_t *data, size_t size, struct tlv_reader *reader)
{
	struct cursor c = cursor_over(data, size);
	json_t *json = json_loads(schema, 0, NULL);
	struct sample sample;
	struct schema s;
	struct err e;

	put(reader, TLV_FROM_SCENARIO, TLV_PLAN, plan, sizeof(plan) - 1);
	put(reader, TLV_FROM_MONITOR, TLV_SAMPLE_SCHEMA, schema, sizeof(schema) - 1);
	if (!json || schema_from_json(json, &s, &e) || sample_init(&sample, &s, &e))
		__builtin_trap();
	json_decref(json);
	while (!c.failed) {
		change_sample(&c, &s, &sample);
		put_samples(&c, &s, &sample, reader);
	}
	sample_deinit(&sample);
	schema_deinit(&s);
}

static void judge(const uint8_t *data, size_t size, unsigned int kind)
{
	struct tlv_reader *reader = tlv_reader_create();
	struct run *r = run_create();
	struct result result;

	if (kind == 0)
		make_frames(data, size, reader);
	else if (kind == 1)
		tlv_reader_feed(reader, data, size);
	else
		make_samples(data, size, reader);
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
	judge(data + 1, size - 1, data[0] % 3);
	return 0;
}
