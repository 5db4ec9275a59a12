/* SPDX-License-Identifier: GPL-2.0-only */
/* TAP 14 and KTAP 1: one test, its rows as subtests. They differ in more than the first line. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clean.h"
#include "report/render_captures.h"
#include "report/result.h"

/* ---- TAP 14 (testanything.org): 4-space subtests, 2-space YAML, '#' and '\' escaped ---- */

static int tap_escape(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if ((*text == '#' || *text == '\\') && buf_add(out, "\\", 1))
			return -1;
		if (buf_add(out, text, 1))
			return -1;
	}
	return 0;
}

/* A YAML double-quoted scalar. @text is clean: no control characters. */
static int yaml_quote(struct buf *out, const char *text)
{
	if (buf_add(out, "\"", 1))
		return -1;
	for (; *text; text++) {
		if ((*text == '"' || *text == '\\') && buf_add(out, "\\", 1))
			return -1;
		if (buf_add(out, text, 1))
			return -1;
	}
	return buf_add(out, "\"", 1);
}

static int tap_reasons(const struct result *r, unsigned int row, struct buf *out)
{
	const struct reasons *w = &r->verdict.reasons;
	bool any = false;

	for (size_t i = 0; i < w->n; i++) {
		const struct reason *x = &w->list[i];

		if (x->row != row)
			continue;
		if (!any && buf_addf(out, "      ---\n      reasons:\n"))
			return -1;
		any = true;
		if (buf_addf(out, "        - kind: %s\n          status: %s\n          message: ",
			     reason_kind_names[x->kind], status_names[x->status]) ||
		    yaml_quote(out, x->message) ||
		    buf_addf(out, "\n          more: %" PRIu64 "\n", x->more))
			return -1;
	}
	return any ? buf_addf(out, "      ...\n") : 0;
}

static int tap_row(const struct result *r, unsigned int i, struct buf *out)
{
	char name[ROW_NAME_MAX];
	unsigned int row;
	enum row_state state = result_row(r, i, name, &row);

	if (buf_addf(out, "    %sok %u - ", state == ROW_NOT_OK ? "not " : "", i + 1) ||
	    tap_escape(out, name) ||
	    buf_addf(out, "%s\n", state == ROW_NOT_JUDGED ? " # SKIP not judged" : ""))
		return -1;
	return tap_reasons(r, row, out);
}

/* How the scheduler failed, and where that is told at length. */
static int tap_failure(const struct result *r, struct buf *out)
{
	_cleanup_buf_ struct buf line = {0};

	if (failure_line(&r->run->captures.failure, &line))
		return -1;
	if (line.len && (buf_addf(out, "\n  failure: ") || yaml_quote(out, buf_text(&line))))
		return -1;
	if (r->paths[KEPT_DUMP] &&
	    (buf_addf(out, "\n  dump: ") || yaml_quote(out, r->paths[KEPT_DUMP])))
		return -1;
	return 0;
}

static int tap_foot(const struct result *r, struct buf *out)
{
	const struct reason *first = reasons_first(&r->verdict.reasons);
	_cleanup_buf_ struct buf repro = {0};

	if (buf_addf(out, "%sok 1 - ", r->verdict.status > STATUS_SKIP ? "not " : "") ||
	    tap_escape(out, r->run->plan.test))
		return -1;
	if (r->verdict.status == STATUS_SKIP &&
	    (buf_addf(out, " # SKIP ") || tap_escape(out, first ? first->message : "")))
		return -1;
	if (result_repro(r, &repro) ||
	    buf_addf(out, "\n  ---\n  status: %s\n  repro: ", status_names[r->verdict.status]) ||
	    yaml_quote(out, buf_text(&repro)) || tap_failure(r, out))
		return -1;
	return buf_addf(out, "\n  ...\n");
}

int render_tap(const struct result *r, struct buf *out)
{
	unsigned int n = result_rows(r);

	if (buf_addf(out, "TAP version 14\n1..1\n# Subtest: %s\n    1..%u\n", r->run->plan.test, n))
		return -1;
	for (unsigned int i = 0; i < n; i++)
		if (tap_row(r, i, out))
			return -1;
	return tap_foot(r, out);
}

/* ---- KTAP 1 (kernel: Documentation/dev-tools/ktap.rst): a nested version line, 2-space subtests,
 * diagnostics as `# ` lines in front of their result, no YAML, no escapes ---- */

/* '#' begins a directive there and cannot be escaped. */
static int ktap_text(struct buf *out, const char *text)
{
	for (; *text; text++)
		if (buf_add(out, *text == '#' ? "." : text, 1))
			return -1;
	return 0;
}

static int ktap_reasons(const struct result *r, unsigned int row, struct buf *out)
{
	const struct reasons *w = &r->verdict.reasons;

	for (size_t i = 0; i < w->n; i++) {
		const struct reason *x = &w->list[i];

		if (x->row != row)
			continue;
		if (buf_addf(out, "  # %s: %s\n", reason_kind_names[x->kind], x->message))
			return -1;
		if (x->more && buf_addf(out, "  # %s: and %" PRIu64 " more\n",
					reason_kind_names[x->kind], x->more))
			return -1;
	}
	return 0;
}

static const char *ktap_directive(const struct result *r, unsigned int row, enum row_state state)
{
	enum status found = reasons_row_status(&r->verdict.reasons, row);

	if (state == ROW_NOT_JUDGED)
		return " # SKIP not judged";
	if (state == ROW_OK)
		return "";
	if (row == ROW_SCENARIO && r->run->timed_out)
		return " # TIMEOUT";
	return found == STATUS_FAIL ? "" : " # ERROR";
}

static int ktap_row(const struct result *r, unsigned int i, struct buf *out)
{
	char name[ROW_NAME_MAX];
	unsigned int row;
	enum row_state state = result_row(r, i, name, &row);

	if (ktap_reasons(r, row, out) ||
	    buf_addf(out, "  %sok %u ", state == ROW_NOT_OK ? "not " : "", i + 1) ||
	    ktap_text(out, name))
		return -1;
	return buf_addf(out, "%s\n", ktap_directive(r, row, state));
}

static int ktap_failure(const struct result *r, struct buf *out)
{
	_cleanup_buf_ struct buf line = {0};

	if (failure_line(&r->run->captures.failure, &line))
		return -1;
	if (line.len && buf_addf(out, "# failure: %s\n", buf_text(&line)))
		return -1;
	return r->paths[KEPT_DUMP] ? buf_addf(out, "# dump: %s\n", r->paths[KEPT_DUMP]) : 0;
}

static const char *ktap_status(const struct result *r)
{
	switch (r->verdict.status) {
	case STATUS_PASS:
		return "";
	case STATUS_FAIL:
		return r->run->timed_out ? " # TIMEOUT" : "";
	case STATUS_SKIP:
		return " # SKIP ";
	case STATUS_INCONCLUSIVE:
	case STATUS_ERROR:
	case STATUS_MACHINE:
	case STATUSES:
		break;
	}
	return " # ERROR ";
}

int render_ktap(const struct result *r, struct buf *out)
{
	const struct reason *first = reasons_first(&r->verdict.reasons);
	unsigned int n = result_rows(r);
	const char *directive = ktap_status(r);

	if (buf_addf(out, "KTAP version 1\n1..1\n  KTAP version 1\n  1..%u\n", n))
		return -1;
	for (unsigned int i = 0; i < n; i++)
		if (ktap_row(r, i, out))
			return -1;
	if (ktap_failure(r, out) ||
	    buf_addf(out, "%sok 1 %s%s", r->verdict.status > STATUS_SKIP ? "not " : "",
		     r->run->plan.test, directive))
		return -1;
	if (*directive && directive[strlen(directive) - 1] == ' ' && first &&
	    ktap_text(out, first->message))
		return -1;
	return buf_add(out, "\n", 1);
}
