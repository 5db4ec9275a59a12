# SPDX-License-Identifier: GPL-2.0-only
# ktstr: make, make check, make install PREFIX= DESTDIR=, make bench, make lint, make clean
#
# A program is a folder cmd/NAME or a script cmd/NAME; a library part is a folder lib/NOUN; neither
# needs an entry here. What a program links beyond libc stands in LIBS_NAME below.
#   V=1        show the commands
#   SAN=1      address and undefined-behaviour sanitizers, in build-san/
#   WERROR=    warnings are not errors (for packagers)
#   LIBKDUMPFILE=   without libkdumpfile, although it is there

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules --no-builtin-variables

VERSION := 0.1.0
PREFIX ?= /usr/local
CC ?= cc
ifeq ($(origin CC),default)
CC := cc
endif
AR ?= ar
ifeq ($(origin AR),default)
AR := ar
endif
INSTALL ?= install
# The newest clang there is: BPF programs want it new, and the format check wants it the same.
newest = $(lastword $(1) $(shell ls /usr/bin | grep -E '^$(1)-[0-9]+$$' | sort -V))
CLANG ?= $(call newest,clang)
CLANG_FORMAT ?= $(call newest,clang-format)

O := build$(if $(SAN),-san)
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

CFLAGS ?= -O2 -g
WERROR ?= -Werror
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wno-missing-field-initializers # {0} and designated initialisers leave the rest zero on purpose
, := ,
SANFLAGS := $(if $(SAN),-fsanitize=address$(,)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
# Whether a program with it really links: headers alone say nothing.
ifeq ($(origin LIBKDUMPFILE),undefined)
LIBKDUMPFILE := $(shell echo 'int main(void) { return !kdump_blob_pin(0); }' | \
	$(CC) $(CPPFLAGS) -include libkdumpfile/kdumpfile.h -x c - -o /dev/null $(LDFLAGS) -lkdumpfile \
	2>/dev/null && echo yes)
endif
CPPFLAGS_ALL := -D_GNU_SOURCE -DKTSTR_VERSION='"$(VERSION)"' -Ilib -Iguest \
	$(if $(LIBKDUMPFILE),-DHAVE_LIBKDUMPFILE) $(CPPFLAGS)
CFLAGS_ALL := -std=gnu11 $(CFLAGS) $(WARNINGS) $(WERROR) $(SANFLAGS)
LDFLAGS_ALL := $(LDFLAGS) $(SANFLAGS)

# ---- what there is ----
LIB_SRC := $(wildcard lib/*/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(O)/%.o)
LIBRARY := $(O)/libktstr.a
PROGRAMS := $(patsubst cmd/%/,%,$(sort $(dir $(wildcard cmd/*/*.c))))
SCRIPTS := $(patsubst cmd/%,%,$(shell find cmd -maxdepth 1 -type f 2>/dev/null | sort))
PROGRAM_BIN := $(PROGRAMS:%=$(O)/bin/%)
UNIT_SRC := $(wildcard tests/unit/*.c)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(O)/tests/unit/%)
HELPER_SRC := $(wildcard tests/helper/*.c)
HELPER_BIN := $(HELPER_SRC:tests/helper/%.c=$(O)/tests/helper/%)
GUEST_TEST_BIN := $(patsubst tests/guest/%.c,$(O)/tests/guest/%,$(wildcard tests/guest/*.c))
FUZZ_SRC := $(wildcard tests/fuzz/*.c)
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(O)/tests/fuzz/%)
MAN := $(wildcard man/*.[1-9])

# Libraries of a program, in the order the linker wants them.
LIBS_ALL := $(if $(LIBKDUMPFILE),-lkdumpfile) -ljansson -lbpf -lelf -lseccomp -lzstd -llzma -llz4 -lz
# The agent runs alone in an initramfs, so it is static.
AGENT_SRC := $(wildcard guest/init/*.c guest/work/*.c)
AGENT := $(if $(AGENT_SRC),$(O)/guest/ktstr-init)
AGENT_LIBS := -ljansson -lz
# All of it but main() again for the host, where unit tests reach it (sanitizers included).
AGENT_PARTS := $(O)/libagent.a
SCHED_BPF := $(wildcard guest/sched/*.bpf.c)
# Parts of them: what is no program by itself.
SCHED_PARTS := $(filter-out %.bpf.c $(SCHED_BPF:.bpf.c=.c),$(wildcard guest/sched/*.c))
SCHED_LIB_OBJ := $(patsubst %.c,$(O)/guest/obj/%.o,$(wildcard lib/base/*.c) $(SCHED_PARTS))
SCHEDS := $(SCHED_BPF:guest/sched/%.bpf.c=$(O)/guest/%)

.PHONY: all
all: $(PROGRAM_BIN) $(AGENT) $(SCHEDS)

# ---- compile ----
$(O)/%.o: %.c Makefile
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# Made anew when the answer of that probe is another than at the last build.
$(addprefix $(O)/,lib/mem/kdump.o fuzz/lib/mem/kdump.o tests/unit/mem-core.o): $(O)/libkdumpfile
.PHONY: FORCE
$(O)/libkdumpfile: FORCE
	@mkdir -p $(@D)
	@echo '$(LIBKDUMPFILE)' | cmp -s - $@ || echo '$(LIBKDUMPFILE)' >$@

$(LIBRARY): $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

define program_rule
$(O)/bin/$(1): $$(patsubst %.c,$(O)/%.o,$$(wildcard cmd/$(1)/*.c cmd/$(1)/*/*.c)) $(LIBRARY)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(CC) $(LDFLAGS_ALL) $$^ -Wl,--as-needed $(LIBS_ALL) -o $$@
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

$(AGENT_PARTS): $(patsubst %.c,$(O)/%.o,$(filter-out guest/init/main.c,$(AGENT_SRC)))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# The agent is built without sanitizers: they do not work in a static PID 1.
$(O)/guest/obj/%.o: %.c Makefile
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) -std=gnu11 $(CFLAGS) $(WARNINGS) $(WERROR) -MMD -MP -c $< -o $@

AGENT_LIB_SRC := $(wildcard lib/base/*.c lib/tlv/*.c lib/scenario/*.c) lib/vm/mailbox.c
$(O)/guest/ktstr-init: $(AGENT_SRC:%.c=$(O)/guest/obj/%.o) $(AGENT_LIB_SRC:%.c=$(O)/guest/obj/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) -static $(LDFLAGS) $^ $(AGENT_LIBS) -o $@

# A scheduler: NAME.bpf.c compiled for BPF and embedded in NAME, which is linked with libbpf.
$(O)/guest/%.bpf.o: guest/sched/%.bpf.c Makefile
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) --target=bpf -mcpu=v3 -g -O2 -Wall $(WERROR) -MMD -MP -Iguest/sched -c $< -o $@

$(O)/guest/%: guest/sched/%.c $(O)/guest/%.bpf.o $(SCHED_LIB_OBJ) Makefile
	$(call say,LD,$@)
	$(Q)$(CC) $(CPPFLAGS_ALL) -std=gnu11 $(CFLAGS) $(WARNINGS) $(WERROR) -MMD -MP -MF $@.d \
		-DBPF_OBJECT='"$(O)/guest/$*.bpf.o"' $(LDFLAGS) $< $(SCHED_LIB_OBJ) -lbpf -o $@

# ---- tests ----
$(O)/tests/unit/%: $(O)/tests/unit/%.o $(AGENT_PARTS) $(LIBRARY)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) $^ -Wl,--as-needed $(LIBS_ALL) -o $@

$(O)/tests/helper/%: $(O)/tests/helper/%.o $(LIBRARY)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) $^ -Wl,--as-needed $(LIBS_ALL) -o $@

# PID 1 of a test's guest, made of the agent's parts.
$(O)/tests/guest/%: $(O)/guest/obj/tests/guest/%.o \
		$(patsubst %.c,$(O)/guest/obj/%.o,$(filter-out guest/init/main.c,$(AGENT_SRC)) $(AGENT_LIB_SRC))
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -static $(LDFLAGS) $^ $(AGENT_LIBS) -o $@

# Fuzz targets and a library of their own are built with clang, so that coverage sees all of it.
FUZZ_CC = $(CLANG) $(CPPFLAGS_ALL) -std=gnu11 -O1 -g -fno-sanitize-recover=all -MMD -MP
FUZZ_OBJ := $(LIB_SRC:%.c=$(O)/fuzz/%.o)

$(O)/fuzz/%.o: %.c Makefile
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer-no-link$(,)address$(,)undefined -c $< -o $@

$(O)/fuzz/libktstr.a: $(FUZZ_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/tests/fuzz/%: tests/fuzz/%.c $(O)/fuzz/libktstr.a Makefile
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer$(,)address$(,)undefined $< $(O)/fuzz/libktstr.a \
		-Wl,--as-needed $(LIBS_ALL) -o $@

.PHONY: test-programs fuzz-programs
test-programs: $(UNIT_BIN) $(HELPER_BIN) $(GUEST_TEST_BIN)
fuzz-programs: $(FUZZ_BIN)

.PHONY: check
check: all test-programs
	$(Q)tests/run --no-setup

.PHONY: bench
bench: all test-programs
	$(Q)tests/bench/run

# ---- lint ----
C_FILES := $(wildcard lib/*/*.[ch] cmd/*/*.[ch] cmd/*/*/*.[ch] guest/*/*.[ch] tests/*/*.[ch])
HEADERS := $(wildcard lib/*/*.h cmd/*/*.h cmd/*/*/*.h guest/*/*.h)
.PHONY: lint format
lint:
	$(Q)tests/lint
format:
	$(Q)$(CLANG_FORMAT) -i $(C_FILES)

# ---- install ----
.PHONY: install
install: all
	$(Q)$(INSTALL) -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/ktstr \
		$(DESTDIR)$(PREFIX)/share/ktstr
	$(Q)$(INSTALL) -m 755 $(PROGRAM_BIN) $(SCRIPTS:%=cmd/%) $(DESTDIR)$(PREFIX)/bin
	$(Q)$(INSTALL) -m 755 $(AGENT) $(SCHEDS) $(DESTDIR)$(PREFIX)/libexec/ktstr
	$(Q)cp -R share/. $(DESTDIR)$(PREFIX)/share/ktstr
	$(Q)for page in $(MAN); do \
		dir=$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}; \
		$(INSTALL) -d $$dir && $(INSTALL) -m 644 $$page $$dir || exit 1; done

.PHONY: clean
clean:
	$(Q)rm -rf build build-san

print-%: # `make print-C_FILES` for scripts
	@echo $($*)

-include $(shell find $(O) -name '*.d' 2>/dev/null)
