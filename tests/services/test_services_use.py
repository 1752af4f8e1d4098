"""File services in use: whole trees, many threads, clients that misbehave."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zxio_py import abi
from zxio_py.fidl import HEADER_SIZE, UnsuitableValueError, encode_header
from zxio_py.fidl.library.io import DIRECTORY
from zxio_py.fidl.library.io_types import OpenFlags
from zxio_py.kernel import Kernel
from zxio_py.objects import Client, Directory, ZxError
from zxio_py.services import (
    Connection,
    FileService,
    HostDirectory,
    MemoryDirectory,
    Server,
)
from zxio_py.zxio import zxio_add_inotify_filter
from zxio_py.zxio.transport import call

FILES = 1000


def plant(top: Path, seed: int) -> None:
    """A tree of files of all sizes, three directories deep."""
    draw = random.Random(seed)
    for number in range(FILES):
        below = top / f"d{number % 10}" / f"e{number % 7}"
        below.mkdir(parents=True, exist_ok=True)
        size = draw.choice((0, 1, 100, 3000, 8192, 8193)) if number % 100 else 100_000
        (below / f"file {number}").write_bytes(draw.randbytes(size))


def host_hashes(top: Path) -> dict[str, str]:
    """Hash of every file by path."""
    return {
        str(path.relative_to(top)): sha256(path.read_bytes()).hexdigest()
        for path in top.rglob("*")
        if path.is_file()
    }


def copy(source: Directory, target: Directory) -> None:
    """Copy all that is in a directory."""
    for entry in source:
        if entry.is_directory:
            with (
                source.open_directory(entry.name) as below,
                target.open_directory(entry.name, create=True) as copied,
            ):
                copy(below, copied)
        else:
            with (
                source.open_file(entry.name, "rb") as file,
                target.open_file(entry.name, "xb") as copied_file,
            ):
                copied_file.write(file.read())


def hashes(directory: Directory, prefix: str = "") -> dict[str, str]:
    """Hash of every file by path."""
    found: dict[str, str] = {}
    for entry in directory:
        if entry.is_directory:
            with directory.open_directory(entry.name) as below:
                found |= hashes(below, f"{prefix}{entry.name}/")
        else:
            with directory.open_file(entry.name, "rb") as file:
                found[prefix + entry.name] = sha256(file.read()).hexdigest()
    return found


def test_a_tree_of_a_thousand_files_is_copied(client: Client, tmp_path: Path) -> None:
    plant(tmp_path, 1)
    with (
        FileService(client.kernel, lambda system: HostDirectory.at(tmp_path, system)) as host,
        FileService(client.kernel, MemoryDirectory.root) as memory,
    ):
        source = client.directory(host.connect(client.process, OpenFlags.RIGHT_READABLE))
        target = client.directory(memory.connect(client.process))
        copy(source, target)
        copied = hashes(target)
    assert copied == host_hashes(tmp_path)
    assert len(copied) == FILES


def test_many_threads_use_one_directory(root: Directory) -> None:
    def work(number: int) -> None:
        for turn in range(20):
            name, contents = f"{number} {turn}", f"{number}".encode() * 5000
            with root.open_file(name, "xb") as file:
                file.write(contents)
            root.rename(name, root, f"moved {name}")
            with root.open_file(f"moved {name}", "rb") as file:
                assert file.read() == contents
            root.unlink(f"moved {name}")

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(work, range(16)))
    assert root.names() == []


# ---- clients that misbehave ----------------------------------------------------------------


def still_there(client: Client, service: FileService) -> bool:
    """Whether the service answers a new client."""
    with client.directory(service.connect(client.process)) as root:
        return root.names() == []


#: A header of a method there is, or of one that there is not.
HEADS = st.one_of(
    st.builds(
        encode_header,
        st.integers(0, 3),
        st.sampled_from(sorted(DIRECTORY.requests)),
        st.booleans(),
    ),
    st.binary(min_size=HEADER_SIZE, max_size=HEADER_SIZE),
)
WORDS = st.lists(
    st.sampled_from([0, 1, 2, 8, 0xFFFFFFFF, (1 << 64) - 1, 1 << 63]), max_size=12
).map(lambda words: b"".join(word.to_bytes(8, "little") for word in words))


@given(st.lists(st.tuples(HEADS, WORDS, st.integers(0, 2)), min_size=1, max_size=4))
def test_no_message_harms_a_service(messages: list[tuple[bytes, bytes, int]]) -> None:
    kernel = Kernel()
    before = kernel.counts().handles
    with Client(kernel) as client, FileService(kernel, MemoryDirectory.root) as service:
        channel = service.connect(client.process)
        for head, body, count in messages:
            handles = []
            for _ in range(count):
                near, far = client.system.channel_create()
                client.system.handle_close(near)
                handles.append(far)
            with suppress(ZxError):  # closed for what was said before
                client.zx.channel_write(channel, 0, head + body, handles)
        client.system.handle_close(channel)
        assert still_there(client, service)
    assert kernel.counts().handles == before


def test_a_message_that_is_none_ends_its_connection_only(
    client: Client, service: FileService
) -> None:
    channel = service.connect(client.process)
    client.zx.channel_write(channel, 0, b"x" * 40, [])
    closed = abi.ZX_CHANNEL_PEER_CLOSED
    assert client.system.object_wait_one(channel, closed, abi.ZX_TIME_INFINITE) & closed
    assert still_there(client, service)


def test_methods_that_are_refused(client: Client, root: Directory) -> None:
    socket, _ = client.zx.socket_create(0)  # type: ignore[misc]
    status = zxio_add_inotify_filter(root.io, b"x", 1, 1, 1, socket)
    assert status == abi.ZX_ERR_PEER_CLOSED


def test_a_server_that_ends_closes_its_connections(client: Client) -> None:
    service = FileService(client.kernel, MemoryDirectory.root)
    root = client.directory(service.connect(client.process))
    service.close()
    service.close()
    with pytest.raises(ZxError, match="PEER_CLOSED"):
        root.names()
    with pytest.raises(ZxError, match="PEER_CLOSED"):
        root.close()
    assert root.closed


class Mistaken(Connection):
    """A connection whose handlers have mistakes."""

    protocol = DIRECTORY

    def Sync(self, request: None) -> None:
        raise KeyError("no such thing")

    def Rewind(self, request: None) -> object:
        return object()


@pytest.mark.parametrize(
    ("method", "expected"), [("Sync", KeyError), ("Rewind", UnsuitableValueError)]
)
def test_a_mistake_of_a_handler_leaves_nobody_waiting(
    client: Client, monkeypatch: pytest.MonkeyPatch, method: str, expected: type[Exception]
) -> None:
    seen: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(args.exc_type))
    with Server(client.kernel) as server:
        near, far = server.system.channel_create()
        with server.lock:
            server.add(Mistaken(server, near))
            channel = server.give(far, client.process)
        with pytest.raises(ZxError, match="PEER_CLOSED"):
            call(client.system, channel, DIRECTORY[method])
    assert seen == [expected]
    client.system.handle_close(channel)
