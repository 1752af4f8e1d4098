"""The numbered behaviours of the reference, for the creation of objects.

A test's number is the behaviour's; see `test_zxio_behaviours`.
"""

from __future__ import annotations

import pytest
from zxio_objects import (
    ALPHABET,
    event,
    is_live,
    log_handle,
    make,
    pair,
    pipes,
    read,
    vmo_object,
    vmo_with,
)

from zxio_py import abi
from zxio_py.abi import zxio as constants
from zxio_py.kernel import Kernel, ZxError
from zxio_py.kernel.door import Door
from zxio_py.zxio import (
    Storage,
    System,
    zxio_close,
    zxio_create,
    zxio_create_with_allocator,
    zxio_create_with_info,
    zxio_create_with_on_open,
    zxio_create_with_type,
    zxio_get_posix_mode,
    zxio_get_read_buffer_available,
    zxio_isatty,
    zxio_seek,
    zxio_socket,
    zxio_sync,
)

BAD_HANDLE = abi.ZX_ERR_BAD_HANDLE
INVALID_ARGS = abi.ZX_ERR_INVALID_ARGS
NOT_SUPPORTED = abi.ZX_ERR_NOT_SUPPORTED
OK = abi.ZX_OK


# ---- creation ------------------------------------------------------------------------------


def test_69_neither_handle_nor_storage() -> None:
    assert zxio_create(0, None) == INVALID_ARGS


def test_70_no_handle(system: System) -> None:
    storage = Storage(system)
    assert zxio_create(0, storage) == INVALID_ARGS
    assert storage.io.ops is None


def test_74_a_holder_that_is_closed_drops_its_handle(system: System) -> None:
    handle = event(system)
    io = make(system, handle, NOT_SUPPORTED)
    assert zxio_close(io) == OK
    assert not is_live(system, handle)


def test_75_without_information_the_handle_is_closed(system: System) -> None:
    handle = event(system)
    assert zxio_create_with_info(handle, None, Storage(system)) == INVALID_ARGS
    assert not is_live(system, handle)


def test_76_a_failing_query_leaves_a_default_object(system: System) -> None:
    io = make(system, 0xBAD0, BAD_HANDLE)
    assert zxio_sync(io) == NOT_SUPPORTED
    assert zxio_close(io) == OK


def test_81_a_channel_whose_server_is_gone(system: System) -> None:
    storage = Storage(system)
    first, second = Door(system.process).channel_create(0)
    system.handle_close(second)
    assert zxio_create(first, storage) == abi.ZX_ERR_PEER_CLOSED
    assert storage.io.ops is None
    assert not is_live(system, first)


def test_85_the_kernel_object_picks_the_type(kernel: Kernel, system: System) -> None:
    pipe, _ = pipes(system)
    assert zxio_get_read_buffer_available(pipe) == (OK, 0)
    assert zxio_seek(vmo_object(system), 0, 3) == (OK, 3)
    assert zxio_isatty(make(system, log_handle(kernel, system))) == (OK, True)


def test_86_a_vmo_begins_at_its_beginning(system: System) -> None:
    assert zxio_seek(vmo_object(system), 1, 0) == (OK, 0)


def test_88_on_open_needs_handle_and_storage(system: System) -> None:
    assert zxio_create_with_on_open(0, Storage(system)) == INVALID_ARGS
    assert zxio_create_with_on_open(1, None) == INVALID_ARGS


def test_96_the_server_is_gone_before_its_event(system: System) -> None:
    first, second = Door(system.process).channel_create(0)
    system.handle_close(second)
    assert zxio_create_with_on_open(first, Storage(system)) == abi.ZX_ERR_PEER_CLOSED
    assert not is_live(system, first)


# Made of an event pair and a channel.
EVENT_BACKED = (
    constants.ZXIO_OBJECT_TYPE_SYNCHRONOUS_DATAGRAM_SOCKET,
    constants.ZXIO_OBJECT_TYPE_RAW_SOCKET,
    constants.ZXIO_OBJECT_TYPE_PACKET_SOCKET,
)


@pytest.mark.parametrize("kind", EVENT_BACKED)
def test_98_103_both_handles_are_needed_and_consumed(system: System, kind: int) -> None:
    storage = Storage(system)
    zx = Door(system.process)
    pair_end, _ = zx.eventpair_create(0)
    channel, _ = zx.channel_create(0)
    assert zxio_create_with_type(storage, kind, pair_end, 0) == INVALID_ARGS
    assert zxio_create_with_type(storage, kind, 0, channel) == INVALID_ARGS
    assert not is_live(system, pair_end)
    assert not is_live(system, channel)
    assert zxio_create_with_type(None, kind, 0, 0) == INVALID_ARGS


@pytest.mark.parametrize("kind", [constants.ZXIO_OBJECT_TYPE_DIR, constants.ZXIO_OBJECT_TYPE_NODE])
def test_99_a_directory_needs_a_channel(system: System, kind: int) -> None:
    assert zxio_create_with_type(Storage(system), kind, 0) == INVALID_ARGS
    assert zxio_create_with_type(None, kind, 0) == INVALID_ARGS


def test_100_every_part_of_a_stream_socket_is_needed(system: System) -> None:
    info = bytes(abi.STRUCTS["zx_info_socket_t"].size)
    kind = constants.ZXIO_OBJECT_TYPE_STREAM_SOCKET
    for missing in ("socket", "info", "channel"):
        socket, _ = pair(system)
        channel, _ = Door(system.process).channel_create(0)
        parts = {"socket": socket, "info": info, "connected": 0, "channel": channel}
        parts[missing] = None if missing == "info" else 0
        assert zxio_create_with_type(Storage(system), kind, *parts.values()) == INVALID_ARGS
        assert [h for h in (socket, channel) if is_live(system, h)] == [
            h for h in (socket, channel) if h not in parts.values()
        ]


def test_102_every_part_of_a_pipe_is_needed(system: System) -> None:
    kind = constants.ZXIO_OBJECT_TYPE_PIPE
    socket, _ = pair(system)
    info = system.object_get_info_socket(socket)
    assert zxio_create_with_type(None, kind, socket, info) == INVALID_ARGS
    assert zxio_create_with_type(Storage(system), kind, 0, info) == INVALID_ARGS
    assert zxio_create_with_type(Storage(system), kind, socket, None) == INVALID_ARGS
    assert not is_live(system, socket)


def test_104_every_part_of_a_file_in_memory_is_needed(system: System) -> None:
    kind = constants.ZXIO_OBJECT_TYPE_VMO
    vmo = vmo_with(system, ALPHABET)
    stream = system.stream_create(abi.ZX_STREAM_MODE_READ, vmo, 0)
    assert zxio_create_with_type(None, kind, 0, 0) == INVALID_ARGS
    assert zxio_create_with_type(Storage(system), kind, 0, stream) == INVALID_ARGS
    assert zxio_create_with_type(Storage(system), kind, vmo, 0) == INVALID_ARGS
    assert not is_live(system, stream)
    assert not is_live(system, vmo)


def test_105_a_stream_keeps_the_child_of_a_vmo(system: System) -> None:
    zx = Door(system.process)
    vmo = vmo_with(system, ALPHABET)
    child = zx.vmo_create_child(vmo, abi.ZX_VMO_CHILD_SNAPSHOT, 0, 4096)
    assert isinstance(child, int)
    stream = system.stream_create(abi.ZX_STREAM_MODE_READ, child, 0)
    system.handle_close(child)
    with pytest.raises(ZxError, match="TIMED_OUT"):
        zx.object_wait_one(vmo, abi.ZX_VMO_ZERO_CHILDREN, 0)
    kind = constants.ZXIO_OBJECT_TYPE_VMO
    assert zxio_create_with_type(Storage(system), kind, 0, stream) == INVALID_ARGS
    zx.object_wait_one(vmo, abi.ZX_VMO_ZERO_CHILDREN, 0)


def test_107_a_pipe_by_type_reads_what_its_peer_writes(system: System) -> None:
    mine, peer = pair(system)
    storage = Storage(system)
    info = system.object_get_info_socket(mine)
    kind = constants.ZXIO_OBJECT_TYPE_PIPE
    assert zxio_create_with_type(storage, kind, mine, info) == OK
    assert system.socket_write(peer, 0, b"ping", 4) == 4
    assert read(storage.io, 4) == (OK, b"ping")


def test_111_an_allocator_that_gives_nothing(system: System) -> None:
    for status in (OK, abi.ZX_ERR_IO):
        handle = vmo_with(system, ALPHABET)
        result = zxio_create_with_allocator(handle, lambda kind: (status, None, "context"), system)  # noqa: B023
        assert result == (abi.ZX_ERR_NO_MEMORY, "context")
        assert not is_live(system, handle)


def allocated(system: System, handle: int) -> tuple[int, Storage, list[int]]:
    """Status and storage of a creation by allocator, and the types it was asked for."""
    storage, asked = Storage(system), []

    def allocator(kind: int) -> tuple[int, Storage, str]:
        asked.append(kind)
        return OK, storage, "context"

    status, context = zxio_create_with_allocator(handle, allocator, system)
    assert context == ("context" if asked else None)
    return status, storage, asked


def test_112_an_allocator_is_asked_for_a_vmo(system: System) -> None:
    status, storage, asked = allocated(system, vmo_with(system, ALPHABET))
    assert (status, asked) == (OK, [constants.ZXIO_OBJECT_TYPE_VMO])
    assert read(storage.io, 3) == (OK, b"abc")


def test_113_an_allocator_is_asked_for_a_pipe(system: System) -> None:
    mine, _ = pair(system)
    assert allocated(system, mine)[::2] == (OK, [constants.ZXIO_OBJECT_TYPE_PIPE])


def test_113_an_allocator_is_asked_for_a_log_and_for_what_is_not_known(
    kernel: Kernel, system: System
) -> None:
    handle = log_handle(kernel, system)
    assert allocated(system, handle)[::2] == (OK, [constants.ZXIO_OBJECT_TYPE_DEBUGLOG])
    status, storage, asked = allocated(system, event(system))
    assert (status, asked) == (NOT_SUPPORTED, [constants.ZXIO_OBJECT_TYPE_NONE])
    assert zxio_close(storage.io) == OK


def test_115_an_allocator_is_not_asked_for_what_does_not_answer(system: System) -> None:
    first, second = system.channel_create()
    system.handle_close(second)
    assert allocated(system, first)[::2] == (abi.ZX_ERR_PEER_CLOSED, [])
    assert allocated(system, 0xBAD0)[::2] == (BAD_HANDLE, [])
    assert not is_live(system, first)


# ---- network sockets and POSIX modes -------------------------------------------------------

INET, PACKET, UNIX = 2, 17, 1
STREAM, DGRAM, RAW = 1, 2, 3


def test_297_kinds_of_sockets_that_there_are_not() -> None:
    refused = abi.ZX_ERR_PROTOCOL_NOT_SUPPORTED
    for domain, kind, protocol, status in (
        (INET, DGRAM, 58, refused),
        (UNIX, STREAM, 0, refused),
        (INET, RAW, 0, refused),
        (INET, RAW, 256, INVALID_ARGS),
        (PACKET, STREAM, 0, INVALID_ARGS),
        (PACKET, RAW, 65536, INVALID_ARGS),
    ):
        assert zxio_socket(None, domain, kind, protocol, None) == (status, None, 0)


def test_298_a_provider_that_cannot_be_reached() -> None:
    asked: list[str] = []

    def connector(name: str) -> tuple[int, int]:
        asked.append(name)
        return abi.ZX_ERR_NOT_FOUND, 0

    for domain, kind in ((INET, STREAM), (PACKET, DGRAM)):
        assert zxio_socket(connector, domain, kind, 0, None) == (abi.ZX_ERR_IO, None, 0)
    assert zxio_socket(connector, INET, RAW, 255, None) == (abi.ZX_ERR_IO, None, 0)
    assert asked == [
        "fuchsia.posix.socket.Provider",
        "fuchsia.posix.socket.packet.Provider",
        "fuchsia.posix.socket.raw.Provider",
    ]


def test_298_a_provider_is_answered_as_one_that_closes() -> None:
    result = zxio_socket(lambda name: (OK, 0), INET, STREAM, 0, None)
    assert result == (abi.ZX_ERR_PEER_CLOSED, None, 0)


FILE = constants.ZXIO_NODE_PROTOCOL_FILE
DIRECTORY = constants.ZXIO_NODE_PROTOCOL_DIRECTORY


def test_299_types_of_protocols() -> None:
    assert zxio_get_posix_mode(constants.ZXIO_NODE_PROTOCOL_CONNECTOR, 0) == 0o100000
    assert zxio_get_posix_mode(DIRECTORY, 0) == 0o040000
    assert zxio_get_posix_mode(FILE, 0) == 0o100000


def test_300_a_directory_before_a_file() -> None:
    assert zxio_get_posix_mode(DIRECTORY | FILE, 0) == 0o040000


@pytest.mark.parametrize(
    ("protocol", "kind", "names"),
    [
        (FILE, 0o100000, "READ_BYTES WRITE_BYTES EXECUTE"),
        (DIRECTORY, 0o040000, "ENUMERATE MODIFY_DIRECTORY TRAVERSE"),
    ],
    ids=["301", "302"],
)
def test_301_302_abilities_are_the_owner_s_bits(protocol: int, kind: int, names: str) -> None:
    bits = {getattr(constants, f"ZXIO_OPERATION_{name}"): 0o400 >> i
            for i, name in enumerate(names.split())}  # fmt: skip
    for ability in (1 << number for number in range(9)):
        assert zxio_get_posix_mode(protocol, ability) == kind | bits.get(ability, 0)
