"""A machine: one QEMU with its console, its shared memory and its control connection."""

from __future__ import annotations

import contextlib
import select
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from harness.errors import MachineError
from harness.machine import layout
from harness.machine.console import Console
from harness.machine.image import Image
from harness.machine.placement import Placement
from harness.machine.qemu import QemuProcess, shell_form
from harness.machine.share import Panic, Share

if TYPE_CHECKING:
    from harness.machine.qmp import Qmp

#: Seconds a guest may take from start or reset until its agent is ready; it takes well below one.
READY_LIMIT = 30.0

#: Seconds a panicking guest has to print its report.
PANIC_LIMIT = 2.0

Verdict = Literal["guest panic", "guest hang", "machine lost"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a machine could not go on, with all that is known about it."""

    verdict: Verdict
    #: One sentence: what was seen.
    reason: str
    image: str
    #: QEMU's command line as one would type it.
    command: str
    #: QEMU's exit status; None if it still ran.
    exit_status: int | None
    console: tuple[str, ...]
    #: QEMU's own messages.
    errors: str
    #: The CPU's registers as QEMU prints them; empty if it is gone.
    registers: str
    panic: Panic | None = None
    #: Function, file and line of each frame, innermost first, as far as known.
    backtrace: tuple[str, ...] = ()
    #: Name of the program that ran; empty if none did.
    program: str = ""

    def text(self) -> str:
        """The report for a terminal."""
        lines = [f"{self.verdict} on {self.image}: {self.reason}"]
        if self.program:
            lines.append(f"  program: {self.program}")
        lines.append(f"  command: {self.command}")
        if self.exit_status is not None:
            lines.append(f"  exit status: {self.exit_status}")
        for title, body in (
            ("backtrace", self.backtrace),
            ("registers", tuple(self.registers.splitlines())),
            ("QEMU said", tuple(self.errors.splitlines())),
            ("console", self.console[-40:]),
        ):
            if body:
                lines.append(f"  {title}:")
                lines += [f"    {line}" for line in body]
        return "\n".join(lines)


class MachineLost(MachineError):
    """A machine that cannot go on; carries the `Failure`."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text())
        self.failure = failure


@dataclass(slots=True)
class Machine:
    """A started machine.  Use it as a context manager, or call `close`."""

    image: Image
    kernel: Path | None = None
    extra: tuple[str, ...] = ()
    #: The guest's initial RAM disk, if it gets one.
    initrd: bytes | None = None
    #: `time.monotonic` of the start.
    started: float = field(init=False)
    process: QemuProcess = field(init=False)
    placement: Placement = field(init=False)
    console: Console = field(init=False)
    share: Share = field(init=False)
    _poll: select.poll = field(init=False)
    _qmp: Qmp | None = field(init=False, default=None)
    _closed: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        """Start QEMU and return at once; `wait_ready` waits for the guest."""
        self.started = time.monotonic()
        if self.image.programs != "shared memory":
            raise MachineError(f"{self.image.name} has no memory shared with the host")
        self.process = QemuProcess(
            self.image, kernel=self.kernel, extra=self.extra, initrd=self.initrd
        )
        assert self.process.console is not None
        self.placement = Placement(self.process.pid)
        self.console = Console(self.process.console)
        self._poll = select.poll()
        self._poll.register(self.console.fileno(), select.POLLIN)
        self.share = Share(self.process.ram, self.image.memory_bytes - layout.SHARE_SIZE)

    # ---- waiting ---------------------------------------------------------------------------

    def wait(self, limit: float) -> bool:
        """Wait up to *limit* seconds for anything on the serial line and take it in.

        False if nothing came.  The end of QEMU shows as ``console.ended``.
        """
        if not self._poll.poll(limit * 1000):
            return False
        return self.console.receive()

    def wait_ready(self, limit: float = READY_LIMIT) -> None:
        """Wait until the agent takes programs; raises `MachineLost` if it does not."""
        end = time.monotonic() + limit
        while not self.share.ready:
            if self.console.ended:
                raise MachineLost(self.failure("machine lost", self.process.early_end()))
            if self.share.panicked:
                raise MachineLost(self.failure("guest panic", "the guest panicked as it started"))
            left = end - time.monotonic()
            if left <= 0:
                reason = f"the guest was not ready {limit:g} s after its start"
                raise MachineLost(self.failure("guest hang", reason))
            self.wait(left)

    # ---- control ---------------------------------------------------------------------------

    @property
    def qmp(self) -> Qmp:
        """The control connection, made at its first use."""
        if self._qmp is None:
            from harness.machine.qmp import Qmp  # costs more than a machine's start

            self._qmp = Qmp(self.process.qmp, self.console)
        return self._qmp

    def reset(self) -> None:
        """Reset the machine (the power stays on) and wait until its agent is ready again."""
        self.share.forget_guest()
        self.placement.spread()  # a start keeps QEMU's CPU busy while its main loop is needed
        self.qmp.execute("system_reset")
        self.wait_ready()

    def registers(self) -> str:
        """The CPU's registers as QEMU prints them; empty if it cannot be asked."""
        if self.process.exit_status is not None:
            return ""
        try:
            return self.qmp.monitor("info registers").strip().replace("\r", "")
        except MachineError:
            return ""

    # ---- evidence --------------------------------------------------------------------------

    def failure(self, verdict: Verdict, reason: str, program: str = "") -> Failure:
        """Collect everything known about a machine that cannot go on."""
        if verdict == "guest panic":
            self._hear_out()
        self.console.drain()
        exit_status = self.process.wait(2) if self.console.ended else self.process.exit_status
        panic = self.share.panic(self.image.architecture)
        return Failure(
            verdict=verdict,
            reason=f"{reason}: {panic.message}" if panic and panic.message else reason,
            image=self.image.name,
            command=shell_form(self.process.command),
            exit_status=exit_status,
            console=self.console.tail(),
            errors=self.process.errors(),
            registers=_register_text(panic) if panic else self.registers(),
            panic=panic,
            backtrace=self._backtrace(panic),
            program=program,
        )

    def close(self) -> None:
        """Stop QEMU and release everything; idempotent."""
        if self._closed:
            return
        self._closed = True
        # QEMU first: with its end of the line closed, disconnecting has nothing to wait for.
        self.share.close()
        self.process.close()
        self.console.close()
        if self._qmp is not None:
            self._qmp.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _hear_out(self) -> None:
        """Let a panicking guest finish what it has to say: QEMU stops it when it is done."""
        with contextlib.suppress(MachineError):
            if self.qmp.status() != "guest-panicked":
                self.qmp.wait_event("GUEST_PANICKED", PANIC_LIMIT)

    def _backtrace(self, panic: Panic | None) -> tuple[str, ...]:
        if panic is None:
            return ()
        from harness.machine.symbolize import Symbols

        pc = panic.registers.get("rip", panic.registers.get("pc"))
        first = () if pc is None or panic.frames[:1] == (pc,) else (pc,)
        addresses = first + panic.frames
        symbols = Symbols(self.kernel or self.image.kernel)
        # A return address lies behind its call: look up the byte before it.  Only the first one
        # of a trap is none.
        return tuple(
            line
            for index, address in enumerate(addresses)
            for line in symbols.describe(address, address - (1 if index or pc is None else 0))
        )


def _register_text(panic: Panic) -> str:
    cells = [f"{name:>8} {value:016x}" for name, value in panic.registers.items()]
    return "\n".join("  ".join(cells[i : i + 4]) for i in range(0, len(cells), 4))
