/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/parse.h"

int watch_add(struct vm_client *c, uint64_t kva, uint64_t gpa, unsigned int len, uint64_t lease_ns,
	      uint64_t deadline_ns, unsigned int *ret_slot, struct err *e)
{
	char request[160];
	json_t *answer;
	int slot, n;

	n = snprintf(request, sizeof(request), "watch 0x%" PRIx64 " 0x%" PRIx64 " %u", kva, gpa,
		     len);
	if (lease_ns)
		snprintf(request + n, sizeof(request) - (size_t)n, " %" PRIu64 "ns", lease_ns);
	if (vm_request(c, request, deadline_ns, &answer, e))
		return -1;
	n = json_unpack(answer, "{s:i}", "slot", &slot);
	json_decref(answer);
	if (n || slot < 0 || slot >= (int)WATCH_SLOTS)
		return err_set(e, EPROTO, "the machine tells no slot for a watch");
	*ret_slot = (unsigned int)slot;
	return 0;
}

int watch_remove(struct vm_client *c, unsigned int slot, uint64_t deadline_ns, struct err *e)
{
	char request[32];

	snprintf(request, sizeof(request), "unwatch %u", slot);
	return vm_request(c, request, deadline_ns, NULL, e);
}

/* Addresses come as texts: a JSON number is none of 64 bits to most. */
static int address_take(const json_t *event, const char *name, uint64_t *ret)
{
	const char *text = json_string_value(json_object_get(event, name));

	return text ? parse_u64(text, 0, UINT64_MAX, ret, &(struct err){0}) : -1;
}

int watch_take(const json_t *event, struct watch_hit *ret, struct err *e)
{
	int slot, len, vcpu = -1;

	*ret = (struct watch_hit){0};
	if (json_unpack((json_t *)event, "{s:i, s:i, s?:i}", "slot", &slot, "len", &len, "vcpu",
			&vcpu) ||
	    slot < 0 || slot >= (int)WATCH_SLOTS || len < 1 || len > 8 || vcpu < -1 ||
	    address_take(event, "kva", &ret->kva) || address_take(event, "gpa", &ret->gpa))
		return err_set(e, EPROTO, "the machine tells of a watch that makes no sense");
	ret->slot = (unsigned int)slot;
	ret->len = (unsigned int)len;
	ret->vcpu = vcpu;
	ret->has_value = address_take(event, "value", &ret->value) == 0;
	return 0;
}
