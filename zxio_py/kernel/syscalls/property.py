"""zx_object_get_property and zx_object_set_property."""

from __future__ import annotations

from typing import TypeVar

from zxio_py import abi
from zxio_py.kernel.aspace import USER_TOP
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.exception import ThreadException
from zxio_py.kernel.job import Job
from zxio_py.kernel.process import Process
from zxio_py.kernel.socket import Socket
from zxio_py.kernel.stream import Stream
from zxio_py.kernel.thread import Thread
from zxio_py.kernel.vmo import Vmo

D = TypeVar("D", bound=Dispatcher)


def _as(object: Dispatcher, kind: type[D]) -> D:
    """*object* as one of *kind*; WRONG_TYPE."""
    if not isinstance(object, kind):
        raise ZxError(abi.ZX_ERR_WRONG_TYPE)
    return object


def _room(value_size: int, size: int) -> None:
    if value_size < size:
        raise ZxError(abi.ZX_ERR_BUFFER_TOO_SMALL)


def zx_object_get_property(
    c: Caller, handle: int, property: int, value: Pointer, value_size: int
) -> int:
    """Read a property: the size of the buffer counts before the type of the object."""
    if value == 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    object = c.get(handle, Dispatcher, abi.ZX_RIGHT_GET_PROPERTY)
    if property == abi.ZX_PROP_NAME:
        _room(value_size, abi.ZX_MAX_NAME_LEN)
        c.write(value, object.get_name().ljust(abi.ZX_MAX_NAME_LEN, b"\0"))
    elif property == abi.ZX_PROP_PROCESS_DEBUG_ADDR:
        _room(value_size, 8)
        c.write_u64(value, _as(object, Process).debug_addr)
    elif property == abi.ZX_PROP_PROCESS_BREAK_ON_LOAD:
        _room(value_size, 8)
        c.write_u64(value, _as(object, Process).break_on_load)
    elif property == abi.ZX_PROP_PROCESS_VDSO_BASE_ADDRESS:
        _room(value_size, 8)
        process = _as(object, Process)
        c.write_u64(value, process.vdso_base)
    elif property == abi.ZX_PROP_SOCKET_RX_THRESHOLD:
        _room(value_size, 8)
        c.write_u64(value, _as(object, Socket).read_threshold)
    elif property == abi.ZX_PROP_SOCKET_TX_THRESHOLD:
        _room(value_size, 8)
        c.write_u64(value, _as(object, Socket).write_threshold)
    elif property == abi.ZX_PROP_VMO_CONTENT_SIZE:
        _room(value_size, 8)
        c.write_u64(value, _as(object, Vmo).memory.content.size)
    elif property == abi.ZX_PROP_STREAM_MODE_APPEND:
        _room(value_size, 1)
        c.write(value, bytes([_as(object, Stream).appends]))
    elif property == abi.ZX_PROP_EXCEPTION_STATE:
        _room(value_size, 4)
        c.write_u32(value, _as(object, ThreadException).state)
    elif property == abi.ZX_PROP_EXCEPTION_STRATEGY:
        _room(value_size, 4)
        exception = _as(object, ThreadException)
        exception.check_debugger()  # BAD_STATE
        c.write_u32(value, exception.strategy)
    else:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    return abi.ZX_OK


def zx_object_set_property(
    c: Caller, handle: int, property: int, value: Pointer, value_size: int
) -> int:
    """Change a property: size, type, then the value itself."""
    if value == 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    object = c.get(handle, Dispatcher, abi.ZX_RIGHT_SET_PROPERTY)
    if property == abi.ZX_PROP_NAME:
        object.set_name(c.read_name(value, min(value_size, abi.ZX_MAX_NAME_LEN - 1)))
    elif property == abi.ZX_PROP_PROCESS_DEBUG_ADDR:
        _room(value_size, 8)
        process = _as(object, Process)
        process.set_debug_addr(_number(c, value, 8))  # INVALID_ARGS, ACCESS_DENIED
    elif property == abi.ZX_PROP_PROCESS_BREAK_ON_LOAD:
        _room(value_size, 8)
        process = _as(object, Process)
        process.break_on_load = _number(c, value, 8)
    elif property == abi.ZX_PROP_SOCKET_RX_THRESHOLD:
        _room(value_size, 8)
        socket = _as(object, Socket)
        socket.set_read_threshold(_number(c, value, 8))
    elif property == abi.ZX_PROP_SOCKET_TX_THRESHOLD:
        _room(value_size, 8)
        socket = _as(object, Socket)
        socket.set_write_threshold(_number(c, value, 8))
    elif property == abi.ZX_PROP_JOB_KILL_ON_OOM:
        job = _as(object, Job)
        wanted = _number(c, value, 8)
        if wanted > 1:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        job.kill_on_oom = bool(wanted)
    elif property == abi.ZX_PROP_VMO_CONTENT_SIZE:
        _room(value_size, 8)
        memory = _as(object, Vmo).memory
        memory.set_content_size(_number(c, value, 8))
    elif property == abi.ZX_PROP_STREAM_MODE_APPEND:
        _room(value_size, 1)
        _as(object, Stream).set_append(bool(_number(c, value, 1)))
    elif property in (abi.ZX_PROP_REGISTER_GS, abi.ZX_PROP_REGISTER_FS):
        _room(value_size, 8)
        if _as(object, Thread) is not c.thread:
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        if _number(c, value, 8) >= USER_TOP:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    elif property == abi.ZX_PROP_EXCEPTION_STATE:
        _room(value_size, 4)
        exception = _as(object, ThreadException)
        exception.set_state(_number(c, value, 4))  # INVALID_ARGS
    elif property == abi.ZX_PROP_EXCEPTION_STRATEGY:
        _room(value_size, 4)
        exception = _as(object, ThreadException)
        exception.check_debugger()  # BAD_STATE
        exception.set_strategy(_number(c, value, 4))  # INVALID_ARGS
    else:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    return abi.ZX_OK


def _number(c: Caller, pointer: Pointer, size: int) -> int:
    return int.from_bytes(c.read(pointer, size), "little")
