"""The Python face of calls: the signature rule, and one behaviour behind every door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.errors import SessionEndedError
from harness.targets.door import RemoteDoor
from harness.targets.host import HostTarget
from zxio_py import abi
from zxio_py.abi.binding import Passed, binding
from zxio_py.kernel import Door, Kernel, ZxError


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("channel_create", "options"),
        ("channel_write", "handle options bytes handles"),
        ("channel_read", "handle options num_bytes num_handles"),
        ("socket_write", "handle options buffer"),
        ("socket_read", "handle options buffer_size"),
        ("vmo_read", "handle offset buffer_size"),
        ("vmo_write", "handle buffer offset"),
        ("object_wait_one", "handle signals deadline"),
        ("object_wait_many", "items deadline"),
        ("object_get_info", "handle topic buffer_size"),
        ("handle_close_many", "handles"),
        ("fifo_read", "handle elem_size data_size"),
        ("fifo_write", "handle elem_size data"),
        ("process_create", "job name options"),
        ("clock_get_monotonic", ""),
        ("futex_wake", "value_ptr wake_count"),
    ],
)
def test_parameters(name: str, parameters: str) -> None:
    assert binding(name).parameters == tuple(parameters.split())


def test_every_exported_call_has_a_binding() -> None:
    for call in abi.CALLS.values():
        if call.exported:
            bound = binding(call.short_name)
            assert str(bound).startswith(f"{call.short_name}(")


def test_internal_and_unknown_calls_have_none() -> None:
    for name in ("channel_call_noretry", "no_such_call"):
        with pytest.raises(AttributeError, match=f"no call zx_{name}"):
            binding(name)


def test_encoding() -> None:
    bound = binding("channel_write")
    assert bound.encode((5, -1, b"abc", [7, 8]), {}) == [
        5,
        2**64 - 1,
        Passed(b"abc", 3, False),
        3,
        Passed(b"\x07\0\0\0\x08\0\0\0", 8, False),
        2,
    ]
    assert bound.encode((5, 0), {"handles": None, "bytes": None}) == [5, 0, 0, 0, 0, 0]
    assert binding("fifo_write").encode((1, 4, bytes(12)), {})[3] == 3
    assert binding("fifo_read").encode((1, 4, 3), {})[2] == Passed(b"", 12, True)


@pytest.mark.parametrize(
    ("args", "named", "problem"),
    [
        ((), {}, r"channel_write\(.*\) lacks handle"),
        ((1, 2, b"", [], 5), {}, "takes 4 arguments, not 5"),
        ((1, 2, b"", []), {"handle": 1}, "got handle twice"),
        ((1, 2, b"", []), {"deadline": 1}, "has no parameter deadline"),
        (("a", 2, b"", []), {}, "handle is a number, not str"),
        ((1, 2, "text", []), {}, "bytes is bytes, not str"),
        ((1, 2, 5, []), {}, "bytes is bytes, a list or None"),
    ],
)
def test_wrong_arguments(args: Any, named: Any, problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        binding("channel_write").encode(args, named)


def test_a_structure_must_be_whole() -> None:
    with pytest.raises(ValueError, match="packet has 4 bytes, needs 48"):
        binding("port_queue").encode((1, b"1234"), {})


# Behaviour ---------------------------------------------------------------------------------


def channels(zx: Any) -> Any:
    a, b = zx.channel_create(0)
    zx.channel_write(a, 0, b"hello", [])
    x, y = zx.eventpair_create(0)
    zx.channel_write(a, 0, b"", [x])
    first = zx.channel_read(b, 0, 16, 0)
    data, handles = zx.channel_read(b, 0, 16, 4)
    zx.handle_close_many([a, b, y, *handles])
    return first, data, len(handles)


def sockets(zx: Any) -> Any:
    a, b = zx.socket_create(0)
    return zx.socket_write(a, 0, b"abc"), zx.socket_read(b, 0, 100), zx.socket_write(b, 0, None)


def vmos(zx: Any) -> Any:
    vmo = zx.vmo_create(100, 0)
    zx.vmo_write(vmo, b"text", 3)
    return zx.vmo_get_size(vmo), zx.vmo_read(vmo, 0, 10), zx.vmo_read(vmo, 4096, 0)


def waits(zx: Any) -> Any:
    event = zx.event_create(0)
    zx.object_signal(event, 0, abi.ZX_EVENT_SIGNALED)
    items = event.to_bytes(4, "little") + bytes.fromhex("0800000000000000")
    return zx.object_wait_one(event, 8, 0), zx.object_wait_many(items, 0)[8:]


def infos(zx: Any) -> Any:
    event = zx.event_create(0)
    data, actual, avail = zx.object_get_info(event, abi.ZX_INFO_HANDLE_COUNT, 4)
    return data, actual, avail, zx.object_get_info(event, abi.ZX_INFO_HANDLE_VALID, 0)


def names(zx: Any) -> Any:
    vmo = zx.vmo_create(0, 0)
    zx.object_set_property(vmo, abi.ZX_PROP_NAME, b"name")
    return zx.object_get_property(vmo, abi.ZX_PROP_NAME, 32)


def fifos(zx: Any) -> Any:
    a, b = zx.fifo_create(4, 2, 0)
    return zx.fifo_write(a, 2, b"aabbcc"), zx.fifo_read(b, 2, 2), zx.fifo_read(b, 2, 2)


def times(zx: Any) -> Any:
    infinite = zx.deadline_after(abi.ZX_TIME_INFINITE)
    return zx.clock_get_monotonic() > 0, infinite, zx.nanosleep(0)


def statuses(zx: Any) -> Any:
    found = []
    for attempt in (
        lambda: zx.channel_create(7),
        lambda: zx.handle_duplicate(0, 0),
        lambda: zx.channel_read(zx.channel_create(0)[0], 0, 1, 1),
        lambda: zx.object_wait_one(zx.event_create(0), 8, 0),
    ):
        with pytest.raises(ZxError) as caught:
            attempt()
        found.append(caught.value.name)
    return found


EXPECTED: list[tuple[Callable[[Any], Any], Any]] = [
    (channels, ((b"hello", []), b"", 1)),
    (sockets, (3, b"abc", 0)),
    (vmos, (4096, b"\0\0\0text\0\0\0", b"")),
    (waits, (8, b"\x08\0\0\0")),
    (infos, (b"\x01\0\0\0", 1, 1, (b"", 0, 0))),
    (names, b"name" + bytes(28)),
    (fifos, (3, b"aabb", b"cc")),
    (times, (True, abi.ZX_TIME_INFINITE, None)),
    (
        statuses,
        [
            "ZX_ERR_INVALID_ARGS",
            "ZX_ERR_BAD_HANDLE",
            "ZX_ERR_SHOULD_WAIT",
            "ZX_ERR_TIMED_OUT",
        ],
    ),
]


@pytest.fixture
def remote() -> Iterator[RemoteDoor]:
    with HostTarget() as target, RemoteDoor(target.open_session()) as door:
        yield door


@pytest.mark.parametrize(
    ("use", "expected"), EXPECTED, ids=lambda value: getattr(value, "__name__", "")
)
def test_both_doors_do_the_same(
    remote: RemoteDoor, use: Callable[[Any], Any], expected: Any
) -> None:
    local = Door(Kernel().create_process("door"))
    assert use(remote) == expected
    assert use(local) == expected


def test_a_session_that_ends(remote: RemoteDoor) -> None:
    with pytest.raises(SessionEndedError, match="zx_process_exit ended the program"):
        remote.process_exit(3)
    with pytest.raises(SessionEndedError, match="closed"):
        remote.event_create(0)


def test_a_door_has_no_private_calls(remote: RemoteDoor) -> None:
    assert not hasattr(remote, "_repr_html_")
    assert remote.event_create.__name__ == "event_create"
