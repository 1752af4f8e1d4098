"""Objects to test with, by the functions with C names."""

from __future__ import annotations

import threading
from collections.abc import Callable

from zxio_py import abi
from zxio_py.kernel import Kernel
from zxio_py.kernel.door import Door
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio import (
    Storage,
    System,
    Zxio,
    zxio_create,
    zxio_default_init,
    zxio_null_init,
    zxio_read,
    zxio_write,
)

ALPHABET = b"abcdefghijklmnopqrstuvwxyz"


def pair(system: System, options: int = 0) -> tuple[int, int]:
    """Two ends of a kernel socket."""
    first, second = Door(system.process).socket_create(options)
    return first, second


def make(system: System, handle: int, status: int = abi.ZX_OK) -> Zxio:
    """The object for a handle, whose creation must give *status*."""
    storage = Storage(system)
    assert zxio_create(handle, storage) == status
    return storage.io


def pipes(system: System, options: int = 0) -> tuple[Zxio, Zxio]:
    """Both ends of a socket as objects."""
    first, second = pair(system, options)
    return make(system, first), make(system, second)


def vmo_with(system: System, contents: bytes, options: int = 0) -> int:
    """A VMO of just these contents."""
    vmo = Door(system.process).vmo_create(len(contents), options)
    assert isinstance(vmo, int)
    system.vmo_write(vmo, contents, 0)
    return vmo


def vmo_object(system: System, contents: bytes = ALPHABET, options: int = 0) -> Zxio:
    """A file in memory."""
    return make(system, vmo_with(system, contents, options))


def default_object(system: System) -> Zxio:
    """A default object."""
    io = Storage(system).io
    assert zxio_default_init(io) == abi.ZX_OK
    return io


def null_object(system: System) -> Zxio:
    """A null object."""
    io = Storage(system).io
    assert zxio_null_init(io) == abi.ZX_OK
    return io


def log_handle(kernel: Kernel, system: System) -> int:
    """A debuglog that can be read as well."""
    with kernel.lock:
        resource = system.process.handles.add(
            kernel.make_handle(kernel.root_resource, abi.ZX_DEFAULT_RESOURCE_RIGHTS)
        )
    handle = Door(system.process).debuglog_create(resource, abi.ZX_LOG_FLAG_READABLE)
    assert isinstance(handle, int)
    return handle


def read(io: Zxio, size: int, flags: int = 0) -> tuple[int, bytes]:
    """Status and bytes of a read."""
    buffer = bytearray(size)
    status, actual = zxio_read(io, buffer, size, flags)
    return status, bytes(buffer[:actual])


def write(io: Zxio, data: bytes, flags: int = 0) -> tuple[int, int]:
    """Status and count of a write."""
    return zxio_write(io, data, len(data), flags)


class Log:
    """A log and an object that writes to it."""

    def __init__(self, kernel: Kernel, system: System) -> None:
        self._zx = Door(system.process)
        self._handle = log_handle(kernel, system)
        self._system = system
        self.io = make(system, self.duplicate())
        self.records()

    def duplicate(self) -> int:
        """A handle for one more object."""
        return self._system.handle_duplicate(self._handle, abi.ZX_RIGHT_SAME_RIGHTS)

    def records(self) -> list[bytes]:
        """The text of records that were not read yet."""
        found: list[bytes] = []
        while True:
            try:
                record = self._zx.debuglog_read(self._handle, 0, abi.ZX_LOG_RECORD_MAX)
            except ZxError as error:
                if error.status != abi.ZX_ERR_SHOULD_WAIT:
                    raise
                return found
            assert isinstance(record, bytes)
            size = int.from_bytes(record[12:14], "little")
            found.append(record[abi.STRUCTS["zx_log_record_t"].size :][:size])


def event(system: System) -> int:
    """A handle to pass on."""
    handle = Door(system.process).event_create(0)
    assert isinstance(handle, int)
    return handle


def is_live(system: System, handle: int) -> bool:
    """Whether the process has that handle."""
    return system.process.handles.get(handle) is not None


def in_threads(count: int, body: Callable[[int], None]) -> None:
    """Run *body* in that many threads at once; a failure of one is raised."""
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            body(number)
        except AssertionError as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
