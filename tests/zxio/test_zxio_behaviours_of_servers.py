"""The numbered behaviours of the reference, for objects that a server stands behind.

A test's number is the behaviour's; see `test_zxio_behaviours`.  The server's answers are scripted,
so that what is asked of it and what becomes of wrong answers is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scripted import NO_INFO, Stage, failing
from zxio_objects import event, is_live, read

from zxio_py import abi
from zxio_py.abi import zxio as constants
from zxio_py.fidl import encode_epitaph
from zxio_py.fidl.library import io, io_types
from zxio_py.fidl.library.common import StatusReply
from zxio_py.fidl.library.unknown import QueryableQueryResponse
from zxio_py.zxio import (
    Dirent,
    DirentIterator,
    Storage,
    System,
    Zxio,
    zxio_close,
    zxio_create,
    zxio_create_with_allocator,
    zxio_create_with_on_open,
    zxio_create_with_type,
    zxio_dirent_iterator_destroy,
    zxio_dirent_iterator_init,
    zxio_dirent_iterator_next,
    zxio_get_ops,
    zxio_open,
    zxio_read,
    zxio_readv,
    zxio_readv_at,
    zxio_rename,
    zxio_sync,
    zxio_token_get,
    zxio_unlink,
    zxio_wait_one,
    zxio_watch_directory,
    zxio_writev,
)

BAD_HANDLE = abi.ZX_ERR_BAD_HANDLE
INVALID_ARGS = abi.ZX_ERR_INVALID_ARGS
IO = abi.ZX_ERR_IO
NOT_FOUND = abi.ZX_ERR_NOT_FOUND
NOT_SUPPORTED = abi.ZX_ERR_NOT_SUPPORTED
OK = abi.ZX_OK
WRONG_TYPE = abi.ZX_ERR_WRONG_TYPE
READABLE, WRITABLE = constants.ZXIO_SIGNAL_READABLE, constants.ZXIO_SIGNAL_WRITABLE
FOREVER = abi.ZX_TIME_INFINITE


# ---- creation ------------------------------------------------------------------------------


def test_77_a_channel_that_says_directory(stage: Stage) -> None:
    connection, channel = stage.channel(io.DIRECTORY, {"Sync": None})
    storage = Storage(stage.system)
    assert zxio_create(channel, storage) == OK
    assert zxio_sync(storage.io) == OK
    assert zxio_close(storage.io) == OK
    assert [name for name, _ in connection.asked] == ["Query", "Sync", "Close"]


def test_77_a_channel_that_says_something_else_is_a_node(stage: Stage) -> None:
    connection, channel = stage.channel(io.NODE, {"Query": QueryableQueryResponse(b"a.b/C")})
    storage = Storage(stage.system)
    assert zxio_create(channel, storage) == OK
    assert zxio_read(storage.io, bytearray(1), 1, 0) == (WRONG_TYPE, 0)
    assert zxio_close(storage.io) == OK
    assert connection.calls("Close") == [None]


@pytest.mark.parametrize(
    "name", ["fuchsia.posix.socket/StreamSocket", "fuchsia.posix.socket.raw/Socket"]
)
def test_a_channel_of_a_type_that_is_not_there_is_closed(stage: Stage, name: str) -> None:
    answers = {"Query": QueryableQueryResponse(name.encode())}
    _, channel = stage.channel(io.NODE, answers)
    storage = Storage(stage.system)
    assert zxio_create(channel, storage) == NOT_SUPPORTED
    assert zxio_get_ops(storage.io) is None
    assert not is_live(stage.system, channel)


def queued(system: System, *messages: tuple[bytes, list[Any]]) -> int:
    """A channel with these messages in it, whose other end is closed."""
    near, far = system.channel_create()
    for data, handles in messages:
        system.channel_write(far, data, handles)
    system.handle_close(far)
    return near


def on_open(status: int, info: io_types.NodeInfoDeprecated | None) -> tuple[bytes, list[Any]]:
    return io.NODE["OnOpen"].encode_request(io.NodeOnOpenEvent(status, info))


def opened(system: System, channel: int) -> tuple[int, Zxio]:
    storage = Storage(system)
    return zxio_create_with_on_open(channel, storage), storage.io


def test_89_91_the_event_says_what_it_is(stage: Stage) -> None:
    for info, answer in (
        (io_types.NodeInfoDeprecated(directory=io_types.DirectoryObject()), (OK, 0)),
        (io_types.NodeInfoDeprecated(service=io_types.Service()), (WRONG_TYPE, 0)),
    ):
        connection, channel = stage.channel(io.DIRECTORY, {"Sync": None})
        connection.send_event(io.NODE["OnOpen"], io.NodeOnOpenEvent(OK, info))
        status, made = opened(stage.system, channel)
        assert status == OK
        assert zxio_sync(made) == OK
        assert zxio_readv(made, [(bytearray(0), 0)], 0) == answer
        assert zxio_close(made) == OK


def test_90_a_file_with_an_event_and_without_a_stream(stage: Stage) -> None:
    connection, channel = stage.channel(io.FILE, {"Read": io.DataResponse(b"abc")})
    observer = stage.server.zx.event_create(0)
    assert isinstance(observer, int)
    file = io_types.FileObject(event=observer, stream=None)
    info = io_types.NodeInfoDeprecated(file=file)
    connection.send_event(io.NODE["OnOpen"], io.NodeOnOpenEvent(OK, info))
    status, made = opened(stage.system, channel)
    assert (status, read(made, 8)) == (OK, (OK, b"abc"))
    assert zxio_wait_one(made, READABLE, 0) == (abi.ZX_ERR_TIMED_OUT, 0)
    assert zxio_close(made) == OK


def test_88_the_event_s_status_and_what_is_missing(system: System) -> None:
    assert opened(system, queued(system, on_open(NOT_FOUND, None)))[0] == NOT_FOUND
    assert opened(system, queued(system, on_open(OK, None)))[0] == INVALID_ARGS
    assert opened(system, queued(system, (encode_epitaph(IO), [])))[0] == IO
    assert opened(system, queued(system, (b"no message of fidl", [])))[0] == IO


def test_94_a_representation_is_not_supported(system: System) -> None:
    payload = io_types.Representation(directory=io_types.DirectoryInfo())
    message = io.NODE["OnRepresentation"].encode_request(io.NodeOnRepresentationEvent(payload))
    channel = queued(system, message)
    assert opened(system, channel)[0] == NOT_SUPPORTED
    assert not is_live(system, channel)


def test_99_by_type_nobody_is_asked(stage: Stage) -> None:
    for kind in (constants.ZXIO_OBJECT_TYPE_DIR, constants.ZXIO_OBJECT_TYPE_NODE):
        connection, channel = stage.channel(io.DIRECTORY)
        storage = Storage(stage.system)
        assert zxio_create_with_type(storage, kind, channel) == OK
        assert connection.asked == []
        assert zxio_close(storage.io) == OK


def test_115_an_allocator_is_asked_for_what_the_server_says(stage: Stage) -> None:
    for protocol, kind in (
        (io.FILE, constants.ZXIO_OBJECT_TYPE_FILE),
        (io.DIRECTORY, constants.ZXIO_OBJECT_TYPE_DIR),
        (io.NODE, constants.ZXIO_OBJECT_TYPE_NONE),
    ):
        connection, channel = stage.channel(protocol, {"Describe": NO_INFO})
        storage, asked = Storage(stage.system), []

        def allocator(
            type: int, storage: Storage = storage, asked: list[int] = asked
        ) -> tuple[int, Storage, None]:
            asked.append(type)
            return OK, storage, None

        assert zxio_create_with_allocator(channel, allocator, stage.system) == (OK, None)
        assert asked == [kind]
        assert len(connection.calls("Query")) == 2
        assert zxio_close(storage.io) == OK


# ---- directories ---------------------------------------------------------------------------


def test_219_221_what_servers_say_of_names(stage: Stage) -> None:
    connection, directory = stage.directory(Unlink=failing(IO), Rename=failing(NOT_FOUND))
    assert zxio_unlink(directory, b"a name", 6, 0) == IO
    assert zxio_unlink(directory, b"other", 5, 0x200) == IO
    assert [(r.name, r.options.flags) for r in connection.calls("Unlink")] == [
        ("a name", None),
        ("other", 1),
    ]
    token = event(stage.system)
    assert zxio_rename(directory, b"old", 3, token, b"new", 3) == NOT_FOUND
    assert [(r.src, r.dst) for r in connection.calls("Rename")] == [("old", "new")]
    assert not is_live(stage.system, token)


def test_a_name_that_is_not_utf_8_is_not_sent(stage: Stage) -> None:
    connection, directory = stage.directory()
    token = event(stage.system)
    assert zxio_rename(directory, b"\xff", 1, token, b"new", 3) == INVALID_ARGS
    assert not is_live(stage.system, token)
    assert zxio_open(directory, 0, 0, b"\xff", 1, Storage(stage.system)) == INVALID_ARGS
    assert zxio_unlink(directory, b"x" * 256, 256, 0) == INVALID_ARGS
    assert connection.asked == []


def test_222_a_token_or_a_status(stage: Stage) -> None:
    token = stage.server.zx.event_create(0)
    assert isinstance(token, int)
    _, directory = stage.directory(GetToken=io.DirectoryGetTokenResponse(OK, token))
    status, mine = zxio_token_get(directory)
    assert status == OK
    assert is_live(stage.system, mine)
    _, directory = stage.directory(GetToken=io.DirectoryGetTokenResponse(IO, None))
    assert zxio_token_get(directory) == (IO, 0)


def refusing(stage: Stage) -> Callable[[io.OpenableOpenRequest], None]:
    """Open that answers on the new channel that there is nothing."""

    def handle(request: io.OpenableOpenRequest) -> None:
        system = stage.server.system
        system.channel_write(request.object, *on_open(NOT_FOUND, None))
        system.handle_close(request.object)

    return handle


def test_224_an_open_that_finds_nothing(stage: Stage) -> None:
    connection, directory = stage.directory(Open=refusing(stage))
    assert zxio_open(directory, 1, 7, b"some/path", 9, Storage(stage.system)) == NOT_FOUND
    (request,) = connection.calls("Open")
    assert (request.flags, request.mode, request.path) == (0x800001, 7, "some/path")


def test_227_a_directory_has_no_bytes(stage: Stage) -> None:
    connection, directory = stage.directory()
    for result in (
        zxio_readv(directory, [(bytearray(1), 1)], 0),
        zxio_readv_at(directory, 9, [(bytearray(1), 1)], 0),
        zxio_writev(directory, [(b"x", 1)], 0),
    ):
        assert result == (WRONG_TYPE, 0)
    assert zxio_readv(directory, [], 0) == (OK, 0)
    assert zxio_readv_at(directory, 9, [(bytearray(0), 0)], 0) == (OK, 0)
    assert zxio_readv(directory, [], 1) == (NOT_SUPPORTED, 0)
    assert connection.asked == []


def test_228_a_directory_cannot_be_waited_for(stage: Stage) -> None:
    _, directory = stage.directory()
    assert zxio_wait_one(directory, READABLE, FOREVER) == (NOT_SUPPORTED, 0)


def record(inode: int, kind: int, name: bytes) -> bytes:
    return inode.to_bytes(8, "little") + bytes((len(name), kind)) + name


def listing(*chunks: bytes) -> dict[str, Any]:
    """Handlers that tell these chunks, after every Rewind."""
    told: list[bytes] = []

    def rewind(request: None) -> StatusReply:
        told[:] = chunks
        return StatusReply(OK)

    def read_dirents(request: Any) -> io.DirectoryReadDirentsResponse:
        return io.DirectoryReadDirentsResponse(OK, told.pop(0) if told else b"")

    return {"Rewind": rewind, "ReadDirents": read_dirents}


def walk(directory: Zxio) -> tuple[list[tuple[bytes, int | None, int | None]], int]:
    """The entries that an iterator gives, and its last status."""
    iterator, found = DirentIterator(), []
    assert zxio_dirent_iterator_init(iterator, directory) == OK
    while True:
        entry = Dirent(bytearray(b"\xee" * 255))
        status = zxio_dirent_iterator_next(iterator, entry)
        if status != OK:
            zxio_dirent_iterator_destroy(iterator)
            return found, status
        assert entry.name is not None
        assert entry.name[entry.name_length :] == b"\xee" * (255 - entry.name_length)
        assert entry.abilities is None
        found.append((bytes(entry.name[: entry.name_length]), entry.id, entry.protocols))


def test_236_240_243_a_walk_and_another(stage: Stage) -> None:
    chunks = record(1, 4, b".") + record(2, 8, b"file"), record(3, 16, b"\xff" * 255)
    connection, directory = stage.directory(**listing(*chunks))
    found = [(b".", 1, 2), (b"file", 2, 4), (b"\xff" * 255, 3, 0)]
    assert walk(directory) == (found, NOT_FOUND)
    assert walk(directory) == (found, NOT_FOUND)
    assert [request.max_bytes for request in connection.calls("ReadDirents")] == [8192] * 6


@pytest.mark.parametrize("cut", [1, 9, 12])
def test_an_entry_that_is_cut_off(stage: Stage, cut: int) -> None:
    _, directory = stage.directory(**listing(record(1, 8, b"file")[:cut]))
    assert walk(directory) == ([], abi.ZX_ERR_INTERNAL)


def test_242_a_status_instead_of_entries(stage: Stage) -> None:
    answers = listing() | {"ReadDirents": io.DirectoryReadDirentsResponse(IO, b"")}
    _, directory = stage.directory(**answers)
    assert walk(directory) == ([], IO)


# ---- watching ------------------------------------------------------------------------------


def watching(stage: Stage, *messages: bytes) -> Callable[[Any], StatusReply]:
    """Watch that tells these messages and ends."""

    def handle(request: io.DirectoryWatchRequest) -> StatusReply:
        for message in messages:
            stage.server.system.channel_write(request.watcher, message, [])
        stage.server.system.handle_close(request.watcher)
        return StatusReply(OK)

    return handle


def test_245_246_watching_needs_a_directory_and_someone_to_tell(stage: Stage) -> None:
    assert zxio_watch_directory(Storage(stage.system).io, None, 0) == BAD_HANDLE
    connection, directory = stage.directory()
    assert zxio_watch_directory(directory, None, 0) == INVALID_ARGS
    assert connection.asked == []


def test_248_what_a_watcher_is_told(stage: Stage) -> None:
    events = (
        bytes((3, 1)) + b"." + bytes((3, 3)) + b"old" + bytes((4, 0)),
        bytes((1, 3))
        + b"new"
        + bytes((0, 1))
        + b"."
        + bytes((9, 1))
        + b"?"
        + bytes((2, 9))
        + b"cut",
        bytes((2, 3)) + b"old" + b"\1",
    )
    connection, directory = stage.directory(Watch=watching(stage, *events))
    told: list[tuple[int, bytes]] = []

    def tell(event: int, name: bytes) -> int:
        told.append((event, name))
        return OK

    assert zxio_watch_directory(directory, tell, FOREVER) == abi.ZX_ERR_PEER_CLOSED
    assert told == [(1, b"."), (1, b"old"), (3, b""), (1, b"new"), (2, b"old")]
    (request,) = connection.calls("Watch")
    assert (request.mask, request.options) == (0x1F, 0)
    assert zxio_watch_directory(directory, lambda event, name: 42, FOREVER) == 42


def test_251_nothing_happens_until_the_deadline(stage: Stage) -> None:
    kept: list[int] = []

    def keep(request: io.DirectoryWatchRequest) -> StatusReply:
        kept.append(request.watcher)
        return StatusReply(OK)

    _, directory = stage.directory(Watch=keep)
    assert zxio_watch_directory(directory, lambda event, name: OK, 0) == abi.ZX_ERR_TIMED_OUT


def test_252_253_who_does_not_tell(stage: Stage) -> None:
    def refuse(request: io.DirectoryWatchRequest) -> StatusReply:
        stage.server.system.handle_close(request.watcher)
        return StatusReply(IO)

    _, directory = stage.directory(Watch=refuse)
    assert zxio_watch_directory(directory, lambda event, name: OK, FOREVER) == IO
    for _, other in (stage.file(), stage.node()):
        assert zxio_watch_directory(other, lambda event, name: OK, FOREVER) == NOT_SUPPORTED
