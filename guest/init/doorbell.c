/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/doorbell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/parse.h"

#define WORD "ktstr.doorbell="
#define PORTS 2 /* the first rings, the second tells that we have gone on from there */
#define PORT_MAX (0x10000u - PORTS)
#define RING 1 /* what they take */

/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_PFN ((1ull << 55) - 1)

static int port_parse(const char *cmdline, unsigned int *ret, struct err *e)
{
	const char *word = strstr(cmdline, WORD);
	char text[16];

	*ret = 0;
	if (!word)
		return 0;
	word += strlen(WORD);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(word, " \n"), word);
	return parse_uint(text, 1, PORT_MAX, ret, e) ? err_prefix(e, WORD) : 0;
}

/*
 * A shared mapping: a private page would become another one when a child is forked. It is touched,
 * so that it is there, and locked, so that it stays.
 */
static int page_make(struct doorbell *d, struct err *e)
{
	void *page =
		mmap(NULL, MAILBOX_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return err_sys(e, "cannot map a page for the mailbox");
	memset(page, 0, MAILBOX_PAGE);
	d->box = page;
	d->box->magic = MAILBOX_MAGIC;
	if (mlock(page, MAILBOX_PAGE) || madvise(page, MAILBOX_PAGE, MADV_DONTFORK))
		return err_sys(e, "cannot lock the mailbox");
	return 0;
}

static int page_address(const void *page, uint64_t *ret, struct err *e)
{
	_cleanup_close_ int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t at = (off_t)((uintptr_t)page / MAILBOX_PAGE * sizeof(uint64_t));
	uint64_t entry;

	if (fd < 0)
		return err_sys(e, "cannot open '/proc/self/pagemap'");
	if (pread(fd, &entry, sizeof(entry), at) != sizeof(entry))
		return err_sys(e, "cannot read '/proc/self/pagemap'");
	if (!(entry & PAGEMAP_PRESENT) || !(entry & PAGEMAP_PFN))
		return err_set(e, ENXIO, "the kernel does not tell where the mailbox is");
	*ret = (entry & PAGEMAP_PFN) * MAILBOX_PAGE;
	return 0;
}

/* Even a locked page may move: the kernel compacts memory, and balances it over nodes. */
static int announce(struct doorbell *d, struct err *e)
{
	uint64_t gpa = 0;

	if (page_address(d->box, &gpa, e))
		return -1;
	if (gpa != d->gpa)
		link_send_json(d->link, TLV_MAILBOX, json_pack("{s:I}", "gpa", (json_int_t)gpa));
	d->gpa = gpa;
	return 0;
}

void doorbell_init(struct doorbell *d, struct link *l, const char *cmdline)
{
	struct err e;

	*d = (struct doorbell){.link = l};
	if (port_parse(cmdline, &d->port, &e) ||
	    (d->port && (page_make(d, &e) || announce(d, &e)))) {
		link_trouble(l, TROUBLE_SETUP, "%s", e.text);
		d->port = 0;
	}
}

static void port_write(unsigned int port)
{
	__asm__ volatile("outb %b0, %w1" : : "a"(RING), "Nd"((unsigned short)port) : "memory");
}

void doorbell_strike(const struct doorbell *d)
{
	/* Children inherit the right to a port, and must not ring. */
	if (ioperm(d->port, PORTS, 1)) {
		link_trouble(d->link, TROUBLE_AGENT, "cannot ring the doorbell: %s",
			     strerror(errno));
		return;
	}
	port_write(d->port);
	port_write(d->port + 1);
	ioperm(d->port, PORTS, 0);
}

enum mailbox_status doorbell_ring(struct doorbell *d, const char *request, const char *text)
{
	struct err e;

	if (!d->port)
		return MAILBOX_NOBODY;
	memset(d->box->request, 0, sizeof(d->box->request));
	memset(d->box->text, 0, sizeof(d->box->text));
	memset(d->box->answer, 0, sizeof(d->box->answer));
	memcpy(d->box->request, request, strnlen(request, MAILBOX_REQUEST_MAX - 1));
	memcpy(d->box->text, text, strnlen(text, MAILBOX_TEXT_MAX - 1));
	d->box->seq = ++d->seq;
	d->box->status = MAILBOX_ASKED;
	if (announce(d, &e)) {
		link_trouble(d->link, TROUBLE_AGENT, "%s", e.text);
		return MAILBOX_NOBODY;
	}
	doorbell_strike(d);
	d->box->answer[MAILBOX_ANSWER_MAX - 1] = 0;
	return (enum mailbox_status)d->box->status;
}
