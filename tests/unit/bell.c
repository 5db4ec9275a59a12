/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's side of the doorbell, with mailboxes as a guest may make them up. */
#include "../../cmd/ktstr-boot/bell.c"
#include "../../cmd/ktstr-boot/ram.c"
#include "test.h"

#define PAGE 0x5000ull

static struct ram ram;
static struct bell bell;
static struct err e;

static void begin(void)
{
	bell = (struct bell){0};
	CHECK(ram_init(&ram, 64, 2, &e) == 0);
}

static void end(void)
{
	ram_deinit(&ram);
}

static int announce(const char *json)
{
	return bell_announce(&bell, &ram, json, strlen(json), &e);
}

static struct mailbox good(uint32_t seq)
{
	struct mailbox m = {.magic = MAILBOX_MAGIC, .seq = seq, .request = "test", .text = "words"};

	return m;
}

/* Put @m into the guest's memory and ring. */
static int ring(const struct mailbox *m, struct mailbox *ret)
{
	CHECK(ram_write(&ram, PAGE, m, sizeof(*m), &e) == 0);
	return bell_take(&bell, &ram, ret, &e);
}

static void refused(struct mailbox m, const char *why)
{
	struct mailbox ret;
	unsigned int before = bell.refused;

	CHECK(ring(&m, &ret) < 0);
	CHECK(strstr(e.text, why));
	CHECK(bell.refused == before + 1);
	CHECK(bell_answer(&bell, &ram, MAILBOX_OK, "", &e) < 0);
}

static void a_request_is_taken_and_answered(void)
{
	struct mailbox m = good(7), ret;

	begin();
	CHECK(announce("{\"gpa\": 20480, \"more\": []}") == 0);
	CHECK(ring(&m, &ret) == 0);
	CHECK(ret.seq == 7);
	CHECK_STR(ret.request, "test");
	CHECK_STR(ret.text, "words");
	CHECK(bell_answer(&bell, &ram, MAILBOX_HEARD, "", &e) == 0);
	CHECK(bell_answer(&bell, &ram, MAILBOX_ERROR, "because", &e) == 0);
	CHECK(ram_read(&ram, PAGE, &ret, sizeof(ret), &e) == 0);
	CHECK(ret.status == MAILBOX_ERROR && ret.magic == MAILBOX_MAGIC && ret.seq == 7);
	CHECK_STR(ret.answer, "because");
	CHECK(bell.rings == 1 && bell.refused == 0);
	end();
}

static void a_long_answer_is_cut(void)
{
	char text[2 * MAILBOX_ANSWER_MAX];
	struct mailbox m = good(1), ret;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	begin();
	CHECK(announce("{\"gpa\": 20480}") == 0 && ring(&m, &ret) == 0);
	CHECK(bell_answer(&bell, &ram, MAILBOX_OK, text, &e) == 0);
	CHECK(ram_read(&ram, PAGE, &ret, sizeof(ret), &e) == 0);
	CHECK(strnlen(ret.answer, sizeof(ret.answer)) == MAILBOX_ANSWER_MAX - 1);
	end();
}

static void a_ring_before_the_announcement_is_refused(void)
{
	begin();
	refused(good(1), "not told where");
	end();
}

static void mailboxes_that_are_none_are_refused(void)
{
	struct mailbox m;

	begin();
	CHECK(announce("{\"gpa\": 20480}") == 0);
	m = good(1);
	m.magic ^= 1;
	refused(m, "no mailbox");
	m = good(1);
	m.status = MAILBOX_OK;
	refused(m, "status 3");
	m.status = UINT32_MAX;
	refused(m, "status 4294967295");
	m = good(1);
	m.request[0] = 0;
	refused(m, "no word");
	strcpy(m.request, "two words");
	refused(m, "no word");
	strcpy(m.request, "r\xc3\xa4");
	refused(m, "no word");
	memset(m.request, 'a', sizeof(m.request));
	refused(m, "no word");
	m = good(1);
	memset(m.text, 'a', sizeof(m.text));
	refused(m, "no end");
	end();
}

static void the_same_request_is_not_taken_twice(void)
{
	struct mailbox ret, m = good(3);

	begin();
	CHECK(announce("{\"gpa\": 20480}") == 0 && ring(&m, &ret) == 0);
	refused(good(3), "answered before");
	m = good(4);
	CHECK(ring(&m, &ret) == 0 && ret.seq == 4);
	end();
}

static void text_that_cannot_be_printed_is_replaced(void)
{
	struct mailbox ret, m = good(1);

	begin();
	CHECK(announce("{\"gpa\": 20480}") == 0);
	strcpy(m.text, "a\x1b[31m\xff\x7f\nz");
	CHECK(ring(&m, &ret) == 0);
	CHECK_STR(ret.text, "a?[31m???z");
	end();
}

static void addresses_outside_of_memory_are_refused(void)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"null",
		"{}",
		"{\"gpa\":\"20480\"}",
		"{\"gpa\":20480.0}",
		"{\"gpa\":-4096}",
		"{\"gpa\":20481}",
		"{\"gpa\":67108864}", /* the byte after the last */
		"{\"gpa\":3221225472}",
		"{\"gpa\":9223372036854771712}",
		"{\"gpa\":99999999999999999999}",
	};
	struct mailbox ret, m = good(1);

	begin();
	CHECK(announce("{\"gpa\": 20480}") == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(announce(bad[i]) < 0);
	CHECK(ring(&m, &ret) == 0);		    /* at the place that was good */
	CHECK(announce("{\"gpa\":67104768}") == 0); /* the last page */
	end();
}

static void memory_is_reached_within_one_range_only(void)
{
	char bytes[16] = "";

	begin();
	CHECK(ram_holds(&ram, 0, 1) && ram_holds(&ram, 0, 32 * MIB));
	CHECK(!ram_holds(&ram, 0, 0) && !ram_holds(&ram, 0, 32 * MIB + 1));
	CHECK(!ram_holds(&ram, 32 * MIB - 1, 2) && !ram_holds(&ram, 64 * MIB - 1, 2));
	CHECK(!ram_holds(&ram, UINT64_MAX, 2) && !ram_holds(&ram, 1, UINT64_MAX));
	CHECK(ram_write(&ram, 64 * MIB - 8, bytes, 16, &e) < 0 && e.code == EFAULT);
	CHECK(ram_read(&ram, UINT64_MAX - 7, bytes, 16, &e) < 0 && e.code == EFAULT);
	end();
}

int main(void)
{
	RUN(a_request_is_taken_and_answered);
	RUN(a_long_answer_is_cut);
	RUN(a_ring_before_the_announcement_is_refused);
	RUN(mailboxes_that_are_none_are_refused);
	RUN(the_same_request_is_not_taken_twice);
	RUN(text_that_cannot_be_printed_is_replaced);
	RUN(addresses_outside_of_memory_are_refused);
	RUN(memory_is_reached_within_one_range_only);
	return TEST_END();
}
