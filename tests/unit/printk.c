/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel log from a ring buffer in memory: whole, wrapped, being written and damaged. */
#include "kernel/printk.h"

#include <errno.h>

#include "kernel/printk_ring.h"
#include "prb.h"
#include "test.h"

/* The text, or the error's. The caller's to free by buf_deinit. */
static const char *text_of(const struct kernel *k, struct buf *b)
{
	static struct err e;

	buf_deinit(b);
	return printk_text(k, b, &e) ? e.text : buf_text(b);
}

static int count_one(void *arg, const struct printk_record *r)
{
	(void)r;
	++*(int *)arg;
	return 0;
}

/* Records handed out; those passed over go to *ret_skipped. -1 for an error. */
static int count(const struct kernel *k, uint64_t *ret_skipped)
{
	struct err e;
	int n = 0;

	return printk_walk(k, count_one, &n, ret_skipped, &e) ? -1 : n;
}

static const char vmcoreinfo[] = PRB_VMCOREINFO;

static void empty_ring(void)
{
	_cleanup_buf_ struct buf b = {0};
	uint64_t skipped = 1;
	struct image m;
	struct kernel k;

	prb_init(&m, &k);
	CHECK_STR(text_of(&k, &b), "");
	CHECK(count(&k, &skipped) == 0 && skipped == 0);
	image_deinit(&m);
}

static void lines(void)
{
	_cleanup_buf_ struct buf b = {0};
	struct image m;
	struct kernel k;
	uint64_t at = 0;

	prb_init(&m, &k);
	at = prb_record(&m, 0, PRB_FINALIZED, at, 0, "Linux version");
	at = prb_record(&m, 1, PRB_FINALIZED, at, 1500000, "one\ntwo\n");
	prb_desc(&m, 2, PRB_FINALIZED, 3, 3); /* an empty line */
	prb_info(&m, 2, 2000000000, 0);
	prb_record(&m, 3, PRB_COMMITTED, at, 123456789012345, "a\ttab \33[m \\ \xc3\xa4");
	prb_ids(&m, 0, 3);
	CHECK_STR(text_of(&k, &b), "[    0.000000] Linux version\n"
				   "[    0.001500] one\n"
				   "               two\n"
				   "               \n"
				   "[    2.000000] \n"
				   "[123456.789012] a\ttab \\x1b[m \\ \\xc3\\xa4\n");
	image_deinit(&m);
}

/* The tail, or the error's text. */
static const char *tail_of(const struct kernel *k, size_t max, struct buf *b)
{
	static struct err e;

	buf_deinit(b);
	buf_add(b, "before ", 7);
	return printk_tail(k, max, b, &e) ? e.text : buf_text(b);
}

static void tails(void)
{
	static const char all[] = "before [    0.000000] one\n[    0.000001] two\n"
				  "               three\n[    0.000002] four\n";
	_cleanup_buf_ struct buf b = {0};
	struct image m;
	struct kernel k;
	uint64_t at = 0;

	prb_init(&m, &k);
	CHECK_STR(tail_of(&k, 100, &b), "before ");
	at = prb_record(&m, 0, PRB_FINALIZED, at, 0, "one");
	at = prb_record(&m, 1, PRB_FINALIZED, at, 1000, "two\nthree");
	prb_desc(&m, 2, PRB_REUSABLE, 0, 0);
	prb_record(&m, 3, PRB_FINALIZED, at, 2000, "four");
	prb_ids(&m, 0, 3);
	CHECK_STR(tail_of(&k, 100, &b), all);
	CHECK_STR(tail_of(&k, strlen(all) - 7, &b), all);
	CHECK_STR(tail_of(&k, strlen(all) - 8, &b),
		  "before [    0.000001] two\n               three\n[    0.000002] four\n");
	CHECK_STR(tail_of(&k, 59, &b), "before                three\n[    0.000002] four\n");
	CHECK_STR(tail_of(&k, 20, &b), "before [    0.000002] four\n");
	CHECK_STR(tail_of(&k, 19, &b), "before ");
	CHECK_STR(tail_of(&k, 0, &b), "before ");
	image_put(&m, PRB_POINTER, 0, 8);
	CHECK(strstr(tail_of(&k, 20, &b), "printk"));
	image_deinit(&m);
}

static int check_record(void *arg, const struct printk_record *r)
{
	CHECK(r->seq == 5 && r->ts_ns == 77 && r->facility == 3 && r->level == 6);
	CHECK(r->len == 2 && memcmp(r->text, "hi", 2) == 0);
	++*(int *)arg;
	return 42;
}

static void record_members(void)
{
	uint64_t skipped;
	struct image m;
	struct kernel k;
	struct err e;
	int calls = 0;

	prb_init(&m, &k);
	prb_record(&m, 5, PRB_FINALIZED, 512, 77, "hi");
	prb_record(&m, 6, PRB_FINALIZED, 528, 78, "not asked for");
	prb_ids(&m, 5, 6);
	CHECK(printk_walk(&k, check_record, &calls, &skipped, &e) == 42);
	CHECK(calls == 1);
	image_deinit(&m);
}

/* The ring full, one block that did not fit before its end, ids past the highest. */
static void check_wrapped(uint64_t at)
{
	_cleanup_buf_ struct buf b = {0};
	uint64_t id = (UINT64_MAX >> 2) - 3, skipped;
	struct image m;
	struct kernel k;

	prb_init(&m, &k);
	for (unsigned int i = 0; i < 7; i++) {
		char text[32] = "text of number 0";

		text[15] = (char)('0' + i);
		at = prb_record(&m, (id + i) & (UINT64_MAX >> 2), PRB_FINALIZED, at, 0, text);
	}
	prb_ids(&m, id, (id + 6) & (UINT64_MAX >> 2));
	CHECK(count(&k, &skipped) == 7 && skipped == 0);
	CHECK(strstr(text_of(&k, &b), "text of number 2\n[    0.000000] text of number 3") != NULL);
	image_deinit(&m);
}

static void wrapped_ring(void)
{
	check_wrapped(256 * 1000 + 200);
	check_wrapped(200);
	/* The kernel begins one ring before 0, so the first round ends at the highest position. */
	check_wrapped(-(uint64_t)56);
}

static void block_to_the_very_end(void)
{
	_cleanup_buf_ struct buf b = {0};
	struct image m;
	struct kernel k;

	prb_init(&m, &k);
	CHECK(prb_record(&m, 0, PRB_FINALIZED, 256 - 16, 0, "12345678") == 256);
	prb_ids(&m, 0, 0);
	CHECK_STR(text_of(&k, &b), "[    0.000000] 12345678\n");
	image_deinit(&m);
}

static void not_whole(void)
{
	uint64_t skipped;
	struct image m;
	struct kernel k;

	prb_init(&m, &k);
	prb_record(&m, 0, PRB_RESERVED, 0, 0, "being written");
	prb_record(&m, 1, PRB_FINALIZED, 32, 0, "kept");
	prb_desc(&m, 2, PRB_FINALIZED, 1, 1); /* its text found no room */
	prb_record(&m, 3, PRB_FINALIZED, 64, 0, "other id");
	image_put(&m, PRB_TEXT + 64, 99, 8);
	prb_record(&m, 4, PRB_FINALIZED, 96, 0, "short");
	prb_info(&m, 4, 0, 9); /* longer than its block */
	prb_record(&m, 5, PRB_FINALIZED, 128, 0, "not aligned");
	prb_desc(&m, 5, PRB_FINALIZED, 132, 160);
	prb_record(&m, 6 + 8, PRB_FINALIZED, 160, 0, "of a later round");
	prb_ids(&m, 0, 6);
	CHECK(count(&k, &skipped) == 1 && skipped == 6);
	image_deinit(&m);
}

/* Eight records that all say to have the whole ring as their text, but for where they begin. */
static void shared_text(void)
{
	uint64_t skipped;
	struct image m;
	struct kernel k;

	prb_init(&m, &k);
	for (unsigned int id = 0; id < 8; id++) {
		image_put(&m, PRB_TEXT + 8 * id, id, 8);
		prb_desc(&m, id, PRB_FINALIZED, 8 * id, 256);
		prb_info(&m, id, 0, 100);
	}
	prb_ids(&m, 0, 7);
	CHECK(count(&k, &skipped) == 2 && skipped == 6);
	image_deinit(&m);
}

static void absurd_blocks(void)
{
	const uint64_t blocks[][2] = {
		{0, 0},
		{8, 0},
		{0, 8},
		{0, 256 * 3},
		{8, 256 * 2 + 16},
		{0, 256 + 256},
		{248, 8},
		{UINT64_MAX - 7, 16},
		{256, UINT64_MAX - 7},
		{0, UINT64_MAX - 7},
		{1, 8},
		{3, 1},
		{2, 2},
	};
	uint64_t skipped;
	struct image m;
	struct kernel k;

	prb_init(&m, &k);
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
		prb_record(&m, 0, PRB_FINALIZED, 0, 0, "0123456789abcdef");
		prb_desc(&m, 0, PRB_FINALIZED, blocks[i][0], blocks[i][1]);
		CHECK(count(&k, &skipped) == 0 && skipped == 1);
	}
	image_deinit(&m);
}

/* The descriptor is taken for another record after it was copied. */
static void reused_meanwhile(void)
{
	struct printk_record rec;
	struct printk_ring ring;
	struct image m;
	struct kernel k;
	struct err e;

	prb_init(&m, &k);
	prb_record(&m, 0, PRB_FINALIZED, 0, 0, "old");
	prb_record(&m, 1, PRB_FINALIZED, 16, 0, "stays");
	prb_ids(&m, 0, 1);
	CHECK(printk_ring_init(&ring, &k.mem, &k.vmcoreinfo, &e) == 0);
	CHECK(printk_ring_get(&ring, 0, &rec) == PRINTK_GOT);
	prb_record(&m, 8, PRB_RESERVED, 256, 0, "new");
	CHECK(printk_ring_get(&ring, 0, &rec) == PRINTK_LOST);
	CHECK(printk_ring_get(&ring, 1, &rec) == PRINTK_GOT && rec.len == 5);
	printk_ring_deinit(&ring);
	image_deinit(&m);
}

static void absurd_ring(void)
{
	const struct {
		size_t at;
		uint64_t value;
		size_t size;
		const char *want;
	} cases[] = {
		{PRB_POINTER, 0, 8, "0x0"},
		{PRB_STRUCT, 22, 4, "2^22 descriptors"},
		{PRB_STRUCT, UINT32_MAX, 4, "2^4294967295 descriptors"},
		{PRB_STRUCT, 20, 4, "address"}, /* more descriptors than there is memory */
		{PRB_STRUCT + 8, 8, 8, "0x8"},
		{PRB_STRUCT + 24, 8, 8, "records 0x0 to 0x8 in 2^3 descriptors"},
		{PRB_STRUCT + 32, 1, 8, "records 0x1 to 0x0"},
		{PRB_STRUCT + 48, 27, 4, "2^27 bytes of text"},
		{PRB_STRUCT + 48, 26, 4, "address"},
		{PRB_STRUCT + 56, UINT64_MAX, 8, "0xffffffffffffffff"},
	};
	_cleanup_buf_ struct buf b = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct image m;
		struct kernel k;
		const char *text;

		prb_init(&m, &k);
		image_put(&m, cases[i].at, cases[i].value, cases[i].size);
		text = text_of(&k, &b);
		CHECK(strstr(text, "printk ring buffer: ") == text);
		if (!strstr(text, cases[i].want))
			CHECK_STR(text, cases[i].want);
		image_deinit(&m);
	}
}

static void absurd_layout(void)
{
	const char *cases[][2] = {
		{"OFFSET(prb_desc_ring.descs)=8", "OFFSET(prb_desc_ring.descs)=9000000"},
		{"OFFSET(prb_desc_ring.descs)=8", "OFFSET(prb_desc_ring.descs)=84"},
		{"SIZE(prb_desc)=24", "SIZE(prb_desc)=0"},
		{"SIZE(printk_ringbuffer)=88", "SIZE(printk_ringbuffer)=99999999999999"},
		{"SYMBOL(prb)=", "SYMBOL(nix)="},
	};
	_cleanup_buf_ struct buf b = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *at = strstr(vmcoreinfo, cases[i][0]), *got;
		char text[4096];
		struct image m;
		struct kernel k;
		struct err e;

		prb_init(&m, &k);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - vmcoreinfo), vmcoreinfo,
			 cases[i][1], at + strlen(cases[i][0]));
		CHECK(vmcoreinfo_parse(text, strlen(text), &k.vmcoreinfo, &e) == 0);
		got = text_of(&k, &b);
		CHECK(strstr(got, "printk ring buffer: ") == got);
		image_deinit(&m);
	}
}

/* Page tables can show a small memory as a large one, of which the copy would be large. */
static void large_descriptors(void)
{
	const char *at = strstr(vmcoreinfo, "SIZE(prb_desc)=24");
	_cleanup_buf_ struct buf b = {0};
	char text[4096];
	struct image m;
	struct kernel k;
	struct err e;

	prb_init(&m, &k);
	snprintf(text, sizeof(text), "%.*sSIZE(prb_desc)=1024%s", (int)(at - vmcoreinfo),
		 vmcoreinfo, at + strlen("SIZE(prb_desc)=24"));
	CHECK(vmcoreinfo_parse(text, strlen(text), &k.vmcoreinfo, &e) == 0);
	image_put(&m, PRB_STRUCT, 21, 4);
	CHECK_STR(text_of(&k, &b), "printk ring buffer: 2^21 descriptors of 1024 bytes");
	image_deinit(&m);
}

/* A descriptor smaller than its members: no record, and nothing read behind the copy. */
static void small_descriptor(void)
{
	char text[4096], *at;
	uint64_t skipped;
	struct image m;
	struct kernel k;
	struct err e;

	prb_init(&m, &k);
	prb_record(&m, 0, PRB_FINALIZED, 0, 0, "x");
	strcpy(text, PRB_VMCOREINFO);
	at = strstr(text, "SIZE(prb_desc)=24");
	memcpy(at, "SIZE(prb_desc)=08", 17);
	CHECK(vmcoreinfo_parse(text, strlen(text), &k.vmcoreinfo, &e) == 0);
	CHECK(count(&k, &skipped) == 0 && skipped == 1);
	image_deinit(&m);
}

int main(void)
{
	RUN(empty_ring);
	RUN(lines);
	RUN(tails);
	RUN(record_members);
	RUN(wrapped_ring);
	RUN(block_to_the_very_end);
	RUN(not_whole);
	RUN(shared_text);
	RUN(absurd_blocks);
	RUN(reused_meanwhile);
	RUN(absurd_ring);
	RUN(absurd_layout);
	RUN(large_descriptors);
	RUN(small_descriptor);
	return TEST_END();
}
