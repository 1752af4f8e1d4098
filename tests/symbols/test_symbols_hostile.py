"""Hostile files: symbols or one clear error, in little time and memory."""

from __future__ import annotations

import random
import re
import struct
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from symbol_libraries import Builder
from tiny_elf import TinyElf, TinySymbol

from harness.symbols.check import check_library
from harness.symbols.elf import ElfError, read_elf
from harness.symbols.functions import Functions
from harness.symbols.report import RULES
from harness.symbols.uses import uses_of

SOURCE = """
extern int import_one(int);
extern int import_two(int) __attribute__((weak));
extern int variable;
int export_one(int x) { return import_one(x) + variable; }
int (*pointer)(int) = import_two;
__attribute__((naked)) void raw(void) { __asm__("RAW"); }
"""
#: Batches of 1000 files each.
BATCHES = 10
#: Seconds of processor time a file may take: far more than any does, far less than endless.
LIMIT = 2.0


def read_everything(path: Path) -> int:
    """All that is read of a file on the way to a verdict; the number of symbols."""
    file = read_elf(path)
    assert file.imports == sorted(file.imports, key=lambda s: (s.name, s.version))
    assert all(s.name and not s.defined for s in file.imports)
    uses_of(file, {s.name for s in file.imports} | {s.name for s in file.exports})
    Functions.of_file(file)
    report = check_library(path)
    assert all(finding.rule in RULES and "\n" not in finding.text for finding in report.findings)
    return len(file.symbols)


def complaint_about(path: Path) -> str | None:
    """The error that reading ends with; None if it succeeds."""
    try:
        read_everything(path)
    except ElfError as error:
        return str(error)
    return None


@pytest.fixture(scope="module")
def originals(builder: Builder, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    intel, arm = SOURCE.replace("RAW", "syscall"), SOURCE.replace("RAW", "svc #0")
    script = tmp_path_factory.mktemp("script") / "versions.ld"
    script.write_text("V1 { global: *; };\n")
    files = [
        builder.library(intel),
        builder.library(intel, options=(f"--version-script={script}", "--strip-all")),
        builder.library(arm, arch="arm64"),
        builder.foreign(SOURCE.replace("RAW", "nop"), "ppc"),
        builder.objects(intel),
        builder.archive(intel, "int import_one(int x) { return x; }"),
    ]
    return [path.read_bytes() for path in files]


def mutant(original: bytes, chance: random.Random) -> bytes:
    """A file with some bytes changed where the headers and tables are, or cut off."""
    image = bytearray(original)
    # Debugging information is most of an unstripped file, and nothing here reads it.
    near, far = min(len(image), 0x1800), len(image)
    for _ in range(chance.choice((1, 1, 2, 3, 8, 40))):
        if chance.random() < 0.2:
            place = max(0, far - chance.randrange(1, 0x700))
        else:
            place = chance.randrange(near)
        kind = chance.random()
        if kind < 0.5:
            image[place] = chance.randrange(256)
        elif kind < 0.8:
            image[place] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        else:
            value = chance.choice((0, 0xFFFFFFFF, 0x7FFFFFFF, len(image), 1 << 31))
            image[place : place + 4] = struct.pack("<I", value)
    if chance.random() < 0.15:
        del image[chance.randrange(len(image)) :]
    return bytes(image)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_ten_thousand_mutated_files_give_symbols_or_an_error(
    batch: int, originals: list[bytes], tmp_path: Path
) -> None:
    chance = random.Random(batch)
    path = tmp_path / "mutant.so"
    read = refused = 0
    # One file written over and over: making a new one takes longer than reading it.
    with path.open("wb", buffering=0) as file:
        for index in range(1000):
            file.seek(0)
            file.write(mutant(originals[index % len(originals)], chance))
            file.truncate()
            began = time.process_time()
            complaint = complaint_about(path)
            if complaint is None:
                read += 1
            else:
                assert re.match(re.escape(str(path)) + r"(\([^)]*\))?: .+\Z", complaint)
                refused += 1
            assert time.process_time() - began < LIMIT, f"batch {batch}, file {index}"
    # A test of one outcome only would show nothing.
    assert read > 50
    assert refused > 50


def bomb_of_names() -> TinyElf:
    """A quarter of a million symbols whose names overlap: 8 GiB if each were taken."""
    count, length = 1 << 18, 1 << 16
    symbols = [TinySymbol(b"x")] * count
    places = [1 + index % length for index in range(count)]
    strings = b"\0" + b"a" * length + b"\0"
    return TinyElf(symbols, strings=strings, name_places=places, sections=False)


def endless_chain() -> TinyElf:
    """A GNU hash table whose only chain does not end in 16 MiB."""
    tiny = TinyElf([TinySymbol(b"x")], sections=False, tail=bytes(1 << 24))
    tiny.build()
    table = tiny.places["dynamic"] + 7 * 16
    tail = struct.pack("<IIIIQI", 1, 1, 1, 6, 0, 1) + bytes(1 << 24)
    return TinyElf([TinySymbol(b"x")], sections=False, tags=[(0x6FFFFEF5, table)], tail=tail)


def endless_versions() -> TinyElf:
    """A chain of more version records than there are numbers for versions."""
    tiny = TinyElf([TinySymbol(b"x")], sections=False, tags=[(0, 0)] * 3)
    tiny.build()
    table = tiny.places["dynamic"] + 9 * 16
    records = struct.pack("<HHIII", 1, 0, 0, 0, 16) * (1 << 16)
    # The symbol's own number is in the first record.
    tags = [(0x6FFFFFF0, table + 10), (0x6FFFFFFE, table), (0x6FFFFFFF, 0xFFFFFFFF)]
    return TinyElf([TinySymbol(b"x")], sections=False, tags=tags, tail=records)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (bomb_of_names, "too long altogether"),
        (endless_chain, "does not end"),
        (endless_versions, "more versions than there can be"),
    ],
)
def test_bombs_are_refused_in_bounded_time_and_memory(
    make: Callable[[], TinyElf], problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "bomb.so"
    path.write_bytes(make().build())
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(ElfError, match=problem):
        read_everything(path)
    taken = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 10
    assert peak < 1 << 30


def test_an_object_with_the_same_section_many_times_is_refused(
    builder: Builder, tmp_path: Path
) -> None:
    image = bytearray(builder.objects(SOURCE.replace("RAW", "nop")).read_bytes())
    start, count = (
        struct.unpack_from("<Q", image, 0x28)[0],
        struct.unpack_from("<H", image, 0x3C)[0],
    )
    headers = [bytes(image[start + 64 * i : start + 64 * i + 64]) for i in range(count)]
    code = next(row for row in headers if struct.unpack_from("<Q", row, 8)[0] & 4)
    code = code[:32] + struct.pack("<Q", len(image) // 2) + code[40:]
    struct.pack_into("<Q", image, 0x28, len(image))
    struct.pack_into("<H", image, 0x3C, count + 40000)
    path = tmp_path / "many.o"
    path.write_bytes(bytes(image) + b"".join(headers) + code * 40000)
    with pytest.raises(ElfError, match="sections overlap"):
        read_everything(path)


def test_a_library_with_the_same_segment_many_times_is_refused(tmp_path: Path) -> None:
    tiny = bytearray(TinyElf([TinySymbol(b"x")], sections=False, tail=bytes(1 << 20)).build())
    segment = bytes(tiny[64 : 64 + 56])
    place, size, count = len(tiny), struct.unpack_from("<Q", segment, 32)[0], 5000
    rows = b"".join(
        segment[:16] + struct.pack("<QQ", step << 24, step << 24) + segment[32:]
        for step in range(1, count)
    )
    struct.pack_into("<Q", tiny, 0x20, place)
    struct.pack_into("<H", tiny, 0x38, count + 1)
    path = tmp_path / "many.so"
    path.write_bytes(bytes(tiny) + bytes(tiny[64 : 64 + 112]) + rows)
    assert size > 1 << 20
    with pytest.raises(ElfError, match="segments overlap in the file"):
        read_everything(path)


def test_a_count_beyond_reason_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.so"
    path.write_bytes(TinyElf([TinySymbol(b"x")], hash_count=1 << 21, sections=False).build())
    with pytest.raises(ElfError, match="claims 2097152 symbols"):
        read_elf(path)
