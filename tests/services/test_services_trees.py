"""What is the same for every tree that a file service serves."""

from __future__ import annotations

import stat
import threading
from contextlib import AbstractContextManager

import pytest

from zxio_py import abi
from zxio_py.fidl.library.io_types import OpenFlags
from zxio_py.objects import Client, Directory, Object, WatchEvent, ZxError
from zxio_py.services import FileService
from zxio_py.zxio import NodeAttributes, zxio_rename, zxio_token_get

READ, WRITE = OpenFlags.RIGHT_READABLE, OpenFlags.RIGHT_WRITABLE
BOTH = READ | WRITE
CREATE, NEW = OpenFlags.CREATE, OpenFlags.CREATE | OpenFlags.CREATE_IF_ABSENT
DIRECTORY = OpenFlags.DIRECTORY


def refused(status: int) -> AbstractContextManager[object]:
    """Expect that status."""
    return pytest.raises(ZxError, match=rf"{abi.status_name(status)} ")


def put(root: Directory, path: str, contents: bytes = b"") -> None:
    """Make a file."""
    with root.open_file(path, "wb") as file:
        file.write(contents)


def get(root: Directory, path: str) -> bytes:
    """What is in a file."""
    with root.open_file(path, "rb") as file:
        data = file.read()
        assert isinstance(data, bytes)
        return data


# ---- opening -------------------------------------------------------------------------------


def test_a_file_keeps_what_is_written(root: Directory) -> None:
    contents = bytes(range(256)) * 100
    put(root, "a", contents)
    assert get(root, "a") == contents
    with root.open_file("a", "r+b") as file:
        file.seek(-5, 2)
        file.write(b"end")
        file.truncate(25599)
    assert get(root, "a") == contents[:-5] + b"end" + contents[-2:-1]
    with root.open_file("a", "a") as text:
        text.write("appended\n")
    assert get(root, "a").endswith(b"end\xfeappended\n")


def test_paths_lead_down(root: Directory) -> None:
    with root.open_directory("one", create=True) as one, one.open_directory("two", create=True):
        put(root, "one/two/file", b"x")
    for path in ("/one/two/file", "one/two/file"):
        assert get(root, path) == b"x"
    with root.open_directory("one/two/") as two:
        assert two.names() == ["file"]
        with two.open_directory(".") as same:
            assert same.names() == ["file"]


@pytest.mark.parametrize("path", ["", "..", "a/../b", "a//b", "//a", "./a", "a/.", "../etc"])
def test_paths_that_are_none(root: Directory, path: str) -> None:
    root.make_directory("a")
    with refused(abi.ZX_ERR_INVALID_ARGS):
        root.open_node(path, READ)


def test_limits_of_paths(root: Directory) -> None:
    with pytest.raises(ValueError, match="null"):
        root.open_node("a\0b", READ)
    put(root, "n" * 255, b"long")
    assert get(root, "n" * 255) == b"long"
    assert root.names() == ["n" * 255]
    with refused(abi.ZX_ERR_BAD_PATH):
        root.open_node("n" * 256, READ)
    with refused(abi.ZX_ERR_BAD_PATH):
        root.open_node("n/" * 2048, READ)
    with refused(abi.ZX_ERR_INVALID_ARGS):
        root.open_node("n/" * 2049, READ)
    with refused(abi.ZX_ERR_NOT_FOUND):
        root.open_node(("n/" * 2047) + "x", READ)


@pytest.mark.parametrize(
    ("path", "flags", "status"),
    [
        ("file", READ | DIRECTORY, abi.ZX_ERR_NOT_DIR),
        ("file/", READ, abi.ZX_ERR_NOT_DIR),
        ("file/x", READ, abi.ZX_ERR_NOT_DIR),
        ("directory", READ | OpenFlags.NOT_DIRECTORY, abi.ZX_ERR_NOT_FILE),
        ("directory", BOTH | OpenFlags.TRUNCATE, abi.ZX_ERR_INVALID_ARGS),
        ("directory/", READ | OpenFlags.NOT_DIRECTORY, abi.ZX_ERR_INVALID_ARGS),
        ("nothing", READ, abi.ZX_ERR_NOT_FOUND),
        ("nothing/x", BOTH | CREATE, abi.ZX_ERR_NOT_FOUND),
        ("file", BOTH | NEW, abi.ZX_ERR_ALREADY_EXISTS),
        ("directory", READ | NEW | DIRECTORY, abi.ZX_ERR_ALREADY_EXISTS),
        ("file", READ | OpenFlags.CREATE_IF_ABSENT, abi.ZX_ERR_INVALID_ARGS),
        ("file", READ | OpenFlags.TRUNCATE, abi.ZX_ERR_INVALID_ARGS),
        ("file", READ | OpenFlags.NODE_REFERENCE, abi.ZX_ERR_INVALID_ARGS),
        ("file", READ | OpenFlags.RIGHT_EXECUTABLE, abi.ZX_ERR_ACCESS_DENIED),
        ("file", 1 << 40, abi.ZX_ERR_INVALID_ARGS),
    ],
)
def test_opens_that_fail(root: Directory, path: str, flags: int, status: int) -> None:
    put(root, "file", b"kept")
    root.make_directory("directory")
    with refused(status):
        root.open_node(path, flags)
    assert get(root, "file") == b"kept"


def test_an_open_without_waiting(client: Client, root: Directory) -> None:
    put(root, "file", b"contents")
    with client.on_open(root.open_async("file", READ | OpenFlags.DESCRIBE)) as file:
        assert file.read(8) == b"contents"
    with client.wrap(root.open_async("file", READ)) as file:
        assert file.read(8) == b"contents"
    with refused(abi.ZX_ERR_NOT_FOUND):
        client.on_open(root.open_async("nothing", READ | OpenFlags.DESCRIBE))
    with refused(abi.ZX_ERR_PEER_CLOSED):
        client.wrap(root.open_async("nothing", READ))


def test_a_reference_has_nothing_but_attributes(root: Directory) -> None:
    put(root, "file", b"12345")
    with root.open_node("file", OpenFlags.NODE_REFERENCE) as node:
        assert node.size() == 5
        assert node.flags() == OpenFlags.NODE_REFERENCE
        with refused(abi.ZX_ERR_WRONG_TYPE):
            node.read(1)
        with refused(abi.ZX_ERR_BAD_HANDLE):
            node.set_attributes(NodeAttributes(modification_time=5))


# ---- rights --------------------------------------------------------------------------------


def test_216_the_opened_file_outlives_its_directory(root: Directory) -> None:
    file = root.open_node("file", BOTH | CREATE)
    root.close()
    assert file.write(b"still there") == 11
    assert file.read_at(0, 20) == b"still there"
    file.close()


def test_what_a_connection_may_not_do(
    client: Client, service: FileService, root: Directory
) -> None:
    put(root, "file", b"contents")
    root.make_directory("directory")
    reader = client.directory(service.connect(client.process, READ))
    assert reader.flags() == READ
    assert reader.names() == ["directory", "file"]
    for path, flags in (("file", BOTH), ("new", READ | CREATE), ("directory", WRITE)):
        with refused(abi.ZX_ERR_ACCESS_DENIED):
            reader.open_node(path, flags)
    with reader.open_directory("directory") as below:
        assert below.flags() == READ
    with root.open_directory("directory") as below:
        assert below.flags() == BOTH
    with refused(abi.ZX_ERR_ACCESS_DENIED):
        reader.unlink("file")
    with refused(abi.ZX_ERR_BAD_HANDLE):
        reader.rename("file", root, "other")
    with refused(abi.ZX_ERR_BAD_HANDLE):
        reader.link("file", root, "other")
    assert zxio_token_get(reader.io) == (abi.ZX_ERR_BAD_HANDLE, 0)
    with refused(abi.ZX_ERR_BAD_HANDLE):
        reader.set_attributes(NodeAttributes(modification_time=1))
    with reader.open_node("file", READ) as file:
        for forbidden in (lambda: file.write(b"x"), lambda: file.truncate(0)):
            with refused(abi.ZX_ERR_BAD_HANDLE):
                forbidden()
        with file.clone() as clone:
            assert clone.flags() == READ
    with root.open_node("file", WRITE) as file, refused(abi.ZX_ERR_BAD_HANDLE):
        file.read(1)
    assert get(root, "file") == b"contents"


def test_a_clone_has_a_place_of_its_own(root: Directory) -> None:
    put(root, "file", b"contents")
    with root.open_node("file", READ) as file, file.clone() as clone:
        assert file.read(3) == b"con"
        assert clone.read(3) == b"con"
    with root.clone() as same:
        assert isinstance(same, Directory)
        assert same.names() == ["file"]


def test_flags_that_can_change(root: Directory) -> None:
    with root.open_node("file", BOTH | CREATE) as file:
        assert file.flags() == BOTH
        file.set_flags(OpenFlags.APPEND | READ)
        assert file.flags() == BOTH | OpenFlags.APPEND
    with refused(abi.ZX_ERR_NOT_SUPPORTED):
        root.set_flags(OpenFlags.APPEND)


# ---- attributes ----------------------------------------------------------------------------


def test_attributes(root: Directory) -> None:
    put(root, "file", b"12345")
    with root.open_node("file", BOTH) as file:
        found = file.stat()
        assert (found.st_size, found.st_nlink) == (5, 1)
        assert stat.S_ISREG(found.st_mode)
        file.set_attributes(NodeAttributes(modification_time=1_000_000_000))
        assert file.attributes().modification_time == 1_000_000_000
        assert file.stat().st_mtime == 1
        root.link("file", root, "again")
        assert file.stat().st_nlink == 2
        file.sync()
        ids = {entry.name: entry.id for entry in root}
        assert ids["file"] == ids["again"] == found.st_ino
    assert stat.S_ISDIR(root.stat().st_mode)


def test_contents_as_memory(client: Client, root: Directory) -> None:
    put(root, "file", b"contents")
    with root.open_node("file", READ) as file:
        for how in ("copy", "clone"):
            vmo = file.vmo(how)
            assert client.zx.vmo_read(vmo, 0, 8) == b"contents"
            client.system.handle_close(vmo)
        with refused(abi.ZX_ERR_ACCESS_DENIED):
            file.vmo("exec")


def test_a_file_with_a_hole(root: Directory) -> None:
    with root.open_node("file", BOTH | CREATE) as file:
        assert file.write_at(1 << 36, b"far") == 3
        assert file.size() == (1 << 36) + 3
        assert file.read_at((1 << 36) - 3, 9) == b"\0\0\0far"
        assert file.seek(-3, 2) == 1 << 36
        with refused(abi.ZX_ERR_INVALID_ARGS):
            file.seek(-1)
        file.truncate(2)
        assert file.read_at(0, 9) == b"\0\0"


# ---- names ---------------------------------------------------------------------------------


def test_a_long_listing(root: Directory) -> None:
    names = [f"{number:03}" + "n" * 200 for number in range(150)]
    for name in names:
        put(root, name)
    root.make_directory("zz")
    assert root.names() == [*names, "zz"]
    assert [entry.name for entry in root if entry.is_directory] == ["zz"]


def test_unlink(root: Directory) -> None:
    put(root, "file", b"contents")
    root.make_directory("directory")
    put(root, "directory/x")
    for name, must_be_directory, status in (
        ("nothing", False, abi.ZX_ERR_NOT_FOUND),
        ("file", True, abi.ZX_ERR_NOT_DIR),
        ("directory", True, abi.ZX_ERR_NOT_EMPTY),
        ("directory", False, abi.ZX_ERR_NOT_EMPTY),
        ("directory/x", False, abi.ZX_ERR_INVALID_ARGS),
        ("..", False, abi.ZX_ERR_INVALID_ARGS),
    ):
        with refused(status):
            root.unlink(name, directory=must_be_directory)
    with root.open_node("file", READ) as file:
        root.unlink("file")
        assert file.read(8) == b"contents"
        assert file.stat().st_nlink == 0
    with root.open_directory("directory") as directory:
        directory.unlink("x")
    root.unlink("directory", directory=True)
    assert root.names() == []


def test_rename_and_link(root: Directory) -> None:
    put(root, "file", b"contents")
    root.make_directory("one")
    root.make_directory("two")
    with root.open_directory("one") as one, root.open_directory("two") as two:
        root.rename("file", one, "moved")
        one.link("moved", two, "linked")
        with refused(abi.ZX_ERR_ALREADY_EXISTS):
            one.link("moved", two, "linked")
        with refused(abi.ZX_ERR_NOT_FILE):
            root.link("one", two, "linked too")
        with refused(abi.ZX_ERR_NOT_FOUND):
            root.rename("file", one, "moved")
        with refused(abi.ZX_ERR_INVALID_ARGS):
            root.rename("one", one, "itself")
        with refused(abi.ZX_ERR_NOT_EMPTY):
            root.rename("one", root, "two")
        with refused(abi.ZX_ERR_NOT_FILE):
            one.rename("moved", root, "two")
        with refused(abi.ZX_ERR_NOT_DIR):
            root.rename("one", two, "linked")
        with refused(abi.ZX_ERR_INVALID_ARGS):
            root.rename("one", two, "../escaped")
        two.unlink("linked")
    root.rename("one", root, "two")
    assert root.names() == ["two"]
    assert get(root, "two/moved") == b"contents"


def test_a_token_of_a_directory_that_is_closed_names_nothing(root: Directory) -> None:
    put(root, "file")
    root.make_directory("one")
    one = root.open_directory("one")
    status, token = zxio_token_get(one.io)
    assert status == abi.ZX_OK
    one.close()
    assert zxio_rename(root.io, b"file", 4, token, b"new", 3) == abi.ZX_ERR_NOT_FOUND


# ---- locks and watchers --------------------------------------------------------------------


def test_locks_exclude_one_another(root: Directory) -> None:
    first: Object = root.open_node("file", BOTH | CREATE)
    second, third = (root.open_node("file", BOTH) for _ in range(2))
    first.lock()
    second.lock()
    with refused(abi.ZX_ERR_SHOULD_WAIT):
        third.lock(exclusive=True, wait=False)
    done = threading.Event()

    def wait_for_it() -> None:
        third.lock(exclusive=True)
        done.set()

    thread = threading.Thread(target=wait_for_it)
    thread.start()
    first.unlock()
    assert not done.is_set()
    second.close()  # which gives its lock up
    thread.join()
    assert done.is_set()
    with refused(abi.ZX_ERR_SHOULD_WAIT):
        first.lock(wait=False)
    third.unlock()
    first.lock(exclusive=True, wait=False)


def test_files_that_come_and_go_are_told(root: Directory) -> None:
    put(root, "old")
    told: list[tuple[WatchEvent, str]] = []
    ready = threading.Event()

    def tell(event: WatchEvent, name: str) -> bool:
        told.append((event, name))
        if event == WatchEvent.WAITING:
            ready.set()
        return name != "last"

    watcher = threading.Thread(target=root.watch, args=(tell,))
    watcher.start()
    ready.wait()
    for number in range(100):
        put(root, f"file {number}")
    root.rename("old", root, "new")
    for number in range(100):
        root.unlink(f"file {number}")
    root.make_directory("last")
    watcher.join()
    added, removed = WatchEvent.ADDED, WatchEvent.REMOVED
    assert told == [
        (added, "."),
        (added, "old"),
        (WatchEvent.WAITING, ""),
        *((added, f"file {number}") for number in range(100)),
        (removed, "old"),
        (added, "new"),
        *((removed, f"file {number}") for number in range(100)),
        (added, "last"),
    ]


def test_a_watched_directory_that_is_removed_ends_the_watch(root: Directory) -> None:
    root.make_directory("directory")
    directory = root.open_directory("directory")
    ready = threading.Event()
    ends: list[int] = []

    def tell(event: WatchEvent, name: str) -> bool:
        if event == WatchEvent.WAITING:
            ready.set()
        return True

    def watch() -> None:
        with pytest.raises(ZxError) as caught:
            directory.watch(tell)
        ends.append(caught.value.status)

    watcher = threading.Thread(target=watch)
    watcher.start()
    ready.wait()
    root.unlink("directory")
    watcher.join()
    assert ends == [abi.ZX_ERR_PEER_CLOSED]
