/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Samples as people read them: lines of NAME=VALUE, or a table that fits a screen. All names and
 * texts are the guest's; what is not plain ASCII in them comes out as '?'.
 */
#ifndef KTSTR_MONITOR_TEXT_H
#define KTSTR_MONITOR_TEXT_H

#include <stdint.h>

#include "base/buf.h"
#include "sample/sample.h"

/* What the table shows of the samples before: {0} at first. */
struct text {
	const struct schema *schema;	/* borrowed */
	uint64_t *cells[SAMPLE_TABLES]; /* of SAMPLE_CPU and SAMPLE_EVENT of the last one shown */
	uint64_t at_ns;			/* of that one, 0: none */
};

void text_deinit(struct text *t);

/* The samples that follow are made for @schema, which must outlive them. */
int text_schema(struct text *t, const struct schema *schema, struct err *e);

/* Add the lines of one sample: counters that are zero are left out. -1 when memory is out. */
int text_lines(const struct schema *schema, const struct sample *s, struct buf *out);

struct text_frame {
	unsigned int rows, columns; /* of the screen */
	const char *note;	    /* the last line, "" for none */
	uint64_t invalid, missed;
};

/* Add the table: at most rows lines of at most columns characters, lines ended by \r\n but for the
 * last. Rates are since the sample shown before. -1 when memory is out. */
int text_table(struct text *t, const struct sample *s, const struct text_frame *frame,
	       struct buf *out);

#endif
