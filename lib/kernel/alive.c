/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/alive.h"

#include <errno.h>
#include <string.h>

#define BANNER "Linux version "
#define UTS_FIELD_MAX 65 /* __NEW_UTS_LEN + 1, of each field in struct new_utsname */
#define UTS_RELEASE 2	 /* fields before it: sysname, nodename */

int alive_check_text(const struct kernel *k, struct err *e)
{
	const struct vmcoreinfo *v = &k->vmcoreinfo;
	size_t len = strlen(v->text);
	char text[VMCOREINFO_MAX];

	if (v->gpa == UINT64_MAX) /* a note in a core file is for always */
		return 0;
	if (mem_read(k->mem.mem, v->gpa, text, len, e))
		return -1;
	if (memcmp(text, v->text, len) != 0)
		return err_set(e, EAGAIN, "the VMCOREINFO of kernel '%s' is gone", v->release);
	return 0;
}

int alive_check_release(const struct kernel *k, struct err *e)
{
	const struct vmcoreinfo *v = &k->vmcoreinfo;
	char release[UTS_FIELD_MAX];
	uint64_t uts, name;

	if (vmcoreinfo_symbol(v, "init_uts_ns", &uts, e) ||
	    vmcoreinfo_offset(v, "uts_namespace.name", &name, e) ||
	    kmem_string(&k->mem, uts + name + UTS_RELEASE * UTS_FIELD_MAX, release, sizeof(release),
			e))
		return -1;
	err_text_clean(release);
	if (strcmp(release, v->release) != 0)
		return err_set(e, EAGAIN, "VMCOREINFO is of kernel '%s', memory of '%s'",
			       v->release, release);
	return 0;
}

int alive_check_banner(const struct kernel *k, struct err *e)
{
	char text[sizeof(BANNER)];

	if (kmem_string(&k->mem, k->banner, text, sizeof(text), e))
		return -1;
	if (strcmp(text, BANNER) != 0)
		return err_set(e, EAGAIN, "no '" BANNER "' at linux_banner");
	return 0;
}

bool alive_is_going_down(const struct kernel *k)
{
	uint64_t running, suspend;
	uint32_t state;
	struct err e;

	/* include/linux/kernel.h: enum system_states, whose order is a promise */
	if (!k->state || kmem_u32(&k->mem, k->state, &state, &e) ||
	    types_enumerator(k->types, "system_states", "SYSTEM_RUNNING", &running, &e) ||
	    types_enumerator(k->types, "system_states", "SYSTEM_SUSPEND", &suspend, &e))
		return false;
	return state > running && state != suspend;
}

bool kernel_is_alive(const struct kernel *k)
{
	struct err e;

	return !alive_check_text(k, &e) && !alive_check_release(k, &e) &&
	       !alive_check_banner(k, &e) && !alive_is_going_down(k);
}
