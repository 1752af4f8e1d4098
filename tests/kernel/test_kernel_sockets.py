"""Sockets and fifos."""

from __future__ import annotations

import struct
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_calls import Raw, status_of

from zxio_py import abi
from zxio_py.kernel import Door, Kernel, ZxError
from zxio_py.kernel.socket import CAPACITY

READABLE, WRITABLE = abi.ZX_SOCKET_READABLE, abi.ZX_SOCKET_WRITABLE
ENABLED = abi.ZX_SOCKET_DISPOSITION_WRITE_ENABLED
DISABLED = abi.ZX_SOCKET_DISPOSITION_WRITE_DISABLED


def info(door: Door, socket: int) -> tuple[int, ...]:
    return struct.unpack("<IIQQQQQ", door.object_get_info(socket, abi.ZX_INFO_SOCKET, 48)[0])


@given(st.lists(st.one_of(st.binary(min_size=1, max_size=3000), st.integers(1, 4000))))
def test_a_stream_socket_is_a_byte_queue(steps: list[bytes | int]) -> None:
    door = Door(Kernel().create_process("p"))
    first, second = door.socket_create(0)
    model = bytearray()
    for step in steps:
        if isinstance(step, bytes):
            assert door.socket_write(first, 0, step) == len(step)
            model += step
        else:
            expected = bytes(model[:step])
            if expected:
                assert door.socket_read(second, abi.ZX_SOCKET_PEEK, step) == expected
                assert door.socket_read(second, 0, step) == expected
                del model[:step]
            else:
                assert status_of(door.socket_read, second, 0, step) == abi.ZX_ERR_SHOULD_WAIT
        assert info(door, second)[4] == len(model)


@given(st.lists(st.one_of(st.binary(min_size=1, max_size=50), st.integers(0, 60))))
def test_datagrams_keep_their_boundaries(steps: list[bytes | int]) -> None:
    door = Door(Kernel().create_process("p"))
    first, second = door.socket_create(abi.ZX_SOCKET_DATAGRAM)
    model: deque[bytes] = deque()
    for step in steps:
        if isinstance(step, bytes):
            door.socket_write(first, 0, step)
            model.append(step)
        elif not model:
            assert status_of(door.socket_read, second, 0, step) == abi.ZX_ERR_SHOULD_WAIT
        elif step == 0:
            assert door.socket_read(second, 0, 0) == b""  # leaves the datagram where it is
        else:
            assert door.socket_read(second, 0, step) == model.popleft()[:step]
        assert info(door, second)[4] == (len(model[0]) if model else 0)


def test_full_and_drained(raw: Raw, door: Door) -> None:
    first, second = door.socket_create(0)
    assert door.socket_write(first, 0, bytes(CAPACITY + 5)) == CAPACITY
    assert raw.signals(first) == 0
    assert status_of(door.socket_write, first, 0, b"x") == abi.ZX_ERR_SHOULD_WAIT
    assert door.socket_write(first, 0, b"") == 0
    door.socket_read(second, 0, 1)
    assert raw.signals(first) == WRITABLE
    datagram, _ = door.socket_create(abi.ZX_SOCKET_DATAGRAM)
    assert status_of(door.socket_write, datagram, 0, bytes(CAPACITY + 1)) == abi.ZX_ERR_OUT_OF_RANGE
    door.socket_write(datagram, 0, bytes(CAPACITY - 1))
    assert status_of(door.socket_write, datagram, 0, b"xy") == abi.ZX_ERR_SHOULD_WAIT


def test_precedence(raw: Raw) -> None:
    first, second = raw.pair("zx_socket_create", 0)
    assert raw("zx_socket_create", 2, 0, 0) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_socket_write", 0, 1, raw.page, 1, 0) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_socket_write", 0, 0, 0, 1, 0) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_socket_write", 0, 0, 0, 0, 0) == abi.ZX_ERR_BAD_HANDLE
    assert raw("zx_socket_read", first, 1, raw.page, 1, 0) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_socket_read", first, 0, 8, 1, 0) == abi.ZX_ERR_SHOULD_WAIT
    raw("zx_socket_write", second, 0, raw.put(b"ab"), 2, 0)
    assert raw("zx_socket_read", first, 0, 8, 1, 0) == abi.ZX_ERR_INVALID_ARGS
    assert raw.signals(first) & READABLE  # and the data is still there
    assert raw("zx_socket_read", first, 0, raw.page, 2, 8) == abi.ZX_ERR_INVALID_ARGS
    assert not raw.signals(first) & READABLE  # this time it is gone
    raw("zx_handle_close", second)
    assert raw("zx_socket_write", first, 0, 8, 1 << 32, 0) == abi.ZX_ERR_PEER_CLOSED
    assert raw("zx_socket_read", first, 0, 8, 1 << 32, 0) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_socket_read", first, 0, 8, 1, 0) == abi.ZX_ERR_PEER_CLOSED


def test_dispositions(raw: Raw, door: Door) -> None:
    first, second = door.socket_create(0)
    assert status_of(door.socket_set_disposition, 0, 3, 0) == abi.ZX_ERR_INVALID_ARGS
    assert status_of(door.socket_set_disposition, 0, 0, 4) == abi.ZX_ERR_INVALID_ARGS
    door.socket_set_disposition(first, 0, 0)
    door.socket_write(first, 0, b"left")
    door.socket_set_disposition(first, DISABLED, 0)
    assert raw.signals(first) == abi.ZX_SOCKET_WRITE_DISABLED
    assert raw.signals(second) == READABLE | WRITABLE | abi.ZX_SOCKET_PEER_WRITE_DISABLED
    assert status_of(door.socket_write, first, 0, b"x") == abi.ZX_ERR_BAD_STATE
    assert status_of(door.socket_set_disposition, first, ENABLED, 0) == abi.ZX_ERR_BAD_STATE
    assert status_of(door.socket_set_disposition, second, 0, ENABLED) == abi.ZX_ERR_BAD_STATE
    door.socket_read(second, 0, 4)
    assert raw.signals(first) == abi.ZX_SOCKET_WRITE_DISABLED  # room, but no leave
    assert status_of(door.socket_read, second, 0, 1) == abi.ZX_ERR_BAD_STATE
    assert status_of(door.socket_read, first, 0, 1) == abi.ZX_ERR_SHOULD_WAIT
    door.socket_set_disposition(second, 0, ENABLED)
    assert raw.signals(first) == raw.signals(second) == WRITABLE


def test_thresholds(raw: Raw, door: Door) -> None:
    first, second = door.socket_create(0)

    def set_property(socket: int, which: int, value: int) -> None:
        door.object_set_property(socket, which, value.to_bytes(8, "little"))

    rx, tx = abi.ZX_PROP_SOCKET_RX_THRESHOLD, abi.ZX_PROP_SOCKET_TX_THRESHOLD
    set_property(second, rx, 101)
    door.socket_write(first, 0, bytes(100))
    assert not raw.signals(second) & abi.ZX_SOCKET_READ_THRESHOLD
    door.socket_write(first, 0, b"x")
    assert raw.signals(second) & abi.ZX_SOCKET_READ_THRESHOLD
    set_property(second, rx, 102)
    assert not raw.signals(second) & abi.ZX_SOCKET_READ_THRESHOLD
    set_property(first, tx, CAPACITY)
    assert not raw.signals(first) & abi.ZX_SOCKET_WRITE_THRESHOLD
    door.socket_read(second, 0, 101)
    assert raw.signals(first) & abi.ZX_SOCKET_WRITE_THRESHOLD
    assert status_of(set_property, first, tx, CAPACITY + 1) == abi.ZX_ERR_INVALID_ARGS
    door.handle_close(second)
    assert status_of(set_property, first, tx, 1) == abi.ZX_ERR_PEER_CLOSED
    closed = abi.ZX_SOCKET_PEER_CLOSED | abi.ZX_SOCKET_WRITE_THRESHOLD  # nothing clears it any more
    assert raw.signals(first) == closed


# Fifos ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "size", "status"),
    [(0, 1, -14), (1, 0, -14), (4096, 1, 0), (4097, 1, -14), (3, 1000, 0), (1 << 63, 2, -14)],
)
def test_fifo_sizes(raw: Raw, count: int, size: int, status: int) -> None:
    assert raw("zx_fifo_create", count, size, 99, raw.page, raw.page + 4) == status


def test_fifo(raw: Raw) -> None:
    first, second = raw.pair("zx_fifo_create", 2, 4, 0)
    data = raw.put(b"aaaabbbbcccc")
    out = raw.page
    assert raw("zx_fifo_read", second, 3, out, 1, 0) == abi.ZX_ERR_OUT_OF_RANGE
    assert raw("zx_fifo_read", second, 4, out, 0, 0) == abi.ZX_ERR_OUT_OF_RANGE
    assert raw("zx_fifo_read", second, 4, out, 1, 0) == abi.ZX_ERR_SHOULD_WAIT
    assert raw("zx_fifo_write", first, 4, 8, 1, 0) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_fifo_write", first, 4, data, 3, out) == abi.ZX_OK
    assert raw.u64() == 2
    assert raw.signals(first) == 0
    assert raw("zx_fifo_write", first, 4, 8, 1, 0) == abi.ZX_ERR_SHOULD_WAIT
    assert raw("zx_fifo_read", second, 4, 8, 1, 0) == abi.ZX_ERR_INVALID_ARGS
    raw("zx_handle_close", first)
    assert raw.signals(second) == abi.ZX_FIFO_READABLE | abi.ZX_FIFO_PEER_CLOSED
    assert raw("zx_fifo_write", second, 3, 8, 0, 0) == abi.ZX_ERR_PEER_CLOSED
    assert raw("zx_fifo_read", second, 4, out, 9, out + 64) == abi.ZX_OK
    assert raw.process.aspace.read(out, 8) == b"aaaabbbb"
    assert raw.u64(64) == 2
    assert raw("zx_fifo_read", second, 4, out, 9, 0) == abi.ZX_ERR_PEER_CLOSED


def test_errors_name_their_status(door: Door) -> None:
    with pytest.raises(ZxError) as caught:
        door.handle_close(4)
    assert (caught.value.status, caught.value.name) == (-11, "ZX_ERR_BAD_HANDLE")
