/* SPDX-License-Identifier: GPL-2.0-only */
/* A mailbox of any bytes: what is accepted has texts that end and can be printed. */
#include <stdlib.h>
#include <string.h>

#include "vm/mailbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct mailbox m = {.magic = MAILBOX_MAGIC};
	struct err e;

	/* The magic is given, or nothing would be found behind it. */
	memcpy(&m.seq, data, len < sizeof(m) - 8 ? len : sizeof(m) - 8);
	if (mailbox_check(&m, &e))
		return 0;
	if (!*m.request || strlen(m.request) >= sizeof(m.request) ||
	    strlen(m.text) >= sizeof(m.text))
		abort();
	for (const char *c = m.text; *c; c++)
		if (*c < ' ' || *c > '~')
			abort();
	return 0;
}
