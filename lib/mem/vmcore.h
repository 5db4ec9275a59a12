/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes a guest's memory as an ELF core of a kernel, as /proc/vmcore has it
 * (Documentation/admin-guide/kdump/vmcoreinfo.rst, fs/proc/vmcore.c): notes with the registers of
 * each CPU (NT_PRSTATUS) and the VMCOREINFO, and a segment a range of memory. For x86-64. drgn
 * opens it, and crash(8), which must be told --kaslr=auto for kernels from 6.10 on: it knows by
 * their module_load_offset, which is gone, whether they were moved.
 */
#ifndef KTSTR_MEM_VMCORE_H
#define KTSTR_MEM_VMCORE_H

#include <stddef.h>
#include <stdint.h>

#include "mem/mem.h"

#define VMCORE_CPUS_MAX 8192u
/* Of one CPU. */
struct vmcore_regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t orig_rax, rip, cs, eflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
	uint32_t pid; /* of the task that runs there, 0 when it is idle or not known */
};

struct vmcore_info {
	const char *vmcoreinfo;		/* the text, or NULL */
	const struct vmcore_regs *regs; /* by the number of the CPU */
	size_t n_regs;			/* at most VMCORE_CPUS_MAX */
	uint64_t page_offset; /* of the direct map: p_vaddr = it + p_paddr; 0: not known */
	uint64_t image_base, image_len; /* kernel image: a segment of its own at its addresses */
	uint64_t image_phys;		/* where it lies; image_len 0: none */
};

/*
 * Write the core of @m to @fd, which is empty, or a pipe. Pages of zeros become holes where the
 * file allows. The segment of the image shares its bytes with that of the memory below it, and is
 * cut, or left out, where no memory is. Fails with the error of write(2), with that of mem_read()
 * for memory that cannot be read, EINVAL for memory in more pieces than mem_open() takes or for too
 * many CPUs. What was written then stays.
 */
int vmcore_write(int fd, const struct mem *m, const struct vmcore_info *info, struct err *e);

#endif
