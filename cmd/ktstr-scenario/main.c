/* SPDX-License-Identifier: GPL-2.0-only */
/* ktstr-scenario: check a scenario file and print its plan, its text or single values of it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/paths.h"
#include "base/tool.h"
#include "scenario/format.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"
#include "tlv/tlv.h"
#include "tlv/types.h"

#include "fields.h"
#include "lists.h"

#define SETS_MAX 64
#define GETS_MAX 64

enum {
	OPT_FORMAT,
	OPT_GET,
	OPT_SET,
	OPT_REPRO,
	OPT_CHECK,
	OPT_LIST_WORK,
	OPT_LIST_OPS,
	OPT_LIST_TOPOLOGIES,
};

static const struct tool_opt opts[] = {
	[OPT_FORMAT] = {"format", "FORMAT", "print the plan as json (default) or tlv, or as text"},
	[OPT_GET] = {"get", "FIELD", "print one value of the scenario (repeatable)"},
	[OPT_SET] = {"set", "STATEMENT", "use this in place of the file's own (repeatable)"},
	[OPT_REPRO] = {"repro", "TEXT", "the command that repeats the run, for the plan"},
	[OPT_CHECK] = {"check", NULL, "only check the file, print nothing"},
	[OPT_LIST_WORK] = {"list-work", NULL, "print the work types and their parameters"},
	[OPT_LIST_OPS] = {"list-ops", NULL, "print the operations"},
	[OPT_LIST_TOPOLOGIES] = {"list-topologies", NULL, "print the topologies that have a name"},
	{0},
};

static const struct tool tool = {
	.name = "ktstr-scenario",
	.operands = "FILE",
	.summary = "Check a scenario file and print what it says.",
	.opts = opts,
};

/* What to print of the scenario. */
enum output {
	OUTPUT_UNSET,
	OUTPUT_JSON,
	OUTPUT_TLV,
	OUTPUT_TEXT,
	OUTPUT_FIELDS,
	OUTPUT_NOTHING,
};

struct request {
	enum output output;
	const char *repro;
	const char *sets[SETS_MAX];
	size_t n_sets;
	const struct field *gets[GETS_MAX];
	size_t n_gets;
};

static enum output format_parse(const char *text)
{
	if (strcmp(text, "json") == 0)
		return OUTPUT_JSON;
	if (strcmp(text, "tlv") == 0)
		return OUTPUT_TLV;
	if (strcmp(text, "text") == 0)
		return OUTPUT_TEXT;
	tool_die(&tool, TOOL_USAGE, "--format: '%s' is not json, tlv or text", text);
}

/* Write the product; a reader who went away wanted no more of it. */
static void output(const void *data, size_t len)
{
	struct err e;

	if (io_write_all(STDOUT_FILENO, data, len, "standard output", &e) && e.code != EPIPE)
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
}

static void out_of_memory(void)
{
	tool_die(&tool, TOOL_USAGE, "out of memory");
}

/* The plan with the command that repeats the run. */
static char *plan_text(const struct scenario *s, const char *repro)
{
	_cleanup_free_ char *plain = scenario_plan_json(s);
	json_t *plan, *text;
	char *ret;

	if (!plain)
		out_of_memory();
	if (!repro)
		return steal_ptr(&plain);
	text = json_string(repro);
	if (!text)
		tool_die(&tool, TOOL_USAGE, "--repro: the text is not UTF-8");
	plan = json_loads(plain, 0, NULL);
	ret = json_object_set_new(plan, "repro", text) ? NULL : json_dumps(plan, JSON_COMPACT);
	json_decref(plan);
	if (!ret)
		out_of_memory();
	return ret;
}

static void plan_print(const struct scenario *s, const struct request *r)
{
	_cleanup_free_ char *plan = plan_text(s, r->repro);
	struct tlv_writer w = {.fd = STDOUT_FILENO, .source = TLV_FROM_SCENARIO};
	struct err e;

	if (r->output == OUTPUT_TLV) {
		if (tlv_write(&w, TLV_PLAN, 0, plan, strlen(plan), &e) && e.code != EPIPE)
			tool_die(&tool, TOOL_USAGE, "%s", e.text);
		return;
	}
	output(plan, strlen(plan));
	output("\n", 1);
}

static void text_print(const struct scenario *s)
{
	_cleanup_buf_ struct buf b = {0};

	if (scenario_format(s, &b))
		out_of_memory();
	output(b.data, b.len);
}

static void fields_print(const struct scenario *s, const struct request *r)
{
	_cleanup_buf_ struct buf b = {0};

	for (size_t i = 0; i < r->n_gets; i++)
		if (r->gets[i]->add(s, &b) || buf_add(&b, "\n", 1))
			out_of_memory();
	output(b.data, b.len);
}

static void scenario_print(const struct scenario *s, const struct request *r)
{
	switch (r->output) {
	case OUTPUT_UNSET:
	case OUTPUT_JSON:
	case OUTPUT_TLV:
		plan_print(s, r);
		break;
	case OUTPUT_TEXT:
		text_print(s);
		break;
	case OUTPUT_FIELDS:
		fields_print(s, r);
		break;
	case OUTPUT_NOTHING:
		break;
	}
}

static void presets_path(char ret[PATH_MAX])
{
	struct err e;

	if (paths_share("topologies", ret, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
}

static void list_print(int option)
{
	_cleanup_buf_ struct buf b = {0};
	char presets[PATH_MAX];
	struct err e;

	presets_path(presets);
	if (option == OPT_LIST_WORK  ? list_work(&b)
	    : option == OPT_LIST_OPS ? list_ops(&b)
				     : list_topologies(presets, &b, &e)) {
		if (option != OPT_LIST_TOPOLOGIES)
			out_of_memory();
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	}
	output(b.data, b.len);
	exit(TOOL_PASS);
}

static void output_choose(struct request *r, enum output choice)
{
	if (r->output != OUTPUT_UNSET && r->output != choice)
		tool_die(&tool, TOOL_USAGE, "only one of --format, --get and --check can be given");
	r->output = choice;
}

static void get_add(struct request *r, const char *name)
{
	const struct field *field = field_find(name);

	if (!field)
		tool_die(&tool, TOOL_USAGE, "--get: there is no field '%s'", name);
	if (r->n_gets == GETS_MAX)
		tool_die(&tool, TOOL_USAGE, "--get: given more than %d times", GETS_MAX);
	r->gets[r->n_gets++] = field;
	output_choose(r, OUTPUT_FIELDS);
}

static void set_add(struct request *r, const char *statement)
{
	if (r->n_sets == SETS_MAX)
		tool_die(&tool, TOOL_USAGE, "--set: given more than %d times", SETS_MAX);
	r->sets[r->n_sets++] = statement;
}

static struct request options_parse(int argc, char **argv)
{
	struct request r = {0};
	const char *arg;
	int option;

	while ((option = tool_next_option(&tool, argc, argv, &arg)) >= 0) {
		switch (option) {
		case OPT_FORMAT:
			output_choose(&r, format_parse(arg));
			break;
		case OPT_GET:
			get_add(&r, arg);
			break;
		case OPT_SET:
			set_add(&r, arg);
			break;
		case OPT_REPRO:
			r.repro = arg;
			break;
		case OPT_CHECK:
			output_choose(&r, OUTPUT_NOTHING);
			break;
		default:
			list_print(option);
		}
	}
	if (r.repro && r.output > OUTPUT_TLV)
		tool_die(&tool, TOOL_USAGE, "--repro belongs to the plan (--format json or tlv)");
	return r;
}

int main(int argc, char **argv)
{
	struct request r = options_parse(argc, argv);
	_cleanup_buf_ struct buf text = {0};
	char presets[PATH_MAX];
	struct scenario *s;
	const char *path;
	struct err e;

	signal(SIGPIPE, SIG_IGN);
	if (argc - optind != 1)
		tool_die(&tool, TOOL_USAGE, "give one scenario file (or - for standard input)");
	path = argv[optind];
	presets_path(presets);
	if (io_read_file(path, SCENARIO_FILE_MAX, &text, &e) ||
	    scenario_parse_with(strcmp(path, "-") == 0 ? "stdin" : path, buf_text(&text), text.len,
				presets, r.sets, r.n_sets, &s, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	scenario_print(s, &r);
	scenario_destroy(s);
	return TOOL_PASS;
}
