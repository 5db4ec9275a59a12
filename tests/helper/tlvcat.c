/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prints a frame stream as text, for tests and for people: one line a message,
 * `SOURCE TYPE SEQ GUEST_SECONDS LENGTH PAYLOAD`, control characters of the payload as \xNN and
 * long ones cut. Ends with 1 when anything of the stream was damaged or lost, which it counts on
 * stderr.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/tool.h"
#include "tlv/tlv.h"
#include "tlv/types.h"

static const struct tool_opt opts[] = {
	{"cut", "BYTES", "print at most so much of a payload (default 400)"},
	{0},
};
static const struct tool tool = {
	.name = "tlvcat",
	.operands = "[FILE]",
	.summary = "print a frame stream as text",
	.opts = opts,
};

static const char *const sources[] = {
	[TLV_FROM_BOOT] = "boot",	  [TLV_FROM_GUEST] = "guest",
	[TLV_FROM_MONITOR] = "monitor",	  [TLV_FROM_FREEZE] = "freeze",
	[TLV_FROM_SCENARIO] = "scenario", [TLV_FROM_DRIVER] = "driver",
};
static const char *const types[] = {
	[TLV_HELLO] = "HELLO",
	[TLV_CONSOLE] = "CONSOLE",
	[TLV_COM2] = "COM2",
	[TLV_EXIT] = "EXIT",
	[TLV_USAGE] = "USAGE",
	[TLV_PLAN] = "PLAN",
	[TLV_GUEST_HELLO] = "GUEST_HELLO",
	[TLV_LIFE] = "LIFE",
	[TLV_TROUBLE] = "TROUBLE",
	[TLV_SCHED_OUTPUT] = "SCHED_OUTPUT",
	[TLV_SCHED_STATE] = "SCHED_STATE",
	[TLV_KMSG] = "KMSG",
	[TLV_OUTPUT] = "OUTPUT",
	[TLV_STDERR] = "STDERR",
	[TLV_SCENARIO_START] = "SCENARIO_START",
	[TLV_STEP_START] = "STEP_START",
	[TLV_STEP_END] = "STEP_END",
	[TLV_SCENARIO_END] = "SCENARIO_END",
	[TLV_WORKER] = "WORKER",
	[TLV_GUEST_EXIT] = "GUEST_EXIT",
};

static void put_name(const char *const *names, size_t n, unsigned int value)
{
	if (value < n && names[value])
		printf("%s ", names[value]);
	else
		printf("%u ", value);
}

static void put_payload(const uint8_t *data, size_t len, size_t cut)
{
	for (size_t i = 0; i < len && i < cut; i++) {
		if (isprint(data[i]))
			putchar(data[i]);
		else if (data[i] == '\n')
			printf("\\n");
		else
			printf("\\x%02x", data[i]);
	}
	printf("%s\n", len > cut ? " ..." : "");
}

static void put_message(const struct tlv_message *m, size_t cut)
{
	put_name(sources, sizeof(sources) / sizeof(sources[0]), m->source);
	put_name(types, sizeof(types) / sizeof(types[0]), m->type);
	printf("%" PRIu32 " %" PRIu64 ".%09" PRIu64 " %zu ", m->seq, m->guest_ns / 1000000000,
	       m->guest_ns % 1000000000, m->len);
	put_payload(m->data, m->len, cut);
}

int main(int argc, char **argv)
{
	struct tlv_reader *r = tlv_reader_create();
	_cleanup_buf_ struct buf b = {0};
	const struct tlv_stats *st;
	struct tlv_message m;
	uint64_t cut = 400;
	const char *arg;
	struct err e;

	while (tool_next_option(&tool, argc, argv, &arg) >= 0)
		if (parse_u64(arg, 0, TLV_MESSAGE_MAX, &cut, &e))
			tool_bad_option(&tool, "cut", &e);
	if (io_read_file(argv[optind] ? argv[optind] : "-", 1u << 30, &b, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	if (!r || tlv_reader_feed(r, b.data, b.len))
		tool_die(&tool, TOOL_USAGE, "out of memory");
	for (int ended = 0; ended < 2; ended++) {
		while (tlv_reader_next(r, &m))
			put_message(&m, cut);
		tlv_reader_end(r);
	}
	st = tlv_reader_stats(r);
	if (st->bad_frames || st->skipped_bytes || st->lost_messages || st->torn_messages ||
	    st->truncated) {
		tool_warn(&tool,
			  "%" PRIu64 " bad frames, %" PRIu64 " bytes skipped, %" PRIu64
			  " messages lost, %" PRIu64 " torn%s",
			  st->bad_frames, st->skipped_bytes, st->lost_messages, st->torn_messages,
			  st->truncated ? ", truncated" : "");
		tlv_reader_destroy(r);
		return TOOL_FAIL;
	}
	tlv_reader_destroy(r);
	return TOOL_PASS;
}
