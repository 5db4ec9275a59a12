/* SPDX-License-Identifier: GPL-2.0-only */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "kimage/kimage.h"

#define ANSWER_NS (30 * NSEC_PER_SEC)
/* How long a machine is held at its doorbell should we hang; what we do there takes milliseconds.
 */
#define BELL_LEASE_NS (10 * NSEC_PER_SEC)
#define RETRY_NS (20 * NSEC_PER_MSEC)
#define MAP_FILE_MAX (256u << 20)

/* ---- a machine ---- */

/* What a machine that has not begun to listen looks like. */
static bool is_early(int code)
{
	return code == ENOENT || code == ECONNREFUSED || code == ENOTDIR;
}

static int vm_wait(struct source *s, const struct source_options *o, struct err *e)
{
	const struct timespec pause = {.tv_nsec = RETRY_NS};

	while (vm_connect(&s->vm, o->vm_dir, e)) {
		if (!is_early(e->code))
			return -1;
		if (clock_now_ns() >= o->deadline_ns) {
			e->code = EAGAIN;
			return -1;
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int schedstat_open(json_int_t tid)
{
	char path[64];

	if (tid <= 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%lld/task/%lld/schedstat", (long long)tid,
		 (long long)tid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/*
 * A thread that is not known, or not ours to look at, only costs its column. One thread in a row
 * for several vCPUs is opened once.
 */
static int vcpus_open(struct source *s, const json_t *threads, struct err *e)
{
	json_int_t tid, last = 0;
	json_t *item;
	size_t i, n = json_array_size(threads);

	if (n == 0)
		return 0;
	if (n > SOURCE_VCPUS_MAX)
		return err_set(e, EPROTO, "the machine tells of %zu vCPUs", n);
	s->vcpu_fds = malloc(n * sizeof(*s->vcpu_fds));
	if (!s->vcpu_fds)
		return err_set(e, ENOMEM, "out of memory");
	json_array_foreach (threads, i, item) {
		tid = json_integer_value(item);
		s->vcpu_fds[i] = i && tid == last ? s->vcpu_fds[i - 1] : schedstat_open(tid);
		s->n_vcpus++;
		last = tid;
	}
	return 0;
}

static int vm_map(struct source *s, const struct vm_memory *m, bool writable, struct err *e)
{
	struct mem_range ranges[VM_RANGES_MAX];

	for (size_t i = 0; i < m->n_ranges; i++)
		ranges[i] = (struct mem_range){.gpa = m->ranges[i].gpa,
					       .len = m->ranges[i].len,
					       .offset = m->ranges[i].offset,
					       .fd = m->fds[m->ranges[i].fd]};
	return mem_create(ranges, m->n_ranges, writable, &s->mem, e);
}

static int vm_open(struct source *s, const struct source_options *o, struct err *e)
{
	struct vm_memory memory;
	int ret;

	if (vm_wait(s, o, e))
		return -1;
	if (vm_attach(&s->vm, o->writable, clock_deadline_ns(ANSWER_NS), &memory, e)) {
		/* It ended before it ever listened. */
		if (e->code == ESHUTDOWN || e->code == ECONNRESET)
			e->code = EAGAIN;
		return -1;
	}
	ret = vm_map(s, &memory, o->writable, e);
	if (ret == 0)
		ret = vcpus_open(s, json_object_get(memory.answer, "threads"), e);
	vm_memory_deinit(&memory);
	if (ret)
		return -1;
	if (vm_request(&s->vm, "events", clock_deadline_ns(ANSWER_NS), NULL, e))
		return -1;
	/* The last that is asked for: it may ring from now on. */
	if (o->writable)
		return doorbell_listen(&s->vm, BELL_LEASE_NS, clock_deadline_ns(ANSWER_NS), e);
	return 0;
}

static void take_event(struct source *s, const json_t *packet)
{
	const char *event = json_string_value(json_object_get(packet, "event"));
	struct err e;

	if (!event)
		return;
	if (strcmp(event, "exit") == 0) {
		s->gone = true;
	} else if (strcmp(event, "guest-up") == 0) {
		s->guest_up = true;
	} else if (strcmp(event, "doorbell") == 0) {
		s->at_bell = true;
		/* It stands there all the same, for nothing that we know. */
		if (doorbell_take(packet, &s->ring, &e))
			s->ring = (struct doorbell_ring){0};
	}
}

void source_hear(struct source *s)
{
	struct pollfd p = {.fd = s->vm.fd, .events = POLLIN};
	json_t *packet;
	struct err e;

	while (!s->gone && !s->at_bell && s->vm.fd >= 0 && poll(&p, 1, 0) > 0) {
		if (vm_receive(&s->vm, clock_deadline_ns(NSEC_PER_SEC), &packet, NULL, 0, NULL,
			       &e)) {
			s->gone = e.code != EPROTO;
			continue;
		}
		take_event(s, packet);
		json_decref(packet);
	}
}

int source_leave_bell(struct source *s, bool ok, const char *text, struct err *e)
{
	s->at_bell = false;
	/* What cannot be answered must go on all the same. */
	if (doorbell_answer(&s->vm, ok, text, clock_deadline_ns(ANSWER_NS), e)) {
		(void)doorbell_thaw(&s->vm, clock_deadline_ns(ANSWER_NS), &(struct err){0});
		return -1;
	}
	return doorbell_thaw(&s->vm, clock_deadline_ns(ANSWER_NS), e);
}

/* ---- files ---- */

static int file_read(const char *path, size_t max, struct buf *b, struct err *e)
{
	if (!path)
		return 0;
	if (io_read_file(path, max, b, e))
		return -1;
	return b->len ? 0 : err_set(e, EPROTO, "'%s' is empty", path);
}

static int files_read(struct source *s, const struct source_options *o, struct err *e)
{
	if (file_read(o->vmlinux, KIMAGE_FILE_MAX, &s->vmlinux, e) ||
	    file_read(o->system_map, MAP_FILE_MAX, &s->system_map, e))
		return -1;
	return file_read(o->btf, TYPES_BTF_MAX, &s->btf, e);
}

struct kernel_sources source_files(const struct source *s)
{
	return (struct kernel_sources){
		.vmlinux = s->vmlinux.data ? &s->vmlinux : NULL,
		.system_map = s->system_map.data ? &s->system_map : NULL,
		.btf = s->btf.data ? &s->btf : NULL,
	};
}

int source_open(struct source *ret, const struct source_options *o, struct err *e)
{
	*ret = (struct source){.vm = {.fd = -1}};
	if (files_read(ret, o, e))
		return -1;
	if (o->vm_dir)
		return vm_open(ret, o, e);
	return mem_open(o->mem_file, o->ranges, o->n_ranges, o->writable, &ret->mem, e);
}

void source_close(struct source *s)
{
	mem_destroy(s->mem);
	vm_disconnect(&s->vm);
	for (unsigned int i = 0; i < s->n_vcpus; i++)
		if (s->vcpu_fds[i] >= 0 && (i == 0 || s->vcpu_fds[i] != s->vcpu_fds[i - 1]))
			close(s->vcpu_fds[i]);
	free(s->vcpu_fds);
	buf_deinit(&s->vmlinux);
	buf_deinit(&s->system_map);
	buf_deinit(&s->btf);
	*s = (struct source){.vm = {.fd = -1}};
}
