"""Programs as the payloads of request records (`harness.program.wire`).

Everything a guest need not decide is decided here: slots, buffers and functions become numbers,
every buffer gets its place, and the room that the result can take is summed up.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Final

from harness.program.model import (
    GIVEN_SLOTS,
    MAX_PROGRAM_BYTES,
    TIME_LIMIT_NS,
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
    Program,
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
    INTERFACE,
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
    PROGRAM_EDGE_POINTER,
    PROGRAM_ZXIO,
    PSEUDO_CALLS,
    RETURN_FORMS,
    SESSION_RESULT_SIZE,
    STEP_HAS_MIN_NS,
    STEP_RESULT,
    STORAGE_SIZE,
    VDSO_NUMBERS,
    WireError,
)
from zxio_py import abi
from zxio_py.abi.editions import EDITIONS
from zxio_py.abi.model import SCALAR_TYPES, Call
from zxio_py.abi.zxio import ZXIO_CALLS

_PROGRAM = struct.Struct("<IBBBBHHHHIIIIqQI4x")
_THREAD = struct.Struct("<IIII")
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


class _Encoder:
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
        self.edge_pointer = False
        #: Most bytes the result of the current step can take, without its live bits.
        self.result_size = 0

    @property
    def flags(self) -> int:
        """Flags of a program that consists of the steps so far."""
        return (PROGRAM_ZXIO if self.zxio else 0) | (
            PROGRAM_EDGE_POINTER if self.edge_pointer else 0
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
        return _ARGUMENT.pack(ARGUMENT_OUT_HANDLES, 0, 0, place, count) + _padded(
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
        ) + _padded(struct.pack(f"<{len(words)}I", *words))

    def _item(self, item: Item) -> bytes:
        if isinstance(item, Sized):
            value = item.value.arm64 if self.arm64 else item.value.x86_64
            return _ARGUMENT.pack(ITEM_SIZED, item.size, 0, 0, value)
        if isinstance(item, Bytes):
            data = item.arm64 if self.arm64 else item.x86_64
            return _ARGUMENT.pack(ITEM_BYTES, 0, 0, len(data), 0) + _padded(data)
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
        if pointer.kind == "edge":
            self.edge_pointer = True
        number = _POINTER_NUMBERS[pointer.kind]
        return _ARGUMENT.pack(kind, 0, number, 0, pointer.add & _MASK64)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


def _words(values: Sequence[int]) -> bytes:
    return _padded(struct.pack(f"<{len(values)}I", *values))


def _live_size(slots: int) -> int:
    return (slots + 63) // 64 * 8


def encode_program(
    program: Program,
    arch: Arch,
    missing: Collection[str] = (),
    limit_ns: int = TIME_LIMIT_NS,
) -> bytes:
    """Payload of the PROGRAM record for *program* on *arch*.

    Calls named in *missing* are not made but reported as missing.  After *limit_ns* of guest time
    the program is stopped.
    """
    encoder = _Encoder(arch, missing)
    for slot in program.slots:
        encoder.slot(slot)
    encoder.helpers = {name: number for number, name in enumerate(program.threads)}
    bodies = [encoder.steps(program.steps)]
    bodies += [encoder.steps(steps) for steps in program.threads.values()]
    live = _live_size(len(encoder.slots))
    threads = []
    total = 0
    for (body, size), steps in zip(bodies, (program.steps, *program.threads.values()), strict=True):
        size += live * len(steps)
        total += size
        threads.append(_THREAD.pack(len(steps), len(body), size, 0))
    given = program.given
    header = _PROGRAM.pack(
        INTERFACE,
        0,
        len(given),
        len(program.threads),
        encoder.flags,
        len(encoder.slots),
        len(encoder.buffers),
        len(encoder.edges),
        0,
        encoder.arena,
        0,
        total,
        encoder.koids + 2 * len(given),
        limit_ns,
        _given_bytes(given),
        len(encoder.storages),
    )
    places = _words((*encoder.edges, *encoder.storages.values()))
    return b"".join((header, *threads, places, *(body for body, _ in bodies)))


def _given_bytes(given: Sequence[str]) -> int:
    return int.from_bytes(bytes(GIVEN_SLOTS.index(slot) for slot in given), "little")


class EncodedPrograms:
    """Encodes for one target and remembers: a program that runs again is encoded once."""

    def __init__(
        self,
        arch: Arch,
        missing: Collection[str] = (),
        limit_ns: int = TIME_LIMIT_NS,
        remembered: int = 4096,
    ) -> None:
        """*remembered* is how many programs are kept, the oldest leaving first."""
        self._arch = arch
        self._missing = frozenset(missing)
        self._limit_ns = limit_ns
        self._remembered = remembered
        # By identity; the program is kept beside its bytes so that the identity stays its own.
        self._known: dict[int, tuple[Program, bytes]] = {}

    def encode(self, program: Program) -> bytes:
        """Payload of its PROGRAM record."""
        known = self._known.get(id(program))
        if known is not None:
            return known[1]
        payload = encode_program(program, self._arch, self._missing, self._limit_ns)
        if len(self._known) >= self._remembered:
            del self._known[next(iter(self._known))]
        self._known[id(program)] = (program, payload)
        return payload


class SessionEncoder:
    """Payloads of a session's records; keeps the names and places that its steps share."""

    #: Most koids, slots and edge buffers a session's process has room for.
    KOIDS = 4096
    SLOTS = 1024
    BUFFERS = 1024

    def __init__(
        self,
        arch: Arch,
        session: int = 0,
        given: Sequence[str] = (),
        missing: Collection[str] = (),
        limit_ns: int = TIME_LIMIT_NS,
    ) -> None:
        """*session* tells sessions of one agent apart (less than `SESSIONS`); *limit_ns* is the
        time limit of each step."""
        self._encoder = _Encoder(arch, missing)
        self._session = session
        self._given = tuple(given)
        self._limit_ns = limit_ns
        for slot in given:
            self._encoder.slot(slot)

    @property
    def slots(self) -> tuple[str, ...]:
        """Every slot so far, by number."""
        return tuple(self._encoder.slots)

    def open(self, zxio: bool = False) -> bytes:
        """Payload of the OPEN record; *zxio*: steps may call the zxio library."""
        header = self._header(
            PROGRAM_EDGE_POINTER | (PROGRAM_ZXIO if zxio else 0),
            self.SLOTS,
            self.BUFFERS,
            (0, 0),
            (MAX_PROGRAM_BYTES, 0),
            SESSION_RESULT_SIZE,
        )
        return header + _THREAD.pack(0, 0, SESSION_RESULT_SIZE, 0)

    def step(self, step: Step) -> bytes:
        """Payload of the STEP record; `WireError` if the session has no room for it."""
        encoder = self._encoder
        edges_before, arena_before = len(encoder.edges), encoder.arena
        storages_before = len(encoder.storages)
        body, size = encoder.steps((step,))
        if (
            encoder.arena > MAX_PROGRAM_BYTES
            or len(encoder.slots) > self.SLOTS
            or len(encoder.buffers) > self.BUFFERS
            or encoder.koids > self.KOIDS
            or size > SESSION_RESULT_SIZE - _live_size(self.SLOTS)
        ):
            raise WireError(f"{step.call}: the session has no room left for this step")
        new_edges = encoder.edges[edges_before:]
        new_storages = list(encoder.storages.values())[storages_before:]
        size += _live_size(len(encoder.slots))
        header = self._header(
            0,
            len(encoder.slots),
            len(encoder.buffers),
            (len(new_edges), edges_before),
            (encoder.arena, arena_before),
            size,
            len(new_storages),
        )
        places = _words((*new_edges, *new_storages))
        return b"".join((header, _THREAD.pack(1, len(body), size, 0), places, body))

    def close(self) -> bytes:
        """Payload of the CLOSE record."""
        header = self._header(0, len(self._given), 0, (0, 0), (0, 0), 0)
        return header + _THREAD.pack(0, 0, 0, 0)

    def _header(
        self,
        flags: int,
        slots: int,
        buffers: int,
        edges: tuple[int, int],
        arena: tuple[int, int],
        result_size: int,
        storages: int = 0,
    ) -> bytes:
        return _PROGRAM.pack(
            INTERFACE,
            self._session,
            len(self._given),
            0,
            flags,
            slots,
            buffers,
            *edges,
            *arena,
            result_size,
            self.KOIDS,
            self._limit_ns,
            _given_bytes(self._given),
            storages,
        )
