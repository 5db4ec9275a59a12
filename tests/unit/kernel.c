/* SPDX-License-Identifier: GPL-2.0-only */
/* Attaching to a kernel that the test makes, and to such as are not whole, not alone, or gone. */
#include "kernel/kernel.h"

#include <elf.h>
#include <errno.h>

#include "guest.h"
#include "test.h"

static struct err e;

static void kernel_detachp(struct kernel **k)
{
	kernel_detach(*k);
}
#define _cleanup_kernel_ _cleanup_(kernel_detachp)

/* The address of @name in the map of @g. */
static uint64_t symbol_of(struct guest *g, const char *name)
{
	char key[64];
	const char *at;

	snprintf(key, sizeof(key), " D %s\n", name);
	at = strstr(buf_text(&g->map), key);
	guest_must(at != NULL, name);
	return strtoull(at - 16, NULL, 16);
}

static void check_attach(struct guest *g)
{
	_cleanup_kernel_ struct kernel *k = NULL;

	if (guest_attach(g, &k, &e)) {
		printf("# %s\n", e.text);
		CHECK(0);
	}
}

static void check_refused(struct guest *g, const struct kernel_sources *sources, int code,
			  const char *text)
{
	struct kernel_sources of_guest = {.system_map = &g->map};
	struct kernel *k = NULL;

	e = (struct err){0};
	CHECK(kernel_attach(g->mem, sources ? sources : &of_guest, &k, &e) == -1 && !k);
	CHECK(e.code == code);
	if (!strstr(e.text, text) || e.code != code)
		printf("# code %d: %s\n", e.code, e.text);
	CHECK(strstr(e.text, text));
	kernel_detach(k);
}

/* ---- what is learnt ---- */

static void test_attach(void)
{
	_cleanup_guest_ struct guest g;
	_cleanup_kernel_ struct kernel *k = NULL;
	uint64_t kva, bits = 0;

	guest_init(&g, 3);
	guest_boot(&g);
	CHECK(guest_attach(&g, &k, &e) == 0);
	if (!k)
		return;
	CHECK_STR(k->vmcoreinfo.release, GUEST_RELEASE);
	CHECK(k->nr_cpu_ids == 3 && k->hz == GUEST_HZ && k->mem.page_offset == GUEST_PAGE_OFFSET);
	CHECK(!kernel_symbol(k, "cpu_number", &kva, &e));
	CHECK(!kernel_percpu(k, kva, 2, &kva, &e) && *(uint32_t *)guest_at(&g, kva) == 2);
	CHECK(kernel_percpu(k, kva, 3, &kva, &e) == -1 && e.code == EINVAL);
	CHECK_STR(e.text, "no CPU 3: the kernel has 3");
	guest_set(&g, symbol_of(&g, "__cpu_online_mask"), 0xfd, 8);
	CHECK(!kernel_cpumask(k, "__cpu_online_mask", &bits, &e) && bits == 5);
	CHECK(kernel_cpumask(k, "__cpu_dead_mask", &bits, &e) == -1 && e.code == ENOENT);
	CHECK(kernel_is_alive(k));
}

static void test_members(void)
{
	_cleanup_guest_ struct guest g;
	_cleanup_kernel_ struct kernel *k = NULL;
	struct member m = {.offset = 8, .size = 4, .count = 1, .is_signed = true};
	uint64_t v = 0, at;

	guest_init(&g, 1);
	guest_boot(&g);
	at = guest_alloc(&g, 32);
	guest_set(&g, at + 8, 0xfffffffe, 4);
	CHECK(!guest_attach(&g, &k, &e));
	if (!k)
		return;
	CHECK(!kernel_read_member(k, at, &m, &v, &e) && v == (uint64_t)-2);
	m.is_signed = false;
	CHECK(!kernel_read_member(k, at, &m, &v, &e) && v == 0xfffffffe);
	m = (struct member){.offset = 8, .size = 1, .bit_offset = 1, .bit_size = 3};
	guest_set(&g, at + 8, 0x5b, 1); /* 01011011 */
	CHECK(!kernel_read_member(k, at, &m, &v, &e) && v == 5);
	m.is_signed = true;
	CHECK(!kernel_read_member(k, at, &m, &v, &e) && v == (uint64_t)-3);
	guest_set(&g, at + 8, 0x8123456789abcdef, 8);
	m = (struct member){.offset = 8, .size = 8, .is_signed = true};
	CHECK(!kernel_read_member(k, at, &m, &v, &e) && v == 0x8123456789abcdef);
	m = (struct member){.offset = 8, .size = 8, .bit_offset = 4, .bit_size = 60};
	CHECK(!kernel_read_member(k, at, &m, &v, &e) && v == 0x8123456789abcde);
	m.size = 9;
	CHECK(kernel_read_member(k, at, &m, &v, &e) == -1 && e.code == EINVAL);
	m.size = 4;
	CHECK(kernel_read_member(k, 0x1000, &m, &v, &e) == -1 && e.code == EFAULT);
}

/* ---- not up yet ---- */

static void test_not_up_yet(void)
{
	_cleanup_guest_ struct guest g;

	guest_init(&g, 2);
	check_refused(&g, NULL, EAGAIN, "no VMCOREINFO in memory");
	guest_boot(&g);
	*strstr((char *)g.ram + GUEST_VMCOREINFO, "KERNELOFFSET") = 0; /* that far written */
	check_refused(&g, NULL, EAGAIN, "VMCOREINFO has no 'KERNELOFFSET'");
	memset(guest_at(&g, symbol_of(&g, "init_uts_ns")), 0, 400);
	check_refused(&g, NULL, EAGAIN, "VMCOREINFO is of kernel '6.99.0-test', memory of ''");
	memset(guest_at(&g, GUEST_ROOT), 0, GUEST_PAGE);
	check_refused(&g, NULL, EAGAIN, "is not mapped");
}

static void test_no_areas_yet(void)
{
	_cleanup_guest_ struct guest g;

	guest_init(&g, 2);
	guest_boot(&g);
	guest_set(&g, symbol_of(&g, "__per_cpu_offset") + 8, 0, 8);
	check_refused(&g, NULL, EAGAIN, "the per-CPU area of CPU 1 is not set up");
	/* A CPU that cannot be has none. */
	guest_set(&g, symbol_of(&g, "__cpu_possible_mask"), 1, 8);
	check_attach(&g);
}

/* ---- what cannot be right ---- */

static void test_absurd_numbers(void)
{
	_cleanup_guest_ struct guest g;
	uint64_t clock, base;

	guest_init(&g, 1);
	guest_boot(&g);
	guest_set(&g, symbol_of(&g, "nr_cpu_ids"), 0, 4);
	check_refused(&g, NULL, EPROTO, "the kernel has 0 CPUs");
	guest_set(&g, symbol_of(&g, "nr_cpu_ids"), UINT32_MAX, 4);
	check_refused(&g, NULL, EPROTO, "the kernel has 4294967295 CPUs");
	guest_set(&g, symbol_of(&g, "nr_cpu_ids"), 1, 4);
	clock = symbol_of(&g, "clocksource_jiffies");
	guest_set(&g, clock + 20, 64, 4);
	check_refused(&g, NULL, EPROTO, "a tick of the kernel is 0 ns");
	guest_set(&g, clock + 20, 30, 4);
	check_refused(&g, NULL, EPROTO, "a tick of the kernel is 0 ns");
	guest_set(&g, clock + 20, 8, 4);
	base = symbol_of(&g, "page_offset_base");
	guest_set(&g, base, 0xffff900000000000, 8);
	check_refused(&g, NULL, EFAULT, "no direct map at 0xffff900000000000");
	guest_set(&g, base, GUEST_PAGE_OFFSET + 0x1000, 8);
	check_refused(&g, NULL, EAGAIN, "no direct map at 0xffff888000001000");
	guest_set(&g, base, GUEST_PAGE_OFFSET, 8);
	guest_set(&g, symbol_of(&g, "linux_banner"), 0, 1);
	check_refused(&g, NULL, EAGAIN, "no 'Linux version ' at linux_banner");
}

static void test_bad_types(void)
{
	_cleanup_guest_ struct guest g;
	_cleanup_buf_ struct buf btf = {0};
	struct kernel_sources sources = {.system_map = &g.map, .btf = &btf};

	guest_init(&g, 1);
	guest_boot(&g);
	guest_set(&g, symbol_of(&g, "__start_BTF"), 0, 2);
	check_refused(&g, NULL, EPROTO, "the kernel's BTF: BTF does not begin with its magic");
	CHECK(!buf_add(&btf, "no BTF", 6));
	check_refused(&g, &sources, EPROTO, "the BTF given: BTF of 6 bytes is truncated");
}

/* Without a symbol of @name, which is not NULL, attaching fails as told, or works. */
static void check_without(const char *name, int code, const char *text)
{
	_cleanup_guest_ struct guest g;
	char key[64], *at;

	guest_init(&g, 2);
	guest_boot(&g);
	snprintf(key, sizeof(key), " D %s\n", name);
	at = strstr(g.map.data, key);
	guest_must(at != NULL, name);
	at[3] = '?';
	if (code)
		check_refused(&g, NULL, code, text);
	else
		check_attach(&g);
}

static void test_missing_symbols(void)
{
	check_without("_stext", ENOENT, "_stext");
	check_without("linux_banner", ENOENT, "linux_banner");
	check_without("__start_BTF", ENOENT, "the kernel has no BTF");
	check_without("__stop_BTF", ENOENT, "the kernel has no BTF");
	check_without("__per_cpu_offset", ENOENT, "per-CPU areas");
	check_without("clocksource_jiffies", ENOENT, "jiffies a second");
	/* What is a constant in some kernels, or only serves to be sure. */
	check_without("page_offset_base", 0, "");
	check_without("nr_cpu_ids", 0, "");
	check_without("cpu_number", 0, "");
	check_without("system_state", 0, "");
}

/* ---- files of the user ---- */

static void test_map_of_another(void)
{
	_cleanup_guest_ struct guest g;
	_cleanup_buf_ struct buf map = {0};
	struct kernel_sources sources = {.system_map = &map};

	guest_init(&g, 1);
	guest_boot(&g);
	CHECK(!buf_addf(&map, "ffffffff81000000 T _stext\n"));
	check_refused(&g, &sources, EINVAL,
		      "the System.map given is not of the kernel in memory (6.99.0-test)");
}

/* An ELF with one section .notes that has a build ID of 8 bytes. */
static void make_vmlinux(struct buf *ret, const char *id)
{
	static const char names[] = "\0.notes\0.shstrtab";
	struct {
		Elf64_Ehdr head;
		Elf64_Shdr sections[3];
		Elf64_Nhdr note;
		char note_name[4], id[8];
		char names[sizeof(names)];
	} f = {
		.head = {.e_ident = ELFMAG "\2\1\1",
			 .e_machine = EM_X86_64,
			 .e_shoff = sizeof(Elf64_Ehdr),
			 .e_shentsize = sizeof(Elf64_Shdr),
			 .e_shnum = 3,
			 .e_shstrndx = 2},
		.note = {.n_namesz = 4, .n_descsz = 8, .n_type = NT_GNU_BUILD_ID},
		.note_name = "GNU",
	};

	f.sections[1] = (Elf64_Shdr){.sh_name = 1,
				     .sh_type = SHT_NOTE,
				     .sh_offset = (uint64_t)((char *)&f.note - (char *)&f),
				     .sh_size = sizeof(f.note) + 12};
	f.sections[2] = (Elf64_Shdr){.sh_name = 8,
				     .sh_type = SHT_STRTAB,
				     .sh_offset = (uint64_t)(f.names - (char *)&f),
				     .sh_size = sizeof(names)};
	memcpy(f.id, id, sizeof(f.id));
	memcpy(f.names, names, sizeof(names));
	guest_must(!buf_add(ret, &f, sizeof(f)), "vmlinux");
}

static void test_vmlinux(void)
{
	_cleanup_guest_ struct guest g;
	_cleanup_buf_ struct buf right = {0}, wrong = {0}, cut = {0};
	struct kernel_sources sources = {.system_map = &g.map, .vmlinux = &right};
	_cleanup_kernel_ struct kernel *k = NULL;

	guest_init(&g, 1);
	guest_boot(&g);
	make_vmlinux(&right, "\x01\x23\x45\x67\x89\xab\xcd\xef");
	make_vmlinux(&wrong, "\x01\x23\x45\x67\x89\xab\xcd\xee");
	CHECK(!kernel_attach(g.mem, &sources, &k, &e));
	sources.vmlinux = &wrong;
	check_refused(&g, &sources, EINVAL,
		      "the vmlinux given is not of the kernel in memory (6.99.0-test): its build "
		      "ID is 0123456789abcdee, not 0123456789abcdef");
	CHECK(!buf_add(&cut, right.data, 40));
	sources.vmlinux = &cut;
	check_refused(&g, &sources, EPROTO, "the vmlinux given: the ELF file is truncated");
}

/* ---- several kernels, and none any more ---- */

static void test_gone(void)
{
	_cleanup_guest_ struct guest g;
	_cleanup_kernel_ struct kernel *k = NULL;
	uint64_t state, banner;

	guest_init(&g, 1);
	guest_boot(&g);
	CHECK(!guest_attach(&g, &k, &e));
	if (!k)
		return;
	state = symbol_of(&g, "system_state");
	banner = symbol_of(&g, "linux_banner");
	guest_set(&g, state, 7, 4);
	CHECK(kernel_is_alive(k)); /* suspended */
	guest_set(&g, state, 6, 4);
	CHECK(!kernel_is_alive(k));
	/* A kernel that restarts is still there for who looks at what is left. */
	check_attach(&g);
	guest_set(&g, state, 3, 4);
	CHECK(kernel_is_alive(k));
	guest_set(&g, banner, 'l', 1);
	CHECK(!kernel_is_alive(k));
	guest_set(&g, banner, 'L', 1);
	CHECK(kernel_is_alive(k));
	g.ram[GUEST_VMCOREINFO + 20]++;
	CHECK(!kernel_is_alive(k));
	g.ram[GUEST_VMCOREINFO + 20]--;
	CHECK(kernel_is_alive(k));
	/* A panic adds to the text. */
	strcpy((char *)g.ram + GUEST_VMCOREINFO + g.vmcoreinfo.len, "CRASHTIME=17\n");
	CHECK(kernel_is_alive(k));
}

/* A text before the right one, that an earlier kernel left. */
static void test_left_over(void)
{
	_cleanup_guest_ struct guest g;
	_cleanup_kernel_ struct kernel *k = NULL;
	char *old;

	guest_init(&g, 1);
	guest_boot(&g);
	old = (char *)g.ram + GUEST_VMCOREINFO - 8 * GUEST_PAGE;
	memcpy(old, g.ram + GUEST_VMCOREINFO, GUEST_PAGE);
	memcpy(strstr(old, "6.99.0"), "5.00.0", 6);
	CHECK(!guest_attach(&g, &k, &e));
	CHECK(k && k->vmcoreinfo.gpa == GUEST_VMCOREINFO);
	/* Nothing but it: it does not hold, and waiting may help. */
	memset(g.ram + GUEST_VMCOREINFO, 0, GUEST_PAGE);
	check_refused(&g, NULL, EAGAIN, "VMCOREINFO is of kernel '5.00.0-test'");
}

/* The first that holds is taken; past one that goes down, the search goes on. */
static void test_second_kernel(void)
{
	_cleanup_guest_ struct guest g;
	_cleanup_kernel_ struct kernel *k = NULL;

	guest_init(&g, 1);
	guest_boot(&g);
	memcpy(g.ram + GUEST_VMCOREINFO + GUEST_PAGE, g.ram + GUEST_VMCOREINFO, GUEST_PAGE);
	CHECK(!guest_attach(&g, &k, &e));
	CHECK(k && k->vmcoreinfo.gpa == GUEST_VMCOREINFO);
	kernel_detach(k);
	guest_set(&g, symbol_of(&g, "system_state"), 6, 4);
	CHECK(!guest_attach(&g, &k, &e));
	CHECK(k && k->vmcoreinfo.gpa == GUEST_VMCOREINFO + GUEST_PAGE);
}

/* Texts that lead to the kernel but not to its symbols: each costs as much as attaching does. */
static void test_many_kernels(void)
{
	_cleanup_guest_ struct guest g;
	_cleanup_kernel_ struct kernel *k = NULL;

	guest_init(&g, 1);
	guest_boot(&g);
	for (unsigned int i = 1; i <= 8; i++) {
		char *text = (char *)g.ram + GUEST_VMCOREINFO - i * GUEST_PAGE;

		CHECK(!guest_attach(&g, &k, &e));
		kernel_detach(k);
		k = NULL;
		memcpy(text, g.ram + GUEST_VMCOREINFO, GUEST_PAGE);
		memcpy(strstr(text, "KERNELOFFSET"), "KERNELBESIDE", 12);
	}
	check_refused(&g, NULL, EAGAIN, "KERNELOFFSET");
}

int main(void)
{
	RUN(test_attach);
	RUN(test_members);
	RUN(test_not_up_yet);
	RUN(test_no_areas_yet);
	RUN(test_absurd_numbers);
	RUN(test_bad_types);
	RUN(test_missing_symbols);
	RUN(test_map_of_another);
	RUN(test_vmlinux);
	RUN(test_gone);
	RUN(test_left_over);
	RUN(test_second_kernel);
	RUN(test_many_kernels);
	return TEST_END();
}
