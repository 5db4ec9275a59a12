/* SPDX-License-Identifier: GPL-2.0-only */
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/clock.h"

#define NAME_MAX_SHOWN 128u

/* @text of at most @max bytes, fit to print. */
static const char *plain(const char *text, size_t max, char ret[NAME_MAX_SHOWN])
{
	clean_ascii(ret, NAME_MAX_SHOWN, text, max);
	return ret;
}

static const char *class_name(const struct schema *schema, uint64_t class, char ret[NAME_MAX_SHOWN])
{
	return class < schema->n_classes ? plain(schema->classes[class], SCHEMA_NAME_MAX, ret)
					 : "-";
}

/* The cell of @column in @row; SAMPLE_ABSENT when there is no such column. */
static uint64_t cell(const struct schema *schema, uint64_t *const cells[SAMPLE_TABLES],
		     enum sample_table t, unsigned int row, const char *column)
{
	int i = schema_column(schema, t, column);

	if (i < 0 || row >= schema->tables[t].n_rows)
		return SAMPLE_ABSENT;
	return cells[t][(size_t)row * schema->tables[t].n_columns + (unsigned int)i];
}

static const char *invalid_text(uint32_t invalid)
{
	if (invalid & SAMPLE_UNREADABLE)
		return "unreadable";
	if (invalid & SAMPLE_UNINIT)
		return "uninitialised";
	if (invalid & SAMPLE_IMPLAUSIBLE)
		return "implausible";
	return invalid ? "torn" : "valid";
}

/* ---- lines ---- */

struct lines {
	struct buf *out;
	bool failed;
};

__attribute__((format(printf, 2, 3))) static void add(struct lines *l, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(text) || buf_add(l->out, text, (size_t)len))
		l->failed = true;
}

static void add_cells(const struct schema *schema, const struct sample *s, enum sample_table t,
		      unsigned int row, struct lines *l)
{
	const struct schema_table *table = &schema->tables[t];
	bool all = t == SAMPLE_MACHINE || t == SAMPLE_CPU || t == SAMPLE_DSQ;
	char name[NAME_MAX_SHOWN];

	for (unsigned int i = 0; i < table->n_columns; i++) {
		uint64_t v = *sample_cell(s, schema, t, row, i);

		if (v == SAMPLE_ABSENT || (!v && !all))
			continue;
		if (t == SAMPLE_CPU && strcmp(table->columns[i], "curr_class") == 0)
			continue;
		add(l, " %s=%" PRIu64, plain(table->columns[i], SCHEMA_NAME_MAX, name), v);
	}
}

/* Whether a counter of the row is there and not zero. */
static bool any_cell(const struct schema *schema, const struct sample *s, enum sample_table t,
		     unsigned int row)
{
	for (unsigned int i = 0; i < schema->tables[t].n_columns; i++) {
		uint64_t v = *sample_cell(s, schema, t, row, i);

		if (v != SAMPLE_ABSENT && v)
			return true;
	}
	return false;
}

static void add_row(const struct schema *schema, const struct sample *s, enum sample_table t,
		    unsigned int row, struct lines *l)
{
	const struct schema_row *r = t == SAMPLE_DSQ ? NULL : &schema->tables[t].rows[row];
	char name[NAME_MAX_SHOWN];

	if ((t == SAMPLE_EVENT || t == SAMPLE_SCHEDSTAT) && !any_cell(schema, s, t, row))
		return;
	add(l, "%s", sample_table_names[t]);
	if (r)
		add(l, " %" PRIu64, r->key[0]);
	if (t == SAMPLE_DOMAIN)
		add(l, " %" PRIu64, r->key[1]);
	if (t == SAMPLE_PROG)
		add(l, " verified_insns=%" PRIu64, r->key[1]);
	add_cells(schema, s, t, row, l);
	if (t == SAMPLE_CPU)
		add(l, " class=%s comm=%s",
		    class_name(schema, cell(schema, s->cells, t, row, "curr_class"), name),
		    plain(s->comm[row], SAMPLE_COMM_MAX, (char[NAME_MAX_SHOWN]){0}));
	if (r && r->name[0])
		add(l, " name=%s", plain(r->name, sizeof(r->name), name));
	add(l, "\n");
}

int text_lines(const struct schema *schema, const struct sample *s, struct buf *out)
{
	char ops[NAME_MAX_SHOWN];
	struct lines lines = {.out = out}, *l = &lines;

	add(l, "sample %" PRIu64 " %s at_ns=%" PRIu64 " took_ns=%" PRIu64 " missed=%u", s->number,
	    invalid_text(s->invalid), s->at_ns, s->took_ns, s->missed);
	if (schema->tables[SAMPLE_MACHINE].n_rows)
		add_cells(schema, s, SAMPLE_MACHINE, 0, l);
	add(l, " scheduler=%s\n",
	    schema->ops[0] ? plain(schema->ops, sizeof(schema->ops), ops) : "-");
	for (enum sample_table t = SAMPLE_CPU; t < SAMPLE_TABLES; t++) {
		unsigned int n = t == SAMPLE_DSQ ? s->n_dsqs : schema->tables[t].n_rows;

		for (unsigned int row = 0; row < n; row++)
			add_row(schema, s, t, row, l);
	}
	return l->failed ? -1 : 0;
}

/* ---- the table ---- */

void text_deinit(struct text *t)
{
	free(t->cells[SAMPLE_CPU]);
	free(t->cells[SAMPLE_EVENT]);
	*t = (struct text){0};
}

static size_t table_bytes(const struct schema *schema, enum sample_table t)
{
	return (size_t)schema->tables[t].n_rows * schema->tables[t].n_columns * sizeof(uint64_t);
}

int text_schema(struct text *t, const struct schema *schema, struct err *e)
{
	text_deinit(t);
	t->schema = schema;
	t->cells[SAMPLE_CPU] = malloc(table_bytes(schema, SAMPLE_CPU) + 1);
	t->cells[SAMPLE_EVENT] = malloc(table_bytes(schema, SAMPLE_EVENT) + 1);
	if (!t->cells[SAMPLE_CPU] || !t->cells[SAMPLE_EVENT])
		return err_set(e, ENOMEM, "out of memory");
	return 0;
}

static void text_keep(struct text *t, const struct sample *s)
{
	static const enum sample_table kept[] = {SAMPLE_CPU, SAMPLE_EVENT};

	for (size_t i = 0; i < 2; i++) {
		size_t len = table_bytes(t->schema, kept[i]);

		if (len)
			memcpy(t->cells[kept[i]], s->cells[kept[i]], len);
	}
	t->at_ns = s->at_ns;
}

/* The screen as it fills up. */
struct page {
	const struct text_frame *frame;
	struct buf *out;
	unsigned int row;
	bool failed;
};

static bool page_full(const struct page *p)
{
	return p->row >= p->frame->rows;
}

/* The next line, cut at the edge. @style: the number of an SGR sequence, 0 for none. */
__attribute__((format(printf, 3, 4))) static void page_line(struct page *p, int style,
							    const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int len;

	if (page_full(p))
		return;
	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(line))
		len = (int)strlen(line);
	if ((unsigned int)len > p->frame->columns)
		len = (int)p->frame->columns;
	if (buf_addf(p->out, "%s\x1b[%dm%.*s\x1b[0m\x1b[K", p->row ? "\r\n" : "", style, len, line))
		p->failed = true;
	p->row++;
}

/* @now - @before of a counter that was there both times and did not go back. */
static bool advance(uint64_t before, uint64_t now, uint64_t *ret)
{
	if (before == SAMPLE_ABSENT || now == SAMPLE_ABSENT || now < before)
		return false;
	*ret = now - before;
	return true;
}

static const char *number(uint64_t v, char ret[24])
{
	if (v == SAMPLE_ABSENT)
		return "-";
	snprintf(ret, 24, "%" PRIu64, v);
	return ret;
}

static const char *hex(uint64_t v, char ret[24])
{
	if (v == SAMPLE_ABSENT)
		return "-";
	snprintf(ret, 24, "%#" PRIx64, v);
	return ret;
}

static void show_head(const struct text *t, struct page *p, const struct sample *s)
{
	const struct schema *schema = t->schema;
	uint64_t jiffies = cell(schema, s->cells, SAMPLE_MACHINE, 0, "jiffies");
	char release[NAME_MAX_SHOWN], ops[NAME_MAX_SHOWN], up[32] = "-";

	/* jiffies begin five minutes before they wrap at 32 bits (include/linux/jiffies.h). */
	if (jiffies != SAMPLE_ABSENT && schema->hz)
		snprintf(up, sizeof(up), "%.1f s",
			 (double)(jiffies - (uint32_t)(-300 * (int32_t)schema->hz)) / schema->hz);
	page_line(p, 1, "%s  scheduler %s  up %s  boot %u",
		  plain(schema->release, sizeof(schema->release), release),
		  schema->ops[0] ? plain(schema->ops, sizeof(schema->ops), ops) : "of the kernel",
		  up, schema->generation);
	page_line(p, 0,
		  "sample %" PRIu64 " (%s) took %.1f us; %" PRIu64 " invalid, %" PRIu64 " missed",
		  s->number, invalid_text(s->invalid), (double)s->took_ns / 1000, p->frame->invalid,
		  p->frame->missed);
}

static void show_cpu(const struct text *t, struct page *p, const struct sample *s, unsigned int row)
{
	const struct schema *schema = t->schema;
	char run[24], scx[24], dsq[24], flags[24], pid[24], class[NAME_MAX_SHOWN],
		comm[NAME_MAX_SHOWN], clock[24] = "-", switches[24] = "-";
	double seconds = (double)(s->at_ns - t->at_ns) / NSEC_PER_SEC;
	uint64_t delta;

#define CELL(column) cell(schema, s->cells, SAMPLE_CPU, row, column)
#define BEFORE(column) cell(schema, t->cells, SAMPLE_CPU, row, column)
	if (t->at_ns && advance(BEFORE("rq_clock"), CELL("rq_clock"), &delta))
		snprintf(clock, sizeof(clock), "%.1f", (double)delta / NSEC_PER_MSEC);
	if (t->at_ns && seconds > 0 && advance(BEFORE("nr_switches"), CELL("nr_switches"), &delta))
		snprintf(switches, sizeof(switches), "%.0f", (double)delta / seconds);
	page_line(p, 0, "%4" PRIu64 " %5s %5s %5s %6s %9s %9s %8s %-5s %s",
		  schema->tables[SAMPLE_CPU].rows[row].key[0], number(CELL("nr_running"), run),
		  number(CELL("scx_nr_running"), scx), number(CELL("local_dsq_depth"), dsq),
		  hex(CELL("scx_flags"), flags), clock, switches, number(CELL("curr_pid"), pid),
		  class_name(schema, CELL("curr_class"), class),
		  plain(s->comm[row], SAMPLE_COMM_MAX, comm));
#undef CELL
#undef BEFORE
}

/* All CPUs' events a second, those that happen. */
static void show_events(const struct text *t, struct page *p, const struct sample *s)
{
	const struct schema_table *table = &t->schema->tables[SAMPLE_EVENT];
	double seconds = (double)(s->at_ns - t->at_ns) / NSEC_PER_SEC;
	char name[NAME_MAX_SHOWN], line[512] = "";
	size_t used = 0;

	if (!t->at_ns || seconds <= 0)
		return;
	for (unsigned int i = 0; i < table->n_columns && used < sizeof(line); i++) {
		uint64_t sum = 0, delta;

		for (unsigned int row = 0; row < table->n_rows; row++)
			if (advance(t->cells[SAMPLE_EVENT][(size_t)row * table->n_columns + i],
				    *sample_cell(s, t->schema, SAMPLE_EVENT, row, i), &delta))
				sum += delta;
		if (sum)
			used += (size_t)snprintf(line + used, sizeof(line) - used, " %s %.0f",
						 plain(table->columns[i], SCHEMA_NAME_MAX, name),
						 (double)sum / seconds);
	}
	if (table->n_columns)
		page_line(p, 0, "events/s:%s", used ? line : " none");
}

static void show_dsqs(const struct text *t, struct page *p, const struct sample *s)
{
	int id = schema_column(t->schema, SAMPLE_DSQ, "id");
	int nr = schema_column(t->schema, SAMPLE_DSQ, "nr");
	char line[512] = "";
	size_t used = 0;

	if (id < 0 || nr < 0 || !s->n_dsqs)
		return;
	for (unsigned int i = 0; i < s->n_dsqs && used < sizeof(line); i++)
		used += (size_t)snprintf(
			line + used, sizeof(line) - used, " %#" PRIx64 ":%" PRIu64,
			*sample_cell(s, t->schema, SAMPLE_DSQ, i, (unsigned int)id),
			*sample_cell(s, t->schema, SAMPLE_DSQ, i, (unsigned int)nr));
	page_line(p, 0, "queues:%s", line);
}

int text_table(struct text *t, const struct sample *s, const struct text_frame *frame,
	       struct buf *out)
{
	unsigned int n = t->schema->tables[SAMPLE_CPU].n_rows;
	/* Head, heading, events, queues, note. */
	unsigned int room = frame->rows > 6 ? frame->rows - 6 : 0, shown = n < room ? n : room;
	struct page p = {.frame = frame, .out = out};

	if (shown < n && shown)
		shown--;
	show_head(t, &p, s);
	page_line(&p, 7, "%4s %5s %5s %5s %6s %9s %9s %8s %-5s %s", "CPU", "RUN", "SCX", "LOCAL",
		  "FLAGS", "CLOCK+ms", "SWITCH/s", "PID", "CLASS", "TASK");
	for (unsigned int row = 0; row < shown; row++)
		show_cpu(t, &p, s, row);
	if (shown < n)
		page_line(&p, 0, "and %u more CPUs", n - shown);
	show_events(t, &p, s);
	show_dsqs(t, &p, s);
	if (*frame->note)
		page_line(&p, 2, "%s", frame->note);
	text_keep(t, s);
	return p.failed ? -1 : 0;
}
