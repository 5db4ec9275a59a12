/* SPDX-License-Identifier: GPL-2.0-only */
/* The names of sources and message types as people and reports have them, e.g. boot and HELLO. */
#ifndef KTSTR_TLV_NAMES_H
#define KTSTR_TLV_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* What a payload is. */
enum tlv_form {
	TLV_TEXT, /* a piece of a stream of bytes */
	TLV_JSON, /* one object */
	TLV_BINARY,
};

struct tlv_type_info {
	uint16_t type; /* enum tlv_type */
	enum tlv_form form;
	const char *name;
};

/* All types that there are; they do not come by number. */
extern const struct tlv_type_info tlv_types[];
extern const size_t tlv_types_count;

/* NULL for a type that we do not know. */
const struct tlv_type_info *tlv_type_by_number(uint16_t type);
const struct tlv_type_info *tlv_type_by_name(const char *name);

/* NULL for a source that we do not know. */
const char *tlv_source_name(uint8_t source);
/* 0 when there is none of that name. */
uint8_t tlv_source_by_name(const char *name);

#endif
