"""A machine whose programs come in boot files and whose results leave over the console.

It runs one list of programs from its start to its end; for other programs another one is started.
Any kernel that starts a first process from a boot file system will do, our own among them.
"""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import MachineError
from harness.machine.image import Image
from harness.machine.lines import ResultLines
from harness.machine.machine import Failure, Verdict
from harness.machine.qemu import QemuProcess, shell_form
from harness.program import wire
from harness.program.wire import Record, make_record
from harness.zbi import container

if TYPE_CHECKING:
    from harness.machine.qmp import Qmp

#: Names of the boot files: the first process, and its programs (``guest/user/boot_files.h``).
AGENT_FILE = "bin/agent"
PROGRAMS_FILE = "data/programs"

#: A panic's reason goes up to what the kernel says next.
_PANIC = re.compile(r"^panic \([^)]*\): (.*?)(?=\n(?:platform_halt|bt#|\[)|\Z)", re.M | re.S)

#: Lines of the console that go into a report.
REPORTED_LINES = 60


class BootMachine:
    """One boot with one list of programs."""

    def __init__(
        self, image: Image, agent: bytes, payloads: Sequence[bytes], *, kernel: Path | None = None
    ) -> None:
        """Start QEMU and return at once.

        *agent* is the first process's ELF, *payloads* those of the programs' requests.  Raises
        `MachineError` if QEMU or the kernel is missing.
        """
        self.image = image
        self.started = time.monotonic()
        programs = b"".join(
            make_record(wire.KIND_PROGRAM, number, payload)
            for number, payload in enumerate(payloads, 1)
        )
        self.process = QemuProcess(
            image,
            kernel=kernel,
            initrd=container.make_bootdata(
                {AGENT_FILE: agent, PROGRAMS_FILE: programs}, edition="2018"
            ),
        )
        os.set_blocking(self.process.output, False)
        self._poll = select.poll()
        self._poll.register(self.process.output, select.POLLIN)
        self._lines = ResultLines()
        self._qmp: Qmp | None = None
        #: Records the agent has sent so far, of any kind.
        self.heard = 0
        #: Seconds from the start of QEMU until the agent was ready; None before.
        self.ready_after: float | None = None
        #: Number of the program that has begun last, from 1; 0 before the first.
        self.begun = 0
        #: Whether the agent has said that all is done.
        self.finished = False
        #: Whether QEMU is gone.
        self.ended = False

    @property
    def command(self) -> str:
        """QEMU's command line as one would type it."""
        return shell_form(self.process.command)

    @property
    def damage(self) -> str:
        """Why the results end early although the machine runs; empty if they do not."""
        return self._lines.damage

    def fileno(self) -> int:
        """What the console says, for `select`."""
        return self.process.output

    def wait(self, limit: float) -> list[Record]:
        """Wait up to *limit* seconds for anything on the console: the results it completes."""
        if not self.ended and self._poll.poll(limit * 1000):
            self.receive()
        results = []
        for record in self._lines.take():
            self.heard += 1
            if record.kind == wire.KIND_READY:
                self.ready_after = time.monotonic() - self.started
            elif record.kind == wire.KIND_BEGUN:
                self.begun = record.sequence
            elif record.kind == wire.KIND_END:
                self.finished = True
            else:
                results.append(record)
        return results

    def receive(self) -> bool:
        """Take in what has arrived, without waiting; False if there was nothing new."""
        try:
            data = os.read(self.fileno(), 1 << 18)
        except BlockingIOError:
            return False
        self.ended = not data
        self._lines.feed(data)
        return True

    def failure(self, verdict: Verdict, reason: str) -> Failure:
        """Everything known about a machine that cannot go on."""
        status = self.process.wait(2) if self.ended else self.process.exit_status
        return Failure(
            verdict=verdict,
            reason=reason,
            image=self.image.name,
            command=self.command,
            exit_status=status,
            console=self._lines.tail(REPORTED_LINES),
            errors=self.process.errors(),
            registers="" if status is not None else self._registers(),
        )

    def tail(self) -> tuple[str, ...]:
        """The kernel's last lines."""
        return self._lines.tail()

    def last_words(self) -> str:
        """What a Zircon kernel gave as the reason of its panic; empty if it gave none."""
        said = "\n".join(self._lines.tail())
        found = _PANIC.search(said)
        return " ".join(found[1].split()) if found else ""

    @property
    def qmp(self) -> Qmp:
        """The control connection, made at its first use."""
        if self._qmp is None:
            from harness.machine.qmp import Qmp

            self._qmp = Qmp(self.process.qmp, self)
        return self._qmp

    def _registers(self) -> str:
        try:
            return self.qmp.monitor("info registers").strip().replace("\r", "")
        except MachineError:
            return ""

    def close(self) -> None:
        """Stop QEMU and release everything; idempotent."""
        if self._qmp is not None:
            self._qmp.close()
            self._qmp = None
        self.process.close()
