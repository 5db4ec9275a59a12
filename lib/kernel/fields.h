/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Some members of one kernel type, looked up once and then read again and again with as few reads
 * as they need: members that lie close together come in one. The bytes go to a buffer of the
 * caller's and the numbers are cut out of it, so that each byte of the guest is read once.
 */
#ifndef KTSTR_KERNEL_FIELDS_H
#define KTSTR_KERNEL_FIELDS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "kernel/kmem.h"
#include "kernel/types.h"

#define FIELDS_MAX 64u		      /* members of one set */
#define FIELDS_SPAN_GAP 128u	      /* bytes between members that are not worth another read */
#define FIELDS_OFFSET_MAX (1u << 20)  /* of a member in its type */
#define FIELDS_MEMBER_BYTES_MAX 1024u /* of a member, all elements */
#define FIELDS_BYTES_MAX 4096u	      /* of the buffer */
#define FIELDS_ABSENT UINT64_MAX

/* An object: where it is in the kernel's addresses, and where in physical memory if it lies there
 * in one piece, so that no page table need be walked again. */
struct place {
	uint64_t kva, gpa;
	bool flat;
};

struct field {
	struct member m;
	uint32_t pos; /* in the buffer */
};

/* {0} is an empty set. */
struct fields {
	struct field f[FIELDS_MAX];
	unsigned int n;
	struct fields_span {
		uint64_t offset;
		uint32_t len, pos;
	} spans[FIELDS_MAX];
	unsigned int n_spans;
	uint32_t size; /* bytes of the buffer that a read fills */
};

/*
 * Add member @path of @type. *ret is its index; -1 on failure: ENOENT when the kernel does not have
 * it, EPROTO when it is not where or as large as a member can be.
 */
int fields_add(struct fields *s, const struct types *t, const char *type, const char *path,
	       int *ret, struct err *e);
/* As fields_add, for a member that a kernel may lack. Returns its index, -1 for none. */
int fields_try(struct fields *s, const struct types *t, const char *type, const char *path);
/* Add a member that was already looked up. */
int fields_add_member(struct fields *s, const struct member *m, int *ret, struct err *e);

/* Lay out the buffer. To be called once, after the last member was added. */
int fields_seal(struct fields *s, struct err *e);

/* Bytes from the start of the type to behind the last member. */
uint64_t fields_extent(const struct fields *s);

/* The object of @len bytes at @kva. Never fails: what is not in one piece is not flat. */
void place_init(struct place *p, const struct kmem *k, uint64_t kva, uint64_t len);

/* Read all members of the object at @p; @buf has room for s->size bytes. */
int fields_read(const struct fields *s, const struct kmem *k, const struct place *p, uint8_t *buf,
		struct err *e);
/* Read member @i alone, which is a number; FIELDS_ABSENT where @i is -1 or memory is not there. */
uint64_t fields_read_one(const struct fields *s, const struct kmem *k, const struct place *p,
			 int i);

/* Most are of 4 or 8 bytes: copies of a known size are one load, others a call. */
static inline uint64_t fields_load(const uint8_t *from, uint64_t size)
{
	uint64_t v = 0;

	if (size == sizeof(uint32_t))
		memcpy(&v, from, sizeof(uint32_t));
	else if (size == sizeof(uint64_t))
		memcpy(&v, from, sizeof(uint64_t));
	else
		memcpy(&v, from, size);
	return v;
}

/* Element @element of member @i as a number, sign extended; FIELDS_ABSENT when @i is -1 or there is
 * no such element. */
static inline uint64_t fields_get(const struct fields *s, const uint8_t *buf, int i,
				  uint32_t element)
{
	const struct field *f;

	if (i < 0 || (element && element >= s->f[i].m.count))
		return FIELDS_ABSENT;
	f = &s->f[i];
	return member_number(&f->m, fields_load(buf + f->pos + element * f->m.size, f->m.size));
}

/* The bytes of member @i (not -1) in @buf. */
static inline const uint8_t *fields_bytes(const struct fields *s, const uint8_t *buf, int i)
{
	return buf + s->f[i].pos;
}

#endif
