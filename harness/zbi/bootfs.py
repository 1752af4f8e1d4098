"""The boot file system: a directory, then the files, each at a multiple of the page size.

    header      magic  size of the directory  0  0              (u32 each, little endian)
    entry       length of the name with its NUL  size  offset   (u32 each)
                the name and its NUL, padded to 4 bytes
    files       from page boundaries on, padded with zeros to whole pages

Names are relative paths.  There are no directories but in names, and no other metadata.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.errors import InputError

MAGIC = 0xA56D3FF9
#: Files begin at multiples of this, bytes.
PAGE_SIZE = 4096
#: Longest name, bytes, its NUL included.
MAX_NAME = 256
#: Most files that are read.
MAX_FILES = 1 << 16

_HEADER = struct.Struct("<4I")
_ENTRY = struct.Struct("<3I")
_ALIGNMENT = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: where its data lies in the file system, bytes."""

    name: str
    offset: int
    size: int


def entries(data: bytes, where: str = "boot file system") -> list[Entry]:
    """The directory, in order; every file lies inside and on pages of its own.

    Names are not judged (see `check_names`).  Raises `InputError` that begins with *where* and
    tells the offset in the file system.
    """
    if len(data) < _HEADER.size:
        raise _error(where, 0, f"a header of {_HEADER.size} bytes is cut off")
    magic, directory_size, _, _ = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise _error(where, 0, f"magic is {magic:#010x}, want {MAGIC:#010x}")
    end = _HEADER.size + directory_size
    if end > len(data):
        raise _error(
            where, 4, f"a directory of {directory_size} bytes; {len(data) - _HEADER.size} are there"
        )
    found: list[Entry] = []
    offset = _HEADER.size
    while offset < end:
        if len(found) == MAX_FILES:
            raise _error(where, offset, f"more than {MAX_FILES} files")
        entry, next_offset = _entry(data, offset, end, where)
        found.append(entry)
        offset = next_offset
    _check_overlaps(found, end, where)
    return found


def read(data: bytes, where: str = "boot file system") -> dict[str, bytes]:
    """The files by name, in the directory's order; each name is one that `check_names` accepts."""
    found = entries(data, where)
    check_names([entry.name for entry in found], where)
    return {entry.name: data[entry.offset : entry.offset + entry.size] for entry in found}


def write(files: Mapping[str, bytes]) -> bytes:
    """A file system with *files*, in the order of their names as bytes."""
    check_names(files, "boot file system")
    names = sorted(name.encode() for name in files)
    directory_size = sum(_entry_size(len(name) + 1) for name in names)
    offset = _page_align(_HEADER.size + directory_size)
    head = bytearray(_HEADER.pack(MAGIC, directory_size, 0, 0))
    parts = []
    for name in names:
        data = files[name.decode()]
        head += _ENTRY.pack(len(name) + 1, len(data), offset)
        head += name.ljust(_entry_size(len(name) + 1) - _ENTRY.size, b"\0")
        padded = _page_align(len(data))
        parts.append(data + bytes(padded - len(data)))
        offset += padded
        if offset >= 1 << 32:
            raise InputError("more than 4 GiB", where="boot file system")
    return bytes(head).ljust(_page_align(len(head)), b"\0") + b"".join(parts)


def check_names(names: Iterable[str], where: str) -> None:
    """Refuse names that cannot all be files below one directory, each in its own place.

    That is: empty, absolute, with an empty, "." or ".." component, with a NUL or a backslash, too
    long, given twice, or at once a file and another file's directory.
    """
    files: set[str] = set()
    for name in names:
        problem = _name_problem(name)
        if problem is None and name in files:
            problem = "given twice"
        if problem is not None:
            raise InputError(problem, where=f"{where}: file {name!r}")
        files.add(name)
    for name in files:
        parent = name.rpartition("/")[0]
        while parent:
            if parent in files:
                raise InputError(
                    "at once a file and a directory", where=f"{where}: file {parent!r}"
                )
            parent = parent.rpartition("/")[0]


def _name_problem(name: str) -> str | None:
    if not name:
        return "an empty name"
    if "\0" in name or "\\" in name:
        return "a NUL or a backslash in the name"
    if any(part in ("", ".", "..") for part in name.split("/")):
        return "not a plain relative path"
    try:
        size = len(name.encode()) + 1
    except UnicodeEncodeError:
        return "not UTF-8"
    return f"{size} bytes of name, at most {MAX_NAME} with the NUL" if size > MAX_NAME else None


def _entry(data: bytes, offset: int, end: int, where: str) -> tuple[Entry, int]:
    """The entry at *offset* and where the next one begins."""
    if end - offset < _ENTRY.size:
        raise _error(where, offset, "a directory entry is cut off")
    name_size, size, start = _ENTRY.unpack_from(data, offset)
    name_offset = offset + _ENTRY.size
    if not 2 <= name_size <= MAX_NAME:
        raise _error(where, offset, f"a name of {name_size} bytes, not 2..{MAX_NAME}")
    next_offset = offset + _entry_size(name_size)
    if next_offset > end:
        raise _error(where, offset, "a directory entry reaches beyond the directory")
    raw = data[name_offset : name_offset + name_size]
    if raw.find(b"\0") != name_size - 1:
        raise _error(where, name_offset, "a name whose only NUL is not its last byte")
    try:
        name = raw[:-1].decode()
    except UnicodeDecodeError:
        raise _error(where, name_offset, "a name that is not UTF-8") from None
    if start % PAGE_SIZE:
        raise _error(where, offset, f"file {name!r} at {start:#x}, not at a page's start")
    if start + size > len(data):
        raise _error(where, offset, f"file {name!r}: {size} bytes at {start:#x} are not all there")
    return Entry(name, start, size), next_offset


def _check_overlaps(found: list[Entry], directory_end: int, where: str) -> None:
    used, owner = directory_end, "the directory"
    for entry in sorted(found, key=lambda entry: entry.offset):
        if entry.size == 0:
            continue
        if entry.offset < used:
            raise _error(where, entry.offset, f"file {entry.name!r} overlaps {owner}")
        used, owner = entry.offset + entry.size, f"file {entry.name!r}"


def _error(where: str, offset: int, problem: str) -> InputError:
    return InputError(problem, where=f"{where}: offset {offset:#x}")


def _entry_size(name_size: int) -> int:
    return _ENTRY.size + name_size + -name_size % _ALIGNMENT


def _page_align(size: int) -> int:
    return size + -size % PAGE_SIZE
