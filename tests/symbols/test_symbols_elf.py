"""Reading dynamic symbols: as pyelftools does on honest files, and never too few on others."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from symbol_libraries import Builder

from harness.symbols import ElfError, read_elf

LIBRARY_DIRS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64")
SOURCE = """
extern int import_one(int);
extern int import_two(int);
int export_one(int x) { return import_one(x) + 1; }
int export_two(int x) { return import_two(x) + 2; }
"""


def machine_libraries(count: int) -> list[Path]:
    found = []
    for directory in map(Path, LIBRARY_DIRS):
        for path in sorted(directory.glob("*.so*")):
            if not path.is_symlink() and path.stat().st_size < 1_000_000:
                with path.open("rb") as file:
                    if file.read(4) == b"\x7fELF":
                        found.append(path)
            if len(found) == count:
                return found
    return found


def test_same_symbols_as_pyelftools_on_the_machine_s_libraries() -> None:
    libraries = machine_libraries(60)
    assert libraries
    for path in libraries:
        with path.open("rb") as file:
            table = ELFFile(file).get_section_by_name(".dynsym")
            wanted = [
                (s.name, s["st_shndx"] == "SHN_UNDEF", s["st_size"]) for s in table.iter_symbols()
            ]
        read = read_elf(path)
        assert [(s.name, not s.defined, s.size) for s in read.symbols] == wanted, path
        assert read.contradictions == ()


@pytest.fixture(scope="module", params=["x86_64", "arm64"])
def library(request: pytest.FixtureRequest, builder: Builder) -> Path:
    return builder.library(SOURCE, arch=request.param)


def names(path: Path) -> tuple[list[str], list[str]]:
    file = read_elf(path)
    return [s.name for s in file.imports], [s.name for s in file.exports]


EXPECTED = (["import_one", "import_two"], ["export_one", "export_two"])


def without_section_headers(data: bytes) -> bytes:
    """What ``strip --strip-sections`` leaves: the loader does not mind."""
    image = bytearray(data)
    struct.pack_into("<Q", image, 0x28, 0)
    struct.pack_into("<HHH", image, 0x3A, 0, 0, 0)
    return bytes(image)


def with_short_hash_tables(data: bytes, path: Path) -> bytes:
    """Hash tables that claim one symbol, as if nothing were imported or exported."""
    image = bytearray(data)
    with path.open("rb") as file:
        elf = ELFFile(file)
        for name in (".hash", ".gnu.hash"):
            section = elf.get_section_by_name(name)
            offset = section["sh_offset"]
            if name == ".hash":
                struct.pack_into("<I", image, offset + 4, 1)
            else:
                buckets, _, bloom = struct.unpack_from("<III", image, offset)
                struct.pack_into("<I", image, offset + 4, 1)
                start = offset + 16 + 8 * bloom
                image[start : start + 4 * buckets] = bytes(4 * buckets)
    return bytes(image)


def test_finds_all_symbols_without_section_headers(library: Path, tmp_path: Path) -> None:
    forged = tmp_path / "forged.so"
    forged.write_bytes(without_section_headers(library.read_bytes()))
    assert names(forged) == EXPECTED


def test_finds_the_imports_with_shortened_hash_tables_too(library: Path, tmp_path: Path) -> None:
    forged = tmp_path / "forged.so"
    forged.write_bytes(
        without_section_headers(with_short_hash_tables(library.read_bytes(), library))
    )
    assert names(forged)[0] == EXPECTED[0]


def test_a_section_that_hides_symbols_is_a_contradiction(library: Path, tmp_path: Path) -> None:
    with library.open("rb") as file:
        elf = ELFFile(file)
        index = elf.get_section_index(".dynsym")
        place = elf["e_shoff"] + index * elf["e_shentsize"] + 32
    image = bytearray(library.read_bytes())
    struct.pack_into("<Q", image, place, 24)
    forged = tmp_path / "forged.so"
    forged.write_bytes(image)
    assert names(forged) == EXPECTED
    assert "section headers say 1" in read_elf(forged).contradictions[0]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (b"#!/bin/sh\n", "not an ELF file"),
        (b"\x7fELF", "damaged"),
        (b"\x7fELF\x02\x01\x01" + bytes(60), "no dynamic segment"),
    ],
)
def test_other_files_are_one_clear_error(data: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(ElfError, match=problem):
        read_elf(path)


def test_a_missing_file_is_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(ElfError, match="No such file"):
        read_elf(tmp_path / "missing.so")


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_mutated_files_give_symbols_or_an_error(
    library: Path, tmp_path: Path, data: st.DataObject
) -> None:
    image = bytearray(library.read_bytes())
    limit = min(len(image), 0x1000)
    for _ in range(data.draw(st.integers(1, 4))):
        image[data.draw(st.integers(0, limit - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(image)))
    path = tmp_path / "mutant.so"
    path.write_bytes(image[:cut] if data.draw(st.booleans()) else image)
    with contextlib.suppress(ElfError):
        assert len(read_elf(path).symbols) < 1 << 24
