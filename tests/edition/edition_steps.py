"""Short ways to write programs, and results of another edition, in tests."""

from __future__ import annotations

from typing import Any

from harness.edition.differences import Verdict, judge
from harness.edition.rewrite import Refusal, Rewritten, rewrite
from harness.program.model import Program, Step
from harness.program.observation import Captured, StepObservation
from harness.program.parse import parse_program
from zxio_py import abi
from zxio_py.abi.editions import EDITION_2018

BAD, TYPE, DENIED = "ZX_ERR_BAD_HANDLE", "ZX_ERR_WRONG_TYPE", "ZX_ERR_ACCESS_DENIED"
INVALID, RANGE, CLOSED = "ZX_ERR_INVALID_ARGS", "ZX_ERR_OUT_OF_RANGE", "ZX_ERR_PEER_CLOSED"
WAIT, TIMED_OUT = "ZX_ERR_SHOULD_WAIT", "ZX_ERR_TIMED_OUT"
UNSUPPORTED, EXISTS = "ZX_ERR_NOT_SUPPORTED", "ZX_ERR_ALREADY_EXISTS"
ROOM, MEMORY = "ZX_ERR_NO_RESOURCES", "ZX_ERR_NO_MEMORY"


def program(*steps: dict[str, Any], **more: Any) -> Program:
    """A program of these steps."""
    return parse_program({"name": "p", "steps": list(steps), **more})


def call(name: str, *args: Any, **more: Any) -> dict[str, Any]:
    """One step."""
    return {"call": name, "args": list(args), **more}


EVENT = call("zx_event_create", 0, {"out_handle": "e"})


def rewritten(*steps: dict[str, Any], **more: Any) -> Rewritten:
    """The program in the calls of 2018."""
    found = rewrite(program(*steps, **more), EDITION_2018)
    assert isinstance(found, Rewritten), found
    return found


def last(*steps: dict[str, Any], **more: Any) -> Step:
    """The program's last step in the calls of 2018."""
    return rewritten(*steps, **more).program.steps[-1]


def refused(*steps: dict[str, Any], **more: Any) -> str:
    """Why the program cannot be said in 2018."""
    found = rewrite(program(*steps, **more), EDITION_2018)
    assert isinstance(found, Refusal), found
    return found.reason


def seen(status: int = 0, **outs: bytes) -> StepObservation:
    """A step's observation with these outs: _1=b"..." is argument 1."""
    return StepObservation(
        ret=status & 0xFFFFFFFFFFFFFFFF,
        outs={int(key[1:]): Captured(data, len(data)) for key, data in outs.items()},
    )


def step_result(name: str, status: str | None = "ZX_OK", **more: Any) -> dict[str, Any]:
    """One step of a normalised result."""
    if status is None:
        return {"call": name, **more}
    return {"call": name, "status": abi.CONSTANTS[status], "status_name": status, **more}


def verdict(
    steps: list[dict[str, Any]], expected: list[Any], actual: list[Any], **more: Any
) -> Verdict:
    """Judge a program whose steps gave these statuses, or these results."""
    text = program(*steps, **more)

    def result(outcomes: list[Any]) -> dict[str, Any]:
        return {
            "name": "p",
            "steps": [
                outcome if isinstance(outcome, dict) else step_result(step.call, outcome)
                for step, outcome in zip(text.steps, outcomes, strict=False)
            ],
        }

    return judge(text, result(expected), result(actual), EDITION_2018)


def one(step: dict[str, Any], expected: Any, actual: Any) -> Verdict:
    """The same for one step."""
    return verdict([step], [expected], [actual])
