/* SPDX-License-Identifier: GPL-2.0-only */
#include "ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"

/* ---- the socket ---- */

static int socket_address(const char *path, struct sockaddr_un *ret, struct err *e)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(ret->sun_path))
		return err_set(e, ENAMETOOLONG, "path '%s' is too long for a socket", path);
	memcpy(ret->sun_path, path, strlen(path) + 1);
	return 0;
}

/* Remove a socket that nobody listens on. */
static int socket_clear(const char *path, const struct sockaddr_un *address, struct err *e)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct stat st;

	if (lstat(path, &st)) {
		if (errno == ENOENT)
			return 0;
		return err_sys(e, "cannot look at '%s'", path);
	}
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, EEXIST, "'%s' is in the way", path);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return err_set(e, EBUSY, "'%s' belongs to a running machine", path);
	if (unlink(path))
		return err_sys(e, "cannot remove '%s'", path);
	return 0;
}

int ctl_init(struct ctl *c, const char *dir, const struct ctl_host *host, void *machine,
	     struct err *e)
{
	struct sockaddr_un address;

	*c = (struct ctl){.fd = -1, .host = host, .machine = machine};
	for (size_t i = 0; i < CTL_CLIENTS_MAX; i++)
		c->clients[i].fd = -1;
	c->dir = strdup(dir);
	if (!c->dir || asprintf(&c->path, "%s/ctl", dir) < 0) {
		c->path = NULL;
		return err_set(e, ENOMEM, "out of memory");
	}
	if (socket_address(c->path, &address, e))
		return -1;
	if (mkdir(dir, 0700) == 0)
		c->made_dir = true;
	else if (errno != EEXIST)
		return err_sys(e, "cannot make '%s'", dir);
	if (socket_clear(c->path, &address, e))
		goto not_ours;
	c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return err_sys(e, "cannot make a socket");
	if (bind(c->fd, (struct sockaddr *)&address, sizeof(address))) {
		err_sys(e, "cannot make '%s'", c->path);
		goto not_ours;
	}
	if (chmod(c->path, 0700) || listen(c->fd, CTL_CLIENTS_MAX))
		return err_sys(e, "cannot listen on '%s'", c->path);
	return 0;
not_ours:
	free(c->path);
	c->path = NULL;
	return -1;
}

void ctl_deinit(struct ctl *c)
{
	for (size_t i = 0; i < CTL_CLIENTS_MAX; i++)
		if (c->clients[i].fd >= 0)
			close(c->clients[i].fd);
	if (c->fd >= 0)
		close(c->fd);
	if (c->path)
		unlink(c->path);
	if (c->made_dir)
		rmdir(c->dir);
	free(c->path);
	free(c->dir);
	*c = (struct ctl){.fd = -1};
}

size_t ctl_pollfds(const struct ctl *c, struct pollfd ret[CTL_POLLFDS_MAX])
{
	size_t n = 0;

	if (c->fd < 0)
		return 0;
	ret[n++] = (struct pollfd){.fd = c->fd, .events = POLLIN};
	for (size_t i = 0; i < CTL_CLIENTS_MAX; i++)
		if (c->clients[i].fd >= 0)
			ret[n++] = (struct pollfd){.fd = c->clients[i].fd, .events = POLLIN};
	return n;
}

/* ---- leases ---- */

static int lease_end(struct ctl *c, struct ctl_client *client, struct err *e)
{
	if (!client->lease_ends_ns)
		return 0;
	client->lease_ends_ns = 0;
	return --c->leases == 0 ? c->host->thaw(c->machine, e) : 0;
}

static int lease_begin(struct ctl *c, struct ctl_client *client, uint64_t span_ns, struct err *e)
{
	if (!client->lease_ends_ns) {
		if (c->leases == 0 && c->host->freeze(c->machine, e))
			return -1;
		c->leases++;
	}
	client->lease_ends_ns = clock_deadline_ns(span_ns);
	return 0;
}

uint64_t ctl_deadline_ns(const struct ctl *c)
{
	uint64_t first = CLOCK_NEVER;

	for (size_t i = 0; c->fd >= 0 && i < CTL_CLIENTS_MAX; i++) {
		const struct ctl_client *client = &c->clients[i];

		if (client->fd >= 0 && client->lease_ends_ns && client->lease_ends_ns < first)
			first = client->lease_ends_ns;
	}
	return first;
}

/* ---- requests ---- */

struct answer {
	json_t *body; /* members beside "ok" */
	int fds[CTL_FDS_MAX];
	size_t n_fds;
};

static int do_attach(struct ctl *c, struct ctl_client *client, char *arg, struct answer *a,
		     struct err *e)
{
	(void)client;
	if (arg && strcmp(arg, "ro") != 0 && strcmp(arg, "rw") != 0)
		return err_set(e, EINVAL, "attach takes 'ro' or 'rw', not '%s'", arg);
	a->body = c->host->attach(c->machine, a->fds, &a->n_fds);
	for (size_t i = 0; i < a->n_fds; i++) {
		char path[32];

		/* A new opening, so that who asked for reading only cannot write. */
		snprintf(path, sizeof(path), "/proc/self/fd/%d", a->fds[i]);
		a->fds[i] = open(path, (arg && arg[1] == 'w' ? O_RDWR : O_RDONLY) | O_CLOEXEC);
		if (a->fds[i] < 0) {
			err_sys(e, "cannot open guest memory");
			a->n_fds = i;
			return -1;
		}
	}
	return 0;
}

static int lease_span(const char *arg, uint64_t *ret_ns, struct err *e)
{
	*ret_ns = CTL_LEASE_DEFAULT_NS;
	if (arg && parse_span_ns(arg, ret_ns, e))
		return -1;
	if (*ret_ns == 0 || *ret_ns > CTL_LEASE_MAX_NS)
		return err_set(e, ERANGE, "a freeze lasts more than 0 and at most 600s");
	return 0;
}

static int do_freeze(struct ctl *c, struct ctl_client *client, char *arg, struct answer *a,
		     struct err *e)
{
	uint64_t span_ns, start = clock_now_ns();

	if (lease_span(arg, &span_ns, e))
		return -1;
	if (lease_begin(c, client, span_ns, e))
		return -1;
	a->body = json_pack("{s:I}", "rendezvous_ns", (json_int_t)(clock_now_ns() - start));
	return 0;
}

static int do_thaw(struct ctl *c, struct ctl_client *client, char *arg, struct answer *a,
		   struct err *e)
{
	(void)arg;
	if (!client->lease_ends_ns)
		return err_set(e, EINVAL, "this connection holds no freeze");
	if (lease_end(c, client, e))
		return -1;
	a->body = json_pack("{s:i}", "leases", (int)c->leases);
	return 0;
}

static int do_regs(struct ctl *c, struct ctl_client *client, char *arg, struct answer *a,
		   struct err *e)
{
	unsigned int vcpu;

	if (!client->lease_ends_ns)
		return err_set(e, EINVAL,
			       "registers are read while this connection holds a freeze");
	if (!arg)
		return err_set(e, EINVAL, "regs takes the number of a vCPU");
	if (parse_uint(arg, 0, UINT32_MAX, &vcpu, e))
		return -1;
	a->body = c->host->regs(c->machine, vcpu, e);
	return a->body ? 0 : -1;
}

static int do_events(struct ctl *c, struct ctl_client *client, char *arg, struct answer *a,
		     struct err *e)
{
	(void)c;
	(void)a;
	(void)arg;
	(void)e;
	client->events = true;
	return 0;
}

static int do_listen(struct ctl *c, struct ctl_client *client, char *arg, struct answer *a,
		     struct err *e)
{
	uint64_t span_ns;

	(void)c;
	(void)a;
	if (lease_span(arg, &span_ns, e))
		return -1;
	client->listen_ns = span_ns;
	return 0;
}

static int do_answer(struct ctl *c, struct ctl_client *client, char *arg, struct answer *a,
		     struct err *e)
{
	size_t len = arg ? strcspn(arg, " \n") : 0;
	bool ok = len == 2 && memcmp(arg, "ok", len) == 0;

	(void)a;
	if (!ok && !(len == 5 && memcmp(arg, "error", len) == 0))
		return err_set(e, EINVAL, "answer takes 'ok' or 'error', and a text");
	if (!client->listen_ns || !client->lease_ends_ns)
		return err_set(e, EINVAL, "this connection does not hold the machine at its bell");
	return c->host->answer(c->machine, ok, arg + len + strspn(arg + len, " "), e);
}

/* The words of @arg, in place; returns how many there are, at most @max + 1. */
static size_t split(char *arg, char **ret, size_t max)
{
	char *rest = NULL, *word = arg ? strtok_r(arg, " ", &rest) : NULL;
	size_t n = 0;

	for (; word && n <= max; word = strtok_r(NULL, " ", &rest)) {
		if (n < max)
			ret[n] = word;
		n++;
	}
	return n;
}

static int watch_parse(char *arg, struct ctl_watch *ret, struct err *e)
{
	char *words[4] = {NULL};
	size_t n = split(arg, words, 4);

	if (n < 3 || n > 4)
		return err_set(e, EINVAL, "watch takes KVA, GPA, LEN and a span if any");
	if (parse_u64(words[0], 0, UINT64_MAX, &ret->kva, e) ||
	    parse_u64(words[1], 0, UINT64_MAX, &ret->gpa, e) ||
	    parse_uint(words[2], 0, UINT32_MAX, &ret->len, e) ||
	    lease_span(words[3], &ret->span_ns, e))
		return -1;
	if (!ret->len || ret->len > 8 || ret->len & (ret->len - 1))
		return err_set(e, EINVAL, "a watch is of 1, 2, 4 or 8 bytes");
	if (ret->gpa % ret->len)
		return err_set(e, EINVAL, "%#" PRIx64 " is no multiple of the %u bytes watched",
			       ret->gpa, ret->len);
	return 0;
}

static int do_watch(struct ctl *c, struct ctl_client *client, char *arg, struct answer *a,
		    struct err *e)
{
	struct ctl_watch w = {.owner = client};
	unsigned int slot = 0;

	if (watch_parse(arg, &w, e))
		return -1;
	while (slot < WATCH_SLOTS && c->watches[slot].owner)
		slot++;
	if (slot == WATCH_SLOTS)
		return err_set(e, EBUSY, "no free slot: a machine watches %u words at most",
			       WATCH_SLOTS);
	if (c->host->watch(c->machine, slot, w.gpa, w.len, e))
		return -1;
	c->watches[slot] = w;
	a->body = json_pack("{s:i}", "slot", (int)slot);
	return 0;
}

static int watch_end(struct ctl *c, unsigned int slot, struct err *e)
{
	c->watches[slot] = (struct ctl_watch){0};
	return c->host->unwatch(c->machine, slot, e);
}

static int do_unwatch(struct ctl *c, struct ctl_client *client, char *arg, struct answer *a,
		      struct err *e)
{
	unsigned int slot;

	(void)a;
	if (!arg)
		return err_set(e, EINVAL, "unwatch takes the number of a slot");
	if (parse_uint(arg, 0, UINT32_MAX, &slot, e))
		return -1;
	if (slot >= WATCH_SLOTS || c->watches[slot].owner != client)
		return err_set(e, EINVAL, "this connection watches nothing in slot %u", slot);
	return watch_end(c, slot, e);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' ^ 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Pairs of digits into @ret of CTL_WRITE_MAX bytes. */
static int hex_parse(const char *text, uint8_t *ret, size_t *ret_len, struct err *e)
{
	size_t len = strlen(text) / 2;

	if (strlen(text) % 2)
		return err_set(e, EINVAL, "'%s' is half a byte too long", text);
	if (len > CTL_WRITE_MAX)
		return err_set(e, E2BIG, "at most %u bytes are written at once", CTL_WRITE_MAX);
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return err_set(e, EINVAL, "'%s' is not in hexadecimal", text);
		ret[i] = (uint8_t)(high << 4 | low);
	}
	*ret_len = len;
	return 0;
}

static int do_write(struct ctl *c, struct ctl_client *client, char *arg, struct answer *a,
		    struct err *e)
{
	uint8_t bytes[CTL_WRITE_MAX];
	char *words[2];
	uint64_t gpa;
	size_t len = 0;

	(void)a;
	if (!client->lease_ends_ns)
		return err_set(e, EINVAL, "memory is written while this connection holds a freeze");
	if (split(arg, words, 2) != 2)
		return err_set(e, EINVAL, "write takes an address and bytes in hexadecimal");
	if (parse_u64(words[0], 0, UINT64_MAX, &gpa, e) || hex_parse(words[1], bytes, &len, e))
		return -1;
	return c->host->write(c->machine, gpa, bytes, len, e);
}

static int do_status(struct ctl *c, struct ctl_client *client, char *arg, struct answer *a,
		     struct err *e)
{
	(void)client;
	(void)arg;
	(void)e;
	a->body = c->host->status(c->machine);
	json_object_set_new(a->body, "leases", json_integer(c->leases));
	return 0;
}

static int do_kill(struct ctl *c, struct ctl_client *client, char *arg, struct answer *a,
		   struct err *e)
{
	(void)client;
	(void)a;
	(void)arg;
	(void)e;
	c->host->kill(c->machine);
	return 0;
}

enum takes { TAKES_NOTHING, TAKES_WORD, TAKES_TEXT };

static const struct {
	const char *name;
	enum takes takes; /* word and text may be missing, and are then NULL */
	int (*run)(struct ctl *c, struct ctl_client *client, char *arg, struct answer *a,
		   struct err *e);
} requests[] = {
	{"attach", TAKES_WORD, do_attach},    {"freeze", TAKES_WORD, do_freeze},
	{"thaw", TAKES_NOTHING, do_thaw},     {"regs", TAKES_WORD, do_regs},
	{"events", TAKES_NOTHING, do_events}, {"listen", TAKES_WORD, do_listen},
	{"answer", TAKES_TEXT, do_answer},    {"watch", TAKES_TEXT, do_watch},
	{"unwatch", TAKES_WORD, do_unwatch},  {"write", TAKES_TEXT, do_write},
	{"status", TAKES_NOTHING, do_status}, {"kill", TAKES_NOTHING, do_kill},
};

static int request_run(struct ctl *c, struct ctl_client *client, char *text, struct answer *a,
		       struct err *e)
{
	char *rest = NULL, *verb = strtok_r(text, " \n", &rest), *arg;

	if (!verb)
		return err_set(e, EINVAL, "empty request");
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (strcmp(verb, requests[i].name) != 0)
			continue;
		arg = strtok_r(NULL, requests[i].takes == TAKES_TEXT ? "\n" : " \n", &rest);
		if ((arg && requests[i].takes == TAKES_NOTHING) || strtok_r(NULL, " \n", &rest))
			return err_set(e, EINVAL, "'%s' has too many words", verb);
		return requests[i].run(c, client, arg, a, e);
	}
	return err_set(e, EINVAL, "unknown request '%s'", verb);
}

/* Send one packet; a client that does not read loses it. */
static bool packet_send(int fd, json_t *object, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * CTL_FDS_MAX)];
	} control = {0};
	_cleanup_free_ char *text = json_dumps(object, JSON_COMPACT);
	struct iovec iov = {.iov_base = text, .iov_len = text ? strlen(text) : 0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	json_decref(object);
	if (!text)
		return false;
	if (n_fds) {
		struct cmsghdr *h;

		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		h = CMSG_FIRSTHDR(&msg);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(h), fds, sizeof(int) * n_fds);
	}
	return sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

static void client_answer(struct ctl *c, struct ctl_client *client, char *text)
{
	struct answer a = {0};
	struct err e;
	json_t *reply;

	if (request_run(c, client, text, &a, &e)) {
		reply = json_pack("{s:b, s:s}", "ok", 0, "error", e.text);
	} else {
		reply = json_pack("{s:b}", "ok", 1);
		if (a.body)
			json_object_update(reply, a.body);
	}
	packet_send(client->fd, reply, a.fds, a.n_fds);
	json_decref(a.body);
	for (size_t i = 0; i < a.n_fds; i++)
		close(a.fds[i]);
}

static void client_end(struct ctl *c, struct ctl_client *client)
{
	struct err e;

	for (unsigned int slot = 0; slot < WATCH_SLOTS; slot++)
		if (c->watches[slot].owner == client)
			watch_end(c, slot, &e);
	lease_end(c, client, &e);
	close(client->fd);
	client->fd = -1;
}

/* Answer all that a client has sent. */
static void client_serve(struct ctl *c, struct ctl_client *client)
{
	for (int turn = 0; turn < 16; turn++) {
		char text[CTL_REQUEST_MAX + 1];
		ssize_t n = recv(client->fd, text, sizeof(text), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			client_end(c, client);
			return;
		}
		if ((size_t)n > CTL_REQUEST_MAX) {
			packet_send(
				client->fd,
				json_pack("{s:b, s:s}", "ok", 0, "error", "request is too long"),
				NULL, 0);
			continue;
		}
		text[n] = 0;
		client_answer(c, client, text);
	}
}

static void client_accept(struct ctl *c)
{
	int fd;

	while ((fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		struct ctl_client *client = c->clients;

		while (client < c->clients + CTL_CLIENTS_MAX && client->fd >= 0)
			client++;
		if (client == c->clients + CTL_CLIENTS_MAX) {
			packet_send(fd,
				    json_pack("{s:b, s:s}", "ok", 0, "error", "too many clients"),
				    NULL, 0);
			close(fd);
			continue;
		}
		*client = (struct ctl_client){.fd = fd};
	}
}

void ctl_serve(struct ctl *c)
{
	uint64_t now = clock_now_ns();

	if (c->fd < 0)
		return;
	client_accept(c);
	for (size_t i = 0; i < CTL_CLIENTS_MAX; i++) {
		struct ctl_client *client = &c->clients[i];
		struct err e;

		if (client->fd >= 0)
			client_serve(c, client);
		if (client->fd < 0 || !client->lease_ends_ns || client->lease_ends_ns > now)
			continue;
		lease_end(c, client, &e);
		packet_send(client->fd, json_pack("{s:s}", "event", "lease-expired"), NULL, 0);
	}
}

unsigned int ctl_doorbell(struct ctl *c, json_t *event)
{
	unsigned int told = 0;

	for (size_t i = 0; c->fd >= 0 && i < CTL_CLIENTS_MAX; i++) {
		struct ctl_client *client = &c->clients[i];
		struct err e;

		/* Who does not read what it is told would not let the machine go on either. */
		if (client->fd >= 0 && client->listen_ns &&
		    packet_send(client->fd, json_incref(event), NULL, 0) &&
		    lease_begin(c, client, client->listen_ns, &e) == 0)
			told++;
	}
	json_decref(event);
	return told;
}

/* Addresses as texts: most readers of JSON hold only 53 bits of a number. */
static json_t *watch_event(const struct ctl_watch *w, unsigned int slot, int vcpu,
			   const uint64_t *value)
{
	char kva[24], gpa[24], now[24];
	json_t *event;

	snprintf(kva, sizeof(kva), "%#" PRIx64, w->kva);
	snprintf(gpa, sizeof(gpa), "%#" PRIx64, w->gpa);
	event = json_pack("{s:s, s:i, s:s, s:s, s:i}", "event", "watch", "slot", (int)slot, "kva",
			  kva, "gpa", gpa, "len", (int)w->len);
	if (vcpu >= 0)
		json_object_set_new(event, "vcpu", json_integer(vcpu));
	if (value) {
		snprintf(now, sizeof(now), "0x%" PRIx64, *value);
		json_object_set_new(event, "value", json_string(now));
	}
	return event;
}

bool ctl_watch(struct ctl *c, unsigned int slot, int vcpu, const uint64_t *value)
{
	const struct ctl_watch *w = &c->watches[slot];
	struct err e;

	/* As at the doorbell, who does not read holds nothing. */
	return w->owner && packet_send(w->owner->fd, watch_event(w, slot, vcpu, value), NULL, 0) &&
	       lease_begin(c, w->owner, w->span_ns, &e) == 0;
}

bool ctl_watcher_holds(const struct ctl *c, unsigned int slot)
{
	const struct ctl_client *owner = c->watches[slot].owner;

	return owner && owner->lease_ends_ns;
}

unsigned int ctl_watched(const struct ctl *c, unsigned int slot, uint64_t *ret_gpa)
{
	*ret_gpa = c->watches[slot].gpa;
	return c->watches[slot].len;
}

void ctl_event(struct ctl *c, json_t *event)
{
	for (size_t i = 0; c->fd >= 0 && i < CTL_CLIENTS_MAX; i++) {
		struct ctl_client *client = &c->clients[i];

		if (client->fd < 0 || !client->events)
			continue;
		if (client->events_lost)
			json_object_set_new(event, "lost",
					    json_integer((json_int_t)client->events_lost));
		if (packet_send(client->fd, json_deep_copy(event), NULL, 0))
			client->events_lost = 0;
		else
			client->events_lost++;
		json_object_del(event, "lost");
	}
	json_decref(event);
}
