/* SPDX-License-Identifier: GPL-2.0-only */
#include "mem/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/parse.h"
#include "mem/guard.h"
#include "mem/source.h"

#define MAGIC_LEN 16

/* A range and where this process sees it. */
struct mem_map {
	uint64_t gpa, len;
	uint64_t offset;
	int fd;	       /* one of mem.fds */
	uint8_t *host; /* of the range's first byte; NULL while not mapped */
	size_t slack;  /* bytes mapped before it, as a mapping begins at a page of the file */
};

struct mem {
	struct mem_map *maps; /* by address; none overlaps the next */
	size_t n_maps;
	int *fds; /* our own, one for each different descriptor among the ranges */
	size_t n_fds;
	bool writable;
	struct packed *packed; /* instead of all that: a file that must be unpacked */
	struct record *record; /* or copies of another memory's pages */
	char *vmcoreinfo;
};

/* ---- making one ---- */

static int range_check(const struct mem_range *r, struct err *e)
{
	struct stat st;

	if (!r->len)
		return err_set(e, EINVAL, "is empty");
	if (r->gpa > UINT64_MAX - r->len)
		return err_set(e, EINVAL, "passes the end of the address space");
	if (fstat(r->fd, &st))
		return err_sys(e, "cannot look at its file");
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "is in a file that is not a regular one");
	if (r->offset > UINT64_MAX - r->len || r->offset + r->len > (uint64_t)st.st_size)
		return err_set(e, EINVAL,
			       "passes the end of its file, which has 0x%" PRIx64 " bytes",
			       (uint64_t)st.st_size);
	return 0;
}

static int range_prefix(struct err *e, uint64_t gpa, uint64_t len, uint64_t offset)
{
	return err_prefix(e, "range 0x%" PRIx64 ":0x%" PRIx64 "@0x%" PRIx64, gpa, len, offset);
}

static int map_by_gpa(const void *a, const void *b)
{
	const struct mem_map *x = a, *y = b;

	return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

/* Our duplicate of @ranges[i].fd: the one of an earlier range with the same number, or a new one.
 */
static int fd_of_range(struct mem *m, const struct mem_range *ranges, size_t i, struct err *e)
{
	int fd;

	for (size_t j = i; j-- > 0;)
		if (ranges[j].fd == ranges[i].fd)
			return m->maps[j].fd;
	fd = fcntl(ranges[i].fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "cannot duplicate a descriptor");
	m->fds[m->n_fds++] = fd;
	return fd;
}

static int map_range(struct mem_map *map, bool writable, struct err *e)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), slack = (size_t)(map->offset % page);
	int prot = PROT_READ | (writable ? PROT_WRITE : 0);
	void *base;

	if (map->len > SIZE_MAX - slack)
		return err_set(e, EFBIG, "is too long to map");
	base = mmap(NULL, (size_t)map->len + slack, prot, MAP_SHARED | MAP_NORESERVE, map->fd,
		    (off_t)(map->offset - slack));
	if (base == MAP_FAILED)
		return err_sys(e, "cannot map");
	map->host = (uint8_t *)base + slack;
	map->slack = slack;
	/* A core dump of ours must not carry the guest. */
	madvise(base, (size_t)map->len + slack, MADV_DONTDUMP);
	return 0;
}

static int map_ranges(struct mem *m, const struct mem_range *ranges, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct mem_range *r = &ranges[i];

		if (range_check(r, e))
			return range_prefix(e, r->gpa, r->len, r->offset);
		m->maps[i] = (struct mem_map){.gpa = r->gpa, .len = r->len, .offset = r->offset};
		m->maps[i].fd = fd_of_range(m, ranges, i, e);
		if (m->maps[i].fd < 0)
			return range_prefix(e, r->gpa, r->len, r->offset);
		m->n_maps++;
	}
	qsort(m->maps, n, sizeof(*m->maps), map_by_gpa);
	for (size_t i = 0; i < n; i++) {
		struct mem_map *map = &m->maps[i];

		if (i + 1 < n && map->gpa + map->len > map[1].gpa) {
			err_set(e, EINVAL, "overlaps range 0x%" PRIx64 ":0x%" PRIx64, map[1].gpa,
				map[1].len);
			return range_prefix(e, map->gpa, map->len, map->offset);
		}
		if (map_range(map, m->writable, e))
			return range_prefix(e, map->gpa, map->len, map->offset);
	}
	return 0;
}

static struct mem *mem_alloc(size_t n)
{
	struct mem *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->maps = calloc(n ? n : 1, sizeof(*m->maps));
	m->fds = calloc(n ? n : 1, sizeof(*m->fds));
	if (m->maps && m->fds)
		return m;
	mem_destroy(m);
	return NULL;
}

int mem_create(const struct mem_range *ranges, size_t n, bool writable, struct mem **ret,
	       struct err *e)
{
	struct mem *m;

	*ret = NULL;
	if (!n || n > MEM_RANGES_MAX)
		return err_set(e, EINVAL, "%zu ranges of memory, must be 1 to %u", n,
			       MEM_RANGES_MAX);
	if (guard_install(e))
		return -1;
	m = mem_alloc(n);
	if (!m)
		return err_set(e, ENOMEM, "out of memory");
	m->writable = writable;
	if (map_ranges(m, ranges, n, e)) {
		mem_destroy(m);
		return -1;
	}
	*ret = m;
	return 0;
}

void mem_destroy(struct mem *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n_maps; i++)
		if (m->maps[i].host)
			munmap(m->maps[i].host - m->maps[i].slack,
			       (size_t)m->maps[i].len + m->maps[i].slack);
	for (size_t i = 0; i < m->n_fds; i++)
		close(m->fds[i]);
	packed_close(m->packed);
	record_close(m->record);
	free(m->maps);
	free(m->fds);
	free(m->vmcoreinfo);
	free(m);
}

/* ---- reading and writing ---- */

/* The range that has @gpa, or NULL. */
static inline const struct mem_map *map_at(const struct mem *m, uint64_t gpa)
{
	const struct mem_map *map = m->maps;
	size_t n = m->n_maps;

	while (n > 1) {
		size_t half = n / 2;

		if (gpa >= map[half].gpa)
			map += half;
		n -= half;
	}
	return n && gpa - map->gpa < map->len ? map : NULL;
}

static int no_memory(uint64_t gpa, struct err *e)
{
	return err_set(e, EFAULT, "no memory at physical address 0x%" PRIx64, gpa);
}

static int memory_gone(uint64_t gpa, struct err *e)
{
	return err_set(e, EIO,
		       "memory at physical address 0x%" PRIx64 " is gone: its file got "
		       "shorter or cannot be read",
		       gpa);
}

/* Bytes that a copy at @gpa of at most @len can take from @map. */
static inline size_t map_chunk(const struct mem_map *map, uint64_t gpa, size_t len)
{
	uint64_t left = map->len - (gpa - map->gpa);

	return len < left ? len : (size_t)left;
}

static inline struct guard_area area_of(const struct mem_map *map, uint64_t gpa, size_t len)
{
	return (struct guard_area){.begin = map->host + (gpa - map->gpa), .len = len};
}

int mem_read(const struct mem *m, uint64_t gpa, void *buf, size_t len, struct err *e)
{
	uint8_t *to = buf;

	if (m->record)
		return record_read(m->record, gpa, buf, len, e);
	if (m->packed)
		return packed_read(m->packed, gpa, buf, len, e);
	while (len) {
		const struct mem_map *map = map_at(m, gpa);
		size_t n;

		if (!map)
			return no_memory(gpa, e);
		n = map_chunk(map, gpa, len);
		if (!guard_copy(to, map->host + (gpa - map->gpa), n, area_of(map, gpa, n)))
			return memory_gone(gpa, e);
		to += n;
		gpa += n;
		len -= n;
	}
	return 0;
}

/* Whether all of [@gpa, @gpa + @len) is there. */
static int mem_check(const struct mem *m, uint64_t gpa, size_t len, struct err *e)
{
	while (len) {
		const struct mem_map *map = map_at(m, gpa);
		size_t n;

		if (!map)
			return no_memory(gpa, e);
		n = map_chunk(map, gpa, len);
		gpa += n;
		len -= n;
	}
	return 0;
}

int mem_write(struct mem *m, uint64_t gpa, const void *buf, size_t len, struct err *e)
{
	const uint8_t *from = buf;

	if (!m->writable)
		return err_set(e, EACCES, "memory is not open for writing");
	if (mem_check(m, gpa, len, e))
		return -1;
	while (len) {
		const struct mem_map *map = map_at(m, gpa);
		size_t n = map_chunk(map, gpa, len);

		if (!guard_copy(map->host + (gpa - map->gpa), from, n, area_of(map, gpa, n)))
			return memory_gone(gpa, e);
		from += n;
		gpa += n;
		len -= n;
	}
	return 0;
}

/* ---- searching ---- */

/*
 * The next stretch of @map at or behind @at (bytes from the range's begin) that is not a hole of
 * the file, as [*ret_begin, *ret_end). Touching a hole of a memory file would make it a page. A
 * file system that cannot tell says that all is data.
 */
static bool map_next_data(const struct mem_map *map, uint64_t at, uint64_t *ret_begin,
			  uint64_t *ret_end)
{
	off_t data, hole;

	if (at >= map->len)
		return false;
	*ret_begin = at;
	*ret_end = map->len;
	data = lseek(map->fd, (off_t)(map->offset + at), SEEK_DATA);
	if (data < 0)
		return errno != ENXIO;
	if ((uint64_t)data >= map->offset + map->len)
		return false;
	if ((uint64_t)data > map->offset + at)
		*ret_begin = (uint64_t)data - map->offset;
	hole = lseek(map->fd, data, SEEK_HOLE);
	if (hole > data && (uint64_t)hole < map->offset + map->len)
		*ret_end = (uint64_t)hole - map->offset;
	return true;
}

/* The next stretch of data in @map for @s, which knows it already when it is in the middle of it.
 */
static bool search_stretch(const struct mem_map *map, const struct mem_search *s, uint64_t at,
			   uint64_t *ret_begin, uint64_t *ret_end)
{
	if (map->gpa + at >= s->data_end || s->data_end > map->gpa + map->len)
		return map_next_data(map, at, ret_begin, ret_end);
	*ret_begin = at;
	*ret_end = s->data_end - map->gpa;
	return true;
}

/* 1 found, 0 not, -1 error. */
static int map_search(const struct mem_map *map, struct mem_search *s, uint64_t at,
		      uint64_t *ret_gpa, struct err *e)
{
	uint64_t begin, end;

	for (; search_stretch(map, s, at, &begin, &end); at = end) {
		uint64_t first = (map->gpa + begin + s->align - 1) & ~((uint64_t)s->align - 1);
		struct guard_area area = area_of(map, map->gpa + begin, (size_t)(end - begin));
		const void *hit;

		s->data_end = map->gpa + end;
		if (first < map->gpa + begin)
			return 0; /* passed the end of the address space */
		if (!guard_find(area, (size_t)(first - map->gpa - begin), s->align, s->needle,
				s->len, &hit))
			return memory_gone(map->gpa + begin, e);
		if (hit) {
			*ret_gpa = map->gpa + (uint64_t)((const uint8_t *)hit - map->host);
			return 1;
		}
	}
	return 0;
}

static int search_next(const struct mem *m, struct mem_search *s, uint64_t *ret_gpa, struct err *e)
{
	for (size_t i = 0; i < m->n_maps; i++) {
		const struct mem_map *map = &m->maps[i];
		int found;

		if (map->gpa + map->len <= s->from_gpa)
			continue;
		found = map_search(map, s, s->from_gpa > map->gpa ? s->from_gpa - map->gpa : 0,
				   ret_gpa, e);
		if (found)
			return found > 0 ? 0 : -1;
	}
	return err_set(e, ENOENT, "not found in memory");
}

int mem_search_next(const struct mem *m, struct mem_search *s, uint64_t *ret_gpa, struct err *e)
{
	uint64_t gpa;

	if (!s->len || !s->align || (s->align & (s->align - 1)))
		return err_set(e, EINVAL, "nothing to search for, or alignment %zu", s->align);
	if (m->packed ? packed_find(m->packed, s->from_gpa, s->needle, s->len, s->align, &gpa, e)
		      : search_next(m, s, &gpa, e))
		return -1;
	*ret_gpa = gpa;
	s->from_gpa = gpa + 1;
	return 0;
}

int mem_find(const struct mem *m, uint64_t from_gpa, const void *needle, size_t len, size_t align,
	     uint64_t *ret_gpa, struct err *e)
{
	struct mem_search s = {.needle = needle, .len = len, .align = align, .from_gpa = from_gpa};

	return mem_search_next(m, &s, ret_gpa, e);
}

/* ---- questions ---- */

bool mem_next(const struct mem *m, uint64_t from_gpa, uint64_t *ret_gpa, uint64_t *ret_len)
{
	if (m->record)
		return record_next(m->record, from_gpa, ret_gpa, ret_len);
	if (m->packed)
		return packed_next(m->packed, from_gpa, ret_gpa, ret_len);
	for (size_t i = 0; i < m->n_maps; i++) {
		const struct mem_map *map = &m->maps[i];

		if (map->gpa + map->len <= from_gpa)
			continue;
		*ret_gpa = from_gpa > map->gpa ? from_gpa : map->gpa;
		*ret_len = map->len - (*ret_gpa - map->gpa);
		return true;
	}
	return false;
}

bool mem_next_data(const struct mem *m, uint64_t from_gpa, uint64_t *ret_gpa, uint64_t *ret_len)
{
	for (size_t i = 0; i < m->n_maps; i++) {
		const struct mem_map *map = &m->maps[i];
		uint64_t at = from_gpa > map->gpa ? from_gpa - map->gpa : 0, begin, end;

		if (at >= map->len || !map_next_data(map, at, &begin, &end))
			continue;
		*ret_gpa = map->gpa + begin;
		*ret_len = end - begin;
		return true;
	}
	return !m->n_maps && mem_next(m, from_gpa, ret_gpa, ret_len);
}

uint64_t mem_size(const struct mem *m)
{
	uint64_t size = 0;

	if (m->record)
		return record_size(m->record);
	if (m->packed)
		return packed_size(m->packed);
	for (size_t i = 0; i < m->n_maps; i++)
		size += m->maps[i].len;
	return size;
}

uint64_t mem_end(const struct mem *m)
{
	const struct mem_map *last = m->n_maps ? &m->maps[m->n_maps - 1] : NULL;

	if (m->record)
		return record_end(m->record);
	if (m->packed)
		return packed_end(m->packed);
	return last ? last->gpa + last->len : 0;
}

const char *mem_vmcoreinfo(const struct mem *m)
{
	return m->vmcoreinfo;
}

/* ---- records ---- */

int mem_of_record(struct record *r, const struct mem *live, struct mem **ret, struct err *e)
{
	struct mem *m = mem_alloc(0);

	*ret = NULL;
	if (!m) {
		record_close(r);
		return err_set(e, ENOMEM, "out of memory");
	}
	m->record = r;
	m->vmcoreinfo = live->vmcoreinfo ? strdup(live->vmcoreinfo) : NULL;
	if (live->vmcoreinfo && !m->vmcoreinfo) {
		mem_destroy(m);
		return err_set(e, ENOMEM, "out of memory");
	}
	*ret = m;
	return 0;
}

struct record *mem_record_of(const struct mem *m)
{
	return m->record;
}

/* ---- files ---- */

/* A decimal or hexadecimal number, with K, M or G behind it, out of @text[0..len). */
static int size_parse(const char *text, size_t len, bool suffix, uint64_t *ret, struct err *e)
{
	static const char units[] = "KMG";
	char number[32];
	unsigned int shift = 0;
	const char *unit;

	if (suffix && len && (unit = memchr(units, text[len - 1], 3))) {
		shift = 10 * (unsigned int)(unit - units + 1);
		len--;
	}
	if (len >= sizeof(number))
		return err_set(e, EINVAL, "'%.*s' is not a number", (int)len, text);
	memcpy(number, text, len);
	number[len] = 0;
	if (parse_u64(number, 0, UINT64_MAX >> shift, ret, e))
		return -1;
	*ret <<= shift;
	return 0;
}

int mem_range_parse(const char *text, struct mem_range *ret, struct err *e)
{
	const char *colon = strchr(text, ':'), *at = colon ? strchr(colon, '@') : NULL;

	*ret = (struct mem_range){.fd = -1};
	if (!at)
		return err_set(e, EINVAL, "'%s' is not GPA:LEN@OFFSET", text);
	if (size_parse(text, (size_t)(colon - text), false, &ret->gpa, e) ||
	    size_parse(colon + 1, (size_t)(at - colon - 1), true, &ret->len, e) ||
	    size_parse(at + 1, strlen(at + 1), false, &ret->offset, e))
		return err_prefix(e, "range '%s'", text);
	if (!ret->len)
		return err_set(e, EINVAL, "range '%s' is empty", text);
	if (ret->gpa > UINT64_MAX - ret->len)
		return err_set(e, EINVAL, "range '%s' passes the end of the address space", text);
	return 0;
}

static int open_ranges(int fd, const struct mem_range *ranges, size_t n, bool writable,
		       struct mem **ret, struct err *e)
{
	_cleanup_free_ struct mem_range *mine = NULL;

	if (n > MEM_RANGES_MAX)
		return err_set(e, EINVAL, "%zu ranges of memory, must be 1 to %u", n,
			       MEM_RANGES_MAX);
	mine = malloc(n * sizeof(*mine));
	if (!mine)
		return err_set(e, ENOMEM, "out of memory");
	memcpy(mine, ranges, n * sizeof(*mine));
	for (size_t i = 0; i < n; i++)
		mine[i].fd = fd;
	return mem_create(mine, n, writable, ret, e);
}

static int open_flat(int fd, bool writable, struct mem **ret, struct err *e)
{
	struct mem_range all = {.fd = fd};
	struct stat st;

	if (fstat(fd, &st))
		return err_sys(e, "cannot look at it");
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "not a regular file");
	if (!st.st_size)
		return err_set(e, EINVAL, "is empty");
	all.len = (uint64_t)st.st_size;
	return mem_create(&all, 1, writable, ret, e);
}

static int open_core(int fd, bool writable, struct mem **ret, struct err *e)
{
	_cleanup_free_ struct mem_range *ranges = NULL;
	_cleanup_free_ char *vmcoreinfo = NULL;
	size_t n;

	if (core_ranges(fd, &ranges, &n, &vmcoreinfo, e) || mem_create(ranges, n, writable, ret, e))
		return -1;
	(*ret)->vmcoreinfo = steal_ptr(&vmcoreinfo);
	return 0;
}

static int open_kdump(int fd, bool writable, struct mem **ret, struct err *e)
{
	struct mem *m;

	if (writable)
		return err_set(e, EACCES, "a compressed core cannot be written to");
	m = mem_alloc(0);
	if (!m)
		return err_set(e, ENOMEM, "out of memory");
	if (packed_open(fd, &m->packed, &m->vmcoreinfo, e)) {
		mem_destroy(m);
		return -1;
	}
	*ret = m;
	return 0;
}

static int open_flattened(int fd, bool writable, struct mem **ret, struct err *e)
{
	_cleanup_close_ int core = -1;

	if (flattened_unpack(fd, &core, e))
		return -1;
	return open_kdump(core, writable, ret, e);
}

static int open_fd(int fd, const struct mem_range *ranges, size_t n_ranges, bool writable,
		   struct mem **ret, struct err *e)
{
	char magic[MAGIC_LEN] = {0};

	if (n_ranges)
		return open_ranges(fd, ranges, n_ranges, writable, ret, e);
	if (pread(fd, magic, sizeof(magic), 0) < 0)
		return err_sys(e, "cannot read");
	if (!memcmp(magic, "\177ELF", 4))
		return open_core(fd, writable, ret, e);
	if (!memcmp(magic, "KDUMP   ", 8))
		return open_kdump(fd, writable, ret, e);
	if (!memcmp(magic, "makedumpfile", 12))
		return open_flattened(fd, writable, ret, e);
	return open_flat(fd, writable, ret, e);
}

int mem_open(const char *path, const struct mem_range *ranges, size_t n_ranges, bool writable,
	     struct mem **ret, struct err *e)
{
	_cleanup_close_ int fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);

	*ret = NULL;
	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	if (open_fd(fd, ranges, n_ranges, writable, ret, e))
		return err_prefix(e, "'%s'", path);
	return 0;
}
