"""The system calls that zxio makes, on behalf of one process.

Each method is one call: it raises `ZxError` with a failing status and returns the outputs.  Where
a call takes the caller's memory, a pointer is a Python buffer or an address in the process's
emulated address space: library use and programs share everything above this line.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from struct import Struct
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.caller import Caller
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.pages import PAGE_SIZE
from zxio_py.kernel.raw import ENTRIES
from zxio_py.kernel.thread import Thread
from zxio_py.zxio.vector import Entries, Pointer, Vector

if TYPE_CHECKING:
    from zxio_py.fidl.message import HandleDisposition, HandleInfo

_BASIC_INFO = abi.STRUCTS["zx_info_handle_basic_t"]
_SOCKET_INFO = abi.STRUCTS["zx_info_socket_t"]
#: Address and capacity of a zx_iovec_t.
_IOVEC = Struct("<QQ")
#: zx_handle_disposition_t, of which the last number is the kernel's.
_DISPOSITION = Struct("<IIIIi")
#: zx_handle_info_t.
_HANDLE_INFO = Struct("<IIIxxxx")
#: zx_channel_call_etc_args_t.
_CALL_ARGS = Struct("<QQQQIIII")


#: Python buffers that an array of zx_iovec_t points to lie, for the kernel, at addresses that no
#: program has: buffer number, then offset.
_WINDOW = 0xF << 60
_OFFSET_BITS = 40
_OFFSET_MASK = (1 << _OFFSET_BITS) - 1

#: Most bytes that one malloc gives.
_LARGEST_BLOCK = 1 << 40


class _Caller(Caller):
    """A caller whose pointers are addresses, Python buffers or addresses in *window*."""

    __slots__ = ()

    def __init__(self, thread: Thread, window: Mapping[int, Pointer]) -> None:
        aspace = thread.process.aspace

        def read(pointer: Pointer, size: int) -> bytes:
            if not isinstance(pointer, int):
                return bytes(memoryview(pointer)[:size])
            if pointer >= _WINDOW and (buffer := window.get(pointer >> _OFFSET_BITS)) is not None:
                start = pointer & _OFFSET_MASK
                return bytes(memoryview(buffer)[start : start + size])
            return aspace.copy_in(pointer, size)

        def write(pointer: Pointer, data: bytes | bytearray) -> None:
            if not isinstance(pointer, int):
                pointer[: len(data)] = data
            elif pointer >= _WINDOW and (buffer := window.get(pointer >> _OFFSET_BITS)) is not None:
                start = pointer & _OFFSET_MASK
                buffer[start : start + len(data)] = data
            else:
                aspace.copy_out(pointer, data)

        super().__init__(thread, read, write)


def _pack_dispositions(handles: Sequence[HandleDisposition]) -> bytearray:
    """The zx_handle_disposition_t of the handles of a message, with room for what failed."""
    return bytearray().join(
        _DISPOSITION.pack(operation, handle, type, rights, abi.ZX_OK)
        for handle, type, rights, operation in handles
    )


def _unpack_infos(records: bytes | bytearray) -> list[HandleInfo]:
    from zxio_py.fidl.message import HandleInfo  # for those who have messages only

    return [HandleInfo(*fields) for fields in _HANDLE_INFO.iter_unpack(records)]


class System:
    """The door of one process; calls run on behalf of *thread* unless `enter` says otherwise."""

    __slots__ = ("_default", "_local", "_numbers", "_window", "process", "speaks_fidl")

    def __init__(self, thread: Thread, speaks_fidl: bool = True) -> None:
        """Without *speaks_fidl* no server is spoken to: each is answered as one that closed."""
        self.process = thread.process
        self.speaks_fidl = speaks_fidl
        self._window: dict[int, Pointer] = {}
        self._numbers = count(_WINDOW >> _OFFSET_BITS)
        self._default = _Caller(thread, self._window)
        self._local = threading.local()

    def caller(self, thread: Thread) -> Caller:
        """What `enter` takes to make calls on behalf of another thread of the process."""
        return _Caller(thread, self._window)

    def enter(self, caller: Caller | None) -> Caller | None:
        """Make this Python thread's calls as *caller*, None for the first thread.

        Returns who made them before, for the way back.
        """
        before: Caller | None = getattr(self._local, "caller", None)
        self._local.caller = caller
        return before

    def _caller(self) -> Caller:
        return getattr(self._local, "caller", None) or self._default

    def _call(self, name: str, *args: Pointer) -> None:
        status = ENTRIES[name](self._caller(), *args)
        if status != abi.ZX_OK:
            raise ZxError(status)

    def _number(self, name: str, *args: Pointer, size: int) -> int:
        """Make a call whose last argument points to a number of *size* bytes, and return that."""
        out = bytearray(size)
        self._call(name, *args, out)
        return int.from_bytes(out, "little")

    # Memory of the caller ------------------------------------------------------------------

    def load(self, pointer: Pointer, size: int) -> bytes:
        """Read the caller's memory as the library's own code does: `UserFault` ends a program."""
        if isinstance(pointer, int):
            return self.process.aspace.read(pointer, size)
        return bytes(memoryview(pointer)[:size])

    def load_bytewise(self, pointer: Pointer, size: int) -> Iterator[int]:
        """Read it byte for byte: those before the first that is not there are had."""
        if not isinstance(pointer, int):
            yield from self.load(pointer, size)
            return
        end = pointer + size
        while pointer < end:
            piece = min(end - pointer, PAGE_SIZE - pointer % PAGE_SIZE)
            yield from self.load(pointer, piece)
            pointer += piece

    def reserve(self, size: int) -> None:
        """Have heap memory for *size* bytes: NO_MEMORY beyond what the allocator gives at once."""
        if size > _LARGEST_BLOCK:
            raise ZxError(abi.ZX_ERR_NO_MEMORY)

    def store(self, pointer: Pointer, data: bytes) -> None:
        """Write the caller's memory likewise."""
        if isinstance(pointer, int):
            self.process.aspace.write(pointer, data)
        else:
            pointer[: len(data)] = data

    def store_optional(self, address: int, data: bytes) -> int:
        """Write it as the kernel does at the end of a call, nothing for null; the call's status."""
        try:
            if address != 0:
                self._caller().write(address, data)
        except ZxError as error:
            return error.status
        return abi.ZX_OK

    # Handles and objects -------------------------------------------------------------------

    def handle_close(self, handle: int) -> None:
        """Close a handle; an invalid one is left alone."""
        ENTRIES["zx_handle_close"](self._caller(), handle)

    def handle_duplicate(self, handle: int, rights: int) -> int:
        """A further handle to the same object."""
        return self._number("zx_handle_duplicate", handle, rights, size=4)

    def handle_replace(self, handle: int, rights: int) -> int:
        """The same handle with fewer rights; *handle* is consumed."""
        return self._number("zx_handle_replace", handle, rights, size=4)

    def object_get_info_handle_basic(self, handle: int) -> bytes:
        """The zx_info_handle_basic_t of a handle."""
        info = bytearray(_BASIC_INFO.size)
        self._call("zx_object_get_info", handle, abi.ZX_INFO_HANDLE_BASIC, info, len(info), 0, 0)
        return bytes(info)

    def object_get_info_socket(self, handle: int) -> bytes:
        """The zx_info_socket_t of a socket."""
        info = bytearray(_SOCKET_INFO.size)
        self._call("zx_object_get_info", handle, abi.ZX_INFO_SOCKET, info, len(info), 0, 0)
        return bytes(info)

    def object_get_content_size(self, vmo: int) -> int:
        """The content size of a VMO, in bytes."""
        out = bytearray(8)
        self._call("zx_object_get_property", vmo, abi.ZX_PROP_VMO_CONTENT_SIZE, out, 8)
        return int.from_bytes(out, "little")

    def object_wait_one(self, handle: int, signals: int, deadline: int) -> int:
        """Wait for signals; the observed ones."""
        return self._number("zx_object_wait_one", handle, signals, deadline, size=4)

    def debuglog_write(self, handle: int, data: bytes) -> None:
        """Write one record."""
        self._call("zx_debuglog_write", handle, 0, data, len(data))

    # Sockets -------------------------------------------------------------------------------

    def socket_read(self, handle: int, options: int, buffer: Pointer, size: int) -> int:
        """Read; the bytes moved."""
        return self._number("zx_socket_read", handle, options, buffer, size, size=8)

    def socket_write(self, handle: int, options: int, buffer: Pointer, size: int) -> int:
        """Write; the bytes moved."""
        return self._number("zx_socket_write", handle, options, buffer, size, size=8)

    def socket_set_disposition(self, handle: int, own: int, peer: int) -> None:
        """Change who may write."""
        self._call("zx_socket_set_disposition", handle, own, peer)

    # Channels ------------------------------------------------------------------------------

    @contextmanager
    def _addresses(self, *buffers: Pointer) -> Iterator[list[int]]:
        """Addresses for Python buffers that a record is to point to."""
        numbers = [next(self._numbers) for _ in buffers]
        self._window.update(zip(numbers, buffers, strict=True))
        try:
            yield [number << _OFFSET_BITS for number in numbers]
        finally:
            for number in numbers:
                del self._window[number]

    def channel_create(self) -> tuple[int, int]:
        """Both ends of a new channel."""
        first, second = bytearray(4), bytearray(4)
        self._call("zx_channel_create", 0, first, second)
        return int.from_bytes(first, "little"), int.from_bytes(second, "little")

    def channel_write(self, handle: int, data: bytes, handles: Sequence[HandleDisposition]) -> None:
        """Write a message; its handles are moved in every case."""
        records = _pack_dispositions(handles)
        self._call("zx_channel_write_etc", handle, 0, data, len(data), records, len(handles))

    def channel_read(self, handle: int) -> tuple[bytes, list[HandleInfo]]:
        """Take the next message of an end that nobody else reads; SHOULD_WAIT, PEER_CLOSED."""
        data, infos = bytearray(), bytearray()
        limits = abi.ZX_CHANNEL_MAX_MSG_BYTES, abi.ZX_CHANNEL_MAX_MSG_HANDLES
        self._call("zx_channel_read_etc", handle, 0, data, infos, *limits, 0, 0)
        return bytes(data), _unpack_infos(infos)

    def channel_call(
        self, handle: int, data: bytes, handles: Sequence[HandleDisposition]
    ) -> tuple[bytes, list[HandleInfo]]:
        """Write a message, whose txid the kernel sets, and wait for the reply to it."""
        received, infos = bytearray(), bytearray()
        buffers = data, _pack_dispositions(handles), received, infos
        sizes = (
            len(data),
            len(handles),
            abi.ZX_CHANNEL_MAX_MSG_BYTES,
            abi.ZX_CHANNEL_MAX_MSG_HANDLES,
        )
        with self._addresses(*buffers) as addresses:
            args = _CALL_ARGS.pack(*addresses, *sizes)
            counts = bytearray(4), bytearray(4)
            self._call(
                "zx_channel_call_etc", handle, 0, abi.ZX_TIME_INFINITE, bytearray(args), *counts
            )
        return bytes(received), _unpack_infos(infos)

    # VMOs and streams ----------------------------------------------------------------------

    def vmo_create(self, size: int, options: int = 0) -> int:
        """A new VMO."""
        return self._number("zx_vmo_create", size, options, size=4)

    def vmo_replace_as_executable(self, vmo: int) -> int:
        """The VMO with the right to execute it, as far as the job's policy gives that."""
        return self._number("zx_vmo_replace_as_executable", vmo, abi.ZX_HANDLE_INVALID, size=4)

    def vmo_create_child(self, vmo: int, options: int, offset: int, size: int) -> int:
        """A child of a VMO."""
        return self._number("zx_vmo_create_child", vmo, options, offset, size, size=4)

    def vmo_set_size(self, vmo: int, size: int) -> None:
        """Resize a VMO."""
        self._call("zx_vmo_set_size", vmo, size)

    def vmo_write(self, vmo: int, data: bytes, offset: int) -> None:
        """Write into a VMO."""
        self._call("zx_vmo_write", vmo, data, offset, len(data))

    def stream_create(self, mode: int, vmo: int, seek: int) -> int:
        """A stream over a VMO."""
        return self._number("zx_stream_create", mode, vmo, seek, size=4)

    @contextmanager
    def _vectors(self, vector: Vector) -> Iterator[Pointer]:
        """The vector as a stream call takes it: the caller's own array, or one made for it."""
        if not isinstance(vector, Entries):
            yield vector.pointer
            return
        buffers = [pointer for pointer, _ in vector if not isinstance(pointer, int)]
        with self._addresses(*buffers) as addresses:
            places = iter(addresses)
            yield b"".join(
                _IOVEC.pack(pointer if isinstance(pointer, int) else next(places), capacity)
                for pointer, capacity in vector
            )

    def stream_readv(self, stream: int, vector: Vector) -> int:
        """Read at the seek offset; the bytes moved."""
        with self._vectors(vector) as array:
            return self._number("zx_stream_readv", stream, 0, array, vector.count, size=8)

    def stream_readv_at(self, stream: int, offset: int, vector: Vector) -> int:
        """Read at an offset; the bytes moved."""
        with self._vectors(vector) as array:
            return self._number(
                "zx_stream_readv_at", stream, 0, offset, array, vector.count, size=8
            )

    def stream_writev(self, stream: int, vector: Vector) -> int:
        """Write at the seek offset; the bytes moved."""
        with self._vectors(vector) as array:
            return self._number("zx_stream_writev", stream, 0, array, vector.count, size=8)

    def stream_writev_at(self, stream: int, offset: int, vector: Vector) -> int:
        """Write at an offset; the bytes moved."""
        with self._vectors(vector) as array:
            return self._number(
                "zx_stream_writev_at", stream, 0, offset, array, vector.count, size=8
            )

    def stream_seek(self, stream: int, whence: int, offset: int) -> int:
        """Move the seek offset; the new one."""
        return self._number("zx_stream_seek", stream, whence, offset, size=8)
