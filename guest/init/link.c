/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/link.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "init/console.h"

#define PORTS_DIR "/sys/class/virtio-ports"
#define PORT_NAME "ktstr.bulk"
#define LOOK_AGAIN_MS 5 /* the kernel learns a port's name after its device appeared */

static const char *const kind_names[] = {
	[TROUBLE_SETUP] = "set-up", [TROUBLE_STEP] = "step", [TROUBLE_SCHEDULER] = "scheduler",
	[TROUBLE_AGENT] = "agent",  [TROUBLE_NOTE] = "note",
};

void link_init(struct link *l)
{
	*l = (struct link){.out = {.fd = -1, .source = TLV_FROM_GUEST}};
}

static bool port_is_ours(const char *dir)
{
	char path[PATH_MAX], name[64] = "";
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), PORTS_DIR "/%s/name", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || io_read_upto(fd, name, sizeof(name) - 1) < 0)
		return false;
	name[strcspn(name, "\n")] = '\0';
	return strcmp(name, PORT_NAME) == 0;
}

/* Write the path of the port's node to @ret. False when there is none yet. */
static bool port_find(char ret[PATH_MAX])
{
	DIR *dir = opendir(PORTS_DIR);
	struct dirent *d;
	bool found = false;

	if (!dir)
		return false;
	while (!found && (d = readdir(dir))) {
		found = d->d_name[0] != '.' && port_is_ours(d->d_name);
		if (found)
			snprintf(ret, PATH_MAX, "/dev/%s", d->d_name);
	}
	closedir(dir);
	return found;
}

static void send_at(struct link *l, enum tlv_type type, uint64_t at_ns, const void *data,
		    size_t len)
{
	struct err e;

	if (l->lost)
		return;
	if (tlv_write(&l->out, (uint16_t)type, at_ns, data, len, &e)) {
		l->lost = true;
		console_say("PANIC: ktstr-init: messages to the host are lost: %s", e.text);
	}
}

int link_open(struct link *l, uint64_t deadline_ns, struct err *e)
{
	char path[PATH_MAX];

	while (!port_find(path)) {
		if (clock_now_ns() >= deadline_ns)
			return err_set(e, ENODEV, "no virtio port '%s' in %s", PORT_NAME,
				       PORTS_DIR);
		poll(NULL, 0, LOOK_AGAIN_MS);
	}
	l->out.fd = open(path, O_WRONLY | O_CLOEXEC);
	if (l->out.fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	for (size_t i = 0; i < l->n_pending; i++) {
		struct link_pending *p = &l->pending[i];

		send_at(l, p->type, p->at_ns, p->data, p->len);
		free(p->data);
	}
	l->n_pending = 0;
	return 0;
}

void link_give_up(struct link *l)
{
	for (size_t i = 0; i < l->n_pending; i++) {
		console_say("ktstr-init: %.*s", (int)l->pending[i].len, l->pending[i].data);
		free(l->pending[i].data);
	}
	l->n_pending = 0;
	l->lost = true;
}

static void keep(struct link *l, enum tlv_type type, const void *data, size_t len)
{
	struct link_pending *p = &l->pending[l->n_pending];

	if (l->n_pending == LINK_PENDING_MAX)
		return; /* only troubles come this early, and the first ones tell why */
	*p = (struct link_pending){.type = type, .at_ns = clock_now_ns(), .len = len};
	p->data = malloc(len ? len : 1);
	if (!p->data)
		return;
	memcpy(p->data, data, len);
	l->n_pending++;
}

void link_send(struct link *l, enum tlv_type type, const void *data, size_t len)
{
	if (l->out.fd < 0)
		keep(l, type, data, len);
	else
		send_at(l, type, clock_now_ns(), data, len);
}

void link_send_json(struct link *l, enum tlv_type type, json_t *object)
{
	_cleanup_free_ char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (text)
		link_send(l, type, text, strlen(text));
	else if (type != TLV_TROUBLE)
		link_trouble(l, TROUBLE_AGENT, "cannot build a message of type %d", type);
	else
		console_say("PANIC: ktstr-init: cannot build a message that tells of trouble");
}

void link_life(struct link *l, const char *phase, const char *detail)
{
	link_send_json(l, TLV_LIFE, json_pack("{s:s, s:s*}", "phase", phase, "detail", detail));
}

/* Names and paths may hold any byte; JSON wants UTF-8. */
static void make_ascii(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
			*text = '?';
}

static void trouble(struct link *l, enum trouble_kind kind, char *text, json_t *object)
{
	if (kind != TROUBLE_NOTE)
		l->failed = true;
	make_ascii(text);
	json_object_set_new(object, "kind", json_string(kind_names[kind]));
	json_object_set_new(object, "message", json_string(text));
	link_send_json(l, TLV_TROUBLE, object);
}

void link_trouble(struct link *l, enum trouble_kind kind, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX * 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	trouble(l, kind, text, json_object());
}

void link_trouble_step(struct link *l, size_t step, unsigned int line, const struct err *e)
{
	char text[ERR_TEXT_MAX];

	snprintf(text, sizeof(text), "%s", e->text);
	trouble(l, TROUBLE_STEP, text,
		json_pack("{s:I, s:I}", "step", (json_int_t)step, "line", (json_int_t)line));
}
