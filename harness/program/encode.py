"""Programs as the payloads of request records (`harness.program.wire`).

Everything a guest need not decide is decided here: slots, buffers and functions become numbers,
every buffer gets its place, and the room that the result can take is summed up.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Sequence

from harness.program.model import (
    GIVEN_SLOTS,
    MAX_PROGRAM_BYTES,
    TIME_LIMIT_NS,
    Arch,
    Program,
    Step,
)
from harness.program.step_encoder import StepEncoder, padded
from harness.program.wire import (
    INTERFACE,
    PROGRAM_POINTER_PAGES,
    PROGRAM_ZXIO,
    SESSION_RESULT_SIZE,
    WireError,
)

_PROGRAM = struct.Struct("<IBBBBHHHHIIIIqQQI4x")
_THREAD = struct.Struct("<IIII")


def _words(values: Sequence[int]) -> bytes:
    return padded(struct.pack(f"<{len(values)}I", *values))


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
    encoder = StepEncoder(arch, missing)
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
        _nibbles(enumerate(GIVEN_SLOTS.index(slot) for slot in given)),
        _nibbles(program.policy.items()),
        len(encoder.storages),
    )
    places = _words((*encoder.edges, *encoder.storages.values()))
    return b"".join((header, *threads, places, *(body for body, _ in bodies)))


def _nibbles(values: Iterable[tuple[int, int]]) -> int:
    """A number with *values* (place, value) at four bits each."""
    return sum(value << 4 * place for place, value in values)


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
        self._encoder = StepEncoder(arch, missing)
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
            PROGRAM_POINTER_PAGES | (PROGRAM_ZXIO if zxio else 0),
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
            _nibbles(enumerate(GIVEN_SLOTS.index(slot) for slot in self._given)),
            0,
            storages,
        )
