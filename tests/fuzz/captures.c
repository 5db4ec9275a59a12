/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A capture as it stands in a frame. What is kept of it must be JSON for others, too: they get it
 * as it is. The first byte chooses: the whole message, or the report of one that is well made.
 */
#include "report/captures.h"
#include "json/jsontext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * All that jansson takes is valid. (Not the other way round: it has limits for numbers and for
 * halves of characters that JSON itself does not have.) It takes more where there are NULs, and it
 * goes deeper.
 */
static void compare(const char *data, size_t size)
{
	size_t open = 0;
	json_t *json;

	for (size_t i = 0; i < size; i++) {
		open += data[i] == '[' || data[i] == '{';
		if (!data[i] || open > JSONTEXT_DEPTH_MAX)
			return;
	}
	json = json_loadb(data, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (json && !jsontext_is_valid((struct jsonspan){data, size}))
		__builtin_trap();
	json_decref(json);
}

static void check(const struct buf *report)
{
	struct jsonspan text = {buf_text(report), report->len};

	if (report->len && (!jsontext_is_valid(text) || !jsontext_is_object(text)))
		__builtin_trap();
}

static void take(struct captures *c, const void *data, size_t size)
{
	struct err e;

	captured_add(c, data, size, 0, &e);
	for (size_t i = 0; i < c->n; i++)
		check(&c->list[i].report);
	check(&c->failure.capture.report);
}

static void take_report(struct captures *c, const char *trigger, const void *data, size_t size)
{
	_cleanup_buf_ struct buf message = {0};

	if (buf_addf(&message,
		     "{\"tag\":\"t\",\"trigger\":\"%s\",\"number\":0,\"report\":", trigger) ||
	    buf_add(&message, data, size) || buf_add(&message, "}", 1))
		return;
	take(c, message.data, message.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct captures c;

	if (size < 1)
		return 0;
	captured_init(&c);
	compare((const char *)data + 1, size - 1);
	if (data[0] == 'r') {
		take_report(&c, "op", data + 1, size - 1);
		take_report(&c, "exit", data + 1, size - 1);
	} else {
		take(&c, data + 1, size - 1);
	}
	captured_deinit(&c);
	return 0;
}
