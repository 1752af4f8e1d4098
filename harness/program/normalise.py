"""From what a target saw to the comparable form ``zx-result/1``.

Values that differ from run to run are replaced by what they mean: a handle by its type, rights
and related slot, a koid by the slot that held its object, times and addresses by "zero" or
"nonzero", as the types of the ABI say; masks of the program cover the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

from harness.program.model import (
    MAX_LIVE_NAMES,
    UNTOUCHED,
    Buffer,
    BufferRef,
    Program,
    Report,
    Step,
)
from harness.program.observation import (
    Captured,
    ProgramObservation,
    StepObservation,
    StoredHandle,
)
from harness.program.parse import FUNCTIONS
from zxio_py.abi import object_type_name, rights_names, status_name
from zxio_py.abi.model import SCALAR_TYPES

#: One program's entry in a result file.
Result: TypeAlias = dict[str, Any]

#: ``error`` of a step whose function the target does not have.
NO_SUCH_FUNCTION: Final = "no such function"

_UNTOUCHED_BYTE: Final = bytes((UNTOUCHED,))
_UNTOUCHED_KOID: Final = _UNTOUCHED_BYTE * 8
_PLAIN: Final = Report()

_status_name = lru_cache(maxsize=256)(status_name)

#: What a program's ``error`` says for each ending but "finished" and "exited".
_ENDINGS: Final[Mapping[str, str]] = {
    "fault": "fatal exception",
    "killed": "killed",
    "time_limit": "time limit",
    "leak": "leak",
    "lost": "machine lost",
    "not_emulatable": "not emulatable",
    "refused": "cannot be rewritten",
}


def normalise(program: Program, seen: ProgramObservation) -> Result:
    """The result-file entry for *program* as *seen* on a target."""
    names = _KoidNames(program, seen)
    result: Result = {"name": program.name}
    given = {slot: _handle(what, names) for slot, what in seen.given.items() if slot != "$zero"}
    if given:
        result["given"] = given
    result["steps"] = _steps(program.steps, seen.steps, names)
    if program.threads:
        result["threads"] = {
            name: _steps(steps, seen.threads.get(name, ()), names)
            for name, steps in program.threads.items()
        }
    if seen.ending != "finished":
        result["error"] = _ending(seen)
        console = [*([seen.error] if seen.error else ()), *seen.console]
        if console:
            result["console"] = console
    return result


def _ending(seen: ProgramObservation) -> str:
    if seen.ending == "exited":
        return "exited" if seen.retcode is None else f"exited with code {seen.retcode}"
    return _ENDINGS[seen.ending]


class _KoidNames:
    """Which slot names an object: of all slots that ever held it, the first in slot order.

    Built at first use; most programs never ask.
    """

    __slots__ = ("_names", "_program", "_seen")

    def __init__(self, program: Program, seen: ProgramObservation) -> None:
        self._program = program
        self._seen = seen
        self._names: dict[int, str] | None = None

    def name(self, koid: int) -> str:
        """The slot's name, ``0`` for no object, ``?`` for one that no slot named."""
        if koid == 0:
            return "0"
        if self._names is None:
            self._names = self._collect()
        return self._names.get(koid, "?")

    def _collect(self) -> dict[int, str]:
        order = {slot: rank for rank, slot in enumerate(self._program.slots)}
        names: dict[int, str] = {}
        seen = self._seen
        _name_all(seen.given, order, names)
        for step in seen.steps:
            if step.handles:
                _name_all(step.handles, order, names)
        for steps in seen.threads.values():
            for step in steps:
                if step.handles:
                    _name_all(step.handles, order, names)
        return names


def _name_all(
    handles: Mapping[str, StoredHandle], order: Mapping[str, int], names: dict[int, str]
) -> None:
    for slot, stored in handles.items():
        info = stored.info
        if info is not None:
            other = names.setdefault(info.koid, slot)
            if other is not slot and order.get(slot, 0) < order.get(other, 0):
                names[info.koid] = slot


def _steps(
    steps: tuple[Step, ...], seen: Iterable[StepObservation], names: _KoidNames
) -> list[Result]:
    # A program that ended early has fewer observations than steps.
    return [_step(step, what, names) for step, what in zip(steps, seen, strict=False)]


def _step(step: Step, seen: StepObservation, names: _KoidNames) -> Result:
    result: Result = {"call": step.call}
    if seen.missing:
        result["error"] = NO_SUCH_FUNCTION
    elif seen.fault is not None:
        result["fault"] = seen.fault
    else:
        form = step.ret
        if form == "status":
            status = seen.ret & 0xFFFFFFFF
            if status & 0x80000000:
                status -= 1 << 32
            result["status"] = status
            result["status_name"] = _status_name(status)
        elif form == "u64":
            result["ret"] = _whole_return(step.call, seen.ret)
        elif form == "mask":
            result["ret"] = "nonzero" if _whole_return(step.call, seen.ret) else "zero"
    if seen.elapsed_at_least_min is not None:
        result["elapsed_at_least_min"] = seen.elapsed_at_least_min
    live = seen.live
    if live is not None:
        shown = list(live)
        if len(shown) > MAX_LIVE_NAMES:
            shown[MAX_LIVE_NAMES:] = [f"+{len(live) - MAX_LIVE_NAMES}"]
        result["live"] = shown
    if seen.outs:
        outs = {}
        for index, captured in seen.outs.items():
            report = _report_of(step, index)
            outs[str(index)] = (
                _plain_text(captured)
                if report is _PLAIN
                else _text(captured, report, seen.handles, names)
            )
        result["outs"] = outs
    if seen.handles:
        result["handles"] = {slot: _handle(stored, names) for slot, stored in seen.handles.items()}
    return result


def _report_of(step: Step, index: int) -> Report:
    arg = step.args[index] if index < len(step.args) else None
    if isinstance(arg, Buffer | BufferRef):
        report = arg.report
        if report.mask or report.koids or report.handles:
            return report
    return _PLAIN


@lru_cache(maxsize=1024)
def _return_bits(call: str) -> tuple[int, bool]:
    """Bits of the function's return type and whether it is signed; 64 unsigned if unknown."""
    function = FUNCTIONS.get(call)
    size, signed = SCALAR_TYPES.get(function.returns, (8, False)) if function else (8, False)
    return 8 * size, signed


def _whole_return(call: str, value: int) -> int:
    """The returned value as its C type has it: bits beyond the type are not the function's."""
    bits, signed = _return_bits(call)
    value &= (1 << bits) - 1
    if signed and value >> (bits - 1):
        value -= 1 << bits
    return value & 0xFFFFFFFFFFFFFFFF


# Handles ---------------------------------------------------------------------------------


_kind = lru_cache(maxsize=256)(object_type_name)
_rights = lru_cache(maxsize=1024)(rights_names)


def _handle(stored: StoredHandle, names: _KoidNames) -> Any:
    info = stored.info
    if info is None:
        return stored.state
    result = {"type": _kind(info.type), "rights": _rights(info.rights)}
    if info.related_koid:
        result["related"] = names.name(info.related_koid)
    return result


# Buffers ---------------------------------------------------------------------------------


def _plain_text(captured: Captured) -> str:
    """Hex with the trailing untouched bytes as ``.N``; cut and hashed if it was longer."""
    data = captured.data
    used = data.rstrip(_UNTOUCHED_BYTE)
    untouched = len(data) - len(used)
    text = f"{used.hex()}.{untouched}" if untouched else used.hex()
    if captured.size > len(data):
        text += f"...[{captured.size} bytes, fnv1a {captured.fnv1a:016x}]"
    return text


def _text(
    captured: Captured,
    report: Report,
    handles: Mapping[str, StoredHandle],
    names: _KoidNames,
) -> str:
    """Hex with masked bytes as ``??`` and koids named.

    A buffer of which nothing was written shows no masks, and neither does a koid or a handle
    that was not written: that nothing was written is not open.
    """
    data = captured.data
    size = len(data)
    if not data.strip(_UNTOUCHED_BYTE):
        return _plain_text(captured)
    parts = [data[i : i + 1].hex() for i in range(size)]
    replaced = False
    for offset, length in report.mask:
        for index in range(offset, min(offset + length, size)):
            parts[index] = "??"
            replaced = True
    for offset, slot in report.handles:
        stored = handles.get(slot)
        if stored is not None and stored.state in ("handle", "invalid"):
            for index in range(offset, min(offset + 4, size)):
                parts[index] = "??"
                replaced = True
    for offset in report.koids:
        koid = data[offset : offset + 8]
        if len(koid) == 8 and koid != _UNTOUCHED_KOID:
            parts[offset] = f"<koid {names.name(int.from_bytes(koid, 'little'))}>"
            parts[offset + 1 : offset + 8] = [""] * 7
            replaced = True
    if not replaced:
        return _plain_text(captured)
    text = "".join(parts)
    if captured.size > size:
        text += f"...[{captured.size} bytes, fnv1a {captured.fnv1a:016x}]"
    return text
