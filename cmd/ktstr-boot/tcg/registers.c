/* SPDX-License-Identifier: GPL-2.0-only */
/* The text is made by x86_cpu_dump_state() in QEMU's target/i386/cpu-dump.c. */
#include "registers.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *label; /* in the text, of 64-bit code; other code has EAX, EIP, EFL */
	const char *name;
} plain[] = {
	{"RAX", "rax"}, {"RBX", "rbx"}, {"RCX", "rcx"},	   {"RDX", "rdx"}, {"RSI", "rsi"},
	{"RDI", "rdi"}, {"RBP", "rbp"}, {"RSP", "rsp"},	   {"R8", "r8"},   {"R9", "r9"},
	{"R10", "r10"}, {"R11", "r11"}, {"R12", "r12"},	   {"R13", "r13"}, {"R14", "r14"},
	{"R15", "r15"}, {"RIP", "rip"}, {"RFL", "rflags"}, {"CR0", "cr0"}, {"CR2", "cr2"},
	{"CR3", "cr3"}, {"CR4", "cr4"}, {"EFER", "efer"},
};

static const struct {
	const char *label;
	const char *name;
	const char *base; /* NULL: flat in 64-bit mode, of no interest */
} segments[] = {
	{"CS", "cs", NULL}, {"SS", "ss", NULL},	     {"DS", "ds", NULL},
	{"ES", "es", NULL}, {"FS", "fs", "fs_base"}, {"GS", "gs", "gs_base"},
};

/* Where the value of `LABEL =` or `LABEL=` begins, or NULL. */
static const char *value_of(const char *text, const char *label)
{
	size_t len = strlen(label);

	for (const char *p = text; (p = strstr(p, label)); p += len) {
		const char *v = p + len;

		if (p > text && !isspace((unsigned char)p[-1]))
			continue;
		v += strspn(v, " ");
		if (*v == '=')
			return v + 1;
	}
	return NULL;
}

/* Store the hexadecimal number at @at; returns what is behind it, NULL when there is none. */
static const char *set_hex(json_t *regs, const char *name, const char *at)
{
	char hex[20], *end;
	unsigned long long v;

	if (!at)
		return NULL;
	v = strtoull(at, &end, 16);
	if (end == at)
		return NULL;
	snprintf(hex, sizeof(hex), "0x%llx", v);
	json_object_set_new(regs, name, json_string(hex));
	return end;
}

json_t *registers_parse(const char *text, struct err *e)
{
	json_t *regs = json_object();
	const char *halted;

	if (!text)
		text = "";
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		char label[8];

		if (set_hex(regs, plain[i].name, value_of(text, plain[i].label)))
			continue;
		snprintf(label, sizeof(label), "E%s", plain[i].label + 1);
		set_hex(regs, plain[i].name, value_of(text, label));
	}
	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		const char *rest =
			set_hex(regs, segments[i].name, value_of(text, segments[i].label));

		if (rest && segments[i].base)
			set_hex(regs, segments[i].base, rest);
	}
	halted = value_of(text, "HLT");
	if (halted)
		json_object_set_new(regs, "halted", json_boolean(*halted == '1'));
	if (json_object_get(regs, "rip"))
		return regs;
	json_decref(regs);
	err_set(e, EPROTO, "QEMU's register text is not understood");
	return NULL;
}
