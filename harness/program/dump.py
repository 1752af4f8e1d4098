"""Programs back to JSON: the inverse of `parse`, for writing failing or generated programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from harness.program.model import (
    DEFAULT_SHOW,
    Address,
    Arg,
    Buffer,
    BufferRef,
    Bytes,
    Deadline,
    HandleValue,
    Item,
    Koid,
    Number,
    OutHandles,
    Pointer,
    Program,
    Report,
    Sized,
    Step,
    Storage,
    StoredValue,
    VdsoLayout,
)
from harness.program.parse import (
    DEFAULT_RETURNS,
    EDITION,
    FORMAT,
    POLICY_ACTIONS,
    POLICY_CONDITIONS,
)

_CONDITIONS = {number: name for name, number in POLICY_CONDITIONS.items()}
_ACTIONS = {number: name for name, number in POLICY_ACTIONS.items()}
_SIZES = {1: "u8", 2: "u16", 4: "u32", 8: "u64"}


def dump_programs(programs: Iterable[Program]) -> str:
    """An exchange file with these programs."""
    return format_programs(dump_program(program) for program in programs)


def format_programs(
    entries: Iterable[dict[str, Any]], found: Mapping[str, Any] | None = None
) -> str:
    """An exchange file with programs in JSON form, one step per line so that people can read it.

    *found* is how they were found to diverge (`harness.fuzz.found`).
    """
    body = ",\n".join(_program_text(entry) for entry in entries)
    tail = "" if found is None else ',\n"found": ' + json.dumps(found, indent=1, ensure_ascii=False)
    return f'{{"format": "{FORMAT}", "edition": "{EDITION}", "programs": [\n{body}\n]{tail}}}\n'


def dump_program(program: Program) -> dict[str, Any]:
    """The JSON form of one program."""
    result: dict[str, Any] = {"name": program.name}
    if program.note:
        result["note"] = program.note
    if program.arch:
        result["arch"] = sorted(program.arch)
    if program.policy:
        result["policy"] = {
            _CONDITIONS[condition]: _ACTIONS[action] for condition, action in program.policy.items()
        }
    if program.debugging:
        result["debugging"] = True
    result["steps"] = [_step(step) for step in program.steps]
    if program.threads:
        result["threads"] = {
            name: [_step(step) for step in steps] for name, steps in program.threads.items()
        }
    return result


def _program_text(program: dict[str, Any]) -> str:
    def lines(steps: list[Any], indent: str) -> str:
        if not steps:
            return "[]"
        body = (",\n" + indent).join(json.dumps(step, ensure_ascii=False) for step in steps)
        return f"[\n{indent}{body}]"

    parts = [
        f'"{key}": {json.dumps(program[key], ensure_ascii=False)}'
        for key in ("name", "note", "arch", "policy", "debugging")
        if key in program
    ]
    parts.append('"steps": ' + lines(program["steps"], "   "))
    if "threads" in program:
        threads = ",\n   ".join(
            f"{json.dumps(name, ensure_ascii=False)}: {lines(steps, '    ')}"
            for name, steps in program["threads"].items()
        )
        parts.append('"threads": {\n   ' + threads + "}")
    return " {" + ",\n  ".join(parts) + "}"


def _step(step: Step) -> dict[str, Any]:
    args: list[Any] = [dump_argument(arg) for arg in step.args]
    if step.thread is not None:
        args = [step.thread]
    result: dict[str, Any] = {"call": step.call, "args": args}
    if step.repeat != 1:
        result["repeat"] = step.repeat
    if step.min_ns is not None:
        result["min_ns"] = step.min_ns
    if step.ret != DEFAULT_RETURNS[step.call]:
        result["ret"] = step.ret
    return result


def _number(value: Number) -> Any:
    if value.x86_64 == value.arm64:
        return value.x86_64
    return {"x86_64": value.x86_64, "arm64": value.arm64}


def dump_argument(arg: Arg) -> Any:
    """The JSON form of one argument."""
    match arg:
        case Number():
            return _number(arg)
        case HandleValue() | Koid() | Deadline() | Pointer():
            return _reference(arg)
        case OutHandles(slots=(slot,)):
            return {"out_handle": slot}
        case OutHandles(slots=slots):
            return {"out_handles": list(slots)}
        case Buffer():
            return _buffer(arg)
        case BufferRef(buffer=name, reported=reported, report=report):
            result: dict[str, Any] = {"buf" if reported else "addr": name}
            return {**result, **_add(arg.add), **_report(report)}
        case StoredValue():
            result = {"val": arg.buffer, "off": arg.offset, "size": arg.size, **_add(arg.add)}
            if arg.plus_vdso is not None:
                result["plus_vdso"] = arg.plus_vdso
            return result
        case Storage(name=name):
            return {"storage": name}
        case VdsoLayout(which=which):
            return {"vdso": which}


def _reference(value: HandleValue | Koid | Deadline | Pointer | Address) -> dict[str, Any]:
    match value:
        case HandleValue(slot=slot, xor=xor):
            return {"h": slot, "xor": xor} if xor else {"h": slot}
        case Koid(slot=slot):
            return {"koid": slot}
        case Deadline(ns=ns):
            return {"deadline": ns}
        case Pointer(kind=kind, add=add):
            return {"ptr": kind, **_add(add)}
        case Address(buffer=buffer, add=add):
            return {"addr": buffer, **_add(add)}


def _add(add: int) -> dict[str, Any]:
    return {"add": add} if add else {}


def _buffer(buffer: Buffer) -> dict[str, Any]:
    result: dict[str, Any]
    if buffer.reported and not buffer.items:
        result = {"out": buffer.size}
    else:
        result = {"inout" if buffer.reported else "in": [_item(item) for item in buffer.items]}
        result["size"] = buffer.size
    if buffer.name is not None:
        result["name"] = buffer.name
    if buffer.edge:
        result["edge"] = 1
    return {**result, **_report(buffer.report)}


def _report(report: Report) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if report.show != DEFAULT_SHOW:
        result["show"] = report.show
    if report.mask:
        result["mask"] = [list(span) for span in report.mask]
    if report.koids:
        result["koids"] = list(report.koids)
    if report.handles:
        result["handles"] = [list(pair) for pair in report.handles]
    return result


def _item(item: Item) -> dict[str, Any]:
    match item:
        case Bytes(x86_64=x86_64, arm64=arm64):
            if x86_64 == arm64:
                return {"hex": x86_64.hex()}
            return {"hex": {"x86_64": x86_64.hex(), "arm64": arm64.hex()}}
        case Sized(size=size, value=value):
            return {_SIZES[size]: _number(value)}
        case _:
            return _reference(item)
