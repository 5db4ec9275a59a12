/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

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

int watch_take(const json_t *event, struct watch_hit *ret, struct err *e)
{
	json_int_t kva;
	int slot, vcpu = -1;

	if (json_unpack((json_t *)event, "{s:i, s:I, s?:i}", "slot", &slot, "kva", &kva, "vcpu",
			&vcpu) ||
	    slot < 0 || slot >= (int)WATCH_SLOTS)
		return err_set(e, EPROTO, "the machine tells of a watch that makes no sense");
	*ret = (struct watch_hit){.slot = (unsigned int)slot, .kva = (uint64_t)kva, .vcpu = vcpu};
	return 0;
}
