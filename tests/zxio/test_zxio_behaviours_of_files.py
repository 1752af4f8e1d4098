"""The numbered behaviours of the reference, for files and nodes behind a server.

A test's number is the behaviour's; see `test_zxio_behaviours`.  The server's answers are scripted,
so that what is asked of it and what becomes of wrong answers is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scripted import Scripted, Stage, attributes, failing
from zxio_objects import event, is_live, read, vmo_with, write

from zxio_py import abi
from zxio_py.abi import zxio as constants
from zxio_py.fidl.library import io, io_types
from zxio_py.fidl.library.common import StatusReply
from zxio_py.kernel.door import Door
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio import (
    NodeAttributes,
    Storage,
    Zxio,
    zxio_attr_get,
    zxio_attr_set,
    zxio_borrow,
    zxio_clone,
    zxio_close,
    zxio_flags_get,
    zxio_isatty,
    zxio_open,
    zxio_read,
    zxio_read_at,
    zxio_readv,
    zxio_release,
    zxio_seek,
    zxio_sync,
    zxio_truncate,
    zxio_unlink,
    zxio_vmo_get,
    zxio_vmo_get_clone,
    zxio_vmo_get_copy,
    zxio_vmo_get_exact,
    zxio_wait_one,
    zxio_write,
    zxio_write_at,
    zxio_writev,
)
from zxio_py.zxio.types import AdvisoryLockRequest
from zxio_py.zxio.zxio import dispatch

BAD_HANDLE = abi.ZX_ERR_BAD_HANDLE
INVALID_ARGS = abi.ZX_ERR_INVALID_ARGS
IO = abi.ZX_ERR_IO
NOT_FOUND = abi.ZX_ERR_NOT_FOUND
NOT_SUPPORTED = abi.ZX_ERR_NOT_SUPPORTED
OK = abi.ZX_OK
WRONG_TYPE = abi.ZX_ERR_WRONG_TYPE
READABLE, WRITABLE = constants.ZXIO_SIGNAL_READABLE, constants.ZXIO_SIGNAL_WRITABLE
FOREVER = abi.ZX_TIME_INFINITE


class Bytes:
    """Handlers for the bytes of a file: the offset of a connection, and the contents."""

    def __init__(self, contents: bytes) -> None:
        self.contents = bytearray(contents)
        self.offset = 0

    def handlers(self) -> dict[str, Callable[[Any], Any]]:
        return {"Read": self.read, "ReadAt": self.read_at, "Write": self.write} | {
            "WriteAt": self.write_at,
            "Seek": self.seek,
        }

    def read(self, request: io.ReadableReadRequest) -> io.DataResponse:
        data = bytes(self.contents[self.offset : self.offset + request.count])
        self.offset += len(data)
        return io.DataResponse(data)

    def read_at(self, request: io.FileReadAtRequest) -> io.DataResponse:
        return io.DataResponse(bytes(self.contents[request.offset :][: request.count]))

    def _put(self, offset: int, data: bytes) -> io.ActualCountResponse:
        self.contents[offset : offset + len(data)] = data
        return io.ActualCountResponse(len(data))

    def write(self, request: io.WritableWriteRequest) -> io.ActualCountResponse:
        self.offset += len(request.data)
        return self._put(self.offset - len(request.data), request.data)

    def write_at(self, request: io.FileWriteAtRequest) -> io.ActualCountResponse:
        return self._put(request.offset, request.data)

    def seek(self, request: io.FileSeekRequest) -> io.FileSeekResponse:
        self.offset = (0, self.offset, len(self.contents))[request.origin] + request.offset
        return io.FileSeekResponse(self.offset)


# ---- files ---------------------------------------------------------------------------------


def test_164_166_the_signals_of_a_file_are_its_event_s(stage: Stage) -> None:
    observer = event(stage.system)
    _, file = stage.file(event=observer)
    assert zxio_wait_one(file, constants.ZXIO_SIGNAL_ALL, 0) == (abi.ZX_ERR_TIMED_OUT, 0)
    for signal, expected in (
        (io_types.FileSignal.READABLE, READABLE),
        (io_types.FileSignal.WRITABLE, WRITABLE),
    ):
        Door(stage.system.process).object_signal(observer, 0, signal)
        assert zxio_wait_one(file, expected, FOREVER) == (OK, expected)


def test_167_a_file_without_event_cannot_be_waited_for(stage: Stage) -> None:
    _, file = stage.file()
    assert zxio_wait_one(file, READABLE, FOREVER) == (NOT_SUPPORTED, 0)


@pytest.mark.parametrize("status", [abi.ZX_ERR_NO_MEMORY, 17])
def test_168_errors_of_memory_come_through(stage: Stage, status: int) -> None:
    _, file = stage.file(GetBackingMemory=failing(status))
    assert zxio_vmo_get_clone(file) == (status, 0)
    assert zxio_vmo_get_exact(file) == (status, 0)


def sequence(file: Zxio) -> None:
    """Reads, seeks and writes over the contents abcd."""
    assert read(file, 8) == (OK, b"abcd")
    assert zxio_seek(file, 0, 1) == (OK, 1)
    assert read(file, 2) == (OK, b"bc")
    room = bytearray(1024)
    assert zxio_write_at(file, 1, b"xy", 2, 0) == (OK, 2)
    assert zxio_read_at(file, 1, room, 1024, 0) == (OK, 3)
    assert room[:3] == b"xyd"


def test_171_172_the_same_over_fidl_and_through_a_stream(stage: Stage) -> None:
    connection, file = stage.file(**Bytes(b"abcd").handlers())
    sequence(file)
    assert {"Read", "Seek", "ReadAt", "WriteAt"} == {name for name, _ in connection.asked}
    system = stage.system
    mode = abi.ZX_STREAM_MODE_READ | abi.ZX_STREAM_MODE_WRITE
    stream = system.stream_create(mode, vmo_with(system, b"abcd"), 0)
    connection, file = stage.file(stream=stream)
    sequence(file)
    assert connection.asked == []


def test_172_a_stream_that_may_not_is_a_bad_handle(stage: Stage) -> None:
    system = stage.system
    stream = system.stream_create(abi.ZX_STREAM_MODE_READ, vmo_with(system, b"abcd"), 0)
    _, file = stage.file(stream=stream)
    assert write(file, b"x") == (BAD_HANDLE, 0)


def test_173_close_says_so_once_and_drops_everything(stage: Stage) -> None:
    observer = event(stage.system)
    connection, file = stage.file(event=observer)
    assert zxio_close(file) == OK
    assert zxio_close(file) == BAD_HANDLE
    assert connection.calls("Close") == [None]
    assert not is_live(stage.system, observer)


def test_173_nothing_is_said_after_a_release(stage: Stage) -> None:
    connection, file = stage.file()
    status, channel = zxio_release(file)
    assert status == OK
    assert zxio_release(file) == (OK, 0)
    assert read(file, 1) == (BAD_HANDLE, b"")
    assert zxio_close(file) == OK
    stage.system.handle_close(channel)
    assert connection.calls("Close") == []


def test_173_a_close_that_fails_drops_everything(stage: Stage) -> None:
    connection, file = stage.file()
    with stage.server.lock:
        connection.close()
    channel = zxio_borrow(file)[1]
    assert zxio_close(file) == abi.ZX_ERR_PEER_CLOSED
    assert not is_live(stage.system, channel)


def test_a_long_read_comes_in_pieces(stage: Stage) -> None:
    connection, file = stage.file(**Bytes(bytes(range(256)) * 80).handlers())
    room = bytearray(30000)
    assert zxio_read(file, room, 30000, 0) == (OK, 20480)
    assert room[:20480] == bytes(range(256)) * 80
    assert [request.count for request in connection.calls("Read")] == [8192] * 3
    assert zxio_read_at(file, 100, room, 10000, 0) == (OK, 10000)
    assert [(r.offset, r.count) for r in connection.calls("ReadAt")] == [(100, 8192), (8292, 1808)]


def test_177_so_does_a_long_write(stage: Stage) -> None:
    contents = Bytes(b"")
    connection, file = stage.file(**contents.handlers())
    data = bytes(range(256)) * 40
    assert write(file, data) == (OK, 10240)
    assert zxio_write_at(file, 5, data, len(data), 0) == (OK, 10240)
    assert [len(request.data) for request in connection.calls("Write")] == [8192, 2048]
    assert [request.offset for request in connection.calls("WriteAt")] == [5, 8197]
    assert contents.contents == data[:5] + data


def test_an_error_after_a_piece_is_a_short_transfer(stage: Stage) -> None:
    replies = iter([lambda r: io.DataResponse(bytes(r.count)), failing(IO)])
    _, file = stage.file(Read=lambda request: next(replies)(request))
    assert zxio_read(file, bytearray(20000), 20000, 0) == (OK, 8192)
    _, file = stage.file(Read=failing(IO))
    assert read(file, 10) == (IO, b"")


def test_more_than_asked_is_an_error(stage: Stage) -> None:
    _, file = stage.file(Read=io.DataResponse(b"too much"), ReadAt=io.DataResponse(b"too much"))
    assert read(file, 3) == (IO, b"")
    assert zxio_read_at(file, 0, bytearray(3), 3, 0) == (IO, 0)


def test_180_more_written_than_sent_is_an_error(stage: Stage) -> None:
    _, file = stage.file(Write=io.ActualCountResponse(4))
    assert write(file, b"abc") == (IO, 0)


def test_what_is_empty_is_not_asked_for(stage: Stage) -> None:
    connection, file = stage.file()
    assert zxio_readv(file, [], 0) == (OK, 0)
    assert zxio_writev(file, [(b"", 0)], 0) == (OK, 0)
    assert connection.asked == []


def test_182_flags_are_not_supported(stage: Stage) -> None:
    _, file = stage.file()
    assert read(file, 1, constants.ZXIO_PEEK) == (NOT_SUPPORTED, b"")
    assert write(file, b"x", 2) == (NOT_SUPPORTED, 0)


def test_185_189_what_is_sent(stage: Stage) -> None:
    memory = stage.server.system.vmo_create(4096)
    connection, file = stage.file(
        Seek=io.FileSeekResponse(77),
        Resize=None,
        GetBackingMemory=io.FileGetBackingMemoryResponse(memory),
        AdvisoryLock=None,
        GetFlags=io.NodeGetFlagsResponse(OK, io_types.OpenFlags.APPEND),
    )
    assert zxio_seek(file, 2, -5) == (OK, 77)
    assert connection.calls("Seek") == [io.FileSeekRequest(2, -5)]
    assert zxio_truncate(file, 1 << 40) == OK
    assert connection.calls("Resize") == [io.FileResizeRequest(1 << 40)]
    status, vmo = zxio_vmo_get(file, 0x30007)
    assert status == OK
    assert is_live(stage.system, vmo)
    assert connection.calls("GetBackingMemory") == [io.FileGetBackingMemoryRequest(0x30007)]
    assert zxio_flags_get(file) == (OK, 0x100000)
    for kind, wait in ((1, True), (2, False), (4, False)):
        assert dispatch(file, "advisory_lock", None, AdvisoryLockRequest(kind, wait))[0] == OK
    assert [
        (asked.request.type, asked.request.range, asked.request.wait)
        for asked in connection.calls("AdvisoryLock")
    ] == [(1, None, True), (2, None, False), (3, None, False)]
    status, _ = dispatch(file, "advisory_lock", None, AdvisoryLockRequest(3))
    assert status == abi.ZX_ERR_INTERNAL
    assert len(connection.calls("AdvisoryLock")) == 3


def test_188_a_status_instead_of_flags(stage: Stage) -> None:
    _, file = stage.file(GetFlags=io.NodeGetFlagsResponse(IO, 0))
    assert zxio_flags_get(file) == (IO, 0)


def test_193_a_copy_waits_where_the_file_says_so(stage: Stage) -> None:
    observer = event(stage.system)
    shared = stage.system.handle_duplicate(observer, abi.ZX_RIGHT_SAME_RIGHTS)
    replies = iter([failing(abi.ZX_ERR_SHOULD_WAIT), lambda r: io.DataResponse(b"abcd")])
    _, file = stage.file(
        event=observer,
        GetBackingMemory=failing(NOT_SUPPORTED),
        GetAttr=attributes(0o100600, content_size=4),
        ReadAt=lambda request: next(replies)(request),
    )
    Door(stage.system.process).object_signal(shared, 0, io_types.FileSignal.READABLE)
    status, vmo = zxio_vmo_get_copy(file)
    assert (status, stage.system.object_get_content_size(vmo)) == (OK, 4)


def test_194_a_copy_of_an_empty_file_reads_nothing(stage: Stage) -> None:
    connection, file = stage.file(
        GetBackingMemory=failing(NOT_SUPPORTED), GetAttr=attributes(0o100600)
    )
    status, vmo = zxio_vmo_get_copy(file)
    assert (status, stage.system.object_get_content_size(vmo)) == (OK, 0)
    assert connection.calls("ReadAt") == []


def test_197_borrow_leaves_the_object_usable(stage: Stage) -> None:
    _, file = stage.file(Sync=None)
    status, channel = zxio_borrow(file)
    assert status == OK
    assert is_live(stage.system, channel)
    assert zxio_sync(file) == OK


def test_clone_does_not_wait(stage: Stage) -> None:
    taken: list[int] = []
    connection, file = stage.file(Clone=lambda request: taken.append(request.object), Sync=None)
    status, channel = zxio_clone(file)
    assert status == OK
    assert is_live(stage.system, channel)
    assert zxio_sync(file) == OK  # after the clone, which has been taken by then
    assert [request.flags for request in connection.calls("Clone")] == [0x4000000]
    assert len(taken) == 1


# ---- attributes and nodes ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "protocols"), [(0o040700, 2), (0o100600, 4), (0o120600, 0), (0o020600, 0)]
)
def test_199_the_type_of_a_mode(stage: Stage, mode: int, protocols: int) -> None:
    _, file = stage.file(GetAttr=attributes(mode))
    assert zxio_attr_get(file)[1].protocols == protocols


def test_200_202_all_attributes_are_told(stage: Stage) -> None:
    answer = attributes(
        0o100600, id=1, content_size=2, storage_size=3, link_count=4, creation_time=5
    )
    _, file = stage.file(GetAttr=answer)
    assert zxio_attr_get(file) == (OK, NodeAttributes(4, 0x36, 1, 2, 3, 4, 5, 0))
    _, directory = stage.directory(GetAttr=attributes(0o040700))
    assert zxio_attr_get(directory)[1].abilities == 0x1F0


def test_205_a_status_instead_of_attributes(stage: Stage) -> None:
    answer = attributes(0)
    answer.s = IO
    _, file = stage.file(GetAttr=answer)
    assert zxio_attr_get(file)[0] == IO


def test_206_208_only_times_are_set(stage: Stage) -> None:
    connection, file = stage.file(SetAttr=StatusReply(OK))
    for given in (
        NodeAttributes(creation_time=5),
        NodeAttributes(modification_time=6),
        NodeAttributes(creation_time=7, modification_time=8),
        NodeAttributes(),
    ):
        assert zxio_attr_set(file, given) == OK
    assert zxio_attr_set(file, NodeAttributes(creation_time=1, id=2)) == NOT_SUPPORTED
    assert [
        (r.flags, r.attributes.creation_time, r.attributes.modification_time)
        for r in connection.calls("SetAttr")
    ] == [(1, 5, 0), (2, 0, 6), (3, 7, 8), (0, 0, 0)]


def test_212_a_node_has_neither_bytes_nor_entries(stage: Stage) -> None:
    _, node = stage.node()
    assert read(node, 1) == (WRONG_TYPE, b"")
    assert write(node, b"x") == (WRONG_TYPE, 0)
    assert zxio_seek(node, 0, 0) == (WRONG_TYPE, 0)
    assert zxio_truncate(node, 0) == NOT_SUPPORTED
    assert zxio_open(node, 0, 0, b"x", 1, Storage(stage.system)) == NOT_SUPPORTED
    assert zxio_unlink(node, b"x", 1, 0) == NOT_SUPPORTED
    assert zxio_vmo_get(node, 1) == (NOT_SUPPORTED, 0)
    assert zxio_isatty(node) == (OK, False)


# ---- servers that break rules --------------------------------------------------------------


def test_an_answer_that_is_none_is_refused(stage: Stage) -> None:
    def garble(connection: Scripted) -> Callable[[Any], Any]:
        def handle(request: Any) -> Any:
            reply = connection.protocol["Seek"].encode_reply(
                io.FileSeekResponse(1), connection.txid
            )
            stage.server.system.channel_write(connection.channel, reply.data + bytes(8), [])
            connection.close_after_reply()
            raise ZxError(IO)

        return handle

    answers: dict[str, Any] = {}
    connection, file = stage.file(Seek=lambda request: answers["Seek"](request))
    answers["Seek"] = garble(connection)
    assert zxio_seek(file, 0, 0) == (INVALID_ARGS, 0)


def test_write_at_of_a_file_whose_server_went(stage: Stage) -> None:
    connection, file = stage.file()
    with stage.server.lock:
        connection.close()
    assert zxio_write(file, b"x", 1, 0) == (abi.ZX_ERR_PEER_CLOSED, 0)
    assert zxio_sync(file) == abi.ZX_ERR_PEER_CLOSED
