/* SPDX-License-Identifier: GPL-2.0-only */
/* The dependency reader on any bytes; by the first byte, behind a header that is already right. */
#include "initrd/elfdeps.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_header(uint8_t *image, uint8_t choice)
{
	Elf64_Ehdr h = {.e_type = ET_DYN,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_ehsize = sizeof(h),
			.e_phoff = sizeof(h),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = choice % 8};

	memcpy(h.e_ident, ELFMAG, SELFMAG);
	h.e_ident[EI_CLASS] = ELFCLASS64;
	h.e_ident[EI_DATA] = ELFDATA2LSB;
	h.e_ident[EI_VERSION] = EV_CURRENT;
	memcpy(image, &h, sizeof(h));
	/* Small numbers, so that segments have a chance to be within the file. */
	for (unsigned int i = 0; i < h.e_phnum; i++) {
		Elf64_Phdr *p = (Elf64_Phdr *)(image + h.e_phoff) + i;

		p->p_type %= 4;
		p->p_offset &= 0xfff;
		p->p_filesz &= 0xfff;
		p->p_vaddr &= 0xfff;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elfdeps d;
	struct err e;
	uint8_t *image;

	if (!size)
		return 0;
	/* A block of exactly this size, so that a read past its end is seen. */
	image = malloc(size - 1 ? size - 1 : 1);
	memcpy(image, data + 1, size - 1);
	if (data[0] & 0x80 && size > sizeof(Elf64_Ehdr) + 8 * sizeof(Elf64_Phdr))
		put_header(image, data[0]);
	if (elfdeps_parse(image, size - 1, "fuzz", &d, &e) == 0)
		elfdeps_deinit(&d);
	free(image);
	return 0;
}
