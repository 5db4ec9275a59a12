/* SPDX-License-Identifier: GPL-2.0-only */
/* With the jq that is installed. */
#include "report/expect.h"

#include <unistd.h>

#include "base/io.h"
#include "test.h"

static const char result[] = "{\"a\":3,\"none\":null,\"list\":[1,2],\"text\":\"x\"}";

static struct expect ask_in(const char *jq, const char *library, const char *program,
			    const char *json, size_t len)
{
	struct expect x = {0};
	struct err e;
	int input = expect_input(&e);

	CHECK(input >= 0 && io_write_all(input, json, len, "input", &e) == 0);
	CHECK(expect_ask(jq, library, program, input, &x, &e) == 0);
	close(input);
	return x;
}

static struct expect ask(const char *program)
{
	return ask_in("jq", NULL, program, result, strlen(result));
}

static void answers(void)
{
	CHECK(ask(".a == 3").state == EXPECT_TRUE);
	CHECK(ask(".a < 4 and .a <= 3 and .a > 2 and .a >= 3").state == EXPECT_TRUE);
	CHECK(ask(".a < 3").state == EXPECT_FALSE);
	CHECK(ask(".a > 3 or .a >= 4 or .a <= 2").state == EXPECT_FALSE);
	CHECK(ask("all(.list[]; . < 3)").state == EXPECT_TRUE);
	CHECK(ask("all(.list[]; . < 2)").state == EXPECT_FALSE);
	CHECK(ask(".text < \"y\"").state == EXPECT_TRUE);
	CHECK(ask(".a as $x | [.list[] | select(. <= $x)] | length == 2").state == EXPECT_TRUE);
	CHECK(ask(".none").state == EXPECT_FALSE); /* null */
	CHECK(ask(".none == null").state == EXPECT_TRUE);
	CHECK(ask("-1 < .a").state == EXPECT_TRUE);	 /* no option */
	CHECK(ask("true, false").state == EXPECT_FALSE); /* the last counts */
}

/* jq itself says true to `null < 4`. */
static void absent_values_are_no_pass(void)
{
	static const char *const programs[] = {
		".none < 4",	       ".nowhere.at.all < 4",  ".none <= 4",
		"4 > .none",	       "4 >= .none",	       ".none > 4",
		".none >= 4",	       "[1, null] | .[1] < 4", "all(.list[], .none; . < 9)",
		".a < 4 and .none < 4"};

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		struct expect x = ask(programs[i]);

		CHECK(x.state == EXPECT_ABSENT);
		CHECK(strstr(x.detail, "does not have"));
	}
	CHECK(ask("(.none // 0) < 4").state == EXPECT_TRUE);
	CHECK(ask(".none == null or .none < 4").state == EXPECT_TRUE);
}

static void errors(void)
{
	struct expect x = ask(".a |");

	CHECK(x.state == EXPECT_ERROR && strstr(x.detail, "syntax error"));
	CHECK(!strchr(x.detail, '\n'));
	x = ask("nonsense(1)");
	CHECK(x.state == EXPECT_ERROR && strstr(x.detail, "nonsense/1 is not defined"));
	x = ask(".a.b.c");
	CHECK(x.state == EXPECT_ERROR && strstr(x.detail, "Cannot index number"));
	x = ask("empty");
	CHECK(x.state == EXPECT_ERROR && strstr(x.detail, "no result"));
	x = ask("error(\"\\u001b[31m\" + ([range(5000)] | tostring))");
	CHECK(x.state == EXPECT_ERROR && !strchr(x.detail, '\033'));
}

static void no_jq(void)
{
	struct expect x = ask_in("ktstr-no-such-jq", NULL, "true", "{}", 2);

	CHECK(x.state == EXPECT_NO_JQ);
}

/* More on both sides than a pipe holds. */
static void large_input_and_output(void)
{
	static char json[1 << 20];
	struct expect x;

	memset(json, ' ', sizeof(json));
	memcpy(json, "{\"a\":1}", 7);
	x = ask_in("jq", NULL, "[range(100000)] | (., true)", json, sizeof(json));
	CHECK(x.state == EXPECT_TRUE);
}

/* share/ktstr.jq says why it is false, and whether a question failed for want of data. */
static void details(void)
{
	struct expect x = ask("(\"ktstr: 1, then 0\\n\" | stderr | empty), false");

	CHECK(x.state == EXPECT_FALSE);
	CHECK_STR(x.detail, "ktstr: 1, then 0");
	CHECK_STR(ask("false").detail, "");
	x = ask("error(\"ktstr: inconclusive: no captures\")");
	CHECK(x.state == EXPECT_ABSENT && strstr(x.detail, "no captures"));
	x = ask("error(\"ktstr: var not found\")");
	CHECK(x.state == EXPECT_ERROR && strstr(x.detail, "var not found"));
}

/* What a program includes has to stand in front of what is put before it. */
static void modules(void)
{
	char dir[] = "/tmp/ktstr-expect.XXXXXX", path[64];
	struct expect x;
	struct err e;

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/m.jq", dir);
	CHECK(io_write_file(path, "def three: 3; def half: . / 2;", 30, &e) == 0);
	x = ask_in("jq", dir, " # a; b\n include \"m\"; .a == three", result, strlen(result));
	CHECK(x.state == EXPECT_TRUE);
	x = ask_in("jq", dir, "import \"m\" as m; include \"m\"; .a < m::three", result,
		   strlen(result));
	CHECK(x.state == EXPECT_FALSE);
	/* The comparison is still ours. */
	x = ask_in("jq", dir, "include \"m\" {\"a;\": 1}; .none < three", result, strlen(result));
	CHECK(x.state == EXPECT_ABSENT);
	x = ask_in("jq", dir, "include \"nowhere\"; true", result, strlen(result));
	CHECK(x.state == EXPECT_ERROR && strstr(x.detail, "nowhere"));
	CHECK(ask("include \"m").state == EXPECT_ERROR);
	CHECK(ask("{included: 3, import: .a} | .included == .import").state == EXPECT_TRUE);
	unlink(path);
	rmdir(dir);
}

static void who_wants_reports(void)
{
	CHECK(expect_wants_reports("include \"ktstr\"; snapshot(\"a\") | .jiffies > 1"));
	CHECK(expect_wants_reports(".failure_dump.report.maps | length > 0"));
	CHECK(!expect_wants_reports(".success and .snapshots[0].n_maps > 1"));
}

int main(void)
{
	RUN(answers);
	RUN(absent_values_are_no_pass);
	RUN(errors);
	RUN(no_jq);
	RUN(large_input_and_output);
	RUN(details);
	RUN(modules);
	RUN(who_wants_reports);
	return TEST_END();
}
