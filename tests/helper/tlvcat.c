/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prints a frame stream as text, for tests and for people: one line a message,
 * `SOURCE TYPE SEQ GUEST_SECONDS LENGTH PAYLOAD`, control characters of the payload as \xNN and
 * long ones cut. A sample is printed as the object that it tells. Ends with 1 when anything of the
 * stream was damaged or lost, which it counts on stderr.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/parse.h"
#include "base/tool.h"
#include "sample/sample.h"
#include "tlv/names.h"
#include "tlv/tlv.h"
#include "tlv/types.h"

static const struct tool_opt opts[] = {
	{"cut", "BYTES", "print at most so much of a payload (default 400)"},
	{"raw", "TYPE", "write only the payloads of this type (name or number), as they are"},
	{0},
};
static const struct tool tool = {
	.name = "tlvcat",
	.operands = "[FILE]",
	.summary = "print a frame stream as text",
	.opts = opts,
};

static void put_name(const char *name, unsigned int value)
{
	if (name)
		printf("%s ", name);
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

/* The schema last seen of each writer. */
static struct schema schemas[256];

static void take_schema(const struct tlv_message *m)
{
	json_t *json = json_loadb((const char *)m->data, m->len, 0, NULL);
	struct schema schema;
	struct err e;

	if (json && schema_from_json(json, &schema, &e) == 0) {
		schema_deinit(&schemas[m->instance]);
		schemas[m->instance] = schema;
	}
	json_decref(json);
}

/* The object that a sample tells, to be freed; NULL when it is of no schema that we know. */
static char *sample_text(const struct tlv_message *m)
{
	const struct schema *schema = &schemas[m->instance];
	json_t *json = NULL;
	struct sample s;
	struct err e;
	char *text;

	if (sample_init(&s, schema, &e))
		return NULL;
	if (sample_decode(m->data, m->len, schema, &s, &e) == 0)
		json = sample_to_json(&s, schema);
	sample_deinit(&s);
	text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	return text;
}

static void put_message(const struct tlv_message *m, size_t cut)
{
	const struct tlv_type_info *info = tlv_type_by_number(m->type);
	_cleanup_free_ char *sample = NULL;

	put_name(tlv_source_name(m->source), m->source);
	put_name(info ? info->name : NULL, m->type);
	printf("%" PRIu32 " %" PRIu64 ".%09" PRIu64 " %zu ", m->seq, m->guest_ns / 1000000000,
	       m->guest_ns % 1000000000, m->len);
	if (m->type == TLV_SAMPLE_SCHEMA)
		take_schema(m);
	if (m->type == TLV_SAMPLE)
		sample = sample_text(m);
	if (sample)
		put_payload((const uint8_t *)sample, strlen(sample), cut);
	else
		put_payload(m->data, m->len, cut);
}

static unsigned int take_type(const char *arg)
{
	const struct tlv_type_info *info = tlv_type_by_name(arg);
	unsigned int number;
	struct err e;

	if (info)
		return info->type;
	if (parse_uint(arg, 1, UINT16_MAX, &number, &e))
		tool_die(&tool, TOOL_USAGE, "there is no type '%s'", arg);
	return number;
}

int main(int argc, char **argv)
{
	struct tlv_reader *r = tlv_reader_create();
	_cleanup_buf_ struct buf b = {0};
	const struct tlv_stats *st;
	struct tlv_message m;
	uint64_t cut = 400;
	unsigned int raw = 0;
	const char *arg;
	struct err e;
	int opt;

	while ((opt = tool_next_option(&tool, argc, argv, &arg)) >= 0) {
		if (opt == 0 && parse_u64(arg, 0, TLV_MESSAGE_MAX, &cut, &e))
			tool_bad_option(&tool, "cut", &e);
		if (opt == 1)
			raw = take_type(arg);
	}
	if (io_read_file(argv[optind] ? argv[optind] : "-", 1u << 30, &b, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	if (!r || tlv_reader_feed(r, b.data, b.len))
		tool_die(&tool, TOOL_USAGE, "out of memory");
	for (int ended = 0; ended < 2; ended++) {
		while (tlv_reader_next(r, &m)) {
			if (!raw)
				put_message(&m, cut);
			else if (m.type == raw)
				fwrite(m.data, 1, m.len, stdout);
		}
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
	for (size_t i = 0; i < 256; i++)
		schema_deinit(&schemas[i]);
	return TOOL_PASS;
}
