/* SPDX-License-Identifier: GPL-2.0-only */
#include "tlv/names.h"

#include <string.h>

#include "tlv/tlv.h"
#include "tlv/types.h"

#define JSON(t) {.type = TLV_##t, .form = TLV_JSON, .name = #t}
#define TEXT(t) {.type = TLV_##t, .form = TLV_TEXT, .name = #t}
#define BINARY(t) {.type = TLV_##t, .form = TLV_BINARY, .name = #t}

const struct tlv_type_info tlv_types[] = {
	JSON(HELLO),	   TEXT(CONSOLE),	TEXT(COM2),	      JSON(EXIT),
	JSON(USAGE),	   JSON(PLAN),		JSON(GUEST_HELLO),    JSON(LIFE),
	JSON(TROUBLE),	   TEXT(SCHED_OUTPUT),	JSON(SCHED_STATE),    TEXT(KMSG),
	TEXT(OUTPUT),	   TEXT(STDERR),	JSON(SCENARIO_START), JSON(STEP_START),
	JSON(STEP_END),	   JSON(SCENARIO_END),	JSON(WORKER),	      JSON(GUEST_EXIT),
	JSON(REQUEST),	   JSON(SAMPLE_SCHEMA), BINARY(SAMPLE),	      JSON(MONITOR_NOTE),
	JSON(MONITOR_END), JSON(MAILBOX),	JSON(CAPTURE),	      JSON(FREEZE_NOTE),
	JSON(FREEZE_END),
};
const size_t tlv_types_count = sizeof(tlv_types) / sizeof(tlv_types[0]);

static const char *const source_names[] = {
	[TLV_FROM_BOOT] = "boot",	  [TLV_FROM_GUEST] = "guest",
	[TLV_FROM_MONITOR] = "monitor",	  [TLV_FROM_FREEZE] = "freeze",
	[TLV_FROM_SCENARIO] = "scenario", [TLV_FROM_DRIVER] = "driver",
};
#define SOURCES (sizeof(source_names) / sizeof(source_names[0]))

const struct tlv_type_info *tlv_type_by_number(uint16_t type)
{
	for (size_t i = 0; i < tlv_types_count; i++)
		if (tlv_types[i].type == type)
			return &tlv_types[i];
	return NULL;
}

const struct tlv_type_info *tlv_type_by_name(const char *name)
{
	for (size_t i = 0; i < tlv_types_count; i++)
		if (strcmp(tlv_types[i].name, name) == 0)
			return &tlv_types[i];
	return NULL;
}

const char *tlv_source_name(uint8_t source)
{
	return source < SOURCES ? source_names[source] : NULL;
}

uint8_t tlv_source_by_name(const char *name)
{
	for (uint8_t i = 1; i < SOURCES; i++)
		if (source_names[i] && strcmp(source_names[i], name) == 0)
			return i;
	return 0;
}
