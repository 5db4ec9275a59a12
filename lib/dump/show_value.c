/* SPDX-License-Identifier: GPL-2.0-only */
/* Rendered values (dump/value.h) as text. */
#include <string.h>

#include "dump/show_line.h"

#define HEX_MAX 128u /* digits of bytes that are shown */
#define SHORT_MAX 88u
#define SHORT_ELEMENTS_MAX 16u
#define ARRAY_MAX 320u /* bytes of one that is shown in a line, which then goes on below */
#define FOLD_MIN 9u    /* elements of an array where two alike in a row are folded */

enum kind {
	KIND_NONE,
	KIND_NUMBER, /* int, uint, float */
	KIND_BOOL,
	KIND_CHAR,
	KIND_ENUM,
	KIND_STRING,
	KIND_STRUCT,
	KIND_ARRAY,
	KIND_CPU_LIST,
	KIND_PTR,
	KIND_BYTES,
	KIND_TRUNCATED,
	KIND_UNSUPPORTED,
};

static enum kind kind_of(const json_t *v)
{
	static const struct {
		const char *name;
		enum kind kind;
	} kinds[] = {
		{"uint", KIND_NUMBER},	       {"int", KIND_NUMBER},
		{"struct", KIND_STRUCT},       {"ptr", KIND_PTR},
		{"array", KIND_ARRAY},	       {"enum", KIND_ENUM},
		{"bool", KIND_BOOL},	       {"char", KIND_CHAR},
		{"string", KIND_STRING},       {"float", KIND_NUMBER},
		{"bytes", KIND_BYTES},	       {"cpu_list", KIND_CPU_LIST},
		{"truncated", KIND_TRUNCATED}, {"unsupported", KIND_UNSUPPORTED},
	};
	const char *name = json_string_value(json_object_get(v, "kind"));

	for (size_t i = 0; name && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(name, kinds[i].name) == 0)
			return kinds[i].kind;
	return KIND_NONE;
}

/* ---- zero ---- */

static bool number_is_zero(const json_t *v)
{
	return json_is_number(v) && json_number_value(v) == 0;
}

static bool value_is_zero(const json_t *v, unsigned int depth);

static bool list_is_zero(const json_t *list, const char *member, unsigned int depth)
{
	json_t *v;
	size_t i;

	json_array_foreach (list, i, v) {
		if (!value_is_zero(member ? json_object_get(v, member) : v, depth + 1))
			return false;
	}
	return true;
}

static bool array_is_zero(const json_t *v, unsigned int depth)
{
	const json_t *elements = json_object_get(v, "elements");
	json_int_t len = json_integer_value(json_object_get(v, "len"));

	return (size_t)len == json_array_size(elements) && list_is_zero(elements, NULL, depth);
}

static bool value_is_zero(const json_t *v, unsigned int depth)
{
	const json_t *value = json_object_get(v, "value");

	if (depth > SHOW_DEPTH_MAX)
		return false;
	switch (kind_of(v)) {
	case KIND_NUMBER:
	case KIND_CHAR:
	case KIND_ENUM:
		return number_is_zero(value);
	case KIND_BOOL:
		return json_is_false(value);
	case KIND_STRING:
		return json_is_string(value) && !json_string_length(value);
	case KIND_PTR:
		return strcmp(show_string(v, "value"), "0x0") == 0;
	case KIND_STRUCT:
		return list_is_zero(json_object_get(v, "members"), "value", depth);
	case KIND_ARRAY:
		return array_is_zero(v, depth);
	case KIND_BYTES:
		return !show_string(v, "hex")[strspn(show_string(v, "hex"), "0")];
	case KIND_CPU_LIST:
		return !*show_string(v, "cpus") && !json_object_get(v, "ptr");
	case KIND_NONE:
	case KIND_TRUNCATED:
	case KIND_UNSUPPORTED:
		break;
	}
	return false;
}

bool show_value_is_zero(const json_t *v)
{
	return value_is_zero(v, 0);
}

/* ---- what has no parts ---- */

static void put_string(struct show *s, const json_t *v)
{
	const char *p = json_string_value(v);

	show_puts(s, "\"");
	while (p && *p) {
		size_t len = strcspn(p, "\"\\\n\t");

		show_text(s, p, len);
		p += len;
		if (*p) {
			show_puts(s, *p == '\n'	  ? "\\n"
				     : *p == '\t' ? "\\t"
				     : *p == '"'  ? "\\\""
						  : "\\\\");
			p++;
		}
	}
	show_puts(s, "\"");
}

static void put_char(struct show *s, const json_t *v)
{
	if (!json_is_string(v)) {
		show_scalar(s, v);
		return;
	}
	show_puts(s, "'");
	show_text(s, json_string_value(v), json_string_length(v));
	show_puts(s, "'");
}

static void put_enum(struct show *s, const json_t *v)
{
	const char *variant = show_string(v, "variant");

	if (*variant) {
		show_text(s, variant, strlen(variant));
		show_puts(s, " (");
	}
	show_scalar(s, json_object_get(v, "value"));
	if (*variant)
		show_puts(s, ")");
}

static void put_bytes(struct show *s, const json_t *v)
{
	const char *hex = show_string(v, "hex");
	size_t len = strlen(hex);

	show_text(s, hex, len < HEX_MAX ? len : HEX_MAX);
	if (len > HEX_MAX)
		show_addf(s, "... (%zu bytes)", len / 2);
}

static void put_cpus(struct show *s, const json_t *v)
{
	const char *cpus = show_string(v, "cpus"), *ptr = show_string(v, "ptr");

	show_puts(s, "cpus ");
	show_word(s, *cpus ? cpus : "none");
	if (*ptr) {
		show_puts(s, " at ");
		show_word(s, ptr);
	}
}

static void put_marked(struct show *s, const char *mark, const char *text)
{
	show_puts(s, mark);
	show_text(s, text, strlen(text));
	show_puts(s, "]");
}

/* A pointer without what it leads to. */
static void put_pointer(struct show *s, const json_t *v)
{
	const char *skip = show_string(v, "skip");

	show_word(s, show_string(v, "value"));
	if (strcmp(skip, "cycle") == 0)
		show_puts(s, " [cycle]");
	else if (*skip)
		put_marked(s, " [chase: ", skip);
}

static void put_truncated(struct show *s, const json_t *v)
{
	show_puts(s, "[truncated: ");
	show_scalar(s, json_object_get(v, "had"));
	show_puts(s, " of ");
	show_scalar(s, json_object_get(v, "needed"));
	show_puts(s, " bytes]");
}

/* What @v says without its parts; of a kind that is not known, its flat members. */
static void put_simple(struct show *s, const json_t *v, enum kind kind)
{
	const json_t *value = json_object_get(v, "value");

	switch (kind) {
	case KIND_NUMBER:
	case KIND_BOOL:
		show_scalar(s, value);
		break;
	case KIND_CHAR:
		put_char(s, value);
		break;
	case KIND_ENUM:
		put_enum(s, v);
		break;
	case KIND_STRING:
		put_string(s, value);
		break;
	case KIND_BYTES:
		put_bytes(s, v);
		break;
	case KIND_CPU_LIST:
		put_cpus(s, v);
		break;
	case KIND_PTR:
		put_pointer(s, v);
		break;
	case KIND_TRUNCATED:
		put_truncated(s, v);
		break;
	case KIND_UNSUPPORTED:
		put_marked(s, "[unsupported: ", show_string(v, "reason"));
		break;
	case KIND_NONE:
	case KIND_STRUCT:
	case KIND_ARRAY:
		if (json_is_object(v))
			show_flat(s, v, NULL);
		else if (v && !json_is_array(v))
			show_scalar(s, v);
		else
			show_puts(s, "[no value]");
		break;
	}
}

/* ---- on one line ---- */

/* Each of these adds to the line as long as that is shorter than @end bytes, and tells whether all
 * of it found room. */
static bool put_short(struct show *s, const json_t *v, size_t end);

static bool members_short(struct show *s, const json_t *v, size_t end, bool *first)
{
	json_t *m;
	size_t i;

	json_array_foreach (json_object_get(v, "members"), i, m) {
		const json_t *value = json_object_get(m, "value");
		const char *name = show_string(m, "name");

		if (show_value_is_zero(value))
			continue;
		if (!*name && kind_of(value) == KIND_STRUCT) {
			if (!members_short(s, value, end, first))
				return false;
			continue;
		}
		show_puts(s, *first ? "" : ", ");
		*first = false;
		show_text(s, name, strlen(name));
		show_puts(s, " = ");
		if (!put_short(s, value, end))
			return false;
	}
	return true;
}

/* Arrays of few elements; where they are not that few, no two alike in a row. */
static bool elements_short(struct show *s, const json_t *v, size_t end)
{
	const json_t *elements = json_object_get(v, "elements"), *before = NULL;
	json_t *element;
	size_t i;

	if (json_array_size(elements) > SHORT_ELEMENTS_MAX ||
	    (size_t)json_integer_value(json_object_get(v, "len")) != json_array_size(elements))
		return false;
	show_puts(s, "{");
	json_array_foreach (elements, i, element) {
		if (before && json_equal(before, element))
			return false;
		before = json_array_size(elements) < FOLD_MIN ? NULL : element;
		show_puts(s, i ? ", " : "");
		if (!put_short(s, element, end))
			return false;
	}
	show_puts(s, "}");
	return true;
}

static bool put_short(struct show *s, const json_t *v, size_t end)
{
	enum kind kind = kind_of(v);
	bool ret = true, first = true;

	if (s->depth == SHOW_DEPTH_MAX || s->line.len > end)
		return false;
	s->depth++;
	if ((kind == KIND_STRUCT || kind == KIND_ARRAY) && show_value_is_zero(v)) {
		show_puts(s, "0");
	} else if (kind == KIND_STRUCT) {
		show_puts(s, "{");
		ret = members_short(s, v, end, &first);
		show_puts(s, "}");
	} else if (kind == KIND_ARRAY) {
		ret = elements_short(s, v, end);
	} else {
		put_simple(s, v, kind);
	}
	s->depth--;
	return ret && !json_object_get(v, "target") && !json_object_get(v, "partial") &&
	       s->line.len <= end;
}

bool show_value_short(struct show *s, const json_t *v, size_t max)
{
	size_t start = s->line.len;

	if (put_short(s, v, start + max))
		return true;
	s->line.len = start;
	return false;
}

/* ---- on several ---- */

static void put_block(struct show *s, const json_t *v);

void show_value(struct show *s, const json_t *v)
{
	size_t used = s->line.len;
	size_t most = used < SHORT_MAX / 2 ? SHORT_MAX - used : SHORT_MAX / 2;

	if (kind_of(v) == KIND_ARRAY)
		most = ARRAY_MAX;
	if (show_value_short(s, v, most))
		show_end(s);
	else
		put_block(s, v);
}

void show_members(struct show *s, const json_t *v)
{
	json_t *m;
	size_t i;

	json_array_foreach (json_object_get(v, "members"), i, m) {
		const json_t *value = json_object_get(m, "value");
		const char *name = show_string(m, "name");

		if (show_value_is_zero(value))
			continue;
		if (!*name && kind_of(value) == KIND_STRUCT && s->depth < SHOW_DEPTH_MAX) {
			s->depth++;
			show_members(s, value);
			s->depth--;
			continue;
		}
		show_text(s, name, strlen(name));
		show_puts(s, " = ");
		show_value(s, value);
	}
}

static void put_struct(struct show *s, const json_t *v)
{
	const char *name = show_string(v, "type_name");

	show_text(s, name, strlen(name));
	show_puts(s, *name ? " {" : "{");
	show_end(s);
	s->indent++;
	show_members(s, v);
	s->indent--;
	show_puts(s, "}");
	show_end(s);
}

static void put_array(struct show *s, const json_t *v)
{
	const json_t *elements = json_object_get(v, "elements");
	size_t n = json_array_size(elements);
	json_int_t len = json_integer_value(json_object_get(v, "len"));

	show_addf(s, "array of %" JSON_INTEGER_FORMAT, len);
	show_end(s);
	s->indent++;
	for (size_t i = 0, next; i < n; i = next) {
		const json_t *element = json_array_get(elements, i);

		for (next = i + 1; next < n; next++)
			if (!json_equal(element, json_array_get(elements, next)))
				break;
		if (next - i > 1)
			show_addf(s, "[%zu..%zu] = ", i, next - 1);
		else
			show_addf(s, "[%zu] = ", i);
		show_value(s, element);
	}
	if ((json_int_t)n < len) {
		show_addf(s, "[%zu..%" JSON_INTEGER_FORMAT "] not captured", n, len - 1);
		show_end(s);
	}
	s->indent--;
}

/* A pointer and what it leads to, or what is cut and how far it goes. */
static void put_leading(struct show *s, const json_t *v, enum kind kind, const json_t *to)
{
	put_simple(s, v, kind);
	if (!to) {
		show_end(s);
		return;
	}
	show_puts(s, kind == KIND_PTR ? " -> " : " ");
	show_value(s, to);
}

static void put_block(struct show *s, const json_t *v)
{
	enum kind kind = kind_of(v);

	if (s->depth == SHOW_DEPTH_MAX) {
		show_puts(s, "...");
		show_end(s);
		return;
	}
	s->depth++;
	switch (kind) {
	case KIND_STRUCT:
		put_struct(s, v);
		break;
	case KIND_ARRAY:
		put_array(s, v);
		break;
	case KIND_PTR:
		put_leading(s, v, kind, json_object_get(v, "target"));
		break;
	default:
		put_leading(s, v, kind, json_object_get(v, "partial"));
	}
	s->depth--;
}
