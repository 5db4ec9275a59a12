/* SPDX-License-Identifier: GPL-2.0-only */
/* ktstr-init(8): PID 1 of a test guest. It runs the scenario it finds and powers the guest off. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/tool.h"
#include "init/agent.h"
#include "init/console.h"
#include "init/crash.h"
#include "init/entropy.h"
#include "init/fault.h"
#include "init/kmsg.h"
#include "init/machine.h"
#include "init/modules.h"
#include "init/mounts.h"
#include "init/run.h"
#include "scenario/plan.h"

#define SCENARIO "/scenario"
#define PRESETS "/topologies"
#define MODULES "/modules"
#define PORT_NS (10 * NSEC_PER_SEC)
#define CMDLINE_MAX 4096

static const struct tool_opt opts[] = {{0}};
static const struct tool tool = {
	.name = "ktstr-init",
	.summary = "PID 1 of a test guest; does nothing anywhere else",
	.opts = opts,
};

static void power_off(int code)
{
	console_say("KTSTR_EXIT=%d", code);
	sync();
	reboot(RB_POWER_OFF);
	console_puts("PANIC: ktstr-init: the machine does not power off\n");
	for (;;)
		pause();
}

/* There is no way to tell the host but the console. */
static void die(struct link *l, const struct err *e)
{
	link_give_up(l);
	console_say("PANIC: ktstr-init: %s", e->text);
	power_off(TOOL_MACHINE);
}

static void cmdline_read(char ret[CMDLINE_MAX])
{
	_cleanup_close_ int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : io_read_upto(fd, ret, CMDLINE_MAX - 1);

	ret[n < 0 ? 0 : n] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

/* Mounts, modules, port, hello: what has to work before anything else can be told. */
static void come_up(struct agent *a)
{
	char cmdline[CMDLINE_MAX];
	struct err e;

	console_init();
	link_init(&a->link);
	json_object_seed(1); /* or jansson asks the kernel for random numbers */
	mounts_make(&a->link);
	entropy_seed(&a->link);
	if (crash_init(&e))
		link_trouble(&a->link, TROUBLE_SETUP, "%s", e.text);
	modules_load(&a->link, MODULES);
	if (link_open(&a->link, clock_deadline_ns(PORT_NS), &e))
		die(&a->link, &e);
	cmdline_read(cmdline);
	machine_hello(&a->link, cmdline);
	link_life(&a->link, "init", NULL);
	mounts_tune(&a->link);
	doorbell_init(&a->doorbell, &a->link, cmdline);
	fault_run(&a->link, &a->doorbell, cmdline);
}

/* The scenario of the initramfs; NULL when there is none, or it is wrong, which is told. */
static struct scenario *scenario_load(struct link *l)
{
	_cleanup_buf_ struct buf b = {0};
	_cleanup_free_ char *plan = NULL;
	struct scenario *sc = NULL;
	struct err e;

	if (access(SCENARIO, F_OK)) {
		link_trouble(l, TROUBLE_NOTE, "there is no scenario: nothing to run");
		return NULL;
	}
	if (io_read_file(SCENARIO, SCENARIO_FILE_MAX, &b, &e) ||
	    scenario_parse(SCENARIO, buf_text(&b), b.len, access(PRESETS, F_OK) ? NULL : PRESETS,
			   &sc, &e)) {
		link_trouble(l, TROUBLE_SETUP, "%s", e.text);
		return NULL;
	}
	plan = scenario_plan_json(sc);
	if (plan)
		link_send(l, TLV_PLAN, plan, strlen(plan));
	else
		link_trouble(l, TROUBLE_AGENT, "out of memory for the plan");
	return sc;
}

static int scenario_run(struct agent *a, const struct scenario *sc)
{
	struct err e;
	int ret;

	if (agent_init(a, &e)) {
		link_trouble(&a->link, TROUBLE_SETUP, "%s", e.text);
		return -1;
	}
	if (sc->scheduler) {
		link_life(&a->link, "scheduler-starting", sc->scheduler[0]);
		if (agent_start_scheduler(a, sc->scheduler, sc->watchdog_ns != 0, &e)) {
			agent_stop_scheduler(a); /* its last output first */
			link_trouble(&a->link, TROUBLE_SCHEDULER, "%s", e.text);
			return -1;
		}
		link_life(&a->link, "scheduler-up", a->sched.ops);
		/* Whatever comes of it: this is for the host to do something, if it wants to. */
		doorbell_ring(&a->doorbell, "scheduler-up", a->sched.ops);
	}
	link_life(&a->link, "scenario", sc->name);
	ret = run_scenario(a, sc);
	agent_stop_scheduler(a);
	return a->sched.lost ? -1 : ret;
}

int main(int argc, char **argv)
{
	static struct agent agent; /* large, and there is only one */
	struct scenario *sc;
	const char *arg;
	int code;

	if (getpid() != 1) {
		tool_next_option(&tool, argc, argv, &arg);
		tool_die(&tool, TOOL_USAGE, "not PID 1: this program is a test guest's init");
	}
	come_up(&agent);
	sc = scenario_load(&agent.link);
	code = sc && scenario_run(&agent, sc) ? TOOL_FAIL : TOOL_PASS;
	scenario_destroy(sc);
	kmsg_forward(&agent.link);
	if (agent.link.failed || agent.link.lost)
		code = TOOL_FAIL;
	link_send_json(&agent.link, TLV_GUEST_EXIT, json_pack("{s:i}", "exit_code", code));
	power_off(code);
}
