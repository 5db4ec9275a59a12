/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scheduler's maps with some of the guest's memory changed: the input is a list of places and
 * bytes to put there; of a word with its highest bit set, the rest is an address in memory, or
 * hardly any would be one. Whatever comes out is JSON, the record's is the memory's, and there is
 * an end to it.
 */
#include "../unit/schedmaps.h"
#include "base/cursor.h"
#include "dump/maps.h"
#include "mem/record.h"

#define CHANGES_MAX 64u
#define ENTRIES 500u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct change {
	uint32_t at;
	uint64_t was;
};

static struct schedmaps s;
static struct kernel *kernel;
static uint32_t used; /* bytes of memory that the maps have */

static void make_guest(void)
{
	struct err e;

	sm_init(&s);
	guest_boot(&s.g);
	used = (uint32_t)s.g.next_alloc;
	if (guest_attach(&s.g, &kernel, &e))
		abort();
	sm_attached(&s, kernel);
}

static bool change(struct cursor *c, struct change *ret)
{
	uint32_t at = cursor_u16(c) | (uint32_t)cursor_u8(c) << 16;
	uint8_t len = cursor_u8(c) % 8 + 1;
	uint64_t v = cursor_le(c, len);

	if (c->failed)
		return false;
	ret->at = at % used & ~3u; /* members are aligned */
	if (len == 8 && v >> 63)
		v = GUEST_PAGE_OFFSET + v % used;
	memcpy(&ret->was, s.g.ram + ret->at, 8);
	memcpy(s.g.ram + ret->at, &v, len);
	return true;
}

static void check_json(const struct jsonw *w)
{
	json_t *json = json_loadb(buf_text(&w->out), w->out.len, 0, NULL);

	if (!json_is_array(json_object_get(json, "maps")) ||
	    !json_is_array(json_object_get(json, "active_map_kvas")))
		abort();
	json_decref(json);
}

/* What is touched may be more than what is written, but never less. */
static void record(struct maps *m)
{
	struct jsonw live = {0}, again = {0};
	struct kernel over;
	struct mem *mem;
	struct err e;

	if (mem_record(s.g.mem, 4u << 20, &mem, &e))
		abort();
	over = kernel_over(kernel, mem);
	if (!maps_touch(m, &over, &e)) {
		mem_record_seal(mem);
		if (maps_write(m, kernel, ENTRIES, &live, &e) ||
		    maps_write(m, &over, ENTRIES, &again, &e))
			abort();
		check_json(&live);
		if (live.out.len != again.out.len ||
		    memcmp(live.out.data, again.out.data, live.out.len))
			abort();
	}
	buf_deinit(&live.out);
	buf_deinit(&again.out);
	mem_destroy(mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"stall", "at.y", "counter", "node.value"};
	struct cursor c = cursor_over(data, size);
	struct change changes[CHANGES_MAX];
	unsigned int n = 0;
	uint64_t kva, len;
	struct maps *m;
	struct err e;

	if (!s.g.ram)
		make_guest();
	if (maps_create(kernel, &m, &e))
		abort();
	while (n < CHANGES_MAX && change(&c, &changes[n]))
		n++;
	if (size % 2)
		maps_prepare(m, kernel, &e);
	record(m);
	for (unsigned int i = 0; i < 4; i++)
		if (!maps_variable(m, kernel, i % 2 ? "obj" : "", "bss", names[i], &kva, &len,
				   &e) &&
		    !len)
			abort();
	maps_destroy(m);
	while (n--)
		memcpy(s.g.ram + changes[n].at, &changes[n].was, 8);
	return 0;
}
