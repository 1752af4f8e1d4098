"""A machine's console for pexpect: for people, tests and panic text, never for a verdict."""

from __future__ import annotations

import time

from pexpect.exceptions import EOF, TIMEOUT
from pexpect.spawnbase import SpawnBase

from harness.machine.machine import Machine


class ConsoleSpawn(SpawnBase):  # type: ignore[misc]
    """``expect`` and ``send`` on the guest's serial line; doorbell bytes do not show."""

    def __init__(self, machine: Machine, timeout: float = 30) -> None:
        """*timeout* is what ``expect`` waits by default, in seconds."""
        super().__init__(timeout=timeout)
        self.child_fd = machine.console.fileno()
        self._machine = machine
        machine.console.keep_unread()

    def send(self, text: bytes) -> int:
        """Type *text*; how many bytes that is."""
        self._machine.console.send(text)
        return len(text)

    def read_nonblocking(self, size: int = 1, timeout: float | None = None) -> bytes:
        """What the guest has said; waits up to *timeout* seconds for the first of it."""
        end = None if timeout is None else time.monotonic() + timeout
        while not (text := self._machine.console.take(size)):
            if self._machine.console.ended:
                self.flag_eof = True
                raise EOF("QEMU has ended")
            left = 3600.0 if end is None else end - time.monotonic()
            if left <= 0:
                raise TIMEOUT("the guest said nothing more")
            self._machine.wait(left)
        return text
