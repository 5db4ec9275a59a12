/* SPDX-License-Identifier: GPL-2.0-only */
/* Any bytes as a VMCOREINFO text, and as memory to find one in. */
#include "kernel/vmcoreinfo.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/kmem.h"

#define RAM_LEN (64u << 10)
#define FOUND_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mem *ram;
static int ram_fd;

static void make_ram(void)
{
	struct mem_range r = {.len = RAM_LEN};
	struct err e;

	ram_fd = memfd_create("ram", MFD_CLOEXEC);
	r.fd = ram_fd;
	if (ram_fd < 0 || ftruncate(ram_fd, RAM_LEN) || mem_create(&r, 1, false, &ram, &e))
		abort();
}

static void ask(const struct vmcoreinfo *v)
{
	struct kmem k;
	struct err e;
	uint64_t n;

	if (strlen(v->text) > VMCOREINFO_MAX || strlen(v->release) >= VMCOREINFO_RELEASE_MAX)
		abort();
	vmcoreinfo_symbol(v, "swapper_pg_dir", &n, &e);
	vmcoreinfo_number(v, "phys_base", &n, &e);
	vmcoreinfo_length(v, "node_data", &n, &e);
	vmcoreinfo_hex(v, "KERNELOFFSET", &n, &e);
	if (kmem_init(&k, ram, v, &e) == 0)
		kmem_u64(&k, k.image_base, &n, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[RAM_LEN];
	struct vmcoreinfo v;
	struct err e;
	struct vmcoreinfo_search search;

	if (!ram)
		make_ram();
	if (vmcoreinfo_parse((const char *)data, size, &v, &e) == 0)
		ask(&v);
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, data, size < RAM_LEN ? size : RAM_LEN);
	if (pwrite(ram_fd, bytes, sizeof(bytes), 0) != sizeof(bytes))
		return 0;
	vmcoreinfo_search_init(&search, ram);
	for (int i = 0; i < FOUND_MAX && vmcoreinfo_next(&search, &v, &e) == 0; i++) {
		if (v.gpa >= RAM_LEN)
			abort();
		ask(&v);
	}
	return 0;
}
