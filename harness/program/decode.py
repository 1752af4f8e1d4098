"""Result payloads (`harness.program.wire`) as observations.

Koids come numbered by the guest in the order in which the program met them, which is all that
`normalise` needs; handle values do not come at all.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, cast

from harness.program.model import Arch, Program
from harness.program.observation import (
    Captured,
    Ending,
    HandleInfo,
    ProgramObservation,
    StepObservation,
    StoredHandle,
)
from harness.program.wire import (
    ENDINGS,
    FAULTS,
    HANDLE,
    HANDLE_STATES,
    KIND_REFUSED,
    KIND_RESULT,
    OUT,
    REFUSALS,
    RESULT,
    RESULT_VOLATILE,
    STEP_ELAPSED,
    STEP_HAS_ELAPSED,
    STEP_HAS_LIVE,
    STEP_MISSING,
    STEP_RESULT,
    USER_REGISTERS,
    Record,
    WireError,
)
from zxio_py import abi

_RESULT = struct.Struct("<QQIIqQIIIIiiii5I12x")
_STEP_RESULT = struct.Struct("<BBHHHQ")
_OUT = struct.Struct("<IIIIQ")
_HANDLE = struct.Struct("<HHIIIII")

_EXCEPTION_NAMES: Final = {
    value: name
    for name, value in abi.CONSTANTS.items()
    if name.startswith("ZX_EXCP_") and not name.startswith("ZX_EXCP_POLICY_CODE_")
}
_POLICY_NAMES: Final = {
    value: name for name, value in abi.CONSTANTS.items() if name.startswith("ZX_EXCP_POLICY_CODE_")
}
_RETCODE_NAMES: Final = {
    value: name for name, value in abi.CONSTANTS.items() if name.startswith("ZX_TASK_RETCODE_")
}

_UNTOUCHED: Final = StoredHandle("untouched")
_ZERO: Final = StoredHandle("zero")
_INVALID: Final = StoredHandle("invalid")
_EMPTY: Final = (None, _UNTOUCHED, _ZERO, _INVALID)


def comparable(payload: bytes) -> bytes:
    """The part of a RESULT payload that equal results have equal, byte for byte.

    It says nothing about targets of which one lacks a call: those differ anyway.
    """
    return payload[RESULT_VOLATILE:]


def elapsed_ns(payload: bytes) -> int:
    """Guest time that the program took, from the start of its process to its end."""
    return int.from_bytes(payload[:8], "little")


def result_payload(record: Record) -> bytes:
    """The payload of a record that must be a result; `WireError` says why it is not."""
    if record.kind == KIND_RESULT:
        return record.payload
    if record.kind == KIND_REFUSED and len(record.payload) == 8:
        reason = int.from_bytes(record.payload, "little")
        text = REFUSALS[reason] if reason < len(REFUSALS) else f"reason {reason}"
        raise WireError(f"the agent refused record {record.sequence}: {text}")
    raise WireError(f"record {record.sequence} is no result (kind {record.kind:#x})")


def decode_result(program: Program, payload: bytes, arch: Arch) -> ProgramObservation:
    """What a guest saw of *program*; `WireError` if the payload contradicts itself."""
    return decode_named(program.name, program.slots, tuple(program.threads), payload, arch)


def decode_named(
    name: str, slots: Sequence[str], helpers: Sequence[str], payload: bytes, arch: Arch
) -> ProgramObservation:
    """The same by the names that numbers stand for: *slots* and *helpers* in their order."""
    try:
        return _decode(name, slots, helpers, payload, arch)
    except (struct.error, IndexError, ValueError) as error:
        raise WireError(f"{name}: result of {len(payload)} bytes is broken: {error}") from None


def _decode(
    name: str, slots: Sequence[str], helpers: Sequence[str], payload: bytes, arch: Arch
) -> ProgramObservation:
    (
        _elapsed,
        _padding,
        ending_number,
        given_count,
        retcode,
        address,
        exception,
        synth_code,
        register_count,
        helper_count,
        status,
        objects,
        handles,
        pages,
        *step_counts,
    ) = _RESULT.unpack_from(payload)
    if helper_count != len(helpers):
        raise ValueError(f"{helper_count} helper threads")
    ending = cast(Ending, ENDINGS[ending_number])
    seen = ProgramObservation(name, ending=ending)
    at = RESULT.size
    if register_count:
        values = struct.unpack_from(f"<{register_count}Q", payload, at)
        at += 8 * register_count
        seen.registers = dict(zip(USER_REGISTERS[arch], values, strict=True))
    given, at = _handles(payload, at, given_count, slots)
    seen.given = given
    seen.steps, at = _steps(payload, at, step_counts[0], slots)
    for number, helper in enumerate(helpers, 1):
        seen.threads[helper], at = _steps(payload, at, step_counts[number], slots)
    if at != len(payload):
        raise ValueError(f"{len(payload) - at} bytes too many")
    if ending == "exited":
        seen.retcode = retcode
    if ending != "finished":
        pc = seen.registers.get("rip", seen.registers.get("pc"))
        seen.error = _error(
            ending, retcode, (exception, synth_code, address, pc), status, (objects, handles, pages)
        )
    return seen


def _error(
    ending: Ending,
    retcode: int,
    fault: tuple[int, int, int, int | None],
    status: int,
    leaked: tuple[int, int, int],
) -> str:
    if ending == "fault":
        exception, synth_code, address, pc = fault
        text = _EXCEPTION_NAMES.get(exception, f"exception {exception:#x}")
        if exception == abi.ZX_EXCP_POLICY_ERROR:
            text += f" {_POLICY_NAMES.get(synth_code, synth_code)}"
        elif exception == abi.ZX_EXCP_FATAL_PAGE_FAULT:
            text += f" at address {address:#x}"
        return text if pc is None else f"{text}, pc {pc:#x}"
    if ending == "exited":
        return f"process exited with code {retcode}"
    if ending == "killed":
        return f"process killed: {_RETCODE_NAMES.get(retcode, f'code {retcode}')}"
    if ending == "leak":
        return "left behind: {} objects, {} handles, {} pages".format(*leaked)
    if ending == "time_limit":
        return "still running at its time limit"
    return f"the agent could not run it: {abi.status_name(status)}"


def _steps(
    payload: bytes, at: int, count: int, slots: Sequence[str]
) -> tuple[list[StepObservation], int]:
    steps: list[StepObservation] = []
    for _ in range(count):
        flags, fault, out_count, handle_count, live_size, ret = _STEP_RESULT.unpack_from(
            payload, at
        )
        at += STEP_RESULT.size
        step = StepObservation(ret)
        if flags:
            if flags & STEP_MISSING:
                step.missing = True
            if flags & STEP_HAS_ELAPSED:
                step.elapsed_at_least_min = bool(flags & STEP_ELAPSED)
        if fault:
            step.fault = FAULTS[fault]
        if handle_count:
            step.handles, at = _handles(payload, at, handle_count, slots)
        if out_count:
            outs: dict[int, Captured] = {}
            for _out in range(out_count):
                argument, shown, size, _padding, fnv1a = _OUT.unpack_from(payload, at)
                at += OUT.size
                outs[argument] = Captured(payload[at : at + shown], size, fnv1a)
                at += (shown + 7) & ~7
            step.outs = outs
        if flags & STEP_HAS_LIVE:
            step.live = _live(payload[at : at + live_size], slots)
            at += live_size
        steps.append(step)
    if at > len(payload):
        raise ValueError("cut short")
    return steps, at


def _live(data: bytes, slots: Sequence[str]) -> tuple[str, ...]:
    bits = int.from_bytes(data, "little")
    names = []
    while bits:
        low = bits & -bits
        names.append(slots[low.bit_length() - 1])
        bits ^= low
    return tuple(names)


def _handles(
    payload: bytes, at: int, count: int, slots: Sequence[str]
) -> tuple[dict[str, StoredHandle], int]:
    handles: dict[str, StoredHandle] = {}
    for _ in range(count):
        slot, state, kind, rights, koid, related, _padding = _HANDLE.unpack_from(payload, at)
        at += HANDLE.size
        stored = _EMPTY[state]
        if stored is None:
            stored = StoredHandle("handle", HandleInfo(koid, kind, rights, related))
        handles[slots[slot]] = stored
    return handles, at


assert HANDLE_STATES[1:] == ("untouched", "zero", "invalid")
