/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/mailbox.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/clean.h"

static const char *const status_names[MAILBOX_STATUSES] = {
	[MAILBOX_ASKED] = "asked", [MAILBOX_NOBODY] = "nobody", [MAILBOX_HEARD] = "heard",
	[MAILBOX_OK] = "ok",	   [MAILBOX_ERROR] = "error",
};

static bool is_word(const char *text, size_t size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	return *text && memchr(text, 0, size) && !text[strspn(text, letters)];
}

int mailbox_check(struct mailbox *m, struct err *e)
{
	if (m->magic != MAILBOX_MAGIC)
		return err_set(e, EPROTO, "there is no mailbox (magic %#llx)",
			       (unsigned long long)m->magic);
	if (m->status != MAILBOX_ASKED)
		return err_set(e, EPROTO, "the mailbox asks for nothing (status %u)", m->status);
	if (!is_word(m->request, sizeof(m->request)))
		return err_set(e, EPROTO, "the mailbox's request is no word");
	if (!memchr(m->text, 0, sizeof(m->text)))
		return err_set(e, EPROTO, "the text in the mailbox has no end");
	clean_ascii(m->text, sizeof(m->text), m->text, sizeof(m->text));
	return 0;
}

const char *mailbox_status_name(uint32_t status)
{
	return status < MAILBOX_STATUSES ? status_names[status] : NULL;
}
