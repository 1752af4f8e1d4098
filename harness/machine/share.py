"""The host's view of the memory it shares with a guest (see `layout`)."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from typing import Any

from harness.machine import layout
from zxio_py.abi.model import Struct

_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


def unpacker(shape: Struct) -> struct.Struct:
    """A `struct.Struct` for a layout: integers, byte strings for wider fields, no padding."""
    code = "<"
    end = 0
    for field in shape.fields:
        if field.name == "padding":
            continue
        code += f"{field.offset - end}x" if field.offset > end else ""
        code += _CODES.get(field.size, f"{field.size}s")
        end = field.offset + field.size
    return struct.Struct(code + (f"{shape.size - end}x" if shape.size > end else ""))


_HEADER = unpacker(layout.HEADER)
_PANIC = unpacker(layout.PANIC)


@dataclass(frozen=True, slots=True)
class Header:
    """A snapshot of the header page; field names as in `layout.HEADER`."""

    magic: int
    version: int
    arch: int
    kernel_state: int
    agent_state: int
    clock_ns: int
    objects: int
    handles: int
    pages_used: int
    pages_total: int
    threads: int
    processes: int


@dataclass(frozen=True, slots=True)
class Panic:
    """What a panicking kernel left behind."""

    cause: int
    address: int
    #: By name, in the architecture's order.
    registers: dict[str, int]
    #: Return addresses, innermost first.
    frames: tuple[int, ...]
    message: str
    clock_ns: int
    in_user: bool


class Share:
    """The shared area, mapped.  Offsets are from its start; numbers are little endian."""

    def __init__(self, descriptor: int, offset: int) -> None:
        """Map `layout.SHARE_SIZE` bytes of *descriptor* from *offset* on."""
        self._map = mmap.mmap(descriptor, layout.SHARE_SIZE, offset=offset)

    def close(self) -> None:
        """Unmap; idempotent."""
        self._map.close()

    def read(self, offset: int, size: int) -> bytes:
        """Copy *size* bytes out."""
        return self._map[offset : offset + size]

    def write(self, offset: int, data: bytes) -> None:
        """Copy *data* in."""
        self._map[offset : offset + len(data)] = data

    def unpack(self, shape: struct.Struct, offset: int) -> tuple[Any, ...]:
        """Decode one structure."""
        return shape.unpack_from(self._map, offset)

    def header(self) -> Header:
        """Decode the header page."""
        return Header(*_HEADER.unpack_from(self._map, 0))

    @property
    def ready(self) -> bool:
        """Whether a kernel of our kind is up and its agent takes programs."""
        header = self.header()
        return (
            header.magic == layout.MAGIC
            and header.version == layout.VERSION
            and header.agent_state == layout.AGENT_READY
        )

    @property
    def panicked(self) -> bool:
        """Whether the kernel has written its panic record."""
        header = self.header()
        return header.magic == layout.MAGIC and header.kernel_state == layout.KERNEL_PANICKED

    def panic(self, architecture: str) -> Panic | None:
        """The panic record, if there is one."""
        if not self.panicked:
            return None
        values = dict(
            zip(
                [field.name for field in layout.PANIC.fields if field.name != "padding"],
                _PANIC.unpack_from(self._map, layout.PANIC_OFFSET),
                strict=True,
            )
        )
        registers = struct.unpack(f"<{layout.PANIC_REGISTERS}Q", values["registers"])
        frames = struct.unpack(f"<{layout.PANIC_FRAMES}Q", values["frames"])
        count = min(values["register_count"], layout.PANIC_REGISTERS)
        text: bytes = values["message"].partition(b"\0")[0]
        return Panic(
            cause=values["cause"],
            address=values["address"],
            registers=dict(zip(layout.REGISTERS[architecture], registers[:count], strict=False)),
            frames=frames[: min(values["frame_count"], layout.PANIC_FRAMES)],
            message=text.decode("utf-8", "replace"),
            clock_ns=values["clock_ns"],
            in_user=bool(values["in_user"]),
        )

    def forget_guest(self) -> None:
        """Clear what a guest before a reset wrote, so that only the next one can be seen ready."""
        self.write(0, bytes(layout.PAGE_SIZE))
        for slot in range(layout.SLOT_COUNT):
            self.write(slot_offset(slot), bytes(layout.SLOT.size))


def slot_offset(slot: int) -> int:
    """Offset of a slot's header in the share."""
    return layout.SLOTS_OFFSET + slot * layout.SLOT_SIZE
