"""Differences between results, in words."""

from __future__ import annotations

from typing import Any

import pytest

from harness.compare import applies, differences, missing_functions
from harness.program.parse import parse_program


def result(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "p", "steps": [{"call": "zx_event_create", **s} for s in steps], **more}


def reasons(left: dict[str, Any], right: dict[str, Any]) -> list[str]:
    return [d.reason for d in differences(left, right, "host", "arm64")]


OK = {"status": 0, "status_name": "ZX_OK"}
BAD = {"status": -11, "status_name": "ZX_ERR_BAD_HANDLE"}
EVENT = {"type": "EVENT", "rights": "WAIT"}


@pytest.mark.parametrize(
    ("left", "right", "reason"),
    [
        (OK, BAD, "step 0 (zx_event_create): host ZX_OK, arm64 ZX_ERR_BAD_HANDLE"),
        (OK, {}, "step 0 (zx_event_create): host ZX_OK, arm64 no status"),
        ({"ret": 4}, {"ret": 5}, "step 0 (zx_event_create): returned: host 4, arm64 5"),
        (
            {"fault": "read"},
            {},
            "step 0 (zx_event_create): fault: host read, arm64 none",
        ),
        (
            {"elapsed_at_least_min": True},
            {"elapsed_at_least_min": False},
            "step 0 (zx_event_create): took at least min_ns: host True, arm64 False",
        ),
        (
            {"outs": {"2": "0102.2"}},
            {"outs": {"2": "0103.2"}},
            "step 0 (zx_event_create): argument 2, from byte 1 on: host 0102.2, arm64 0103.2",
        ),
        (
            {"outs": {"2": "<koid a>??01"}},
            {"outs": {"2": "<koid a>??.1"}},
            "step 0 (zx_event_create): argument 2, from byte 9 on: "
            "host <koid a>??01, arm64 <koid a>??.1",
        ),
        (
            {"outs": {"1": "00"}},
            {},
            "step 0 (zx_event_create): argument 1: host 00, arm64 nothing",
        ),
        (
            {"handles": {"a": EVENT}},
            {"handles": {"a": "zero"}},
            f"step 0 (zx_event_create): handle a: host {EVENT}, arm64 zero",
        ),
        (
            {"handles": {"a": EVENT}},
            {"handles": {"a": {**EVENT, "rights": "NONE"}}},
            "step 0 (zx_event_create): handle a: rights: host WAIT, arm64 NONE",
        ),
        (
            {"handles": {"a": {**EVENT, "related": "b"}}},
            {"handles": {"a": EVENT}},
            "step 0 (zx_event_create): handle a: related: host b, arm64 none",
        ),
        (
            {"live": ["a", "b"]},
            {"live": ["b", "c"]},
            "step 0 (zx_event_create): a valid on host only; c valid on arm64 only",
        ),
        (
            {"live": ["a", "b"]},
            {"live": ["b", "a"]},
            "step 0 (zx_event_create): order of valid handles",
        ),
        (
            {"live": ["a"]},
            {},
            "step 0 (zx_event_create): valid handles: host ['a'], arm64 nothing",
        ),
    ],
)
def test_steps(left: dict[str, Any], right: dict[str, Any], reason: str) -> None:
    assert reasons(result(left), result(right)) == [reason]
    assert reasons(result(left), result(left)) == []


def test_every_difference_has_its_path() -> None:
    left = result(OK, {"live": ["a"]}, given={"$job": EVENT}, threads={"t": [OK]})
    right = result(BAD, {"live": []}, given={}, threads={"t": []}, error="killed")
    found = differences(left, right, "host", "arm64")
    assert [d.path for d in found] == [
        "given.$job",
        "steps[0].status",
        "steps[1].live",
        "threads.t",
        "error",
    ]
    assert found[-2].reason == "thread t: steps carried out: host 1, arm64 0"
    assert found[-1].reason == "the program: host finished, arm64 killed"


def test_calls_that_differ_are_not_looked_into() -> None:
    other = {"name": "p", "steps": [{"call": "zx_nanosleep", "status": -1}]}
    assert [d.path for d in differences(result(OK), other)] == ["steps[0].call"]


def test_the_console_is_no_observation() -> None:
    left = result(OK, error="killed", console=["one"])
    right = result(OK, error="killed", console=["two"])
    assert reasons(left, right) == []


def test_missing_functions_are_nothing_to_compare() -> None:
    missing = {"error": "no such function"}
    left, right = result(OK, OK), result(missing, OK)
    assert reasons(left, right) == []
    assert missing_functions(right) == {"zx_event_create"}
    assert missing_functions(left) == frozenset()
    assert missing_functions(result(threads={"t": [{"call": "x", **missing}]})) == {"x"}


def test_programs_for_one_architecture() -> None:
    program = parse_program({"name": "p", "arch": ["arm64"], "steps": []})
    assert applies(program, "arm64")
    assert not applies(program, "x86_64")
    assert applies(parse_program({"name": "p", "steps": []}), "x86_64")
