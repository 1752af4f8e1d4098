"""The raw door of zxio: calls with numbers and addresses, as a program makes them.

An object is known by the address of its zxio_storage_t in the emulated address space, where its
first word is the ops pointer: nonzero while there is an object, as programs see it.  Outputs are
stored when the call succeeds.  Memory that the C library itself would touch raises `UserFault`
where it is not there; memory it hands to the kernel answers ZX_ERR_INVALID_ARGS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from zxio_py import abi
from zxio_py.abi.model import Call
from zxio_py.abi.zxio import ZXIO_CALLS, ZXIO_STRUCTS
from zxio_py.kernel import Kernel
from zxio_py.kernel.errors import UserFault
from zxio_py.kernel.thread import Thread
from zxio_py.zxio import create, get_vmo, posix_mode, socket, zxio
from zxio_py.zxio.null import DEFAULT_OPS
from zxio_py.zxio.ops import Storage, Zxio
from zxio_py.zxio.status import KernelOutput
from zxio_py.zxio.system import System
from zxio_py.zxio.types import Dirent, DirentIterator, NodeAttributes
from zxio_py.zxio.vector import UserEntries

#: What stands for the address of an ops table.
_OPS_WORD = ZXIO_STRUCTS["zxio_storage_t"].size.to_bytes(8, "little")
_NO_OPS = bytes(8)
_RIGHTS = abi.STRUCTS["zx_info_handle_basic_t"].field("rights")
_ATTRIBUTES_SIZE = ZXIO_STRUCTS["zxio_node_attributes_t"].size
_NAME = ZXIO_STRUCTS["zxio_dirent_t"].field("name")

#: Functions whose one output is stored through their last pointer: name -> its size in bytes.
_ONE_OUTPUT = {
    name: size
    for size, names in (
        (4, "release clone flags_get token_get vmo_get"),
        (8, "seek get_read_buffer_available"),
        (2, "shutdown bind connect listen accept getsockname getpeername getsockopt setsockopt"),
        (1, "isatty"),
    )
    for name in names.split()
}

#: Functions that return just a status and whose arguments after the object are passed on.
_NO_OUTPUT = (
    "sync flags_set truncate open open_async add_inotify_filter unlink rename link set_window_size"
).split()

#: Of those, the ones that consume a handle: name -> number of the argument.
_CONSUMED = {"open_async": 5, "add_inotify_filter": 5, "rename": 3, "link": 3}

#: Operations that look at the pointer to their output first, where a type has them.
_LOOKS_AT_OUTPUT = ("vmo_get", "get_read_buffer_available")


def _has_own(io: Zxio | None, member: str) -> bool:
    """Whether the type of an object has an operation, other than the default one."""
    if io is None or io.ops is None:
        return False
    return getattr(io.ops, member) not in (None, getattr(DEFAULT_OPS, member))


def _cuts(call: Call) -> tuple[tuple[int, int], ...]:
    """Per parameter, what reads a register as its C type: mask, and sign bit or 0."""
    widths = [(param.size * 8, param.signed) for param in call.params]
    return tuple(((1 << bits) - 1, 1 << bits - 1 if signed else 0) for bits, signed in widths)


#: By function: its name without ``zxio_``, and how its arguments are read.
_FUNCTIONS: Mapping[str, tuple[str, tuple[tuple[int, int], ...]]] = {
    call.name: (call.short_name.removeprefix("zxio_"), _cuts(call))
    for call in ZXIO_CALLS.values()
    if call.exported
}


class ZxioRaw:
    """The functions that libzxio_standalone.so exports, for one emulated process."""

    #: Names of the functions that `call` knows.
    names = frozenset(_FUNCTIONS)

    def __init__(self, kernel: Kernel, thread: Thread) -> None:
        """Objects of the process of *thread*, which lives in *kernel*."""
        if thread.kernel is not kernel:
            raise ValueError("the thread is not of this kernel")
        self._system = System(thread, speaks_fidl=False)  # as the C library
        self._caller = self._system.caller(thread)
        self._storages: dict[int, Storage] = {}

    def for_thread(self, thread: Thread) -> ZxioRaw:
        """The same objects, called by another thread of the process."""
        other = ZxioRaw.__new__(ZxioRaw)
        other._system = self._system
        other._caller = self._system.caller(thread)
        other._storages = self._storages
        return other

    def call(self, name: str, args: Sequence[int]) -> int:
        """Call function *name* with unsigned 64-bit numbers; missing ones count as 0.

        Returns the result as C reads it (a status is signed), 0 for ``void``.  Raises KeyError for
        a function the library does not export, `UserFault` where the library faults, and
        `zxio_py.kernel.ThreadEnded` where the thread does not come back.
        """
        short, cuts = _FUNCTIONS[name]
        given = len(args)
        values = [
            ((args[index] if index < given else 0) & mask ^ sign) - sign
            for index, (mask, sign) in enumerate(cuts)
        ]
        before = self._system.enter(self._caller)
        try:
            if short in _ONE_OUTPUT:
                return self._one_output(short, values)
            if short in _NO_OUTPUT:
                return self._no_output(short, values)
            method: Callable[..., int] = getattr(self, f"_{short}")
            return method(*values)
        finally:
            self._system.enter(before)

    # Memory and objects --------------------------------------------------------------------

    def _load(self, address: int, size: int) -> bytes:
        return self._system.load(address, size)

    def _store(self, address: int, value: int, size: int) -> None:
        self._system.store(address, value.to_bytes(size, "little"))

    def _io(self, address: int) -> Zxio | None:
        """The object at an address; None for null and where there is none."""
        if address == 0:
            return None
        word = self._load(address, 8)
        if word == _NO_OPS:
            return None
        storage = self._storages.get(address)
        if storage is None or storage.io.ops is None:
            # Something else lies there: C would call through it.
            raise UserFault(int.from_bytes(word, "little"), "execute")
        return storage.io

    def _place(self, address: int, make: Callable[[Storage], int]) -> int:
        """Run a constructor on the storage at *address*; the status."""
        storage = Storage(self._system)
        status = make(storage)
        if storage.io.ops is not None:
            self._system.store(address, _OPS_WORD)
            self._storages[address] = storage
        return status

    def _output(self, result: tuple[int, int | None], out: int, size: int) -> int:
        """Store the output, if there is one, where *out* points; the status."""
        status, value = result
        if isinstance(value, KernelOutput):
            return self._system.store_optional(out, value.to_bytes(size, "little"))
        if value is not None:
            self._store(out, value, size)
        return status

    def _one_output(self, name: str, values: list[int]) -> int:
        io = self._io(values[0])
        out = values[-1]
        if name in _LOOKS_AT_OUTPUT and out == 0 and _has_own(io, name):
            return abi.ZX_ERR_INVALID_ARGS
        result = zxio.dispatch(io, name, None, *values[1:-1])
        return self._output(result, out, _ONE_OUTPUT[name])

    def _no_output(self, name: str, values: list[int]) -> int:
        function: Callable[..., int] = getattr(zxio, f"zxio_{name}")
        io = self._io(values[0])
        if io is None and name in _CONSUMED:
            # Without an object nobody else would consume the handle.
            self._system.handle_close(values[_CONSUMED[name]])
        return function(io, *values[1:])

    # Creation and end ----------------------------------------------------------------------

    def _refuse(self, handle: int) -> int:
        self._system.handle_close(handle)
        return abi.ZX_ERR_INVALID_ARGS

    def _create(self, handle: int, storage: int) -> int:
        if storage == 0:
            return self._refuse(handle)
        return self._place(storage, lambda room: create.zxio_create(handle, room))

    def _create_with_on_open(self, handle: int, storage: int) -> int:
        if storage == 0:
            return self._refuse(handle)
        return self._place(storage, lambda room: create.zxio_create_with_on_open(handle, room))

    def _create_with_info(self, handle: int, handle_info: int, storage: int) -> int:
        if storage == 0 or handle_info == 0 or handle == abi.ZX_HANDLE_INVALID:
            return self._refuse(handle)
        # No more is looked at than the rights and the type.
        info = bytes(_RIGHTS.offset) + self._load(handle_info + _RIGHTS.offset, 8)
        return self._place(storage, lambda room: create.zxio_create_with_info(handle, info, room))

    def _socket(
        self,
        service_connector: int,
        domain: int,
        type: int,
        protocol: int,
        allocator: int,
        out_context: int,
        out_code: int,
    ) -> int:
        def connector(name: str) -> tuple[int, int]:
            # Machine code cannot be run here.
            raise UserFault(service_connector, "execute")

        reach = connector if service_connector else None
        return socket.zxio_socket(reach, domain, type, protocol, allocator)[0]

    def _close(self, io: int) -> int:
        found = self._io(io)
        status = zxio.zxio_close(found)
        if found is not None:
            self._system.store(io, _NO_OPS)
        return status

    # Waiting -------------------------------------------------------------------------------

    def _wait_one(self, io: int, signals: int, deadline: int, out_observed: int) -> int:
        status, observed = zxio.zxio_wait_one(self._io(io), signals, deadline)
        if status == abi.ZX_OK or self._io(io) is None:
            self._store(out_observed, observed, 4)
        return status

    def _wait_begin(self, io: int, signals: int, out_handle: int, out_zx_signals: int) -> int:
        handle, zx_signals = zxio.zxio_wait_begin(self._io(io), signals)
        self._store(out_handle, handle, 4)
        self._store(out_zx_signals, zx_signals, 4)
        return 0

    def _wait_end(self, io: int, zx_signals: int, out_zxio_signals: int) -> int:
        self._store(out_zxio_signals, zxio.zxio_wait_end(self._io(io), zx_signals), 4)
        return 0

    # Nodes ---------------------------------------------------------------------------------

    def _attr_get(self, io: int, out_attr: int) -> int:
        status, attributes = zxio.zxio_attr_get(self._io(io))
        if status == abi.ZX_OK:
            self._system.store(out_attr, attributes.pack())
        return status

    def _attr_set(self, io: int, attr: int) -> int:
        found = self._io(io)
        if not _has_own(found, "attr_set"):
            return zxio.zxio_attr_set(found, NodeAttributes())
        data = self._load(attr, _ATTRIBUTES_SIZE)
        return zxio.zxio_attr_set(found, NodeAttributes.unpack(data))

    def _get_posix_mode(self, protocols: int, abilities: int) -> int:
        return posix_mode.zxio_get_posix_mode(protocols, abilities)

    # Bytes ---------------------------------------------------------------------------------

    def _moved(self, result: tuple[int, int], out_actual: int) -> int:
        status, actual = result
        return self._output((status, actual if status == abi.ZX_OK else None), out_actual, 8)

    def _user_vector(self, address: int, count: int) -> UserEntries:
        return UserEntries(self._load, address, count)

    def _read(self, io: int, buffer: int, capacity: int, flags: int, out: int) -> int:
        return self._moved(zxio.zxio_read(self._io(io), buffer, capacity, flags), out)

    def _read_at(
        self, io: int, offset: int, buffer: int, capacity: int, flags: int, out: int
    ) -> int:
        return self._moved(zxio.zxio_read_at(self._io(io), offset, buffer, capacity, flags), out)

    def _readv(self, io: int, vector: int, count: int, flags: int, out: int) -> int:
        entries = self._user_vector(vector, count)
        return self._moved(zxio.zxio_readv(self._io(io), entries, flags), out)

    def _readv_at(self, io: int, offset: int, vector: int, count: int, flags: int, out: int) -> int:
        entries = self._user_vector(vector, count)
        return self._moved(zxio.zxio_readv_at(self._io(io), offset, entries, flags), out)

    def _write(self, io: int, buffer: int, capacity: int, flags: int, out: int) -> int:
        return self._moved(zxio.zxio_write(self._io(io), buffer, capacity, flags), out)

    def _write_at(
        self, io: int, offset: int, buffer: int, capacity: int, flags: int, out: int
    ) -> int:
        return self._moved(zxio.zxio_write_at(self._io(io), offset, buffer, capacity, flags), out)

    def _writev(self, io: int, vector: int, count: int, flags: int, out: int) -> int:
        entries = self._user_vector(vector, count)
        return self._moved(zxio.zxio_writev(self._io(io), entries, flags), out)

    def _writev_at(
        self, io: int, offset: int, vector: int, count: int, flags: int, out: int
    ) -> int:
        entries = self._user_vector(vector, count)
        return self._moved(zxio.zxio_writev_at(self._io(io), offset, entries, flags), out)

    def _vmo_out(self, get: Callable[[Zxio | None], tuple[int, int]], io: int, out_vmo: int) -> int:
        status, vmo = get(self._io(io))
        return self._output((status, vmo if status == abi.ZX_OK else None), out_vmo, 4)

    def _vmo_get_copy(self, io: int, out_vmo: int) -> int:
        return self._vmo_out(get_vmo.zxio_vmo_get_copy, io, out_vmo)

    def _vmo_get_clone(self, io: int, out_vmo: int) -> int:
        if out_vmo == 0:
            return self._one_output("vmo_get", [io, 0, 0])
        return self._vmo_out(get_vmo.zxio_vmo_get_clone, io, out_vmo)

    def _vmo_get_exact(self, io: int, out_vmo: int) -> int:
        if out_vmo == 0:
            return self._one_output("vmo_get", [io, 0, 0])
        return self._vmo_out(get_vmo.zxio_vmo_get_exact, io, out_vmo)

    def _vmo_get_exec(self, io: int, out_vmo: int) -> int:
        if out_vmo == 0:
            return self._one_output("vmo_get", [io, 0, 0])
        return self._vmo_out(get_vmo.zxio_vmo_get_exec, io, out_vmo)

    # Directories ---------------------------------------------------------------------------

    def _dirent_iterator_init(self, iterator: int, directory: int) -> int:
        io = self._io(directory)
        if iterator == 0:
            return zxio.zxio_dirent_iterator_init(None, io)
        walk = DirentIterator()
        status = zxio.zxio_dirent_iterator_init(walk, io)
        if walk.io is not None:
            self._store(iterator, directory, 8)
        return status

    def _walk(self, iterator: int) -> DirentIterator:
        """The iterator at an address, which points to its directory."""
        return DirentIterator(self._io(int.from_bytes(self._load(iterator, 8), "little")))

    def _dirent_iterator_next(self, iterator: int, inout_entry: int) -> int:
        walk = self._walk(iterator)
        entry = None
        if walk.io is not None and inout_entry != 0:
            name = self._load(inout_entry + _NAME.offset, _NAME.size)
            entry = Dirent(bytearray(255) if any(name) else None)
        return zxio.zxio_dirent_iterator_next(walk, entry)

    def _dirent_iterator_destroy(self, iterator: int) -> int:
        walk = self._walk(iterator)
        if walk.io is not None:
            zxio.zxio_dirent_iterator_destroy(walk)
            if walk.io is None:
                self._system.store(iterator, bytes(8))
        return 0

    # Terminals and sockets -----------------------------------------------------------------

    def _get_window_size(self, io: int, width: int, height: int) -> int:
        found = self._io(io)
        if found is not None and (width == 0 or height == 0):
            return abi.ZX_ERR_INVALID_ARGS
        status, columns, rows = zxio.zxio_get_window_size(found)
        if status == abi.ZX_OK:
            self._store(width, columns, 4)
            self._store(height, rows, 4)
        return status

    def _recvmsg(self, io: int, msg: int, flags: int, out_actual: int, out_code: int) -> int:
        status, _, code = zxio.zxio_recvmsg(self._io(io), msg, flags)
        if status == abi.ZX_OK:
            self._store(out_code, code, 2)
        return status

    def _sendmsg(self, io: int, msg: int, flags: int, out_actual: int, out_code: int) -> int:
        status, _, code = zxio.zxio_sendmsg(self._io(io), msg, flags)
        if status == abi.ZX_OK:
            self._store(out_code, code, 2)
        return status
