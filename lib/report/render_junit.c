/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JUnit XML as CI systems read it: `failure` is the scheduler, `error` the machine or missing data,
 * `skipped` what was not judged.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clean.h"
#include "report/render_captures.h"
#include "report/result.h"

#define TAIL_BYTES (8u << 10)

/* @data must be clean already. */
static int xml_escape(struct buf *out, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char *as = data[i] == '&'	   ? "&amp;"
				 : data[i] == '<'  ? "&lt;"
				 : data[i] == '>'  ? "&gt;"
				 : data[i] == '"'  ? "&quot;"
				 : data[i] == '\'' ? "&apos;"
						   : NULL;

		if (as ? buf_add(out, as, strlen(as)) : buf_add(out, &data[i], 1))
			return -1;
	}
	return 0;
}

static int xml_text(struct buf *out, const char *text)
{
	return xml_escape(out, text, strlen(text));
}

static const char *junit_tag(const struct result *r, unsigned int row)
{
	return reasons_row_status(&r->verdict.reasons, row) == STATUS_FAIL ? "failure" : "error";
}

static int junit_reasons(const struct result *r, unsigned int row, struct buf *out)
{
	const struct reasons *w = &r->verdict.reasons;
	const char *tag = junit_tag(r, row);
	bool open = false;

	for (size_t i = 0; i < w->n; i++) {
		const struct reason *x = &w->list[i];

		if (x->row != row || x->kind == REASON_NOTE)
			continue;
		/* One element a case: its message is the first reason, its text has them all. */
		if (!open && (buf_addf(out, "      <%s type=\"%s\" message=\"", tag,
				       reason_kind_names[x->kind]) ||
			      xml_text(out, x->message) || buf_addf(out, "\">")))
			return -1;
		open = true;
		if (buf_addf(out, "%s: ", reason_kind_names[x->kind]) || xml_text(out, x->message))
			return -1;
		if (x->more && buf_addf(out, " (and %" PRIu64 " more)", x->more))
			return -1;
		if (buf_add(out, "\n", 1))
			return -1;
	}
	return open ? buf_addf(out, "</%s>\n", tag) : 0;
}

static int junit_row(const struct result *r, unsigned int i, struct buf *out)
{
	char name[ROW_NAME_MAX];
	unsigned int row;
	enum row_state state = result_row(r, i, name, &row);

	if (buf_addf(out, "    <testcase classname=\"%s\" name=\"", r->run->plan.test) ||
	    xml_text(out, name) || buf_addf(out, "\">\n"))
		return -1;
	if (state == ROW_NOT_OK && junit_reasons(r, row, out))
		return -1;
	if (state == ROW_NOT_JUDGED && buf_addf(out, "      <skipped message=\"not judged\"/>\n"))
		return -1;
	return buf_addf(out, "    </testcase>\n");
}

struct tally {
	unsigned int failures, errors, skipped;
};

static struct tally junit_tally(const struct result *r, unsigned int n)
{
	struct tally t = {0};

	for (unsigned int i = 0; i < n; i++) {
		char name[ROW_NAME_MAX];
		unsigned int row;
		enum row_state state = result_row(r, i, name, &row);

		if (state == ROW_NOT_JUDGED)
			t.skipped++;
		else if (state == ROW_NOT_OK && *junit_tag(r, row) == 'f')
			t.failures++;
		else if (state == ROW_NOT_OK)
			t.errors++;
	}
	return t;
}

static int junit_tail(struct buf *out, const char *title, const struct tail *t)
{
	_cleanup_buf_ struct buf text = {0};
	size_t len;
	const char *data = tail_last(t, TAIL_BYTES, &len);

	if (len == 0)
		return 0;
	if (clean_text(&text, data, len) || buf_addf(out, "--- %s ---\n", title) ||
	    xml_escape(out, buf_text(&text), text.len))
		return -1;
	return buf_add(out, "\n", 1);
}

static int junit_failure(const struct result *r, struct buf *out)
{
	_cleanup_buf_ struct buf line = {0};

	if (failure_line(&r->run->captures.failure, &line))
		return -1;
	if (line.len && (buf_addf(out, "\nfailure: ") || xml_text(out, buf_text(&line))))
		return -1;
	if (r->paths[KEPT_DUMP] &&
	    (buf_addf(out, "\ndump: ") || xml_text(out, r->paths[KEPT_DUMP])))
		return -1;
	return 0;
}

static int junit_outputs(const struct result *r, struct buf *out)
{
	_cleanup_buf_ struct buf repro = {0};

	if (result_repro(r, &repro) || buf_addf(out, "    <system-out>repeat: ") ||
	    xml_escape(out, buf_text(&repro), repro.len) || junit_failure(r, out) ||
	    buf_addf(out, "\n</system-out>\n    <system-err>") ||
	    junit_tail(out, "scheduler", &r->run->texts[RUN_SCHED_OUTPUT]) ||
	    junit_tail(out, "console", &r->run->texts[RUN_CONSOLE]))
		return -1;
	return buf_addf(out, "</system-err>\n");
}

int render_junit(const struct result *r, struct buf *out)
{
	uint64_t duration = run_u64(r->run->exit, "duration_ns");
	unsigned int n = result_rows(r);
	struct tally t = junit_tally(r, n);

	if (buf_addf(out,
		     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		     "  <testsuite name=\"%s\" tests=\"%u\" failures=\"%u\" errors=\"%u\" "
		     "skipped=\"%u\" time=\"%.3f\">\n",
		     r->run->plan.test, n, t.failures, t.errors, t.skipped,
		     duration == RUN_ABSENT ? 0.0 : (double)duration / 1e9))
		return -1;
	if (buf_addf(out,
		     "    <properties>\n      <property name=\"status\" value=\"%s\"/>\n"
		     "    </properties>\n",
		     status_names[r->verdict.status]))
		return -1;
	for (unsigned int i = 0; i < n; i++)
		if (junit_row(r, i, out))
			return -1;
	return junit_outputs(r, out) || buf_addf(out, "  </testsuite>\n</testsuites>\n") ? -1 : 0;
}
