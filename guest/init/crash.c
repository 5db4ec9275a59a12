/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/crash.h"

#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include "base/cleanup.h"
#include "init/console.h"

#define STACK_BYTES (64 << 10)
#define FRAMES_MAX 64

static const int crash_signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

/* A signal handler gets at nothing but globals. */
static const char *names;
static const Elf64_Sym *symbols;
static size_t n_symbols;

/* Find the symbol table in the mapped ELF file of ours. Without one addresses must do. */
static void symbols_find(const char *file, size_t len)
{
	const Elf64_Ehdr *eh = (const void *)file;
	const Elf64_Shdr *sh;

	if (len < sizeof(*eh) || eh->e_shoff > len ||
	    (len - eh->e_shoff) / sizeof(*sh) < eh->e_shnum)
		return;
	sh = (const void *)(file + eh->e_shoff);
	for (size_t i = 0; i < eh->e_shnum; i++) {
		if (sh[i].sh_type != SHT_SYMTAB || sh[i].sh_link >= eh->e_shnum)
			continue;
		symbols = (const void *)(file + sh[i].sh_offset);
		n_symbols = sh[i].sh_size / sizeof(*symbols);
		names = file + sh[sh[i].sh_link].sh_offset;
		return;
	}
}

static int symbols_load(struct err *e)
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *file;

	if (fd < 0 || fstat(fd, &st))
		return err_sys(e, "cannot open '/proc/self/exe'");
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (file == MAP_FAILED)
		return err_sys(e, "cannot map '/proc/self/exe'");
	symbols_find(file, (size_t)st.st_size);
	return 0;
}

static void put_symbol(unsigned long ip)
{
	const Elf64_Sym *best = NULL;

	for (size_t i = 0; i < n_symbols; i++) {
		const Elf64_Sym *s = &symbols[i];

		if (ELF64_ST_TYPE(s->st_info) == STT_FUNC && s->st_value <= ip &&
		    ip < s->st_value + s->st_size)
			best = s;
	}
	if (!best)
		return;
	console_puts(" ");
	console_puts(names + best->st_name);
	console_puts("+");
	console_put_hex(ip - best->st_value);
}

static _Unwind_Reason_Code frame_put(struct _Unwind_Context *c, void *arg)
{
	int *n = arg;
	unsigned long ip = _Unwind_GetIP(c);

	if (!ip || ++*n > FRAMES_MAX)
		return _URC_END_OF_STACK;
	console_puts("PANIC:   ");
	console_put_hex(ip);
	put_symbol(ip);
	console_puts("\n");
	return _URC_NO_REASON;
}

static void crash_handler(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	unsigned long ip = (unsigned long)uc->uc_mcontext.gregs[REG_RIP];
	int frames = 0;

	console_puts("PANIC: ktstr-init: signal ");
	console_put_dec((unsigned long)sig);
	console_puts(" at ip ");
	console_put_hex(ip);
	put_symbol(ip);
	if (sig != SIGABRT) {
		console_puts(" address ");
		console_put_hex((unsigned long)info->si_addr);
	}
	console_puts("\n");
	_Unwind_Backtrace(frame_put, &frames);
	console_puts("KTSTR_EXIT=");
	console_put_dec(128 + (unsigned long)sig);
	console_puts("\n");
	reboot(RB_POWER_OFF);
	_exit(128 + sig);
}

int crash_init(struct err *e)
{
	static char stack[STACK_BYTES];
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction sa = {
		.sa_sigaction = crash_handler,
		/* A crash in the handler kills PID 1, and the kernel then panics aloud. */
		.sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND | SA_NODEFER,
	};

	if (sigaltstack(&ss, NULL))
		return err_sys(e, "cannot set the signal stack");
	for (size_t i = 0; i < sizeof(crash_signals) / sizeof(crash_signals[0]); i++)
		if (sigaction(crash_signals[i], &sa, NULL))
			return err_sys(e, "cannot handle signal %d", crash_signals[i]);
	return symbols_load(e);
}

void crash_forget(void)
{
	for (size_t i = 0; i < sizeof(crash_signals) / sizeof(crash_signals[0]); i++)
		signal(crash_signals[i], SIG_DFL);
}
