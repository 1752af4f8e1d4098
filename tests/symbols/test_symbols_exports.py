"""Rules about exports: interface files of all versions, version scripts, odd symbols."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from symbol_libraries import Builder
from tiny_elf import TinyElf, TinySymbol

from harness.errors import InputError
from harness.symbols.check import check_library
from harness.symbols.interface import read_interface
from harness.symbols.report import Finding
from harness.symbols.version_script import VersionScript, read_version_script

FUNC, OBJECT, IFUNC = 0x12, 0x11, 0x1A
CODE = 5


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "list"
    path.write_text(text)
    return path


def tiny(tmp_path: Path, *symbols: TinySymbol) -> Path:
    path = tmp_path / "tiny.so"
    path.write_bytes(TinyElf(symbols).build())
    return path


def findings(library: Path, **lists: Path) -> list[Finding]:
    report = check_library(library, **lists)
    return [f for f in report.findings if f.rule not in ("executable-stack", "needed")]


def errors(library: Path, **lists: Path) -> list[tuple[str, str]]:
    return [(f.rule, f.symbol) for f in findings(library, **lists) if not f.warning]


def refused(work: Callable[[], object]) -> str | None:
    """The file that the error names, if there is one."""
    try:
        work()
    except InputError as error:
        return error.where.rpartition(":")[0] or error.where
    return None


# ---- interface files ------------------------------------------------------------------------

ENTRIES = {
    "version 1": "--- !experimental-ifs-v1\nIfsVersion:      1.2\nTriple:  x86_64-fuchsia\n"
    "ObjectFileFormat: ELF\nSymbols:\n"
    "  f:  { Type: Func, Weak: true }\n  'd':  { Type: Object, Size: 8 }\n...\n",
    "version 2": "--- !experimental-ifs-v2\nIfsVersion: 2.0\nTriple: x86_64-unknown-linux-gnu\n"
    "ObjectFileFormat: ELF\nSymbols:\n  - { Name: f, Type: Func, Weak: true }\n"
    '  - { Name: "d", Type: Object, Size: 0x8 }\n'
    "  - { Name: u, Type: Func, Undefined: true }\n...\n",
    "version 3": "--- !ifs-v1\nIfsVersion: 3.0\nSoName: libtiny.so\n"
    "Target: { ObjectFormat: ELF, Arch: x86_64, Endianness: little, BitWidth: 64 }\n"
    "NeededLibs:\n  - libc.so\n  - libm.so\nSymbols:\n  # a remark\n"
    "  - { Name: f, Type: Func, Weak: true, Warning: 'old, use g' }\n"
    "  - { Name: d, Type: Object, Size: 8 }\n...\n",
    "on several lines": "--- !ifs-v1\nIfsVersion: 3.0\nTarget: x86_64-fuchsia\n"
    "NeededLibs: [ libc.so, libm.so ]\nSymbols:\n  - Name: f\n    Type: Func\n    Weak: true\n"
    "  - Name: d\n    Type: Object\n    Size: 8\n...\n",
}


@pytest.mark.parametrize("form", ENTRIES)
def test_all_forms_of_interface_files_say_the_same(form: str, tmp_path: Path) -> None:
    interface = read_interface(written(tmp_path, ENTRIES[form]))
    assert [(s.name, s.type, s.weak, s.size) for s in interface.symbols.values()] == [
        ("f", "func", True, None),
        ("d", "object", False, 8),
    ]
    assert interface.machine == "x86_64"
    assert interface.needed in (None, ["libc.so", "libm.so"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("--- !ifs-v1\nIfsVersion: 4.0\n", ":2: version 4.0 is not supported"),
        ("--- !ifs-v1\nSymbols:\n  - { Name: f, Type: Function }\n", ":3: Type is 'Function'"),
        ("--- !ifs-v1\nSymbols:\n  - { Name: f, Typ: Func }\n", ":3: cannot read"),
        ("--- !ifs-v1\nSymbols:\n  - { Name: f, Type: Func, Weak: yes }\n", ":3: Weak is 'yes'"),
        ("--- !ifs-v1\nSymbols:\n  - { Name: f, Type: Func, Size: big }\n", ":3: Size is 'big'"),
        ("--- !ifs-v1\nSymbols:\n  - Name: f\n", ":3: a symbol needs Name and Type"),
        ("--- !ifs-v1\nSymboles:\n", ":2: unknown heading"),
        (
            "--- !ifs-v1\nSymbols:\n  - { Name: f, Type: Func }\n  - { Name: f, Type: Func }\n",
            ":4: f stands there twice",
        ),
        ("zxio_a\nzxio_a\n", ":2: zxio_a stands there twice"),
        ("zxio_a zxio_b\n", ":1: does not begin"),
    ],
)
def test_a_broken_interface_file_is_one_clear_error(
    text: str, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=problem):
        read_interface(written(tmp_path, text))


@settings(deadline=None)
@given(text=st.text(alphabet="-{}: ,\n'\"NameTypFuc[]#.!ifsv1Symbol0", max_size=80))
def test_any_text_is_read_or_refused(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.ifs"
    path.write_text("--- !ifs-v1\nSymbols:\n" + text)
    assert refused(lambda: read_interface(path)) in (None, str(path))


def test_target_and_needed_libraries_of_an_interface_count(
    builder: Builder, tmp_path: Path
) -> None:
    other = builder.library("int o;", soname="libo.so")
    library = builder.library("int f(void) { return 0; }", options=(str(other),))
    text = (
        "--- !ifs-v1\nTarget: {}\nNeededLibs:\n  - libo.so\n"
        "Symbols:\n  - {{ Name: f, Type: Func }}\n"
    )
    for target, found in (("x86_64-fuchsia", []), ("aarch64-fuchsia", ["target"])):
        report = check_library(library, exports=written(tmp_path, text.format(target)))
        assert [f.rule for f in report.violations] == found


def test_a_function_chosen_at_load_time_is_a_function_with_a_warning(tmp_path: Path) -> None:
    library = tiny(tmp_path, TinySymbol(b"f", IFUNC, section=CODE, value=64, size=1))
    for kind in ("Func", "Unknown"):
        text = f"--- !ifs-v1\nSymbols:\n  - {{ Name: f, Type: {kind} }}\n"
        found = findings(library, exports=written(tmp_path, text))
        assert [(f.rule, f.warning) for f in found] == [("ifunc", True)]


def test_a_hidden_symbol_in_the_table_is_no_export_but_reported(tmp_path: Path) -> None:
    library = tiny(tmp_path, TinySymbol(b"f", FUNC, 2, CODE), TinySymbol(b"g", FUNC, 3, CODE))
    assert errors(library, exports=written(tmp_path, "f\ng\n")) == [
        ("interface", "f"),
        ("visibility", "f"),
    ]


def test_sizes_are_compared_where_the_interface_has_them(tmp_path: Path) -> None:
    library = tiny(tmp_path, TinySymbol(b"d", OBJECT, section=CODE, size=16))
    text = "--- !ifs-v1\nSymbols:\n  - { Name: d, Type: Object, Size: 8 }\n"
    (finding,) = findings(library, exports=written(tmp_path, text))
    assert finding.message == "d has 16 bytes, not 8"
    assert finding.line == 3


def test_names_cannot_break_out_of_their_line(tmp_path: Path) -> None:
    library = tiny(tmp_path, TinySymbol(b"a\nb\x1b[2J c", FUNC, section=CODE))
    (finding,) = findings(library, exports=written(tmp_path, "# none\n"))
    assert finding.message.startswith(r"a\nb\x1b[2J\x20c is exported")


# ---- version scripts ------------------------------------------------------------------------


def script(tmp_path: Path, text: str) -> VersionScript:
    return read_version_script(written(tmp_path, text))


def test_names_go_before_wildcards_and_wildcards_before_the_star(tmp_path: Path) -> None:
    read = script(
        tmp_path,
        "V1 { global: zx_*; zxio_keep; local: zx_secret; zxio_*; *; };\n"
        "V2 { global: new_[ab]; one?; } V1;\n",
    )
    allowed = {"zx_read", "zxio_keep", "new_a", "new_b", "one1"}
    refused = {"zx_secret", "zxio_other", "new_c", "one", "other"}
    assert {name for name in allowed | refused if read.allows(name)} == allowed
    assert read.nodes == {"V1", "V2"}
    star = script(tmp_path, "{ global: *; local: secret_*; };")
    assert star.allows("open")
    assert not star.allows("secret_door")


def test_cpp_names_are_matched_as_people_write_them(tmp_path: Path) -> None:
    read = script(
        tmp_path,
        '{ global: extern "C++" { fbl::*; "zx::exact(int)"; operator new*; };\n'
        '  extern "C" { plain; }; "quoted*"; local: *; };',
    )
    names = ["_ZN3fbl5clearEv", "_ZN2zx5exactEi", "_ZN2zx5exactEl", "_Znwm"]
    plain = read.plain_names(names)
    if not plain:
        pytest.skip("no C++ library on this machine")
    assert [read.allows(name, plain[name]) for name in names] == [True, True, False, True]
    assert read.allows("plain")
    assert read.allows("quoted*")
    assert not read.allows("quoted1")


def test_a_script_without_headings_exports(tmp_path: Path) -> None:
    read = script(tmp_path, "/* all */ { a; b; # comment\n };")
    assert read.names.keys() == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ":1: braces do not match"),
        ("{ global: a;", "braces do not match"),
        ("{\nglobal: a;\n}", "the last semicolon"),
        ("{\nglobal:\n a b; };", ":3: 'b' where ';' should be"),
        ("{ public: a; };", "unknown section 'public'"),
        ('{ global: extern "D" { a; }; };', "unknown language 'D'"),
        ('{ global: "a; };', "cannot read"),
    ],
)
def test_a_broken_script_is_one_clear_error(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=problem):
        script(tmp_path, text)


@settings(deadline=None)
@given(text=st.text(alphabet="{};:\"'*?[]#/ \nglobalextrnC+", max_size=60))
def test_any_script_is_read_or_refused(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.ld"
    path.write_text(text)
    assert refused(lambda: read_version_script(path).allows("name")) in (None, str(path))


SOURCE = "void old_call(void) {} void new_call(void) {}"
VERSIONS = "V1 { global: old_call; local: *; };\nV2 { global: new_call; } V1;\n"


def test_versions_of_exports_are_those_of_the_script(builder: Builder, tmp_path: Path) -> None:
    linked = written(tmp_path, VERSIONS)
    library = builder.library(SOURCE, soname="libv.so", options=(f"--version-script={linked}",))
    assert errors(library, version_script=linked) == []
    moved = tmp_path / "moved.ld"
    moved.write_text(VERSIONS.replace("V2 { global: new_call", "V3 { global: new_call"))
    (finding,) = findings(library, version_script=moved)
    assert finding.message == "new_call has version V2, not V3"
    assert finding.line == 2


def test_interface_and_script_are_held_against_each_other(builder: Builder, tmp_path: Path) -> None:
    library = builder.library(SOURCE, soname="libv.so")
    interface, version_script = tmp_path / "v.ifs", tmp_path / "v.ld"
    interface.write_text(
        "--- !ifs-v1\nSymbols:\n  - { Name: new_call, Type: Func }\n"
        "  - { Name: old_call, Type: Func }\n"
    )
    version_script.write_text("{ global: new_call; old_call; third; local: *; };\n")
    lists = {"exports": interface, "version_script": version_script}
    messages = [f.message for f in findings(library, **lists)]
    assert messages == [
        "third is in the script, but not exported",
        "third is in the script, not in the interface",
    ]
