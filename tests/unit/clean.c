/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/clean.h"

#include "report/tail.h"
#include "test.h"

#define R "\xef\xbf\xbd"

static void texts_become_fit(void)
{
	static const struct {
		const char *in;
		size_t len;
		const char *text, *line;
	} cases[] = {
		{"plain", 5, "plain", "plain"},
		{"a\r\nb\tc", 6, "a\nb\tc", "a b c"},
		{"\x1b[1m", 4, R "[1m", R "[1m"},
		{"a\0b", 3, "a" R "b", "a" R "b"},
		{"\x7f", 1, R, R},
		{"\xc2\x9b", 2, R, R},			 /* C1 */
		{"\xc2\xa0", 2, "\xc2\xa0", "\xc2\xa0"}, /* the character after them */
		{"\xc3\xa9", 2, "\xc3\xa9", "\xc3\xa9"},
		{"\xc3", 1, R, R},	   /* cut */
		{"\xc0\xaf", 2, R R, R R}, /* overlong */
		{"\xe0\x80\xaf", 3, R R R, R R R},
		{"\xed\xa0\x80", 3, R R R, R R R},	   /* a surrogate */
		{"\xf4\x90\x80\x80", 4, R R R R, R R R R}, /* beyond the last */
		{"\xf0\x9f\x90\xa7", 4, "\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7"},
		{"\xef\xbf\xbe\xef\xbf\xbf", 6, R R, R R}, /* not for XML */
		{"", 0, "", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_buf_ struct buf text = {0}, line = {0};

		CHECK(clean_text(&text, cases[i].in, cases[i].len) == 0);
		CHECK(clean_line(&line, cases[i].in, cases[i].len) == 0);
		CHECK_STR(buf_text(&text), cases[i].text);
		CHECK_STR(buf_text(&line), cases[i].line);
	}
}

static void copies_are_cut_between_characters(void)
{
	char ret[8];

	clean_copy(ret, sizeof(ret), "1234567", 7);
	CHECK_STR(ret, "1234567");
	clean_copy(ret, sizeof(ret), "12345678", 8);
	CHECK_STR(ret, "1234...");
	clean_copy(ret, sizeof(ret),
		   "123\xc3\xa9"
		   "678",
		   8);
	CHECK_STR(ret, "123...");
	clean_copy(ret, sizeof(ret), "\r\r\r\r\r\r\r\r\r\rx", 11);
	CHECK_STR(ret, "x");
}

static void names_become_plain_ascii(void)
{
	char ret[8];

	memset(ret, 'x', sizeof(ret));
	clean_ascii(ret, sizeof(ret), "a\tb\xc3\x7f", SIZE_MAX);
	CHECK(memcmp(ret, "a?b??\0\0\0", 8) == 0);
	clean_ascii(ret, sizeof(ret), "12345678", SIZE_MAX);
	CHECK_STR(ret, "1234567");
	clean_ascii(ret, sizeof(ret), "12345", 3); /* no NUL within */
	CHECK(memcmp(ret, "123\0\0\0\0\0", 8) == 0);
	memcpy(ret, "a\nb\0cde", 8);
	clean_ascii(ret, sizeof(ret), ret, sizeof(ret));
	CHECK(memcmp(ret, "a?b\0\0\0\0\0", 8) == 0);
}

static void tails_keep_the_end(void)
{
	struct tail t = {.keep = 10};
	size_t len;
	const char *p;

	CHECK(tail_add(&t, "one\ntwo\nthree\n", 14) == 0);
	CHECK(t.dropped == 4 && tail_total(&t) == 14);
	p = tail_last(&t, 7, &len);
	CHECK(len == 6 && memcmp(p, "three\n", 6) == 0);
	p = tail_last(&t, 6, &len); /* a line's beginning as it is */
	CHECK(len == 6 && memcmp(p, "three\n", 6) == 0);
	p = tail_last(&t, 3, &len); /* no beginning of a line in it */
	CHECK(len == 3 && memcmp(p, "ee\n", 3) == 0);
	CHECK(tail_add(&t, "four\nfive", 9) == 0);
	p = tail_last_lines(&t, 2, 100, &len);
	CHECK(len == 9 && memcmp(p, "four\nfive", 9) == 0);
	p = tail_last_lines(&t, 99, 100, &len);
	CHECK(len == t.text.len && p == buf_text(&t.text));
	CHECK(tail_add(&t, "0123456789abcdefghij", 20) == 0);
	CHECK_STR(buf_text(&t.text), "abcdefghij");
	CHECK(tail_total(&t) == 14 + 9 + 20);
	tail_deinit(&t);
	p = tail_last_lines(&t, 3, 100, &len);
	CHECK(len == 0 && p);
}

int main(void)
{
	RUN(texts_become_fit);
	RUN(copies_are_cut_between_characters);
	RUN(names_become_plain_ascii);
	RUN(tails_keep_the_end);
	return TEST_END();
}
