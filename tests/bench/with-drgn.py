#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""with-drgn.py RAM READS [ROUNDS]: let drgn read from a flat RAM file what a sample reads.

READS is what `samplebench --reads` prints: a line `GPA SIZE` for each number. drgn has no debug
information here, as a stock kernel has none at hand, so its own way to the numbers (finding
symbols and types, walking from object to object, page tables) is left out, and what is measured
is less than a drgn script does:

  raw      Program.read_u32() and the like at physical addresses that are known: the least that
           drgn can do
  objects  an Object of the right integer type at each address, made once, and its value_(), as
           a script that samples in a loop would have it

Prints `NAME MICROSECONDS` for all the reads, the median over ROUNDS. Exits with 77 when drgn is not
installed.
"""

import os
import statistics
import struct
import sys
import tempfile
import time

try:
    import drgn
except ImportError:
    print("with-drgn.py: drgn is not installed (package python3-drgn)", file=sys.stderr)
    sys.exit(77)

PAGE = 4096


def write_core(ram, out):
    """An ELF core of one segment, at physical and virtual address 0 as in the RAM file."""
    size = os.fstat(ram).st_size
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    out.write(struct.pack("<16sHHIQQQIHHHHHH", ident, 4, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0))
    out.write(struct.pack("<IIQQQQQQ", 1, 6, PAGE, PAGE, PAGE, size - PAGE, size - PAGE, PAGE))
    at = PAGE  # the first page is not needed, and an address of 0 means that there is none
    while True:
        try:
            at = os.lseek(ram, at, os.SEEK_DATA)
        except OSError:
            break
        end = os.lseek(ram, at, os.SEEK_HOLE)
        while at < end:
            data = os.pread(ram, min(end - at, 1 << 20), at)
            os.pwrite(out.fileno(), data, at)
            at += len(data)
    out.truncate(size)
    out.flush()


def median_us(action, rounds):
    times = []
    for _ in range(rounds):
        start = time.perf_counter_ns()
        action()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times) / 1000


def raw_reads(prog, reads):
    sizes = {1: prog.read_u8, 2: prog.read_u16, 4: prog.read_u32, 8: prog.read_u64}

    def action():
        for gpa, size in reads:
            if size in sizes:
                sizes[size](gpa, True)
            else:
                prog.read(gpa, size, True)

    return action


def object_reads(prog, reads):
    byte = prog.int_type("char", 1, False)
    types = {n: prog.int_type("u%d" % (8 * n), n, False) for n in (1, 2, 4, 8)}
    objects = []
    for gpa, size in reads:
        kind = types[size] if size in types else prog.array_type(byte, size)
        objects.append(drgn.Object(prog, kind, address=gpa))

    def action():
        for o in objects:
            o.value_()

    return action


def main():
    with open(sys.argv[2], encoding="ascii") as f:
        reads = [tuple(map(int, line.split())) for line in f]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 101
    prog = drgn.Program(drgn.Platform(drgn.Architecture.X86_64))
    ram = os.open(sys.argv[1], os.O_RDONLY)
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(os.path.abspath(sys.argv[1]))) as core:
        write_core(ram, core)
        prog.set_core_dump(core.name)
        for gpa, size in reads:
            if prog.read(gpa, size, True) != os.pread(ram, size, gpa):
                sys.exit("with-drgn.py: drgn does not read what is at 0x%x" % gpa)
        print("raw %.1f" % median_us(raw_reads(prog, reads), rounds))
        print("objects %.1f" % median_us(object_reads(prog, reads), rounds))


main()
