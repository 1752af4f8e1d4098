"""The Python door: calls as methods that take bytes and lists and raise `ZxError`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import cast

from zxio_py import abi
from zxio_py.abi.binding import Binding, Passed, Result, Value, binding
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import UserFault, ZxError
from zxio_py.kernel.process import Process
from zxio_py.kernel.raw import ENTRIES
from zxio_py.kernel.thread import Thread

_MAX_BYTES = abi.ZX_CHANNEL_MAX_MSG_BYTES
_MAX_PENDING = abi.CHANNEL_PENDING_MESSAGES_MAX

#: What the way past the kernel lock rests on; see `zxio_py.kernel.channel`.
_ONE_THREAD_AT_A_TIME: bool = getattr(sys, "_is_gil_enabled", lambda: True)()


class Door:
    """The calls of the interface as methods named without ``zx_``.

    Signatures follow `zxio_py.abi.binding`, for example ``channel_create(0) -> (h0, h1)``.  A
    failing status raises `ZxError`.  The process must live; a call that ends it raises
    `ThreadEnded`.
    """

    #: Write bytes and handles to a channel: (handle, options, bytes, handles).
    channel_write: Callable[[int, int, bytes, list[int] | tuple[int, ...]], None]
    #: Read from a channel: (handle, options, num_bytes, num_handles) -> (bytes, handles).
    channel_read: Callable[[int, int, int, int], tuple[bytes, list[int]]]

    def __init__(self, process: Process, thread: Thread | None = None) -> None:
        """A door into *process*, for calls by *thread* (default: a new one)."""
        self.process = process
        self.thread = thread or process.create_thread("door")
        memory = _Memory(process)
        self.caller = Caller(self.thread, memory.read, memory.write)
        if _ONE_THREAD_AT_A_TIME:
            self.channel_write = _fast_write(self.caller, self._method(binding("channel_write")))
            self.channel_read = _fast_read(self.caller, self._method(binding("channel_read")))

    def __getattr__(self, name: str) -> Callable[..., Result]:
        if name.startswith("_"):
            raise AttributeError(name)
        bound = binding(name)
        if bound.call.name not in ENTRIES:
            raise AttributeError(f"the host emulation has no {bound.call.name}")
        method = self._method(bound)
        setattr(self, name, method)
        return method

    def _method(self, bound: Binding) -> Callable[..., Result]:
        entry = ENTRIES[bound.call.name]
        caller = self.caller
        returns_status = bound.call.returns == "zx_status_t"

        def method(*args: Value, **named: Value) -> Result:
            encoded = bound.encode(args, named)
            outs: dict[int, bytearray] = {}
            registers: list[Pointer] = []
            for index, value in enumerate(encoded):
                if isinstance(value, Passed):
                    buffer = bytearray(value.size)
                    buffer[: len(value.data)] = value.data
                    registers.append(buffer)
                    if value.wanted:
                        outs[index] = buffer
                else:
                    registers.append(value)
            result = entry(caller, *registers)
            if returns_status and result < 0:
                raise ZxError(result)
            return bound.decode(result, {i: bytes(data) for i, data in outs.items()}, encoded)

        method.__name__ = bound.call.short_name
        method.__doc__ = f"{bound}\n\n{bound.call.prototype}"
        return method


class _Memory:
    """Pointers at this door: Python buffers, or addresses where a record holds them."""

    __slots__ = ("_aspace",)

    def __init__(self, process: Process) -> None:
        self._aspace = process.aspace

    def read(self, pointer: Pointer, size: int) -> bytes:
        if isinstance(pointer, int):
            return self._aspace.copy_in(pointer, size)
        if size > len(pointer):
            raise UserFault(0, "read")
        return bytes(pointer[:size])

    def write(self, pointer: Pointer, data: bytes | bytearray) -> None:
        if isinstance(pointer, int):
            self._aspace.copy_out(pointer, data)
            return
        if len(data) > len(pointer):
            raise UserFault(0, "write")
        pointer[: len(data)] = data


def _fast_write(
    caller: Caller, slow: Callable[..., Result]
) -> Callable[[int, int, bytes, list[int] | tuple[int, ...]], None]:
    """zx_channel_write without the kernel lock where `zxio_py.kernel.channel` allows it."""
    table = caller.handles.entries
    lock = caller.lock

    def channel_write(
        handle: int, options: int, data: bytes, handles: list[int] | tuple[int, ...]
    ) -> None:
        try:
            peer = table[handle].sends.peer  # type: ignore[union-attr]
            messages = peer.messages  # type: ignore[union-attr]
        except (KeyError, AttributeError):  # no such handle, type, right or peer
            slow(handle, options, data, handles)
            return
        size = len(data)
        if (
            options
            or handles
            or type(data) is not bytes
            or size > _MAX_BYTES
            or len(messages) >= _MAX_PENDING
            or peer.calls  # type: ignore[union-attr]
        ):
            slow(handle, options, data, handles)
            return
        messages.append((size, data, None))
        if peer.observers:  # type: ignore[union-attr]
            with lock:
                peer.announce(len(messages) == 1)  # type: ignore[union-attr]

    return channel_write


def _fast_read(
    caller: Caller, slow: Callable[..., Result]
) -> Callable[[int, int, int, int], tuple[bytes, list[int]]]:
    """zx_channel_read without the kernel lock where `zxio_py.kernel.channel` allows it."""
    table = caller.handles.entries

    def channel_read(
        handle: int, options: int, num_bytes: int, num_handles: int
    ) -> tuple[bytes, list[int]]:
        try:
            messages = table[handle].receives.messages  # type: ignore[union-attr]
            # From this look to the removal nothing is called: no thread comes between.
            size, data, carried = messages[0]
        except (KeyError, AttributeError, IndexError):  # no such handle, type, right or message
            return cast("tuple[bytes, list[int]]", slow(handle, options, num_bytes, num_handles))
        if options or carried is not None or size > num_bytes:
            return cast("tuple[bytes, list[int]]", slow(handle, options, num_bytes, num_handles))
        del messages[0]
        return data, []

    return channel_read
