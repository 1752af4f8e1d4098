"""The libraries of this machine: the same symbols as the tools people use, none more, none less."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from harness.cli import main
from harness.symbols.elf import read_elf
from harness.symbols.model import Symbol

DIRECTORIES = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib",
)
#: As many as the comparison is made with, if the machine has them.
WANTED = 240
#: Larger ones, in bytes, would take longer and show nothing else.
MAX_SIZE = 1_000_000


@pytest.fixture(scope="module")
def libraries() -> list[Path]:
    found: dict[Path, None] = {}
    for directory in map(Path, DIRECTORIES):
        for path in sorted(directory.glob("**/*.so*")) if directory.is_dir() else ():
            if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_SIZE:
                continue
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    found[path.resolve()] = None
    # Spread over all of them rather than the first of the alphabet.
    everything = list(found)
    step = max(1, len(everything) // WANTED)
    return everything[::step][:WANTED]


def by_tool(tool: str, options: list[str], libraries: list[Path]) -> dict[Path, list[str]]:
    """The lines that a tool prints per file."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    command = [tool, *options, *map(str, libraries)]
    output = subprocess.run(
        command, capture_output=True, text=True, errors="backslashreplace", check=True
    ).stdout
    headings = {f"{path}:": path for path in libraries}
    headings |= {f"File: {path}": path for path in libraries}
    lines: dict[Path, list[str]] = {path: [] for path in libraries}
    current = libraries[0]
    for line in output.splitlines():
        if line in headings:
            current = headings[line]
        elif line.strip():
            lines[current].append(line)
    return lines


def full(symbol: Symbol) -> str:
    return symbol.full_name


def plain(symbol: Symbol) -> str:
    return symbol.name


@pytest.mark.parametrize(("tool", "name"), [("nm", full), ("llvm-nm", None)], ids=["nm", "llvm-nm"])
@pytest.mark.parametrize("which", ["imports", "exports"])
def test_as_nm_lists_them(
    tool: str, name: Callable[[Symbol], str] | None, which: str, libraries: list[Path]
) -> None:
    option = "--undefined-only" if which == "imports" else "--defined-only"
    printed = by_tool(tool, ["--dynamic", option], libraries)
    for path in libraries:
        ours = getattr(read_elf(path), which)
        theirs = [line.split()[-1] for line in printed[path]]
        if name is None:  # older ones print no versions
            assert sorted(map(plain, ours)) == sorted(n.split("@")[0] for n in theirs), path
        else:
            assert sorted(map(name, ours)) == sorted(theirs), path


@pytest.mark.parametrize("which", ["imports", "exports"])
def test_the_command_prints_what_nm_prints(
    which: str, libraries: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    option = "--undefined-only" if which == "imports" else "--defined-only"
    printed = by_tool("nm", ["--dynamic", option], libraries)
    for path in libraries:
        assert main(["symbols", "list", str(path), f"--{which}", "--versions"]) == 0
        versioned = capsys.readouterr().out.splitlines()
        assert sorted(versioned) == sorted(line.split()[-1] for line in printed[path]), path
        assert main(["symbols", "list", f"--{which}", str(path)]) == 0
        plain = capsys.readouterr().out.splitlines()
        assert sorted(plain) == sorted(name.split("@")[0] for name in versioned), path


def test_as_readelf_lists_them(libraries: list[Path]) -> None:
    printed = by_tool("readelf", ["--dyn-syms", "--wide"], libraries)
    for path in libraries:
        rows = [line.split() for line in printed[path] if line.split()[0][:-1].isdigit()]
        theirs = [
            (row[4].lower(), row[5].lower(), int(row[1], 16), row[6] != "UND") for row in rows
        ]
        ours = [(s.binding, s.visibility, s.value, s.defined) for s in read_elf(path).symbols]
        assert ours == theirs, path


def test_as_pyelftools_lists_them(libraries: list[Path]) -> None:
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


def test_archives_and_objects_as_nm_lists_them(libraries: list[Path]) -> None:
    archives = [
        path
        for directory in {path.parent for path in libraries}
        for path in sorted(directory.glob("*.a"))
        if not path.is_symlink() and path.stat().st_size < MAX_SIZE
        if path.read_bytes()[:8] == b"!<arch>\n"
    ][:30]
    if not archives:
        pytest.skip("no archives on this machine")
    for path in archives:
        rows = [line.split() for line in by_tool("nm", ["-P"], [path])[path]]
        undefined = {row[0] for row in rows if len(row) > 1 and row[1] in "Uwv"}
        # A letter in upper case is a symbol others can bind to; so are the weak ones.
        defined = {r[0] for r in rows if len(r) > 2 and (r[1].isupper() or r[1] in "wvui")}
        read = read_elf(path)
        assert {symbol.name for symbol in read.imports} == undefined - defined, path
