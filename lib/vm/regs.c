/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm/regs.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/parse.h"

#define FIELD(member) offsetof(struct vmcore_regs, member)

static const struct {
	const char *name;
	size_t at; /* of an uint64_t in struct vmcore_regs */
	bool must;
} fields[] = {
	{"rax", FIELD(rax)},	     {"rbx", FIELD(rbx)},	  {"rcx", FIELD(rcx)},
	{"rdx", FIELD(rdx)},	     {"rsi", FIELD(rsi)},	  {"rdi", FIELD(rdi)},
	{"rbp", FIELD(rbp)},	     {"rsp", FIELD(rsp), true},	  {"r8", FIELD(r8)},
	{"r9", FIELD(r9)},	     {"r10", FIELD(r10)},	  {"r11", FIELD(r11)},
	{"r12", FIELD(r12)},	     {"r13", FIELD(r13)},	  {"r14", FIELD(r14)},
	{"r15", FIELD(r15)},	     {"rip", FIELD(rip), true},	  {"rflags", FIELD(eflags)},
	{"cs", FIELD(cs)},	     {"ss", FIELD(ss)},		  {"ds", FIELD(ds)},
	{"es", FIELD(es)},	     {"fs", FIELD(fs)},		  {"gs", FIELD(gs)},
	{"fs_base", FIELD(fs_base)}, {"gs_base", FIELD(gs_base)},
};

static int parse_field(const json_t *value, uint64_t *ret, struct err *e)
{
	const char *text = json_string_value(value);

	if (!text || strncmp(text, "0x", 2) != 0)
		return err_set(e, EPROTO, "is not a string with a hexadecimal number");
	if (parse_u64(text, 0, UINT64_MAX, ret, e)) {
		e->code = EPROTO;
		return -1;
	}
	return 0;
}

int vm_regs_parse(const json_t *answer, struct vmcore_regs *ret, struct err *e)
{
	*ret = (struct vmcore_regs){.orig_rax = UINT64_MAX}; /* in no system call */
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const json_t *value = json_object_get(answer, fields[i].name);
		uint64_t *to = (uint64_t *)((char *)ret + fields[i].at);

		if (!value && !fields[i].must)
			continue;
		if (!value)
			return err_set(e, EPROTO, "registers without '%s'", fields[i].name);
		if (parse_field(value, to, e))
			return err_prefix(e, "register '%s'", fields[i].name);
	}
	return 0;
}
