"""The boot file system: bytes of our own making, round trips, and hostile ones."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.zbi import bootfs
from harness.zbi.bootfs import Entry

quick = settings(deadline=None)  # the machine may be busy

PAGE = bootfs.PAGE_SIZE

#: "a/b" with "hello" at page 1, "empty" with nothing and "z" with one byte, both at page 2.
GOLDEN = (
    bytes.fromhex(
        "f93f6da5 34000000 00000000 00000000"
        "04000000 05000000 00100000 612f6200"
        "06000000 00000000 00200000 656d7074 79000000"
        "02000000 01000000 00200000 7a000000"
    ).ljust(PAGE, b"\0")
    + b"hello".ljust(PAGE, b"\0")
    + b"!".ljust(PAGE, b"\0")
)
GOLDEN_FILES = {"a/b": b"hello", "empty": b"", "z": b"!"}

NAMES = st.from_regex(r"[^/\\\x00]{1,10}(/[^/\\\x00]{1,10}){0,2}", fullmatch=True)


def file_system(*files: tuple[bytes, int, int], size: int = 4 * PAGE) -> bytes:
    """A file system with entries as given: raw name with its NUL, offset, size."""
    directory = b"".join(
        struct.pack("<3I", len(name), length, offset) + name + bytes(-len(name) % 4)
        for name, offset, length in files
    )
    return (struct.pack("<4I", bootfs.MAGIC, len(directory), 0, 0) + directory).ljust(size, b"\0")


def problem(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        bootfs.read(data, "f")
    return str(caught.value)


def changed(offset: int, value: int) -> bytes:
    return GOLDEN[:offset] + struct.pack("<I", value) + GOLDEN[offset + 4 :]


def test_golden_bytes_are_written() -> None:
    assert bootfs.write(dict(reversed(GOLDEN_FILES.items()))) == GOLDEN


def test_golden_bytes_are_read() -> None:
    assert bootfs.read(GOLDEN) == GOLDEN_FILES
    assert bootfs.entries(GOLDEN) == [
        Entry("a/b", PAGE, 5),
        Entry("empty", 2 * PAGE, 0),
        Entry("z", 2 * PAGE, 1),
    ]


def test_an_empty_file_system() -> None:
    assert bootfs.read(bootfs.write({})) == {}
    assert len(bootfs.write({})) == PAGE


@quick
@given(st.dictionaries(NAMES, st.binary(max_size=3 * PAGE), max_size=5))
def test_whatever_is_written_is_read_back(files: dict[str, bytes]) -> None:
    try:
        data = bootfs.write(files)
    except InputError:
        with pytest.raises(InputError):
            bootfs.check_names(files, "x")
        return
    assert len(data) % PAGE == 0
    assert bootfs.read(data) == files
    assert all(entry.offset % PAGE == 0 for entry in bootfs.entries(data))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "f: offset 0x0: a header of 16 bytes is cut off"),
        (GOLDEN[:15], "f: offset 0x0: a header of 16 bytes is cut off"),
        (changed(0, 1), "f: offset 0x0: magic is 0x00000001, want 0xa56d3ff9"),
        (changed(4, 0xFFFFFFF0), "f: offset 0x4: a directory of 4294967280 bytes; 12272 are there"),
        (changed(4, 0x34 - 4), "f: offset 0x34: a directory entry reaches beyond the directory"),
        (changed(4, 0x34 - 8), "f: offset 0x34: a directory entry is cut off"),
        (changed(0x10, 0), "f: offset 0x10: a name of 0 bytes, not 2..256"),
        (changed(0x10, 1), "f: offset 0x10: a name of 1 bytes, not 2..256"),
        (changed(0x10, 0xFFFFFFFF), "f: offset 0x10: a name of 4294967295 bytes, not 2..256"),
        (changed(0x10, 3), "f: offset 0x1c: a name whose only NUL is not its last byte"),
        (changed(0x1C, 0x62006100), "f: offset 0x1c: a name whose only NUL is not its last byte"),
        (changed(0x1C, 0x00FFFFFF), "f: offset 0x1c: a name that is not UTF-8"),
        (changed(0x18, PAGE + 1), "f: offset 0x10: file 'a/b' at 0x1001, not at a page's start"),
        (changed(0x18, 3 * PAGE), "f: offset 0x10: file 'a/b': 5 bytes at 0x3000 are not all"),
        (changed(0x14, 0xFFFFFFFF), "f: offset 0x10: file 'a/b': 4294967295 bytes at 0x1000"),
        (GOLDEN[: 2 * PAGE], "f: offset 0x34: file 'z': 1 bytes at 0x2000 are not all there"),
        (changed(0x14, PAGE + 1), "f: offset 0x2000: file 'z' overlaps file 'a/b'"),
        (changed(0x18, 2 * PAGE), "f: offset 0x2000: file 'z' overlaps file 'a/b'"),
        (changed(0x18, 0), "f: offset 0x0: file 'a/b' overlaps the directory"),
    ],
)
def test_hostile_file_systems(data: bytes, text: str) -> None:
    assert problem(data).startswith(text)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["/etc/passwd"], "f: file '/etc/passwd': not a plain relative path"),
        (["../x"], "f: file '../x': not a plain relative path"),
        (["a/../../x"], "f: file 'a/../../x': not a plain relative path"),
        ([".."], "f: file '..': not a plain relative path"),
        (["."], "f: file '.': not a plain relative path"),
        (["a//b"], "f: file 'a//b': not a plain relative path"),
        (["a/"], "f: file 'a/': not a plain relative path"),
        (["a\\b"], "f: file 'a\\\\b': a NUL or a backslash in the name"),
        (["x", "y", "x"], "f: file 'x': given twice"),
        (["a/b/c", "a"], "f: file 'a': at once a file and a directory"),
        (["a", "a/b/c"], "f: file 'a': at once a file and a directory"),
    ],
)
def test_names_that_are_not_extracted(names: list[str], text: str) -> None:
    data = file_system(*((name.encode() + b"\0", PAGE, 0) for name in names))
    assert [entry.name for entry in bootfs.entries(data)] == names  # they can still be listed
    assert problem(data) == text


@pytest.mark.parametrize("name", ["", "/a", "..", "a/./b", "a\0b", "x" * 256, "\ud800"])
def test_names_that_are_not_written(name: str) -> None:
    with pytest.raises(InputError, match="boot file system: file "):
        bootfs.write({name: b""})


def test_the_longest_name() -> None:
    assert bootfs.read(bootfs.write({"x" * 255: b"1"})) == {"x" * 255: b"1"}


def test_too_many_files() -> None:
    entry = struct.pack("<3I", 2, 0, 0) + b"x\0\0\0"
    directory = entry * (bootfs.MAX_FILES + 1)
    data = struct.pack("<4I", bootfs.MAGIC, len(directory), 0, 0) + directory
    assert problem(data) == "f: offset 0x100010: more than 65536 files"


@quick
@given(st.binary(max_size=200))
def test_any_bytes_are_files_or_one_error(rest: bytes) -> None:
    for data in (rest, GOLDEN[:4] + rest, GOLDEN[:16] + rest.ljust(0x34) + GOLDEN[0x44:]):
        with contextlib.suppress(InputError):
            bootfs.read(data, "f")
