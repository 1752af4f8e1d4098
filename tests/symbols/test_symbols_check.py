"""The verdict on libraries that break one rule each."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from symbol_libraries import Builder

from harness.build.images import BUILD, GUEST
from harness.cli import main
from harness.errors import InputError
from harness.machine import image
from harness.symbols.allowlist import read_allowlist
from harness.symbols.check import check_library, check_vdso
from harness.symbols.images import ALLOWLIST, INTERFACE, VERSION_SCRIPT, check_images
from harness.symbols.interface import read_interface
from harness.symbols.version_script import read_version_script

SOURCE = """
extern int zx_handle_close(unsigned);
int zxio_open(unsigned handle) { return zx_handle_close(handle); }
int zxio_close(unsigned handle) { return zx_handle_close(handle); }
"""
SONAME = "libsmall.so"


class Lists:
    """The three files that SOURCE satisfies."""

    def __init__(self, directory: Path) -> None:
        self.imports = directory / "allowlist"
        self.imports.write_text("# libc\nmemcpy\n\n# vdso\nzx_handle_close\n")
        self.exports = directory / "small.ifs"
        self.exports.write_text(
            "--- !ifs-v1\nIfsVersion:      3.0\nSoName:          libsmall.so\nSymbols:\n"
            "  - { Name: zxio_close, Type: Func }\n  - { Name: zxio_open, Type: Func }\n...\n"
        )
        self.version_script = directory / "small.ld"
        self.version_script.write_text(
            "{\nglobal:\n\tzxio_close;\n\tzxio_open;\nlocal:\n\t*;\n};\n"
        )

    def rules(self, library: Path) -> list[tuple[str, str]]:
        report = check_library(
            library,
            imports=self.imports,
            exports=self.exports,
            version_script=self.version_script,
        )
        return [(finding.rule, finding.symbol) for finding in report.violations]


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    return Lists(tmp_path)


def build(builder: Builder, source: str, *options: str, arch: str = "x86_64") -> Path:
    assert arch in ("x86_64", "arm64")
    return builder.library(
        source, arch="arm64" if arch == "arm64" else "x86_64", options=options, soname=SONAME
    )


@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
def test_a_library_that_keeps_the_rules_passes(builder: Builder, lists: Lists, arch: str) -> None:
    assert lists.rules(build(builder, SOURCE, arch=arch)) == []


def test_a_further_import_is_caught_and_the_nearest_name_shown(
    builder: Builder, lists: Lists
) -> None:
    source = SOURCE.replace("zx_handle_close(handle); }", "zx_handle_closed(handle); }", 1)
    source = "extern int zx_handle_closed(unsigned);" + source
    library = build(builder, source)
    report = check_library(library, imports=lists.imports)
    assert [(f.rule, f.symbol) for f in report.violations] == [("import", "zx_handle_closed")]
    assert report.violations[0].nearest == "zx_handle_close"


def test_a_cpp_import_is_named_as_such(builder: Builder, lists: Lists) -> None:
    library = build(builder, "extern void _Znwm(void); void zxio_open(void) { _Znwm(); }")
    (finding,) = check_library(library, imports=lists.imports).violations
    assert "C++" in finding.message


def test_a_lost_export_is_caught(builder: Builder, lists: Lists) -> None:
    source = SOURCE.replace("int zxio_close", "static int zxio_close").replace(
        "static int zxio_close", "__attribute__((unused)) static int zxio_close"
    )
    assert lists.rules(build(builder, source)) == [
        ("interface", "zxio_close"),
        ("version-script", "zxio_close"),
    ]


def test_an_export_too_many_is_caught(builder: Builder, lists: Lists) -> None:
    library = build(builder, SOURCE + "int zxio_extra(void) { return 0; }")
    assert lists.rules(library) == [("interface", "zxio_extra"), ("version-script", "zxio_extra")]


def test_a_function_that_became_data_is_caught(builder: Builder, lists: Lists) -> None:
    source = SOURCE.split("int zxio_close")[0] + "int zxio_close = 1;"
    assert lists.rules(build(builder, source)) == [("interface", "zxio_close")]


def test_a_symbol_that_became_weak_is_caught(builder: Builder, lists: Lists) -> None:
    source = SOURCE.replace("int zxio_close", "__attribute__((weak)) int zxio_close")
    assert lists.rules(build(builder, source)) == [("interface", "zxio_close")]


@pytest.mark.parametrize(
    ("arch", "instruction"), [("x86_64", "syscall"), ("x86_64", "int $0x80"), ("arm64", "svc #7")]
)
def test_a_system_call_of_its_own_is_caught(
    builder: Builder, lists: Lists, arch: str, instruction: str
) -> None:
    source = SOURCE + f'int zxio_read(void) {{ __asm__ volatile("{instruction}"); return 0; }}'
    library = build(builder, source, arch=arch)
    (finding,) = check_library(library, imports=lists.imports).violations
    assert (finding.rule, finding.symbol) == ("raw-call", "zxio_read")


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (("-z", "execstack"), "executable-stack"),
        (("-rpath", "/somewhere"), "search-path"),
    ],
)
def test_what_a_loader_would_have_to_accept_is_caught(
    builder: Builder, lists: Lists, options: tuple[str, ...], rule: str
) -> None:
    assert [rule] == [name for name, _ in lists.rules(build(builder, SOURCE, *options))]


def test_a_dependency_is_caught_unless_it_is_allowed(builder: Builder, lists: Lists) -> None:
    other = builder.library("int zx_handle_close(unsigned h) { return (int)h; }", soname="libo.so")
    library = build(builder, SOURCE, str(other))
    assert lists.rules(library) == [("needed", "libo.so")]
    assert check_library(library, imports=lists.imports, needed=["libo.so"]).ok


def test_unused_and_repeated_entries_count_when_strict(builder: Builder, lists: Lists) -> None:
    lists.imports.write_text("memcpy\nzx_handle_close\nzx_handle_close\n")
    library = build(builder, SOURCE)
    assert check_library(library, imports=lists.imports).ok
    report = check_library(library, imports=lists.imports, strict=True)
    assert [(f.rule, f.symbol) for f in report.violations] == [
        ("duplicate", "zx_handle_close"),
        ("unused", "memcpy"),
    ]


def test_a_vdso_with_other_exports_is_caught(builder: Builder) -> None:
    library = builder.library("int zx_handle_close(int h) { return h; }", soname="libzircon.so")
    report = check_vdso(library)
    rules = {(f.rule, f.symbol) for f in report.violations}
    assert ("export", "zx_channel_create") in rules
    assert ("export", "_zx_handle_close") in rules
    assert ("alias", "zx_handle_close") in rules  # strong, but the plain name is to be weak
    assert ("soname", "") not in rules


def test_the_four_editions_of_lists_are_read(tmp_path: Path) -> None:
    old = tmp_path / "old.ifs"
    old.write_text(
        "--- !experimental-ifs-v1\nIfsVersion: 1.2\nTriple: x86_64-fuchsia\nSymbols:\n"
        "  zxio_close: { Type: Func }\n  stderr: { Type: Object, Size: 8, Weak: true }\n...\n"
    )
    symbols = read_interface(old).symbols
    assert symbols["stderr"].weak
    assert (symbols["stderr"].size, symbols["zxio_close"].type) == (8, "func")
    script = tmp_path / "named.ld"
    script.write_text("/* exports */ V1 { global: zx_*; zxio_close; local: *; };")
    read = read_version_script(script)
    assert read.allows("zx_read")
    assert not read.allows("zy")


@pytest.mark.parametrize(
    ("read", "text", "problem"),
    [
        (read_allowlist, "two words\n", ":1: more than one word"),
        (read_allowlist, "a arch=vax\n", ":1: unknown architecture"),
        (read_interface, "Symbols:\n", "ifs-v1"),
        (read_interface, "--- !ifs-v1\nSymbols:\n  - { Name: a }\n", ":3: a symbol needs"),
        (read_version_script, "{ global: a; ", "braces"),
        (read_version_script, '{ global: extern "Java" { a; }; };', "language 'Java'"),
        (read_version_script, "{ global: a b; };", "'b' where ';' should be"),
    ],
)
def test_a_list_that_cannot_be_read_is_one_clear_error(
    read: object, text: str, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "list"
    path.write_text(text)
    assert callable(read)
    with pytest.raises(InputError, match=problem):
        read(path)


def test_the_command_tells_by_its_exit_status(
    builder: Builder, lists: Lists, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    good = build(builder, SOURCE)
    bad = build(builder, SOURCE + "int zxio_extra(void) { return 0; }")
    options = ["--imports", str(lists.imports), "--exports", str(lists.exports)]
    assert main(["symbols", "check", str(good), *options]) == 0
    assert main(["symbols", "check", str(bad), *options, "--json"]) == 1
    output = capsys.readouterr().out
    report = json.loads(output[output.index("{") :])
    errors = [f for f in report["reports"][0]["findings"] if f["severity"] == "error"]
    assert [finding["symbol"] for finding in errors] == ["zxio_extra"]
    assert main(["symbols", "check", str(tmp_path / "none.so"), *options]) == 2
    assert "none.so" in capsys.readouterr().err
    assert main(["symbols", "list", str(good), "--imports"]) == 0
    assert capsys.readouterr().out == "zx_handle_close\n"


def test_versions_are_shown_where_a_library_has_them(
    builder: Builder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "versions.ld"
    script.write_text("V1 { global: old_call; local: *; };\nV2 { global: new_call; } V1;\n")
    versioned = builder.library(
        "void old_call(void) {} void new_call(void) {}",
        soname="libversioned.so",
        options=(f"--version-script={script}",),
    )
    user = builder.library(
        "void old_call(void); void use(void) { old_call(); }", options=(str(versioned),)
    )
    assert main(["symbols", "list", str(versioned), "--exports", "--versions"]) == 0
    assert capsys.readouterr().out.split() == ["new_call@@V2", "old_call@@V1"]
    assert main(["symbols", "list", str(user), "--versions"]) == 0
    assert capsys.readouterr().out.splitlines() == ["import old_call@V1", "export use"]


def test_our_libraries_hold_in_the_source_tree() -> None:
    reports = check_images()
    assert len(reports) == 4
    assert all(report.ok and report.exports for report in reports)


def test_our_libraries_hold_where_a_wheel_puts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = tmp_path / "_images" / "zxio"
    lists.mkdir(parents=True)
    (lists.parent / "build").symlink_to(BUILD)
    for name in (ALLOWLIST, INTERFACE, VERSION_SCRIPT):
        shutil.copy(GUEST / "zxio" / name, lists)
    monkeypatch.setattr(image, "_PACKAGE", tmp_path)
    assert all(report.ok for report in check_images())
    (lists / ALLOWLIST).write_text("memcpy\n")
    assert [report.ok for report in check_images()] == [False, True, False, True]


def test_a_wheel_carries_the_lists() -> None:
    hook = (GUEST.parent / "hatch_build.py").read_text()
    assert all(f'"{name}"' in hook for name in (ALLOWLIST, INTERFACE, VERSION_SCRIPT))
