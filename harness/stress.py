"""Stress: a guest kernel under random calls of many threads, and what is left of it.

The program in the guest (``guest/stress``) works in rounds and tells about them on the console.
Between rounds what the kernel counts must be what it was.
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.errors import InputError, MachineError
from harness.machine import image
from harness.machine.machine import Failure, Machine, Verdict
from harness.zbi import container

#: Seconds without a word from the guest, after which it counts as hung; a round takes below one.
SILENCE_LIMIT = 30.0

#: Name of the program among the boot files.
PROGRAM_FILE = "bin/stress"
#: Where the container goes on arm64: QEMU loads one by itself for kernels in Linux's format only.
_INITRD_ADDRESSES = {"x86_64": 0, "arm64": 0x42000000}

#: The guest's time is the number of its instructions, and none goes by while it sleeps: so a run
#: depends on its seed only, and can be repeated.
_COUNTED = ("-icount", "shift=2,sleep=off")

#: What the program says, and what the kernel says of its end.
_LINE = re.compile(rb"^(?:stress|userboot): (.*)$", re.MULTILINE)
_CALL = re.compile(r"call (\w+) (\d+) (\d+) (\d+)")

Ending = Literal["passed", "leak", "failed", "guest panic", "guest hang", "machine lost"]


@dataclass(frozen=True, slots=True)
class Counts:
    """What a kernel holds."""

    objects: int
    handles: int
    pages: int

    def above(self, before: Counts) -> dict[str, int]:
        """What there is more of than before."""
        now, then = dataclasses.asdict(self), dataclasses.asdict(before)
        return {name: now[name] - then[name] for name in now if now[name] > then[name]}


@dataclass(frozen=True, slots=True)
class Tally:
    """Calls of one function."""

    made: int
    succeeded: int
    #: Failed for want of memory.
    no_memory: int


@dataclass(slots=True)
class Stress:
    """What came of a run."""

    target: str
    calls: int
    seed: int
    first_round: int
    #: Calls made, as far as the guest has told.
    made: int = 0
    #: The round that is under way, or would be next.
    round: int = 0
    seconds: float = 0.0
    #: What the kernel held after the first round.
    held: Counts | None = None
    #: What it held when it was looked at last.
    holds: Counts | None = None
    #: By round: what it held more after it than after any before.
    leaks: dict[int, dict[str, int]] = field(default_factory=dict)
    functions: dict[str, Tally] = field(default_factory=dict)
    #: What the guest's program itself complains about.
    complaint: str = ""
    failure: Failure | None = None
    finished: bool = False

    @property
    def ending(self) -> Ending:
        """The verdict in a word."""
        if self.failure is not None:
            return self.failure.verdict
        if self.complaint:
            return "failed"
        return "leak" if self.leaks else "passed"

    @property
    def exit_status(self) -> int:
        """0: passed; 1: something was left behind or refused; 3: the machine was lost."""
        if self.failure is not None:
            return MachineError.exit_code
        return 0 if self.ending == "passed" else 1

    @property
    def rounds(self) -> int:
        """Rounds that have ended."""
        return self.round - self.first_round

    def document(self) -> dict[str, Any]:
        """The report as JSON data."""
        return {"format": "zx-stress/1", "ending": self.ending, **dataclasses.asdict(self)}


def program_of(described: image.Image) -> bytes:
    """The stress program beside an image's kernel."""
    path = described.kernel.with_name("stress.elf")
    try:
        return path.read_bytes()
    except OSError as error:
        raise MachineError(f"{path}: {error.strerror}; run: {described.build_command}") from error


def run(
    target: str,
    *,
    calls: int,
    seed: int,
    first_round: int = 0,
    progress: Callable[[Stress], None] = lambda _: None,
) -> Stress:
    """Make *calls* calls on the image *target*; *progress* is called after each round."""
    described = image.load(target)
    if described.programs != "shared memory":
        raise InputError(f"{target} is no kernel of ours: it cannot be asked what it holds")
    words = f"userboot={PROGRAM_FILE} stress.calls={calls} stress.seed={seed}"
    words += f" stress.round={first_round} userboot.share preempt"
    words += " kernel.enable-debugging-syscalls=true"
    address = _INITRD_ADDRESSES[described.architecture]
    if address:
        words += f" initrd={address:#x}"
    files = {PROGRAM_FILE: program_of(described)}
    disk = container.make_bootdata(files, edition="2018")
    command_line = f"{described.command_line} {words}".strip()
    described = dataclasses.replace(described, command_line=command_line, initrd_address=address)
    stress = Stress(target, calls, seed, first_round, round=first_round)
    with Machine(described, extra=_COUNTED, initrd=disk) as machine:
        _Watch(machine, stress, progress).watch()
    return stress


class _Watch:
    """Follows what the guest says until it ends, in whatever way."""

    def __init__(
        self, machine: Machine, stress: Stress, progress: Callable[[Stress], None]
    ) -> None:
        machine.console.keep_unread()
        self._machine = machine
        self._stress = stress
        self._progress = progress
        self._text = b""
        self._most: Counts | None = None

    def watch(self) -> None:
        """Return when there is a verdict."""
        began = heard = time.monotonic()
        while not self._is_over():
            left = heard + SILENCE_LIMIT - time.monotonic()
            if left <= 0:
                reason = f"the guest has said nothing for {SILENCE_LIMIT:g} s"
                self._lost("guest hang", reason)
            elif self._machine.wait(left):
                lines = self._lines()
                heard = time.monotonic() if lines else heard
                for line in lines:
                    self._take(line)
            self._stress.seconds = time.monotonic() - began

    def _is_over(self) -> bool:
        if self._stress.failure is None and self._machine.share.panicked:
            self._lost("guest panic", "the guest kernel panicked")
        elif self._stress.failure is None and self._machine.console.ended:
            self._lost("machine lost", "QEMU ended")
        stress = self._stress
        return stress.finished or bool(stress.complaint) or stress.failure is not None

    def _lost(self, verdict: Verdict, reason: str) -> None:
        program = f"stress --seed {self._stress.seed} --round {self._stress.round}"
        self._stress.failure = self._machine.failure(verdict, reason, program)

    def _lines(self) -> list[str]:
        """The program's own lines that have arrived whole."""
        self._text += self._machine.console.take().replace(b"\r", b"")
        whole, _, self._text = self._text.rpartition(b"\n")
        return [found.decode("ascii", "replace") for found in _LINE.findall(whole)]

    def _take(self, line: str) -> None:
        word, *rest = line.split()
        if word == "round":
            self._round(*(int(number) for number in rest))
        elif word == "end":
            self._stress.finished = True
        elif found := _CALL.fullmatch(line):
            numbers = (int(number) for number in found.groups()[1:])
            self._stress.functions[found[1]] = Tally(*numbers)
        else:
            self._stress.complaint = line

    def _round(self, number: int, made: int, objects: int, handles: int, pages: int) -> None:
        """A round has ended: what the kernel holds must be what it held after the first."""
        stress = self._stress
        stress.round, stress.made = number + 1, made
        stress.holds = Counts(objects, handles, pages)
        if self._most is None:
            stress.held = self._most = stress.holds
        elif more := stress.holds.above(self._most):
            stress.leaks[number] = more
            self._most = stress.holds
        self._progress(stress)
