/* SPDX-License-Identifier: GPL-2.0-only */
#include "bell.h"

#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <string.h>

int bell_announce(struct bell *b, const struct ram *ram, const void *json, size_t len,
		  struct err *e)
{
	json_t *object = json_loadb(json, len, 0, NULL);
	json_int_t gpa = -1;
	int bad = json_unpack(object, "{s:I}", "gpa", &gpa);

	json_decref(object);
	if (bad || gpa < 0)
		return err_set(e, EPROTO, "the mailbox's announcement is not understood");
	if (gpa % MAILBOX_PAGE || !ram_holds(ram, (uint64_t)gpa, MAILBOX_PAGE))
		return err_set(e, EPROTO, "%#llx is no page of the guest's memory",
			       (unsigned long long)gpa);
	b->announced = true;
	b->asked = false;
	b->gpa = (uint64_t)gpa;
	return 0;
}

static int take(struct bell *b, const struct ram *ram, struct mailbox *ret, struct err *e)
{
	if (!b->announced)
		return err_set(e, EPROTO, "the guest has not told where its mailbox is");
	if (ram_read(ram, b->gpa, ret, sizeof(*ret), e) || mailbox_check(ret, e))
		return -1;
	if (b->any && ret->seq == b->last_seq)
		return err_set(e, EPROTO, "request %u was answered before", ret->seq);
	return 0;
}

int bell_take(struct bell *b, const struct ram *ram, struct mailbox *ret, struct err *e)
{
	b->asked = false;
	if (take(b, ram, ret, e)) {
		b->refused++;
		return -1;
	}
	b->rings++;
	b->asked = b->any = true;
	b->last_seq = ret->seq;
	return 0;
}

int bell_answer(struct bell *b, const struct ram *ram, enum mailbox_status status, const char *text,
		struct err *e)
{
	char answer[MAILBOX_ANSWER_MAX] = "";
	uint32_t number = status;
	size_t len = strnlen(text, sizeof(answer) - 1);

	if (!b->asked)
		return err_set(e, EINVAL, "the guest has asked for nothing");
	memcpy(answer, text, len);
	if (ram_write(ram, b->gpa + offsetof(struct mailbox, answer), answer, sizeof(answer), e))
		return -1;
	return ram_write(ram, b->gpa + offsetof(struct mailbox, status), &number, sizeof(number),
			 e);
}
