/* SPDX-License-Identifier: GPL-2.0-only */
/* The symbol table: every form of address, names back and forth, and tables that are damaged. */
#include "kernel/kallsyms.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/io.h"
#include "image.h"
#include "kernel/kallsyms_table.h"
#include "seeds.h"
#include "test.h"

#define BASE 0xffffffff81000000u

/* ---- a small kallsyms, as scripts/kallsyms.c makes one ---- */

struct table {
	struct buf names, tokens;
	uint8_t index[2 * KALLSYMS_TOKENS];
	int32_t offsets[64];
	size_t n;
};

/* Tokens are their own letters; 1 and 2 are longer ones, and 3 is not in use. */
static void table_init(struct table *t)
{
	*t = (struct table){0};
	for (unsigned int i = 0; i < KALLSYMS_TOKENS; i++) {
		char letter[2] = {(char)i, 0};
		const char *text = i == 1 ? "Tsched_" : i == 2 ? "_stext" : i == 3 ? "" : letter;

		t->index[2 * i] = (uint8_t)t->tokens.len;
		t->index[2 * i + 1] = (uint8_t)(t->tokens.len >> 8);
		buf_add(&t->tokens, text, strlen(text) + 1);
	}
}

static void table_deinit(struct table *t)
{
	buf_deinit(&t->names);
	buf_deinit(&t->tokens);
}

static void table_add(struct table *t, const void *tokens, size_t len, int32_t offset)
{
	uint8_t head[2] = {(uint8_t)(len < 0x80 ? len : (len & 0x7f) | 0x80), (uint8_t)(len >> 7)};

	t->offsets[t->n++] = offset;
	buf_add(&t->names, head, len < 0x80 ? 1 : 2);
	buf_add(&t->names, tokens, len);
}

static void table_add_text(struct table *t, const char *tokens, int32_t offset)
{
	table_add(t, tokens, strlen(tokens), offset);
}

/* Decode it with what stands in @how about addresses. */
static int table_decode(const struct table *t, struct kallsyms_source how, struct kallsyms **ret,
			struct err *e)
{
	struct kallsyms_walk w = {.n = t->n, .at = malloc(4 * (t->n + 1))};
	int result = -1;

	how.n = t->n;
	/* A copy of just that size, so that a sanitizer sees a read behind it. */
	how.names = malloc(t->names.len);
	memcpy(how.names, t->names.data, t->names.len);
	how.at = w.at;
	how.token_table = t->tokens.data;
	how.token_table_len = t->tokens.len;
	how.token_index = t->index;
	how.offsets = t->offsets;
	*ret = NULL;
	if (kallsyms_walk(&w, how.names, t->names.len, e) == 0 && w.done == w.n) {
		result = kallsyms_decode(&how, ret, e);
	} else {
		free(how.names);
		free(how.at);
	}
	return result;
}

static const struct kallsyms_source with_base = {.has_base = true, .base = BASE, .stext = BASE};

static void check_symbol(const struct kallsyms *s, const char *name, uint64_t want)
{
	uint64_t kva = 0;
	struct err e;

	CHECK(kallsyms_find(s, name, &kva, &e) == 0);
	CHECK(kva == want);
}

static void check_name(const struct kallsyms *s, uint64_t kva, const char *want, uint64_t offset)
{
	char name[KALLSYMS_NAME_MAX] = "";
	uint64_t got = UINT64_MAX;
	struct err e;

	CHECK(kallsyms_name(s, kva, name, &got, &e) == 0);
	CHECK_STR(name, want);
	CHECK(got == offset);
}

static void check_no_name(const struct kallsyms *s, uint64_t kva)
{
	char name[KALLSYMS_NAME_MAX];
	uint64_t offset;
	struct err e;

	CHECK(kallsyms_name(s, kva, name, &offset, &e) == -1 && e.code == ENOENT);
}

/* ---- the three forms of address ---- */

static void relative_to_base(void)
{
	struct table t;
	struct kallsyms *s;
	struct err e;

	table_init(&t);
	table_add_text(&t, "T\2", 0);
	table_add_text(&t, "\1tick", 0x100);
	table_add_text(&t, "dsched_tick2", 0x2000);
	table_add_text(&t, "Dper_cpu", (int32_t)0x90000000); /* a u32: more than 2 GiB up */
	CHECK(table_decode(&t, with_base, &s, &e) == 0);
	if (s) {
		CHECK(kallsyms_count(s) == 4);
		check_symbol(s, "_stext", BASE);
		check_symbol(s, "sched_tick", BASE + 0x100);
		check_symbol(s, "sched_tick2", BASE + 0x2000);
		check_symbol(s, "per_cpu", BASE + 0x90000000);
	}
	kallsyms_destroy(s);
	table_deinit(&t);
}

static void relative_to_base_or_absolute(void)
{
	struct table t;
	struct kallsyms *s;
	struct err e;

	table_init(&t);
	table_add_text(&t, "Aper_cpu", 0x1f40);
	table_add_text(&t, "T\2", -1);
	table_add_text(&t, "\1tick", -1 - 0x100);
	CHECK(table_decode(&t, with_base, &s, &e) == 0);
	if (s) {
		check_symbol(s, "per_cpu", 0x1f40);
		check_symbol(s, "_stext", BASE);
		check_symbol(s, "sched_tick", BASE + 0x100);
		check_no_name(s, 0x1f40);
		check_name(s, BASE + 0x90, "_stext", 0x90);
	}
	kallsyms_destroy(s);
	table_deinit(&t);
}

static void relative_to_entry(void)
{
	const struct kallsyms_source how = {.offsets_kva = BASE + 0x8000, .stext = BASE};
	struct table t;
	struct kallsyms *s;
	struct err e;

	table_init(&t);
	table_add_text(&t, "T\2", -0x8000);
	table_add_text(&t, "\1tick", 0x100 - 0x8004);
	table_add_text(&t, "dlast", 0x10000 - 0x8008);
	CHECK(table_decode(&t, how, &s, &e) == 0);
	if (s) {
		check_symbol(s, "_stext", BASE);
		check_symbol(s, "sched_tick", BASE + 0x100);
		check_symbol(s, "last", BASE + 0x10000);
	}
	kallsyms_destroy(s);
	table_deinit(&t);
}

static void stext_must_fit(void)
{
	struct kallsyms_source how = with_base;
	struct table t;
	struct kallsyms *s;
	struct err e;

	table_init(&t);
	table_add_text(&t, "T\2", 0x10);
	CHECK(table_decode(&t, how, &s, &e) == -1 && e.code == EPROTO && !s);
	CHECK_STR(e.text, "'_stext' is at 0xffffffff81000010, not at 0xffffffff81000000");
	how.stext = BASE + 0x10;
	CHECK(table_decode(&t, how, &s, &e) == 0);
	kallsyms_destroy(s);
	table_deinit(&t);
	table_init(&t);
	table_add_text(&t, "Tother", 0);
	CHECK(table_decode(&t, how, &s, &e) == -1 && e.code == EPROTO);
	CHECK_STR(e.text, "no symbol '_stext' among 1");
	table_deinit(&t);
}

/* ---- names ---- */

static void names_and_types(void)
{
	char name[KALLSYMS_NAME_MAX], type;
	uint64_t kva, offset;
	struct table t;
	struct kallsyms *s;
	struct err e;

	table_init(&t);
	table_add_text(&t, "T\2", 0);
	table_add_text(&t, "\1x", 0x10);
	table_add_text(&t, "tsched_x", 0x20); /* the same name, compressed in another way */
	table_add_text(&t, "talias", 0x20);
	table_add_text(&t, "B_end", 0x30);
	table_add_text(&t, "Bbehind", 0x40);
	table_add_text(&t, "tred\33[31m \xff", 0x50);
	CHECK(table_decode(&t, with_base, &s, &e) == 0);
	if (!s)
		return;
	check_symbol(s, "sched_x", BASE + 0x10);
	check_name(s, BASE + 0x1f, "sched_x", 0xf);
	check_name(s, BASE + 0x20, "sched_x", 0);
	check_name(s, BASE + 0x2f, "sched_x", 0xf);
	check_no_name(s, BASE - 1);
	check_no_name(s, BASE + 0x30); /* _end */
	check_no_name(s, 0);
	check_no_name(s, UINT64_MAX);
	CHECK(kallsyms_get(s, 1, name, &kva, &type, &e) == 0);
	CHECK(type == 'T' && kva == BASE + 0x10);
	CHECK_STR(name, "sched_x");
	CHECK(kallsyms_get(s, 6, name, &kva, &type, &e) == 0);
	CHECK_STR(name, "red?[31m??");
	CHECK(kallsyms_get(s, 7, name, &kva, &type, &e) == -1 && e.code == ENOENT);
	CHECK(kallsyms_find(s, "nosuch", &kva, &e) == -1 && e.code == ENOENT);
	CHECK_STR(e.text, "no symbol 'nosuch'");
	CHECK(kallsyms_find(s, "", &offset, &e) == -1);
	kallsyms_destroy(s);
	table_deinit(&t);
}

static void long_names(void)
{
	char name[KALLSYMS_NAME_MAX], type;
	uint8_t tokens[KALLSYMS_NAME_MAX + 1];
	uint64_t kva;
	struct table t;
	struct kallsyms *s;
	struct err e;

	memset(tokens, 'x', sizeof(tokens));
	tokens[0] = 't';
	table_init(&t);
	table_add_text(&t, "T\2", 0);
	table_add(&t, tokens, 0x7f, 1);
	table_add(&t, tokens, 0x80, 2); /* two bytes of length from here */
	table_add(&t, tokens, KALLSYMS_NAME_MAX, 3);
	memset(tokens + 1, 2, 300); /* as text six times as long */
	table_add(&t, tokens, 301, 4);
	CHECK(table_decode(&t, with_base, &s, &e) == 0);
	for (size_t i = 1; s && i < 5; i++) {
		const size_t want[] = {0, 0x7e, 0x7f, KALLSYMS_NAME_MAX - 1, KALLSYMS_NAME_MAX - 1};

		CHECK(kallsyms_get(s, i, name, &kva, &type, &e) == 0);
		CHECK(strlen(name) == want[i] && type == 't' && kva == BASE + i);
		if (i < 4)
			check_symbol(s, name, BASE + i);
	}
	kallsyms_destroy(s);
	table_add(&t, tokens, KALLSYMS_NAME_MAX + 1, 5);
	CHECK(table_decode(&t, with_base, &s, &e) == -1 && e.code == EPROTO);
	CHECK_STR(e.text, "name 5 is 513 bytes long");
	table_deinit(&t);
}

static void damaged_tables(void)
{
	struct table t;
	struct kallsyms *s;
	struct err e;

	table_init(&t);
	table_add_text(&t, "T\2", 0);
	table_add_text(&t, "", 1);
	table_add_text(&t, "tbehind", 2);
	CHECK(table_decode(&t, with_base, &s, &e) == -1 && e.code == EPROTO);
	CHECK_STR(e.text, "name 1 is 0 bytes long");
	table_deinit(&t);

	table_init(&t);
	table_add_text(&t, "T\2", 0);
	table_add_text(&t, "\3", 1); /* a token without any letter */
	CHECK(table_decode(&t, with_base, &s, &e) == 0);
	kallsyms_destroy(s);
	t.tokens.len--; /* the NUL of the last token */
	CHECK(table_decode(&t, with_base, &s, &e) == -1 && e.code == EPROTO);
	CHECK_STR(e.text, "token 255 does not end in its table");
	t.tokens.len++;
	memset(t.index + 2 * 7, 0xff, 2);
	CHECK(table_decode(&t, with_base, &s, &e) == -1 && e.code == EPROTO);
	CHECK_STR(e.text, "token 7 does not end in its table");
	table_deinit(&t);
}

static void walk_stops_at_the_end(void)
{
	const uint8_t names[] = {2, 'T', 'a', 0x82, 1, 'x'};
	uint32_t at[2];
	struct err e;

	for (size_t len = 0; len <= sizeof(names); len++) {
		struct kallsyms_walk w = {.at = at, .n = 2};
		uint8_t *copy = malloc(len ? len : 1);

		memcpy(copy, names, len);
		CHECK(kallsyms_walk(&w, copy, len, &e) == 0);
		CHECK(w.done == (len >= 3) && w.pos == (len >= 3 ? 3 : 0));
		free(copy);
	}
}

static void unsorted_table(void)
{
	struct table t;
	struct kallsyms *s;
	struct err e;

	table_init(&t);
	table_add_text(&t, "thigh", 0x7000);
	table_add_text(&t, "T\2", 0);
	table_add_text(&t, "tmid", 0x500);
	table_add_text(&t, "tmid2", 0x500);
	CHECK(table_decode(&t, with_base, &s, &e) == 0);
	if (s) {
		check_name(s, BASE + 0x6fff, "mid", 0x6aff);
		check_name(s, BASE + 0x7000, "high", 0);
		check_name(s, BASE + 1, "_stext", 1);
	}
	kallsyms_destroy(s);
	table_deinit(&t);
}

static void order_of_any_addresses(void)
{
	enum { N = 5000 };
	static uint64_t kva[N];
	uint64_t x = 1;
	uint32_t *order;
	struct err e;

	for (size_t i = 0; i < N; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		/* Many the same, some at either end, the rest anywhere in 64 bits. */
		kva[i] = i % 3 == 0 ? x >> 60 : i % 3 == 1 ? UINT64_MAX - (x >> 62) : x;
	}
	order = kallsyms_order(kva, N, &e);
	for (size_t i = 1; order && i < N; i++) {
		CHECK(kva[order[i - 1]] <= kva[order[i]]);
		CHECK(kva[order[i - 1]] != kva[order[i]] || order[i - 1] < order[i]);
	}
	CHECK(order != NULL);
	free(order);
}

/* Names chosen so that all of them want the same few slots: refused, not slow. */
static void colliding_names(void)
{
	enum { N = 2000 };
	static struct kallsyms_plain sym[N];
	static char names[N][16];
	struct kallsyms *s;
	struct err e;

	for (unsigned int n = 0, i = 0; n < N; i++) {
		snprintf(names[n], sizeof(names[n]), "n%x", i);
		if (kallsyms_hash_text(names[n]) * KALLSYMS_SLOT_FACTOR >> 54)
			continue;
		sym[n] = (struct kallsyms_plain){BASE, names[n], (uint16_t)strlen(names[n]), 't'};
		n++;
	}
	CHECK(kallsyms_create_plain(sym, N, &s, &e) == -1 && e.code == EPROTO && !s);
	CHECK(strstr(e.text, "names collide") != NULL);
	/* And the same name all over is no collision. */
	for (unsigned int i = 1; i < N; i++)
		sym[i] = sym[0];
	CHECK(kallsyms_create_plain(sym, N, &s, &e) == 0);
	kallsyms_destroy(s);
}

/* ---- out of a guest's memory ---- */

#define NUM_SYMS 0x1000
#define OFFSETS 0x1100
#define TOKEN_INDEX 0x1400
#define TOKEN_TABLE 0x2000
#define RELATIVE_BASE 0x3000
#define NAMES 0x4000

static void guest_init(struct image *m, struct vmcoreinfo *v, const char *more)
{
	char text[1024];
	struct table t;
	struct err e;

	image_init(m, 1 << 20);
	table_init(&t);
	table_add_text(&t, "T\2", 0);
	table_add_text(&t, "\1tick", 0x40);
	image_put(m, NUM_SYMS, t.n, 4);
	memcpy(m->bytes + OFFSETS, t.offsets, sizeof(t.offsets));
	memcpy(m->bytes + TOKEN_INDEX, t.index, sizeof(t.index));
	memcpy(m->bytes + TOKEN_TABLE, t.tokens.data, t.tokens.len);
	image_put(m, RELATIVE_BASE, BASE, 8);
	memcpy(m->bytes + NAMES, t.names.data, t.names.len);
	table_deinit(&t);
	snprintf(text, sizeof(text),
		 "OSRELEASE=7.0.0-test\nSYMBOL(_stext)=ffffffff81000000\n"
		 "SYMBOL(kallsyms_num_syms)=ffffffff80001000\n"
		 "SYMBOL(kallsyms_offsets)=ffffffff80001100\n"
		 "SYMBOL(kallsyms_token_index)=ffffffff80001400\n"
		 "SYMBOL(kallsyms_token_table)=ffffffff80002000\n%s",
		 more);
	if (vmcoreinfo_parse(text, strlen(text), v, &e))
		abort();
}

#define WITH_NAMES "SYMBOL(kallsyms_names)=ffffffff80004000\n"
#define WITH_BASE "SYMBOL(kallsyms_relative_base)=ffffffff80003000\n"

static void from_memory(void)
{
	struct vmcoreinfo v;
	struct kallsyms *s;
	struct image m;
	struct err e;

	guest_init(&m, &v, WITH_NAMES WITH_BASE);
	CHECK(kallsyms_create(&m.kmem, &v, &s, &e) == 0);
	if (s)
		check_symbol(s, "sched_tick", BASE + 0x40);
	kallsyms_destroy(s);
	image_put(&m, RELATIVE_BASE, BASE + 1, 8);
	CHECK(kallsyms_create(&m.kmem, &v, &s, &e) == -1 && e.code == EPROTO && !s);
	image_deinit(&m);

	/* Without a base: relative to the entries. */
	guest_init(&m, &v, WITH_NAMES);
	image_put(&m, OFFSETS, BASE - (IMAGE_KVA + OFFSETS), 4);
	image_put(&m, OFFSETS + 4, BASE + 0x80 - (IMAGE_KVA + OFFSETS + 4), 4);
	CHECK(kallsyms_create(&m.kmem, &v, &s, &e) == 0);
	if (s)
		check_symbol(s, "sched_tick", BASE + 0x80);
	kallsyms_destroy(s);
	image_deinit(&m);
}

static void from_damaged_memory(void)
{
	const uint64_t counts[] = {0, KALLSYMS_SYMBOLS_MAX, KALLSYMS_SYMBOLS_MAX + 1, UINT32_MAX};
	struct vmcoreinfo v;
	struct kallsyms *s;
	struct image m;
	struct err e;

	guest_init(&m, &v, WITH_BASE);
	CHECK(kallsyms_create(&m.kmem, &v, &s, &e) == -1 && e.code == ENOENT);
	CHECK(strstr(e.text, "kallsyms_names") != NULL);
	image_deinit(&m);

	guest_init(&m, &v, WITH_NAMES WITH_BASE);
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		image_put(&m, NUM_SYMS, counts[i], 4);
		CHECK(kallsyms_create(&m.kmem, &v, &s, &e) == -1 && !s);
	}
	CHECK_STR(e.text, "kallsyms: kallsyms_num_syms is 4294967295, not 1 to 4194304");
	/* Names go on to the end of memory and past it. */
	image_put(&m, NUM_SYMS, 60000, 4);
	memset(m.bytes + NAMES, 0x7f, m.len - NAMES);
	CHECK(kallsyms_create(&m.kmem, &v, &s, &e) == -1 && e.code == EFAULT && !s);
	image_deinit(&m);
}

/* ---- from files ---- */

static void from_map(void)
{
	const char map[] = "0000000000001f40 A per_cpu\n"
			   "ffffffff81000000 T _stext\n"
			   "junk\n\n \nffffffff81000010\nffffffff81000010 T\nffffffff81000010 T \n"
			   "ffffffff81000010T x\nfffffffff81000010 T toolong\n"
			   "ffffffff81000200 t late\r\n"
			   "FFFFFFFF81000100 t early\t[module]\n"
			   "ffffffff81000300 t early";
	struct kallsyms *s;
	struct err e;

	CHECK(kallsyms_create_map(map, sizeof(map) - 1, 0x1000, &s, &e) == 0);
	if (!s)
		return;
	CHECK(kallsyms_count(s) == 5);
	check_symbol(s, "per_cpu", 0x1f40);
	check_symbol(s, "_stext", BASE + 0x1000);
	check_symbol(s, "late", BASE + 0x1200);
	check_symbol(s, "early", BASE + 0x1100);
	check_name(s, BASE + 0x11ff, "early", 0xff);
	kallsyms_destroy(s);
	CHECK(kallsyms_create_map("\n", 1, 0, &s, &e) == -1 && e.code == ENOENT && !s);
	CHECK_STR(e.text, "system map: no symbols");
	CHECK(kallsyms_create_map("", 0, 0, &s, &e) == -1 && e.code == ENOENT);
}

/* An ELF file of four sections: none, symbols, names, text. */
struct elf {
	Elf64_Ehdr head;
	Elf64_Shdr section[5];
	Elf64_Sym sym[9];
	char names[32], section_names[40];
};

static struct elf elf_make(void)
{
	struct elf f = {
		.head = {.e_machine = EM_X86_64,
			 .e_shoff = offsetof(struct elf, section),
			 .e_shentsize = sizeof(Elf64_Shdr),
			 .e_shnum = 5,
			 .e_shstrndx = 4},
		.section =
			{
				[1] = {.sh_name = 1,
				       .sh_type = SHT_SYMTAB,
				       .sh_offset = offsetof(struct elf, sym),
				       .sh_size = sizeof(f.sym)},
				[2] = {.sh_name = 9,
				       .sh_type = SHT_STRTAB,
				       .sh_offset = offsetof(struct elf, names),
				       .sh_size = sizeof(f.names)},
				[3] = {.sh_name = 17, .sh_type = SHT_NOBITS, .sh_flags = SHF_WRITE},
				[4] = {.sh_name = 22,
				       .sh_type = SHT_STRTAB,
				       .sh_offset = offsetof(struct elf, section_names),
				       .sh_size = sizeof(f.section_names)},
			},
		.sym =
			{
				[1] = {1, ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), 0, 3, BASE + 0x20},
				[2] = {1, ELF64_ST_INFO(STB_LOCAL, STT_FILE), 0, SHN_ABS, 0},
				[3] = {1, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, 3, BASE + 0x10},
				[4] = {5, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, SHN_UNDEF, 0},
				[5] = {5, ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), 0, SHN_ABS, 64},
				[6] = {UINT32_MAX, ELF64_ST_INFO(STB_LOCAL, STT_FUNC), 0, 3, BASE},
				[7] = {9, ELF64_ST_INFO(STB_WEAK, STT_FUNC), 0, 999, BASE},
				/* A name that does not end in the table. */
				[8] = {31, ELF64_ST_INFO(STB_LOCAL, STT_FUNC), 0, 3, BASE},
			},
		.names = "\0var\0abs\0odd",
		.section_names = "\0.symtab\0.strtab\0.bss\0.shstrtab",
	};

	memcpy(f.head.e_ident, ELFMAG, SELFMAG);
	f.head.e_ident[EI_CLASS] = ELFCLASS64;
	f.head.e_ident[EI_DATA] = ELFDATA2LSB;
	f.head.e_ident[EI_VERSION] = EV_CURRENT;
	f.names[31] = 'x';
	return f;
}

static void from_elf(void)
{
	const char *want[] = {"abs A 40", "odd W ffffffff81000001", "var B ffffffff81000011",
			      "var b ffffffff81000021"};
	char name[KALLSYMS_NAME_MAX], type, line[600];
	struct elf f = elf_make();
	struct kallsyms *s;
	uint64_t kva;
	struct err e;

	CHECK(kallsyms_create_elf(&f, sizeof(f), 1, &s, &e) == 0);
	CHECK(s && kallsyms_count(s) == 4);
	for (size_t i = 0; s && i < kallsyms_count(s) && i < 4; i++) {
		CHECK(kallsyms_get(s, i, name, &kva, &type, &e) == 0);
		snprintf(line, sizeof(line), "%s %c %llx", name, type, (unsigned long long)kva);
		CHECK_STR(line, want[i]);
	}
	if (s)
		check_symbol(s, "var", BASE + 0x11);
	kallsyms_destroy(s);

	f.section[1].sh_size = 2 * sizeof(Elf64_Sym) - 1; /* half a symbol is none */
	CHECK(kallsyms_create_elf(&f, sizeof(f), 0, &s, &e) == -1 && e.code == ENOENT);
	CHECK_STR(e.text, "vmlinux: no symbols");
	f = elf_make();
	f.section[2].sh_size = 0;
	CHECK(kallsyms_create_elf(&f, sizeof(f), 0, &s, &e) == -1 && e.code == ENOENT);
	f = elf_make();
	f.section_names[2] = 'x';
	CHECK(kallsyms_create_elf(&f, sizeof(f), 0, &s, &e) == -1 && e.code == ENOENT);
	CHECK_STR(e.text, "vmlinux: the ELF file has no section '.symtab'");
	CHECK(kallsyms_create_elf("junk", 4, 0, &s, &e) == -1 && !s);
}

/* One table in the form that the fuzz target takes, for it to begin with. */
static int write_seeds(const char *dir)
{
	_cleanup_buf_ struct buf out = {0};
	const uint64_t numbers[] = {BASE, BASE, 0}; /* base, _stext, offsets */
	struct table t;

	table_init(&t);
	table_add_text(&t, "T\2", 0);
	table_add_text(&t, "\1tick", 0x100);
	table_add_text(&t, "tsched_tick", 0x200);
	buf_addf(&out, "%c%c%c%c", (int)t.n - 1, (int)t.tokens.len & 0xff, (int)t.tokens.len >> 8,
		 1);
	buf_add(&out, numbers, sizeof(numbers));
	buf_add(&out, t.index, sizeof(t.index));
	buf_add(&out, t.tokens.data, t.tokens.len);
	buf_add(&out, t.offsets, 4 * t.n);
	buf_add(&out, t.names.data, t.names.len);
	table_deinit(&t);
	return seed_write(dir, "kallsyms", &out);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0)
		return write_seeds(argv[2]);
	RUN(relative_to_base);
	RUN(relative_to_base_or_absolute);
	RUN(relative_to_entry);
	RUN(stext_must_fit);
	RUN(names_and_types);
	RUN(long_names);
	RUN(damaged_tables);
	RUN(walk_stops_at_the_end);
	RUN(unsorted_table);
	RUN(order_of_any_addresses);
	RUN(colliding_names);
	RUN(from_memory);
	RUN(from_damaged_memory);
	RUN(from_map);
	RUN(from_elf);
	return TEST_END();
}
