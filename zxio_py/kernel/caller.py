"""Who makes a call, and where its pointers lead."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from zxio_py import abi
from zxio_py.kernel import exception
from zxio_py.kernel.aspace import USER_BASE, USER_TOP
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import UserFault, ZxError
from zxio_py.kernel.handle import Handle
from zxio_py.kernel.resource import Resource

if TYPE_CHECKING:
    from zxio_py.kernel.thread import Thread

#: A pointer argument: an address at the raw door, a buffer at the Python door; 0 is null at both.
Pointer: TypeAlias = Any

#: Records read at once of an array without a limit of its own.
_CHUNK = 64

D = TypeVar("D", bound=Dispatcher)


class Caller:
    """A thread at one of the doors: its tables, and how to copy from and to its memory."""

    __slots__ = ("handles", "kernel", "lock", "process", "read", "thread", "write")

    def __init__(
        self,
        thread: Thread,
        read: Callable[[Pointer, int], bytes],
        write: Callable[[Pointer, bytes | bytearray], None],
    ) -> None:
        self.thread = thread
        self.process = thread.process
        self.kernel = thread.kernel
        self.lock = thread.kernel.lock
        self.handles = thread.process.handles
        #: Copy from and to the caller's memory; UserFault where it is not there.
        self.read = read
        self.write = write

    def read_name(self, pointer: Pointer, size: int) -> bytes:
        """The same for a name, which lies in user space even if it is empty: INVALID_ARGS."""
        if isinstance(pointer, int) and not USER_BASE <= pointer < USER_TOP:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        return self.read(pointer, size)

    # Handles -----------------------------------------------------------------------------

    def handle(self, value: int) -> Handle:
        """The handle under *value*; BAD_HANDLE."""
        handle = self.handles.get(value)
        if handle is None:
            raise self.bad_handle()
        return handle

    def bad_handle(self) -> ZxError:
        """The error of naming no handle; by job policy the process may not survive it."""
        actions = self.process.policy.actions
        if actions:
            self._enforce(abi.ZX_POL_BAD_HANDLE, actions.get(abi.ZX_POL_BAD_HANDLE))
        return ZxError(abi.ZX_ERR_BAD_HANDLE)

    def get(self, value: int, kind: type[D], rights: int) -> D:
        """The object under *value*: BAD_HANDLE, then WRONG_TYPE, then ACCESS_DENIED."""
        handle = self.handles.get(value)
        if handle is None:
            raise self.bad_handle()
        object = handle.object
        if not isinstance(object, kind):
            raise ZxError(abi.ZX_ERR_WRONG_TYPE)
        if rights & ~handle.rights:
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        return object

    def refuse(self, value: int) -> ZxError:
        """The answer of a call about a type of which there are no objects on this machine."""
        self.handle(value)  # BAD_HANDLE
        return ZxError(abi.ZX_ERR_WRONG_TYPE)

    def give(self, *outs: tuple[Pointer, Dispatcher]) -> None:
        """Store first handles to new objects; if one cannot be stored, all are closed.

        The values are stored first, in order, and become valid only when all are.
        """
        make = self.kernel.make_handle
        self.install([(pointer, make(object, object.initial_rights)) for pointer, object in outs])

    def install(self, outs: list[tuple[Pointer, Handle]]) -> None:
        """Store handles that are in no table yet; if one cannot be stored, all are closed."""
        table = self.handles
        values: dict[int, Handle] = {}
        try:
            for pointer, handle in outs:
                value = table.value_for(handle)
                self.write(pointer, value.to_bytes(4, "little"))
                values[value] = handle
        except UserFault:
            self.kernel.close_handles([handle for _, handle in outs])
            raise
        table.entries.update(values)

    def check_policy(self, condition: int) -> None:
        """Ask the job policy: ACCESS_DENIED, or the end of the process."""
        actions = self.process.policy.actions
        if actions:
            action = actions.get(condition)
            self._enforce(condition, action)
            if action in (abi.ZX_POL_ACTION_DENY, abi.ZX_POL_ACTION_DENY_EXCEPTION):
                raise ZxError(abi.ZX_ERR_ACCESS_DENIED)

    def _enforce(self, condition: int, action: int | None) -> None:
        """The exception or the end that a policy's *action* on *condition* is, if it is one."""
        if action in (abi.ZX_POL_ACTION_ALLOW_EXCEPTION, abi.ZX_POL_ACTION_DENY_EXCEPTION):
            exception.policy_error(self.thread, condition, f"condition {condition}")
        elif action == abi.ZX_POL_ACTION_KILL:
            raise self.process.policy_end(condition)

    def check_resource(self, value: int, kind: int, base: int = 0, size: int = 1) -> None:
        """Whether *value* is a resource of *kind* that covers the range, or the root resource.

        BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED, OUT_OF_RANGE.
        """
        self.get(value, Resource, abi.ZX_RIGHT_NONE).check(kind, base, size)

    # Memory ------------------------------------------------------------------------------

    def records(
        self, pointer: Pointer, count: int, form: struct.Struct
    ) -> Iterator[tuple[int, ...]]:
        """Records of an array of any length, read a chunk at a time as it is consumed."""
        for chunk in self.chunks(pointer, count, form, _CHUNK):
            yield from chunk

    def chunks(
        self, pointer: Pointer, count: int, form: struct.Struct, at_once: int
    ) -> Iterator[list[tuple[int, ...]]]:
        """The same, chunk by chunk."""
        if not isinstance(pointer, int):
            yield list(form.iter_unpack(self.read(pointer, count * form.size)))
            return
        while count:
            length = min(count, at_once)
            yield list(form.iter_unpack(self.read(pointer, length * form.size)))
            pointer += length * form.size
            count -= length

    def record(self, pointer: Pointer, index: int, form: struct.Struct) -> tuple[int, ...]:
        """One record of an array."""
        if not isinstance(pointer, int):
            return form.unpack_from(pointer, index * form.size)
        return form.unpack(self.read(pointer + index * form.size, form.size))

    def read_prefix(self, pointer: Pointer, size: int) -> bytes:
        """As much of *size* bytes as can be read before a fault."""
        try:
            return self.read(pointer, size)
        except UserFault as fault:
            if not isinstance(pointer, int) or pointer >= fault.address:
                return b""
            return self.read(pointer, fault.address - pointer)

    def behind(self, pointer: Pointer, offset: int) -> Pointer:
        """So far behind a pointer."""
        if not offset:
            return pointer
        return pointer + offset if isinstance(pointer, int) else memoryview(pointer)[offset:]

    def user_store(self, pointer: Pointer, data: bytes, offset: int = 0) -> None:
        """Store as the vDSO's own code does, in user mode: a fault is the end of the process."""
        while True:
            try:
                self.write(self.behind(pointer, offset), data)
            except UserFault as fault:
                exception.page_fault(self.thread, fault.address, exception.FAULT_STORE, str(fault))
            else:
                return

    def write_u32(self, pointer: Pointer, value: int) -> None:
        """Store 4 bytes."""
        self.write(pointer, value.to_bytes(4, "little"))

    def write_u64(self, pointer: Pointer, value: int) -> None:
        """Store 8 bytes."""
        self.write(pointer, value.to_bytes(8, "little"))
