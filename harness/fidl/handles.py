"""The handles of a conformance case: a table in place of a kernel, which notices misuse."""

from __future__ import annotations

from dataclasses import dataclass

from zxio_py.fidl.message import HandleInfo


@dataclass(slots=True)
class _Slot:
    """A handle value that was given out, and what lies behind it."""

    #: Which of the case's handles it is, or came from.
    index: int
    type: int
    rights: int
    open: bool = True


class HandleTable:
    """Handles by value; it owns those of one message or value."""

    def __init__(self) -> None:
        self._slots: dict[int, _Slot] = {}
        #: What was done wrong, in words.
        self.misuse: list[str] = []

    def add(self, index: int, type: int, rights: int) -> int:
        """A new handle to the case's handle *index*."""
        value = (len(self._slots) + 1) << 4 | 3
        self._slots[value] = _Slot(index, type, rights)
        return value

    def info(self, handle: int) -> HandleInfo:
        """What a message that carries *handle* tells of it."""
        slot = self._slots[handle]
        return HandleInfo(handle, slot.type, slot.rights)

    def index(self, handle: int) -> int:
        """Which of the case's handles *handle* is."""
        return self._slots[handle].index

    def still_open(self) -> list[int]:
        """Handles that nobody closed, in the order in which they came to be."""
        return [handle for handle, slot in self._slots.items() if slot.open]

    def handle_close(self, handle: int) -> None:
        """As zx_handle_close; a handle that is not open is noted."""
        slot = self._slots.get(handle)
        if slot is None or not slot.open:
            self.misuse.append(f"handle {handle:#x} is closed, but not open")
        else:
            slot.open = False

    def handle_replace(self, handle: int, rights: int) -> int:
        """As zx_handle_replace; rights that the handle does not have are noted."""
        slot = self._slots[handle]
        if rights & ~slot.rights:
            self.misuse.append(f"handle {slot.index} gets rights that it had not")
        self.handle_close(handle)
        return self.add(slot.index, slot.type, rights)
