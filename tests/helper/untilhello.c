/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a frame stream to its end and prints the wall-clock time, in microseconds since the epoch,
 * at which the agent's hello arrived. Status 1 when none came.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/tool.h"
#include "tlv/tlv.h"
#include "tlv/types.h"

int main(void)
{
	struct tlv_reader *r = tlv_reader_create();
	char chunk[65536];
	struct tlv_message m;
	int seen = 0;
	ssize_t n;

	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0) {
		if (!r || tlv_reader_feed(r, chunk, (size_t)n))
			return TOOL_USAGE;
		while (tlv_reader_next(r, &m)) {
			struct timespec now;

			if (seen || m.type != TLV_GUEST_HELLO)
				continue;
			seen = 1;
			clock_gettime(CLOCK_REALTIME, &now);
			printf("%lld\n", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
			fflush(stdout);
		}
	}
	tlv_reader_destroy(r);
	return seen ? TOOL_PASS : TOOL_FAIL;
}
