"""Lists of all editions are read, and ``--compat fuchsia`` judges as the build scripts do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from symbol_libraries import Builder

from harness.symbols.allowlist import read_allowlist
from harness.symbols.elf import read_elf
from harness.symbols.fuchsia import EDITIONS, check_as_fuchsia
from harness.symbols.images import library_paths, lists_directory
from harness.symbols.interface import read_interface
from harness.symbols.interface_text import interface_text
from harness.symbols.version_script import read_version_script

FILES = Path(__file__).parent / "editions"
LLVM_IFS = ("llvm-ifs", "llvm-ifs-14", "/usr/lib/llvm-14/bin/llvm-ifs")


@pytest.mark.parametrize(
    ("edition", "libc", "vdso"),
    [("2022_early", 118, 39), ("2022_late", 122, 41), ("2023", 123, 42), ("2026", 20, 33)],
)
def test_allowlists_of_all_editions(edition: str, libc: int, vdso: int) -> None:
    allowlist = read_allowlist(FILES / f"{edition}.allowlist")
    groups = {group.name: len(group.entries) for group in allowlist.groups if group.line}
    assert groups == {"libc": libc, "vdso": vdso, "zx panic": 1}
    assert not allowlist.duplicates


@pytest.mark.parametrize(
    ("edition", "count", "weak"),
    [
        ("2022", 56, 0),
        ("2023_early", 58, 0),
        ("2023_late", 62, 0),
        ("2025", 69, 2),
        ("2026", 68, 2),
    ],
)
def test_interfaces_of_all_editions(edition: str, count: int, weak: int) -> None:
    interface = read_interface(FILES / f"{edition}.ifs")
    assert interface.soname == "libzxio_standalone.so"
    assert len(interface.symbols) == count
    assert sum(bool(symbol.weak) for symbol in interface.symbols.values()) == weak
    assert {symbol.type for symbol in interface.symbols.values()} == {"func"}


def test_the_plain_list_of_2019() -> None:
    interface = read_interface(FILES / "2019.reference")
    assert interface.plain
    assert len(interface.symbols) == 44
    assert interface.symbols["zxio_close"].weak is None


@pytest.mark.parametrize(
    ("edition", "interface"), [("2022", "2022"), ("2023", "2023_late"), ("2025", "2025")]
)
def test_version_scripts_of_all_editions_agree_with_their_interfaces(
    edition: str, interface: str
) -> None:
    script = read_version_script(FILES / f"{edition}.ld")
    assert script.names.keys() == read_interface(FILES / f"{interface}.ifs").symbols.keys()
    assert not script.allows("zxio_ioctl")
    assert not script.nodes


def test_the_version_script_between_two_editions() -> None:
    names = read_version_script(FILES / "2025_between.ld").names.keys()
    assert len(names) == 70
    assert {"zxio_close", "zxio_destroy"} <= names


# ---- the scripts' verdicts ------------------------------------------------------------------

SOURCE = """
extern int zx_handle_close(unsigned);
int zxio_open(unsigned handle) { return zx_handle_close(handle); }
int zxio_data = 1;
"""
SONAME = "libsmall.so"
NEWEST, OLDER = EDITIONS["fuchsia"], EDITIONS["fuchsia-2022"]
HEAD = "--- !ifs-v1\nIfsVersion:      3.0\nSoName:          libsmall.so\nSymbols:\n"


def verdict(library: Path, edition: str = "fuchsia", **lists: Path) -> list[str]:
    report = check_as_fuchsia(library, EDITIONS[edition], **lists)
    return [finding.symbol or finding.message for finding in report.violations]


def listed(tmp_path: Path, text: str, name: str = "list") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_imports_are_whole_lines_of_the_list(builder: Builder, tmp_path: Path) -> None:
    library = builder.library(SOURCE, soname=SONAME)
    assert verdict(library, imports=listed(tmp_path, "# vdso\nzx_handle_close\nunused\n")) == []
    for text in (
        "# vdso\n",
        "zx_handle_close \n",
        "zx_handle_close  weak-ok\n",
        "#zx_handle_close",
    ):
        assert verdict(library, imports=listed(tmp_path, text)) == ["zx_handle_close"]


def test_weak_imports_count_in_the_older_edition_only(builder: Builder, tmp_path: Path) -> None:
    source = "__attribute__((weak)) void maybe(void); void f(void) { if (maybe) maybe(); }"
    library = builder.library(source, soname=SONAME)
    empty = listed(tmp_path, "\n")
    assert verdict(library, imports=empty) == []
    assert verdict(library, "fuchsia-2022", imports=empty) == ["maybe"]


def test_cpp_names_end_the_check_even_if_listed(builder: Builder, tmp_path: Path) -> None:
    source = "void _Znwm(void); void other(void); void f(void) { _Znwm(); other(); }"
    library = builder.library(source, soname=SONAME)
    assert verdict(library, imports=listed(tmp_path, "_Znwm\n")) == ["_Znwm"]
    # The demangler makes nothing of this one, so it is a name like any other.
    library = builder.library("void _Zodd(void); void f(void) { _Zodd(); }", soname=SONAME)
    assert verdict(library, imports=listed(tmp_path, "_Zodd\n")) == []


def test_the_golden_interface_is_compared_as_text(builder: Builder, tmp_path: Path) -> None:
    library = builder.library(SOURCE, soname=SONAME)
    newest = (
        HEAD + "  - { Name: zxio_data, Type: Object }\n  - { Name: zxio_open, Type: Func }\n...\n"
    )
    older = newest.replace("Object }", "Object, Size: 4 }")
    for edition, right, wrong in (("fuchsia", newest, older), ("fuchsia-2022", older, newest)):
        assert verdict(library, edition, exports=listed(tmp_path, right)) == []
        assert len(verdict(library, edition, exports=listed(tmp_path, wrong))) == 2
    assert verdict(library, exports=listed(tmp_path, newest + "\n")) != []
    assert verdict(library, exports=listed(tmp_path, "zxio_open\n")) == []
    assert verdict(library, exports=listed(tmp_path, "zxio_data\nzxio_open\n")) != []


def test_cpp_names_in_the_reference_are_refused_by_the_older_edition(
    builder: Builder, tmp_path: Path
) -> None:
    library = builder.library("void _Z1fv(void) {}", soname=SONAME)
    golden = listed(tmp_path, HEAD + "  - { Name: _Z1fv, Type: Func }\n...\n")
    assert verdict(library, exports=golden) == []
    assert len(verdict(library, "fuchsia-2022", exports=golden)) == 1
    libc = tmp_path / "libc.so"
    shutil.copy(library, libc)
    assert verdict(libc, "fuchsia-2022", exports=golden) == []


def test_other_names_of_files_are_refused_and_archives_taken_for_empty(
    builder: Builder, tmp_path: Path
) -> None:
    library = builder.library(SOURCE, soname=SONAME)
    allowlist = listed(tmp_path, "\n")
    for name, expected in (
        ("a.so.debug", ["zx_handle_close"]),
        ("a.so.1", ["neither .so nor .so.debug"]),
        ("a.dll", ["neither .so nor .so.debug"]),
    ):
        shutil.copy(library, tmp_path / name)
        assert verdict(tmp_path / name, imports=allowlist) == expected
    assert verdict(builder.archive(SOURCE), imports=allowlist) == []


def test_our_own_library_passes_as_the_scripts_have_it() -> None:
    lists = lists_directory()
    for library in library_paths():
        report = check_as_fuchsia(
            library,
            NEWEST,
            imports=lists / "zxio_standalone.imported_symbols.allowlist",
            exports=lists / "zxio_standalone.public_symbols.ifs",
        )
        assert report.findings == []


def test_interface_text_is_that_of_llvm_ifs() -> None:
    tool = next(filter(None, map(shutil.which, LLVM_IFS)), None)
    if tool is None:
        pytest.skip("llvm-ifs is not installed")
    libraries = [p for p in sorted(Path("/usr/lib").glob("*/lib[c-z]*.so*")) if not p.is_symlink()]
    compared = 0
    for path in libraries[::12]:
        if path.read_bytes()[:4] != b"\x7fELF":
            continue
        command = [tool, "--input-format=ELF", "--output-ifs=-", "--strip-undefined"]
        output = subprocess.run(
            [*command, "--strip-ifs-target", path], capture_output=True, text=True, check=True
        ).stdout
        # Older ones cannot leave out the libraries it needs.
        head, needed, rest = output.partition("NeededLibs:")
        wanted = head + "Symbols:" + rest.partition("Symbols:")[2] if needed else output
        assert interface_text(read_elf(path), size=True) == wanted, path
        compared += 1
    assert compared or not libraries
