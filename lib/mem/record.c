/* SPDX-License-Identifier: GPL-2.0-only */
#include "mem/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "mem/source.h"

#define AHEAD (8u << 20) /* bytes of the room that get their memory before the first read */
#define PAGES_MAX (1u << 28)

/* A piece of the live memory's addresses. */
struct stretch {
	uint64_t gpa, len;
};

/* A place of the table of copies. */
struct slot {
	uint64_t page; /* gpa / RECORD_PAGE */
	uint32_t copy; /* its number from 1; 0: free */
	bool whole;    /* all of the page is memory */
};

struct record {
	const struct mem *live;	   /* NULL: sealed */
	struct stretch *stretches; /* by address; none touches the next */
	size_t n_stretches;
	uint8_t *room;
	size_t room_pages, n_copies;
	struct slot *slots; /* open addressing, at most half of them taken */
	unsigned int slot_bits;
	uint64_t seed;		 /* the guest chooses the addresses: it must not choose the slots */
	const struct slot *last; /* of the last read; NULL: none */
};

/* ---- what there is ---- */

/* The first stretch that ends behind @gpa; the number of them when there is none. */
static size_t stretch_at(const struct record *r, uint64_t gpa)
{
	size_t low = 0, high = r->n_stretches;

	while (low < high) {
		size_t half = low + (high - low) / 2;

		if (r->stretches[half].gpa + r->stretches[half].len > gpa)
			high = half;
		else
			low = half + 1;
	}
	return low;
}

/* Whether there is memory in all of [@gpa, @gpa + @len). */
static int check_there(const struct record *r, uint64_t gpa, size_t len, struct err *e)
{
	size_t i = stretch_at(r, gpa);
	const struct stretch *s = &r->stretches[i];

	if (i == r->n_stretches || s->gpa > gpa)
		return err_set(e, EFAULT, "no memory at physical address 0x%" PRIx64, gpa);
	if (s->gpa + s->len - gpa < len)
		return err_set(e, EFAULT, "no memory at physical address 0x%" PRIx64,
			       s->gpa + s->len);
	return 0;
}

static int add_stretch(struct record *r, size_t *cap, struct stretch s, struct err *e)
{
	struct stretch *last = r->n_stretches ? &r->stretches[r->n_stretches - 1] : NULL;

	if (last && last->gpa + last->len == s.gpa) {
		last->len += s.len;
		return 0;
	}
	if (r->n_stretches == *cap) {
		struct stretch *more;

		*cap = *cap ? 2 * *cap : 16;
		more = reallocarray(r->stretches, *cap, sizeof(*more));
		if (!more)
			return err_set(e, ENOMEM, "out of memory");
		r->stretches = more;
	}
	r->stretches[r->n_stretches++] = s;
	return 0;
}

static int take_stretches(struct record *r, struct err *e)
{
	struct stretch s = {0};
	size_t cap = 0;

	while (mem_next(r->live, s.gpa + s.len, &s.gpa, &s.len))
		if (add_stretch(r, &cap, s, e))
			return -1;
	return r->n_stretches ? 0 : err_set(e, EINVAL, "no memory to record");
}

bool record_next(const struct record *r, uint64_t from_gpa, uint64_t *ret_gpa, uint64_t *ret_len)
{
	size_t i = stretch_at(r, from_gpa);
	const struct stretch *s = &r->stretches[i];

	if (i == r->n_stretches)
		return false;
	*ret_gpa = from_gpa > s->gpa ? from_gpa : s->gpa;
	*ret_len = s->len - (*ret_gpa - s->gpa);
	return true;
}

uint64_t record_size(const struct record *r)
{
	uint64_t size = 0;

	for (size_t i = 0; i < r->n_stretches; i++)
		size += r->stretches[i].len;
	return size;
}

uint64_t record_end(const struct record *r)
{
	const struct stretch *last = &r->stretches[r->n_stretches - 1];

	return last->gpa + last->len;
}

/* ---- making one ---- */

void record_close(struct record *r)
{
	if (!r)
		return;
	if (r->room)
		munmap(r->room, r->room_pages * RECORD_PAGE);
	if (r->slots)
		munmap(r->slots, sizeof(*r->slots) << r->slot_bits);
	free(r->stretches);
	free(r);
}

/* Zeros of our own, of which the first @ahead bytes get their memory now. */
static void *room_map(size_t len, size_t ahead)
{
	uint8_t *room = mmap(NULL, len, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (room == MAP_FAILED)
		return NULL;
	/* Fewer faults where the system has large pages to spare; it may say no. */
	madvise(room, len, MADV_HUGEPAGE);
	/* A core dump of ours must not carry the guest. */
	madvise(room, len, MADV_DONTDUMP);
	for (size_t at = 0; at < len && at < ahead; at += RECORD_PAGE)
		*(volatile uint8_t *)(room + at) = 0;
	return room;
}

static size_t pages_wanted(const struct record *r, uint64_t max_bytes)
{
	uint64_t max = max_bytes / RECORD_PAGE, pages = 0;

	/* Each has a part of a page at both ends, at most. */
	for (size_t i = 0; i < r->n_stretches; i++)
		pages += r->stretches[i].len / RECORD_PAGE + 2;
	if (max > pages)
		max = pages;
	return max < PAGES_MAX ? (size_t)max : PAGES_MAX;
}

static int set_up_room(struct record *r, uint64_t max_bytes, struct err *e)
{
	size_t slots;

	r->room_pages = pages_wanted(r, max_bytes);
	if (!r->room_pages)
		return err_set(e, EINVAL, "no room for a page in %" PRIu64 " bytes", max_bytes);
	r->slot_bits = 1;
	while ((size_t)1 << r->slot_bits < 2 * r->room_pages)
		r->slot_bits++;
	slots = sizeof(*r->slots) << r->slot_bits;
	r->room = room_map(r->room_pages * RECORD_PAGE, AHEAD);
	r->slots = r->room ? room_map(slots, slots) : NULL;
	return r->slots ? 0 : err_sys(e, "no room for a record");
}

static void record_closep(struct record **r)
{
	record_close(*r);
}

int mem_record(const struct mem *live, uint64_t max_bytes, struct mem **ret, struct err *e)
{
	_cleanup_(record_closep) struct record *r = calloc(1, sizeof(*r));
	const void *random = (const void *)getauxval(AT_RANDOM);

	*ret = NULL;
	if (!r)
		return err_set(e, ENOMEM, "out of memory");
	r->live = live;
	if (random)
		memcpy(&r->seed, random, sizeof(r->seed));
	if (take_stretches(r, e) || set_up_room(r, max_bytes, e))
		return -1;
	return mem_of_record(steal_ptr(&r), live, ret, e);
}

void mem_record_seal(struct mem *record)
{
	struct record *r = mem_record_of(record);

	if (r)
		r->live = NULL;
}

uint64_t mem_record_bytes(const struct mem *record)
{
	const struct record *r = mem_record_of(record);

	return r ? (uint64_t)r->n_copies * RECORD_PAGE : 0;
}

/* ---- reading ---- */

/* Where @page is in the table, or is to go. */
static struct slot *slot_of(const struct record *r, uint64_t page)
{
	size_t mask = ((size_t)1 << r->slot_bits) - 1, at;
	uint64_t h = (page ^ r->seed) * 0x9e3779b97f4a7c15u;

	h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
	at = (size_t)(h >> (64 - r->slot_bits));
	/* It ends: half of the slots are free. */
	while (r->slots[at].copy && r->slots[at].page != page)
		at = (at + 1) & mask;
	return &r->slots[at];
}

static uint8_t *copy_of(const struct record *r, const struct slot *slot)
{
	return r->room + (size_t)(slot->copy - 1) * RECORD_PAGE;
}

/* Copy to @to what there is of the page at @gpa. */
static int copy_pieces(const struct record *r, uint64_t gpa, uint8_t *to, struct err *e)
{
	uint64_t at = gpa, len;

	while (record_next(r, at, &at, &len) && at - gpa < RECORD_PAGE) {
		uint64_t left = RECORD_PAGE - (at - gpa);

		if (len > left)
			len = left;
		if (mem_read(r->live, at, to + (at - gpa), (size_t)len, e))
			return -1;
		if (len == left)
			break;
		at += len;
	}
	return 0;
}

/* Fill @slot, which is free, with the page of which [@gpa, @gpa + @len) is wanted. */
static int record_page(struct record *r, struct slot *slot, uint64_t gpa, size_t len, struct err *e)
{
	uint64_t begin = gpa - gpa % RECORD_PAGE;
	uint8_t *to = r->room + r->n_copies * RECORD_PAGE;
	bool whole;

	if (!r->live) {
		if (check_there(r, gpa, len, e))
			return -1;
		return err_set(e, ENODATA,
			       "memory at physical address 0x%" PRIx64 " was not recorded", gpa);
	}
	if (r->n_copies == r->room_pages) {
		if (check_there(r, gpa, len, e))
			return -1;
		return err_set(e, ENOBUFS,
			       "no room to record physical address 0x%" PRIx64
			       " too: %zu pages were",
			       gpa, r->n_copies);
	}
	whole = !mem_read(r->live, begin, to, RECORD_PAGE, e);
	if (!whole && (check_there(r, gpa, len, e) || copy_pieces(r, begin, to, e)))
		return -1;
	*slot = (struct slot){
		.page = gpa / RECORD_PAGE, .copy = (uint32_t)++r->n_copies, .whole = whole};
	return 0;
}

/* @len bytes that are in one page. */
static inline int read_in_page(struct record *r, uint64_t gpa, void *buf, size_t len, struct err *e)
{
	struct slot *slot;

	if (!r->last || r->last->page != gpa / RECORD_PAGE) {
		slot = slot_of(r, gpa / RECORD_PAGE);
		if (!slot->copy && record_page(r, slot, gpa, len, e))
			return -1;
		r->last = slot;
	}
	if (!r->last->whole && check_there(r, gpa, len, e))
		return -1;
	memcpy(buf, copy_of(r, r->last) + gpa % RECORD_PAGE, len);
	return 0;
}

int record_read(struct record *r, uint64_t gpa, void *buf, size_t len, struct err *e)
{
	uint8_t *to = buf;

	while (len) {
		size_t left = RECORD_PAGE - (size_t)(gpa % RECORD_PAGE),
		       n = len < left ? len : left;

		if (read_in_page(r, gpa, to, n, e))
			return -1;
		to += n;
		gpa += n;
		len -= n;
	}
	return 0;
}
