"""Batches of records through the shared memory, and the verdict when a machine stops answering.

The two slots pipeline: while the guest runs one batch, the next already lies in the other slot.
Verdicts come from evidence: the kernel's state and panic record, the progress counters against
the guest's own clock, the end of QEMU.  Console text plays no part.
"""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.machine import layout
from harness.machine.machine import Failure, Machine, Verdict
from harness.machine.placement import BRIEF
from harness.machine.share import slot_offset, unpacker
from harness.program.wire import Record, WireError, make_record, read_record

_SLOT = unpacker(layout.SLOT)
_SLOT_REQUEST = struct.Struct("<I")
#: Request and done sequence number.
_SLOT_STATE = struct.Struct("<II")
#: Slot fields from request_bytes to started_ns, as the host sets them for a new batch.
_SLOT_BATCH = struct.Struct("<IIIIIIQ")

_BATCH_OFFSET = 8

#: Wake-ups, by rings or by text, until a single program counts as one that takes long.
_BRIEF_LOOKS = 8

#: Records per batch.  Both slots together take what a run hands out at once
#: (`harness.run.LARGEST_CHUNK`), so that a guest need not wait for a host that computes meanwhile.
BATCH_RECORDS = 128


class Request(NamedTuple):
    """One record for the guest: what it is (`wire.KIND_PROGRAM` ...), and its bytes."""

    kind: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """When a guest that makes no progress counts as hung.

    The guest ends programs that run too long by itself; these limits are for a guest that fails
    to, so they must lie above the longest program.
    """

    #: Guest time, nanoseconds, that one record may take.
    guest_ns: int = 60_000_000_000
    #: Seconds for which the guest's clock may stand still while QEMU burns or waits.
    stalled: float = 60.0
    #: Seconds between looks at the evidence while nothing arrives.
    look: float = 0.25


class Stopped(Exception):
    """The machine cannot go on.  Results that were finished have been kept."""

    def __init__(self, failure: Failure, index: int | None) -> None:
        """*index* is the request that ran; None if none had begun."""
        super().__init__(failure.reason)
        self.failure = failure
        self.index = index


@dataclass(slots=True)
class _Batch:
    """What one slot carries."""

    #: Request sequence number of the batch.
    request: int
    #: Index of the first record among all requests.
    first: int
    count: int


class _Slot(NamedTuple):
    """A snapshot of a slot header."""

    request_sequence: int
    done_sequence: int
    request_bytes: int
    record_count: int
    records_done: int
    result_bytes: int
    flags: int
    current_sequence: int
    started_ns: int


class Transport:
    """Moves requests to a ready machine and results back."""

    def __init__(self, machine: Machine, limits: Limits | None = None) -> None:
        """*machine* may still boot: its agent looks for a batch when it comes up."""
        self.machine = machine
        self.limits = limits or Limits()
        self._share = machine.share
        self._sequence = 0
        #: Whether the agent has said that it is ready, so that it hears a ring.
        self._heard = False
        self._requests: Sequence[Request] = ()
        self._base = 0
        self._waiting: deque[int] = deque()
        self._slots: list[_Batch | None] = [None] * layout.SLOT_COUNT
        #: By request index; None until it has come.
        self.results: list[Record | None] = []

    # ---- batches ---------------------------------------------------------------------------

    def begin(self, requests: Sequence[Request], base: int = 0) -> None:
        """Send as many requests as fit at once and return; `finish` moves the rest.

        Record sequence numbers are *base* + index + 1.
        """
        for request in requests:
            if not fits(request.payload):
                raise ValueError("a request is larger than a slot; see `fits`")
        self._requests = requests
        self._base = base
        self._waiting = deque(range(len(requests)))
        self.results = [None] * len(requests)
        if len(requests) == 1 and self._agent_listens():
            self.machine.placement.gather()
        else:
            self.machine.placement.spread()
        self._fill()

    def finish(self) -> list[Record | None]:
        """Wait until every request has its result.

        A result is None only if it alone is larger than the result area.  Raises `Stopped` if
        the machine cannot go on; `results` then holds what was finished.
        """
        if len(self._requests) == 1 and self._wait_briefly():
            return self.results
        watch = _Watch(self)
        while any(self._slots):
            if self._collect():
                continue
            # What has just rung has most likely a result.  Only if not, look at the evidence.
            if not (self.machine.wait(self.limits.look) and self._collect()):
                verdict = self._end() or watch.look()
                if verdict is not None:
                    index = self._salvage()
                    raise Stopped(self.machine.failure(*verdict), index)
        return self.results

    def _wait_briefly(self) -> bool:
        """Wait for the one result beside QEMU; False if it takes long or something is wrong."""
        machine = self.machine
        with machine.placement:
            looks = 0
            while not self._collect() and looks < _BRIEF_LOOKS and machine.wait(BRIEF):
                looks += 1
        if any(self._slots):
            machine.placement.spread()
            return False
        if looks == 0:  # QEMU had its turn already: take its ring in, so that it is not heard later
            machine.console.receive()
        return True

    @property
    def finished(self) -> int:
        """How many requests have run, also while `finish` waits in another thread."""
        under_way = sum(
            self._slot(number).records_done for number, batch in enumerate(self._slots) if batch
        )
        return len(self._requests) - len(self._waiting) - self._loaded() + under_way

    def _loaded(self) -> int:
        return sum(batch.count for batch in self._slots if batch)

    def _slot(self, number: int) -> _Slot:
        return _Slot._make(self._share.unpack(_SLOT, slot_offset(number)))

    def _fill(self) -> None:
        """Load every free slot and ring once if there was something to load.

        An agent that is not ready looks by itself; a ring would only hold it up.
        """
        if not self._waiting:
            return
        for number, batch in enumerate(self._slots):
            if batch is None and self._waiting:
                self._load(number)
        if self._agent_listens():
            self.machine.console.ring()

    def _agent_listens(self) -> bool:
        self._heard = self._heard or self._share.ready
        return self._heard

    def _load(self, number: int) -> None:
        first = self._waiting[0]
        parts: list[bytes] = []
        size = count = 0
        while self._waiting and count < BATCH_RECORDS and self._waiting[0] == first + count:
            index = self._waiting[0]
            encoded = self._framed(index)
            if size + len(encoded) > layout.REQUEST_SIZE:
                break
            parts.append(encoded)
            size += len(encoded)
            count += 1
            self._waiting.popleft()
        self._sequence += 1
        offset = slot_offset(number)
        self._share.write(offset + layout.REQUEST_OFFSET, b"".join(parts))
        self._share.write(offset + _BATCH_OFFSET, _SLOT_BATCH.pack(size, count, 0, 0, 0, 0, 0))
        # Last, so that the guest never sees a batch that is half written.
        self._share.write(offset, _SLOT_REQUEST.pack(self._sequence))
        self._slots[number] = _Batch(self._sequence, first, count)

    def _framed(self, index: int) -> bytes:
        request = self._requests[index]
        return make_record(request.kind, self._base + index + 1, request.payload)

    def _collect(self) -> bool:
        """Take the results of finished batches; False if there were none."""
        collected = False
        for number, batch in enumerate(self._slots):
            if batch is None:
                continue
            request, done = self._share.unpack(_SLOT_STATE, slot_offset(number))
            if not request == done == batch.request:
                continue
            slot = self._slot(number)
            taken = self._take(number, batch, slot.result_bytes)
            if taken != slot.records_done:
                reason = f"result {taken + 1} of {slot.records_done} in a batch is damaged"
                failure = self.machine.failure("machine lost", reason)
                raise Stopped(failure, self._salvage())
            self._slots[number] = None
            self._send_again(batch, taken)
            collected = True
        if collected:
            self._fill()
        return collected

    def _send_again(self, batch: _Batch, done: int) -> None:
        """Queue what a full result area left undone; a result too large for it stays None."""
        skip = max(done, 1)
        self._waiting.extendleft(range(batch.first + batch.count - 1, batch.first + skip - 1, -1))

    def _take(self, number: int, batch: _Batch, size: int) -> int:
        """Keep the results in the first *size* bytes of a slot's area; how many there are.

        What stands behind the first damaged or foreign record is not looked at.
        """
        offset = slot_offset(number) + layout.RESULT_OFFSET
        first = self._base + batch.first + 1
        taken = 0
        data = self._share.read(offset, min(size, layout.RESULT_SIZE))
        position = 0
        while position < len(data) and taken < batch.count:
            try:
                record = read_record(data, position)
            except WireError:
                break
            if record.sequence != first + taken:
                break
            self.results[batch.first + taken] = record
            position = record.end
            taken += 1
        return taken

    # ---- waiting and verdicts --------------------------------------------------------------

    def _end(self) -> tuple[Verdict, str] | None:
        """The verdict and its reason if the machine has come to an end."""
        if self._share.panicked:
            return "guest panic", "the guest kernel panicked"
        if self.machine.console.ended:
            return "machine lost", "QEMU ended"
        if self._restarted():
            return "machine lost", "the guest restarted by itself"
        return None

    def _restarted(self) -> bool:
        """Whether the guest has cleared a batch we wrote: it went through a reset by itself."""
        return any(
            batch is not None
            and self._share.unpack(_SLOT_REQUEST, slot_offset(number)) != (batch.request,)
            for number, batch in enumerate(self._slots)
        )

    def _salvage(self) -> int | None:
        """Read finished results of unfinished batches; the index of the request that ran."""
        begun: list[tuple[int, int]] = []
        for number, batch in enumerate(self._slots):
            if batch is None:
                continue
            slot = self._slot(number)
            # A guest that restarted has cleared the slot's header, but not its results.
            restarted = slot.request_sequence != batch.request
            taken = self._take(
                number, batch, layout.RESULT_SIZE if restarted else slot.result_bytes
            )
            done = slot.done_sequence == batch.request and taken == slot.records_done
            ended = taken == batch.count or (done and not restarted)
            if not ended and (restarted or taken or slot.current_sequence):
                begun.append((batch.request, batch.first + taken))
        self._slots = [None] * layout.SLOT_COUNT
        return min(begun)[1] if begun else None


def fits(payload: bytes) -> bool:
    """Whether a request can be sent at all."""
    return len(payload) + 2 * layout.RECORD.size <= layout.REQUEST_SIZE


class _Watch:
    """Follows progress against the guest's clock, QEMU's CPU time and the wall clock.

    It looks at the evidence now and then, not at every wake-up: a guest that answers at once costs
    it nothing, and one that prints for ever is looked at all the same.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._looked = time.monotonic()
        self._progress: list[tuple[int, ...]] = []
        self._clock = self._last_clock = 0
        self._wall = self._cpu = 0.0

    def look(self) -> tuple[Verdict, str] | None:
        """The verdict and its reason if the guest hangs."""
        transport, machine = self._transport, self._transport.machine
        share, limits = transport._share, transport.limits
        now = time.monotonic()
        if now - self._looked < limits.look:
            return None
        self._looked = now
        clock = share.header().clock_ns
        if self._state() != self._progress:
            self._mark()
            return None
        if clock - self._clock > limits.guest_ns:
            seconds = (clock - self._clock) / 1e9
            return "guest hang", f"no progress in {seconds:.1f} s of guest time"
        if clock != self._last_clock:
            self._last_clock = clock
            self._stall_begins()
            return None
        # A guest that computes is judged by the CPU time it got, one that sleeps by the wall.
        cpu = machine.process.cpu_seconds() - self._cpu
        wall = time.monotonic() - self._wall
        busy = cpu > wall / 10
        if (cpu if busy else wall) > limits.stalled:
            how = f"{cpu:.1f} s of CPU time" if busy else f"{wall:.1f} s"
            return "guest hang", f"no progress, and the guest's clock stood still for {how}"
        return None

    def _state(self) -> list[tuple[int, ...]]:
        transport = self._transport
        slots = [transport._slot(number) for number in range(layout.SLOT_COUNT)]
        return [(s.done_sequence, s.records_done, s.current_sequence) for s in slots]

    def _mark(self) -> None:
        self._progress = self._state()
        self._clock = self._last_clock = self._transport._share.header().clock_ns
        self._stall_begins()

    def _stall_begins(self) -> None:
        self._wall = time.monotonic()
        self._cpu = self._transport.machine.process.cpu_seconds()
