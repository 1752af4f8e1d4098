"""Advisory locks of whole nodes: many readers or one writer."""

from __future__ import annotations

from collections.abc import Callable, Hashable

#: Whoever has a lock or waits for one.
Holder = Hashable


class Lock:
    """The lock of one node; who waits is told, first come, first served."""

    def __init__(self) -> None:
        self._readers: set[Holder] = set()
        self._writer: Holder | None = None
        #: Holder, whether to write, whom to tell.
        self._waiting: list[tuple[Holder, bool, Callable[[], None]]] = []

    @property
    def unused(self) -> bool:
        """Whether nobody has it or waits for it."""
        return not self._readers and self._writer is None and not self._waiting

    def take(self, holder: Holder, write: bool) -> bool:
        """Take it, or change how it is held; whether that was possible at once."""
        others = self._readers - {holder}
        if self._writer not in (None, holder) or (write and others):
            return False
        self._readers.discard(holder)
        self._writer = None
        if write:
            self._writer = holder
        else:
            self._readers.add(holder)
            self._serve_waiting()
        return True

    def wait(self, holder: Holder, write: bool, granted: Callable[[], None]) -> None:
        """Take it as soon as that is possible."""
        self._waiting.append((holder, write, granted))

    def release(self, holder: Holder) -> None:
        """Give it up; whoever has not got it gives up nothing."""
        self._readers.discard(holder)
        if self._writer == holder:
            self._writer = None
        self._serve_waiting()

    def forget(self, holder: Holder) -> None:
        """Give it up, and wait no more."""
        self._waiting = [entry for entry in self._waiting if entry[0] != holder]
        self.release(holder)

    def _serve_waiting(self) -> None:
        while self._waiting:
            holder, write, granted = self._waiting[0]
            others = self._readers - {holder}
            if self._writer not in (None, holder) or (write and others):
                return
            del self._waiting[0]
            self.take(holder, write)
            granted()
