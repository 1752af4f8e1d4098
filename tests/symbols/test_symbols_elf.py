"""Reading symbols: never too few, whatever sections and hash tables say."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from forging import (
    dynamic_tags,
    with_program_header,
    with_section_field,
    with_short_hash_tables,
    without_section_headers,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from symbol_libraries import FOREIGN, Builder
from tiny_elf import TinyElf, TinySymbol

from harness.symbols.check import check_library
from harness.symbols.elf import ElfError, read_elf

SOURCE = """
extern int import_one(int);
extern int import_two(int);
int export_one(int x) { return import_one(x) + 1; }
int export_two(int x) { return import_two(x) + 2; }
"""
EXPECTED = (["import_one", "import_two"], ["export_one", "export_two"])

PT_LOAD, PT_DYNAMIC = 1, 2


@pytest.fixture(scope="module", params=["x86_64", "arm64", *FOREIGN])
def library(request: pytest.FixtureRequest, builder: Builder) -> Path:
    if request.param in FOREIGN:
        return builder.foreign(SOURCE, request.param)
    return builder.library(SOURCE, arch=request.param)


@pytest.fixture
def forge(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        path = tmp_path / "forged.so"
        path.write_bytes(data)
        return path

    return write


def names(path: Path) -> tuple[list[str], list[str]]:
    file = read_elf(path)
    support = re.compile("__aeabi|_gp_disp")
    return [s.name for s in file.imports if not support.match(s.name)], [
        s.name for s in file.exports if s.type == "func"
    ]


def test_same_symbols_as_pyelftools(library: Path) -> None:
    with library.open("rb") as file:
        wanted = [
            (s.name, s["st_shndx"] == "SHN_UNDEF", s["st_value"], s["st_size"])
            for s in ELFFile(file).get_section_by_name(".dynsym").iter_symbols()
        ]
    read = read_elf(library)
    assert [(s.name, not s.defined, s.value, s.size) for s in read.symbols] == wanted
    assert names(library) == EXPECTED
    assert read.contradictions == ()


def test_finds_all_symbols_without_section_headers(
    library: Path, forge: Callable[[bytes], Path]
) -> None:
    assert names(forge(without_section_headers(library.read_bytes()))) == EXPECTED


def test_finds_the_imports_with_shortened_hash_tables_too(
    library: Path, forge: Callable[[bytes], Path]
) -> None:
    short = with_short_hash_tables(library.read_bytes())
    assert names(forge(short)) == EXPECTED  # the section header still knows
    assert names(forge(without_section_headers(short)))[0] == EXPECTED[0]


@pytest.fixture
def plain(builder: Builder) -> bytes:
    return builder.library(SOURCE).read_bytes()


def test_sections_that_hide_symbols_are_contradictions(
    plain: bytes, forge: Callable[[bytes], Path]
) -> None:
    for field, value, complaint in (
        (32, 24, "section headers say 1 dynamic symbols"),
        (16, 0x300, "another dynamic symbol table"),
        (24, 0x300, "another dynamic symbol table"),
    ):
        forged = forge(with_section_field(plain, ".dynsym", field, value))
        assert names(forged) == EXPECTED
        assert complaint in " ".join(read_elf(forged).contradictions)
    forged = forge(with_section_field(plain, ".dynstr", 24, 0x300))
    assert "other names" in " ".join(read_elf(forged).contradictions)
    forged = forge(with_section_field(plain, ".dynamic", 16, 0x300))
    assert "another dynamic section" in " ".join(read_elf(forged).contradictions)


def test_what_loaders_would_read_differently_is_an_error(
    plain: bytes, forge: Callable[[bytes], Path]
) -> None:
    elsewhere = forge(with_program_header(plain, PT_DYNAMIC, 8, 0x40))
    with pytest.raises(ElfError, match="not where it is mapped"):
        read_elf(elsewhere)
    image = bytearray(plain)
    # The note becomes a second dynamic segment.
    start = struct.unpack_from("<Q", plain, 0x20)[0]
    kinds = [struct.unpack_from("<I", plain, start + 56 * i)[0] for i in range(plain[0x38])]
    struct.pack_into("<I", image, start + 56 * kinds.index(0x6474E551), PT_DYNAMIC)
    with pytest.raises(ElfError, match="more than one dynamic segment"):
        read_elf(forge(bytes(image)))
    with pytest.raises(ElfError, match="overlap"):
        read_elf(forge(with_program_header(plain, PT_LOAD, 16, 0)))


def test_pages_that_loaders_map_differently_are_an_error(
    plain: bytes, forge: Callable[[bytes], Path]
) -> None:
    image = bytearray(plain)
    start = struct.unpack_from("<Q", plain, 0x20)[0]
    loads = [
        start + 56 * index
        for index in range(plain[0x38])
        if struct.unpack_from("<I", plain, start + 56 * index)[0] == PT_LOAD
    ]
    (offset,) = struct.unpack_from("<Q", plain, loads[1] + 8)
    struct.pack_into("<Q", image, loads[1] + 8, offset + 8)
    with pytest.raises(ElfError, match="not that of its pages"):
        read_elf(forge(bytes(image)))
    # The code would replace the end of the tables, in the page that both would lie in.
    end = sum(struct.unpack_from("<QQQQ", plain, loads[0] + 16)[::2])
    image = bytearray(plain)
    struct.pack_into("<QQ", image, loads[1] + 8, 0x1FF0, (end & ~0xFFF) + 0xFF0)
    struct.pack_into("<QQ", image, loads[1] + 32, 8, 8)
    with pytest.raises(ElfError, match="in one page"):
        read_elf(forge(bytes(image)))


def test_relocations_that_change_what_is_read_are_a_contradiction(
    forge: Callable[[bytes], Path],
) -> None:
    def findings(tiny: TinyElf) -> list[str]:
        report = check_library(forge(tiny.build()))
        return [f.message for f in report.findings if f.rule == "contradiction"]

    tiny = TinyElf([TinySymbol(b"imported")], relocated=[1])
    assert findings(tiny) == []
    tiny.build()
    for place, table in (("dynstr", "names of symbols"), ("dynsym", "symbol table")):
        at = tiny.places[place]
        (message,) = findings(TinyElf(tiny.symbols, relocated=[1], relocation_place=at))
        assert f"relocations change the {table}" in message
    at = tiny.places["dynamic"]
    word = TinyElf(tiny.symbols, relocated=[1], tags=[(36, 0), (35, 0)])
    word.build()
    relr = word.places["dynamic"] + 10 * 16
    for entries in ([at + 16], [at - 8, 0b11]):
        tail = struct.pack(f"<{len(entries)}Q", *entries)
        tags = [(36, relr), (35, len(tail))]
        found = findings(TinyElf(tiny.symbols, relocated=[1], tags=tags, tail=tail))
        assert "relocations change the dynamic segment" in found[0]


def test_a_tag_that_stands_there_twice_is_an_error(forge: Callable[[bytes], Path]) -> None:
    symbols = [TinySymbol(b"imported")]
    assert names(forge(TinyElf(symbols).build()))[0] == ["imported"]
    with pytest.raises(ElfError, match="tag 0x6 twice"):
        read_elf(forge(TinyElf(symbols, tags=[(6, 0)]).build()))


def test_the_largest_count_is_taken(forge: Callable[[bytes], Path]) -> None:
    symbols = [TinySymbol(b"one"), TinySymbol(b"two"), TinySymbol(b"three")]
    for relocated, found in (([], []), ([1], ["one"]), ([3, 0], ["one", "three", "two"])):
        tiny = TinyElf(symbols, hash_count=1, relocated=relocated, sections=False)
        assert [s.name for s in read_elf(forge(tiny.build())).imports] == found


def test_a_table_outside_the_file_is_an_error(plain: bytes, forge: Callable[[bytes], Path]) -> None:
    for tag, (_, place) in dynamic_tags(plain).items():
        # The string, symbol, hash and relocation tables; their lengths are found out by others.
        if tag in (4, 5, 6, 7, 23, 0x6FFFFEF5):
            image = bytearray(plain)
            struct.pack_into("<Q", image, place, 1 << 40)
            with pytest.raises(ElfError, match="not in any loaded segment"):
                read_elf(forge(bytes(image)))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (b"#!/bin/sh\n", "not an ELF file"),
        (b"\x7fELF", "damaged"),
        (b"\x7fELF\x03\x01\x01" + bytes(60), "class or byte order"),
        (b"\x7fELF\x02\x01\x01" + bytes(60), "neither a library"),
        (b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + bytes(60), "no dynamic segment"),
        (b"!<thin>\n", "thin archive"),
        (b"!<arch>\nx", "damaged archive"),
    ],
)
def test_other_files_are_one_clear_error(data: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(ElfError, match=problem) as caught:
        read_elf(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_what_is_no_regular_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ElfError, match="No such file"):
        read_elf(tmp_path / "missing.so")
    with pytest.raises(ElfError, match="not a regular file"):
        read_elf(tmp_path)
    pipe = tmp_path / "pipe.so"
    os.mkfifo(pipe)
    with pytest.raises(ElfError, match="not a regular file"):
        read_elf(pipe)


def test_objects_and_archives_have_their_undefined_symbols(builder: Builder) -> None:
    read = read_elf(builder.objects(SOURCE))
    assert ([s.name for s in read.imports], [s.name for s in read.exports]) == EXPECTED
    archive = read_elf(builder.archive(SOURCE, "int import_two(int x) { return x; }"))
    assert archive.kind == "archive"
    assert [s.name for s in archive.imports] == ["import_one"]
    assert [s.name for s in archive.exports] == ["export_one", "export_two", "import_two"]


def test_an_archive_is_bad_if_a_member_is(builder: Builder, tmp_path: Path) -> None:
    good = builder.archive(SOURCE).read_bytes()
    bad = tmp_path / "bad.a"
    bad.write_bytes(good.replace(b"\x7fELF", b"BC\xc0\xde"))
    with pytest.raises(ElfError, match=r"bad\.a\(member_with_a_long_name_0\.o\): LLVM bitcode"):
        read_elf(bad)
    bad.write_bytes(good[:-200])
    with pytest.raises(ElfError, match="outside the file"):
        read_elf(bad)


def test_an_object_hides_no_symbol_from_its_relocations(builder: Builder, tmp_path: Path) -> None:
    data = builder.objects(SOURCE).read_bytes()
    forged = tmp_path / "forged.o"
    forged.write_bytes(with_section_field(data, ".symtab", 32, 24))
    with pytest.raises(ElfError, match="not in the table"):
        read_elf(forged)
    forged.write_bytes(without_section_headers(data))
    with pytest.raises(ElfError, match="no section headers"):
        read_elf(forged)


def test_a_static_executable_imports_nothing_unless_it_hides_something(tmp_path: Path) -> None:
    image = bytearray(TinyElf([TinySymbol(b"imported")]).build())
    image[0x10] = 2
    image[64 + 56] = 0  # the dynamic segment is none
    path = tmp_path / "program"
    path.write_bytes(image)
    with pytest.raises(ElfError, match="dynamic sections, but no dynamic segment"):
        read_elf(path)
    path.write_bytes(without_section_headers(bytes(image)))
    assert (read_elf(path).kind, read_elf(path).imports) == ("executable", [])
    image[0x10] = 3
    path.write_bytes(image)
    with pytest.raises(ElfError, match="no dynamic segment"):
        read_elf(path)


symbols = st.lists(
    st.builds(
        TinySymbol,
        name=st.text(
            st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1
        ).map(str.encode),
        info=st.integers(0, 255),
        other=st.integers(0, 3),
        section=st.sampled_from([0, 0, 1, 5, 0xFFF1, 0xFFFF]),
        value=st.integers(0, 2**32 - 1),
        size=st.integers(0, 2**32 - 1),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(made=symbols, wide=st.booleans(), order=st.sampled_from("<>"), sections=st.booleans())
def test_any_table_in_any_class_and_order_is_read_as_pyelftools_does(
    made: list[TinySymbol], wide: bool, order: str, sections: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    path = tmp_path_factory.getbasetemp() / "generated.so"
    path.write_bytes(TinyElf(made, wide, order, sections=sections).build())
    read = read_elf(path)
    assert read.contradictions == ()
    assert [(s.name.encode(), s.section, s.value, s.size) for s in read.symbols[1:]] == [
        (s.name, s.section, s.value, s.size) for s in made
    ]
    with path.open("rb") as file:
        dynamic = next(s for s in ELFFile(file).iter_segments() if s["p_type"] == "PT_DYNAMIC")
        oracle = [(s.name, s["st_value"], s["st_size"]) for s in dynamic.iter_symbols()]
    assert [(s.name, s.value, s.size) for s in read.symbols] == oracle
    undefined = sorted(s.index for s in read.imports)
    assert undefined == [i for i, s in enumerate(made, 1) if s.section == 0]
