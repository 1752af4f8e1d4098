"""The numbered behaviours of the reference, for pipes, files in memory and the debug log.

A test's number is the behaviour's; see `test_zxio_behaviours`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from zxio_objects import (
    ALPHABET,
    Log,
    is_live,
    log_handle,
    make,
    pair,
    pipes,
    read,
    vmo_object,
    vmo_with,
    write,
)

from zxio_py import abi
from zxio_py.abi import zxio as constants
from zxio_py.kernel import Kernel
from zxio_py.kernel.door import Door
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio import (
    NodeAttributes,
    Ops,
    Storage,
    System,
    Zxio,
    zxio_attr_get,
    zxio_attr_set,
    zxio_clone,
    zxio_close,
    zxio_flags_get,
    zxio_flags_set,
    zxio_get_read_buffer_available,
    zxio_init,
    zxio_isatty,
    zxio_open_async,
    zxio_read,
    zxio_read_at,
    zxio_readv,
    zxio_readv_at,
    zxio_recvmsg,
    zxio_release,
    zxio_seek,
    zxio_sendmsg,
    zxio_shutdown,
    zxio_sync,
    zxio_truncate,
    zxio_unlink,
    zxio_vmo_get,
    zxio_vmo_get_clone,
    zxio_vmo_get_copy,
    zxio_vmo_get_exact,
    zxio_vmo_get_exec,
    zxio_wait_begin,
    zxio_wait_end,
    zxio_wait_one,
    zxio_watch_directory,
    zxio_write,
    zxio_write_at,
    zxio_writev,
)
from zxio_py.zxio.vector import Vector

BAD_STATE = abi.ZX_ERR_BAD_STATE
INVALID_ARGS = abi.ZX_ERR_INVALID_ARGS
NOT_SUPPORTED = abi.ZX_ERR_NOT_SUPPORTED
OK = abi.ZX_OK
PEER_CLOSED = abi.ZX_ERR_PEER_CLOSED
SHOULD_WAIT = abi.ZX_ERR_SHOULD_WAIT
WRONG_TYPE = abi.ZX_ERR_WRONG_TYPE
PEEK = constants.ZXIO_PEEK
READABLE = constants.ZXIO_SIGNAL_READABLE
DATAGRAM = abi.ZX_SOCKET_DATAGRAM

both_flavours = pytest.mark.parametrize("options", [0, DATAGRAM], ids=["stream", "datagram"])


# ---- pipe ----------------------------------------------------------------------------------


@both_flavours
def test_117_a_pipe_owns_its_socket(system: System, options: int) -> None:
    mine, _ = pair(system, options)
    io = make(system, mine)
    assert is_live(system, mine)
    assert zxio_close(io) == OK
    assert not is_live(system, mine)


@both_flavours
def test_118_what_the_peer_writes_is_read(system: System, options: int) -> None:
    left, right = pipes(system, options)
    assert write(left, b"ping") == (OK, 4)
    assert read(right, 4) == (OK, b"ping")


def test_119_what_is_available(system: System) -> None:
    left, right = pipes(system)
    assert zxio_get_read_buffer_available(right) == (OK, 0)
    write(left, b"ping")
    assert zxio_get_read_buffer_available(right) == (OK, 4)
    read(right, 4)
    assert zxio_get_read_buffer_available(right) == (OK, 0)


def test_123_after_a_shutdown_nothing_goes_either_way(system: System) -> None:
    left, right = pipes(system)
    write(left, b"sent")
    write(right, b"got")
    both = constants.ZXIO_SHUTDOWN_OPTIONS_READ | constants.ZXIO_SHUTDOWN_OPTIONS_WRITE
    assert zxio_shutdown(left, both) == (OK, 0)
    for end, queued in ((left, b"got"), (right, b"sent")):
        assert read(end, 8) == (OK, queued)
        assert read(end, 8) == (BAD_STATE, b"")
        assert write(end, b"x") == (BAD_STATE, 0)


@both_flavours
def test_126_an_empty_pipe_has_to_wait_until_its_peer_is_gone(system: System, options: int) -> None:
    left, right = pipes(system, options)
    assert read(right, 4) == (SHOULD_WAIT, b"")
    write(left, b"last")
    zxio_close(left)
    assert read(right, 4) == (OK, b"last")
    assert read(right, 4) == (PEER_CLOSED, b"")


@both_flavours
def test_127_nobody_is_left_to_write_to(system: System, options: int) -> None:
    left, right = pipes(system, options)
    zxio_close(left)
    assert write(right, b"x") == (PEER_CLOSED, 0)


@both_flavours
def test_128_a_peek_leaves_what_it_shows(system: System, options: int) -> None:
    left, right = pipes(system, options)
    write(left, b"data")
    assert read(right, 2, PEEK) == (OK, b"da")
    assert read(right, 8, PEEK) == (OK, b"data")
    assert read(right, 8) == (OK, b"data")


def test_131_what_does_not_fit_of_a_datagram_is_lost(system: System) -> None:
    left, right = pipes(system, DATAGRAM)
    write(left, b"abcdef")
    write(left, b"next")
    assert read(right, 3) == (OK, b"abc")
    assert read(right, 8) == (OK, b"next")


def test_133_an_error_after_the_first_buffer_is_swallowed(system: System) -> None:
    left, right = pipes(system)
    write(left, b"full")
    first, second = bytearray(4), bytearray(4)
    assert zxio_readv(right, [(first, 4), (second, 4)], 0) == (OK, 4)
    assert first + second == b"full" + bytes(4)
    assert zxio_readv(right, [(first, 4), (second, 4)], 0) == (SHOULD_WAIT, 0)


def test_135_the_socket_itself_is_waited_for(system: System) -> None:
    mine, _ = pair(system)
    handle, signals = zxio_wait_begin(make(system, mine), READABLE)
    assert (handle, signals) == (mine, abi.ZX_SOCKET_READABLE)


@pytest.mark.parametrize(
    ("generic", "kernel_signal"),
    [
        ("READABLE", "READABLE"),
        ("WRITABLE", "WRITABLE"),
        ("READ_DISABLED", "PEER_WRITE_DISABLED"),
        ("WRITE_DISABLED", "WRITE_DISABLED"),
        ("READ_THRESHOLD", "READ_THRESHOLD"),
        ("WRITE_THRESHOLD", "WRITE_THRESHOLD"),
        ("PEER_CLOSED", "PEER_CLOSED"),
    ],
)
def test_135_each_signal_and_back(system: System, generic: str, kernel_signal: str) -> None:
    io, _ = pipes(system)
    ours = getattr(constants, f"ZXIO_SIGNAL_{generic}")
    theirs = getattr(abi, f"ZX_SOCKET_{kernel_signal}")
    assert zxio_wait_begin(io, ours)[1] == theirs
    assert zxio_wait_end(io, theirs) == ours


def test_136_the_socket_comes_out(system: System) -> None:
    left, right = pipes(system)
    status, handle = zxio_release(left)
    assert status == OK
    assert system.socket_write(handle, 0, b"on", 2) == 2
    assert zxio_release(left) == (OK, 0)
    assert zxio_close(left) == OK
    assert read(right, 4) == (OK, b"on")


def test_137_a_clone_reads_the_same_queue(system: System) -> None:
    left, right = pipes(system)
    write(left, b"ab")
    status, handle = zxio_clone(right)
    assert status == OK
    assert read(make(system, handle), 1) == (OK, b"a")
    assert read(right, 1) == (OK, b"b")


@both_flavours
def test_138_attributes_of_a_pipe(system: System, options: int) -> None:
    abilities = (
        constants.ZXIO_OPERATION_READ_BYTES
        | constants.ZXIO_OPERATION_WRITE_BYTES
        | constants.ZXIO_OPERATION_GET_ATTRIBUTES
    )
    io, _ = pipes(system, options)
    assert zxio_attr_get(io) == (OK, NodeAttributes(abilities=abilities))


def test_139_what_a_pipe_does_not_have(system: System) -> None:
    io, _ = pipes(system)
    assert zxio_seek(io, 0, 0) == (WRONG_TYPE, 0)
    assert zxio_read_at(io, 0, bytearray(1), 1, 0) == (WRONG_TYPE, 0)
    assert zxio_write_at(io, 0, b"x", 1, 0) == (WRONG_TYPE, 0)
    assert zxio_sync(io) == NOT_SUPPORTED
    assert zxio_flags_get(io) == (NOT_SUPPORTED, 0)
    assert zxio_truncate(io, 0) == NOT_SUPPORTED


def test_140_a_pipe_is_no_network_socket(system: System) -> None:
    io, _ = pipes(system)
    assert zxio_recvmsg(io, None, 0) == (OK, 0, constants.ZXIO_ENOTSOCK)
    assert zxio_sendmsg(io, None, 0) == (OK, 0, constants.ZXIO_ENOTSOCK)


# ---- files in memory -----------------------------------------------------------------------


def test_141_attributes_of_a_file_in_memory(system: System) -> None:
    io = vmo_object(system, bytes(300))
    status, attributes = zxio_attr_get(io)
    assert (status, attributes.content_size) == (OK, 300)
    assert attributes.protocols == constants.ZXIO_NODE_PROTOCOL_FILE
    assert zxio_attr_set(io, NodeAttributes(modification_time=1)) == NOT_SUPPORTED


def test_142_it_cannot_be_waited_for(system: System) -> None:
    io = vmo_object(system)
    assert zxio_wait_one(io, READABLE, abi.ZX_TIME_INFINITE) == (NOT_SUPPORTED, 0)
    assert zxio_sync(io) == NOT_SUPPORTED
    assert zxio_clone(io)[0] == OK


def test_143_reading_at_the_offset(system: System) -> None:
    io = vmo_object(system, ALPHABET * 2)
    assert zxio_seek(io, constants.ZXIO_SEEK_ORIGIN_START, 4) == (OK, 4)
    assert read(io, 8) == (OK, b"efghijkl")


def test_144_positional_reading_leaves_the_offset(system: System) -> None:
    io, buffer = vmo_object(system), bytearray(6)
    assert zxio_read_at(io, 1, buffer, 6, 0) == (OK, 6)
    assert buffer == b"bcdefg"
    assert zxio_seek(io, constants.ZXIO_SEEK_ORIGIN_CURRENT, 0) == (OK, 0)


def test_145_from_the_start(system: System) -> None:
    io = vmo_object(system)
    read(io, 10)
    assert zxio_seek(io, constants.ZXIO_SEEK_ORIGIN_START, 2) == (OK, 2)
    assert read(io, 3) == (OK, b"cde")


def test_148_150_it_has_no_flags_and_no_children(system: System) -> None:
    io = vmo_object(system)
    assert zxio_flags_get(io) == (NOT_SUPPORTED, 0)
    assert zxio_flags_set(io, 0) == NOT_SUPPORTED
    assert zxio_open_async(io, 0, 0, b"x", 1, 0) == NOT_SUPPORTED
    assert zxio_unlink(io, b"x", 1, 0) == NOT_SUPPORTED


@pytest.mark.parametrize("getter", [zxio_vmo_get_copy, zxio_vmo_get_clone, zxio_vmo_get_exact])
def test_151_its_contents_have_their_size(
    system: System, getter: Callable[[Zxio], tuple[int, int]]
) -> None:
    status, vmo = getter(vmo_object(system, bytes(300)))
    assert (status, system.object_get_content_size(vmo)) == (OK, 300)


def test_154_it_takes_no_flags(system: System) -> None:
    io = vmo_object(system)
    for flags in (PEEK, 2, 1 << 31):
        assert read(io, 4, flags) == (NOT_SUPPORTED, b"")
        assert write(io, b"x", flags) == (NOT_SUPPORTED, 0)
        assert zxio_readv_at(io, 0, [(bytearray(1), 1)], flags) == (NOT_SUPPORTED, 0)
    assert read(io, 3) == (OK, b"abc")


def test_159_contents_that_may_not_be_executed(system: System) -> None:
    zx = Door(system.process)
    vmo = vmo_with(system, ALPHABET)
    plain = make(system, zx.handle_duplicate(vmo, abi.ZX_RIGHT_SAME_RIGHTS))
    assert zxio_vmo_get_exec(plain) == (INVALID_ARGS, 0)
    flags = constants.ZXIO_VMO_EXECUTE | constants.ZXIO_VMO_PRIVATE_CLONE
    assert zxio_vmo_get(plain, flags | constants.ZXIO_VMO_WRITE) == (NOT_SUPPORTED, 0)


def test_161_the_memory_comes_out(system: System) -> None:
    io = vmo_object(system)
    status, vmo = zxio_release(io)
    assert status == OK
    assert zxio_close(io) == OK
    assert Door(system.process).vmo_read(vmo, 0, 3) == b"abc"


def test_162_behind_the_end_there_is_nothing(system: System) -> None:
    io = vmo_object(system)
    zxio_seek(io, constants.ZXIO_SEEK_ORIGIN_END, 100)
    assert read(io, 4) == (OK, b"")
    assert zxio_read_at(io, 26, bytearray(4), 4, 0) == (OK, 0)


def test_163_only_resizable_memory_is_truncated(system: System) -> None:
    io = vmo_object(system, ALPHABET, abi.ZX_VMO_RESIZABLE)
    assert zxio_truncate(io, 3) == OK
    assert read(io, 8) == (OK, b"abc")
    assert zxio_truncate(vmo_object(system), 3) == abi.ZX_ERR_UNAVAILABLE


# ---- copies of what has no memory of its own -----------------------------------------------


def readable(system: System, contents: bytes, claimed: int, waits: list[int]) -> Zxio:
    """An own type that claims a size and reads at offsets, once it was waited for `waits` times."""
    _, far = pair(system)

    def attr_get(io: Zxio) -> NodeAttributes:
        return NodeAttributes(content_size=claimed)

    def readv_at(io: Zxio, offset: int, vector: Vector, flags: int) -> int:
        if waits:
            raise ZxError(SHOULD_WAIT)
        ((buffer, size),) = vector
        piece = contents[offset : offset + size]
        buffer[: len(piece)] = piece
        return len(piece)

    def wait_begin(io: Zxio, signals: int) -> tuple[int, int]:
        waits.pop()
        wanted = READABLE | constants.ZXIO_SIGNAL_READ_DISABLED
        return far, abi.ZX_SOCKET_WRITABLE if signals == wanted else 0

    io = Storage(system).io
    zxio_init(io, Ops(attr_get=attr_get, readv_at=readv_at, wait_begin=wait_begin))
    return io


def test_193_a_copy_waits_for_what_is_to_be_read(system: System) -> None:
    waits = [1, 2, 3]
    status, vmo = zxio_vmo_get_copy(readable(system, ALPHABET * 400, 10_400, waits))
    assert (status, waits) == (OK, [])
    assert Door(system.process).vmo_read(vmo, 0, 10_400) == ALPHABET * 400


def test_193_a_copy_of_less_than_was_claimed(kernel: Kernel, system: System) -> None:
    io = readable(system, ALPHABET, 27, [])
    before = kernel.counts().handles
    assert zxio_vmo_get_copy(io) == (abi.ZX_ERR_OUT_OF_RANGE, 0)
    assert kernel.counts().handles == before


def test_194_an_empty_copy_reads_nothing(system: System) -> None:
    waits = [1]
    status, vmo = zxio_vmo_get_copy(readable(system, b"", 0, waits))
    assert (status, waits) == (OK, [1])
    assert Door(system.process).vmo_get_size(vmo) == 0


def test_214_attributes_that_are_absent_do_not_count() -> None:
    packed = bytearray(NodeAttributes(content_size=5).pack())
    packed[16:24] = b"whatever"
    assert NodeAttributes.unpack(bytes(packed)) == NodeAttributes(content_size=5)
    packed[66] = 1
    assert NodeAttributes.unpack(bytes(packed)) != NodeAttributes(content_size=5)


# ---- debug log -----------------------------------------------------------------------------


@pytest.fixture
def log(kernel: Kernel, system: System) -> Log:
    return Log(kernel, system)


def test_254_a_log_owns_its_handle(kernel: Kernel, system: System) -> None:
    handle = log_handle(kernel, system)
    assert zxio_close(make(system, handle)) == OK
    assert not is_live(system, handle)


def test_256_lines_are_records(log: Log) -> None:
    assert write(log.io, b"a\nb\n") == (OK, 4)
    assert log.records() == [b"a", b"b"]


def test_256_a_line_waits_for_its_end(log: Log) -> None:
    assert write(log.io, b"half ") == (OK, 5)
    assert log.records() == []
    assert zxio_writev(log.io, [(b"a ", 2), (b"line\nrest", 9)], 0) == (OK, 11)
    assert log.records() == [b"half a line"]
    assert zxio_write(log.io, 0, 0, 0) == (OK, 0)
    assert log.records() == [b"rest"]


def test_256_control_characters_are_dropped(log: Log) -> None:
    assert write(log.io, b"\x01a\tb\r\x1b\x1f c\x7f\n") == (OK, 11)
    assert log.records() == [b"ab c\x7f"]


def test_259_a_long_line_is_split(log: Log) -> None:
    most = abi.ZX_LOG_RECORD_DATA_MAX
    assert write(log.io, bytes([46]) * (most + 3) + b"\n") == (OK, most + 4)
    assert log.records() == [b"." * most, b"..."]


def test_260_an_empty_line_is_a_record(log: Log) -> None:
    assert write(log.io, b"\n\n") == (OK, 2)
    assert log.records() == [b"", b""]


def test_261_what_a_log_has_and_has_not(system: System, log: Log) -> None:
    assert zxio_isatty(log.io) == (OK, True)
    assert zxio_read(log.io, bytearray(1), 1, 0) == (WRONG_TYPE, 0)
    assert zxio_release(log.io) == (NOT_SUPPORTED, 0)
    assert zxio_wait_one(log.io, READABLE, 0) == (NOT_SUPPORTED, 0)
    status, handle = zxio_clone(log.io)
    assert status == OK
    write(log.io, b"mine ")
    assert write(make(system, handle), b"yours\n") == (OK, 6)
    assert log.records() == [b"yours"]


def test_261_bytes_without_their_newline_go_with_the_object(log: Log) -> None:
    write(log.io, b"never seen")
    assert zxio_close(log.io) == OK
    assert log.records() == []


def test_262_a_log_takes_no_flags(log: Log) -> None:
    assert write(log.io, b"x\n", PEEK) == (NOT_SUPPORTED, 0)
    assert log.records() == []


def test_253_only_directories_are_watched(system: System, log: Log) -> None:
    pipe, _ = pipes(system)
    for io in (pipe, vmo_object(system), log.io):
        assert zxio_watch_directory(io, lambda event, name: OK, 0) == NOT_SUPPORTED
