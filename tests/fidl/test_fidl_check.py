"""``zxh fidl check``: recorded cases pass, changed ones do not, other files are refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.errors import InputError
from harness.fidl.cli import check_file

HERE = Path(__file__).parent
CONFORMANCE = HERE / "fidl-conformance.json"
TRANSACTIONAL = HERE / "fidl-transactional.json"

Document = dict[str, Any]


@pytest.mark.parametrize(("path", "count"), [(CONFORMANCE, 367), (TRANSACTIONAL, 15)])
def test_recorded_cases_pass(path: Path, count: int) -> None:
    verdicts = list(check_file(path))
    assert [verdict for verdict in verdicts if verdict.verdict != "pass"] == []
    assert len(verdicts) == count


def test_the_command_gives_one_verdict_per_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "verdicts.json"
    assert main(["fidl", "check", str(TRANSACTIONAL), "--json", str(out)]) == 0
    printed = capsys.readouterr().out.splitlines()
    written = json.loads(out.read_text())
    assert printed[-1] == "fidl: 15 passed, 0 failed, 0 skipped"
    assert [f"pass {case['kind']} {case['name']}" for case in written["cases"]] == printed[:-1]
    assert (written["passed"], written["failed"], written["skipped"]) == (15, 0, 0)


def changed(path: Path, name: str, kind: str, change: Callable[[Document], None]) -> Document:
    """The file's document with only the case of that name and kind, changed."""
    document: Document = json.loads(path.read_text())
    (case,) = [
        case
        for case in document["cases"]
        if (case["name"], case.get("kind", case.get("outcome", ""))) == (name, kind)
    ]
    change(case)
    document["cases"] = [case]
    return document


CHANGES: list[tuple[Path, str, str, Callable[[Document], None], str]] = [
    (
        CONFORMANCE,
        "GoldenBoolStruct",
        "success",
        lambda case: case.update(bytes="0000000000000000"),
        "encode: bytes '0100000000000000', not '0000000000000000'",
    ),
    (
        CONFORMANCE,
        "GoldenHandleBasicRightsStruct",
        "decode_success",
        lambda case: case.update(value={"v": {"$handle": 0, "rights": "event_default"}}),
        "decode: rights of handle 0 '0xc003', not '0xd003'",
    ),
    (
        CONFORMANCE,
        "GoldenHandleBasicRightsStruct",
        "decode_success",
        lambda case: case.update(bytes="ffffffff"),
        "decode: TOO_FEW_BYTES_IN_PRIMARY_OBJECT: 4 bytes for GoldenHandleBasicRightsStruct",
    ),
    (
        CONFORMANCE,
        "BadInvalidBoolean",
        "decode_failure",
        lambda case: case.update(error="TOO_FEW_BYTES"),
        "decode: INVALID_BOOLEAN: 16 at 0, not TOO_FEW_BYTES",
    ),
    (
        CONFORMANCE,
        "BadInvalidBoolean",
        "decode_failure",
        lambda case: case.update(bytes="0100000000000000"),
        "decode: no error, but INVALID_BOOLEAN is expected",
    ),
    (
        CONFORMANCE,
        "ArrayOfHandles",
        "success",
        lambda case: case.update(handles=[0, 1, 2]),
        "encode: handles [2, 0, 1], not [0, 1, 2]",
    ),
    (
        TRANSACTIONAL,
        "UnknownOrdinalCausesClose",
        "close",
        lambda case: case.update(outcome="notify"),
        "outcome close, not notify",
    ),
    (
        TRANSACTIONAL,
        "StrictTwoWayErrorSyntaxResponse",
        "reply",
        lambda case: case.update(reply="02" + case["reply"][2:]),
        "reply: INVALID_TXID: 2 for 1",
    ),
]


@pytest.mark.parametrize(("path", "name", "kind", "change", "detail"), CHANGES)
def test_a_case_that_is_not_so_fails(
    path: Path,
    name: str,
    kind: str,
    change: Callable[[Document], None],
    detail: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(changed(path, name, kind, change)))
    assert main(["fidl", "check", str(file)]) == 1
    line, summary = capsys.readouterr().out.splitlines()
    assert line.startswith("fail ")
    assert line.endswith(f" {name}: {detail}")
    assert summary == "fidl: 0 passed, 1 failed, 0 skipped"


def test_a_policy_of_other_languages_is_skipped(tmp_path: Path) -> None:
    document = changed(
        CONFORMANCE,
        "Float32QuietNaN",
        "encode_success",
        lambda case: case.update(policy="double_only_floats"),
    )
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(document))
    assert Counter(verdict.verdict for verdict in check_file(file)) == {"skip": 1}


def damage(**parts: Any) -> Callable[[Document], None]:
    return lambda document: document.update(parts)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (damage(format="fidl/9"), '"format" is \'fidl/9\', not "fidl-conformance/1" or'),
        (damage(wire_format="v1"), "wire format 'v1', not v2"),
        (damage(cases={}), "cases: {} is not a list"),
        (damage(cases=[1]), "case 0: 1 is not an object"),
        (damage(cases=[{"name": "x"}]), 'case 0: no "kind"'),
        (damage(cases=[{"name": "x", "kind": "y"}]), "case 0 'x': no kind of case 'y'"),
        (
            damage(cases=[{"name": "x", "kind": "success", "type": "Nothing"}]),
            "case 0 'x': no type 'Nothing'",
        ),
        (
            damage(cases=[{"name": "x", "kind": "success", "type": "GoldenBits", "bytes": ""}]),
            "GoldenBits is no struct, table or union",
        ),
        (
            damage(cases=[{"name": "x", "kind": "success", "type": "EmptyStruct", "bytes": ""}]),
            "case 0 'x': no \"value\"",
        ),
        (
            damage(
                cases=[
                    {"name": "x", "kind": "decode_success", "type": "EmptyStruct", "bytes": "0g"}
                ]
            ),
            "case 0 'x': bytes: '0g' is not hexadecimal",
        ),
        (
            damage(
                cases=[
                    {
                        "name": "x",
                        "kind": "encode_success",
                        "type": "GoldenBoolStruct",
                        "value": {"v": 1},
                    }
                ]
            ),
            "case 0 'x': value.v: 1 is not true or false",
        ),
        (
            damage(
                cases=[
                    {
                        "name": "x",
                        "kind": "encode_success",
                        "type": "GoldenDoubleStruct",
                        "value": {"v": "1.0"},
                    }
                ]
            ),
            "case 0 'x': value.v: '1.0' is not a number",
        ),
        (
            damage(
                cases=[
                    {
                        "name": "x",
                        "kind": "encode_success",
                        "type": "EmptyStruct",
                        "value": {"$decode": {"type": "GoldenBoolStruct", "bytes": "00" * 8}},
                    }
                ]
            ),
            "case 0 'x': value: a GoldenBoolStruct is of another type",
        ),
        (
            damage(cases=[{"name": "x", "kind": "success", "policy": {}}]),
            "case 0 'x': policy: {} is not a string",
        ),
        (damage(types={"A": {"kind": "array"}}), "type 'A': no kind of type 'array'"),
        (
            damage(types={"A": {"kind": "struct", "members": [{"name": "a", "type": "B"}]}}),
            "type 'A': member 'a': no type 'B'",
        ),
        (
            damage(
                types={"A": {"kind": "struct", "members": [{"name": "a", "type": {"k": "rope"}}]}}
            ),
            "type 'A': member 'a': no kind of type 'rope'",
        ),
        (
            damage(types={"E": {"kind": "enum", "base": "int8", "values": [128]}}),
            "type 'E': E: int8 does not hold 128",
        ),
        (
            damage(
                types={"A": {"kind": "struct", "members": [{"name": "a", "type": "A"}]}},
                cases=[{"name": "x", "kind": "decode_success", "type": "A", "bytes": ""}],
            ),
            "case 0 'x': struct A contains itself; box it",
        ),
    ],
)
def test_bad_input_is_one_line(
    damage: Callable[[Document], None],
    problem: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = json.loads(CONFORMANCE.read_text())
    damage(document)
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(document))
    assert main(["fidl", "check", str(file)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith(f"zxh: {file}: ")
    assert problem in line


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        ({"name": "x", "server": "shut", "outcome": "close"}, "no server 'shut'"),
        ({"name": "x", "server": "open", "outcome": "dance"}, "no outcome 'dance'"),
        ({"name": "x", "server": "open", "outcome": "close"}, 'no "message", "reply" or'),
    ],
)
def test_bad_transactional_input_is_refused(case: Document, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text(json.dumps({"format": "fidl-transactional/1", "cases": [case]}))
    with pytest.raises(InputError, match=problem):
        list(check_file(file))
