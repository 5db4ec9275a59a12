/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PID 1 of a guest that tells what it knows about itself, for tests of who reads it from outside.
 *
 * It makes load for a while, so that no counter is zero, and then stops the picture: a real-time
 * task spins on each CPU, so that no other task runs any more, while this one, above them, reads
 * again and again what the kernel says of itself. What moves by nature (clocks) is told with each
 * reading; everything else is told once and called a baseline, and a reading that differs from it
 * in one byte is a new baseline. So whoever stops the machine at any instant can tell from the
 * jiffies of the readings before and after which baseline held then.
 *
 * Kernel command line:
 *   truth.scheduler=NAME   start /scheduler/NAME and wait until the kernel runs it
 *   truth.load=live        go on with the load for ever instead of stopping the picture
 *   truth.load=rings       ring the doorbell for ever instead
 *   truth.maps=bpftool     before the readings, dump all maps and ring the doorbell
 *
 * Messages to the host, beside those that the agent has too (hello, trouble):
 *   0x7f01  /proc/kallsyms, without modules and programs
 *   0x7f02  /sys/kernel/btf/vmlinux
 *   0x7f03  text: `reading N baseline B jiffies J`, `clock CPU SECONDS` of each CPU, and in the
 *           first reading of a baseline (N is B) the sections, each under a line `== NAME`
 *   0x7f04  what `bpftool --json batch` said of all maps that it can dump, each of them twice, just
 *           before the doorbell was rung for `snapshot roundtrip_N`, N from 0 on. When both times
 *           are the same, that was so at the doorbell, too.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "init/console.h"
#include "init/doorbell.h"
#include "init/entropy.h"
#include "init/link.h"
#include "init/machine.h"
#include "init/modules.h"
#include "init/mounts.h"

#define TYPE_KALLSYMS 0x7f01
#define TYPE_BTF 0x7f02
#define TYPE_READING 0x7f03
#define TYPE_MAPS 0x7f04

#define FILE_MAX (32u << 20)
#define DMESG_MAX (4u << 20)
#define CPUS_MAX 1024
#define LOAD_NS (400 * NSEC_PER_MSEC)
#define SETTLE_NS (50 * NSEC_PER_MSEC)
#define PAUSES 2000 /* between two readings */
#define SCHED_DEBUG "/sys/kernel/debug/sched"
#define EXT_DIR "/sys/kernel/sched_ext"
#define TRACING "/sys/kernel/tracing"
#define BPFTOOL "/usr/sbin/bpftool"
#define MAPS_COMMANDS "/maps.commands"
#define MAPS_DUMP "/maps.json"
#define MAPS_TIMES 5 /* that they are dumped */

static struct link host;
static int cpus; /* numbered below this, all online */
static pid_t hogs[CPUS_MAX];
static int trace_fd = -1;
static volatile int *hogs_go; /* shared with them: 1 when each is in its place */

static void fatal(const char *what)
{
	console_say("PANIC: truth: %s: %s", what, strerror(errno));
	for (;;)
		pause();
}

static void add(struct buf *b, const char *text, size_t len)
{
	if (buf_add(b, text, len))
		fatal("memory");
}

/* A whole file; nothing when there is none. */
static struct buf slurp(const char *path)
{
	struct buf b = {0};
	struct err e;

	if (io_read_file(path, FILE_MAX, &b, &e))
		buf_deinit(&b);
	return b;
}

static bool put(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static void must_put(const char *path, const char *text)
{
	if (!put(path, text))
		fatal(path);
}

/* ---- load ---- */

static void work_spin(void)
{
	for (volatile unsigned long i = 0;; i++)
		;
}

static void work_sleep(void)
{
	for (;;)
		usleep(3000);
}

static void work_yield(void)
{
	for (;;)
		sched_yield();
}

static void work_fork(void)
{
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
		usleep(500);
	}
}

static void work_pipe(void)
{
	int there[2], back[2];
	char c = 0;

	if (pipe(there) || pipe(back))
		_exit(1);
	if (fork() == 0)
		for (;;)
			if (read(there[0], &c, 1) != 1 || write(back[1], &c, 1) != 1)
				_exit(1);
	for (;;)
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			_exit(1);
}

static const struct {
	const char *name;
	void (*run)(void);
} works[] = {
	{"spin", work_spin}, {"sleep", work_sleep}, {"yield", work_yield},
	{"fork", work_fork}, {"pipe", work_pipe},
};
#define WORKS (int)(sizeof(works) / sizeof(works[0]))

static void start_load(void)
{
	mkdir("/sys/fs/cgroup/load", 0755);
	for (int i = 0; i < cpus + WORKS; i++) {
		pid_t pid = fork();

		if (pid < 0)
			fatal("fork");
		if (pid)
			continue;
		prctl(PR_SET_NAME, works[i % WORKS].name);
		if (i % 2)
			put("/sys/fs/cgroup/load/cgroup.procs", "0");
		works[i % WORKS].run();
	}
}

/* ---- the scheduler ---- */

static bool scheduler_is_up(void)
{
	_cleanup_buf_ struct buf b = slurp(EXT_DIR "/state");

	return strcmp(buf_text(&b), "enabled\n") == 0;
}

static void start_scheduler(const char *name)
{
	char path[PATH_MAX];
	pid_t pid;

	snprintf(path, sizeof(path), "/scheduler/%s", name);
	pid = fork();
	if (pid == 0) {
		int fd = open("/dev/null", O_RDWR);

		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		execl(path, path, (char *)0);
		_exit(127);
	}
	while (!scheduler_is_up()) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			fatal(path);
		usleep(10000);
	}
}

/* ---- stopping the picture ---- */

static void pin(pid_t pid, int cpu)
{
	size_t size = CPU_ALLOC_SIZE(CPUS_MAX);
	cpu_set_t *set = CPU_ALLOC(CPUS_MAX);

	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	if (sched_setaffinity(pid, size, set))
		fatal("affinity");
	CPU_FREE(set);
}

static void make_fifo(pid_t pid, int prio)
{
	struct sched_param p = {.sched_priority = prio};

	if (sched_setscheduler(pid, SCHED_FIFO, &p))
		fatal("priority");
}

/* `pause` hands an emulated CPU on to the next one, so that spinning costs the host little. */
static void relax(void)
{
	__builtin_ia32_pause();
}

static void start_hogs(void)
{
	hogs_go =
		mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (hogs_go == MAP_FAILED)
		fatal("memory");
	for (int cpu = 0; cpu < cpus; cpu++) {
		char name[16];

		snprintf(name, sizeof(name), "hog/%d", cpu);
		hogs[cpu] = fork();
		if (hogs[cpu] < 0)
			fatal("fork");
		if (hogs[cpu])
			continue;
		prctl(PR_SET_NAME, name);
		while (!*hogs_go)
			usleep(1000);
		for (;;)
			relax();
	}
}

/* The servers that let other tasks run under real-time load. */
static void stop_servers(void)
{
	static const char *const servers[] = {"fair_server", "ext_server"};
	char path[PATH_MAX];

	must_put("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	for (int i = 0; i < 2; i++) {
		for (int cpu = 0; cpu < cpus; cpu++) {
			snprintf(path, sizeof(path), SCHED_DEBUG "/%s/cpu%d/runtime", servers[i],
				 cpu);
			if (access(path, F_OK) == 0)
				must_put(path, "0");
		}
	}
}

/* Load balancing goes on under real-time load. It counts, so let it come as seldom as can be. */
static void slow_balancing(void)
{
	char path[PATH_MAX];

	for (int cpu = 0; cpu < cpus; cpu++)
		for (int sd = 0; sd < 8; sd++) {
			snprintf(path, sizeof(path),
				 SCHED_DEBUG "/domains/cpu%d/domain%d/busy_factor", cpu, sd);
			put(path, "100000");
		}
}

static void spin_ns(uint64_t ns)
{
	uint64_t end = clock_deadline_ns(ns);

	while (clock_now_ns() < end)
		;
}

static void stop_picture(void)
{
	if (put(TRACING "/events/sched_ext/sched_ext_dump/enable", "1"))
		trace_fd = open(TRACING "/trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	start_hogs();
	stop_servers();
	slow_balancing();
	mlockall(MCL_CURRENT | MCL_FUTURE);
	pin(0, 0);
	make_fifo(0, 90);
	for (int cpu = 0; cpu < cpus; cpu++) {
		pin(hogs[cpu], cpu);
		make_fifo(hogs[cpu], 50);
	}
	*hogs_go = 1;
	spin_ns(SETTLE_NS);
}

/* ---- what the kernel says ---- */

static void section(struct buf *b, const char *name)
{
	if (buf_addf(b, "== %s\n", name))
		fatal("memory");
}

/* `NAME: ` and the file's lines, each behind that prefix. */
static void add_file(struct buf *b, const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct buf f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = slurp(path);
	for (char *line = f.data; line && *line;) {
		size_t len = strcspn(line, "\n");

		if (buf_addf(b, "%s: %.*s\n", name, (int)len, line))
			fatal("memory");
		line += len + (line[len] == '\n');
	}
	buf_deinit(&f);
}

static void add_domains(struct buf *b)
{
	static const char *const files[] = {"name",	    "level",	     "flags",
					    "min_interval", "max_interval",  "max_newidle_lb_cost",
					    "busy_factor",  "imbalance_pct", "cache_nice_tries",
					    "groups_flags"};
	char path[64];

	section(b, "domains");
	for (int cpu = 0; cpu < cpus; cpu++)
		for (int sd = 0; sd < 8; sd++)
			for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
				snprintf(path, sizeof(path), "cpu%d/domain%d/%s", cpu, sd,
					 files[i]);
				add_file(b, SCHED_DEBUG "/domains", path);
			}
}

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* The lines of each CPU itself out of debugfs sched/debug; clocks into @moving. */
static void add_debug(struct buf *b, struct buf *moving)
{
	static const char *const wanted[] = {"cpu#", "  .nr_running", "  .nr_switches",
					     "  .nr_uninterruptible", "  .curr->pid"};
	struct buf f = slurp(SCHED_DEBUG "/debug");
	bool in_cpu = false;
	int cpu = -1;

	section(b, "debug");
	for (char *line = f.data; line && *line;) {
		char *end = line + strcspn(line, "\n");

		if (begins(line, "cpu#")) {
			in_cpu = true;
			cpu = atoi(line + 4);
		} else if (end == line) {
			in_cpu = false; /* other sections have lines of the same name */
		}
		for (size_t i = 0; in_cpu && i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (begins(line, wanted[i]))
				add(b, line, (size_t)(end - line) + 1);
		if (in_cpu && begins(line, "  .clock  ")) {
			char *value = memchr(line, ':', (size_t)(end - line));

			if (value && buf_addf(moving, "clock %d %.*s\n", cpu,
					      (int)(end - value - 2), value + 2))
				fatal("memory");
		}
		line = end + (*end == '\n');
	}
	buf_deinit(&f);
}

static void add_schedstat(struct buf *b, struct buf *moving)
{
	struct buf f = slurp("/proc/schedstat");

	section(b, "schedstat");
	for (char *line = f.data; line && *line;) {
		size_t len = strcspn(line, "\n") + 1;

		add(begins(line, "timestamp") ? moving : b, line, len);
		line += len;
	}
	buf_deinit(&f);
}

static void add_tasks(struct buf *b)
{
	char path[64];

	section(b, "tasks");
	for (int cpu = -1; cpu < cpus; cpu++) {
		snprintf(path, sizeof(path), "%d/comm", cpu < 0 ? 1 : hogs[cpu]);
		add_file(b, "/proc", path);
	}
}

static void add_scx(struct buf *b)
{
	static const char *const files[] = {"state",	   "switch_all", "nr_rejected",
					    "hotplug_seq", "enable_seq", "root/ops",
					    "root/events"};

	section(b, "scx");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		add_file(b, EXT_DIR, files[i]);
}

static int bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/*
 * Programs by ID: type, runs, nanoseconds, misses, instructions verified, name. Those named *dump*
 * run when add_dump() asks for it, so they are not told.
 */
static void add_progs(struct buf *b)
{
	union bpf_attr next = {0};

	section(b, "progs");
	while (bpf(BPF_PROG_GET_NEXT_ID, &next) == 0) {
		struct bpf_prog_info info = {0};
		union bpf_attr attr = {.prog_id = next.next_id};
		int fd = bpf(BPF_PROG_GET_FD_BY_ID, &attr);

		next.start_id = next.next_id;
		if (fd < 0)
			continue;
		attr = (union bpf_attr){.info = {.bpf_fd = (unsigned int)fd,
						 .info_len = sizeof(info),
						 .info = (unsigned long)&info}};
		if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 && !strstr(info.name, "dump") &&
		    buf_addf(b, "%u %u %llu %llu %llu %u %s\n", info.id, info.type,
			     (unsigned long long)info.run_cnt, (unsigned long long)info.run_time_ns,
			     (unsigned long long)info.recursion_misses, info.verified_insns,
			     info.name))
			fatal("memory");
		close(fd);
	}
}

static void add_dmesg(struct buf *b)
{
	static char text[DMESG_MAX];
	int n = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, text, sizeof(text));

	section(b, "dmesg");
	if (n < 0)
		fatal("syslog");
	add(b, text, (size_t)n);
}

/*
 * sched_ext's own dump of its run queues, as trace events: of each CPU, and the dispatch queue of
 * each of its tasks. Nothing here may wait for RCU, whose tasks do not run any more.
 */
static void add_dump(struct buf *b)
{
	static const char *const wanted[] = {"nr_run=", " curr=", " dsq_id="};
	struct buf f = {0};
	char chunk[4096];
	ssize_t n;

	if (trace_fd < 0)
		return;
	must_put("/proc/sysrq-trigger", "D");
	while ((n = read(trace_fd, chunk, sizeof(chunk))) > 0)
		add(&f, chunk, (size_t)n);
	section(b, "dump");
	for (char *line = f.data; line && *line;) {
		char *end = line + strcspn(line, "\n"), *text = strstr(line, "_dump: ");

		*end = '\0';
		for (size_t i = 0; text && text < end && i < sizeof(wanted) / sizeof(wanted[0]);
		     i++)
			if (strstr(text, wanted[i]) &&
			    buf_addf(b, "%s\n", text + strlen("_dump: ")))
				fatal("memory");
		line = end + (end < f.data + f.len);
	}
	buf_deinit(&f);
}

/* All of it; the log comes last. Returns where it begins. */
static size_t read_all(struct buf *still, struct buf *moving)
{
	size_t log_at;

	still->len = moving->len = 0;
	add_schedstat(still, moving);
	add_debug(still, moving);
	add_domains(still);
	add_tasks(still);
	add_scx(still);
	add_progs(still);
	log_at = still->len;
	add_dmesg(still);
	return log_at;
}

static void tell_reading(unsigned int number, unsigned int baseline, const struct buf *moving,
			 const struct buf *dump, const struct buf *still)
{
	unsigned long jiffies = 0;
	struct buf b = {0};

	/* "timestamp N" is the first line of what moves. */
	sscanf(buf_text(moving), "timestamp %lu", &jiffies);
	if (buf_addf(&b, "reading %u baseline %u jiffies %lu\n", number, baseline, jiffies))
		fatal("memory");
	add(&b, moving->data, moving->len);
	if (number == baseline) {
		if (dump->len)
			add(&b, dump->data, dump->len);
		add(&b, still->data, still->len);
	}
	link_send(&host, (enum tlv_type)TYPE_READING, b.data, b.len);
	buf_deinit(&b);
}

static bool is_same(const struct buf *a, const struct buf *b, size_t len)
{
	return a->len >= len && b->len >= len && memcmp(a->data, b->data, len) == 0;
}

static void swap(struct buf *a, struct buf *b)
{
	struct buf c = *a;

	*a = *b;
	*b = c;
}

/*
 * The dump is of the same instant as the readings before and after it when they say the same, but
 * for the log, where asking for the dump leaves a line. The last reading is left in @still.
 */
static void dump_between(struct buf *dump, struct buf *still, struct buf *moving)
{
	struct buf before = {0};
	size_t log_at;

	do {
		swap(&before, still);
		dump->len = 0;
		add_dump(dump);
		log_at = read_all(still, moving);
	} while (!is_same(&before, still, log_at));
	buf_deinit(&before);
}

/* Read and tell for ever. */
static void tell_readings(bool scx)
{
	struct buf still = {0}, last = {0}, moving = {0}, dump = {0};
	unsigned int number, baseline = 0;

	for (number = 1;; number++) {
		read_all(&still, &moving);
		if (!baseline || still.len != last.len || !is_same(&still, &last, last.len)) {
			baseline = number;
			if (scx)
				dump_between(&dump, &still, &moving);
		}
		tell_reading(number, baseline, &moving, &dump, &still);
		swap(&last, &still);
		for (int i = 0; i < PAUSES; i++)
			relax();
	}
}

/* ---- once ---- */

static void tell_kallsyms(void)
{
	struct buf f, out = {0};

	must_put("/proc/sys/kernel/kptr_restrict", "0");
	f = slurp("/proc/kallsyms");
	for (char *line = f.data; line && *line;) {
		size_t len = strcspn(line, "\n") + 1;

		/* `ADDRESS TYPE NAME`, and a tab and `[OWNER]` for what is not the kernel's. */
		if (!memchr(line, '\t', len))
			add(&out, line, len);
		line += len;
	}
	link_send(&host, (enum tlv_type)TYPE_KALLSYMS, out.data, out.len);
	buf_deinit(&f);
	buf_deinit(&out);
}

static void tell_btf(void)
{
	struct buf f = slurp("/sys/kernel/btf/vmlinux");

	link_send(&host, (enum tlv_type)TYPE_BTF, f.data, f.len);
	buf_deinit(&f);
}

/* ---- maps ---- */

/* Whether `bpftool map dump` knows how: a dump that fails would end all of it. */
static bool map_is_dumped(__u32 type)
{
	switch (type) {
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
	case BPF_MAP_TYPE_BLOOM_FILTER:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case 32: /* BPF_MAP_TYPE_CGRP_STORAGE */
	case 33: /* BPF_MAP_TYPE_ARENA */
		return false;
	default:
		return true;
	}
}

static void add_map_command(struct buf *b, __u32 id)
{
	union bpf_attr attr = {.map_id = id};
	int fd = bpf(BPF_MAP_GET_FD_BY_ID, &attr);
	struct bpf_map_info info = {0};

	attr = (union bpf_attr){.info = {.bpf_fd = (unsigned int)fd,
					 .info_len = sizeof(info),
					 .info = (unsigned long)&info}};
	if (fd < 0 || bpf(BPF_OBJ_GET_INFO_BY_FD, &attr))
		fatal("map");
	close(fd);
	if (map_is_dumped(info.type) && buf_addf(b, "map dump id %u\n", id))
		fatal("memory");
}

static void write_map_commands(void)
{
	struct buf b = {0};
	int fd;

	for (int twice = 0; twice < 2; twice++) {
		union bpf_attr next = {0};

		while (bpf(BPF_MAP_GET_NEXT_ID, &next) == 0) {
			add_map_command(&b, next.next_id);
			next.start_id = next.next_id;
		}
	}
	fd = open(MAPS_COMMANDS, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, b.data, b.len) != (ssize_t)b.len)
		fatal(MAPS_COMMANDS);
	close(fd);
	buf_deinit(&b);
}

/*
 * One bpftool for all, for each fork would change what a scheduler counts. It runs above the
 * spinning tasks as we do, so no task of the scheduler's runs meanwhile.
 */
static void dump_maps(void)
{
	int status;
	pid_t pid;

	write_map_commands();
	pid = fork();
	if (pid == 0) {
		int fd = open(MAPS_DUMP, O_WRONLY | O_CREAT | O_TRUNC, 0644);

		dup2(fd, 1);
		dup2(fd, 2);
		execl(BPFTOOL, BPFTOOL, "--json", "batch", "file", MAPS_COMMANDS, (char *)0);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		fatal(BPFTOOL);
	if (status)
		link_trouble(&host, TROUBLE_AGENT, "bpftool ended with status 0x%x", status);
}

/* Tell afterwards: sending wakes tasks, which a scheduler counts. */
static void tell_maps(const char *cmdline)
{
	struct doorbell bell;
	char name[32];

	doorbell_init(&bell, &host, cmdline);
	for (int i = 0; i < MAPS_TIMES; i++) {
		struct buf dump;

		snprintf(name, sizeof(name), "roundtrip_%d", i);
		dump_maps();
		dump = slurp(MAPS_DUMP);
		doorbell_ring(&bell, "snapshot", name);
		link_send(&host, (enum tlv_type)TYPE_MAPS, dump.data, dump.len);
		buf_deinit(&dump);
	}
}

/* To measure how long a ring takes. */
static void ring_for_ever(const char *cmdline)
{
	struct doorbell bell;

	doorbell_init(&bell, &host, cmdline);
	for (;;)
		doorbell_ring(&bell, "test", "");
}

/* The value of `@name=` on the kernel's command line; "" when it is not there. */
static void word(const char *cmdline, const char *name, char ret[64])
{
	const char *at = strstr(cmdline, name);

	ret[0] = '\0';
	if (at)
		sscanf(at + strlen(name), "%63s", ret);
}

static void come_up(const char *cmdline_path, struct buf *ret_cmdline)
{
	struct err e;

	console_init();
	link_init(&host);
	json_object_seed(1);
	mounts_make(&host);
	entropy_seed(&host);
	modules_load(&host, "/modules");
	if (link_open(&host, clock_deadline_ns(10 * NSEC_PER_SEC), &e)) {
		console_say("PANIC: truth: %s", e.text);
		fatal("port");
	}
	*ret_cmdline = slurp(cmdline_path);
	machine_hello(&host, buf_text(ret_cmdline));
	mounts_tune(&host);
}

int main(void)
{
	char scheduler[64], load[64], maps[64];
	struct buf cmdline = {0};

	come_up("/proc/cmdline", &cmdline);
	word(buf_text(&cmdline), "truth.scheduler=", scheduler);
	word(buf_text(&cmdline), "truth.load=", load);
	word(buf_text(&cmdline), "truth.maps=", maps);
	if (strcmp(load, "rings") == 0)
		ring_for_ever(buf_text(&cmdline));
	cpus = (int)sysconf(_SC_NPROCESSORS_CONF);
	if (cpus < 1 || cpus > CPUS_MAX)
		fatal("number of CPUs");
	tell_kallsyms();
	tell_btf();
	must_put(SCHED_DEBUG "/verbose", "Y");
	if (*scheduler)
		start_scheduler(scheduler);
	start_load();
	usleep(LOAD_NS / 1000);
	if (strcmp(load, "live") == 0) {
		link_life(&host, "live", NULL);
		for (;;)
			pause();
	}
	stop_picture();
	if (*maps)
		tell_maps(buf_text(&cmdline));
	tell_readings(*scheduler);
}
