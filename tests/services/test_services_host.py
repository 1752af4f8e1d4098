"""A directory of the host that is passed through: nothing leads out of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from zxio_py import abi
from zxio_py.fidl.library.io_types import OpenFlags
from zxio_py.objects import Client, Directory, VmoFlags, ZxError
from zxio_py.services import FileService, HostDirectory

READ = OpenFlags.RIGHT_READABLE
BOTH = READ | OpenFlags.RIGHT_WRITABLE
CREATE = OpenFlags.CREATE


def refused(status: int) -> AbstractContextManager[object]:
    """Expect that status."""
    return pytest.raises(ZxError, match=rf"{abi.status_name(status)} ")


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """The directory that is shared; a secret lies beside it."""
    (tmp_path / "secret").write_text("secret")
    shared = tmp_path / "shared"
    shared.mkdir()
    return shared


def open_descriptors() -> set[str]:
    """Numbers of those of this process that are still open when it is looked at again."""
    found = {path.name for path in Path("/proc/self/fd").iterdir()}
    return {name for name in found if Path("/proc/self/fd", name).is_symlink()}


@pytest.fixture
def root(client: Client, shared: Path) -> Iterator[Directory]:
    """Its root; afterwards no descriptor may be left open."""
    before = open_descriptors()
    with FileService(client.kernel, lambda system: HostDirectory.at(shared, system)) as service:
        yield client.directory(service.connect(client.process))
    assert open_descriptors() == before


def test_both_sides_see_the_same(root: Directory, shared: Path) -> None:
    (shared / "below").mkdir()
    (shared / "below" / "host").write_bytes(b"from the host")
    with root.open_file("below/host", "rb") as file:
        assert file.read() == b"from the host"
    with root.open_file("below/guest", "w") as text:
        text.write("from a client")
    assert (shared / "below" / "guest").read_text() == "from a client"
    root.rename("below", root, "moved")
    assert sorted(path.name for path in (shared / "moved").iterdir()) == ["guest", "host"]
    with root.open_node("moved/host", READ) as node:
        status = (shared / "moved" / "host").stat()
        assert node.stat().st_ino == status.st_ino
        assert node.attributes().modification_time == status.st_mtime_ns


def test_a_root_has_to_be_a_directory(client: Client, shared: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileService(client.kernel, lambda system: HostDirectory.at(shared / "none", system))


@pytest.mark.parametrize("target", ["../secret", "/etc/passwd", "inside", ".", "nowhere", ".."])
def test_links_are_listed_and_not_followed(root: Directory, shared: Path, target: str) -> None:
    (shared / "inside").write_bytes(b"inside")
    (shared / "link").symlink_to(target)
    assert root.names() == ["inside", "link"]
    for flags in (READ, BOTH, BOTH | CREATE, BOTH | CREATE | OpenFlags.TRUNCATE):
        with refused(abi.ZX_ERR_NOT_SUPPORTED):
            root.open_node("link", flags)
    for path in ("link/", "link/secret", "link/inside"):
        with refused(abi.ZX_ERR_NOT_SUPPORTED):
            root.open_node(path, READ)
    with refused(abi.ZX_ERR_NOT_FILE):
        root.link("link", root, "other")
    root.rename("link", root, "renamed")
    assert (shared / "renamed").is_symlink()
    root.unlink("renamed")
    assert (shared / "inside").read_bytes() == b"inside"
    assert (shared / ".." / "secret").read_text() == "secret"


def test_a_file_over_a_link_replaces_the_link(root: Directory, shared: Path) -> None:
    (shared / "link").symlink_to("../secret")
    (shared / "file").write_bytes(b"mine")
    root.rename("file", root, "link")
    assert (shared / "link").read_bytes() == b"mine"
    assert not (shared / "link").is_symlink()
    assert (shared / ".." / "secret").read_text() == "secret"


def test_pipes_and_sockets_are_not_opened(root: Directory, shared: Path) -> None:
    os.mkfifo(shared / "pipe")
    with refused(abi.ZX_ERR_NOT_SUPPORTED):
        root.open_node("pipe", READ)
    assert [int(entry.protocols) for entry in root] == [0]


def test_a_path_that_changes_under_way_leads_nowhere_else(root: Directory, shared: Path) -> None:
    """A directory and a link to the one outside take turns under one name."""
    (shared / "good").mkdir()
    (shared / "good" / "secret").write_text("public")
    (shared / "link").symlink_to("..")
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            for name in ("good", "link"):
                (shared / name).rename(shared / "here")
                (shared / "here").rename(shared / name)

    swapping = threading.Thread(target=swap)
    swapping.start()
    seen: set[str | int] = set()
    try:
        for _ in range(300):
            try:
                with root.open_file("here/secret") as file:
                    seen.add(str(file.read()))
            except ZxError as error:
                seen.add(error.status)
    finally:
        done.set()
        swapping.join()
    expected = {"public", abi.ZX_ERR_NOT_FOUND, abi.ZX_ERR_NOT_SUPPORTED, abi.ZX_ERR_NOT_DIR}
    assert seen <= expected
    assert len(seen) > 1  # it did change


def test_names_that_are_no_text_are_listed(root: Directory, shared: Path) -> None:
    (shared / os.fsdecode(b"\xff\xfe")).write_bytes(b"")
    assert root.names() == [os.fsdecode(b"\xff\xfe")]
    with refused(abi.ZX_ERR_INVALID_ARGS):
        root.open_node(os.fsdecode(b"\xff\xfe"), READ)


def test_what_the_host_cannot_do(root: Directory, shared: Path) -> None:
    with root.open_node("file", BOTH | CREATE) as file:
        file.write(b"x")
        with refused(abi.ZX_ERR_NOT_SUPPORTED):
            file.vmo(VmoFlags.READ | VmoFlags.SHARED_BUFFER)
        file.truncate(1 << 40)
        with refused(abi.ZX_ERR_NO_MEMORY):
            file.vmo(VmoFlags.READ)
        for length in (1 << 63, (1 << 64) - 1):
            with refused(abi.ZX_ERR_FILE_BIG):
                file.truncate(length)
            with refused(abi.ZX_ERR_FILE_BIG):
                file.write_at(length, b"x")
            assert file.read_at(length, 1) == b""
    assert (shared / "file").stat().st_size == 1 << 40
