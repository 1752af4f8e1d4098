"""Addresses of code as function, file and line, the inlined functions included."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.build.toolchain import EMULATIONS, TARGETS, run_zig
from harness.machine.symbolize import Symbols
from harness.program.model import Arch

SOURCE = """\
volatile int sink;
static inline __attribute__((always_inline)) void inner(int value) {
    sink = value;
}
static inline __attribute__((always_inline)) void middle(int value) {
    inner(value + 1);
}
__attribute__((noinline)) void outer(int value) {
    middle(value);
}
void _start(void) {
    outer(1);
}
"""


@pytest.fixture(scope="module", params=["x86_64", "arm64"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    arch: Arch = request.param
    folder = tmp_path_factory.mktemp(arch)
    source, object, output = (folder / name for name in ("code.c", "code.o", "code"))
    source.write_text(SOURCE)
    flags = ["-O1", "-g", "-gdwarf-4", f"-ffile-prefix-map={folder}=.", "-ffreestanding"]
    run_zig("cc", ["-target", TARGETS[arch], *flags, "-c", str(source), "-o", str(object)])
    run_zig("ld.lld", ["-m", EMULATIONS[arch], str(object), "-o", str(output)])
    return output


def frames_of(symbols: Symbols, function: str) -> list[list[str]]:
    """What is said of each address of a function, without the address."""
    start, end = next((start, end) for start, end, name in symbols._functions if name == function)
    described = [symbols.describe(address) for address in range(start, end)]
    return [[line.split(" ", 1)[1] for line in lines] for lines in described]


def test_what_is_inlined_is_shown_before_the_function_it_is_in(program: Path) -> None:
    frames = frames_of(Symbols(program), "outer")
    deepest = [lines for lines in frames if len(lines) == 3]
    assert deepest
    for inner, middle, outer in deepest:
        assert inner.startswith("inner (inlined) ")
        assert inner.endswith("code.c:3")
        assert middle.startswith("middle (inlined) ")
        assert middle.endswith("code.c:6")
        assert outer.startswith("outer+0x")
        assert outer.endswith("code.c:9")
    assert any(len(lines) == 1 for lines in frames)  # where it returns


def test_an_address_outside_all_code_is_shown_as_it_is(program: Path) -> None:
    assert Symbols(program).describe(0x10) == ["0x0000000000000010 ?"]


def test_a_file_without_debug_information_has_functions_only(tmp_path: Path) -> None:
    source, output = tmp_path / "bare.S", tmp_path / "bare.o"
    source.write_text(".text\n.globl bare\n.type bare, %function\nbare: nop\n.size bare, .-bare\n")
    run_zig("cc", ["-target", TARGETS["arm64"], "-g0", "-c", str(source), "-o", str(output)])
    assert Symbols(output).describe(0) == ["0x0000000000000000 bare+0x0"]
