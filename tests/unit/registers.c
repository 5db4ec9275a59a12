/* SPDX-License-Identifier: GPL-2.0-only */
#include "../../cmd/ktstr-boot/tcg/registers.c"

#include "test.h"

static const char text[] =
	"\r\nCPU#0\r\n"
	"RAX=ffffffff81c5b0d0 RBX=0000000000000001 RCX=0000000000000000 RDX=0000000000000000\r\n"
	"R8 =0000000000000008 R9 =0000000000000009 R10=000000000000000a R11=000000000000000b\r\n"
	"RIP=ffffffff81c5b0de RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1\r\n"
	"CS =0010 0000000000000000 ffffffff 00af9b00 DPL=0 CS64 [-RA]\r\n"
	"GS =0000 ffff88803ec00000 00000000 00000000\r\n"
	"CR0=80050033 CR2=00007f2b8a7ff000 CR3=000000000302a000 CR4=00750ef0\r\n"
	"EFER=0000000000000d01\r\n";

static const char *member(json_t *regs, const char *name)
{
	return json_string_value(json_object_get(regs, name));
}

static void takes_all_that_is_there(void)
{
	struct err e;
	json_t *regs = registers_parse(text, &e);

	CHECK_STR(member(regs, "rax"), "0xffffffff81c5b0d0");
	CHECK_STR(member(regs, "r8"), "0x8");
	CHECK_STR(member(regs, "r11"), "0xb");
	CHECK_STR(member(regs, "rip"), "0xffffffff81c5b0de");
	CHECK_STR(member(regs, "rflags"), "0x246");
	CHECK_STR(member(regs, "cs"), "0x10");
	CHECK_STR(member(regs, "gs_base"), "0xffff88803ec00000");
	CHECK_STR(member(regs, "cr3"), "0x302a000");
	CHECK_STR(member(regs, "efer"), "0xd01");
	CHECK(json_is_true(json_object_get(regs, "halted")));
	CHECK(!json_object_get(regs, "rsp"));
	json_decref(regs);
}

static void code_that_is_not_64_bit(void)
{
	struct err e;
	json_t *regs =
		registers_parse("EAX=00000011 EBX=00000022\r\nEIP=0000fff0 EFL=00000002 HLT=0", &e);

	CHECK_STR(member(regs, "rax"), "0x11");
	CHECK_STR(member(regs, "rip"), "0xfff0");
	CHECK_STR(member(regs, "rflags"), "0x2");
	CHECK(json_is_false(json_object_get(regs, "halted")));
	json_decref(regs);
}

static void other_text_is_an_error(void)
{
	static const char *const bad[] = {"", "RIP=", "RIP=zz", "no registers here", "XRIP=12"};
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!registers_parse(bad[i], &e) && e.code == EPROTO);
	CHECK(!registers_parse(NULL, &e));
}

int main(void)
{
	RUN(takes_all_that_is_there);
	RUN(code_that_is_not_64_bit);
	RUN(other_text_is_an_error);
	return TEST_END();
}
