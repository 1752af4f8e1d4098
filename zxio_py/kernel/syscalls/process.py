"""zx_process_*."""

from __future__ import annotations

from typing import NamedTuple

from zxio_py import abi
from zxio_py.kernel.aspace import Mapping
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ThreadExited, ZxError
from zxio_py.kernel.handle import Handle
from zxio_py.kernel.pages import page_steps
from zxio_py.kernel.process import Process
from zxio_py.kernel.syscalls.job import get_manager
from zxio_py.kernel.syscalls.names import read_name
from zxio_py.kernel.thread import Thread
from zxio_py.kernel.vmar import Vmar
from zxio_py.kernel.vmo import VmObject

#: Of one copy from or to a process, bytes.
_MAX_BLOCK = 64 << 20


def zx_process_create(
    c: Caller,
    job: int,
    name: Pointer,
    name_size: int,
    options: int,
    proc_handle: Pointer,
    vmar_handle: Pointer,
) -> int:
    """Make a process, not started, and its root VMAR."""
    if options & ~abi.ZX_PROCESS_SHARED:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.check_policy(abi.ZX_POL_NEW_PROCESS)
    text = read_name(c, name, name_size)
    parent = get_manager(c, job, abi.ZX_RIGHT_MANAGE_PROCESS)
    shareable = bool(options & abi.ZX_PROCESS_SHARED)
    process = Process(c.kernel, parent, text, shareable)  # BAD_STATE
    c.give((proc_handle, process), (vmar_handle, process.vmar_root))
    return abi.ZX_OK


def zx_process_create_shared(
    c: Caller,
    shared_proc: int,
    options: int,
    name: Pointer,
    name_size: int,
    proc_handle: Pointer,
    restricted_vmar_handle: Pointer,
) -> int:
    """Make a process that shares with another, in its job, and the root VMAR of the rest."""
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.check_policy(abi.ZX_POL_NEW_PROCESS)
    text = read_name(c, name, name_size)
    origin = c.get(shared_proc, Process, abi.ZX_RIGHT_MANAGE_PROCESS)
    if origin.sharing is None:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    origin.sharing.check()  # BAD_STATE
    process = Process(c.kernel, origin.job, text, sharing=origin.sharing)  # BAD_STATE
    assert process.restricted is not None
    restricted = Vmar(c.kernel, process.restricted.root)
    c.give((proc_handle, process), (restricted_vmar_handle, restricted))
    return abi.ZX_OK


def zx_process_start(
    c: Caller, handle: int, thread: int, entry: int, stack: int, arg1: int, arg2: int
) -> int:
    """Start a process with its first thread; *arg1* leaves the caller in any case."""
    given: Handle | None = None
    try:
        try:
            process = c.get(handle, Process, abi.ZX_RIGHT_WRITE)
            first = c.get(thread, Thread, abi.ZX_RIGHT_WRITE)
        finally:  # it may be one of both, and was there to be looked up
            given = c.handles.remove(arg1)
        if first.process is not process:
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        if given is not None and not given.rights & abi.ZX_RIGHT_TRANSFER:
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        if process.started or process.dead:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        value = 0 if given is None else process.handles.value_for(given)
        first.check_start(entry)  # INVALID_ARGS, BAD_STATE
        if given is not None:
            process.handles.put(value, given)
            given = None
        first.start_at(entry, stack, (value, arg2))
    finally:
        if given is not None:
            c.kernel.close_handle(given)
    return abi.ZX_OK


def zx_process_exit(c: Caller, retcode: int) -> int:
    """End the calling process."""
    c.process.end(retcode, f"zx_process_exit({retcode})")
    raise ThreadExited(c.process.end_reason)


class _Memory(NamedTuple):
    """What lies at an address: its mapping, where in the page store, how many bytes of it."""

    mapping: Mapping
    offset: int
    size: int


def _find_memory(process: Process, vaddr: int, most: int, vdso: VmObject | None) -> _Memory:
    """At most *most* bytes at an address; what is *vdso* is not for that.

    NO_MEMORY: nothing is mapped there; ACCESS_DENIED; BAD_STATE: not cached; OUT_OF_RANGE: the VMO
    ends before.
    """
    mapping = process.aspace_at(vaddr).find(vaddr)  # of a dead process nothing is left
    if mapping is None:
        raise ZxError(abi.ZX_ERR_NO_MEMORY)
    if mapping.vmo is not None:
        if mapping.vmo is vdso:
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        mapping.vmo.check_cached()
    offset = vaddr - mapping.base + mapping.offset
    end = min(mapping.offset + mapping.size, mapping.store_end)
    size = min(most, end - offset)
    if size <= 0:
        raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
    return _Memory(mapping, offset, size)


def zx_process_read_memory(
    c: Caller, handle: int, vaddr: int, buffer: Pointer, buffer_size: int, actual: Pointer
) -> int:
    """Copy from a process: up to the end of the mapping."""
    if buffer == 0 or not 0 < buffer_size <= _MAX_BLOCK:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    process = c.get(handle, Process, abi.ZX_RIGHT_READ | abi.ZX_RIGHT_WRITE)
    mapping, offset, size = _find_memory(process, vaddr, buffer_size, None)
    c.write(buffer, mapping.store.read(offset, size))
    c.write_u64(actual, size)
    return abi.ZX_OK


def _fill(mapping: Mapping, offset: int, size: int, data: bytes) -> None:
    """Put *data* behind a mapping; INVALID_ARGS if it is less than *size*."""
    if mapping.vmo is not None:
        mapping.vmo.fill(offset - mapping.vmo.base, size, data)
        return
    mapping.store.write(offset, data)
    if len(data) < size:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)


def zx_process_write_memory(
    c: Caller, handle: int, vaddr: int, buffer: Pointer, buffer_size: int, actual: Pointer
) -> int:
    """Copy to a process likewise, whatever the mapping allows: it is the VMO that is written."""
    if not c.kernel.debugging_calls:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    if buffer == 0 or not 0 < buffer_size <= _MAX_BLOCK:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    process = c.get(handle, Process, abi.ZX_RIGHT_WRITE)
    vdso = c.kernel.vdso.memory
    mapping, offset, size = _find_memory(process, vaddr, buffer_size, vdso)
    for done, step in page_steps(offset, size):
        _fill(mapping, offset + done, step, c.read_prefix(c.behind(buffer, done), step))
    c.write_u64(actual, size)
    return abi.ZX_OK
