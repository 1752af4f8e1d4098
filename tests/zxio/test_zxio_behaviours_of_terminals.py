"""The numbered behaviours of the reference, for terminals.

A test's number is the behaviour's; see `test_zxio_behaviours_of_servers`.
"""

from __future__ import annotations

import pytest
from scripted import Stage, failing
from zxio_objects import event, is_live, read, write

from zxio_py import abi
from zxio_py.abi import zxio as constants
from zxio_py.fidl.library import io, io_types, pty
from zxio_py.fidl.library.common import StatusReply
from zxio_py.kernel.door import Door
from zxio_py.zxio import (
    Storage,
    zxio_attr_get,
    zxio_clone,
    zxio_close,
    zxio_create,
    zxio_create_with_on_open,
    zxio_flags_get,
    zxio_get_window_size,
    zxio_isatty,
    zxio_read_at,
    zxio_release,
    zxio_seek,
    zxio_set_window_size,
    zxio_sync,
    zxio_wait_one,
)
from zxio_py.zxio.tty import tty_init

NOT_SUPPORTED = abi.ZX_ERR_NOT_SUPPORTED
OK = abi.ZX_OK
WRONG_TYPE = abi.ZX_ERR_WRONG_TYPE


def test_115_a_channel_that_says_terminal(stage: Stage) -> None:
    near, far = stage.server.zx.eventpair_create(0)  # type: ignore[misc]
    answers = {"Describe2": pty.DeviceDescribeResponse(event=near)}
    _, channel = stage.channel(pty.DEVICE, answers)
    storage = Storage(stage.system)
    assert zxio_create(channel, storage) == OK
    assert zxio_isatty(storage.io) == (OK, True)
    stage.server.zx.object_signal_peer(far, 0, io_types.DeviceSignal.OOB)
    everything = constants.ZXIO_SIGNAL_ALL
    assert zxio_wait_one(storage.io, everything, abi.ZX_TIME_INFINITE)[0] == OK
    assert zxio_close(storage.io) == OK
    closed = abi.ZX_EVENTPAIR_PEER_CLOSED
    assert stage.server.system.object_wait_one(far, closed, 0) & closed


def test_an_event_that_says_terminal(stage: Stage) -> None:
    connection, channel = stage.channel(pty.DEVICE)
    info = io_types.NodeInfoDeprecated(tty=io_types.Tty(event=None))
    connection.send_event(io.NODE["OnOpen"], io.NodeOnOpenEvent(OK, info))
    storage = Storage(stage.system)
    assert zxio_create_with_on_open(channel, storage) == OK
    assert zxio_wait_one(storage.io, 1, abi.ZX_TIME_INFINITE) == (NOT_SUPPORTED, 0)


def test_263_a_terminal_is_one_without_being_asked(stage: Stage) -> None:
    connection, tty = stage.tty()
    assert zxio_isatty(tty) == (OK, True)
    assert connection.asked == []


def test_264_the_size_of_a_window(stage: Stage) -> None:
    sizes = [pty.WindowSize(0, 0)]

    def set_size(request: pty.DeviceSetWindowSizeRequest) -> StatusReply:
        sizes.append(request.size)
        return StatusReply(OK)

    _, tty = stage.tty(
        SetWindowSize=set_size,
        GetWindowSize=lambda request: pty.DeviceGetWindowSizeResponse(OK, sizes[-1]),
    )
    assert zxio_set_window_size(tty, 42, 57) == OK
    assert zxio_get_window_size(tty) == (OK, 42, 57)


def test_windows_that_are_not_there(stage: Stage) -> None:
    nothing = pty.WindowSize(0, 0)
    connection, tty = stage.tty(
        GetWindowSize=pty.DeviceGetWindowSizeResponse(abi.ZX_ERR_IO, nothing),
        SetWindowSize=StatusReply(abi.ZX_ERR_IO),
    )
    assert zxio_get_window_size(tty) == (NOT_SUPPORTED, 0, 0)
    assert zxio_set_window_size(tty, 1, 1) == NOT_SUPPORTED
    with stage.server.lock:
        connection.close()
    assert zxio_get_window_size(tty) == (NOT_SUPPORTED, 0, 0)
    stage.system.handle_close(zxio_release(tty)[1])
    assert zxio_get_window_size(tty) == (abi.ZX_ERR_BAD_STATE, 0, 0)
    assert zxio_set_window_size(tty, 1, 1) == abi.ZX_ERR_BAD_STATE


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        (io_types.DeviceSignal.READABLE, constants.ZXIO_SIGNAL_READABLE),
        (io_types.DeviceSignal.OOB, constants.ZXIO_SIGNAL_OUT_OF_BAND),
        (io_types.DeviceSignal.WRITABLE, constants.ZXIO_SIGNAL_WRITABLE),
        (io_types.DeviceSignal.ERROR, constants.ZXIO_SIGNAL_ERROR),
        (io_types.DeviceSignal.HANGUP, constants.ZXIO_SIGNAL_PEER_CLOSED),
    ],
)
def test_signals_of_a_terminal(stage: Stage, device: int, expected: int) -> None:
    observer = event(stage.system)
    _, tty = stage.tty(event=observer)
    assert zxio_wait_one(tty, expected, 0) == (abi.ZX_ERR_TIMED_OUT, 0)
    Door(stage.system.process).object_signal(observer, 0, device)
    assert zxio_wait_one(tty, expected, abi.ZX_TIME_INFINITE) == (OK, expected)


def test_268_a_clone_is_asked_for_by_clone2(stage: Stage) -> None:
    """Clone2 is no method of the protocol that is scripted here: what is sent is looked at."""
    near, far = stage.system.channel_create()
    storage = Storage(stage.system)
    tty_init(storage, near, 0)
    status, clone = zxio_clone(storage.io)
    assert status == OK
    assert is_live(stage.system, clone)
    data, handles = stage.system.channel_read(far)
    assert (data[8:16], len(handles)) == (0x20D8A7ABA2168A79.to_bytes(8, "little"), 1)


def test_bytes_of_a_terminal(stage: Stage) -> None:
    connection, tty = stage.tty(Read=io.DataResponse(b"a line\n"), Write=io.ActualCountResponse(3))
    assert read(tty, 100) == (OK, b"a line\n")
    assert write(tty, b"abc") == (OK, 3)
    assert [name for name, _ in connection.asked] == ["Read", "Write"]
    _, tty = stage.tty(Read=failing(abi.ZX_ERR_SHOULD_WAIT))
    assert read(tty, 1) == (abi.ZX_ERR_SHOULD_WAIT, b"")


def test_269_what_a_terminal_is_not(stage: Stage) -> None:
    connection, tty = stage.tty()
    assert zxio_seek(tty, 0, 0) == (WRONG_TYPE, 0)
    assert zxio_read_at(tty, 0, bytearray(1), 1, 0) == (WRONG_TYPE, 0)
    assert zxio_sync(tty) == NOT_SUPPORTED
    assert zxio_attr_get(tty)[0] == NOT_SUPPORTED
    assert zxio_flags_get(tty) == (NOT_SUPPORTED, 0)
    assert connection.asked == []
