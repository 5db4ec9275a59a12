/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BTF of any bytes; by the first byte, as it is, or as the types behind a header that is right and
 * before strings that are. What is taken is asked everything.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/types.h"

#define TYPES_LEN_MAX 8192u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char strings[] = "\0s\0m\0e\0VALUE";

/* A path that any struct might have, so that walks go deep. */
static const char *const paths[] = {"m", "m.m", "m[1]", "m[0].m[2].m", "s.m.e", "m[999999999].m"};

static void ask(const struct types *t)
{
	const char *name;
	struct member m;
	struct err e;
	uint64_t v;

	for (uint32_t id = 0; id <= btf__type_cnt(types_btf(t)); id++) {
		for (size_t i = 0; i < types_members(t, id); i++)
			if (types_member_at(t, id, i, &name, &m, &e) == 0 && !name)
				abort();
		for (size_t i = 0; id < 8 && i < sizeof(paths) / sizeof(paths[0]); i++)
			types_member_of(t, id, paths[i], &m, &e);
	}
	if (types_member(t, "s", "m", &m, &e) == 0 && types_size(t, "s", &v, &e) == 0 &&
	    m.offset + m.size * m.count > v)
		abort();
	types_enumerator(t, "e", "VALUE", &v, &e);
	types_enum_name(t, "e", 1);
}

/* Around @size bytes of types. Returns the whole length. */
static size_t wrap(const uint8_t *data, uint32_t size, uint8_t *ret)
{
	const struct btf_header h = {.magic = BTF_MAGIC,
				     .version = BTF_VERSION,
				     .hdr_len = sizeof(h),
				     .type_len = size,
				     .str_off = size,
				     .str_len = sizeof(strings)};

	memcpy(ret, &h, sizeof(h));
	memcpy(ret + sizeof(h), data, size);
	memcpy(ret + sizeof(h) + size, strings, sizeof(strings));
	return sizeof(h) + size + sizeof(strings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t whole[sizeof(struct btf_header) + TYPES_LEN_MAX + sizeof(strings)];
	struct types *t;
	struct err e;

	if (!size)
		return 0;
	if (data[0] & 1) {
		if (types_create(data + 1, size - 1, NULL, &t, &e))
			return 0;
	} else {
		uint32_t n = size - 1 < TYPES_LEN_MAX ? (uint32_t)size - 1 : TYPES_LEN_MAX;

		if (types_create(whole, wrap(data + 1, n, whole), NULL, &t, &e))
			return 0;
	}
	ask(t);
	types_destroy(t);
	return 0;
}
