/* SPDX-License-Identifier: GPL-2.0-only */
#include "dump/show.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/clean.h"
#include "dump/show_line.h"

#define INDENT 2u
#define INDENT_MAX 40u
#define CONTINUED 4u /* columns that the rest of a line is indented more */

/* ---- lines ---- */

void show_puts(struct show *s, const char *text)
{
	s->failed |= buf_add(&s->line, text, strlen(text)) != 0;
}

void show_addf(struct show *s, const char *fmt, ...)
{
	char text[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	show_puts(s, text);
}

void show_text(struct show *s, const char *text, size_t len)
{
	s->failed |= clean_line(&s->line, text, len) != 0;
}

/* Whether it needs no quotes. */
static bool is_word(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		      (*p >= '0' && *p <= '9') || strchr("_.:/+-@%", *p)))
			return false;
	return *text;
}

void show_word(struct show *s, const char *text)
{
	const char *quote = is_word(text) ? "" : "\"";

	show_puts(s, quote);
	show_text(s, text, strlen(text));
	show_puts(s, quote);
}

static bool is_continuation(char c)
{
	return (c & 0xc0) == 0x80;
}

/* How many bytes of the @len at @text go into @columns: up to the blank behind a comma, if that is
 * not far to the left, else up to a blank, or as many as fit. */
static size_t fitting(const char *text, size_t len, size_t columns)
{
	size_t at = 0, blank = 0, comma = 0;

	for (size_t used = 0; at < len; at++) {
		if (is_continuation(text[at]))
			continue;
		if (used++ == columns)
			break;
		if (text[at] != ' ' || !at)
			continue;
		blank = at;
		if (text[at - 1] == ',')
			comma = at;
	}
	if (at == len)
		return len;
	return comma > columns / 2 ? comma : blank ? blank : at;
}

static void put_indented(struct show *s, unsigned int indent, const char *text, size_t len)
{
	static const char blanks[INDENT_MAX + CONTINUED + 1] =
		"                                            ";

	s->failed |= buf_add(s->out, blanks, indent) || buf_add(s->out, text, len) ||
		     buf_add(s->out, "\n", 1);
}

void show_end(struct show *s)
{
	unsigned int indent = s->indent * INDENT;
	const char *text = buf_text(&s->line);
	size_t left = s->line.len;
	bool first = true;

	indent = indent < INDENT_MAX ? indent : INDENT_MAX;
	while (left && text[left - 1] == ' ')
		left--;
	while (left || first) {
		size_t n = fitting(text, left, SHOW_WIDTH - indent);

		put_indented(s, indent, text, n);
		while (n < left && text[n] == ' ')
			n++;
		text += n;
		left -= n;
		if (first)
			indent += CONTINUED;
		first = false;
	}
	s->line.len = 0;
}

/* ---- JSON of no special kind ---- */

static bool is_flat(const json_t *v)
{
	const char *text = json_string_value(v);

	return !json_is_array(v) && !json_is_object(v) && !(text && strchr(text, '\n'));
}

static bool is_zero(const json_t *v)
{
	if (json_is_string(v))
		return !json_string_length(v);
	if (json_is_number(v))
		return json_number_value(v) == 0;
	if (json_is_array(v))
		return !json_array_size(v);
	return json_is_object(v) ? !json_object_size(v) : !json_is_true(v);
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; names && *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* These say what something is: their zero counts. */
static const char *const identities[] = {"cpu",	   "vcpu",  "node", "pid",	 "id",
					 "number", "index", "kind", "exit_kind", NULL};

static bool is_hidden(const char *name, const json_t *v)
{
	return is_zero(v) && !(json_is_integer(v) && is_one_of(name, identities));
}

void show_scalar(struct show *s, const json_t *v)
{
	if (json_is_string(v))
		show_word(s, json_string_value(v));
	else if (json_is_integer(v))
		show_addf(s, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		show_addf(s, "%.9g", json_real_value(v));
	else
		show_puts(s, json_is_true(v) ? "true" : json_is_false(v) ? "false" : "null");
}

void show_flat(struct show *s, const json_t *v, const char *const *but)
{
	bool first = true;
	const char *name;
	json_t *m;

	json_object_foreach ((json_t *)v, name, m) {
		if (!is_flat(m) || is_hidden(name, m) || is_one_of(name, but))
			continue;
		if (!first)
			show_puts(s, ", ");
		first = false;
		show_text(s, name, strlen(name));
		show_puts(s, " ");
		show_scalar(s, m);
	}
}

void show_parts(struct show *s, const json_t *v, const char *const *but)
{
	const char *name;
	json_t *m;

	json_object_foreach ((json_t *)v, name, m) {
		if (!is_flat(m) && !is_one_of(name, but))
			show_json(s, name, m);
	}
}

/* Text of several lines. */
static void show_block(struct show *s, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		show_puts(s, "| ");
		show_text(s, text, len);
		show_end(s);
		text += len + (text[len] == '\n');
	}
}

static void show_list(struct show *s, const json_t *list)
{
	bool open = false; /* a line of flat elements */
	json_t *v;
	size_t i;

	json_array_foreach (list, i, v) {
		if (is_flat(v)) {
			show_puts(s, open ? ", " : "");
			show_scalar(s, v);
			open = true;
			continue;
		}
		if (open)
			show_end(s);
		open = false;
		if (json_is_object(v)) {
			show_flat(s, v, NULL);
			if (!s->line.len)
				show_addf(s, "[%zu]", i);
			show_end(s);
			s->indent++;
			show_parts(s, v, NULL);
			s->indent--;
		} else {
			char name[32];

			snprintf(name, sizeof(name), "[%zu]", i);
			show_json(s, name, v);
		}
	}
	if (open)
		show_end(s);
}

static void show_nested(struct show *s, const json_t *v)
{
	if (s->depth == SHOW_DEPTH_MAX) {
		show_puts(s, "...");
		show_end(s);
		return;
	}
	s->depth++;
	s->indent++;
	if (json_is_object(v)) {
		show_flat(s, v, NULL);
		if (s->line.len)
			show_end(s);
		show_parts(s, v, NULL);
	} else if (json_is_array(v)) {
		show_list(s, v);
	} else {
		show_block(s, json_string_value(v));
	}
	s->indent--;
	s->depth--;
}

void show_json(struct show *s, const char *name, const json_t *v)
{
	if (is_hidden(name, v))
		return;
	show_text(s, name, strlen(name));
	if (is_flat(v)) {
		show_puts(s, " ");
		show_scalar(s, v);
		show_end(s);
		return;
	}
	show_puts(s, ":");
	show_end(s);
	show_nested(s, v);
}

/* ---- reports ---- */

/* What a reader wants to see first. All else follows as it comes. */
static const char *const first_parts[] = {
	"exit_info",	  "scx_sched_state", "rq_scx_states", "dsq_states",
	"runnable_tasks", "event_counters",  "maps",	      NULL};
static const char *const last_parts[] = {"task_enrichments", "vcpu_regs", "dmesg_tail", "reasons",
					 NULL};
/* Shown otherwise, or of no use to a reader. */
static const char *const told[] = {"schema", "active_map_kvas", NULL};

static void show_heading(struct show *s, const json_t *r)
{
	show_puts(s, "dump (");
	show_scalar(s, json_object_get(r, "schema"));
	show_puts(s, "): ");
	show_flat(s, r, told);
	show_end(s);
}

static void show_part(struct show *s, const char *name, const json_t *v)
{
	if (strcmp(name, "maps") == 0 && json_is_array(v))
		show_maps(s, v);
	else if (v)
		show_json(s, name, v);
}

static void show_report(struct show *s, const json_t *r)
{
	const char *name;
	json_t *m;

	show_heading(s, r);
	for (size_t i = 0; first_parts[i]; i++)
		show_part(s, first_parts[i], json_object_get(r, first_parts[i]));
	json_object_foreach ((json_t *)r, name, m) {
		if (!is_flat(m) && !is_one_of(name, first_parts) && !is_one_of(name, last_parts) &&
		    !is_one_of(name, told))
			show_part(s, name, m);
	}
	for (size_t i = 0; last_parts[i]; i++)
		show_part(s, last_parts[i], json_object_get(r, last_parts[i]));
}

/* Two reports of one failure. */
static void show_dual(struct show *s, const json_t *r)
{
	static const char *const halves[] = {"early", "late", NULL};

	show_heading(s, r);
	for (size_t i = 0; halves[i]; i++) {
		const json_t *half = json_object_get(r, halves[i]);

		if (!json_is_object(half))
			continue;
		show_puts(s, halves[i]);
		show_puts(s, ":");
		show_end(s);
		s->indent++;
		show_report(s, half);
		s->indent--;
	}
}

static bool is_report(const json_t *v)
{
	return json_is_string(json_object_get(v, "schema"));
}

static const char *schema_of(const json_t *v)
{
	const char *schema = json_string_value(json_object_get(v, "schema"));

	return schema ? schema : "";
}

static int show_any_report(struct show *s, const json_t *r, struct err *e)
{
	const char *schema = schema_of(r);

	if (strcmp(schema, "dual") == 0)
		show_dual(s, r);
	else if (strcmp(schema, "single") == 0 || strcmp(schema, "degraded") == 0)
		show_report(s, r);
	else
		return err_set(e, EINVAL, "no dump that is known here: its schema is '%.100s'",
			       schema);
	return 0;
}

/* ---- captures ---- */

static const char *const report_only[] = {"report", NULL};

static bool is_capture(const json_t *v)
{
	return json_is_string(json_object_get(v, "tag")) || is_report(json_object_get(v, "report"));
}

static void show_capture(struct show *s, const json_t *c)
{
	const json_t *report = json_object_get(c, "report");
	struct err e;

	show_puts(s, "capture: ");
	show_flat(s, c, NULL);
	show_end(s);
	s->indent++;
	show_parts(s, c, report_only);
	if (json_is_object(report) && show_any_report(s, report, &e)) {
		show_puts(s, e.text);
		show_end(s);
	}
	s->indent--;
}

static bool are_captures(const json_t *v)
{
	json_t *c;
	size_t i;

	json_array_foreach (v, i, c) {
		if (!is_capture(c))
			return false;
	}
	return json_is_array(v);
}

static void show_captures(struct show *s, const json_t *list)
{
	json_t *c;
	size_t i;

	if (!json_array_size(list)) {
		show_puts(s, "no captures");
		show_end(s);
	}
	json_array_foreach (list, i, c)
		show_capture(s, c);
}

/* A result of ktstr-report's. */
static void show_result(struct show *s, const json_t *r)
{
	const json_t *failure = json_object_get(r, "failure_dump");

	show_captures(s, json_object_get(r, "snapshots"));
	if (!json_is_object(failure))
		return;
	show_puts(s, "failure ");
	show_capture(s, failure);
}

/* ---- what it is ---- */

static const char *type_name(const json_t *v)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number", [JSON_REAL] = "a number",	[JSON_TRUE] = "true",
		[JSON_FALSE] = "false",	     [JSON_NULL] = "null",
	};

	return v ? names[json_typeof(v)] : "nothing";
}

static int no_dump(const json_t *v, struct err *e)
{
	if (json_is_array(v))
		return err_set(e, EINVAL, "no dump: an array of what are no captures");
	if (json_is_object(v))
		return err_set(e, EINVAL,
			       "no dump: an object without a schema, a report or snapshots");
	return err_set(e, EINVAL, "no dump: %s", type_name(v));
}

static int show_anything(struct show *s, const json_t *v, struct err *e)
{
	if (is_report(v))
		return show_any_report(s, v, e);
	if (is_capture(v))
		show_capture(s, v);
	else if (are_captures(v))
		show_captures(s, v);
	else if (are_captures(json_object_get(v, "snapshots")))
		show_result(s, v);
	else
		return no_dump(v, e);
	return 0;
}

int show_print(const json_t *dump, struct buf *out, struct err *e)
{
	struct show s = {.out = out};
	int ret = show_anything(&s, dump, e);

	buf_deinit(&s.line);
	return !ret && s.failed ? err_set(e, ENOMEM, "out of memory") : ret;
}
