/* SPDX-License-Identifier: GPL-2.0-only */
#include "mem/source.h"

#include <errno.h>

#ifdef HAVE_LIBKDUMPFILE

#include <fcntl.h>
#include <inttypes.h>
#include <libkdumpfile/kdumpfile.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096u

struct packed {
	kdump_ctx_t *ctx;     /* NULL: abandoned */
	int fd;		      /* that ctx reads */
	pthread_mutex_t lock; /* of ctx, which is for one thread at a time */
	kdump_bmp_t *pages;   /* the page frames that are memory */
	uint64_t size, end;   /* bytes */
};

static int packed_failed(struct packed *p, const char *what, struct err *e)
{
	const char *why = kdump_get_err(p->ctx);

	return err_set(e, EPROTO, "%s: %s", what, why ? why : "no reason given");
}

/* ---- opening ---- */

static bool number_is(struct packed *p, const char *name, kdump_num_t want)
{
	kdump_num_t n;

	return kdump_get_number_attr(p->ctx, name, &n) == KDUMP_OK && n == want;
}

/* The architecture's name is missing where the file was not written by the kernel it is of. */
static int check_machine(struct packed *p, struct err *e)
{
	const char *arch;
	bool named = kdump_get_string_attr(p->ctx, KDUMP_ATTR_ARCH_NAME, &arch) == KDUMP_OK;

	if ((named && strcmp(arch, "x86_64") != 0) || !number_is(p, KDUMP_ATTR_PTR_SIZE, 8) ||
	    !number_is(p, KDUMP_ATTR_BYTE_ORDER, KDUMP_LITTLE_ENDIAN))
		return err_set(e, EPROTO, "a compressed core, but not of a 64-bit x86 machine");
	if (!number_is(p, KDUMP_ATTR_PAGE_SIZE, PAGE))
		return err_set(e, EPROTO, "a compressed core with pages that are not of 4 KiB");
	return 0;
}

/* The map of all memory, or, where the file does not say it, of what is in the file. */
static int take_map(struct packed *p, struct err *e)
{
	static const char *const names[] = {KDUMP_ATTR_MEMORY_PAGEMAP, KDUMP_ATTR_FILE_PAGEMAP};
	kdump_attr_t map = {.type = KDUMP_BITMAP};
	kdump_addr_t first = 0, last;

	for (size_t i = 0; i < 2 && !p->pages; i++)
		if (kdump_get_typed_attr(p->ctx, names[i], &map) == KDUMP_OK)
			p->pages = map.val.bitmap;
	if (!p->pages)
		return packed_failed(p, "no map of its pages", e);
	/* The typed getter lends the map, as long as the context lives. */
	while (kdump_bmp_find_set(p->pages, &first) == KDUMP_OK) {
		last = first;
		if (kdump_bmp_find_clear(p->pages, &last) != KDUMP_OK || last <= first ||
		    last > UINT64_MAX / PAGE)
			return err_set(e, EPROTO, "a map of its pages that has no end");
		p->size += (last - first) * PAGE;
		p->end = last * PAGE;
		first = last;
	}
	return p->size ? 0 : err_set(e, EPROTO, "a compressed core without memory");
}

static int packed_setup(struct packed *p, int fd, struct err *e)
{
	p->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (p->fd < 0)
		return err_sys(e, "cannot duplicate a descriptor");
	/* Read, not mapped: the file may get shorter. */
	if (kdump_set_number_attr(p->ctx, KDUMP_ATTR_FILE_MMAP_POLICY, KDUMP_MMAP_NEVER) !=
	    KDUMP_OK)
		return packed_failed(p, "cannot set mmap_policy", e);
	if (kdump_open_fd(p->ctx, p->fd) != KDUMP_OK) {
		packed_failed(p, "cannot open the compressed core", e);
		/* libkdumpfile 0.5.1 frees parts of it twice after that: better never. */
		p->ctx = NULL;
		return -1;
	}
	/* Pages of zeros are what is left out of nearly every one of them. */
	if (kdump_set_number_attr(p->ctx, KDUMP_ATTR_ZERO_EXCLUDED, 1) != KDUMP_OK)
		return packed_failed(p, "cannot set zero_excluded", e);
	if (check_machine(p, e) || take_map(p, e))
		return -1;
	return 0;
}

/* The text of the note, or NULL: there is none. kdump_vmcoreinfo_raw() would want to know first
 * which system the core is of, for which it reads the dead kernel's memory. */
static char *take_vmcoreinfo(struct packed *p)
{
	kdump_attr_t raw = {.type = KDUMP_BLOB};
	const char *text;
	char *ret;

	if (kdump_get_typed_attr(p->ctx, "linux.vmcoreinfo.raw", &raw) != KDUMP_OK)
		return NULL;
	text = kdump_blob_pin(raw.val.blob);
	ret = text ? strndup(text, kdump_blob_size(raw.val.blob)) : NULL;
	kdump_blob_unpin(raw.val.blob);
	return ret;
}

int packed_open(int fd, struct packed **ret, char **ret_vmcoreinfo, struct err *e)
{
	struct packed *p = calloc(1, sizeof(*p));

	*ret = NULL;
	*ret_vmcoreinfo = NULL;
	if (!p || !(p->ctx = kdump_new())) {
		free(p);
		return err_set(e, ENOMEM, "out of memory");
	}
	p->fd = -1;
	pthread_mutex_init(&p->lock, NULL);
	if (packed_setup(p, fd, e)) {
		packed_close(p);
		return -1;
	}
	*ret_vmcoreinfo = take_vmcoreinfo(p);
	*ret = p;
	return 0;
}

void packed_close(struct packed *p)
{
	if (!p)
		return;
	if (p->ctx)
		kdump_free(p->ctx);
	if (p->fd >= 0)
		close(p->fd);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

uint64_t packed_size(const struct packed *p)
{
	return p->size;
}

uint64_t packed_end(const struct packed *p)
{
	return p->end;
}

bool packed_next(struct packed *p, uint64_t from_gpa, uint64_t *ret_gpa, uint64_t *ret_len)
{
	kdump_addr_t first = from_gpa / PAGE, last;
	bool found;

	pthread_mutex_lock(&p->lock);
	found = from_gpa < p->end && kdump_bmp_find_set(p->pages, &first) == KDUMP_OK;
	last = first;
	found = found && kdump_bmp_find_clear(p->pages, &last) == KDUMP_OK && last > first;
	pthread_mutex_unlock(&p->lock);
	if (!found)
		return false;
	*ret_gpa = first * PAGE > from_gpa ? first * PAGE : from_gpa;
	*ret_len = last * PAGE - *ret_gpa;
	return true;
}

/* ---- reading ---- */

static bool page_is_memory(struct packed *p, uint64_t frame)
{
	kdump_addr_t at = frame;

	return kdump_bmp_find_set(p->pages, &at) == KDUMP_OK && at == frame;
}

/* With the lock held. */
static int read_locked(struct packed *p, uint64_t gpa, uint8_t *to, size_t len, struct err *e)
{
	while (len) {
		size_t n = PAGE - gpa % PAGE, got;

		n = got = len < n ? len : n;
		if (!page_is_memory(p, gpa / PAGE))
			return err_set(e, EFAULT, "no memory at physical address 0x%" PRIx64, gpa);
		if (kdump_read(p->ctx, KDUMP_MACHPHYSADDR, gpa, to, &got) != KDUMP_OK) {
			packed_failed(p, "cannot read the compressed core", e);
			e->code = EIO;
			return err_prefix(e, "physical address 0x%" PRIx64, gpa);
		}
		to += n;
		gpa += n;
		len -= n;
	}
	return 0;
}

int packed_read(struct packed *p, uint64_t gpa, void *buf, size_t len, struct err *e)
{
	int r;

	pthread_mutex_lock(&p->lock);
	r = read_locked(p, gpa, buf, len, e);
	pthread_mutex_unlock(&p->lock);
	return r;
}

/* ---- searching ---- */

/* The first place in @data, which lies at @gpa, that is at or above @from and divides by @align. */
static const uint8_t *find_in(const uint8_t *data, size_t size, uint64_t gpa, uint64_t from,
			      const void *needle, size_t len, size_t align)
{
	uint64_t at = gpa > from ? gpa : from;

	at = (at + align - 1) & ~((uint64_t)align - 1);
	for (; at - gpa + len <= size; at += align) {
		const uint8_t *hit = memmem(data + (at - gpa), size - (at - gpa), needle, len);

		if (!hit || !(((uint64_t)(hit - data) + gpa) & (align - 1)))
			return hit;
		/* Go to the last allowed place that is not behind it; the loop takes the next. */
		at = ((uint64_t)(hit - data) + gpa) & ~((uint64_t)align - 1);
	}
	return NULL;
}

/* A page and, before it, the end of the one before: what begins there may end here. */
struct window {
	uint8_t data[2 * PAGE];
	uint64_t next; /* address behind the page; UINT64_MAX: none was read */
	size_t tail;   /* bytes before it */
};

static int window_step(struct window *w, struct packed *p, uint64_t gpa, size_t keep, struct err *e)
{
	size_t had = w->tail + PAGE;

	if (w->next != gpa)
		had = 0;
	w->tail = had < keep ? had : keep;
	memmove(w->data, w->data + had - w->tail, w->tail);
	w->next = gpa + PAGE;
	return read_locked(p, gpa, w->data + w->tail, PAGE, e);
}

static int find_locked(struct packed *p, uint64_t from, const void *needle, size_t len,
		       size_t align, uint64_t *ret_gpa, struct err *e)
{
	struct window w = {.next = UINT64_MAX};
	kdump_addr_t frame = from / PAGE;

	for (; kdump_bmp_find_set(p->pages, &frame) == KDUMP_OK; frame++) {
		uint64_t gpa = frame * PAGE;
		const uint8_t *hit;

		if (gpa >= p->end)
			break;
		if (window_step(&w, p, gpa, len - 1, e))
			return -1;
		hit = find_in(w.data, w.tail + PAGE, gpa - w.tail, from, needle, len, align);
		if (hit) {
			*ret_gpa = gpa - w.tail + (uint64_t)(hit - w.data);
			return 0;
		}
	}
	return err_set(e, ENOENT, "not found in memory");
}

int packed_find(struct packed *p, uint64_t from_gpa, const void *needle, size_t len, size_t align,
		uint64_t *ret_gpa, struct err *e)
{
	int r;

	if (len > PAGE)
		return err_set(e, EINVAL, "cannot search a compressed core for %zu bytes", len);
	pthread_mutex_lock(&p->lock);
	r = find_locked(p, from_gpa, needle, len, align, ret_gpa, e);
	pthread_mutex_unlock(&p->lock);
	return r;
}

#else /* no libkdumpfile */

static int packed_missing(struct err *e)
{
	return err_set(e, ENOTSUP,
		       "a kdump-compressed core, and this is built without libkdumpfile");
}

int packed_open(int fd, struct packed **ret, char **ret_vmcoreinfo, struct err *e)
{
	(void)fd;
	*ret = NULL;
	*ret_vmcoreinfo = NULL;
	return packed_missing(e);
}

void packed_close(struct packed *p)
{
	(void)p;
}

int packed_read(struct packed *p, uint64_t gpa, void *buf, size_t len, struct err *e)
{
	(void)p, (void)gpa, (void)buf, (void)len;
	return packed_missing(e);
}

int packed_find(struct packed *p, uint64_t from_gpa, const void *needle, size_t len, size_t align,
		uint64_t *ret_gpa, struct err *e)
{
	(void)p, (void)from_gpa, (void)needle, (void)len, (void)align, (void)ret_gpa;
	return packed_missing(e);
}

bool packed_next(struct packed *p, uint64_t from_gpa, uint64_t *ret_gpa, uint64_t *ret_len)
{
	(void)p, (void)from_gpa, (void)ret_gpa, (void)ret_len;
	return false;
}

uint64_t packed_size(const struct packed *p)
{
	(void)p;
	return 0;
}

uint64_t packed_end(const struct packed *p)
{
	(void)p;
	return 0;
}

#endif
