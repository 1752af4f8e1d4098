"""The commands: update, diff, explain, formats of reports, exit statuses."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from forging import with_short_hash_tables, without_section_headers
from symbol_libraries import Builder

from harness.cli import main
from harness.symbols.allowlist import read_allowlist
from harness.symbols.check import check_library
from harness.symbols.elf import read_elf
from harness.symbols.interface import read_interface
from harness.symbols.interface_text import interface_text
from harness.symbols.update import update_lists

SOURCE = """
extern int zx_handle_close(unsigned);
extern int strlen(const char *);
int zxio_open(unsigned handle) { return zx_handle_close(handle); }
__attribute__((weak)) int zxio_close(unsigned handle) { return strlen("") + (int)handle; }
int zxio_count = 1;
"""
SONAME = "libsmall.so"
ALLOWLIST = "# libc\nmemcpy\nstrlen\n\n# vdso\nzx_handle_close\n"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def library(builder: Builder) -> Path:
    return builder.library(SOURCE, soname=SONAME)


@pytest.fixture
def allowlist(tmp_path: Path) -> Path:
    path = tmp_path / "allowlist"
    path.write_text(ALLOWLIST)
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def symbols(*words: str | Path) -> tuple[int, str, str]:
        status = main(["symbols", *map(str, words)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return symbols


# ---- check ----------------------------------------------------------------------------------


def test_exit_statuses(library: Path, allowlist: Path, tmp_path: Path, run: Run) -> None:
    assert run("check", library, "--imports", allowlist)[0] == 0
    allowlist.write_text("memcpy\n")
    assert run("check", library, "--imports", allowlist)[0] == 1
    status, out, _ = run("check", library, "--imports", allowlist, "--warn")
    assert status == 0
    assert "warning: strlen is imported" in out
    (tmp_path / "text.so").write_text("text")
    status, out, err = run("check", tmp_path / "text.so")
    assert (status, out, err) == (2, "", f"zxh: {tmp_path}/text.so: not an ELF file\n")
    assert run("check", "--vdso")[0] == 2
    assert run("check", library, "--provider", "libc")[0] == 2


def test_a_forged_file_does_not_pass(
    library: Path, allowlist: Path, tmp_path: Path, run: Run
) -> None:
    allowlist.write_text("# none\n")
    forged = tmp_path / "forged.so"
    for forge in (without_section_headers, with_short_hash_tables):
        forged.write_bytes(forge(library.read_bytes()))
        status, out, _ = run("check", forged, "--imports", allowlist)
        assert status == 1
        assert "zx_handle_close is imported" in out


@pytest.fixture
def violating(allowlist: Path) -> Path:
    allowlist.write_text("# libc\nstrlens\nstrlens\n\n# vdso\nzx_handle_close\n")
    return allowlist


def test_text_names_line_nearest_name_use_and_remedy(
    library: Path, violating: Path, run: Run
) -> None:
    _, out, _ = run("check", library, "--imports", violating, "--strict")
    assert "error: strlen is imported, but not on the allowlist (nearest: strlens) [import]" in out
    assert "    used by zxio_close+0x" in out
    assert f"    to allow it, add the line 'strlen' to {violating}" in out
    assert f"error: {violating}:3: strlens is listed more than once [duplicate]" in out


def test_junit_has_a_case_per_rule(library: Path, violating: Path, run: Run) -> None:
    _, out, _ = run("check", library, "--imports", violating, "--format", "junit")
    suite = ET.fromstring(out).find("testsuite")
    assert suite is not None
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == ["import"]
    assert suite.get("failures") == "1"
    assert int(suite.get("tests", "0")) == len(suite) > 15


def test_sarif_has_rules_levels_and_places(
    library: Path, violating: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(violating.parent)
    _, out, _ = run("check", library, "--imports", violating, "--format", "sarif")
    document = json.loads(out)
    assert document["version"] == "2.1.0"
    (sarif_run,) = document["runs"]
    rules = [rule["id"] for rule in sarif_run["tool"]["driver"]["rules"]]
    results = {result["ruleId"]: result for result in sarif_run["results"]}
    assert all(rules[r["ruleIndex"]] == name for name, r in results.items())
    assert results["import"]["level"] == "error"
    assert "strlen is imported" in results["import"]["message"]["text"]
    place = results["duplicate"]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "allowlist"}, "region": {"startLine": 3}}


def test_github_annotations_are_one_line_each(library: Path, violating: Path, run: Run) -> None:
    _, out, _ = run("check", library, "--imports", violating, "--format", "github")
    lines = out.splitlines()
    assert all(line.startswith(("::error file=", "::warning file=")) for line in lines)
    (line,) = [line for line in lines if "strlen is imported" in line]
    assert "title=zxh symbols%3A import::libsmall.so: strlen" in line
    assert "%0Aused by zxio_close+0x" in line


def test_json_has_what_text_has(library: Path, violating: Path, run: Run) -> None:
    for option in (["--json"], ["--format", "json"]):
        _, out, _ = run("check", library, "--imports", violating, *option)
        (report,) = json.loads(out)["reports"]
        (found,) = [f for f in report["findings"] if f["rule"] == "import"]
        assert (found["symbol"], found["nearest"], found["severity"]) == (
            "strlen",
            "strlens",
            "error",
        )
        assert found["uses"]
        assert found["fix"]


# ---- list -----------------------------------------------------------------------------------


def test_list_tells_kinds_and_writes_json(library: Path, run: Run) -> None:
    assert run("list", library, "--exports")[1].split() == ["zxio_close", "zxio_count", "zxio_open"]
    assert run("list", library)[1].splitlines()[:2] == ["import strlen", "import zx_handle_close"]
    document = json.loads(run("list", library, "--json")[1])
    assert (document["kind"], document["machine"]) == ("shared object", "x86_64")
    assert {(s["name"], s["type"], s["binding"]) for s in document["symbols"] if s["defined"]} == {
        ("zxio_close", "func", "weak"),
        ("zxio_count", "object", "global"),
        ("zxio_open", "func", "global"),
    }


def test_list_says_the_same_without_and_with_a_parser(library: Path, run: Run) -> None:
    for option in ([], ["--imports"], ["--exports"]):
        quick = run("list", library, *option)
        assert quick == run("list", *option, "--", library)
        assert quick[0] == 0
    assert run("list", library.with_name("none.so"))[0] == 2
    with pytest.raises(SystemExit, match="2"):
        run("list", "--imports", "--exports", library)
    with pytest.raises(SystemExit, match="2"):
        run("list", library, "--import-all")


def test_listing_loads_next_to_nothing(library: Path) -> None:
    program = (
        "import sys; from harness.cli import main\n"
        f"status = main(['symbols', 'list', '--imports', {str(library)!r}])\n"
        "sys.exit(status or len({'argparse', 'dataclasses', 'elftools', 'json'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, [b"strlen", b"zx_handle_close"])


# ---- update ---------------------------------------------------------------------------------


def test_update_keeps_groups_comments_and_order(library: Path, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "allowlist"
    path.write_text(
        "# Copyright of someone\n\n# libc\n# sorted\nmemcpy\nwrite  # a reason\n\n"
        "# vdso\n# the kernel's\nzx_channel_create\n\n# zx panic\n__zx_panic\n"
    )
    libc = tmp_path / "libc.so"
    libc.write_bytes(Path(library).read_bytes())
    status, out, _ = run("update", library, "--imports", path)
    assert status == 0
    assert "+zx_handle_close\n" in out
    assert path.read_text() == (
        "# Copyright of someone\n\n# libc\n# sorted\nmemcpy\nwrite  # a reason\n\n"
        "# vdso\n# the kernel's\nzx_channel_create\nzx_handle_close\n\n# zx panic\n__zx_panic\n"
        "\n# other\nstrlen\n"
    )
    assert check_library(library, imports=path).ok
    assert run("update", library, "--imports", path) == (0, "", "")


def test_update_asks_providers_for_the_group(
    builder: Builder, library: Path, tmp_path: Path, run: Run
) -> None:
    libc = builder.library("int strlen(const char *s) { return *s; }", soname="libc.so")
    path = tmp_path / "allowlist"
    path.write_text("# libc\nmemcpy\nwrite\n")
    assert (
        run("update", library, "--imports", path, "--provider", f"libc={libc}", "--prune")[0] == 0
    )
    assert path.read_text() == "# libc\nstrlen\n\n# vdso\nzx_handle_close\n"


def test_a_dry_run_writes_nothing_and_tells(library: Path, allowlist: Path, run: Run) -> None:
    allowlist.write_text("# libc\nstrlen\n")
    status, out, _ = run("update", library, "--imports", allowlist, "--dry-run")
    assert (status, allowlist.read_text()) == (1, "# libc\nstrlen\n")
    assert "+zx_handle_close" in out


def test_update_makes_lists_that_the_check_accepts(
    builder: Builder, library: Path, tmp_path: Path, run: Run
) -> None:
    imports, exports = tmp_path / "new.allowlist", tmp_path / "new.ifs"
    lists = ("--imports", imports, "--exports", exports)
    assert run("update", library, *lists)[0] == 0
    assert run("check", library, *lists, "--strict")[0] == 0
    assert exports.read_text() == interface_text(read_elf(library), size=False)
    weak = builder.library(
        "__attribute__((weak)) void maybe(void); extern __thread int slot;"
        "int f(void) { if (maybe) maybe(); return slot; }"
    )
    assert run("update", weak, "--imports", imports, "--prune")[0] == 0
    entries = {e.name: (e.weak_ok, e.tls_ok) for e in read_allowlist(imports).entries}
    assert entries["maybe"] == (True, False)
    assert run("check", weak, "--imports", imports)[0] == 0
    bare = update_lists(weak, imports=tmp_path / "bare", bare=True).changes[0].new
    assert "weak-ok" not in bare


def test_update_never_allows_cpp(builder: Builder, tmp_path: Path, run: Run) -> None:
    library = builder.library("void _Znwm(void); void f(void) { _Znwm(); }")
    status, out, err = run("update", library, "--imports", tmp_path / "list")
    assert (status, out) == (1, "")
    assert "_Znwm is imported, but a C++ symbol" in err


@pytest.mark.parametrize(
    "before",
    [
        "--- !ifs-v1\nIfsVersion:      3.0\nSoName:          libsmall.so\nSymbols:\n"
        "  # kept\n  - { Name: gone, Type: Func }\n  - { Name: zxio_close, Type: Func }\n"
        "  - { Name: zxio_open, Type: Func }\n...\n",
        "--- !ifs-v1\nIfsVersion: 3.0\nSoName: old.so\nSymbols:  []\n...\n",
        "--- !experimental-ifs-v1\nIfsVersion: 1.2\nSymbols:\n  gone: { Type: Func }\n"
        "  zxio_count: { Type: Func, Size: 8 }\n...\n",
        "--- !ifs-v1\nSymbols:\n  - Name: gone\n    Type: Func\n  - Name: zxio_open\n"
        "    Type: Func\n...\n",
        "zxio_gone\nzxio_open\n",
    ],
)
def test_update_of_any_form_of_interface_is_then_kept(
    before: str, library: Path, tmp_path: Path, run: Run
) -> None:
    path = tmp_path / "small.ifs"
    path.write_text(before)
    assert run("check", library, "--exports", path)[0] == 1
    assert run("update", library, "--exports", path)[0] == 0
    assert run("check", library, "--exports", path)[0] == 0
    assert read_interface(path).plain == (not before.startswith("---"))
    assert "gone" not in path.read_text()
    assert ("# kept" in path.read_text()) == ("# kept" in before)
    assert run("update", library, "--exports", path) == (0, "", "")


def test_update_wants_a_list(library: Path, run: Run) -> None:
    assert run("update", library)[0] == 2


# ---- diff -----------------------------------------------------------------------------------


def test_diff_shows_what_a_release_changed(builder: Builder, library: Path, run: Run) -> None:
    source = (
        SOURCE.replace("zxio_count = 1", "zxio_counts[2] = {1, 2}")
        .replace("__attribute__((weak)) int zxio_close", "int zxio_close")
        .replace("strlen", "strnlen")
    )
    new = builder.library(
        source + '__attribute__((naked)) int zxio_raw(void) { __asm__("syscall\\nret"); }',
        soname="libsmall.so.2",
        options=("-z", "execstack", "-rpath", "/lib"),
    )
    assert run("diff", library, library) == (0, "", "")
    status, out, _ = run("diff", library, new)
    assert status == 1
    assert out.splitlines() == [
        "~ soname libsmall.so.2: was libsmall.so  [breaking]",
        "+ search path /lib",
        "+ executable stack  [breaking]",
        "- import strlen",
        "+ import strnlen  [breaking]",
        "~ export zxio_close: func, was weak func",
        "- export zxio_count: object  [breaking]",
        "+ export zxio_counts: object",
        "+ export zxio_raw: func",
        "+ raw call syscall in zxio_raw  [breaking]",
    ]
    differences = json.loads(run("diff", library, new, "--format", "json")[1])["differences"]
    assert len(differences) == 10
    assert differences[0] == {
        "change": "changed",
        "what": "soname",
        "name": "libsmall.so.2",
        "text": "was libsmall.so",
        "breaking": True,
    }


def test_diff_shows_sizes_of_variables_and_types(builder: Builder, run: Run) -> None:
    old = builder.library("int table[2] = {1}; int call(void) { return 1; }")
    new = builder.library("int table[4] = {1}; int call = 1;")
    assert run("diff", old, new)[1].splitlines() == [
        "~ export call: object, was func  [breaking]",
        "~ export call: 4 bytes, was 6  [breaking]"
        if read_elf(old).exports[0].size == 6
        else f"~ export call: 4 bytes, was {read_elf(old).exports[0].size}  [breaking]",
        "~ export table: 16 bytes, was 8  [breaking]",
    ]


# ---- explain --------------------------------------------------------------------------------


def test_explain_tells_group_reason_use_and_supplier(
    builder: Builder, library: Path, allowlist: Path, run: Run
) -> None:
    libc = builder.library("int strlen(const char *s) { return *s; }", soname="libc.so")
    allowlist.write_text("# libc\nstrlen  arch=x86_64  # for names\n\n# vdso\nzx_handle_close\n")
    options = (library, "--imports", allowlist, "--provider", f"libc={libc}")
    status, out, _ = run("explain", "strlen", *options)
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == f"{allowlist}:2: may be imported (group libc), on x86_64 only: for names"
    assert lines[1] == f"{library}: imports strlen"
    assert lines[2].startswith("  used by zxio_close+0x")
    assert lines[3] == f"supplied by {libc} (libc)"
    assert "system call of the Zircon interface" in run("explain", "zx_handle_close", *options)[1]
    assert "nearest: strlen" in run("explain", "strlens", *options)[1]


def test_explain_knows_our_own_lists_and_libraries(run: Run) -> None:
    status, out, _ = run("explain", "zxio_close")
    assert status == 0
    assert "promised as func" in out
    assert "exported by 'zxio_close'" in out
    assert out.count("exports zxio_close (func)") == 2


def test_explain_of_what_nobody_knows(library: Path, run: Run) -> None:
    assert run("explain", "nothing_of_the_kind", library) == (1, "", "")
