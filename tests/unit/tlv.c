/* SPDX-License-Identifier: GPL-2.0-only */
#include "tlv/tlv.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "seeds.h"
#include "test.h"

struct got {
	struct tlv_reader *r;
	struct tlv_message last;
	size_t messages;
	size_t bytes;
};

static void drain(struct got *g)
{
	while (tlv_reader_next(g->r, &g->last)) {
		g->messages++;
		g->bytes += g->last.len;
	}
}

/* Read @len bytes in pieces of @piece to the end. */
static struct got read_all(const char *data, size_t len, size_t piece)
{
	struct got g = {.r = tlv_reader_create()};

	for (size_t at = 0; at < len; at += piece) {
		CHECK(tlv_reader_feed(g.r, data + at, len - at < piece ? len - at : piece) == 0);
		drain(&g);
	}
	tlv_reader_end(g.r);
	drain(&g);
	return g;
}

static struct tlv_writer writer(struct buf *out, uint8_t source)
{
	return (struct tlv_writer){.fd = -1, .source = source, .queue = out};
}

static void frame_fits_a_pipe(void)
{
	CHECK(TLV_FRAME_MAX == PIPE_BUF);
}

static void round_trip(void)
{
	_cleanup_buf_ struct buf out = {0};
	struct tlv_writer w = writer(&out, TLV_FROM_GUEST);
	struct err e;
	struct got g;

	w.instance = 3;
	CHECK(tlv_write(&w, 7, 1234, "hello", 5, &e) == 0);
	CHECK(tlv_frame_len(out.data) == out.len);
	for (size_t piece = 1; piece <= out.len; piece++) {
		struct tlv_message m;
		struct tlv_reader *r = tlv_reader_create();
		size_t n = 0;

		for (size_t at = 0; at < out.len; at += piece) {
			tlv_reader_feed(r, out.data + at,
					out.len - at < piece ? out.len - at : piece);
			while (tlv_reader_next(r, &m)) {
				n++;
				CHECK(m.type == 7 && m.source == TLV_FROM_GUEST && m.instance == 3);
				CHECK(m.seq == 0 && m.guest_ns == 1234 && m.host_ns != 0);
				CHECK(m.len == 5 && memcmp(m.data, "hello", 5) == 0);
			}
		}
		CHECK(n == 1);
		tlv_reader_destroy(r);
	}
	g = read_all(out.data, out.len, 1);
	CHECK(!tlv_reader_stats(g.r)->truncated && tlv_reader_stats(g.r)->skipped_bytes == 0);
	tlv_reader_destroy(g.r);
}

static void empty_message(void)
{
	_cleanup_buf_ struct buf out = {0};
	struct tlv_writer w = writer(&out, TLV_FROM_BOOT);
	struct err e;
	struct got g;

	CHECK(tlv_write(&w, 1, 0, NULL, 0, &e) == 0);
	CHECK(out.len == TLV_HEADER_LEN);
	g = read_all(out.data, out.len, out.len);
	CHECK(g.messages == 1 && g.bytes == 0);
	tlv_reader_destroy(g.r);
}

static void long_message_is_fragmented_and_joined(void)
{
	_cleanup_buf_ struct buf out = {0};
	struct tlv_writer a = writer(&out, TLV_FROM_BOOT), b = writer(&out, TLV_FROM_GUEST);
	size_t len = 3 * TLV_PAYLOAD_MAX + 17;
	_cleanup_free_ char *data = malloc(len);
	_cleanup_buf_ struct buf mixed = {0}, other = {0};
	struct err e;
	struct got g;

	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i * 7);
	CHECK(tlv_write(&a, 1, 0, data, len, &e) == 0);
	CHECK(out.len == len + 4 * TLV_HEADER_LEN);
	/* Another source's message between every two fragments. */
	b.queue = &other;
	CHECK(tlv_write(&b, 2, 0, "x", 1, &e) == 0);
	for (size_t at = 0; at < out.len; at += tlv_frame_len(out.data + at)) {
		buf_add(&mixed, out.data + at, tlv_frame_len(out.data + at));
		if (at == 0)
			buf_add(&mixed, other.data, other.len);
	}
	g = read_all(mixed.data, mixed.len, 1000);
	CHECK(g.messages == 2 && g.bytes == len + 1);
	CHECK(tlv_reader_stats(g.r)->torn_messages == 0);
	tlv_reader_destroy(g.r);
	g = (struct got){.r = tlv_reader_create()};
	tlv_reader_feed(g.r, out.data, out.len);
	CHECK(tlv_reader_next(g.r, &g.last) && g.last.len == len &&
	      memcmp(g.last.data, data, len) == 0);
	tlv_reader_destroy(g.r);
}

static void too_long_is_refused_and_shows_as_a_gap(void)
{
	_cleanup_buf_ struct buf out = {0};
	struct tlv_writer w = writer(&out, TLV_FROM_BOOT);
	_cleanup_free_ char *data = calloc(1, TLV_MESSAGE_MAX + 1);
	struct err e;
	struct got g;

	CHECK(tlv_write(&w, 1, 0, "a", 1, &e) == 0);
	CHECK(tlv_write(&w, 1, 0, data, TLV_MESSAGE_MAX + 1, &e) == -1);
	CHECK(tlv_write(&w, 1, 0, "b", 1, &e) == 0);
	g = read_all(out.data, out.len, out.len);
	CHECK(g.messages == 2 && tlv_reader_stats(g.r)->lost_messages == 1);
	tlv_reader_destroy(g.r);
}

static void damage_is_counted_and_survived(void)
{
	_cleanup_buf_ struct buf out = {0};
	struct tlv_writer w = writer(&out, TLV_FROM_BOOT);
	struct err e;
	size_t one;

	for (int i = 0; i < 3; i++)
		CHECK(tlv_write(&w, 1, 0, "0123456789", 10, &e) == 0);
	one = out.len / 3;
	/* Every byte of the middle frame damaged in turn: the other two always arrive. */
	for (size_t at = one; at < 2 * one; at++) {
		struct got g;
		const struct tlv_stats *s;

		out.data[at] ^= 0x55;
		g = read_all(out.data, out.len, 13);
		s = tlv_reader_stats(g.r);
		CHECK(g.messages == 2 && s->lost_messages == 1 && s->skipped_bytes == one);
		tlv_reader_destroy(g.r);
		out.data[at] ^= 0x55;
	}
}

static void missing_fragment_tears_one_message_only(void)
{
	_cleanup_buf_ struct buf out = {0};
	struct tlv_writer w = writer(&out, TLV_FROM_BOOT);
	_cleanup_free_ char *data = calloc(1, 4 * TLV_PAYLOAD_MAX);
	size_t drop;
	struct err e;

	CHECK(tlv_write(&w, 1, 0, data, 4 * TLV_PAYLOAD_MAX, &e) == 0);
	CHECK(tlv_write(&w, 1, 0, "next", 4, &e) == 0);
	for (drop = 0; drop < 4; drop++) {
		_cleanup_buf_ struct buf cut = {0};
		struct got g;

		buf_add(&cut, out.data, drop * TLV_FRAME_MAX);
		buf_add(&cut, out.data + (drop + 1) * TLV_FRAME_MAX,
			out.len - (drop + 1) * TLV_FRAME_MAX);
		g = read_all(cut.data, cut.len, 4096);
		CHECK(g.messages == 1 && g.bytes == 4);
		CHECK(tlv_reader_stats(g.r)->torn_messages == 1);
		CHECK(tlv_reader_stats(g.r)->lost_messages == 0);
		CHECK(!tlv_reader_stats(g.r)->truncated);
		tlv_reader_destroy(g.r);
	}
}

static void cut_at_every_offset_says_truncated(void)
{
	_cleanup_buf_ struct buf out = {0};
	struct tlv_writer w = writer(&out, TLV_FROM_BOOT);
	_cleanup_free_ char *data = calloc(1, TLV_PAYLOAD_MAX + 100);
	struct err e;
	size_t first;

	CHECK(tlv_write(&w, 1, 0, "whole", 5, &e) == 0);
	first = out.len;
	CHECK(tlv_write(&w, 1, 0, data, TLV_PAYLOAD_MAX + 100, &e) == 0);
	for (size_t len = 1; len < out.len; len++) {
		struct got g = read_all(out.data, len, 997);

		CHECK(tlv_reader_stats(g.r)->truncated == (len != first));
		CHECK(g.messages == (len >= first));
		tlv_reader_destroy(g.r);
	}
}

static void many_sources_are_bounded(void)
{
	_cleanup_buf_ struct buf out = {0};
	struct err e;
	struct got g;

	for (unsigned int i = 0; i < TLV_SOURCES_MAX + 10; i++) {
		struct tlv_writer w = writer(&out, (uint8_t)i);

		CHECK(tlv_write(&w, 1, 0, "x", 1, &e) == 0);
	}
	g = read_all(out.data, out.len, 100);
	CHECK(g.messages == TLV_SOURCES_MAX && tlv_reader_stats(g.r)->lost_messages == 10);
	tlv_reader_destroy(g.r);
}

#define WRITERS 8
#define FRAMES_EACH 12500u /* 100,000 together */

/* Byte @i of message @seq of writer @who; the length is in it too. */
static uint8_t pattern(unsigned int who, uint32_t seq, size_t i)
{
	return (uint8_t)(who * 31 + seq * 7 + i);
}

static size_t pattern_len(unsigned int who, uint32_t seq)
{
	return (seq * 2654435761u + who * 977u) % TLV_PAYLOAD_MAX;
}

/* A child: writes its messages straight to the pipe, one frame each. */
static void write_many(int fd, unsigned int who)
{
	struct tlv_writer w = {.fd = fd, .source = TLV_FROM_MONITOR, .instance = (uint8_t)who};
	static uint8_t data[TLV_PAYLOAD_MAX];
	struct err e;

	for (uint32_t seq = 0; seq < FRAMES_EACH; seq++) {
		size_t len = pattern_len(who, seq);

		for (size_t i = 0; i < len; i++)
			data[i] = pattern(who, seq, i);
		if (tlv_write(&w, 9, 0, data, len, &e))
			_exit(1);
	}
	_exit(0);
}

static bool pattern_fits(const struct tlv_message *m)
{
	if (m->instance >= WRITERS || m->len != pattern_len(m->instance, m->seq))
		return false;
	for (size_t i = 0; i < m->len; i++)
		if (m->data[i] != pattern(m->instance, m->seq, i))
			return false;
	return true;
}

static void eight_writers_on_one_pipe_tear_no_frame(void)
{
	struct tlv_reader *r = tlv_reader_create();
	const struct tlv_stats *st = tlv_reader_stats(r);
	size_t wrong = 0, children_failed = 0;
	char chunk[10007];
	struct tlv_message m;
	ssize_t n;
	int p[2], status;

	CHECK(pipe(p) == 0);
	fflush(stdout);
	for (unsigned int who = 0; who < WRITERS; who++)
		if (fork() == 0)
			write_many(p[1], who);
	close(p[1]);
	while ((n = read(p[0], chunk, sizeof(chunk))) > 0) {
		tlv_reader_feed(r, chunk, (size_t)n);
		while (tlv_reader_next(r, &m))
			wrong += !pattern_fits(&m);
	}
	while (wait(&status) > 0)
		children_failed += status != 0;
	tlv_reader_end(r);
	CHECK(!tlv_reader_next(r, &m));
	CHECK(wrong == 0 && children_failed == 0);
	CHECK(st->frames == WRITERS * FRAMES_EACH && st->messages == WRITERS * FRAMES_EACH);
	CHECK(st->bad_frames == 0 && st->skipped_bytes == 0 && st->lost_messages == 0);
	CHECK(st->torn_messages == 0 && !st->truncated);
	close(p[0]);
	tlv_reader_destroy(r);
}

/* For the fuzz target: streams with its two leading bytes (piece, 0). */
static int write_seeds(const char *dir)
{
	for (unsigned int n = 0; n < 4; n++) {
		_cleanup_buf_ struct buf out = {0};
		struct tlv_writer a = writer(&out, TLV_FROM_BOOT), b = writer(&out, TLV_FROM_GUEST);
		static const uint8_t zeros[2 * TLV_PAYLOAD_MAX];
		struct err e;

		buf_add(&out, "\x20", 2);
		tlv_write(&a, 1, 0, "{}", 2, &e);
		tlv_write(&b, 2, 5, zeros, n * 3000, &e);
		tlv_write(&a, 3, 0, NULL, 0, &e);
		if (seed_write(dir, (const char[]){(char)('0' + n), 0}, &out))
			return 2;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0)
		return write_seeds(argv[2]);
	RUN(eight_writers_on_one_pipe_tear_no_frame);
	RUN(frame_fits_a_pipe);
	RUN(round_trip);
	RUN(empty_message);
	RUN(long_message_is_fragmented_and_joined);
	RUN(too_long_is_refused_and_shows_as_a_gap);
	RUN(damage_is_counted_and_survived);
	RUN(missing_fragment_tears_one_message_only);
	RUN(cut_at_every_offset_says_truncated);
	RUN(many_sources_are_bounded);
	return TEST_END();
}
