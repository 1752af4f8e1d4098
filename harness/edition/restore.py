"""Results of a rewritten step, put back into the form of late 2022.

Each `Restore` undoes one thing in one step's observation, whose outs have their 2022 argument
numbers already.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harness.edition.layouts import Layout
from harness.program.observation import Captured, StepObservation

_MASK32: Final = 0xFFFFFFFF

# Signals of jobs, in 2018 and in late 2022.
_JOB_NO_PROCESSES_2018: Final = 1 << 3
_JOB_NO_JOBS: Final = 1 << 4
_JOB_NO_PROCESSES: Final = 1 << 5
_JOB_NO_CHILDREN: Final = 1 << 6


class Restore(ABC):
    """One thing that is put back."""

    @abstractmethod
    def apply(self, seen: StepObservation, scratch: Mapping[str, bytes]) -> None:
        """Change *seen*; *scratch* has the contents of the edition's own buffers by name."""


def job_signals(value: int) -> int:
    """Signals of a job of 2018 under their numbers of 2022."""
    moved = value & ~(_JOB_NO_PROCESSES_2018 | _JOB_NO_PROCESSES | _JOB_NO_CHILDREN)
    if value & _JOB_NO_PROCESSES_2018:
        moved |= _JOB_NO_PROCESSES
        if value & _JOB_NO_JOBS:
            moved |= _JOB_NO_CHILDREN
    return moved


def status_of(seen: StepObservation) -> int:
    """The returned value as a zx_status_t."""
    value = seen.ret & _MASK32
    return value - (1 << 32) if value >> 31 else value


def _edited(seen: StepObservation, index: int, offset: int, data: bytes) -> None:
    """Put *data* into a reported buffer at *offset*, as far as it is shown."""
    captured = seen.outs.get(index)
    if captured is None:
        return
    shown = bytearray(captured.data)
    if 0 <= offset < len(shown):
        shown[offset : offset + len(data)] = data[: len(shown) - offset]
        seen.outs = {**seen.outs, index: captured._replace(data=bytes(shown))}


@dataclass(frozen=True, slots=True)
class StatusThrough(Restore):
    """*failed* says only that the cause is in the scratch buffer."""

    failed: int
    scratch: str

    def apply(self, seen: StepObservation, scratch: Mapping[str, bytes]) -> None:
        """See the class."""
        if status_of(seen) == self.failed and self.scratch in scratch:
            seen.ret = int.from_bytes(scratch[self.scratch][:4], "little")


@dataclass(frozen=True, slots=True)
class WideCount(Restore):
    """A count of which the edition wrote the lower 4 bytes of 8."""

    index: int
    offset: int

    def apply(self, seen: StepObservation, scratch: Mapping[str, bytes]) -> None:
        """See the class."""
        upper = bytes(4) if status_of(seen) == 0 else b"\xa5" * 4
        captured = seen.outs.get(self.index)
        if captured is not None and (
            status_of(seen) == 0 or captured.data[self.offset + 4 : self.offset + 8] == bytes(4)
        ):
            _edited(seen, self.index, self.offset + 4, upper)


@dataclass(frozen=True, slots=True)
class JobSignals(Restore):
    """The word at *offset* of a reported buffer is a job's signals."""

    index: int
    offset: int

    def apply(self, seen: StepObservation, scratch: Mapping[str, bytes]) -> None:
        """See the class."""
        captured = seen.outs.get(self.index)
        if captured is not None:
            word = captured.data[self.offset : self.offset + 4]
            if len(word) == 4 and word != b"\xa5" * 4:
                moved = job_signals(int.from_bytes(word, "little"))
                _edited(seen, self.index, self.offset, moved.to_bytes(4, "little"))


@dataclass(frozen=True, slots=True)
class JobPacket(Restore):
    """A port packet is about a job if it is of one of the program's waits on jobs."""

    index: int
    offset: int
    #: Key and the signals waited for there -> these signals as the program says them.
    waits: Mapping[tuple[int, int], int]

    def apply(self, seen: StepObservation, scratch: Mapping[str, bytes]) -> None:
        """See the class."""
        captured = seen.outs.get(self.index)
        if captured is None or status_of(seen) != 0:
            return
        packet = captured.data[self.offset : self.offset + 48]
        if len(packet) < 48:
            return
        key, kind, _, waited = struct.unpack_from("<QIiI", packet)
        wanted = self.waits.get((key, waited))
        if kind == 1 and wanted is not None:
            _edited(seen, self.index, self.offset + 16, wanted.to_bytes(4, "little"))
            JobSignals(self.index, self.offset + 20).apply(seen, scratch)


@dataclass(frozen=True, slots=True)
class Literal(Restore):
    """A word that the call gives back as it got it, by architecture, which was changed."""

    index: int
    offset: int
    #: What the program says, and what the edition was told.
    original: int
    there: int

    def apply(self, seen: StepObservation, scratch: Mapping[str, bytes]) -> None:
        """See the class."""
        captured = seen.outs.get(self.index)
        there = self.there.to_bytes(4, "little")
        if captured is not None and captured.data[self.offset : self.offset + 4] == there:
            _edited(seen, self.index, self.offset, self.original.to_bytes(4, "little"))


@dataclass(frozen=True, slots=True)
class CleanName(Restore):
    """Bytes after the end of a name are no part of it; the edition leaves old memory there."""

    index: int
    offset: int = 0

    def apply(self, seen: StepObservation, scratch: Mapping[str, bytes]) -> None:
        """See the class."""
        captured = seen.outs.get(self.index)
        if captured is not None and status_of(seen) == 0:
            name = captured.data[self.offset : self.offset + 32]
            end = name.find(b"\0")
            if end >= 0:
                _edited(seen, self.index, self.offset + end, bytes(len(name) - end))


@dataclass(frozen=True, slots=True)
class Blank(Restore):
    """*length* bytes at *offset* that say nothing in late 2022, where they are zero."""

    index: int
    offset: int
    length: int

    def apply(self, seen: StepObservation, scratch: Mapping[str, bytes]) -> None:
        """See the class."""
        if status_of(seen) == 0:
            _edited(seen, self.index, self.offset, bytes(self.length))


@dataclass(frozen=True, slots=True)
class Record(Restore):
    """A record of the edition's layout becomes one of 2022's."""

    index: int
    layout: Layout
    #: Size of the buffer, bytes; all of it was captured.
    size: int
    #: Bytes that the program asked to see.
    show: int

    def apply(self, seen: StepObservation, scratch: Mapping[str, bytes]) -> None:
        """See the class."""
        captured = seen.outs.get(self.index)
        if captured is None:
            return
        data = captured.data
        if status_of(seen) == 0:
            data = self.layout.convert(data).ljust(self.size, b"\xa5")[: self.size]
        shown = data[: self.show]
        hashed = _fnv1a(data) if len(shown) < len(data) else 0
        seen.outs = {**seen.outs, self.index: Captured(shown, self.size, hashed)}


def _fnv1a(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value
