/* SPDX-License-Identifier: GPL-2.0-only */
/* The frame reader on any bytes, fed in pieces whose size the first byte chooses. */
#include "tlv/tlv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tlv_reader *r = tlv_reader_create();
	size_t piece = size ? data[0] + 1u : 1;
	struct tlv_message m;
	unsigned int sum = 0;

	for (size_t at = 1; at < size; at += piece) {
		if (tlv_reader_feed(r, data + at, size - at < piece ? size - at : piece))
			break;
		while (tlv_reader_next(r, &m))
			for (size_t i = 0; i < m.len; i++)
				sum += m.data[i];
	}
	tlv_reader_end(r);
	while (tlv_reader_next(r, &m))
		sum += (unsigned int)m.len;
	tlv_reader_destroy(r);
	return sum == 1 ? 0 : 0;
}
