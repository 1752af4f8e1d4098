"""The programs that measurements run."""

from __future__ import annotations

from typing import Any

from harness.program.model import Program
from harness.program.parse import parse_program

#: A call that enters the kernel and finds nothing to do: closing the invalid handle.
NULL_CALL = "zx_handle_close"

#: Messages written before they are read back.
BURST = 100
MESSAGE_BYTES = 64


def small() -> Program:
    """Two calls: the smallest program that makes and uses an object."""
    return _program(
        "event_small",
        {"call": "zx_event_create", "args": [0, {"out_handle": "e"}]},
        {"call": "zx_object_signal", "args": [{"h": "e"}, 0, "ZX_EVENT_SIGNALED"]},
    )


def null_calls(count: int) -> Program:
    """*count* null calls in one step."""
    return _program("handle_null_calls", {"call": NULL_CALL, "args": [0], "repeat": count})


def channel_pairs(count: int) -> Program:
    """*count* times a message of 64 bytes written and read back, in bursts."""
    message = {"call": "$buf", "args": [{"in": [{"fill": [7, MESSAGE_BYTES]}], "name": "m"}]}
    room = {"call": "$buf", "args": [{"in": [{"zero": MESSAGE_BYTES}], "name": "r"}]}
    write = [{"h": "a"}, 0, {"addr": "m"}, MESSAGE_BYTES, {"null": 1}, 0]
    read = [{"h": "b"}, 0, {"addr": "r"}, {"null": 1}, MESSAGE_BYTES, 0]
    read += [{"null": 1}, {"null": 1}]
    burst = [
        {"call": "zx_channel_write", "args": write, "repeat": BURST},
        {"call": "zx_channel_read", "args": read, "repeat": BURST},
    ]
    create = {"call": "zx_channel_create", "args": [0, {"out_handle": "a"}, {"out_handle": "b"}]}
    return _program("channel_pairs", create, message, room, *burst * (count // BURST))


def _program(name: str, *steps: dict[str, Any]) -> Program:
    return parse_program({"name": name, "steps": list(steps)}, "bench")
