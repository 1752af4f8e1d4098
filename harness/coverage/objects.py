"""The matrix of zxio: functions of the library, types of objects, and what a run saw of both.

A program tells which object a function was called on: the storage it names, the handle that was
put into it, and what creating, releasing and closing answered.  Steps of helper threads, whose
order is not known, are left out.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.coverage.matrix import Cell, Progress, State, cell_of, error_of, observe
from harness.program.model import BufferRef, HandleValue, Number, Program, Step, Storage
from harness.program.observation import HandleInfo, StepObservation
from harness.targets.base import Target
from zxio_py import abi
from zxio_py.abi.model import Call
from zxio_py.abi.zxio import ZXIO_CALLS

#: What a function can be called on; "none" is no object: none yet, none any more, or no parameter.
ObjectType = Literal["pipe", "datagram", "vmo", "debuglog", "holder", "default", "none"]

TYPES: tuple[ObjectType, ...] = (
    "pipe",
    "datagram",
    "vmo",
    "debuglog",
    "holder",
    "default",
    "none",
)

#: Creating from a handle: the arguments that are the handle and the storage.
_CREATORS = {
    "zxio_create": (0, 1),
    "zxio_create_with_info": (0, 2),
    "zxio_create_with_on_open": (0, 1),
}


@dataclass(frozen=True, slots=True)
class ObjectMatrix:
    """Every exported function, in the order of the headers."""

    targets: tuple[str, ...]
    #: By function and type of object, the cells in the order of the targets.
    cells: Mapping[tuple[str, ObjectType], tuple[Cell, ...]]
    #: How many programs it rests on.
    programs: int

    def states(self, function: str, kind: ObjectType) -> tuple[State, ...]:
        """What the run says of a function on a type of object, on each target."""
        return tuple(cell.state for cell in self.cells[function, kind])

    def errors(self, function: str, kind: ObjectType) -> tuple[str, ...]:
        """Errors and errnos that some target answered."""
        return tuple(sorted({e for cell in self.cells[function, kind] for e in cell.errors}))


def functions() -> list[Call]:
    """The functions of the matrix."""
    return [call for call in ZXIO_CALLS.values() if call.exported]


def columns(call: Call) -> Sequence[ObjectType]:
    """The types a function can be called on: those without an object have one column."""
    return TYPES if _object_parameter(call) is not None else ("none",)


def measure_objects(
    targets: Sequence[Target], programs: Sequence[Program], progress: Progress | None = None
) -> ObjectMatrix:
    """Run *programs* on all targets and count what was seen of each function and type."""
    table = {
        target.name: {
            (call.name, kind): cell_of(target, call)
            for call in functions()
            for kind in columns(call)
        }
        for target in targets
    }
    for target, program, seen in observe(targets, programs, progress):
        objects = _Objects()
        for step, observation in zip(program.steps, seen.steps, strict=False):
            kind = objects.kind_of(step)
            if kind is not None and not observation.missing:
                _note(table[target.name][step.call, kind], step, observation)
            objects.follow(step, observation)
    keys = [(call.name, kind) for call in functions() for kind in columns(call)]
    cells = {key: tuple(table[target.name][key] for target in targets) for key in keys}
    return ObjectMatrix(tuple(table), cells, len(programs))


def as_json(matrix: ObjectMatrix) -> dict[str, object]:
    """The matrix as plain data."""
    return {
        "targets": list(matrix.targets),
        "programs": matrix.programs,
        "functions": {
            call.name: {
                kind: {
                    "states": dict(
                        zip(matrix.targets, matrix.states(call.name, kind), strict=True)
                    ),
                    "errors": list(matrix.errors(call.name, kind)),
                }
                for kind in columns(call)
            }
            for call in functions()
        },
    }


def _note(cell: Cell, step: Step, seen: StepObservation) -> None:
    call = ZXIO_CALLS[step.call]
    error = error_of(call, seen.ret) or _errno(call, seen)
    if error is None:
        cell.succeeded = True
    else:
        cell.errors.add(error)


def _errno(call: Call, seen: StepObservation) -> str | None:
    """The errno that a function reported, by its name; None if there is none."""
    for index, param in enumerate(call.params):
        if param.name == "out_code" and index in seen.outs:
            code = int.from_bytes(seen.outs[index].data, "little")
            return errno.errorcode.get(code)
    return None


def _object_parameter(call: Call) -> int | None:
    """The parameter that is the object, else that of the walk through one."""
    for pointee in ("zxio_t", "zxio_dirent_iterator_t"):
        for index, param in enumerate(call.params):
            if param.pointee == pointee:
                return index
    return None


@dataclass(slots=True)
class _Objects:
    """What is known of a program's handles and storages while its steps are followed."""

    handles: dict[str, HandleInfo] = field(default_factory=dict)
    #: Numbers of the sockets that carry datagrams.
    datagrams: set[int] = field(default_factory=set)
    #: By storage, what is in it; None where that cannot be told.
    storages: dict[str, ObjectType | None] = field(default_factory=dict)
    #: By buffer, the storage that a walk in it goes through.
    walks: dict[str, str | None] = field(default_factory=dict)

    def kind_of(self, step: Step) -> ObjectType | None:
        """What a step's function is called on; None where that is no matter or cannot be told."""
        call = ZXIO_CALLS.get(step.call)
        if call is None or not call.exported:
            return None
        index = _object_parameter(call)
        if index is None:
            return "none"
        if index >= len(step.args):
            return "none"
        return self._kind(step.args[index])

    def _kind(self, argument: object) -> ObjectType | None:
        if isinstance(argument, Storage):
            return self.storages.get(argument.name, "none")
        if isinstance(argument, BufferRef):
            storage = self.walks.get(argument.buffer)
            return "none" if storage is None else self.storages.get(storage, "none")
        if isinstance(argument, Number):
            return "none"
        return None

    def follow(self, step: Step, seen: StepObservation) -> None:
        """Note what a step changed."""
        for slot, stored in seen.handles.items():
            if stored.info is not None:
                self.handles[slot] = stored.info
        if step.call == "zx_socket_create" and _has_bit(step.args[:1], abi.ZX_SOCKET_DATAGRAM):
            stored_infos = (stored.info for stored in seen.handles.values())
            self.datagrams |= {info.koid for info in stored_infos if info is not None}
        if step.call in _CREATORS:
            self._create(step, seen)
        elif step.call == "zxio_close" and isinstance(step.args[0], Storage):
            self.storages[step.args[0].name] = "none"
        elif step.call == "zxio_dirent_iterator_init":
            walk, directory = step.args[:2]
            if isinstance(walk, BufferRef) and isinstance(directory, Storage):
                self.walks[walk.buffer] = directory.name
        elif step.call == "zxio_dirent_iterator_destroy" and isinstance(step.args[0], BufferRef):
            self.walks[step.args[0].buffer] = None

    def _create(self, step: Step, seen: StepObservation) -> None:
        from_handle, into = (step.args[index] for index in _CREATORS[step.call])
        if not isinstance(into, Storage):
            return
        error = error_of(ZXIO_CALLS[step.call], seen.ret)
        info = self._info(from_handle)
        if error == "NOT_SUPPORTED":
            self.storages[into.name] = "holder"
        elif error is None:
            self.storages[into.name] = self._made_of(info)
        elif step.call == "zxio_create" and error == "BAD_HANDLE":
            self.storages[into.name] = "default"
        elif error not in ("INVALID_ARGS", "PEER_CLOSED"):
            # Whether there is a default object now depends on what the handle was taken for.
            self.storages[into.name] = None

    def _info(self, argument: object) -> HandleInfo | None:
        if isinstance(argument, HandleValue) and argument.xor == 0:
            return self.handles.get(argument.slot)
        return None

    def _made_of(self, info: HandleInfo | None) -> ObjectType | None:
        match info:
            case HandleInfo(type=abi.ZX_OBJ_TYPE_SOCKET, koid=koid):
                return "datagram" if koid in self.datagrams else "pipe"
            case HandleInfo(type=abi.ZX_OBJ_TYPE_VMO):
                return "vmo"
            case HandleInfo(type=abi.ZX_OBJ_TYPE_DEBUGLOG):
                return "debuglog"
        return None


def _has_bit(arguments: Iterable[object], bit: int) -> bool:
    return any(isinstance(a, Number) and a.x86_64 & bit for a in arguments)
