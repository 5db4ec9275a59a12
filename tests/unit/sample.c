/* SPDX-License-Identifier: GPL-2.0-only */
/* lib/sample: schemas as JSON, samples as bytes and as JSON, both ways and broken. */
#include "sample/sample.h"

#include <errno.h>
#include <stdlib.h>

#include "seeds.h"
#include "test.h"
#include "base/clock.h"
#include "base/io.h"

static int add_column(struct schema *s, enum sample_table t, const char *name)
{
	struct err e;

	return schema_add_column(s, t, name, &e);
}

static int add_row(struct schema *s, enum sample_table t, uint64_t key0, uint64_t key1,
		   const char *name)
{
	struct err e;

	return schema_add_row(s, t, key0, key1, name, &e);
}

/* Two CPUs, one of everything else. */
static struct schema make_schema(void)
{
	struct schema s = {.id = 7, .release = "7.3.4", .ops = "ktstr", .hz = 250, .generation = 1};

	memcpy(s.classes[0], "idle", 5);
	memcpy(s.classes[1], "ext", 4);
	s.n_classes = 2;
	add_column(&s, SAMPLE_MACHINE, "jiffies");
	add_row(&s, SAMPLE_MACHINE, 0, 0, "");
	add_column(&s, SAMPLE_CPU, "nr_running");
	add_column(&s, SAMPLE_CPU, "curr_class");
	add_row(&s, SAMPLE_CPU, 0, 0, "");
	add_row(&s, SAMPLE_CPU, 3, 0, NULL);
	add_column(&s, SAMPLE_EVENT, "select_cpu_fallback");
	add_row(&s, SAMPLE_EVENT, 3, 0, "");
	add_column(&s, SAMPLE_DOMAIN, "flags");
	add_row(&s, SAMPLE_DOMAIN, 3, 0, "SMT");
	add_row(&s, SAMPLE_DOMAIN, 3, 1, "MC");
	add_column(&s, SAMPLE_PROG, "cnt");
	add_row(&s, SAMPLE_PROG, 12, 345, "ktstr_dispatch");
	add_column(&s, SAMPLE_DSQ, "id");
	add_column(&s, SAMPLE_DSQ, "nr");
	return s;
}

static struct sample make_sample(const struct schema *schema)
{
	struct sample s;
	struct err e;

	CHECK(sample_init(&s, schema, &e) == 0);
	s.number = 1;
	s.at_ns = 300;
	s.took_ns = 5;
	*sample_cell(&s, schema, SAMPLE_MACHINE, 0, 0) = 4294937296;
	*sample_cell(&s, schema, SAMPLE_CPU, 0, 0) = 0;
	*sample_cell(&s, schema, SAMPLE_CPU, 0, 1) = 0;
	*sample_cell(&s, schema, SAMPLE_CPU, 1, 0) = 127;
	*sample_cell(&s, schema, SAMPLE_CPU, 1, 1) = 1;
	memcpy(s.comm[0], "swapper/0", 10);
	memcpy(s.comm[1], "w\001rker", 7);
	*sample_cell(&s, schema, SAMPLE_EVENT, 0, 0) = UINT64_MAX - 1;
	*sample_cell(&s, schema, SAMPLE_DOMAIN, 1, 0) = 0x80;
	*sample_cell(&s, schema, SAMPLE_PROG, 0, 0) = 99;
	s.n_dsqs = 1;
	*sample_cell(&s, schema, SAMPLE_DSQ, 0, 0) = 0x1234;
	*sample_cell(&s, schema, SAMPLE_DSQ, 0, 1) = 2;
	return s;
}

/* ---- schema ---- */

static void schema_limits(void)
{
	struct schema s = {0};
	struct err e;
	char name[100];

	CHECK(schema_add_column(&s, SAMPLE_CPU, "a\nb", &e) == 0);
	CHECK_STR(s.tables[SAMPLE_CPU].columns[0], "a?b");
	CHECK(schema_add_column(&s, SAMPLE_CPU, "a\tb", &e) == -1 && e.code == EEXIST);
	CHECK(schema_add_column(&s, SAMPLE_CPU, "", &e) == -1);
	memset(name, 'x', sizeof(name));
	name[SCHEMA_NAME_MAX] = 0;
	CHECK(schema_add_column(&s, SAMPLE_CPU, name, &e) == -1);
	name[SCHEMA_NAME_MAX - 1] = 0;
	CHECK(schema_add_column(&s, SAMPLE_CPU, name, &e) == 1);
	for (unsigned int i = 2; i < SCHEMA_COLUMNS_MAX; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		CHECK(schema_add_column(&s, SAMPLE_CPU, name, &e) == (int)i);
	}
	CHECK(schema_add_column(&s, SAMPLE_CPU, "one more", &e) == -1 && e.code == E2BIG);
	CHECK(schema_column(&s, SAMPLE_CPU, "c127") == 127);
	CHECK(schema_column(&s, SAMPLE_CPU, "c128") == -1);
	/* A row name is cut, not refused. */
	memset(name, 'y', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	CHECK(schema_add_row(&s, SAMPLE_PROG, 1, 2, name, &e) == 0);
	CHECK(strlen(s.tables[SAMPLE_PROG].rows[0].name) == SCHEMA_NAME_MAX - 1);
	CHECK(schema_add_row(&s, SAMPLE_PROG, 1ull << 63, 0, "", &e) == -1 && e.code == ERANGE);
	CHECK(schema_add_row(&s, SAMPLE_DSQ, 0, 0, "", &e) == -1);
	schema_deinit(&s);
}

static void schema_cells(void)
{
	struct schema s = {0};
	struct err e;
	unsigned int i;

	/* 16 columns allow 65536 rows and no more, and then no other cell at all. */
	for (i = 0; i < 16; i++) {
		char name[16];

		snprintf(name, sizeof(name), "c%u", i);
		CHECK(schema_add_column(&s, SAMPLE_CPU, name, &e) == (int)i);
	}
	for (i = 0; i < SCHEMA_ROWS_MAX; i++)
		if (schema_add_row(&s, SAMPLE_CPU, i, 0, "", &e) != (int)i)
			break;
	CHECK(i == SCHEMA_ROWS_MAX);
	CHECK(schema_add_row(&s, SAMPLE_CPU, i, 0, "", &e) == -1 && e.code == E2BIG);
	CHECK(schema_add_column(&s, SAMPLE_CPU, "c16", &e) == -1 && e.code == E2BIG);
	CHECK(schema_add_column(&s, SAMPLE_DSQ, "id", &e) == -1 && e.code == E2BIG);
	CHECK(s.tables[SAMPLE_CPU].n_columns == 16 && s.tables[SAMPLE_CPU].n_rows == i);
	schema_deinit(&s);
}

static void schema_both_ways(void)
{
	struct schema s = make_schema(), back;
	json_t *json = schema_to_json(&s), *again;
	struct err e;

	CHECK(json && schema_from_json(json, &back, &e) == 0);
	CHECK(back.id == 7 && back.hz == 250 && back.generation == 1 && back.n_classes == 2);
	CHECK_STR(back.release, "7.3.4");
	CHECK_STR(back.ops, "ktstr");
	CHECK_STR(back.classes[1], "ext");
	CHECK(back.tables[SAMPLE_PROG].rows[0].key[1] == 345);
	CHECK_STR(back.tables[SAMPLE_DOMAIN].rows[1].name, "MC");
	again = schema_to_json(&back);
	CHECK(json_equal(json, again));
	json_decref(json);
	json_decref(again);
	schema_deinit(&back);
	schema_deinit(&s);
}

/* Fields that nobody checked on the way in still make JSON. */
static void schema_of_dirt(void)
{
	struct schema s = {.n_classes = 99};
	json_t *json;

	memset(s.release, 0xff, sizeof(s.release));
	memset(s.ops, 0x80, sizeof(s.ops));
	memset(s.classes, 7, sizeof(s.classes));
	json = schema_to_json(&s);
	CHECK(json_string_length(json_object_get(json, "release")) == sizeof(s.release) - 1);
	CHECK(json_array_size(json_object_get(json, "classes")) == SCHEMA_CLASSES_MAX);
	json_decref(json);
}

static void schema_broken(void)
{
	static const struct {
		const char *path[4];
		const char *value;
	} bad[] = {
		{{"id"}, "-1"},
		{{"id"}, "4294967296"},
		{{"id"}, "1.0"},
		{{"hz"}, "\"250\""},
		{{"generation"}, "null"},
		{{"release"}, "1"},
		{{"ops"}, "\"a\\u0000b\""},
		{{"classes"}, "{}"},
		{{"classes"}, "[1]"},
		{{"classes"},
		 "[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\","
		 "\"\",\"\",\"\",\"\"]"},
		{{"tables"}, "[]"},
		{{"tables", "cpu"}, "1"},
		{{"tables", "cpu", "columns"}, "null"},
		{{"tables", "cpu", "columns"}, "[\"a\",\"a\"]"},
		{{"tables", "cpu", "columns"}, "[\"\"]"},
		{{"tables", "cpu", "rows"}, "[[0,0]]"},
		{{"tables", "cpu", "rows"}, "[[0,-1,\"\"]]"},
		{{"tables", "cpu", "rows"}, "[[0,0,1]]"},
		{{"tables", "dsq", "rows"}, "[[0,0,\"\"]]"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct schema s = make_schema(), back;
		json_t *json = schema_to_json(&s), *at = json;
		struct err e;
		size_t k = 0;

		for (; bad[i].path[k + 1]; k++)
			at = json_object_get(at, bad[i].path[k]);
		json_object_set_new(
			at, bad[i].path[k],
			json_loads(bad[i].value, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL));
		if (schema_from_json(json, &back, &e) == 0) {
			printf("# taken: %s %s\n", bad[i].path[k], bad[i].value);
			test_failed = 1;
			schema_deinit(&back);
		}
		CHECK(back.tables[SAMPLE_CPU].columns == NULL);
		json_decref(json);
		schema_deinit(&s);
	}
}

/* ---- samples ---- */

static void sample_starts_absent(void)
{
	struct schema schema = make_schema();
	struct sample s;
	struct err e;

	CHECK(sample_init(&s, &schema, &e) == 0);
	CHECK(s.schema_id == 7);
	CHECK(*sample_cell(&s, &schema, SAMPLE_CPU, 1, 1) == SAMPLE_ABSENT);
	CHECK(*sample_cell(&s, &schema, SAMPLE_DSQ, SAMPLE_DSQS_MAX - 1, 1) == SAMPLE_ABSENT);
	sample_deinit(&s);
	CHECK(!s.comm);
	schema_deinit(&schema);
}

static void sample_bytes(void)
{
	/* As ktstr-tlv(5) has it, byte by byte. */
	static const uint8_t want[] = {
		7,    1,    0xac, 0x02, 5,    0,    0,	  0,	0,	    /* header, no flags */
		0xd1, 0x95, 0xfe, 0xff, 0x0f,				    /* jiffies 4294937296 */
		1,    1,    0x80, 0x01, 2,				    /* two CPUs */
		9,    's',  'w',  'a',	'p',  'p',  'e',  'r',	'/',  '0',  /* their tasks */
		6,    'w',  1,	  'r',	'k',  'e',  'r',		    /**/
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, /* event */
		0,    0x81, 0x01,					    /* two domains */
		100,							    /* program */
		1,    0xb5, 0x24, 3,					    /* one DSQ */
	};
	struct schema schema = make_schema();
	struct sample s = make_sample(&schema);
	_cleanup_buf_ struct buf out = {0};

	CHECK(buf_add(&out, "before", 6) == 0);
	CHECK(sample_encode(&s, &schema, &out) == 0);
	CHECK(out.len == 6 + sizeof(want));
	CHECK(out.len == 6 + sizeof(want) && memcmp(out.data + 6, want, sizeof(want)) == 0);
	sample_deinit(&s);
	schema_deinit(&schema);
}

static void sample_both_ways(void)
{
	struct schema schema = make_schema();
	struct sample s = make_sample(&schema), back;
	_cleanup_buf_ struct buf out = {0}, again = {0};
	struct err e;

	s.invalid = SAMPLE_TORN | SAMPLE_UNREADABLE;
	s.retries = 3;
	s.missed = UINT32_MAX;
	s.dsqs_cut = true;
	CHECK(sample_encode(&s, &schema, &out) == 0);
	CHECK(sample_init(&back, &schema, &e) == 0);
	CHECK(sample_decode(out.data, out.len, &schema, &back, &e) == 0);
	CHECK(back.number == 1 && back.at_ns == 300 && back.took_ns == 5);
	CHECK(back.invalid == s.invalid && back.retries == 3 && back.missed == UINT32_MAX);
	CHECK(back.dsqs_cut && back.n_dsqs == 1);
	CHECK(*sample_cell(&back, &schema, SAMPLE_DOMAIN, 0, 0) == SAMPLE_ABSENT);
	CHECK(*sample_cell(&back, &schema, SAMPLE_EVENT, 0, 0) == UINT64_MAX - 1);
	CHECK_STR(back.comm[0], "swapper/0");
	CHECK(sample_encode(&back, &schema, &again) == 0);
	CHECK(again.len == out.len && memcmp(again.data, out.data, out.len) == 0);
	sample_deinit(&s);
	sample_deinit(&back);
	schema_deinit(&schema);
}

/* Every place where it can end too early, and one byte too many. */
static void sample_cut(void)
{
	struct schema schema = make_schema();
	struct sample s = make_sample(&schema), back;
	_cleanup_buf_ struct buf out = {0};
	struct err e;

	CHECK(sample_encode(&s, &schema, &out) == 0);
	CHECK(sample_init(&back, &schema, &e) == 0);
	for (size_t len = 0; len < out.len; len++) {
		/* A copy of just that size, so that the sanitizer sees a read behind it. */
		uint8_t *copy = malloc(len ? len : 1);

		memcpy(copy, out.data, len);
		CHECK(sample_decode(copy, len, &schema, &back, &e) == -1 && e.code == EPROTO);
		free(copy);
	}
	CHECK(buf_add(&out, "", 1) == 0);
	CHECK(sample_decode(out.data, out.len, &schema, &back, &e) == -1 && e.code == EPROTO);
	sample_deinit(&s);
	sample_deinit(&back);
	schema_deinit(&schema);
}

static void decode_one(const struct schema *schema, const uint8_t *bytes, size_t len, int code)
{
	struct sample s;
	struct err e = {0};

	CHECK(sample_init(&s, schema, &e) == 0);
	CHECK(sample_decode(bytes, len, schema, &s, &e) == (code ? -1 : 0) && e.code == code);
	sample_deinit(&s);
}

static void sample_broken(void)
{
	struct schema none = {.id = 1};
	static const uint8_t good[] = {1, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t other[] = {2, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t overlong[] = {1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t widest[] = {1,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					 0xff, 0x01, 0,	   0,	 0,    0,    0,	   0,	 0};
	static const uint8_t too_wide[] = {1,	 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					   0xff, 0x02, 0,    0,	   0,	 0,    0,    0,	   0};
	static const uint8_t endless[] = {1,	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					  0xff, 0x81, 0x01, 0,	  0,	0,    0,    0,	  0};
	static const uint8_t invalid_wide[] = {1,    0,	   0, 0, 0x80, 0x80, 0x80,
					       0x80, 0x10, 0, 0, 0,    0};
	static const uint8_t flag[] = {1, 0, 0, 0, 0, 0, 0, 2, 0};
	static const uint8_t dsqs[] = {1, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x20};
	static const uint8_t dsqs_more[] = {1, 0, 0, 0, 0, 0, 0, 0, 0x81, 0x20};

	decode_one(&none, good, sizeof(good), 0);
	decode_one(&none, other, sizeof(other), ESTALE);
	decode_one(&none, overlong, sizeof(overlong), EPROTO);
	decode_one(&none, widest, sizeof(widest), 0);
	decode_one(&none, too_wide, sizeof(too_wide), EPROTO);
	decode_one(&none, endless, sizeof(endless), EPROTO);
	decode_one(&none, invalid_wide, sizeof(invalid_wide), EPROTO);
	decode_one(&none, flag, sizeof(flag), EPROTO);
	decode_one(&none, dsqs, sizeof(dsqs), 0);
	decode_one(&none, dsqs_more, sizeof(dsqs_more), EPROTO);
}

static void sample_comm(void)
{
	struct schema schema = {.id = 1};
	static const uint8_t fits[] = "\x01\0\0\0\0\0\0\0\x0f"
				      "123456789012345\0";
	static const uint8_t longer[] = "\x01\0\0\0\0\0\0\0\x10"
					"1234567890123456\0";
	static const uint8_t holed[] = "\x01\0\0\0\0\0\0\0\x03"
				       "a\0b\0";

	add_row(&schema, SAMPLE_CPU, 0, 0, "");
	decode_one(&schema, fits, sizeof(fits) - 1, 0);
	decode_one(&schema, longer, sizeof(longer) - 1, EPROTO);
	decode_one(&schema, holed, sizeof(holed) - 1, EPROTO);
	schema_deinit(&schema);
}

static void sample_json(void)
{
	static const char want[] =
		"{'jiffies':4294937296,'schema':7,'number':1,'at_ns':300,'took_ns':5,'retries':0,"
		"'missed':0,'invalid':[],'valid':true,'cpus':[{'nr_running':0,'class':'idle',"
		"'comm':'swapper/0','cpu':0},{'nr_running':127,'class':'ext','comm':'w?rker',"
		"'cpu':3,'event_counters':{'select_cpu_fallback':9223372036854775807},"
		"'sched_domains':[{'level':0,'name':'SMT'},{'flags':128,'level':1,'name':'MC'}]}],"
		"'progs':[{'cnt':99,'id':12,'verified_insns':345,'name':'ktstr_dispatch'}],"
		"'dsqs':[{'id':4660,'nr':2}]}";
	struct schema schema = make_schema();
	struct sample s = make_sample(&schema);
	json_t *json = sample_to_json(&s, &schema), *wanted;
	char text[sizeof(want)];

	for (size_t i = 0; i < sizeof(want); i++)
		text[i] = want[i] == '\'' ? '"' : want[i];
	wanted = json_loads(text, 0, NULL);
	CHECK(json && wanted && json_equal(json, wanted));
	json_decref(json);
	json_decref(wanted);
	s.invalid = SAMPLE_UNINIT;
	*sample_cell(&s, &schema, SAMPLE_CPU, 0, 1) = 2; /* no such class */
	json = sample_to_json(&s, &schema);
	CHECK(json_is_false(json_object_get(json, "valid")));
	CHECK_STR(json_string_value(json_array_get(json_object_get(json, "invalid"), 0)),
		  "uninitialised");
	CHECK(json_integer_value(json_object_get(json_array_get(json_object_get(json, "cpus"), 0),
						 "curr_class")) == 2);
	json_decref(json);
	sample_deinit(&s);
	schema_deinit(&schema);
}

/* Nothing that makes a test slow or flaky: it only tells. */
static void sample_speed(void)
{
	struct schema schema = {.id = 1};
	_cleanup_buf_ struct buf out = {0};
	struct sample s;
	uint64_t start;
	struct err e;

	for (unsigned int i = 0; i < 40; i++) {
		char name[16];

		snprintf(name, sizeof(name), "c%u", i);
		add_column(&schema, SAMPLE_DOMAIN, name);
	}
	for (unsigned int i = 0; i < 12; i++)
		add_row(&schema, SAMPLE_DOMAIN, i / 3, i % 3, "MC");
	CHECK(sample_init(&s, &schema, &e) == 0);
	for (unsigned int i = 0; i < 480; i++)
		s.cells[SAMPLE_DOMAIN][i] = (uint64_t)i << (i % 30);
	start = clock_now_ns();
	for (unsigned int i = 0; i < 1000; i++) {
		out.len = 0;
		CHECK(sample_encode(&s, &schema, &out) == 0);
	}
	printf("# 480 cells: %.1f us to encode\n", (double)(clock_now_ns() - start) / 1e6);
	start = clock_now_ns();
	for (unsigned int i = 0; i < 1000; i++)
		CHECK(sample_decode(out.data, out.len, &schema, &s, &e) == 0);
	printf("# %zu bytes: %.1f us to decode\n", out.len, (double)(clock_now_ns() - start) / 1e6);
	sample_deinit(&s);
	schema_deinit(&schema);
}

/* A schema and a sample of it to folder @dir, as the fuzz target has them. */
static int write_seeds(const char *dir)
{
	struct schema schema = make_schema();
	struct sample s = make_sample(&schema);
	_cleanup_buf_ struct buf bytes = {0}, seed = {0};
	json_t *json = schema_to_json(&schema);
	char *text = json_dumps(json, JSON_COMPACT);
	uint8_t len[2];
	int status;

	sample_encode(&s, &schema, &bytes);
	len[0] = (uint8_t)bytes.len;
	len[1] = (uint8_t)(bytes.len >> 8);
	buf_add(&seed, "", 1);
	buf_add(&seed, text, strlen(text) + 1);
	buf_add(&seed, len, sizeof(len));
	buf_add(&seed, bytes.data, bytes.len);
	status = seed_write(dir, "sample", &seed);
	free(text);
	json_decref(json);
	sample_deinit(&s);
	schema_deinit(&schema);
	return status;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0)
		return write_seeds(argv[2]);
	RUN(schema_limits);
	RUN(schema_cells);
	RUN(schema_both_ways);
	RUN(schema_of_dirt);
	RUN(schema_broken);
	RUN(sample_starts_absent);
	RUN(sample_bytes);
	RUN(sample_both_ways);
	RUN(sample_cut);
	RUN(sample_broken);
	RUN(sample_comm);
	RUN(sample_json);
	RUN(sample_speed);
	return TEST_END();
}
