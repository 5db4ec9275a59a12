/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of members, read together. */
#include "kernel/fields.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t member_bytes(const struct member *m)
{
	return m->size * (m->count ? m->count : 1);
}

static uint64_t member_end(const struct member *m)
{
	return m->offset + member_bytes(m);
}

/* A number of at most 8 bytes, an array of such, or bytes like a name. */
static bool member_fits(const struct member *m)
{
	return m->offset <= FIELDS_OFFSET_MAX && m->size && m->size <= sizeof(uint64_t) &&
	       m->count <= FIELDS_MEMBER_BYTES_MAX && member_bytes(m) <= FIELDS_MEMBER_BYTES_MAX &&
	       m->bit_offset + m->bit_size <= 8 * m->size;
}

int fields_add_member(struct fields *s, const struct member *m, int *ret, struct err *e)
{
	*ret = -1;
	if (!member_fits(m))
		return err_set(
			e, EPROTO, "a member of %llu bytes, %u times, at %llu cannot be read",
			(unsigned long long)m->size, m->count, (unsigned long long)m->offset);
	if (s->n == FIELDS_MAX)
		return err_set(e, E2BIG, "more than %u members", FIELDS_MAX);
	s->f[s->n].m = *m;
	*ret = (int)s->n++;
	return 0;
}

int fields_add(struct fields *s, const struct types *t, const char *type, const char *path,
	       int *ret, struct err *e)
{
	struct member m;

	*ret = -1;
	if (types_member(t, type, path, &m, e) < 0)
		return -1;
	if (fields_add_member(s, &m, ret, e) < 0)
		return err_prefix(e, "'%s.%s'", type, path);
	return 0;
}

int fields_try(struct fields *s, const struct types *t, const char *type, const char *path)
{
	struct err e;
	int ret;

	fields_add(s, t, type, path, &ret, &e);
	return ret;
}

static int order(const void *a, const void *b, void *arg)
{
	const struct field *f = arg;
	uint64_t x = f[*(const unsigned int *)a].m.offset, y = f[*(const unsigned int *)b].m.offset;

	return (x > y) - (x < y);
}

/* Put the member behind the spans there are, or into the last one. */
static void span_add(struct fields *s, const struct member *m)
{
	struct fields_span *last = s->n_spans ? &s->spans[s->n_spans - 1] : NULL;

	if (last && m->offset <= last->offset + last->len + FIELDS_SPAN_GAP) {
		if (member_end(m) > last->offset + last->len)
			last->len = (uint32_t)(member_end(m) - last->offset);
		return;
	}
	s->spans[s->n_spans++] = (struct fields_span){
		.offset = m->offset,
		.len = (uint32_t)member_bytes(m),
	};
}

int fields_seal(struct fields *s, struct err *e)
{
	unsigned int by_offset[FIELDS_MAX], at = 0;

	for (unsigned int i = 0; i < s->n; i++)
		by_offset[i] = i;
	qsort_r(by_offset, s->n, sizeof(*by_offset), order, s->f);
	for (unsigned int i = 0; i < s->n; i++)
		span_add(s, &s->f[by_offset[i]].m);
	s->size = 0;
	for (unsigned int i = 0; i < s->n_spans; i++) {
		s->spans[i].pos = s->size;
		s->size += s->spans[i].len;
	}
	if (s->size > FIELDS_BYTES_MAX)
		return err_set(e, EPROTO, "members that take %u bytes together, limit %u", s->size,
			       FIELDS_BYTES_MAX);
	for (unsigned int i = 0; i < s->n; i++) {
		struct field *f = &s->f[by_offset[i]];

		while (f->m.offset >= s->spans[at].offset + s->spans[at].len)
			at++;
		f->pos = s->spans[at].pos + (uint32_t)(f->m.offset - s->spans[at].offset);
	}
	return 0;
}

uint64_t fields_extent(const struct fields *s)
{
	uint64_t end = 0;

	for (unsigned int i = 0; i < s->n_spans; i++)
		if (s->spans[i].offset + s->spans[i].len > end)
			end = s->spans[i].offset + s->spans[i].len;
	return end;
}

void place_init(struct place *p, const struct kmem *k, uint64_t kva, uint64_t len)
{
	uint64_t gpa, left, done;
	struct err e;

	*p = (struct place){.kva = kva};
	if (kmem_translate(k, kva, &p->gpa, &left, &e) < 0)
		return;
	for (done = left; done < len; done += left)
		if (kmem_translate(k, kva + done, &gpa, &left, &e) < 0 || gpa != p->gpa + done)
			return;
	p->flat = true;
}

static int place_read(const struct kmem *k, const struct place *p, uint64_t offset, void *buf,
		      size_t len, struct err *e)
{
	if (p->flat)
		return mem_read(k->mem, p->gpa + offset, buf, len, e);
	return kmem_read(k, p->kva + offset, buf, len, e);
}

int fields_read(const struct fields *s, const struct kmem *k, const struct place *p, uint8_t *buf,
		struct err *e)
{
	for (unsigned int i = 0; i < s->n_spans; i++)
		if (place_read(k, p, s->spans[i].offset, buf + s->spans[i].pos, s->spans[i].len,
			       e) < 0)
			return -1;
	return 0;
}

uint64_t fields_read_one(const struct fields *s, const struct kmem *k, const struct place *p, int i)
{
	uint8_t buf[FIELDS_BYTES_MAX];
	struct err e;

	if (i < 0 || place_read(k, p, s->f[i].m.offset, buf + s->f[i].pos, s->f[i].m.size, &e) < 0)
		return FIELDS_ABSENT;
	return fields_get(s, buf, i, 0);
}
