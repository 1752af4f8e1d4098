"""The guest targets: programs on a guest kernel in QEMU.

Three tiers of isolation: the agent gives every program a fresh process; `reset` brings the whole
machine back to its state after boot; after a loss a new QEMU takes over and the batch goes on
after the program that was running.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import cast

from harness.errors import InputError, MachineError, SessionEndedError
from harness.machine import image
from harness.machine.image import Image
from harness.machine.machine import Failure, Machine, MachineLost
from harness.machine.qemu import shell_form
from harness.machine.transport import Limits, Request, Stopped, Transport, fits
from harness.program import wire
from harness.program.decode import comparable, decode_named, decode_result, result_payload
from harness.program.encode import EncodedPrograms, SessionEncoder
from harness.program.model import (
    DEBUGGING_OPTION,
    GIVEN_SLOTS,
    TIME_LIMIT_NS,
    Arch,
    Program,
    Step,
)
from harness.program.observation import ProgramObservation, StepObservation
from zxio_py.closing import Closing

#: Machines lost one after the other without a single result in between: then it is given up.  A
#: program that went down with its machine counts as a result, unless the machine hung: a kernel
#: on which every program hangs would take a minute for each of them.
LOSSES_IN_A_ROW = 3


class Decoded:
    """Observations by the bytes they came as: equal results of a program are decoded once.

    The agents' results are equal bytes where they are equal, also across architectures, so two
    guests can share one of these.
    """

    #: Programs that are remembered.
    LIMIT = 4096

    def __init__(self) -> None:
        # By identity; the program is kept beside so that the identity stays its own.
        self._last: dict[int, tuple[Program, bytes, ProgramObservation]] = {}

    def decode(self, program: Program, payload: bytes, arch: Arch) -> ProgramObservation:
        """What *payload* says of *program*; raises `WireError`."""
        body = comparable(payload)
        last = self._last.get(id(program))
        if last is not None and last[1] == body:
            return last[2]
        seen = decode_result(program, payload, arch)
        if seen.ending == "finished":  # other endings name registers, which differ
            if len(self._last) >= self.LIMIT:
                del self._last[next(iter(self._last))]
            self._last[id(program)] = (program, body, seen)
        return seen


def with_debugging(described: Image) -> Image:
    """The same guest with a kernel that takes calls for debugging."""
    words = f"{described.command_line} {DEBUGGING_OPTION}".lstrip()
    return dataclasses.replace(described, command_line=words)


class GuestTarget(Closing):
    """Runs programs on one machine; see `harness.targets.base.Target`.

    The machine starts at once and boots while the caller goes on.
    """

    def __init__(
        self,
        name: str,
        *,
        machine: Machine | None = None,
        decoded: Decoded | None = None,
        limits: Limits | None = None,
        time_limit_ns: int = TIME_LIMIT_NS,
        debugging: bool = False,
    ) -> None:
        """*machine* is one that was started already, by default the image called *name* boots;
        *decoded* is shared with other guests;
        *limits* say when the guest counts as hung; a program that runs longer than
        *time_limit_ns* is ended; with *debugging* it is for programs with calls for debugging."""
        self.name = name
        self._machine = machine or Machine(image.load(name))
        self.image = self._machine.image
        self.arch = cast(Arch, self.image.architecture)
        self.runs_code = True
        #: Machines lost so far, each replaced by a new one.
        self.failures: list[Failure] = []
        self._limits = limits or Limits()
        self._time_limit_ns = time_limit_ns
        #: Of the machine that runs at present; None until something is sent.
        self._transport: Transport | None = None
        self._booted = False
        self._encoded: EncodedPrograms | None = None
        self._decoded = decoded or Decoded()
        self._programs: Sequence[Program] = ()
        self._records: list[Request | None] = []
        self._observed: list[ProgramObservation | None] = []
        self._pending: list[int] = []
        self._session: GuestSession | None = None
        self._debugging = debugging
        #: Where programs of the other kind run, once there was one, and all of the batch.
        self._other: GuestTarget | None = None
        self._batch: Sequence[Program] = ()

    # ---- programs --------------------------------------------------------------------------

    def missing_calls(self) -> frozenset[str]:
        """Functions of the ABI that the guest kernel does not implement."""
        path = self.image.kernel.with_name("calls.json")
        try:
            implemented = json.loads(path.read_text(encoding="utf-8"))["implemented"]
        except OSError as error:
            raise MachineError(
                f"{path}: {error.strerror}; run: {self.image.build_command}"
            ) from error
        return frozenset(wire.VDSO_FUNCTIONS) - frozenset(implemented)

    def start(self, programs: Sequence[Program]) -> None:
        """Send a batch to the guest, which begins at once."""
        self._batch = programs
        others = [program for program in programs if program.debugging != self._debugging]
        if others:
            programs = [program for program in programs if program.debugging == self._debugging]
            self._debugged().start(others)
        self._programs = programs
        self._observed = [None] * len(programs)
        self._records = [self._record(program) for program in programs]
        self._pending = []
        for index, record in enumerate(self._records):
            if record is None:
                self._lost(index, "the program is too large for the guest")
            else:
                self._pending.append(index)
        self._send()

    def _debugged(self) -> GuestTarget:
        """The same on a kernel that takes calls for debugging."""
        if self._other is None:
            self._other = GuestTarget(
                self.name,
                machine=Machine(with_debugging(self.image)),
                decoded=self._decoded,
                limits=self._limits,
                time_limit_ns=self._time_limit_ns,
                debugging=True,
            )
            self._other.failures = self.failures
        return self._other

    def finish(self) -> list[ProgramObservation]:
        """Wait for the batch: one observation per program, in order.

        Raises `MachineError` only if no machine can be kept alive at all.
        """
        own = self._finish()
        if self._other is None or len(own) == len(self._batch):
            return own
        seen = {False: iter(own), True: iter(self._other.finish())}
        return [next(seen[program.debugging]) for program in self._batch]

    def _finish(self) -> list[ProgramObservation]:
        losses = 0
        while self._pending:
            sent, transport = self._pending, self._ready()
            try:
                self._keep(transport.finish())
                for index in self._pending:
                    self._lost(index, "its result is larger than the result area")
                self._pending = []
            except Stopped as stopped:
                self._keep(transport.results)
                hung = stopped.failure.verdict == "guest hang"
                alike = self._pending == sent
                self._replace(stopped, sent)
                losses = losses + 1 if alike and (hung or self._pending == sent) else 0
                if losses == LOSSES_IN_A_ROW:
                    raise MachineError(self.failures[-1].text()) from stopped
                self._send()
        return [seen for seen in self._observed if seen is not None]

    def _record(self, program: Program) -> Request | None:
        if self._encoded is None:
            self._encoded = EncodedPrograms(
                self.arch, self.missing_calls(), limit_ns=self._time_limit_ns
            )
        payload = self._encoded.encode(program)
        return Request(wire.KIND_PROGRAM, payload) if fits(payload) else None

    def _send(self) -> None:
        if self._pending:
            records = [self._records[index] for index in self._pending]
            self._connected().begin([record for record in records if record is not None])

    def _keep(self, results: Sequence[wire.Record | None]) -> None:
        """Decode what has come; what has not stays pending."""
        pending = []
        for index, record in zip(self._pending, results, strict=True):
            if record is not None:
                self._observed[index] = self._decode(index, record)
            else:
                pending.append(index)
        self._pending = pending

    def _decode(self, index: int, record: wire.Record) -> ProgramObservation:
        program = self._programs[index]
        try:
            return self._decoded.decode(program, result_payload(record), self.arch)
        except wire.WireError as error:
            return ProgramObservation(program.name, ending="lost", error=str(error))

    def _lost(self, index: int, reason: str, console: tuple[str, ...] = ()) -> None:
        name = self._programs[index].name
        self._observed[index] = ProgramObservation(
            name, ending="lost", error=reason, console=console
        )

    def limit_time(self, limit_ns: int) -> None:
        """From the next batch on end programs that run longer."""
        if limit_ns != self._time_limit_ns:
            self._time_limit_ns = limit_ns
            self._encoded = None  # records carry the limit

    # ---- the machine -----------------------------------------------------------------------

    @property
    def command(self) -> str:
        """QEMU's command line as one would type it."""
        return shell_form(self._machine.process.command)

    @property
    def console_tail(self) -> tuple[str, ...]:
        """The last lines of the guest's console; results may overtake text on the line."""
        self._machine.console.drain()
        return self._machine.console.tail()

    @property
    def resident(self) -> int:
        """Resident memory of QEMU, bytes."""
        return self._machine.process.resident_bytes()

    @property
    def machine(self) -> Machine:
        """The machine that runs at present."""
        return self._machine

    def reset(self) -> None:
        """Reset the machine; what a session made is gone with it."""
        self._ready()
        self._transport = None
        self._session = None
        self._machine.reset()
        if self._other is not None:
            self._other.reset()

    def close(self) -> None:
        """Stop the machine; idempotent."""
        self._machine.close()
        if self._other is not None:
            self._other.close()

    def _connected(self) -> Transport:
        """The transport of the machine, which may still boot."""
        if self._transport is None:
            self._transport = Transport(self._machine, self._limits)
        return self._transport

    def _ready(self) -> Transport:
        """The same of a machine that has booted; raises `MachineLost` if it does not.

        A machine that somebody kills while it boots gets a few successors; one that ends or
        hangs by itself would do it again.
        """
        killed = 0
        while not self._booted:
            try:
                self._machine.wait_ready()
            except MachineLost as lost:
                status = lost.failure.exit_status
                killed += 1
                if status is None or status >= 0 or killed == LOSSES_IN_A_ROW:
                    raise
                self._renew(lost.failure)
                self._send()
            else:
                self._booted = True
        return self._connected()

    def _replace(self, stopped: Stopped, sent: Sequence[int]) -> None:
        """A new machine after a loss; the program that ran, if any, is lost with the old one."""
        failure = stopped.failure
        name = ""
        if stopped.index is not None:
            index = sent[stopped.index]
            name = self._programs[index].name
            self._pending = [other for other in self._pending if other != index]
            self._lost(index, f"{failure.verdict}: {failure.reason}", failure.console[-20:])
        self._renew(dataclasses.replace(failure, program=name))

    def _renew(self, failure: Failure) -> None:
        self.failures.append(failure)
        self._machine.close()
        self._transport = None
        self._session = None
        self._machine = Machine(self.image)
        self._booted = False

    # ---- sessions --------------------------------------------------------------------------

    def open_session(self) -> GuestSession:
        """Start a program that takes its steps one by one; one at a time per machine."""
        if self._session is not None:
            raise InputError(f"{self.name}: a session is open already")
        self._session = session = GuestSession(self)
        try:
            session.open()
        except (MachineError, SessionEndedError):
            self._session = None
            raise
        return session

    def session_ended(self, session: GuestSession) -> None:
        """*session* has no process any more."""
        if self._session is session:
            self._session = None

    def exchange(self, kind: int, payload: bytes) -> bytes:
        """Send one record and return the payload of its result.

        Raises `MachineLost` if the machine is lost; a new one is under way then.
        """
        transport = self._ready()
        transport.begin([Request(kind, payload)])
        try:
            (record,) = transport.finish()
        except Stopped as stopped:
            self._renew(stopped.failure)
            raise MachineLost(stopped.failure) from stopped
        if record is None:
            raise wire.WireError("the result is larger than the result area")
        return result_payload(record)


class GuestSession:
    """A process on a guest that is fed step by step; see `harness.targets.base.Session`."""

    def __init__(self, target: GuestTarget) -> None:
        self._target = target
        self.encoder = SessionEncoder(
            target.arch, missing=target.missing_calls(), given=GIVEN_SLOTS
        )
        self._open = True

    def open(self) -> None:
        """Start its process."""
        self._observe("open", wire.KIND_OPEN, self.encoder.open(zxio=True))

    def step(self, step: Step) -> StepObservation:
        """Run one step; SessionEndedError if the program does not live any more."""
        if not self._open:
            raise SessionEndedError("the session is closed")
        if step.thread is not None:
            raise InputError("a session has no helper threads")
        return self._observe(step.call, wire.KIND_STEP, self.encoder.step(step)).steps[0]

    def _observe(self, what: str, kind: int, payload: bytes) -> ProgramObservation:
        try:
            result = self._target.exchange(kind, payload)
        except MachineLost:
            self._ended()
            raise
        seen = decode_named("session", self.encoder.slots, (), result, self._target.arch)
        if seen.ending != "finished":
            self._ended()
            raise SessionEndedError(f"{what} ended the program: {seen.error or seen.ending}")
        return seen

    def close(self) -> None:
        """End the program's process; idempotent."""
        if self._open:
            self._ended()
            self._target.exchange(wire.KIND_CLOSE, self.encoder.close())

    def _ended(self) -> None:
        self._open = False
        self._target.session_ended(self)
