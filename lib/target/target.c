/* SPDX-License-Identifier: GPL-2.0-only */
#include "target/target.h"

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
/* How long a machine is held should we hang; what we do there takes milliseconds.
 */
#define HOLD_LEASE_NS (10 * NSEC_PER_SEC)
#define RETRY_NS (20 * NSEC_PER_MSEC)
#define MAP_FILE_MAX (256u << 20)

/* ---- a machine ---- */

/* What a machine that has not begun to listen looks like. */
static bool is_early(int code)
{
	return code == ENOENT || code == ECONNREFUSED || code == ENOTDIR;
}

static int vm_wait(struct target *t, const struct target_options *o, struct err *e)
{
	const struct timespec pause = {.tv_nsec = RETRY_NS};

	while (vm_connect(&t->vm, o->vm_dir, e)) {
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
static int vcpus_open(struct target *t, const json_t *threads, struct err *e)
{
	json_int_t tid, last = 0;
	json_t *item;
	size_t i, n = json_array_size(threads);

	if (n == 0)
		return 0;
	if (n > TARGET_VCPUS_MAX)
		return err_set(e, EPROTO, "the machine tells of %zu vCPUs", n);
	t->vcpu_fds = malloc(n * sizeof(*t->vcpu_fds));
	if (!t->vcpu_fds)
		return err_set(e, ENOMEM, "out of memory");
	json_array_foreach (threads, i, item) {
		tid = json_integer_value(item);
		t->vcpu_fds[i] = i && tid == last ? t->vcpu_fds[i - 1] : schedstat_open(tid);
		t->n_vcpus++;
		last = tid;
	}
	return 0;
}

static int vm_map(struct target *t, const struct vm_memory *m, bool writable, struct err *e)
{
	struct mem_range ranges[VM_RANGES_MAX];

	for (size_t i = 0; i < m->n_ranges; i++)
		ranges[i] = (struct mem_range){.gpa = m->ranges[i].gpa,
					       .len = m->ranges[i].len,
					       .offset = m->ranges[i].offset,
					       .fd = m->fds[m->ranges[i].fd]};
	return mem_create(ranges, m->n_ranges, writable, &t->mem, e);
}

static int vm_open(struct target *t, const struct target_options *o, struct err *e)
{
	struct vm_memory memory;
	int ret;

	if (vm_wait(t, o, e))
		return -1;
	if (vm_attach(&t->vm, o->writable, clock_deadline_ns(ANSWER_NS), &memory, e)) {
		/* It ended before it ever listened. */
		if (e->code == ESHUTDOWN || e->code == ECONNRESET)
			e->code = EAGAIN;
		return -1;
	}
	ret = vm_map(t, &memory, o->writable, e);
	if (ret == 0)
		ret = vcpus_open(t, json_object_get(memory.answer, "threads"), e);
	vm_memory_deinit(&memory);
	if (ret)
		return -1;
	if (vm_request(&t->vm, "events", clock_deadline_ns(ANSWER_NS), NULL, e))
		return -1;
	/* The last that is asked for: it may ring from now on. */
	if (o->listen)
		return doorbell_listen(&t->vm, HOLD_LEASE_NS, clock_deadline_ns(ANSWER_NS), e);
	return 0;
}

static void take_event(struct target *t, const json_t *packet)
{
	const char *event = json_string_value(json_object_get(packet, "event"));
	struct err e;

	if (!event)
		return;
	if (strcmp(event, "exit") == 0) {
		t->gone = true;
	} else if (strcmp(event, "guest-up") == 0) {
		t->guest_up = true;
	} else if (strcmp(event, "lease-expired") == 0) {
		t->late = target_is_held(t);
		t->late_at_watch = t->at_watch;
		t->at_bell = t->at_watch = false;
	} else if (strcmp(event, "doorbell") == 0) {
		t->at_bell = true;
		/* It stands there all the same, for nothing that we know. */
		if (doorbell_take(packet, &t->ring, &e))
			t->ring = (struct doorbell_ring){0};
	} else if (strcmp(event, "watch") == 0) {
		t->at_watch = true;
		if (watch_take(packet, &t->hit, &e))
			t->hit = (struct watch_hit){.slot = WATCH_SLOTS, .vcpu = -1};
	}
}

void target_hear(struct target *t)
{
	struct pollfd p = {.fd = t->vm.fd, .events = POLLIN};
	json_t *packet;
	struct err e;

	/* What was to be told of a stop may be followed by the word that it is over. */
	while (!t->gone && !t->late && t->vm.fd >= 0 &&
	       (vm_has_event(&t->vm) || poll(&p, 1, 0) > 0)) {
		if (vm_receive(&t->vm, clock_deadline_ns(NSEC_PER_SEC), &packet, NULL, 0, NULL,
			       &e)) {
			t->gone = e.code != EPROTO;
			continue;
		}
		take_event(t, packet);
		json_decref(packet);
	}
}

int target_answer(struct target *t, bool ok, const char *text, struct err *e)
{
	return doorbell_answer(&t->vm, ok, text, clock_deadline_ns(ANSWER_NS), e);
}

int target_go_on(struct target *t, struct err *e)
{
	t->at_bell = t->at_watch = false;
	return doorbell_thaw(&t->vm, clock_deadline_ns(ANSWER_NS), e);
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

static int files_read(struct target *t, const struct target_options *o, struct err *e)
{
	if (file_read(o->vmlinux, KIMAGE_FILE_MAX, &t->vmlinux, e) ||
	    file_read(o->system_map, MAP_FILE_MAX, &t->system_map, e))
		return -1;
	return file_read(o->btf, TYPES_BTF_MAX, &t->btf, e);
}

struct kernel_sources target_files(const struct target *t)
{
	return (struct kernel_sources){
		.vmlinux = t->vmlinux.data ? &t->vmlinux : NULL,
		.system_map = t->system_map.data ? &t->system_map : NULL,
		.btf = t->btf.data ? &t->btf : NULL,
	};
}

int target_open(struct target *ret, const struct target_options *o, struct err *e)
{
	*ret = (struct target){.vm = {.fd = -1}};
	if (files_read(ret, o, e))
		return -1;
	if (o->vm_dir)
		return vm_open(ret, o, e);
	return mem_open(o->mem_file, o->ranges, o->n_ranges, o->writable, &ret->mem, e);
}

void target_close(struct target *t)
{
	mem_destroy(t->mem);
	vm_disconnect(&t->vm);
	for (unsigned int i = 0; i < t->n_vcpus; i++)
		if (t->vcpu_fds[i] >= 0 && (i == 0 || t->vcpu_fds[i] != t->vcpu_fds[i - 1]))
			close(t->vcpu_fds[i]);
	free(t->vcpu_fds);
	buf_deinit(&t->vmlinux);
	buf_deinit(&t->system_map);
	buf_deinit(&t->btf);
	*t = (struct target){.vm = {.fd = -1}};
}
