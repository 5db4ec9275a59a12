/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes a guest's memory as an ELF core of a kernel, as /proc/vmcore has it
 * (Documentation/admin-guide/kdump/vmcoreinfo.rst, fs/proc/vmcore.c): notes with the registers of
 * each CPU (NT_PRSTATUS) and the VMCOREINFO, and a segment a range of memory. crash(8) and drgn
 * open it.
 */
#ifndef KTSTR_MEM_VMCORE_H
#define KTSTR_MEM_VMCORE_H

#include <stddef.h>
#include <stdint.h>

#include "mem/mem.h"

/* Of one CPU, as struct user_regs_struct of x86-64 has them. */
struct vmcore_regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t orig_rax, rip, cs, eflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
	uint64_t cr3; /* for the monitor's note of QEMU, which is not written when 0 */
};

struct vmcore_info {
	const char *vmcoreinfo; /* the text, or NULL */
	const struct vmcore_regs *regs;
	size_t n_regs;
	uint64_t page_offset; /* of the direct map: p_vaddr = it + p_paddr; 0: not known */
	uint64_t image_base, image_len; /* kernel image: a segment of its own at its addresses */
	uint64_t image_phys;		/* where it lies; image_len 0: none */
};

/*
 * Write the core of @m to @fd, which is empty. Pages of zeros become holes where the file allows.
 * Fails with the error of write(2), or EFAULT for memory that cannot be read.
 */
int vmcore_write(int fd, const struct mem *m, const struct vmcore_info *info, struct err *e);

#endif
