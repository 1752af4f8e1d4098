"""What the numbered behaviours leave out: own types, creation by type, POSIX terms, threads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from zxio_objects import (
    ALPHABET,
    Log,
    default_object,
    event,
    in_threads,
    is_live,
    log_handle,
    make,
    null_object,
    pair,
    pipes,
    read,
    vmo_object,
    vmo_with,
    write,
)

from zxio_py import abi, zxio
from zxio_py.abi import zxio as constants
from zxio_py.abi.zxio import OPS, ZXIO_CALLS
from zxio_py.kernel import Kernel
from zxio_py.kernel.door import Door
from zxio_py.zxio import (
    Ops,
    Storage,
    System,
    Zxio,
    zxio_attr_get,
    zxio_clone,
    zxio_close,
    zxio_create_with_type,
    zxio_get_read_buffer_available,
    zxio_init,
    zxio_read_at,
    zxio_readv,
    zxio_recvmsg_inner,
    zxio_release,
    zxio_seek,
    zxio_sendmsg_inner,
    zxio_shutdown,
    zxio_sync,
    zxio_wait_begin_inner,
    zxio_wait_end_inner,
    zxio_wait_one,
    zxio_write,
    zxio_write_at,
    zxio_writev,
)
from zxio_py.zxio.vector import Vector

OK = abi.ZX_OK


def test_every_function_of_the_interface_is_there() -> None:
    names = set(ZXIO_CALLS)
    assert names <= set(zxio.__all__)
    assert all(callable(getattr(zxio, name)) for name in names)


def test_members_of_the_ops_table_stand_in_the_interface_s_order() -> None:
    assert list(Ops.__dataclass_fields__) == OPS


# ---- a type of one's own -------------------------------------------------------------------


def test_an_own_type_is_an_object_like_any_other(system: System) -> None:
    """A counter: reading gives zeros, and the object remembers how many."""

    def readv(io: Zxio, vector: Vector, flags: int) -> int:
        total = sum(size for _, size in vector)
        io.state += total
        return total

    io = Storage(system).io
    zxio_init(io, Ops(readv=readv))
    io.state = 0
    assert zxio_readv(io, [(bytearray(4), 4), (bytearray(6), 6)], 0) == (OK, 10)
    assert io.state == 10
    assert zxio_write(io, b"x", 1, 0) == (abi.ZX_ERR_WRONG_TYPE, 0)


def test_every_operation_of_an_own_type_is_reached(system: System) -> None:
    reached: list[str] = []

    def operation(name: str) -> Callable[..., object]:
        results = {"wait_begin": (5, 6), "get_window_size": (80, 25), "recvmsg": (1, 2)}
        results["sendmsg"] = (3, 4)

        def call(*args: object) -> object:
            reached.append(name)
            return results.get(name, 0)

        return call

    io = Storage(system).io
    zxio_init(io, Ops(**{name: operation(name) for name in OPS}))  # type: ignore[arg-type]
    walk = zxio.DirentIterator(io)
    entry = zxio.Dirent(bytearray(255))
    arguments: dict[str, tuple[object, ...]] = {
        "dirent_iterator_init": (walk, io),
        "dirent_iterator_next": (walk, entry),
        "dirent_iterator_destroy": (walk,),
    }
    counts = {"wait_begin": 1, "wait_end": 1, "attr_set": 1, "readv": 2, "readv_at": 3}
    counts |= {"writev": 2, "writev_at": 3, "seek": 2, "truncate": 1, "flags_set": 1}
    counts |= {"vmo_get": 1, "shutdown": 1, "open": 5, "open_async": 5, "add_inotify_filter": 5}
    counts |= {"unlink": 3, "rename": 5, "link": 5, "set_window_size": 2, "watch_directory": 2}
    counts |= {"bind": 2, "connect": 2, "listen": 1, "accept": 3, "getsockname": 2}
    counts |= {"getpeername": 2, "getsockopt": 4, "setsockopt": 4, "recvmsg": 2, "sendmsg": 2}
    counts |= {"ioctl": 2}
    public = [name for name in OPS if name not in ("close", "advisory_lock")] + ["close"]
    for name in public:
        plain = (io, *(0 for _ in range(counts.get(name, 0))))
        if name in ("readv", "readv_at", "writev", "writev_at"):
            plain = (io, *(0 for _ in range(counts[name] - 2)), [], 0)  # type: ignore[assignment]
        getattr(zxio, f"zxio_{name}")(*arguments.get(name, plain))
    assert reached == public


# ---- creation by type ----------------------------------------------------------------------


def test_types_without_a_constructor_consume_nothing(kernel: Kernel, system: System) -> None:
    mine, _ = pair(system)
    before = kernel.counts().handles
    for kind in ("NONE", "SERVICE", "FILE", "TTY", "VMOFILE", "DEBUGLOG"):
        number = getattr(constants, f"ZXIO_OBJECT_TYPE_{kind}")
        status = zxio_create_with_type(Storage(system), number, mine)
        assert status == abi.ZX_ERR_NOT_SUPPORTED
    assert zxio_create_with_type(None, 99) == abi.ZX_ERR_NOT_SUPPORTED
    assert kernel.counts().handles == before


def test_a_type_with_a_server_is_answered_as_if_it_had_closed(
    kernel: Kernel, system: System
) -> None:
    before = kernel.counts().handles
    zx = Door(system.process)
    channel, server = zx.channel_create(0)
    socket, peer = pair(system)
    info = system.object_get_info_socket(socket)
    kind = constants.ZXIO_OBJECT_TYPE_DATAGRAM_SOCKET
    status = zxio_create_with_type(Storage(system), kind, socket, info, bytes(16), channel)
    assert status == abi.ZX_ERR_PEER_CLOSED
    zx.handle_close_many([server, peer])
    assert kernel.counts().handles == before


def test_a_wrong_number_of_parts_is_the_caller_s_mistake(system: System) -> None:
    with pytest.raises(TypeError, match="2 parts, not 1"):
        zxio_create_with_type(Storage(system), constants.ZXIO_OBJECT_TYPE_VMO, 0)


def test_a_vmo_by_type_begins_where_its_stream_is(system: System) -> None:
    vmo = vmo_with(system, ALPHABET)
    stream = system.stream_create(abi.ZX_STREAM_MODE_READ, vmo, 5)
    storage = Storage(system)
    assert zxio_create_with_type(storage, constants.ZXIO_OBJECT_TYPE_VMO, vmo, stream) == OK
    assert zxio_seek(storage.io, 1, 0) == (OK, 5)


# ---- vectors and POSIX terms ---------------------------------------------------------------


@pytest.mark.parametrize("options", [0, abi.ZX_SOCKET_DATAGRAM])
def test_vectors_of_a_pipe(system: System, options: int) -> None:
    left, right = pipes(system, options)
    assert zxio_writev(left, [(b"abc", 3), (b"de", 2)], 0) == (OK, 5)
    first, second = bytearray(2), bytearray(8)
    assert zxio_readv(right, [(first, 2), (second, 8)], 0) == (OK, 5)
    assert bytes(first + second) == b"abcde" + bytes(5)


def test_messages_are_vectors(system: System) -> None:
    left, right = pipes(system)
    room, msg_peek = bytearray(8), 2
    assert zxio_sendmsg_inner(left, [(b"ab", 2), (b"c", 1)], 0) == (OK, 3)
    assert zxio_recvmsg_inner(right, [(room, 8)], msg_peek) == (OK, 3)
    assert zxio_recvmsg_inner(right, [(room, 8)], 0) == (OK, 3)
    assert room[:3] == b"abc"
    assert zxio_sendmsg_inner(left, [(b"ab", 2)], 1) == (abi.ZX_ERR_NOT_SUPPORTED, 0)
    assert zxio_recvmsg_inner(right, [], msg_peek | 1) == (abi.ZX_ERR_NOT_SUPPORTED, 0)
    too_many = [(b"", 0)] * 1025
    assert zxio_sendmsg_inner(left, too_many, 0) == (abi.ZX_ERR_INVALID_ARGS, 0)
    assert zxio_recvmsg_inner(right, too_many, 0) == (abi.ZX_ERR_INVALID_ARGS, 0)
    assert zxio_sendmsg_inner(left, too_many[1:], 0) == (OK, 0)


def test_events_of_poll_are_groups_of_signals(system: System) -> None:
    mine, peer = pair(system)
    io = make(system, mine)
    pollin, pollout, pollrdhup = 1, 4, 0x2000
    in_signals = (
        abi.ZX_SOCKET_READABLE | abi.ZX_SOCKET_PEER_CLOSED | abi.ZX_SOCKET_PEER_WRITE_DISABLED
    )
    out_signals = abi.ZX_SOCKET_WRITABLE | abi.ZX_SOCKET_WRITE_DISABLED
    assert zxio_wait_begin_inner(io, pollin, 0) == (mine, in_signals)
    assert zxio_wait_begin_inner(io, pollout, 0) == (mine, out_signals)
    assert zxio_wait_begin_inner(io, 0, constants.ZXIO_SIGNAL_READABLE) == (
        mine,
        abi.ZX_SOCKET_READABLE,
    )
    assert zxio_wait_end_inner(io, abi.ZX_SOCKET_PEER_CLOSED) == (
        pollin | pollrdhup,
        constants.ZXIO_SIGNAL_PEER_CLOSED,
    )
    assert zxio_wait_end_inner(io, out_signals)[0] == pollout
    assert zxio_wait_end_inner(io, 0) == (0, 0)
    assert peer


# ---- threads -------------------------------------------------------------------------------


def test_255_many_threads_write_lines_to_the_log(kernel: Kernel, system: System) -> None:
    log = Log(kernel, system)

    def line(number: int) -> None:
        assert write(log.io, b"thread %3d says so\n" % number) == (OK, 19)

    in_threads(256, line)
    assert sorted(log.records()) == [b"thread %3d says so" % number for number in range(256)]


@pytest.mark.parametrize("options", [0, abi.ZX_SOCKET_DATAGRAM])
def test_16_threads_share_a_pipe_without_losing_bytes(system: System, options: int) -> None:
    left, right = pipes(system, options)
    received = Counter[bytes]()
    lock = threading.Lock()

    def move(number: int) -> None:
        for count in range(50):
            if number % 2:
                assert write(left, b"%2d,%2d;" % (number, count)) == (OK, 6)
            else:
                status, data = read(right, 6)
                assert status in (OK, abi.ZX_ERR_SHOULD_WAIT)
                with lock:
                    received[data] += 1

    in_threads(16, move)
    while (found := read(right, 6))[0] == OK:
        received[found[1]] += 1
    del received[b""]
    assert received == Counter(
        b"%2d,%2d;" % (number, count) for number in range(1, 16, 2) for count in range(50)
    )


def test_16_threads_share_the_offset_of_a_file(system: System) -> None:
    records = [b"%04d" % number for number in range(16 * 50)]
    io = vmo_object(system, b"".join(records))
    found: list[bytes] = []

    def take(number: int) -> None:
        for _ in range(50):
            status, data = read(io, 4)
            assert status == OK
            found.append(data)

    in_threads(16, take)
    assert sorted(found) == records


def test_16_threads_write_their_own_places(system: System) -> None:
    io = vmo_object(system, bytes(16 * 64))

    def fill(number: int) -> None:
        room = bytearray(64)
        for count in range(30):
            data = bytes([number * 16 + count % 16]) * 64
            assert zxio_write_at(io, number * 64, data, 64, 0) == (OK, 64)
            assert zxio_read_at(io, number * 64, room, 64, 0) == (OK, 64)
            assert room == data

    in_threads(16, fill)


def test_16_threads_ask_every_type_at_once(kernel: Kernel, system: System) -> None:
    near, far = pipes(system)
    objects = [near, far, vmo_object(system), default_object(system), null_object(system)]
    objects.append(make(system, log_handle(kernel, system)))
    before = kernel.counts().handles

    def ask(number: int) -> None:
        for count in range(60):
            io = objects[(number + count) % len(objects)]
            zxio_attr_get(io)
            zxio_get_read_buffer_available(io)
            zxio_wait_one(io, constants.ZXIO_SIGNAL_WRITABLE, 0)
            zxio_shutdown(io, 0)
            assert zxio_sync(io) == abi.ZX_ERR_NOT_SUPPORTED
            status, handle = zxio_clone(io)
            if status == OK:
                assert zxio_close(make(system, handle)) == OK

    in_threads(16, ask)
    assert kernel.counts().handles == before


@pytest.mark.parametrize("kind", ["holder", "pipe", "vmo"])
def test_16_threads_release_a_handle_once(system: System, kind: str) -> None:
    make_one = {
        "holder": lambda: make(system, event(system), abi.ZX_ERR_NOT_SUPPORTED),
        "pipe": lambda: pipes(system)[0],
        "vmo": lambda: vmo_object(system),
    }[kind]
    for _ in range(20):
        io = make_one()
        handles: list[int] = []
        in_threads(16, lambda number: handles.append(zxio_release(io)[1]))  # noqa: B023
        (handle,) = (handle for handle in handles if handle)
        assert zxio_close(io) == OK
        assert is_live(system, handle)
