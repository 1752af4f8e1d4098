"""Targets on kernels that take their programs from boot files: real Zircon kernels above all.

Such a kernel has an edition of its own.  Programs are rewritten for it (`harness.edition.rewrite`)
and what it saw is brought back, so that its observations are those of the programs as they are
written; `harness.edition.differences` tells what it is known to do otherwise.

One boot runs a whole list of programs.  The agent says which one it begins with, and what it says
has left the machine before it goes on: so a program that has begun and has no result is to blame
for the machine's end.  It costs that boot; the rest runs on at the next one.
"""

from __future__ import annotations

import dataclasses
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from harness.edition.rewrite import Refusal, Rewritten, rewrite
from harness.errors import InputError, MachineError
from harness.machine import image
from harness.machine.boot import BootMachine
from harness.machine.image import Image
from harness.machine.machine import Failure, MachineLost, Verdict
from harness.program import wire
from harness.program.decode import decode_result, result_payload
from harness.program.encode import EncodedPrograms
from harness.program.model import DEBUGGING_OPTION, TIME_LIMIT_NS, Arch, Program
from harness.program.observation import ProgramObservation
from harness.targets.base import Session
from zxio_py.abi.editions import EDITIONS, calls_of
from zxio_py.closing import Closing

#: Seconds of QEMU's time until the agent must be ready: half a second is usual.
BOOT_LIMIT: Final = 10.0
#: Seconds beyond a program's own limit without a result: then the kernel hangs.
GRACE: Final = 15.0
#: Seconds between looks at the evidence while nothing arrives.
LOOK: Final = 0.25
#: Programs of one boot, bytes: the files must fit into memory twice, beside the programs' own.
BOOT_BYTES: Final = 16 << 20
#: The kernel's last lines in a lost program's result.
LAST_LINES: Final = 40
#: Machines lost one after the other that neither gave a result nor a program to blame: then it is
#: given up.
LOSSES_IN_A_ROW: Final = 3

#: How QEMU ends when somebody else ends it: no program can bring that about.
_ENDED_BY_OTHERS: Final = frozenset(
    -number for number in (signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM)
)

_CONTAINER: Final = b"BOOT"
_KERNEL_ITEM: Final = b"KRNL"


def check_kernel(path: Path, architecture: str) -> None:
    """Raise `InputError` if *path* cannot be a Zircon kernel for QEMU of that architecture."""
    where = str(path)
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise InputError(f"cannot read the kernel: {error.strerror}", where=where) from None
    is_container = head[:4] == _CONTAINER and head[32:36] == _KERNEL_ITEM
    if architecture == "x86_64" and not is_container:
        raise InputError(
            "no Zircon kernel for x86-64: a file like zircon.bin is wanted", where=where
        )
    if architecture == "arm64" and (len(head) < 64 or is_container or head[:4] == b"\x7fELF"):
        raise InputError(
            "no Zircon kernel for arm64: a file like qemu-zircon.bin is wanted", where=where
        )


@dataclass(slots=True, eq=False)
class _Job:
    """A program and what became of it."""

    program: Program
    #: As it is sent, and the way back; None if the kernel takes it as it is.
    rewritten: Rewritten | None
    payload: bytes
    seen: ProgramObservation | None = None

    @property
    def sent(self) -> Program:
        return self.program if self.rewritten is None else self.rewritten.program


class ZirconTarget(Closing):
    """Runs programs on one kernel; see `harness.targets.base.Target`."""

    def __init__(
        self,
        name: str,
        *,
        described: Image,
        kernel: Path | None = None,
        avoid_defects: bool = False,
        time_limit_ns: int = TIME_LIMIT_NS,
        grace: float = GRACE,
        boot_bytes: int = BOOT_BYTES,
    ) -> None:
        """*kernel* replaces that of the image *described*, whose agent is the built one.

        With *avoid_defects* programs that would meet a known defect of the edition are left out.
        A program that runs longer than *time_limit_ns* of guest time is ended by the agent; a
        machine that says nothing for *grace* seconds more hangs.  One boot gets at most
        *boot_bytes* of programs.
        """
        self.name = name
        self.image = dataclasses.replace(described, kernel=kernel) if kernel else described
        self.arch = cast(Arch, described.architecture)
        self.runs_code = True
        self.edition = EDITIONS[described.edition]
        #: Machines lost so far, each replaced by a new one.
        self.failures: list[Failure] = []
        #: QEMU's command line as one would type it.
        self.command = ""
        #: Seconds from QEMU's start to the agent, of each boot.
        self.boots: list[float] = []
        self._kernel = kernel
        self._avoid_defects = avoid_defects
        self._time_limit_ns = time_limit_ns
        self._boot_bytes = boot_bytes
        self._silence = time_limit_ns / 1e9 + grace
        self._encoded: EncodedPrograms | None = None
        self._agent = b""
        #: Programs to come or under way, by identity.
        self._jobs: dict[int, _Job] = {}
        self._batch: list[_Job] = []
        self._machine: BootMachine | None = None
        #: What the machine runs, and how far it came.
        self._sent: list[_Job] = []
        self._done = 0
        #: The program that had begun when a machine was lost by what may be no program's doing.
        self._suspected: _Job | None = None
        #: How many of `LOSSES_IN_A_ROW` there have been.
        self._fruitless = 0
        self._watch = _Watch(None)

    # ---- programs --------------------------------------------------------------------------

    def missing_calls(self) -> frozenset[str]:
        """Functions of the ABI that the kernel's edition does not have."""
        return frozenset(wire.VDSO_FUNCTIONS) - calls_of(self.edition.name)

    def expect(self, programs: Sequence[Program]) -> None:
        """Say what `start` will bring, so that one boot can run it all; it begins at once."""
        for program in programs:
            self._job(program)
        self._boot()

    def start(self, programs: Sequence[Program]) -> None:
        """Begin with a batch; what was expected is under way already."""
        known = len(self._jobs)
        self._batch = [self._job(program) for program in programs]
        if len(self._jobs) > known or self._machine is None:
            self._boot()

    def finish(self) -> list[ProgramObservation]:
        """Wait for the batch: one observation per program, in order.

        Raises `MachineError` only if no machine can be kept alive at all.
        """
        for job in self._batch:
            while job.seen is None:
                self._advance()
        seen = [job.seen for job in self._batch if job.seen is not None]
        for job in self._batch:
            self._jobs.pop(id(job.program), None)
        self._batch = []
        return seen

    def _job(self, program: Program) -> _Job:
        job = self._jobs.get(id(program))
        if job is None:
            job = self._jobs[id(program)] = self._new_job(program)
        return job

    def _new_job(self, program: Program) -> _Job:
        answer: Rewritten | Refusal | None = None
        if self.edition is not EDITIONS["2022"]:
            answer = rewrite(program, self.edition, avoid_defects=self._avoid_defects)
        elif program.debugging and DEBUGGING_OPTION not in self.image.command_line:
            answer = Refusal("the kernel is started without calls for debugging")
        if isinstance(answer, Refusal):
            refused = ProgramObservation(program.name, ending="refused", error=answer.reason)
            return _Job(program, None, b"", refused)
        rewritten = answer
        if self._encoded is None:
            self._encoded = EncodedPrograms(
                self.arch, self.missing_calls(), limit_ns=self._time_limit_ns
            )
        job = _Job(program, rewritten, b"")
        job.payload = self._encoded.encode(job.sent)
        return job

    # ---- the machine -----------------------------------------------------------------------

    def _boot(self) -> None:
        """A new machine for everything that has no result yet."""
        self._stop()
        self._sent = self._next_jobs()
        if not self._sent:
            return
        if not self._agent:
            self._agent = read_agent(self.arch)
        self._done = 0
        payloads = [job.payload for job in self._sent]
        self._machine = BootMachine(self.image, self._agent, payloads, kernel=self._kernel)
        self.command = self._machine.command
        self._watch = _Watch(self._machine)

    def _next_jobs(self) -> list[_Job]:
        """Programs without a result, as many as one boot takes."""
        jobs: list[_Job] = []
        size = 0
        for job in self._jobs.values():
            if job.seen is None:
                size += len(job.payload)
                if jobs and size > self._boot_bytes:
                    break
                jobs.append(job)
        return jobs

    def _advance(self) -> None:
        """Take in what has come, or find out why nothing comes."""
        machine = self._machine
        if machine is None:
            self._boot()
            return
        heard = machine.heard
        for record in machine.wait(LOOK):
            self._keep(record)
        if self._done == len(self._sent):
            self._stop()
        elif machine.heard > heard:
            self._watch.mark()
        else:
            trouble = self._trouble(machine)
            if trouble is not None:
                self._lose(machine, *trouble)

    def _keep(self, record: wire.Record) -> None:
        """One result; they come in the order of the programs."""
        job = self._sent[self._done]
        self._done += 1
        try:
            if record.sequence != self._done:
                raise wire.WireError(f"result {record.sequence} came where {self._done} was due")
            seen = decode_result(job.sent, result_payload(record), self.arch)
        except wire.WireError as error:
            job.seen = ProgramObservation(job.program.name, ending="lost", error=str(error))
        else:
            job.seen = seen if job.rewritten is None else job.rewritten.restore(seen)

    def _trouble(self, machine: BootMachine) -> tuple[Verdict, str] | None:
        """Why the machine cannot go on, if so."""
        if machine.ended:
            if machine.ready_after is None:
                return "machine lost", machine.process.early_end()
            return "guest panic", machine.last_words() or "the kernel ended the machine"
        if machine.damage:
            return "machine lost", machine.damage
        if machine.finished:
            return "machine lost", "the agent ended early"
        booting = machine.ready_after is None
        limit = BOOT_LIMIT if booting else self._silence
        if self._watch.silent(limit) <= limit:
            return None
        return "guest hang", f"no {'first process' if booting else 'result'} within {limit:g} s"

    def _lose(self, machine: BootMachine, verdict: Verdict, reason: str) -> None:
        """Go on without the machine, and without the program that is to blame, if there is one."""
        failure = machine.failure(verdict, reason)
        ended_by_others = failure.exit_status in _ENDED_BY_OTHERS
        if machine.ready_after is None and not ended_by_others:
            if not self.boots:
                kernel = str(self._kernel or self.image.kernel)
                raise InputError(f"the kernel does not start: {reason}", where=kernel)
            raise MachineLost(failure)
        job = self._begun(machine)
        # What may be no program's doing accuses one only when it happens to the same one again.
        in_doubt = ended_by_others or bool(machine.damage)
        if job is None or (in_doubt and job is not self._suspected):
            self.failures.append(failure)
            self._suspected = job
            self._fruitless = 0 if self._done > 0 else self._fruitless + 1
            if self._fruitless == LOSSES_IN_A_ROW:
                raise MachineLost(failure)
        else:
            self.failures.append(dataclasses.replace(failure, program=job.program.name))
            self._fruitless = 0
            job.seen = ProgramObservation(
                job.program.name,
                ending="lost",
                error=f"{verdict}: {reason}",
                console=failure.console[-LAST_LINES:],
            )
        self._boot()

    def _begun(self, machine: BootMachine) -> _Job | None:
        """The program that has begun and has no result."""
        return self._sent[self._done] if machine.begun == self._done + 1 else None

    def _stop(self) -> None:
        machine, self._machine = self._machine, None
        if machine is not None:
            if machine.ready_after is not None:
                self.boots.append(machine.ready_after)
            machine.close()

    @property
    def machine(self) -> BootMachine | None:
        """The machine that runs at present, if one does."""
        return self._machine

    @property
    def finished(self) -> int:
        """How many programs have a result from the machine that runs at present."""
        return self._done

    @property
    def console_tail(self) -> tuple[str, ...]:
        """The kernel's last lines."""
        return self._machine.tail() if self._machine else ()

    @property
    def resident(self) -> int:
        """Resident memory of QEMU, bytes; 0 when none runs."""
        return self._machine.process.resident_bytes() if self._machine else 0

    def open_session(self) -> Session:
        """There are none: nothing can be said to a kernel that only reads boot files."""
        raise MachineError(f"{self.name}: programs run from boot files, one by one is impossible")

    def reset(self) -> None:
        """The next batch gets a machine of its own."""
        self._stop()
        self._jobs.clear()

    def close(self) -> None:
        """Stop the machine; idempotent."""
        self._stop()


class _Watch:
    """How long a machine has been silent, by its own time where it computes."""

    def __init__(self, machine: BootMachine | None) -> None:
        self._machine = machine
        self._wall = self._cpu = 0.0
        self.mark()

    def mark(self) -> None:
        """Something has come."""
        self._wall = time.monotonic()
        self._cpu = self._machine.process.cpu_seconds() if self._machine else 0.0

    def silent(self, limit: float) -> float:
        """Seconds since then: of CPU time for a machine that computes, else of the wall.

        Only what is beyond *limit* is worth asking the system for the CPU's.
        """
        wall = time.monotonic() - self._wall
        if wall <= limit:
            return wall
        cpu = self._machine.process.cpu_seconds() - self._cpu if self._machine else 0.0
        return cpu if cpu > wall / 10 else wall


def read_agent(arch: Arch) -> bytes:
    """The first process, as built for our own guest of this architecture."""
    path = image.load(arch).kernel.with_name("agent.elf")
    try:
        return path.read_bytes()
    except OSError as error:
        raise MachineError(f"{path}: {error.strerror}; run: zxh images build") from error
