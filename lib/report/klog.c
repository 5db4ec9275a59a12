/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/klog.h"

#include <ctype.h>
#include <string.h>

#include "base/clean.h"

static void keep_first(char ret[KLOG_TEXT_MAX], const char *text)
{
	if (!*ret)
		clean_copy(ret, KLOG_TEXT_MAX, text, strlen(text));
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool has_any(const char *text, const char *const *needles)
{
	for (; *needles; needles++)
		if (strstr(text, *needles))
			return true;
	return false;
}

/* Behind `[   12.345678] ` and, with CONFIG_PRINTK_CALLER, `[    T123] `. */
static const char *skip_stamp(const char *line)
{
	while (*line == '[') {
		const char *p = line + 1, *end = strchr(p, ']');

		p += strspn(p, " TC0123456789.");
		if (!end || p != end)
			break;
		line = end + 1;
		line += strspn(line, " ");
	}
	return line;
}

/* The pieces of the sched_ext core that say "the scheduler is gone", kernel/sched/ext.c. */
static void look_for_disabled(struct klog *k, const char *text)
{
	static const char prefix[] = "sched_ext: ";
	bool more = k->want_more, error;

	k->want_more = false;
	if (!starts_with(text, prefix))
		return;
	text += strlen(prefix);
	if (!starts_with(text, "BPF scheduler ") || !strstr(text, " disabled (")) {
		if (more)
			keep_first(k->disabled_more, text);
		return;
	}
	/* "unregistered from user space", "... from BPF", "... from the main kernel": asked for. */
	error = !strstr(text, " disabled (unregistered");
	if (error && !k->disabled_error)
		*k->disabled = *k->disabled_more = 0;
	else if (*k->disabled)
		return;
	k->disabled_error |= error;
	k->want_more = true;
	keep_first(k->disabled, text);
}

static void look_for_crash(struct klog *k, const char *text)
{
	static const char *const lockups[] = {
		"soft lockup",	      "softlockup:", "hard LOCKUP",	      "Hard LOCKUP",
		"hard lockup",	      "hung_task:",  "blocked for more than", "self-detected stall",
		"detected stalls on", "RCU Stall",   "rcu_sched stall",	      NULL};
	static const char *const oopses[] = {"Oops: ",
					     "kernel BUG at ",
					     "BUG: kernel ",
					     "BUG: unable to handle",
					     "general protection fault",
					     "stack segment:",
					     "double fault:",
					     "divide error:",
					     NULL};
	bool panic = starts_with(text, "Kernel panic - not syncing");

	if (panic)
		keep_first(k->panic, text);
	if (has_any(text, lockups))
		keep_first(k->lockup, text);
	else if (!panic && has_any(text, oopses))
		keep_first(k->oops, text);
	if (starts_with(text, "WARNING: "))
		keep_first(k->warning, text);
	k->in_crash |= *k->panic || *k->lockup || *k->oops;
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/*
 * A line of a call trace, ` scx_foo+0x12/0x340`, or the instruction pointer, `RIP:
 * 0010:scx_foo+0x1/0x2`. Entries with `? ` are only what lay on the stack. Names such as a process
 * called scx_simple do not count: they have no offset.
 */
static void look_for_culprit(struct klog *k, const char *text)
{
	const char *plus = strstr(text, "+0x"), *name = plus;
	char function[KLOG_TEXT_MAX];

	if (!plus || strstr(text, "? "))
		return;
	while (name > text && is_name_char(name[-1]))
		name--;
	if ((size_t)(plus - name) >= sizeof(function))
		return;
	memcpy(function, name, (size_t)(plus - name));
	function[plus - name] = 0;
	if (strstr(function, "scx") || strstr(function, "sched_ext") ||
	    starts_with(function, "bpf_prog_"))
		keep_first(k->culprit, function);
}

static void klog_line(struct klog *k)
{
	const char *text;

	k->line[k->line_len] = 0;
	k->line_len = 0;
	text = skip_stamp(k->line);
	look_for_disabled(k, text);
	look_for_crash(k, text);
	if (k->in_crash)
		look_for_culprit(k, text);
}

void klog_add(struct klog *k, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n')
			klog_line(k);
		else if (data[i] != '\r' && data[i] != 0 && k->line_len < sizeof(k->line) - 1)
			k->line[k->line_len++] = data[i];
	}
}

void klog_end(struct klog *k)
{
	if (k->line_len)
		klog_line(k);
}
