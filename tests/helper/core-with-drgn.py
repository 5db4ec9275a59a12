#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""core-with-drgn.py CORE RAM REGS: let drgn read the core CORE of a guest.
core-with-drgn.py --tell CORE VMLINUX: print what it finds in the kernel, a line each.

RAM is the memory of the same instant, flat from address 0; REGS has what the machine said of the
registers of each vCPU, an object of `regs` (ktstr-vm(7)) a line, and may be empty. All of memory must
be the same by its physical addresses, by those of the direct map and, where the image is, by those
of the image; the notes must have the registers. VMLINUX has the kernel's debug information. Exits
with 77 when drgn is not installed.
"""

import json
import os
import re
import struct
import sys

try:
    import drgn
except ImportError:
    print("core-with-drgn.py: drgn is not installed (package python3-drgn)", file=sys.stderr)
    sys.exit(77)

CHUNK = 1 << 20
PT_LOAD, PT_NOTE, NT_PRSTATUS = 1, 4, 1
# struct elf_prstatus: 112 bytes, then struct user_regs_struct, then pr_fpvalid
PRSTATUS = struct.Struct("<32xI76x27Qi4x")
REGS = (
    "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi - rip cs rflags rsp ss"
    " fs_base gs_base ds es fs gs"
).split()


def die(text):
    sys.exit("core-with-drgn.py: " + text)


def headers(core):
    """The program headers: type, offset, virtual and physical address, bytes."""
    (at,) = struct.unpack("<Q", os.pread(core, 8, 32))
    size, n = struct.unpack("<HH", os.pread(core, 4, 54))
    for i in range(n):
        kind, _, offset, va, pa, length = struct.unpack(
            "<IIQQQQ", os.pread(core, 40, at + i * size)
        )
        yield kind, offset, va, pa, length


def notes(data):
    while data:
        name_len, length, kind = struct.unpack_from("<III", data)
        at = 12 + (name_len + 3) // 4 * 4
        yield data[12 : 12 + name_len - 1], kind, data[at : at + length]
        data = data[at + (length + 3) // 4 * 4 :]


def check_registers(found, said):
    if len(found) != len(said):
        die("registers of %d CPUs, not of %d" % (len(found), len(said)))
    for cpu, (have, want) in enumerate(zip(found, said)):
        for name, value in zip(REGS, PRSTATUS.unpack(have)[1:]):
            if name in want and int(want[name], 16) != value:
                die("CPU %d: %s is 0x%x, not %s" % (cpu, name, value, want[name]))


def check_memory(prog, ram, begin, length, va):
    """What lies at @begin, by its physical address and, if there is one, by @va."""
    for at in range(0, length, CHUNK):
        n = min(CHUNK, length - at)
        want = os.pread(ram, n, begin + at)
        if prog.read(begin + at, n, physical=True) != want:
            die("other bytes at physical address 0x%x" % (begin + at))
        if va and prog.read(va + at, n) != want:
            die("other bytes at address 0x%x" % (va + at))


def tell(core_path, vmlinux):
    from drgn.helpers.linux.cpumask import for_each_online_cpu
    from drgn.helpers.linux.percpu import per_cpu
    from drgn.helpers.linux.pid import for_each_task

    prog = drgn.Program()
    prog.set_core_dump(core_path)
    prog.load_debug_info([vmlinux])
    print("jiffies", prog["jiffies_64"].value_())
    root = prog["scx_root"]
    if root:
        print("scheduler", root.ops.name.string_().decode())
        print("exit_kind", root.exit_kind.counter.value_())
    for cpu in for_each_online_cpu(prog):
        task = per_cpu(prog["runqueues"], cpu).curr
        print("cpu %d pid %d %s" % (cpu, task.pid, task.comm.string_().decode()))
        try:
            # Those of the note, if it is of this task.
            print("cpu %d rip 0x%x" % (cpu, prog.stack_trace(task)[0].registers()["rip"]))
        except Exception as e:  # drgn has none of its own
            print("cpu %d has no registers: %s" % (cpu, e))
    print("tasks", sum(1 for _ in for_each_task(prog)))


def check(core_path, ram_path, regs_path):
    core = os.open(core_path, os.O_RDONLY)
    ram = os.open(ram_path, os.O_RDONLY)
    with open(regs_path) as f:
        said = [json.loads(line) for line in f]
    segments = list(headers(core))
    found, info = [], b""
    for kind, offset, _, _, length in segments:
        if kind != PT_NOTE:
            continue
        for name, note, data in notes(os.pread(core, length, offset)):
            if name == b"CORE" and note == NT_PRSTATUS:
                found.append(data)
            if name == b"VMCOREINFO":
                info = data
    release = re.search(rb"^OSRELEASE=(.+)$", info, re.M)
    if not release:
        die("no VMCOREINFO with the kernel's release")
    check_registers(found, said)
    prog = drgn.Program()
    prog.set_core_dump(core_path)
    if not prog.flags & drgn.ProgramFlags.IS_LINUX_KERNEL:
        die("drgn does not take it for a core of a kernel")
    loads = [s for s in segments if s[0] == PT_LOAD]
    for _, _, va, pa, length in loads:
        check_memory(prog, ram, pa, length, va)
    print("release", release.group(1).decode())
    print("segments", len(loads), "bytes", sum(s[4] for s in loads))
    print("cpus", len(found))


if len(sys.argv) != 4:
    print("usage: core-with-drgn.py {CORE RAM REGS | --tell CORE VMLINUX}", file=sys.stderr)
    sys.exit(2)
if sys.argv[1] == "--tell":
    tell(*sys.argv[2:])
else:
    check(*sys.argv[1:])
