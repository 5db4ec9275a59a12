/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes to the memory of a toy kernel that a fuzz target's input tells of, most of them of
 * pointers into that memory, as wild ones are found out at once.
 */
#ifndef KTSTR_TESTS_FUZZ_TOYWRITE_H
#define KTSTR_TESTS_FUZZ_TOYWRITE_H

#include "../unit/toykernel.h"
#include "base/cursor.h"

static inline void toy_write(struct toy_memory *m, struct cursor *c)
{
	uint64_t to = cursor_u16(c) * 8ull % (sizeof(*m) - 16), value;
	uint8_t how = cursor_u8(c), len = 8;

	switch (how % 8) {
	case 0:
		value = cursor_u64(c);
		break;
	case 1:
		value = cursor_u8(c);
		to += how >> 5;
		len = 1;
		break;
	case 2:
		value = cursor_u32(c);
		to += how >> 7 ? 4 : 0;
		len = 4;
		break;
	case 3:
		value = 1ull << (cursor_u8(c) % 64);
		break;
	default: /* with the low bits that nodes, locks and ends of chains have */
		value = TOY_MAP + cursor_u16(c) * 8ull + (how >> 3 & 3);
		break;
	}
	memcpy((uint8_t *)m + to, &value, len);
}

#endif
