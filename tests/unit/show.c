/* SPDX-License-Identifier: GPL-2.0-only */
/* Dumps as text: every kind of value, every form of a dump, and what is none. */
#include "dump/show.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "seeds.h"
#include "test.h"

static struct err e;
static const char *seeds;
static int seeds_status;

/* Each input is a seed of tests/fuzz/show.c too. */
static void write_seed(const char *text)
{
	_cleanup_buf_ struct buf seed = {0};
	static unsigned int n;
	char name[32];

	if (!seeds)
		return;
	snprintf(name, sizeof(name), "show-%u", n++);
	buf_add(&seed, text, strlen(text));
	seeds_status |= seed_write(seeds, name, &seed);
}

/* JSON is written with ' for ". */
static json_t *parse(const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	json_error_t error;
	json_t *v;

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	write_seed(copy);
	v = json_loads(copy, JSON_DECODE_ANY, &error);
	if (!v)
		printf("# %s: %s\n", error.text, copy);
	return v;
}

static void check(const char *json, const char *want)
{
	_cleanup_buf_ struct buf out = {0};
	json_t *v = parse(json);

	if (show_print(v, &out, &e))
		buf_addf(&out, "error %d: %s", e.code, e.text);
	CHECK_STR(buf_text(&out), want);
	json_decref(v);
}

/* The value @json of a variable @v, in a map of that alone; @want without the lines before. */
static void check_value(const char *json, const char *want)
{
	_cleanup_buf_ struct buf whole = {0}, text = {0};

	buf_addf(&whole,
		 "{'schema': 'single', 'maps': [{'id': 1, 'name': 'bpf.bss', 'map_type_name': "
		 "'array', 'max_entries': 1, 'value_size': 8, 'value': {'kind': 'struct', "
		 "'type_name': '.bss', 'members': [{'name': 'v', 'value': %s}]}}]}",
		 json);
	buf_addf(&text, "dump (single):\nmap 1 bpf.bss (array, max_entries 1, value_size 8)\n%s",
		 want);
	check(buf_text(&whole), buf_text(&text));
}

/* ---- values ---- */

#define UINT(v) "{'kind': 'uint', 'bits': 32, 'value': " #v "}"
#define MEMBER(name, v) "{'name': '" name "', 'value': " v "}"

static void test_scalars(void)
{
	check_value(UINT(7), "  v = 7\n");
	check_value(UINT(0), "");
	check_value("{'kind': 'int', 'bits': 64, 'value': -7}", "  v = -7\n");
	check_value("{'kind': 'uint', 'bits': 64, 'value': '0xffffffffffffffff'}",
		    "  v = 0xffffffffffffffff\n");
	check_value("{'kind': 'float', 'value': 0.5}", "  v = 0.5\n");
	check_value("{'kind': 'float', 'value': 0.0}", "");
	check_value("{'kind': 'float', 'value': 'nan'}", "  v = nan\n");
	check_value("{'kind': 'bool', 'value': true}", "  v = true\n");
	check_value("{'kind': 'bool', 'value': false}", "");
	check_value("{'kind': 'char', 'value': 'x'}", "  v = 'x'\n");
	check_value("{'kind': 'char', 'value': -1}", "  v = -1\n");
	check_value("{'kind': 'char', 'value': 0}", "");
	check_value("{'kind': 'enum', 'bits': 32, 'value': 3, 'variant': 'ENABLED'}",
		    "  v = ENABLED (3)\n");
	check_value("{'kind': 'enum', 'bits': 32, 'value': 4}", "  v = 4\n");
	check_value("{'kind': 'string', 'value': 'a \\n\\tb\\\\ \\u001b[31m\\u0085'}",
		    "  v = \"a \\n\\tb\\\\ \xef\xbf\xbd[31m\xef\xbf\xbd\"\n");
	check_value("{'kind': 'string', 'value': ''}", "");
	check_value("{'kind': 'bytes', 'hex': '00ff'}", "  v = 00ff\n");
	check_value("{'kind': 'bytes', 'hex': '0000'}", "");
	check_value("{'kind': 'cpu_list', 'cpus': '0-3,8'}", "  v = cpus \"0-3,8\"\n");
	check_value("{'kind': 'cpu_list', 'cpus': '', 'ptr': '0xff00'}",
		    "  v = cpus none at 0xff00\n");
	check_value("{'kind': 'unsupported', 'reason': 'too deep'}",
		    "  v = [unsupported: too deep]\n");
}

static void test_pointers(void)
{
	check_value("{'kind': 'ptr', 'value': '0x0'}", "");
	check_value("{'kind': 'ptr', 'value': '0xff', 'skip': 'cycle'}", "  v = 0xff [cycle]\n");
	check_value("{'kind': 'ptr', 'value': '0xff', 'skip': 'not mapped'}",
		    "  v = 0xff [chase: not mapped]\n");
	check_value("{'kind': 'ptr', 'value': '0xff', 'target': " UINT(0) "}", "  v = 0xff -> 0\n");
	check_value("{'kind': 'ptr', 'value': '0xff', 'target': {'kind': 'struct', 'type_name': "
		    "'node', 'members': [" MEMBER("a", UINT(1)) "," MEMBER(
			    "next", "{'kind': 'ptr', 'value': '0x10', 'target': {'kind': 'struct', "
				    "'members': [" MEMBER("a", UINT(0)) "]}}") "]}}",
		    "  v = 0xff -> node {\n    a = 1\n    next = 0x10 -> 0\n  }\n");
}

#define ARRAY(len, elements) "{'kind': 'array', 'len': " #len ", 'elements': [" elements "]}"
#define FIVE(v) UINT(v) "," UINT(v) "," UINT(v) "," UINT(v) "," UINT(v)

static void test_arrays(void)
{
	check_value(ARRAY(2, UINT(1) "," UINT(2)), "  v = {1, 2}\n");
	check_value(ARRAY(3, UINT(0) "," UINT(0) "," UINT(4)), "  v = {0, 0, 4}\n");
	check_value(ARRAY(2, UINT(0) "," UINT(0)), "");
	check_value(ARRAY(0, ""), "");
	check_value(ARRAY(16, FIVE(7) "," FIVE(7) "," FIVE(7) "," UINT(7)),
		    "  v = array of 16\n    [0..15] = 7\n");
	check_value(ARRAY(11, FIVE(0) "," UINT(3) "," FIVE(0)),
		    "  v = array of 11\n    [0..4] = 0\n    [5] = 3\n    [6..10] = 0\n");
	/* Long elements go on in the next line. */
#define LETTERS \
	"{'kind': 'string', 'value': 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz'}"
	check_value(ARRAY(3, LETTERS "," UINT(1) "," LETTERS),
		    "  v = {\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\", 1,\n"
		    "      \"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\"}\n");
	/* What was not captured may be anything. */
	check_value(ARRAY(9000, UINT(0) "," UINT(0)),
		    "  v = array of 9000\n    [0..1] = 0\n    [2..8999] not captured\n");
}

static void test_structs(void)
{
	check_value("{'kind': 'struct', 'type_name': 's', 'members': [" MEMBER(
			    "a", UINT(0)) "," MEMBER("b", UINT(2)) "," MEMBER("c", UINT(3)) "]}",
		    "  v = {b = 2, c = 3}\n");
	check_value("{'kind': 'struct', 'members': []}", "");
	/* Members of a struct without a name are the outer one's. */
	check_value("{'kind': 'struct', 'members': [" MEMBER("a", UINT(1)) "," MEMBER(
			    "", "{'kind': 'struct', 'members': [" MEMBER("b", UINT(2)) "]}") "]}",
		    "  v = {a = 1, b = 2}\n");
	check_value(
		"{'kind': 'struct', 'type_name': 's', 'members': [" MEMBER("one", "{'kind': 'string', 'value': 'a text of forty bytes, as names go'}") "," MEMBER(
			"two", "{'kind': 'string', 'value': 'and another of forty bytes, or "
			       "more'}") "," MEMBER("",
						    "{'kind': 'struct', 'members': [" MEMBER(
							    "b", UINT(2)) "]}") "]}",
		"  v = s {\n    one = \"a text of forty bytes, as names go\"\n"
		"    two = \"and another of forty bytes, or more\"\n    b = 2\n  }\n");
	check_value("{'kind': 'truncated', 'needed': 16, 'had': 4}",
		    "  v = [truncated: 4 of 16 bytes]\n");
	check_value("{'kind': 'truncated', 'needed': 16, 'had': 4, 'partial': "
		    "{'kind': 'struct', 'members': [" MEMBER("b", UINT(2)) "]}}",
		    "  v = [truncated: 4 of 16 bytes] {b = 2}\n");
}

/* What no rendering makes. */
static void test_odd_values(void)
{
	check_value("null", "  v = null\n");
	check_value("5", "  v = 5\n");
	check_value("[1]", "  v = [no value]\n");
	check_value("{}", "  v =\n");
	check_value("{'kind': 'quark', 'colour': 'red'}", "  v = kind quark, colour red\n");
	check_value("{'kind': 5}", "  v = kind 5\n");
	check_value("{'kind': 'uint'}", "  v = null\n");
	check_value("{'kind': 'string'}", "  v = \"\"\n");
	check_value("{'kind': 'array', 'len': -5, 'elements': 'x'}", "  v = array of -5\n");
	check_value("{'kind': 'struct', 'members': 7}", "");
	check_value("{'kind': 'struct', 'members': [7, null]}",
		    "  v = { = [no value],  = [no value]}\n");
	check_value("{'kind': 'ptr'}", "  v = \"\"\n");
}

/* ---- maps ---- */

static void check_map(const char *json, const char *want)
{
	_cleanup_buf_ struct buf whole = {0}, text = {0};

	buf_addf(&whole, "{'schema': 'single', 'maps': [{'id': 2, 'name': 'm', %s}]}", json);
	buf_addf(&text, "dump (single):\nmap 2 m %s", want);
	check(buf_text(&whole), buf_text(&text));
}

#define HEAD "'map_type': 1, 'max_entries': 4, 'value_size': 8, "

static void test_maps(void)
{
	check_map(
		HEAD
		"'map_type_name': 'hash', 'active': true, 'entries': ["
		"{'key': " UINT(3) ", 'value': " UINT(
			5) "},"
			   "{'key': " UINT(4) ", 'value': " UINT(
				   5) "},"
				      "{'key': " UINT(6) ", 'value': " UINT(
					      5) "},"
						 "{'key_hex': 'ab00', 'value_hex': 'cd'}], 'truncated': true",
		"(hash, max_entries 4, value_size 8, active)\n  [3..4] = 5\n  [6] = 5\n"
		"  [ab00] = cd\n  truncated true\n");
	check_map(HEAD "'entries': [{'key': " UINT(9) ", 'comm': 'a b', 'value': " UINT(0) "}]",
		  "(1, max_entries 4, value_size 8)\n  [9, comm \"a b\"] = 0\n");
	/* The least number that there is has none before it. */
	check_map(
		HEAD "'entries': [{'key': {'kind': 'int', 'value': 5}, 'value': " UINT(
			1) "}, "
			   "{'key': {'kind': 'int', 'value': -9223372036854775808}, 'value': " UINT(
				   1) "}]",
		"(1, max_entries 4, value_size 8)\n  [5] = 1\n  [-9223372036854775808] = 1\n");
	/* Places are numbers too. */
	check_map(HEAD "'entries': [{'value': " UINT(1) "}, {'value': " UINT(1) "}]",
		  "(1, max_entries 4, value_size 8)\n  [0..1] = 1\n");
	check_map(HEAD "'percpu_entries': [{'key': " UINT(0) ", 'values': [" UINT(1) "," UINT(
			  1) ", null, " UINT(0) "]}]",
		  "(1, max_entries 4, value_size 8)\n  [0]\n    cpu 0..1 = 1\n"
		  "    cpu 2 = [not there]\n    cpu 3 = 0\n");
	check_map(HEAD "'error': 'no types'",
		  "(1, max_entries 4, value_size 8)\n  not shown: no types\n");
	check_map(HEAD "'ringbuf': {'capacity': 4096, 'consumer': 0}",
		  "(1, max_entries 4, value_size 8)\n  ringbuf:\n    capacity 4096\n");
	check_map(HEAD "'arena': {'pages': 1, 'contents': [{'offset': 4096, 'hex': "
		       "'00000000000000000000000000000000000000000000000000000000000000000b'}]}",
		  "(1, max_entries 4, value_size 8)\n  pages 1\n  0x00001020: 0b\n");
	check_map("'entries': 5, 'value': [], 'arena': 3, 'percpu_entries': [7]",
		  "(null, max_entries null, value_size null)\n  [0] = \"\"\n");
	check("{'schema': 'single', 'maps': [5, null]}",
	      "dump (single):\nmap null \"\" (null, max_entries null, value_size null)\n"
	      "map null \"\" (null, max_entries null, value_size null)\n");
}

/* ---- reports ---- */

static void test_reports(void)
{
	check("{'dmesg_tail': 'one\\ntwo\\n', 'zero': 0, 'extra': {'a': 1, 'b': null}, 'jiffies': 9, "
	      "'exit_info': {'kind': 0, 'msg': 'runnable task stall', 'backtrace': "
	      "[{'address': '0xff', 'symbol': 'f+0x1/0x2'}]}, 'schema': 'single', "
	      "'rq_scx_states': [{'cpu': 0, 'flags': 0, 'curr': {'pid': 0, 'comm': 'swapper/0'}}], "
	      "'active_map_kvas': ['0x1'], 'vcpu_regs': null, 'reasons': {'vcpu_regs': 'not asked "
	      "for'}}",
	      "dump (single): jiffies 9\n"
	      "exit_info:\n  kind 0, msg \"runnable task stall\"\n  backtrace:\n"
	      "    address 0xff, symbol f+0x1/0x2\n"
	      "rq_scx_states:\n  cpu 0\n    curr:\n      pid 0, comm swapper/0\n"
	      "extra:\n  a 1\n"
	      "dmesg_tail:\n  | one\n  | two\n"
	      "reasons:\n  vcpu_regs \"not asked for\"\n");
	check("{'schema': 'degraded', 'reason': 'kill arrived', 'watchpoint_hit': true, "
	      "'exit_kind': 1026, 'elapsed_ms': 12, 'vcpu_regs': [{'rip': '0xff', 'rax': '0x0'}]}",
	      "dump (degraded): reason \"kill arrived\", watchpoint_hit true, exit_kind 1026, "
	      "elapsed_ms 12\nvcpu_regs:\n  rip 0xff, rax 0x0\n");
	check("{'schema': 'dual', 'early': null, 'late': {'schema': 'single', 'hz': 250}}",
	      "dump (dual):\nlate:\n  dump (single): hz 250\n");
}

static void test_captures(void)
{
	check("[]", "no captures\n");
	check("[{'tag': 'after_setup', 'trigger': 'op', 'number': 0, 'report': "
	      "{'schema': 'single', 'hz': 250}}, {'tag': 'x', 'reason': 'too late', 'report': null}]",
	      "capture: tag after_setup, trigger op, number 0\n  dump (single): hz 250\n"
	      "capture: tag x, reason \"too late\"\n");
	check("{'success': true, 'snapshots': [{'tag': 'a', 'report': {'schema': 'single'}}], "
	      "'failure_dump': {'trigger': 'exit', 'report': {'schema': 'degraded'}}}",
	      "capture: tag a\n  dump (single):\n"
	      "failure capture: trigger exit\n  dump (degraded):\n");
}

static void check_error(const char *json, const char *want)
{
	_cleanup_buf_ struct buf out = {0};
	json_t *v = parse(json);

	CHECK(show_print(v, &out, &e) == -1 && e.code == EINVAL && !out.len);
	CHECK_STR(e.text, want);
	json_decref(v);
}

static void test_no_dumps(void)
{
	_cleanup_buf_ struct buf out = {0};

	check_error("5", "no dump: a number");
	check_error("'x'", "no dump: a string");
	check_error("null", "no dump: null");
	check_error("[1]", "no dump: an array of what are no captures");
	check_error("{}", "no dump: an object without a schema, a report or snapshots");
	check_error("{'snapshots': null}",
		    "no dump: an object without a schema, a report or snapshots");
	check_error("{'schema': 5}", "no dump: an object without a schema, a report or snapshots");
	check_error("{'schema': 'other\\u001b'}",
		    "no dump that is known here: its schema is 'other?'");
	/* One of several may be none. */
	check("{'tag': 'a', 'report': {'schema': 'other'}}",
	      "capture: tag a\n  no dump that is known here: its schema is 'other'\n");
	CHECK(show_print(NULL, &out, &e) == -1);
	CHECK_STR(e.text, "no dump: nothing");
}

/* ---- lines ---- */

#define TEN "wwwwwwwwww"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void test_width(void)
{
	/* Behind a comma, at a blank, and where there is none. */
	check("{'schema': 'single', 'a': '" TEN TEN TEN TEN "', 'b': '" TEN TEN TEN "', 'c': '" TEN
	      "'}",
	      "dump (single): a " TEN TEN TEN TEN ", b " TEN TEN TEN ",\n    c " TEN "\n");
	check("{'schema': 'single', 'a': '" TEN " " HUNDRED "'}",
	      "dump (single): a \"" TEN "\n    " TEN TEN TEN TEN TEN TEN TEN TEN TEN
	      "wwwwww\n    wwww\"\n");
	check("{'schema': 'single', 'a': '" HUNDRED HUNDRED "'}",
	      "dump (single): a\n    " TEN TEN TEN TEN TEN TEN TEN TEN TEN "wwwwww\n"
	      "    wwww" TEN TEN TEN TEN TEN TEN TEN TEN TEN "ww\n    "
	      "wwwwwwww\n");
}

/* Deeper than a reader, or a stack, could bear. */
static void test_depth(void)
{
	json_t *v = json_pack("{s:s, s:i}", "kind", "uint", "value", 1), *any = json_object();
	_cleanup_buf_ struct buf out = {0};

	for (unsigned int i = 0; i < 1000; i++) {
		v = json_pack("{s:s, s:[{s:s, s:o}]}", "kind", "struct", "members", "name",
			      i % 2 ? "m" : "", "value", v);
		any = json_pack("[o]", any);
	}
	v = json_pack("{s:s, s:o, s:[{s:s, s:o}]}", "schema", "single", "any", any, "maps", "name",
		      "deep", "value", v);
	CHECK(show_print(v, &out, &e) == 0);
	CHECK(out.len > 100 && out.len < 100000);
	json_decref(v);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0)
		seeds = argv[2];
	RUN(test_scalars);
	RUN(test_pointers);
	RUN(test_arrays);
	RUN(test_structs);
	RUN(test_odd_values);
	RUN(test_maps);
	RUN(test_reports);
	RUN(test_captures);
	RUN(test_no_dumps);
	RUN(test_width);
	RUN(test_depth);
	return seeds ? seeds_status : TEST_END();
}
