"""The Python face: objects with methods, exceptions, files and coroutines."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from zxio_py import abi
from zxio_py.kernel import Kernel
from zxio_py.objects import Client, Object, ObjectFile, Reactor, Signals, VmoFlags, ZxError
from zxio_py.zxio import NodeAttributes, Ops
from zxio_py.zxio.vector import Vector


@pytest.fixture
def client() -> Iterator[Client]:
    """A process on a machine of its own; all handles must go with it."""
    kernel = Kernel()
    before = kernel.counts().handles
    with Client(kernel) as made:
        yield made
    assert kernel.counts().handles == before


def refused(status: int) -> AbstractContextManager[object]:
    """Expect that status."""
    return pytest.raises(ZxError, match=abi.status_name(status))


# ---- objects -------------------------------------------------------------------------------


def test_bytes_go_through_a_pipe(client: Client) -> None:
    near, far = client.pipe()
    assert near.write(b"hello") == 5
    assert far.available() == 5
    assert far.read(2, peek=True) == b"he"
    assert far.read(100) == b"hello"
    with refused(abi.ZX_ERR_SHOULD_WAIT):
        far.read(1)


def test_datagrams_keep_their_bounds(client: Client) -> None:
    near, far = client.pipe(datagram=True)
    near.writev([b"one ", b"datagram"])
    near.write(bytearray(b"two"))
    rooms = [bytearray(6), bytearray(20)]
    assert far.readv(rooms) == 12
    assert b"".join(rooms) == b"one datagram" + bytes(14)
    assert far.read(2) == b"tw"
    with refused(abi.ZX_ERR_SHOULD_WAIT):
        far.read(1)


def test_a_file_in_memory(client: Client) -> None:
    with client.memory(b"abcdefgh", resizable=True) as file:
        assert file.size() == 8
        assert file.read(3) == b"abc"
        assert file.tell() == 3
        assert file.seek(-2, os.SEEK_END) == 6
        assert file.read(100) == b"gh"
        assert file.read_at(1, 3) == b"bcd"
        assert file.write_at(1, b"XY") == 2
        assert file.writev_at(3, [b"1", memoryview(b"23")]) == 3
        file.truncate(7)
        assert file.read_at(0, 100) == b"aXY123g"
        assert stat.S_ISREG(file.mode())
    assert file.closed


def test_contents_as_memory(client: Client) -> None:
    with client.memory(b"contents") as file:
        for how in ("copy", "clone", "exact"):
            vmo = file.vmo(how)
            assert client.zx.vmo_read(vmo, 0, 8) == b"contents"
        writable = file.vmo(VmoFlags.READ | VmoFlags.WRITE)
        client.zx.vmo_write(writable, b"C", 0)
        assert file.read(1) == b"C"
        with refused(abi.ZX_ERR_INVALID_ARGS):
            file.vmo("exec")


def test_with_closes_once(client: Client) -> None:
    with client.null() as null:
        null.close()
        assert repr(null) == "<zxio object, closed>"
        with refused(abi.ZX_ERR_BAD_HANDLE):
            null.close()


def test_handles_come_out(client: Client) -> None:
    near, far = client.pipe()
    copy = near.clone()
    handle = near.release()
    near.close()
    client.zx.socket_write(handle, 0, b"a")
    copy.write(b"b")
    assert far.read(9) == b"ab"
    with refused(abi.ZX_ERR_NOT_SUPPORTED):
        far.borrow()


def test_a_handle_that_zxio_does_not_know_is_held(client: Client) -> None:
    event = client.zx.event_create(0)
    assert isinstance(event, int)
    held = client.wrap(event)
    with refused(abi.ZX_ERR_WRONG_TYPE):
        held.read(1)
    assert held.release() == event
    held.close()


def test_a_handle_that_is_none_raises(client: Client) -> None:
    with refused(abi.ZX_ERR_INVALID_ARGS):
        client.wrap(0)
    with refused(abi.ZX_ERR_BAD_HANDLE):
        client.wrap(0xBAD0)


def test_a_channel_whose_server_closed(client: Client) -> None:
    first, second = client.system.channel_create()
    client.system.handle_close(second)
    with refused(abi.ZX_ERR_PEER_CLOSED):
        client.wrap(first)


def test_waiting_says_what_is_asserted(client: Client) -> None:
    near, far = client.pipe()
    assert far.wait(Signals.READABLE | Signals.WRITABLE) == Signals.WRITABLE
    with refused(abi.ZX_ERR_TIMED_OUT):
        far.wait(Signals.READABLE, 0)
    near.close()
    assert far.wait(Signals.READABLE | Signals.PEER_CLOSED) == Signals.PEER_CLOSED
    with client.null() as null, refused(abi.ZX_ERR_NOT_SUPPORTED):
        null.wait(Signals.READABLE)
    with refused(abi.ZX_ERR_BAD_HANDLE):
        near.wait(Signals.READABLE)


def test_shutdown(client: Client) -> None:
    near, far = client.pipe()
    near.shutdown(write=True)
    with refused(abi.ZX_ERR_BAD_STATE):
        near.write(b"x")
    far.write(b"other way")
    near.shutdown(read=True)
    with refused(abi.ZX_ERR_BAD_STATE):
        far.write(b"x")
    assert near.read(20) == b"other way"


def test_an_errno_is_an_os_error(client: Client) -> None:
    with client.memory(1) as file, pytest.raises(OSError, match="socket") as caught:
        file.shutdown(read=True)
    assert caught.value.errno == errno.ENOTSOCK


def test_what_no_local_object_has_is_refused(client: Client) -> None:
    near, _ = client.pipe()
    for refusal in (
        near.sync,
        near.flags,
        lambda: near.set_flags(0),
        lambda: near.set_attributes(NodeAttributes()),
        near.size,
        near.window_size,
        lambda: near.set_window_size(80, 25),
        lambda: near.truncate(0),
    ):
        with refused(abi.ZX_ERR_NOT_SUPPORTED):
            refusal()
    assert not near.isatty()


# ---- a type of one's own -------------------------------------------------------------------


def rot13() -> Ops:
    """An object that keeps what is written and gives it back turned by 13 letters."""
    small, capital = b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    turned = bytes.maketrans(small + capital, small[13:] + small[:13] + capital[13:] + capital[:13])

    def writev(io: object, vector: Vector, flags: int) -> int:
        pieces = [bytes(buffer[:size]) for buffer, size in vector]
        io.state.extend(b"".join(pieces).translate(turned))  # type: ignore[attr-defined]
        return sum(map(len, pieces))

    def readv(io: object, vector: Vector, flags: int) -> int:
        total = 0
        for buffer, size in vector:
            piece = bytes(io.state[:size])  # type: ignore[attr-defined]
            buffer[: len(piece)] = piece
            del io.state[:size]  # type: ignore[attr-defined]
            total += len(piece)
        return total

    return Ops(readv=readv, writev=writev)


def test_an_own_type_goes_wherever_an_object_goes(client: Client) -> None:
    with client.adopt(rot13(), bytearray()) as own:
        own.write(b"Hello")
        own.writev([b", ", b"World"])
        assert own.read(100) == b"Uryyb, Jbeyq"
        with refused(abi.ZX_ERR_NOT_SUPPORTED):
            own.clone()
        with refused(abi.ZX_ERR_WRONG_TYPE):
            own.tell()
    with client.adopt(rot13(), bytearray(b"line\nline\n")).open("r") as file:
        assert file.readlines() == ["line\n", "line\n"]


# ---- files ---------------------------------------------------------------------------------


def test_lines_of_text_through_a_pipe(client: Client) -> None:
    near, far = client.pipe()
    with near.open("w") as writer:
        writer.write("grün\n")
        writer.write("and more")
    with far.open("r") as reader:
        assert reader.readlines() == ["grün\n", "and more"]
    assert near.closed
    assert far.closed


def test_a_buffered_file_for_both(client: Client) -> None:
    with client.memory(b"contents", resizable=True).open("r+b") as file:
        assert isinstance(file, io.BufferedRandom)
        assert file.read(3) == b"con"
        file.seek(0, os.SEEK_END)
        file.write(b" and more")
        file.seek(0)
        assert file.read() == b"contents and more"
        assert file.truncate(3) == 3
        file.seek(0)
        assert file.read() == b"con"


def test_the_standard_library_copies_it(client: Client) -> None:
    source = bytes(range(256)) * 300
    with client.memory(source).open("rb") as file, io.BytesIO() as copy:
        shutil.copyfileobj(file, copy)
        assert copy.getvalue() == source


def test_a_pipe_has_no_place_to_go_to(client: Client) -> None:
    near, far = client.pipe()
    with pytest.raises(ValueError, match="seek offset"):
        near.open("r+b")
    with near.open("wb") as writer:
        assert not writer.seekable()
        with pytest.raises(io.UnsupportedOperation):
            writer.read()
    with far.open("rb") as reader, pytest.raises(io.UnsupportedOperation):
        reader.write(b"x")


@pytest.mark.parametrize("mode", ["", "b", "a", "x", "rw", "r+w", "rbb"])
def test_modes_that_there_are_not(client: Client, mode: str) -> None:
    near, _ = client.pipe()
    with pytest.raises(ValueError, match="mode"):
        near.open(mode)
    assert not near.closed


def test_a_file_that_does_not_block(client: Client) -> None:
    near, far = client.pipe()
    file = ObjectFile(far, blocking=False)
    assert file.read(4) is None
    near.write(b"now")
    assert file.read(4) == b"now"
    while file.write(bytes(60_000)) is not None:
        assert file.writable()
    near.close()
    assert file.read(4) == b""
    with pytest.raises(BrokenPipeError):
        file.write(b"x")
    file.close()


def test_a_raw_file_keeps_to_what_it_was_made_for(client: Client) -> None:
    near, far = client.pipe()
    with pytest.raises(io.UnsupportedOperation):
        ObjectFile(near, read=False).read(1)
    with pytest.raises(io.UnsupportedOperation):
        ObjectFile(far, write=False).write(b"x")


def test_a_blocking_file_waits_for_a_thread(client: Client) -> None:
    async def both() -> bytes:
        near, far = client.pipe()

        def produce() -> None:
            with near.open("wb") as writer:
                for _ in range(10):
                    writer.write(bytes(100_000))

        def consume() -> bytes:
            with far.open("rb") as reader:
                return reader.read()

        _, received = await asyncio.gather(asyncio.to_thread(produce), asyncio.to_thread(consume))
        return received

    assert asyncio.run(both()) == bytes(1_000_000)


# ---- coroutines ----------------------------------------------------------------------------


def test_coroutines_move_more_than_a_pipe_holds(client: Client) -> None:
    async def main() -> int:
        near, far = client.pipe()
        async with Reactor(client) as reactor:

            async def send() -> None:
                await reactor.write(near, bytes(1_000_000))
                near.close()

            sender = asyncio.create_task(send())
            total = 0
            while data := await reactor.read(far, 50_000):
                total += len(data)
            await sender
            return total

    assert asyncio.run(main()) == 1_000_000


def test_many_coroutines_wait_at_once(client: Client) -> None:
    async def main() -> list[bytes]:
        pairs = [client.pipe() for _ in range(50)]
        async with Reactor(client) as reactor:
            reads = [asyncio.create_task(reactor.read(far, 8)) for _, far in pairs]
            await asyncio.sleep(0)
            for number, (near, _) in reversed(list(enumerate(pairs))):
                near.write(b"%d" % number)
            return list(await asyncio.gather(*reads))

    assert asyncio.run(main()) == [b"%d" % number for number in range(50)]


def test_a_wait_says_what_is_asserted(client: Client) -> None:
    async def main() -> None:
        near, far = client.pipe()
        async with Reactor(client) as reactor:
            assert await reactor.wait(far, Signals.WRITABLE | Signals.READABLE) == Signals.WRITABLE
            near.close()
            assert await reactor.wait(far, Signals.PEER_CLOSED) == Signals.PEER_CLOSED
            assert await reactor.read(far, 1) == b""
            with refused(abi.ZX_ERR_PEER_CLOSED):
                await reactor.write(far, b"x")
            with refused(abi.ZX_ERR_BAD_HANDLE):
                await reactor.wait(near, Signals.READABLE)
            with client.null() as null, refused(abi.ZX_ERR_NOT_SUPPORTED):
                await reactor.wait(null, Signals.READABLE)

    asyncio.run(main())


def test_a_wait_that_is_given_up_can_be_made_again(client: Client) -> None:
    async def main() -> bytes:
        near, far = client.pipe()
        async with Reactor(client) as reactor:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reactor.read(far, 8), 0.01)
            near.write(b"late")
            return await reactor.read(far, 8)

    assert asyncio.run(main()) == b"late"


def test_who_waits_at_the_end_is_cancelled(client: Client) -> None:
    async def main() -> None:
        _, far = client.pipe()
        async with Reactor(client) as reactor:
            waiting = asyncio.create_task(reactor.wait(far, Signals.READABLE))
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())


def test_an_object_is_of_its_class(client: Client) -> None:
    near, _ = client.pipe()
    assert isinstance(near, Object)
    assert near.client is client
