"""Who watches a directory: channels that are sent what happens to its names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zxio_py.fidl.library.io_types import MAX_TRANSFER_SIZE, WatchEvent
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio.system import System


class Watchers:
    """The watchers of one directory; one that is gone is forgotten when it is next told."""

    def __init__(self, system: System) -> None:
        """Their channels are handles of *system*'s process."""
        self._system = system
        #: Mask by channel.
        self._masks: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self._masks)

    def add(self, mask: int, channel: int, existing: Sequence[bytes]) -> None:
        """One more, who is told of the names that are there, and that these are all."""
        self._masks[channel] = mask
        self._send(channel, WatchEvent.EXISTING, existing)
        self._send(channel, WatchEvent.IDLE, [b""])

    def tell(self, event: WatchEvent, names: Sequence[bytes]) -> None:
        """Tell those who want to hear of it."""
        for channel in list(self._masks):
            self._send(channel, event, names)

    def close(self) -> None:
        """Nothing will happen any more."""
        for channel in self._masks:
            self._system.handle_close(channel)
        self._masks.clear()

    def _send(self, channel: int, event: WatchEvent, names: Sequence[bytes]) -> None:
        if not self._masks.get(channel, 0) & 1 << event:
            return
        try:
            for message in _messages(event, names):
                self._system.channel_write(channel, message, [])
        except ZxError:
            del self._masks[channel]
            self._system.handle_close(channel)


def _messages(event: WatchEvent, names: Sequence[bytes]) -> Iterator[bytes]:
    """Records of event, length and name, in as few messages as they fit."""
    message = b""
    for name in names:
        record = bytes((event, len(name))) + name
        if len(message) + len(record) > MAX_TRANSFER_SIZE:
            yield message
            message = b""
        message += record
    if message:
        yield message
