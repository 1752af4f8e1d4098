"""Kernel code must not touch the vector registers: they hold the interrupted program's values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.build.images import BUILD
from harness.build.toolchain import (
    COMMON_FLAGS,
    EMULATIONS,
    KERNEL_FLAGS,
    LINK_WHOLE,
    TARGETS,
    run_zig,
)
from harness.program.model import Arch

#: What compilers like to do with vectors: copying structures, clearing memory.
SOURCE = """
struct block { unsigned long words[16]; };
void copy(struct block* to, const struct block* from) { *to = *from; }
void clear(unsigned long* words) { for (int i = 0; i < 64; i++) words[i] = 0; }
unsigned sum(const unsigned* values, int count) {
    unsigned total = 0;
    for (int i = 0; i < count; i++) total += values[i];
    return total;
}
"""
VECTOR = {"x86_64": re.compile(r"%[xyz]?mm\d|%st"), "arm64": re.compile(r"\b[qvds]\d+\b")}


def vector_code(arch: Arch, objects: Sequence[Path], output: Path) -> list[str]:
    """Lines with vector registers in the code of objects, which is made when they are linked."""
    options = [*LINK_WHOLE, "-r", "--lto-emit-asm", "-o", str(output)]
    run_zig("ld.lld", ["-m", EMULATIONS[arch], *options, *map(str, objects)])
    lines = output.with_suffix(".lto.s").read_text().splitlines()
    assert len(lines) > 10
    return [
        line for line in lines if not line.lstrip().startswith(".") and VECTOR[arch].search(line)
    ]


@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
def test_the_kernel_has_no_code_with_vector_registers(arch: Arch, tmp_path: Path) -> None:
    objects = sorted((BUILD / arch / "obj-kernel").glob("*_c.o"))
    assert vector_code(arch, objects, tmp_path / "kernel") == []


@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
def test_kernel_flags_keep_the_compiler_off_vector_registers(arch: Arch, tmp_path: Path) -> None:
    source, object, output = (tmp_path / name for name in ("code.c", "code.o", "code.s"))
    source.write_text(SOURCE)
    flags = [flag for flag in COMMON_FLAGS if not flag.startswith("-g") and flag != "-Werror"]
    # The last level counts: this one tempts the compiler most.
    command = ["-target", TARGETS[arch], *flags, "-O3", str(source)]

    run_zig("cc", [*command, *KERNEL_FLAGS[arch], "-c", "-o", str(object)])
    assert vector_code(arch, [object], tmp_path / "code") == []

    run_zig("cc", [*command, "-S", "-o", str(output)])
    assert VECTOR[arch].search(output.read_text()), "the sample no longer tempts the compiler"
