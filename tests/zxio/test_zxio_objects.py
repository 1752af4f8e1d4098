"""Objects in Python: what the numbered behaviours of the reference say, by type."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from zxio_py import abi
from zxio_py.abi.zxio import (
    OPS,
    ZXIO_ENOTSOCK,
    ZXIO_ENOTTY,
    ZXIO_OBJECT_TYPE_FILE,
    ZXIO_OBJECT_TYPE_PIPE,
    ZXIO_OBJECT_TYPE_VMO,
    ZXIO_PEEK,
    ZXIO_SIGNAL_READABLE,
    ZXIO_VMO_READ,
)
from zxio_py.kernel import Kernel
from zxio_py.kernel.door import Door
from zxio_py.zxio import (
    NodeAttributes,
    Ops,
    Storage,
    System,
    Zxio,
    zxio_attr_get,
    zxio_borrow,
    zxio_clone,
    zxio_close,
    zxio_create,
    zxio_create_with_type,
    zxio_default_init,
    zxio_get_ops,
    zxio_get_read_buffer_available,
    zxio_init,
    zxio_ioctl,
    zxio_isatty,
    zxio_null_init,
    zxio_read,
    zxio_read_at,
    zxio_readv,
    zxio_release,
    zxio_seek,
    zxio_shutdown,
    zxio_sync,
    zxio_vmo_get,
    zxio_vmo_get_clone,
    zxio_vmo_get_copy,
    zxio_vmo_get_exact,
    zxio_wait_one,
    zxio_watch_directory,
    zxio_write,
    zxio_writev,
)

ALPHABET = b"abcdefghijklmnopqrstuvwxyz"


def pair(system: System, options: int = 0) -> tuple[int, int]:
    """Two ends of a kernel socket."""
    first, second = Door(system.process).socket_create(options)
    return first, second


def pipes(system: System, options: int = 0) -> tuple[Zxio, Zxio]:
    objects = []
    for end in pair(system, options):
        storage = Storage(system)
        assert zxio_create(end, storage) == abi.ZX_OK
        objects.append(storage.io)
    return objects[0], objects[1]


def vmo_object(system: System, contents: bytes = ALPHABET) -> Zxio:
    vmo = system.vmo_create(len(contents))
    system.vmo_write(vmo, contents, 0)
    storage = Storage(system)
    assert zxio_create(vmo, storage) == abi.ZX_OK
    return storage.io


def read(io: Zxio, size: int, flags: int = 0) -> tuple[int, bytes]:
    buffer = bytearray(size)
    status, actual = zxio_read(io, buffer, size, flags)
    return status, bytes(buffer[:actual])


# ---- dispatch ------------------------------------------------------------------------------


def test_members_of_the_ops_table_stand_in_the_interface_s_order() -> None:
    assert list(Ops.__dataclass_fields__) == OPS


def test_1_2_ops_are_found_again(system: System) -> None:
    io = Storage(system).io
    assert zxio_get_ops(io) is None
    ops = Ops()
    zxio_init(io, ops)
    assert zxio_get_ops(io) is ops


def test_3_4_a_table_with_just_close(system: System) -> None:
    io = Storage(system).io
    closed: list[Zxio] = []
    zxio_init(io, Ops(close=closed.append))
    assert zxio_close(io) == abi.ZX_OK
    assert closed == [io]
    assert zxio_close(io) == abi.ZX_ERR_BAD_HANDLE


def test_a_user_s_own_type_is_an_object_like_any_other(system: System) -> None:
    """A counter: reading gives zeros, and the object remembers how many."""

    def readv(io: Zxio, vector: list[tuple[bytearray, int]], flags: int) -> int:
        total = sum(size for _, size in vector)
        io.state += total
        return total

    io = Storage(system).io
    zxio_init(io, Ops(readv=readv))
    io.state = 0
    assert zxio_readv(io, [(bytearray(4), 4), (bytearray(6), 6)], 0) == (abi.ZX_OK, 10)
    assert io.state == 10
    assert zxio_write(io, b"x", 1, 0) == (abi.ZX_ERR_WRONG_TYPE, 0)


# ---- default and null ----------------------------------------------------------------------


def test_25_to_59_the_default_object(system: System) -> None:
    io = Storage(system).io
    zxio_default_init(io)
    unsupported = abi.ZX_ERR_NOT_SUPPORTED
    assert zxio_wait_one(io, ZXIO_SIGNAL_READABLE, abi.ZX_TIME_INFINITE)[0] == unsupported
    assert zxio_clone(io) == (unsupported, 0)
    assert zxio_borrow(io) == (unsupported, 0)
    assert zxio_release(io) == (unsupported, 0)
    assert zxio_sync(io) == unsupported
    assert zxio_attr_get(io)[0] == unsupported
    assert zxio_read(io, bytearray(4), 4, 0)[0] == abi.ZX_ERR_WRONG_TYPE
    assert zxio_seek(io, 0, 0)[0] == abi.ZX_ERR_WRONG_TYPE
    assert zxio_vmo_get_exact(io)[0] == unsupported
    assert zxio_get_read_buffer_available(io)[0] == unsupported
    assert zxio_isatty(io) == (abi.ZX_OK, False)
    assert zxio_shutdown(io, 1) == (abi.ZX_OK, ZXIO_ENOTSOCK)
    assert zxio_ioctl(io, 0, None) == (abi.ZX_OK, ZXIO_ENOTTY)
    assert zxio_watch_directory(io, None, 0) == unsupported
    assert zxio_close(io) == abi.ZX_OK


def test_60_to_68_the_null_object(system: System) -> None:
    io = Storage(system).io
    zxio_null_init(io)
    assert read(io, 1024) == (abi.ZX_OK, b"")
    assert zxio_write(io, bytes(1024), 1024, 0) == (abi.ZX_OK, 1024)
    assert zxio_writev(io, [(b"ab", 2), (b"cde", 3)], 0) == (abi.ZX_OK, 5)
    assert zxio_read(io, bytearray(1), 1, ZXIO_PEEK)[0] == abi.ZX_ERR_NOT_SUPPORTED
    assert zxio_seek(io, 0, 0)[0] == abi.ZX_ERR_WRONG_TYPE
    assert zxio_read_at(io, 0, bytearray(1), 1, 0)[0] == abi.ZX_ERR_WRONG_TYPE
    assert zxio_close(io) == abi.ZX_OK


# ---- creation by type ----------------------------------------------------------------------


def test_102_107_create_with_type_pipe(system: System) -> None:
    mine, peer = pair(system)
    info = system.object_get_info_socket(mine)
    assert zxio_create_with_type(None, ZXIO_OBJECT_TYPE_PIPE, mine, info) == abi.ZX_ERR_INVALID_ARGS
    storage = Storage(system)
    assert zxio_create_with_type(storage, ZXIO_OBJECT_TYPE_PIPE, 0, info) < 0
    assert zxio_create_with_type(storage, ZXIO_OBJECT_TYPE_PIPE, mine, info) == abi.ZX_OK
    assert system.socket_write(peer, 0, b"ping", 4) == 4
    assert read(storage.io, 4) == (abi.ZX_OK, b"ping")


def test_102_a_pipe_without_info_consumes_the_socket(kernel: Kernel, system: System) -> None:
    mine, peer = pair(system)
    before = kernel.counts().handles
    storage = Storage(system)
    status = zxio_create_with_type(storage, ZXIO_OBJECT_TYPE_PIPE, mine, None)
    assert status == abi.ZX_ERR_INVALID_ARGS
    assert kernel.counts().handles == before - 1
    system.handle_close(peer)


def test_104_create_with_type_vmo(kernel: Kernel, system: System) -> None:
    vmo = system.vmo_create(4096)
    before = kernel.counts().handles
    storage = Storage(system)
    assert zxio_create_with_type(storage, ZXIO_OBJECT_TYPE_VMO, vmo, 0) < 0
    assert kernel.counts().handles == before - 1
    vmo = system.vmo_create(4096)
    stream = system.stream_create(abi.ZX_STREAM_MODE_READ, vmo, 5)
    assert zxio_create_with_type(storage, ZXIO_OBJECT_TYPE_VMO, vmo, stream) == abi.ZX_OK
    assert zxio_seek(storage.io, 1, 0) == (abi.ZX_OK, 5)


def test_types_without_a_constructor_consume_nothing(kernel: Kernel, system: System) -> None:
    mine, _ = pair(system)
    before = kernel.counts().handles
    status = zxio_create_with_type(Storage(system), ZXIO_OBJECT_TYPE_FILE, mine)
    assert status == abi.ZX_ERR_NOT_SUPPORTED
    assert kernel.counts().handles == before


# ---- pipe ----------------------------------------------------------------------------------


def test_117_to_128_a_pipe(kernel: Kernel, system: System) -> None:
    before = kernel.counts().handles
    left, right = pipes(system)
    assert zxio_get_read_buffer_available(right) == (abi.ZX_OK, 0)
    assert zxio_write(left, b"ping", 4, 0) == (abi.ZX_OK, 4)
    assert zxio_get_read_buffer_available(right) == (abi.ZX_OK, 4)
    assert read(right, 4, ZXIO_PEEK) == (abi.ZX_OK, b"ping")
    assert read(right, 4) == (abi.ZX_OK, b"ping")
    assert read(right, 4) == (abi.ZX_ERR_SHOULD_WAIT, b"")
    assert zxio_close(left) == abi.ZX_OK
    assert read(right, 4) == (abi.ZX_ERR_PEER_CLOSED, b"")
    assert zxio_write(right, b"x", 1, 0)[0] == abi.ZX_ERR_PEER_CLOSED
    assert zxio_close(right) == abi.ZX_OK
    assert kernel.counts().handles == before


@pytest.mark.parametrize("options", [0, abi.ZX_SOCKET_DATAGRAM])
def test_vectors_of_a_pipe(system: System, options: int) -> None:
    left, right = pipes(system, options)
    assert zxio_writev(left, [(b"abc", 3), (b"de", 2)], 0) == (abi.ZX_OK, 5)
    first, second = bytearray(2), bytearray(8)
    assert zxio_readv(right, [(first, 2), (second, 8)], 0) == (abi.ZX_OK, 5)
    assert bytes(first + second) == b"abcde" + bytes(5)


def test_138_attributes_of_a_pipe(system: System) -> None:
    left, _ = pipes(system)
    assert zxio_attr_get(left) == (abi.ZX_OK, NodeAttributes(abilities=0x16))


def test_136_137_release_and_clone(system: System) -> None:
    left, right = pipes(system)
    status, copy = zxio_clone(left)
    assert status == abi.ZX_OK
    status, handle = zxio_release(left)
    assert status == abi.ZX_OK
    assert system.socket_write(copy, 0, b"a", 1) + system.socket_write(handle, 0, b"b", 1) == 2
    assert read(right, 4) == (abi.ZX_OK, b"ab")
    assert zxio_close(left) == abi.ZX_OK


# ---- VMO -----------------------------------------------------------------------------------


def test_141_to_145_a_vmo(system: System) -> None:
    io = vmo_object(system, ALPHABET * 2)
    status, attributes = zxio_attr_get(io)
    assert (status, attributes.content_size, attributes.protocols) == (abi.ZX_OK, 52, 4)
    assert zxio_seek(io, 0, 4) == (abi.ZX_OK, 4)
    assert read(io, 8) == (abi.ZX_OK, b"efghijkl")
    buffer = bytearray(6)
    assert zxio_read_at(io, 1, buffer, 6, 0) == (abi.ZX_OK, 6)
    assert buffer == b"bcdefg"
    assert zxio_seek(io, 1, 0) == (abi.ZX_OK, 12)


@pytest.mark.parametrize("getter", [zxio_vmo_get_copy, zxio_vmo_get_clone, zxio_vmo_get_exact])
def test_151_getters_give_the_content_size(
    system: System, getter: Callable[[Zxio], tuple[int, int]]
) -> None:
    io = vmo_object(system, bytes(300))
    status, vmo = getter(io)
    assert status == abi.ZX_OK
    assert system.object_get_content_size(vmo) == 300


def test_24_use_after_close(system: System) -> None:
    io = vmo_object(system)
    assert zxio_close(io) == abi.ZX_OK
    assert zxio_read_at(io, 0, bytearray(4), 4, 0) == (abi.ZX_ERR_BAD_HANDLE, 0)
    assert zxio_vmo_get(io, ZXIO_VMO_READ) == (abi.ZX_ERR_BAD_HANDLE, 0)


# ---- threads -------------------------------------------------------------------------------


def in_threads(count: int, body: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_255_many_threads_write_lines_to_the_log(kernel: Kernel, system: System) -> None:
    with kernel.lock:
        resource = system.process.handles.add(
            kernel.make_handle(kernel.root_resource, abi.ZX_DEFAULT_RESOURCE_RIGHTS)
        )
    zx = Door(system.process)
    handle = zx.debuglog_create(resource, abi.ZX_LOG_FLAG_READABLE)
    storage = Storage(system)
    assert zxio_create(system.handle_duplicate(handle, abi.ZX_RIGHT_SAME_RIGHTS), storage) == 0
    results: list[tuple[int, int]] = []

    def write(number: int) -> None:
        line = b"thread %3d says so\n" % number
        results.append(zxio_write(storage.io, line, len(line), 0))

    in_threads(64, write)
    assert results == [(abi.ZX_OK, 19)] * 64
    lines = set()
    for _ in results:
        text = zx.debuglog_read(handle, 0, abi.ZX_LOG_RECORD_MAX).partition(b"says so")
        lines.add(text[0][-11:] + text[1])
    assert {b"thread %3d says so" % number for number in range(64)} <= lines


def test_many_threads_share_a_pipe_without_losing_bytes(system: System) -> None:
    left, right = pipes(system)
    total = [0]
    lock = threading.Lock()

    def move(number: int) -> None:
        for _ in range(50):
            if number % 2:
                assert zxio_write(left, bytes(10), 10, 0) == (abi.ZX_OK, 10)
            else:
                status, data = read(right, 10)
                assert status in (abi.ZX_OK, abi.ZX_ERR_SHOULD_WAIT)
                with lock:
                    total[0] += len(data)

    in_threads(16, move)
    status, left_over = zxio_get_read_buffer_available(right)
    assert (status, total[0] + left_over) == (abi.ZX_OK, 8 * 50 * 10)
