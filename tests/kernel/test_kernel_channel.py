"""Channels: messages, what is consumed when, order of errors, calls."""

from __future__ import annotations

import struct
import threading

import pytest
from kernel_calls import Raw

from zxio_py import abi
from zxio_py.kernel import Kernel, ThreadKilled

MOVE, DUPLICATE = abi.ZX_HANDLE_OP_MOVE, abi.ZX_HANDLE_OP_DUPLICATE
SAME = abi.ZX_RIGHT_SAME_RIGHTS


def write(raw: Raw, channel: int, data: bytes, handles: list[int] | None = None) -> int:
    handles = handles or []
    bytes_at = raw.put(data, 0x1000) if data else 0
    handles_at = raw.put(struct.pack(f"<{len(handles)}I", *handles), 0x2000) if handles else 0
    return raw("zx_channel_write", channel, 0, bytes_at, len(data), handles_at, len(handles))


def test_fresh_signals(raw: Raw) -> None:
    first, second = raw.pair("zx_channel_create", 0)
    assert raw.signals(first) == raw.signals(second) == abi.ZX_CHANNEL_WRITABLE
    assert write(raw, first, b"x") == abi.ZX_OK
    assert raw.signals(second) == abi.ZX_CHANNEL_READABLE | abi.ZX_CHANNEL_WRITABLE
    assert raw.signals(first) == abi.ZX_CHANNEL_WRITABLE
    raw("zx_handle_close", first)
    assert raw.signals(second) == abi.ZX_CHANNEL_READABLE | abi.ZX_CHANNEL_PEER_CLOSED


def test_read_precedence(raw: Raw) -> None:
    first, second = raw.pair("zx_channel_create", 0)
    read = "zx_channel_read"
    assert raw(read, 0, 2) == abi.ZX_ERR_BAD_HANDLE
    assert raw(read, first, 2) == abi.ZX_ERR_NOT_SUPPORTED
    assert raw(read, first, 0) == abi.ZX_ERR_SHOULD_WAIT
    write(raw, second, b"four")
    assert raw(read, first, 0, 0, 0, 3, 0, raw.page, raw.page + 4) == abi.ZX_ERR_BUFFER_TOO_SMALL
    assert (raw.u32(), raw.u32(4)) == (4, 0)
    assert raw(read, first, 0, 0, 0, 3, 0, 8, 0) == abi.ZX_ERR_INVALID_ARGS  # before too small
    assert raw.signals(first) & abi.ZX_CHANNEL_READABLE
    assert raw(read, first, 0, 8, 0, 4, 0, 0, 0) == abi.ZX_ERR_INVALID_ARGS  # and it is lost
    raw("zx_handle_close", second)
    assert raw(read, first, 0) == abi.ZX_ERR_PEER_CLOSED


def test_may_discard_drops_message_and_handles(raw: Raw) -> None:
    first, second = raw.pair("zx_channel_create", 0)
    near, far = raw.pair("zx_eventpair_create", 0)
    write(raw, second, b"data", [far])
    option = abi.ZX_CHANNEL_READ_MAY_DISCARD
    assert raw("zx_channel_read", first, option) == abi.ZX_ERR_BUFFER_TOO_SMALL
    assert raw.signals(near) == abi.ZX_EVENTPAIR_PEER_CLOSED
    assert raw("zx_channel_read", first, option) == abi.ZX_ERR_SHOULD_WAIT


@pytest.mark.parametrize(
    ("case", "status"),
    [
        ("options", abi.ZX_ERR_INVALID_ARGS),
        ("bad handle", abi.ZX_ERR_BAD_HANDLE),
        ("wrong type", abi.ZX_ERR_WRONG_TYPE),
        ("too many bytes", abi.ZX_ERR_OUT_OF_RANGE),
        ("bad bytes", abi.ZX_ERR_INVALID_ARGS),
        ("peer closed", abi.ZX_ERR_PEER_CLOSED),
        ("none", abi.ZX_OK),
    ],
)
def test_write_consumes_handles_whatever_happens(raw: Raw, case: str, status: int) -> None:
    first, second = raw.pair("zx_channel_create", 0)
    event = raw.handle("zx_event_create", 0)
    other = raw.handle("zx_event_create", 0)
    array = raw.put(struct.pack("<I", event))
    data = raw.put(b"data", 0x2000)
    if case == "peer closed":
        raw("zx_handle_close", second)
    result = raw(
        "zx_channel_write",
        {"bad handle": 0, "wrong type": other}.get(case, first),
        1 if case == "options" else 0,
        8 if case == "bad bytes" else data,
        65537 if case == "too many bytes" else 4,
        array,
        1,
    )
    assert result == status
    assert not raw.live(event)


def test_too_many_handles_are_all_consumed(raw: Raw) -> None:
    first, _ = raw.pair("zx_channel_create", 0)
    events = [raw.handle("zx_event_create", 0) for _ in range(70)]
    assert write(raw, first, b"", events) == abi.ZX_ERR_OUT_OF_RANGE
    assert not any(raw.live(event) for event in events)


def test_every_handle_is_tried_and_the_first_error_counts(raw: Raw) -> None:
    first, second = raw.pair("zx_channel_create", 0)
    event = raw.handle("zx_event_create", 0)
    no_transfer = raw.handle("zx_handle_duplicate", event, abi.ZX_RIGHT_WAIT)
    assert write(raw, first, b"", [no_transfer, 0, first, event]) == abi.ZX_ERR_ACCESS_DENIED
    assert not any(raw.live(handle) for handle in (no_transfer, first, event))
    assert raw.signals(second) == abi.ZX_CHANNEL_PEER_CLOSED


def test_writing_a_channel_into_itself(raw: Raw) -> None:
    first, second = raw.pair("zx_channel_create", 0)
    assert write(raw, first, b"", [first]) == abi.ZX_ERR_NOT_SUPPORTED
    assert raw.signals(second) == abi.ZX_CHANNEL_PEER_CLOSED


def test_same_handle_twice(raw: Raw) -> None:
    first, _ = raw.pair("zx_channel_create", 0)
    event = raw.handle("zx_event_create", 0)
    assert write(raw, first, b"", [event, event]) == abi.ZX_ERR_BAD_HANDLE
    assert not raw.live(event)


def test_unread_handles_end_with_the_reader(raw: Raw) -> None:
    first, second = raw.pair("zx_channel_create", 0)
    near, far = raw.pair("zx_eventpair_create", 0)
    write(raw, first, b"", [far])
    assert raw.signals(near) == 0
    raw("zx_handle_close", second)
    assert raw.signals(near) == abi.ZX_EVENTPAIR_PEER_CLOSED


def test_deep_nesting_ends_without_recursion(kernel: Kernel, raw: Raw) -> None:
    before = kernel.counts()
    outer, inner = raw.pair("zx_channel_create", 0)
    for _ in range(2000):
        first, second = raw.pair("zx_channel_create", 0)
        assert write(raw, first, b"", [outer, inner]) == abi.ZX_OK
        outer, inner = first, second
    raw("zx_handle_close", outer)
    raw("zx_handle_close", inner)
    assert kernel.counts() == before


def test_channels_that_only_hold_each_other_end_with_their_process(kernel: Kernel) -> None:
    before = kernel.counts()
    raw = Raw(kernel.create_process("cycles"))
    own, carrier = raw.pair("zx_channel_create", 0)
    write(raw, carrier, b"", [own])  # it lies in its own queue
    first, first_peer = raw.pair("zx_channel_create", 0)
    second, second_peer = raw.pair("zx_channel_create", 0)
    near, far = raw.pair("zx_eventpair_create", 0)
    held = raw.process.handles.get(near)
    assert held is not None
    witness = Raw(kernel.create_process("witness"))
    end = witness.process.add_handle(held.object, held.rights)
    write(raw, first_peer, b"", [second, far])
    write(raw, second_peer, b"", [first])
    raw("zx_handle_close", near)
    assert witness.signals(end) == 0
    raw.process.kill()
    assert witness.signals(end) == abi.ZX_EVENTPAIR_PEER_CLOSED
    witness.process.kill()
    del held
    assert kernel.counts() == before


def test_a_queue_somebody_can_read_outlives_its_writer(kernel: Kernel) -> None:
    raw = Raw(kernel.create_process("writer"))
    reader = Raw(kernel.create_process("reader"))
    near, far = raw.pair("zx_channel_create", 0)
    held = raw.process.handles.get(far)
    assert held is not None
    end = reader.process.add_handle(held.object, held.rights)
    inner, inner_peer = raw.pair("zx_channel_create", 0)
    write(raw, inner_peer, b"inside", [])
    write(raw, near, b"", [inner])
    raw.process.kill()
    assert reader("zx_channel_read", end, 0, 0, reader.page, 0, 1, 0, 0) == abi.ZX_OK
    assert reader("zx_channel_read", reader.u32(), 0, reader.page, 0, 6, 0, 0, 0) == abi.ZX_OK
    assert reader.process.aspace.read(reader.page, 6) == b"inside"
    reader.process.kill()


def test_full_queue_ends_the_writer(raw: Raw) -> None:
    first, _ = raw.pair("zx_channel_create", 0)
    for _ in range(abi.CHANNEL_PENDING_MESSAGES_MAX):
        assert raw("zx_channel_write", first, 0, 0, 0, 0, 0) == abi.ZX_OK
    with pytest.raises(ThreadKilled, match="CHANNEL_FULL_WRITE"):
        raw("zx_channel_write", first, 0, 0, 0, 0, 0)
    assert raw.process.retcode == abi.ZX_TASK_RETCODE_EXCEPTION_KILL


def iovecs(raw: Raw, *vectors: tuple[int, int, int]) -> int:
    return raw.put(b"".join(struct.pack("<QII", *v) for v in vectors), 0x2000)


def test_iovec(raw: Raw) -> None:
    first, second = raw.pair("zx_channel_create", 0)
    data = raw.put(b"helloworld")
    option = abi.ZX_CHANNEL_WRITE_USE_IOVEC
    array = iovecs(raw, (data, 5, 0), (0, 0, 0), (data + 5, 5, 0))
    assert raw("zx_channel_write", first, option, array, 3, 0, 0) == abi.ZX_OK
    assert raw("zx_channel_read", second, 0, raw.page, 0, 10, 0, 0, 0) == abi.ZX_OK
    assert raw.process.aspace.read(raw.page, 10) == b"helloworld"


@pytest.mark.parametrize(
    ("vectors", "count", "status"),
    [
        ([(1, 5, 1)], 1, abi.ZX_ERR_INVALID_ARGS),
        ([(0, 8, 0)], 1, abi.ZX_ERR_INVALID_ARGS),
        ([], 8193, abi.ZX_ERR_OUT_OF_RANGE),
        ([(1, 65536, 0), (1, 1, 0)], 2, abi.ZX_ERR_OUT_OF_RANGE),
        ([(1, 65536, 0), (1, 1, 1)], 2, abi.ZX_ERR_INVALID_ARGS),
    ],
)
def test_bad_iovec(raw: Raw, vectors: list[tuple[int, int, int]], count: int, status: int) -> None:
    first, _ = raw.pair("zx_channel_create", 0)
    data = raw.page
    array = iovecs(raw, *((data if buffer else 0, size, odd) for buffer, size, odd in vectors))
    option = abi.ZX_CHANNEL_WRITE_USE_IOVEC
    assert raw("zx_channel_write", first, option, array, count, 0, 0) == status


def dispositions(raw: Raw, *records: tuple[int, int, int, int]) -> int:
    return raw.put(b"".join(struct.pack("<IIIIi", *r, 77) for r in records), 0x2000)


def test_write_etc_reports_per_entry(raw: Raw) -> None:
    first, second = raw.pair("zx_channel_create", 0)
    moved = raw.handle("zx_event_create", 0)
    kept = raw.handle("zx_event_create", 0)
    bare = raw.handle("zx_handle_duplicate", kept, abi.ZX_RIGHT_TRANSFER)
    array = dispositions(
        raw,
        (MOVE, moved, abi.ZX_OBJ_TYPE_PORT, SAME),
        (DUPLICATE, kept, abi.ZX_OBJ_TYPE_EVENT, SAME),
        (DUPLICATE, bare, abi.ZX_OBJ_TYPE_NONE, SAME),
        (MOVE, 0, abi.ZX_OBJ_TYPE_NONE, SAME),
    )
    status = raw("zx_channel_write_etc", first, 0, 0, 0, array, 4)
    assert status == abi.ZX_ERR_WRONG_TYPE
    results = [raw.u32(0x2000 + 20 * i + 16) for i in range(4)]
    assert results == [
        abi.ZX_ERR_WRONG_TYPE & 0xFFFFFFFF,
        77,
        abi.ZX_ERR_ACCESS_DENIED & 0xFFFFFFFF,
        abi.ZX_ERR_BAD_HANDLE & 0xFFFFFFFF,
    ]
    assert [raw.live(h) for h in (moved, kept, bare)] == [False, True, True]
    assert raw("zx_channel_read", second, 0) == abi.ZX_ERR_SHOULD_WAIT


def test_write_etc_moves_with_fewer_rights(raw: Raw) -> None:
    first, second = raw.pair("zx_channel_create", 0)
    event = raw.handle("zx_event_create", 0)
    array = dispositions(raw, (MOVE, event, abi.ZX_OBJ_TYPE_EVENT, abi.ZX_RIGHT_WAIT))
    assert raw("zx_channel_write_etc", first, 0, 0, 0, array, 1) == abi.ZX_OK
    assert raw.u32(0x2000 + 16) == 77
    assert raw("zx_channel_read_etc", second, 0, 0, raw.page, 0, 1, 0, 0) == abi.ZX_OK
    _, kind, rights, unused = struct.unpack("<IIII", raw.process.aspace.read(raw.page, 16))
    assert (kind, rights, unused) == (abi.ZX_OBJ_TYPE_EVENT, abi.ZX_RIGHT_WAIT, 0)


def call_args(raw: Raw, data: int, size: int, room: int) -> int:
    reply = raw.page + 0x3000
    return raw.put(struct.pack("<QQQQIIII", data, 0, reply, 0, size, 0, room, 0), 0x2800)


def test_call_gets_the_reply_with_its_transaction_id(raw: Raw) -> None:
    client, server = raw.pair("zx_channel_create", 0)
    server_raw = Raw(raw.process)

    def serve() -> None:
        infinite = abi.ZX_TIME_INFINITE
        server_raw("zx_object_wait_one", server, abi.ZX_CHANNEL_READABLE, infinite, 0)
        server_raw("zx_channel_read", server, 0, server_raw.page, 0, 64, 0, server_raw.page + 64, 0)
        assert server_raw.u32() >= abi.CHANNEL_CALL_TXID_MIN
        other = server_raw.put(b"\0\0\0\0not it")
        server_raw("zx_channel_write", server, 0, other, 10, 0, 0)
        server_raw("zx_channel_write", server, 0, server_raw.page, server_raw.u32(64), 0, 0)

    thread = threading.Thread(target=serve)
    thread.start()
    args = call_args(raw, raw.put(b"\0\0\0\0ping"), 8, 64)
    status = raw("zx_channel_call", client, 0, abi.ZX_TIME_INFINITE, args, raw.page, raw.page + 4)
    thread.join()
    assert status == abi.ZX_OK
    assert (raw.u32(), raw.u32(4)) == (8, 0)
    assert raw.process.aspace.read(raw.page + 0x3004, 4) == b"ping"
    assert raw.signals(client) & abi.ZX_CHANNEL_READABLE  # the other message


def test_call_errors(raw: Raw) -> None:
    client, server = raw.pair("zx_channel_create", 0)
    data = raw.put(b"\0\0\0\0")
    short = call_args(raw, data, 3, 64)
    assert raw("zx_channel_call", 0, 0, 0, short, raw.page, raw.page) == abi.ZX_ERR_BAD_HANDLE
    assert raw("zx_channel_call", client, 0, 0, short, raw.page, raw.page) == (
        abi.ZX_ERR_INVALID_ARGS
    )
    args = call_args(raw, data, 4, 64)
    assert raw("zx_channel_call", client, 0, 0, args, raw.page, raw.page) == abi.ZX_ERR_TIMED_OUT
    assert raw.signals(server) & abi.ZX_CHANNEL_READABLE
    raw("zx_handle_close", server)
    assert raw("zx_channel_call", client, 0, 0, args, raw.page, raw.page) == abi.ZX_ERR_PEER_CLOSED
    assert raw("zx_channel_call_finish", 0, args, raw.page, raw.page) == abi.ZX_ERR_BAD_STATE


@pytest.mark.parametrize(
    ("close_client", "status"), [(True, abi.ZX_ERR_CANCELED), (False, abi.ZX_ERR_PEER_CLOSED)]
)
def test_call_ends_with_either_end(raw: Raw, close_client: bool, status: int) -> None:
    client, server = raw.pair("zx_channel_create", 0)
    other = Raw(raw.process)

    def close() -> None:
        infinite = abi.ZX_TIME_INFINITE
        other("zx_object_wait_one", server, abi.ZX_CHANNEL_READABLE, infinite, 0)
        other("zx_handle_close", client if close_client else server)

    thread = threading.Thread(target=close)
    thread.start()
    args = call_args(raw, raw.put(b"\0\0\0\0"), 4, 64)
    result = raw("zx_channel_call", client, 0, abi.ZX_TIME_INFINITE, args, raw.page, raw.page)
    thread.join()
    assert result == status
