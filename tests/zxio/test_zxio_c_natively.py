"""The C library on the host emulation: what programs cannot say of it.

Own types with an ops table in C, functions that the shared library does not export, and many
threads at once.
"""

from __future__ import annotations

import ctypes
import platform
import threading
from collections.abc import Callable

import pytest
from zxio_native import Native, build
from zxio_objects import ALPHABET, Log, event, in_threads, is_live, pair, vmo_with

from zxio_py import abi
from zxio_py.abi import zxio as constants
from zxio_py.abi.zxio import OPS, ZXIO_CALLS, ZXIO_STRUCTS
from zxio_py.kernel import Kernel
from zxio_py.kernel.door import Door
from zxio_py.zxio import NodeAttributes, System

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="runs x86-64 code")

OK = abi.ZX_OK
BAD_HANDLE = abi.ZX_ERR_BAD_HANDLE
INVALID_ARGS = abi.ZX_ERR_INVALID_ARGS
NOT_SUPPORTED = abi.ZX_ERR_NOT_SUPPORTED
WRONG_TYPE = abi.ZX_ERR_WRONG_TYPE
SIZE = ZXIO_STRUCTS["zxio_storage_t"].size

#: An operation with as many registers as any has.
OPERATION = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_uint64] * 7)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Native:
    return Native(build(tmp_path_factory.mktemp("native")))


@pytest.fixture
def c(library: Native, system: System) -> Native:
    """The library in the process of *system*."""
    library.enter(system)
    return library


def storage() -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(SIZE)


def number(size: int) -> ctypes.Array[ctypes.c_char]:
    """Room for a number, filled with something else."""
    return ctypes.create_string_buffer(b"\xa5" * size, size)


def value(room: ctypes.Array[ctypes.c_char]) -> int:
    return int.from_bytes(room.raw, "little")


def made(c: Native, handle: int, status: int = OK) -> ctypes.Array[ctypes.c_char]:
    io = storage()
    assert c("zxio_create", handle, io) == status
    return io


def with_ops(**operations: Callable[..., int]) -> tuple[ctypes.Array[ctypes.c_char], object]:
    """Storage of an own type, and what must live as long as it."""
    callbacks = {name: OPERATION(function) for name, function in operations.items()}
    words = [
        ctypes.cast(callbacks[name], ctypes.c_void_p).value or 0 if name in callbacks else 0
        for name in OPS
    ]
    table = (ctypes.c_uint64 * len(OPS))(*words)
    io = storage()
    ctypes.c_uint64.from_buffer(io).value = ctypes.addressof(table)
    return io, (callbacks, table)


# ---- own types -----------------------------------------------------------------------------


def test_3_4_a_table_with_just_close(c: Native) -> None:
    closed: list[int] = []

    def close(io: int, *_: int) -> int:
        closed.append(io)
        return abi.ZX_ERR_IO

    io, _alive = with_ops(close=close)
    assert c("zxio_sync", io) == NOT_SUPPORTED
    assert c("zxio_close", io) == abi.ZX_ERR_IO
    assert closed == [ctypes.addressof(io)]
    assert io.raw == bytes(SIZE)
    assert c("zxio_close", io) == BAD_HANDLE


#: Functions that begin with an iterator instead of the object.
ITERATOR = ("dirent_iterator_init", "dirent_iterator_next", "dirent_iterator_destroy")
#: Members of the table that no function reaches by its name.
INDIRECT = ("advisory_lock",)


def test_every_operation_gets_the_function_s_arguments(c: Native) -> None:
    reached: dict[str, tuple[int, ...]] = {}

    def operation(name: str) -> Callable[..., int]:
        def call(*registers: int) -> int:
            reached[name] = registers
            return 7

        return call

    direct = [name for name in OPS if name not in (*ITERATOR, *INDIRECT)]
    for name in direct:
        io, _alive = with_ops(**{name: operation(name)})
        call = ZXIO_CALLS[f"zxio_{name}"]
        given = [ctypes.addressof(io)]
        given += [0x11 * index for index in range(1, len(call.params))]
        result = c(call.name, *given)
        assert reached[name][: len(given)] == tuple(given), name
        assert result == 7 or call.returns == "void", name


def test_operations_on_a_walk_get_the_object_first(c: Native) -> None:
    reached: list[tuple[int, int]] = []

    def operation(*registers: int) -> int:
        reached.append((registers[0], registers[1]))
        return OK

    io, _alive = with_ops(**dict.fromkeys(ITERATOR, operation))
    walk = (ctypes.c_uint64 * 8)(ctypes.addressof(io))
    name = ctypes.create_string_buffer(256)
    entry = ctypes.create_string_buffer(bytes(32) + ctypes.addressof(name).to_bytes(8, "little"))
    assert c("zxio_dirent_iterator_init", walk, io) == OK
    assert c("zxio_dirent_iterator_next", walk, entry) == OK
    c("zxio_dirent_iterator_destroy", walk)
    assert reached == [(ctypes.addressof(io), ctypes.addressof(walk))] * 3


def test_193_a_copy_reads_an_own_type_in_pieces(c: Native, system: System) -> None:
    contents = ALPHABET * 400

    def attr_get(io: int, out: int, *_: int) -> int:
        packed = NodeAttributes(content_size=len(contents)).pack()
        ctypes.memmove(out, packed, len(packed))
        return OK

    def readv_at(
        io: int, offset: int, vector: int, count: int, flags: int, out: int, _: int
    ) -> int:
        buffer, capacity = (ctypes.c_uint64 * 2).from_address(vector)
        piece = contents[offset : offset + min(capacity, 1000)]
        ctypes.memmove(buffer, piece, len(piece))
        ctypes.c_uint64.from_address(out).value = len(piece)
        return OK

    io, _alive = with_ops(attr_get=attr_get, readv_at=readv_at)
    vmo = number(4)
    assert c("zxio_vmo_get_copy", io, vmo) == OK
    assert Door(system.process).vmo_read(value(vmo), 0, len(contents)) == contents


# ---- functions that are not exported -------------------------------------------------------


def test_25_to_65_default_and_null_object(c: Native) -> None:
    for name in ("zxio_default_init", "zxio_null_init"):
        io, out, tty = storage(), number(8), number(1)
        assert c(name, io) == OK
        for function in ("zxio_borrow", "zxio_clone", "zxio_release", "zxio_token_get"):
            assert c(function, io, out) == NOT_SUPPORTED
        assert c("zxio_watch_directory", io, 0, 0, 0) == NOT_SUPPORTED
        assert c("zxio_seek", io, 0, 0, out) == WRONG_TYPE
        assert out.raw == b"\xa5" * 8
        assert c("zxio_isatty", io, tty) == OK
        assert value(tty) == 0
        assert c("zxio_ioctl", io, 0, out, 0) == OK
        assert value(out) & 0xFFFF == constants.ZXIO_ENOTTY
        assert c("zxio_close", io) == OK


def test_60_61_68_the_null_object_and_bytes(c: Native) -> None:
    io, actual, room = storage(), number(8), number(1024)
    c("zxio_null_init", io)
    assert c("zxio_read", io, room, 1024, 0, actual) == OK
    assert value(actual) == 0
    assert room.raw == b"\xa5" * 1024
    assert c("zxio_write", io, room, 1024, 0, actual) == OK
    assert value(actual) == 1024
    assert c("zxio_read", io, room, 1, constants.ZXIO_PEEK, actual) == NOT_SUPPORTED
    assert c("zxio_write", io, room, 1, 2, actual) == NOT_SUPPORTED


def test_7_what_is_not_exported_on_nothing(c: Native) -> None:
    for io in (0, storage()):
        assert c("zxio_borrow", io, 0) == BAD_HANDLE
        assert c("zxio_ioctl", io, 0, 0, 0) == BAD_HANDLE
        assert c("zxio_watch_directory", io, 0, 0, 0) == BAD_HANDLE


TWO_HANDLES = ("SYNCHRONOUS_DATAGRAM_SOCKET", "RAW_SOCKET", "PACKET_SOCKET", "VMO")


@pytest.mark.parametrize("kind", TWO_HANDLES)
def test_98_103_104_parts_are_needed_and_consumed(c: Native, system: System, kind: str) -> None:
    type = getattr(constants, f"ZXIO_OBJECT_TYPE_{kind}")
    for room, missing in ((storage(), 0), (storage(), 1), (0, None)):
        handles = [event(system), event(system)]
        parts = [0 if missing == index else handle for index, handle in enumerate(handles)]
        assert c("zxio_create_with_type", room, type, *parts) == INVALID_ARGS
        assert [is_live(system, h) for h in handles] == [missing == 0, missing == 1]


def test_99_a_directory_needs_storage_and_channel(c: Native, system: System) -> None:
    for kind in ("DIR", "NODE"):
        type = getattr(constants, f"ZXIO_OBJECT_TYPE_{kind}")
        channel, server = Door(system.process).channel_create(0)
        assert c("zxio_create_with_type", 0, type, channel) == INVALID_ARGS
        assert not is_live(system, channel)
        assert c("zxio_create_with_type", storage(), type, 0) == INVALID_ARGS
        assert c("zxio_create_with_type", storage(), type, server) == abi.ZX_ERR_PEER_CLOSED
        assert not is_live(system, server)


def test_100_102_information_is_needed(c: Native, system: System) -> None:
    socket, peer = pair(system)
    channel, _ = Door(system.process).channel_create(0)
    stream = constants.ZXIO_OBJECT_TYPE_STREAM_SOCKET
    assert c("zxio_create_with_type", storage(), stream, socket, 0, 1, channel) == INVALID_ARGS
    assert not is_live(system, socket)
    assert not is_live(system, channel)
    pipe = constants.ZXIO_OBJECT_TYPE_PIPE
    assert c("zxio_create_with_type", storage(), pipe, peer, 0) == INVALID_ARGS
    assert not is_live(system, peer)


def test_82_a_datagram_socket_needs_both_informations(c: Native, system: System) -> None:
    info, prelude = number(64), number(16)
    type = constants.ZXIO_OBJECT_TYPE_DATAGRAM_SOCKET
    for given, status in (
        ((info, prelude), abi.ZX_ERR_PEER_CLOSED),
        ((0, prelude), INVALID_ARGS),
        ((info, 0), INVALID_ARGS),
    ):
        handles = [event(system), event(system)]
        parts = (handles[0], *given, handles[1])
        assert c("zxio_create_with_type", storage(), type, *parts) == status
        assert [is_live(system, handle) for handle in handles] == [False, False]


def test_107_a_pipe_by_type(c: Native, system: System) -> None:
    mine, peer = pair(system)
    info = ctypes.create_string_buffer(system.object_get_info_socket(mine))
    io, room, actual = storage(), number(8), number(8)
    type = constants.ZXIO_OBJECT_TYPE_PIPE
    assert c("zxio_create_with_type", io, type, mine, info) == OK
    system.socket_write(peer, 0, b"ping", 4)
    assert c("zxio_read", io, room, 8, 0, actual) == OK
    assert room.raw[: value(actual)] == b"ping"


def test_a_file_by_type_begins_where_its_stream_is(c: Native, system: System) -> None:
    vmo = vmo_with(system, ALPHABET)
    stream = system.stream_create(abi.ZX_STREAM_MODE_READ, vmo, 5)
    io, room, actual = storage(), number(3), number(8)
    assert c("zxio_create_with_type", io, constants.ZXIO_OBJECT_TYPE_VMO, vmo, stream) == OK
    assert c("zxio_read", io, room, 3, 0, actual) == OK
    assert room.raw == b"fgh"
    assert c("zxio_close", io) == OK
    assert not is_live(system, stream)


def test_types_without_a_constructor_consume_nothing(c: Native, system: System) -> None:
    handle = event(system)
    for kind in ("NONE", "SERVICE", "FILE", "TTY", "VMOFILE", "DEBUGLOG"):
        type = getattr(constants, f"ZXIO_OBJECT_TYPE_{kind}")
        assert c("zxio_create_with_type", storage(), type, handle) == NOT_SUPPORTED
    assert c("zxio_create_with_type", 0, 99, handle) == NOT_SUPPORTED
    assert is_live(system, handle)


# ---- threads -------------------------------------------------------------------------------


def test_255_many_threads_write_lines_to_the_log(c: Native, kernel: Kernel, system: System) -> None:
    log = Log(kernel, system)
    io = made(c, log.duplicate())

    def line(thread: int) -> None:
        text, actual = b"thread %3d says so\n" % thread, number(8)
        assert c("zxio_write", io, text, len(text), 0, actual) == OK
        assert value(actual) == len(text)

    in_threads(64, line)
    assert sorted(log.records()) == [b"thread %3d says so" % thread for thread in range(64)]


def test_16_threads_share_a_pipe_without_losing_bytes(c: Native, system: System) -> None:
    left, right = (made(c, end) for end in pair(system))
    received = []
    lock = threading.Lock()

    def move(thread: int) -> None:
        for count in range(30):
            room, actual = number(6), number(8)
            if thread % 2:
                record = b"%2d,%2d;" % (thread, count)
                assert c("zxio_write", left, record, 6, 0, actual) == OK
                continue
            status = c("zxio_read", right, room, 6, 0, actual)
            assert status in (OK, abi.ZX_ERR_SHOULD_WAIT)
            if status == OK:
                with lock:
                    received.append(room.raw)

    in_threads(16, move)
    room, actual = number(6), number(8)
    while c("zxio_read", right, room, 6, 0, actual) == OK:
        received.append(room.raw)
    assert sorted(received) == sorted(
        b"%2d,%2d;" % (thread, count) for thread in range(1, 16, 2) for count in range(30)
    )


@pytest.mark.parametrize("kind", ["holder", "pipe", "vmo"])
def test_16_threads_release_a_handle_once(c: Native, system: System, kind: str) -> None:
    for _ in range(10):
        if kind == "holder":
            io = made(c, event(system), NOT_SUPPORTED)
        else:
            handle = pair(system)[0] if kind == "pipe" else vmo_with(system, ALPHABET)
            io = made(c, handle)
        handles: list[int] = []

        def release(thread: int) -> None:
            room = number(4)
            if c("zxio_release", io, room) == OK:  # noqa: B023
                handles.append(value(room))  # noqa: B023

        in_threads(16, release)
        (taken,) = (handle for handle in handles if handle)
        assert c("zxio_close", io) == OK
        assert is_live(system, taken)
