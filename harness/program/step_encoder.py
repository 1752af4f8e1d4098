"""Steps as they stand in request records (`harness.program.wire`).

Slots, buffers and functions become numbers, every buffer gets its place, and the room that the
results can take is summed up.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Final

from harness.program.model import (
    Address,
    Arch,
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
    Report,
    Sized,
    Step,
    Storage,
    StoredValue,
    VdsoLayout,
)
from harness.program.wire import (
    ARGUMENT_BUFFER,
    ARGUMENT_BUFFER_REF,
    ARGUMENT_DEADLINE,
    ARGUMENT_HANDLE,
    ARGUMENT_KOID,
    ARGUMENT_NUMBER,
    ARGUMENT_OUT_HANDLES,
    ARGUMENT_POINTER,
    ARGUMENT_STORAGE,
    ARGUMENT_STORED_VALUE,
    ARGUMENT_VDSO,
    BUFFER_EDGE,
    BUFFER_HAS_REPORT,
    BUFFER_REPORTED,
    FUNCTION_MISSING,
    FUNCTION_PSEUDO,
    FUNCTIONS,
    HANDLE,
    ITEM_ADDRESS,
    ITEM_BYTES,
    ITEM_DEADLINE,
    ITEM_HANDLE,
    ITEM_KOID,
    ITEM_POINTER,
    ITEM_SIZED,
    NO_FUNCTION,
    NO_NAME,
    OUT,
    POINTER_KINDS,
    PROGRAM_POINTER_PAGES,
    PROGRAM_ZXIO,
    PSEUDO_CALLS,
    RETURN_FORMS,
    STEP_HAS_MIN_NS,
    STEP_RESULT,
    STORAGE_SIZE,
    VDSO_NUMBERS,
)
from zxio_py import abi
from zxio_py.abi.editions import EDITIONS
from zxio_py.abi.model import SCALAR_TYPES, Call
from zxio_py.abi.zxio import ZXIO_CALLS

_STEP = struct.Struct("<HHBBBBIIQ")
_ARGUMENT = struct.Struct("<BBHIQ")
_REPORT = struct.Struct("<IIII")

_MASK64: Final = (1 << 64) - 1
_PLAIN_REPORT: Final = Report()


def _gone_call(name: str) -> Call | None:
    """A call that only an older edition has."""
    return next((e.calls[name] for e in EDITIONS.values() if name in e.gone), None)


@lru_cache(maxsize=1024)
def _return_bits(call: str) -> int:
    function = abi.CALLS.get(call) or ZXIO_CALLS.get(call) or _gone_call(call)
    if function is None or function.returns not in SCALAR_TYPES:
        return 64
    return 8 * SCALAR_TYPES[function.returns][0]


_FUNCTION_NUMBERS: Final[Mapping[str, int]] = {
    **{name: number for number, name in enumerate(FUNCTIONS)},
    **{name: FUNCTION_PSEUDO + number for number, name in enumerate(PSEUDO_CALLS)},
}
_POINTER_NUMBERS: Final = {kind: number for number, kind in enumerate(POINTER_KINDS)}
_RETURN_NUMBERS: Final = {form: number for number, form in enumerate(RETURN_FORMS)}


class StepEncoder:
    """Encodes steps of one program or session; numbers its names and places its buffers."""

    def __init__(self, arch: Arch, missing: Collection[str]) -> None:
        self.arm64 = arch == "arm64"
        self.missing = missing
        self.slots: dict[str, int] = {}
        self.buffers: dict[str, int] = {}
        #: Most bytes a buffer of this number can have.
        self.buffer_sizes: dict[int, int] = {}
        self.storages: dict[str, int] = {}
        self.helpers: dict[str, int] = {}
        self.arena = 0
        self.edges: list[int] = []
        self.koids = 0
        self.zxio = False
        self.pointer_pages = False
        #: Most bytes the result of the current step can take, without its live bits.
        self.result_size = 0

    @property
    def flags(self) -> int:
        """Flags of a program that consists of the steps so far."""
        return (PROGRAM_ZXIO if self.zxio else 0) | (
            PROGRAM_POINTER_PAGES if self.pointer_pages else 0
        )

    # -- names and places

    def slot(self, name: str) -> int:
        """Number of a slot, in order of first appearance."""
        return self.slots.setdefault(name, len(self.slots))

    def _buffer_name(self, name: str) -> int:
        return self.buffers.setdefault(name, len(self.buffers))

    def _place(self, size: int) -> int:
        # One byte apart at least, so that no two buffers have one address.
        offset = self.arena
        self.arena = (offset + max(size, 1) + 15) & ~15
        return offset

    # -- steps

    def steps(self, steps: Sequence[Step]) -> tuple[bytes, int]:
        """The steps' bytes, and the most bytes their results can take without live bits."""
        parts: list[bytes] = []
        self.result_size = 0
        for step in steps:
            arguments = [self._argument(arg) for arg in step.args]
            body = b"".join(arguments)
            self.result_size += STEP_RESULT.size
            call = step.call
            number = FUNCTION_MISSING if call in self.missing else _FUNCTION_NUMBERS[call]
            helper = self.helpers[step.thread] if step.thread is not None else 0
            if call.startswith("zxio_"):
                self.zxio = True
            parts.append(
                _STEP.pack(
                    number,
                    len(arguments),
                    0 if step.min_ns is None else STEP_HAS_MIN_NS,
                    _RETURN_NUMBERS[step.ret],
                    _return_bits(call),
                    helper,
                    step.repeat,
                    _STEP.size + len(body),
                    (step.min_ns or 0) & _MASK64,
                )
            )
            parts.append(body)
        return b"".join(parts), self.result_size

    def _argument(self, arg: Arg) -> bytes:
        if isinstance(arg, Number):
            value = arg.arm64 if self.arm64 else arg.x86_64
            return _ARGUMENT.pack(ARGUMENT_NUMBER, 0, 0, 0, value)
        if isinstance(arg, HandleValue):
            return _ARGUMENT.pack(ARGUMENT_HANDLE, 0, self.slot(arg.slot), arg.xor, 0)
        if isinstance(arg, Buffer):
            return self._buffer(arg)
        if isinstance(arg, OutHandles):
            return self._out_handles(arg)
        if isinstance(arg, BufferRef):
            return self._buffer_ref(arg)
        if isinstance(arg, Pointer):
            return self._pointer(ARGUMENT_POINTER, arg)
        if isinstance(arg, Deadline):
            return _ARGUMENT.pack(ARGUMENT_DEADLINE, 0, 0, 0, arg.ns & _MASK64)
        if isinstance(arg, StoredValue):
            return self._stored_value(arg)
        if isinstance(arg, Storage):
            if arg.name not in self.storages:
                self.storages[arg.name] = self._place(STORAGE_SIZE)
            return _ARGUMENT.pack(ARGUMENT_STORAGE, 0, 0, self.storages[arg.name], 0)
        if isinstance(arg, VdsoLayout):
            return _ARGUMENT.pack(ARGUMENT_VDSO, 0, VDSO_NUMBERS.index(arg.which), 0, 0)
        return _ARGUMENT.pack(ARGUMENT_KOID, 0, self.slot(arg.slot), 0, 0)

    def _out_handles(self, arg: OutHandles) -> bytes:
        count = len(arg.slots)
        slots = [self.slot(slot) for slot in arg.slots]
        self.result_size += HANDLE.size * count
        self.koids += 2 * count
        place = self._place(4 * count)
        return _ARGUMENT.pack(ARGUMENT_OUT_HANDLES, 0, 0, place, count) + padded(
            struct.pack(f"<{count}H", *slots)
        )

    def _stored_value(self, arg: StoredValue) -> bytes:
        function = NO_FUNCTION
        if arg.plus_vdso is not None:
            function = _FUNCTION_NUMBERS[arg.plus_vdso]
        return _ARGUMENT.pack(
            ARGUMENT_STORED_VALUE,
            arg.size,
            self._buffer_name(arg.buffer),
            arg.offset,
            arg.add & _MASK64,
        ) + function.to_bytes(8, "little")

    def _buffer(self, arg: Buffer) -> bytes:
        flags = 0
        report = b""
        if arg.reported:
            flags |= BUFFER_REPORTED
            self._will_show(arg.size, arg.report)
        if arg.report != _PLAIN_REPORT:
            flags |= BUFFER_HAS_REPORT
            report = self._report(arg.report)
        items = [self._item(item) for item in arg.items]
        if arg.edge:
            flags |= BUFFER_EDGE
            place = len(self.edges)
            self.edges.append(arg.size)
        else:
            place = self._place(arg.size)
        name = NO_NAME
        if arg.name is not None:
            name = self._buffer_name(arg.name)
            self.buffer_sizes[name] = max(self.buffer_sizes.get(name, 0), arg.size)
        value = arg.size | len(items) << 32
        head = _ARGUMENT.pack(ARGUMENT_BUFFER, flags, name, place, value)
        return b"".join((head, report, *items)) if report or items else head

    def _buffer_ref(self, arg: BufferRef) -> bytes:
        name = self._buffer_name(arg.buffer)
        flags = 0
        report = b""
        if arg.reported:
            flags |= BUFFER_REPORTED
            self._will_show(self.buffer_sizes.get(name, 0), arg.report)
        if arg.report != _PLAIN_REPORT:
            flags |= BUFFER_HAS_REPORT
            report = self._report(arg.report)
        return _ARGUMENT.pack(ARGUMENT_BUFFER_REF, flags, name, 0, arg.add & _MASK64) + report

    def _will_show(self, size: int, report: Report) -> None:
        self.result_size += OUT.size + (min(size, report.show) + 7 & ~7)

    def _report(self, report: Report) -> bytes:
        self.result_size += HANDLE.size * len(report.handles)
        self.koids += len(report.koids) + 2 * len(report.handles)
        words = [word for pair in report.mask for word in pair]
        words += report.koids
        for offset, slot in report.handles:
            words += (offset, self.slot(slot))
        return _REPORT.pack(
            report.show, len(report.mask), len(report.koids), len(report.handles)
        ) + padded(struct.pack(f"<{len(words)}I", *words))

    def _item(self, item: Item) -> bytes:
        if isinstance(item, Sized):
            value = item.value.arm64 if self.arm64 else item.value.x86_64
            return _ARGUMENT.pack(ITEM_SIZED, item.size, 0, 0, value)
        if isinstance(item, Bytes):
            data = item.arm64 if self.arm64 else item.x86_64
            return _ARGUMENT.pack(ITEM_BYTES, 0, 0, len(data), 0) + padded(data)
        if isinstance(item, HandleValue):
            return _ARGUMENT.pack(ITEM_HANDLE, 0, self.slot(item.slot), item.xor, 0)
        if isinstance(item, Address):
            name = self._buffer_name(item.buffer)
            return _ARGUMENT.pack(ITEM_ADDRESS, 0, name, 0, item.add & _MASK64)
        if isinstance(item, Deadline):
            return _ARGUMENT.pack(ITEM_DEADLINE, 0, 0, 0, item.ns & _MASK64)
        if isinstance(item, Koid):
            return _ARGUMENT.pack(ITEM_KOID, 0, self.slot(item.slot), 0, 0)
        return self._pointer(ITEM_POINTER, item)

    def _pointer(self, kind: int, pointer: Pointer) -> bytes:
        if pointer.kind in ("edge", "readonly"):
            self.pointer_pages = True
        number = _POINTER_NUMBERS[pointer.kind]
        return _ARGUMENT.pack(kind, 0, number, 0, pointer.add & _MASK64)


def padded(data: bytes) -> bytes:
    """*data* with zeros up to a multiple of 8 bytes."""
    return data + bytes(-len(data) % 8)
