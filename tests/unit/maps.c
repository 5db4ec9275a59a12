/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of a scheduler in a made-up kernel as JSON, from memory and from a record of it. */
#include "dump/maps.h"

#include <errno.h>

#include "mem/record.h"
#include "schedmaps.h"
#include "seeds.h"
#include "test.h"

struct rig {
	struct schedmaps s;
	struct kernel *k;
	struct maps *m;
	json_t *json;
	struct err e;
};

static void rig_init(struct rig *r)
{
	*r = (struct rig){0};
	sm_init(&r->s);
}

static void rig_boot(struct rig *r)
{
	guest_boot(&r->s.g);
	guest_must(!guest_attach(&r->s.g, &r->k, &r->e), "attach");
	sm_attached(&r->s, r->k);
	guest_must(!maps_create(r->k, &r->m, &r->e), "maps_create");
}

static void rig_deinit(struct rig *r)
{
	json_decref(r->json);
	maps_destroy(r->m);
	kernel_detach(r->k);
	guest_deinit(&r->s.g);
}
#define _cleanup_rig_ _cleanup_(rig_deinit)

static void render(struct rig *r, unsigned int max)
{
	json_decref(r->json);
	r->json = maps_json(r->m, r->k, max, &r->e);
	guest_must(r->json != NULL, "maps_json");
}

/* The map of that name; never NULL. */
static json_t *map(struct rig *r, const char *name)
{
	json_t *it, *none = NULL;
	size_t i;

	json_array_foreach (json_object_get(r->json, "maps"), i, it) {
		if (!strcmp(json_string_value(json_object_get(it, "name")), name))
			return it;
	}
	printf("# no map '%s'\n", name);
	CHECK(none);
	return json_null();
}

/* Member @name of the map, as compact text of a static buffer. */
static const char *text(json_t *it, const char *name)
{
	static char ret[65536];
	size_t n = json_dumpb(json_object_get(it, name), ret, sizeof(ret) - 1,
			      JSON_COMPACT | JSON_ENCODE_ANY);

	ret[n < sizeof(ret) ? n : 0] = 0;
	return ret;
}

#define HAS(it, name, want) CHECK_STR(text(it, name), want)
#define POINT(x, y)                                                                            \
	"{\"kind\":\"struct\",\"type_name\":\"point\",\"members\":[{\"name\":\"x\",\"value\":" \
	"{\"kind\":\"int\",\"bits\":32,\"value\":" x "}},{\"name\":\"y\",\"value\":"           \
	"{\"kind\":\"int\",\"bits\":32,\"value\":" y "}}]}"
#define UINT(bits, v) "{\"kind\":\"uint\",\"bits\":" bits ",\"value\":" v "}"

static void a_map_tells_what_it_is(void)
{
	_cleanup_rig_ struct rig r;
	char kva[32];
	json_t *it;

	rig_init(&r);
	rig_boot(&r);
	render(&r, 0);
	it = map(&r, "hash");
	snprintf(kva, sizeof(kva), "\"0x%llx\"", (unsigned long long)r.s.hash);
	HAS(it, "map_kva", kva);
	HAS(it, "map_type", "1");
	HAS(it, "map_type_name", "\"hash\"");
	HAS(it, "key_size", "8");
	HAS(it, "value_size", "8");
	HAS(it, "max_entries", "4");
	HAS(it, "map_flags", "0");
	HAS(it, "id", "6");
	CHECK(!json_object_get(it, "error") && !json_object_get(it, "truncated"));
}

static void those_of_the_scheduler_in_force_are_active(void)
{
	_cleanup_rig_ struct rig r;
	json_t *kvas, *it;
	size_t i, n = 0;

	rig_init(&r);
	rig_boot(&r);
	render(&r, 0);
	/* Used by its programs, with the same types, and the table itself. */
	HAS(map(&r, "obj.bss"), "active", "true");
	HAS(map(&r, "arena"), "active", "true");
	HAS(map(&r, "ring"), "active", "true");
	HAS(map(&r, "hash"), "active", "true");
	HAS(map(&r, "ops"), "active", "true");
	HAS(map(&r, "other.bss"), "active", "false");
	HAS(map(&r, "other_ops"), "active", "false");
	HAS(map(&r, "percpu_hash"), "active", "false");
	HAS(r.json, "active_obj_name", "\"obj\"");
	kvas = json_object_get(r.json, "active_map_kvas");
	json_array_foreach (json_object_get(r.json, "maps"), i, it) {
		bool active = json_is_true(json_object_get(it, "active"));

		CHECK(active == (i < json_array_size(kvas))); /* they come first */
		if (active)
			CHECK(json_equal(json_array_get(kvas, n++),
					 json_object_get(it, "map_kva")));
	}
	CHECK(n == json_array_size(kvas) && n == 9);
}

static void another_scheduler_or_none(void)
{
	_cleanup_rig_ struct rig r;

	rig_init(&r);
	rig_boot(&r);
	GM_AT(&r.s.g, struct gm_ops_map, r.s.ops)->kvalue.data.priv = 0;
	GM_AT(&r.s.g, struct gm_ops_map, r.s.other_ops)->kvalue.data.priv = r.s.sched;
	render(&r, 0);
	HAS(r.json, "active_obj_name", "\"other\"");
	HAS(map(&r, "obj.bss"), "active", "false");
	HAS(map(&r, "other.bss"), "active", "true");
	/* None, and two tables that could be its. */
	guest_set(&r.s.g, r.s.m.scx_root, 0, 8);
	render(&r, 0);
	HAS(r.json, "active_obj_name", "null");
	HAS(r.json, "active_map_kvas", "[]");
	/* One alone was the last one's. */
	GM_AT(&r.s.g, struct gm_map, r.s.other_ops)->btf_vmlinux_value_type_id = 0;
	render(&r, 0);
	HAS(r.json, "active_obj_name", "\"obj\"");
	/* Programs that cannot be seen: those with the same types. */
	GM_AT(&r.s.g, struct gm_ops_map, r.s.ops)->links = GM_NONE;
	render(&r, 0);
	HAS(r.json, "active_obj_name", "\"obj\"");
	HAS(map(&r, "hash"), "active", "true");
	HAS(map(&r, "ring"), "active", "false");
}

static void sections_have_one_value(void)
{
	_cleanup_rig_ struct rig r;
	json_t *it, *members;

	rig_init(&r);
	rig_boot(&r);
	render(&r, 0);
	it = json_object_get(map(&r, "obj.bss"), "value");
	members = json_object_get(it, "members");
	CHECK(json_array_size(members) == 4);
	HAS(json_array_get(members, 0), "name", "\"stall\"");
	HAS(json_array_get(members, 0), "value", "{\"kind\":\"int\",\"bits\":32,\"value\":1}");
	HAS(json_array_get(members, 1), "value", UINT("64", "4711"));
	HAS(json_array_get(members, 2), "value", POINT("7", "-8"));
	/* A pointer into the arena, and on from there. */
	it = json_object_get(json_array_get(members, 3), "value");
	CHECK(strstr(text(it, "target"), "\"value\":71") && strstr(text(it, "target"), ":72"));
	/* So does one to a struct that only another program's types have. */
	it = json_array_get(json_object_get(map(&r, "named"), "entries"), 0);
	CHECK(strstr(text(it, "value"), "\"value\":71") && strstr(text(it, "value"), ":72"));
	/* The other one's arena is not its own. */
	it = json_object_get(map(&r, "other.bss"), "value");
	CHECK(json_array_size(json_object_get(it, "members")) == 4);
	it = json_object_get(json_array_get(json_object_get(it, "members"), 3), "value");
	HAS(it, "value", "\"0x7f0000000040\"");
	CHECK(!json_object_get(it, "target"));
	/* A mask, which is the kernel's. */
	it = json_array_get(json_object_get(map(&r, "mask"), "entries"), 0);
	HAS(json_object_get(it, "value"), "cpus", "\"0,2-3\"");
}

static void pairs_of_key_and_value(void)
{
	_cleanup_rig_ struct rig r;

	rig_init(&r);
	rig_boot(&r);
	render(&r, 0);
	HAS(map(&r, "array"), "entries",
	    "[{\"key\":" UINT("32", "0") ",\"value\":" POINT("0", "0") "},{\"key\":" UINT(
		    "32",
		    "1") ",\"value\":" POINT("0",
					     "0") "},{\"key\":" UINT("32",
								     "2") ",\"value\":" POINT("5",
											      "-6") "}]");
	HAS(map(&r, "hash"), "entries",
	    "[{\"key\":" UINT("64", "77") ",\"key_hex\":\"4d00000000000000\",\"value\":" POINT(
		    "5", "-6") ",\"value_hex\":\"05000000faffffff\"}]");
	HAS(map(&r, "percpu"), "percpu_entries",
	    "[{\"key\":" UINT("32", "0") ",\"values\":[null,null,null,null]},{\"key\":" UINT(
		    "32",
		    "1") ",\"values\":[{\"kind\":\"int\",\"bits\":32,\"value\":0},"
			 "{\"kind\":\"int\",\"bits\":32,\"value\":1},{\"kind\":\"int\",\"bits\":32,"
			 "\"value\":2},{\"kind\":\"int\",\"bits\":32,\"value\":3}]}]");
	/* Without types: bytes. */
	HAS(map(&r, "percpu_hash"), "percpu_hash_entries",
	    "[{\"key\":{\"kind\":\"bytes\",\"hex\":\"4d00000000000000\"},"
	    "\"key_hex\":\"4d00000000000000\",\"values\":[null,null,null,null]}]");
	HAS(map(&r, "inner"), "entries",
	    "[{\"key\":" UINT(
		    "32", "0") ",\"value\":{\"kind\":\"bytes\",\"hex\":\"0000000000000000\"}}]");
	HAS(map(&r, "maps"), "entries",
	    "[{\"key\":{\"kind\":\"bytes\",\"hex\":\"03000000\"},\"key_hex\":\"03000000\","
	    "\"value\":" UINT("32", "8") "}]");
	render(&r, 2);
	CHECK(json_array_size(json_object_get(map(&r, "array"), "entries")) == 2);
	HAS(map(&r, "array"), "truncated", "true");
}

static void maps_of_other_shapes(void)
{
	_cleanup_rig_ struct rig r;
	json_t *it;

	rig_init(&r);
	rig_boot(&r);
	render(&r, 0);
	HAS(map(&r, "ring"), "ringbuf",
	    "{\"capacity\":4096,\"consumer\":8,\"producer\":40,\"pending_position\":16,"
	    "\"pending_bytes\":32}");
	HAS(map(&r, "array_maps"), "fd_array",
	    "{\"populated\":1,\"scanned\":4,\"indices\":[1],\"map_ids\":[8]}");
	it = json_object_get(map(&r, "stacks"), "stack_trace");
	HAS(it, "n_buckets", "4");
	HAS(it, "entries",
	    "[{\"id\":3,\"depth\":2,\"addresses\":[\"0xffffffff80001004\",\"0x400000\"],"
	    "\"symbols\":[\"_stext+0x4\",null]}]");
	it = json_object_get(map(&r, "arena"), "arena");
	HAS(it, "user_start", "\"0x7f0000000000\"");
	HAS(it, "pages", "2");
	HAS(it, "pages_captured", "2");
	CHECK(json_array_size(json_object_get(it, "contents")) == 2);
	it = json_array_get(json_object_get(map(&r, "tasks"), "entries"), 0);
	HAS(it, "key", "{\"kind\":\"int\",\"bits\":32,\"value\":42}");
	HAS(it, "comm", "\"worker\"");
	HAS(it, "value", POINT("9", "0"));
	HAS(json_object_get(map(&r, "ops"), "value"), "type_name",
	    "\"bpf_struct_ops_sched_ext_ops\"");
	CHECK(strstr(text(map(&r, "bloom"), "error"), "bloom_filter"));
}

static void one_that_is_wrong_leaves_the_rest(void)
{
	_cleanup_rig_ struct rig r;
	size_t n;

	rig_init(&r);
	guest_set(&r.s.g, r.s.m.node + 40 + 8 * 60, GM_NONE, 8);
	rig_boot(&r);
	render(&r, 0);
	n = json_array_size(json_object_get(r.json, "maps"));
	CHECK(n == r.s.m.n + 1);
	CHECK(strstr(text(map(&r, "wrong"), "error"), "0xdead000000000100"));
	CHECK(strstr(text(json_array_get(json_object_get(r.json, "maps"), n - 1), "error"),
		     "not in memory"));
	/* Types that are none: the bytes are there, and why there is no more. */
	memset(guest_at(&r.s.g, GM_AT(&r.s.g, struct gm_btf, r.s.btf)->data), 0xff, 8);
	render(&r, 0);
	CHECK(json_object_get(map(&r, "hash"), "entries") != NULL);
	GM_AT(&r.s.g, struct gm_btf, r.s.btf)->id = 99;
	render(&r, 0);
	CHECK(strstr(text(map(&r, "hash"), "types_error"), "types: "));
	CHECK(strstr(text(map(&r, "hash"), "entries"), "\"bytes\""));
	/* A section whose values are gone. */
	GM_AT(&r.s.g, struct gm_btf, r.s.btf)->id = 1;
	GM_AT(&r.s.g, struct gm_map, r.s.bss)->value_size = 0;
	render(&r, 0);
	CHECK(json_object_get(map(&r, "obj.bss"), "error") &&
	      !json_object_get(map(&r, "obj.bss"), "value"));
	/* A list that ends early. */
	guest_set(&r.s.g, r.s.m.node + 40 + 8 * 3, r.s.m.node + 2, 8);
	render(&r, 0);
	CHECK(json_array_size(json_object_get(r.json, "maps")) == 2);
	CHECK(json_object_get(r.json, "maps_error") != NULL);
}

/* What is touched is all that is rendered: from the sealed record the same comes out. */
static void a_record_renders_the_same(bool prepared)
{
	_cleanup_rig_ struct rig r;
	json_t *live, *again;
	struct mem *record;
	struct kernel over;

	rig_init(&r);
	rig_boot(&r);
	if (prepared)
		CHECK(!maps_prepare(r.m, r.k, &r.e));
	CHECK(!mem_record(r.s.g.mem, 16u << 20, &record, &r.e));
	over = kernel_over(r.k, record);
	CHECK(!maps_touch(r.m, &over, &r.e));
	mem_record_seal(record);
	render(&r, 0);
	live = json_incref(r.json);
	memset(r.s.g.ram, 0xee, GUEST_VMCOREINFO); /* the guest goes on */
	again = maps_json(r.m, &over, 0, &r.e);
	CHECK(again && json_equal(live, again));
	json_decref(live);
	json_decref(again);
	mem_destroy(record);
}

static void from_a_record(void)
{
	a_record_renders_the_same(false);
}

static void from_a_record_prepared(void)
{
	a_record_renders_the_same(true);
}

static int variable(struct rig *r, const char *object, const char *section, const char *name,
		    uint64_t *ret_at, uint64_t *ret_len)
{
	uint64_t kva;

	if (maps_variable(r->m, r->k, object, section, name, &kva, ret_len, &r->e))
		return -1;
	*ret_at = kva - r->s.bss - offsetof(struct gm_array, value);
	return 0;
}

static void variables_are_found_by_name(void)
{
	_cleanup_rig_ struct rig r;
	uint64_t at, len;

	rig_init(&r);
	rig_boot(&r);
	CHECK(!variable(&r, "", "bss", "counter", &at, &len) && at == 8 && len == 8);
	CHECK(!variable(&r, NULL, "bss", "at.y", &at, &len) && at == 20 && len == 4);
	CHECK(!variable(&r, "obj", "bss", "stall", &at, &len) && at == 0 && len == 4);
	CHECK(!variable(&r, "other", "bss", "stall", &at, &len));
	CHECK(at == r.s.other_bss - r.s.bss);
	CHECK(variable(&r, "", "bss", "stal", &at, &len) == -1 && r.e.code == ENOENT);
	CHECK(strstr(r.e.text, "'bss.stal'"));
	CHECK(variable(&r, "obj", "bss", "stalls", &at, &len) == -1 && r.e.code == ENOENT);
	CHECK(strstr(r.e.text, "'obj.bss.stalls'"));
	CHECK(variable(&r, "", "bss", "at.z", &at, &len) == -1 && r.e.code == ENOENT);
	CHECK(variable(&r, "", "data", "stall", &at, &len) == -1 && r.e.code == ENOENT);
	CHECK(variable(&r, "ob", "bss", "stall", &at, &len) == -1 && r.e.code == ENOENT);
	CHECK(variable(&r, "objx", "bss", "stall", &at, &len) == -1 && r.e.code == ENOENT);
	/* Names of objects are cut to what the map's name leaves them, and cleaned. */
	memcpy(GM_AT(&r.s.g, struct gm_map, r.s.bss)->name, "long_obj.bss", 13);
	CHECK(!variable(&r, "long-object-name", "bss", "stall", &at, &len) && at == 0);
	CHECK(variable(&r, "longer", "bss", "stall", &at, &len) == -1);
	/* A section that is shorter than its type says. */
	GM_AT(&r.s.g, struct gm_map, r.s.bss)->value_size = 12;
	CHECK(variable(&r, "", "bss", "counter", &at, &len) == -1 && r.e.code == EPROTO);
	CHECK(!variable(&r, "", "bss", "stall", &at, &len));
}

static void a_kernel_without_maps(void)
{
	struct kernel *k;
	struct guest g;
	struct maps *m;
	struct err e;
	json_t *json;

	guest_init(&g, 1);
	guest_boot(&g);
	guest_must(!guest_attach(&g, &k, &e), "attach");
	CHECK(!maps_create(k, &m, &e));
	CHECK(!maps_prepare(m, k, &e) && !maps_touch(m, k, &e));
	json = maps_json(m, k, 0, &e);
	HAS(json, "maps", "[]");
	CHECK(strstr(text(json, "maps_error"), "map_idr"));
	json_decref(json);
	maps_destroy(m);
	maps_destroy(NULL);
	kernel_detach(k);
	guest_deinit(&g);
}

/* Many maps, all with as much as they can have: the budget is for all. */
static void a_budget_is_for_all_maps(void)
{
	_cleanup_rig_ struct rig r;
	struct jsonw w = {0};
	size_t entries = 0;

	rig_init(&r);
	rig_boot(&r);
	GM_AT(&r.s.g, struct gm_map, r.s.inner)->max_entries = UINT32_MAX;
	for (unsigned int s = 20; s < 64; s++)
		guest_set(&r.s.g, r.s.m.node + 40 + 8 * s, r.s.inner, 8);
	CHECK(!maps_write(r.m, r.k, 0, &w, &r.e));
	for (size_t i = 0; i + 6 <= w.out.len; i++)
		entries += !memcmp(w.out.data + i, "\"key\":", 6);
	CHECK(entries > 1000000 && entries < MAPS_NODES_MAX / 3);
	buf_deinit(&w.out);
}

/* ---- seeds ---- */

/* A change of 8 bytes at @kva, as tests/fuzz/maps.c takes them. */
static void seed_add(struct buf *seed, uint64_t kva, uint64_t v)
{
	uint32_t at = (uint32_t)(kva - GUEST_PAGE_OFFSET);

	buf_add(seed, &at, 3);
	buf_add(seed, "\7", 1);
	buf_add(seed, &v, 8);
}

static int write_seeds(const char *dir)
{
	static struct schedmaps s;
	int ret = 0;

	sm_init(&s);
	struct {
		const char *name;
		uint64_t kva, v;
	} changes[] = {
		{"circle", GM_AT(&s.g, struct gm_htab, s.hash)->buckets + 32, s.hash},
		{"hash", s.hash + offsetof(struct gm_htab, buckets), s.bss},
		{"sizes", s.array + offsetof(struct gm_map, value_size), 0xffffffff7fffffff},
		{"links", s.ops + offsetof(struct gm_ops_map, links), s.ops},
		{"tree", s.arena + offsetof(struct gm_arena, rb_node), s.arena_pages},
		{"arena", s.bss + offsetof(struct gm_array, value) + 24, SM_USER_START + 4096},
		{"btf", s.btf + offsetof(struct gm_btf, data), s.bss},
		{"root", s.storage + offsetof(struct gm_storage_map, buckets), s.hash},
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		_cleanup_buf_ struct buf seed = {0};

		seed_add(&seed, changes[i].kva, changes[i].v);
		ret |= seed_write(dir, changes[i].name, &seed);
	}
	guest_deinit(&s.g);
	return ret;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--seeds"))
		return write_seeds(argv[2]);
	RUN(a_map_tells_what_it_is);
	RUN(those_of_the_scheduler_in_force_are_active);
	RUN(another_scheduler_or_none);
	RUN(sections_have_one_value);
	RUN(pairs_of_key_and_value);
	RUN(maps_of_other_shapes);
	RUN(one_that_is_wrong_leaves_the_rest);
	RUN(from_a_record);
	RUN(from_a_record_prepared);
	RUN(variables_are_found_by_name);
	RUN(a_kernel_without_maps);
	RUN(a_budget_is_for_all_maps);
	return TEST_END();
}
