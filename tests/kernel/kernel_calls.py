"""Short ways to make calls through the raw door."""

from __future__ import annotations

from collections.abc import Callable

from zxio_py import abi
from zxio_py.kernel import Process, Thread, ZxError


class Raw:
    """The raw door of one thread, with a scratch page for its out pointers."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.thread: Thread = process.create_thread("main")
        self.page = process.aspace.map(0x4000, "rw")

    def __call__(self, name: str, *args: int) -> int:
        registers = tuple(arg & 0xFFFFFFFFFFFFFFFF for arg in args)
        return self.process.kernel.syscall(self.thread, name, registers)

    def put(self, data: bytes, offset: int = 0x1000) -> int:
        """Store *data* in the scratch page and return its address."""
        self.process.aspace.write(self.page + offset, data)
        return self.page + offset

    def u32(self, offset: int = 0) -> int:
        return int.from_bytes(self.process.aspace.read(self.page + offset, 4), "little")

    def u64(self, offset: int = 0) -> int:
        return int.from_bytes(self.process.aspace.read(self.page + offset, 8), "little")

    def handle(self, name: str, *args: int) -> int:
        """Make an object whose only out pointer is last; its handle."""
        assert self(name, *args, self.page) == abi.ZX_OK
        return self.u32()

    def pair(self, name: str, *args: int) -> tuple[int, int]:
        assert self(name, *args, self.page, self.page + 4) == abi.ZX_OK
        return self.u32(), self.u32(4)

    def live(self, handle: int) -> bool:
        return self("zx_object_get_info", handle, abi.ZX_INFO_HANDLE_VALID) == abi.ZX_OK

    def signals(self, handle: int) -> int:
        self("zx_object_wait_one", handle, 0, 0, self.page + 0x800)
        return self.u32(0x800)


def status_of(call: Callable[..., object], *args: object) -> int:
    """The status with which *call* fails, 0 if it does not."""
    try:
        call(*args)
    except ZxError as error:
        return error.status
    return abi.ZX_OK
