"""Who makes a call, and where its pointers lead."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import UserFault, ZxError
from zxio_py.kernel.handle import Handle

if TYPE_CHECKING:
    from zxio_py.kernel.thread import Thread

#: A pointer argument: an address at the raw door, a buffer at the Python door; 0 is null at both.
Pointer: TypeAlias = Any

D = TypeVar("D", bound=Dispatcher)


class Caller:
    """A thread at one of the doors: its tables, and how to copy from and to its memory."""

    #: No copy is longer than this many bytes: more cannot be mapped.
    MAX_COPY = 1 << 40

    __slots__ = ("handles", "kernel", "lock", "process", "read", "thread", "write")

    def __init__(
        self,
        thread: Thread,
        read: Callable[[Pointer, int], bytes],
        write: Callable[[Pointer, bytes], None],
    ) -> None:
        self.thread = thread
        self.process = thread.process
        self.kernel = thread.kernel
        self.lock = thread.kernel.lock
        self.handles = thread.process.handles
        #: Copy from and to the caller's memory; UserFault where it is not there.
        self.read = read
        self.write = write

    # Handles -----------------------------------------------------------------------------

    def handle(self, value: int) -> Handle:
        """The handle under *value*; BAD_HANDLE."""
        handle = self.handles.get(value)
        if handle is None:
            raise self.bad_handle()
        return handle

    def bad_handle(self) -> ZxError:
        """The error of naming no handle; the job policy may have more to say."""
        return ZxError(abi.ZX_ERR_BAD_HANDLE)

    def get(self, value: int, kind: type[D], rights: int) -> D:
        """The object under *value*: BAD_HANDLE, then WRONG_TYPE, then ACCESS_DENIED."""
        handle = self.handle(value)
        object = handle.object
        if not isinstance(object, kind):
            raise ZxError(abi.ZX_ERR_WRONG_TYPE)
        if rights & ~handle.rights:
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        return object

    def give(self, *outs: tuple[Pointer, Dispatcher, int]) -> None:
        """Store new handles (pointer, object, rights); if one cannot be stored, all are closed.

        The values are stored first, in order, and become valid only when all are.
        """
        handles = [self.kernel.make_handle(object, rights) for _, object, rights in outs]
        self.install([pointer for pointer, _, _ in outs], handles)

    def install(self, pointers: list[Pointer], handles: list[Handle]) -> None:
        """Store handles that are in no table yet; if one cannot be stored, all are closed."""
        table = self.handles
        values = [table.value_for(handle) for handle in handles]
        try:
            for pointer, value in zip(pointers, values, strict=True):
                self.write(pointer, value.to_bytes(4, "little"))
        except UserFault:
            self.kernel.close_handles(handles)
            raise
        for value, handle in zip(values, handles, strict=True):
            table.put(value, handle)

    def check_policy(self, condition: int) -> None:
        """Ask the job policy; ACCESS_DENIED, or the end of the process."""

    # Memory ------------------------------------------------------------------------------

    def write_u32(self, pointer: Pointer, value: int) -> None:
        """Store 4 bytes."""
        self.write(pointer, value.to_bytes(4, "little"))

    def write_u64(self, pointer: Pointer, value: int) -> None:
        """Store 8 bytes."""
        self.write(pointer, value.to_bytes(8, "little"))
