/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A schema and samples of it. The input is the schema's JSON, a NUL, and pieces of two bytes of
 * length (the low first) and a sample each. The first byte tells whether the schema is rather a
 * fixed one, so that samples are reached from the start. What was taken must come out as it went
 * in.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "sample/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char fixed[] =
	"{\"id\":1,\"release\":\"7\",\"ops\":\"x\",\"hz\":250,\"generation\":1,\"classes\":[\"idle\"],"
	"\"tables\":{\"machine\":{\"columns\":[\"jiffies\"],\"rows\":[[0,0,\"\"]]},\"cpu\":{"
	"\"columns\":[\"nr_running\",\"curr_class\"],\"rows\":[[0,0,\"\"],[4,0,\"\"]]},\"event\":{"
	"\"columns\":[\"cpu\"],\"rows\":[[4,0,\"\"],[5,0,\"\"]]},\"schedstat\":{\"columns\":[\"a\"],"
	"\"rows\":[[0,0,\"\"]]},\"domain\":{\"columns\":[\"name\"],\"rows\":[[4,0,\"SMT\"],[4,1,"
	"\"MC\"],[9,0,\"MC\"]]},\"prog\":{\"columns\":[\"cnt\"],\"rows\":[[1,2,\"p\"]]},\"dsq\":{"
	"\"columns\":[\"id\",\"nr\"],\"rows\":[]}}}";

static json_t *reloaded(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	json_t *again = text ? json_loads(text, 0, NULL) : NULL;

	free(text);
	json_decref(json);
	return again;
}

static void check_schema(const struct schema *s)
{
	json_t *once = reloaded(schema_to_json(s)), *twice;
	struct schema back;
	struct err e;

	if (!once || schema_from_json(once, &back, &e))
		abort();
	twice = schema_to_json(&back);
	if (!json_equal(once, twice))
		abort();
	json_decref(once);
	json_decref(twice);
	schema_deinit(&back);
}

static void check_sample(const struct schema *schema, const uint8_t *data, size_t len)
{
	_cleanup_buf_ struct buf again = {0};
	struct sample s;
	struct err e;

	if (sample_init(&s, schema, &e))
		return;
	if (sample_decode(data, len, schema, &s, &e) == 0) {
		json_t *json = reloaded(sample_to_json(&s, schema));

		if (!json || sample_encode(&s, schema, &again) || again.len != len ||
		    memcmp(again.data, data, len) != 0)
			abort();
		json_decref(json);
	}
	sample_deinit(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(data, size);
	bool is_fixed = cursor_u8(&c) & 1;
	const uint8_t *nul = is_fixed || c.failed ? NULL : memchr(data + 1, 0, size - 1);
	size_t len = nul ? (size_t)(nul - data) - 1 : 0;
	json_t *json = is_fixed ? json_loads(fixed, 0, NULL)
				: json_loadb((const char *)data + 1, len, 0, NULL);
	struct schema schema;
	struct err e;

	if (!json)
		return 0;
	if (schema_from_json(json, &schema, &e) == 0) {
		check_schema(&schema);
		cursor_bytes(&c, is_fixed ? 0 : len + 1);
		for (unsigned int i = 0; i < 8 && !c.failed; i++) {
			size_t want = cursor_u16(&c), left = cursor_left(&c);
			const uint8_t *sample = cursor_bytes(&c, want < left ? want : left);

			if (sample)
				check_sample(&schema, sample, want < left ? want : left);
		}
		schema_deinit(&schema);
	}
	json_decref(json);
	return 0;
}
