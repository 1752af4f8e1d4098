"""The handle of an object, which can be taken out."""

from __future__ import annotations

from threading import Lock

from zxio_py import abi


class OwnedHandle:
    """A handle in its place; of several threads that release an object one gets it."""

    __slots__ = ("_lock", "value")

    def __init__(self, handle: int) -> None:
        self._lock = Lock()
        #: The handle, ZX_HANDLE_INVALID once it was taken.
        self.value = handle

    def take(self) -> int:
        """Take the handle out of its place, where there is none afterwards."""
        with self._lock:
            handle, self.value = self.value, abi.ZX_HANDLE_INVALID
        return handle
