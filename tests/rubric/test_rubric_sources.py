"""Interfaces from C headers and JSON files, and how findings are told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.cli import main
from harness.errors import InputError
from harness.rubric import check_interface
from harness.rubric.abi_file import read_abi_file
from harness.rubric.annotated import annotated_header
from harness.rubric.header import read_header, read_text
from harness.rubric.ours import OPTION_SETS, our_interface

#: An interface that is not Zircon's, as such headers are written.
FOREIGN = """\
#pragma once
#include <stdint.h>
#include "os_types.h"
#ifdef __cplusplus
extern "C" {
#endif
/* Flags of os_queue_open. */
#define OS_QUEUE_READ ((uint32_t)1u << 0)
#define OS_QUEUE_WRITE ((uint32_t)1u << 1)
#define OS_QUEUE_BOTH (OS_QUEUE_READ | OS_QUEUE_WRITE)
#define OS_VERSION "1.0"
typedef struct os_item { uint64_t key; os_handle_t handle; } os_item_t;
os_status_t os_queue_open(const char *name, int flags, os_handle_t *out) OS_API;
os_status_t os_queue_read(os_handle_t queue, void *data, unsigned long len);
#if defined(OS_EXTRA) && OS_EXTRA > 1
void os_extra(void);
#endif
#ifdef __cplusplus
}
#endif
"""


def found(path: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> set[tuple[str, ...]]:
    command = ["rubric", "check", "--header", str(path), "-D", "OS_API=", "--json", *arguments]
    assert main(command) == 1
    document = json.loads(capsys.readouterr().out)
    return {
        (f["rule"], f["function"], f["parameter"], str(f["line"])) for f in document["findings"]
    }


def test_a_foreign_header_is_judged_with_file_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "os.h"
    path.write_text(FOREIGN)
    rules = found(path, "--option-set", "OS_QUEUE_", capsys=capsys)
    assert {
        ("R01", "os_queue_open", "", "13"),
        ("R06", "os_queue_open", "flags", "13"),
        ("R13", "os_queue_open", "flags", "13"),
        ("R16", "os_queue_open", "name", "13"),
        ("R07", "os_queue_read", "len", "14"),
        ("R18", "os_queue_read", "data", "14"),
        ("R27", "OS_QUEUE_BOTH", "", "10"),
    } <= rules
    assert not any(rule[1] == "os_extra" for rule in rules)
    more = found(path, "-D", "OS_EXTRA=2", capsys=capsys)
    assert ("R01", "os_extra", "", "16") in more
    assert not any(rule[0] == "R27" for rule in more)


def test_includes_are_followed_where_they_are_found(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "more.h").write_text("zx_status_t zx_event_wait(zx_handle_t handle);\n")
    path = tmp_path / "outer.h"
    path.write_text('#include "more.h"\n\nzx_status_t zx_event_set(zx_handle_t handle);\n')
    assert list(read_header(path).calls) == ["zx_event_set"]
    interface = read_header(path, include=[tmp_path / "inner"])
    assert list(interface.calls) == ["zx_event_wait", "zx_event_set"]
    places = {name: (p.path.resolve(), p.line) for name, p in interface.places.items()}
    assert places == {
        "zx_event_wait": (tmp_path.resolve() / "inner" / "more.h", 1),
        "zx_event_set": (path.resolve(), 3),
    }


def test_attributes_say_what_a_prototype_cannot() -> None:
    call = read_text(
        "__attribute__((noreturn)) void zx_stop(void);\n"
        'zx_status_t zx_put(zx_handle_t a __attribute__((release_handle("vmo"))),\n'
        '  void* data, size_t room, zx_handle_t* out [[clang::acquire_handle("event")]])\n'
        "  __attribute__((access(read_write, 2, 3), access(none, 9)));"
    ).calls["zx_put"]
    assert [(p.direction, p.handle, p.count, p.object) for p in call.params] == [
        ("in", "release", None, "vmo"),
        ("inout", "none", "room", None),
        ("in", "none", None, None),
        ("out", "acquire", None, "event"),
    ]


def test_our_own_header_has_the_findings_of_our_own_definition() -> None:
    ours = our_interface()
    header = read_text(annotated_header(ours), option_sets=OPTION_SETS)

    def told(interface: object) -> set[tuple[str, ...]]:
        result = check_interface(interface)  # type: ignore[arg-type]
        # Who has a property, and whether it can be set, no header says.
        return {
            (f.rule, f.function, f.parameter, f.message) for f in result.findings if f.rule != "R28"
        }

    assert told(header) == told(ours)
    assert {call.prototype for call in header.calls.values()} == {
        call.prototype for call in ours.calls.values()
    }
    assert header.constants == ours.constants


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("int f(\n", r":\d+: not C"),
        ("\n\nzx_status_t zx_f(zx_handle_t handle) UNKNOWN;", ":3: not C: before: UNKNOWN"),
        ("#if 1\nint f(void);\n", "Unterminated"),
        ("int f(void);\n#error too old\n", ":2: #error too old"),
        ("int f(int a __attribute__((x);\n", ":1: an attribute without end"),
    ],
)
def test_what_is_no_c_is_told_with_its_line(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.h"
    path.write_text(text)
    with pytest.raises(InputError, match=problem) as caught:
        read_header(path)
    assert "bad.h" in str(caught.value)


def test_bad_headers_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty, binary = tmp_path / "empty.h", tmp_path / "binary.h"
    empty.write_text("// nothing\n")
    binary.write_bytes(b"\xff\xfe\x00")
    for arguments, problem in (
        (["--header", str(tmp_path / "none.h")], "No such file"),
        (["--header", str(empty)], "no function in it"),
        (["--header", str(binary)], "not UTF-8"),
        (["--header", str(empty), "-D", "1=2"], "no name of a macro"),
        (["--header", str(empty), "--abi", "x.json"], "not allowed with"),
        (["-D", "X"], "belong to --header"),
        (["--docs", str(tmp_path / "none")], "not a folder"),
    ):
        try:
            status = main(["rubric", "check", *arguments])
        except SystemExit as error:
            status = error.code  # type: ignore[assignment]
        told = capsys.readouterr()
        assert status == 2
        assert told.out == ""
        assert problem in told.err


def interface_document() -> dict[str, object]:
    param = {"name": "event", "type": "zx_handle_t", "direction": "in", "handle": "use or not"}
    function = {"name": "zx_event_peek", "return": "zx_status_t", "params": [param]}
    return {"functions": [function], "constants": {"ZX_VM_BOTH": 3}}


def test_an_interface_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "abi.json"
    path.write_text(json.dumps(interface_document(), indent=1))
    assert main(["rubric", "check", "--abi", str(path), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    lines = path.read_text().splitlines()
    for finding in document["findings"]:
        assert finding["function"] in lines[finding["line"] - 1]
    assert {(f["rule"], f["function"], f["parameter"]) for f in document["findings"]} == {
        ("R03", "zx_event_peek", ""),
        ("R11", "zx_event_peek", "event"),
        ("R15", "zx_event_peek", "event"),
        ("R27", "ZX_VM_BOTH", ""),
    }


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("[]", "not an object with functions"),
        ("{", "not JSON"),
        ('{"functions": 1}', "functions is not a list"),
        ('{"functions": [1]}', r"functions\[0\]: not an object"),
        ('{"functions": [{"name": "f"}]}', r"functions\[0\]: return is not a text"),
        (
            '{"functions": [{"name": "f", "return": "int", "params": [{"name": "a", "type": "int",'
            ' "direction": "up"}]}]}',
            r"functions\[0\].params\[0\]: direction is not one of in, out, inout",
        ),
        (
            '{"functions": [{"name": "f", "return": "int", "params": [{"name": "a", "type": "int*",'
            ' "count": "b"}]}]}',
            r"params\[0\]: count: no parameter b",
        ),
        ('{"functions": [], "constants": {"A": true}}', "constants.A: not an integer"),
    ],
)
def test_a_bad_interface_in_json_names_the_field(change: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "abi.json"
    path.write_text(change)
    with pytest.raises(InputError, match=problem):
        read_abi_file(path)


def test_sarif_and_github_name_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a,b.h").write_text("\nzx_status_t zx_event_wait(zx_handle_t event);\n")
    assert main(["rubric", "check", "--header", "a,b.h", "--format", "sarif"]) == 1
    run = json.loads(capsys.readouterr().out)["runs"][0]
    [result] = run["results"]
    assert (result["ruleId"], result["level"]) == ("R11", "error")
    location = result["locations"][0]["physicalLocation"]
    assert location == {"artifactLocation": {"uri": "a,b.h"}, "region": {"startLine": 2}}
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "R11"
    assert main(["rubric", "check", "--header", "a,b.h", "--format", "github"]) == 1
    told = capsys.readouterr().out
    assert re.fullmatch(
        r"::error file=a%2Cb\.h,line=2,title=zxh rubric%3A R11::zx_event_wait: .*\n", told
    )
