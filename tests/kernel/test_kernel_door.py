"""The Python door: its shapes, and its way past the lock under many threads."""

from __future__ import annotations

import struct
import sys
import threading

import pytest
from kernel_calls import Raw, status_of

from zxio_py import abi
from zxio_py.kernel import Door, Kernel, Process, ZxError


def test_shapes(door: Door) -> None:
    first, second = door.channel_create(0)
    event = door.event_create(0)
    assert door.channel_write(first, 0, b"data", [event]) is None
    assert door.channel_read(second, 0, 4, 1) == (b"data", [event])
    assert door.object_signal(event, 0, 8) is None
    assert door.object_wait_one(event, 8, 0) == 8
    assert door.clock_get_monotonic() > 0
    vmo = door.vmo_create(4096, 0)
    assert door.vmo_write(vmo, b"xyz", 1) is None
    assert door.vmo_read(vmo, 0, 4) == b"\0xyz"


@pytest.mark.parametrize("data", [b"", b"x", bytes(65536)])
def test_plain_messages_go_both_ways_round_the_lock(door: Door, raw: Raw, data: bytes) -> None:
    first, second = door.channel_create(0)
    door.channel_write(first, 0, data, ())
    size = len(data)
    page = door.process.aspace.map(0x11000, "rw")
    assert raw("zx_channel_read", second, 0, page, 0, size, 0, raw.page, 0) == abi.ZX_OK
    assert raw.u32() == size
    assert door.process.aspace.read(page, size) == data
    assert raw("zx_channel_write", first, 0, page, size, 0, 0) == abi.ZX_OK
    assert door.channel_read(second, 0, size, 0) == (data, [])


def test_errors_are_those_of_the_raw_door(door: Door, raw: Raw) -> None:
    first, second = door.channel_create(0)
    event = door.event_create(0)
    read_only = door.handle_replace(door.channel_create(0)[0], abi.ZX_RIGHT_READ)
    for handle, options, data in [
        (0, 0, b""),
        (event, 0, b""),
        (read_only, 0, b""),
        (first, 1, b""),
        (first, 0, bytes(65537)),
    ]:
        page = raw.page
        expected = raw("zx_channel_write", handle, options, page, len(data), 0, 0)
        assert expected < 0
        assert status_of(door.channel_write, handle, options, data, ()) == expected
    door.channel_write(second, 0, b"four", ())
    assert status_of(door.channel_read, first, 0, 3, 0) == abi.ZX_ERR_BUFFER_TOO_SMALL
    assert status_of(door.channel_read, first, 2, 4, 0) == abi.ZX_ERR_NOT_SUPPORTED
    assert door.channel_read(first, 0, 4, 0) == (b"four", [])
    door.handle_close(second)
    assert status_of(door.channel_read, first, 0, 4, 0) == abi.ZX_ERR_PEER_CLOSED
    assert status_of(door.channel_write, first, 0, b"", ()) == abi.ZX_ERR_PEER_CLOSED


def test_unlocked_write_wakes_waits_and_answers_calls(door: Door, process: Process) -> None:
    client, server = door.channel_create(0)
    seen: list[bytes] = []

    def serve() -> None:
        door = Door(process)
        for _ in range(200):
            door.object_wait_one(server, abi.ZX_CHANNEL_READABLE, abi.ZX_TIME_INFINITE)
            data, _ = door.channel_read(server, 0, 64, 0)
            door.channel_write(server, 0, data, ())

    thread = threading.Thread(target=serve)
    thread.start()
    args = process.aspace.map(4096, "rw")
    request, reply = args + 256, args + 512
    record = struct.pack("<QQQQIIII", request, 0, reply, 0, 8, 0, 64, 0)
    for index in range(200):
        process.aspace.write(request, b"\0\0\0\0" + index.to_bytes(4, "little"))
        door.channel_call(client, 0, abi.ZX_TIME_INFINITE, record)
        seen.append(process.aspace.read(reply + 4, 4))
    thread.join()
    assert seen == [index.to_bytes(4, "little") for index in range(200)]


@pytest.fixture
def _busy_switching() -> object:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_busy_switching")
def test_many_readers_and_writers_lose_and_reorder_nothing(process: Process) -> None:
    door = Door(process)
    first, second = door.channel_create(0)
    count, writers, readers = 1500, 2, 3
    taken: list[list[tuple[int, int]]] = [[] for _ in range(readers)]

    def write(writer: int) -> None:
        door = Door(process)
        for number in range(count):
            record = writer.to_bytes(4, "little") + number.to_bytes(4, "little")
            while True:
                # The queue has a limit that nobody survives.
                if len(process.handles.entries[second].object.messages) < 1000:  # type: ignore[attr-defined]
                    break
            door.channel_write(first, 0, record, ())

    def read(reader: int) -> None:
        door = Door(process)
        while True:
            try:
                # Every other read offers too little room first, which takes the locked way.
                data, _ = door.channel_read(second, 0, 4 if len(taken[reader]) % 2 else 8, 0)
            except ZxError as error:
                if error.status == abi.ZX_ERR_PEER_CLOSED:
                    return
                if error.status == abi.ZX_ERR_BUFFER_TOO_SMALL:
                    try:
                        data, _ = door.channel_read(second, 0, 8, 0)
                    except ZxError:
                        continue
                else:
                    signals = abi.ZX_CHANNEL_READABLE | abi.ZX_CHANNEL_PEER_CLOSED
                    door.object_wait_one(second, signals, abi.ZX_TIME_INFINITE)
                    continue
            writer, number = struct.unpack("<II", data)
            taken[reader].append((writer, number))

    reading = [threading.Thread(target=read, args=(i,)) for i in range(readers)]
    writing = [threading.Thread(target=write, args=(i,)) for i in range(writers)]
    for thread in reading + writing:
        thread.start()
    for thread in writing:
        thread.join()
    door.handle_close(first)
    for thread in reading:
        thread.join()
    everything = sorted(entry for entries in taken for entry in entries)
    assert everything == [(w, n) for w in range(writers) for n in range(count)]
    for entries in taken:
        for writer in range(writers):
            numbers = [n for w, n in entries if w == writer]
            assert numbers == sorted(numbers)


@pytest.mark.usefixtures("_busy_switching")
def test_threads_use_one_kernel_at_once(kernel: Kernel) -> None:
    before = kernel.counts()
    done: list[int] = []

    def live(number: int) -> None:
        for _ in range(20):
            process = kernel.create_process(f"p{number}")
            door = Door(process)
            first, second = door.channel_create(0)
            vmo = door.vmo_create(8192, 0)
            door.vmo_write(vmo, bytes([number]) * 8192, 0)
            door.channel_write(first, 0, b"vmo", [vmo])
            data, (same,) = door.channel_read(second, 0, 8, 1)
            assert data == b"vmo"
            assert door.vmo_read(same, 0, 8192) == bytes([number]) * 8192
            process.kill()
        done.append(number)

    threads = [threading.Thread(target=live, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == list(range(6))
    assert kernel.counts() == before
