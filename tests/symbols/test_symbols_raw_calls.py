"""System calls that go past the list: in any function, on any machine, hidden or not."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from symbol_libraries import Builder

from harness.symbols import scan
from harness.symbols.check import check_library
from harness.symbols.elf import read_elf
from harness.symbols.scan import RawCall, find_raw_calls
from harness.symbols.x86 import lengths


def source(instruction: str) -> str:
    return f'int zxio_read(void) {{ __asm__ volatile("{instruction}"); return 0; }}'


def calls(path: Path) -> list[tuple[str, str, bool]]:
    return [(c.instruction, c.symbol, c.inside) for c in find_raw_calls(read_elf(path))]


@pytest.mark.parametrize(
    ("instruction", "name"),
    [("syscall", "syscall"), ("rep; syscall", "syscall"), ("int $0x80", "int 0x80"),
     ("sysenter", "sysenter")],
)  # fmt: skip
def test_x86_64(builder: Builder, instruction: str, name: str) -> None:
    assert calls(builder.library(source(instruction))) == [(name, "zxio_read", False)]


@pytest.mark.parametrize(
    ("machine", "instruction", "name"),
    [("x86", "int $0x80", "int 0x80"), ("x86", "sysenter", "sysenter"), ("riscv", "ecall", "ecall"),
     ("arm64 big-endian", "svc #7", "svc")],
)  # fmt: skip
def test_other_machines(builder: Builder, machine: str, instruction: str, name: str) -> None:
    assert calls(builder.foreign(source(instruction), machine)) == [(name, "zxio_read", False)]


def test_arm64_finds_the_word_only_where_it_is_one(builder: Builder) -> None:
    library = builder.library(source("svc #0xffff"), arch="arm64")
    assert calls(library) == [("svc", "zxio_read", False)]
    # The bytes of svc #0 across two words.
    shifted = source(r".byte 0,0,0x01,0,0,0xd4,0,0")
    assert calls(builder.library(shifted, arch="arm64")) == []


HIDDEN = source("movl $0x9090050f, %eax")


def test_bytes_inside_another_instruction_are_a_warning_unless_strict(builder: Builder) -> None:
    library = builder.library(HIDDEN)
    assert calls(library) == [("syscall", "zxio_read", True)]
    for strict, rules in ((False, []), (True, ["raw-call"])):
        report = check_library(library, strict=strict)
        assert [finding.rule for finding in report.violations] == rules
        assert "inside another instruction" in report.findings[-1].message


def test_data_before_a_system_call_does_not_hide_it(builder: Builder) -> None:
    # What comes before would swallow the instruction if it were decoded.
    hidden = (
        '__asm__(".text\\n.byte 0x48,0xb8\\n.globl trap\\n.type trap,@function\\ntrap: syscall\\n'
        'ret\\n.size trap,.-trap");'
    )
    assert calls(builder.library(hidden)) == [("syscall", "trap", False)]
    stripped = builder.library(hidden, options=("--strip-all",))
    assert calls(stripped) == [("syscall", "trap", False)]


def test_the_border_between_parts_makes_no_difference(
    builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries = [
        builder.library(source(" ; ".join(["syscall", "nop", "int $0x80"] * 9))),
        builder.library(source(" ; ".join(["svc #1", "nop"] * 9)), arch="arm64"),
    ]
    whole = [find_raw_calls(read_elf(library)) for library in libraries]
    assert [len(found) for found in whole] == [18, 9]
    for size in (4, 8, 64):
        monkeypatch.setattr(scan, "_CHUNK", size)
        assert [find_raw_calls(read_elf(library)) for library in libraries] == whole


def test_objects_and_members_of_archives(builder: Builder) -> None:
    text = source("syscall")
    assert calls(builder.objects(text)) == [("syscall", "zxio_read", False)]
    archive = builder.archive("int other(void) { return 1; }", text)
    (call,) = find_raw_calls(read_elf(archive))
    assert isinstance(call, RawCall)
    assert (call.symbol, call.member) == ("zxio_read", "member_with_a_long_name_1.o")


def test_machines_that_are_not_searched_are_said_so(builder: Builder) -> None:
    report = check_library(builder.foreign("int f(void) { return 1; }", "ppc"))
    assert "not looked for on ppc" in report.findings[-1].message


def disassembled(path: Path) -> list[tuple[int, bytes, str]]:
    if shutil.which("objdump") is None:
        pytest.skip("objdump is not installed")
    text = subprocess.run(
        ["objdump", "-d", "-w", path], capture_output=True, text=True, check=True
    ).stdout
    row = re.compile(r"\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t(.*)")
    rows = (match for line in text.splitlines() if (match := row.match(line)))
    return [(int(m[1], 16), bytes.fromhex(m[2]), m[3]) for m in rows]


@pytest.mark.parametrize("name", ["ld-linux-x86-64.so.2", "libz.so.1", "libm.so.6", "libgomp.so.1"])
def test_as_the_disassembler_has_it_on_real_libraries(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = next((p for p in Path("/usr/lib").glob(f"*/{name}")), None)
    if path is None or read_elf(path).machine != "x86_64":
        pytest.skip(f"no {name} for x86-64 on this machine")
    rows = disassembled(path)
    real = {at for at, _, text in rows if re.match(r"(\w+ )*(syscall|sysenter|int +\$0x80)", text)}
    assert {c.address for c in find_raw_calls(read_elf(path)) if not c.inside} == real
    # A wait for the coprocessor is shown together with what follows it.
    plain = [code for _, code, text in rows if code[0] != 0x9B and "bad" not in text]
    wrong = [code.hex() for code in plain if lengths(code + b"\x90", True)[:1] != [len(code)]]
    assert wrong == []


def test_lengths_in_32_bits(builder: Builder) -> None:
    text = (
        "int f(int *p, long long x, double d) { for (int i = 0; i < 9; i++) p[i] += x * i + d;"
        " return p[3] << p[2]; }"
        '__asm__("lcall $1,$2; enter $8,$1; movw 0x10(%bx),%ax; .byte 0x67,0xa1,1,2;'
        ' bound %eax,(%ecx); les (%eax),%ecx; vzeroupper; aam; testb $1,(%eax); data16 call 0");'
    )
    rows = disassembled(builder.foreign(text, "x86"))
    wrong = [
        (code.hex(), line)
        for _, code, line in rows
        if "bad" not in line
        if lengths(code + b"\x90", False)[:1] != [len(code)] and code[0] != 0x9B
    ]
    assert rows
    assert wrong == []
