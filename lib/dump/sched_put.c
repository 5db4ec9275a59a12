/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of a dump of the scheduler put alike. */
#include <stdio.h>
#include <string.h>

#include "base/clean.h"
#include "dump/sched_parts.h"

#define NUMBER_NAME_MAX 128u

json_t *sched_u64(uint64_t v)
{
	if (v == FIELDS_ABSENT)
		return json_null();
	return v > INT64_MAX ? json_real((double)v) : json_integer((json_int_t)v);
}

json_t *sched_number(const struct member *m, uint64_t v)
{
	if (m->is_signed || v <= INT64_MAX)
		return json_integer((json_int_t)v);
	return json_real((double)v);
}

json_t *sched_hex(uint64_t v)
{
	char text[24];

	if (v == FIELDS_ABSENT)
		return json_null();
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)v);
	return json_string(text);
}

static json_t *cleaned(const char *text, size_t len,
		       int (*clean)(struct buf *out, const char *data, size_t len))
{
	_cleanup_buf_ struct buf b = {0};

	if (!len)
		return json_null();
	return clean(&b, text, len) < 0 ? NULL : json_stringn(buf_text(&b), b.len);
}

json_t *sched_line(const char *text)
{
	return cleaned(text, strlen(text), clean_line);
}

json_t *sched_text(const char *text, size_t len)
{
	return cleaned(text, len, clean_text);
}

/* A name of the guest's that is no text must not cost the dump. */
void sched_numbers_put(struct object o, const struct numbers *n, const uint8_t *buf)
{
	for (int i = 0; i < (int)n->f.n; i++) {
		char name[NUMBER_NAME_MAX];

		clean_ascii(name, sizeof(name), n->names[i], sizeof(name));
		put(o, name, sched_number(&n->f.f[i].m, fields_get(&n->f, buf, i, 0)));
	}
}

void sched_task_put(struct object o, const struct sched_dump *d, uint32_t i)
{
	const struct taskinfo *t = &d->tasks[i];

	put(o, "kva", sched_hex(d->set.kva[i]));
	put(o, "pid", t->is_there ? json_integer((json_int_t)t->numbers[TASK_PID]) : json_null());
	put(o, "comm", t->is_there ? sched_line(t->comm) : json_null());
}

/* The number of a dispatch queue is one of the scheduler's own choice: often all 64 bits. */
static bool is_queue_id(unsigned int i)
{
	return i == TASK_SCX_DDSP_DSQ_ID;
}

void sched_task_numbers_put(struct object o, const struct sched_dump *d, const struct taskinfo *t,
			    enum task_number from, enum task_number to)
{
	const struct taskinfo_layout *l = &d->task_layout;

	for (unsigned int i = from; t->is_there && i < to; i++) {
		int index = l->numbers[i];

		if (index >= 0)
			put(o, task_number_names[i],
			    is_queue_id(i) ? sched_hex(t->numbers[i])
					   : sched_number(&l->f.f[index].m, t->numbers[i]));
	}
}
