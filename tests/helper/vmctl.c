/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmctl DIR REQUEST...: send each request over one connection and print its answer, a line each.
 * `@map` attaches through lib/vm, reads the first byte of each range and prints the map; `@write`
 * tries to write through a read-only attachment; `@wait` prints packets until the machine ends;
 * `@sum` prints a checksum of all memory;
 * `@hit` waits for a watch to be hit, through lib/vm, and prints that;
 * `@ring` waits for the guest to ring the doorbell, through lib/vm, and prints that;
 * `@hang` sleeps for ever with the connection open. Status 1 when an answer was not ok.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/tool.h"
#include "vm/client.h"
#include "vm/doorbell.h"
#include "vm/watch.h"

static const struct tool_opt opts[] = {{0}};
static const struct tool tool = {.name = "vmctl",
				 .operands = "DIR REQUEST...",
				 .summary = "talk to a machine",
				 .opts = opts};

#define ANSWER_NS (20 * NSEC_PER_SEC)
#define RING_NS (180 * NSEC_PER_SEC) /* the machine may have to boot first */

static void print(json_t *packet)
{
	char *text = json_dumps(packet, JSON_COMPACT);

	puts(text ? text : "?");
	fflush(stdout);
	free(text);
	json_decref(packet);
}

static int map(struct vm_client *c, bool try_write)
{
	struct vm_memory m;
	struct err e;

	if (vm_attach(c, 0, clock_deadline_ns(ANSWER_NS), &m, &e)) {
		tool_warn(&tool, "%s", e.text);
		return 1;
	}
	for (size_t i = 0; i < m.n_ranges; i++) {
		const struct vm_range *r = &m.ranges[i];
		const volatile char *p =
			mmap(NULL, 4096, PROT_READ, MAP_SHARED, m.fds[r->fd], (off_t)r->offset);

		if (p == MAP_FAILED)
			return 1;
		(void)p[0];
		printf("range gpa=%#llx len=%#llx\n", (unsigned long long)r->gpa,
		       (unsigned long long)r->len);
	}
	if (try_write)
		printf("write: %s\n",
		       mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, m.fds[0], 0) == MAP_FAILED
			       ? "refused"
			       : "ALLOWED");
	vm_memory_deinit(&m);
	return 0;
}

/* FNV-1a, a word at a time, of what is not zero. */
static int sum(struct vm_client *c)
{
	uint64_t hash = 0xcbf29ce484222325ull;
	struct vm_memory m;
	struct err e;

	if (vm_attach(c, 0, clock_deadline_ns(ANSWER_NS), &m, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	for (size_t i = 0; i < m.n_ranges; i++) {
		const struct vm_range *r = &m.ranges[i];
		const uint64_t *p =
			mmap(NULL, r->len, PROT_READ, MAP_SHARED, m.fds[r->fd], (off_t)r->offset);

		if (p == MAP_FAILED)
			return 1;
		for (size_t w = 0; w < r->len / sizeof(*p); w++)
			if (p[w])
				hash = (hash ^ p[w] ^ w) * 0x100000001b3ull;
		munmap((void *)p, r->len);
	}
	vm_memory_deinit(&m);
	printf("sum %#llx\n", (unsigned long long)hash);
	fflush(stdout);
	return 0;
}

static int ring(struct vm_client *c)
{
	struct doorbell_ring r;
	struct err e;

	if (doorbell_wait(c, clock_deadline_ns(RING_NS), &r, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	printf("ring seq=%u request=%s text=%s\n", r.seq, r.request, r.text);
	fflush(stdout);
	return 0;
}

static int hit(struct vm_client *c)
{
	uint64_t deadline = clock_deadline_ns(RING_NS);
	struct watch_hit h;
	json_t *event;
	struct err e;

	for (;;) {
		const char *name;

		if (vm_receive(c, deadline, &event, NULL, 0, NULL, &e))
			tool_die(&tool, TOOL_USAGE, "%s", e.text);
		name = json_string_value(json_object_get(event, "event"));
		if (name && strcmp(name, "watch") == 0)
			break;
		json_decref(event);
	}
	if (watch_take(event, &h, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	json_decref(event);
	printf("hit slot=%u kva=%#" PRIx64 " gpa=%#" PRIx64 " len=%u vcpu=%d value=%#" PRIx64 "\n",
	       h.slot, h.kva, h.gpa, h.len, h.vcpu, h.value);
	fflush(stdout);
	return 0;
}

static int wait_end(struct vm_client *c)
{
	json_t *packet;
	struct err e;

	while (vm_receive(c, CLOCK_NEVER, &packet, NULL, 0, NULL, &e) == 0)
		print(packet);
	return 0;
}

static int request(struct vm_client *c, const char *text)
{
	json_t *packet;
	struct err e;
	int status;

	(void)!send(c->fd, text, strlen(text), MSG_NOSIGNAL);
	if (vm_receive(c, clock_deadline_ns(ANSWER_NS), &packet, NULL, 0, NULL, &e))
		tool_die(&tool, TOOL_USAGE, "%s: %s", text, e.text);
	status = !json_is_true(json_object_get(packet, "ok"));
	print(packet);
	return status;
}

int main(int argc, char **argv)
{
	struct vm_client c;
	struct err e;
	int status = 0;

	if (argc < 3)
		tool_die(&tool, TOOL_USAGE, "usage: vmctl DIR REQUEST...");
	if (vm_connect(&c, argv[1], &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	for (char **a = argv + 2; *a; a++) {
		if (strcmp(*a, "@map") == 0 || strcmp(*a, "@write") == 0)
			status |= map(&c, (*a)[1] == 'w');
		else if (strcmp(*a, "@wait") == 0)
			status |= wait_end(&c);
		else if (strcmp(*a, "@sum") == 0)
			status |= sum(&c);
		else if (strcmp(*a, "@ring") == 0)
			status |= ring(&c);
		else if (strcmp(*a, "@hit") == 0)
			status |= hit(&c);
		else if (strcmp(*a, "@hang") == 0)
			for (;;)
				pause();
		else
			status |= request(&c, *a);
	}
	vm_disconnect(&c);
	return status;
}
