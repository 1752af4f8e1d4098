"""The guest's serial line: doorbell bytes and console text on one wire.

A byte `layout.DOORBELL` never occurs in text, so the two are told apart by value.
"""

from __future__ import annotations

import contextlib
import socket
from collections import deque

from harness.machine import layout

_DOORBELL = bytes([layout.DOORBELL])

#: Lines kept for failure reports.
TAIL_LINES = 200


class Console:
    """Splits what arrives on the line, keeps the last lines and what nobody has read yet."""

    def __init__(self, line: socket.socket) -> None:
        """Take over *line*, one end of a stream socket pair."""
        line.setblocking(False)
        self._line = line
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._partial = b""
        self._unread: list[bytes] | None = None
        #: Doorbell bytes seen so far.
        self.rings = 0
        #: Whether the other end is closed: QEMU is gone.
        self.ended = False

    def fileno(self) -> int:
        """For `select`."""
        return self._line.fileno()

    def close(self) -> None:
        """Close our end; idempotent."""
        self.ended = True
        self._line.close()

    def ring(self) -> None:
        """Send one doorbell byte to the guest."""
        with contextlib.suppress(BlockingIOError):  # the line is full of doorbells not yet heard
            self.send(_DOORBELL)

    def send(self, data: bytes) -> None:
        """Send bytes to the guest; a closed line is noted, not raised."""
        try:
            self._line.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.ended = True

    def receive(self) -> bool:
        """Take in what has arrived, without waiting; False if there was nothing new."""
        try:
            data = self._line.recv(65536)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            data = b""
        if not data:
            self.ended = True
            return True
        self.feed(data)
        return True

    def drain(self) -> None:
        """Take in everything that has arrived."""
        while not self.ended and self.receive():
            pass

    def feed(self, data: bytes) -> None:
        """Take in bytes of the line."""
        if data == _DOORBELL:
            self.rings += 1
            return
        rings = data.count(_DOORBELL)
        if rings:
            self.rings += rings
            data = data.replace(_DOORBELL, b"")
        if self._unread is not None:
            self._unread.append(data)
        lines = (self._partial + data).split(b"\n")
        self._partial = lines.pop()[-4096:]
        self._tail.extend(line_text(line) for line in lines)

    def tail(self, lines: int = TAIL_LINES) -> tuple[str, ...]:
        """The last lines, oldest first, the unfinished one included."""
        kept = [*self._tail, line_text(self._partial)] if self._partial else list(self._tail)
        return tuple(kept[-lines:])

    def keep_unread(self) -> None:
        """From now on keep text until `take` fetches it."""
        if self._unread is None:
            self._unread = []

    def take(self, size: int | None = None) -> bytes:
        """Text that has arrived since the last time, at most *size* bytes of it."""
        data = b"".join(self._unread or ())
        cut = len(data) if size is None else size
        self._unread = [data[cut:]] if data[cut:] else []
        return data[:cut]


def line_text(line: bytes) -> str:
    """A line as text without control characters, so that it cannot harm a terminal or XML."""
    text = line.rstrip(b"\r").decode("utf-8", "replace")
    return "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in text)
