"""The container of boot items: bootdata in 2018, the Zircon Boot Image (ZBI) since.

A container is a header and, behind it, items one after the other, each aligned to 8 bytes: a
header of eight little-endian u32 and a payload.

    type  length  extra  flags  0  0  magic  crc32

The container's own header has the same form: type "BOOT", length of all that follows.  Both
editions share magics and layout; they differ in how stored file systems are compressed
(`harness.zbi.storage`) and in which item types there are.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from harness.errors import InputError
from harness.zbi import bootfs, storage

#: "2018": bootdata, LZ4.  "2022": ZBI, zstd.
Edition = Literal["2018", "2022"]
EDITIONS: tuple[Edition, ...] = get_args(Edition)

_HEADER = struct.Struct("<8I")
#: Size of a header, bytes.
HEADER_SIZE = _HEADER.size
#: Items begin at multiples of this, bytes.
ALIGNMENT = 8
#: Most items that are read.
MAX_ITEMS = 1 << 16

CONTAINER_MAGIC = 0x868CF7E6
ITEM_MAGIC = 0xB5781729
#: Stands in the field `crc32` of an item without `FLAG_CRC32`.
NO_CRC32 = 0x4A87E8D6

FLAG_VERSION = 0x00010000
FLAG_CRC32 = 0x00020000
#: Of storage items: the payload is compressed, `extra` is its size before.
FLAG_COMPRESSED = 0x00000001

TYPE_CONTAINER = 0x544F4F42
TYPE_BOOTFS = 0x42534642
TYPE_CMDLINE = 0x4C444D43
TYPE_DEVICETREE = 0xD00DFEED

#: Types whose payload may be compressed: boot file systems of any kind, a disk, a kernel's part.
_STORAGE_TYPES = frozenset(
    int.from_bytes(name, "little")
    for name in (b"BFSB", b"BFSS", b"BFSX", b"BFSF", b"RDSK", b"KSTR")
)

#: What an item of a type is.  2018 and today use the same numbers for the same things.
DESCRIPTIONS: dict[int, str] = {
    int.from_bytes(name, "little"): text
    for name, text in {
        b"BFSB": "boot file system",
        b"BFSS": "system file system",
        b"BFSX": "file system already used",
        b"BFSF": "factory file system",
        b"RDSK": "disk",
        b"KSTR": "kernel's stored part",
        b"KRNL": "kernel, x86-64 (2018: any)",
        b"KRN8": "kernel, arm64",
        b"KRNV": "kernel, riscv64",
        b"CMDL": "command line",
        b"BOOM": "crash log of the last boot",
        b"NVLL": "memory kept over a reboot",
        b"CVLL": "memory kept over a reboot",
        b"PLID": "platform id",
        b"mBSI": "board information",
        b"CPUC": "processors",
        b"TOPO": "processor topology",
        b"MEMC": "memory ranges",
        b"E820": "memory ranges, E820",
        b"EFIM": "memory ranges, EFI",
        b"EFIS": "EFI system table",
        b"EMAT": "EFI memory attributes",
        b"KDRV": "kernel driver's configuration",
        b"UART": "serial port",
        b"RSDP": "ACPI root table",
        b"SMBI": "SMBIOS entry point",
        b"SWFB": "frame buffer",
        b"IARG": "image arguments",
        b"BVRS": "boot version",
        b"mMAC": "MAC address",
        b"mPRT": "partition map",
        b"mBOR": "board driver's data",
        b"HWRB": "reboot reason",
        b"SRLN": "serial number",
        b"BTFL": "boot loader's file",
        b"RAND": "entropy",
        b"DBGD": "debug data",
        b"SKIP": "nothing: to be skipped",
    }.items()
} | {TYPE_DEVICETREE: "device tree"}


@dataclass(frozen=True, slots=True)
class Item:
    """One boot item, its payload as it lies in the container."""

    type: int
    payload: bytes
    extra: int = 0
    flags: int = FLAG_VERSION
    #: Where its header lies in the file it was read from, bytes.
    offset: int = field(default=0, compare=False)

    @property
    def is_storage(self) -> bool:
        """Whether the payload is of a kind that may be compressed."""
        return self.type in _STORAGE_TYPES

    @property
    def is_compressed(self) -> bool:
        """Whether the payload is compressed."""
        return self.is_storage and bool(self.flags & FLAG_COMPRESSED)


def type_name(item_type: int) -> str:
    """The type's four characters ("BFSB") if they are printable ASCII, else the number."""
    characters = item_type.to_bytes(4, "little")
    if all(0x20 < character < 0x7F for character in characters):
        return characters.decode("ascii")
    return f"{item_type:#010x}"


def type_number(name: str) -> int:
    """The reverse of `type_name`; raises `InputError`."""
    if name.startswith("0x"):
        try:
            number = int(name, 16)
        except ValueError:
            number = -1
        if 0 <= number < 1 << 32:
            return number
    elif len(name) == 4 and name.isascii() and name.isprintable():
        return int.from_bytes(name.encode("ascii"), "little")
    raise InputError(f"item type {name!r}: want four characters or a number 0x...")


# ---- reading ------------------------------------------------------------------------------------


def read(data: bytes, name: str = "container") -> list[Item]:
    """The items of a container, in order.

    Everything the format prescribes is checked; what is not as it must be is an `InputError`
    with *name* and the offset of the header or the byte concerned.
    """
    outer = _Header(data, 0, len(data), name)
    if outer.type != TYPE_CONTAINER:
        raise outer.error(f"not a container: type {type_name(outer.type)}, want BOOT")
    if outer.extra != CONTAINER_MAGIC:
        raise outer.error(f"container magic is {outer.extra:#010x}, want {CONTAINER_MAGIC:#010x}")
    outer.check(data)
    if data.count(0, outer.end) != len(data) - outer.end:
        raise InputError("data behind the container", where=f"{name}: offset {outer.end:#x}")
    items: list[Item] = []
    offset = HEADER_SIZE
    while offset < outer.end:
        if len(items) == MAX_ITEMS:
            raise InputError(f"more than {MAX_ITEMS} items", where=f"{name}: offset {offset:#x}")
        header = _Header(data, offset, outer.end, name)
        if header.type == TYPE_CONTAINER:
            raise header.error("a container inside a container")
        header.check(data)
        payload = data[offset + HEADER_SIZE : header.end]
        items.append(Item(header.type, payload, header.extra, header.flags, offset))
        offset = _align(header.end)
    return items


def content(item: Item, name: str = "container", limit: int = storage.LIMIT) -> bytes:
    """The item's payload, decompressed if need be, or `InputError`: at most *limit* bytes."""
    where = f"{name}: offset {item.offset:#x}: item {type_name(item.type)}"
    if item.is_compressed:
        return storage.decompress(item.payload, item.extra, where, limit)
    if item.is_storage and item.extra != len(item.payload):
        raise InputError(
            f"not compressed, but extra is {item.extra} and the length {len(item.payload)}",
            where=where,
        )
    return item.payload


def contents(
    items: Iterable[Item], name: str = "container", limit: int = storage.LIMIT
) -> Iterator[bytes]:
    """`content` of each item; together they may have *limit* bytes when decompressed."""
    for item in items:
        data = content(item, name, limit)
        limit -= len(data) if item.is_compressed else 0
        yield data


def boot_files(data: bytes, name: str = "container") -> dict[str, bytes]:
    """The files of the container's first boot file system, by name."""
    for item in read(data, name):
        if item.type == TYPE_BOOTFS:
            return bootfs.read(content(item, name), bootfs_place(item, name))
    raise InputError("no boot file system (item BFSB)", where=name)


def bootfs_place(item: Item, name: str) -> str:
    """How errors in the item's file system name their place."""
    return f"{name}: offset {item.offset:#x}: boot file system"


class _Header:
    """A header in a file, checked as far as it can be without its payload."""

    def __init__(self, data: bytes, offset: int, limit: int, name: str) -> None:
        self._where = f"{name}: offset {offset:#x}"
        self.offset = offset
        if limit - offset < HEADER_SIZE:
            raise self.error(f"a header of {HEADER_SIZE} bytes is cut off")
        (
            self.type,
            length,
            self.extra,
            self.flags,
            _,
            _,
            magic,
            self.crc32,
        ) = _HEADER.unpack_from(data, offset)
        if magic != ITEM_MAGIC:
            raise self.error(f"item magic is {magic:#010x}, want {ITEM_MAGIC:#010x}")
        if not self.flags & FLAG_VERSION:
            raise self.error(f"flags are {self.flags:#010x}, want the version flag 0x00010000")
        #: Behind the last byte of the payload.
        self.end = offset + HEADER_SIZE + length
        if self.end > limit:
            left = limit - offset - HEADER_SIZE
            raise self.error(f"item {type_name(self.type)} says {length} bytes, {left} are there")

    def check(self, data: bytes) -> None:
        """Compare the checksum."""
        if self.flags & FLAG_CRC32:
            found = _checksum(
                data[self.offset : self.offset + HEADER_SIZE],
                memoryview(data)[self.offset + HEADER_SIZE : self.end],
            )
        else:
            found = NO_CRC32
        if found != self.crc32:
            raise self.error(
                f"item {type_name(self.type)} says checksum {self.crc32:#010x}, want {found:#010x}"
            )

    def error(self, problem: str) -> InputError:
        return InputError(problem, where=self._where)


# ---- writing ------------------------------------------------------------------------------------


def write(items: Iterable[Item]) -> bytes:
    """A container of *items*; those with `FLAG_CRC32` get their checksum."""
    parts = [_framed(item) for item in items]
    length = sum(map(len, parts))
    if length >= 1 << 32:
        raise InputError(f"a container of {length} bytes: 4 GiB are too many")
    outer = Item(TYPE_CONTAINER, b"", CONTAINER_MAGIC)
    return b"".join([_header(outer, length, NO_CRC32), *parts])


def storage_item(
    item_type: int, data: bytes, method: storage.Method, flags: int = FLAG_VERSION
) -> Item:
    """An item whose payload is stored by *method*."""
    if method == "none":
        return Item(item_type, data, len(data), flags)
    return Item(item_type, storage.compress(data, method), len(data), flags | FLAG_COMPRESSED)


def bootfs_item(
    files: Mapping[str, bytes], *, edition: Edition, method: storage.Method | None = None
) -> Item:
    """A boot file system with *files*, stored as kernels of the edition accept it."""
    image = bootfs.write(files)
    if edition == "2018":
        return storage_item(TYPE_BOOTFS, image, method or "lz4")
    return storage_item(TYPE_BOOTFS, image, method or "zstd", FLAG_VERSION | FLAG_CRC32)


def make_bootdata(files: Mapping[str, bytes], *, edition: Edition) -> bytes:
    """The initial RAM disk of a kernel of that edition: one boot file system with *files*."""
    return write([bootfs_item(files, edition=edition)])


def _framed(item: Item) -> bytes:
    crc32 = NO_CRC32
    if item.flags & FLAG_CRC32:
        crc32 = _checksum(_header(item, len(item.payload), 0), item.payload)
    header = _header(item, len(item.payload), crc32)
    return header + item.payload + bytes(-len(item.payload) % ALIGNMENT)


def _header(item: Item, length: int, crc32: int) -> bytes:
    return _HEADER.pack(item.type, length, item.extra, item.flags, 0, 0, ITEM_MAGIC, crc32)


def _checksum(header: bytes, payload: bytes | memoryview) -> int:
    """CRC32 of the header with zero in its checksum field, then of the payload."""
    return zlib.crc32(payload, zlib.crc32(header[:-4] + bytes(4)))


def _align(offset: int) -> int:
    return offset + -offset % ALIGNMENT
