"""Protocols: ordinals, messages of methods, what either side makes of what it reads."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from fidl_strategies import damaged, values
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from harness.fidl.handles import HandleTable
from harness.fidl.targets import AJAR_TARGET, CLOSED_TARGET, OPEN_TARGET, Int8Struct, SomeField
from zxio_py import abi
from zxio_py.fidl import (
    Call,
    Code,
    Codec,
    DeclarationError,
    DomainError,
    EpitaphError,
    Event,
    FidlError,
    Kind,
    Method,
    Protocol,
    Struct,
    TransactionError,
    UnknownCall,
    UnknownEvent,
    UnknownMethodError,
    UnsuitableValueError,
    encode_epitaph,
    encode_header,
    event,
    one_way,
    ordinal_of,
    receive_event,
    receive_request,
    two_way,
)
from zxio_py.fidl.library import io, packet_socket, pty, raw_socket, socket, unknown
from zxio_py.fidl.library.io_types import FileObject, NodeAttributes, NodeInfoDeprecated
from zxio_py.fidl.library.net import SocketAddress
from zxio_py.fidl.types import INT32, INT64
from zxio_py.fidl.values import Uint32

LIBRARIES = (io, packet_socket, pty, raw_socket, socket, unknown)
PROTOCOLS = {
    protocol.name: protocol
    for library in LIBRARIES
    for protocol in vars(library).values()
    if isinstance(protocol, Protocol)
}
METHODS = {
    method.full_name: method
    for protocol in PROTOCOLS.values()
    for method in protocol.methods.values()
}


# Ordinals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "ordinal"),
    [
        ("a.b.c/protocol.s0", 0x3B1625372E15F1AE),
        ("a.b.c/protocol.s31", 0x54FD307BB5BFAB2D),
        ("fidl.serversuite/ClosedTarget.TwoWayNoPayload", 6618634609655918175),
        ("fuchsia.io1/Directory.Open", 0x2C5044561D685EC0),
    ],
)
def test_ordinals_are_the_published_ones(name: str, ordinal: int) -> None:
    assert ordinal_of(name) == ordinal


def test_declared_methods_have_the_known_ordinals() -> None:
    ours = {method.hashed_name: method.ordinal for method in METHODS.values()}
    with (Path(__file__).parent / "ordinals.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == 175
    for row in rows:
        assert ours[row["hashed_name"]] == int(row["ordinal"], 16), row


def test_a_composed_method_keeps_its_ordinal() -> None:
    assert pty.DEVICE["Read"].ordinal == io.FILE["Read"].ordinal == io.READABLE["Read"].ordinal
    assert io.DIRECTORY["Open"].ordinal != io.DIRECTORY["Open2"].ordinal


@pytest.mark.parametrize(
    "methods",
    [
        (one_way("A"), one_way("A", selector="B")),
        (one_way("A"), one_way("B", selector="A")),
    ],
)
def test_two_methods_of_one_name_or_ordinal_are_refused(methods: tuple[Method, ...]) -> None:
    with pytest.raises(DeclarationError):
        Protocol("test/P", *methods)


def test_an_error_is_a_number_of_32_bits() -> None:
    with pytest.raises(DeclarationError, match="int32"):
        two_way("A", error=INT64)


# Messages --------------------------------------------------------------------------------------


def test_messages_look_as_documented() -> None:
    query = unknown.QUERYABLE["Query"]
    assert query.encode_request(txid=1).data == encode_header(1, query.ordinal, False)
    reply = query.encode_reply(unknown.QueryableQueryResponse(b"fuchsia.io/File"), 1)
    assert len(reply.data) == 16 + 16 + 16
    clone = io.NODE["Clone"].encode_request(io.NodeCloneRequest(0x4000000, 7))
    assert len(clone.data) == 24
    assert clone.handles == [
        (7, abi.ZX_OBJ_TYPE_CHANNEL, abi.ZX_DEFAULT_CHANNEL_RIGHTS, abi.ZX_HANDLE_OP_MOVE)
    ]
    read = io.FILE["Read"]
    assert len(read.encode_request(io.ReadableReadRequest(8192), 1).data) == 24
    assert len(read.encode_reply(io.DataResponse(bytes(13)), 1).data) == 16 + 16 + 16 + 16
    assert read.encode_error(-11, 1).data[16:].hex() == "0200000000000000f5ffffff00000100"
    sync = io.NODE["Sync"]
    assert sync.encode_reply(txid=1).data[16:].hex() == "01000000000000000000000000000100"


# One method after another: a mistake in the codec fails many, and is not to be made small in each.
@settings(deadline=None, max_examples=5, phases=(Phase.explicit, Phase.generate))
@given(st.data())
@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_understands_itself(name: str, data: st.DataObject) -> None:
    method = METHODS[name]
    if method.request is not None:
        value = data.draw(values(method.request.fidl))
        sent = method.encode_request(value, 5)
        assert (
            method.encode_request(method.decode_request(sent.data, infos(sent.handles)), 5).data
            == sent.data
        )
    if method.kind is Kind.TWO_WAY:
        answer = data.draw(values(method.response.fidl)) if method.response else None
        sent = method.encode_reply(answer, 5)
        back = method.decode_reply(sent.data, infos(sent.handles), txid=5)
        assert method.encode_reply(back, 5).data == sent.data


def infos(handles: list[Any]) -> list[Any]:
    """What arrives: the handles as they are, with the rights that are declared."""
    return [
        (item.handle, item.type or 1, 0 if item.rights >> 31 else item.rights) for item in handles
    ]


def test_errors_of_methods_are_exceptions() -> None:
    read = io.FILE["Read"]
    with pytest.raises(DomainError, match=r"fuchsia.io/Readable.Read failed: -11") as caught:
        read.decode_reply(read.encode_error(-11, 3).data, txid=3)
    assert caught.value.error == -11
    with pytest.raises(DeclarationError):
        io.NODE["GetAttr"].encode_error(-1)
    flexible = OPEN_TARGET["FlexibleTwoWay"]
    message = encode_header(3, flexible.ordinal, True) + bytes.fromhex(
        "0300000000000000feffffff00000100"
    )
    with pytest.raises(UnknownMethodError, match=r"OpenTarget\.FlexibleTwoWay"):
        flexible.decode_reply(message, txid=3)


def test_a_reply_to_something_else_is_refused() -> None:
    read, reply = io.FILE["Read"], io.FILE["Read"].encode_reply(io.DataResponse(b"x"), 3).data
    table = HandleTable()
    sent = [table.info(table.add(0, 1, 0))]
    for data, code in (
        (reply[:3] + b"\1" + reply[4:], Code.INVALID_TXID),
        (reply[:7] + b"\2" + reply[8:], Code.INVALID_HEADER),
        (reply[:4] + b"\0" + reply[5:], Code.UNSUPPORTED_WIRE_FORMAT),
        (reply[:8] + b"\0" + reply[9:], Code.UNEXPECTED_ORDINAL),
        (reply[:8], Code.INVALID_HEADER),
    ):
        with pytest.raises(TransactionError) as caught:
            read.decode_reply(data, sent, table, 3)
        assert caught.value.code == code
        assert table.still_open() == []
        sent = [table.info(table.add(0, 1, 0))]
    assert not table.misuse
    with pytest.raises(EpitaphError) as closed:
        read.decode_reply(encode_epitaph(-25), txid=3)
    assert closed.value.status == -25


def test_flags_that_nobody_knows_are_ignored() -> None:
    read = io.FILE["Read"]
    reply = bytearray(read.encode_reply(io.DataResponse(b"hello"), 3).data)
    reply[4:7] = b"\xfe\xff\x7f"
    assert read.decode_reply(bytes(reply), txid=3) == io.DataResponse(b"hello")


@pytest.mark.parametrize("value", [None, SomeField(1), io.ReadableReadRequest(-1)])
def test_a_value_that_is_none_of_the_method_s_is_refused(value: Any) -> None:
    with pytest.raises(UnsuitableValueError):
        io.FILE["Read"].encode_request(value)


def test_a_message_is_no_larger_than_a_channel_takes() -> None:
    method = CLOSED_TARGET["ByteVectorSize"]
    assert method.request is not None
    largest = method.request(bytes(65536 - 32))
    assert len(method.encode_request(largest).data) == 65536
    with pytest.raises(FidlError, match="MESSAGE_TOO_LARGE"):
        method.encode_request(method.request(bytes(65536 - 31)))
    table = HandleTable()
    handles = [table.add(index, 5, 0) for index in range(65)]
    events = CLOSED_TARGET["HandleVectorSize"]
    assert events.request is not None
    with pytest.raises(FidlError, match="MESSAGE_TOO_LARGE"):
        events.encode_request(events.request(handles), 0, table)
    assert table.still_open() == []


def test_a_reply_that_cannot_be_encoded_loses_its_handles() -> None:
    table = HandleTable()
    answer = socket.StreamSocketAcceptResponse(SocketAddress(), table.add(0, 4, 0))
    with pytest.raises(FidlError, match="UNION_FIELD_NOT_SET"):
        socket.STREAM_SOCKET["Accept"].encode_reply(answer, 1, table)
    assert table.still_open() == []
    answer = socket.StreamSocketAcceptResponse(None, table.add(0, 4, 0))
    with pytest.raises(UnsuitableValueError, match="txid -1"):
        socket.STREAM_SOCKET["Accept"].encode_reply(answer, -1, table)
    assert table.still_open() == []


# The short way for bytes -----------------------------------------------------------------------

BYTES_REPLIES = [
    (io.FILE["Read"], io.DataResponse),
    (io.DIRECTORY["ReadDirents"], lambda data: io.DirectoryReadDirentsResponse(-3, data)),
]


@settings(deadline=None, max_examples=80)
@given(st.data(), st.binary(max_size=40))
@pytest.mark.parametrize(("method", "make"), BYTES_REPLIES)
def test_the_short_way_gives_what_the_general_one_gives(
    method: Method, make: Any, data: st.DataObject, content: bytes
) -> None:
    general = method._reply
    assert general is not None
    assert method._bytes_reply is not None
    sent = method.encode_reply(make(content), 9).data
    assert sent == general.encode_message(make(content), 9).data
    for message in (sent, sent[:16] + data.draw(damaged(sent[16:]))):
        assert outcome(method.decode_reply, message) == outcome(general.decode, message)


def outcome(decode: Any, message: bytes) -> Any:
    try:
        value = decode(message)
    except DomainError as error:
        return error.error
    except FidlError as error:
        return error.code
    return getattr(value, "error", value)


def test_large_data_is_counted_by_its_limit() -> None:
    with pytest.raises(FidlError, match="COUNT_EXCEEDS_LIMIT"):
        io.FILE["Read"].encode_reply(io.DataResponse(bytes(8193)))
    assert io.FILE["Write"].encode_request(io.WritableWriteRequest(bytearray(b"x"))).data[32:] == (
        b"x" + bytes(7)
    )


# Servers and clients ---------------------------------------------------------------------------


def test_a_server_gets_calls_with_their_arguments() -> None:
    method = CLOSED_TARGET["TwoWayStructPayload"]
    sent = method.encode_request(Int8Struct(-4), 8).data
    assert receive_request(CLOSED_TARGET, sent) == Call(method, 8, Int8Struct(-4))


@pytest.mark.parametrize(
    ("name", "txid", "code"),
    [
        ("OneWayNoPayload", 1, Code.INVALID_TXID),
        ("TwoWayNoPayload", 0, Code.INVALID_TXID),
    ],
)
def test_a_wrong_txid_closes(name: str, txid: int, code: Code) -> None:
    with pytest.raises(TransactionError) as caught:
        receive_request(CLOSED_TARGET, CLOSED_TARGET[name].encode_request(txid=txid).data)
    assert caught.value.code == code


def test_a_body_where_none_is_expected_closes() -> None:
    table = HandleTable()
    message = CLOSED_TARGET["TwoWayNoPayload"].encode_request(txid=1).data
    with pytest.raises(FidlError, match="TOO_MANY_BYTES_IN_MESSAGE"):
        receive_request(CLOSED_TARGET, message + bytes(8))
    with pytest.raises(FidlError, match="TOO_MANY_HANDLES_IN_MESSAGE"):
        receive_request(CLOSED_TARGET, message, [table.info(table.add(0, 1, 0))], table)
    assert table.still_open() == []


@pytest.mark.parametrize("txid", [0, 1])
@pytest.mark.parametrize("flexible", [False, True])
@pytest.mark.parametrize("protocol", [CLOSED_TARGET, AJAR_TARGET, OPEN_TARGET])
def test_unknown_methods_by_openness(protocol: Protocol, flexible: bool, txid: int) -> None:
    table = HandleTable()
    handles = [table.info(table.add(0, 1, 0))]
    message = encode_header(txid, 0x10FF10FF10FF10FF, flexible)
    borne = flexible and protocol is not CLOSED_TARGET and not (txid and protocol is AJAR_TARGET)
    if borne:
        received = receive_request(protocol, message, handles, table)
        assert isinstance(received, UnknownCall)
        assert received.reply == (
            message + bytes.fromhex("0300000000000000feffffff00000100") if txid else None
        )
    else:
        with pytest.raises(TransactionError, match="UNEXPECTED_ORDINAL"):
            receive_request(protocol, message, handles, table)
    assert table.still_open() == []
    assert not table.misuse


def test_a_client_gets_events() -> None:
    node_info = NodeInfoDeprecated(file=FileObject(None, 6))
    message = io.NODE["OnOpen"].encode_request(io.NodeOnOpenEvent(0, node_info))
    handles = [(6, abi.ZX_OBJ_TYPE_STREAM, 0)]
    received = receive_event(io.NODE, message.data, handles)
    assert received == Event(io.NODE["OnOpen"], io.NodeOnOpenEvent(0, node_info))
    with pytest.raises(TransactionError, match="INVALID_TXID"):
        receive_event(io.NODE, encode_header(1, io.NODE["OnOpen"].ordinal, False))


@pytest.mark.parametrize(("protocol", "borne"), [(CLOSED_TARGET, False), (OPEN_TARGET, True)])
def test_unknown_events_by_openness(protocol: Protocol, borne: bool) -> None:
    message = encode_header(0, 0x10FF10FF10FF10FF, True)
    if borne:
        assert receive_event(protocol, message) == UnknownEvent(0x10FF10FF10FF10FF)
    else:
        with pytest.raises(TransactionError):
            receive_event(protocol, message)


def test_an_epitaph_says_why() -> None:
    epitaph = encode_epitaph(-11)
    assert epitaph.hex() == "0000000002000001fffffffffffffffff5ffffff00000000"
    with pytest.raises(EpitaphError) as caught:
        receive_event(io.NODE, epitaph)
    assert caught.value.status == -11
    for wrong in (epitaph[:20], epitaph + bytes(8), epitaph[:-1] + b"\1"):
        with pytest.raises(TransactionError):
            receive_event(io.NODE, wrong)
    with pytest.raises(TransactionError):
        receive_request(OPEN_TARGET, epitaph)


def test_a_protocol_is_declared_in_a_few_lines() -> None:
    class Number(Struct):
        value: Uint32

    protocol = Protocol(
        "test.example/Counter",
        two_way("Add", Number, Number, error=INT32),
        event("OnOverflow"),
    )
    add = protocol["Add"]
    assert add.full_name == "test.example/Counter.Add"
    assert add.ordinal == ordinal_of("test.example/Counter.Add")
    call = receive_request(protocol, add.encode_request(Number(3), 1).data)
    assert isinstance(call, Call)
    assert call.value.value == 3
    assert add.decode_reply(add.encode_reply(Number(4), 1).data, txid=1) == Number(4)
    assert receive_event(protocol, protocol["OnOverflow"].encode_request().data) == Event(
        protocol["OnOverflow"], None
    )


def test_attributes_have_their_layout() -> None:
    codec = Codec(NodeAttributes.fidl)
    data = codec.encode(NodeAttributes(1, 2, 3, 4, 5, 6, 7)).data
    assert len(data) == 56
    with pytest.raises(FidlError, match="INVALID_PADDING_BYTE"):
        codec.decode(data[:4] + b"\1" + data[5:])
