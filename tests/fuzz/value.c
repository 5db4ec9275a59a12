/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A value of any type: BTF of any bytes, or types of any bytes behind a header that is right; a
 * value of any bytes, which are an arena's too, in which small numbers are addresses. What is
 * rendered is JSON that jq reads; and a record that was touched holds all that the rendering asks
 * for.
 *
 *	u8 type, u8 flags (1: other programs' types, 2: all of BTF), u16 length, types, value
 */
#include "dump/value.h"

#include "../unit/guest.h"
#include "base/cursor.h"
#include "mem/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TYPES_LEN_MAX 4096u
#define VALUE_LEN_MAX 512u
#define ARENA_LEN 0x2000u
#define USER_START 0x100000000000ull
#define NODES_MAX 3000u
#define PARSED_MAX (1u << 20)
#define NESTING_MAX 240u /* jq 1.6 reads 256 */

static const char strings[] =
	"\0s\0m\0e\0char\0cpumask\0bits\0task_struct\0kptr\0percpu\0bpf_cpumask\0n___old\0n\0cgroup";

static struct guest guest;
static struct kernel *kernel;
static struct value_arena arenas[2];

static void guest_make(void)
{
	struct err e;
	struct btf *b;
	int comm;

	guest_init(&guest, 4);
	b = guest.btf;
	comm = btf__add_array(b, GUEST_UINT, btf__add_int(b, "char", 1, BTF_INT_SIGNED), 16);
	btf__add_struct(b, "task_struct", 64);
	btf__add_field(b, "pid", GUEST_INT, 64, 0);
	btf__add_field(b, "comm", comm, 128, 0);
	btf__add_struct(b, "cgroup", 64);
	guest_boot(&guest);
	if (guest_attach(&guest, &kernel, &e))
		abort();
	arenas[0] = (struct value_arena){
		.user_start = USER_START, .len = ARENA_LEN, .kva = guest_alloc(&guest, ARENA_LEN)};
	/* Another whose pages are not there, but one. */
	arenas[1] = (struct value_arena){.user_start = USER_START + (1ull << 32),
					 .len = 1u << 30,
					 .kva = 0xffffc90000000000};
	guest_map(&guest.tables, arenas[1].kva + 0x1000, 0x1000, 1);
}

/* Around @size bytes of types. */
static struct types *take(const uint8_t *data, uint32_t size)
{
	static uint8_t whole[sizeof(struct btf_header) + TYPES_LEN_MAX + sizeof(strings)];
	const struct btf_header h = {.magic = BTF_MAGIC,
				     .version = BTF_VERSION,
				     .hdr_len = sizeof(h),
				     .type_len = size,
				     .str_off = size,
				     .str_len = sizeof(strings)};
	struct types *t;
	struct err e;

	memcpy(whole, &h, sizeof(h));
	memcpy(whole + sizeof(h), data, size);
	memcpy(whole + sizeof(h) + size, strings, sizeof(strings));
	return types_create(whole, sizeof(h) + size + sizeof(strings), NULL, &t, &e) ? NULL : t;
}

/* How deep brackets go, which are in no string of ours but those that cannot hold any. */
static void check_text(const struct buf *text)
{
	unsigned int depth = 0;
	bool quoted = false;
	json_t *v;

	for (size_t i = 0; i < text->len; i++) {
		char c = text->data[i];

		if (c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '[') && ++depth > NESTING_MAX)
			abort();
		else if (!quoted && (c == '}' || c == ']'))
			depth--;
	}
	if (depth || quoted || text->len > PARSED_MAX)
		abort();
	v = json_loadb(text->data, text->len, 0, NULL);
	if (!json_is_string(json_object_get(v, "kind")))
		abort();
	json_decref(v);
}

/* @kva is in arena 0. */
static void render(const struct kernel *k, const struct types *t, uint32_t type,
		   const uint8_t *bytes, size_t len, unsigned int flags, struct jsonw *w)
{
	const struct types *const others[] = {k->types};
	uint64_t left = NODES_MAX;
	struct value_context c;

	value_context_init(&c, k);
	c.arenas = arenas;
	c.n_arenas = 2;
	c.nodes_left = &left;
	c.others = others;
	c.n_others = flags & 1;
	if (w)
		value_write(&c, t, type, bytes, len, arenas[0].kva, w);
	else
		value_touch(&c, t, type, bytes, len, arenas[0].kva);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jsonw live = {0}, recorded = {0};
	struct cursor c = cursor_over(data, size);
	uint32_t type = cursor_u8(&c), flags = cursor_u8(&c), n = cursor_u16(&c);
	const uint8_t *at = data + (size < 4 ? size : 4);
	size_t left = size < 4 ? 0 : size - 4, len;
	struct kernel over;
	struct mem *record;
	struct types *t;
	struct err e;

	if (!kernel)
		guest_make();
	n = n < left ? n : (uint32_t)left;
	if (flags & 2)
		types_create(at, n, NULL, &t, &e);
	else
		t = take(at, n < TYPES_LEN_MAX ? n : TYPES_LEN_MAX);
	if (!t)
		return 0;
	at += n;
	left -= n;
	memset(guest_at(&guest, arenas[0].kva), 0, ARENA_LEN);
	memcpy(guest_at(&guest, arenas[0].kva), at, left < ARENA_LEN ? left : ARENA_LEN);
	len = left < VALUE_LEN_MAX ? left : VALUE_LEN_MAX;

	render(kernel, t, type, at, len, flags, &live);
	if (mem_record(guest.mem, GUEST_RAM, &record, &e))
		abort();
	over = kernel_over(kernel, record);
	render(&over, t, type, at, len, flags, NULL);
	mem_record_seal(record);
	render(&over, t, type, at, len, flags, &recorded);
	check_text(&live.out);
	if (live.out.len != recorded.out.len ||
	    memcmp(live.out.data, recorded.out.data, live.out.len) != 0)
		abort();
	mem_destroy(record);
	buf_deinit(&live.out);
	buf_deinit(&recorded.out);
	types_destroy(t);
	return 0;
}
