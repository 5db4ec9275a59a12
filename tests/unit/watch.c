/* SPDX-License-Identifier: GPL-2.0-only */
/* What a client makes of a machine's words about watches. */
#include "vm/watch.h"

#include <errno.h>

#include "test.h"

static struct watch_hit hit;
static struct err e;

static int take(const char *text)
{
	json_t *event = json_loads(text, 0, NULL);
	int status = watch_take(event, &hit, &e);

	json_decref(event);
	return status;
}

static void a_hit_is_read(void)
{
	CHECK(take("{\"event\":\"watch\",\"slot\":3,\"kva\":\"0xffffffff83010370\","
		   "\"gpa\":\"0x3010370\",\"len\":8,\"vcpu\":5,\"value\":\"0xfffffffffffffffe\"}") ==
	      0);
	CHECK(hit.slot == 3 && hit.kva == 0xffffffff83010370 && hit.gpa == 0x3010370);
	CHECK(hit.len == 8 && hit.vcpu == 5 && hit.has_value && hit.value == UINT64_MAX - 1);
}

static void what_is_not_known_may_be_missing(void)
{
	CHECK(take("{\"slot\":0,\"kva\":\"0x8\",\"gpa\":\"0x10\",\"len\":1}") == 0);
	CHECK(hit.slot == 0 && hit.kva == 8 && hit.gpa == 16 && hit.len == 1);
	CHECK(hit.vcpu == -1 && !hit.has_value);
}

static void nonsense_is_refused(void)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"{\"slot\":4,\"kva\":\"0x8\",\"gpa\":\"0x10\",\"len\":1}",
		"{\"slot\":-1,\"kva\":\"0x8\",\"gpa\":\"0x10\",\"len\":1}",
		"{\"slot\":\"0\",\"kva\":\"0x8\",\"gpa\":\"0x10\",\"len\":1}",
		"{\"slot\":0,\"kva\":8,\"gpa\":\"0x10\",\"len\":1}",
		"{\"slot\":0,\"kva\":\"eight\",\"gpa\":\"0x10\",\"len\":1}",
		"{\"slot\":0,\"kva\":\"0x8\",\"len\":1}",
		"{\"slot\":0,\"kva\":\"0x8\",\"gpa\":\"0x10\"}",
		"{\"slot\":0,\"kva\":\"0x8\",\"gpa\":\"0x10\",\"len\":9}",
		"{\"slot\":0,\"kva\":\"0x8\",\"gpa\":\"0x10\",\"len\":0}",
		"{\"slot\":0,\"kva\":\"0x8\",\"gpa\":\"0x10\",\"len\":1,\"vcpu\":-2}",
		"{\"slot\":0,\"kva\":\"0x8\",\"gpa\":\"0x10\",\"len\":1,\"vcpu\":\"x\"}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		e = (struct err){0};
		CHECK(take(texts[i]) == -1 && e.code == EPROTO);
	}
	CHECK(watch_take(NULL, &hit, &e) == -1);
}

int main(void)
{
	RUN(a_hit_is_read);
	RUN(what_is_not_known_may_be_missing);
	RUN(nonsense_is_refused);
	return TEST_END();
}
