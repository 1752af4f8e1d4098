"""zx_channel_*."""

from __future__ import annotations

import struct
from contextlib import suppress

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.channel import Channel, Message
from zxio_py.kernel.errors import UserFault, ZxError
from zxio_py.kernel.handle import Handle

_HANDLE = struct.Struct("<I")
_DISPOSITION = struct.Struct("<IIIIi")
_HANDLE_INFO = struct.Struct("<IIII")
_IOVEC = struct.Struct("<QII")
_CALL_ARGS = struct.Struct("<QQQQIIII")
_TXID_SIZE = 4
_IOVECS_AT_ONCE = 16


def zx_channel_create(c: Caller, options: int, out0: Pointer, out1: Pointer) -> int:
    """Make a channel."""
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.check_policy(abi.ZX_POL_NEW_CHANNEL)
    first, second = Channel.create(c.kernel)
    c.give((out0, first), (out1, second))
    return abi.ZX_OK


# Reading -------------------------------------------------------------------------------------


def zx_channel_read(
    c: Caller,
    handle: int,
    options: int,
    bytes: Pointer,
    handles: Pointer,
    num_bytes: int,
    num_handles: int,
    actual_bytes: Pointer,
    actual_handles: Pointer,
) -> int:
    """Take the next message; its handles come as values."""
    message = _take(c, handle, options, num_bytes, num_handles, actual_bytes, actual_handles)
    _deliver(c, message, bytes, handles, etc=False)
    return abi.ZX_OK


def zx_channel_read_etc(
    c: Caller,
    handle: int,
    options: int,
    bytes: Pointer,
    handles: Pointer,
    num_bytes: int,
    num_handles: int,
    actual_bytes: Pointer,
    actual_handles: Pointer,
) -> int:
    """Take the next message; its handles come with their types and rights."""
    message = _take(c, handle, options, num_bytes, num_handles, actual_bytes, actual_handles)
    _deliver(c, message, bytes, handles, etc=True)
    return abi.ZX_OK


def _take(
    c: Caller,
    handle: int,
    options: int,
    num_bytes: int,
    num_handles: int,
    actual_bytes: Pointer,
    actual_handles: Pointer,
) -> Message:
    """The part of reading up to the removal of the message."""
    channel = c.get(handle, Channel, abi.ZX_RIGHT_READ)
    if options & ~abi.ZX_CHANNEL_READ_MAY_DISCARD:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    message = channel.head()  # SHOULD_WAIT, PEER_CLOSED
    size, _, carried = message
    count = len(carried) if carried else 0
    fits = size <= num_bytes and count <= num_handles
    if fits or options & abi.ZX_CHANNEL_READ_MAY_DISCARD:
        del channel.messages[0]
    try:
        if actual_bytes != 0:
            c.write_u32(actual_bytes, size)
        if actual_handles != 0:
            c.write_u32(actual_handles, count)
        if not fits:
            raise ZxError(abi.ZX_ERR_BUFFER_TOO_SMALL)
    except ZxError:
        if carried and (fits or options & abi.ZX_CHANNEL_READ_MAY_DISCARD):
            c.kernel.close_handles(carried)
        raise
    return message


def _deliver(c: Caller, message: Message, bytes: Pointer, handles: Pointer, etc: bool) -> None:
    """Copy a taken message out, bytes before handles; what cannot be delivered is lost."""
    size, data, carried = message
    try:
        if size:
            c.write(bytes, data)
        if carried:
            values = [c.handles.value_for(handle) for handle in carried]
            if etc:
                records = [
                    _HANDLE_INFO.pack(value, handle.object.TYPE, handle.rights, 0)
                    for value, handle in zip(values, carried, strict=True)
                ]
                c.write(handles, b"".join(records))
            else:
                c.write(handles, struct.pack(f"<{len(values)}I", *values))
            for value, handle in zip(values, carried, strict=True):
                handle.object.cancel(handle)
                c.handles.put(value, handle)
    except UserFault:
        if carried:
            c.kernel.close_handles(carried)
        raise


# Writing -------------------------------------------------------------------------------------


def zx_channel_write(
    c: Caller,
    handle: int,
    options: int,
    bytes: Pointer,
    num_bytes: int,
    handles: Pointer,
    num_handles: int,
) -> int:
    """Queue a message at the peer; the handles leave the caller whatever comes of it."""
    right = abi.ZX_RIGHT_WRITE
    channel, message = _outgoing(
        c, handle, right, options, bytes, num_bytes, handles, num_handles, etc=False
    )
    channel.write(message, c.thread)  # PEER_CLOSED
    return abi.ZX_OK


def zx_channel_write_etc(
    c: Caller,
    handle: int,
    options: int,
    bytes: Pointer,
    num_bytes: int,
    handles: Pointer,
    num_handles: int,
) -> int:
    """Queue a message at the peer, its handles described by dispositions."""
    right = abi.ZX_RIGHT_WRITE
    channel, message = _outgoing(
        c, handle, right, options, bytes, num_bytes, handles, num_handles, etc=True
    )
    channel.write(message, c.thread)  # PEER_CLOSED
    return abi.ZX_OK


def _outgoing(
    c: Caller,
    handle: int,
    rights: int,
    options: int,
    pointer: Pointer,
    num_bytes: int,
    handles: Pointer,
    num_handles: int,
    etc: bool,
    at_least: int = 0,
) -> tuple[Channel, Message]:
    """The channel and the message for it, whose handles have left the caller in any case."""
    try:
        if options & ~abi.ZX_CHANNEL_WRITE_USE_IOVEC:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        channel = c.get(handle, Channel, rights)
        data = _message_bytes(c, options, pointer, num_bytes, num_handles)
        if len(data) < at_least:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    except ZxError:
        (_discard_moved if etc else _discard)(c, handles, num_handles)
        raise
    consume = _consume_dispositions if etc else _consume
    return channel, (len(data), data, consume(c, channel, handles, num_handles))


def _message_bytes(
    c: Caller, options: int, pointer: Pointer, num_bytes: int, num_handles: int
) -> bytes:
    """The bytes of the message to be: what vectors say, OUT_OF_RANGE, then INVALID_ARGS."""
    vectors = None
    size = num_bytes
    if options & abi.ZX_CHANNEL_WRITE_USE_IOVEC:
        vectors = _vectors(c, pointer, num_bytes)
        size = sum(capacity for _, capacity, _ in vectors)
    if size > abi.ZX_CHANNEL_MAX_MSG_BYTES or num_handles > abi.ZX_CHANNEL_MAX_MSG_HANDLES:
        raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
    if vectors is None:
        return c.read(pointer, size)
    return b"".join(c.read(buffer, capacity) for buffer, capacity, _ in vectors)


def _vectors(c: Caller, pointer: Pointer, count: int) -> list[tuple[int, ...]]:
    """(buffer, capacity, reserved) of each vector, judged piece by piece."""
    if count > abi.ZX_CHANNEL_MAX_MSG_IOVECS:
        raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
    vectors: list[tuple[int, ...]] = []
    total = 0
    for chunk in c.chunks(pointer, count, _IOVEC, _IOVECS_AT_ONCE):
        if any(reserved != 0 for _, _, reserved in chunk):
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        total += sum(capacity for _, capacity, _ in chunk)
        if total > abi.ZX_CHANNEL_MAX_MSG_BYTES:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        vectors += chunk
    return vectors


def _consume(
    c: Caller, channel: Channel, pointer: Pointer, num_handles: int
) -> list[Handle] | None:
    """Take the listed handles out of the caller's table: all are tried, the first error counts."""
    if not num_handles:
        return None
    error = abi.ZX_OK
    taken: list[Handle] = []
    for value in struct.unpack(f"<{num_handles}I", c.read(pointer, 4 * num_handles)):
        moved = c.handles.remove(value)
        if moved is None:
            error = error or c.bad_handle().status
            continue
        taken.append(moved)
        if not moved.rights & abi.ZX_RIGHT_TRANSFER:
            error = error or abi.ZX_ERR_ACCESS_DENIED
        elif moved.object is channel:
            error = error or abi.ZX_ERR_NOT_SUPPORTED
    if error != abi.ZX_OK:
        c.kernel.close_handles(taken)
        raise ZxError(error)
    return taken


def _consume_dispositions(
    c: Caller, channel: Channel, pointer: Pointer, num_handles: int
) -> list[Handle] | None:
    """Move or duplicate the described handles; the results are stored only if one fails."""
    if not num_handles:
        return None
    error = abi.ZX_OK
    taken: list[Handle] = []
    answer: list[bytes] = []
    records = _DISPOSITION.iter_unpack(c.read(pointer, _DISPOSITION.size * num_handles))
    for operation, value, kind, rights, result in records:
        try:
            taken.append(_dispose(c, channel, operation, value, kind, rights))
        except ZxError as failure:
            error = error or failure.status
            result = failure.status
        answer.append(_DISPOSITION.pack(operation, value, kind, rights, result))
    if error != abi.ZX_OK:
        c.kernel.close_handles(taken)
        c.write(pointer, b"".join(answer))
        raise ZxError(error)
    return taken


def _dispose(
    c: Caller, channel: Channel, operation: int, value: int, kind: int, rights: int
) -> Handle:
    """One handle of a disposition array, moved or duplicated with the rights asked for."""
    source = c.handle(value)
    if operation != abi.ZX_HANDLE_OP_DUPLICATE:
        c.handles.remove(value)
    try:
        if operation not in (abi.ZX_HANDLE_OP_MOVE, abi.ZX_HANDLE_OP_DUPLICATE):
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if not source.rights & abi.ZX_RIGHT_TRANSFER:
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        if source.object is channel:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        if kind not in (abi.ZX_OBJ_TYPE_NONE, source.object.TYPE):
            raise ZxError(abi.ZX_ERR_WRONG_TYPE)
        if rights == abi.ZX_RIGHT_SAME_RIGHTS:
            rights = source.rights
        elif rights & ~source.rights:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if operation == abi.ZX_HANDLE_OP_DUPLICATE:
            if not source.rights & abi.ZX_RIGHT_DUPLICATE:
                raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
            return c.kernel.make_handle(source.object, rights)
    except ZxError:
        if operation != abi.ZX_HANDLE_OP_DUPLICATE:
            c.kernel.close_handle(source)
        raise
    source.limit(rights)
    return source


def _discard(c: Caller, pointer: Pointer, num_handles: int) -> None:
    """Close every listed handle of a call that failed before it came to them."""
    with suppress(UserFault):
        for (value,) in c.records(pointer, num_handles, _HANDLE):
            _close_value(c, value)


def _discard_moved(c: Caller, pointer: Pointer, num_handles: int) -> None:
    """The same for dispositions: close all but those that were to be duplicated."""
    with suppress(UserFault):
        for operation, value, *_ in c.records(pointer, num_handles, _DISPOSITION):
            if operation != abi.ZX_HANDLE_OP_DUPLICATE:
                _close_value(c, value)


def _close_value(c: Caller, value: int) -> None:
    removed = c.handles.remove(value)
    if removed is not None:
        c.kernel.close_handle(removed)


# Calling -------------------------------------------------------------------------------------


def zx_channel_call(
    c: Caller,
    handle: int,
    options: int,
    deadline: int,
    args: Pointer,
    actual_bytes: Pointer,
    actual_handles: Pointer,
) -> int:
    """Send a message and wait for the reply with its transaction id."""
    return _call(c, handle, options, deadline, args, actual_bytes, actual_handles, etc=False)


def zx_channel_call_etc(
    c: Caller,
    handle: int,
    options: int,
    deadline: int,
    args: Pointer,
    actual_bytes: Pointer,
    actual_handles: Pointer,
) -> int:
    """The same with dispositions for the handles sent and types for those received."""
    return _call(c, handle, options, deadline, args, actual_bytes, actual_handles, etc=True)


# Calls of the host emulation are never interrupted, so the vDSO's first half is the whole and
# there is never a call left to finish.
zx_channel_call_noretry = zx_channel_call
zx_channel_call_etc_noretry = zx_channel_call_etc


def zx_channel_call_finish(
    c: Caller, deadline: int, args: Pointer, actual_bytes: Pointer, actual_handles: Pointer
) -> int:
    """Go on with an interrupted call: there is none."""
    raise ZxError(abi.ZX_ERR_BAD_STATE)


zx_channel_call_etc_finish = zx_channel_call_finish


def _call(
    c: Caller,
    handle: int,
    options: int,
    deadline: int,
    args: Pointer,
    actual_bytes: Pointer,
    actual_handles: Pointer,
    etc: bool,
) -> int:
    fields = _CALL_ARGS.unpack(c.read(args, _CALL_ARGS.size))
    wr_bytes, wr_handles, rd_bytes, rd_handles = fields[:4]
    wr_num_bytes, wr_num_handles, rd_num_bytes, rd_num_handles = fields[4:]
    channel, message = _outgoing(
        c,
        handle,
        abi.ZX_RIGHT_READ | abi.ZX_RIGHT_WRITE,
        options,
        wr_bytes,
        wr_num_bytes,
        wr_handles,
        wr_num_handles,
        etc,
        at_least=_TXID_SIZE,
    )
    reply = channel.call(message, deadline, c.thread)
    size, _, received = reply
    try:
        if size > rd_num_bytes or len(received or ()) > rd_num_handles:
            raise ZxError(abi.ZX_ERR_BUFFER_TOO_SMALL)
        c.write_u32(actual_bytes, size)
        c.write_u32(actual_handles, len(received or ()))
    except ZxError:
        c.kernel.close_handles(received or ())
        raise
    _deliver(c, reply, rd_bytes, rd_handles, etc)
    return abi.ZX_OK
