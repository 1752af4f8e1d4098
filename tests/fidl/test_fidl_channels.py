"""Messages through channels of the emulated kernel, with real handles."""

from __future__ import annotations

from typing import Annotated

import pytest

from zxio_py import abi
from zxio_py.fidl import (
    Call,
    Encoded,
    FidlError,
    HandleInfo,
    Struct,
    pack_dispositions,
    receive_event,
    receive_request,
    unpack_infos,
)
from zxio_py.fidl.codec import Codec
from zxio_py.fidl.library import io
from zxio_py.fidl.library.io_types import Event, FileObject, NodeInfoDeprecated
from zxio_py.fidl.types import Handle
from zxio_py.kernel import Door, Kernel
from zxio_py.kernel.errors import ZxError


@pytest.fixture
def zx() -> Door:
    return Door(Kernel().create_process("fidl"))


def send(zx: Door, channel: int, message: Encoded) -> None:
    zx.channel_write_etc(channel, 0, message.data, pack_dispositions(message.handles))


def receive(zx: Door, channel: int) -> tuple[bytes, list[HandleInfo]]:
    data, handles = zx.channel_read_etc(channel, 0, 65536, 64)
    return data, unpack_infos(handles)


def rights(zx: Door, handle: int) -> int:
    layout = abi.STRUCTS["zx_info_handle_basic_t"]
    info = zx.object_get_info(handle, abi.ZX_INFO_HANDLE_BASIC, layout.size)
    data = info[0] if isinstance(info, tuple) else info
    offset = next(field.offset for field in layout.fields if field.name == "rights")
    assert isinstance(data, bytes)
    return int.from_bytes(data[offset : offset + 4], "little")


def assert_closed(zx: Door, handle: int) -> None:
    with pytest.raises(ZxError, match="ZX_ERR_BAD_HANDLE"):
        zx.object_get_info(handle, abi.ZX_INFO_HANDLE_VALID, 0)


def test_a_file_is_opened_and_read(zx: Door) -> None:
    directory, server = zx.channel_create(0)
    file, request = zx.channel_create(0)
    flags = 0x800001
    send(
        zx,
        directory,
        io.DIRECTORY["Open"].encode_request(io.OpenableOpenRequest(flags, 0, "a/b", request)),
    )

    call = receive_request(io.DIRECTORY, *receive(zx, server), zx)
    assert isinstance(call, Call)
    assert call.method.name == "Open"
    assert call.value.path == "a/b"
    event = zx.event_create(0)
    described = io.NodeOnOpenEvent(0, NodeInfoDeprecated(file=FileObject(event, None)))
    send(zx, call.value.object, io.NODE["OnOpen"].encode_request(described))

    opened = receive_event(io.FILE, *receive(zx, file), zx)
    assert opened.value.info.file.event > 0
    send(zx, file, io.FILE["Read"].encode_request(io.ReadableReadRequest(100), 1))
    read = receive_request(io.FILE, *receive(zx, call.value.object), zx)
    assert isinstance(read, Call)
    assert read.value == io.ReadableReadRequest(100)
    send(zx, call.value.object, read.method.encode_reply(io.DataResponse(b"text"), read.txid))
    assert io.FILE["Read"].decode_reply(*receive(zx, file), zx, 1) == io.DataResponse(b"text")


class OneEvent(Struct, resource=True):
    """An event with any rights."""

    event: Event


class WaitOnly(Struct, resource=True):
    """An event of which only waiting is wanted."""

    event: Annotated[int, Handle(abi.ZX_OBJ_TYPE_EVENT, abi.ZX_RIGHT_WAIT)]


def test_surplus_rights_are_given_up(zx: Door) -> None:
    event = zx.event_create(0)
    assert isinstance(event, int)
    info = HandleInfo(event, abi.ZX_OBJ_TYPE_EVENT, rights(zx, event))
    value = Codec(WaitOnly.fidl).decode(b"\xff" * 4 + bytes(4), [info], zx)
    assert_closed(zx, event)
    assert rights(zx, value.event) == abi.ZX_RIGHT_WAIT


def test_a_refused_message_leaves_no_handle(zx: Door) -> None:
    codec = Codec(OneEvent.fidl)
    for extra in (b"", bytes(8)):
        event, other = zx.event_create(0), zx.event_create(0)
        assert isinstance(event, int)
        assert isinstance(other, int)
        infos = [HandleInfo(handle, abi.ZX_OBJ_TYPE_EVENT, 0) for handle in (event, other)]
        with pytest.raises(FidlError, match="TOO_MANY"):
            codec.decode(b"\xff" * 4 + bytes(4) + extra, infos, zx)
        assert_closed(zx, event)
        assert_closed(zx, other)
