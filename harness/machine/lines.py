"""Results as lines on a console, between the lines of a kernel that knows nothing of them.

The agent's side is ``guest/user/transport_console.c``: each line begins with `wire.LINE_MARK`, is
printed whole, and carries in base64 its number, a CRC-32 and a piece of one stream of records, in
which runs of zeros and of untouched bytes are shortened.
What is no such line is the kernel's and kept as text.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
import zlib
from collections import deque

from harness.machine.console import TAIL_LINES, line_text
from harness.machine.layout import RECORD
from harness.program import wire
from harness.program.wire import Record, WireError, read_record

_MARK = bytes([wire.LINE_MARK])
_HEADER = struct.Struct("<II")
#: A run as a line carries it.
_PACKED_RUN = re.compile(b"([%c%c])(.?)" % (wire.LINE_RUN_ZERO, wire.LINE_RUN_UNTOUCHED), re.DOTALL)

#: Longest line that is waited for; what is longer without an end is text.
LONGEST_LINE = 4096
#: Longest record that can be meant.
LONGEST_RECORD = 64 * 1024 * 1024


class _DamagedError(Exception):
    """A line is not what was sent."""


class ResultLines:
    """Takes in what arrives on the console and finds the records in it."""

    def __init__(self) -> None:
        self._partial = b""
        self._stream = bytearray()
        self._lines = 0
        self._text: deque[str] = deque(maxlen=TAIL_LINES)
        self._records: list[Record] = []
        #: Why the stream of results has ended early: a line was lost or changed on its way.
        self.damage = ""

    def feed(self, data: bytes) -> None:
        """Take in bytes of the console, cut anywhere."""
        lines = (self._partial + data).split(b"\n")
        self._partial = lines.pop()
        if len(self._partial) > LONGEST_LINE:
            lines.append(self._partial)
            self._partial = b""
        for line in lines:
            text, mark, rest = line.rstrip(b"\r").rpartition(_MARK)
            frame = _frame(rest) if mark else None
            if frame is None:  # the kernel has that character too
                text = line
            elif not self.damage:
                try:
                    self._take(frame)
                except _DamagedError as error:
                    self.damage = str(error)
            if text.strip(b"\r"):
                self._text.append(line_text(text[-LONGEST_LINE:]))

    def take(self) -> list[Record]:
        """The records that have become complete since the last time."""
        records, self._records = self._records, []
        return records

    def tail(self, lines: int = TAIL_LINES) -> tuple[str, ...]:
        """The kernel's last lines, oldest first, the unfinished one included."""
        kept = list(self._text)
        if self._partial and not self._partial.startswith(_MARK):
            kept.append(line_text(self._partial))
        return tuple(kept[-lines:])

    def _take(self, frame: bytes) -> None:
        number, crc = _HEADER.unpack_from(frame)
        piece = frame[_HEADER.size :]
        if zlib.crc32(number.to_bytes(4, "little") + piece) != crc:
            raise _DamagedError(f"line {self._lines} of the results has a wrong checksum")
        if number != self._lines:
            raise _DamagedError(f"line {number} of the results came where {self._lines} was due")
        self._lines += 1
        self._stream += _PACKED_RUN.sub(_run, piece)
        self._complete()

    def _complete(self) -> None:
        while len(self._stream) >= RECORD.size:
            length = int.from_bytes(self._stream[:4], "little")
            if length > LONGEST_RECORD:
                raise _DamagedError(f"a result of {length} bytes cannot be")
            size = RECORD.size + length + -length % 8
            if len(self._stream) < size:
                return
            try:
                self._records.append(read_record(bytes(self._stream[:size]), 0))
            except WireError as error:
                raise _DamagedError(str(error)) from None
            del self._stream[:size]


def _run(found: re.Match[bytes]) -> bytes:
    if found[2] in (b"", b"\0"):
        raise _DamagedError("a line of the results has a run without a length")
    return found[1] * found[2][0]


def _frame(text: bytes) -> bytes | None:
    """What a line carries; None if it is none of ours."""
    try:
        frame = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return frame if len(frame) > _HEADER.size else None
