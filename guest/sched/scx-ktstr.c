/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loader of the ktstr scheduler: options, load, attach, then a tick every 100 ms that fires what
 * the options asked for, until a signal or the kernel ends it.
 */
#include <elf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/tool.h"

#include "scx-ktstr.h"
#include "zoo-fill.h"

#define TICK_NS (100 * NSEC_PER_MSEC)
#define TIMEOUT_MAX_MS 30000 /* the kernel's own limit */
#define TIMEOUT_DEFAULT_MS 20000
#define SLICE_MAX_US 1000000
#define LOG_BUFFER_BYTES (16u << 20) /* for the verifier; touched as far as used */
#define LOG_TAIL_BYTES (64u << 10)   /* what we print of it */

/* UAPI numbers that older headers lack. */
#define F_LINK (1u << 13)
#define F_SLEEPABLE (1u << 4)
#define ATTACH_STRUCT_OPS 44

/* The compiled BPF program, inside this program. */
__asm__(".pushsection .rodata\n"
	".balign 8\n"
	"bpf_object_start:\n"
	".incbin \"" BPF_OBJECT "\"\n"
	"bpf_object_end:\n"
	".popsection\n");
extern const char bpf_object_start[], bpf_object_end[];

enum option {
	OPT_SLICE_US,
	OPT_TIMEOUT_MS,
	OPT_STALL_AFTER,
	OPT_DEGRADE_AFTER,
	OPT_CRASH_AFTER,
	OPT_EXIT_AFTER,
	OPT_DEGRADE,
	OPT_SCATTERSHOT,
	OPT_SLOW,
	OPT_FAIL_VERIFY,
	OPT_VERIFY_LOOP,
	OPT_ARRAY_ENTRIES,
	OPT_HASH_ENTRIES,
	OPT_LOG_LEVEL,
};

static const struct tool_opt options[] = {
	[OPT_SLICE_US] = {"slice-us", "N", "time slice in microseconds (default 5000)"},
	[OPT_TIMEOUT_MS] = {"timeout-ms", "N", "how long a task may wait before the kernel ejects"},
	[OPT_STALL_AFTER] = {"stall-after", "SPAN", "stop dispatching after SPAN"},
	[OPT_DEGRADE_AFTER] = {"degrade-after", "SPAN", "place tasks badly after SPAN"},
	[OPT_CRASH_AFTER] = {"crash-after", "SPAN", "raise a scheduler error after SPAN"},
	[OPT_EXIT_AFTER] = {"exit-after", "SPAN", "exit with status 1 after SPAN"},
	[OPT_DEGRADE] = {"degrade", NULL, "place tasks badly from the start"},
	[OPT_SCATTERSHOT] = {"scattershot", NULL, "queue each task on a random CPU"},
	[OPT_SLOW] = {"slow", NULL, "skip three dispatches of four"},
	[OPT_FAIL_VERIFY] = {"fail-verify", NULL, "be refused by the verifier"},
	[OPT_VERIFY_LOOP] = {"verify-loop", NULL, "be refused by the verifier with a long log"},
	[OPT_ARRAY_ENTRIES] = {"array-entries", "N", "make zoo_bulk_array with N entries"},
	[OPT_HASH_ENTRIES] = {"hash-entries", "N", "make zoo_bulk_hash with N entries"},
	[OPT_LOG_LEVEL] = {"log-level", "LEVEL", "of libbpf: warn (default), info or debug"},
	{NULL},
};

static const struct tool tool = {
	.name = "scx-ktstr",
	.summary = "Run the ktstr scheduler, which misbehaves on request.",
	.opts = options,
};

/* What the command line asks for; spans count from the moment of attaching. */
struct config {
	uint64_t slice_ns;
	unsigned int timeout_ms;
	uint64_t stall_after_ns, degrade_after_ns, crash_after_ns, exit_after_ns;
	bool degrade, scattershot, slow, fail_verify, verify_loop;
	struct zoo_sizes zoo;
};

/* A loaded scheduler. link_fd holds it in the kernel: closing it, or dying, unregisters it. */
struct sched {
	struct bpf_object *obj;
	int link_fd;
	char *bss, *data; /* the maps' memory, shared with the kernel */
	const volatile struct user_exit_info *uei;
};

static enum libbpf_print_level log_level = LIBBPF_WARN;

static int print_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return level > log_level ? 0 : vfprintf(stderr, fmt, ap);
}

/* ---- options ---- */

/* A span with the unit left out is in seconds; a '=' before it is the option's own. */
static uint64_t span_option(enum option opt, const char *text)
{
	char with_unit[64];
	const char *span = text + (*text == '=');
	struct err e;
	uint64_t ns;

	if (!span[strspn(span, "0123456789.")] &&
	    snprintf(with_unit, sizeof(with_unit), "%ss", span) < (int)sizeof(with_unit))
		span = with_unit;
	if (parse_span_ns(span, &ns, &e)) {
		err_set(&e, EINVAL, "'%s' is not a time span (like 1.5, 1.5s or 250ms)", text);
		tool_bad_option(&tool, options[opt].name, &e);
	}
	return ns;
}

static unsigned int uint_option(enum option opt, const char *text, unsigned int max)
{
	struct err e;
	unsigned int v;

	if (parse_uint(text, 1, max, &v, &e))
		tool_bad_option(&tool, options[opt].name, &e);
	return v;
}

static enum libbpf_print_level level_option(const char *text)
{
	static const char *const names[] = {
		[LIBBPF_WARN] = "warn",
		[LIBBPF_INFO] = "info",
		[LIBBPF_DEBUG] = "debug",
	};
	struct err e;

	for (int i = LIBBPF_WARN; i <= LIBBPF_DEBUG; i++)
		if (strcmp(text, names[i]) == 0)
			return (enum libbpf_print_level)i;
	err_set(&e, EINVAL, "'%s' is not warn, info or debug", text);
	tool_bad_option(&tool, options[OPT_LOG_LEVEL].name, &e);
}

static void config_option(struct config *c, enum option opt, const char *arg)
{
	switch (opt) {
	case OPT_SLICE_US:
		c->slice_ns = uint_option(opt, arg, SLICE_MAX_US) * NSEC_PER_USEC;
		break;
	case OPT_TIMEOUT_MS:
		c->timeout_ms = uint_option(opt, arg, TIMEOUT_MAX_MS);
		break;
	case OPT_STALL_AFTER:
		c->stall_after_ns = span_option(opt, arg);
		break;
	case OPT_DEGRADE_AFTER:
		c->degrade_after_ns = span_option(opt, arg);
		break;
	case OPT_CRASH_AFTER:
		c->crash_after_ns = span_option(opt, arg);
		break;
	case OPT_EXIT_AFTER:
		c->exit_after_ns = span_option(opt, arg);
		break;
	case OPT_DEGRADE:
		c->degrade = true;
		break;
	case OPT_SCATTERSHOT:
		c->scattershot = true;
		break;
	case OPT_SLOW:
		c->slow = true;
		break;
	case OPT_FAIL_VERIFY:
		c->fail_verify = true;
		break;
	case OPT_VERIFY_LOOP:
		c->verify_loop = true;
		break;
	case OPT_ARRAY_ENTRIES:
		c->zoo.array = uint_option(opt, arg, ZOO_BULK_MAX);
		break;
	case OPT_HASH_ENTRIES:
		c->zoo.hash = uint_option(opt, arg, ZOO_BULK_MAX);
		break;
	case OPT_LOG_LEVEL:
		log_level = level_option(arg);
		break;
	}
}

static void config_parse(struct config *c, int argc, char **argv)
{
	const char *arg;
	int opt;

	*c = (struct config){
		.slice_ns = 5 * NSEC_PER_MSEC,
		.timeout_ms = TIMEOUT_DEFAULT_MS,
		.stall_after_ns = CLOCK_NEVER,
		.degrade_after_ns = CLOCK_NEVER,
		.crash_after_ns = CLOCK_NEVER,
		.exit_after_ns = CLOCK_NEVER,
	};
	while ((opt = tool_next_option(&tool, argc, argv, &arg)) >= 0)
		config_option(c, (enum option)opt, arg);
	if (optind < argc)
		tool_die(&tool, TOOL_USAGE, "unexpected operand '%s'", argv[optind]);
	if (c->scattershot && (c->slow || c->degrade))
		tool_warn(&tool, "--slow and --degrade have no effect with --scattershot");
	else if (c->degrade)
		tool_warn(&tool, "degraded from the start");
}

/* ---- the BPF object ---- */

static char *section_find(char *elf, const char *name, size_t *ret_size)
{
	const Elf64_Ehdr *eh = (const void *)elf;
	const Elf64_Shdr *sh = (const void *)(elf + eh->e_shoff);
	const char *names = elf + sh[eh->e_shstrndx].sh_offset;

	for (int i = 0; i < eh->e_shnum; i++)
		if (strcmp(names + sh[i].sh_name, name) == 0) {
			*ret_size = sh[i].sh_size;
			return elf + sh[i].sh_offset;
		}
	return NULL;
}

/*
 * Put the timeout into the operations table inside the object: libbpf before 1.3 gives no way to
 * change that table once the object is open.
 */
static int timeout_patch(char *elf, unsigned int timeout_ms, struct err *e)
{
	size_t size;
	char *table = section_find(elf, ".struct_ops", &size);

	if (!table || size != sizeof(struct sched_ext_ops))
		return err_set(e, EINVAL, "the BPF object has no operations table of ours");
	memcpy(table + offsetof(struct sched_ext_ops, timeout_ms), &timeout_ms, sizeof(timeout_ms));
	return 0;
}

/* Find the variable @name of @size bytes in section @sec; an offset into the section's map. */
static int var_find(const struct bpf_object *obj, const char *sec, const char *name, size_t size,
		    size_t *ret_offset, struct err *e)
{
	const struct btf *btf = bpf_object__btf(obj);
	int id = btf__find_by_name_kind(btf, sec, BTF_KIND_DATASEC);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;
	const struct btf_var_secinfo *v = t ? btf_var_secinfos(t) : NULL;

	for (int i = 0; t && i < btf_vlen(t); i++) {
		const struct btf_type *var = btf__type_by_id(btf, v[i].type);

		if (strcmp(btf__name_by_offset(btf, var->name_off), name) != 0)
			continue;
		if (v[i].size != size)
			break;
		*ret_offset = v[i].offset;
		return 0;
	}
	return err_set(e, EINVAL, "the BPF object has no '%s' of %zu bytes in %s", name, size, sec);
}

/* Give a variable of .rodata its value, before load. */
static int rodata_set(struct bpf_object *obj, const char *name, const void *value, size_t size,
		      struct err *e)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, ".rodata");
	size_t map_size = 0, offset;
	char *memory = map ? (char *)bpf_map__initial_value(map, &map_size) : NULL;

	if (var_find(obj, ".rodata", name, size, &offset, e))
		return -1;
	if (!memory || offset + size > map_size)
		return err_set(e, EINVAL, "the BPF object's .rodata cannot be written");
	memcpy(memory + offset, value, size);
	return 0;
}

static int rodata_configure(struct bpf_object *obj, const struct config *c, struct err *e)
{
	const struct {
		const char *name;
		const bool *value;
	} flags[] = {
		{"degrade", &c->degrade},
		{"scattershot", &c->scattershot},
		{"slow", &c->slow},
		{"fail_verify", &c->fail_verify},
		{"verify_loop", &c->verify_loop},
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (rodata_set(obj, flags[i].name, flags[i].value, sizeof(bool), e))
			return -1;
	return rodata_set(obj, "slice_ns", &c->slice_ns, sizeof(c->slice_ns), e);
}

/* Print the end of the verifier's log, from the start of a line. */
static void print_log_tail(const char *log)
{
	size_t len = strlen(log), cut = len > LOG_TAIL_BYTES ? len - LOG_TAIL_BYTES : 0;

	if (!len)
		return;
	if (cut) {
		const char *line = strchr(log + cut, '\n');

		cut = line ? (size_t)(line + 1 - log) : cut;
		tool_warn(&tool, "verifier log (%zu bytes before this left out):", cut);
	} else {
		tool_warn(&tool, "verifier log:");
	}
	fwrite(log + cut, 1, len - cut, stderr);
	if (log[len - 1] != '\n')
		fputc('\n', stderr);
}

static struct bpf_object *object_open(const struct config *c, char *log, struct err *e)
{
	size_t size = (size_t)(bpf_object_end - bpf_object_start);
	_cleanup_free_ char *elf = malloc(size);
	struct bpf_object *obj;
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "bpf", .kernel_log_buf = log,
		    .kernel_log_size = LOG_BUFFER_BYTES);

	if (!elf) {
		err_sys(e, "no memory for the BPF object");
		return NULL;
	}
	memcpy(elf, bpf_object_start, size);
	if (timeout_patch(elf, c->timeout_ms, e))
		return NULL;
	obj = bpf_object__open_mem(elf, size, &opts);
	if (!obj) {
		err_sys(e, "cannot open the BPF object");
		return NULL;
	}
	if (rodata_configure(obj, c, e) || zoo_configure(obj, &c->zoo, e)) {
		bpf_object__close(obj);
		return NULL;
	}
	return obj;
}

static int object_load(struct bpf_object *obj, const char *log, struct err *e)
{
	struct bpf_program *init = bpf_object__find_program_by_name(obj, "ktstr_init");
	struct bpf_map *ops = bpf_object__find_map_by_name(obj, "ktstr_ops");

	if (!init || !ops)
		return err_set(e, EINVAL, "the BPF object has no ktstr_init or ktstr_ops");
	/* Section names would say both, but libbpf knows these names only from 1.2 on. */
	bpf_program__set_flags(init, bpf_program__flags(init) | F_SLEEPABLE);
	bpf_map__set_map_flags(ops, bpf_map__map_flags(ops) | F_LINK);
	if (bpf_object__load(obj)) {
		err_sys(e, "cannot load the scheduler");
		print_log_tail(log);
		return -1;
	}
	return 0;
}

static char *map_memory(struct bpf_object *obj, const char *name, struct err *e)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, name);
	void *memory;

	if (!map) {
		err_set(e, ENOENT, "the BPF object has no %s", name);
		return NULL;
	}
	memory = mmap(NULL, bpf_map__value_size(map), PROT_READ | PROT_WRITE, MAP_SHARED,
		      bpf_map__fd(map), 0);
	if (memory == MAP_FAILED) {
		err_sys(e, "cannot map %s", name);
		return NULL;
	}
	return memory;
}

static int fixtures_fill(struct bpf_object *obj, struct err *e)
{
	int array = bpf_object__find_map_fd_by_name(obj, "ktstr_array_fixture");
	int percpu = bpf_object__find_map_fd_by_name(obj, "ktstr_pcpu_fix");
	int nr = libbpf_num_possible_cpus();
	_cleanup_free_ uint64_t *values = calloc(nr > 0 ? (size_t)nr : 1, sizeof(*values));
	uint32_t key;

	for (key = 0; key < FIXTURE_ARRAY_MAX; key++) {
		struct fixture_entry entry = {.magic = FIXTURE_ARRAY_MAGIC, .key = key};

		if (bpf_map_update_elem(array, &key, &entry, BPF_ANY))
			return err_sys(e, "cannot fill ktstr_array_fixture");
	}
	for (int cpu = 0; values && cpu < nr; cpu++)
		values[cpu] = FIXTURE_PCPU_MAGIC + (uint64_t)cpu;
	key = 0;
	if (!values || bpf_map_update_elem(percpu, &key, values, BPF_ANY))
		return err_sys(e, "cannot fill ktstr_pcpu_fix");
	return 0;
}

/*
 * Hand the operations table to the kernel and take the link. libbpf before 1.2 only does the
 * first half for a table made for a link.
 */
static int sched_attach(struct sched *s, struct err *e)
{
	struct bpf_map *ops = bpf_object__find_map_by_name(s->obj, "ktstr_ops");
	struct bpf_link *link = bpf_map__attach_struct_ops(ops);

	if (!link)
		return err_sys(e, "cannot attach the scheduler");
	s->link_fd = libbpf_major_version() > 1 || libbpf_minor_version() >= 2
			     ? bpf_link__fd(link)
			     : bpf_link_create(bpf_map__fd(ops), 0, ATTACH_STRUCT_OPS, NULL);
	if (s->link_fd < 0)
		return err_sys(e, "cannot attach the scheduler");
	return 0;
}

static int sched_start(struct sched *s, const struct config *c, struct err *e)
{
	char *log = mmap(NULL, LOG_BUFFER_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t uei, holder;

	*s = (struct sched){.link_fd = -1};
	if (log == MAP_FAILED)
		return err_sys(e, "no memory for the verifier's log");
	s->obj = object_open(c, log, e);
	if (!s->obj || object_load(s->obj, log, e))
		return -1;
	munmap(log, LOG_BUFFER_BYTES);
	s->bss = map_memory(s->obj, ".bss", e);
	s->data = map_memory(s->obj, ".data", e);
	if (!s->bss || !s->data || fixtures_fill(s->obj, e) ||
	    var_find(s->obj, ".data", "uei", sizeof(*s->uei), &uei, e) ||
	    var_find(s->obj, ".bss", "ktstr_bss_arena_holder",
		     sizeof(struct ktstr_bss_arena_holder), &holder, e) ||
	    zoo_fill(s->obj, &c->zoo, (void *)(s->bss + holder), e))
		return -1;
	s->uei = (const void *)(s->data + uei);
	return sched_attach(s, e);
}

/* ---- triggers ---- */

/* Something to do once, a span after attaching or when a file appears. */
struct trigger {
	const char *what;
	uint64_t after_ns;
	const char *file;	 /* NULL for none */
	const char *var;	 /* flag in .bss to set; NULL: exit with TOOL_FAIL */
	volatile uint32_t *flag; /* where that is */
	bool fired;
};

static int triggers_bind(struct trigger *t, size_t n, const struct sched *s, struct err *e)
{
	size_t offset;

	for (size_t i = 0; i < n; i++) {
		if (!t[i].var)
			continue;
		if (var_find(s->obj, ".bss", t[i].var, sizeof(*t[i].flag), &offset, e))
			return -1;
		t[i].flag = (volatile uint32_t *)(s->bss + offset);
	}
	return 0;
}

/* Say it first: a stalled scheduler may not give us the CPU again. */
static void trigger_fire(struct trigger *t, bool by_time)
{
	t->fired = true;
	if (by_time)
		tool_warn(&tool, "%s: %g s after attaching", t->what,
			  (double)t->after_ns / (double)NSEC_PER_SEC);
	else
		tool_warn(&tool, "%s: %s is there", t->what, t->file);
	if (!t->flag)
		exit(TOOL_FAIL);
	*t->flag = 1;
}

static void triggers_check(struct trigger *t, size_t n, uint64_t elapsed_ns)
{
	for (size_t i = 0; i < n; i++) {
		if (t[i].fired)
			continue;
		if (elapsed_ns >= t[i].after_ns)
			trigger_fire(&t[i], true);
		else if (t[i].file && access(t[i].file, F_OK) == 0)
			trigger_fire(&t[i], false);
	}
}

/* ---- run ---- */

static int ticker_open(struct err *e)
{
	const struct timespec tick = {.tv_nsec = TICK_NS};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (fd < 0 ||
	    timerfd_settime(fd, 0, &(struct itimerspec){.it_interval = tick, .it_value = tick},
			    NULL)) {
		err_sys(e, "cannot make a timer");
		return -1;
	}
	return fd;
}

static int signals_open(struct err *e)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		err_sys(e, "cannot watch signals");
	return fd;
}

/* Tick until a signal arrives (returns 1) or the kernel lets go of the scheduler (0); -1: error. */
static int run_until_end(const struct sched *s, const struct config *c, int signals, struct err *e)
{
	struct trigger triggers[] = {
		{.what = "stalling",
		 .after_ns = c->stall_after_ns,
		 .file = "/tmp/ktstr_stall",
		 .var = "stall"},
		{.what = "degrading",
		 .after_ns = c->degrade_after_ns,
		 .file = "/tmp/ktstr_degrade",
		 .var = "degrade_rt"},
		{.what = "crashing", .after_ns = c->crash_after_ns, .var = "crash"},
		{.what = "exiting", .after_ns = c->exit_after_ns},
	};
	const size_t n = sizeof(triggers) / sizeof(triggers[0]);
	uint64_t start_ns = clock_now_ns(), ticks;
	_cleanup_close_ int ticker = ticker_open(e);
	struct pollfd fds[] = {{.fd = signals, .events = POLLIN}, {.fd = ticker, .events = POLLIN}};

	if (ticker < 0 || triggers_bind(triggers, n, s, e))
		return -1;
	while (!s->uei->kind) {
		triggers_check(triggers, n, clock_now_ns() - start_ns);
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return err_sys(e, "cannot wait");
		if (fds[0].revents)
			return 1;
		if (fds[1].revents && read(ticker, &ticks, sizeof(ticks)) < 0 && errno != EINTR)
			return err_sys(e, "cannot read the timer");
	}
	return 0;
}

/* One line with the kernel's own words on why the scheduler ended. */
static void print_exit_record(const struct user_exit_info *uei)
{
	if (!uei->kind)
		tool_warn(&tool, "no exit record");
	else
		tool_warn(&tool, "exit kind %u, code %lld, reason '%.*s', message '%.*s'",
			  uei->kind, uei->exit_code, UEI_REASON_MAX, uei->reason, UEI_MSG_MAX,
			  uei->msg);
}

int main(int argc, char **argv)
{
	struct user_exit_info uei;
	struct config config;
	struct sched sched;
	struct err e;
	int signals, by_signal;

	config_parse(&config, argc, argv);
	libbpf_set_print(print_libbpf);
	signals = signals_open(&e);
	if (signals < 0 || sched_start(&sched, &config, &e))
		tool_die(&tool, TOOL_FAIL, "%s", e.text);
	tool_warn(&tool, "attached: slice %llu us, timeout %u ms",
		  (unsigned long long)(config.slice_ns / NSEC_PER_USEC), config.timeout_ms);

	by_signal = run_until_end(&sched, &config, signals, &e);
	if (by_signal < 0)
		tool_die(&tool, TOOL_FAIL, "%s", e.text);
	/* The kernel runs ops.exit before this returns. */
	close(sched.link_fd);
	memcpy(&uei, (const void *)sched.uei, sizeof(uei));
	print_exit_record(&uei);
	return by_signal ? TOOL_PASS : TOOL_FAIL;
}
