/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/payload.h"

#include "base/buf.h"
#include "base/clean.h"

void payload_init(struct payload *p, const void *data, size_t len)
{
	_cleanup_buf_ struct buf fit = {0};

	*p = (struct payload){.bad = true};
	if (len > PAYLOAD_JSON_MAX)
		return;
	if (!clean_is_utf8(data, len)) {
		if (clean_text(&fit, data, len))
			return;
		data = buf_text(&fit);
		len = fit.len;
	}
	p->object = json_loadb(data, len, 0, NULL);
	p->bad = !json_is_object(p->object);
}

void payload_deinit(struct payload *p)
{
	json_decref(p->object);
	p->object = NULL;
}

static json_t *member(const struct payload *p, const char *name)
{
	json_t *v = json_object_get(p->object, name);

	return json_is_null(v) ? NULL : v;
}

uint64_t payload_u64(struct payload *p, const char *name)
{
	json_t *v = member(p, name);

	if (!v)
		return PAYLOAD_ABSENT;
	if (!json_is_integer(v) || json_integer_value(v) < 0) {
		p->bad = true;
		return PAYLOAD_ABSENT;
	}
	return (uint64_t)json_integer_value(v);
}

uint64_t payload_need_u64(struct payload *p, const char *name)
{
	uint64_t v = payload_u64(p, name);

	p->bad |= v == PAYLOAD_ABSENT;
	return v;
}

bool payload_need_bool(struct payload *p, const char *name)
{
	json_t *v = member(p, name);

	p->bad |= !json_is_boolean(v);
	return json_is_true(v);
}

const char *payload_str(struct payload *p, const char *name)
{
	json_t *v = member(p, name);

	p->bad |= v && !json_is_string(v);
	return json_string_value(v);
}

const char *payload_need_str(struct payload *p, const char *name)
{
	const char *v = payload_str(p, name);

	p->bad |= !v;
	return v ? v : "";
}

json_t *payload_strings(struct payload *p, const char *name)
{
	json_t *v = member(p, name);

	if (!v)
		return NULL;
	p->bad |= !json_is_array(v);
	for (size_t i = 0; i < json_array_size(v); i++)
		p->bad |= !json_is_string(json_array_get(v, i));
	return json_is_array(v) ? v : NULL;
}
