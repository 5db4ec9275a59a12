/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest with a small kernel that the test makes: 4 MiB of memory, page tables for the image and
 * the direct map, VMCOREINFO, a System.map and BTF, enough for kernel_attach(). A test changes what
 * it wants to be otherwise before it attaches. Nothing here can fail but by abort().
 *
 * Memory, by guest-physical address:
 *	0x000000	what is allocated by guest_alloc(), seen through the direct map
 *	0x180000	VMCOREINFO
 *	0x200000	the image: page tables, then what is allocated by guest_var()
 */
#ifndef KTSTR_TESTS_UNIT_GUEST_H
#define KTSTR_TESTS_UNIT_GUEST_H

#include <bpf/btf.h>
#include <string.h>

#include "base/buf.h"
#include "guestmem.h"
#include "kernel/kernel.h"

#define GUEST_RAM (4u << 20)
#define GUEST_PHYS_BASE 0x200000u
#define GUEST_VMCOREINFO 0x180000u
#define GUEST_IMAGE 0xffffffff80000000ull
#define GUEST_PAGE_OFFSET 0xffff888000000000ull
#define GUEST_STEXT (GUEST_IMAGE + 0x1000)
#define GUEST_ROOT (GUEST_IMAGE + 0x2000)
#define GUEST_RELEASE "6.99.0-test"
#define GUEST_HZ 250u

struct guest {
	int fd;
	uint8_t *ram; /* what the guest sees, for the test to write */
	struct mem *mem;
	struct guest_tables tables;
	unsigned int cpus;
	uint64_t next_alloc, next_var;
	struct buf map; /* System.map */
	struct btf *btf;
	struct buf vmcoreinfo;
};

/* ---- memory ---- */

/* Where the test sees @kva of the image or the direct map. */
static inline void *guest_at(struct guest *g, uint64_t kva)
{
	uint64_t gpa =
		kva >= GUEST_IMAGE ? kva - GUEST_IMAGE + GUEST_PHYS_BASE : kva - GUEST_PAGE_OFFSET;

	guest_must(gpa < GUEST_RAM, "guest address");
	return g->ram + gpa;
}

static inline void guest_set(struct guest *g, uint64_t kva, uint64_t v, size_t size)
{
	memcpy(guest_at(g, kva), &v, size); /* little-endian, as we are */
}

/* Room for @size bytes of zeros in the direct map. */
static inline uint64_t guest_alloc(struct guest *g, size_t size)
{
	uint64_t ret = GUEST_PAGE_OFFSET + g->next_alloc;

	g->next_alloc += (size + 63) / 64 * 64;
	guest_must(g->next_alloc <= GUEST_VMCOREINFO, "room to allocate");
	return ret;
}

/* ---- symbols ---- */

static inline void guest_symbol(struct guest *g, const char *name, uint64_t kva)
{
	guest_must(!buf_addf(&g->map, "%016llx D %s\n", (unsigned long long)kva, name), "symbol");
}

/* A variable of the kernel: room for @size bytes of zeros in the image, and its symbol. */
static inline uint64_t guest_var(struct guest *g, const char *name, size_t size)
{
	uint64_t ret = GUEST_IMAGE + g->next_var;

	g->next_var += (size + 63) / 64 * 64;
	guest_must(g->next_var <= GUEST_RAM - GUEST_PHYS_BASE, "room for a variable");
	guest_symbol(g, name, ret);
	return ret;
}

static inline uint64_t guest_var_set(struct guest *g, const char *name, uint64_t v, size_t size)
{
	uint64_t ret = guest_var(g, name, size);

	guest_set(g, ret, v, size);
	return ret;
}

/* ---- types ---- */

enum guest_type { GUEST_INT = 1, GUEST_UINT, GUEST_ULONG, GUEST_UCHAR, GUEST_PTR };

/* Those that kernel_attach() and xarray_layout_init() ask for; a test adds its own to g->btf. */
static inline void guest_types(struct guest *g)
{
	struct btf *b = g->btf = btf__new_empty();
	int xa, array;

	btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	btf__add_int(b, "unsigned int", 4, 0);
	btf__add_int(b, "unsigned long", 8, 0);
	btf__add_int(b, "unsigned char", 1, 0);
	btf__add_ptr(b, 0);
	array = btf__add_array(b, GUEST_UINT, GUEST_ULONG, 1);
	btf__add_struct(b, "cpumask", 8);
	btf__add_field(b, "bits", array, 0, 0);
	btf__add_struct(b, "clocksource", 24);
	btf__add_field(b, "mult", GUEST_UINT, 128, 0);
	btf__add_field(b, "shift", GUEST_UINT, 160, 0);
	xa = btf__add_struct(b, "xarray", 16);
	btf__add_field(b, "xa_head", GUEST_PTR, 64, 0);
	array = btf__add_array(b, GUEST_UINT, GUEST_PTR, 64);
	btf__add_struct(b, "xa_node", 576);
	btf__add_field(b, "shift", GUEST_UCHAR, 0, 0);
	btf__add_field(b, "slots", array, 320, 0);
	btf__add_struct(b, "idr", 24);
	btf__add_field(b, "idr_rt", xa, 0, 0);
	btf__add_field(b, "idr_base", GUEST_UINT, 128, 0);
	btf__add_enum(b, "system_states", 4);
	btf__add_enum_value(b, "SYSTEM_RUNNING", 3);
	btf__add_enum_value(b, "SYSTEM_RESTART", 6);
	btf__add_enum_value(b, "SYSTEM_SUSPEND", 7);
}

/* ---- life ---- */

static inline void guest_vmcoreinfo(struct guest *g, uint64_t uts)
{
	guest_must(!buf_addf(&g->vmcoreinfo,
			     "OSRELEASE=" GUEST_RELEASE
			     "\nBUILD-ID=0123456789abcdef\nPAGESIZE=4096\n"
			     "SYMBOL(init_uts_ns)=%llx\nOFFSET(uts_namespace.name)=4\n"
			     "SYMBOL(swapper_pg_dir)=%llx\nSYMBOL(_stext)=%llx\n"
			     "NUMBER(phys_base)=%u\nNUMBER(pgtable_l5_enabled)=0\n"
			     "KERNELOFFSET=0\nNUMBER(KERNEL_IMAGE_SIZE)=536870912\n",
			     (unsigned long long)uts, GUEST_ROOT, GUEST_STEXT, GUEST_PHYS_BASE),
		   "vmcoreinfo");
}

/* One page for what every CPU has of its own, its number first. */
static inline void guest_percpu(struct guest *g)
{
	uint64_t offsets = guest_var(g, "__per_cpu_offset", (size_t)g->cpus * 8);
	uint64_t symbol = guest_var(g, "cpu_number", GUEST_PAGE);

	for (unsigned int cpu = 0; cpu < g->cpus; cpu++) {
		uint64_t area = guest_alloc(g, GUEST_PAGE);

		guest_set(g, offsets + 8 * cpu, area - symbol, 8);
		guest_set(g, area, cpu, 4);
	}
}

static inline void guest_variables(struct guest *g)
{
	uint64_t uts, clock;
	uint64_t mask = g->cpus < 64 ? (1ull << g->cpus) - 1 : UINT64_MAX;

	guest_symbol(g, "_stext", GUEST_STEXT);
	uts = guest_var(g, "init_uts_ns", 4 + 6 * 65);
	strcpy(guest_at(g, uts + 4 + 2 * 65), GUEST_RELEASE);
	strcpy(guest_at(g, guest_var(g, "linux_banner", 64)),
	       "Linux version " GUEST_RELEASE " (test)");
	guest_var_set(g, "page_offset_base", GUEST_PAGE_OFFSET, 8);
	guest_var_set(g, "nr_cpu_ids", g->cpus, 4);
	guest_var_set(g, "system_state", 3, 4);
	guest_var_set(g, "__cpu_possible_mask", mask, 8);
	guest_var_set(g, "__cpu_online_mask", mask, 8);
	clock = guest_var(g, "clocksource_jiffies", 24);
	guest_set(g, clock + 16, (1000000000ull / GUEST_HZ) << 8, 4);
	guest_set(g, clock + 20, 8, 4);
	guest_vmcoreinfo(g, uts);
}

static inline void guest_init(struct guest *g, unsigned int cpus)
{
	*g = (struct guest){.fd = guest_file(GUEST_RAM), .cpus = cpus};
	g->ram = mmap(NULL, GUEST_RAM, PROT_READ | PROT_WRITE, MAP_SHARED, g->fd, 0);
	guest_must(g->ram != MAP_FAILED, "mmap");
	g->next_var = 0x10000; /* behind page tables */
	g->tables = (struct guest_tables){.fd = g->fd,
					  .root = GUEST_ROOT - GUEST_IMAGE + GUEST_PHYS_BASE,
					  .next = GUEST_ROOT - GUEST_IMAGE + GUEST_PHYS_BASE +
						  GUEST_PAGE,
					  .levels = 4};
	for (uint64_t at = 0; at < GUEST_RAM; at += 2u << 20)
		guest_map(&g->tables, GUEST_PAGE_OFFSET + at, at, 2);
	guest_map(&g->tables, GUEST_IMAGE, GUEST_PHYS_BASE, 2);
	guest_types(g);
	guest_variables(g);
	guest_percpu(g);
	g->mem = guest_flat(g->fd, GUEST_RAM, true);
}

/* Put VMCOREINFO and BTF into memory as they are now. */
static inline void guest_boot(struct guest *g)
{
	uint32_t len;
	const void *btf = btf__raw_data(g->btf, &len);
	uint64_t start = guest_var(g, "__start_BTF", len);

	memcpy(guest_at(g, start), btf, len);
	guest_symbol(g, "__stop_BTF", start + len);
	memset(g->ram + GUEST_VMCOREINFO, 0, GUEST_PAGE);
	memcpy(g->ram + GUEST_VMCOREINFO, g->vmcoreinfo.data, g->vmcoreinfo.len);
}

/* Attach with the symbols of g->map. */
static inline int guest_attach(struct guest *g, struct kernel **ret, struct err *e)
{
	return kernel_attach(g->mem, &(struct kernel_sources){.system_map = &g->map}, ret, e);
}

static inline void guest_deinit(struct guest *g)
{
	mem_destroy(g->mem);
	munmap(g->ram, GUEST_RAM);
	close(g->fd);
	btf__free(g->btf);
	buf_deinit(&g->map);
	buf_deinit(&g->vmcoreinfo);
}
#define _cleanup_guest_ _cleanup_(guest_deinit)

#endif
