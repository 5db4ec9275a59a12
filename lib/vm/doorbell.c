/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/doorbell.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int doorbell_listen(struct vm_client *c, uint64_t lease_ns, uint64_t deadline_ns, struct err *e)
{
	char text[64] = "listen";

	if (lease_ns)
		snprintf(text, sizeof(text), "listen %" PRIu64 "ns", lease_ns);
	return vm_request(c, text, deadline_ns, NULL, e);
}

int doorbell_take(const json_t *event, struct doorbell_ring *ret, struct err *e)
{
	const char *request, *text;
	json_int_t seq;

	if (json_unpack((json_t *)event, "{s:I, s:s, s:s}", "seq", &seq, "request", &request,
			"text", &text) ||
	    seq < 0 || seq > UINT32_MAX || strlen(request) >= sizeof(ret->request) ||
	    strlen(text) >= sizeof(ret->text))
		return err_set(e, EPROTO, "the machine's doorbell event is not understood");
	*ret = (struct doorbell_ring){.seq = (uint32_t)seq};
	memcpy(ret->request, request, strlen(request));
	memcpy(ret->text, text, strlen(text));
	return 0;
}

int doorbell_wait(struct vm_client *c, uint64_t deadline_ns, struct doorbell_ring *ret,
		  struct err *e)
{
	json_t *event;

	for (;;) {
		const char *name;
		int status;

		if (vm_receive(c, deadline_ns, &event, NULL, 0, NULL, e))
			return -1;
		name = json_string_value(json_object_get(event, "event"));
		if (name && strcmp(name, "doorbell") == 0) {
			status = doorbell_take(event, ret, e);
			json_decref(event);
			return status;
		}
		json_decref(event);
	}
}

int doorbell_answer(struct vm_client *c, bool ok, const char *text, uint64_t deadline_ns,
		    struct err *e)
{
	char request[256 + 1]; /* the longest that is taken */

	snprintf(request, sizeof(request), "answer %s %s", ok ? "ok" : "error", text);
	return vm_request(c, request, deadline_ns, NULL, e);
}

int doorbell_thaw(struct vm_client *c, uint64_t deadline_ns, struct err *e)
{
	return vm_request(c, "thaw", deadline_ns, NULL, e);
}
