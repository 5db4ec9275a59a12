/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/kmsg.h"

#include "test.h"

static int format(const char *record, struct buf *b)
{
	buf_deinit(b);
	return kmsg_format(b, record, strlen(record));
}

static void test_record(void)
{
	_cleanup_buf_ struct buf b = {0};

	CHECK(format("6,339,5140900,-;NET: Registered\n", &b) == 0);
	CHECK_STR(buf_text(&b), "[    5.140900] NET: Registered\n");
	CHECK(format("4,1,12345678901234,c;a; b\n SUBSYSTEM=cpu\n DEVICE=+x\n", &b) == 0);
	CHECK_STR(buf_text(&b), "[12345678.901234] a; b\n");
	CHECK(format("6,1,0,-,caller=T1;no newline", &b) == 0);
	CHECK_STR(buf_text(&b), "[    0.000000] no newline\n");
	CHECK(format("6,1,7;short prefix\n", &b) == 0);
	CHECK_STR(buf_text(&b), "[    0.000007] short prefix\n");
}

static void test_not_a_record(void)
{
	_cleanup_buf_ struct buf b = {0};

	CHECK(format("", &b) == -1);
	CHECK(format("no semicolon", &b) == -1);
	CHECK(format("6,1;two fields\n", &b) == -1);
	CHECK(format("6,1,;empty time\n", &b) == -1);
	CHECK(format("6,1,x5,-;no number\n", &b) == -1);
	CHECK(b.len == 0);
}

int main(void)
{
	RUN(test_record);
	RUN(test_not_a_record);
	return TEST_END();
}
